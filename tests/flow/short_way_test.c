// SPDX-License-Identifier: BSD-3-Clause
// The short way is the stages' work done faster, and nothing else: the same random traffic through a worker with it and
// through one without gives the same bytes in the same order a session, the same counters, and the same state.
#include "flow.h"
#include "flow_clock.h"

#include "dataplane/lane_clock.h"
#include "msg/acl.h"
#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/ppp.h"

#include <stdlib.h>

enum {
	BURSTS = 1500,
	BURST_MAX = 48,
	CLIENTS = 12,
	LIMITED = 10,	// from this one on
	STREAMS = 1024, // outputs by port and session
	RECENT = 8,
	STRANGE = 9,
};

static const struct flow_client_options kinds[CLIENTS] = {
	{.clear = true},
	{.clear = true, .mss_max = 1200, .client_pfc = true, .client_acfc = true, .send_pfc = true},
	{.clear = true,
		.client_acfc = true,
		.send_acfc = true,
		.reorder_pkts = 8,
		.reorder_us = 50000},
	{.clear = true, .client_pfc = true, .send_pfc = true, .send_acfc = true, .late_pkts = 16},
	{.clear = true, .peer_window = 16, .ack_timeout_us = 1000000, .mtu = 900},
	{.clear = true, .nat_loose = true},
	{.mss_max = 1300, .client_acfc = true},
	{.client_pfc = true,
		.client_acfc = true,
		.reorder_pkts = 8,
		.reorder_us = 50000,
		.send_pfc = true},
	{.stateful_up = true, .stateful_down = true, .mtu = 1000},
	{.clear_but_required = true},
	{.clear = true},
	{.client_acfc = true},
};

// Of the last two: less than a burst may take.
static const struct command_session_policy limited = {
	.rate_up_bps = 10000,
	.rate_down_bps = 10000,
	.burst_up_bytes = 2000,
	.burst_down_bytes = 1500,
	.acl_up = ACL_NONE,
	.acl_down = ACL_NONE,
	.idle_s = 3600,
};

// What came out: a running sum for each port and session, in which order counts.
struct stream {
	uint64_t key, sum;
	unsigned int n;
};

struct trace {
	struct stream streams[STREAMS];
	unsigned int n_streams, n_frames, n_events;
	uint64_t events; // a sum in which order does not count
	struct lane_counters lane;
	struct session_counters sessions[CLIENTS];
	struct gre_window windows[CLIENTS];
	struct mppe_sync syncs[CLIENTS][2];
};

struct play {
	struct flow f;
	struct xorshift x;
	struct flow_client clients[CLIENTS];
	struct {
		uint8_t bytes[FLOW_FRAME_BYTES];
		size_t len;
	} recent[RECENT]; // frames up that are sent again
	struct trace *trace;
	uint64_t begin_ns;
	// Where what is not for the usual host goes, in a burst. One kind of ICMP of ours is made for each: that of a burst is
	// made stage by stage, so kinds have no order between them.
	unsigned int strange;
};

// --- what came out ----------------------------------------------------------------------------------

static uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return sum;
}

// Both addresses, and the Call ID of what is GRE: one receiver's or one sender's. Of an ICMP error of ours to a host
// those of what it is about.
static uint64_t key_of(unsigned int port, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + FLOW_ETHER_BYTES;
	uint64_t key = UINT64_C(0xcbf29ce484222325) + port;

	if (len < FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES)
		return key;
	key = sum_bytes(key, ip + 12, 8);
	if (len < FLOW_ETHER_BYTES + 28)
		return key;
	if (ip[9] == INET_ICMP && ip[20] == 3 && len >= FLOW_ETHER_BYTES + 48)
		return sum_bytes(key, ip + 40, 8);
	return ip[9] == GRE_IP_PROTOCOL ? sum_bytes(key, ip + 26, 2) : key;
}

static void note_frame(struct trace *t, unsigned int port, const uint8_t *frame, size_t len)
{
	uint64_t key = key_of(port, frame, len);
	unsigned int i = 0;

	while (i < t->n_streams && t->streams[i].key != key)
		i++;
	ASSERT_LT(i, STREAMS);
	if (i == t->n_streams)
		t->streams[t->n_streams++] = (struct stream){.key = key};
	t->streams[i].sum = sum_bytes(t->streams[i].sum + len, frame, len);
	t->streams[i].n++;
	t->n_frames++;
}

static void note_event(struct trace *t, struct lane_event *e)
{
	uint64_t sum = sum_bytes(e->kind, &e->session_id, sizeof(e->session_id));

	if (e->packet)
		sum = sum_bytes(sum, rte_pktmbuf_mtod(e->packet, uint8_t *), e->packet->data_len);
	rte_pktmbuf_free(e->packet);
	t->events += sum;
	t->n_events++;
}

static void take_all(struct play *p)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	struct lane_event e;
	size_t len;

	for (unsigned int port = 0; port < FLOW_PORTS; port++)
		while ((len = flow_take(&p->f, port, frame)) > 0)
			note_frame(p->trace, port, frame, len);
	while (flow_event(&p->f, 0, FLOW_ANY_KIND, &e) ||
		flow_exception(&p->f, 0, FLOW_ANY_KIND, &e))
		note_event(p->trace, &e);
}

static uint64_t now_ns(void)
{
	struct lane_clock c = {0};

	return lane_clock_read(&c);
}

// The clock goes on from one play to the next.
static void since_begin(const struct play *p, uint64_t *ns)
{
	if (*ns > 0)
		*ns -= p->begin_ns;
}

static void take_state(struct play *p)
{
	struct trace *t = p->trace;

	t->lane = *p->f.counters[0];
	// How work is cut into turns is nobody's business.
	t->lane.loops_busy = t->lane.loops_idle = t->lane.rx_bursts = t->lane.busy_cycles = 0;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		const struct session *s = flow_session(&p->clients[i]);
		t->sessions[i] = s->counters;
		t->windows[i] = s->gre;
		t->syncs[i][0] = s->rx_sync;
		t->syncs[i][1] = s->tx_sync;
		since_begin(p, &t->sessions[i].last_up_ns);
		since_begin(p, &t->windows[i].ack_due_ns);
		for (unsigned int k = 0; k < 2; k++) {
			since_begin(p, &t->syncs[i][k].told_ns);
			since_begin(p, &t->syncs[i][k].asked_ns);
		}
	}
}

// --- what goes in -----------------------------------------------------------------------------------

static void mend(uint8_t *ip)
{
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, (size_t)(ip[0] & 15) * 4));
}

static size_t make_inner(struct play *p, uint8_t *ip, uint32_t from, uint32_t to)
{
	struct xorshift *x = &p->x;
	size_t len;

	switch (xorshift_below(x, 12)) {
	case 0:
		return flow_tcp_syn(ip, from, to, (uint16_t)(1000 + xorshift_below(x, 500)));
	case 1:
		return flow_echo_request(ip, from, to, 28 + xorshift_below(x, 100));
	case 2: // a TCP segment without SYN, as likely as not
		len = flow_ip(ip, from, to, INET_TCP, 20 + xorshift_below(x, 60));
		return len;
	case 3: // anything may be wrong
		len = flow_ip(ip, from, to, INET_UDP, 20 + xorshift_below(x, 200));
		if (xorshift_below(x, 2)) {
			ip[1 + xorshift_below(x, 19)] ^= (uint8_t)(1 << xorshift_below(x, 8));
		} else {
			ip[1 + xorshift_below(x, 7)] ^= (uint8_t)(1 << xorshift_below(x, 8));
			mend(ip);
		}
		return len;
	case 4:
		len = flow_ip(ip, from, to, INET_UDP, 900 + xorshift_below(x, 600));
		flow_ip_set(ip, 64, 0,
			true); // fragments made of it would go behind the others of the burst
		return len;
	case 5:
		len = flow_ip(ip, from, to, INET_UDP, 40);
		flow_ip_set(ip,
			(uint8_t)(to == FLOW_HOST && p->strange > 4 ? xorshift_below(x, 3) : 9), 0,
			true);
		return len;
	default:
		len = flow_ip(ip, from, to, INET_UDP, 20 + xorshift_below(x, 300));
		flow_ip_set(ip, (uint8_t)(2 + xorshift_below(x, 250)), (uint8_t)xorshift_next(x),
			xorshift_below(x, 2));
		return len;
	}
}

// Mostly to a host whose address is known. Other clients hear from one client alone: there is no order between packets
// of several.
static uint32_t far_end(struct play *p, const struct flow_client *c)
{
	const uint32_t others[STRANGE] = {FLOW_NOWHERE, FLOW_SERVER_INNER, FLOW_INSIDE_ADDRESS,
		c == &p->clients[1] ? p->clients[0].inner : FLOW_HOST,
		c == &p->clients[1] ? p->clients[6].inner : FLOW_HOST, FLOW_UNKNOWN_HOST,
		0xe0000005, FLOW_LISTEN, UINT32_MAX};

	return xorshift_below(&p->x, 8) ? FLOW_HOST : others[p->strange];
}

// With an ack behind the number, as a client with traffic both ways sends it.
static size_t add_ack(struct play *p, const struct flow_client *c, uint8_t *frame, size_t len)
{
	uint8_t *ip = frame + FLOW_ETHER_BYTES, *gre = ip + INET_IPV4_HEADER_BYTES;
	uint32_t next = flow_session(c)->gre.next_seq;

	memmove(gre + 16, gre + 12, len - (size_t)(gre + 12 - frame));
	gre[1] |= 0x80;
	bytes_put_u32(gre + 12, next - xorshift_below(&p->x, 6));
	bytes_put_u16(ip + 2, (uint16_t)(bytes_get_u16(ip + 2) + 4));
	mend(ip);
	return len + 4;
}

// What was sent to the driver together with garbage of a stateful session is dropped unread, and how packets are sent
// to it together is where the two may differ: so nothing of these is lost or damaged.
static bool is_fragile(const struct flow_client *c)
{
	return c->options.stateful_up;
}

static size_t make_up(struct play *p, struct flow_client *c, uint8_t *frame)
{
	struct xorshift *x = &p->x;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];
	uint32_t seq = c->seq++;
	size_t len;

	if (xorshift_below(x, 24) == 0) { // a control frame, or nothing that is one
		xorshift_fill(x, ppp, 40);
		ppp[0] = 0xff;
		ppp[1] = 3;
		ppp[2] = xorshift_below(x, 2) ? 0xc0 : ppp[2];
		len = xorshift_below(x, 40);
	} else {
		uint32_t from = xorshift_below(x, 24) ? c->inner : c->inner + 1;
		len = make_inner(p, ip, from, far_end(p, c));
		len = flow_ppp_data(c, ppp, PPP_IP, ip, len);
	}
	if (xorshift_below(x, 40) == 0 && !is_fragile(c))
		seq += xorshift_below(x, 2) ? 1 + xorshift_below(x, 2000)
					    : 0U - xorshift_below(x, 80);
	len = flow_gre_frame(c, frame, seq, ppp, len);
	if (xorshift_below(x, 3) == 0)
		len = add_ack(p, c, frame, len);
	return len;
}

static void damage(struct play *p, uint8_t *frame, size_t len)
{
	frame[xorshift_below(&p->x, len < 64 ? (uint32_t)len : 64)] ^=
		(uint8_t)(1 << xorshift_below(&p->x, 8));
	if (xorshift_below(&p->x, 2) && (frame[FLOW_ETHER_BYTES] & 15) == 5)
		mend(frame + FLOW_ETHER_BYTES);
}

static void push(struct play *p, unsigned int port, const uint8_t *frame, size_t len)
{
	if (xorshift_below(&p->x, 50) == 0)
		ASSERT_TRUE(flow_push_chain(
			&p->f, port, frame, len, 1 + xorshift_below(&p->x, (uint32_t)len)));
	else
		ASSERT_TRUE(flow_push(&p->f, port, 0, frame, len));
}

// A client's packet up, one of before again, or one that is kept back and overtaken by others.
static void push_up(struct play *p, struct flow_client *c)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	unsigned int k = xorshift_below(&p->x, RECENT);
	size_t len = make_up(p, c, frame);
	unsigned int fate = xorshift_below(&p->x, 40);

	if (fate < 2 && is_fragile(c))
		fate = 3;
	if (fate == 0) {
		memcpy(p->recent[k].bytes, frame, len);
		p->recent[k].len = len;
		return;
	}
	if (fate == 1)
		damage(p, frame, len);
	push(p, FLOW_OUTSIDE, frame, len + (fate == 2 ? 8 : 0)); // padded by Ethernet
	if (fate > 2 && fate < 6 && p->recent[k].len > 0)
		push(p, FLOW_OUTSIDE, p->recent[k].bytes, p->recent[k].len);
}

static void push_lone_ack(struct play *p, const struct flow_client *c)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t len = flow_gre_frame(c, frame, flow_session(c)->gre.next_seq - 1, NULL, 0);
	uint8_t *gre = frame + FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES;

	gre[0] &= (uint8_t)~0x10; // the number is an ack's
	gre[1] |= 0x80;
	push(p, FLOW_OUTSIDE, frame, len);
}

static void push_down(struct play *p, struct flow_client *c)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t len = make_inner(p, ip, FLOW_HOST, c->inner);

	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	if (xorshift_below(&p->x, 40) == 0)
		damage(p, frame, len);
	push(p, FLOW_INSIDE, frame, len);
}

// Runs of one client's, as TCP sends them, between single ones of all.
static void play_burst(struct play *p)
{
	unsigned int n = 1 + xorshift_below(&p->x, BURST_MAX);
	struct flow_client *c = &p->clients[0];

	p->strange = xorshift_below(&p->x, STRANGE);
	memset(p->recent, 0, sizeof(p->recent)); // of another kind
	for (unsigned int i = 0; i < n; i++) {
		if (xorshift_below(&p->x, 3) == 0)
			c = &p->clients[xorshift_below(&p->x, CLIENTS)];
		if (xorshift_below(&p->x, 30) == 0)
			push_lone_ack(p, c);
		else if (xorshift_below(&p->x, 5) < 3)
			push_up(p, c);
		else
			push_down(p, c);
	}
	flow_poll(&p->f);
	take_all(p);
	flow_wait_us(&p->f, 100000); // no rate runs out
	take_all(p);
}

static void play(struct trace *trace, bool no_short_way, uint64_t seed)
{
	struct play *p = calloc(1, sizeof(*p));

	ASSERT_TRUE(p != NULL);
	p->x = xorshift_seed(seed);
	p->trace = trace;
	p->begin_ns = now_ns();
	flow_open(&p->f, &(struct flow_options){.no_short_way = no_short_way,
				 .may_be_stateful = true,
				 .may_be_late = true,
				 .event_ring = 1024,
				 .exception_ring = 1024,
				 .outside_mtu = 1300});
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct flow_client_options options = kinds[i];
		options.number = i + 2;
		// Less than a burst takes: one that is owed again when its turn in the list of acks comes would wait behind
		// those of sessions that came before it in the burst.
		options.ack_delay_us = 50000;
		flow_client_up(&p->f, &p->clients[i], &options);
		const struct lane_command policy = {.kind = COMMAND_SESSION_POLICY,
			.session_id = p->clients[i].id,
			.policy = limited};
		if (i >= LIMITED)
			EXPECT_TRUE(flow_command(&p->f, 0, &policy));
	}
	for (unsigned int i = 0; i < BURSTS; i++)
		play_burst(p);
	take_state(p);
	flow_close(&p->f);
	free(p);
}

static const struct stream *find_stream(const struct trace *t, uint64_t key)
{
	for (unsigned int i = 0; i < t->n_streams; i++)
		if (t->streams[i].key == key)
			return &t->streams[i];
	return NULL;
}

TEST(short_way, does_what_the_stages_do)
{
	const char *text = getenv("ADIT_FLOW_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 31;
	struct trace *is = calloc(1, sizeof(*is)), *must = calloc(1, sizeof(*must));

	ASSERT_TRUE(is != NULL && must != NULL);
	play(is, false, seed);
	play(must, true, seed);
	EXPECT_EQ(is->n_frames, must->n_frames);
	EXPECT_EQ(is->n_events, must->n_events);
	EXPECT_EQ(is->events, must->events);
	EXPECT_EQ(is->n_streams, must->n_streams);
	for (unsigned int i = 0; i < must->n_streams; i++) {
		const struct stream *s = find_stream(is, must->streams[i].key);
		SHIM_TRACE_CASE(i);
		ASSERT_TRUE(s != NULL);
		EXPECT_EQ(s->n, must->streams[i].n);
		EXPECT_EQ(s->sum, must->streams[i].sum);
	}
	for (size_t i = 0; i < COUNTER_LANE_COUNT; i++) {
		const struct counter_info *info = &counter_lane_infos[i];
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(counter_read_info(&is->lane, info), counter_read_info(&must->lane, info));
	}
	EXPECT_EQ(memcmp(&is->lane, &must->lane, sizeof(is->lane)), 0);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(memcmp(&is->sessions[i], &must->sessions[i], sizeof(is->sessions[i])), 0);
		EXPECT_EQ(memcmp(&is->windows[i], &must->windows[i], sizeof(is->windows[i])), 0);
		EXPECT_EQ(memcmp(is->syncs[i], must->syncs[i], sizeof(is->syncs[i])), 0);
	}
	// Much has gone each way, or the test is not worth its time.
	EXPECT_GT(must->lane.upstream_pkts, BURSTS * 4);
	EXPECT_GT(must->lane.downstream_pkts, BURSTS * 4);
	EXPECT_GT(must->lane.acks_in, BURSTS);
	EXPECT_GT(must->lane.fragments_made, 20);
	EXPECT_GT(must->lane.mss_clamped, 100);
	EXPECT_GT(must->lane.drops[DROP_RATE_LIMIT_UP], 100);
	EXPECT_GT(must->lane.drops[DROP_RATE_LIMIT_DOWN], 100);
	free(is);
	free(must);
}
