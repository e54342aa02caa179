// SPDX-License-Identifier: BSD-3-Clause
// Source ports and identifiers. Each socket is connected, so that only what claims to come from the server gets in, and
// bound to a random port, so that who is not on the path has to guess it (RFC 5080 2.2.1 has 256 identifiers a port).
#include "drivers/aaa/radius/exchange_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PORT_MIN = 10240,
	PORT_TRIES = 16,
	DATAGRAMS_PER_TURN = 64,
	// Room for an answer to every identifier, of which each takes 1 to 2 KiB of the kernel's whatever its length; the
	// usual 208 KiB lose some of 256.
	RECEIVE_BUFFER_BYTES = 512 * 1024,
};

static bool is_tls(const struct exchange_peer *p)
{
	return p->server->config.transport == CONFIG_RADIUS_TLS;
}

static int bind_random_port(int fd, uint32_t source_be)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = source_be};

	for (int i = 0; i < PORT_TRIES; i++) {
		uint16_t r;
		radius_core_random(&r, sizeof(r));
		from.sin_port = htons((uint16_t)(PORT_MIN + r % (65536 - PORT_MIN)));
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

static void path_ready(struct radius_source *s, uint32_t events)
{
	struct radius_path *path =
		(struct radius_path *)((char *)s - offsetof(struct radius_path, source));
	uint8_t bytes[RADIUS_PACKET_BYTES_MAX + 1];

	for (int i = 0;
		i < DATAGRAMS_PER_TURN && (i == 0 || radius_core_has_time(path->peer->x->core));
		i++) {
		ssize_t n = recv(path->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) // ECONNREFUSED: ICMP, which anybody can send. It is counted and does not end a wait.
			path->peer->counters.unreachable++;
		else
			exchange_take(path, span_of(bytes, (size_t)n));
	}
}

static int open_udp(struct radius_path *path)
{
	const struct exchange_peer *p = path->peer;
	const struct config_radius_server *config = &p->server->config;
	uint16_t port = p->kind == EXCHANGE_AUTH ? config->auth_port : config->acct_port;
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = config->address_be};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int buffer_bytes = RECEIVE_BUFFER_BYTES;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
	int rc = bind_random_port(fd, config->source_be);
	if (rc == 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		rc = -errno;
	path->source = (struct radius_source){.fd = fd, .ready = path_ready};
	if (rc == 0)
		rc = radius_core_add(p->x->core, &path->source, EPOLLIN);
	if (rc != 0) {
		close(fd);
		path->source.fd = -1;
	}
	return rc;
}

static int open_paths(struct exchange_peer *p)
{
	uint16_t n = p->server->config.sockets;

	p->paths = calloc(n, sizeof(*p->paths));
	if (!p->paths)
		return -ENOMEM;
	for (uint16_t i = 0; i < n; i++) {
		p->paths[i].peer = p;
		p->paths[i].source.fd = -1;
		radius_core_random(&p->paths[i].next_id, 1);
	}
	return 0;
}

// Round and round over the paths, which are opened as they are needed.
static int take_path(struct exchange_peer *p, struct radius_path **out)
{
	int rc = -EAGAIN;

	if (!p->paths && open_paths(p) != 0)
		return -ENOMEM;
	for (uint16_t i = 0; i < p->server->config.sockets; i++) {
		struct radius_path *path = &p->paths[p->next_path];
		p->next_path = (uint16_t)((p->next_path + 1) % p->server->config.sockets);
		if (path->n_used == EXCHANGE_IDS)
			continue;
		rc = 0;
		if (path->source.fd < 0)
			rc = is_tls(p) ? radius_tls_open(path) : open_udp(path);
		if (rc != 0)
			continue;
		*out = path;
		return 0;
	}
	return rc;
}

static void send_call(struct exchange_call *call)
{
	struct radius_path *path = call->path;
	struct span packet = span_of(call->bytes + call->len, call->len);
	struct radius_view v;

	if (radius_read(packet, &v) == 0)
		exchange_report_packet(call, true, &v);

	if (is_tls(call->peer))
		radius_tls_send(path, packet);
	else if (send(path->source.fd, packet.bytes, packet.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		path->peer->counters.not_sent++;
}

int radius_path_begin(struct exchange_call *call)
{
	struct radius_path *path;
	uint8_t random[RADIUS_AUTHENTICATOR_BYTES];

	int rc = take_path(call->peer, &path);
	if (rc != 0)
		return rc;
	while (path->by_id[path->next_id])
		path->next_id++;
	call->id = path->next_id++;
	call->path = path;
	path->by_id[call->id] = call;
	path->n_used++;
	radius_core_random(random, sizeof(random));
	radius_seal_plain(span_of(call->bytes, call->len), call->id, &call->peer->server->secret,
		random, call->bytes + call->len);
	send_call(call);
	return 0;
}

void radius_path_repeat(struct exchange_call *call)
{
	struct radius_path *path = call->path;

	// A stream loses nothing (RFC 6613 2.6.1): what is on its way stays so, unless the connection broke.
	if (!is_tls(call->peer))
		send_call(call);
	else if (path->source.fd < 0 && radius_tls_open(path) != 0)
		path->peer->counters.not_sent++;
}

void radius_path_end(struct exchange_call *call)
{
	struct radius_path *path = call->path;

	path->by_id[call->id] = NULL;
	path->n_used--;
	call->path = NULL;
	// A connection that does not come about is given up with the last who waited for it: to a host that is back, a new
	// one is there at once.
	if (path->n_used == 0 && path->tls && !radius_tls_is_open(path))
		radius_tls_close(path);
}

void radius_path_close(struct radius_path *path)
{
	if (path->source.fd < 0)
		return;
	if (path->tls) {
		radius_tls_close(path);
		return;
	}
	radius_core_remove(path->peer->x->core, &path->source);
	close(path->source.fd);
	path->source.fd = -1;
}
