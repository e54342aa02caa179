// SPDX-License-Identifier: BSD-3-Clause
#include "control/conn.h"

#include "control/call.h"
#include "control/control_state.h"
#include "control/debug_call.h"
#include "control/history_note.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_BYTES = 2048, // a turn: one client that talks much does not hold the lane
	// What may wait for a client that does not read, and as much again as its calls may have to say: who
	// hangs up a thousand calls reads when he has written, and is not to be cut for that.
	OUT_BYTES = 8192,
	OUT_CALL_BYTES = PPTP_MESSAGE_BYTES_MAX,
	DRAIN_READS = 8,
	CALLS_AT_ONCE = 64, // of a connection that end in one turn
};

static const uint64_t CLOSE_NS = 2000000000; // patience with the last bytes

static void act(struct conn *conn, struct pptp_conn_step *step);
static void fire(struct timer *t, uint64_t now_ns);
static void ready(struct loop_source *s, uint32_t events);

// ---- birth and death ----------------------------------------------------------------------------

struct conn *conn_new(
	struct control *c, int fd, uint32_t client_be, uint16_t client_port_be, uint16_t listen)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	if (timer_heap_join(&c->loop.timers, &conn->timer, fire) != 0) {
		free(conn);
		return NULL;
	}
	conn->control = c;
	conn->source = (struct loop_source){.fd = fd, .events = EPOLLIN, .ready = ready};
	conn->client_be = client_be;
	conn->client_port_be = client_port_be;
	conn->listen = listen;
	conn->accepted_ns = control_now(c);
	conn->number = ++c->last_tunnel;
	timeline_mark(&conn->timeline, TIMELINE_TCP, conn->accepted_ns);
	conn_calls_init(&conn->calls);
	conn->begun_ns = conn->accepted_ns;
	pptp_conn_init(&conn->pptp, &c->conn_config, control_now(c));
	TAILQ_INSERT_TAIL(&c->conns, conn, in_all);
	c->n_conns++;
	return conn;
}

int conn_give_up(struct conn *conn)
{
	struct control *c = conn->control;
	int fd = conn->source.fd;

	admission_leave(&c->admission, &conn->ticket);
	timer_heap_leave(&c->loop.timers, &conn->timer);
	loop_remove(&c->loop, &conn->source);
	TAILQ_REMOVE(&c->conns, conn, in_all);
	c->n_conns--;
	conn_calls_fini(&conn->calls);
	free(conn->out);
	free(conn);
	return fd;
}

void conn_doom(struct conn *conn, enum end_reason reason)
{
	if (conn->is_doomed)
		return;
	if (!conn->is_closing)
		conn->reason = reason;
	conn->is_doomed = true;
	TAILQ_INSERT_TAIL(&conn->control->doomed, conn, in_doomed);
}

// The socket is of no use any more.
static void break_off(struct conn *conn, enum end_reason reason)
{
	conn->is_broken = true;
	conn_doom(conn, reason);
}

// As many as there is time for, one at least. Returns whether all have ended.
static bool end_some_calls(struct conn *conn, enum end_reason reason, uint64_t end_ns)
{
	while (conn->calls.n > 0) {
		call_end(TAILQ_FIRST(&conn->calls.list), reason);
		if (loop_slice_is_over(end_ns))
			break;
	}
	return conn->calls.n == 0;
}

static void end_calls(struct conn *conn, enum end_reason reason)
{
	while (conn->calls.n > 0)
		call_end(TAILQ_FIRST(&conn->calls.list), reason);
}

static void tell_closed(struct conn *conn)
{
	struct control *c = conn->control;
	struct event e;

	event_begin(&e, EVENT_CONNECTION_CLOSED);
	event_endpoint(&e, "client", conn->client_be, conn->client_port_be);
	event_end_reason(&e, conn->reason);
	if (conn->pptp.stop_code)
		event_u64(&e, "stop-reason", conn->pptp.stop_code); // the client's word for it
	event_duration(&e, "duration", control_now(c) - conn->accepted_ns);
	event_send(c->config.log, &e);
	history_note_conn(conn);
	debug_conn_closed(conn);
}

// Data that is left unread turns the close into a reset, and a reset takes our last reply from the
// client's hands.
static void drain(struct conn *conn)
{
	uint8_t bytes[READ_BYTES];

	if (conn->is_broken || shutdown(conn->source.fd, SHUT_WR) != 0)
		return;
	for (int i = 0; i < DRAIN_READS; i++)
		if (recv(conn->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			return;
}

void conn_reap(struct control *c)
{
	struct conn *conn;
	uint64_t end_ns = loop_slice_end();

	while ((conn = TAILQ_FIRST(&c->doomed))) {
		if (!end_some_calls(conn, conn->reason, end_ns))
			return;
		TAILQ_REMOVE(&c->doomed, conn, in_doomed);
		counter_add(&c->counters.connections_closed[conn->reason], 1);
		tell_closed(conn);
		drain(conn);
		close(conn_give_up(conn));
		if (loop_slice_is_over(end_ns))
			return;
	}
}

// ---- writing ------------------------------------------------------------------------------------

static void count_out(struct control *c, struct span messages)
{
	while (messages.len >= PPTP_HEADER_BYTES) {
		uint16_t len = bytes_get_u16(messages.bytes);
		uint16_t type = bytes_get_u16(messages.bytes + 8);
		if (len < PPTP_HEADER_BYTES || len > messages.len)
			return;
		counter_add(&c->counters.pptp_out[type < COUNTER_PPTP_TYPES ? type : 0], 1);
		messages = span_of(messages.bytes + len, messages.len - len);
	}
}

// Returns how many bytes the socket took.
static size_t try_send(struct conn *conn, struct span bytes)
{
	ssize_t n = send(conn->source.fd, bytes.bytes, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		break_off(conn, END_TCP_ERROR);
	if (n <= 0)
		return 0;
	counter_add(&conn->control->counters.tcp_bytes_out, (uint64_t)n);
	return (size_t)n;
}

// Room for n_bytes in conn->out. Returns false when there is none, or none for this client any more.
static bool make_room(struct conn *conn, size_t n_bytes)
{
	size_t most = OUT_BYTES + (size_t)conn->n_calls_most * OUT_CALL_BYTES;
	size_t room = conn->out_room ? conn->out_room : OUT_BYTES;

	if (n_bytes > most)
		return false;
	while (room < n_bytes)
		room *= 2;
	if (room == conn->out_room)
		return true;
	uint8_t *out = realloc(conn->out, room);
	if (!out)
		return false;
	conn->out = out;
	conn->out_room = (uint32_t)room;
	return true;
}

static void keep(struct conn *conn, struct span bytes)
{
	if (!make_room(conn, conn->n_out + bytes.len)) {
		break_off(conn, END_TCP_ERROR); // it does not read
		return;
	}
	memcpy(conn->out + conn->n_out, bytes.bytes, bytes.len);
	conn->n_out += (uint32_t)bytes.len;
	loop_set_events(&conn->control->loop, &conn->source, EPOLLIN | EPOLLOUT);
}

void conn_write(struct conn *conn, struct span messages)
{
	if (conn->is_broken || messages.len == 0)
		return;
	count_out(conn->control, messages);
	debug_pptp_out(conn, messages);
	size_t n = conn->n_out == 0 ? try_send(conn, messages) : 0;
	if (n < messages.len && !conn->is_broken)
		keep(conn, span_of(messages.bytes + n, messages.len - n));
}

static void flush(struct conn *conn)
{
	size_t n = try_send(conn, span_of(conn->out, conn->n_out));

	memmove(conn->out, conn->out + n, conn->n_out - n);
	conn->n_out -= (uint32_t)n;
	if (conn->n_out > 0)
		return;
	free(conn->out);
	conn->out = NULL;
	conn->out_room = 0;
	loop_set_events(&conn->control->loop, &conn->source, EPOLLIN);
	if (conn->is_closing)
		conn_doom(conn, conn->reason);
}

// ---- timer --------------------------------------------------------------------------------------

// When a stranger must have authenticated. Who is asked again has his call's time for it.
static uint64_t trust_by(const struct conn *conn)
{
	const struct call *call;

	if (conn->ticket.class >= ADMISSION_KNOWN || conn->stop != END_NONE)
		return TIMER_NEVER;
	TAILQ_FOREACH(call, &conn->calls.list, in_conn)
	if (link_is_tried_again(&call->link))
		return TIMER_NEVER;
	return conn->begun_ns + conn->control->conn_config.handshake_timeout_ns;
}

static void rearm(struct conn *conn)
{
	uint64_t due = pptp_conn_deadline(&conn->pptp);

	if (due > trust_by(conn))
		due = trust_by(conn);
	if (conn->is_closing)
		due = conn->close_by_ns;
	if (conn->is_doomed)
		due = TIMER_NEVER;
	timer_heap_arm(&conn->control->loop.timers, &conn->timer, due);
}

static void fire(struct timer *t, uint64_t now_ns)
{
	struct conn *conn = container_of(t, struct conn, timer);
	struct pptp_conn_step step;

	if (conn->is_doomed)
		return;
	if (conn->is_closing) {
		conn_doom(conn, conn->reason);
	} else if (now_ns >= pptp_conn_deadline(&conn->pptp)) {
		pptp_conn_expire(&conn->pptp, now_ns, &step);
		act(conn, &step);
	} else if (now_ns >= trust_by(conn)) {
		conn_stop(conn, END_SETUP_TIMEOUT);
	}
	rearm(conn);
}

// ---- the machine --------------------------------------------------------------------------------

static void close_softly(struct conn *conn, enum end_reason reason)
{
	if (conn->is_closing || conn->is_doomed)
		return;
	conn->is_closing = true;
	conn->reason = reason;
	conn->close_by_ns = control_now(conn->control) + CLOSE_NS;
	if (conn->n_out == 0)
		conn_doom(conn, reason);
}

//   limit  the key of the configuration that says no, NULL where none does
static void refuse_call(struct conn *conn, const struct pptp_ocrq *request, enum end_reason reason,
	const char *limit)
{
	struct control *c = conn->control;
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct event e;

	counter_add(&c->counters.calls_refused, 1);
	counter_add(&c->counters.refused[reason], 1);
	event_begin(&e, EVENT_CALL_REFUSED);
	event_endpoint(&e, "client", conn->client_be, conn->client_port_be);
	event_u64(&e, "client-call-id", request->call_id);
	event_end_reason(&e, reason);
	if (limit)
		event_word(&e, "limit", limit);
	event_send(c->config.log, &e);
	history_note_refusal(conn, reason, limit);
	debug_call_refused(conn, request, reason);
	pptp_call_refuse(request, reason, &w);
	conn_write(conn, span_of(bytes, w.len));
}

static enum end_reason check_call(
	const struct conn *conn, const struct pptp_ocrq *request, const char **limit)
{
	const struct control *c = conn->control;
	enum end_reason reason = pptp_call_check(request);

	if (reason != END_NONE)
		return reason;
	if (conn->stop != END_NONE || c->phase != CONTROL_RUNNING)
		return END_ADMIN_SHUTDOWN;
	// RFC 2637 3.2.2: an id names one call between the two. Over another control connection it may be
	// that of another client behind the same address.
	if (conn_calls_by_client(&conn->calls, request->call_id))
		return END_PPTP_BAD_CALL_ID;
	if (conn->calls.n >= c->config.config->max_calls_per_connection) {
		*limit = "max_calls_per_connection";
		return END_LIMIT_CONNECTION;
	}
	if (placement_count(&c->placement) >= c->config.config->max_calls) {
		*limit = "max_calls";
		return END_LIMIT_CALLS;
	}
	return END_NONE;
}

static void take_call(struct conn *conn, const struct pptp_ocrq *request)
{
	struct control *c = conn->control;
	const char *limit = NULL;
	enum end_reason reason = check_call(conn, request, &limit);

	if (reason == END_NONE) {
		enum admission_verdict verdict =
			admission_enter_call(&c->admission, &conn->ticket, control_now(c));
		if (verdict != ADMISSION_OK) {
			limit = admission_verdict_name(verdict);
			reason = admission_verdict_reason(verdict);
		}
	}
	if (reason == END_NONE) {
		reason = call_new(conn, request);
		if (reason != END_NONE)
			admission_leave_call(&conn->ticket);
		if (tenants_limit_name(reason))
			limit = tenants_limit_name(reason);
	}
	if (reason == END_NONE)
		conn_progress(conn, ADMISSION_STEP_CALL);
	else
		refuse_call(conn, request, reason, limit);
}

static bool is_clear(const struct pptp_message *message)
{
	return message->type == PPTP_CALL_CLEAR_REQUEST ||
	       message->type == PPTP_CALL_DISCONNECT_NOTIFY;
}

// The call that a message means, or NULL.
static struct call *find_call(const struct conn *conn, const struct pptp_message *message)
{
	struct call *call = conn_calls_named(&conn->calls, message);

	// A NAT that rewrites Call IDs in requests and forgets this message, or a client that puts our id
	// where its own belongs: the only call that there ever was is the one.
	if (!call && is_clear(message) && conn->n_calls_begun == 1)
		return TAILQ_FIRST(&conn->calls.list);
	return call;
}

static void take_call_message(struct conn *conn, const struct pptp_message *message)
{
	struct call *call;

	if (message->type == PPTP_OCRQ) {
		take_call(conn, &message->ocrq);
		return;
	}
	call = find_call(conn, message);
	if (call)
		call_take_message(call, message);
	else // it may have crossed our Call-Disconnect-Notify: nothing to say
		counter_add(&conn->control->counters.pptp_strays, 1);
}

// Said once a connection: a gateway that is set up for compulsory tunnels offers every call anew.
static void refused_incoming(struct conn *conn, const struct pptp_icrq *request)
{
	struct control *c = conn->control;
	struct event e;

	counter_add(&c->counters.calls_refused, 1);
	counter_add(&c->counters.refused[END_PPTP_INCOMING], 1);
	if (conn->told_incoming)
		return;
	conn->told_incoming = true;
	event_begin(&e, EVENT_CALL_REFUSED);
	event_endpoint(&e, "client", conn->client_be, conn->client_port_be);
	event_u64(&e, "client-call-id", request->call_id);
	event_end_reason(&e, END_PPTP_INCOMING);
	event_send(c->config.log, &e);
	history_note_refusal(conn, END_PPTP_INCOMING, NULL);
}

static void act(struct conn *conn, struct pptp_conn_step *step)
{
	struct pptp_conn_step answer;

	// The machine's own last words come after the Call-Disconnect-Notify of each call (RFC 2637
	// 2.3). With very many calls they are left unsaid: the calls end in slices then, turn by turn.
	if (step->notice == PPTP_CONN_CLOSE && conn->calls.n > CALLS_AT_ONCE) {
		conn_doom(conn, step->reason);
		return;
	}
	if (step->notice == PPTP_CONN_CLOSE)
		end_calls(conn, step->reason);
	conn_write(conn, span_of(step->bytes, step->n_bytes));
	switch (step->notice) {
	case PPTP_CONN_NOTHING:
		break;
	case PPTP_CONN_OPENED:
		timeline_mark(&conn->timeline, TIMELINE_SCCRQ, control_now(conn->control));
		admission_promote(&conn->control->admission, &conn->ticket, ADMISSION_TALKING,
			control_now(conn->control));
		break;
	case PPTP_CONN_CALL:
		take_call_message(conn, &step->message);
		break;
	case PPTP_CONN_INCOMING:
		refused_incoming(conn, &step->message.icrq);
		break;
	case PPTP_CONN_STOPPED:
		end_calls(conn, END_CLIENT_STOP);
		pptp_conn_answer_stop(&conn->pptp, control_now(conn->control), &answer);
		act(conn, &answer);
		break;
	case PPTP_CONN_CLOSE:
		close_softly(conn, step->reason);
		break;
	}
}

static void count_in(struct conn *conn, const uint32_t before[PPTP_TYPE_COUNT])
{
	for (int i = 0; i < PPTP_TYPE_COUNT; i++)
		if (conn->pptp.n_messages_in[i] != before[i])
			counter_add(&conn->control->counters.pptp_in[i],
				conn->pptp.n_messages_in[i] - before[i]);
}

static void feed(struct conn *conn, struct span bytes)
{
	struct pptp_conn_step step;
	uint32_t before[PPTP_TYPE_COUNT];

	memcpy(before, conn->pptp.n_messages_in, sizeof(before));
	while (bytes.len > 0 && !conn->is_closing && !conn->is_doomed) {
		bool is_heard = conn->pptp.state != PPTP_CONN_LINGERING;
		size_t n = pptp_conn_receive(&conn->pptp, bytes, control_now(conn->control), &step);
		if (is_heard && n > 0 && conn->pptp.n_partial == 0)
			debug_pptp_in(
				conn, span_of(conn->pptp.partial, sizeof(conn->pptp.partial)));
		act(conn, &step);
		if (n == 0)
			break;
		bytes = span_of(bytes.bytes + n, bytes.len - n);
	}
	count_in(conn, before);
}

// The client has closed TCP: what that means depends on what went before.
static enum end_reason reason_of_close(const struct conn *conn)
{
	if (conn->pptp.end != END_NONE)
		return conn->pptp.end;
	// Many clients clear their call and then just close (pptp-linux never sends a Stop).
	return conn->calls.n == 0 && conn->n_calls_begun > 0 ? END_CLIENT_STOP
							     : END_CLIENT_TCP_CLOSED;
}

static void read_some(struct conn *conn)
{
	uint8_t bytes[READ_BYTES];
	ssize_t n = recv(conn->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0) {
		counter_add(&conn->control->counters.tcp_bytes_in, (uint64_t)n);
		feed(conn, span_of(bytes, (size_t)n));
	} else if (n == 0) {
		break_off(conn, reason_of_close(conn));
	} else if (errno != EAGAIN && errno != EINTR) {
		break_off(conn, conn->pptp.end != END_NONE ? conn->pptp.end : END_TCP_ERROR);
	}
}

static void ready(struct loop_source *s, uint32_t events)
{
	struct conn *conn = container_of(s, struct conn, source);

	if (conn->is_doomed)
		return;
	if ((events & EPOLLOUT) && conn->n_out > 0)
		flush(conn);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !conn->is_doomed)
		read_some(conn);
	rearm(conn);
}

// ---- from outside -------------------------------------------------------------------------------

void conn_start(struct conn *conn)
{
	struct control *c = conn->control;
	struct event e;

	if (conn->begun_ns != control_now(c)) { // it had to wait: its times begin now
		conn->begun_ns = control_now(c);
		pptp_conn_init(&conn->pptp, &c->conn_config, conn->begun_ns);
	}
	counter_add(&c->counters.tcp_accepted, 1);
	event_begin(&e, EVENT_CLIENT_CONNECTED);
	event_endpoint(&e, "client", conn->client_be, conn->client_port_be);
	event_ipv4(&e, "called", c->config.owners->listen_be[conn->listen]);
	if (conn->begun_ns > conn->accepted_ns)
		event_duration(&e, "waited", conn->begun_ns - conn->accepted_ns);
	event_send(c->config.log, &e);
	debug_conn_opened(conn);
	if (loop_add(&c->loop, &conn->source) != 0)
		break_off(conn, END_NO_RESOURCE);
	rearm(conn);
}

void conn_evict(struct conn *conn)
{
	conn_doom(
		conn, conn->ticket.class == ADMISSION_SILENT ? END_PPTP_SILENT : END_SETUP_TIMEOUT);
}

void conn_progress(struct conn *conn, enum admission_step step)
{
	admission_progress(
		&conn->control->admission, &conn->ticket, step, control_now(conn->control));
}

void conn_trust(struct conn *conn)
{
	admission_promote(&conn->control->admission, &conn->ticket, ADMISSION_KNOWN,
		control_now(conn->control));
	rearm(conn);
}

void conn_is_up(struct conn *conn)
{
	admission_promote(&conn->control->admission, &conn->ticket, ADMISSION_TRUSTED,
		control_now(conn->control));
}

static void stop_if_idle(struct conn *conn)
{
	struct pptp_conn_step step;

	if (conn->stop == END_NONE || conn->calls.n > 0 || conn->is_closing || conn->is_doomed)
		return;
	pptp_conn_stop(&conn->pptp, conn->stop, control_now(conn->control), &step);
	act(conn, &step);
}

void conn_call_ended(struct conn *conn, struct call *call)
{
	conn_calls_remove(&conn->calls, call);
	admission_leave_call(&conn->ticket);
	pptp_conn_set_calls(&conn->pptp, conn->calls.n, control_now(conn->control));
	stop_if_idle(conn);
	rearm(conn);
}

void conn_stop(struct conn *conn, enum end_reason reason)
{
	struct call *call, *next;

	if (conn->stop != END_NONE)
		return;
	conn->stop = reason;
	for (call = TAILQ_FIRST(&conn->calls.list); call; call = next) {
		next = TAILQ_NEXT(call, in_conn);
		call_close(call, reason);
	}
	stop_if_idle(conn);
	rearm(conn);
}
