// SPDX-License-Identifier: BSD-3-Clause
// What control tells of calls: one Start and one Stop for each that was up, whatever way it ends. The driver is the
// local one with a pen beside it.
#include "control/accounting.h"

#include "control/call.h"
#include "control/lab.h"
#include "drivers/drivers.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { RECORDS_MAX = 4096, N_CLIENTS = 12 };

static struct lab lab;
static struct lab_client clients[N_CLIENTS];
static struct aaa_driver driver;

static struct {
	unsigned int n, n_notes;
	bool is_full, holds; // holds: is not drained
	struct aaa_account records[RECORDS_MAX];
	struct aaa_account note; // the last one; of a note only figures count
} pen;

static void pen_account(void *state, const struct aaa_account *record)
{
	if (record->kind == AAA_ACCOUNT_NOTE) {
		pen.n_notes++;
		memcpy(pen.note.session_id, record->session_id, sizeof(pen.note.session_id));
		pen.note.up_bytes = record->up_bytes;
		return;
	}
	ASSERT_LT(pen.n, RECORDS_MAX);
	pen.records[pen.n++] = *record;
}

static bool pen_is_full(void *state)
{
	return pen.is_full;
}

static bool pen_is_drained(void *state)
{
	return !pen.holds;
}

static void change(struct config *c)
{
	c->tenants[0].accounting_index = 0; // the driver does not look
	c->lcp_echo_interval_s = c->echo_interval_s =
		100000; // clocks here run ahead of the clients'
	c->groups[c->base_group].policy.interim_s = 60;
	c->groups[c->base_group].policy.given |= 1u << CONFIG_POLICY_INTERIM;
}

static void require(struct config *c)
{
	change(c);
	c->accounting_required = true;
}

static void open_lab(void (*with)(struct config *c))
{
	memset(&pen, 0, sizeof(pen));
	driver = *drivers_find_aaa("local");
	driver.account = pen_account;
	driver.account_is_full = pen_is_full;
	driver.is_drained = pen_is_drained;
	lab_open_with(&lab, with, &driver);
}

static unsigned int count(enum aaa_account_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < pen.n; i++)
		n += pen.records[i].kind == kind;
	return n;
}

static const struct aaa_account *last(enum aaa_account_kind kind)
{
	for (unsigned int i = pen.n; i-- > 0;)
		if (pen.records[i].kind == kind)
			return &pen.records[i];
	return NULL;
}

static void dial(struct lab_client *c, const char *password, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, "alice", password, call_id);
	c->answers_stop = true;
}

static void dial_up(struct lab_client *c, uint16_t call_id)
{
	dial(c, "secret", call_id);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 5000));
}

// The worker's counters of a session.
static void pass(const struct lab_client *c, uint64_t up, uint64_t down)
{
	struct session *s =
		&lab.tables[session_id_worker(c->session_id)].slots[session_id_slot(c->session_id)];

	s->counters.up_bytes = up;
	s->counters.up_pkts = up / 100;
	s->counters.down_bytes = down;
	s->counters.down_pkts = down / 100;
}

static bool has_no_call(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

// Until the call has been up for so long. By control's clock: a turn takes longer where others want the processor too, and
// lab_skip() adds that.
static void skip_to(const struct lab_client *c, uint64_t up_ms)
{
	const struct call *call = placement_find(&lab.control->placement, c->session_id);
	uint64_t now_ns, end_ns = call ? call->up_ns + up_ms * 1000000 : 0;

	ASSERT_TRUE(call != NULL);
	while ((now_ns = loop_clock_ns() + lab.control->loop.ahead_ns) < end_ns) {
		lab.control->loop.ahead_ns +=
			RTE_MIN(end_ns - now_ns, LAB_SKIP_MS * UINT64_C(1000000));
		lab_turn(&lab);
	}
}

TEST(accounting, a_call_from_on_to_off)
{
	open_lab(change);
	ASSERT_EQ(1, pen.n);
	EXPECT_EQ(AAA_ACCOUNT_ON, pen.records[0].kind);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), pen.records[0].server_be);
	dial_up(&clients[0], 7);
	ASSERT_EQ(2, pen.n);
	const struct aaa_account *start = &pen.records[1];
	EXPECT_EQ(AAA_ACCOUNT_START, start->kind);
	EXPECT_STREQ("alice", start->user);
	EXPECT_EQ(5, start->user_len);
	EXPECT_EQ(AUTH_METHOD_MSCHAPV2, start->method);
	EXPECT_TRUE(start->is_local);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), start->client_be);
	EXPECT_NE(0, start->framed_be);
	EXPECT_EQ(0, start->session_s);
	EXPECT_EQ(19, strlen(start->session_id));
	EXPECT_EQ(19, strlen(start->multi_session_id));
	pass(&clients[0], 1000, 2000);
	skip_to(&clients[0], ACCOUNTING_NOTE_MS + 200);
	EXPECT_GE(pen.n_notes, 1); // not older than that
	EXPECT_LE(pen.n_notes, 3);
	EXPECT_STREQ(start->session_id, pen.note.session_id);
	EXPECT_EQ(1000, pen.note.up_bytes);
	lab_client_clear(&clients[0]);
	EXPECT_TRUE(lab_until(&lab, has_no_call, NULL, 3000));
	lab_client_close(&clients[0]);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));
	ASSERT_EQ(3, pen.n);
	const struct aaa_account *stop = &pen.records[2];
	EXPECT_EQ(AAA_ACCOUNT_STOP, stop->kind);
	EXPECT_STREQ(start->session_id, stop->session_id);
	EXPECT_STREQ(start->multi_session_id, stop->multi_session_id);
	EXPECT_EQ(start->nas_port, stop->nas_port);
	EXPECT_EQ(start->framed_be, stop->framed_be);
	EXPECT_EQ(AAA_CAUSE_USER_REQUEST, stop->cause);
	EXPECT_GE(stop->session_s, 5);
	lab_close(&lab);
	ASSERT_EQ(4, pen.n);
	EXPECT_EQ(AAA_ACCOUNT_OFF, pen.records[3].kind);
}

TEST(accounting, interims_come_about_when_they_should)
{
	open_lab(change);
	dial_up(&clients[0], 1);
	skip_to(&clients[0], 53000);
	EXPECT_EQ(0, count(AAA_ACCOUNT_INTERIM));
	skip_to(&clients[0], 67000); // 54 s to 66 s
	EXPECT_EQ(1, count(AAA_ACCOUNT_INTERIM));
	EXPECT_NEAR(60, last(AAA_ACCOUNT_INTERIM)->session_s, 7);
	skip_to(&clients[0], 300000);
	EXPECT_GE(count(AAA_ACCOUNT_INTERIM), 4); // 300 / 66
	EXPECT_LE(count(AAA_ACCOUNT_INTERIM), 5); // 300 / 54
	lab_close(&lab);
	EXPECT_EQ(1, count(AAA_ACCOUNT_STOP));
}

TEST(accounting, who_does_not_come_in_has_no_records)
{
	open_lab(change);
	dial(&clients[0], "wrong", 1);
	lab_run(&lab, 500);
	lab_client_close(&clients[0]);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CALL_FAILED, ""));
	EXPECT_EQ(1, pen.n); // On
	lab_close(&lab);
}

// A tenant that gets a group by a reload is on from then on; the call that is up has no records, the next one has.
TEST(accounting, a_reload_says_on_of_who_gets_it)
{
	open_lab(NULL);
	dial_up(&clients[0], 1);
	const struct config_tenant without = lab.config->tenants[0];
	struct config before = *lab.config;
	before.tenants = (struct config_tenant *)&without;
	EXPECT_EQ(0, pen.n);
	lab.config->tenants[0].accounting_index = 0;
	accounting_reload(lab.control, &before);
	ASSERT_EQ(1, pen.n);
	EXPECT_EQ(AAA_ACCOUNT_ON, pen.records[0].kind);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), pen.records[0].server_be);
	accounting_reload(lab.control, lab.config); // nothing is different
	EXPECT_EQ(1, pen.n);
	dial_up(&clients[1], 2);
	lab_close(&lab);
	EXPECT_EQ(1, count(AAA_ACCOUNT_START));
	EXPECT_EQ(1, count(AAA_ACCOUNT_STOP));
	EXPECT_EQ(1, count(AAA_ACCOUNT_OFF));
}

TEST(accounting, tenants_without_a_group_have_none)
{
	open_lab(NULL);
	dial_up(&clients[0], 1);
	lab_close(&lab);
	EXPECT_EQ(0, pen.n + pen.n_notes);
}

TEST(accounting, no_call_without_room_for_its_records)
{
	open_lab(require);
	dial_up(&clients[0], 1);
	pen.is_full = true;
	dial(&clients[1], "secret", 2);
	lab_run(&lab, 500);
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=no-accounting"));
	EXPECT_TRUE(lab_is_up(&lab, &clients[0]));
	pen.is_full = false;
	dial_up(&clients[2], 3);
	lab_close(&lab);
	EXPECT_EQ(2, count(AAA_ACCOUNT_START));
	EXPECT_EQ(2, count(AAA_ACCOUNT_STOP));
}

static bool is_stopped(struct lab *l, void *unused)
{
	return l->is_stopped;
}

TEST(accounting, a_stop_waits_for_the_servers_but_not_long)
{
	open_lab(change);
	dial_up(&clients[0], 1);
	pen.holds = true;
	uint64_t begin = loop_clock_ns();
	control_stop(lab.control);
	EXPECT_TRUE(lab_until(&lab, is_stopped, NULL, 6000));
	EXPECT_GT(loop_clock_ns() - begin, UINT64_C(1400000000));
	EXPECT_LT(loop_clock_ns() - begin, UINT64_C(3000000000));
	EXPECT_EQ(AAA_CAUSE_ADMIN_REBOOT, last(AAA_ACCOUNT_STOP)->cause);
	EXPECT_EQ(AAA_ACCOUNT_OFF, pen.records[pen.n - 1].kind);
	lab_close(&lab);
	EXPECT_EQ(1, count(AAA_ACCOUNT_OFF));
}

TEST(accounting, workers_that_died_lose_no_stop)
{
	open_lab(change);
	dial_up(&clients[0], 1);
	pass(&clients[0], 700, 0);
	lab.workers_sleep = true;
	control_stop(lab.control);
	EXPECT_TRUE(lab_until(&lab, is_stopped, NULL, 6000));
	lab_close(&lab);
	EXPECT_EQ(1, count(AAA_ACCOUNT_STOP));
	EXPECT_EQ(700, last(AAA_ACCOUNT_STOP)->up_bytes);
	EXPECT_EQ(AAA_ACCOUNT_OFF, pen.records[pen.n - 1].kind);
}

// ---- the balance --------------------------------------------------------------------------------

static void end_somehow(struct lab_client *c, uint32_t way)
{
	struct call *call = placement_find(&lab.control->placement, c->session_id);
	enum end_reason reason = (enum end_reason)(1 + way % (END_REASON_COUNT - 1));

	switch (way % 7) {
	case 0:
		lab_client_clear(c);
		break;
	case 1:
		lab_client_stop(c);
		break;
	case 2: // without a word
		lab_client_close(c);
		return;
	case 3:
		c->is_mute = true;
		if (call)
			call_close(call, reason);
		break;
	case 4:
		if (call)
			call_end(call, reason);
		break;
	case 5:
		if (call)
			call_idle(call);
		break;
	case 6:
		if (call)
			call_cannot_decrypt(call);
		break;
	}
}

static void expect_balance(void)
{
	for (unsigned int i = 0; i < pen.n; i++) {
		const struct aaa_account *start = &pen.records[i];
		unsigned int n_starts = 0, n_stops = 0;
		if (start->kind != AAA_ACCOUNT_START)
			continue;
		for (unsigned int k = 0; k < pen.n; k++) {
			const struct aaa_account *r = &pen.records[k];
			if (strcmp(r->session_id, start->session_id) != 0)
				continue;
			n_starts += r->kind == AAA_ACCOUNT_START;
			if (r->kind != AAA_ACCOUNT_STOP)
				continue;
			n_stops++;
			EXPECT_GT(k, i);
			EXPECT_NE(AAA_CAUSE_NONE, r->cause);
		}
		EXPECT_EQ(1, n_starts);
		EXPECT_EQ(1, n_stops);
	}
	EXPECT_EQ(count(AAA_ACCOUNT_START), count(AAA_ACCOUNT_STOP));
}

TEST(accounting, every_start_has_one_stop)
{
	uint32_t random = 12345;
	unsigned int n_up = 0;

	open_lab(change);
	for (int round = 0; round < 40; round++) {
		struct lab_client *c = &clients[round % N_CLIENTS];
		random = random * 1664525 + 1013904223;
		if (round >= N_CLIENTS && c->lab)
			lab_client_close(c);
		dial(c, random >> 28 ? "secret" : "wrong", (uint16_t)(round + 1));
		if (random >> 20 & 3)
			n_up += lab_until(&lab, lab_is_up, c, 500);
		else
			lab_run(&lab, (int)(random >> 16 & 31)); // in the middle of it
		uint32_t way = random >> 8;
		end_somehow(c, way);
		if (way % 7 == 2)
			c->lab = NULL;
		lab_run(&lab, 10);
	}
	EXPECT_GT(n_up, 10);
	lab_close(&lab);
	EXPECT_GE(count(AAA_ACCOUNT_START), n_up);
	expect_balance();
}

// ---- causes -------------------------------------------------------------------------------------

TEST(accounting, causes_are_those_of_the_rfc)
{
	static const struct {
		enum end_reason reason;
		enum aaa_terminate_cause cause;
	} cases[] = {
		{END_CLIENT_LCP_TERMINATE, AAA_CAUSE_USER_REQUEST},
		{END_CLIENT_CALL_CLEAR, AAA_CAUSE_USER_REQUEST},
		{END_CLIENT_STOP, AAA_CAUSE_USER_REQUEST},
		{END_CLIENT_TCP_CLOSED, AAA_CAUSE_LOST_CARRIER},
		{END_TCP_ERROR, AAA_CAUSE_LOST_CARRIER},
		{END_ECHO_TIMEOUT, AAA_CAUSE_LOST_CARRIER},
		{END_LCP_ECHO_TIMEOUT, AAA_CAUSE_LOST_CARRIER},
		{END_LINK_SILENT, AAA_CAUSE_LOST_CARRIER},
		{END_PPTP_STALLED, AAA_CAUSE_LOST_CARRIER},
		{END_IDLE_TIMEOUT, AAA_CAUSE_IDLE_TIMEOUT},
		{END_SESSION_TIMEOUT, AAA_CAUSE_SESSION_TIMEOUT},
		{END_ADMIN_CLEAR, AAA_CAUSE_ADMIN_RESET},
		{END_ADMIN_SHUTDOWN, AAA_CAUSE_ADMIN_REBOOT},
		{END_DECRYPT_FAILURES, AAA_CAUSE_PORT_ERROR},
		{END_NO_RESOURCE, AAA_CAUSE_NAS_ERROR},
		{END_INTERNAL, AAA_CAUSE_NAS_ERROR},
		{END_SUPERSEDED, AAA_CAUSE_PORT_PREEMPTED},
		{END_LOGIN_REPLACED, AAA_CAUSE_PORT_PREEMPTED},
		{END_NO_ADDRESS, AAA_CAUSE_SERVICE_UNAVAILABLE},
		{END_NO_ACCOUNTING, AAA_CAUSE_SERVICE_UNAVAILABLE},
		{END_CCP_CLOSED, AAA_CAUSE_USER_ERROR},
		{END_CLIENT_CLEAR_DATA, AAA_CAUSE_USER_ERROR},
		{END_PPTP_BAD_COOKIE, AAA_CAUSE_USER_ERROR},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(cases[i].cause, end_reason_info(cases[i].reason)->acct_cause);
	}
}
