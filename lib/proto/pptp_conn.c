// SPDX-License-Identifier: BSD-3-Clause
#include "proto/pptp_conn.h"

#include "proto/pptp_call.h"

#include <errno.h>
#include <string.h>

enum {
	VERSION_MAJOR_SHIFT = 8,
	CAPABILITY_BOTH = 3, // framing: async and sync; bearer: analog and digital
};

void pptp_conn_init(struct pptp_conn *c, const struct pptp_conn_config *config, uint64_t now_ns)
{
	memset(c, 0, sizeof(*c));
	c->config = config;
	c->state = PPTP_CONN_IDLE;
	c->since_ns = now_ns;
	c->heard_ns = now_ns;
}

void pptp_conn_refuse(struct pptp_conn *c, enum end_reason reason)
{
	c->refusal = reason;
}

static void step_begin(struct pptp_conn_step *out)
{
	out->notice = PPTP_CONN_NOTHING;
	out->reason = END_NONE;
	out->n_bytes = 0;
}

static void say(struct pptp_conn_step *out, const struct pptp_message *message)
{
	struct writer w = writer_of(out->bytes + out->n_bytes, sizeof(out->bytes) - out->n_bytes);

	pptp_put(&w, message);
	out->n_bytes += (uint16_t)w.len;
}

static void say_start_reply(
	struct pptp_conn *c, uint8_t result, uint8_t error, struct pptp_conn_step *out)
{
	struct pptp_message reply = {
		.type = PPTP_SCCRP,
		.start = {.version = PPTP_VERSION,
			.result = result,
			.error = error,
			.framing = CAPABILITY_BOTH,
			.bearer = CAPABILITY_BOTH,
			.max_channels = c->config->max_channels,
			.firmware = c->config->firmware},
	};

	memcpy(reply.start.host_name, c->config->host_name, PPTP_NAME_BYTES);
	memcpy(reply.start.vendor, c->config->vendor, PPTP_NAME_BYTES);
	say(out, &reply);
}

static void say_stop_request(enum end_reason reason, struct pptp_conn_step *out)
{
	static const uint8_t codes[END_REASON_COUNT] = {
		[END_ADMIN_SHUTDOWN] = PPTP_STOP_SHUTDOWN,
		[END_PPTP_BAD_LENGTH] = PPTP_STOP_PROTOCOL,
		[END_PPTP_BAD_TYPE] = PPTP_STOP_PROTOCOL,
		[END_PPTP_BAD_ORDER] = PPTP_STOP_PROTOCOL,
		[END_PPTP_BAD_VALUE] = PPTP_STOP_PROTOCOL,
	};
	uint8_t code = (unsigned)reason < END_REASON_COUNT ? codes[reason] : 0;
	const struct pptp_message request = {
		.type = PPTP_STOP_CCRQ, .stop.code = code ? code : PPTP_STOP_NONE};

	say(out, &request);
}

static void say_stop_reply(uint8_t result, uint8_t error, struct pptp_conn_step *out)
{
	const struct pptp_message reply = {
		.type = PPTP_STOP_CCRP, .stop = {.code = result, .error = error}};

	say(out, &reply);
}

static void say_echo_reply(
	uint32_t identifier, uint8_t result, uint8_t error, struct pptp_conn_step *out)
{
	const struct pptp_message reply = {.type = PPTP_ECHO_REPLY,
		.echo = {.identifier = identifier, .result = result, .error = error}};

	say(out, &reply);
}

static void say_incoming_refused(
	const struct pptp_icrq *request, uint8_t result, uint8_t error, struct pptp_conn_step *out)
{
	const struct pptp_message reply = {.type = PPTP_ICRP,
		.icrp = {.peer_call_id = request->call_id, .result = result, .error = error}};

	say(out, &reply);
}

static void set_state(struct pptp_conn *c, enum pptp_conn_state state, uint64_t now_ns)
{
	c->state = state;
	c->since_ns = now_ns;
	c->n_partial = 0;
}

// The first reason stays: what breaks while a connection is being stopped is not why it ended.
static void close_now(
	struct pptp_conn *c, enum end_reason reason, uint64_t now_ns, struct pptp_conn_step *out)
{
	if (c->end == END_NONE)
		c->end = reason;
	set_state(c, PPTP_CONN_CLOSED, now_ns);
	out->notice = PPTP_CONN_CLOSE;
	out->reason = c->end;
}

// The client broke the protocol, or stalled.
static void stop_and_close(
	struct pptp_conn *c, enum end_reason reason, uint64_t now_ns, struct pptp_conn_step *out)
{
	if (c->is_asked_to_stop)
		say_stop_reply(1, PPTP_ERROR_NONE, out);
	else if (c->state == PPTP_CONN_ESTABLISHED)
		say_stop_request(reason, out);
	close_now(c, reason, now_ns, out);
}

static void begin_stop(
	struct pptp_conn *c, enum end_reason reason, uint64_t now_ns, struct pptp_conn_step *out)
{
	c->end = reason;
	say_stop_request(reason, out);
	set_state(c, PPTP_CONN_STOPPING, now_ns);
}

static void begin_linger(struct pptp_conn *c, uint64_t now_ns, struct pptp_conn_step *out)
{
	say_stop_reply(1, PPTP_ERROR_NONE, out);
	c->is_asked_to_stop = false;
	set_state(c, PPTP_CONN_LINGERING, now_ns);
}

// A stream that cannot be read on.
static void refuse_bytes(
	struct pptp_conn *c, int error, uint64_t now_ns, struct pptp_conn_step *out)
{
	enum end_reason reason = END_PPTP_BAD_TYPE;

	if (error == -EBADMSG) { // out of step: nothing more is said (RFC 2637 1.4)
		close_now(c, END_PPTP_BAD_COOKIE, now_ns, out);
		return;
	}
	if (error == -EMSGSIZE)
		reason = END_PPTP_BAD_LENGTH;
	if (c->state == PPTP_CONN_IDLE)
		say_start_reply(c, PPTP_SCCRP_GENERAL_ERROR,
			reason == END_PPTP_BAD_LENGTH ? PPTP_ERROR_BAD_FORMAT
						      : PPTP_ERROR_BAD_VALUE,
			out);
	stop_and_close(c, reason, now_ns, out);
}

static void refuse_start(struct pptp_conn *c, uint64_t now_ns, struct pptp_conn_step *out)
{
	if (c->refusal == END_AUTH_LOCKED)
		say_start_reply(c, PPTP_SCCRP_NOT_AUTHORIZED, PPTP_ERROR_NONE, out);
	else
		say_start_reply(
			c, PPTP_SCCRP_GENERAL_ERROR, pptp_call_general_error(c->refusal), out);
	close_now(c, c->refusal, now_ns, out);
}

static void receive_start(struct pptp_conn *c, const struct pptp_start *start, uint64_t now_ns,
	struct pptp_conn_step *out)
{
	// A later revision of version 1 is answered with ours, which the client may take or leave;
	// another major version is not PPTP as we know it (RFC 2637 3.1.2).
	if (start->version >> VERSION_MAJOR_SHIFT != PPTP_VERSION >> VERSION_MAJOR_SHIFT) {
		say_start_reply(c, PPTP_SCCRP_VERSION, PPTP_ERROR_NONE, out);
		close_now(c, END_PPTP_BAD_VERSION, now_ns, out);
		return;
	}
	if (c->refusal != END_NONE) {
		refuse_start(c, now_ns, out);
		return;
	}
	c->client = *start;
	set_state(c, PPTP_CONN_ESTABLISHED, now_ns);
	pptp_conn_set_calls(c, 0, now_ns);
	say_start_reply(c, PPTP_SCCRP_OK, PPTP_ERROR_NONE, out);
	out->notice = PPTP_CONN_OPENED;
}

static void receive_idle(struct pptp_conn *c, const struct pptp_message *in, uint64_t now_ns,
	struct pptp_conn_step *out)
{
	struct writer w = writer_of(out->bytes, sizeof(out->bytes));

	switch (in->type) {
	case PPTP_SCCRQ:
		receive_start(c, &in->start, now_ns, out);
		return;
	case PPTP_STOP_CCRQ:
		say_stop_reply(2, PPTP_ERROR_NOT_CONNECTED, out);
		break;
	case PPTP_ECHO_REQUEST:
		say_echo_reply(in->echo.identifier, 2, PPTP_ERROR_NOT_CONNECTED, out);
		break;
	case PPTP_OCRQ:
		pptp_call_refuse(&in->ocrq, END_PPTP_BAD_ORDER, &w);
		out->n_bytes = (uint16_t)w.len;
		break;
	case PPTP_ICRQ:
		say_incoming_refused(
			&in->icrq, PPTP_ICRP_GENERAL_ERROR, PPTP_ERROR_NOT_CONNECTED, out);
		break;
	}
	close_now(c, END_PPTP_BAD_ORDER, now_ns, out);
}

static void receive_established(struct pptp_conn *c, const struct pptp_message *in, uint64_t now_ns,
	struct pptp_conn_step *out)
{
	switch (in->type) {
	case PPTP_SCCRQ:
		say_start_reply(c, PPTP_SCCRP_EXISTS, PPTP_ERROR_NONE, out);
		break;
	case PPTP_STOP_CCRQ:
		c->is_asked_to_stop = true;
		c->stop_code = in->stop.code;
		c->end = END_CLIENT_STOP;
		c->since_ns = now_ns;
		out->notice = PPTP_CONN_STOPPED;
		out->reason = END_CLIENT_STOP;
		break;
	case PPTP_ECHO_REQUEST:
		say_echo_reply(in->echo.identifier, 1, PPTP_ERROR_NONE, out);
		break;
	case PPTP_ECHO_REPLY:
		break;
	case PPTP_ICRQ:
		say_incoming_refused(&in->icrq, PPTP_ICRP_DO_NOT_ACCEPT, PPTP_ERROR_NONE, out);
		out->notice = PPTP_CONN_INCOMING;
		break;
	case PPTP_OCRQ:
	case PPTP_CALL_CLEAR_REQUEST:
	case PPTP_CALL_DISCONNECT_NOTIFY:
	case PPTP_WAN_ERROR_NOTIFY:
	case PPTP_SET_LINK_INFO:
		out->notice = PPTP_CONN_CALL;
		break;
	default: // SCCRP, StopCCRP, OCRP, ICRP, ICCN
		stop_and_close(c, END_PPTP_BAD_ORDER, now_ns, out);
		break;
	}
}

static void receive_message(struct pptp_conn *c, const struct pptp_message *in, uint64_t now_ns,
	struct pptp_conn_step *out)
{
	c->n_messages_in[in->type]++;
	c->heard_ns = now_ns;
	// Any message is life. A client that asks and never answers is odd, not dead.
	c->echo_sent_ns = 0;

	switch (c->state) {
	case PPTP_CONN_IDLE:
		receive_idle(c, in, now_ns, out);
		break;
	case PPTP_CONN_ESTABLISHED:
		if (!c->is_asked_to_stop)
			receive_established(c, in, now_ns, out);
		break;
	case PPTP_CONN_STOPPING:
		if (in->type == PPTP_STOP_CCRP)
			close_now(c, c->end, now_ns, out);
		else if (in->type == PPTP_STOP_CCRQ) // it crossed ours
			begin_linger(c, now_ns, out);
		break;
	case PPTP_CONN_LINGERING:
	case PPTP_CONN_CLOSED:
		break;
	}
}

size_t pptp_conn_receive(
	struct pptp_conn *c, struct span bytes, uint64_t now_ns, struct pptp_conn_step *out)
{
	size_t taken = 0;

	step_begin(out);
	if (c->state == PPTP_CONN_CLOSED)
		return 0;
	if (c->state == PPTP_CONN_LINGERING) // nothing that comes now matters
		return bytes.len;
	if (c->n_partial == 0)
		c->partial_ns = now_ns;

	for (;;) {
		int len = pptp_message_len(span_of(c->partial, c->n_partial));

		if (len < 0) {
			refuse_bytes(c, len, now_ns, out);
			return taken;
		}
		if (len > 0 && c->n_partial == len)
			break;
		if (taken == bytes.len)
			return taken;

		// Until the length is known byte after byte, so as to take none of the next message.
		size_t n = len > 0 ? (size_t)len - c->n_partial : 1;

		if (n > bytes.len - taken)
			n = bytes.len - taken;
		memcpy(c->partial + c->n_partial, bytes.bytes + taken, n);
		c->n_partial += (uint16_t)n;
		taken += n;
	}

	pptp_get(span_of(c->partial, c->n_partial), &out->message);
	c->n_partial = 0;
	receive_message(c, &out->message, now_ns, out);
	return taken;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline_established(const struct pptp_conn *c)
{
	const struct pptp_conn_config *config = c->config;
	uint64_t next = PPTP_CONN_NEVER;

	if (c->is_asked_to_stop)
		return c->since_ns + config->stop_timeout_ns;
	if (c->n_partial > 0)
		next = c->partial_ns + config->handshake_timeout_ns;
	if (c->echo_sent_ns)
		next = earlier(next, c->echo_sent_ns + config->echo_timeout_ns);
	else if (config->echo_interval_ns)
		next = earlier(next, c->heard_ns + config->echo_interval_ns);
	if (c->idle_since_ns && config->idle_timeout_ns)
		next = earlier(next, c->idle_since_ns + config->idle_timeout_ns);
	return next;
}

uint64_t pptp_conn_deadline(const struct pptp_conn *c)
{
	switch (c->state) {
	case PPTP_CONN_IDLE:
		return c->since_ns + c->config->handshake_timeout_ns;
	case PPTP_CONN_ESTABLISHED:
		return deadline_established(c);
	case PPTP_CONN_STOPPING:
	case PPTP_CONN_LINGERING:
		return c->since_ns + c->config->stop_timeout_ns;
	case PPTP_CONN_CLOSED:
		break;
	}
	return PPTP_CONN_NEVER;
}

static void expire_established(struct pptp_conn *c, uint64_t now_ns, struct pptp_conn_step *out)
{
	const struct pptp_conn_config *config = c->config;

	if (c->is_asked_to_stop) {
		stop_and_close(c, END_CLIENT_STOP, now_ns, out); // the caller forgot us
	} else if (c->n_partial > 0 && now_ns >= c->partial_ns + config->handshake_timeout_ns) {
		stop_and_close(c, END_PPTP_STALLED, now_ns, out);
	} else if (c->echo_sent_ns && now_ns >= c->echo_sent_ns + config->echo_timeout_ns) {
		close_now(c, END_ECHO_TIMEOUT, now_ns, out); // RFC 2637 3.1.4: by closing TCP
	} else if (c->idle_since_ns && config->idle_timeout_ns &&
		   now_ns >= c->idle_since_ns + config->idle_timeout_ns) {
		begin_stop(c, END_IDLE_CONNECTION, now_ns, out);
	} else {
		const struct pptp_message request = {
			.type = PPTP_ECHO_REQUEST, .echo.identifier = ++c->echo_identifier};

		c->echo_sent_ns = now_ns;
		say(out, &request);
	}
}

void pptp_conn_expire(struct pptp_conn *c, uint64_t now_ns, struct pptp_conn_step *out)
{
	step_begin(out);
	if (now_ns < pptp_conn_deadline(c))
		return;
	switch (c->state) {
	case PPTP_CONN_IDLE:
		close_now(c, END_PPTP_SILENT, now_ns, out);
		break;
	case PPTP_CONN_ESTABLISHED:
		expire_established(c, now_ns, out);
		break;
	case PPTP_CONN_STOPPING:
	case PPTP_CONN_LINGERING:
		close_now(c, c->end, now_ns, out);
		break;
	case PPTP_CONN_CLOSED:
		break;
	}
}

void pptp_conn_stop(
	struct pptp_conn *c, enum end_reason reason, uint64_t now_ns, struct pptp_conn_step *out)
{
	step_begin(out);
	switch (c->state) {
	case PPTP_CONN_ESTABLISHED:
		if (c->is_asked_to_stop)
			begin_linger(c, now_ns, out);
		else
			begin_stop(c, reason, now_ns, out);
		break;
	case PPTP_CONN_IDLE:
	case PPTP_CONN_LINGERING:
		close_now(c, reason, now_ns, out);
		break;
	case PPTP_CONN_STOPPING:
	case PPTP_CONN_CLOSED:
		break;
	}
}

void pptp_conn_answer_stop(struct pptp_conn *c, uint64_t now_ns, struct pptp_conn_step *out)
{
	step_begin(out);
	if (c->state == PPTP_CONN_ESTABLISHED && c->is_asked_to_stop)
		begin_linger(c, now_ns, out);
}

void pptp_conn_set_calls(struct pptp_conn *c, unsigned int n_calls, uint64_t now_ns)
{
	if (n_calls > 0)
		c->idle_since_ns = 0;
	else if (c->idle_since_ns == 0)
		c->idle_since_ns = now_ns > 0 ? now_ns : 1; // 0 has its meaning
}
