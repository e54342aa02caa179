// SPDX-License-Identifier: BSD-3-Clause
// What follows from what a file says: names into indices, what is left out where something else decides.
#pragma once

#include "conf/conf_names.h"

// Before the names are put in order: elements move here.
void conf_derive_lists(struct config *c);

// What the checks will refuse is the default one's. Returns false when memory is short.
bool conf_derive(struct config *c, const struct conf_index *index);
