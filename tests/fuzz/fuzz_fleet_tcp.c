// SPDX-License-Identifier: BSD-3-Clause
// The TCP client of perf/fleet under a server that may send any segment at any time.
//
//   input  records: kind, wait in units of 50 ms, and what the kind needs
#include "fuzz/fuzz.h"
#include "perf/fleet/tcp.h"

enum record_kind {
	RECORD_RAW, // length, bytes: a segment as it is
	RECORD_SEGMENT, // flags, distance of its seq and ack from what is expected, length, options and data: one with a
	// right checksum
	RECORD_WRITE, // length
	RECORD_CLOSE,
	RECORD_ABORT,
	RECORD_KINDS,
};

enum { SERVER = 0x010012c6, CLIENT = 0x02004064, EMITS_MAX = 64 };

struct play {
	struct tcp tcp;
	uint64_t now_ns;
};

// What is sent has a right checksum and fits, and it ends: a client that always has one more segment would hold the lane.
static void emit_all(struct play *p)
{
	uint8_t out[TCP_SEGMENT_BYTES_MAX];
	size_t n;

	for (int i = 0; (n = tcp_emit(&p->tcp, p->now_ns, out)) > 0; i++) {
		REQUIRE(i < EMITS_MAX && n >= TCP_HEADER_BYTES && n <= sizeof(out));
		REQUIRE(tcp_checksum(CLIENT, SERVER, out, n) == 0);
	}
}

static void check(const struct play *p)
{
	const struct tcp *t = &p->tcp;

	REQUIRE(t->n_data <= TCP_SEND_BYTES && t->state <= TCP_DONE);
	REQUIRE((int32_t)(t->max - t->una) >= 0 && t->max - t->una <= TCP_SEND_BYTES + 2);
	REQUIRE((t->state == TCP_CLOSED) == (t->end != TCP_END_NONE && t->end != TCP_END_CLOSED));
}

static void receive(struct play *p, struct span segment)
{
	struct span data;
	unsigned int events = tcp_receive(&p->tcp, segment, p->now_ns, &data);

	REQUIRE(!(events & TCP_DATA) == (data.len == 0));
	if (data.len > 0)
		REQUIRE(data.bytes >= segment.bytes + TCP_HEADER_BYTES &&
			data.bytes + data.len == segment.bytes + segment.len);
}

static void receive_made(struct play *p, struct reader *r)
{
	uint8_t segment[TCP_HEADER_BYTES + 255], flags = reader_u8(r);
	int8_t seq_off = (int8_t)reader_u8(r), ack_off = (int8_t)reader_u8(r);
	uint8_t header = reader_u8(r); // both of its halves are used
	struct span rest = reader_take(r, reader_u8(r));

	if (r->failed)
		return;
	bytes_put_u16(segment, 1723);
	bytes_put_u16(segment + 2, 10000);
	bytes_put_u32(segment + 4, p->tcp.received + (uint32_t)seq_off);
	bytes_put_u32(segment + 8, p->tcp.max + (uint32_t)ack_off);
	segment[12] = header;
	segment[13] = flags;
	bytes_put_u16(
		segment + 14, (uint16_t)(header << 12 | header)); // the window, shut now and then
	bytes_put_u32(segment + 16, 0);
	if (rest.len > 0)
		memcpy(segment + TCP_HEADER_BYTES, rest.bytes, rest.len);
	size_t len = TCP_HEADER_BYTES + rest.len;
	bytes_put_u16(segment + 16, tcp_checksum(SERVER, CLIENT, segment, len));
	receive(p, span_of(segment, len));
}

static void play_record(struct play *p, struct reader *r)
{
	static const uint8_t said[255];
	uint8_t kind = reader_u8(r) % RECORD_KINDS;
	struct span bytes;

	p->now_ns += reader_u8(r) * UINT64_C(50000000);
	if (p->now_ns >= tcp_deadline(&p->tcp))
		(void)tcp_expire(&p->tcp, p->now_ns);
	switch (kind) {
	case RECORD_RAW:
		bytes = reader_take(r, reader_u8(r));
		if (!r->failed)
			receive(p, bytes);
		break;
	case RECORD_SEGMENT:
		receive_made(p, r);
		break;
	case RECORD_WRITE:
		(void)tcp_write(&p->tcp, span_of(said, reader_u8(r)));
		break;
	case RECORD_CLOSE:
		tcp_close(&p->tcp);
		break;
	case RECORD_ABORT:
		tcp_abort(&p->tcp);
		break;
	}
	emit_all(p);
	check(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tcp_ends ends = {CLIENT, SERVER, 10000, 1723};
	struct reader r = reader_of(span_of(data, size));
	uint8_t reset[TCP_SEGMENT_BYTES_MAX];
	struct play p = {.now_ns = 1};

	size_t n = tcp_reset_for(&ends, span_of(data, size), reset);
	REQUIRE(n == 0 || (n == TCP_HEADER_BYTES && tcp_checksum(CLIENT, SERVER, reset, n) == 0));
	tcp_connect(&p.tcp, &ends, 0xfffffff0, p.now_ns); // numbers come round soon
	emit_all(&p);
	while (r.left > 0)
		play_record(&p, &r);
	return 0;
}
