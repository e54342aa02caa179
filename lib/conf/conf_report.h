// SPDX-License-Identifier: BSD-3-Clause
// Puts what is wrong with a file into words, each with its place: "adit.cfg:12: ppp.mru = 99: ...".
#pragma once

#include "conf/load.h"

#include <libconfig.h>

enum { CONF_FILE_BYTES = 256 };

struct conf_report {
	const char *file; // as the user called it
	const char *dir;  // that included files are named from, or NULL
	struct config_errors *errors;
};

// A thing that has no setting of its own. `line` may be 0.
__attribute__((format(printf, 5, 6))) void conf_report_file(struct conf_report *r,
	enum config_severity severity, const char *file, unsigned int line, const char *format,
	...);

// A thing about a setting, with its path.
__attribute__((format(printf, 4, 5))) void conf_report_setting(struct conf_report *r,
	enum config_severity severity, const config_setting_t *setting, const char *format, ...);

// The same with its value, which must not be a secret.
void conf_report_value(struct conf_report *r, const config_setting_t *setting, const char *why);

// What to call the file that libconfig calls `included`, NULL being the one that was read.
void conf_report_source(
	const struct conf_report *r, const char *included, char out[CONF_FILE_BYTES]);

// Bring the entries into the order of the file.
void conf_report_sort(struct conf_report *r);
