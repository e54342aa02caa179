// SPDX-License-Identifier: BSD-3-Clause
// All that passes between the control lane and the workers. Reading this file is reading the
// architecture: control decides, workers obey.
//
// Messages are values of fixed size on rings; order on a ring is order of effect. A packet in a message
// changes owner with it; so does a route table or a set of access lists.
#pragma once

#include "crypto/mppe_key.h"
#include "msg/acl.h"
#include "msg/route_table.h"

#include <rte_mbuf.h>

// ---- control to worker: commands -------------------------------------------------------------------

enum command_kind {
	COMMAND_SESSION_ADD,	 // a call was accepted: take GRE of this Call ID
	COMMAND_SESSION_LINK,	 // LCP agreed: how to frame, how large
	COMMAND_SESSION_KEYS,	 // MPPE keys of both directions: decrypt from now on
	COMMAND_SESSION_ENCRYPT, // CCP is open (on) or left open (off): encrypt, or let nothing pass
	COMMAND_SESSION_OPEN,	 // IPCP is open (on) or left open (off): let data pass, or not
	COMMAND_SESSION_POLICY,	 // rates, access lists, idle time: from the next packet on
	COMMAND_SESSION_FLUSH,	 // the client sent a CCP Reset-Request: the next packet is flushed
	COMMAND_SESSION_DELETE,	 // forget the session; answered by LANE_GONE
	COMMAND_SEND_PPP,	 // packet: PPP information field; send as `protocol` in the clear
	COMMAND_SEND_IP,	 // packet: IPv4 for the client of the session, as if routed to it
	COMMAND_SEND_FRAME,	 // packet: whole Ethernet frame; send on `port`
	COMMAND_INJECT, // packet: IPv4 of the inside, to be routed again now that its neighbour is known
	COMMAND_TABLE,	     // routes: the new table; the old one comes back by LANE_TABLE_RETIRED
	COMMAND_ACLS,	     // acls: the new set; the old one comes back by LANE_ACLS_RETIRED
	COMMAND_TENANT_RATE, // this worker's share of the rates of a tenant: from the next packet on
};

struct command_session_add {
	uint32_t outer_local_be;
	uint32_t outer_peer_be;
	uint16_t call_id;
	uint16_t peer_call_id;
	uint16_t listen; // index in the owner map
	uint16_t tenant; // 0: the default one
	uint16_t mtu;	 // until COMMAND_SESSION_LINK
	bool require_encryption;
	uint32_t ack_delay_us; // 0: ack at once
	uint32_t gre_jump_max;
	uint16_t mppe_jump_max;
	bool nat_loose;		 // GRE may come from another address, see lib/dataplane/README.md
	uint16_t reorder_pkts;	 // packets held for one that is missing; 0: none
	uint32_t reorder_us;	 // and how long
	uint16_t late_pkts;	 // how far behind a late packet is still passed on; 0: dropped
	bool limit_transmit;	 // keep to the client's receive window (RFC 2637 4.4)
	uint16_t peer_window;	 // of its OCRQ, packets
	uint32_t peer_delay_us;	 // its packet processing delay
	uint32_t ack_timeout_us; // longest adaptive time-out
};

struct command_session_link {
	uint16_t mtu;	  // largest inner packet to the client
	uint16_t mss_max; // 0: no clamp
	bool send_pfc;
	bool send_acfc;
};

struct command_session_keys {
	struct mppe_mode receive, send;
	struct mppe_start_keys start; // `lm` is in send and receive already where it is to be used
};

struct command_session_open {
	bool on;
	bool relay_broadcasts;	 // UDP that the client broadcasts leaves by the inside ports
	bool dhcp_inform;	 // DHCP of the client goes to control: LANE_INNER
	bool has_routes;	 // networks lie behind it: the owner map knows them
	bool require_encryption; // of the user's policy, in place of what SESSION_ADD said
	uint16_t tenant;	 // the same: a realm may say another one
	uint32_t inner_be;
};

// What a session may do, as a whole: each one replaces the last. Bytes are those of inner IPv4 packets; a packet
// longer than a burst never passes, so a burst counts as LIMIT_MTU_BYTES at least.
struct command_session_policy {
	uint64_t rate_up_bps, rate_down_bps; // bits a second; 0: no limit
	uint32_t burst_up_bytes, burst_down_bytes;
	uint16_t acl_up, acl_down; // index in the worker's set of access lists, ACL_NONE
	uint32_t idle_s;	   // without data: LANE_IDLE; 0: never
	bool idle_up_only;	   // what is sent to the client does not keep it from being idle
	bool has_tenant_rate;	   // it also counts against the rate of its tenant
};

// What all sessions of a tenant on this worker may move together, as in a policy. Control divides the tenant's rate
// among the workers by what they do, once a second (control/tenant_rates.h).
struct command_tenant_rate {
	uint16_t tenant;
	uint64_t rate_up_bps, rate_down_bps; // 0: no limit
	uint32_t burst_up_bytes, burst_down_bytes;
};

struct lane_command {
	enum command_kind kind;
	uint64_t session_id;	 // COMMAND_SESSION_*, COMMAND_SEND_PPP, COMMAND_SEND_IP
	struct rte_mbuf *packet; // COMMAND_SEND_*, COMMAND_INJECT; else NULL
	union {
		struct command_session_add add;
		struct command_session_link link;
		struct command_session_keys keys;
		bool on; // _ENCRYPT
		struct command_session_open open;
		struct command_session_policy policy;
		uint16_t protocol;	    // COMMAND_SEND_PPP
		uint8_t port;		    // COMMAND_SEND_FRAME
		uint16_t tenant;	    // COMMAND_INJECT
		struct route_table *routes; // COMMAND_TABLE
		struct acl_set *acls;	    // COMMAND_ACLS
		struct command_tenant_rate tenant_rate;
	};
};

// ---- worker to control: events ---------------------------------------------------------------------

enum lane_event_kind {
	LANE_PPP,	 // packet: PPP information field of `protocol` (not data)
	LANE_EXCEPTION,	 // packet: Ethernet frame for the kernel, from `port`
	LANE_UNRESOLVED, // packet: IPv4 whose next hop `next_hop_be` on `port` has no link address
	LANE_INNER,	 // packet: IPv4 of the client that control is to act on (DHCP)
	LANE_DESYNC, // stateful MPPE lost a packet: CCP Reset-Request is due. Said again while it lasts
	LANE_MOVED,	       // nat-loose: GRE of the client now comes from outer_peer_be
	LANE_CLEAR_DATA,       // once a session: clear data came where encryption is required
	LANE_DECRYPT_FAILURES, // once a session: the threshold of garbage in a row was reached
	LANE_GONE,	    // the answer to COMMAND_SESSION_DELETE: Call ID, address, slot are free
	LANE_TABLE_RETIRED, // no worker code looks at this table any more (one answer a worker)
	LANE_ACLS_RETIRED,  // nor at these access lists
	LANE_IDLE,	    // no data for the idle time of its policy. Said again if it lives on
};

struct lane_totals { // final counters, see struct session_counters
	uint64_t up_pkts, up_bytes, down_pkts, down_bytes;
	uint64_t drops, lost, decrypt_failures, clear_refused;
};

struct lane_event {
	enum lane_event_kind kind;
	uint8_t worker;
	uint8_t port;		 // LANE_EXCEPTION, LANE_UNRESOLVED
	uint16_t protocol;	 // LANE_PPP
	uint64_t session_id;	 // all but LANE_EXCEPTION, LANE_UNRESOLVED, _RETIRED
	struct rte_mbuf *packet; // the first four; else NULL
	union {
		uint32_t outer_peer_be;
		struct { // LANE_UNRESOLVED
			uint32_t next_hop_be;
			uint16_t vlan; // of `port`, 0: untagged
		};
		struct lane_totals totals;  // LANE_GONE
		struct route_table *routes; // LANE_TABLE_RETIRED; NULL when there was none
		struct acl_set *acls;	    // LANE_ACLS_RETIRED; the same
	};
};
