// SPDX-License-Identifier: BSD-3-Clause
// A value in words, as a file would say it, for who compares two configurations.
#pragma once

#include "conf/schema.h"

// Never a secret: of those it says "(secret)" or "(none)".
//
//   base  the struct that the item lies in
//   out   at least 8 bytes; what does not fit ends in "..."
void conf_text(const struct schema_item *item, const void *base, char *out, size_t cap);

// Does the item say the same in both?
bool conf_text_same(const struct schema_item *item, const void *a, const void *b);
