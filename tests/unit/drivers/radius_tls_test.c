// SPDX-License-Identifier: BSD-3-Clause
// RADIUS over TLS against a server of the test's own: both kinds on one port, packets that lie anyhow in records, and a
// connection that breaks in the middle of what it brought.
#include "radius_fake.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUESTS_MAX = 1024, IN_BYTES = 262144 };

struct tls_request {
	uint8_t code, id;
	uint8_t authenticator[16];
};

struct tls_server {
	int listen_fd, fd; // fd -1: nobody is connected
	uint16_t port;
	bool is_open;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	char pem_path[64];
	unsigned int n_connections;
	uint32_t n; // requests that have come, in all
	struct tls_request requests[REQUESTS_MAX];
	size_t in_len;
	uint8_t in[IN_BYTES];
};

static const struct secret radsec = {.len = 6, .bytes = "radsec"};

// One certificate that vouches for itself and is of 127.0.0.1.
static void make_certificate(struct tls_server *s)
{
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	time_t now = time(NULL);

	ASSERT_EQ(0, gnutls_x509_privkey_init(&key));
	ASSERT_EQ(0, gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
			     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	ASSERT_EQ(0, gnutls_x509_crt_init(&crt));
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, "\1", 1);
	gnutls_x509_crt_set_activation_time(crt, now - 3600);
	gnutls_x509_crt_set_expiration_time(crt, now + 3600);
	gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "test", 4);
	gnutls_x509_crt_set_subject_alt_name(
		crt, GNUTLS_SAN_IPADDRESS, loopback, sizeof(loopback), GNUTLS_FSAN_SET);
	gnutls_x509_crt_set_ca_status(crt, 1);
	gnutls_x509_crt_set_key(crt, key);
	ASSERT_EQ(0, gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
	ASSERT_EQ(0, gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
	snprintf(s->pem_path, sizeof(s->pem_path), "/tmp/adit-radsec-XXXXXX");
	int fd = mkstemp(s->pem_path);
	ASSERT_EQ(pem.size, write(fd, pem.data, pem.size));
	close(fd);
	ASSERT_EQ(0, gnutls_certificate_allocate_credentials(&s->credentials));
	ASSERT_EQ(0, gnutls_certificate_set_x509_key(s->credentials, &crt, 1, key));
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static struct tls_server *server_new(void)
{
	struct tls_server *s = calloc(1, sizeof(*s));
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	make_certificate(s);
	s->fd = -1;
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bind(s->listen_fd, (struct sockaddr *)&a, sizeof(a));
	listen(s->listen_fd, 4);
	getsockname(s->listen_fd, (struct sockaddr *)&a, &len);
	s->port = ntohs(a.sin_port);
	return s;
}

// At once, as the kernel does for a process that was killed.
static void server_drop(struct tls_server *s)
{
	const struct linger now = {.l_onoff = 1};

	if (s->fd < 0)
		return;
	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(s->fd);
	gnutls_deinit(s->session);
	s->fd = -1;
	s->is_open = false;
	s->in_len = 0;
}

static void server_free(struct tls_server *s)
{
	server_drop(s);
	close(s->listen_fd);
	unlink(s->pem_path);
	gnutls_certificate_free_credentials(s->credentials);
	free(s);
}

static void server_accept(struct tls_server *s)
{
	s->fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s->fd < 0)
		return;
	s->n_connections++;
	gnutls_init(&s->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	gnutls_set_default_priority(s->session);
	gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, s->credentials);
	gnutls_transport_set_int(s->session, s->fd);
}

static void server_take(struct tls_server *s)
{
	size_t at = 0;

	while (s->in_len - at >= RADIUS_HEADER_BYTES) {
		size_t len = bytes_get_u16(s->in + at + 2);
		struct radius_view v;
		if (len > s->in_len - at)
			break;
		ASSERT_EQ(0, radius_read(span_of(s->in + at, len), &v));
		if (v.code == RADIUS_ACCOUNTING_REQUEST)
			EXPECT_EQ(RADIUS_CHECK_GOOD, radius_check_request(&v, &radsec, false));
		ASSERT_LT(s->n, REQUESTS_MAX);
		struct tls_request *r = &s->requests[s->n++];
		r->code = v.code;
		r->id = v.id;
		memcpy(r->authenticator, v.authenticator, 16);
		at += len;
	}
	s->in_len -= at;
	memmove(s->in, s->in + at, s->in_len);
}

static void server_turn(struct tls_server *s)
{
	if (s->fd < 0)
		server_accept(s);
	if (s->fd < 0)
		return;
	if (!s->is_open) {
		s->is_open = gnutls_handshake(s->session) == 0;
		return;
	}
	ssize_t n = gnutls_record_recv(s->session, s->in + s->in_len, sizeof(s->in) - s->in_len);
	if (n > 0) {
		s->in_len += (size_t)n;
		server_take(s);
	}
}

// The bytes of a right answer to a request.
static size_t make_answer(const struct tls_request *r, uint8_t *out)
{
	bool is_acct = r->code == RADIUS_ACCOUNTING_REQUEST;
	struct radius_packet p;

	radius_begin(&p, is_acct ? RADIUS_ACCOUNTING_RESPONSE : RADIUS_ACCESS_ACCEPT, !is_acct);
	size_t n = radius_seal_reply(&p, r->id, &radsec, r->authenticator);
	memcpy(out, p.bytes, n);
	return n;
}

static void run_until_asked(struct fake *f, struct tls_server *s, uint32_t n)
{
	for (int i = 0; i < 5000 && s->n < n; i++) {
		server_turn(s);
		fake_run(f, 1);
	}
	ASSERT_EQ(n, s->n);
}

static struct fake *fake_of(struct tls_server *s)
{
	struct fake *f = fake_new(1);
	struct config_radius_server *c = &f->servers[0];

	c->transport = CONFIG_RADIUS_TLS;
	c->auth_port = c->acct_port = s->port;
	c->has_secret = false;
	c->sockets = 1;
	c->timeout_ms = 5000;
	snprintf(c->ca_file, sizeof(c->ca_file), "%s", s->pem_path);
	fake_open(f);
	return f;
}

static void count_answer(void *context, const struct exchange_answer *answer)
{
	if (answer->result == EXCHANGE_ANSWERED &&
		answer->reply->code == RADIUS_ACCOUNTING_RESPONSE)
		(*(uint32_t *)context)++;
}

TEST(radius_tls, records_of_calls_go_over_tls_too)
{
	struct tls_server *s = server_new();
	struct fake *f = fake_of(s);
	struct radius_packet p;
	uint8_t out[3 * 64];
	uint32_t n_done = 0;
	size_t n = 0;

	radius_begin(&p, RADIUS_ACCOUNTING_REQUEST, false);
	radius_put_u32(&p, RADIUS_ACCT_STATUS_TYPE, 1);
	const struct exchange_request r = {
		.kind = EXCHANGE_ACCT, .packet = &p, .done = count_answer, .context = &n_done};
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, exchange_submit(f->exchange, &r));
	run_until_asked(f, s, 3);
	for (int i = 0; i < 3; i++)
		n += make_answer(&s->requests[i], out + n);
	// One answer and a half in a record, and the rest in another.
	ASSERT_EQ(30, gnutls_record_send(s->session, out, 30));
	fake_run(f, 30);
	EXPECT_EQ(1, n_done);
	ASSERT_EQ((ssize_t)n - 30, gnutls_record_send(s->session, out + 30, n - 30));
	fake_run(f, 30);
	EXPECT_EQ(3, n_done);
	EXPECT_EQ(0, exchange_pending(f->exchange, EXCHANGE_ACCT));
	EXPECT_EQ(1, s->n_connections);
	fake_free(f);
	server_free(s);
}

// While its answers are taken, one that waited for an identifier is sent, which finds the connection broken. What is
// being read must stay, and all is asked anew over another connection.
TEST(radius_tls, a_connection_that_breaks_while_answers_are_taken)
{
	enum { N = 300 };
	struct tls_server *s = server_new();
	struct fake *f = fake_of(s);
	uint8_t out[4 * 64];
	size_t n = 0;

	f->servers[0].timeout_ms = 150;
	f->servers[0].tries = 10;
	EXPECT_EQ(0, exchange_reload(f->exchange));
	for (int i = 0; i < N; i++)
		ASSERT_EQ(0, fake_ask(f, "anna"));
	run_until_asked(f, s, 256);
	for (int i = 0; i < 4; i++)
		n += make_answer(&s->requests[i], out + n);
	ASSERT_EQ((ssize_t)n, gnutls_record_send(s->session, out, n));
	server_drop(s);
	fake_run_until(f, 4, 50);
	EXPECT_EQ(4, f->n_done);
	s->n = 0;
	for (int turn = 0; turn < 3000 && f->n_done < N; turn++) {
		server_turn(s);
		for (uint32_t i = 0; i < s->n; i++) {
			n = make_answer(&s->requests[i], out);
			EXPECT_EQ((ssize_t)n, gnutls_record_send(s->session, out, n));
		}
		s->n = 0;
		fake_run(f, 1);
	}
	EXPECT_EQ(N, f->n_done);
	for (int i = 0; i < N; i++)
		EXPECT_EQ(EXCHANGE_ANSWERED, f->results[i]);
	EXPECT_EQ(2, s->n_connections);
	fake_free(f);
	server_free(s);
}
