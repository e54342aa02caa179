// SPDX-License-Identifier: BSD-3-Clause
// The worker from inside: its state, the stages in the order of a packet's way, and the means that they
// share. Only for the files of this directory.
//
//   upstream    classify > (reassemble) > gre_in > ppp_in > mppe_in > crypto > mppe_in_done > ip_in > route > tx
//   downstream  classify > ip_out > mppe_out > crypto > gre_out > tx
//
// A stage is `unsigned int stage_x(w, pkts, n)`: it decides a verdict for each packet of the burst, and
// its tail, pkt_settle(), counts and frees the drops and leaves the packets that go on at the front of
// pkts[]; their number is returned.
#pragma once

#include "dataplane/gate.h"
#include "dataplane/lane_clock.h"
#include "dataplane/pkt.h"
#include "dataplane/worker.h"

#include <rte_ip_frag.h>

enum {
	LANE_PKTS = 1024,     // packets under way in one worker
	LANE_LIST_PKTS = 256, // waiting within a poll: to clients, or made by us
	LANE_TX_PKTS = 64,    // tx buffer of a port
	LANE_ACKS_PER_POLL = 64,
	LANE_COMMANDS_PER_POLL = 64,
	LANE_ICMP_RATE_PPS = 1000,
	LANE_ICMP_BURST_PKTS = 100,
	LANE_PPP_RATE_PPS = 200, // frames to control of one session
	LANE_PPP_BURST_PKTS = 400,
	LANE_FRAGMENTS_MAX = 32, // that one packet is cut into
	LANE_ROUTE_MEMOS = 256,	 // destinations of the inside whose route is remembered
};

// What goes to the kernel, each kind at a rate of its own: no flood of one keeps neighbours from being
// resolved, or clients from being heard.
enum exception_kind {
	EXCEPTION_ARP,
	EXCEPTION_PPTP, // TCP of control connections
	EXCEPTION_OTHER,
	EXCEPTION_KINDS
};

static const uint32_t lane_no_slot = UINT32_MAX;

struct pkt_list {
	unsigned int n;
	struct pkt *pkts[LANE_LIST_PKTS];
};

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
	uint32_t routes_number; // of the table that said so
	const struct route *route;
};

struct lane_crypto {
	void *state;
	unsigned int in_flight; // taken by the driver and not back
	unsigned int n;
	struct crypto_op *ops[LIMIT_BURST_PKTS]; // prepared, not submitted
};

struct worker {
	struct worker_config config;
	struct lane_clock clock;
	uint64_t now_ns;		  // of this poll
	const struct route_table *routes; // control's; NULL until the first comes
	uint32_t routes_number;		  // of tables that came, this one among them
	_Atomic uint32_t stop;		  // any lane: w, worker: r
	bool has_news;			  // control is to be woken at the end of this poll
	bool has_command;		  // `command` waits for the crypto driver
	unsigned int event_reserve;	  // elements of the events ring kept for answers
	struct lane_crypto crypto;
	struct pkt_list down; // inner packets to clients of this worker
	struct pkt_list made; // ICMP that we made, to be routed
	uint32_t ack_head, ack_tail;
	struct gate exception_gates[EXCEPTION_KINDS], unresolved_gate, icmp_gate;
	unsigned int n_free;
	struct pkt *free_pkts[LANE_PKTS];
	struct lane_tx tx[LIMIT_PORTS];
	struct lane_handoff handoff[LIMIT_WORKERS];
	struct rte_ip_frag_tbl *fragments;
	struct rte_ip_frag_death_row fragments_dead;
	uint64_t n_fragments; // received
	uint64_t fragments_swept_ns;
	struct lane_command command;
	struct lane_route_memo route_memos[LANE_ROUTE_MEMOS];
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
void pkt_drop(struct worker *w, struct pkt *p, enum drop_reason reason);
unsigned int pkt_settle(struct worker *w, struct pkt **pkts, unsigned int n);

// A frame of our own pool without an entry that comes to nothing.
void lane_drop_mbuf(struct worker *w, struct rte_mbuf *m, enum drop_reason reason);

// Put p in a list that is worked off later in this poll or in the next. PKT_HELD, or a reason.
uint8_t pkt_list_put(struct pkt_list *list, struct pkt *p);
// Take up to n from the front.
unsigned int pkt_list_take(struct pkt_list *list, struct pkt **pkts, unsigned int n);

// --- the stages -------------------------------------------------------------------------------------

unsigned int stage_classify_outside(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_classify_inside(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_classify_handed_outer(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_classify_handed_inner(struct worker *w, struct pkt **pkts, unsigned int n);
uint8_t stage_reassemble(struct worker *w, struct pkt *p); // of one fragment
unsigned int stage_gre_in(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_ppp_in(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_in(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_in_done(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_ip_in(struct worker *w, struct pkt **pkts, unsigned int n);
void stage_route(struct worker *w, struct pkt **pkts, unsigned int n);

unsigned int stage_ip_out(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_out(struct worker *w, struct pkt **pkts, unsigned int n);
unsigned int stage_mppe_out_done(struct worker *w, struct pkt **pkts, unsigned int n);
void stage_gre_out(struct worker *w, struct pkt **pkts, unsigned int n);

// --- crypto: stage_crypto.c -------------------------------------------------------------------------

// Hand p->op to the driver, together with others. PKT_HELD.
uint8_t stage_crypto_put(struct worker *w, struct pkt *p, enum crypto_direction direction,
	uint8_t *data, uint16_t len, uint16_t n_changes);
// Submit what was put and work on with what is done.
void stage_crypto_run(struct worker *w);

// --- tx: stage_tx.c ---------------------------------------------------------------------------------

// Send the IPv4 packet p the way that `route` says; fragments it where it must and may be.
uint8_t stage_tx_ip(struct worker *w, struct pkt *p, const struct route *route);
// The outer packet p goes to the client of its session.
uint8_t stage_tx_outer(struct worker *w, struct pkt *p);
// Queue an Ethernet frame; it is always taken.
void stage_tx_frame(struct worker *w, uint8_t port, struct rte_mbuf *m);
void stage_tx_flush(struct worker *w);

// --- to others --------------------------------------------------------------------------------------

// punt.c: to control. PKT_TAKEN or a reason.
uint8_t punt_ppp(struct worker *w, struct pkt *p);
uint8_t punt_exception(struct worker *w, struct pkt *p, enum exception_kind kind);
uint8_t punt_unresolved(struct worker *w, struct pkt *p, const struct route *route);
// An event without a packet; false when the ring is full.
bool punt_event(struct worker *w, const struct lane_event *e);

// handoff.c: to another worker. PKT_TAKEN.
uint8_t handoff_put(struct worker *w, struct pkt *p, uint8_t worker, enum pkt_handed kind);
void handoff_flush(struct worker *w);

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

// stage_ack.c: acks that must go alone.
void stage_ack_owe(struct worker *w, struct session *s);
void stage_ack_forget(struct worker *w, struct session *s);
unsigned int stage_ack_run(struct worker *w);

// stage_reassemble.c
int reassemble_open(struct worker *w);
void reassemble_close(struct worker *w);
void reassemble_sweep(struct worker *w);

// worker_cmd.c
unsigned int worker_cmd_run(struct worker *w);
