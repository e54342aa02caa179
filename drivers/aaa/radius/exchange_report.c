// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/exchange_state.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { ATTRIBUTE_TEXT_BYTES = 700, DEBUG_TEXT_BYTES = 16384 };

static const char *const kind_names[EXCHANGE_KINDS] = {"auth", "acct"};

static const char *state_name(const struct exchange_peer *p)
{
	switch (p->state) {
	case EXCHANGE_PEER_ALIVE:
		return "alive";
	case EXCHANGE_PEER_DEAD:
		return "dead";
	case EXCHANGE_PEER_TRIAL:
		return "on-trial";
	}
	return "?";
}

static uint16_t port_of(const struct exchange_peer *p)
{
	const struct config_radius_server *c = &p->server->config;

	return p->kind == EXCHANGE_AUTH ? c->auth_port : c->acct_port;
}

static void begin(struct event *e, enum event_kind kind, const struct exchange_peer *p)
{
	event_begin(e, kind);
	event_word(e, "server", p->server->config.name);
	event_word(e, "for", kind_names[p->kind]);
	event_endpoint(e, "address", p->server->config.address_be, htons(port_of(p)));
}

void exchange_report_death(const struct exchange_peer *p)
{
	struct event e;

	begin(&e, EVENT_RADIUS_DEAD, p);
	event_u64(&e, "under-way", p->n_calls);
	event_word(&e, "text", p->trouble ? p->trouble : "no answer");
	event_send(p->x->core->log, &e);
}

void exchange_report_revival(const struct exchange_peer *p, uint64_t dead_ns)
{
	struct event e;

	begin(&e, EVENT_RADIUS_ALIVE, p);
	event_duration(&e, "dead", dead_ns);
	event_send(p->x->core->log, &e);
}

void exchange_report_wrong(struct exchange_peer *p, const char *what)
{
	struct event e;

	begin(&e, EVENT_RADIUS_BAD_ANSWER, p);
	event_word(&e, "text", what);
	event_send(p->x->core->log, &e);
}

static void log_packet(const struct exchange_peer *p, const char *what, const struct radius_view *v)
{
	const struct radius_core *core = p->x->core;
	struct radius_cursor c = radius_cursor_of(v);
	struct radius_attribute a;
	char text[LOG_LINE_BYTES], one[ATTRIBUTE_TEXT_BYTES];
	size_t len = 0;
	struct event e;

	begin(&e, EVENT_AUTH_DECODE, p);
	event_word(&e, what, radius_code_name(v->code));
	event_u64(&e, "id", v->id);
	while (len < sizeof(text) && radius_next(&c, &a)) {
		radius_dictionary_print(
			core->dictionary, a.vendor, a.type, a.value, one, sizeof(one));
		int n = snprintf(text + len, sizeof(text) - len, "%s%s", len ? ", " : "", one);
		len += n > 0 ? (size_t)n : 0;
	}
	event_decoded(&e, span_of(text, len < sizeof(text) ? len : sizeof(text) - 1));
	event_send(core->log, &e);
}

// Who it is about stands in the request, of which an answer says nothing.
static void find_subject(const struct exchange_call *call, struct aaa_debug_text *out)
{
	char address[INET_ADDRSTRLEN] = "";
	struct radius_view request;
	struct span value;

	if (radius_read(span_of(call->bytes + call->len, call->len), &request) != 0)
		return;
	if (radius_find(&request, 0, RADIUS_USER_NAME, &value))
		out->user = value;
	if (radius_find(&request, 0, RADIUS_CALLING_STATION_ID, &value) &&
		value.len < sizeof(address)) {
		memcpy(address, value.bytes, value.len);
		if (inet_pton(AF_INET, address, &out->client_be) != 1)
			out->client_be = 0;
	}
}

// As much as there is room for, whole lines.
static void say_packet(
	const struct exchange_call *call, const char *what, const struct radius_view *v)
{
	const struct exchange_peer *p = call->peer;
	const struct radius_core *core = p->x->core;
	struct radius_cursor c = radius_cursor_of(v);
	struct in_addr address = {.s_addr = p->server->config.address_be};
	char text[DEBUG_TEXT_BYTES], one[ATTRIBUTE_TEXT_BYTES], host[INET_ADDRSTRLEN];
	struct aaa_debug_text out = {.lines = text};
	struct radius_attribute a;

	inet_ntop(AF_INET, &address, host, sizeof(host));
	size_t len = (size_t)snprintf(text, sizeof(text),
		"RADIUS: %s %s %s:%u id %u, %s, len %zu\n", what, p->server->config.name, host,
		port_of(p), v->id, radius_code_name(v->code), v->packet.len);
	while (radius_next(&c, &a)) {
		radius_dictionary_print(
			core->dictionary, a.vendor, a.type, a.value, one, sizeof(one));
		size_t n = strlen(one) + sizeof("RADIUS:   \n") - 1;
		if (len + n + sizeof("RADIUS:   ...\n") > sizeof(text)) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "RADIUS:   ...\n");
			break;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "RADIUS:   %s\n", one);
	}
	find_subject(call, &out);
	core->debug.say(core->debug.context, &out);
}

void exchange_report_packet(
	const struct exchange_call *call, bool is_sent, const struct radius_view *v)
{
	const struct radius_core *core = call->x->core;

	if (core->log && event_is_wanted(core->log, EVENT_AUTH_DECODE))
		log_packet(call->peer, is_sent ? "sent" : "received", v);
	if (core->debug.say)
		say_packet(call, is_sent ? "sent to" : "received from", v);
}

static size_t describe_peer(const struct exchange_peer *p, char *out, size_t cap)
{
	struct in_addr address = {.s_addr = p->server->config.address_be};
	const struct exchange_counters *n = &p->counters;
	char text[INET_ADDRSTRLEN];
	size_t len;

	inet_ntop(AF_INET, &address, text, sizeof(text));
	len = (size_t)snprintf(out, cap,
		"server=%s for=%s address=%s:%u transport=%s state=%s since-s=%llu pending=%u "
		"answer-us=%llu",
		p->server->config.name, kind_names[p->kind], text, port_of(p),
		p->server->config.transport == CONFIG_RADIUS_TLS ? "tls" : "udp", state_name(p),
		(unsigned long long)((p->x->core->now_ns - p->changed_ns) / RADIUS_SECOND_NS),
		p->n_calls, (unsigned long long)(p->answer_ns / 1000));
#define X(name, words)                   \
	if (len < cap && n->name)        \
		len += (size_t)snprintf( \
			out + len, cap - len, " " words "=%llu", (unsigned long long)n->name);
	EXCHANGE_COUNTER_LIST(X)
#undef X
	if (len < cap && p->trouble)
		len += (size_t)snprintf(out + len, cap - len, " trouble=\"%s\"", p->trouble);
	if (len < cap)
		len += (size_t)snprintf(out + len, cap - len, "\n");
	return len;
}

void exchange_describe(const struct exchange *x, char *out, size_t cap)
{
	size_t at = 0;

	if (cap == 0)
		return;
	out[0] = '\0';
	for (uint16_t i = 0; i < x->n_servers; i++)
		for (int kind = 0; kind < EXCHANGE_KINDS; kind++) {
			const struct exchange_peer *p = &x->servers[i]->peers[kind];
			if (port_of(p) == 0)
				continue;
			size_t n = describe_peer(p, out + at, cap - at);
			if (n >= cap - at) { // whole lines only
				out[at] = '\0';
				return;
			}
			at += n;
		}
}
