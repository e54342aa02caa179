// SPDX-License-Identifier: BSD-3-Clause
// Who had which inner address: a user of a tenant with sticky_addresses gets it again if it is free. Memory is the same
// however many users there are: who called longest ago is forgotten first.
#pragma once

#include "base/span.h"

struct sticky_entry;

struct sticky {
	uint64_t seed;
	struct sticky_entry *entries; // NULL: nobody is remembered
};

// seed: random. Returns 0 or -ENOMEM.
int sticky_init(struct sticky *s, uint64_t seed);
void sticky_fini(struct sticky *s);

// The address that he had last, or 0. Two users share a number of 64 bits with a probability that does not matter;
// then one gets another address than he had.
uint32_t sticky_find(const struct sticky *s, uint16_t tenant, struct span user);

// He has this one now. now_s: seconds of a clock that never steps.
void sticky_note(
	struct sticky *s, uint16_t tenant, struct span user, uint32_t address_be, uint32_t now_s);
