// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/tcp.h"

#include <errno.h>

enum flag { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

enum {
	OFFSET_SEQ = 4,
	OFFSET_ACK = 8,
	OFFSET_LEN = 12,
	OFFSET_FLAGS = 13,
	OFFSET_WINDOW = 14,
	OFFSET_CHECKSUM = 16,
	MSS_OPTION = 2,
	MSS_OPTION_BYTES = 4,
	MSS_DEFAULT = 536, // RFC 9293 3.7.1
	MSS_MIN = 64,	   // a server that says 1 would have a segment for each byte
	OUR_MSS = 1460,
};

// RFC 6298, but for the least time-out: one second would be most of a set-up, 200 ms is what the peers' kernels have.
static const uint64_t RTO_FIRST_NS = 1000000000;
static const uint64_t RTO_MIN_NS = 200000000;
static const uint64_t RTO_MAX_NS = 8000000000;

struct segment {
	uint32_t seq, ack;
	uint16_t window;
	uint16_t mss; // 0: no such option
	uint8_t flags;
	struct span data;
};

static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

// ---- bytes

uint16_t tcp_checksum(uint32_t source_be, uint32_t destination_be, const uint8_t *bytes, size_t len)
{
	uint8_t pseudo[12];
	uint32_t sum = 0;
	size_t i;

	memcpy(pseudo, &source_be, 4);
	memcpy(pseudo + 4, &destination_be, 4);
	bytes_put_u16(pseudo + 8, 6);
	bytes_put_u16(pseudo + 10, (uint16_t)len);
	for (i = 0; i < sizeof(pseudo); i += 2)
		sum += bytes_get_u16(pseudo + i);
	for (i = 0; i + 1 < len; i += 2)
		sum += bytes_get_u16(bytes + i);
	if (i < len)
		sum += (uint32_t)bytes[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void get_options(struct span options, struct segment *s)
{
	struct reader r = reader_of(options);

	while (r.left > 0) {
		uint8_t kind = reader_u8(&r);

		if (kind == 0)
			return;
		if (kind == 1)
			continue;
		uint8_t len = reader_u8(&r);
		if (len < 2)
			return;
		struct span value = reader_take(&r, len - 2u);
		if (kind == MSS_OPTION && value.len == 2)
			s->mss = bytes_get_u16(value.bytes);
	}
}

static bool get(const struct tcp_ends *ends, struct span bytes, struct segment *out)
{
	if (bytes.len < TCP_HEADER_BYTES)
		return false;
	size_t header = (size_t)(bytes.bytes[OFFSET_LEN] >> 4) * 4;
	if (header < TCP_HEADER_BYTES || header > bytes.len ||
		tcp_checksum(ends->remote_be, ends->local_be, bytes.bytes, bytes.len) != 0)
		return false;
	*out = (struct segment){
		.seq = bytes_get_u32(bytes.bytes + OFFSET_SEQ),
		.ack = bytes_get_u32(bytes.bytes + OFFSET_ACK),
		.window = bytes_get_u16(bytes.bytes + OFFSET_WINDOW),
		.flags = bytes.bytes[OFFSET_FLAGS],
		.data = span_of(bytes.bytes + header, bytes.len - header),
	};
	if (out->flags & SYN)
		get_options(
			span_of(bytes.bytes + TCP_HEADER_BYTES, header - TCP_HEADER_BYTES), out);
	return true;
}

static size_t put(const struct tcp_ends *ends, const struct segment *s, uint8_t *out)
{
	size_t header = TCP_HEADER_BYTES + (s->mss ? MSS_OPTION_BYTES : 0);

	bytes_put_u16(out, ends->local_port);
	bytes_put_u16(out + 2, ends->remote_port);
	bytes_put_u32(out + OFFSET_SEQ, s->seq);
	bytes_put_u32(out + OFFSET_ACK, s->ack);
	out[OFFSET_LEN] = (uint8_t)(header / 4 << 4);
	out[OFFSET_FLAGS] = s->flags;
	bytes_put_u16(out + OFFSET_WINDOW, s->window);
	bytes_put_u32(out + OFFSET_CHECKSUM, 0); // and the urgent pointer
	if (s->mss) {
		out[TCP_HEADER_BYTES] = MSS_OPTION;
		out[TCP_HEADER_BYTES + 1] = MSS_OPTION_BYTES;
		bytes_put_u16(out + TCP_HEADER_BYTES + 2, s->mss);
	}
	if (s->data.len > 0)
		memcpy(out + header, s->data.bytes, s->data.len);
	bytes_put_u16(out + OFFSET_CHECKSUM,
		tcp_checksum(ends->local_be, ends->remote_be, out, header + s->data.len));
	return header + s->data.len;
}

// ---- timer

static uint64_t time_out(const struct tcp *t)
{
	uint64_t ns = t->srtt_ns ? t->srtt_ns + 4 * t->rttvar_ns : RTO_FIRST_NS;

	if (ns < RTO_MIN_NS)
		ns = RTO_MIN_NS;
	ns <<= t->n_retries;
	return ns < RTO_MAX_NS ? ns : RTO_MAX_NS;
}

static void take_sample(struct tcp *t, uint64_t now_ns)
{
	uint64_t rtt = now_ns - t->timed_ns + 1;
	uint64_t off = rtt > t->srtt_ns ? rtt - t->srtt_ns : t->srtt_ns - rtt;

	t->is_timing = false;
	if (!t->srtt_ns) {
		t->srtt_ns = rtt;
		t->rttvar_ns = rtt / 2;
		return;
	}
	t->rttvar_ns += off / 4 - t->rttvar_ns / 4;
	t->srtt_ns += rtt / 8 - t->srtt_ns / 8;
}

static uint32_t end_of_data(const struct tcp *t)
{
	return t->data_seq + t->n_data;
}

// Is something out, or held back by a window that is shut?
static bool needs_timer(const struct tcp *t)
{
	return t->state == TCP_SYN_SENT || t->una != t->max || is_before(t->next, end_of_data(t));
}

static void restart_timer(struct tcp *t, uint64_t now_ns)
{
	t->due_ns = needs_timer(t) ? now_ns + time_out(t) : TCP_NEVER;
}

static unsigned int finish(struct tcp *t, enum tcp_end end)
{
	t->state = end == TCP_END_CLOSED ? TCP_DONE : TCP_CLOSED;
	t->end = (uint8_t)end;
	t->due_ns = TCP_NEVER;
	return TCP_ENDED;
}

unsigned int tcp_expire(struct tcp *t, uint64_t now_ns)
{
	if (t->state == TCP_CLOSED || now_ns < t->due_ns)
		return 0;
	if (t->n_retries >= (t->state == TCP_SYN_SENT ? TCP_SYN_RETRIES_MAX : TCP_RETRIES_MAX))
		return finish(t, TCP_END_TIMEOUT);
	t->n_retries++;
	t->next = t->una;     // all that is out goes again, in as few segments as it can
	t->is_timing = false; // Karn: no sample from what was sent twice
	t->is_probing = t->window == 0;
	restart_timer(t, now_ns);
	return 0;
}

// ---- what the caller wants

void tcp_connect(struct tcp *t, const struct tcp_ends *ends, uint32_t first_seq, uint64_t now_ns)
{
	*t = (struct tcp){
		.ends = *ends,
		.state = TCP_SYN_SENT,
		.first_seq = first_seq,
		.una = first_seq,
		.next = first_seq,
		.max = first_seq,
		.data_seq = first_seq + 1,
		.mss = MSS_DEFAULT,
		.due_ns = TCP_NEVER,
	};
	restart_timer(t, now_ns);
}

int tcp_write(struct tcp *t, struct span bytes)
{
	if (bytes.len > tcp_room(t))
		return -ENOBUFS;
	memcpy(t->data + t->n_data, bytes.bytes, bytes.len);
	t->n_data = (uint16_t)(t->n_data + bytes.len);
	return 0;
}

void tcp_close(struct tcp *t)
{
	t->fin_is_wanted = true;
}

void tcp_abort(struct tcp *t)
{
	if (t->state == TCP_CLOSED)
		return;
	t->reset_is_due = t->state == TCP_OPEN;
	t->reset_seq = t->next;
	(void)finish(t, TCP_END_RESET);
}

// ---- out

static void note_sent(struct tcp *t, uint32_t n, uint64_t now_ns)
{
	bool was_idle = t->una == t->max;

	t->next += n;
	if (n > 0 && is_before(t->max, t->next)) {
		if (!t->is_timing && t->n_retries == 0) {
			t->is_timing = true;
			t->timed_seq = t->next;
			t->timed_ns = now_ns;
		}
		t->max = t->next;
	}
	t->ack_is_due = t->is_probing = false;
	if (was_idle || t->due_ns == TCP_NEVER)
		restart_timer(t, now_ns);
}

static size_t emit_syn(struct tcp *t, uint64_t now_ns, uint8_t *out)
{
	const struct segment s = {
		.seq = t->first_seq, .window = TCP_WINDOW_BYTES, .mss = OUR_MSS, .flags = SYN};

	if (t->next != t->first_seq)
		return 0;
	note_sent(t, 1, now_ns);
	return put(&t->ends, &s, out);
}

static size_t emit_reset(struct tcp *t, uint8_t *out)
{
	const struct segment s = {.seq = t->reset_seq, .flags = RST};

	t->reset_is_due = false;
	return put(&t->ends, &s, out);
}

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t tcp_emit(struct tcp *t, uint64_t now_ns, uint8_t *out)
{
	if (t->reset_is_due)
		return emit_reset(t, out);
	if (t->state == TCP_CLOSED)
		return 0;
	if (t->state == TCP_SYN_SENT)
		return emit_syn(t, now_ns, out);

	uint32_t at = t->next - t->data_seq; // may be behind our FIN
	uint32_t in_window = t->una + t->window - t->next;
	size_t n = at < t->n_data ? min_of(t->n_data - at, t->mss) : 0;

	if (is_before(t->una + t->window, t->next))
		in_window = 0;
	n = min_of(n, in_window == 0 && t->is_probing ? 1 : in_window);
	bool is_fin = t->fin_is_wanted && !t->fin_is_acked && t->next + n == end_of_data(t);
	if (n == 0 && !is_fin && !t->ack_is_due) {
		if (t->due_ns == TCP_NEVER)
			restart_timer(t, now_ns); // the window is shut: the timer will probe
		return 0;
	}
	const struct segment s = {
		.seq = t->next,
		.ack = t->received,
		.window = TCP_WINDOW_BYTES,
		.flags = (uint8_t)(ACK | (n ? PSH : 0) | (is_fin ? FIN : 0)),
		.data = span_of(t->data + (n ? at : 0), n),
	};
	note_sent(t, (uint32_t)n + is_fin, now_ns);
	return put(&t->ends, &s, out);
}

// ---- in

static unsigned int receive_in_syn_sent(struct tcp *t, const struct segment *s, uint64_t now_ns)
{
	bool acks = (s->flags & ACK) && s->ack == t->first_seq + 1;

	if (s->flags & RST)
		return acks ? finish(t, TCP_END_REFUSED) : 0;
	if ((s->flags & ACK) && !acks) {
		// A connection of the same ends lives on there from an earlier run: away with it.
		t->reset_is_due = true;
		t->reset_seq = s->ack;
		return 0;
	}
	if (!acks || !(s->flags & SYN))
		return 0;
	t->state = TCP_OPEN;
	t->una = t->next = t->max = s->ack;
	t->received = s->seq + 1;
	t->window = s->window;
	if (s->mss)
		t->mss = s->mss > MSS_MIN ? s->mss : MSS_MIN;
	t->ack_is_due = true;
	if (t->is_timing)
		take_sample(t, now_ns);
	t->n_retries = 0;
	restart_timer(t, now_ns);
	return TCP_CONNECTED;
}

static unsigned int take_ack(struct tcp *t, const struct segment *s, uint64_t now_ns)
{
	if (is_before(s->ack, t->una) || is_before(t->max, s->ack))
		return 0;
	t->window = s->window;
	if (s->ack == t->una)
		return 0;
	size_t n = min_of(s->ack - t->data_seq, t->n_data);

	memmove(t->data, t->data + n, t->n_data - n);
	t->n_data = (uint16_t)(t->n_data - n);
	t->data_seq += (uint32_t)n;
	t->una = s->ack;
	if (is_before(t->next, t->una))
		t->next = t->una;
	t->fin_is_acked = t->fin_is_wanted && s->ack == end_of_data(t) + 1;
	if (t->is_timing && !is_before(s->ack, t->timed_seq))
		take_sample(t, now_ns);
	t->n_retries = 0;
	restart_timer(t, now_ns);
	return n > 0 ? TCP_ACKED : 0;
}

// RFC 5961 3.2: only an RST with exactly the next number counts.
static unsigned int receive_reset(struct tcp *t, const struct segment *s)
{
	if (s->seq == t->received)
		return finish(t, TCP_END_RESET);
	t->ack_is_due = true;
	return 0;
}

static unsigned int take_data(struct tcp *t, const struct segment *s, struct span *data)
{
	uint32_t old = t->received - s->seq; // bytes that came before
	uint32_t n = (uint32_t)s->data.len;

	if (n == 0 && !(s->flags & FIN)) {
		t->ack_is_due |= s->seq != t->received; // a keep-alive, say
		return 0;
	}
	t->ack_is_due = true;
	if (is_before(t->received, s->seq) || old > n || t->peer_has_closed)
		return 0;
	*data = span_of(s->data.bytes + old, n - old);
	t->received += n - old;
	if (s->flags & FIN) {
		t->received++;
		t->peer_has_closed = true;
	}
	return (data->len ? TCP_DATA : 0) | (t->peer_has_closed ? TCP_PEER_CLOSED : 0);
}

unsigned int tcp_receive(struct tcp *t, struct span segment, uint64_t now_ns, struct span *data)
{
	struct segment s;
	unsigned int events;

	*data = (struct span){0};
	if (t->state == TCP_CLOSED || !get(&t->ends, segment, &s))
		return 0;
	if (t->state == TCP_SYN_SENT)
		return receive_in_syn_sent(t, &s, now_ns);
	if (s.flags & RST)
		return t->state == TCP_DONE ? 0 : receive_reset(t, &s);
	if ((s.flags & SYN) || !(s.flags & ACK) || is_before(t->max, s.ack)) {
		t->ack_is_due = true; // RFC 5961 4, 5
		return 0;
	}
	events = take_ack(t, &s, now_ns);
	events |= take_data(t, &s, data);
	if (t->state == TCP_OPEN && t->fin_is_acked && t->peer_has_closed)
		events |= finish(t, TCP_END_CLOSED);
	return events;
}

size_t tcp_reset_for(const struct tcp_ends *ends, struct span segment, uint8_t *out)
{
	struct segment s, reset = {.flags = RST};

	if (!get(ends, segment, &s) || (s.flags & RST))
		return 0;
	if (s.flags & ACK) {
		reset.seq = s.ack;
	} else {
		reset.flags |= ACK;
		reset.ack = s.seq + (uint32_t)s.data.len + !!(s.flags & SYN) + !!(s.flags & FIN);
	}
	return put(ends, &reset, out);
}
