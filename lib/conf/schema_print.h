// SPDX-License-Identifier: BSD-3-Clause
// The table of keys in words, so that no documentation of it has to be kept by hand.
#pragma once

#include <stdio.h>

// For a terminal.
void schema_print_text(FILE *out);

// As a section of a manual page, in the man macros.
void schema_print_roff(FILE *out);
