// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include "base/secret.h"
#include "dataplane/idle.h"
#include "dataplane/lane.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

enum {
	EXCEPTION_BURST_MS = 100, // of its rate may come at once
	SYN_BURSTS = 4,		  // as much of SYNs
	EVENT_RESERVE = 64,
	LAST_POLLS = 1000,
	LAST_POLL_US = 100,
	RX_PKTS = 4 * LIMIT_BURST_PKTS, // of a port in a turn
};

static uint32_t burst_of(uint32_t rate_pps)
{
	return (uint32_t)((uint64_t)rate_pps * EXCEPTION_BURST_MS / 1000 + 1);
}

static void init_shares(struct source_gate *g, uint32_t rate_pps, uint64_t seed)
{
	uint32_t share_pps = rate_pps / LANE_SOURCE_SHARES + 1;

	source_gate_init(g, share_pps, burst_of(share_pps), seed);
}

static void init_lists(struct worker *w)
{
	uint32_t rate = w->config.exception_rate_pps;
	uint32_t burst = burst_of(rate);

	for (unsigned int i = 0; i < LANE_PKTS; i++)
		w->free_pkts[w->n_free++] = &w->pkts[i];
	w->ack_head = w->ack_tail = lane_no_slot;
	TAILQ_INIT(&w->held);
	TAILQ_INIT(&w->blocked);
	TAILQ_INIT(&w->parking);
	timer_wheel_init(&w->idle, w->now_ns);
	w->trial_gate = gate_make(LANE_TRIAL_CHANGES_PS, LANE_TRIAL_CHANGES_BURST);
	for (unsigned int kind = 0; kind < EXCEPTION_KINDS; kind++)
		w->exception_gates[kind] = gate_make(rate, burst);
	w->unresolved_gate = gate_make(rate, burst);
	uint32_t pptp_rate = w->config.pptp_rate_pps ? w->config.pptp_rate_pps : rate;
	w->exception_gates[EXCEPTION_PPTP] = gate_make(pptp_rate, burst_of(pptp_rate));
	init_shares(&w->pptp_sources, pptp_rate, w->config.hash_seed);
	// Clients that lost their link at the same moment dial at the same moment, and what is dropped of that comes again
	// a second later, as one.
	w->exception_gates[EXCEPTION_SYN] = gate_make(rate, SYN_BURSTS * burst);
	init_shares(&w->syn_sources, rate, w->config.hash_seed);
	w->icmp_gate = w->icmp_mtu_gate = gate_make(LANE_ICMP_RATE_PPS, LANE_ICMP_BURST_PKTS);
	w->dhcp_gate = gate_make(LANE_DHCP_RATE_ALL_PPS, LANE_DHCP_BURST_ALL_PKTS);
	w->broadcast_gate = gate_make(LANE_BROADCAST_RATE_ALL_PPS, LANE_BROADCAST_BURST_ALL_PKTS);
	w->event_reserve = RTE_MIN(
		rte_ring_get_capacity(w->config.links->events) / 8, (unsigned int)EVENT_RESERVE);
}

struct worker *worker_new(const struct worker_config *config, int *error)
{
	struct worker *w =
		rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, config->socket);

	if (!w) {
		*error = -ENOMEM;
		return NULL;
	}
	w->config = *config;
	lane_clock_init(&w->clock);
	w->now_ns = lane_clock_read(&w->clock);
	init_lists(w);
	*error = reassemble_open(w);
	if (*error)
		goto free_worker;
	w->config.crypto_setup.depth = LANE_PKTS;
	*error = config->crypto->open(&w->config.crypto_setup, &w->crypto.state);
	if (*error)
		goto close_reassembly;
	return w;

close_reassembly:
	reassemble_close(w);
free_worker:
	rte_free(w);
	return NULL;
}

static void free_list(struct pkt_list *list)
{
	for (unsigned int i = 0; i < list->n; i++)
		rte_pktmbuf_free(list->pkts[i]->m);
	list->n = 0;
}

static void free_held(struct worker *w)
{
	struct session *s;
	struct pkt *p;

	TAILQ_FOREACH(p, &w->held, in_list)
	rte_pktmbuf_free(p->m);
	TAILQ_FOREACH(s, &w->blocked, in_blocked)
	TAILQ_FOREACH(p, &s->waiting, in_list)
	rte_pktmbuf_free(p->m);
	TAILQ_FOREACH(s, &w->parking, in_parking)
	TAILQ_FOREACH(p, &s->parked, in_list)
	rte_pktmbuf_free(p->m);
}

// What the driver still holds. An engine that no longer answers keeps its packets, and the entries that they lie in.
static void free_in_flight(struct worker *w)
{
	struct crypto_op *done[LIMIT_BURST_PKTS];

	for (unsigned int i = 0; i < LAST_POLLS && w->crypto.in_flight > 0; i++) {
		unsigned int n = w->config.crypto->poll(w->crypto.state, done, LIMIT_BURST_PKTS);
		for (unsigned int k = 0; k < n; k++) {
			if (done[k]->status == CRYPTO_LOST)
				continue; // it comes once more
			rte_pktmbuf_free(((struct pkt *)done[k]->packet)->m);
			w->crypto.in_flight--;
		}
		if (n == 0)
			rte_delay_us_sleep(LAST_POLL_US);
	}
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	free_in_flight(w);
	free_list(&w->down);
	free_list(&w->made);
	free_held(w);
	if (w->has_command)
		rte_pktmbuf_free(w->command.packet);
	secret_wipe_bytes(&w->command, sizeof(w->command)); // keys that waited for the driver
	reassemble_close(w);
	w->config.crypto->close(w->crypto.state);
	if (w->crypto.in_flight == 0)
		rte_free(w);
}

_Static_assert((int)WORKER_PKTS_MAX == (int)LANE_PKTS, "what others plan with");

uint64_t worker_bytes(void)
{
	return sizeof(struct worker);
}

void worker_report(const struct worker *w, struct memory_report *r)
{
	memory_report_add(r, MEMORY_DPDK, "workers", sizeof(*w), 0, 0);
	memory_report_add(r, MEMORY_DPDK, "fragments of packets", reassemble_bytes(w), 0, 0);
}

// --- one round ---------------------------------------------------------------------------------------

// What ip_out cuts into fragments joins the list again, once.
static void downstream(struct worker *w)
{
	struct pkt *pkts[LIMIT_BURST_PKTS];

	while (w->down.n > 0) {
		unsigned int n = pkt_list_take(&w->down, pkts, LIMIT_BURST_PKTS);
		n = stage_ip_out(w, pkts, n);
		n = stage_mppe_out(w, pkts, n);
		stage_crypto_run(w);
		stage_gre_out(w, pkts, n);
	}
}

static void upstream_burst(struct worker *w, struct pkt **pkts, unsigned int n)
{
	n = stage_ppp_in(w, pkts, n);
	n = stage_mppe_in(w, pkts, n);
	stage_crypto_run(w);
	if (n > 0 && w->down.n > LANE_DOWN_MANY) // what came back has filled it
		downstream(w);
	n = stage_ip_in(w, pkts, n);
	stage_route(w, pkts, n);
}

// Nearly always a burst or less. When many were held and go on at once, what of them is for clients is sent
// in between: w->down does not take them all.
static void upstream_ready(struct worker *w)
{
	unsigned int n = w->n_ready;

	w->n_ready = 0;
	for (unsigned int i = 0; i < n; i += LIMIT_BURST_PKTS) {
		if (w->down.n > LANE_DOWN_MANY - LIMIT_BURST_PKTS)
			downstream(w);
		upstream_burst(w, w->ready + i, RTE_MIN(n - i, (unsigned int)LIMIT_BURST_PKTS));
	}
}

static void upstream(struct worker *w, struct pkt **pkts, unsigned int n)
{
	stage_gre_in(w, pkts, n);
	upstream_ready(w);
}

// Bytes of a burst. What the stages read first of a packet is brought in, with the mbufs before it.
static uint64_t look_at(struct rte_mbuf **mbufs, unsigned int n)
{
	uint64_t n_bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(mbufs[i], const uint8_t *);

		n_bytes += rte_pktmbuf_pkt_len(mbufs[i]);
		touch(data);
		rte_prefetch0(data + RTE_CACHE_LINE_SIZE);
	}
	return n_bytes;
}

// Entries for mbufs that have just come. The caller has asked for no more than burst_room().
static unsigned int wrap(
	struct worker *w, struct rte_mbuf **mbufs, unsigned int n, struct pkt **pkts)
{
	unsigned int n_pkts = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (mbufs[i]->nb_segs > 1 && !pkt_mend_chain(mbufs[i])) {
			lane_drop_mbuf(w, mbufs[i], DROP_TOO_BIG);
			continue;
		}
		struct pkt *p = pkt_new(w, mbufs[i]);
		if (p)
			pkts[n_pkts++] = p;
		else
			lane_drop_mbuf(w, mbufs[i], DROP_CRYPTO_FULL);
	}
	return n_pkts;
}

static uint16_t burst_room(const struct worker *w)
{
	unsigned int n_busy = LANE_PKTS - w->n_free - w->n_held - w->crypto.n_lost;

	if (n_busy >= LANE_BUSY_PKTS)
		return 0;
	unsigned int n = RTE_MIN(LANE_BUSY_PKTS - n_busy, (unsigned int)LIMIT_BURST_PKTS);
	return (uint16_t)RTE_MIN(n, w->n_free);
}

void worker_outside(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n)
{
	struct pkt *pkts[LIMIT_BURST_PKTS];

	n = wrap(w, mbufs, n, pkts);
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->port = port;
	n = stage_classify_outside(w, pkts, n);
	upstream(w, pkts, n);
}

void worker_inside(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n)
{
	struct pkt *pkts[LIMIT_BURST_PKTS];

	n = wrap(w, mbufs, n, pkts);
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->port = port;
	(void)stage_classify_inside(w, pkts, n);
	downstream(w);
}

static unsigned int receive_burst(struct worker *w, uint8_t index)
{
	const struct worker_port *port = &w->config.ports[index];
	struct port_counters *c = &lane_count(w)->ports[index];
	struct rte_mbuf *mbufs[LIMIT_BURST_PKTS];
	uint64_t n_bytes;

	uint16_t n_rx = rte_eth_rx_burst(port->dpdk_port, port->queue, mbufs, burst_room(w));
	if (n_rx == 0)
		return 0;
	n_bytes = look_at(mbufs, n_rx);
	counter_add(&c->rx_pkts, n_rx);
	counter_add(&c->rx_bytes, n_bytes);
	counter_add(&lane_count(w)->rx_bursts, 1);

	if (w->config.has_no_short_way) {
		if (port->is_outside)
			worker_outside(w, index, mbufs, n_rx);
		else
			worker_inside(w, index, mbufs, n_rx);
	} else if (port->is_outside) {
		short_up(w, index, mbufs, n_rx);
	} else {
		short_down(w, index, mbufs, n_rx);
	}
	if (w->down.n > 0)
		downstream(w);
	return n_rx;
}

// A port with full bursts is asked again a few times: what a turn costs besides is shared by more packets.
static unsigned int receive_port(struct worker *w, uint8_t index)
{
	unsigned int n_all = 0, n;

	do {
		n = receive_burst(w, index);
		n_all += n;
	} while (n == LIMIT_BURST_PKTS && n_all < RX_PKTS);
	return n_all;
}

static unsigned int receive_handed(struct worker *w, struct rte_ring *ring)
{
	struct rte_mbuf *mbufs[LIMIT_BURST_PKTS], *outer[LIMIT_BURST_PKTS];
	struct pkt *pkts[LIMIT_BURST_PKTS];
	unsigned int n_outer = 0, n_inner = 0;
	unsigned int n = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, burst_room(w), NULL);

	if (n == 0)
		return 0;
	counter_add(&lane_count(w)->handoffs_in, n);
	counter_add(&lane_count(w)->rx_bursts, 1);
	for (unsigned int i = 0; i < n; i++) {
		if (mbufs[i]->packet_type == PKT_HANDED_OUTER)
			outer[n_outer++] = mbufs[i];
		else if (mbufs[i]->packet_type == PKT_HANDED_FRAME)
			stage_tx_frame(w, (uint8_t)mbufs[i]->port, mbufs[i]);
		else
			mbufs[n_inner++] = mbufs[i];
	}
	n_outer = wrap(w, outer, n_outer, pkts);
	n_outer = stage_classify_handed_outer(w, pkts, n_outer);
	upstream(w, pkts, n_outer);
	downstream(w);
	n_inner = wrap(w, mbufs, n_inner, pkts);
	(void)stage_classify_handed_inner(w, pkts, n_inner);
	downstream(w);
	return n;
}

// What has waited long enough, for a missing packet or for a client's window.
static unsigned int go_on_held(struct worker *w)
{
	stage_flow_run(w);
	unsigned int n = w->down.n;
	stage_reorder_expire(w);
	n += w->n_ready;
	upstream_ready(w);
	downstream(w);
	return n;
}

// ICMP that was made since: it may be for a client, and may not make more ICMP.
static unsigned int send_made(struct worker *w)
{
	struct pkt *pkts[LIMIT_BURST_PKTS];
	unsigned int n = pkt_list_take(&w->made, pkts, LIMIT_BURST_PKTS);

	if (n == 0)
		return 0;
	stage_route(w, pkts, n);
	downstream(w);
	return n;
}

unsigned int worker_poll(struct worker *w)
{
	unsigned int n = 0;
	uint64_t began_tsc = w->clock.tsc_last;

	w->now_ns = lane_clock_read(&w->clock);
	// A turn that found work is followed by the next at once, so it took until now.
	if (w->was_busy)
		counter_add(&lane_count(w)->busy_cycles, w->clock.tsc_last - began_tsc);
	n += worker_cmd_run(w);
	n += stage_crypto_run(w);
	if (!TAILQ_EMPTY(&w->parking))
		stage_park_run(w);
	downstream(w); // what the driver has decrypted may be for a client
	for (unsigned int i = 0; i < w->config.n_workers; i++)
		if (w->config.handoff_in[i])
			n += receive_handed(w, w->config.handoff_in[i]);
	for (uint8_t i = 0; i < w->config.n_ports; i++)
		if (w->config.ports[i].has_rx)
			n += receive_port(w, i);
	if (w->n_held > 0)
		n += go_on_held(w);
	n += send_made(w);
	n += stage_ack_run(w);
	stage_policy_run(w);
	reassemble_sweep(w);
	handoff_flush(w);
	stage_tx_flush(w);
	if (w->has_news) {
		w->has_news = false;
		lane_wake_kick(w->config.links->wake);
	}
	w->was_busy = n > 0;
	counter_add(n > 0 ? &lane_count(w)->loops_busy : &lane_count(w)->loops_idle, 1);
	return n;
}

// --- the lane ----------------------------------------------------------------------------------------

int worker_run(void *worker)
{
	struct worker *w = worker;
	uint32_t sleep_max_us = w->config.idle_sleep_us;
	unsigned int n_idle = 0;

	idle_prepare(sleep_max_us);
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		bool expects_answer = w->crypto.in_flight > w->crypto.n_lost;
		if (worker_poll(w) > 0) {
			n_idle = 0;
			continue;
		}
		n_idle++;
		// An answer is near: stay awake, but leave the CPU to an engine that may share it.
		idle_wait(expects_answer ? RTE_MIN(n_idle, (unsigned int)IDLE_AWAKE) : n_idle,
			sleep_max_us);
	}
	return 0;
}

void worker_stop(struct worker *w)
{
	atomic_store_explicit(&w->stop, 1, memory_order_relaxed);
}
