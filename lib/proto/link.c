// SPDX-License-Identifier: BSD-3-Clause
#include "proto/link.h"

#include "base/secret.h"
#include "crypto/mschap.h"
#include "wire/ppp.h"

#include <assert.h>

// One call adds at most two frames that quote the client, its answer and that to the request
// held, and small ones: the largest are Success and Failure of MS-CHAPv2.
static_assert(STEP_BYTES_MAX >=
		      2 * FSM_INFO_BYTES_MAX + STEP_ITEMS_MAX * (AUTH_SERVER_TEXT_BYTES_MAX + 32),
	"a step holds what one event can cause");

const char *link_phase_name(enum link_phase phase)
{
	switch (phase) {
	case LINK_DEAD:
		return "dead";
	case LINK_ESTABLISH:
		return "establish";
	case LINK_AUTHENTICATE:
		return "authenticate";
	case LINK_NETWORK:
		return "network";
	case LINK_OPEN:
		return "open";
	case LINK_TERMINATE:
		return "terminate";
	case LINK_ENDED:
		return "ended";
	}
	return "?";
}

static struct fsm_limits limits_of(const struct link_config *config)
{
	return (struct fsm_limits){
		.restart_ns = config->restart_ns,
		.first_restart_ns = config->restart_ns,
		.max_configure = config->max_configure,
		.max_terminate = config->max_terminate,
		.max_failure = config->max_failure,
	};
}

// 16 bytes that nobody can tell who does not know the seed: the seed itself is never sent, and
// magic numbers, which are, must not lead back to it.
static void draw(struct link *l, uint8_t out[16])
{
	l->n_random++;
	mschap_chap_md5(0, span_of(&l->random, sizeof(l->random)),
		span_of(&l->n_random, sizeof(l->n_random)), out);
}

void link_init(struct link *l, const struct link_config *config, uint64_t seed,
	const uint8_t challenge[16])
{
	struct fsm_limits limits = limits_of(config);
	uint8_t drawn[16];
	uint64_t magic_seed;

	*l = (struct link){
		.config = config,
		.phase = LINK_DEAD,
		.end = END_NONE,
		.random = seed,
		.establish_due_ns = LINK_NEVER,
		.setup_due_ns = LINK_NEVER,
	};
	memcpy(l->challenge, challenge, sizeof(l->challenge));
	draw(l, drawn);
	memcpy(&magic_seed, drawn, sizeof(magic_seed));
	ccp_init(&l->ccp, &limits, 0, false);
	ipcp_init(&l->ipcp, &limits, &(struct ipcp_addresses){0});
	limits.first_restart_ns = config->first_restart_ns;
	limits.repeats_when_heard = true;
	limits.max_configure = UINT8_MAX; // no_lcp_timeout_ns says how long we try
	lcp_init(&l->lcp, &limits, config->mru, magic_seed, config->echo_interval_ns,
		config->echo_failures);
	auth_server_init(&l->auth,
		&(struct auth_server_config){
			.name = span_of(config->name, strnlen(config->name, sizeof(config->name))),
			.restart_ns = config->restart_ns,
			.timeout_ns = config->auth_timeout_ns,
			.n_retries = config->auth_retries,
		});
}

void link_wipe(struct link *l)
{
	auth_server_wipe(&l->auth);
	secret_wipe_bytes(&l->verdict, sizeof(l->verdict));
	secret_wipe_bytes(&l->random, sizeof(l->random));
	secret_wipe_bytes(l->challenge, sizeof(l->challenge));
}

// ---- phases

// Everything above LCP goes down.
static void take_down(struct link *l, uint64_t now_ns, struct step *out)
{
	fsm_down(&l->ccp.fsm, now_ns, out);
	fsm_down(&l->ipcp.fsm, now_ns, out);
	if (l->up)
		step_add(out, STEP_DOWN);
	l->up = false;
	l->held_len = 0;
}

static void finish(struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out)
{
	take_down(l, now_ns, out);
	l->phase = LINK_ENDED;
	l->end = reason;
	step_add_end(out, reason);
}

// Tell the client why and wait for its Terminate-Ack; or end at once when it has never spoken
// LCP, or has itself hung up (such a reason has no text).
static void terminate(struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out)
{
	bool is_told = end_reason_info(reason)->lcp_text[0] && !l->lcp.fsm.peer_terminated;

	if (!l->lcp.fsm.heard || !is_told) {
		finish(l, reason, now_ns, out);
		return;
	}
	take_down(l, now_ns, out);
	l->phase = LINK_TERMINATE;
	l->end = reason;
	lcp_close(&l->lcp, reason, now_ns, out);
}

static bool is_closed(const struct fsm *f)
{
	return f->state == FSM_CLOSED || f->state == FSM_STOPPED;
}

// The client has closed LCP: name what it means. pppd without the wanted strength does so before it
// answers our request, Windows that requires encryption after our Protocol-Reject of CCP, and a
// client may after a Nak of MS-CHAPv2.
static enum end_reason why_client_left(const struct link *l)
{
	if (l->phase == LINK_ESTABLISH && l->lcp.n_auth_naks > 0)
		return END_AUTH_NO_COMMON;
	if (l->phase == LINK_NETWORK && (l->ccp.n_refused > 0 || l->has_rejected_ccp))
		return END_ENCRYPTION_MISMATCH;
	return END_CLIENT_LCP_TERMINATE;
}

// Nothing was agreed in time. A client that lives asks for something every few seconds until it is
// up, so one that was not heard for half of that time has died, or its path has.
static enum end_reason unless_silent(const struct link *l, enum end_reason reason, uint64_t now_ns)
{
	uint64_t restart_ns = fsm_restart_after(l->config->restart_ns, UINT8_MAX);
	uint64_t patience_ns = restart_ns * l->config->max_configure / 2;

	return now_ns - l->heard_ns >= patience_ns ? END_LINK_SILENT : reason;
}

// Why the link cannot go on, END_NONE when it can.
static enum end_reason find_failure(const struct link *l, uint64_t now_ns)
{
	enum end_reason reason = l->lcp.fsm.end;

	if (l->lcp.fsm.peer_terminated)
		return why_client_left(l);
	if (reason != END_NONE)
		return reason == END_NO_LCP && !l->heard ? END_NO_GRE : reason;
	if (l->auth.state == AUTH_SERVER_FAILED)
		return l->auth.end;
	if (l->phase != LINK_NETWORK && l->phase != LINK_OPEN)
		return END_NONE;
	reason = ccp_failure(&l->ccp);
	if (reason != END_NONE)
		return l->ccp.fsm.end == END_CCP_FAILED ? unless_silent(l, reason, now_ns) : reason;
	reason = l->ipcp.fsm.end;
	if (reason == END_IPCP_FAILED && !l->ipcp.fsm.peer_terminated)
		return unless_silent(l, reason, now_ns);
	if (reason == END_NONE && is_closed(&l->ipcp.fsm)) // the client wants no IP any more
		return l->was_up ? END_CLIENT_LCP_TERMINATE : END_IPCP_FAILED;
	return reason;
}

static void start_authenticate(struct link *l, uint64_t now_ns, struct step *out)
{
	step_add(out, STEP_LINK_AGREED);
	l->phase = LINK_AUTHENTICATE;
	l->establish_due_ns = LINK_NEVER;
	auth_server_start(&l->auth, l->challenge, now_ns, out);
	draw(l, l->challenge);
}

static bool has_ccp(const struct link *l)
{
	return l->config->require_encryption || (l->config->mppe_bits && l->verdict.has_keys);
}

static void start_network(struct link *l, uint64_t now_ns, struct step *out)
{
	const struct link_config *config = l->config;
	struct fsm_limits limits = limits_of(config);
	struct ipcp_addresses addresses = {
		.server_be = config->server_be, .client_be = l->verdict.client_be};

	for (unsigned int i = 0; i < 2; i++) {
		addresses.dns_be[i] = i < config->n_dns ? config->dns_be[i] : 0;
		addresses.nbns_be[i] = i < config->n_nbns ? config->nbns_be[i] : 0;
	}
	l->phase = LINK_NETWORK;
	l->has_rejected_ccp = false;
	ccp_init(&l->ccp, &limits, config->mppe_bits, config->require_encryption);
	ipcp_init(&l->ipcp, &limits, &addresses);
	l->ccp.fsm.peer_mtu = l->lcp.fsm.peer_mtu;
	l->ipcp.fsm.peer_mtu = l->lcp.fsm.peer_mtu;
	if (has_ccp(l))
		ccp_start(&l->ccp, now_ns, out);
}

// LCP negotiates again: the client is a stranger until it has authenticated again (RFC 1661 3.2).
static void fall_back(struct link *l, uint64_t now_ns, struct step *out)
{
	take_down(l, now_ns, out);
	secret_wipe_bytes(&l->verdict, sizeof(l->verdict));
	auth_server_reset(&l->auth);
	l->phase = LINK_ESTABLISH;
	l->establish_due_ns = now_ns + l->config->no_lcp_timeout_ns;
	if (l->setup_due_ns == LINK_NEVER)
		l->setup_due_ns = now_ns + l->config->setup_timeout_ns;
}

// No IP before encryption, where it is required: neither data nor the talk about it.
static bool may_have_ip(const struct link *l)
{
	return !l->config->require_encryption || ccp_is_encrypting(&l->ccp);
}

static void start_ipcp(struct link *l, uint64_t now_ns, struct step *out)
{
	ipcp_start(&l->ipcp, now_ns, out);
	if (l->held_len > 0)
		fsm_receive(&l->ipcp.fsm, span_of(l->held, l->held_len), now_ns, out);
	l->held_len = 0;
}

// Take the next step that the state of the machines allows. Returns false when there is none.
static bool advance(struct link *l, uint64_t now_ns, struct step *out)
{
	if (l->phase == LINK_ESTABLISH) {
		if (!fsm_is_open(&l->lcp.fsm))
			return false;
		start_authenticate(l, now_ns, out);
		return true;
	}
	if (!fsm_is_open(&l->lcp.fsm)) {
		fall_back(l, now_ns, out);
		return true;
	}
	if (l->phase == LINK_AUTHENTICATE) {
		if (l->auth.state != AUTH_SERVER_ACCEPTED)
			return false;
		start_network(l, now_ns, out);
		return true;
	}
	if (l->up && !fsm_is_open(&l->ipcp.fsm)) {
		step_add(out, STEP_DOWN);
		l->up = false;
		l->phase = LINK_NETWORK;
		l->setup_due_ns = now_ns + l->config->setup_timeout_ns;
		return true;
	}
	if (!may_have_ip(l)) {
		if (l->setup_due_ns == LINK_NEVER) // CCP negotiates again; not for ever
			l->setup_due_ns = now_ns + l->config->setup_timeout_ns;
		return false;
	}
	if (l->ipcp.fsm.state == FSM_INITIAL) {
		start_ipcp(l, now_ns, out);
		return true;
	}
	if (!l->up && fsm_is_open(&l->ipcp.fsm)) {
		step_add(out, STEP_UP);
		l->up = l->was_up = true;
		l->phase = LINK_OPEN;
	}
	if (l->up)
		l->setup_due_ns = LINK_NEVER;
	return false;
}

// After every event: draw the conclusions from what the machines have become.
static void settle(struct link *l, uint64_t now_ns, struct step *out)
{
	bool goes_on = true;

	while (goes_on && l->phase >= LINK_ESTABLISH && l->phase <= LINK_OPEN) {
		enum end_reason reason = find_failure(l, now_ns);

		if (reason != END_NONE)
			terminate(l, reason, now_ns, out);
		else
			goes_on = advance(l, now_ns, out);
	}
	if (l->phase == LINK_TERMINATE && l->lcp.fsm.state != FSM_CLOSING)
		finish(l, l->end, now_ns, out);
	l->encrypting = ccp_is_encrypting(&l->ccp);
}

void link_start(struct link *l, uint64_t now_ns, struct step *out)
{
	if (l->phase != LINK_DEAD)
		return;
	l->phase = LINK_ESTABLISH;
	l->started_ns = now_ns;
	l->establish_due_ns = now_ns + l->config->no_lcp_timeout_ns;
	l->setup_due_ns = now_ns + l->config->setup_timeout_ns;
	lcp_start(&l->lcp, now_ns, out);
}

void link_close(struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out)
{
	if (l->phase >= LINK_TERMINATE)
		return;
	terminate(l, reason, now_ns, out);
	settle(l, now_ns, out);
}

// ---- frames

static void receive_lcp(struct link *l, struct span info, uint64_t now_ns, struct step *out)
{
	lcp_receive(&l->lcp, info, now_ns, out);
	switch (l->lcp.protocol_rejected) {
	case PPP_CCP:
		fsm_protocol_rejected(&l->ccp.fsm, now_ns, out);
		break;
	case PPP_IPCP:
		fsm_protocol_rejected(&l->ipcp.fsm, now_ns, out);
		break;
	case PPP_CHAP:
		if (l->phase == LINK_AUTHENTICATE)
			fsm_fail(&l->lcp.fsm, END_AUTH_NO_COMMON);
		break;
	default: // what we never send; data, which a client returns while it closes
		break;
	}
}

static void receive_ipcp(struct link *l, struct span info, uint64_t now_ns, struct step *out)
{
	if (l->ipcp.fsm.state != FSM_INITIAL) {
		fsm_receive(&l->ipcp.fsm, info, now_ns, out);
		return;
	}
	// No answer at all: a Terminate-Ack would make the client wait for its timer.
	if (info.len > 0 && info.len <= sizeof(l->held) && info.bytes[0] == CP_CONFIGURE_REQUEST) {
		memcpy(l->held, info.bytes, info.len);
		l->held_len = (uint8_t)info.len;
	}
}

// Protocols of the network phase; before it they are dropped without a word (RFC 1661 3.5).
static void receive_network(
	struct link *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out)
{
	if (l->phase != LINK_NETWORK && l->phase != LINK_OPEN)
		return;
	auth_server_confirm(&l->auth);
	if (protocol == PPP_IPCP)
		receive_ipcp(l, info, now_ns, out);
	else if (protocol == PPP_CCP && has_ccp(l))
		ccp_receive(&l->ccp, info, now_ns, out);
	else
		lcp_reject_protocol(&l->lcp, protocol, info, now_ns, out);
	l->has_rejected_ccp |= protocol == PPP_CCP && !has_ccp(l);
}

void link_receive(
	struct link *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out)
{
	l->heard = true;
	l->heard_ns = now_ns;
	if (l->phase == LINK_DEAD || l->phase == LINK_ENDED)
		return;
	if (protocol == PPP_LCP)
		receive_lcp(l, info, now_ns, out);
	else if (l->phase == LINK_TERMINATE || !ppp_protocol_is_valid(protocol) ||
		 protocol < 0x4000)
		return; // data comes here by mistake only
	else if (protocol == PPP_CHAP)
		auth_server_receive_chap(&l->auth, info, now_ns, out);
	else if (protocol == PPP_PAP)
		auth_server_receive_pap(&l->auth, info, now_ns, out);
	else if (protocol < 0xc000)
		receive_network(l, protocol, info, now_ns, out);
	else // CBCP of Windows, EAP, link quality
		lcp_reject_protocol(&l->lcp, protocol, info, now_ns, out);
	settle(l, now_ns, out);
}

bool link_awaits_verdict(const struct link *l)
{
	return l->phase == LINK_AUTHENTICATE && l->auth.state == AUTH_SERVER_DECIDING &&
	       !l->auth.is_stale;
}

void link_authenticated(
	struct link *l, const struct link_verdict *verdict, uint64_t now_ns, struct step *out)
{
	uint16_t error = verdict->ms_error;

	if (l->phase >= LINK_TERMINATE || !auth_server_take_verdict(&l->auth, out))
		return;
	if (l->phase != LINK_AUTHENTICATE || l->auth.state != AUTH_SERVER_DECIDING)
		return;
	if (verdict->accepted) {
		l->verdict = *verdict;
		auth_server_accept(&l->auth, verdict->authenticator_response, now_ns, out);
		if (l->config->require_encryption && !verdict->has_keys)
			terminate(l, END_AUTH_NO_KEYS, now_ns, out);
	} else {
		// Wrong name or password is always said in full: Windows asks again without end
		// otherwise.
		if (verdict->reason == END_AUTH_REJECTED && !error)
			error = 691;
		auth_server_refuse(&l->auth, verdict->reason, error, l->challenge, now_ns, out);
		draw(l, l->challenge);
	}
	settle(l, now_ns, out);
}

// ---- time

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t link_deadline(const struct link *l)
{
	uint64_t due = LINK_NEVER;

	if (l->phase == LINK_DEAD || l->phase == LINK_ENDED)
		return due;
	due = lcp_deadline(&l->lcp);
	if (l->phase == LINK_TERMINATE)
		return due;
	due = earlier(due, auth_server_deadline(&l->auth));
	due = earlier(due, earlier(l->ccp.fsm.due_ns, l->ipcp.fsm.due_ns));
	return earlier(due, earlier(l->establish_due_ns, l->setup_due_ns));
}

void link_expire(struct link *l, uint64_t now_ns, struct step *out)
{
	if (l->phase == LINK_DEAD || l->phase == LINK_ENDED)
		return;
	lcp_expire(&l->lcp, now_ns, out);
	if (l->phase != LINK_TERMINATE) {
		auth_server_expire(&l->auth, now_ns, out);
		ccp_expire(&l->ccp, now_ns, out);
		fsm_expire(&l->ipcp.fsm, now_ns, out);
	}
	settle(l, now_ns, out);
	if (now_ns >= l->establish_due_ns)
		link_close(l, l->heard ? END_NO_LCP : END_NO_GRE, now_ns, out);
	else if (now_ns >= l->setup_due_ns)
		link_close(l, END_SETUP_TIMEOUT, now_ns, out);
}

// ---- what the caller reads

void link_get_agreed(const struct link *l, struct link_agreed *out)
{
	*out = (struct link_agreed){
		.peer_mru = l->lcp.peer.mru,
		.send_pfc = l->lcp.peer.has_pfc,
		.send_acfc = l->lcp.peer.has_acfc,
	};
}

void link_get_credentials(const struct link *l, struct link_credentials *out)
{
	const struct auth_server *a = &l->auth;

	*out = (struct link_credentials){.chap_id = a->id, .user_len = a->user_len};
	memcpy(out->user, a->user, a->user_len);
	memcpy(out->challenge, a->challenge, sizeof(out->challenge));
	memcpy(out->peer_challenge, a->response.peer_challenge, sizeof(out->peer_challenge));
	memcpy(out->nt_response, a->response.nt_response, sizeof(out->nt_response));
}

void link_get_keys(const struct link *l, struct link_keys *out)
{
	*out = (struct link_keys){
		.strength = ccp_strength(&l->ccp),
		.is_stateless = ccp_is_stateless(&l->ccp),
		.start = l->verdict.keys,
	};
}
