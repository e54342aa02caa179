// SPDX-License-Identifier: BSD-3-Clause
// Results for other programs. The caller opens and closes in pairs; commas and indents come by themselves.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	unsigned int depth;
	bool has_items; // in the innermost open one
};

// In an array `key` is NULL, and so it is for the outermost.
void json_open_object(struct json *j, const char *key);
void json_open_array(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_close_array(struct json *j);

void json_put_string(struct json *j, const char *key, const char *value); // NULL: null
void json_put_number(struct json *j, const char *key, double value);	  // not finite: null
void json_put_count(struct json *j, const char *key, uint64_t value);	  // every digit
void json_put_bool(struct json *j, const char *key, bool value);

// All on one line.
void json_put_numbers(struct json *j, const char *key, const double *values, unsigned int n);
