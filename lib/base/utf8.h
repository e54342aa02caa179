// SPDX-License-Identifier: BSD-3-Clause
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include "base/span.h"

// The first character of s.
//
//   code_point  out: its number
//   returns     how many bytes it takes, 1..4, or 0 when s is empty or does not begin with one
size_t utf8_decode(struct span s, uint32_t *code_point);

// True for what may move the cursor or reorder what stands around it: C0 and C1 controls, DEL, line
// and paragraph separators, and the marks of bidirectional text.
bool utf8_is_control(uint32_t code_point);
