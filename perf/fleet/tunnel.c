// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/tunnel.h"

#include "perf/fleet/dial_state.h"
#include "perf/fleet/kernel_tcp.h"
#include "wire/inet.h"

#include <errno.h>
#include <stdio.h>

static const uint64_t ANSWER_NS = 20 * FLEET_S; // for SYN, SCCRQ, StopCCRQ, FIN
static const uint64_t ECHO_NS = 60 * FLEET_S;	// RFC 2637 3.1.4

// ---- segments

static void send_segment(
	struct fleet *f, struct rte_mbuf *m, const struct tcp_ends *ends, size_t len)
{
	uint8_t *packet = rte_pktmbuf_mtod(m, uint8_t *);

	m->data_len = (uint16_t)(INET_IPV4_HEADER_BYTES + len);
	m->pkt_len = m->data_len;
	inet_ipv4_put(packet, ends->local_be, ends->remote_be, INET_TCP, m->data_len,
		f->dial->ip_id++, 64, 0, true);
	port_send_outside(f, m);
}

static void flush(struct tunnel *t)
{
	struct fleet *f = t->fleet;

	for (;;) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);

		if (!m) // its timer sends it again
			return;
		size_t len = tcp_emit(&t->tcp, f->now_ns,
			rte_pktmbuf_mtod(m, uint8_t *) + INET_IPV4_HEADER_BYTES);
		if (len == 0) {
			rte_pktmbuf_free(m);
			return;
		}
		send_segment(f, m, &t->tcp.ends, len);
	}
}

void tunnel_refuse_segment(struct fleet *f, const struct tcp_ends *ends, struct span segment)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);

	if (!m)
		return;
	size_t len = tcp_reset_for(
		ends, segment, rte_pktmbuf_mtod(m, uint8_t *) + INET_IPV4_HEADER_BYTES);
	if (len > 0)
		send_segment(f, m, ends, len);
	else
		rte_pktmbuf_free(m);
}

static void arm(struct tunnel *t)
{
	uint64_t due = t->deadline_ns, tcp = tcp_deadline(&t->tcp);

	due = tcp < due ? tcp : due;
	// Earlier than it is now it must be set; later will do when it fires.
	if (t->timer.at == 0 ? due != FLEET_NEVER : due < t->timer.due_ns)
		timer_heap_arm(&t->fleet->dial->timers, &t->timer, due);
}

static void enter(struct tunnel *t, enum tunnel_state state, uint64_t wait_ns)
{
	t->state = (uint8_t)state;
	t->deadline_ns = wait_ns == FLEET_NEVER ? FLEET_NEVER : t->fleet->now_ns + wait_ns;
}

// ---- what dial.c wants

void tunnel_connect(struct tunnel *t, const struct tcp_ends *ends, uint32_t first_seq)
{
	enter(t, TUNNEL_CONNECTING, ANSWER_NS);
	if (t->fleet->options.tcp == FLEET_TCP_KERNEL) {
		t->tcp.ends = *ends;
		int error = kernel_tcp_connect(t);

		if (error)
			tunnel_lose(t, FLEET_TCP_REFUSED, span_of_text(strerror(-error)));
	} else {
		tcp_connect(&t->tcp, ends, first_seq, t->fleet->now_ns);
		flush(t);
	}
	arm(t);
}

static int write_stream(struct tunnel *t, struct span bytes)
{
	if (t->fd >= 0)
		return kernel_tcp_write(t, bytes);
	return tcp_write(&t->tcp, bytes);
}

int tunnel_send(struct tunnel *t, const struct pptp_message *message)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pptp_put(&w, message);
	int error = write_stream(t, span_of(bytes, w.len));
	if (!error && t->fd < 0)
		flush(t);
	arm(t);
	return error;
}

void tunnel_stop(struct tunnel *t)
{
	const struct pptp_message stop = {.type = PPTP_STOP_CCRQ, .stop.code = PPTP_STOP_NONE};

	if (t->state != TUNNEL_OPEN)
		return;
	enter(t, TUNNEL_STOPPING, ANSWER_NS);
	(void)tunnel_send(t, &stop); // no room: the time-out tells
}

static void close_stream(struct tunnel *t)
{
	enter(t, TUNNEL_CLOSING, ANSWER_NS);
	if (t->fd >= 0) {
		kernel_tcp_shut(t);
		return;
	}
	tcp_close(&t->tcp);
	flush(t);
}

static void finish(struct tunnel *t, enum fleet_reason reason)
{
	enter(t, TUNNEL_CLOSED, FLEET_NEVER);
	kernel_tcp_close(t);
	dial_tunnel_gone(t, reason);
}

void tunnel_abort(struct tunnel *t)
{
	if (t->state == TUNNEL_IDLE || t->state == TUNNEL_CLOSED)
		return;
	enter(t, TUNNEL_CLOSED, FLEET_NEVER);
	kernel_tcp_close(t);
	tcp_abort(&t->tcp);
	flush(t);
}

void tunnel_lose(struct tunnel *t, enum fleet_reason reason, struct span text)
{
	if (t->state == TUNNEL_CLOSED)
		return;
	if (t->state >= TUNNEL_STOPPING) {
		tunnel_abort(t);
		dial_tunnel_gone(t, reason);
		return;
	}
	tunnel_abort(t);
	dial_tunnel_lost(t, reason, text);
}

// ---- PPTP

static void send_sccrq(struct tunnel *t)
{
	struct pptp_message m = {.type = PPTP_SCCRQ};

	m.start.version = PPTP_VERSION;
	m.start.framing = 1;
	m.start.bearer = 1;
	memcpy(m.start.host_name, "fleet", 5);
	memcpy(m.start.vendor, "adit", 4);
	enter(t, TUNNEL_STARTING, ANSWER_NS);
	(void)tunnel_send(t, &m); // an empty buffer has room
}

static void receive_sccrp(struct tunnel *t, const struct pptp_start *reply)
{
	char text[48];

	if (t->state != TUNNEL_STARTING)
		return;
	if (reply->result != PPTP_SCCRP_OK) {
		snprintf(text, sizeof(text), "result %u, error %u", reply->result, reply->error);
		tunnel_lose(t, FLEET_SCCRP_RESULT, span_of_text(text));
		return;
	}
	enter(t, TUNNEL_OPEN, ECHO_NS);
	dial_tunnel_opened(t);
}

static void receive_stop(struct tunnel *t, const struct pptp_stop *stop)
{
	const struct pptp_message reply = {.type = PPTP_STOP_CCRP, .stop.code = 1};
	char text[32];

	(void)tunnel_send(t, &reply);
	snprintf(text, sizeof(text), "reason %u", stop->code);
	tunnel_lose(t, FLEET_STOPPED, span_of_text(text));
}

static void receive_message(struct tunnel *t, const struct pptp_message *m)
{
	struct pptp_message reply = {.type = PPTP_ECHO_REPLY, .echo.result = 1};

	t->has_echo = false;
	switch (m->type) {
	case PPTP_SCCRP:
		receive_sccrp(t, &m->start);
		break;
	case PPTP_STOP_CCRQ:
		receive_stop(t, &m->stop);
		break;
	case PPTP_STOP_CCRP:
		if (t->state != TUNNEL_STOPPING)
			break;
		t->is_clean = true;
		close_stream(t);
		break;
	case PPTP_ECHO_REQUEST:
		reply.echo.identifier = m->echo.identifier;
		(void)tunnel_send(t, &reply);
		break;
	case PPTP_ECHO_REPLY:
		break;
	default:
		dial_tunnel_message(t, m);
		break;
	}
}

static void told_peer_closed(struct tunnel *t)
{
	if (t->state < TUNNEL_CLOSING)
		tunnel_lose(t, FLEET_TCP_CLOSED, (struct span){0});
}

void tunnel_told_closed(struct tunnel *t)
{
	if (t->state == TUNNEL_CLOSING)
		finish(t, FLEET_NONE);
	else
		told_peer_closed(t);
}

static bool is_alive(const struct tunnel *t)
{
	return t->state > TUNNEL_CONNECTING && t->state < TUNNEL_CLOSED;
}

// Read the message at the start of bytes. Returns its length, 0 when it is not all there, or below 0 after the tunnel
// is lost.
static int receive_first(struct tunnel *t, struct span bytes)
{
	struct pptp_message m;
	int len = pptp_message_len(bytes);

	if (len == 0 || (len > 0 && (size_t)len > bytes.len))
		return 0;
	if (len < 0 || pptp_get(bytes, &m) != 0) {
		tunnel_lose(t, FLEET_PPTP_BROKEN, (struct span){0});
		return -1;
	}
	receive_message(t, &m);
	return len;
}

void tunnel_receive_stream(struct tunnel *t, struct span bytes)
{
	// The rest of a message that began before.
	while (t->n_partial > 0 && bytes.len > 0 && is_alive(t)) {
		size_t n = sizeof(t->partial) - t->n_partial;

		n = n < bytes.len ? n : bytes.len;
		uint8_t had = t->n_partial;
		memcpy(t->partial + had, bytes.bytes, n);
		int len = receive_first(t, span_of(t->partial, had + n));
		if (len < 0)
			return;
		if (len == 0) {
			t->n_partial = (uint8_t)(had + n);
			return;
		}
		t->n_partial = 0;
		bytes = span_of(bytes.bytes + (len - had), bytes.len - (size_t)(len - had));
	}
	while (bytes.len > 0 && is_alive(t)) {
		int len = receive_first(t, bytes);

		if (len < 0)
			return;
		if (len == 0) { // no message is longer than partial[]
			memcpy(t->partial, bytes.bytes, bytes.len);
			t->n_partial = (uint8_t)bytes.len;
			return;
		}
		bytes = span_of(bytes.bytes + len, bytes.len - (size_t)len);
	}
}

void tunnel_told_connected(struct tunnel *t)
{
	if (t->state == TUNNEL_CONNECTING)
		send_sccrq(t);
}

// ---- TCP

static void told(struct tunnel *t, unsigned int events, struct span data)
{
	static const enum fleet_reason reasons[] = {
		[TCP_END_REFUSED] = FLEET_TCP_REFUSED,
		[TCP_END_RESET] = FLEET_TCP_CLOSED,
		[TCP_END_TIMEOUT] = FLEET_TCP_LOST,
	};

	if (events & TCP_CONNECTED)
		tunnel_told_connected(t);
	if (events & TCP_DATA)
		tunnel_receive_stream(t, data);
	if ((events & TCP_ACKED) && is_alive(t))
		dial_tunnel_has_room(t);
	if (events & TCP_PEER_CLOSED)
		told_peer_closed(t);
	if (!(events & TCP_ENDED) || t->state == TUNNEL_CLOSED)
		return;
	if (t->tcp.end == TCP_END_CLOSED)
		tunnel_told_closed(t);
	else if (t->tcp.end == TCP_END_TIMEOUT && t->state == TUNNEL_CONNECTING)
		tunnel_lose(t, FLEET_TCP_TIMEOUT, (struct span){0});
	else
		tunnel_lose(t, reasons[t->tcp.end], (struct span){0});
}

void tunnel_receive(struct tunnel *t, struct span segment)
{
	struct span data;

	told(t, tcp_receive(&t->tcp, segment, t->fleet->now_ns, &data), data);
	flush(t);
	arm(t);
}

static void expire_wait(struct tunnel *t)
{
	static const enum fleet_reason reasons[] = {
		[TUNNEL_CONNECTING] = FLEET_TCP_TIMEOUT,
		[TUNNEL_STARTING] = FLEET_SCCRP_TIMEOUT,
		[TUNNEL_OPEN] = FLEET_PPTP_ECHO,
		[TUNNEL_STOPPING] = FLEET_STOP_TIMEOUT,
		[TUNNEL_CLOSING] = FLEET_FIN_TIMEOUT,
	};
	const struct pptp_message echo = {
		.type = PPTP_ECHO_REQUEST, .echo.identifier = (uint32_t)t->first};

	if (t->state == TUNNEL_OPEN && !t->has_echo) {
		t->deadline_ns = t->fleet->now_ns + ECHO_NS;
		t->has_echo = tunnel_send(t, &echo) == 0;
		return;
	}
	tunnel_lose(t, reasons[t->state], (struct span){0});
}

void tunnel_expire(struct tunnel *t)
{
	uint64_t now_ns = t->fleet->now_ns;

	told(t, tcp_expire(&t->tcp, now_ns), (struct span){0});
	flush(t);
	if (now_ns >= t->deadline_ns)
		expire_wait(t);
	arm(t);
}
