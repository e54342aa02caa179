// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_client.h"

#include "shim/shim.h"

static const uint64_t patience_ns = 60 * SIM_SEC;

static void say(struct sim_client *c, const struct pptp_message *message, uint64_t now_ns)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pptp_put(&w, message);
	sim_path_write(c->path, SIM_SERVER, span_of(bytes, w.len), now_ns);
}

static void close_tcp(struct sim_client *c, uint64_t now_ns)
{
	if (c->is_closed)
		return;
	c->is_closed = true;
	c->tunnel.is_open = false;
	c->peer.is_up = false;
	c->call_due_ns = c->ppp_due_ns = c->give_up_ns = SIM_NEVER;
	sim_path_close(c->path, SIM_SERVER, now_ns);
}

static void say_stop(struct sim_client *c, uint64_t now_ns)
{
	const struct pptp_message stop = {.type = PPTP_STOP_CCRQ, .stop.code = PPTP_STOP_NONE};

	say(c, &stop, now_ns);
	c->give_up_ns = now_ns + 5 * SIM_SEC;
}

static void say_call_clear(struct sim_client *c, uint64_t now_ns)
{
	const struct pptp_message clear = {
		.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = c->call_id};

	say(c, &clear, now_ns);
	c->give_up_ns = now_ns + 5 * SIM_SEC;
}

void sim_client_init(struct sim_client *c, const struct sim_peer_profile *profile,
	enum sim_silence silence, const char *user, const char *password, struct sim_path *path,
	struct sim_random *random)
{
	const struct pptp_message start = {
		.type = PPTP_SCCRQ, .start = {.version = PPTP_VERSION, .framing = 1, .bearer = 1}};

	c->path = path;
	c->random = random;
	c->silence = silence;
	c->profile = profile;
	c->n_received = 0;
	c->is_started = c->is_connected = c->is_closed = false;
	c->call_id = profile->call_id ? profile->call_id : (uint16_t)sim_random_u64(random);
	c->server_call_id = 0;
	c->call_due_ns = c->ppp_due_ns = SIM_NEVER;
	c->give_up_ns = patience_ns;
	sim_tunnel_init(&c->tunnel, path);
	sim_peer_init(&c->peer, profile, random, &c->tunnel, user, password);
	if (silence == SIM_SILENT_FROM_START)
		c->give_up_ns = SIM_NEVER;
	else
		say(c, &start, 0);
}

static void call(struct sim_client *c, uint64_t now_ns)
{
	const struct pptp_message request = {.type = PPTP_OCRQ,
		.ocrq = {.call_id = c->call_id,
			.serial = 1,
			.min_bps = 300,
			.max_bps = 100000000,
			.bearer = 3,
			.framing = 3,
			.window = c->profile->window}};

	c->call_due_ns = SIM_NEVER;
	c->give_up_ns = now_ns + patience_ns;
	say(c, &request, now_ns);
}

static void take_start_reply(struct sim_client *c, const struct pptp_start *reply, uint64_t now_ns)
{
	EXPECT_EQ(reply->result, PPTP_SCCRP_OK);
	c->is_started = true;
	if (c->silence == SIM_SILENT_AFTER_START) {
		c->give_up_ns = SIM_NEVER;
		return;
	}
	c->call_due_ns = now_ns + c->profile->call_delay_ns;
}

static void take_call_reply(struct sim_client *c, const struct pptp_ocrp *reply, uint64_t now_ns)
{
	const struct pptp_message info = {.type = PPTP_SET_LINK_INFO,
		.set_link = {.peer_call_id = reply->call_id,
			.send_accm = UINT32_MAX,
			.receive_accm = UINT32_MAX}};

	EXPECT_EQ(reply->peer_call_id, c->call_id);
	EXPECT_EQ(reply->result, PPTP_OCRP_CONNECTED);
	c->is_connected = true;
	c->server_call_id = reply->call_id;
	c->give_up_ns = SIM_NEVER;
	for (uint8_t i = 0; i < c->profile->n_link_infos; i++)
		say(c, &info, now_ns);
	if (c->silence != SIM_SILENT_GRE)
		c->ppp_due_ns = now_ns + sim_random_ns(c->random, 50 * SIM_MS);
}

static void take_message(struct sim_client *c, const struct pptp_message *in, uint64_t now_ns)
{
	struct pptp_message reply = {0};

	switch (in->type) {
	case PPTP_SCCRP:
		take_start_reply(c, &in->start, now_ns);
		break;
	case PPTP_OCRP:
		take_call_reply(c, &in->ocrp, now_ns);
		break;
	case PPTP_ECHO_REQUEST:
		reply.type = PPTP_ECHO_REPLY;
		reply.echo = (struct pptp_echo){.identifier = in->echo.identifier, .result = 1};
		say(c, &reply, now_ns);
		break;
	case PPTP_CALL_DISCONNECT_NOTIFY:
		EXPECT_EQ(in->call_disconnect.call_id, c->server_call_id);
		c->tunnel.is_open = false;
		c->peer.is_up = false;
		c->peer.has_ended = true;
		c->ppp_due_ns = SIM_NEVER;
		if (c->silence == SIM_TALKS)
			say_stop(c, now_ns);
		break;
	case PPTP_STOP_CCRQ:
		reply.type = PPTP_STOP_CCRP;
		reply.stop.code = 1;
		say(c, &reply, now_ns);
		close_tcp(c, now_ns);
		break;
	case PPTP_STOP_CCRP:
		close_tcp(c, now_ns);
		break;
	default:
		FAIL("the server sent a PPTP message that is not its to send");
		break;
	}
}

static void receive_tcp(struct sim_client *c, struct span bytes, uint64_t now_ns)
{
	memcpy(c->received + c->n_received, bytes.bytes, bytes.len);
	c->n_received += bytes.len;
	for (;;) {
		int len = pptp_message_len(span_of(c->received, c->n_received));
		struct pptp_message message;

		EXPECT_GE(len, 0);
		if (len <= 0 || (size_t)len > c->n_received)
			return;
		EXPECT_EQ(pptp_get(span_of(c->received, (size_t)len), &message), 0);
		c->n_received -= (size_t)len;
		memmove(c->received, c->received + len, c->n_received);
		take_message(c, &message, now_ns);
	}
}

// The link has closed; the call goes the way that this client's dialler lets it go.
static void after_ppp(struct sim_client *c, uint64_t now_ns)
{
	if (!c->is_connected || !c->peer.has_ended || c->is_closed || c->give_up_ns != SIM_NEVER)
		return;
	if (sim_random_permille(c->random, 500))
		close_tcp(c, now_ns);
	else
		say_call_clear(c, now_ns);
}

void sim_client_receive(struct sim_client *c, const struct sim_arrival *in, uint64_t now_ns)
{
	struct span bytes = span_of(in->bytes, in->len), info;
	uint16_t protocol;

	if (c->is_closed)
		return;
	switch (in->kind) {
	case SIM_TCP_BYTES:
		receive_tcp(c, bytes, now_ns);
		break;
	case SIM_TCP_END:
		close_tcp(c, now_ns);
		break;
	case SIM_GRE:
		if (sim_tunnel_receive(&c->tunnel, bytes, now_ns, &protocol, &info))
			sim_peer_receive(&c->peer, protocol, info, now_ns);
		if (c->tunnel.wants_reset)
			sim_peer_reset(&c->peer, now_ns);
		c->tunnel.wants_reset = false;
		after_ppp(c, now_ns);
		break;
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t sim_client_deadline(const struct sim_client *c)
{
	uint64_t next = earlier(c->call_due_ns, earlier(c->ppp_due_ns, c->give_up_ns));

	if (c->is_closed)
		return SIM_NEVER;
	return earlier(next, earlier(sim_peer_deadline(&c->peer), sim_tunnel_deadline(&c->tunnel)));
}

void sim_client_expire(struct sim_client *c, uint64_t now_ns)
{
	if (c->is_closed)
		return;
	if (now_ns >= c->give_up_ns) {
		close_tcp(c, now_ns);
		return;
	}
	if (now_ns >= c->call_due_ns)
		call(c, now_ns);
	if (now_ns >= c->ppp_due_ns) {
		c->ppp_due_ns = SIM_NEVER;
		sim_tunnel_open(&c->tunnel, c->call_id, c->server_call_id);
		sim_peer_start(&c->peer, now_ns);
	}
	sim_peer_expire(&c->peer, now_ns);
	sim_tunnel_expire(&c->tunnel, now_ns);
	after_ppp(c, now_ns);
}

void sim_client_hang_up(struct sim_client *c, enum sim_goodbye how, uint64_t now_ns)
{
	if (c->is_closed)
		return;
	switch (how) {
	case SIM_BYE_LCP:
		sim_peer_terminate(&c->peer, now_ns);
		break;
	case SIM_BYE_LCP_AND_CALL_CLEAR:
		sim_peer_terminate(&c->peer, now_ns);
		say_call_clear(c, now_ns);
		break;
	case SIM_BYE_CALL_CLEAR:
		say_call_clear(c, now_ns);
		break;
	case SIM_BYE_STOP:
		say_stop(c, now_ns);
		break;
	case SIM_BYE_TCP:
		close_tcp(c, now_ns);
		break;
	case SIM_BYE_VANISH:
	case SIM_BYE_BY_SERVER:
	case SIM_BYES:
		break;
	}
}
