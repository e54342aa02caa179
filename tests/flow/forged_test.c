// SPDX-License-Identifier: BSD-3-Clause
// One forged packet neither ends nor stalls a session, nor costs more than the budget of key changes: every
// kind that somebody can send who knows addresses, Call ID and numbers, but no key, in both modes. What it
// costs in cycles is perf/bench_forged.
#include "flow.h"
#include "flow_clock.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

enum kind {
	FAR_SEQ,     // GRE number beyond the window's bound
	NEAR_SEQ,    // ahead, within the bound: the window follows, and comes back
	FAR_COUNT,   // coherency count beyond the bound of a jump
	NEAR_COUNT,  // within it
	FLUSHED,     // A set, next count
	FAR_FLUSHED, // A set, a count far ahead
	WRONG_SOURCE,
	CLEAR_IP,	// where encryption is required
	REPLAY,		// of the client's last packet, as it was
	REPLAY_NEW_SEQ, // of the same, with the next GRE number
	NEXT,		// next in both numbers: it takes the place of one
	N_KINDS
};

enum { ROUNDS = 40, GOOD = 8 };

struct attack {
	struct flow f;
	struct flow_client c;
	uint8_t last[FLOW_FRAME_BYTES]; // PPP frame of the client's last packet
	size_t last_len;
	uint32_t last_seq;
	unsigned int n_sent, n_out;
};

static void open_attack_on(
	struct attack *a, const struct crypto_driver *crypto, bool is_stateful, bool is_linux)
{
	memset(a, 0, sizeof(*a));
	flow_open(&a->f, &(struct flow_options){
				 .crypto = crypto, .may_be_stateful = true, .failures_max = 8});
	flow_client_up(&a->f, &a->c,
		&(struct flow_client_options){.stateful_up = is_stateful, .is_linux = is_linux});
}

static void open_attack(struct attack *a, bool is_stateful, bool is_linux)
{
	open_attack_on(a, NULL, is_stateful, is_linux);
}

static void send_good(struct attack *a, unsigned int n)
{
	uint8_t ip[FLOW_FRAME_BYTES];
	struct lane_event e;

	for (unsigned int i = 0; i < n; i++) {
		size_t len = flow_ip(ip, a->c.inner, FLOW_HOST, INET_UDP, 100);

		a->last_seq = a->c.seq++;
		a->last_len = flow_ppp_data(&a->c, a->last, PPP_IP, ip, len);
		flow_send_gre(&a->c, a->last_seq, a->last, a->last_len);
		a->n_sent++;
		a->n_out += flow_discard(&a->f, FLOW_INSIDE);
		if (flow_event(&a->f, 0, LANE_DESYNC, &e))
			a->c.up.flush_is_due = true;
	}
}

static void send_encrypted(
	struct attack *a, uint32_t seq, uint16_t bits, uint16_t ahead, uint8_t seed)
{
	uint8_t ppp[1000] = {0, PPP_COMP};

	mppe_packet_put(ppp + 2, (uint16_t)(MPPE_PACKET_ENCRYPTED | bits),
		(uint16_t)(a->c.up.last + ahead) & MPPE_COHERENCY_MASK);
	for (unsigned int i = 4; i < sizeof(ppp); i++)
		ppp[i] = (uint8_t)(seed * 31 + i * 7);
	flow_send_gre(&a->c, seq, ppp, sizeof(ppp));
}

// What has the client's next number is as if the client had not used it, so that all that is lost is
// lost for another reason.
static void send_forged(struct attack *a, enum kind kind, uint8_t seed)
{
	struct flow_client *c = &a->c;
	uint16_t flushed = c->up.is_stateful ? 0 : MPPE_PACKET_FLUSHED;
	struct flow_client other = *c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES] = {0, PPP_IP};
	size_t len;

	switch (kind) {
	case FAR_SEQ:
		send_encrypted(a, c->seq + 5000, flushed, 1, seed);
		break;
	case NEAR_SEQ:
		send_encrypted(a, c->seq + 500, flushed, 501, seed);
		break;
	case FAR_COUNT:
		send_encrypted(a, c->seq++, flushed, 2000, seed);
		break;
	case NEAR_COUNT:
		send_encrypted(a, c->seq++, flushed, 200, seed);
		break;
	case FLUSHED:
		send_encrypted(a, c->seq++, MPPE_PACKET_FLUSHED, 1 + !c->up.is_stateful, seed);
		break;
	case FAR_FLUSHED:
		send_encrypted(a, c->seq++, MPPE_PACKET_FLUSHED, 3000, seed);
		break;
	case WRONG_SOURCE:
		other.outer++;
		flow_send_gre(&other, c->seq, a->last, a->last_len);
		break;
	case CLEAR_IP:
		len = flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, 100);
		memcpy(ppp + 2, ip, len);
		flow_send_gre(c, c->seq++, ppp, len + 2);
		break;
	case REPLAY:
		flow_send_gre(c, a->last_seq, a->last, a->last_len);
		break;
	case REPLAY_NEW_SEQ:
		flow_send_gre(c, c->seq++, a->last, a->last_len);
		break;
	case NEXT:
		send_encrypted(a, c->seq++, flushed, 1, seed);
		break;
	case N_KINDS:
		break;
	}
	a->n_out += flow_discard(&a->f, FLOW_INSIDE);
}

// Good packets that a forged one may cost. In stateful mode garbage that was believed has moved RC4, which shows
// one packet later, or two where that looks like PPP by chance.
static unsigned int allowed_loss(enum kind kind, bool is_stateful)
{
	if (kind == NEAR_SEQ)
		return GRE_WINDOW_RESYNC_RUN - 1 + 2 * is_stateful;
	if (kind == NEXT)
		return 1 + 2 * is_stateful;
	return 0;
}

static void attack(enum kind kind, bool is_stateful, bool is_linux)
{
	struct attack a;
	struct lane_event e;

	open_attack(&a, is_stateful, is_linux);
	send_good(&a, 50);
	ASSERT_EQ(a.n_out, 50);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t before = flow_count(&a.f, mppe_rekeys);
		unsigned int n_out = a.n_out;

		send_forged(&a, kind, (uint8_t)i);
		EXPECT_EQ(a.n_out, n_out);
		EXPECT_LE(flow_count(&a.f, mppe_rekeys) - before, MPPE_SYNC_CREDIT_MAX);
		if (is_stateful && allowed_loss(kind, true) > 0)
			flow_pass_us(25000); // resets have a rate
		send_good(&a, GOOD);
	}
	EXPECT_LE(a.n_sent - a.n_out, ROUNDS * allowed_loss(kind, is_stateful));
	unsigned int n_out = a.n_out;
	send_good(&a, 300);
	EXPECT_EQ(a.n_out - n_out, 300);
	EXPECT_FALSE(flow_event(&a.f, 0, LANE_DECRYPT_FAILURES, &e));
	EXPECT_FALSE(flow_session(&a.c)->flags & SESSION_FAILURES_TOLD);
	EXPECT_LE(flow_count(&a.f, mppe_rekeys),
		MPPE_SYNC_CREDIT_MAX + (a.n_sent + ROUNDS) * (MPPE_SYNC_CREDIT_PER_PACKET + 1UL));
	flow_close(&a.f);
}

TEST(forged, harms_no_stateless_session)
{
	for (unsigned int kind = 0; kind < N_KINDS; kind++) {
		SHIM_TRACE_CASE(kind);
		attack((enum kind)kind, false, false);
	}
}

TEST(forged, harms_no_stateful_session)
{
	for (unsigned int kind = 0; kind < 2 * N_KINDS; kind++) {
		SHIM_TRACE_CASE(kind);
		attack((enum kind)(kind / 2), true, kind % 2);
	}
}

// --- with a driver that answers later ----------------------------------------------------------------

static void turn(struct attack *a)
{
	late_driver_control.turn++;
	(void)worker_poll(a->f.workers[0]);
	a->n_out += flow_discard(&a->f, FLOW_INSIDE);
}

static void settle(struct attack *a)
{
	const struct session *s = flow_session(&a->c);

	for (unsigned int i = 0; i < 1000 && (i < 2 || s->rx_in_flight + s->n_parked > 0); i++)
		turn(a);
}

// Good ones are under way before and behind each forged one. In stateful mode what is in flight behind garbage that was
// believed is garbage too; else nobody pays for it.
static void attack_late(enum kind kind, bool is_stateful, bool is_linux)
{
	struct attack a;

	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
	open_attack_on(&a, &late_driver, is_stateful, is_linux);
	send_good(&a, 50);
	late_driver_control.is_slow = true;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t before = flow_count(&a.f, mppe_rekeys);

		for (unsigned int k = 0; k < GOOD; k++) {
			send_good(&a, 1);
			if (k ==
				3) // never before a count that ends in FF: any packet is in order there
				send_forged(&a, kind, (uint8_t)i);
			if ((i + k) % 3 == 0)
				turn(&a);
		}
		EXPECT_LE(flow_count(&a.f, mppe_rekeys) - before, MPPE_SYNC_CREDIT_MAX + GOOD);
		if (is_stateful && allowed_loss(kind, true) > 0) {
			settle(&a);
			flow_pass_us(25000); // resets have a rate
		}
	}
	settle(&a);
	if (!is_stateful || allowed_loss(kind, true) == 0)
		EXPECT_LE(a.n_sent - a.n_out, ROUNDS * allowed_loss(kind, is_stateful));
	late_driver_control.is_slow = false;
	send_good(&a, 10); // the last loss may still have to be told
	unsigned int n_out = a.n_out;
	send_good(&a, 300);
	EXPECT_EQ(a.n_out - n_out, 300);
	EXPECT_FALSE(flow_session(&a.c)->flags & (SESSION_HAS_CHECKPOINT | SESSION_PARKS));
	EXPECT_LE(flow_count(&a.f, mppe_rekeys),
		MPPE_SYNC_CREDIT_MAX + (a.n_sent + ROUNDS) * (MPPE_SYNC_CREDIT_PER_PACKET + 1UL));
	flow_close(&a.f);
}

TEST(forged, with_a_driver_that_answers_later)
{
	for (unsigned int kind = 0; kind < 3 * N_KINDS; kind++) {
		SHIM_TRACE_CASE(kind);
		attack_late((enum kind)(kind / 3), kind % 3 > 0, kind % 3 > 1);
	}
}

// A flood of them: a thousand, each kind that moves keys, without one good packet between. The key changes
// stay within what the packets pay for.
TEST(forged, a_flood_costs_no_more_than_the_budget)
{
	static const enum kind kinds[] = {FAR_COUNT, NEAR_COUNT, FLUSHED, FAR_FLUSHED};
	enum { FLOOD = 1000 };

	for (unsigned int i = 0; i < 4 * RTE_DIM(kinds); i++) {
		struct attack a;

		SHIM_TRACE_CASE(i);
		late_driver_control = (struct late_driver_control){
			.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
		open_attack_on(&a, i / 2 % 2 ? &late_driver : NULL, i % 2, false);
		send_good(&a, 10);
		uint64_t before = flow_count(&a.f, mppe_rekeys);
		for (unsigned int n = 0; n < FLOOD; n++)
			send_forged(&a, kinds[i / 4], (uint8_t)n);
		EXPECT_LE(flow_count(&a.f, mppe_rekeys) - before,
			MPPE_SYNC_CREDIT_MAX + FLOOD * (MPPE_SYNC_CREDIT_PER_PACKET + 1UL));
		unsigned int n_out = a.n_out;
		send_good(&a, 20);
		EXPECT_EQ(a.n_out - n_out, 20);
		flow_close(&a.f);
	}
}
