// SPDX-License-Identifier: BSD-3-Clause
// Names and types of attributes, for people: what `debug radius` shows, and what operators write. libradcli reads the
// files; what adit does with an attribute depends on its number alone.
#pragma once

#include "base/span.h"

#include <stdint.h>

struct log;
struct radius_dictionary;

// The dictionaries that adit brings, and then `more` ("": none).
//
//   returns  0, or -errno; what is wrong has been told to the log
int radius_dictionary_new(const char *more, struct log *log, struct radius_dictionary **out);
void radius_dictionary_free(struct radius_dictionary *d);

// "Framed-IP-Address", or NULL for one that no dictionary has. vendor 0: of the RFCs.
const char *radius_dictionary_name(
	const struct radius_dictionary *d, uint32_t vendor, uint8_t type);

// Its number. Returns 0 or -ENOENT.
int radius_dictionary_find(
	const struct radius_dictionary *d, const char *name, uint32_t *vendor, uint8_t *type);

// "Framed-Protocol = PPP" as text to out[cap]. What is secret is not shown.
void radius_dictionary_print(const struct radius_dictionary *d, uint32_t vendor, uint8_t type,
	struct span value, char *out, size_t cap);
