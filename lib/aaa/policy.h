// SPDX-License-Identifier: BSD-3-Clause
// What holds for a call: each key by the most specific level that says something of it, and which level that is.
//
//   levels  CoA, RADIUS, user, his group, group "base", the whole server, adit's default
//   server  encryption.*, auth.methods, ppp.mtu and ppp.use_client_address are of the whole server, and what is
//           beneath "base" for their keys. A level that gives 0 where lib/conf/config.h says "that of the server" gives
//           the word back to it
#pragma once

#include "conf/config.h"
#include "config/limits.h"

enum policy_source {
	POLICY_DEFAULT,
	POLICY_SERVER,
	POLICY_BASE,
	POLICY_GROUP,
	POLICY_USER,
	POLICY_RADIUS,
	POLICY_COA,
};

// Effective values. Each call has one, so texts are indices into the configuration; the domain and the routes are read
// where they were given: policy_giver().
struct policy {
	uint32_t dns_be[CONFIG_NAME_SERVERS];
	uint32_t nbns_be[CONFIG_NAME_SERVERS];
	uint32_t rate_up_kbps, rate_down_kbps; // 0: no limit
	uint32_t burst_ms;
	uint32_t idle_timeout_s;    // 0: never
	uint32_t session_timeout_s; // 0: no limit
	uint32_t logins_max;	    // 0: no limit
	uint32_t interim_s;	    // 0: none
	uint16_t acl_in, acl_out;   // in config.acls; CONFIG_NO_INDEX
	uint16_t access_hours;	    // in config.hours; CONFIG_NO_INDEX: always
	uint16_t mtu;
	uint16_t group; // in config.groups
	uint8_t n_dns;	// 0: those of the pool
	uint8_t n_nbns;
	uint8_t auth_methods; // enum config_auth_method, or-ed
	uint8_t mppe_bits;    // enum config_mppe_bits, or-ed
	uint8_t encryption;   // enum config_encryption
	bool stateless_required;
	bool dhcp_inform;
	bool relay_broadcasts;
	bool idle_up_only;
	bool logins_replace; // the oldest login makes room for one more, else that is refused
	bool use_client_address;
	uint8_t n_pools; // tried in this order; 0: those of the tenant
	uint16_t pools[LIMIT_POLICY_POOLS];
	uint8_t source[CONFIG_POLICY_KEYS]; // enum policy_source
};

_Static_assert(sizeof(struct policy) <= 128, "each of 65,535 calls has one");

// Who says something of a call, beside its group.
struct policy_levels {
	uint16_t group;			    // in config.groups
	const struct config_policy *user;   // of the configured user; NULL: nothing
	const struct config_policy *radius; // the same
	const struct config_policy *coa;
};

// Work out what holds.
//
//   missing  out, may be NULL: the key that names what the configuration does not have
//   returns  0 | -ENOENT AAA names an access list, hours or a pool that there is not; *out has all other keys right,
//            and that one as if it had said "none", which is for the caller not to use
int policy_resolve(const struct config *c, const struct policy_levels *levels, struct policy *out,
	enum config_policy_key *missing);

// The level that gave a key, for domain and routes. Never NULL: "base" where none did.
const struct config_policy *policy_giver(const struct config *c, const struct policy_levels *levels,
	const struct policy *p, enum config_policy_key key);

// As the file has it: "rate_up_kbps".
const char *policy_key_name(enum config_policy_key key);
// "default", "server", "base", "group", "user", "radius", "coa".
const char *policy_source_name(enum policy_source source);

// Put what `over` gives over what is in `under`.
void policy_overlay(struct config_policy *under, const struct config_policy *over);

// What one level says, kept as small as it is: a few bytes for a time-out, where struct config_policy is more than a
// thousand. NULL is a level that says nothing.
struct policy_said;

// Returns 0 | -ENOMEM; *out is NULL where nothing is given.
int policy_said_new(const struct config_policy *p, struct policy_said **out);
void policy_said_free(struct policy_said *said); // may be NULL
// All of it; keys that are not given are zero. said may be NULL.
void policy_said_read(const struct policy_said *said, struct config_policy *out);
