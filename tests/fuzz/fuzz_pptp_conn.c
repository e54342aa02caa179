// SPDX-License-Identifier: BSD-3-Clause
// The server's end of TCP/1723 under a peer that may send anything in any pieces at any time.
//
//   input  records: kind, wait in units of 500 ms, and what the kind needs; a first byte with the
//          highest bit set makes it a client that is to be refused
#include "fuzz/fuzz.h"
#include "proto/pptp_call.h"
#include "proto/pptp_conn.h"

enum record_kind {
	RECORD_BYTES, // length, bytes
	RECORD_STOP,  // by the caller: reason
	RECORD_ANSWER_STOP,
	RECORD_CALLS, // how many the caller says there are
	RECORD_KINDS,
};

struct play {
	struct pptp_conn conn;
	struct pptp_call call;
	struct pptp_conn_step step;
	uint64_t now_ns;
	bool is_closed;
};

static const struct pptp_conn_config config = {
	.host_name = "adit",
	.vendor = "adit",
	.handshake_timeout_ns = 30000000000,
	.idle_timeout_ns = 300000000000,
	.echo_interval_ns = 60000000000,
	.echo_timeout_ns = 60000000000,
	.stop_timeout_ns = 5000000000,
};

// All that we say is whole messages of a server.
static void check_said(struct span said)
{
	while (said.len > 0) {
		struct pptp_message m;
		int len = pptp_message_len(said);

		REQUIRE(len > 0 && (size_t)len <= said.len && pptp_get(said, &m) == 0);
		REQUIRE(m.type != PPTP_SCCRQ && m.type != PPTP_OCRQ && m.type != PPTP_ICRQ &&
			m.type != PPTP_CALL_CLEAR_REQUEST);
		said = span_of(said.bytes + len, said.len - (size_t)len);
	}
}

static void call(struct play *p, const struct pptp_message *message)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	const struct pptp_call_offer offer = {.call_id = 7, .window = 64, .delay = 1};
	enum end_reason reason;

	if (message->type != PPTP_OCRQ) {
		reason = pptp_call_receive(&p->call, message);
		if (reason != END_NONE)
			pptp_call_disconnect(&p->call, reason, "fuzz", &w);
	} else if (p->call.state != PPTP_CALL_ESTABLISHED &&
		   pptp_call_check(&message->ocrq) == END_NONE) {
		pptp_call_accept(&p->call, &message->ocrq, &offer, &w);
	} else {
		pptp_call_refuse(&message->ocrq, END_LIMIT_CALLS, &w);
	}
	REQUIRE(!w.failed);
	check_said(span_of(bytes, w.len));
}

// What must hold after every step.
static void look(struct play *p)
{
	const struct pptp_conn_step *step = &p->step;

	REQUIRE(step->n_bytes <= sizeof(step->bytes));
	REQUIRE(!p->is_closed || (step->n_bytes == 0 && step->notice == PPTP_CONN_NOTHING));
	check_said(span_of(step->bytes, step->n_bytes));
	if (step->notice == PPTP_CONN_CLOSE) {
		p->is_closed = true;
		REQUIRE(step->reason != END_NONE);
	}
	if (step->notice == PPTP_CONN_CALL) {
		REQUIRE(p->conn.state == PPTP_CONN_ESTABLISHED);
		call(p, &step->message);
	}
	REQUIRE(p->is_closed == (p->conn.state == PPTP_CONN_CLOSED));
	REQUIRE(p->is_closed == (pptp_conn_deadline(&p->conn) == PPTP_CONN_NEVER));
}

static void pass_time(struct play *p, uint64_t ns)
{
	uint64_t until_ns = p->now_ns + ns;

	while (pptp_conn_deadline(&p->conn) <= until_ns) {
		if (pptp_conn_deadline(&p->conn) > p->now_ns)
			p->now_ns = pptp_conn_deadline(&p->conn);
		pptp_conn_expire(&p->conn, p->now_ns, &p->step);
		look(p);
		REQUIRE(pptp_conn_deadline(&p->conn) > p->now_ns);
	}
	p->now_ns = until_ns;
}

static void give(struct play *p, struct span bytes)
{
	while (bytes.len > 0) {
		size_t taken = pptp_conn_receive(&p->conn, bytes, p->now_ns, &p->step);

		look(p);
		REQUIRE(taken <= bytes.len && (taken > 0 || p->is_closed));
		if (taken == 0)
			return;
		bytes = span_of(bytes.bytes + taken, bytes.len - taken);
	}
}

static void play_record(struct play *p, struct reader *r)
{
	uint8_t kind = reader_u8(r) % RECORD_KINDS;

	pass_time(p, reader_u8(r) * 500000000ULL);
	uint8_t choice = reader_u8(r);

	if (kind == RECORD_BYTES) {
		give(p, reader_take(r, choice < r->left ? choice : r->left));
		return;
	}
	if (kind == RECORD_STOP)
		pptp_conn_stop(&p->conn, (enum end_reason)(1 + choice % (END_REASON_COUNT - 1)),
			p->now_ns, &p->step);
	else if (kind == RECORD_ANSWER_STOP)
		pptp_conn_answer_stop(&p->conn, p->now_ns, &p->step);
	else
		pptp_conn_set_calls(&p->conn, choice, p->now_ns);
	if (kind != RECORD_CALLS)
		look(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(span_of(data, size));
	struct play p = {.now_ns = 1000};

	pptp_conn_init(&p.conn, &config, p.now_ns);
	if (size > 0 && data[0] & 0x80)
		pptp_conn_refuse(&p.conn, (enum end_reason)(1 + data[0] % (END_REASON_COUNT - 1)));
	while (r.left > 0)
		play_record(&p, &r);
	// Left alone it closes: an Echo-Request stays without reply.
	pass_time(&p, 1000000000000);
	REQUIRE(p.is_closed);
	return 0;
}
