// SPDX-License-Identifier: BSD-3-Clause
// RADIUS over TLS (RFC 6614 over RFC 6613) behind the same exchange: a path is a connection with 256 identifiers. On
// GnuTLS, which libradcli is built on: its own TLS blocks in the handshake and in each request, for as long as a server
// is silent, and the control loop must not.
#include "drivers/aaa/radius/exchange_state.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TLS_OUT_BYTES = 131072,
	TLS_READS_PER_TURN = 64,
};

static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct radius_tls_context {
	gnutls_certificate_credentials_t credentials;
};

struct radius_tls {
	gnutls_session_t session;
	bool is_connected; // TCP
	bool is_open;	   // the handshake is done, and the server is who it is to be
	bool is_running;   // tls_ready is at it, and what it reads is borrowed: a close has to wait
	bool is_broken;	   // it is to be closed then
	uint32_t events;   // that are waited for
	uint32_t out_len;
	uint32_t sending; // bytes that GnuTLS wants to be given again
	size_t in_len;
	uint8_t in[RADIUS_PACKET_BYTES_MAX];
	uint8_t out[TLS_OUT_BYTES];
};

// ---- certificates -------------------------------------------------------------------------------

static int complain(const struct config_radius_server *config, struct log *log, const char *key,
	const char *path, int error)
{
	struct event e;

	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", key);
	event_word(&e, "server", config->name);
	event_word(&e, "path", path);
	event_word(&e, "error", error ? gnutls_strerror(error) : "RADIUS over TLS needs one");
	if (log)
		event_send(log, &e);
	return -EINVAL;
}

int radius_tls_context_new(
	const struct config_radius_server *config, struct log *log, struct radius_tls_context **out)
{
	struct radius_tls_context *context = calloc(1, sizeof(*context));
	int rc = 0, n;

	if (!context || gnutls_certificate_allocate_credentials(&context->credentials) != 0) {
		free(context);
		return -ENOMEM;
	}
	n = config->ca_file[0] ? gnutls_certificate_set_x509_trust_file(
					 context->credentials, config->ca_file, GNUTLS_X509_FMT_PEM)
			       : 0;
	if (n <= 0) // without it anybody could be the server
		rc = complain(config, log, "radius_servers.ca_file", config->ca_file, n);
	if (rc == 0 && config->certificate_file[0]) {
		n = gnutls_certificate_set_x509_key_file(context->credentials,
			config->certificate_file, config->key_file, GNUTLS_X509_FMT_PEM);
		if (n < 0)
			rc = complain(config, log, "radius_servers.certificate_file",
				config->certificate_file, n);
	}
	if (rc != 0) {
		radius_tls_context_free(context);
		return rc;
	}
	*out = context;
	return 0;
}

void radius_tls_context_free(struct radius_tls_context *context)
{
	if (!context)
		return;
	gnutls_certificate_free_credentials(context->credentials);
	free(context);
}

// RFC 6614 2.3: beside the chain, the certificate has to be this server's, by its address or by its name in the
// configuration.
static bool is_the_server(gnutls_session_t session, const struct config_radius_server *config)
{
	unsigned int n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
	gnutls_x509_crt_t certificate;
	bool is_right = false;

	if (!chain || n == 0 || gnutls_x509_crt_init(&certificate) != 0)
		return false;
	if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == 0)
		is_right = gnutls_x509_crt_check_ip(certificate,
				   (const unsigned char *)&config->address_be, 4, 0) != 0 ||
			   gnutls_x509_crt_check_hostname(certificate, config->name) != 0;
	gnutls_x509_crt_deinit(certificate);
	return is_right;
}

// ---- a connection -------------------------------------------------------------------------------

static void want(struct radius_path *path, uint32_t events)
{
	if (path->tls->events == events)
		return;
	path->tls->events = events;
	radius_core_change(path->peer->x->core, &path->source, events);
}

// Calls stay on the path: their next try opens it again.
static void break_off(struct radius_path *path, const char *why)
{
	if (why)
		path->peer->trouble = why;
	path->peer->counters.unreachable++;
	if (path->tls->is_running)
		path->tls->is_broken = true;
	else
		radius_tls_close(path);
}

void radius_tls_close(struct radius_path *path)
{
	struct radius_tls *tls = path->tls;

	if (path->source.fd < 0)
		return;
	radius_core_remove(path->peer->x->core, &path->source);
	if (tls->is_open)
		gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	gnutls_deinit(tls->session);
	close(path->source.fd);
	path->source.fd = -1;
	path->tls = NULL;
	secret_wipe_bytes(tls, sizeof(*tls));
	free(tls);
}

static void flush(struct radius_path *path)
{
	struct radius_tls *tls = path->tls;

	while (tls->out_len && !tls->is_broken) {
		// After "again" the same bytes are to be given again, and no more of them.
		uint32_t n = tls->sending ? tls->sending : tls->out_len;
		ssize_t sent = gnutls_record_send(tls->session, tls->out, n);
		if (sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED) {
			tls->sending = n;
			break;
		}
		if (sent < 0) {
			break_off(path, NULL); // tls may be gone
			return;
		}
		tls->sending = 0;
		tls->out_len -= (uint32_t)sent;
		memmove(tls->out, tls->out + sent, tls->out_len);
	}
	want(path, EPOLLIN | (tls->out_len ? (uint32_t)EPOLLOUT : 0));
}

static void append(struct radius_path *path, struct span packet)
{
	struct radius_tls *tls = path->tls;

	if (packet.len > sizeof(tls->out) - tls->out_len) {
		path->peer->counters.not_sent++;
		return;
	}
	memcpy(tls->out + tls->out_len, packet.bytes, packet.len);
	tls->out_len += (uint32_t)packet.len;
}

void radius_tls_send(struct radius_path *path, struct span packet)
{
	if (!path->tls || !path->tls->is_open || path->tls->is_broken)
		return;
	append(path, packet);
	flush(path);
}

static void opened(struct radius_path *path)
{
	struct radius_tls *tls = path->tls;

	if (!is_the_server(tls->session, &path->peer->server->config)) {
		break_off(path, "its certificate is of neither its address nor its name");
		return;
	}
	tls->is_open = true;
	for (int id = 0; id < EXCHANGE_IDS; id++) {
		const struct exchange_call *call = path->by_id[id];
		if (call)
			append(path, span_of(call->bytes + call->len, call->len));
	}
	flush(path);
}

static void handshake(struct radius_path *path)
{
	struct radius_tls *tls = path->tls;
	int rc;

	do {
		rc = gnutls_handshake(tls->session);
	} while (rc != 0 && rc != GNUTLS_E_AGAIN && rc != GNUTLS_E_INTERRUPTED &&
		 !gnutls_error_is_fatal(rc));
	if (rc == 0)
		opened(path);
	else if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
		want(path, gnutls_record_get_direction(tls->session) ? EPOLLOUT : EPOLLIN);
	else
		break_off(path, rc == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR
					? "its certificate is not to be trusted"
					: "the TLS handshake failed");
}

// Whole packets out of the stream. Returns false when it is none of RADIUS: there is no way back into step.
static bool take_packets(struct radius_path *path)
{
	struct radius_tls *tls = path->tls;
	size_t at = 0;

	while (tls->in_len - at >= RADIUS_HEADER_BYTES) {
		size_t len = bytes_get_u16(tls->in + at + 2);
		if (len < RADIUS_HEADER_BYTES || len > RADIUS_PACKET_BYTES_MAX) {
			path->peer->counters.malformed++;
			return false;
		}
		if (tls->in_len - at < len)
			break;
		exchange_take(path, span_of(tls->in + at, len));
		at += len;
	}
	tls->in_len -= at;
	memmove(tls->in, tls->in + at, tls->in_len);
	return true;
}

static void receive(struct radius_path *path)
{
	struct radius_tls *tls = path->tls;

	for (int i = 0; i < TLS_READS_PER_TURN && !tls->is_broken &&
			(i == 0 || radius_core_has_time(path->peer->x->core));
		i++) {
		ssize_t n = gnutls_record_recv(
			tls->session, tls->in + tls->in_len, sizeof(tls->in) - tls->in_len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return;
		if (n == 0 || (n < 0 && gnutls_error_is_fatal((int)n))) {
			break_off(path, NULL);
			return;
		}
		if (n < 0)
			continue; // a session ticket, an alert that is only a warning
		tls->in_len += (size_t)n;
		if (!take_packets(path)) {
			break_off(path, "what it sends is not RADIUS");
			return;
		}
	}
	// Bytes that GnuTLS has read already do not make the socket readable.
	if (!tls->is_broken && gnutls_record_check_pending(tls->session) > 0)
		want(path, EPOLLIN | EPOLLOUT);
}

static void go_on(struct radius_path *path)
{
	struct radius_tls *tls = path->tls;
	socklen_t len = sizeof(int);
	int error = 0;

	if (!tls->is_connected) {
		getsockopt(path->source.fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			break_off(path, "no TCP connection to it");
			return;
		}
		tls->is_connected = true;
	}
	if (!tls->is_open) {
		handshake(path);
		return;
	}
	flush(path);
	receive(path);
}

static void tls_ready(struct radius_source *s, uint32_t events)
{
	struct radius_path *path =
		(struct radius_path *)((char *)s - offsetof(struct radius_path, source));

	path->tls->is_running = true;
	go_on(path);
	path->tls->is_running = false;
	if (path->tls->is_broken)
		radius_tls_close(path);
}

static int connect_tcp(const struct config_radius_server *config)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(config->auth_port),
		.sin_addr.s_addr = config->address_be};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = config->source_be};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if ((config->source_be && bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0) ||
		(connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int new_session(struct radius_tls *tls, const struct exchange_server *server, int fd)
{
	if (gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) != 0)
		return -ENOMEM;
	if (gnutls_priority_set_direct(tls->session, priority, NULL) != 0 ||
		gnutls_credentials_set(
			tls->session, GNUTLS_CRD_CERTIFICATE, server->tls->credentials) != 0) {
		gnutls_deinit(tls->session);
		return -EINVAL;
	}
	gnutls_session_set_verify_cert(tls->session, NULL, 0); // whose it is: is_the_server()
	gnutls_transport_set_int(tls->session, fd);
	gnutls_handshake_set_timeout(
		tls->session, GNUTLS_INDEFINITE_TIMEOUT); // time is the exchange's
	return 0;
}

int radius_tls_open(struct radius_path *path)
{
	struct exchange_server *server = path->peer->server;
	struct radius_tls *tls = calloc(1, sizeof(*tls));
	int fd, rc;

	if (!tls)
		return -ENOMEM;
	fd = connect_tcp(&server->config);
	rc = fd < 0 ? fd : new_session(tls, server, fd);
	if (rc != 0) {
		if (fd >= 0)
			close(fd);
		free(tls);
		return rc;
	}
	path->source = (struct radius_source){.fd = fd, .ready = tls_ready};
	path->tls = tls;
	tls->events = EPOLLOUT;
	rc = radius_core_add(path->peer->x->core, &path->source, tls->events);
	if (rc != 0) {
		gnutls_deinit(tls->session);
		close(fd);
		free(tls);
		path->tls = NULL;
		path->source.fd = -1;
	}
	return rc;
}

bool radius_tls_is_open(const struct radius_path *path)
{
	return path->tls && path->tls->is_open;
}
