// SPDX-License-Identifier: BSD-3-Clause
// "clear user": end all calls of a user, some in each turn. Where many share a name, all at once would be a turn of
// hundreds of milliseconds.
#pragma once

#include "base/bytes.h"
#include "config/limits.h"
#include "control/timer_heap.h"

struct control;

struct clear_user {
	struct timer timer;
	bool is_on;
	int tenant;	   // whose user; -1: of whichever
	uint64_t begun_ns; // calls that began later are not meant
	uint32_t cursor;
	uint32_t user_len;
	uint8_t user[LIMIT_USER_NAME_BYTES];
};

int clear_user_open(struct control *c); // 0 or -ENOMEM

// Begin to end the calls of `user`, of that tenant, or (-1) of all who have one of that name; an order that is not done yet is done before. Returns how many calls there are to
// be ended.
uint32_t clear_user_begin(struct control *c, struct span user, int tenant);
