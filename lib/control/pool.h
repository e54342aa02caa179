// SPDX-License-Identifier: BSD-3-Clause
// The inner addresses of one pool. The one that was free for longest is taken first, so that late
// packets of a client that has gone seldom meet its successor. Memory is used by addresses that were handed out: of a
// thousand pools of 65,536 addresses each, most never hand out more than a few.
#pragma once

#include "conf/config.h"

struct pool_link; // of the free list, where an address was handed out once

struct pool {
	const struct config_pool *config;
	uint32_t n;	   // addresses in the range
	uint32_t n_usable; // without those that are never handed out
	uint32_t n_free;
	uint32_t n_fresh; // the first of them that may never have been handed out
	uint32_t head;	  // of the list of those that were given back, the first one longest ago
	uint32_t tail;
	struct pool_link *links;
	uint64_t n_exhausted; // how often it was found empty
};

// The server's own address is never handed out, nor is one that ends in .0 or .255: home routers
// and old Windows stacks take them for the network's or the broadcast's of a class C network.
//
//   returns  0 | -ENOMEM | -EINVAL when no address is left
int pool_init(struct pool *p, const struct config_pool *config);
void pool_fini(struct pool *p);

// A pool of another range takes the place of `from`: what is handed out and lies in it is handed out here too.
void pool_inherit(struct pool *p, const struct pool *from);

// Returns an address in network order, or 0 when none is free.
uint32_t pool_take(struct pool *p);

// Take this very address. Returns 0 | -EADDRNOTAVAIL not of this pool | -EADDRINUSE.
int pool_take_address(struct pool *p, uint32_t address_be);

// Give it back; an address that is not of this pool is left alone.
void pool_release(struct pool *p, uint32_t address_be);

// Bytes of address space that it has; the system gives pages where addresses were handed out.
uint64_t pool_room_bytes(const struct pool *p);
