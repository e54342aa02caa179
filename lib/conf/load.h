// SPDX-License-Identifier: BSD-3-Clause
// Reads a configuration file into struct config and reports everything that is wrong with it, not
// only the first thing.
#pragma once

#include "conf/config.h"

#include <stdio.h>

enum { CONFIG_ERRORS_MAX = 100, CONFIG_ERROR_TEXT_BYTES = 320 };

enum config_severity { CONFIG_WARNING, CONFIG_ERROR };

struct config_error {
	enum config_severity severity;
	unsigned int line;		    // 0: about the file as a whole
	char text[CONFIG_ERROR_TEXT_BYTES]; // "adit.cfg:12: pptp.ack_delay_ms = 7: must be ..."
};

struct config_errors {
	uint32_t n_errors; // found, also those that did not fit below
	uint32_t n_warnings;
	uint32_t n;
	struct config_error entries[CONFIG_ERRORS_MAX]; // entries[n], in the order of the file
};

// Read the file at `path` into c.
//
//   c        from config_new(); what it held before is replaced
//   errors   out: all that is wrong, and warnings; never holds a password
//   returns  0 (perhaps with warnings) | -errno when the file cannot be read
//            | -EINVAL when it has errors, and then c must not be used but to free it
int config_load(const char *path, struct config *c, struct config_errors *errors);

// The same for a file that is already in memory; `name` stands in the messages.
int config_load_text(
	const char *text, const char *name, struct config *c, struct config_errors *errors);

// One line an entry: "error: adit.cfg:12: ...", and how many more there were.
void config_errors_print(const struct config_errors *errors, FILE *out);
