// SPDX-License-Identifier: BSD-3-Clause
// The table against a copy of RFC 1661 4.1 in the RFC's own notation, read from the document.
#include "proto/fsm_table.h"

#include "shim/shim.h"

#include <stdio.h>
#include <stdlib.h>

// States 0..9 from left to right; the letters of footnotes (r, p, x) are left out.
static const char *const rfc[FSM_EVENT_COUNT] = {
	"2 irc,scr/6 - - - - - - - -",					   // Up
	"- - 0 tls/1 0 1 1 1 1 tld/1",					   // Down
	"tls/1 1 irc,scr/6 3 5 5 6 7 8 9",				   // Open
	"0 tlf/0 2 2 4 4 irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4",	   // Close
	"- - - - str/4 str/5 scr/6 scr/6 scr/8 -",			   // TO+
	"- - - - tlf/2 tlf/3 tlf/3 tlf/3 tlf/3 -",			   // TO-
	"- - sta/2 irc,scr,sca/8 4 5 sca/8 sca,tlu/9 sca/8 tld,scr,sca/8", // RCR+
	"- - sta/2 irc,scr,scn/6 4 5 scn/6 scn/7 scn/6 tld,scr,scn/6",	   // RCR-
	"- - sta/2 sta/3 4 5 irc/7 scr/6 irc,tlu/9 tld,scr/6",		   // RCA
	"- - sta/2 sta/3 4 5 irc,scr/6 scr/6 irc,scr/8 tld,scr/6",	   // RCN
	"- - sta/2 sta/3 sta/4 sta/5 sta/6 sta/6 sta/6 tld,zrc,sta/5",	   // RTR
	"- - 2 3 tlf/2 tlf/3 6 6 8 tld,scr/6",				   // RTA
	"- - scj/2 scj/3 scj/4 scj/5 scj/6 scj/7 scj/8 scj/9",		   // RUC
	"- - 2 3 4 5 6 6 8 9",						   // RXJ+
	"- - tlf/2 tlf/3 tlf/2 tlf/3 tlf/3 tlf/3 tlf/3 tld,irc,str/5",	   // RXJ-
	"- - 2 3 4 5 6 7 8 ser/9",					   // RXR
};

static uint16_t action_named(const char *name)
{
	static const char *const names[] = {"tld", "irc", "zrc", "scr", "sca", "scn", "str", "sta",
		"scj", "ser", "tlu", "tls", "tlf"};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (uint16_t)(1u << i);
	FAIL(name);
	return 0;
}

// One cell: "-", "6" or "irc,scr/6".
static struct fsm_transition cell_of(char *cell)
{
	struct fsm_transition t = {.is_legal = strcmp(cell, "-") != 0};
	char *slash = strchr(cell, '/');
	char *save = NULL;

	if (!t.is_legal)
		return t;
	t.next = (uint8_t)atoi(slash ? slash + 1 : cell);
	if (!slash)
		return t;
	*slash = '\0';
	for (char *a = strtok_r(cell, ",", &save); a; a = strtok_r(NULL, ",", &save))
		t.actions |= action_named(a);
	return t;
}

TEST(fsm_table, is_the_one_of_rfc_1661)
{
	for (int event = 0; event < FSM_EVENT_COUNT; event++) {
		char row[128], *save = NULL;
		int state = 0;

		snprintf(row, sizeof(row), "%s", rfc[event]);
		for (char *cell = strtok_r(row, " ", &save); cell;
			cell = strtok_r(NULL, " ", &save)) {
			SHIM_TRACE_CASE(event * 10 + state);
			struct fsm_transition want = cell_of(cell);
			const struct fsm_transition *got =
				fsm_table_lookup((enum fsm_state)state, (enum fsm_event)event);

			EXPECT_EQ(got->is_legal, want.is_legal);
			EXPECT_EQ(got->next, want.next);
			EXPECT_EQ(got->actions, want.actions);
			state++;
		}
		EXPECT_EQ(state, FSM_STATE_COUNT);
	}
}

TEST(fsm_table, names_every_state)
{
	for (int state = 0; state < FSM_STATE_COUNT; state++)
		EXPECT_TRUE(fsm_table_state_name((enum fsm_state)state) != NULL);
	EXPECT_STREQ(fsm_table_state_name(FSM_OPENED), "opened");
	EXPECT_STREQ(fsm_table_state_name(FSM_REQUEST_SENT), "request-sent");
}
