// SPDX-License-Identifier: BSD-3-Clause
// What control knows of each tenant: the pools that its users get addresses of, its limits of calls and set-ups, and
// what is counted of it. A call is of a tenant from when it is known whose it is: on a tenant's own listen address, or
// where no tenant has a realm, from the request on, else from when its user said his name. So strangers on the default
// tenant's addresses take no place of anybody's.
#pragma once

#include "base/end_reason.h"
#include "conf/config.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct control;
struct lane_totals;

struct tenant {
	uint16_t n_pools;
	const uint16_t
		*pools;	  // pools[n_pools], in config.pools, in the order in which they are tried
	uint32_t n_calls; // that it has now, also those that are on their way up
	uint32_t n_open;  // of them, those that are up
	uint64_t rate_used_until_ns; // what the rate of set-ups has used up
	uint64_t n_setups, n_up;     // since the start
	uint64_t n_auth_failed;
	uint64_t n_refused_calls, n_refused_rate; // by its limits
	uint64_t n_no_address;
	uint64_t n_in_use; // addresses that somebody else on its network had
	uint64_t ended_up_bytes, ended_down_bytes; // of calls that have ended
	uint64_t live_up_bytes, live_down_bytes;   // of those that are up, see tenants_scan()
	uint64_t scan_up_bytes, scan_down_bytes;
};

struct tenants {
	uint16_t n;
	struct tenant *list;  // list[n]
	uint16_t *pool_order; // of all tenants, one after the other
	bool have_realms;
	uint32_t scan_cursor;
	bool is_scanning;
	uint64_t scanned_ns; // 0: never
};

// Returns 0 or -ENOMEM.
int tenants_open(struct control *c);
void tenants_close(struct control *c);

// Another configuration, in which each has the number that he had: make them, take over what is counted, free.
int tenants_make(struct tenants *all, const struct config *config); // 0 or -ENOMEM
void tenants_inherit(struct tenants *all, const struct tenants *from);
void tenants_free(struct tenants *all);

// The first pool that has an address left, of those that a call of the tenant may have, else the first.
uint16_t tenants_first_pool(const struct control *c, uint16_t tenant);

// A new call, whose tenant is that of its listen address so far: it takes its place there, if that is what it is of.
//
//   returns  END_NONE | END_LIMIT_TENANT | END_LIMIT_TENANT_RATE and it has no place
enum end_reason tenants_begin(struct call *call);

// Its user said a name: the call is of this tenant from now on. Asked again with the same one nothing changes.
enum end_reason tenants_assign(struct call *call, uint16_t tenant);

// The key of the configuration whose limit it is; NULL: none of a tenant.
const char *tenants_limit_name(enum end_reason reason);

// It came up; its user failed to prove who he is; its worker has forgotten it, with what it moved.
void tenants_note_up(struct call *call);
void tenants_note_auth_failed(const struct call *call);
void tenants_note_no_address(const struct call *call);
void tenants_note_in_use(const struct call *call);
void tenants_note_gone(struct call *call, const struct lane_totals *totals);
// It gives its place back. Harmless where it has none.
void tenants_leave(struct call *call);

// Add up what the calls that are up have moved, a bounded number of them at a time. Returns true when the sums
// are no older than a second.
bool tenants_scan(struct control *c);
