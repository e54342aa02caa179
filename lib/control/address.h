// SPDX-License-Identifier: BSD-3-Clause
// The inner address of a call: from a pool or as AAA says, and where the workers look for it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct call;
struct control;

// The pool whose server address and name servers a new call of the tenant is told: the first that has an address
// left.
uint16_t address_choose_pool(const struct control *c, uint16_t tenant);

// Give the call an address, if it has none yet, and point the workers' map to it.
//
//   framed_be  of AAA; 0, or 255.255.255.254 and .255 (RFC 2865 5.8): from the pools
//   returns    0 | -ENOSPC no address is free | -EADDRINUSE that one is not | -ENOMEM
int address_take(struct call *call, uint32_t framed_be);

// Of AAA: the client may choose its address (255.255.255.255, RFC 2865 5.8).
bool address_may_be_chosen(uint32_t framed_be);

// The client asked for an address of its own and policy lets it (STEP_ADDRESS): take that one if it is
// free, of a pool, and the user has none of his own; keep the one that it has if not. Tell the link.
void address_choose(struct call *call);

// Its worker has forgotten it: the address is free again.
void address_release(struct call *call);
