// SPDX-License-Identifier: BSD-3-Clause
// The command line of adit.
#pragma once

#include <stdbool.h>

struct options {
	const char *config_path;
	bool check_only;  // -t
	bool unsafe_null; // --perf-unsafe-null
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE, // help or version was printed: exit 0
	OPTIONS_BAD,  // a message was printed: exit 2
};

enum options_result options_parse(int argc, char **argv, struct options *out);
