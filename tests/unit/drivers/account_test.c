// SPDX-License-Identifier: BSD-3-Clause
// Accounting against a server: loss, death and return, restarts of adit.
#include "unit/drivers/account_lab.h"

TEST(account, a_call_is_told_in_order)
{
	open_lab(true);
	tell(AAA_ACCOUNT_ON, 0, 0);
	tell(AAA_ACCOUNT_ON, 0, 0); // of another tenant that is the same NAS to the same group
	tell(AAA_ACCOUNT_START, 1, 0);
	tell(AAA_ACCOUNT_INTERIM, 1, 100);
	EXPECT_TRUE(until(drained, 2000));
	tell(AAA_ACCOUNT_NOTE, 1, 150);
	tell(AAA_ACCOUNT_STOP, 1, 200);
	tell(AAA_ACCOUNT_OFF, 0, 0);
	EXPECT_TRUE(until(drained, 2000));
	ASSERT_EQ(5, lab.n_heard);
	static const uint32_t order[] = {ON, START, INTERIM, STOP, OFF};
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(order[i], lab.heard[i].status);
	EXPECT_EQ(100, lab.heard[2].up);
	EXPECT_EQ(200, lab.heard[3].up);
	EXPECT_EQ(1, lab.heard[3].cause);
	EXPECT_STREQ("0", lab.heard[0].session_id);
	stop();
	close_lab();
}

TEST(account, what_is_overtaken_is_not_sent)
{
	open_lab(false);
	lab.is_silent = true;
	tell(AAA_ACCOUNT_START, 1, 0);
	tell(AAA_ACCOUNT_INTERIM, 1, 100);
	tell(AAA_ACCOUNT_INTERIM, 1, 200);
	tell(AAA_ACCOUNT_STOP, 1, 300);
	run(20);
	lab.is_silent = false;
	EXPECT_TRUE(until(drained, 5000)); // without a spool it waits in memory
	ASSERT_EQ(2, lab.n_heard);
	EXPECT_EQ(START, lab.heard[0].status);
	EXPECT_EQ(STOP, lab.heard[1].status);
	EXPECT_EQ(300, lab.heard[1].up);
	stop();
	close_lab();
}

TEST(account, loss_costs_nothing)
{
	open_lab(true);
	lab.loses = 5;
	for (uint32_t i = 0; i < 100; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	run(50);
	for (uint32_t i = 0; i < 100; i++)
		tell(AAA_ACCOUNT_STOP, i, i);
	EXPECT_TRUE(until(drained, 5000));
	EXPECT_TRUE(until(is_spool_empty, 5000));
	for (uint32_t i = 0; i < 100; i++) {
		SHIM_TRACE_CASE(i);
		const struct heard *start_of = find(START, i), *stop_of = find(STOP, i);
		ASSERT_TRUE(start_of && stop_of && start_of < stop_of);
		EXPECT_EQ(i, stop_of->up);
	}
	EXPECT_EQ(100, count(START));
	EXPECT_EQ(100, count(STOP));
	stop();
	close_lab();
}

TEST(account, an_outage_goes_to_the_disk_and_comes_back)
{
	char text[2048];

	open_lab(true);
	for (uint32_t i = 0; i < 10; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	EXPECT_TRUE(until(drained, 2000));
	lab.is_silent = true;
	for (uint32_t i = 10; i < 150; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	for (uint32_t i = 0; i < 140; i++)
		tell(AAA_ACCOUNT_STOP, i, 1000 + i);
	tell(AAA_ACCOUNT_INTERIM, 145, 7);
	EXPECT_TRUE(until(has_spooled_all, 5000)); // no call is held in memory for it
	EXPECT_EQ(1, count_events(EVENT_SPOOL_BEGAN));
	account_describe(lab.account, text, sizeof(text));
	EXPECT_STRCONTAINS(text, "accounting g: dead");
	EXPECT_STRCONTAINS(text, "on disk 280");
	EXPECT_STRCONTAINS(text, "interims left out 1");
	run(1100); // so that a delay shows
	lab.is_silent = false;
	EXPECT_TRUE(until(is_spool_empty, 10000));
	EXPECT_EQ(1, count_events(EVENT_SPOOL_DRAINED));
	EXPECT_EQ(150, count(START));
	EXPECT_EQ(140, count(STOP));
	for (uint32_t i = 10; i < 140; i++) {
		SHIM_TRACE_CASE(i);
		const struct heard *start_of = find(START, i), *stop_of = find(STOP, i);
		ASSERT_TRUE(start_of && stop_of && start_of < stop_of);
		EXPECT_EQ(1000 + i, stop_of->up);
		EXPECT_GE(stop_of->delay_s, 1);
	}
	tell(AAA_ACCOUNT_STOP, 145, 8); // at once again
	EXPECT_TRUE(until(drained, 2000));
	ASSERT_TRUE(find(STOP, 145) != NULL);
	EXPECT_EQ(0, find(STOP, 145)->delay_s);
	stop();
	close_lab();
}

// Its Start lies on the disk, behind many others: the Stop may not pass it.
TEST(account, what_is_behind_on_the_disk_stays_behind)
{
	open_lab(true);
	lab.is_silent = true;
	for (uint32_t i = 0; i < 180; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	EXPECT_TRUE(until(has_spooled_all, 5000));
	lab.is_silent = false;
	while (lab.n_heard == 0)
		turn(5);
	tell(AAA_ACCOUNT_STOP, 179, 5);
	EXPECT_TRUE(until(is_spool_empty, 10000));
	ASSERT_TRUE(find(START, 179) && find(STOP, 179));
	EXPECT_TRUE(find(START, 179) < find(STOP, 179));
	EXPECT_EQ(180, count(START));
	EXPECT_EQ(1, count(STOP));
	stop();
	close_lab();
}

TEST(account, closing_leaves_what_is_not_told_to_the_next_start)
{
	open_lab(true);
	lab.is_silent = true;
	for (uint32_t i = 0; i < 50; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	for (uint32_t i = 0; i < 50; i++)
		tell(AAA_ACCOUNT_STOP, i, i);
	tell(AAA_ACCOUNT_OFF, 0, 0);
	turn(0); // under way, all of them
	stop();
	serve(); // what was on its way, nobody hears of
	lab.is_silent = false;
	start();
	EXPECT_EQ(0, count_events(EVENT_ACCOUNTING_RECOVERED)); // it ended well
	EXPECT_TRUE(until(is_spool_empty, 5000));
	for (uint32_t i = 0; i < 50; i++)
		EXPECT_TRUE(find(START, i) && find(STOP, i) && find(START, i) < find(STOP, i));
	EXPECT_EQ(50, count(STOP));
	EXPECT_EQ(1, count(OFF));
	stop();
	close_lab();
}

TEST(account, kill_9_tells_each_call_once)
{
	open_lab(true);
	for (uint32_t i = 0; i < 20; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	EXPECT_TRUE(until(drained, 2000));
	for (uint32_t i = 0; i < 20; i++)
		tell(AAA_ACCOUNT_NOTE, i, 500 + i);
	for (uint32_t i = 0; i < 5; i++)
		tell(AAA_ACCOUNT_STOP, i, 900 + i);
	EXPECT_TRUE(until(drained, 2000));
	lab.is_silent = true;
	tell(AAA_ACCOUNT_START, 20, 0); // that no server has
	tell(AAA_ACCOUNT_STOP, 5, 905);
	steal();
	serve(); // what was on its way, nobody hears of
	lab.is_silent = false;
	stop();
	bring_back();
	start();
	EXPECT_EQ(1, count_events(EVENT_ACCOUNTING_RECOVERED));
	EXPECT_TRUE(until(is_spool_empty, 5000));
	EXPECT_EQ(21, count(START));
	EXPECT_EQ(21, count(STOP));
	for (uint32_t i = 0; i < 21; i++) {
		SHIM_TRACE_CASE(i);
		const struct heard *start_of = find(START, i), *stop_of = find(STOP, i);
		ASSERT_TRUE(start_of && stop_of && start_of < stop_of);
		EXPECT_EQ(i <= 5 ? 900 + i : i == 20 ? 0 : 500 + i, stop_of->up);
		EXPECT_EQ(i <= 5 ? AAA_CAUSE_USER_REQUEST : AAA_CAUSE_NAS_REBOOT, stop_of->cause);
	}
	stop();
	start(); // nothing is owed any more
	run(50);
	EXPECT_EQ(42, lab.n_heard);
	stop();
	close_lab();
}

TEST(account, one_directory_one_adit)
{
	struct account *second = NULL;

	open_lab(true);
	EXPECT_EQ(-EBUSY, account_open(&lab.core, lab.exchange, &second));
	EXPECT_NULL(second);
	EXPECT_EQ(1, count_events(EVENT_START_FAILED));
	stop();
	snprintf(lab.config->accounting_dir, sizeof(lab.config->accounting_dir),
		"%s/not/made/so-deep", lab.dir);
	ASSERT_EQ(0, radius_core_open(&lab.core, lab.config, &lab.log, NULL));
	ASSERT_EQ(0, exchange_open(&lab.core, &lab.exchange));
	EXPECT_EQ(-ENOENT, account_open(&lab.core, lab.exchange, &second));
	exchange_close(lab.exchange);
	radius_core_close(&lab.core);
	close_lab();
}

TEST(account, the_directory_is_made)
{
	struct account *second = NULL;
	char made[128];

	open_lab(true);
	stop();
	snprintf(made, sizeof(made), "%s/a/b", lab.dir);
	snprintf(lab.config->accounting_dir, sizeof(lab.config->accounting_dir), "%s", made);
	ASSERT_EQ(0, radius_core_open(&lab.core, lab.config, &lab.log, NULL));
	ASSERT_EQ(0, exchange_open(&lab.core, &lab.exchange));
	lab.config->tenants[0].accounting_index = CONFIG_NO_INDEX; // nobody needs it
	ASSERT_EQ(0, account_open(&lab.core, lab.exchange, &second));
	account_close(second);
	EXPECT_NE(0, access(made, F_OK));
	lab.config->tenants[0].accounting_index = 0;
	ASSERT_EQ(0, account_open(&lab.core, lab.exchange, &second));
	account_close(second);
	EXPECT_EQ(0, access(made, F_OK));
	exchange_close(lab.exchange);
	radius_core_close(&lab.core);
	snprintf(made, sizeof(made), "rm -r %s/a", lab.dir);
	EXPECT_EQ(0, system(made));
	close_lab();
}

TEST(account, full_is_said_before_it_is)
{
	uint32_t n = 0;

	open_lab(true);
	EXPECT_FALSE(account_is_full(lab.account));
	while (!account_is_full(lab.account) && n < 10000)
		tell(AAA_ACCOUNT_START, n++, 0);
	EXPECT_GE(n, 200); // all calls that may be
	EXPECT_LT(n, 10000);
	for (uint32_t i = 0; i < 1000; i++) // beyond any bound: no harm
		tell(AAA_ACCOUNT_START, n + i, 0);
	for (uint32_t i = 0; i < n + 1000; i++)
		tell(AAA_ACCOUNT_STOP, i, 0);
	EXPECT_TRUE(until(is_spool_empty, 10000));
	EXPECT_FALSE(account_is_full(lab.account));
	EXPECT_EQ(count(START), count(STOP));
	stop();
	close_lab();
}

// Class changed while the call was up (RFC 5176).
TEST(account, a_new_class_is_kept)
{
	struct aaa_account r;

	open_lab(true);
	tell(AAA_ACCOUNT_START, 3, 0); // without a Class
	EXPECT_TRUE(until(drained, 2000));
	account_sample(&r, 3);
	r.kind = AAA_ACCOUNT_INTERIM;
	r.classes.n_bytes = 4;
	memcpy(r.classes.bytes, "\003new", 4);
	radius_core_look(&lab.core);
	account_submit(lab.account, &r);
	EXPECT_TRUE(until(drained, 2000));
	steal();
	stop();
	bring_back();
	start();
	EXPECT_TRUE(until(is_spool_empty, 5000));
	EXPECT_EQ(1, count(START));
	EXPECT_EQ(1, count(STOP));
	stop();
	close_lab();
}

static bool has_others(void)
{
	return count(STOP) >= 199;
}

// A server that does not answer one record, since its database does not take it, gets all others; and that one later.
TEST(account, one_record_that_is_never_answered_holds_nothing_up)
{
	open_lab(true);
	lab.is_silent = true;
	for (uint32_t i = 0; i < 200; i++) {
		tell(AAA_ACCOUNT_START, i, 0);
		tell(AAA_ACCOUNT_STOP, i, i);
	}
	EXPECT_TRUE(until(has_spooled_all, 5000));
	lab.is_silent = false;
	lab.is_picky = true;
	EXPECT_TRUE(until(has_others, 20000));
	EXPECT_EQ(NULL, find(START, 0));
	lab.is_picky = false;
	EXPECT_TRUE(until(is_spool_empty, 10000));
	ASSERT_TRUE(find(START, 0) && find(STOP, 0));
	EXPECT_TRUE(find(START, 0) < find(STOP, 0));
	EXPECT_EQ(200, count(START));
	EXPECT_EQ(200, count(STOP));
	stop();
	close_lab();
}

// One that a live server does not answer is not sent again and again: it goes to the disk, and others pass.
TEST(account, what_a_live_server_does_not_answer_goes_to_the_disk)
{
	char text[2048];

	open_lab(true);
	lab.is_picky = true;
	for (uint32_t i = 0; i < 60; i++) { // so that it is heard of all the time
		tell(AAA_ACCOUNT_START, i, 0);
		run(10);
	}
	account_describe(lab.account, text, sizeof(text));
	EXPECT_STRCONTAINS(text, "alive");
	EXPECT_STRCONTAINS(text, "to disk 1,");
	EXPECT_GE(count(START), 50);
	stop();
	close_lab();
}

// A server may take an On for the end of all that it knows of that NAS.
TEST(account, no_call_is_told_before_the_on)
{
	open_lab(false);
	lab.is_slow_on = true;
	tell(AAA_ACCOUNT_ON, 0, 0);
	tell(AAA_ACCOUNT_START, 1, 0);
	run(150);
	EXPECT_EQ(0, lab.n_heard);
	lab.is_slow_on = false;
	EXPECT_TRUE(until(drained, 5000));
	ASSERT_EQ(2, lab.n_heard);
	EXPECT_EQ(ON, lab.heard[0].status);
	stop();
	close_lab();
}

// Nor is the Off while a Stop is under way.
TEST(account, the_off_is_the_last_word)
{
	open_lab(false);
	tell(AAA_ACCOUNT_START, 0, 0);
	EXPECT_TRUE(until(drained, 2000));
	lab.is_picky = true;
	tell(AAA_ACCOUNT_STOP, 0, 0);
	tell(AAA_ACCOUNT_OFF, 0, 0);
	run(100);
	EXPECT_EQ(1, lab.n_heard);
	lab.is_picky = false;
	EXPECT_TRUE(until(drained, 5000));
	ASSERT_EQ(3, lab.n_heard);
	EXPECT_EQ(OFF, lab.heard[2].status);
	stop();
	close_lab();
}
