// SPDX-License-Identifier: BSD-3-Clause
// The same 100,000 packets through a worker that encrypts itself and through one with two engines on threads of
// their own: every byte of every frame must be the same, and the order within each session.
#include "flow.h"

#include "drivers/crypto/ism/ism.h"
#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/inet.h"
#include "wire/ppp.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum {
	CLIENTS = 12,
	ROUNDS = 500,
	ROUND_UP = 120, // packets of all clients together, each way
	ROUND_DOWN = 100,
	SEEN = CLIENTS + 1, // and frames of no client, which there must not be
	ENGINES = 2,
};

// What left for one client, or came from it: frames with their lengths, one after the other.
struct record {
	uint8_t *bytes;
	size_t len, cap;
	size_t n_frames;
};

struct run {
	struct xorshift random;
	struct flow f;
	struct flow_client clients[CLIENTS];
	struct record records[FLOW_PORTS][SEEN];
};

static const struct flow_client_options modes[CLIENTS] = {
	{.strength = MPPE_STRENGTH_128},
	{.strength = MPPE_STRENGTH_128, .reorder_pkts = 8},
	{.strength = MPPE_STRENGTH_128, .reorder_pkts = 8, .send_pfc = true, .send_acfc = true},
	{.strength = MPPE_STRENGTH_128, .late_pkts = 16},
	{.strength = MPPE_STRENGTH_56},
	{.strength = MPPE_STRENGTH_40, .client_pfc = true, .client_acfc = true},
	{.strength = MPPE_STRENGTH_128, .stateful_up = true, .stateful_down = true},
	{.strength = MPPE_STRENGTH_128,
		.stateful_up = true,
		.stateful_down = true,
		.is_linux = true},
	{.strength = MPPE_STRENGTH_56, .stateful_up = true},
	{.strength = MPPE_STRENGTH_40, .stateful_down = true, .is_linux = true},
	{.strength = MPPE_STRENGTH_40, .mtu = 576, .late_pkts = 4, .reorder_pkts = 2},
	{.clear = true},
};

static void add_bytes(struct record *r, const void *bytes, size_t len)
{
	if (r->len + len > r->cap) {
		r->cap = 2 * r->cap + len;
		r->bytes = realloc(r->bytes, r->cap);
		if (!r->bytes)
			abort();
	}
	memcpy(r->bytes + r->len, bytes, len);
	r->len += len;
}

static unsigned int client_of(unsigned int port, const uint8_t *frame)
{
	const uint8_t *ip = frame + FLOW_ETHER_BYTES;
	uint32_t inner = bytes_get_u32(ip + 12); // its source
	unsigned int number =
		port == FLOW_INSIDE && inner >= FLOW_CLIENT_INNER ? inner - FLOW_CLIENT_INNER : 0;

	if (port == FLOW_OUTSIDE && ip[9] == 47)
		number = bytes_get_u16(ip + INET_IPV4_HEADER_BYTES + 6) - 0x2000U;
	return number >= 2 && number < CLIENTS + 2 ? number - 2 : CLIENTS;
}

static void record_all(struct run *run)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t len;

	for (unsigned int port = 0; port < FLOW_PORTS; port++) {
		while ((len = flow_take(&run->f, port, frame)) > 0) {
			struct record *r = &run->records[port][client_of(port, frame)];
			uint16_t len16 = (uint16_t)len;
			add_bytes(r, &len16, sizeof(len16));
			add_bytes(r, frame, len);
			r->n_frames++;
		}
	}
}

// Until no packet is under way any more, wherever the crypto runs.
static void settle(struct run *run)
{
	bool is_busy = true;

	while (is_busy) {
		flow_poll(&run->f);
		is_busy = false;
		for (unsigned int i = 0; i < CLIENTS; i++) {
			const struct session *s = flow_session(&run->clients[i]);
			is_busy |= s->rx_in_flight > 0 || s->tx_in_flight > 0 || s->n_parked > 0;
		}
		if (is_busy)
			sched_yield();
	}
	record_all(run);
}

static void push(
	struct run *run, const struct flow_client *c, uint32_t seq, const uint8_t *ppp, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES];

	EXPECT_TRUE(flow_push(
		&run->f, FLOW_OUTSIDE, 0, frame, flow_gre_frame(c, frame, seq, ppp, len)));
}

static size_t inner_packet(struct run *run, uint8_t *ip, uint32_t from, uint32_t to)
{
	size_t len = 20 + xorshift_below(&run->random, xorshift_below(&run->random, 2) ? 80 : 1380);

	len = flow_ip(ip, from, to, INET_UDP, len);
	// What is too big for a client is cut in pieces: an ICMP error about it would be one of so many a second.
	flow_ip_set(ip, 64, 0, false);
	if (len > 40)
		xorshift_fill(&run->random, ip + 28, len - 28);
	return len;
}

// Up: some are lost, some change places.
static void send_up(struct run *run)
{
	struct xorshift *x = &run->random;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[2][FLOW_FRAME_BYTES];
	size_t len[2];

	for (unsigned int i = 0; i < ROUND_UP; i++) {
		struct flow_client *c = &run->clients[xorshift_below(x, CLIENTS)];
		bool may_lose = !c->options.clear && !c->options.stateful_up;

		if (may_lose && xorshift_below(x, 50) == 0)
			flow_client_lose(c);
		if (c->options.stateful_up && xorshift_below(x, 400) == 0)
			c->up.flush_is_due = true;
		unsigned int n = may_lose && xorshift_below(x, 30) == 0 ? 2 : 1;
		for (unsigned int k = 0; k < n; k++) {
			size_t n_ip = inner_packet(run, ip, c->inner, FLOW_HOST);
			len[k] = flow_ppp_data(c, ppp[k], PPP_IP, ip, n_ip);
		}
		if (n == 2)
			push(run, c, c->seq + 1, ppp[1], len[1]);
		push(run, c, c->seq, ppp[0], len[0]);
		c->seq += n;
	}
	settle(run);
}

static void send_down(struct run *run)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (unsigned int i = 0; i < ROUND_DOWN; i++) {
		const struct flow_client *c = &run->clients[xorshift_below(&run->random, CLIENTS)];
		size_t len = inner_packet(run, ip, FLOW_HOST, c->inner);
		EXPECT_TRUE(flow_push(
			&run->f, FLOW_INSIDE, 0, frame, flow_frame(frame, FLOW_INSIDE, ip, len)));
	}
	settle(run);
}

static struct run *run_all(const struct crypto_driver *driver, struct ism *ism)
{
	const struct flow_options options = {
		.crypto = driver,
		.crypto_setup = {.shared = ism},
		.may_be_stateful = true,
		.may_be_late = true,
	};
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		abort();
	run->random = xorshift_seed(2637);
	flow_open(&run->f, &options);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct flow_client_options o = modes[i];
		o.number = i + 2;
		flow_client_up(&run->f, &run->clients[i], &o);
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		send_up(run);
		send_down(run);
		if (round == ROUNDS / 2)
			for (unsigned int i = 0; i < CLIENTS; i++)
				flow_client_reset(&run->clients[i]);
	}
	flow_close(&run->f);
	return run;
}

static void run_free(struct run *run)
{
	for (unsigned int port = 0; port < FLOW_PORTS; port++)
		for (unsigned int i = 0; i < SEEN; i++)
			free(run->records[port][i].bytes);
	free(run);
}

static void *run_engine(void *engine)
{
	(void)ism_engine_run(engine);
	return NULL;
}

static void yield(unsigned int n_idle, uint32_t sleep_max_us)
{
	(void)n_idle;
	(void)sleep_max_us;
	sched_yield();
}

static struct run *run_with_engines(void)
{
	const struct ism_config config = {
		.n_workers = 1, .n_engines = ENGINES, .queue = 512, .idle = yield};
	pthread_t threads[ENGINES];
	struct ism *ism;

	if (ism_new(&config, &ism) != 0)
		abort();
	for (unsigned int i = 0; i < ENGINES; i++)
		if (pthread_create(&threads[i], NULL, run_engine, ism_engine(ism, i)) != 0)
			abort();
	struct run *run = run_all(&crypto_driver_ism, ism);
	ism_stop(ism);
	for (unsigned int i = 0; i < ENGINES; i++) {
		pthread_join(threads[i], NULL);
		const struct crypto_channel_counters *n = ism_channel_counters(ism, 0, i);
		EXPECT_GT(n->submitted, ROUNDS * (ROUND_UP + ROUND_DOWN) / 8);
		EXPECT_EQ(n->full, 0);
	}
	ism_free(ism);
	return run;
}

static void compare(const struct run *a, const struct run *b)
{
	size_t n_frames = 0;

	for (unsigned int port = 0; port < FLOW_PORTS; port++) {
		for (unsigned int i = 0; i < SEEN; i++) {
			const struct record *ra = &a->records[port][i], *rb = &b->records[port][i];

			SHIM_TRACE_CASE(port * 100 + i);
			ASSERT_EQ(ra->n_frames, rb->n_frames);
			ASSERT_EQ(ra->len, rb->len);
			EXPECT_TRUE(ra->len == 0 || memcmp(ra->bytes, rb->bytes, ra->len) == 0);
			n_frames += ra->n_frames;
			if (i == CLIENTS)
				EXPECT_EQ(ra->n_frames, 0);
			else
				EXPECT_GT(ra->n_frames, ROUNDS * ROUND_DOWN / CLIENTS / 2);
		}
	}
	EXPECT_GT(n_frames, 100000);
}

TEST(ism, a_hundred_thousand_packets_are_the_same_to_the_byte)
{
	struct run *with_sw = run_all(NULL, NULL);
	struct run *with_own_engine = run_all(&crypto_driver_ism, NULL);
	struct run *with_engines = run_with_engines();

	compare(with_sw, with_own_engine);
	compare(with_sw, with_engines);
	run_free(with_sw);
	run_free(with_own_engine);
	run_free(with_engines);
}
