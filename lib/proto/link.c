// SPDX-License-Identifier: BSD-3-Clause
#include "proto/link.h"

#include "base/secret.h"
#include "proto/link_phase.h"
#include "wire/ppp.h"

#include <assert.h>

// One call adds at most two frames that quote the client, its answer and that to the request
// held, and small ones: the largest are Success and Failure of MS-CHAPv2.
static_assert(STEP_BYTES_MAX >=
		      2 * FSM_INFO_BYTES_MAX + STEP_ITEMS_MAX * (AUTH_SERVER_TEXT_BYTES_MAX + 32),
	"a step holds what one event can cause");

static const uint64_t DATA_REJECTS_SPAN_NS = 5000000000;
static const uint64_t DATA_REJECTS_GAP_NS = 30000000000; // so long without one: a new run

// Where encryption is required only methods that yield keys are asked for.
static void init_lcp(struct link *l, const struct fsm_limits *limits, uint64_t magic_seed)
{
	const struct link_config *config = l->config;
	struct lcp_config lcp = {
		.mru = config->mru,
		.random = magic_seed,
		.echo_interval_ns = config->echo_interval_ns,
		.echo_failures = config->echo_failures,
	};

	for (uint8_t i = 0; i < config->n_auth_methods; i++)
		if (!config->require_encryption || auth_method_has_keys(config->auth_methods[i]))
			lcp.methods[lcp.n_methods++] = config->auth_methods[i];
	lcp_init(&l->lcp, limits, &lcp);
}

void link_init(struct link *l, const struct link_config *config, uint64_t seed,
	const uint8_t challenge[16])
{
	struct fsm_limits limits = link_phase_limits(config);
	uint8_t drawn[16];
	uint64_t magic_seed;

	*l = (struct link){
		.config = config,
		.policy = link_phase_policy(config),
		.phase = LINK_DEAD,
		.end = END_NONE,
		.random = seed,
		.establish_due_ns = LINK_NEVER,
		.setup_due_ns = LINK_NEVER,
	};
	memcpy(l->challenge, challenge, sizeof(l->challenge));
	link_phase_draw(l, drawn);
	memcpy(&magic_seed, drawn, sizeof(magic_seed));
	ccp_init(&l->ccp, &limits, &(struct ccp_policy){0});
	ipcp_init(&l->ipcp, &limits, &(struct ipcp_addresses){0});
	limits.first_restart_ns = config->first_restart_ns;
	limits.repeats_when_heard = true;
	limits.max_configure = UINT8_MAX; // no_lcp_timeout_ns says how long we try
	init_lcp(l, &limits, magic_seed);
	auth_server_init(&l->auth,
		&(struct auth_server_config){
			.name = span_of(config->name, strnlen(config->name, sizeof(config->name))),
			.restart_ns = config->restart_ns,
			.timeout_ns = config->auth_timeout_ns,
			.n_retries = config->auth_retries,
			.may_change_password = config->may_change_password,
		});
}

void link_wipe(struct link *l)
{
	auth_server_wipe(&l->auth);
	secret_wipe_bytes(&l->verdict, sizeof(l->verdict));
	secret_wipe_bytes(&l->random, sizeof(l->random));
	secret_wipe_bytes(l->challenge, sizeof(l->challenge));
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
	link_phase_settle(l, now_ns, out);
}

void link_close(struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out)
{
	if (l->phase >= LINK_TERMINATE)
		return;
	link_phase_terminate(l, reason, now_ns, out);
	link_phase_settle(l, now_ns, out);
}

// ---- frames

// A client that has lost its keys, or whose CCP came to nothing, returns every encrypted packet
// (RFC 1661 5.7). Nothing else tells us: its LCP lives. What returns while CCP negotiates is late, one
// packet may be forged, so only a run of them over a while means something, in which the client says
// no word of CCP.
static void data_rejected(struct link *l, uint64_t now_ns, struct step *out)
{
	if (!ccp_is_encrypting(&l->ccp))
		return;
	if (l->n_data_rejects == 0 || now_ns - l->last_data_reject_ns > DATA_REJECTS_GAP_NS) {
		l->n_data_rejects = 0;
		l->first_data_reject_ns = now_ns;
	}
	l->last_data_reject_ns = now_ns;
	if (l->n_data_rejects < LINK_DATA_REJECTS_MIN)
		l->n_data_rejects++;
	if (l->n_data_rejects == LINK_DATA_REJECTS_MIN &&
		now_ns - l->first_data_reject_ns >= DATA_REJECTS_SPAN_NS)
		link_phase_terminate(l, END_CLIENT_LOST_KEYS, now_ns, out);
}

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
	case PPP_COMP:
		data_rejected(l, now_ns, out);
		break;
	default: // what we never send; data, which a client returns while it closes
		break;
	}
}

// Protocols of the network phase; before it they are dropped without a word (RFC 1661 3.5).
static void receive_network(
	struct link *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out)
{
	if (l->phase != LINK_NETWORK && l->phase != LINK_OPEN)
		return;
	uint8_t n_refused = l->ccp.n_refused;

	auth_server_confirm(&l->auth);
	if (protocol == PPP_CCP)
		l->n_data_rejects = 0;
	if (protocol == PPP_IPCP)
		link_phase_take_ipcp(l, info, now_ns, out);
	else if (protocol == PPP_CCP && link_phase_has_ccp(l))
		ccp_receive(&l->ccp, info, now_ns, out);
	else
		lcp_reject_protocol(&l->lcp, protocol, info, now_ns, out);
	if (ccp_is_encrypting(&l->ccp))
		l->refused_ns = 0;
	else if (protocol == PPP_CCP && (!link_phase_has_ccp(l) || l->ccp.n_refused > n_refused))
		l->refused_ns = now_ns;
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
	link_phase_settle(l, now_ns, out);
}

bool link_awaits_verdict(const struct link *l)
{
	return l->phase == LINK_AUTHENTICATE && l->auth.state == AUTH_SERVER_DECIDING &&
	       !l->auth.is_stale;
}

bool link_is_tried_again(const struct link *l)
{
	return l->phase == LINK_AUTHENTICATE && auth_server_refused(&l->auth) != END_NONE;
}

// Encryption is required and cannot be: to wait for CCP would only end in a time-out.
static enum end_reason why_no_keys(const struct link *l)
{
	if (!auth_method_has_keys(l->auth.credentials.method))
		return END_AUTH_KEYLESS;
	return l->policy.mppe_bits ? END_AUTH_NO_KEYS : END_ENCRYPTION_MISMATCH;
}

void link_authenticated(
	struct link *l, const struct link_verdict *verdict, uint64_t now_ns, struct step *out)
{
	const struct span message =
		span_of(verdict->message, strnlen(verdict->message, sizeof(verdict->message)));
	struct auth_server_refusal refusal = {
		.reason = verdict->reason, .error = verdict->ms_error, .message = message};

	if (l->phase >= LINK_TERMINATE || !auth_server_take_verdict(&l->auth, out))
		return;
	if (l->phase != LINK_AUTHENTICATE || l->auth.state != AUTH_SERVER_DECIDING)
		return;
	if (verdict->accepted) {
		l->verdict = *verdict;
		// Keys after PAP or CHAP, whoever sends them: the client does not have them.
		l->verdict.has_keys &= auth_method_has_keys(l->auth.credentials.method);
		if (verdict->has_policy)
			l->policy = verdict->policy;
		auth_server_accept(&l->auth, verdict->authenticator_response, message, now_ns, out);
		if (link_phase_needs_encryption(l) && !link_phase_strengths(l))
			link_phase_terminate(l, why_no_keys(l), now_ns, out);
	} else {
		// Wrong name or password is always said in full: Windows asks again without end
		// otherwise.
		if (refusal.reason == END_AUTH_REJECTED && !refusal.error)
			refusal.error = 691;
		memcpy(refusal.challenge, l->challenge, sizeof(refusal.challenge));
		auth_server_refuse(&l->auth, &refusal, now_ns, out);
		link_phase_draw(l, l->challenge);
		if (auth_server_awaits_person(&l->auth)) // and then there is the rest to do
			l->setup_due_ns = l->auth.deadline_ns + l->config->setup_timeout_ns;
	}
	link_phase_settle(l, now_ns, out);
}

void link_probe(struct link *l, struct step *out)
{
	if (l->phase < LINK_TERMINATE)
		lcp_probe(&l->lcp, out);
}

void link_desync(struct link *l, uint64_t now_ns, struct step *out)
{
	if (l->phase != LINK_NETWORK && l->phase != LINK_OPEN)
		return;
	ccp_desync(&l->ccp, now_ns, out);
	link_phase_settle(l, now_ns, out);
}

uint32_t link_address_asked(const struct link *l)
{
	return l->asked_be;
}

void link_address_chosen(struct link *l, uint32_t client_be, uint64_t now_ns, struct step *out)
{
	if (!l->awaits_address)
		return;
	l->awaits_address = false;
	l->verdict.client_be = client_be;
	ipcp_choose(&l->ipcp, l->asked_be, client_be);
	link_phase_take_held(l, now_ns, out);
	link_phase_settle(l, now_ns, out);
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
		if (auth_server_expire(&l->auth, l->challenge, now_ns, out))
			link_phase_draw(l, l->challenge);
		ccp_expire(&l->ccp, now_ns, out);
		fsm_expire(&l->ipcp.fsm, now_ns, out);
	}
	link_phase_settle(l, now_ns, out);
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

void link_get_credentials(const struct link *l, struct auth_credentials *out)
{
	*out = l->auth.credentials;
}

// MS-CHAPv1 starts 40 and 56 bit with a key of their own, the same both ways (RFC 3079 2.1, 2.2).
static void put_lm(const struct mppe_start_keys *keys, struct mppe_mode mode, uint8_t *start)
{
	if (!keys->is_v1 || mode.strength == MPPE_STRENGTH_128)
		return;
	memset(start, 0, MPPE_KEY_BYTES_MAX);
	memcpy(start, keys->lm, sizeof(keys->lm));
}

void link_get_keys(const struct link *l, struct link_keys *out)
{
	*out = (struct link_keys){.receive = ccp_receive_mode(&l->ccp),
		.send = ccp_send_mode(&l->ccp),
		.start = l->verdict.keys};
	put_lm(&l->verdict.keys, out->receive, out->start.receive);
	put_lm(&l->verdict.keys, out->send, out->start.send);
}

const char *link_client_text(const struct link *l)
{
	return l->lcp.terminate_text;
}
