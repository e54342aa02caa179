// SPDX-License-Identifier: BSD-3-Clause
// The data half of a call. It lives in the table of one worker, which alone reads and writes it, but
// for `counters`, which control reads while it changes.
#pragma once

#include "base/drop_reason.h"
#include "base/ids.h"
#include "base/touch.h"
#include "base/timer_wheel.h"
#include "config/limits.h"
#include "crypto/op.h"
#include "proto/gre_reorder.h"
#include "proto/gre_transmit.h"
#include "proto/gre_window.h"
#include "proto/mppe_sync.h"

#include <rte_common.h>
#include <rte_prefetch.h>
#include <stddef.h>
#include <sys/queue.h>

struct pkt;
struct route;

// worker: w, control: r (relaxed, one 64-bit number at a time). "up" is client to server.
struct session_counters {
	// of every packet: the end of the session's hot lines
	uint64_t down_pkts, down_bytes; // inner packets sent to the client
	uint64_t up_pkts, up_bytes;	// inner packets taken from the client
	uint64_t last_up_ns;		// monotonic time of the last packet from the client

	uint64_t key_changes;
	uint64_t up_control_frames, down_control_frames;
	uint64_t drops; // of all reasons; the lane's counters tell which
	uint64_t lost;	// sequence numbers that did not come in time
	uint64_t duplicates, late, jumps;
	uint64_t decrypt_failures;
	uint64_t clear_refused; // clear data from the client where encryption is required
	uint64_t lone_acks_sent, lone_acks_received;
	uint64_t
		out_of_window; // numbers too far ahead or behind, as the VPN 3000's MIB counts them
	uint64_t out_of_sequence; // came after a later one
	uint64_t reordered;	  // of these, put back in order
	uint64_t late_passed;	  // late ones that went on all the same
	uint64_t ack_timeouts;	  // of the transmit window (RFC 2637 4.4)
	uint64_t flow_off;	  // packets refused because the client's window was full
	uint64_t resets_sent, resets_received; // CCP Reset-Requests, stateful MPPE
	uint64_t moves;			       // nat-loose: changes of the client's outer address
};

enum session_flag {
	SESSION_REQUIRE_ENCRYPTION = 1 << 0,
	SESSION_HAS_KEYS = 1 << 1, // receive decrypts
	SESSION_ENCRYPT = 1 << 2,  // send encrypts
	SESSION_OPEN = 1 << 3,	   // IPCP is open: data may pass
	SESSION_SEND_PFC = 1 << 4,
	SESSION_SEND_ACFC = 1 << 5,
	SESSION_HAS_CHECKPOINT = 1 << 6,
	SESSION_FAILURES_TOLD = 1 << 7, // control was told of the decrypt failures
	SESSION_CLEAR_TOLD = 1 << 8,	// control was told of clear data
	SESSION_ACK_QUEUED = 1 << 9,	// in the worker's list of acks owed
	SESSION_QUIESCES = 1 << 10,	// a command waits for the crypto driver: it gets no more
	SESSION_LINKED = 1 << 11,	// LCP has agreed at least once
	SESSION_PARKS = 1 << 12,	// `parked` is not empty
	SESSION_TX_LOST = 1 << 13,     // stateful: a count is missing, what is sent must be flushed
	SESSION_RELAY = 1 << 14,       // UDP broadcasts leave by the inside ports
	SESSION_DHCP_INFORM = 1 << 15, // DHCP goes to control
	SESSION_POLICY =
		1 << 16, // a rate, an ACL or an idle time: its packets go by stage_policy.c
	SESSION_HAS_ROUTES = 1 << 17, // networks lie behind the client
	SESSION_NEVER_CLEAR =
		1 << 18, // it has been encrypted, or should be: no policy takes that back
	SESSION_TENANT_RATE =
		1 << 19, // beside SESSION_POLICY: its packets count against the rate of its tenant
	SESSION_LONG_WAY = 1 << 24, // something is unusual: all its packets go through the stages
};

// What every packet touches lies in two lines, an aligned pair in the middle: the live half of the GRE window, who
// the session is, and the first counters. Both directions share them, since nearly every call has traffic both
// ways. An encrypted packet touches a pair more, of its direction: where MPPE is, and the key.
//
// The size is an odd number of such pairs, so that the hot lines of all sessions spread over all sets of a cache:
// with 1,024 bytes, a power of two, they share a sixteenth of it (README.md).
struct session {
	uint64_t id; // SESSION_ID_NONE: the slot is free

	// the worker's own bookkeeping
	uint32_t ack_next; // slots of the neighbours in the list of acks owed
	uint32_t ack_prev;
	uint64_t ack_at_ns;   // when the list of acks owed gets to this session
	uint64_t ppp_gate_ns; // what the rate of frames to control has used up
	uint64_t dhcp_gate_ns;
	uint64_t broadcast_gate_ns;

	// packets ahead of one that is missing
	struct gre_reorder reorder;

	bool reorders;
	bool limits_transmit;
	bool is_nat_loose;
	bool is_move_untold;
	uint8_t n_moves_early; // before it was proved that the client is at the other end

	// encrypted packets that wait for the key, with a crypto driver that answers later
	TAILQ_HEAD(session_parked, pkt) parked;

	TAILQ_HEAD(session_waiting, pkt)
	waiting; // inner packets that found the client's window full

	struct gre_window gre; // ends with what every packet touches

	// What an upstream packet must match, in one 64-bit comparison.
	uint32_t outer_peer_be;
	uint16_t call_id;     // ours
	uint16_t listen : 10; // index of the listen address
	uint16_t n_held : 6;  // packets in `reorder`; in order is only who finds none

	uint32_t inner_be; // the client's inner address, 0 until IPCP
	uint32_t flags;	   // enum session_flag
	uint16_t tenant;   // whose inner addresses `inner_be` is of
	uint16_t mss_max;  // 0: no clamp
	uint32_t failures_in_a_row;

	uint32_t outer_local_be;
	uint16_t peer_call_id;		 // the client's
	uint16_t ip_id;			 // of outer packets
	const struct route *outer_route; // to the client
	uint32_t routes_number;		 // of the worker's table that outer_route is of
	uint16_t mtu;			 // largest inner packet to the client

	struct session_counters counters; // begins with what every packet touches

	TAILQ_ENTRY(session) in_parking; // in the worker's list of sessions with parked packets
	uint64_t move_gate_ns;		 // nat-loose: what the rate of LANE_MOVED has used up

	// what every encrypted packet touches
	struct mppe_sync rx_sync __rte_cache_aligned;
	uint32_t reorder_us;
	uint16_t rx_in_flight; // packets that the crypto driver holds
	uint8_t n_parked;      // packets in `parked`
	struct mppe_context rx_key __rte_cache_aligned;
	struct mppe_sync tx_sync;
	uint32_t outer_first_be; // nat-loose: the address that control gave
	uint16_t tx_in_flight;
	uint8_t n_waiting; // packets in `waiting`
	struct mppe_context tx_key __rte_cache_aligned;

	// the receive side as it was before a trial, until a packet proves the trial right; between trials the
	// copy of the key that walks ahead (proto/mppe_sync.h)
	struct mppe_context checkpoint_key;

	// the client's receive window, where limits_transmit
	struct gre_transmit transmit;
	TAILQ_ENTRY(session) in_blocked; // in the worker's list of sessions with waiting packets
	uint64_t
		trial_gate_ns; // nat-loose: what the rate of trials of packets of another source has used up
} __rte_aligned(2 * RTE_CACHE_LINE_SIZE);

enum {
	SESSION_PAIR_BYTES = 2 * RTE_CACHE_LINE_SIZE,
	SESSION_HOT_AT = offsetof(struct session, gre) + GRE_WINDOW_COLD_BYTES,
	SESSION_HOT_END =
		offsetof(struct session, counters) + offsetof(struct session_counters, key_changes),
};

_Static_assert(SESSION_HOT_AT == SESSION_PAIR_BYTES && SESSION_HOT_END == 2 * SESSION_PAIR_BYTES,
	"what every packet touches lies in two lines");
_Static_assert(
	offsetof(struct session, call_id) == offsetof(struct session, outer_peer_be) + 4 &&
		offsetof(struct session, inner_be) == offsetof(struct session, outer_peer_be) + 8,
	"what is compared at once");
_Static_assert((int)LIMIT_LISTEN_ADDRESSES <= 1 << 10 && (int)LIMIT_REORDER_PKTS < 1 << 6,
	"they fit their bits");
_Static_assert(offsetof(struct session, rx_key) ==
			       offsetof(struct session, rx_sync) + RTE_CACHE_LINE_SIZE &&
		       offsetof(struct session, tx_key) ==
			       offsetof(struct session, tx_sync) + RTE_CACHE_LINE_SIZE,
	"and two more for a direction that is encrypted");
_Static_assert(
	sizeof(struct session) <= 896, "a session and what lies beside it stay within 1 KiB");
_Static_assert(
	sizeof(struct session) / SESSION_PAIR_BYTES % 2 == 1, "hot lines spread over all sets");

// The RC4 streams of a session in stateful mode. Apart from the session, since a stateless one, and that is
// nearly every one, needs none of it.
struct session_rc4 {
	struct rc4_state rx, tx;
	struct rc4_state checkpoint; // rx before a trial
} __rte_cache_aligned;

// One direction of a rate limit, as lib/dataplane/gate.h has it.
struct session_rate {
	uint64_t byte_cost;  // ticks times 2^20; 0: no limit
	uint64_t burst;	     // in ticks of 1/16 ns
	uint64_t used_until; // time in ticks
};

// What the policy of a session is and has done so far. Apart from the session, since it is there only where the
// configuration can use it. The first line is what a packet touches.
struct session_policy {
	struct session_rate up, down;
	uint64_t last_data_ns; // of what keeps it from being idle
	uint16_t acl_up, acl_down;
	bool idle_up_only;
	uint32_t idle_s __rte_cache_aligned;
	struct timer_wheel_node idle; // in the worker's wheel
	// worker: w, control: r
	uint64_t rate_drops_up, rate_drops_down, acl_drops_up, acl_drops_down;
} __rte_cache_aligned;

_Static_assert(sizeof(struct session_policy) <= 128 &&
		       sizeof(struct session) + sizeof(struct session_policy) <= 1024,
	"two lines a slot, and 1 KiB with the session");

// One worker's share of the rates of a tenant.
struct session_tenant {
	struct session_rate up, down;
	// of inner packets; worker: w, control: r
	uint64_t up_bytes, down_bytes;		       // that passed
	uint64_t up_refused_bytes, down_refused_bytes; // over the rate
} __rte_cache_aligned;

// A worker's table: allocated once at start.
struct session_table {
	struct session *slots;	 // slots[n_slots]
	struct session_rc4 *rc4; // rc4[n_slots]; NULL: all sessions are stateless
	struct mppe_key_ring
		*rings; // rings[n_slots], of what is received; NULL: late packets cannot be read
	struct session_policy *policies; // policies[n_slots]; NULL: no session has one
	struct session_tenant *tenants;	 // tenants[n_tenants]; NULL: none has a rate
	uint16_t n_tenants;
	uint32_t n_slots;
	uint32_t n_used;
};

// What every packet touches, by loads (base/touch.h); to be called for all packets of a burst in a row.
static inline void session_touch(const struct session *s)
{
	touch((const uint8_t *)s + SESSION_HOT_AT);
	touch((const uint8_t *)s + SESSION_HOT_AT + RTE_CACHE_LINE_SIZE);
}

// What every packet touches.
static inline void session_prefetch(const struct session *s)
{
	rte_prefetch0((const uint8_t *)s + SESSION_HOT_AT);
	rte_prefetch0((const uint8_t *)s + SESSION_HOT_AT + RTE_CACHE_LINE_SIZE);
}

// The live session of this id, or NULL when it has gone or never was.
static inline struct session *session_table_find(const struct session_table *t, uint64_t id)
{
	uint32_t slot = session_id_slot(id);
	if (id == SESSION_ID_NONE || slot >= t->n_slots || t->slots[slot].id != id)
		return NULL;
	return &t->slots[slot];
}

// The RC4 streams of a session of this table, NULL where there are none.
static inline struct session_rc4 *session_table_rc4(
	const struct session_table *t, const struct session *s)
{
	return t->rc4 ? &t->rc4[s - t->slots] : NULL;
}

// The policy of a session of this table, NULL where there are none.
static inline struct session_policy *session_table_policy(
	const struct session_table *t, const struct session *s)
{
	return t->policies ? &t->policies[s - t->slots] : NULL;
}

// Allocates the slots on a NUMA socket (rte_malloc). Returns 0 or -ENOMEM.
//
//   may_be_stateful  room for stateful MPPE too, 832 bytes a slot
//   may_be_late      room for the keys of packets that come late, 512 bytes a slot
//   may_have_policy  room for rates, access lists and idle times, 128 bytes a slot
int session_table_init(struct session_table *t, uint32_t n_slots, int socket, bool may_be_stateful,
	bool may_be_late, bool may_have_policy);
// Room for the rates of n tenants, 128 bytes each. Returns 0 or -ENOMEM.
int session_table_add_tenants(struct session_table *t, uint16_t n, int socket);
void session_table_fini(struct session_table *t);

// Give both directions new keys, those of `receive` and `send` of a start key each, and wipe the old
// ones, the checkpoint's among them. A direction of strength NONE has none.
//
//   returns  false, and no keys at all, for a stateful direction where the table has no room for it
bool session_table_set_keys(const struct session_table *t, struct session *s,
	const struct mppe_mode *receive, const struct mppe_mode *send,
	const struct mppe_start_keys *start);

// Before a trial of the receive key, and after one that failed. The key must be the caller's alone.
void session_table_save_rx(const struct session_table *t, struct session *s);
void session_table_restore_rx(const struct session_table *t, struct session *s);
// Stateless: the checkpoint becomes a copy of the key that walks ahead. It has no ring: what it leaves behind may be
// for nothing.
void session_begin_walk(struct session *s);
// Stateless: the checkpoint, which has walked ahead, becomes the key, and the key the checkpoint. The ring goes with
// the key, and begins anew.
void session_swap_checkpoint(struct session *s);

// Wipe the keys and free the slot. Its idle timer is not armed any more.
void session_table_release(struct session_table *t, struct session *s);
