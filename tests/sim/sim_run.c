// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_run.h"

#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/mppe.h"

#include <stdlib.h>

enum {
	EVENTS_MAX = 300000,
	DATA_PERMILLE = 300, // of the calls carry data
	TAIL_PKTS = 40,
	TAIL_PKTS_AFTER_OUTAGE = 320, // the credit of mppe_sync may have to grow first
	OUTAGE_LONG_TICKS = 400,
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
	unsigned int outage[SIM_SIDES];
	bool had_long_outage;
	bool has_forger;
};

const char *sim_scenario_name(enum sim_scenario scenario)
{
	static const char *const names[SIM_SCENARIOS] = {"pppd", "windows", "routeros",
		"renegotiates", "no-encryption", "wrong-password", "pap-only", "silent", "dies",
		"aaa-fault"};

	return names[scenario];
}

// ---- who calls

static const struct sim_peer_profile profiles[] = {
	{
		.name = "pppd",
		.asks_accm = true,
		.asks_pfc = true,
		.asks_acfc = true,
		.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128,
		.asks_deflate = true,
		.asks_vj = true,
		.n_servers = 2,
		.waits_for_ccp = true,
		.answers_afresh = true,
		.restart_ns = 3 * SIM_SEC,
		.call_delay_ns = 1 * SIM_SEC,
		.window = 3,
		.n_link_infos = 1,
	},
	{
		.name = "windows",
		.mru = 1400,
		.asks_pfc = true,
		.asks_acfc = true,
		.asks_callback = true,
		.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128 | MPPE_OPTION_56 |
			     MPPE_OPTION_40 | MPPE_OPTION_MPPC,
		.n_servers = 4,
		.asks_ipv6cp = true,
		.sends_identification = true,
		.restart_ns = 2 * SIM_SEC,
		.window = 64,
		.n_link_infos = 2,
	},
	{
		.name = "routeros",
		.mru = 1450,
		.asks_endpoint = true,
		.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128 | MPPE_OPTION_40,
		.restart_ns = 3 * SIM_SEC,
		.echo_interval_ns = 30 * SIM_SEC,
		.window = 100,
	},
};

static void choose_encryption_refusal(struct run *r)
{
	static const enum sim_ccp_style styles[] = {SIM_CCP_REJECTS_OPTION,
		SIM_CCP_REJECTS_PROTOCOL, SIM_CCP_DEFLATE_ONLY, SIM_CCP_40_ONLY,
		SIM_CCP_STATEFUL_ONLY};

	r->profile.ccp = styles[sim_random_below(&r->random, 5)];
	if (r->profile.ccp == SIM_CCP_40_ONLY)
		r->profile.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_40;
	if (r->profile.ccp == SIM_CCP_STATEFUL_ONLY)
		r->profile.mppe_bits = MPPE_OPTION_128;
}

static enum sim_scenario choose_scenario(struct sim_random *random)
{
	static const uint8_t percent[SIM_SCENARIOS] = {
		[SIM_PPPD] = 20,
		[SIM_WINDOWS] = 20,
		[SIM_ROUTEROS] = 15,
		[SIM_RENEGOTIATES] = 10,
		[SIM_NO_ENCRYPTION] = 10,
		[SIM_WRONG_PASSWORD] = 8,
		[SIM_PAP_ONLY] = 3,
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

static void choose(struct run *r, uint64_t seed)
{
	static const char *const users[] = {SIM_USER, "CORP\\" SIM_USER};
	struct sim_random *random = &r->random;
	struct sim_result *result = r->result;
	const char *password = SIM_PASSWORD;
	uint32_t profile;

	random->state = seed;
	result->scenario = choose_scenario(random);
	profile = result->scenario <= SIM_ROUTEROS ? result->scenario : sim_random_below(random, 3);
	r->profile = profiles[profile];
	sim_path_init(&r->path, random);
	choose_conditions(r);
	sim_server_init(&r->server, &r->path, random);
	r->die_ns = SIM_NEVER;
	result->goodbye = (enum sim_goodbye)sim_random_below(random, SIM_BYES);
	r->has_forger = sim_random_permille(random, 200);

	switch (result->scenario) {
	case SIM_PPPD:
	case SIM_WINDOWS:
	case SIM_ROUTEROS:
		break;
	case SIM_RENEGOTIATES:
		r->n_renegotiations = 1 + sim_random_below(random, 3);
		break;
	case SIM_NO_ENCRYPTION:
		choose_encryption_refusal(r);
		break;
	case SIM_WRONG_PASSWORD:
		password = "incorrect donkey";
		break;
	case SIM_PAP_ONLY:
		r->profile.is_pap_only = true;
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
	return !r->path.conditions.is_dead[SIM_CLIENT] && sim_server_may_send(&r->server) &&
	       sim_client_may_send(&r->client);
}

static void check_up(const struct run *r)
{
	const struct sim_peer *peer = &r->client.peer;

	EXPECT_MEMEQ(r->server.start.send, peer->start.receive, 16);
	EXPECT_MEMEQ(r->server.start.receive, peer->start.send, 16);
	EXPECT_FALSE(span_equal(span_of(peer->start.send, 16), span_of(peer->start.receive, 16)));
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
	if (!sim_random_permille(&r->random, DATA_PERMILLE)) {
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
	size_t len = 8 + sim_random_below(&r->random, 120);

	if (sim_server_may_send(&r->server))
		sim_tunnel_send_data(&r->server.tunnel, len, r->now_ns);
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

static void forge(struct run *r)
{
	uint8_t bytes[64];
	struct gre gre = {.call_id = r->server.tunnel.call_id,
		.payload_len = 20,
		.has_seq = true,
		.seq = r->server.tunnel.window.highest + 100000 +
		       sim_random_below(&r->random, 1u << 30)};

	sim_random_fill(&r->random, bytes, sizeof(bytes));
	sim_path_send(&r->path, SIM_SERVER, span_of(bytes, gre_put(bytes, &gre) + 20u), r->now_ns);
}

static void tick_outages(struct run *r)
{
	for (int side = 0; side < SIM_SIDES; side++) {
		if (r->outage[side] > 0)
			r->outage[side]--;
		else if (sim_random_below(&r->random, 300) == 0)
			r->outage[side] = 1 + sim_random_below(&r->random, 100);
		else if (sim_random_below(&r->random, 10000) == 0)
			r->outage[side] = 3000;
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
	send_both(r);
	if (--r->n_ticks > 0)
		enter(r, STAGE_TAIL, 1 * SIM_MS);
	else
		enter(r, STAGE_SETTLE, 1 * SIM_SEC);
}

static void tick_settle(struct run *r)
{
	const struct sim_tunnel *s = &r->server.tunnel, *c = &r->client.tunnel;

	r->result->has_recovered =
		are_both_up(r) && s->last_received == c->n_sent && c->last_received == s->n_sent;
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
	result->n_sent = s->tunnel.n_sent + r->client.tunnel.n_sent;
	result->n_received = s->tunnel.n_received + r->client.tunnel.n_received;
	result->n_wrong = s->tunnel.n_wrong + r->client.tunnel.n_wrong;
}

void sim_run(uint64_t seed, bool is_traced, struct sim_result *out)
{
	static struct run r;

	memset(out, 0, sizeof(*out));
	r.result = out;
	r.stage = STAGE_SETUP;
	r.now_ns = 0;
	r.next_ns = SIM_NEVER;
	r.n_renegotiations = r.n_ticks = 0;
	r.had_long_outage = false;
	memset(r.outage, 0, sizeof(r.outage));
	choose(&r, seed);
	r.path.is_traced = is_traced;

	while (out->n_events++ < EVENTS_MAX && !(r.server.is_closed && is_client_gone(&r))) {
		uint64_t next = next_event(&r);

		if (next > time_max_ns)
			break;
		if (next > r.now_ns)
			r.now_ns = next;
		run_event(&r);
		out->client_was_up |= r.client.peer.is_up;
		if (r.stage == STAGE_SETUP && are_both_up(&r))
			when_up(&r);
		else if (r.stage != STAGE_SETUP && r.stage != STAGE_RENEGOTIATE &&
			 r.stage != STAGE_DRAIN && !are_both_up(&r))
			enter(&r, STAGE_GOODBYE, 0);
	}
	finish(&r);
}
