// SPDX-License-Identifier: BSD-3-Clause
// Fragments of outer GRE packets are put together (clients behind a small MTU: PPPoE, mobile). What
// anybody can send here is bounded: TABLE_PACKETS packets at once of at most 8 fragments (DPDK's limit).
//
// DPDK's table refuses what is new while it is full of what is not too old, so that a few fragments a
// second would keep all others out. Hence its time is not of the clock alone: each fragment moves it on
// too, and what is incomplete after LIVE_FRAGMENTS more, or TIMEOUT_TICKS, makes room.
#define ALLOW_EXPERIMENTAL_API // rte_ip_frag_table_del_expired_entries()
#include "dataplane/lane.h"
#include "msg/pool_bytes.h"

#include <errno.h>

enum {
	TABLE_PACKETS = 256,
	TABLE_WAYS = 8,
	LIVE_FRAGMENTS = 192,
	SWEEP_FRAGMENTS = 64,
	TIMEOUT_TICKS = 2000 * LIVE_FRAGMENTS, // 2 s
	TICKS_PER_MS = LIVE_FRAGMENTS,
	TICKS_PER_FRAGMENT = TIMEOUT_TICKS / LIVE_FRAGMENTS,
	CHECKSUM = 10,
};

static const uint64_t sweep_ns = 500 * 1000 * 1000;

static uint64_t ticks(const struct worker *w)
{
	return w->now_ns / 1000000 * TICKS_PER_MS + w->n_fragments * TICKS_PER_FRAGMENT;
}

int reassemble_open(struct worker *w)
{
	w->fragments = rte_ip_frag_table_create(TABLE_PACKETS / TABLE_WAYS, TABLE_WAYS,
		TABLE_PACKETS, TIMEOUT_TICKS, w->config.socket);
	return w->fragments ? 0 : -ENOMEM;
}

void reassemble_close(struct worker *w)
{
	rte_ip_frag_free_death_row(&w->fragments_dead, 0);
	if (w->fragments)
		rte_ip_frag_table_destroy(w->fragments);
}

static void bury(struct worker *w)
{
	if (w->fragments_dead.cnt == 0)
		return;
	counter_add(&lane_count(w)->drops[DROP_OUTER_FRAGMENT], w->fragments_dead.cnt);
	rte_ip_frag_free_death_row(&w->fragments_dead, 0);
}

static void sweep(struct worker *w)
{
	rte_ip_frag_table_del_expired_entries(w->fragments, &w->fragments_dead, ticks(w));
	bury(w);
}

void reassemble_sweep(struct worker *w)
{
	if (w->now_ns - w->fragments_swept_ns < sweep_ns)
		return;
	w->fragments_swept_ns = w->now_ns;
	sweep(w);
}

uint8_t stage_reassemble(struct worker *w, struct pkt *p)
{
	struct rte_ipv4_hdr *header = rte_pktmbuf_mtod(p->m, struct rte_ipv4_hdr *);

	if (++w->n_fragments % SWEEP_FRAGMENTS == 0)
		sweep(w);
	p->m->l2_len = 0;
	p->m->l3_len = p->ip.header_len;
	struct rte_mbuf *whole = rte_ipv4_frag_reassemble_packet(
		w->fragments, &w->fragments_dead, p->m, ticks(w), header);
	bury(w);
	if (!whole)
		return PKT_TAKEN;

	p->m = whole;
	whole->ol_flags = 0; // it asks the NIC for a checksum that we write ourselves
	if (whole->nb_segs > 1 && !pkt_mend_chain(whole))
		return DROP_TOO_BIG;
	uint8_t *data = pkt_data(p);
	size_t header_len = (size_t)(data[0] & 15) * 4;
	bytes_put_u16(data + CHECKSUM, 0);
	bytes_put_u16(data + CHECKSUM, inet_checksum(data, header_len));
	return inet_ipv4_get(data, pkt_len(p), DROP_OUTER_IP_BAD, &p->ip);
}

uint64_t reassemble_bytes(const struct worker *w)
{
	return pool_bytes_block(w->fragments);
}
