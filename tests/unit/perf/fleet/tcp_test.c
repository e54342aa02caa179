// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/tcp.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <errno.h>

enum {
	FLAG_FIN = 1,
	FLAG_SYN = 2,
	FLAG_RST = 4,
	FLAG_ACK = 16,
	SEGMENT_MAX = 2048,
	IN_FLIGHT_MAX = 256,
	STREAM_BYTES = 6000,
};

#define MS UINT64_C(1000000)

static const struct tcp_ends ends = {0x0100000a, 0x0200000a, 10000, 1723};

// ---- a segment, written and read by hand

struct parts {
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window, mss;
	size_t header, len;
	const uint8_t *data;
};

static size_t from_server(uint8_t *out, const struct parts *p)
{
	size_t header = p->mss ? 24 : 20;

	memset(out, 0, header);
	bytes_put_u16(out, ends.remote_port);
	bytes_put_u16(out + 2, ends.local_port);
	bytes_put_u32(out + 4, p->seq);
	bytes_put_u32(out + 8, p->ack);
	out[12] = (uint8_t)(header << 2);
	out[13] = p->flags;
	bytes_put_u16(out + 14, p->window);
	if (p->mss) {
		out[20] = 2;
		out[21] = 4;
		bytes_put_u16(out + 22, p->mss);
	}
	if (p->len)
		memcpy(out + header, p->data, p->len);
	bytes_put_u16(out + 16, tcp_checksum(ends.remote_be, ends.local_be, out, header + p->len));
	return header + p->len;
}

static struct parts of_client(const uint8_t *bytes, size_t len)
{
	struct parts p = {
		.seq = bytes_get_u32(bytes + 4),
		.ack = bytes_get_u32(bytes + 8),
		.flags = bytes[13],
		.window = bytes_get_u16(bytes + 14),
		.header = (size_t)(bytes[12] >> 4) * 4,
	};

	EXPECT_EQ(ends.local_port, bytes_get_u16(bytes));
	EXPECT_EQ(ends.remote_port, bytes_get_u16(bytes + 2));
	EXPECT_EQ(0, tcp_checksum(ends.local_be, ends.remote_be, bytes, len));
	p.data = bytes + p.header;
	p.len = len - p.header;
	return p;
}

// ---- a server that does nothing cleverly: go back N, and only what comes in order

struct server {
	bool is_open, fin_came, fin_is_acked, has_ended;
	uint16_t window, mss;
	uint32_t first; // its SYN
	uint32_t una, next;
	uint32_t received;
	uint64_t due_ns;
	size_t n_in;
	uint8_t in[STREAM_BYTES], out[STREAM_BYTES];
};

struct flight {
	uint64_t due_ns;
	bool to_server;
	size_t len; // 0: free
	uint8_t bytes[SEGMENT_MAX];
};

struct world {
	struct tcp tcp;
	struct server server;
	struct xorshift random;
	uint32_t percent_lost, percent_twice, jitter_ms;
	uint64_t now_ns;
	struct flight flights[IN_FLIGHT_MAX];
	size_t n_written, n_read;
	unsigned int events; // all that were told
	bool is_wrong;
	uint8_t to_write[STREAM_BYTES];
};

static void put_on_path(struct world *w, bool to_server, const uint8_t *bytes, size_t len)
{
	unsigned int copies = 1 + (xorshift_below(&w->random, 100) < w->percent_twice);

	if (xorshift_below(&w->random, 100) < w->percent_lost)
		return;
	for (unsigned int i = 0; i < IN_FLIGHT_MAX && copies > 0; i++) {
		struct flight *f = &w->flights[i];

		if (f->len)
			continue;
		f->due_ns = w->now_ns + (1 + xorshift_below(&w->random, w->jitter_ms + 1)) * MS;
		f->to_server = to_server;
		f->len = len;
		memcpy(f->bytes, bytes, len);
		copies--;
	}
}

static void server_say(struct world *w, uint8_t flags, const uint8_t *data, size_t len)
{
	struct server *s = &w->server;
	uint8_t bytes[SEGMENT_MAX];
	const struct parts p = {.seq = s->next,
		.ack = s->received,
		.flags = flags,
		.window = s->window,
		.mss = flags & FLAG_SYN ? s->mss : 0,
		.len = len,
		.data = data};

	put_on_path(w, false, bytes, from_server(bytes, &p));
}

// All that is not acknowledged, from the start.
static void server_send(struct world *w)
{
	struct server *s = &w->server;
	uint32_t end = s->first + 1 + STREAM_BYTES;

	for (s->next = s->una; s->next != end && s->next - s->una < 4000;) {
		size_t n = end - s->next < 1000 ? end - s->next : 1000;

		server_say(w, FLAG_ACK, s->out + (s->next - s->first - 1), n);
		s->next += (uint32_t)n;
	}
	if (s->next == end && s->fin_came) {
		server_say(w, FLAG_ACK | FLAG_FIN, NULL, 0);
		s->next++;
	}
	s->due_ns = w->now_ns + 300 * MS;
}

static void server_receive(struct world *w, const uint8_t *bytes, size_t len)
{
	struct server *s = &w->server;
	const struct parts p = of_client(bytes, len);

	if (p.flags & FLAG_SYN) {
		if (!s->is_open) {
			s->received = p.seq + 1;
			s->next = s->first;
			server_say(w, FLAG_SYN | FLAG_ACK, NULL, 0);
		}
		return;
	}
	if (!s->is_open && p.ack == s->first + 1) {
		s->is_open = true;
		s->una = s->next = s->first + 1;
		server_send(w);
	}
	if (!s->is_open)
		return;
	if ((int32_t)(p.ack - s->una) > 0) {
		s->una = p.ack;
		s->fin_is_acked = p.ack == s->first + 2 + STREAM_BYTES;
		if (!s->fin_is_acked)
			server_send(w);
	}
	if (p.len == 0 && !(p.flags & FLAG_FIN))
		return;
	if (p.seq == s->received) {
		if (p.len > sizeof(s->in) - s->n_in || s->fin_came) {
			w->is_wrong = true;
			return;
		}
		memcpy(s->in + s->n_in, p.data, p.len);
		s->n_in += p.len;
		s->received += (uint32_t)p.len;
		if (p.flags & FLAG_FIN) {
			s->received++;
			s->fin_came = true;
			server_send(w);
			return;
		}
	}
	server_say(w, FLAG_ACK, NULL, 0);
}

// ---- the world's clock

static void told(struct world *w, unsigned int events, struct span data)
{
	w->events |= events;
	if (data.len > STREAM_BYTES - w->n_read ||
		memcmp(data.bytes ? data.bytes : (const uint8_t *)"", w->server.out + w->n_read,
			data.len) != 0) {
		w->is_wrong = true;
		return;
	}
	w->n_read += data.len;
}

static void client_acts(struct world *w)
{
	uint8_t out[TCP_SEGMENT_BYTES_MAX];
	size_t n, room = tcp_room(&w->tcp);

	n = 1 + xorshift_below(&w->random, 220);
	if (n > STREAM_BYTES - w->n_written)
		n = STREAM_BYTES - w->n_written;
	if ((w->events & TCP_CONNECTED) && n > 0 && n <= room) {
		EXPECT_EQ(0, tcp_write(&w->tcp, span_of(w->to_write + w->n_written, n)));
		w->n_written += n;
	}
	if (w->n_written == STREAM_BYTES && w->n_read == STREAM_BYTES)
		tcp_close(&w->tcp);
	while ((n = tcp_emit(&w->tcp, w->now_ns, out)) > 0) {
		if (n > TCP_HEADER_BYTES + 4 + (size_t)w->server.mss)
			w->is_wrong = true;
		put_on_path(w, true, out, n);
	}
}

static void deliver(struct world *w)
{
	for (unsigned int i = 0; i < IN_FLIGHT_MAX; i++) {
		struct flight *f = &w->flights[i];
		struct span data;

		if (!f->len || f->due_ns > w->now_ns)
			continue;
		if (f->to_server)
			server_receive(w, f->bytes, f->len);
		else
			told(w, tcp_receive(&w->tcp, span_of(f->bytes, f->len), w->now_ns, &data),
				data);
		f->len = 0;
	}
}

static void world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = xorshift_seed(seed);
	xorshift_fill(&w->random, w->server.out, STREAM_BYTES);
	xorshift_fill(&w->random, w->to_write, STREAM_BYTES);
	w->server.first = (uint32_t)(0xfffff000 + xorshift_below(&w->random, 4096)); // comes round
	w->server.window = 300;
	w->server.mss = 400;
	w->server.due_ns = TCP_NEVER;
	w->now_ns = 1000 * MS;
	tcp_connect(&w->tcp, &ends, (uint32_t)(0xfffff800 + xorshift_below(&w->random, 2048)),
		w->now_ns);
}

// Returns whether both sides closed.
static bool run(struct world *w)
{
	for (unsigned int ms = 0; ms < 600000 && !(w->events & TCP_ENDED); ms++) {
		w->now_ns += MS;
		deliver(w);
		if (w->now_ns >= tcp_deadline(&w->tcp))
			w->events |= tcp_expire(&w->tcp, w->now_ns);
		if (w->server.is_open && !w->server.fin_is_acked && w->now_ns >= w->server.due_ns)
			server_send(w);
		client_acts(w);
	}
	return w->tcp.end == TCP_END_CLOSED;
}

TEST(fleet_tcp, carries_both_streams_over_any_path)
{
	static const struct {
		uint32_t percent_lost, percent_twice, jitter_ms;
	} paths[] = {{0, 0, 0}, {0, 20, 0}, {0, 0, 40}, {5, 0, 0}, {10, 10, 20}, {20, 5, 100}};
	static struct world w;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		for (uint64_t seed = 1; seed <= 20; seed++) {
			SHIM_TRACE_CASE((long long)(i * 100 + seed));
			world_init(&w, seed);
			w.percent_lost = paths[i].percent_lost;
			w.percent_twice = paths[i].percent_twice;
			w.jitter_ms = paths[i].jitter_ms;
			EXPECT_TRUE(run(&w));
			EXPECT_FALSE(w.is_wrong);
			EXPECT_EQ(STREAM_BYTES, w.n_read);
			EXPECT_EQ(STREAM_BYTES, w.server.n_in);
			EXPECT_EQ(0, memcmp(w.to_write, w.server.in, STREAM_BYTES));
			EXPECT_TRUE(w.server.fin_came);
			EXPECT_EQ(
				TCP_CONNECTED | TCP_DATA | TCP_ACKED | TCP_PEER_CLOSED | TCP_ENDED,
				w.events);
		}
	}
}

// ---- one thing after the other

struct pair {
	struct tcp tcp;
	uint8_t bytes[SEGMENT_MAX];
	struct span data;
};

static unsigned int hears(struct pair *p, struct parts parts, uint64_t now_ns)
{
	size_t n = from_server(p->bytes, &parts);

	return tcp_receive(&p->tcp, span_of(p->bytes, n), now_ns, &p->data);
}

static struct parts says(struct pair *p, uint64_t now_ns)
{
	size_t n = tcp_emit(&p->tcp, now_ns, p->bytes);

	return n ? of_client(p->bytes, n) : (struct parts){0};
}

static void open_pair(struct pair *p)
{
	tcp_connect(&p->tcp, &ends, 100, 0);
	struct parts syn = says(p, 0);

	EXPECT_EQ(FLAG_SYN, syn.flags);
	EXPECT_EQ(24, syn.header);
	EXPECT_EQ(TCP_CONNECTED, hears(p,
					 (struct parts){.seq = 500,
						 .ack = 101,
						 .flags = FLAG_SYN | FLAG_ACK,
						 .window = 1000},
					 20 * MS));
	struct parts ack = says(p, 20 * MS);
	EXPECT_EQ(FLAG_ACK, ack.flags);
	EXPECT_EQ(501, ack.ack);
	EXPECT_EQ(0, says(p, 20 * MS).flags);
	EXPECT_EQ(TCP_NEVER, tcp_deadline(&p->tcp));
}

TEST(fleet_tcp, syn_is_repeated_with_doubled_times_and_given_up)
{
	static struct pair p;
	uint64_t now_ns = 0, wait_ns = 1000 * MS;

	tcp_connect(&p.tcp, &ends, 100, 0);
	EXPECT_EQ(FLAG_SYN, says(&p, 0).flags);
	for (unsigned int i = 0; i < TCP_SYN_RETRIES_MAX; i++) {
		EXPECT_EQ(now_ns + wait_ns, tcp_deadline(&p.tcp));
		now_ns = tcp_deadline(&p.tcp);
		EXPECT_EQ(0, tcp_expire(&p.tcp, now_ns - 1));
		EXPECT_EQ(0, tcp_expire(&p.tcp, now_ns));
		EXPECT_EQ(FLAG_SYN, says(&p, now_ns).flags);
		wait_ns = wait_ns < 8000 * MS ? 2 * wait_ns : wait_ns;
	}
	EXPECT_EQ(TCP_ENDED, tcp_expire(&p.tcp, tcp_deadline(&p.tcp)));
	EXPECT_EQ(TCP_END_TIMEOUT, p.tcp.end);
	EXPECT_EQ(TCP_NEVER, tcp_deadline(&p.tcp));
}

TEST(fleet_tcp, rst_answers_syn_only_with_the_right_number)
{
	static struct pair p;

	tcp_connect(&p.tcp, &ends, 100, 0);
	(void)says(&p, 0);
	EXPECT_EQ(0, hears(&p, (struct parts){.ack = 77, .flags = FLAG_RST | FLAG_ACK}, 1));
	EXPECT_EQ(
		TCP_ENDED, hears(&p, (struct parts){.ack = 101, .flags = FLAG_RST | FLAG_ACK}, 1));
	EXPECT_EQ(TCP_END_REFUSED, p.tcp.end);
}

TEST(fleet_tcp, what_is_left_of_an_earlier_connection_is_reset)
{
	static struct pair p;

	tcp_connect(&p.tcp, &ends, 100, 0);
	(void)says(&p, 0);
	EXPECT_EQ(0, hears(&p, (struct parts){.seq = 9, .ack = 4711, .flags = FLAG_ACK}, 1));
	struct parts rst = says(&p, 1);
	EXPECT_EQ(FLAG_RST, rst.flags);
	EXPECT_EQ(4711, rst.seq);
	EXPECT_EQ(0, tcp_expire(&p.tcp, tcp_deadline(&p.tcp)));
	EXPECT_EQ(FLAG_SYN, says(&p, 1000 * MS).flags);
}

TEST(fleet_tcp, reset_in_an_open_connection_wants_exactly_the_next_number)
{
	static struct pair p;

	open_pair(&p);
	EXPECT_EQ(0, hears(&p, (struct parts){.seq = 502, .flags = FLAG_RST}, 30 * MS));
	EXPECT_EQ(FLAG_ACK, says(&p, 30 * MS).flags); // RFC 5961 3.2
	EXPECT_EQ(TCP_ENDED, hears(&p, (struct parts){.seq = 501, .flags = FLAG_RST}, 30 * MS));
	EXPECT_EQ(TCP_END_RESET, p.tcp.end);
	EXPECT_EQ(0, says(&p, 30 * MS).flags);
}

TEST(fleet_tcp, data_is_taken_once_and_in_order)
{
	static struct pair p;
	const uint8_t text[] = "abcdef";

	open_pair(&p);
	// Ahead of a gap: dropped, and the ack says what is missing.
	EXPECT_EQ(0, hears(&p,
			     (struct parts){.seq = 503,
				     .ack = 101,
				     .flags = FLAG_ACK,
				     .window = 9,
				     .len = 4,
				     .data = text + 2},
			     1));
	EXPECT_EQ(501, says(&p, 1).ack);
	EXPECT_EQ(TCP_DATA, hears(&p,
				    (struct parts){.seq = 501,
					    .ack = 101,
					    .flags = FLAG_ACK,
					    .window = 9,
					    .len = 3,
					    .data = text},
				    1));
	EXPECT_EQ(3, p.data.len);
	EXPECT_EQ(504, says(&p, 1).ack);
	// Half of it came before.
	EXPECT_EQ(TCP_DATA, hears(&p,
				    (struct parts){.seq = 502,
					    .ack = 101,
					    .flags = FLAG_ACK,
					    .window = 9,
					    .len = 5,
					    .data = text + 1},
				    1));
	EXPECT_EQ(3, p.data.len);
	EXPECT_EQ('d', p.data.bytes[0]);
	EXPECT_EQ(507, says(&p, 1).ack);
	EXPECT_EQ(0, hears(&p,
			     (struct parts){.seq = 501,
				     .ack = 101,
				     .flags = FLAG_ACK,
				     .window = 9,
				     .len = 6,
				     .data = text},
			     1));
	EXPECT_EQ(507, says(&p, 1).ack);
}

TEST(fleet_tcp, wrong_checksum_is_nothing)
{
	static struct pair p;
	const struct parts parts = {.seq = 501, .ack = 101, .flags = FLAG_RST};

	open_pair(&p);
	size_t n = from_server(p.bytes, &parts);
	p.bytes[16] ^= 1;
	EXPECT_EQ(0, tcp_receive(&p.tcp, span_of(p.bytes, n), 1, &p.data));
	EXPECT_EQ(TCP_OPEN, p.tcp.state);
	for (size_t len = 0; len < TCP_HEADER_BYTES; len++)
		EXPECT_EQ(0, tcp_receive(&p.tcp, span_of(p.bytes, len), 1, &p.data));
}

TEST(fleet_tcp, buffer_takes_all_or_nothing_and_waits_for_the_ack)
{
	static struct pair p;
	uint8_t bytes[TCP_SEND_BYTES + 1] = {1};

	open_pair(&p);
	EXPECT_EQ(-ENOBUFS, tcp_write(&p.tcp, span_of(bytes, sizeof(bytes))));
	EXPECT_EQ(0, tcp_write(&p.tcp, span_of(bytes, TCP_SEND_BYTES)));
	EXPECT_EQ(0, tcp_room(&p.tcp));
	EXPECT_EQ(TCP_SEND_BYTES, says(&p, 30 * MS).len); // the default MSS is more
	// A round trip of 20 ms: the least time-out.
	EXPECT_EQ(230 * MS, tcp_deadline(&p.tcp));
	EXPECT_EQ(0, tcp_expire(&p.tcp, 230 * MS));
	EXPECT_EQ(101, says(&p, 230 * MS).seq);
	EXPECT_EQ(630 * MS, tcp_deadline(&p.tcp));
	uint64_t srtt_ns = p.tcp.srtt_ns;
	EXPECT_EQ(TCP_ACKED,
		hears(&p,
			(struct parts){
				.seq = 501, .ack = 101 + 200, .flags = FLAG_ACK, .window = 1000},
			240 * MS));
	EXPECT_EQ(200, tcp_room(&p.tcp));
	EXPECT_EQ(srtt_ns, p.tcp.srtt_ns); // Karn: it was sent twice
	// Of what was never sent.
	EXPECT_EQ(0,
		hears(&p, (struct parts){.seq = 501, .ack = 9999, .flags = FLAG_ACK, .window = 1},
			240 * MS));
	EXPECT_EQ(200, tcp_room(&p.tcp));
}

TEST(fleet_tcp, late_ack_spares_what_was_to_be_repeated)
{
	static struct pair p;

	open_pair(&p);
	EXPECT_EQ(0, tcp_write(&p.tcp, span_of("abcdef", 6)));
	EXPECT_EQ(6, says(&p, 30 * MS).len);
	EXPECT_EQ(0, tcp_expire(&p.tcp, 230 * MS));
	EXPECT_EQ(TCP_ACKED,
		hears(&p, (struct parts){.seq = 501, .ack = 105, .flags = FLAG_ACK, .window = 1000},
			231 * MS));
	struct parts rest = says(&p, 231 * MS);
	EXPECT_EQ(105, rest.seq);
	EXPECT_EQ(2, rest.len);
}

TEST(fleet_tcp, nothing_comes_behind_a_fin)
{
	static struct pair p;

	open_pair(&p);
	EXPECT_EQ(TCP_PEER_CLOSED,
		hears(&p,
			(struct parts){
				.seq = 501, .ack = 101, .flags = FLAG_ACK | FLAG_FIN, .window = 9},
			1));
	EXPECT_EQ(0, hears(&p,
			     (struct parts){.seq = 502,
				     .ack = 101,
				     .flags = FLAG_ACK,
				     .window = 9,
				     .len = 1,
				     .data = (const uint8_t *)"x"},
			     1));
	EXPECT_EQ(502, says(&p, 1).ack);
}

TEST(fleet_tcp, shut_window_is_probed_by_one_byte)
{
	static struct pair p;

	open_pair(&p);
	(void)hears(&p, (struct parts){.seq = 501, .ack = 101, .flags = FLAG_ACK, .window = 0},
		30 * MS);
	EXPECT_EQ(0, tcp_write(&p.tcp, span_of("xyz", 3)));
	EXPECT_EQ(0, says(&p, 30 * MS).len);
	EXPECT_EQ(230 * MS, tcp_deadline(&p.tcp));
	(void)tcp_expire(&p.tcp, 230 * MS);
	EXPECT_EQ(1, says(&p, 230 * MS).len);
	EXPECT_EQ(0, says(&p, 230 * MS).len);
	EXPECT_EQ(TCP_ACKED,
		hears(&p, (struct parts){.seq = 501, .ack = 102, .flags = FLAG_ACK, .window = 50},
			240 * MS));
	EXPECT_EQ(2, says(&p, 240 * MS).len);
}

TEST(fleet_tcp, fin_follows_the_data_and_a_late_fin_is_still_acknowledged)
{
	static struct pair p;

	open_pair(&p);
	EXPECT_EQ(0, tcp_write(&p.tcp, span_of("bye", 3)));
	tcp_close(&p.tcp);
	EXPECT_EQ(-ENOBUFS, tcp_write(&p.tcp, span_of("x", 1)));
	struct parts fin = says(&p, 30 * MS);
	EXPECT_EQ(3, fin.len);
	EXPECT_TRUE(fin.flags & FLAG_FIN);
	EXPECT_EQ(TCP_ACKED,
		hears(&p, (struct parts){.seq = 501, .ack = 105, .flags = FLAG_ACK, .window = 50},
			40 * MS));
	const struct parts last = {
		.seq = 501, .ack = 105, .flags = FLAG_ACK | FLAG_FIN, .window = 50};
	EXPECT_EQ(TCP_PEER_CLOSED | TCP_ENDED, hears(&p, last, 50 * MS));
	EXPECT_EQ(TCP_END_CLOSED, p.tcp.end);
	EXPECT_EQ(502, says(&p, 50 * MS).ack);
	EXPECT_EQ(0, hears(&p, last, 60 * MS));
	EXPECT_EQ(502, says(&p, 60 * MS).ack);
	EXPECT_EQ(TCP_NEVER, tcp_deadline(&p.tcp));
}

TEST(fleet_tcp, abort_sends_one_reset)
{
	static struct pair p;

	open_pair(&p);
	tcp_abort(&p.tcp);
	struct parts rst = says(&p, 1);
	EXPECT_EQ(FLAG_RST, rst.flags);
	EXPECT_EQ(101, rst.seq);
	EXPECT_EQ(0, says(&p, 1).flags);
}

TEST(fleet_tcp, segment_of_no_connection_is_reset)
{
	static struct pair p;
	uint8_t out[TCP_SEGMENT_BYTES_MAX];
	struct parts rst;

	size_t n = from_server(p.bytes, &(struct parts){.seq = 7,
						.ack = 99,
						.flags = FLAG_ACK,
						.len = 3,
						.data = (const uint8_t *)"abc"});
	n = tcp_reset_for(&ends, span_of(p.bytes, n), out);
	rst = of_client(out, n);
	EXPECT_EQ(FLAG_RST, rst.flags);
	EXPECT_EQ(99, rst.seq);
	n = from_server(p.bytes, &(struct parts){.seq = 7, .flags = FLAG_SYN});
	rst = of_client(out, tcp_reset_for(&ends, span_of(p.bytes, n), out));
	EXPECT_EQ(FLAG_RST | FLAG_ACK, rst.flags);
	EXPECT_EQ(8, rst.ack);
	n = from_server(p.bytes, &(struct parts){.seq = 7, .flags = FLAG_RST});
	EXPECT_EQ(0, tcp_reset_for(&ends, span_of(p.bytes, n), out));
}

TEST(fleet_tcp, any_bytes_at_all_do_no_harm)
{
	static struct pair p;
	struct xorshift random = xorshift_seed(5);

	open_pair(&p);
	for (unsigned int i = 0; i < 200000; i++) {
		size_t n = 20 + xorshift_below(&random, 40);

		xorshift_fill(&random, p.bytes, n);
		p.bytes[13] &= (uint8_t)~FLAG_RST;
		if (xorshift_below(&random, 2))
			bytes_put_u32(p.bytes + 4, p.tcp.received);
		bytes_put_u16(p.bytes + 16, 0);
		bytes_put_u16(
			p.bytes + 16, tcp_checksum(ends.remote_be, ends.local_be, p.bytes, n));
		unsigned int events = tcp_receive(&p.tcp, span_of(p.bytes, n), i, &p.data);
		if (p.data.len)
			EXPECT_TRUE(
				p.data.bytes > p.bytes && p.data.bytes + p.data.len <= p.bytes + n);
		EXPECT_EQ(0, events & TCP_ENDED);
		(void)tcp_emit(&p.tcp, i, p.bytes);
	}
}
