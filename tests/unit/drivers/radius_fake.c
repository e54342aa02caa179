// SPDX-License-Identifier: BSD-3-Clause
#include "radius_fake.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void listen_on_loopback(struct fake_server *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int bytes = 1 << 20;

	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, bind(s->fd, (struct sockaddr *)&a, sizeof(a)));
	ASSERT_EQ(0, getsockname(s->fd, (struct sockaddr *)&a, &len));
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	s->port = ntohs(a.sin_port);
}

struct fake *fake_new(unsigned int n)
{
	struct fake *f = calloc(1, sizeof(*f));

	f->config.radius_servers = f->servers;
	f->config.n_radius_servers = (uint16_t)n;
	f->config.radius_groups = &f->group;
	f->config.n_radius_groups = 1;
	snprintf(f->config.name, sizeof(f->config.name), "nas");
	snprintf(f->group.name, sizeof(f->group.name), "all");
	f->group.n_servers = (uint16_t)n;
	for (unsigned int i = 0; i < n; i++) {
		struct config_radius_server *s = &f->servers[i];
		listen_on_loopback(&f->fakes[i]);
		snprintf(s->name, sizeof(s->name), "s%u", i);
		s->address_be = htonl(INADDR_LOOPBACK);
		s->auth_port = f->fakes[i].port;
		s->acct_port = 0;
		s->has_secret = true;
		secret_set(&s->secret, span_of_text("of the server"));
		s->require_message_authenticator = true;
		s->timeout_ms = 40;
		s->tries = 2;
		s->dead_s = 1;
		s->sockets = 2;
		f->fakes[i].secret = s->secret;
		f->group.server_index[i] = (uint16_t)i;
	}
	return f;
}

void fake_open(struct fake *f)
{
	log_open(&f->log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	ASSERT_EQ(0, radius_core_open(&f->core, &f->config, &f->log, NULL));
	ASSERT_EQ(0, exchange_open(&f->core, &f->exchange));
}

void fake_free(struct fake *f)
{
	exchange_close(f->exchange);
	radius_core_close(&f->core);
	log_close(&f->log);
	for (unsigned int i = 0; i < f->config.n_radius_servers; i++)
		if (f->fakes[i].fd >= 0)
			close(f->fakes[i].fd);
	free(f);
}

static void done(void *context, const struct exchange_answer *answer)
{
	struct fake_context *c = context;
	struct fake *f = c->f;

	f->results[c->at] = answer->result;
	f->whys[c->at] = answer->why;
	if (answer->result == EXCHANGE_ANSWERED) {
		snprintf(f->by[c->at], sizeof(f->by[0]), "%s", answer->server->name);
		f->codes[c->at] = answer->reply->code;
	}
	f->n_done++;
}

int fake_ask(struct fake *f, const char *user)
{
	struct fake_context *c = &f->contexts[f->n_asked % FAKE_ANSWERS];
	struct radius_packet p;

	radius_begin(&p, RADIUS_ACCESS_REQUEST, true);
	radius_put_text(&p, RADIUS_USER_NAME, user);
	radius_put_password(&p, span_of_text("password"));
	*c = (struct fake_context){.f = f, .at = f->n_asked % FAKE_ANSWERS};
	const struct exchange_request r = {
		.kind = EXCHANGE_AUTH, .packet = &p, .done = done, .context = c};
	radius_core_look(&f->core);
	int rc = exchange_submit(f->exchange, &r);
	if (rc == 0)
		f->n_asked++;
	return rc;
}

void fake_run_until(struct fake *f, uint32_t n_done, unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	for (uint64_t now = now_ms(); now < end && f->n_done < n_done; now = now_ms()) {
		struct pollfd p = {.fd = f->core.epoll_fd, .events = POLLIN};
		poll(&p, 1, (int)(end - now));
		radius_core_run(&f->core);
	}
}

void fake_run(struct fake *f, unsigned int ms)
{
	fake_run_until(f, UINT32_MAX, ms);
}

bool fake_receive(struct fake *f, unsigned int server, struct fake_request *out, unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	do {
		out->from_len = sizeof(out->from);
		ssize_t n = recvfrom(f->fakes[server].fd, out->bytes, sizeof(out->bytes),
			MSG_DONTWAIT, (struct sockaddr *)out->from, &out->from_len);
		if (n > 0) {
			out->n = (size_t)n;
			return radius_read(span_of(out->bytes, out->n), &out->view) == 0;
		}
		fake_run(f, 1);
	} while (now_ms() < end);
	return false;
}

void fake_answer(
	struct fake *f, unsigned int server, const struct fake_request *r, enum fake_answer how)
{
	static const struct secret wrong = {.len = 5, .bytes = "wrong"};
	const struct secret *secret = how == FAKE_WRONG_SECRET ? &wrong : &f->fakes[server].secret;
	struct radius_packet p;

	radius_begin(&p, how == FAKE_WRONG_CODE ? RADIUS_ACCOUNTING_RESPONSE : RADIUS_ACCESS_ACCEPT,
		how != FAKE_NO_MESSAGE_AUTHENTICATOR);
	if (how == FAKE_WRONG_MESSAGE_AUTHENTICATOR)
		radius_put(&p, RADIUS_MESSAGE_AUTHENTICATOR, span_of("0123456789abcdef", 16));
	uint8_t id = (uint8_t)(r->view.id + (how == FAKE_WRONG_ID ? 1 : 0));
	size_t n = radius_seal_reply(&p, id, secret, r->view.authenticator);
	if (how == FAKE_GARBAGE)
		p.bytes[3] = 3;
	EXPECT_EQ(n, sendto(f->fakes[server].fd, p.bytes, n, 0, (const struct sockaddr *)r->from,
			     r->from_len));
}

unsigned int fake_counter(struct fake *f, unsigned int server, const char *key)
{
	char text[4096], name[64], *line, *at;
	unsigned int v = 0;

	exchange_describe(f->exchange, text, sizeof(text));
	snprintf(name, sizeof(name), "server=s%u ", server);
	line = strstr(text, name);
	if (!line)
		return UINT32_MAX;
	*strchrnul(line, '\n') = '\0';
	snprintf(name, sizeof(name), " %s=", key);
	at = strstr(line, name);
	return at && sscanf(at + strlen(name), "%u", &v) == 1 ? v : 0;
}
