// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_run.h"

#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	EVENTS_MAX = 300000,
	DATA_PERMILLE = 300, // of the calls carry data
	TAIL_PKTS = 40,
	TAIL_PKTS_AFTER_OUTAGE = 320, // the credit of mppe_sync may have to grow first
	OUTAGE_LONG_TICKS = 400,
	WAITS_MAX = 150,
};

static const uint64_t time_max_ns = 900 * SIM_SEC;

enum stage {
	STAGE_SETUP,
	STAGE_RENEGOTIATE,
	STAGE_DATA,
	STAGE_TAIL,   // the last packets, over a clean path
	STAGE_SETTLE, // they arrive
	STAGE_GOODBYE,
	STAGE_DRAIN, // until the server has closed
};

struct run {
	struct sim_random random;
	struct sim_path path;
	struct sim_server server;
	struct sim_client client;
	struct sim_peer_profile profile;
	struct sim_result *result;
	enum stage stage;
	uint64_t now_ns;
	uint64_t next_ns; // of the stage
	uint64_t die_ns;
	uint64_t renegotiate_ns;
	unsigned int n_renegotiations;
	unsigned int n_ticks; // left of data or tail
	unsigned int n_waits; // for both to be up again
	unsigned int outage[SIM_SIDES];
	bool had_long_outage;
	bool has_forger;
	bool asks_stateful;
};

const char *sim_scenario_name(enum sim_scenario scenario)
{
	static const char *const names[SIM_SCENARIOS] = {"usual", "any-policy", "stateful",
		"renegotiates", "wrong-password", "wrong-keys", "silent", "dies", "aaa-fault"};

	return names[scenario];
}

// ---- who calls, and what the server lets him

static void shuffle_methods(struct sim_random *random, struct sim_policy *policy)
{
	static const enum auth_method all[] = {
		AUTH_METHOD_MSCHAPV2, AUTH_METHOD_MSCHAPV1, AUTH_METHOD_CHAP_MD5, AUTH_METHOD_PAP};
	bool needs_keys = policy->encryption == SIM_ENCRYPTION_REQUIRE;
	uint32_t n_known = needs_keys ? 2 : 4; // a configuration with the others is refused
	uint32_t taken = 0;

	policy->n_methods = (uint8_t)(1 + sim_random_below(random, n_known));
	for (uint8_t i = 0; i < policy->n_methods; i++) {
		uint32_t k = sim_random_below(random, n_known);

		while (taken & 1u << k)
			k = (k + 1) % n_known;
		taken |= 1u << k;
		policy->methods[i] = all[k];
	}
}

static void choose_policy(struct run *r)
{
	static const uint32_t strengths[] = {MPPE_OPTION_40, MPPE_OPTION_56, MPPE_OPTION_128};
	struct sim_policy *policy = &r->result->policy;
	struct sim_random *random = &r->random;

	*policy =
		(struct sim_policy){.encryption = (enum sim_encryption)sim_random_below(random, 4)};
	shuffle_methods(random, policy);
	for (int i = 0; i < 3; i++)
		if (sim_random_permille(random, 600))
			policy->strengths |= strengths[i];
	if (!policy->strengths)
		policy->strengths = MPPE_OPTION_128;
	policy->require_stateless = sim_random_permille(random, 500);
	if (sim_random_permille(random, 500))
		policy->late_pkts = (uint16_t)(1 + sim_random_below(random, 32));
}

static void choose_stateful(struct run *r)
{
	static const enum sim_profile stateful[] = {SIM_PROFILE_PPPD_STATEFUL,
		SIM_PROFILE_WINDOWS_95, SIM_PROFILE_NT4, SIM_PROFILE_WINDOWS_XP};
	struct sim_policy *policy = &r->result->policy;

	r->result->profile = stateful[sim_random_below(&r->random, 4)];
	policy->require_stateless = false;
	policy->strengths = MPPE_OPTION_128 | MPPE_OPTION_40;
	r->asks_stateful = true;
}

static enum sim_scenario choose_scenario(struct sim_random *random)
{
	static const uint8_t percent[SIM_SCENARIOS] = {
		[SIM_USUAL] = 25,
		[SIM_ANY_POLICY] = 25,
		[SIM_STATEFUL] = 10,
		[SIM_RENEGOTIATES] = 15,
		[SIM_WRONG_PASSWORD] = 8,
		[SIM_WRONG_KEYS] = 3,
		[SIM_SILENT] = 4,
		[SIM_DIES] = 8,
		[SIM_AAA_FAULT] = 2,
	};
	uint32_t n = sim_random_below(random, 100);
	int scenario = 0;

	while (n >= percent[scenario])
		n -= percent[scenario++];
	return (enum sim_scenario)scenario;
}

static void choose_conditions(struct run *r)
{
	struct sim_conditions *c = &r->path.conditions;
	struct sim_random *random = &r->random;

	c->delay_ns = sim_random_ns(random, 80 * SIM_MS) + 50 * SIM_US;
	r->result->quality = (enum sim_quality)sim_random_below(random, SIM_QUALITIES);
	switch (r->result->quality) {
	case SIM_CLEAN:
		c->jitter_ns = sim_random_ns(random, 20 * SIM_US);
		if (sim_random_permille(random, 100)) // GPRS, a full uplink: slower than our timer
			c->delay_ns = sim_random_ns(random, 900 * SIM_MS);
		break;
	case SIM_LOSSY:
		c->jitter_ns = sim_random_ns(random, 5 * SIM_MS);
		c->loss_permille = sim_random_below(random, 20);
		c->repeat_permille = sim_random_below(random, 20);
		c->reorder_permille = sim_random_below(random, 20);
		break;
	case SIM_BAD:
		c->jitter_ns = sim_random_ns(random, 100 * SIM_MS);
		c->loss_permille = sim_random_below(random, 250);
		c->repeat_permille = sim_random_below(random, 200);
		c->reorder_permille = sim_random_below(random, 200);
		break;
	case SIM_QUALITIES:
		break;
	}
}

// A profile that does not fail for another reason than the one that is looked at.
static void choose_willing(struct run *r)
{
	do
		r->result->profile = (enum sim_profile)sim_random_below(&r->random, SIM_PROFILES);
	while (sim_policy_outcome(&r->result->policy, &sim_profiles[r->result->profile]) !=
			SIM_COMES_UP_ENCRYPTED ||
		sim_profiles[r->result->profile].has_wrong_keys);
}

static void choose_who(struct run *r)
{
	struct sim_result *result = r->result;

	result->policy = sim_policy_default;
	result->profile = (enum sim_profile)sim_random_below(&r->random, SIM_PROFILES);
	switch (result->scenario) {
	case SIM_USUAL:
	case SIM_DIES:
	case SIM_SILENT:
	case SIM_AAA_FAULT:
	case SIM_WRONG_PASSWORD:
		choose_willing(r);
		break;
	case SIM_ANY_POLICY:
		choose_policy(r);
		while (sim_profiles[result->profile].has_wrong_keys)
			result->profile =
				(enum sim_profile)sim_random_below(&r->random, SIM_PROFILES);
		break;
	case SIM_STATEFUL:
		choose_stateful(r);
		break;
	case SIM_RENEGOTIATES:
		if (sim_random_permille(&r->random, 300))
			choose_stateful(r);
		else
			choose_willing(r);
		break;
	case SIM_WRONG_KEYS:
		result->profile = SIM_PROFILE_NT4_SP5;
		break;
	case SIM_SCENARIOS:
		break;
	}
	r->profile = sim_profiles[result->profile];
	if (r->asks_stateful) {
		r->profile.mppe_bits &= ~(uint32_t)MPPE_OPTION_STATELESS;
		r->profile.no_stateless = sim_random_permille(&r->random, 500);
	}
	result->outcome = sim_policy_outcome(&result->policy, &r->profile);
}

static void choose(struct run *r, uint64_t seed)
{
	static const char *const users[] = {SIM_USER, "CORP\\" SIM_USER};
	struct sim_random *random = &r->random;
	struct sim_result *result = r->result;
	const char *password = SIM_PASSWORD;

	random->state = seed;
	result->scenario = choose_scenario(random);
	choose_who(r);
	sim_path_init(&r->path, random);
	choose_conditions(r);
	sim_server_init(&r->server, &result->policy, &r->path, random);
	r->die_ns = SIM_NEVER;
	result->goodbye = (enum sim_goodbye)sim_random_below(random, SIM_BYES);
	r->has_forger = sim_random_permille(random, 200);

	switch (result->scenario) {
	case SIM_USUAL:
	case SIM_ANY_POLICY:
	case SIM_STATEFUL:
	case SIM_WRONG_KEYS:
		break;
	case SIM_RENEGOTIATES:
		r->n_renegotiations = 1 + sim_random_below(random, 3);
		break;
	case SIM_WRONG_PASSWORD:
		password = "incorrect donkey";
		break;
	case SIM_SILENT:
		result->silence = (enum sim_silence)(1 + sim_random_below(random, 3));
		break;
	case SIM_DIES:
		r->die_ns = sim_random_ns(random, 5 * SIM_SEC);
		break;
	case SIM_AAA_FAULT:
		r->server.aaa_fault =
			(enum sim_aaa_fault)(1 + sim_random_below(random, SIM_AAA_FAULTS - 1));
		break;
	case SIM_SCENARIOS:
		break;
	}
	sim_client_init(&r->client, &r->profile, result->silence,
		users[sim_random_below(random, 2)], password, &r->path, random);
}

// ---- what happens when both are up

static bool are_both_up(const struct run *r)
{
	if (r->result->outcome == SIM_COMES_UP_ENCRYPTED &&
		!(sim_peer_is_encrypting(&r->client.peer) && r->server.is_encrypting))
		return false;
	return !r->path.conditions.is_dead[SIM_CLIENT] && sim_server_may_send(&r->server) &&
	       sim_client_may_send(&r->client);
}

// Each direction has one key on both sides, and in MS-CHAPv2 not the same.
static void check_keys(const struct run *r)
{
	const struct link_keys *server = &r->server.keys;
	const struct mppe_start_keys *client = &r->client.peer.start;

	EXPECT_EQ(r->client.tunnel.mppe[SIM_IN].mode.strength, server->send.strength);
	EXPECT_EQ(r->client.tunnel.mppe[SIM_IN].mode.is_stateless, server->send.is_stateless);
	EXPECT_EQ(r->client.tunnel.mppe[SIM_OUT].mode.strength, server->receive.strength);
	EXPECT_EQ(r->client.tunnel.mppe[SIM_OUT].mode.is_stateless, server->receive.is_stateless);
	if (r->profile.has_wrong_keys)
		return;
	EXPECT_MEMEQ(r->client.tunnel.mppe[SIM_IN].start, server->start.send, 8);
	EXPECT_MEMEQ(r->client.tunnel.mppe[SIM_OUT].start, server->start.receive, 8);
	if (!client->is_v1)
		EXPECT_FALSE(span_equal(span_of(client->send, 16), span_of(client->receive, 16)));
}

static void check_up(const struct run *r)
{
	const struct sim_peer *peer = &r->client.peer;
	bool is_encrypted = sim_peer_is_encrypting(peer);

	EXPECT_EQ(is_encrypted, r->server.is_encrypting);
	EXPECT_EQ(is_encrypted, r->result->outcome == SIM_COMES_UP_ENCRYPTED);
	r->result->is_encrypted = is_encrypted;
	if (is_encrypted) {
		r->result->up = peer->tunnel->mppe[SIM_OUT].mode;
		r->result->down = peer->tunnel->mppe[SIM_IN].mode;
		check_keys(r);
	}
	EXPECT_EQ(peer->address, r->server.client_address);
	EXPECT_EQ(peer->server_address, SIM_SERVER_ADDRESS);
}

static void enter(struct run *r, enum stage stage, uint64_t after_ns)
{
	r->stage = stage;
	r->next_ns = r->now_ns + after_ns;
}

static void enter_data(struct run *r)
{
	if (r->result->scenario != SIM_STATEFUL && r->result->scenario != SIM_WRONG_KEYS &&
		!sim_random_permille(&r->random, DATA_PERMILLE)) {
		enter(r, STAGE_GOODBYE, sim_random_ns(&r->random, SIM_SEC));
		return;
	}
	r->n_ticks = 100 + sim_random_below(&r->random, 500);
	enter(r, STAGE_DATA, 1 * SIM_MS);
}

static void when_up(struct run *r)
{
	r->result->was_up = true;
	r->result->up_ns = r->now_ns;
	check_up(r);
	if (r->n_renegotiations > 0) {
		r->renegotiate_ns = r->now_ns + sim_random_ns(&r->random, 2 * SIM_SEC);
		enter(r, STAGE_RENEGOTIATE, 1 * SIM_MS);
	} else {
		enter_data(r);
	}
}

static void send_both(struct run *r)
{
	size_t len = SIM_DATA_BYTES_MIN + sim_random_below(&r->random, 120);

	if (sim_server_may_send(&r->server))
		sim_server_send_data(&r->server, len, r->now_ns);
	if (sim_client_may_send(&r->client))
		sim_tunnel_send_data(&r->client.tunnel, len, r->now_ns);
}

// Data flows while client and server negotiate again, where both think that it may; then wait until
// both are up again. A call that does not come back ends by its timers.
static void tick_renegotiate(struct run *r)
{
	send_both(r);
	if (r->now_ns >= r->renegotiate_ns && r->n_renegotiations > 0) {
		r->n_renegotiations--;
		sim_peer_renegotiate(&r->client.peer,
			(enum sim_cp_kind)sim_random_below(&r->random, SIM_CP_KINDS), r->now_ns);
		r->renegotiate_ns = r->now_ns + sim_random_ns(&r->random, 2 * SIM_SEC);
		if (r->n_renegotiations == 0)
			r->renegotiate_ns = r->now_ns + 10 * SIM_SEC;
	}
	if (r->now_ns >= r->renegotiate_ns && are_both_up(r)) {
		check_up(r);
		r->result->came_back = true;
		enter_data(r);
		return;
	}
	// Few enough that the count does not wrap while one side is deaf.
	enter(r, STAGE_RENEGOTIATE, 20 * SIM_MS + sim_random_ns(&r->random, 100 * SIM_MS));
}

enum forgery {
	FORGE_FAR,     // a sequence number far ahead
	FORGE_GARBAGE, // the next sequence number and count, with nothing in it
	FORGE_COUNT,   // the next sequence number, a count far ahead
	FORGE_CLEAR,   // clear IP
	FORGE_SHORT,   // nothing but a header
	FORGERIES,
};

// Somebody who knows the addresses and the Call ID, and sees the numbers.
static void forge(struct run *r)
{
	const struct session *s = sim_worker_session(&r->server.worker);
	enum forgery what = (enum forgery)sim_random_below(&r->random, FORGERIES);
	uint8_t bytes[80];
	struct gre gre = {.call_id = r->server.worker.call_id, .payload_len = 40, .has_seq = true};

	if (!s)
		return;
	sim_random_fill(&r->random, bytes, sizeof(bytes));
	gre.seq = s->gre.highest + 1 + sim_random_below(&r->random, 3);
	if (what == FORGE_FAR)
		gre.seq += 100000 + sim_random_below(&r->random, 1u << 30);
	if (what == FORGE_SHORT)
		gre.payload_len = 5;

	uint8_t *at = bytes + gre_put(bytes, &gre);

	at += ppp_put(at, what == FORGE_CLEAR ? PPP_IP : PPP_COMP, false, false);
	uint16_t count = s->rx_sync.at.count + 1;

	if (what == FORGE_COUNT)
		count += (uint16_t)sim_random_below(&r->random, MPPE_COHERENCY_MASK);
	mppe_packet_put(at, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED, count);
	sim_path_send(&r->path, SIM_SERVER,
		span_of(bytes, gre_header_len(true, false) + (size_t)gre.payload_len), r->now_ns);
}

static bool is_stateful(const struct run *r)
{
	const struct sim_tunnel *t = &r->client.tunnel;

	return r->result->is_encrypted &&
	       !(t->mppe[SIM_IN].mode.is_stateless && t->mppe[SIM_OUT].mode.is_stateless);
}

static void tick_outages(struct run *r)
{
	for (int side = 0; side < SIM_SIDES && !r->profile.has_wrong_keys; side++) {
		if (r->outage[side] > 0)
			r->outage[side]--;
		else if (sim_random_below(&r->random, 300) == 0)
			r->outage[side] = 1 + sim_random_below(&r->random, 100);
		else if (!r->had_long_outage && sim_random_below(&r->random, 10000) == 0)
			// In stateful mode nobody can tell how often the count went round.
			r->outage[side] = is_stateful(r) ? 1500 : 3000;
		r->path.conditions.is_cut[side] = r->outage[side] > 0;
		r->had_long_outage |= r->outage[side] > OUTAGE_LONG_TICKS;
	}
}

static void clean_path(struct run *r)
{
	struct sim_conditions *c = &r->path.conditions;

	c->loss_permille = c->repeat_permille = c->reorder_permille = 0;
	c->jitter_ns = 0;
	c->is_cut[SIM_SERVER] = c->is_cut[SIM_CLIENT] = false;
}

static void tick_data(struct run *r)
{
	r->result->has_data = true;
	tick_outages(r);
	send_both(r);
	if (r->has_forger && sim_random_below(&r->random, 20) == 0)
		forge(r);
	if (r->n_ticks > 0)
		r->n_ticks--;
	if (r->n_ticks > 0 || r->outage[SIM_SERVER] > OUTAGE_LONG_TICKS ||
		r->outage[SIM_CLIENT] > OUTAGE_LONG_TICKS) {
		enter(r, STAGE_DATA, 100 * SIM_US + sim_random_ns(&r->random, 2 * SIM_MS));
		return;
	}
	clean_path(r);
	r->n_ticks = r->had_long_outage ? TAIL_PKTS_AFTER_OUTAGE : TAIL_PKTS;
	// What is delayed by the bad path arrives before.
	enter(r, STAGE_TAIL, 1 * SIM_SEC);
}

static void tick_tail(struct run *r)
{
	// An outage may have caught a request; it comes again when its timer says so.
	if (!are_both_up(r) && r->n_waits++ < WAITS_MAX) {
		enter(r, STAGE_TAIL, 100 * SIM_MS);
		return;
	}
	send_both(r);
	if (--r->n_ticks > 0)
		// Resets take a time of their own.
		enter(r, STAGE_TAIL, is_stateful(r) ? 500 * SIM_MS : 1 * SIM_MS);
	else
		enter(r, STAGE_SETTLE, 1 * SIM_SEC);
}

// A request that was repeated over a slow path makes an open protocol negotiate again: that is no end.
static bool is_call_over(const struct run *r)
{
	return r->server.is_call_over || r->client.is_closed || r->client.peer.has_ended ||
	       r->client.peer.is_terminating || r->path.conditions.is_dead[SIM_CLIENT];
}

static void tick_settle(struct run *r)
{
	const struct sim_data *s = &r->server.data, *c = &r->client.tunnel.data;

	r->result->has_recovered =
		!is_call_over(r) && s->last_received == c->n_sent && c->last_received == s->n_sent;
	if (r->path.is_traced)
		printf("%12.6f   server got %u of %u, client %u of %u\n", (double)r->now_ns / 1e9,
			s->last_received, c->n_sent, c->last_received, s->n_sent);
	enter(r, STAGE_GOODBYE, 0);
}

static void tick_goodbye(struct run *r)
{
	enter(r, STAGE_DRAIN, 0);
	r->next_ns = SIM_NEVER;
	if (r->result->goodbye == SIM_BYE_BY_SERVER)
		sim_server_clear(&r->server, r->now_ns);
	else if (r->result->goodbye == SIM_BYE_VANISH)
		r->path.conditions.is_dead[SIM_CLIENT] = true;
	else
		sim_client_hang_up(&r->client, r->result->goodbye, r->now_ns);
}

static void tick(struct run *r)
{
	switch (r->stage) {
	case STAGE_SETUP:
	case STAGE_DRAIN:
		break;
	case STAGE_RENEGOTIATE:
		tick_renegotiate(r);
		break;
	case STAGE_DATA:
		tick_data(r);
		break;
	case STAGE_TAIL:
		tick_tail(r);
		break;
	case STAGE_SETTLE:
		tick_settle(r);
		break;
	case STAGE_GOODBYE:
		tick_goodbye(r);
		break;
	}
}

// ---- the loop

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_client_gone(const struct run *r)
{
	return r->client.is_closed || r->path.conditions.is_dead[SIM_CLIENT];
}

static uint64_t next_event(const struct run *r)
{
	uint64_t next = earlier(sim_path_next(&r->path), sim_server_deadline(&r->server));

	if (!r->path.conditions.is_dead[SIM_CLIENT])
		next = earlier(next, sim_client_deadline(&r->client));
	return earlier(next, earlier(r->next_ns, r->die_ns));
}

static void run_event(struct run *r)
{
	static struct sim_arrival arrival;

	if (sim_path_next(&r->path) <= r->now_ns) {
		if (!sim_path_take(&r->path, &arrival))
			return;
		if (arrival.to == SIM_SERVER)
			sim_server_receive(&r->server, &arrival, r->now_ns);
		else
			sim_client_receive(&r->client, &arrival, r->now_ns);
		return;
	}
	if (r->die_ns <= r->now_ns) {
		r->die_ns = SIM_NEVER;
		r->path.conditions.is_dead[SIM_CLIENT] = true;
	}
	sim_server_expire(&r->server, r->now_ns);
	if (!r->path.conditions.is_dead[SIM_CLIENT])
		sim_client_expire(&r->client, r->now_ns);
	if (r->next_ns <= r->now_ns)
		tick(r);
}

static void finish(struct run *r)
{
	struct sim_result *result = r->result;
	const struct sim_server *s = &r->server;

	result->is_over = s->is_closed && is_client_gone(r);
	result->has_call = s->has_call;
	result->has_overflowed = s->has_overflowed;
	result->server_was_up = s->n_ups > 0;
	result->reason = s->has_call ? s->call_end : s->conn_end;
	result->over_ns = r->now_ns;
	result->n_sent = s->data.n_sent + r->client.tunnel.data.n_sent;
	result->n_received = s->data.n_received + r->client.tunnel.data.n_received;
	result->n_late = s->data.n_late;
	result->n_wrong = s->data.n_wrong;
	if (!r->profile.has_wrong_keys)
		result->n_wrong += r->client.tunnel.data.n_wrong;
	result->n_desyncs = s->n_desyncs;
	result->n_protocols = r->client.peer.n_protocols;
	result->n_rejected = r->client.peer.n_rejected;
}

static void run(struct run *r)
{
	struct sim_result *out = r->result;

	while (out->n_events++ < EVENTS_MAX && !(r->server.is_closed && is_client_gone(r))) {
		uint64_t next = next_event(r);

		if (next > time_max_ns)
			break;
		if (next > r->now_ns)
			r->now_ns = next;
		run_event(r);
		out->client_was_up |= r->client.peer.is_up;
		if (r->stage == STAGE_SETUP && are_both_up(r))
			when_up(r);
		else if (r->stage != STAGE_SETUP && r->stage != STAGE_RENEGOTIATE &&
			 r->stage != STAGE_DRAIN && is_call_over(r))
			enter(r, STAGE_GOODBYE, 0);
	}
	finish(r);
	sim_server_fini(&r->server);
}

static struct run *begin(bool is_traced, struct sim_result *out)
{
	static struct run r;

	memset(out, 0, sizeof(*out));
	r.result = out;
	r.stage = STAGE_SETUP;
	r.now_ns = 0;
	r.next_ns = SIM_NEVER;
	r.n_renegotiations = r.n_ticks = r.n_waits = 0;
	r.had_long_outage = r.asks_stateful = false;
	memset(r.outage, 0, sizeof(r.outage));
	return &r;
}

void sim_run(uint64_t seed, bool is_traced, struct sim_result *out)
{
	struct run *r = begin(is_traced, out);

	choose(r, seed);
	r->path.is_traced = is_traced;
	run(r);
}

static void run_alone(uint64_t seed, const struct sim_peer_profile *profile,
	const struct sim_policy *policy, bool is_traced, struct sim_result *out)
{
	struct run *r = begin(is_traced, out);

	r->random.state = seed;
	out->policy = *policy;
	out->outcome = sim_policy_outcome(policy, profile);
	out->scenario = SIM_STATEFUL; // always with data
	out->goodbye = SIM_BYE_LCP;
	r->profile = *profile;
	r->has_forger = false;
	r->die_ns = SIM_NEVER;
	sim_path_init(&r->path, &r->random);
	r->path.is_traced = is_traced;
	r->path.conditions.delay_ns = 1 * SIM_MS;
	sim_server_init(&r->server, &out->policy, &r->path, &r->random);
	sim_client_init(
		&r->client, &r->profile, SIM_TALKS, SIM_USER, SIM_PASSWORD, &r->path, &r->random);
	run(r);
}

void sim_run_profile(enum sim_profile profile, const struct sim_policy *policy, bool is_traced,
	struct sim_result *out)
{
	run_alone(profile, &sim_profiles[profile], policy, is_traced, out);
	out->profile = profile;
}

void sim_run_client(const struct sim_peer_profile *profile, const struct sim_policy *policy,
	bool is_traced, struct sim_result *out)
{
	run_alone(SIM_PROFILES, profile, policy, is_traced, out);
}
