// SPDX-License-Identifier: BSD-3-Clause
// Bring a configuration into the numbers of the one that it is to follow: what runs knows tenants, pools, groups, access
// lists and hours by their numbers, calls and the data path too.
#pragma once

#include "conf/config.h"

// What both have gets the number that it has in `old`. What is gone leaves an empty place, without a name, that a later
// one takes; what is new takes such a place of old's, or comes behind. Empty pools have no address, empty tenants no
// listen address.
//
//   returns  0 | -ENOMEM | -ENOSPC no number is left: only a restart brings order into them. But for 0 fresh is of no
//            use any more
int conf_settle(struct config *fresh, const struct config *old);
