// SPDX-License-Identifier: BSD-3-Clause
#include "proto/link_phase.h"

#include "base/secret.h"
#include "crypto/mschap.h"
#include "wire/cp.h"

// A client that was refused and hangs up within this time does so because of it.
static const uint64_t SULK_NS = 3000000000;

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

struct fsm_limits link_phase_limits(const struct link_config *config)
{
	return (struct fsm_limits){
		.restart_ns = config->restart_ns,
		.first_restart_ns = config->restart_ns,
		.max_configure = config->max_configure,
		.max_terminate = config->max_terminate,
		.max_failure = config->max_failure,
	};
}

struct link_policy link_phase_policy(const struct link_config *config)
{
	return (struct link_policy){
		.require_encryption = config->require_encryption,
		.prefer_encryption = config->prefer_encryption,
		.require_stateless = config->require_stateless,
		.use_client_address = config->use_client_address,
		.mppe_bits = config->mppe_bits,
	};
}

void link_phase_draw(struct link *l, uint8_t out[16])
{
	l->n_random++;
	mschap_chap_md5(0, span_of(&l->random, sizeof(l->random)),
		span_of(&l->n_random, sizeof(l->n_random)), out);
}

// Everything above LCP goes down.
static void take_down(struct link *l, uint64_t now_ns, struct step *out)
{
	fsm_down(&l->ccp.fsm, now_ns, out);
	fsm_down(&l->ipcp.fsm, now_ns, out);
	if (l->up)
		step_add(out, STEP_DOWN);
	l->up = false;
	l->held_len = 0;
	l->awaits_address = false;
}

static void finish(struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out)
{
	take_down(l, now_ns, out);
	l->phase = LINK_ENDED;
	l->end = reason;
	step_add_end(out, reason);
}

void link_phase_terminate(struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out)
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
static enum end_reason why_client_left(const struct link *l, uint64_t now_ns)
{
	if (l->phase == LINK_ESTABLISH && l->lcp.n_auth_naks > 0)
		return END_AUTH_NO_COMMON;
	if (l->phase == LINK_AUTHENTICATE && auth_server_refused(&l->auth) != END_NONE)
		return auth_server_refused(&l->auth); // he gave up, or has no way to change it
	if (l->refused_ns && (l->phase == LINK_NETWORK || now_ns - l->refused_ns < SULK_NS))
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
		return why_client_left(l, now_ns);
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
	auth_server_start(&l->auth, lcp_auth_method(&l->lcp), l->challenge, now_ns, out);
	link_phase_draw(l, l->challenge);
}

bool link_phase_needs_encryption(const struct link *l)
{
	return l->policy.require_encryption || l->was_encrypted;
}

uint32_t link_phase_strengths(const struct link *l)
{
	const struct mppe_start_keys *keys = &l->verdict.keys;

	if (!l->verdict.has_keys)
		return 0;
	if (keys->is_v1 && !keys->has_lm) // RFC 3079 2: 40 and 56 bit start from the LM hash
		return l->policy.mppe_bits & MPPE_OPTION_128;
	return l->policy.mppe_bits;
}

bool link_phase_has_ccp(const struct link *l)
{
	return link_phase_needs_encryption(l) || link_phase_strengths(l);
}

// Name servers of the user's group, else those of the configuration.
static void pick_servers(
	uint32_t out[2], const uint32_t *user, uint8_t n_user, const uint32_t *config, uint8_t n)
{
	for (uint8_t i = 0; i < 2; i++)
		out[i] = n_user ? (i < n_user ? user[i] : 0) : (i < n ? config[i] : 0);
}

static void start_network(struct link *l, uint64_t now_ns, struct step *out)
{
	const struct link_config *config = l->config;
	struct fsm_limits limits = link_phase_limits(config);
	const struct link_verdict *v = &l->verdict;
	struct ipcp_addresses addresses = {
		.server_be = v->server_be ? v->server_be : config->server_be,
		.client_be = v->client_be};
	const struct ccp_policy policy = {.allowed = link_phase_strengths(l),
		.is_required = link_phase_needs_encryption(l),
		.asks = l->policy.prefer_encryption,
		.is_stateful_taken = !l->policy.require_stateless};

	pick_servers(addresses.dns_be, v->dns_be, v->n_dns, config->dns_be, config->n_dns);
	pick_servers(addresses.nbns_be, v->nbns_be, v->n_nbns, config->nbns_be, config->n_nbns);
	l->phase = LINK_NETWORK;
	l->has_asked_address = false;
	l->n_data_rejects = 0;
	l->refused_ns = 0;
	ccp_init(&l->ccp, &limits, &policy);
	ipcp_init(&l->ipcp, &limits, &addresses);
	l->ccp.fsm.peer_mtu = l->lcp.fsm.peer_mtu;
	l->ipcp.fsm.peer_mtu = l->lcp.fsm.peer_mtu;
	if (link_phase_has_ccp(l))
		ccp_start(&l->ccp, now_ns, out);
}

// LCP negotiates again: the client is a stranger until it has authenticated again (RFC 1661 3.2).
static void fall_back(struct link *l, uint64_t now_ns, struct step *out)
{
	take_down(l, now_ns, out);
	secret_wipe_bytes(&l->verdict, sizeof(l->verdict));
	l->policy = link_phase_policy(l->config);
	auth_server_reset(&l->auth);
	l->phase = LINK_ESTABLISH;
	l->establish_due_ns = now_ns + l->config->no_lcp_timeout_ns;
	if (l->setup_due_ns == LINK_NEVER)
		l->setup_due_ns = now_ns + l->config->setup_timeout_ns;
}

// No IP before encryption, where it is required: neither data nor the talk about it.
static bool may_have_ip(const struct link *l)
{
	return !ccp_is_required(&l->ccp) || ccp_is_encrypting(&l->ccp);
}

// Keep a Configure-Request. A Terminate-Ack, the RFC's answer of a protocol that is not there yet,
// would make the client wait for its timer.
static bool hold(struct link *l, struct span info)
{
	if (info.len == 0 || info.len > sizeof(l->held) || info.bytes[0] != CP_CONFIGURE_REQUEST)
		return false;
	memcpy(l->held, info.bytes, info.len);
	l->held_len = (uint8_t)info.len;
	return true;
}

// The client wants another address than it has been given, and may: ask the caller.
static bool asks_for_address(struct link *l, struct span info)
{
	bool may_choose = l->policy.use_client_address || l->verdict.client_chooses;
	uint32_t asked_be = may_choose && !l->has_asked_address ? ipcp_asks_for(&l->ipcp, info) : 0;

	if (!asked_be)
		return false;
	l->asked_be = asked_be;
	return true;
}

void link_phase_take_ipcp(struct link *l, struct span info, uint64_t now_ns, struct step *out)
{
	if (l->ipcp.fsm.state == FSM_INITIAL)
		(void)hold(l, info);
	else if (l->awaits_address && hold(l, info))
		return;
	else if (asks_for_address(l, info) && hold(l, info)) {
		l->has_asked_address = l->awaits_address = true;
		step_add(out, STEP_ADDRESS);
	} else
		fsm_receive(&l->ipcp.fsm, info, now_ns, out);
}

void link_phase_take_held(struct link *l, uint64_t now_ns, struct step *out)
{
	uint8_t held[LINK_HELD_BYTES_MAX];
	uint8_t len = l->held_len;

	memcpy(held, l->held, len);
	l->held_len = 0;
	if (len > 0)
		link_phase_take_ipcp(l, span_of(held, len), now_ns, out);
}

static void start_ipcp(struct link *l, uint64_t now_ns, struct step *out)
{
	ipcp_start(&l->ipcp, now_ns, out);
	link_phase_take_held(l, now_ns, out);
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

void link_phase_settle(struct link *l, uint64_t now_ns, struct step *out)
{
	bool goes_on = true;

	while (goes_on && l->phase >= LINK_ESTABLISH && l->phase <= LINK_OPEN) {
		enum end_reason reason = find_failure(l, now_ns);

		if (reason != END_NONE)
			link_phase_terminate(l, reason, now_ns, out);
		else
			goes_on = advance(l, now_ns, out);
	}
	if (l->phase == LINK_TERMINATE && l->lcp.fsm.state != FSM_CLOSING)
		finish(l, l->end, now_ns, out);
	l->encrypting = ccp_is_encrypting(&l->ccp);
	l->was_encrypted |= l->encrypting;
}
