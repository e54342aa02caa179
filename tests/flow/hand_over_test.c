// SPDX-License-Identifier: BSD-3-Clause
// Four workers in threads of their own, and sessions that are deleted and added again under traffic: with the same Call
// ID and inner address, on another worker. A thread for each port sends and receives, this one is control.
//
// A packet comes by the queue of one worker and belongs to another, in three cases of four. It carries in its
// payload to which of the sessions of that address, one after the other, it was sent, and its number. What arrives
// must be of the session that it came out of, in order, and all that does not arrive has a reason.
//
// An incarnation begins when the packets to the last one have been looked at by the worker that they came to; they may
// still lie on the way from there to the worker that had it. On the wire it is the same: an address is not given to
// another client within the microseconds that a packet spends in a queue.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/inet.h"

#include <pthread.h>
#include <rte_lcore.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum {
	CLIENTS = 24,
	KEPT = 8, // incarnations of a client whose late packets can still be read
	QUEUE_PKTS = 48,
	PACKET_BYTES = 100,
	PAYLOAD_AT = INET_IPV4_HEADER_BYTES + 8,
	GRE_CALL_ID_AT = FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES + 6,
	PEER_CALL_ID = 0x2000,
	REPLACED_MIN = 40, // for the test to be worth its time
	RECEIVED_MIN = 2000,
};

static const uint64_t RUN_NS = UINT64_C(2000000000);
static const uint64_t SLICE_NS = UINT64_C(1000000);

enum direction { UP, DOWN, DIRECTIONS };

struct incarnation {
	struct flow_client c;	   // outside's, once it is live
	uint32_t number;	   // of all of this client, from 1
	uint32_t sent[DIRECTIONS]; // by the thread of the port that it is sent to
	uint32_t last[DIRECTIONS]; // number that came last, by the thread of the other
};

struct client {
	_Atomic uint32_t live; // incarnation, 0: none. control: w, ports: r
	uint32_t last;	       // control's
	struct incarnation kept[KEPT];
	unsigned int queue;
};

struct rig;

struct port_thread {
	struct rig *rig;
	pthread_t thread;
	_Atomic uint64_t rounds;
	struct xorshift x;
	uint64_t n_sent, n_received;
};

struct rig {
	struct flow f;
	struct client clients[CLIENTS];
	struct port_thread ports[FLOW_PORTS];
	pthread_t workers[FLOW_WORKERS];
	_Atomic bool stop;
	uint64_t n_exceptions, n_replaced;
	uint64_t gone_up_pkts, gone_down_pkts;
};

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

// --- packets ----------------------------------------------------------------------------------------

static void put_payload(uint8_t *ip, unsigned int number, uint32_t incarnation, uint32_t counter)
{
	bytes_put_u32(ip + PAYLOAD_AT, number);
	bytes_put_u32(ip + PAYLOAD_AT + 4, incarnation);
	bytes_put_u32(ip + PAYLOAD_AT + 8, counter);
}

// A packet of `number`, sent to or by `incarnation`, has come: is it of the one that it came out of, and behind the last?
static void check_payload(
	const uint8_t *ip, unsigned int number, struct incarnation *of, enum direction way)
{
	uint32_t incarnation = bytes_get_u32(ip + PAYLOAD_AT + 4);
	uint32_t counter = bytes_get_u32(ip + PAYLOAD_AT + 8);

	EXPECT_EQ(number, bytes_get_u32(ip + PAYLOAD_AT));
	EXPECT_EQ(of->number, incarnation);
	EXPECT_GT(counter, of->last[way]);
	of->last[way] = counter;
}

static struct incarnation *kept(struct client *k, uint32_t incarnation)
{
	return &k->kept[incarnation % KEPT];
}

// The incarnation that is live, or NULL; it stays what it is until the end of this thread's round.
static struct incarnation *live(struct client *k)
{
	uint32_t i = atomic_load_explicit(&k->live, memory_order_acquire);

	return i ? kept(k, i) : NULL;
}

static void send_up(struct port_thread *t, unsigned int number)
{
	struct client *k = &t->rig->clients[number];
	struct incarnation *i = live(k);
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	if (!i || flow_waiting(FLOW_OUTSIDE, k->queue) >= QUEUE_PKTS)
		return;
	size_t len = flow_ip(
		ip, i->c.inner, FLOW_HOST, INET_UDP, PACKET_BYTES + xorshift_below(&t->x, 200));
	put_payload(ip, number, i->number, ++i->sent[UP]);
	len = flow_ppp_data(&i->c, ppp, 0x21, ip, len);
	len = flow_gre_frame(&i->c, frame, i->c.seq++, ppp, len);
	t->n_sent += flow_push(&t->rig->f, FLOW_OUTSIDE, k->queue, frame, len);
}

static void send_down(struct port_thread *t, unsigned int number)
{
	struct client *k = &t->rig->clients[number];
	struct incarnation *i = live(k);
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	unsigned int queue = (k->queue + 1) % FLOW_WORKERS;

	if (!i || flow_waiting(FLOW_INSIDE, queue) >= QUEUE_PKTS)
		return;
	size_t len = flow_ip(
		ip, FLOW_HOST, i->c.inner, INET_UDP, PACKET_BYTES + xorshift_below(&t->x, 200));
	put_payload(ip, number, i->number, ++i->sent[DOWN]);
	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	t->n_sent += flow_push(&t->rig->f, FLOW_INSIDE, queue, frame, len);
}

// From a client: whose, its address says; of which incarnation, the packet. An old one is one that its session let
// pass while it was there, so what came of a later one may not be behind it.
static void receive_inside(struct port_thread *t, const uint8_t *frame)
{
	const uint8_t *ip = frame + FLOW_ETHER_BYTES;
	unsigned int number = bytes_get_u32(ip + PAYLOAD_AT);

	ASSERT_LT(number, CLIENTS);
	struct client *k = &t->rig->clients[number];
	struct incarnation *i = kept(k, bytes_get_u32(ip + PAYLOAD_AT + 4));
	EXPECT_EQ(i->c.inner, bytes_get_u32(ip + 12));
	check_payload(ip, number, i, UP);
	t->n_received++;
}

// Into a tunnel: the client's Call ID says to which incarnation.
static void receive_outside(struct port_thread *t, const uint8_t *frame, size_t len)
{
	uint16_t id = (uint16_t)(bytes_get_u16(frame + GRE_CALL_ID_AT) - PEER_CALL_ID);
	struct flow_down down;

	ASSERT_LT(id, CLIENTS * KEPT);
	struct incarnation *i = &t->rig->clients[id / KEPT].kept[id % KEPT];
	if (!flow_open_down(&i->c, frame, len, &down)) {
		FAIL("not a frame of this session");
		return;
	}
	if (down.has_seq) {
		check_payload(down.bytes, id / KEPT, i, DOWN);
		t->n_received++;
	}
}

static unsigned int receive(struct port_thread *t, unsigned int port)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	unsigned int n = 0;
	size_t len;

	for (; n < 256 && (len = flow_take(&t->rig->f, port, frame)) > 0; n++) {
		if (port == FLOW_INSIDE)
			receive_inside(t, frame);
		else
			receive_outside(t, frame, len);
	}
	return n;
}

static void *run_port(void *context)
{
	struct port_thread *t = context;
	unsigned int port = (unsigned int)(t - t->rig->ports);

	while (!atomic_load(&t->rig->stop)) {
		for (unsigned int i = 0; i < CLIENTS; i++) {
			unsigned int number = xorshift_below(&t->x, CLIENTS);
			if (port == FLOW_OUTSIDE)
				send_up(t, number);
			else
				send_down(t, number);
		}
		if (receive(t, port) == 0)
			sched_yield();
		atomic_fetch_add(&t->rounds, 1);
	}
	return NULL;
}

static void *run_worker(void *worker)
{
	EXPECT_EQ(0, rte_thread_register());
	(void)worker_run(worker);
	rte_thread_unregister();
	return NULL;
}

// --- control ----------------------------------------------------------------------------------------

static void wait_rounds(struct rig *r)
{
	for (unsigned int port = 0; port < FLOW_PORTS; port++) {
		uint64_t from = atomic_load(&r->ports[port].rounds);
		while (atomic_load(&r->ports[port].rounds) < from + 2)
			sched_yield();
	}
}

static void take_exceptions(struct rig *r)
{
	struct lane_event e;

	for (unsigned int i = 0; i < FLOW_WORKERS; i++)
		while (flow_exception(&r->f, i, FLOW_ANY_KIND, &e)) {
			EXPECT_EQ(LANE_EXCEPTION, e.kind);
			r->n_exceptions++;
			rte_pktmbuf_free(e.packet);
		}
}

static void bring_up(struct rig *r, unsigned int number, unsigned int worker)
{
	struct client *k = &r->clients[number];
	uint32_t next = k->last + 1;
	struct incarnation *i = kept(k, next);
	const struct flow_client_options options = {
		.number = number + 2,
		.worker = worker,
		.slot = 1 + number + CLIENTS * (next & 1),
		.peer_call_id = (uint16_t)(PEER_CALL_ID + number * KEPT + next % KEPT),
		.clear = number % 3 == 0,
		.may_lose = true,
		.reorder_pkts = number % 2 ? 8 : 0,
		.reorder_us = 1000,
		.ack_delay_us = 600000000,
	};
	const struct lane_command policy = {
		.kind = COMMAND_SESSION_POLICY,
		.policy = {.rate_up_bps = 1000000000,
			.rate_down_bps = 1000000000,
			.burst_up_bytes = 1 << 20,
			.burst_down_bytes = 1 << 20,
			.acl_up = ACL_NONE,
			.acl_down = ACL_NONE,
			.idle_s = 3600},
	};

	*i = (struct incarnation){.number = next};
	flow_client_up(&r->f, &i->c, &options);
	if (number % 4 == 0) {
		struct lane_command command = policy;
		command.session_id = i->c.id;
		EXPECT_TRUE(flow_command(&r->f, worker, &command));
	}
	k->last = next;
	atomic_store_explicit(&k->live, next, memory_order_release);
}

// While its packets come. It has gone when its worker says so.
static void take_down(struct rig *r, unsigned int number)
{
	struct client *k = &r->clients[number];
	struct incarnation *i = kept(k, k->last);
	struct lane_event e;

	flow_client_delete(&i->c);
	while (!flow_event(&r->f, i->c.options.worker, LANE_GONE, &e)) {
		take_exceptions(r);
		sched_yield();
	}
	EXPECT_EQ(i->c.id, e.session_id);
	r->gone_up_pkts += e.totals.up_pkts;
	r->gone_down_pkts += e.totals.down_pkts;
	atomic_store_explicit(&k->live, 0, memory_order_release);
	wait_rounds(r);
	flow_wait_classified(&r->f);
}

static void start(struct rig *r, uint64_t seed)
{
	flow_open(&r->f, &(struct flow_options){.n_workers = FLOW_WORKERS, .idle_sleep_us = 50});
	ASSERT_TRUE(r->f.is_open);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		r->clients[i].queue = i / 2 % FLOW_WORKERS;
		bring_up(r, i, i % FLOW_WORKERS);
	}
	r->f.runs_itself = true;
	for (unsigned int i = 0; i < FLOW_WORKERS; i++)
		ASSERT_EQ(0, pthread_create(&r->workers[i], NULL, run_worker, r->f.workers[i]));
	for (unsigned int i = 0; i < FLOW_PORTS; i++) {
		r->ports[i].rig = r;
		r->ports[i].x = xorshift_seed(seed + i + 1);
		ASSERT_EQ(0, pthread_create(&r->ports[i].thread, NULL, run_port, &r->ports[i]));
	}
}

static void finish(struct rig *r)
{
	atomic_store(&r->stop, true);
	for (unsigned int i = 0; i < FLOW_PORTS; i++)
		pthread_join(r->ports[i].thread, NULL);
	for (unsigned int i = 0; i < FLOW_WORKERS; i++) {
		worker_stop(r->f.workers[i]);
		pthread_join(r->workers[i], NULL);
	}
	r->f.runs_itself = false;
	flow_wait_us(&r->f, 10000); // what waits for a missing one
	take_exceptions(r);
	for (unsigned int i = 0; i < FLOW_PORTS; i++)
		while (receive(&r->ports[i], i) > 0)
			;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		const struct session *s =
			flow_session(&kept(&r->clients[i], r->clients[i].last)->c);
		ASSERT_TRUE(s != NULL);
		r->gone_up_pkts += s->counters.up_pkts;
		r->gone_down_pkts += s->counters.down_pkts;
	}
}

TEST(hand_over, sessions_come_and_go_under_traffic)
{
	const char *text = getenv("ADIT_FLOW_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20262;
	struct xorshift x = xorshift_seed(seed);
	struct rig *r = calloc(1, sizeof(*r));
	uint64_t began_ns = wall_ns(), last_ns = began_ns, now_ns;

	ASSERT_TRUE(r != NULL);
	start(r, seed);
	while ((now_ns = wall_ns()) - began_ns < RUN_NS || r->n_replaced < REPLACED_MIN) {
		flow_pass_us((now_ns - last_ns) / 1000);
		last_ns = now_ns;
		take_exceptions(r);
		unsigned int number = xorshift_below(&x, CLIENTS);
		struct client *k = &r->clients[number];
		unsigned int worker = kept(k, k->last)->c.options.worker;
		take_down(r, number);
		bring_up(r, number, (worker + 1) % FLOW_WORKERS);
		r->n_replaced++;
		const struct timespec slice = {.tv_nsec = (long)SLICE_NS};
		nanosleep(&slice, NULL);
	}
	finish(r);

	uint64_t n_sent = r->ports[FLOW_OUTSIDE].n_sent + r->ports[FLOW_INSIDE].n_sent;
	uint64_t n_received = r->ports[FLOW_OUTSIDE].n_received + r->ports[FLOW_INSIDE].n_received;
	EXPECT_EQ(n_sent, n_received + r->n_exceptions + flow_drops_all(&r->f));
	EXPECT_EQ(flow_count(&r->f, upstream_pkts), r->gone_up_pkts);
	EXPECT_EQ(flow_count(&r->f, downstream_pkts), r->gone_down_pkts);
	EXPECT_EQ(
		n_received + flow_drops(&r->f, DROP_TX_FULL), r->gone_up_pkts + r->gone_down_pkts);
	EXPECT_GT(n_received, RECEIVED_MIN);
	EXPECT_GT(flow_count(&r->f, handoffs_in), n_received / 3);
	EXPECT_EQ(0, flow_count(&r->f, stale_commands));
	if (getenv("ADIT_FLOW_VERBOSE"))
		printf("%lu sent, %lu received, %lu replaced, %lu handed over, %lu dropped\n",
			n_sent, n_received, r->n_replaced, flow_count(&r->f, handoffs_in),
			flow_drops_all(&r->f));
	for (int i = 1; i < DROP_REASON_COUNT && getenv("ADIT_FLOW_VERBOSE"); i++)
		if (flow_drops(&r->f, i))
			printf("  %s %lu\n", drop_reason_name(i), flow_drops(&r->f, i));
	flow_close(&r->f);
	free(r);
}
