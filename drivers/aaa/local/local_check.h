// SPDX-License-Identifier: BSD-3-Clause
// Judges what a client answered, by each method, against the local users.
#pragma once

#include "aaa/aaa.h"

struct config;
struct local_users;

// Fill *reply, all but its tag.
//
//   tenant  whose users are asked
void local_check(struct local_users *users, const struct config *config, uint16_t tenant,
	const struct auth_credentials *credentials, struct aaa_reply *reply);
