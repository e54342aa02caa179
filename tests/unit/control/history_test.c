// SPDX-License-Identifier: BSD-3-Clause
#include "control/history.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdio.h>

static struct history history;

static void add(uint64_t id, const char *user, bool is_authenticated, enum end_reason reason)
{
	struct history_record r = {
		.id = id,
		.session = id + 0x100000000,
		.client_be = htonl(0x0a000000 | (uint32_t)(id & 0xffffff)),
		.is_authenticated = is_authenticated,
		.reason = reason,
		.phase = "open",
		.user_len = (uint16_t)strlen(user),
	};

	snprintf(r.user, sizeof(r.user), "%s", user);
	history_add(&history, &r);
}

static uint64_t next(uint64_t *before)
{
	const struct history_record *r = history_before(&history, before);

	return r ? r->id : 0;
}

TEST(history, ids_begin_at_one_and_never_repeat)
{
	ASSERT_EQ(0, history_init(&history, 4));
	EXPECT_EQ(1, history_next_id(&history));
	EXPECT_EQ(2, history_next_id(&history));
	history_fini(&history);
}

TEST(history, walks_from_the_last_end_to_the_first_over_both_rings)
{
	uint64_t before = UINT64_MAX;

	ASSERT_EQ(0, history_init(&history, 4));
	EXPECT_EQ(0, next(&before));
	add(1, "alice", true, END_CLIENT_STOP);
	add(2, "mallory", false, END_AUTH_REJECTED);
	add(3, "bob", true, END_ADMIN_CLEAR);
	add(4, "", false, END_NO_GRE);
	before = UINT64_MAX;
	for (uint64_t id = 4; id > 0; id--)
		EXPECT_EQ(id, next(&before));
	EXPECT_EQ(0, next(&before));
	EXPECT_EQ(0, next(&before));
	history_fini(&history);
}

// What ends while somebody reads on is not in his way, and what is pushed out is passed over.
TEST(history, a_walk_goes_on_while_records_come_and_go)
{
	uint64_t before = UINT64_MAX;

	ASSERT_EQ(0, history_init(&history, 3));
	for (uint64_t id = 1; id <= 3; id++)
		add(id, "alice", true, END_CLIENT_STOP);
	EXPECT_EQ(3, next(&before));
	add(4, "alice", true, END_CLIENT_STOP); // pushes 1 out
	EXPECT_EQ(2, next(&before));
	EXPECT_EQ(0, next(&before));
	history_fini(&history);
}

TEST(history, strangers_push_no_user_out)
{
	uint64_t before = UINT64_MAX;

	ASSERT_EQ(0, history_init(&history, 8));
	add(1, "alice", true, END_CLIENT_STOP);
	for (uint64_t id = 2; id < 1000; id++)
		add(id, "mallory", false, END_AUTH_REJECTED);
	EXPECT_EQ(999, next(&before));
	for (int i = 0; i < 7; i++)
		EXPECT_GT(next(&before), 991);
	EXPECT_EQ(1, next(&before));
	EXPECT_EQ(0, next(&before));
	ASSERT_TRUE(history_find(&history, 1) != NULL);
	EXPECT_STREQ("alice", history_find(&history, 1)->user);
	history_fini(&history);
}

// A scanner is one line, however often it knocks; another source, reason or a name is another line.
TEST(history, the_same_from_the_same_source_is_counted)
{
	struct history_record r = {.client_be = 1, .reason = END_PPTP_SILENT, .phase = "connect"};

	ASSERT_EQ(0, history_init(&history, 8));
	for (r.id = 1; r.id <= 500; r.id++)
		history_add(&history, &r);
	ASSERT_TRUE(history_find(&history, 1) != NULL);
	EXPECT_EQ(499, history_find(&history, 1)->n_same);
	EXPECT_NULL(history_find(&history, 2));

	r.client_be = 2;
	history_add(&history, &r);
	r.reason = END_PPTP_BAD_COOKIE;
	r.id++;
	history_add(&history, &r);
	snprintf(r.detail, sizeof(r.detail), "max_calls");
	r.id++;
	history_add(&history, &r);
	r.user_len = 1; // who says a name is worth a line each time
	for (int i = 0; i < 2; i++) {
		r.id++;
		history_add(&history, &r);
	}
	r.is_authenticated = true;
	r.user_len = 0;
	for (int i = 0; i < 2; i++) {
		r.id++;
		history_add(&history, &r);
	}
	for (uint64_t id = 501; id <= r.id; id++) {
		SHIM_TRACE_CASE((long long)id);
		ASSERT_TRUE(history_find(&history, id) != NULL);
		EXPECT_EQ(0, history_find(&history, id)->n_same);
	}
	history_fini(&history);
}

// Else a failure of today would be one more of last week's.
TEST(history, the_same_much_later_is_a_record_of_its_own)
{
	const uint64_t second_ns = UINT64_C(1000000000);
	struct history_record r = {
		.client_be = 1, .reason = END_NO_GRE, .phase = "establish", .started_wall_ns = 1};

	ASSERT_EQ(0, history_init(&history, 8));
	for (r.id = 1; r.id <= 3; r.id++, r.started_wall_ns += 599 * second_ns)
		history_add(&history, &r);
	ASSERT_TRUE(history_find(&history, 1) != NULL);
	EXPECT_EQ(2, history_find(&history, 1)->n_same);
	EXPECT_EQ(1, history_find(&history, 1)->started_wall_ns);
	EXPECT_EQ(1 + 2 * 599 * second_ns, history_find(&history, 1)->last_wall_ns);

	r.started_wall_ns = history_find(&history, 1)->last_wall_ns + 600 * second_ns;
	history_add(&history, &r);
	ASSERT_TRUE(history_find(&history, r.id) != NULL);
	EXPECT_EQ(0, history_find(&history, r.id)->n_same);
	EXPECT_EQ(r.started_wall_ns, history_find(&history, r.id)->last_wall_ns);
	history_fini(&history);
}

TEST(history, none_at_all)
{
	uint64_t before = UINT64_MAX;

	ASSERT_EQ(0, history_init(&history, 0));
	add(1, "alice", true, END_CLIENT_STOP);
	add(2, "", false, END_NO_GRE);
	EXPECT_EQ(0, next(&before));
	EXPECT_NULL(history_find(&history, 1));
	history_fini(&history);
}

TEST(history, is_found_by_its_number_and_by_its_session)
{
	ASSERT_EQ(0, history_init(&history, 2));
	EXPECT_NULL(history_find(&history, 0));
	add(7, "alice", true, END_CLIENT_STOP);
	add(8, "", false, END_NO_GRE);
	ASSERT_TRUE(history_find(&history, 7) != NULL);
	EXPECT_TRUE(history_find(&history, 7) == history_find(&history, 0x100000007));
	EXPECT_EQ(END_NO_GRE, history_find(&history, 0x100000008)->reason);
	EXPECT_NULL(history_find(&history, 9));
	EXPECT_NULL(history_find(&history, 0));
	history_fini(&history);
}

TEST(history, one_record_of_each_class_is_enough_to_run)
{
	ASSERT_EQ(0, history_init(&history, 1));
	for (uint64_t id = 1; id < 10; id++) {
		uint64_t before = UINT64_MAX;
		add(id, "alice", true, END_CLIENT_STOP);
		EXPECT_EQ(id, next(&before));
		EXPECT_EQ(0, next(&before));
	}
	history_fini(&history);
}

TEST(history, the_first_time_counts)
{
	struct timeline t = {0};

	timeline_mark(&t, TIMELINE_GRE, 10);
	timeline_mark(&t, TIMELINE_GRE, 20);
	EXPECT_EQ(10, t.at_ns[TIMELINE_GRE]);
	EXPECT_EQ(0, t.at_ns[TIMELINE_UP]);
}
