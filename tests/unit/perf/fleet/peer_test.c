// SPDX-License-Identifier: BSD-3-Clause
// The fleet's PPP against the server's machines, over a path that loses frames.
#include "perf/fleet/peer.h"

#include "crypto/mschap.h"
#include "proto/link.h"
#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include <stdio.h>

enum { FRAMES_MAX = 64, FRAME_BYTES = 1600 };

#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

static const uint32_t inner_be = 0x0502080a, server_be = 0x0102080a;

struct frame {
	uint64_t due_ns; // 0: free
	bool to_server;
	uint16_t protocol;
	size_t len;
	uint8_t bytes[FRAME_BYTES];
};

struct world {
	struct peer_shared shared;
	struct link_config config;
	struct peer peer;
	struct link link;
	struct step step;
	struct xorshift random;
	uint32_t percent_lost;
	uint64_t now_ns;
	struct frame frames[FRAMES_MAX];
	uint8_t servers_hash[16];
	bool client_is_up, client_has_ended, server_is_up, server_has_ended;
	unsigned int n_keys, n_flushes;
	struct mppe_start_keys client_keys;
	struct link_keys server_keys;
	char text[64];
};

static void post(struct world *w, bool to_server, const struct step_item *item)
{
	struct span info = step_frame_info(&w->step, item);

	if (xorshift_below(&w->random, 100) < w->percent_lost)
		return;
	for (unsigned int i = 0; i < FRAMES_MAX; i++) {
		struct frame *f = &w->frames[i];

		if (f->due_ns)
			continue;
		f->due_ns = w->now_ns + 10 * MS;
		f->to_server = to_server;
		f->protocol = item->protocol;
		f->len = info.len;
		memcpy(f->bytes, info.bytes, info.len);
		return;
	}
}

static void judge_client(struct world *w, struct link_verdict *verdict)
{
	struct auth_credentials c;
	uint8_t expected[24], hash_hash[16];

	*verdict = (struct link_verdict){.reason = END_AUTH_REJECTED,
		.ms_error = 691,
		.client_be = inner_be,
		.has_keys = true};
	link_get_credentials(&w->link, &c);
	mschap_nt_response(
		c.challenge, c.peer_challenge, span_of_text(c.user), w->servers_hash, expected);
	verdict->accepted = memcmp(expected, c.nt_response, sizeof(expected)) == 0;
	mschap_authenticator_response(w->servers_hash, c.nt_response, c.peer_challenge, c.challenge,
		span_of_text(c.user), verdict->authenticator_response);
	mschap_nt_hash_hash(w->servers_hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, c.nt_response, true, &verdict->keys);
}

static void run_server(struct world *w)
{
	struct link_verdict verdict;
	bool must_judge = false;

	for (uint8_t i = 0; i < w->step.n_items; i++) {
		const struct step_item *item = &w->step.items[i];

		if (item->kind == STEP_FRAME)
			post(w, false, item);
		must_judge |= item->kind == STEP_AUTHENTICATE;
		w->server_is_up =
			item->kind == STEP_UP || (w->server_is_up && item->kind != STEP_DOWN);
		w->server_has_ended |= item->kind == STEP_ENDED;
		if (item->kind == STEP_KEYS)
			link_get_keys(&w->link, &w->server_keys);
	}
	if (!must_judge)
		return;
	judge_client(w, &verdict);
	step_clear(&w->step);
	link_authenticated(&w->link, &verdict, w->now_ns, &w->step);
	run_server(w);
}

static void run_client(struct world *w)
{
	for (uint8_t i = 0; i < w->step.n_items; i++) {
		const struct step_item *item = &w->step.items[i];

		EXPECT_FALSE(w->client_has_ended);
		if (item->kind == STEP_FRAME)
			post(w, true, item);
		w->client_is_up =
			item->kind == STEP_UP || (w->client_is_up && item->kind != STEP_DOWN);
		w->client_has_ended |= item->kind == STEP_ENDED;
		w->n_flushes += item->kind == STEP_FLUSH;
		if (item->kind == STEP_KEYS) {
			peer_get_keys(&w->peer, &w->client_keys);
			w->n_keys++;
		}
	}
}

static void deliver(struct world *w, struct frame *f)
{
	struct span info = span_of(f->bytes, f->len), text = {0};

	f->due_ns = 0;
	step_clear(&w->step);
	if (f->to_server) {
		link_receive(&w->link, f->protocol, info, w->now_ns, &w->step);
		run_server(w);
		return;
	}
	peer_receive(&w->peer, f->protocol, info, w->now_ns, &w->step, &text);
	if (text.len > 0)
		snprintf(w->text, sizeof(w->text), "%.*s", (int)text.len, (const char *)text.bytes);
	run_client(w);
}

static void run(struct world *w, uint64_t for_ns)
{
	for (uint64_t end_ns = w->now_ns + for_ns; w->now_ns < end_ns; w->now_ns += 5 * MS) {
		for (unsigned int i = 0; i < FRAMES_MAX; i++)
			if (w->frames[i].due_ns && w->frames[i].due_ns <= w->now_ns)
				deliver(w, &w->frames[i]);
		if (!w->client_has_ended && peer_deadline(&w->peer) <= w->now_ns) {
			step_clear(&w->step);
			peer_expire(&w->peer, w->now_ns, &w->step);
			run_client(w);
		}
		if (!w->server_has_ended && link_deadline(&w->link) <= w->now_ns) {
			step_clear(&w->step);
			link_expire(&w->link, w->now_ns, &w->step);
			run_server(w);
		}
	}
}

static void init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = xorshift_seed(seed);
	w->now_ns = S;
	w->shared = (struct peer_shared){
		.limits = {.restart_ns = 3 * S,
			.first_restart_ns = 3 * S,
			.max_configure = 10,
			.max_terminate = 2,
			.max_failure = 5,
			.repeats_when_heard = true},
		.strength = MPPE_STRENGTH_128,
		.mru = 1456,
		.echo_interval_ns = 30 * S,
	};
	(void)mschap_nt_hash(span_of_text("fleet"), w->shared.nt_hash);
	mschap_nt_hash_hash(w->shared.nt_hash, w->shared.nt_hash_hash);
	memcpy(w->servers_hash, w->shared.nt_hash, sizeof(w->servers_hash));
	w->config = (struct link_config){
		.mru = 1400,
		.require_encryption = true,
		.prefer_encryption = true,
		.require_stateless = true,
		.mppe_bits = MPPE_OPTION_128 | MPPE_OPTION_40,
		.auth_methods = {AUTH_METHOD_MSCHAPV2},
		.n_auth_methods = 1,
		.server_be = server_be,
		.name = "adit",
		.restart_ns = S,
		.first_restart_ns = 500 * MS,
		.max_configure = 10,
		.max_terminate = 2,
		.max_failure = 5,
		.auth_timeout_ns = 30 * S,
		.no_lcp_timeout_ns = 30 * S,
		.setup_timeout_ns = 60 * S,
		.echo_interval_ns = 20 * S,
		.echo_failures = 3,
	};
}

static void start(struct world *w)
{
	static const uint8_t challenge[16] = {9, 8, 7};

	peer_init(&w->peer, &w->shared, "u0001", 77);
	link_init(&w->link, &w->config, 78, challenge);
	step_clear(&w->step);
	link_start(&w->link, w->now_ns, &w->step);
	run_server(w);
	step_clear(&w->step);
	peer_start(&w->peer, w->now_ns, &w->step);
	run_client(w);
}

static void expect_up(struct world *w)
{
	EXPECT_TRUE(w->client_is_up);
	EXPECT_TRUE(w->server_is_up);
	EXPECT_EQ(inner_be, w->peer.address_be);
	EXPECT_EQ(1400, w->peer.server_mru);
	EXPECT_TRUE(w->peer.server_pfc && w->peer.server_acfc);
	EXPECT_EQ(0, memcmp(w->client_keys.send, w->server_keys.start.receive, 16));
	EXPECT_EQ(0, memcmp(w->client_keys.receive, w->server_keys.start.send, 16));
	EXPECT_NE(0, memcmp(w->client_keys.send, w->client_keys.receive, 16));
	EXPECT_EQ(peer_mode(&w->peer).strength, w->server_keys.send.strength);
	EXPECT_EQ(peer_mode(&w->peer).strength, w->server_keys.receive.strength);
	EXPECT_EQ(peer_mode(&w->peer).is_stateless, w->server_keys.send.is_stateless);
	EXPECT_EQ(peer_mode(&w->peer).is_stateless, w->server_keys.receive.is_stateless);
}

TEST(fleet_peer, comes_up_stays_up_and_goes_down_over_any_path)
{
	static const uint32_t lost[] = {0, 10, 25};
	static struct world w;

	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		for (uint64_t seed = 1; seed <= 10; seed++) {
			SHIM_TRACE_CASE((long long)(lost[i] * 100 + seed));
			init(&w, seed);
			w.percent_lost = lost[i];
			start(&w);
			run(&w, lost[i] ? 45 * S : 200 * MS);
			expect_up(&w);
			w.percent_lost = 0;
			run(&w, 300 * S); // echoes of both
			expect_up(&w);
			step_clear(&w.step);
			peer_close(&w.peer, w.now_ns, &w.step);
			run_client(&w);
			EXPECT_FALSE(w.client_has_ended);
			run(&w, S);
			EXPECT_TRUE(w.client_has_ended && w.server_has_ended);
			EXPECT_EQ(FLEET_NONE, w.peer.reason);
		}
	}
}

TEST(fleet_peer, agrees_on_what_it_is_told_to)
{
	static const struct {
		enum mppe_strength strength;
		bool is_stateful;
	} modes[] = {
		{MPPE_STRENGTH_128, true}, {MPPE_STRENGTH_40, false}, {MPPE_STRENGTH_40, true}};
	static struct world w;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		init(&w, 1);
		w.config.require_stateless = false;
		w.shared.strength = modes[i].strength;
		w.shared.is_stateful = modes[i].is_stateful;
		start(&w);
		run(&w, S);
		expect_up(&w);
	}
}

TEST(fleet_peer, reset_requests_pass_both_ways)
{
	static struct world w;

	init(&w, 1);
	w.config.require_stateless = false;
	w.shared.is_stateful = true;
	start(&w);
	run(&w, S);
	step_clear(&w.step);
	link_desync(&w.link, w.now_ns, &w.step);
	run_server(&w);
	run(&w, 50 * MS);
	EXPECT_EQ(1, w.n_flushes);
	step_clear(&w.step);
	peer_desync(&w.peer, &w.step);
	EXPECT_EQ(1, w.step.n_items);
	EXPECT_EQ(CP_RESET_REQUEST, w.step.bytes[0]);
	run_client(&w);
	run(&w, 50 * MS);
	expect_up(&w);
	EXPECT_EQ(1, w.n_keys);
}

static void expect_failure(struct world *w, enum fleet_reason reason)
{
	start(w);
	run(w, 120 * S);
	EXPECT_FALSE(w->client_is_up);
	EXPECT_TRUE(w->client_has_ended);
	EXPECT_EQ(reason, w->peer.reason);
}

TEST(fleet_peer, failures_have_their_reasons)
{
	static struct world w;

	init(&w, 1);
	w.servers_hash[0] ^= 1;
	expect_failure(&w, FLEET_AUTH_FAILED);
	EXPECT_STREQ("E=691 R=0", w.text);

	init(&w, 1);
	w.shared.strength = MPPE_STRENGTH_56; // not among the server's
	expect_failure(&w, FLEET_CCP_FAILED);

	init(&w, 1);
	w.shared.is_stateful = true; // the server wants stateless
	expect_failure(&w, FLEET_CCP_FAILED);

	init(&w, 1);
	w.config.auth_methods[0] = AUTH_METHOD_PAP;
	expect_failure(&w, FLEET_LCP_TIMEOUT);
	EXPECT_EQ(END_AUTH_NO_COMMON, w.link.end); // which PPTP would have told

	init(&w, 1);
	w.percent_lost = 100;
	expect_failure(&w, FLEET_LCP_TIMEOUT);
}

TEST(fleet_peer, server_that_goes_silent_is_noticed)
{
	static struct world w;

	init(&w, 1);
	start(&w);
	run(&w, S);
	expect_up(&w);
	w.percent_lost = 100;
	run(&w, 180 * S);
	EXPECT_TRUE(w.client_has_ended);
	EXPECT_EQ(FLEET_LCP_ECHO, w.peer.reason);
}

TEST(fleet_peer, server_that_does_not_know_the_password_is_not_believed)
{
	static struct world w;

	init(&w, 1);
	start(&w);
	// A Success with a response of its own making, at the right moment.
	run(&w, 35 * MS);
	for (unsigned int i = 0; i < 200 && w.peer.phase != PEER_ENDED && !w.client_is_up; i++) {
		for (unsigned int k = 0; k < FRAMES_MAX; k++) {
			struct frame *f = &w.frames[k];

			if (f->due_ns && !f->to_server && f->protocol == PPP_CHAP &&
				f->bytes[0] == 3)
				f->bytes[10] = 'x'; // no hex digit
		}
		run(&w, 5 * MS);
	}
	EXPECT_EQ(FLEET_AUTH_FALSE, w.peer.reason);
}
