// SPDX-License-Identifier: BSD-3-Clause
#include "control/lab.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

const struct sim_peer_profile lab_pppd = {
	.name = "pppd",
	.asks_accm = true,
	.asks_pfc = true,
	.asks_acfc = true,
	.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128,
	.asks_deflate = true,
	.asks_vj = true,
	.n_servers = 2,
	.waits_for_ccp = true,
	.restart_ns = 3 * SIM_SEC,
	.window = 3,
};

// ---- the peer's end of the tunnel ---------------------------------------------------------------

// GRE is the worker's business, so frames go to control as the worker passes them on.
void sim_tunnel_send_frame(
	struct sim_tunnel *t, uint16_t protocol, struct span info, uint64_t now_ns)
{
	struct lab_client *c = container_of(t, struct lab_client, tunnel);
	struct lab_session *s = lab_find_session(c->lab, c->session_id);

	if (!s || c->lab->loses_frames)
		return;
	const struct lane_event e = {
		.kind = LANE_PPP,
		.worker = session_id_worker(s->id),
		.protocol = protocol,
		.session_id = s->id,
		.packet = rte_pktmbuf_alloc(c->lab->pool),
	};
	if (!e.packet)
		return; // the worker has none either
	memcpy(rte_pktmbuf_append(e.packet, (uint16_t)info.len), info.bytes, info.len);
	lab_put_event(c->lab, &e);
}

void sim_tunnel_key(struct sim_tunnel *t, enum sim_direction direction,
	const struct mppe_mode *mode, enum sim_mppe_kind kind, const uint8_t start[16])
{
	t->has_keys[direction] = true;
}

void lab_client_take_frame(struct lab_client *c, uint16_t protocol, struct span info)
{
	if (c->takes_frame && c->takes_frame(c, protocol, info))
		return;
	if (c->has_peer && !c->is_mute)
		sim_peer_receive(&c->peer, protocol, info, loop_clock_ns());
}

// ---- TCP ----------------------------------------------------------------------------------------

void lab_client_open(struct lab *lab, struct lab_client *c)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(lab->config->tcp_port),
		.sin_addr.s_addr = htonl(lab->connect_to ? lab->connect_to : INADDR_LOOPBACK)};

	memset(c, 0, sizeof(*c));
	c->lab = lab;
	c->random.state = loop_clock_ns();
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	TAILQ_INSERT_TAIL(&lab->clients, c, in_all);
	ASSERT_EQ(0, connect(c->fd, (struct sockaddr *)&at, sizeof(at)));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

void lab_client_close(struct lab_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	TAILQ_REMOVE(&c->lab->clients, c, in_all);
}

void lab_client_send_bytes(struct lab_client *c, const void *bytes, size_t n)
{
	EXPECT_EQ((ssize_t)n, send(c->fd, bytes, n, MSG_NOSIGNAL));
}

void lab_client_send(struct lab_client *c, const struct pptp_message *m)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pptp_put(&w, m);
	ASSERT_FALSE(w.failed);
	lab_client_send_bytes(c, bytes, w.len);
}

void lab_client_start(struct lab_client *c)
{
	struct pptp_message m = {
		.type = PPTP_SCCRQ, .start = {.version = PPTP_VERSION, .framing = 3, .bearer = 3}};

	memcpy(m.start.host_name, "client", 6);
	memcpy(m.start.vendor, "cananian\x1b[2J", 12);
	lab_client_send(c, &m);
}

void lab_client_call(struct lab_client *c, uint16_t call_id)
{
	const struct pptp_message m = {.type = PPTP_OCRQ,
		.ocrq = {.call_id = call_id,
			.min_bps = 2400,
			.max_bps = 10000000,
			.bearer = 3,
			.framing = 3,
			.window = 3}};

	c->call_id = call_id;
	lab_client_send(c, &m);
}

void lab_client_clear(struct lab_client *c)
{
	const struct pptp_message m = {
		.type = PPTP_CALL_CLEAR_REQUEST, .call_clear = {.call_id = c->call_id}};

	lab_client_send(c, &m);
}

void lab_client_stop(struct lab_client *c)
{
	const struct pptp_message m = {.type = PPTP_STOP_CCRQ, .stop = {.code = PPTP_STOP_NONE}};

	lab_client_send(c, &m);
}

void lab_client_dial(struct lab_client *c, const struct sim_peer_profile *profile, const char *user,
	const char *password, uint16_t call_id)
{
	c->has_peer = true;
	c->call_id = call_id;
	sim_peer_init(&c->peer, profile, &c->random, &c->tunnel, user, password);
	lab_client_start(c);
}

static void hear(struct lab_client *c, const struct pptp_message *m)
{
	size_t len = strlen(c->heard);

	snprintf(c->heard + len, sizeof(c->heard) - len, "%s ", pptp_type_name(m->type));
	c->last = *m;
	if (m->type == PPTP_OCRP && m->ocrp.result == PPTP_OCRP_CONNECTED)
		c->server_call_id = m->ocrp.call_id;
	if (m->type == PPTP_STOP_CCRQ && c->answers_stop) {
		const struct pptp_message reply = {.type = PPTP_STOP_CCRP, .stop = {.code = 1}};
		lab_client_send(c, &reply);
		shutdown(c->fd, SHUT_WR);
	}
	if (!c->has_peer)
		return;
	if (m->type == PPTP_SCCRP)
		lab_client_call(c, c->call_id);
	else if (m->type == PPTP_OCRP && m->ocrp.result == PPTP_OCRP_CONNECTED && !c->is_mute)
		sim_peer_start(&c->peer, loop_clock_ns());
}

static void read_messages(struct lab_client *c)
{
	struct pptp_message m;
	int len;

	while ((len = pptp_message_len(span_of(c->partial, c->n_partial))) > 0 &&
		(size_t)len <= c->n_partial) {
		EXPECT_EQ(0, pptp_get(span_of(c->partial, (size_t)len), &m));
		c->n_partial -= (size_t)len;
		memmove(c->partial, c->partial + len, c->n_partial);
		hear(c, &m);
	}
	EXPECT_GE(len, 0); // nothing that the server sends is malformed
}

void lab_client_turn(struct lab_client *c)
{
	uint64_t now = loop_clock_ns();

	if (c->fd >= 0 && !c->is_closed_by_server && !c->is_deaf) {
		ssize_t n = recv(c->fd, c->partial + c->n_partial,
			sizeof(c->partial) - c->n_partial, MSG_DONTWAIT);
		if (n > 0)
			c->n_partial += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			c->is_closed_by_server = true;
		read_messages(c);
	}
	if (c->has_peer && !c->is_mute && sim_peer_deadline(&c->peer) <= now)
		sim_peer_expire(&c->peer, now);
}

bool lab_is_up(struct lab *lab, void *client)
{
	struct lab_client *c = client;
	struct lab_session *s = lab_find_session(lab, c->session_id);

	return c->peer.is_up && s && s->is_open;
}

bool lab_is_closed(struct lab *lab, void *client)
{
	return ((struct lab_client *)client)->is_closed_by_server;
}

bool lab_has_heard(struct lab *lab, void *client)
{
	return ((struct lab_client *)client)->heard[0] != '\0';
}
