// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/traffic_prepare.h"

#include "perf/fleet/gre_data.h"
#include "perf/fleet/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

// In front of each; what follows is as long as the packet, rounded up.
struct record {
	uint32_t client;
	uint32_t seq;
	uint16_t incarnation;
	uint16_t bytes; // of the packet, which follows
	uint16_t payload_at;
	uint16_t len; // of the inner packet
};

enum { ALIGN = 64 };

struct prepared {
	uint8_t *memory; // memory[cap]
	size_t cap, at, end;
};

static size_t room_of(size_t bytes)
{
	return (sizeof(struct record) + bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static void put(struct prepared *p, const struct fleet *f, const struct gre_data *d, uint32_t seq,
	uint16_t len)
{
	const uint8_t *packet = rte_pktmbuf_mtod(d->packet, const uint8_t *);
	const struct record r = {
		.client = fleet_client_index(f, d->client),
		.seq = seq,
		.incarnation = d->client->flow.incarnation,
		.bytes = d->packet->data_len,
		.payload_at = (uint16_t)(check_payload(d->inner) - packet),
		.len = len,
	};

	memcpy(p->memory + p->end, &r, sizeof(r));
	memcpy(p->memory + p->end + sizeof(r), packet, r.bytes);
	p->end += room_of(r.bytes);
}

// A burst of them. Returns how many.
static unsigned int make_burst(struct prepared *p, struct fleet *f)
{
	struct traffic *t = f->traffic;
	struct gre_data data[FLEET_BURST];
	uint32_t seqs[FLEET_BURST];
	uint16_t lens[FLEET_BURST];
	unsigned int n = 0;

	for (; n < FLEET_BURST; n++) {
		struct fleet_client *c = traffic_next_client(f, &t->lanes[PAYLOAD_UP]);

		seqs[n] = c->flow.up_seq;
		lens[n] = traffic_len(f, c, seqs[n]);
		if (!gre_data_begin(f, c, lens[n], &data[n]))
			break;
		check_put(&t->payload, f, c, PAYLOAD_UP, data[n].inner, lens[n]);
	}
	gre_data_encrypt(f, data, n);
	for (unsigned int i = 0; i < n; i++) {
		put(p, f, &data[i], seqs[i], lens[i]);
		rte_pktmbuf_free(data[i].packet);
	}
	return n;
}

struct prepared *prepared_make(struct fleet *f)
{
	const size_t burst_max = FLEET_BURST * room_of(PAYLOAD_BYTES_MAX + 128);
	struct prepared *p = calloc(1, sizeof(*p));
	size_t cap = (size_t)f->options.prepare_mb << 20;
	unsigned int n = 0, n_burst;

	if (!p)
		return NULL;
	p->cap = cap;
	p->memory = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->memory == MAP_FAILED) {
		fprintf(stderr, "fleet: no %u MB for --prepare\n", f->options.prepare_mb);
		free(p);
		return NULL;
	}
	(void)madvise(p->memory, cap, MADV_HUGEPAGE);
	while (f->traffic->n_clients && p->end + burst_max <= cap && (n_burst = make_burst(p, f)))
		n += n_burst;
	printf("prepared %u packets up\n", n);
	return p;
}

void prepared_free(struct prepared *p)
{
	if (!p)
		return;
	(void)munmap(p->memory, p->cap);
	free(p);
}

bool prepared_is_empty(const struct prepared *p)
{
	return p->at == p->end;
}

bool prepared_take(struct prepared *p, struct fleet *f, struct prepared_packet *out)
{
	while (p->at < p->end) {
		const struct record *r = (const struct record *)(p->memory + p->at);
		struct fleet_client *c = &f->clients[r->client];
		const uint8_t *bytes = (const uint8_t *)(r + 1);

		__builtin_prefetch(p->memory + p->at + 2 * room_of(r->bytes));
		if (!c->flow.is_offered || c->flow.incarnation != r->incarnation) {
			p->at += room_of(r->bytes);
			continue;
		}
		struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);
		if (!m)
			return false;
		uint8_t *to = (uint8_t *)rte_pktmbuf_append(m, r->bytes);
		memcpy(to, bytes, r->bytes);
		*out = (struct prepared_packet){.client = c,
			.packet = m,
			.payload = to + r->payload_at,
			.seq = r->seq,
			.len = r->len};
		p->at += room_of(r->bytes);
		return true;
	}
	return false;
}
