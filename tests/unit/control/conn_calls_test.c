// SPDX-License-Identifier: BSD-3-Clause
#include "control/conn_calls.h"

#include "control/call.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

#include <stdlib.h>

enum { N_CALLS = 1000 };

// Where there are several kinds of order, the one of their beginning is kept.
static void expect_in_order(const struct conn_calls *calls)
{
	const struct call *call;
	uint64_t last = 0;
	uint32_t n = 0;

	TAILQ_FOREACH(call, &calls->list, in_conn)
	{
		EXPECT_GT(call->number, last);
		last = call->number;
		n++;
	}
	EXPECT_EQ(calls->n, n);
}

TEST(conn_calls, finds_each_of_many_by_both_ids_while_they_come_and_go)
{
	struct call *all = calloc(N_CALLS, sizeof(*all));
	struct conn_calls calls;
	struct xorshift random = xorshift_seed(1723);
	uint64_t number = 0;

	conn_calls_init(&calls);
	for (int i = 0; i < N_CALLS; i++) {
		all[i].pptp.peer_call_id = (uint16_t)(i * 64); // as few buckets as it can
		all[i].pptp.call_id = (uint16_t)(40000 - 7 * i);
	}
	for (int round = 0; round < 20 * N_CALLS; round++) {
		struct call *call = &all[xorshift_next(&random) % N_CALLS];

		if (call->number) {
			conn_calls_remove(&calls, call);
			call->number = 0;
		} else {
			call->number = ++number;
			conn_calls_add(&calls, call);
		}
		struct call *other = &all[xorshift_next(&random) % N_CALLS];
		struct call *found = conn_calls_by_client(&calls, other->pptp.peer_call_id);
		EXPECT_EQ(other->number ? other : NULL, found);
		EXPECT_EQ(found, conn_calls_by_ours(&calls, other->pptp.call_id));
	}
	expect_in_order(&calls);
	EXPECT_GT(calls.n_buckets, 0);
	for (int i = 0; i < N_CALLS; i++)
		if (all[i].number)
			conn_calls_remove(&calls, &all[i]);
	EXPECT_EQ(0, calls.n);
	EXPECT_EQ(NULL, conn_calls_by_client(&calls, 64));
	conn_calls_fini(&calls);
	free(all);
}

TEST(conn_calls, a_message_names_a_call_by_the_id_of_its_kind)
{
	struct call call = {
		.pptp = {.state = PPTP_CALL_ESTABLISHED, .call_id = 7, .peer_call_id = 9}};
	struct conn_calls calls;
	const struct {
		struct pptp_message message;
		bool names_it;
	} cases[] = {
		{{.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = 9}, true},
		{{.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = 7}, false},
		{{.type = PPTP_CALL_DISCONNECT_NOTIFY, .call_disconnect.call_id = 9}, true},
		{{.type = PPTP_SET_LINK_INFO, .set_link.peer_call_id = 7}, true},
		{{.type = PPTP_SET_LINK_INFO, .set_link.peer_call_id = 9}, false},
		{{.type = PPTP_WAN_ERROR_NOTIFY, .wan_error.peer_call_id = 7}, true},
		{{.type = PPTP_ECHO_REQUEST}, false},
	};

	conn_calls_init(&calls);
	conn_calls_add(&calls, &call);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		EXPECT_EQ(cases[i].names_it ? &call : NULL,
			conn_calls_named(&calls, &cases[i].message));
	call.pptp.state = PPTP_CALL_ENDED;
	EXPECT_EQ(NULL, conn_calls_named(&calls, &cases[0].message));
	conn_calls_remove(&calls, &call);
	conn_calls_fini(&calls);
}
