// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_server.h"

#include "crypto/mschap.h"
#include "shim/shim.h"
#include "wire/mppe.h"

static const struct pptp_conn_config conn_config = {
	.host_name = "sim",
	.vendor = "adit",
	.handshake_timeout_ns = 30 * SIM_SEC,
	.idle_timeout_ns = 15 * SIM_SEC,
	.echo_interval_ns = 60 * SIM_SEC,
	.echo_timeout_ns = 60 * SIM_SEC,
	.stop_timeout_ns = 5 * SIM_SEC,
};

// As the default configuration has it, but for the addresses.
static const struct link_config link_config = {
	.mru = 1400,
	.require_encryption = true,
	.mppe_bits = MPPE_OPTION_128,
	.n_dns = 2,
	.n_nbns = 1,
	.name = "sim",
	.restart_ns = 1 * SIM_SEC,
	.first_restart_ns = 300 * SIM_MS,
	.max_configure = 10,
	.max_terminate = 2,
	.max_failure = 5,
	.auth_timeout_ns = 30 * SIM_SEC,
	.no_lcp_timeout_ns = 30 * SIM_SEC,
	.setup_timeout_ns = 60 * SIM_SEC,
	.echo_interval_ns = 20 * SIM_SEC,
	.echo_failures = 3,
};

enum { AAA_DELAY_MS_MAX = 300, WINDOW = 64 };

static uint32_t be32(uint32_t host)
{
	uint32_t be;

	bytes_put_u32((uint8_t *)&be, host);
	return be;
}

void sim_server_init(struct sim_server *s, struct sim_path *path, struct sim_random *random)
{
	memset(s, 0, sizeof(*s));
	s->path = path;
	s->random = random;
	s->aaa_due_ns = SIM_NEVER;
	s->link_config = link_config;
	s->link_config.server_be = be32(SIM_SERVER_ADDRESS);
	s->link_config.dns_be[0] = be32(SIM_SERVER_ADDRESS + 1);
	s->link_config.dns_be[1] = be32(SIM_SERVER_ADDRESS + 2);
	s->link_config.nbns_be[0] = be32(SIM_SERVER_ADDRESS + 3);
	pptp_conn_init(&s->conn, &conn_config, 0);
	sim_tunnel_init(&s->tunnel, path, SIM_SERVER);
}

static void write_tcp(struct sim_server *s, const struct writer *w, uint64_t now_ns)
{
	if (w->failed)
		FAIL("a PPTP message did not fit");
	sim_path_write(s->path, SIM_CLIENT, span_of(w->start, w->len), now_ns);
}

// The call has gone; its link says no more. If the server was already ending it, that is why:
// clients close TCP as soon as they have seen our LCP Terminate-Request.
static void call_is_over(struct sim_server *s, enum end_reason reason, uint64_t now_ns)
{
	if (!s->has_call || s->is_call_over)
		return;
	if (s->link.end != END_NONE)
		reason = s->link.end;
	s->is_call_over = true;
	s->call_end = reason;
	s->is_up = s->is_encrypting = false;
	s->aaa_due_ns = SIM_NEVER;
	s->tunnel.is_open = false;
	link_wipe(&s->link);
	pptp_conn_set_calls(&s->conn, 0, now_ns);
}

static void end_call(struct sim_server *s, enum end_reason reason, uint64_t now_ns)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (!s->has_call || s->is_call_over)
		return;
	pptp_call_disconnect(&s->call, reason, "simulated", &w);
	write_tcp(s, &w, now_ns);
	call_is_over(s, reason, now_ns);
}

static void install_keys(struct sim_server *s)
{
	struct link_keys keys;

	link_get_keys(&s->link, &keys);
	EXPECT_EQ(keys.strength, MPPE_STRENGTH_128);
	EXPECT_TRUE(keys.is_stateless);
	s->start = keys.start;
	sim_tunnel_key(&s->tunnel.out, keys.start.send);
	sim_tunnel_key(&s->tunnel.in, keys.start.receive);
}

static void take_agreed(struct sim_server *s)
{
	struct link_agreed agreed;

	link_get_agreed(&s->link, &agreed);
	s->tunnel.send_pfc = agreed.send_pfc;
	s->tunnel.send_acfc = agreed.send_acfc;
}

static void walk(struct sim_server *s, const struct step *step, uint64_t now_ns)
{
	s->has_overflowed |= step->overflowed;
	for (uint8_t i = 0; i < step->n_items && !s->is_call_over; i++) {
		const struct step_item *item = &step->items[i];

		switch (item->kind) {
		case STEP_FRAME:
			sim_tunnel_send_frame(
				&s->tunnel, item->protocol, step_frame_info(step, item), now_ns);
			break;
		case STEP_LINK_AGREED:
			take_agreed(s);
			break;
		case STEP_AUTHENTICATE:
			s->aaa_due_ns =
				now_ns + sim_random_ns(s->random, AAA_DELAY_MS_MAX * SIM_MS);
			break;
		case STEP_KEYS:
			install_keys(s);
			break;
		case STEP_ENCRYPT:
			s->is_encrypting = true;
			break;
		case STEP_STOP_ENCRYPT:
			// Until STEP_KEYS, which may stand in the same step, nothing is decrypted: the
			// old keys would make garbage of what the client sends with new ones.
			s->is_encrypting = false;
			s->tunnel.out.has_keys = s->tunnel.in.has_keys = false;
			break;
		case STEP_UP:
			s->is_up = true;
			s->n_ups++;
			break;
		case STEP_DOWN:
			s->is_up = false;
			break;
		case STEP_ENDED:
			end_call(s, item->reason, now_ns);
			break;
		}
	}
}

// ---- AAA

static void check_password(const struct link_credentials *c, struct link_verdict *out)
{
	struct span user = mschap_user_without_domain(span_of(c->user, c->user_len));
	uint8_t hash[16], hash_hash[16], response[24];

	out->reason = END_AUTH_REJECTED;
	out->ms_error = 691;
	if (!span_equal(user, span_of_text(SIM_USER)))
		return;
	EXPECT_EQ(mschap_nt_hash(span_of_text(SIM_PASSWORD), hash), 0);
	mschap_nt_response(c->challenge, c->peer_challenge, user, hash, response);
	if (!secret_equal_bytes(response, c->nt_response, sizeof(response)))
		return;

	mschap_nt_hash_hash(hash, hash_hash);
	mschap_authenticator_response(hash, c->nt_response, c->peer_challenge, c->challenge, user,
		out->authenticator_response);
	mppe_key_start_mschapv2(hash_hash, c->nt_response, true, &out->keys);
	out->accepted = true;
	out->reason = END_NONE;
	out->ms_error = 0;
	out->has_keys = true;
}

static void answer_for_aaa(struct sim_server *s, uint64_t now_ns)
{
	struct link_credentials credentials;
	struct link_verdict verdict = {0};
	struct step step;

	step_clear(&step);
	s->aaa_due_ns = SIM_NEVER;
	link_get_credentials(&s->link, &credentials);
	if (s->aaa_fault == SIM_AAA_UNAVAILABLE)
		verdict.reason = END_AUTH_UNAVAILABLE;
	else
		check_password(&credentials, &verdict);
	if (verdict.accepted && s->aaa_fault == SIM_AAA_NO_ADDRESS)
		verdict = (struct link_verdict){.reason = END_NO_ADDRESS};
	if (verdict.accepted) {
		s->client_address = SIM_SERVER_ADDRESS + 16 + sim_random_below(s->random, 4000);
		verdict.client_be = be32(s->client_address);
	}
	link_authenticated(&s->link, &verdict, now_ns, &step);
	walk(s, &step, now_ns);
}

// ---- PPTP

static void take_call_request(
	struct sim_server *s, const struct pptp_ocrq *request, uint64_t now_ns)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX], challenge[16];
	struct writer w = writer_of(bytes, sizeof(bytes));
	enum end_reason reason = pptp_call_check(request);
	struct step step;

	if (reason == END_NONE && s->has_call)
		reason = END_LIMIT_CALLS;
	if (reason != END_NONE) {
		pptp_call_refuse(request, reason, &w);
		write_tcp(s, &w, now_ns);
		return;
	}
	s->has_call = true;
	pptp_call_accept(&s->call, request, (uint16_t)sim_random_u64(s->random), WINDOW, &w);
	pptp_conn_set_calls(&s->conn, 1, now_ns);
	write_tcp(s, &w, now_ns);

	step_clear(&step);
	sim_random_fill(s->random, challenge, sizeof(challenge));
	sim_tunnel_open(&s->tunnel, s->call.call_id, s->call.peer_call_id);
	link_init(&s->link, &s->link_config, sim_random_u64(s->random), challenge);
	link_start(&s->link, now_ns, &step);
	walk(s, &step, now_ns);
}

static void take_call_message(
	struct sim_server *s, const struct pptp_message *message, uint64_t now_ns)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	enum end_reason reason;

	if (message->type == PPTP_OCRQ) {
		take_call_request(s, &message->ocrq, now_ns);
		return;
	}
	reason = pptp_call_receive(&s->call, message, &w);
	write_tcp(s, &w, now_ns);
	if (reason != END_NONE)
		call_is_over(s, reason, now_ns);
}

static void close_tcp(struct sim_server *s, enum end_reason reason, uint64_t now_ns)
{
	call_is_over(s, reason, now_ns);
	if (s->is_closed)
		return;
	s->is_closed = true;
	s->conn_end = reason;
	sim_path_close(s->path, SIM_CLIENT, now_ns);
}

static void act(struct sim_server *s, const struct pptp_conn_step *step, uint64_t now_ns)
{
	struct pptp_conn_step answer;

	sim_path_write(s->path, SIM_CLIENT, span_of(step->bytes, step->n_bytes), now_ns);
	switch (step->notice) {
	case PPTP_CONN_NOTHING:
	case PPTP_CONN_OPENED:
		break;
	case PPTP_CONN_CALL:
		take_call_message(s, &step->message, now_ns);
		break;
	case PPTP_CONN_STOPPED:
		end_call(s, step->reason, now_ns);
		pptp_conn_answer_stop(&s->conn, now_ns, &answer);
		sim_path_write(s->path, SIM_CLIENT, span_of(answer.bytes, answer.n_bytes), now_ns);
		break;
	case PPTP_CONN_CLOSE:
		close_tcp(s, step->reason, now_ns);
		break;
	}
}

static void receive_tcp(struct sim_server *s, struct span bytes, uint64_t now_ns)
{
	while (bytes.len > 0 && !s->is_closed) {
		struct pptp_conn_step step;
		size_t taken = pptp_conn_receive(&s->conn, bytes, now_ns, &step);

		act(s, &step, now_ns);
		if (taken == 0)
			return;
		bytes = span_of(bytes.bytes + taken, bytes.len - taken);
	}
}

// ---- from outside

void sim_server_receive(struct sim_server *s, const struct sim_arrival *in, uint64_t now_ns)
{
	struct span bytes = span_of(in->bytes, in->len), info;
	uint16_t protocol;
	struct step step;

	switch (in->kind) {
	case SIM_TCP_BYTES:
		receive_tcp(s, bytes, now_ns);
		break;
	case SIM_TCP_END:
		// The connection may have told already why it ends.
		close_tcp(s, s->conn.end != END_NONE ? s->conn.end : END_CLIENT_TCP_CLOSED, now_ns);
		break;
	case SIM_GRE:
		if (!sim_tunnel_receive(&s->tunnel, bytes, now_ns, &protocol, &info))
			break;
		step_clear(&step);
		link_receive(&s->link, protocol, info, now_ns, &step);
		walk(s, &step, now_ns);
		break;
	}
}

static bool has_link(const struct sim_server *s)
{
	return s->has_call && !s->is_call_over;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t sim_server_deadline(const struct sim_server *s)
{
	uint64_t next = s->aaa_due_ns;

	if (!s->is_closed)
		next = earlier(next, pptp_conn_deadline(&s->conn));
	if (has_link(s))
		next = earlier(next, link_deadline(&s->link));
	return earlier(next, sim_tunnel_deadline(&s->tunnel));
}

void sim_server_expire(struct sim_server *s, uint64_t now_ns)
{
	struct pptp_conn_step step;
	struct step link_step;

	if (!s->is_closed && now_ns >= pptp_conn_deadline(&s->conn)) {
		pptp_conn_expire(&s->conn, now_ns, &step);
		act(s, &step, now_ns);
	}
	if (now_ns >= s->aaa_due_ns)
		answer_for_aaa(s, now_ns);
	if (has_link(s) && now_ns >= link_deadline(&s->link)) {
		step_clear(&link_step);
		link_expire(&s->link, now_ns, &link_step);
		walk(s, &link_step, now_ns);
	}
	sim_tunnel_expire(&s->tunnel, now_ns);
}

void sim_server_clear(struct sim_server *s, uint64_t now_ns)
{
	struct step step;

	if (!has_link(s))
		return;
	step_clear(&step);
	link_close(&s->link, END_ADMIN_CLEAR, now_ns, &step);
	walk(s, &step, now_ns);
}
