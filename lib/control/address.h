// SPDX-License-Identifier: BSD-3-Clause
// The inner address of a call: from a pool or as AAA says, and where the workers look for it.
//
//   pools   those of the user's policy where it names any, else those of his tenant; in their order. None of another
//           tenant, whoever names it
//   sticky  tenant.sticky_addresses: the address that the user had last, if it is free and in these pools
//   in use  tenant.check_in_use: the inside is asked first (control/address_probe.h); what somebody has there is set
//           aside for a while, and the next one is tried
#pragma once

#include "control/timer_heap.h"
#include "proto/link.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct control;

enum {
	ADDRESS_ASIDE_MAX = 1024
}; // addresses that are set aside; of more, the first is given back early

struct address_aside {
	uint32_t n, oldest;
	struct {
		uint16_t tenant;
		uint32_t address_be;
		uint64_t until_ns;
	} entries[ADDRESS_ASIDE_MAX];
};

// Give the call an address, if it has none yet, and point the workers' map to it.
//
//   framed_be  of AAA; 0, or 255.255.255.254 and .255 (RFC 2865 5.8): from the pools
//   returns    0 | -ENOSPC no address is free | -EADDRINUSE that one is not | -ENOMEM
//              -EINPROGRESS the inside is asked: call_auth_address() is called with one of the others
int address_take(struct call *call, uint32_t framed_be);

// The address that AAA names is that of a call that is ending or in doubt (control/supersede.h): it will be free soon.
bool address_is_leaving(const struct call *call, uint32_t framed_be);

// What the client is told with its address: that of the server, and the name servers where the policy of the user gave
// none, of the pool that the address is of.
void address_tell(const struct call *call, struct link_verdict *verdict);

// Of control/address_probe.h: somebody has the call's address, or nobody does.
void address_checked(struct call *call, bool is_in_use);

// Of AAA: the client may choose its address (255.255.255.255, RFC 2865 5.8).
bool address_may_be_chosen(uint32_t framed_be);

// The client asked for an address of its own and policy lets it (STEP_ADDRESS): take that one if it is
// free, of a pool, and the user has none of his own; keep the one that it has if not, and where the inside has to be asked
// first. Tell the link.
void address_choose(struct call *call);

// Its worker has forgotten it: the address is free again.
void address_release(struct call *call);

// Once a second: what was set aside long enough is free again.
void address_check(struct control *c);
