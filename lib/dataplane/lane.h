// SPDX-License-Identifier: BSD-3-Clause
// The worker from inside: its state, the stages in the order of a packet's way, and the means that they
// share. Only for the files of this directory.
//
//   upstream    classify > (reassemble) > gre_in > (reorder) > ppp_in > mppe_in > (park) > crypto > mppe_in_done > ip_in > route > tx
//   downstream  classify > ip_out > (flow) > mppe_out > crypto > gre_out > tx
//
// A stage is `unsigned int stage_x(w, pkts, n)`: it decides a verdict for each packet of the burst, and
// its tail, pkt_settle(), counts and frees the drops and leaves the packets that go on at the front of
// pkts[]; their number is returned.
#pragma once

#include "dataplane/gate.h"
#include "dataplane/lane_clock.h"
#include "dataplane/pkt.h"
#include "dataplane/source_gate.h"
#include "dataplane/worker.h"
#include "base/timer_wheel.h"

#include <rte_ip_frag.h>

enum {
	LANE_HELD_PKTS =
		1024, // waiting for a missing one, the client's window or the key, all sessions
	LANE_BUSY_PKTS = 1024, // under way beside these: no more are received
	LANE_PKTS = LANE_BUSY_PKTS + LANE_HELD_PKTS,
	LANE_WAITING_PKTS = 32,	   // of one session for the client's window
	LANE_WAITING_SHARE = 16,   // and no more than 1/16 of what is free of LANE_HELD_PKTS
	LANE_PARKED_PKTS = 200,	   // of one session for its key
	LANE_PARKED_SHARE = 4,	   // and no more than 1/4 of what is free
	LANE_PARKED_PER_POLL = 64, // sessions that are looked at
	LANE_LIST_PKTS = 256,	   // waiting within a poll: to clients, or made by us
	LANE_DOWN_MANY = LANE_LIST_PKTS - LIMIT_BURST_PKTS, // to clients: more may not fit
	LANE_TX_PKTS = 64,				    // tx buffer of a port
	LANE_ACKS_PER_POLL = 64,
	LANE_IDLE_PER_POLL = 16, // timers of idle sessions
	LANE_COMMANDS_PER_POLL = 64,
	LANE_ICMP_RATE_PPS = 1000,
	LANE_ICMP_BURST_PKTS = 100,
	LANE_PPP_RATE_PPS = 200, // frames to control of one session
	LANE_PPP_BURST_PKTS = 400,
	LANE_DHCP_RATE_PPS = 2, // messages to control of one session
	LANE_DHCP_BURST_PKTS = 4,
	LANE_DHCP_RATE_ALL_PPS = 1000,
	LANE_DHCP_BURST_ALL_PKTS = 500,
	LANE_BROADCAST_RATE_PPS = 10, // relayed of one session
	LANE_BROADCAST_BURST_PKTS = 20,
	LANE_BROADCAST_RATE_ALL_PPS = 200,
	LANE_BROADCAST_BURST_ALL_PKTS = 100,
	LANE_BROADCAST_NETWORKS = 16,  // that one is copied to
	LANE_SOURCE_SHARES = 4,	       // one source has a quarter of what there is for TCP/1723
	LANE_FRAGMENTS_MAX = 32,       // that one packet is cut into
	LANE_ROUTE_MEMOS = 256,	       // destinations of the inside whose route is remembered
	LANE_MOVES_EARLY_MAX = 8,      // changes of a client's address before it has proved itself
	LANE_TRIAL_CHANGES_PS = 20000, // key changes for packets of other sources
	LANE_TRIAL_CHANGES_BURST = 4096,
	LANE_TRIAL_SESSION_PS = 2000,	 // and of one session
	LANE_TRIAL_SESSION_BURST = 1024, // who has lost more packets has to dial again
};

// What goes to the kernel, each kind at a rate of its own: no flood of one keeps neighbours from being
// resolved, or clients from being heard.
enum exception_kind {
	EXCEPTION_ARP,
	EXCEPTION_SYN, // beginnings of control connections: who floods these delays nobody who is in
	EXCEPTION_PPTP, // TCP of control connections otherwise
	EXCEPTION_OTHER,
	EXCEPTION_KINDS
};

static const uint32_t lane_no_slot = UINT32_MAX;

struct gre;

struct pkt_list {
	unsigned int n;
	struct pkt *pkts[LANE_LIST_PKTS];
};

TAILQ_HEAD(pkt_tailq, pkt);
TAILQ_HEAD(session_tailq, session);

struct lane_tx {
	uint16_t n;
	struct rte_mbuf *mbufs[LANE_TX_PKTS];
};

struct lane_handoff {
	uint16_t n;
	struct rte_mbuf *mbufs[LIMIT_BURST_PKTS];
};

struct lane_route_memo {
	uint32_t destination_be;
	uint16_t tenant;
	uint16_t mtu;		// for the short way; 0: not by that
	uint32_t routes_number; // of the table that said so
	uint8_t port;		// where the short way sends
	uint8_t ether[14];	// with this in front
	const struct route *route;
	uint64_t owners_number; // of the owner map, when no client had the address
};

struct lane_crypto {
	void *state;
	unsigned int in_flight; // to come from poll, lost ones among them
	unsigned int n_lost;	// entries that a stuck engine keeps
	unsigned int n;
	struct crypto_op *ops[LIMIT_BURST_PKTS]; // prepared, not submitted
};

struct worker {
	struct worker_config config;
	struct lane_clock clock;
	uint64_t now_ns;		  // of this poll
	bool was_busy;			  // the last poll found work
	const struct route_table *routes; // control's; NULL until the first comes
	const struct acl_set *acls;	  // control's; NULL where there are none
	uint32_t routes_number;		  // of tables that came, this one among them
	_Atomic uint32_t stop;		  // any lane: w, worker: r
	bool has_news;			  // control is to be woken at the end of this poll
	bool has_command;		  // `command` waits for the crypto driver
	unsigned int event_reserve;	  // elements of the events ring kept for answers
	struct lane_crypto crypto;
	struct pkt_list down; // inner packets to clients of this worker
	struct pkt_list made; // ICMP that we made, to be routed
	uint32_t ack_head, ack_tail;
	unsigned int n_held;	      // in `held` and in the sessions' `waiting` and `parked`
	struct pkt_tailq held;	      // all that wait for a missing one, the oldest first
	struct session_tailq blocked; // sessions whose packets wait for the client's window
	uint64_t blocked_swept_ns;
	struct session_tailq parking; // sessions whose packets wait for the key
	struct gate trial_gate;
	unsigned int n_ready; // GRE of clients in order, on its way from gre_in to ppp_in
	struct pkt *ready[LIMIT_BURST_PKTS + LANE_HELD_PKTS];
	struct gate exception_gates[EXCEPTION_KINDS], unresolved_gate, icmp_gate, icmp_mtu_gate,
		dhcp_gate, broadcast_gate;
	unsigned int n_free;
	struct pkt *free_pkts[LANE_PKTS];
	struct lane_tx tx[LIMIT_PORTS];
	struct lane_handoff handoff[LIMIT_WORKERS];
	struct rte_ip_frag_tbl *fragments;
	struct rte_ip_frag_death_row fragments_dead;
	uint64_t n_fragments; // received
	uint64_t fragments_swept_ns;
	struct lane_command command;
	struct timer_wheel idle; // sessions with an idle time
	struct lane_route_memo route_memos[LANE_ROUTE_MEMOS];
	struct source_gate syn_sources, pptp_sources;
	struct pkt pkts[LANE_PKTS];
};

static inline struct lane_counters *lane_count(struct worker *w)
{
	return w->config.counters;
}

// --- packets: pkt.c ---------------------------------------------------------------------------------

// An entry for m, or NULL when all are under way (m stays the caller's).
struct pkt *pkt_new(struct worker *w, struct rte_mbuf *m);
void pkt_free(struct worker *w, struct pkt *p); // the entry, not the mbuf
void pkt_leave_session(struct pkt *p);		// which may end before p does
void pkt_drop(struct worker *w, struct pkt *p, enum drop_reason reason);
unsigned int pkt_settle(struct worker *w, struct pkt **pkts, unsigned int n);

// A frame of our own pool without an entry that comes to nothing.
void lane_drop_mbuf(struct worker *w, struct rte_mbuf *m, enum drop_reason reason);

// Into one segment, for whom reads beyond the front. False: it does not fit one buffer.
bool lane_flatten(struct rte_mbuf *m);

// Put p in a list that is worked off later in this poll or in the next. PKT_HELD, or a reason.
uint8_t pkt_list_put(struct pkt_list *list, struct pkt *p);
// Take up to n from the front.
unsigned int pkt_list_take(struct pkt_list *list, struct pkt **pkts, unsigned int n);

// --- the stages -------------------------------------------------------------------------------------

unsigned int stage_classify_outside(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_classify_inside(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_classify_handed_outer(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_classify_handed_inner(struct worker *w, struct pkt **pkts, unsigned int n);
uint8_t stage_reassemble(struct worker *w, struct pkt *p);		// of one fragment
void stage_gre_in(struct worker *w, struct pkt **pkts, unsigned int n); // to w->ready
unsigned int stage_ppp_in(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_in(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_in_done(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_ip_in(struct worker *w, struct pkt **pkts, unsigned int n);
void stage_route(struct worker *w, struct pkt **pkts, unsigned int n);

unsigned int stage_ip_out(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_out(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_out_done(struct worker *w, struct pkt **pkts, unsigned int n);
void stage_gre_out(struct worker *w, struct pkt **pkts, unsigned int n);

// --- the short way: short_up.c, short_down.c -----------------------------------------------------------

// What has just come by a port, the usual packets of it in a few passes and the rest by the stages.
void short_up(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n);
void short_down(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n);
// What has been decrypted goes out where it may. Returns how many are left at the front for ip_in: with the first of a
// session all that follow it.
unsigned int short_up_decrypted(struct worker *w, struct pkt **pkts, unsigned int n);
// Headers in front of what mppe_out has made, and out, if all is as usual; else p is untouched.
bool short_down_encrypted(struct worker *w, struct pkt *p);
// worker.c: the same by the stages alone.
void worker_outside(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n);
void worker_inside(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n);

// --- crypto: stage_crypto.c -------------------------------------------------------------------------

// Hand p's op, which is made, to the driver, together with others. PKT_HELD.
uint8_t stage_crypto_put(struct worker *w, struct pkt *p);
// Submit what was put and work on with what is done. Returns how many.
unsigned int stage_crypto_run(struct worker *w);
// To be asked before a count is used: what the driver then does not take is a gap in the counts.
bool stage_crypto_has_room(struct worker *w, const struct mppe_context *key);
// p came back lost, its session has been told: mbuf and entry wait for the engine. PKT_HELD.
uint8_t stage_crypto_lose(struct worker *w, struct pkt *p);

// --- tx: stage_tx.c ---------------------------------------------------------------------------------

// Send the IPv4 packet p the way that `route` says; fragments it where it must and may be.
uint8_t stage_tx_ip(struct worker *w, struct pkt *p, const struct route *route);
// The outer packet p goes to the client of its session.
uint8_t stage_tx_outer(struct worker *w, struct pkt *p);
// Queue an Ethernet frame; it is always taken.
void stage_tx_frame(struct worker *w, uint8_t port, struct rte_mbuf *m);
void stage_tx_flush(struct worker *w);

// --- where to: stage_route.c ------------------------------------------------------------------------

// The route to a host of the tenant's networks; never NULL.
const struct route *route_find(struct worker *w, uint16_t tenant, uint32_t destination_be);

// Where it is remembered.
static inline unsigned int lane_route_place(uint16_t tenant, uint32_t destination_be)
{
	uint32_t hash = (destination_be ^ (uint32_t)tenant << 8) * UINT32_C(2654435761);

	_Static_assert(LANE_ROUTE_MEMOS == 256, "the hash has 8 bits");
	return hash >> 24;
}

// Does it say where this goes?
static inline bool lane_route_is_known(const struct worker *w, const struct lane_route_memo *memo,
	uint16_t tenant, uint32_t destination_be)
{
	return memo->routes_number == w->routes_number && memo->destination_be == destination_be &&
	       memo->tenant == tenant;
}

// The client behind which the address lies, unless a network of ours has a prefix for it that is as long.
uint32_t route_find_behind(struct worker *w, uint16_t tenant, uint32_t destination_be);

// The client that inner packets to this address go to, or OWNER_NONE.
static inline uint32_t lane_owner(struct worker *w, uint16_t tenant, uint32_t destination_be)
{
	uint32_t owner = owner_map_host(w->config.owners, tenant, destination_be);

	if (likely(owner != OWNER_NONE) || likely(!owner_map_has_routes(w->config.owners, tenant)))
		return owner;
	return route_find_behind(w, tenant, destination_be);
}

// The address by which a tenant's clients know us.
static inline uint32_t lane_server_be(const struct worker *w, uint16_t tenant)
{
	return w->config.tenant_servers_be ? w->config.tenant_servers_be[tenant]
					   : w->config.server_be;
}

// --- to others --------------------------------------------------------------------------------------

// punt.c: to control. PKT_TAKEN or a reason.
uint8_t punt_ppp(struct worker *w, struct pkt *p);
uint8_t punt_inner(struct worker *w, struct pkt *p);
uint8_t punt_exception(struct worker *w, struct pkt *p, enum exception_kind kind);
uint8_t punt_unresolved(struct worker *w, struct pkt *p, const struct route *route);
// An event without a packet; false when the ring is full.
bool punt_event(struct worker *w, const struct lane_event *e);

// handoff.c: to another worker. PKT_TAKEN.
uint8_t handoff_put(struct worker *w, struct pkt *p, uint8_t worker, enum pkt_handed kind);
void handoff_flush(struct worker *w);
// Frames for a port that this worker has no tx queue of go at once to the worker that sends for it.
void handoff_frames(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n);

// inner.c: what a client sends to no single host. PKT_TAKEN or a reason.
bool inner_is_dhcp(const struct pkt *p);
uint8_t inner_dhcp(struct worker *w, struct pkt *p);	  // to control
uint8_t inner_broadcast(struct worker *w, struct pkt *p); // to 255.255.255.255
// To the broadcast address of the network of `route`; what is asked of every inner packet is done.
uint8_t inner_directed_broadcast(struct worker *w, struct pkt *p, const struct route *route);

// icmp.c: an ICMP error about the IPv4 packet p goes to its source, if the rate allows; p stays.
void icmp_error(struct worker *w, struct pkt *p, uint8_t type, uint8_t code, uint16_t mtu);
// p is to an address of our own: answer an echo request in place. PKT_HELD or a reason.
uint8_t icmp_answer(struct worker *w, struct pkt *p);

// fragment.c: cut an IPv4 packet without DF into copies of at most mtu bytes.
//
//   out      LANE_FRAGMENTS_MAX
//   returns  how many, or 0 when it cannot be done; m stays the caller's
unsigned int fragment_ipv4(
	struct rte_mempool *pool, const struct rte_mbuf *m, uint16_t mtu, struct rte_mbuf **out);

// stage_mppe_in.c: the driver did not take p.
void stage_mppe_in_undo(struct worker *w, struct pkt *p);
// May a packet that is parked have the key now? And to the key with it.
bool stage_mppe_in_may_go(struct worker *w, struct pkt *p);
void stage_mppe_in_go(struct worker *w, struct pkt *p);

// stage_park.c: packets that cannot go to the key yet. PKT_HELD, or a reason.
uint8_t stage_park(struct worker *w, struct pkt *p);
void stage_park_run(struct worker *w); // what may go goes
void stage_park_forget(struct worker *w, struct session *s);

// stage_gre_in.c: the window's verdict on p->held.seq, with all that is counted and owed for it.
uint8_t stage_gre_receive(struct worker *w, struct pkt *p);

// stage_reorder.c: packets ahead of one that is missing.
// p->held.seq is its number, its data begins with the PPP frame: to w->ready, with those that need not wait any
// longer, or to wait itself. PKT_HELD, or a reason.
uint8_t stage_reorder(struct worker *w, struct pkt *p);
void stage_reorder_expire(struct worker *w); // whose time is over: to w->ready
void stage_reorder_forget(struct worker *w, struct session *s);

// stage_flow.c: the client's receive window, for sessions with limits_transmit.
uint8_t stage_flow_admit(struct worker *w, struct pkt *p);
void stage_flow_acked(struct worker *w, struct session *s, uint32_t ack);
void stage_flow_run(struct worker *w); // what may go on joins w->down
void stage_flow_forget(struct worker *w, struct session *s);

// stage_policy.c: may p pass, by the policy of its session, which has SESSION_POLICY? PKT_NEXT or a reason.
uint8_t stage_policy_up(struct worker *w, struct pkt *p);
uint8_t stage_policy_down(struct worker *w, struct pkt *p);
void stage_policy_set(struct worker *w, struct session *s, const struct command_session_policy *c);
void stage_policy_set_tenant(struct worker *w, const struct command_tenant_rate *c);
void stage_policy_forget(struct worker *w, struct session *s);
void stage_policy_run(struct worker *w); // sessions that are idle

// stage_follow.c: p is of a session, but not of its client's address. May it pass? The session has moved
// then. `gre` is p's header.
bool stage_follow(struct worker *w, struct pkt *p, const struct gre *gre);
void stage_follow_tell(struct worker *w, struct session *s);

// stage_ack.c: acks that must go alone.
void stage_ack_owe(struct worker *w, struct session *s);
void stage_ack_forget(struct worker *w, struct session *s);
unsigned int stage_ack_run(struct worker *w);

// stage_reassemble.c
int reassemble_open(struct worker *w);
void reassemble_close(struct worker *w);
void reassemble_sweep(struct worker *w);
uint64_t reassemble_bytes(const struct worker *w);

// worker_cmd.c
unsigned int worker_cmd_run(struct worker *w);
