// SPDX-License-Identifier: BSD-3-Clause
// A user dials again while the old call still stands.
#include "control/supersede.h"

#include "control/call.h"
#include "control/lab.h"
#include "shim/shim.h"

static struct lab lab;
static struct lab_client old, fresh;

static void dial_up(struct lab_client *c, const char *user, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, user, *user == 'a' ? "secret" : "other", call_id);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 3000));
}

// As a machine without power: TCP stands, nothing is answered.
static void die(struct lab_client *c)
{
	c->has_peer = false;
}

static unsigned int n_superseded(void)
{
	return lab_count_events(&lab, EVENT_DOWN, "reason=superseded by=server");
}

TEST(supersede, a_dead_call_is_asked_and_ended)
{
	lab_open(&lab, NULL);
	dial_up(&old, "alice", 1);
	uint32_t n_frames = lab_find_session(&lab, old.session_id)->n_frames;
	die(&old);
	old.answers_stop = true;
	dial_up(&fresh, "alice", 2);
	EXPECT_EQ(n_frames + 1, lab_find_session(&lab, old.session_id)->n_frames);
	lab_skip(&lab, 2500);
	EXPECT_EQ(n_frames + 3, lab_find_session(&lab, old.session_id)->n_frames);
	EXPECT_EQ(0, n_superseded());
	EXPECT_EQ(2, lab_count_calls(&lab));
	lab_skip(&lab, 1000);
	lab_run(&lab, 20);
	EXPECT_EQ(1, n_superseded());
	EXPECT_EQ(1, lab.control->counters.calls_superseded);
	EXPECT_STREQ("SCCRP OCRP CDN StopCCRQ ", old.heard);
	EXPECT_EQ(1, lab_count_addresses(&lab));
	EXPECT_EQ(1, lab_count_connections(&lab));
	EXPECT_TRUE(lab_is_up(&lab, &fresh));
	lab_close(&lab);
}

// Two machines of one user behind one NAT.
TEST(supersede, who_answers_stays)
{
	lab_open(&lab, NULL);
	dial_up(&old, "alice", 1);
	for (int i = 0; i < 3; i++) {
		dial_up(&fresh, "alice", 2);
		lab_skip(&lab, 5000);
		EXPECT_TRUE(lab_is_up(&lab, &old));
		EXPECT_TRUE(lab_is_up(&lab, &fresh));
		lab_client_clear(&fresh);
		lab_run(&lab, 20);
		lab_client_close(&fresh);
	}
	EXPECT_EQ(0, n_superseded());
	lab_close(&lab);
}

static void no_superseding(struct config *c)
{
	c->supersede = false;
}

TEST(supersede, others_and_other_policy)
{
	for (int i = 0; i < 2; i++) {
		SHIM_TRACE_CASE(i);
		lab_open(&lab, i == 0 ? NULL : no_superseding);
		dial_up(&old, "alice", 1);
		die(&old);
		dial_up(&fresh, i == 0 ? "bob" : "alice", 1);
		lab_skip(&lab, 5000);
		EXPECT_EQ(2, lab_count_calls(&lab));
		EXPECT_TRUE(lab_is_up(&lab, &fresh));
		lab_close(&lab);
	}
}

// With the same client Call ID, what we send to the old call arrives in the new one.
TEST(supersede, the_same_call_id_ends_a_silent_call_without_a_frame)
{
	lab_open(&lab, NULL);
	dial_up(&old, "alice", 1);
	struct lab_session *s = lab_find_session(&lab, old.session_id);
	uint32_t n_frames = s->n_frames;
	die(&old);
	lab_skip(&lab, 2000);
	dial_up(&fresh, "alice", 1);
	EXPECT_EQ(1, n_superseded());
	EXPECT_EQ(n_frames, s->n_frames);
	EXPECT_FALSE(fresh.peer.has_ended);
	EXPECT_TRUE(lab_is_up(&lab, &fresh));
	lab_close(&lab);
}

static void hear(uint64_t session_id)
{
	struct session *slot =
		&lab.tables[session_id_worker(session_id)].slots[session_id_slot(session_id)];

	slot->counters.last_up_ns = lab.control->loop.now_ns;
}

TEST(supersede, the_same_call_id_waits_for_one_that_is_in_use)
{
	for (int goes_on = 0; goes_on < 2; goes_on++) {
		SHIM_TRACE_CASE(goes_on);
		lab_open(&lab, NULL);
		dial_up(&old, "alice", 1);
		uint32_t n_frames = lab_find_session(&lab, old.session_id)->n_frames;
		die(&old);
		lab_skip(&lab, 2000);
		hear(old.session_id);
		dial_up(&fresh, "alice", 1);
		EXPECT_EQ(0, n_superseded());
		lab_skip(&lab, 500);
		if (goes_on)
			hear(old.session_id);
		lab_skip(&lab, 2000);
		EXPECT_EQ(0, n_superseded());
		EXPECT_EQ(n_frames, lab_find_session(&lab, old.session_id)->n_frames);
		lab_skip(&lab, 1000);
		EXPECT_EQ(!goes_on, n_superseded());
		EXPECT_TRUE(lab_is_up(&lab, &fresh));
		lab_close(&lab);
	}
}

// A second call over the same connection is meant.
TEST(supersede, calls_of_one_connection_are_no_rivals)
{
	lab_open(&lab, NULL);
	dial_up(&old, "alice", 1);
	const uint64_t first = old.session_id;
	sim_peer_init(&old.peer, &lab_pppd, &old.random, &old.tunnel, "alice", "secret");
	lab_client_call(&old, 2);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &old, 3000));
	lab_skip(&lab, 4000);
	EXPECT_EQ(0, n_superseded());
	EXPECT_TRUE(lab_find_session(&lab, first) != NULL);
	EXPECT_EQ(2, lab_count_calls(&lab));
	lab_close(&lab);
}
