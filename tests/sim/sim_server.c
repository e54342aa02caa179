// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_server.h"

#include "crypto/mschap.h"
#include "shim/shim.h"
#include "wire/mppe.h"

#include <stdio.h>

static const struct pptp_conn_config conn_config = {
	.host_name = "sim",
	.vendor = "adit",
	.handshake_timeout_ns = 30 * SIM_SEC,
	.idle_timeout_ns = 15 * SIM_SEC,
	.echo_interval_ns = 60 * SIM_SEC,
	.echo_timeout_ns = 60 * SIM_SEC,
	.stop_timeout_ns = 5 * SIM_SEC,
};

// As the default configuration has it, but for the addresses and what the policy says.
static const struct link_config link_config = {
	.mru = 1400,
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

static void configure(struct sim_server *s, const struct sim_policy *policy)
{
	struct link_config *c = &s->link_config;

	*c = link_config;
	c->require_encryption = policy->encryption == SIM_ENCRYPTION_REQUIRE;
	c->prefer_encryption = policy->encryption == SIM_ENCRYPTION_PREFER;
	c->require_stateless = policy->require_stateless;
	c->mppe_bits = policy->encryption == SIM_ENCRYPTION_DENY ? 0 : policy->strengths;
	memcpy(c->auth_methods, policy->methods, sizeof(c->auth_methods));
	c->n_auth_methods = policy->n_methods;
	c->server_be = be32(SIM_SERVER_ADDRESS);
	c->dns_be[0] = be32(SIM_SERVER_ADDRESS + 1);
	c->dns_be[1] = be32(SIM_SERVER_ADDRESS + 2);
	c->nbns_be[0] = be32(SIM_SERVER_ADDRESS + 3);
}

void sim_server_init(struct sim_server *s, const struct sim_policy *policy, struct sim_path *path,
	struct sim_random *random)
{
	memset(s, 0, sizeof(*s));
	s->policy = policy;
	s->data.late_max = policy->late_pkts;
	s->path = path;
	s->random = random;
	s->aaa_due_ns = SIM_NEVER;
	configure(s, policy);
	pptp_conn_init(&s->conn, &conn_config, 0);
	sim_worker_begin(&s->worker);
}

static void write_tcp(struct sim_server *s, const struct writer *w, uint64_t now_ns)
{
	if (w->failed)
		FAIL("a PPTP message did not fit");
	sim_path_write(s->path, SIM_CLIENT, span_of(w->start, w->len), now_ns);
}

static void send_gre(struct sim_server *s, uint64_t now_ns)
{
	uint8_t bytes[FLOW_FRAME_BYTES];
	size_t len;

	while ((len = sim_worker_take_gre(&s->worker, bytes)) > 0)
		sim_path_send(s->path, SIM_CLIENT, span_of(bytes, len), now_ns);
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
	send_gre(s, now_ns); // the last words
	sim_worker_delete(&s->worker);
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

// What the policy forbids must never come to the worker.
static void check_mode(const struct sim_server *s, const struct mppe_mode *mode)
{
	uint32_t bit = mode->strength == MPPE_STRENGTH_128  ? MPPE_OPTION_128
		       : mode->strength == MPPE_STRENGTH_56 ? MPPE_OPTION_56
							    : MPPE_OPTION_40;

	if (mode->strength == MPPE_STRENGTH_NONE)
		return;
	EXPECT_TRUE(bit & s->policy->strengths);
	EXPECT_TRUE(mode->is_stateless || !s->policy->require_stateless);
}

static void install_keys(struct sim_server *s)
{
	struct lane_command command = {.kind = COMMAND_SESSION_KEYS};

	link_get_keys(&s->link, &s->keys);
	check_mode(s, &s->keys.receive);
	check_mode(s, &s->keys.send);
	command.keys.receive = s->keys.receive;
	command.keys.send = s->keys.send;
	command.keys.start = s->keys.start;
	sim_worker_command(&s->worker, &command);
}

static void take_agreed(struct sim_server *s)
{
	struct lane_command command = {.kind = COMMAND_SESSION_LINK};
	struct link_agreed agreed;

	link_get_agreed(&s->link, &agreed);
	command.link.mtu = agreed.peer_mru < 1400 ? agreed.peer_mru : 1400;
	command.link.send_pfc = agreed.send_pfc;
	command.link.send_acfc = agreed.send_acfc;
	sim_worker_command(&s->worker, &command);
}

static void encrypt(struct sim_server *s, bool on)
{
	const struct lane_command command = {.kind = COMMAND_SESSION_ENCRYPT, .on = on};

	s->is_encrypting = on;
	sim_worker_command(&s->worker, &command);
}

static void trace(const struct sim_server *s, uint16_t protocol, struct span info, uint64_t now_ns)
{
	printf("%12.6f s %04x ", (double)now_ns / 1e9, protocol);
	for (size_t i = 0; i < info.len; i++)
		printf("%s%02x", i > 0 && i <= 4 && i != 3 ? " " : "", info.bytes[i]);
	printf("\n");
}

static void walk(struct sim_server *s, const struct step *step, uint64_t now_ns)
{
	s->has_overflowed |= step->overflowed;
	for (uint8_t i = 0; i < step->n_items && !s->is_call_over; i++) {
		const struct step_item *item = &step->items[i];

		switch (item->kind) {
		case STEP_FRAME:
			if (s->path->is_traced)
				trace(s, item->protocol, step_frame_info(step, item), now_ns);
			sim_worker_send_frame(
				&s->worker, item->protocol, step_frame_info(step, item));
			break;
		case STEP_LINK_AGREED:
			take_agreed(s);
			break;
		case STEP_AUTHENTICATE:
			s->aaa_due_ns =
				now_ns + sim_random_ns(s->random, AAA_DELAY_MS_MAX * SIM_MS);
			break;
		case STEP_ADDRESS:
			FAIL("an address was asked for against the policy");
			break;
		case STEP_KEYS:
			install_keys(s);
			break;
		case STEP_ENCRYPT:
			encrypt(s, true);
			break;
		case STEP_STOP_ENCRYPT:
			encrypt(s, false);
			break;
		case STEP_FLUSH:
			sim_worker_command(&s->worker,
				&(const struct lane_command){.kind = COMMAND_SESSION_FLUSH});
			break;
		case STEP_UP:
			s->is_up = true;
			s->n_ups++;
			sim_worker_open(&s->worker, true, s->client_address);
			break;
		case STEP_DOWN:
			s->is_up = false;
			sim_worker_open(&s->worker, false, s->client_address);
			break;
		case STEP_ENDED:
			end_call(s, item->reason, now_ns);
			break;
		}
	}
}

// ---- AAA

static bool is_v2_right(const struct auth_credentials *c, const uint8_t hash[16], struct span user,
	struct link_verdict *out)
{
	uint8_t hash_hash[16], response[24];

	mschap_nt_response(c->challenge, c->peer_challenge, user, hash, response);
	mschap_nt_hash_hash(hash, hash_hash);
	mschap_authenticator_response(hash, c->nt_response, c->peer_challenge, c->challenge, user,
		out->authenticator_response);
	mppe_key_start_mschapv2(hash_hash, c->nt_response, true, &out->keys);
	return secret_equal_bytes(response, c->nt_response, sizeof(response));
}

static bool is_v1_right(
	const struct auth_credentials *c, const uint8_t hash[16], struct link_verdict *out)
{
	uint8_t hash_hash[16], lm[16], response[24];

	EXPECT_EQ(mschap_lm_hash(span_of_text(SIM_PASSWORD), lm), 0);
	mschap_challenge_response(c->challenge, hash, response);
	mschap_nt_hash_hash(hash, hash_hash);
	mppe_key_start_mschapv1(c->challenge, hash_hash, lm, &out->keys);
	return c->has_nt && secret_equal_bytes(response, c->nt_response, sizeof(response));
}

static bool is_md5_right(const struct auth_credentials *c)
{
	uint8_t response[16];

	mschap_chap_md5(c->chap_id, span_of_text(SIM_PASSWORD),
		span_of(c->challenge, c->challenge_len), response);
	return secret_equal_bytes(response, c->md5_response, sizeof(response));
}

static bool is_password_right(
	const struct auth_credentials *c, struct span user, struct link_verdict *out)
{
	uint8_t hash[16];

	EXPECT_EQ(mschap_nt_hash(span_of_text(SIM_PASSWORD), hash), 0);
	switch (c->method) {
	case AUTH_METHOD_MSCHAPV2:
		return is_v2_right(c, hash, user, out);
	case AUTH_METHOD_MSCHAPV1:
		return is_v1_right(c, hash, out);
	case AUTH_METHOD_CHAP_MD5:
		return is_md5_right(c);
	case AUTH_METHOD_PAP:
		return span_equal(
			span_of(c->password, c->password_len), span_of_text(SIM_PASSWORD));
	case AUTH_METHOD_NONE:
		break;
	}
	return false;
}

static void check_password(const struct auth_credentials *c, struct link_verdict *out)
{
	struct span user = mschap_user_without_domain(span_of(c->user, c->user_len));

	out->reason = END_AUTH_REJECTED;
	out->ms_error = 691;
	if (!span_equal(user, span_of_text(SIM_USER)) || !is_password_right(c, user, out))
		return;
	out->accepted = true;
	out->reason = END_NONE;
	out->ms_error = 0;
	out->has_keys = auth_method_has_keys(c->method);
}

static void answer_for_aaa(struct sim_server *s, uint64_t now_ns)
{
	struct auth_credentials credentials;
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
		if (!s->client_address) // who authenticates again keeps it
			s->client_address =
				SIM_SERVER_ADDRESS + 16 + sim_random_below(s->random, 4000);
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
	const struct pptp_call_offer offer = {
		.call_id = (uint16_t)sim_random_u64(s->random), .window = WINDOW};
	pptp_call_accept(&s->call, request, &offer, &w);
	pptp_conn_set_calls(&s->conn, 1, now_ns);
	write_tcp(s, &w, now_ns);

	step_clear(&step);
	sim_random_fill(s->random, challenge, sizeof(challenge));
	sim_worker_add(&s->worker, s->call.call_id, s->call.peer_call_id,
		s->link_config.require_encryption, s->policy->late_pkts);
	link_init(&s->link, &s->link_config, sim_random_u64(s->random), challenge);
	link_start(&s->link, now_ns, &step);
	walk(s, &step, now_ns);
}

static void take_call_message(
	struct sim_server *s, const struct pptp_message *message, uint64_t now_ns)
{
	enum end_reason reason;

	if (message->type == PPTP_OCRQ) {
		take_call_request(s, &message->ocrq, now_ns);
		return;
	}
	if (!pptp_call_matches(&s->call, message))
		return;
	reason = pptp_call_receive(&s->call, message);
	if (reason != END_NONE)
		end_call(s, reason, now_ns);
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
	case PPTP_CONN_INCOMING:
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

static bool has_link(const struct sim_server *s)
{
	return s->has_call && !s->is_call_over;
}

static void take_frame(struct sim_server *s, const struct lane_event *event, uint64_t now_ns)
{
	struct step step;

	step_clear(&step);
	link_receive(&s->link, event->protocol,
		span_of(rte_pktmbuf_mtod(event->packet, const void *),
			rte_pktmbuf_data_len(event->packet)),
		now_ns, &step);
	walk(s, &step, now_ns);
}

static void take_event(struct sim_server *s, const struct lane_event *event, uint64_t now_ns)
{
	struct step step;

	step_clear(&step);
	switch (event->kind) {
	case LANE_PPP:
		take_frame(s, event, now_ns);
		break;
	case LANE_DESYNC:
		s->n_desyncs++;
		link_desync(&s->link, now_ns, &step);
		walk(s, &step, now_ns);
		break;
	case LANE_DECRYPT_FAILURES:
		s->was_told_failures = true;
		link_close(&s->link, END_DECRYPT_FAILURES, now_ns, &step);
		walk(s, &step, now_ns);
		break;
	default: // the rest is not for the link
		break;
	}
}

// All that the worker has to say and to send.
static void drain(struct sim_server *s, uint64_t now_ns)
{
	uint8_t bytes[FLOW_FRAME_BYTES];
	struct lane_event event;
	size_t len;

	while (has_link(s) && sim_worker_take_event(&s->worker, &event)) {
		take_event(s, &event, now_ns);
		rte_pktmbuf_free(event.packet);
	}
	send_gre(s, now_ns);
	while ((len = sim_worker_take_inside(&s->worker, bytes)) > 0)
		sim_data_take(&s->data, span_of(bytes, len), s->client_address, SIM_HOST_ADDRESS);
}

void sim_server_receive(struct sim_server *s, const struct sim_arrival *in, uint64_t now_ns)
{
	struct span bytes = span_of(in->bytes, in->len);

	sim_worker_set_time(now_ns);
	switch (in->kind) {
	case SIM_TCP_BYTES:
		receive_tcp(s, bytes, now_ns);
		break;
	case SIM_TCP_END:
		// The connection may have told already why it ends.
		close_tcp(s, s->conn.end != END_NONE ? s->conn.end : END_CLIENT_TCP_CLOSED, now_ns);
		break;
	case SIM_GRE:
		if (has_link(s))
			sim_worker_receive(&s->worker, bytes, now_ns);
		break;
	}
	drain(s, now_ns);
}

void sim_server_send_data(struct sim_server *s, size_t len, uint64_t now_ns)
{
	uint8_t ip[SIM_DATA_BYTES_MAX];

	sim_worker_set_time(now_ns);
	sim_data_put(&s->data, ip, len, SIM_HOST_ADDRESS, s->client_address);
	sim_worker_receive_inside(&s->worker, span_of(ip, len));
	drain(s, now_ns);
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
	return earlier(next, sim_worker_deadline(&s->worker));
}

void sim_server_expire(struct sim_server *s, uint64_t now_ns)
{
	struct pptp_conn_step step;
	struct step link_step;

	sim_worker_set_time(now_ns);
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
	sim_worker_expire(&s->worker, now_ns);
	drain(s, now_ns);
}

void sim_server_fini(struct sim_server *s)
{
	sim_worker_delete(&s->worker);
	if (has_link(s))
		link_wipe(&s->link);
}

void sim_server_clear(struct sim_server *s, uint64_t now_ns)
{
	struct step step;

	if (!has_link(s))
		return;
	step_clear(&step);
	sim_worker_set_time(now_ns);
	link_close(&s->link, END_ADMIN_CLEAR, now_ns, &step);
	walk(s, &step, now_ns);
	drain(s, now_ns);
}
