// SPDX-License-Identifier: BSD-3-Clause
// Every compile-time bound of adit, with its unit in its name. What an operator may set at run
// time is in lib/conf/schema instead.
#pragma once

enum {
	// lanes
	LIMIT_WORKERS = 32,
	LIMIT_ENGINES = 16,
	LIMIT_PORTS = 8,
	LIMIT_LISTEN_ADDRESSES = 1024,
	LIMIT_TENANT_LISTEN = 16,
	LIMIT_CALL_IDS = 65536, // per listen address, Call ID 0 among them
	LIMIT_SESSIONS_PER_WORKER = 65536,
	LIMIT_BURST_PKTS = 32,

	// rings, in elements
	LIMIT_COMMAND_RING = 4096,
	LIMIT_EVENT_RING = 16384,    // a frame of each of 10,000 clients that hang up at once
	LIMIT_EXCEPTION_RING = 8192, // half of it as many SYNs as the kernel queues
	LIMIT_HANDOFF_RING = 1024,

	// wire
	LIMIT_MTU_BYTES = 1500,
	LIMIT_PPP_FRAME_BYTES = 1504, // protocol and information of one PPP frame
	LIMIT_USER_NAME_BYTES = 253,  // User-Name of RADIUS, RFC 2865 5.1
	LIMIT_PASSWORD_BYTES = 128,
	LIMIT_FAILURE_TEXT_BYTES = 80,

	// control
	LIMIT_USERS = 4096,
	LIMIT_POOLS = 1024,
	LIMIT_GROUPS = 1024,
	LIMIT_POLICY_POOLS = 8,
	LIMIT_TENANT_POOLS = 8,
	LIMIT_TENANT_REALMS = 8,
	LIMIT_HOURS = 256,
	LIMIT_HOURS_SPANS = 16,
	LIMIT_RADIUS_SERVERS = 1024,
	LIMIT_RADIUS_GROUPS = 1024,
	LIMIT_RADIUS_GROUP_SERVERS = 8,
	LIMIT_COA = 1024,
	LIMIT_COA_CLIENTS = 16,
	LIMIT_CLASS_BYTES = 512, // all Class attributes of a call, each with a byte of length
	LIMIT_GROUP_ROUTES = 32, // that fit a DHCP answer
	LIMIT_ACLS = 64,
	LIMIT_ACL_RULES = 64, // of one list
	LIMIT_CALL_HISTORY = 65536,
	LIMIT_LOCKOUTS = 16384, // users and sources that are watched
	LIMIT_REORDER_PKTS = 32,
	LIMIT_LATE_PKTS = 32,
	LIMIT_POOL_ADDRESSES = 65536,
	LIMIT_TENANTS = 1024, // the default one among them
	LIMIT_VLANS = 1024,
	LIMIT_NETWORKS = LIMIT_PORTS + LIMIT_VLANS, // each with a TAP
	LIMIT_USER_ROUTES = 8,			    // networks behind a client
	LIMIT_ROUTES = 16384,
	LIMIT_NEXT_HOPS = 8192,
	LIMIT_EVENT_HISTORY = 1024,
	LIMIT_API_CLIENTS = 8,
	LIMIT_DEBUG_FOLLOWERS = 4, // of these, so that there is always room for a question
};
