// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/coa.h"

#include "drivers/aaa/radius/coa_orders.h"
#include "drivers/aaa/radius/coa_request.h"
#include "drivers/aaa/radius/radius_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	DATAGRAMS_PER_TURN = 64, // of a listener; others come in between
	REMEMBERED_S_MIN = 60,
};

// Why a datagram gets no answer. X(name, "words")
#define DROP_LIST(X)                                                  \
	X(stranger, "stranger")                                       \
	X(malformed, "malformed")                                     \
	X(wrong_code, "wrong-code")                                   \
	X(wrong_authenticator, "wrong-authenticator")                 \
	X(wrong_message_authenticator, "wrong-message-authenticator") \
	X(no_timestamp, "no-timestamp")                               \
	X(stale, "stale")                                             \
	X(under_way, "under-way") // it comes again before it has its answer

struct coa_counters {
	uint64_t requests; // that were genuine
	uint64_t acks, naks;
	uint64_t answered_again;
#define X(name, words) uint64_t name;
	DROP_LIST(X)
#undef X
};

struct listener {
	struct radius_source source;
	struct coa *coa;
	const struct config_coa *config;
	uint32_t address_be; // it has, whatever becomes of the configuration
	uint16_t port;
	struct coa_counters counters;
};

struct coa {
	struct radius_core *core;
	unsigned int n_listeners;
	struct listener **listeners;
	struct coa_orders orders;
};

struct sender {
	uint32_t be;
	uint16_t port_be;
};

// ---- what the log hears

static void tell_dropped(
	struct listener *l, const struct sender *from, enum event_kind kind, const char *why)
{
	struct log *log = l->coa->core->log;
	struct event e;

	if (!log)
		return;
	event_begin(&e, kind);
	event_endpoint(&e, "client", from->be, from->port_be);
	event_word(&e, "tenant", l->config->tenant[0] ? l->config->tenant : "default");
	event_word(&e, "why", why);
	event_send(log, &e);
}

static void tell_refused(struct listener *l, const struct sender *from, uint8_t code,
	const struct aaa_change *change, enum aaa_error_cause cause)
{
	struct log *log = l->coa->core->log;
	struct event e;

	if (!log)
		return;
	event_begin(&e, EVENT_COA);
	event_word(&e, "order", code == RADIUS_DISCONNECT_REQUEST ? "disconnect" : "change");
	event_endpoint(&e, "client", from->be, from->port_be);
	event_word(&e, "tenant", l->config->tenant[0] ? l->config->tenant : "default");
	if (change->keys & AAA_KEY_USER)
		event_text(&e, "user", span_of(change->user, change->user_len));
	if (change->keys & AAA_KEY_SESSION_ID)
		event_text(&e, "session-id", span_of_text(change->session_id));
	event_word(&e, "result", aaa_error_cause_name(cause));
	event_send(log, &e);
}

// ---- answers

static uint8_t answer_code(uint8_t request, enum aaa_error_cause cause)
{
	bool is_done = cause == AAA_ERROR_NONE || cause == AAA_ERROR_RESIDUAL_REMOVED;

	if (request == RADIUS_DISCONNECT_REQUEST)
		return is_done ? RADIUS_DISCONNECT_ACK : RADIUS_DISCONNECT_NAK;
	return is_done ? RADIUS_COA_ACK : RADIUS_COA_NAK;
}

static void send_bytes(
	const struct listener *l, const struct coa_key *key, const uint8_t *bytes, size_t n)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = key->source_port_be,
		.sin_addr.s_addr = key->source_be};

	// What is lost here is asked for again.
	(void)sendto(l->source.fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&to, sizeof(to));
}

// What goes back as it came, in its order: all of Proxy-State, and of a CoA-Request State (RFC 5176 3.1, 3.3).
static struct span echo_of(const struct radius_view *v, uint8_t out[RADIUS_PACKET_BYTES_MAX])
{
	struct writer w = writer_of(out, RADIUS_PACKET_BYTES_MAX);
	struct radius_cursor c = radius_cursor_of(v);
	struct radius_attribute a;

	while (radius_next(&c, &a)) {
		bool is_echoed = a.type == RADIUS_PROXY_STATE ||
				 (a.type == RADIUS_STATE && v->code == RADIUS_COA_REQUEST);
		if (a.vendor != 0 || !is_echoed || a.value.len == 0)
			continue;
		writer_u8(&w, a.type);
		writer_u8(&w, (uint8_t)(2 + a.value.len));
		writer_bytes(&w, a.value.bytes, a.value.len);
	}
	return span_of(out, w.len);
}

// Returns the bytes of the answer, 0 when it does not fit (it always does: what is echoed came in a packet).
static size_t make_answer(struct radius_packet *p, const struct listener *l, uint8_t request_code,
	const struct coa_key *key, enum aaa_error_cause cause, struct span echo,
	bool with_message_authenticator)
{
	radius_begin(p, answer_code(request_code, cause), with_message_authenticator);
	if (echo.len)
		writer_bytes(&p->w, echo.bytes, echo.len);
	if (cause != AAA_ERROR_NONE)
		radius_put_u32(p, RADIUS_ERROR_CAUSE, (uint32_t)cause);
	return radius_seal_reply(p, key->id, &l->config->secret, key->authenticator);
}

static void count_answer(struct listener *l, enum aaa_error_cause cause)
{
	if (cause == AAA_ERROR_NONE || cause == AAA_ERROR_RESIDUAL_REMOVED)
		l->counters.acks++;
	else
		l->counters.naks++;
}

// order: NULL where there was no room to remember it
static void answer_now(struct listener *l, struct coa_order *order, const struct coa_key *key,
	const struct radius_view *v, bool with_message_authenticator, enum aaa_error_cause cause)
{
	uint8_t echo[RADIUS_PACKET_BYTES_MAX];
	struct radius_packet p;
	size_t n = make_answer(
		&p, l, v->code, key, cause, echo_of(v, echo), with_message_authenticator);

	count_answer(l, cause);
	if (order)
		coa_orders_close(&l->coa->orders, order, p.bytes, n);
	if (n > 0)
		send_bytes(l, key, p.bytes, n);
}

static struct listener *find_listener(const struct coa *coa, uint32_t address_be, uint16_t port)
{
	for (unsigned int i = 0; i < coa->n_listeners; i++)
		if (coa->listeners[i]->address_be == address_be && coa->listeners[i]->port == port)
			return coa->listeners[i];
	return NULL;
}

void coa_answer(struct coa *coa, uint64_t tag, enum aaa_error_cause cause)
{
	struct coa_order *order = coa_orders_open(&coa->orders, tag);
	struct listener *l;
	struct radius_packet p;

	if (!order)
		return;
	l = find_listener(coa, order->key.address_be, order->key.port);
	size_t n =
		l ? make_answer(&p, l, order->code, &order->key, cause,
			    span_of(order->echo, order->n_echo), order->with_message_authenticator)
		  : 0;
	coa_orders_close(&coa->orders, order, p.bytes, n);
	if (n == 0)
		return;
	count_answer(l, cause);
	send_bytes(l, &order->key, p.bytes, n);
}

// ---- requests

static bool is_client(const struct config_coa *c, uint32_t source_be)
{
	for (uint16_t i = 0; i < c->n_clients; i++) {
		const struct config_prefix *p = &c->clients[i];
		uint32_t mask = p->prefix_len ? ~UINT32_C(0) << (32 - p->prefix_len) : 0;
		if (((source_be ^ p->address_be) & htonl(mask)) == 0)
			return true;
	}
	return false;
}

// Returns why it is dropped, NULL: it is genuine. *counter is the one that it is counted by.
static const char *check(struct listener *l, const struct radius_view *v, uint64_t **counter)
{
	struct coa_counters *n = &l->counters;

	if (v->code != RADIUS_DISCONNECT_REQUEST && v->code != RADIUS_COA_REQUEST) {
		*counter = &n->wrong_code;
		return "neither a Disconnect-Request nor a CoA-Request";
	}
	switch (radius_check_request(v, &l->config->secret, false)) {
	case RADIUS_CHECK_GOOD:
		return NULL;
	case RADIUS_CHECK_AUTHENTICATOR:
		*counter = &n->wrong_authenticator;
		return "wrong authenticator: another secret, or forged";
	case RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR:
	case RADIUS_CHECK_MESSAGE_AUTHENTICATOR:
		*counter = &n->wrong_message_authenticator;
		return "wrong Message-Authenticator";
	}
	return NULL;
}

static const char *check_time(struct listener *l, const struct radius_view *v, uint64_t **counter)
{
	uint32_t window_s = l->config->window_s;
	uint32_t said;
	struct span value;

	if (window_s == 0)
		return NULL;
	if (!radius_find(v, 0, RADIUS_EVENT_TIMESTAMP, &value) || !radius_get_u32(value, &said)) {
		*counter = &l->counters.no_timestamp;
		return "no Event-Timestamp: let the sender add it, or set window_s = 0";
	}
	// 32 bits since 1970 go round in 2106, and so does the difference.
	int64_t off = (int32_t)(said - (uint32_t)time(NULL));
	if (off >= -(int64_t)window_s && off <= (int64_t)window_s)
		return NULL;
	*counter = &l->counters.stale;
	return "Event-Timestamp is outside window_s: an old packet, or clocks that differ";
}

static int keep_echo(struct coa_order *order, const struct radius_view *v)
{
	uint8_t bytes[RADIUS_PACKET_BYTES_MAX];
	struct span echo = echo_of(v, bytes);

	if (echo.len == 0)
		return 0;
	order->echo = malloc(echo.len);
	if (!order->echo)
		return -ENOMEM;
	memcpy(order->echo, echo.bytes, echo.len);
	order->n_echo = (uint16_t)echo.len;
	return 0;
}

static void carry_out(struct listener *l, const struct sender *from, const struct radius_view *v,
	const struct coa_key *key)
{
	struct coa *coa = l->coa;
	uint32_t remembered_s = 2 * l->config->window_s;
	struct aaa_change change;
	struct span value;
	bool has_mac = radius_find(v, 0, RADIUS_MESSAGE_AUTHENTICATOR, &value);

	if (remembered_s < REMEMBERED_S_MIN)
		remembered_s = REMEMBERED_S_MIN;
	enum aaa_error_cause cause = coa_request_read(coa->core->config, l->config, v, &change);
	change.source_be = from->be;
	struct coa_order *order = coa_orders_add(&coa->orders, key, coa->core->now_ns,
		coa->core->now_ns + remembered_s * RADIUS_SECOND_NS);
	if (!order && cause == AAA_ERROR_NONE)
		cause = AAA_ERROR_RESOURCES;
	if (cause == AAA_ERROR_NONE) {
		order->code = v->code;
		order->with_message_authenticator = has_mac;
		if (keep_echo(order, v) == 0 && coa_orders_queue(&coa->orders, order, &change) == 0)
			return;
		cause = AAA_ERROR_RESOURCES;
	}
	tell_refused(l, from, v->code, &change, cause);
	answer_now(l, order, key, v, has_mac, cause);
}

static bool answer_again(struct listener *l, const struct coa_key *key)
{
	const struct coa_order *order = coa_orders_find(&l->coa->orders, key);

	if (!order)
		return false;
	if (order->n_reply == 0) {
		l->counters.under_way++;
		return true;
	}
	l->counters.answered_again++;
	send_bytes(l, key, order->reply, order->n_reply);
	return true;
}

static void take(struct listener *l, const struct sender *from, struct span datagram)
{
	struct radius_view v;
	uint64_t *counter = &l->counters.malformed;
	const char *why = NULL;

	if (!is_client(l->config, from->be)) {
		l->counters.stranger++;
		tell_dropped(l, from, EVENT_COA_STRANGER, "its address is not among `clients`");
		return;
	}
	if (radius_read(datagram, &v) != 0)
		why = "no RADIUS packet";
	if (!why)
		why = check(l, &v, &counter);
	if (why) {
		(*counter)++;
		tell_dropped(l, from, EVENT_COA_DROPPED, why);
		return;
	}
	struct coa_key key = {.address_be = l->address_be,
		.port = l->port,
		.source_port_be = from->port_be,
		.source_be = from->be,
		.id = v.id};
	memcpy(key.authenticator, v.authenticator, sizeof(key.authenticator));
	if (answer_again(l, &key))
		return;
	why = check_time(l, &v, &counter);
	if (why) {
		(*counter)++;
		tell_dropped(l, from, EVENT_COA_DROPPED, why);
		return;
	}
	l->counters.requests++;
	carry_out(l, from, &v, &key);
}

static void listener_ready(struct radius_source *s, uint32_t events)
{
	struct listener *l = (struct listener *)((char *)s - offsetof(struct listener, source));
	uint8_t bytes[RADIUS_PACKET_BYTES_MAX + 1];

	for (int i = 0; i < DATAGRAMS_PER_TURN && (i == 0 || radius_core_has_time(l->coa->core));
		i++) {
		struct sockaddr_in from = {0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
			s->fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &len);
		if (n < 0)
			return;
		const struct sender sender = {from.sin_addr.s_addr, from.sin_port};
		take(l, &sender, span_of(bytes, (size_t)n));
	}
}

// ---- open, close, reload

static int tell_open_failed(const struct coa *coa, const struct config_coa *config, int rc)
{
	struct event e;

	if (!coa->core->log)
		return rc;
	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", "coa");
	event_endpoint(&e, "address", config->address_be, htons(config->port));
	event_word(&e, "error", strerror(-rc));
	event_send(coa->core->log, &e);
	return rc;
}

static void listener_free(struct listener *l)
{
	if (!l)
		return;
	if (l->source.fd >= 0) {
		radius_core_remove(l->coa->core, &l->source);
		close(l->source.fd);
	}
	free(l);
}

// The address may come to its interface later: adit's own are on TAPs that it makes itself.
static int listener_bind(struct listener *l, const struct config_coa *config)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(config->port),
		.sin_addr.s_addr = config->address_be};
	socklen_t len = sizeof(at);
	int on = 1;

	l->source.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->source.fd < 0)
		return -errno;
	(void)setsockopt(l->source.fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	if (bind(l->source.fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		getsockname(l->source.fd, (struct sockaddr *)&at, &len) != 0)
		return -errno;
	l->address_be = config->address_be;
	l->port = ntohs(at.sin_port);
	return 0;
}

static int listener_new(struct coa *coa, const struct config_coa *config, struct listener **out)
{
	struct listener *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return -ENOMEM;
	*l = (struct listener){
		.source = {.fd = -1, .ready = listener_ready}, .coa = coa, .config = config};
	rc = listener_bind(l, config);
	if (rc == 0)
		rc = radius_core_add(coa->core, &l->source, EPOLLIN);
	if (rc != 0) {
		listener_free(l);
		return tell_open_failed(coa, config, rc);
	}
	*out = l;
	return 0;
}

static bool is_among(struct listener *const *list, unsigned int n, const struct listener *l)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i] == l)
			return true;
	return false;
}

int coa_reload(struct coa *coa)
{
	const struct config *config = coa->core->config;
	unsigned int n = 0;
	int rc = 0;
	struct listener **list =
		calloc(config->n_coa ? config->n_coa : 1, sizeof(struct listener *));

	if (!list)
		return -ENOMEM;
	for (; n < config->n_coa; n++) {
		list[n] = find_listener(coa, config->coa[n].address_be, config->coa[n].port);
		if (list[n] && is_among(list, n, list[n])) {
			rc = tell_open_failed(coa, &config->coa[n], -EADDRINUSE);
			break;
		}
		if (!list[n] && (rc = listener_new(coa, &config->coa[n], &list[n])) != 0)
			break;
	}
	if (rc != 0) {
		while (n-- > 0)
			if (!is_among(coa->listeners, coa->n_listeners, list[n]))
				listener_free(list[n]);
		free(list);
		return rc;
	}
	for (unsigned int i = 0; i < n; i++)
		list[i]->config = &config->coa[i];
	for (unsigned int i = 0; i < coa->n_listeners; i++)
		if (!is_among(list, n, coa->listeners[i]))
			listener_free(coa->listeners[i]);
	free(coa->listeners);
	coa->listeners = list;
	coa->n_listeners = n;
	return 0;
}

int coa_open(struct radius_core *core, struct coa **out)
{
	struct coa *coa = calloc(1, sizeof(*coa));
	int rc;

	if (!coa)
		return -ENOMEM;
	coa->core = core;
	rc = coa_orders_init(&coa->orders, COA_ORDERS_MAX);
	if (rc == 0)
		rc = coa_reload(coa); // from none to all
	if (rc != 0) {
		coa_close(coa);
		return rc;
	}
	*out = coa;
	return 0;
}

void coa_close(struct coa *coa)
{
	if (!coa)
		return;
	for (unsigned int i = 0; i < coa->n_listeners; i++)
		listener_free(coa->listeners[i]);
	free(coa->listeners);
	coa_orders_fini(&coa->orders);
	free(coa);
}

unsigned int coa_poll(struct coa *coa, struct aaa_change *changes, unsigned int n)
{
	unsigned int i = 0;

	while (i < n && coa_orders_fetch(&coa->orders, &changes[i]))
		i++;
	return i;
}

static size_t describe_listener(const struct listener *l, char *out, size_t cap)
{
	const struct coa_counters *n = &l->counters;
	char address[INET_ADDRSTRLEN];
	const struct {
		const char *words;
		uint64_t n;
	} drops[] = {
#define X(name, words) {words, n->name},
		DROP_LIST(X)
#undef X
	};
	size_t len;

	inet_ntop(AF_INET, &l->address_be, address, sizeof(address));
	len = (size_t)snprintf(out, cap,
		"coa %s:%u tenant=%s: requests=%" PRIu64 " acks=%" PRIu64 " naks=%" PRIu64
		" answered-again=%" PRIu64,
		address, l->port, l->config->tenant[0] ? l->config->tenant : "default", n->requests,
		n->acks, n->naks, n->answered_again);
	for (size_t i = 0; i < sizeof(drops) / sizeof(drops[0]) && len < cap; i++)
		if (drops[i].n)
			len += (size_t)snprintf(
				out + len, cap - len, " %s=%" PRIu64, drops[i].words, drops[i].n);
	if (len < cap)
		len += (size_t)snprintf(out + len, cap - len, "\n");
	return len < cap ? len : cap - 1;
}

void coa_describe(const struct coa *coa, char *out, size_t cap)
{
	size_t len = 0;

	if (cap == 0)
		return;
	out[0] = '\0';
	for (unsigned int i = 0; i < coa->n_listeners && len + 1 < cap; i++)
		len += describe_listener(coa->listeners[i], out + len, cap - len);
}

uint16_t coa_port(const struct coa *coa, unsigned int listener)
{
	return coa->listeners[listener]->port;
}
