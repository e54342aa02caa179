// SPDX-License-Identifier: BSD-3-Clause
// Accounting records for tests: the same for the same seed.
#pragma once

#include "aaa/account.h"

#include <stdio.h>
#include <string.h>

static inline void account_sample(struct aaa_account *r, uint32_t seed)
{
	memset(r, 0, sizeof(*r));
	r->kind = AAA_ACCOUNT_START;
	snprintf(r->session_id, sizeof(r->session_id), "0019f00d%08x", seed);
	snprintf(r->multi_session_id, sizeof(r->multi_session_id), "0019beef%08x", seed / 2);
	r->user_len = (uint16_t)snprintf(r->user, sizeof(r->user), "user-%u", seed);
	if (seed % 3) { // "one", "a"
		static const uint8_t classes[] = {3, 'o', 'n', 'e', 1, 'a'};
		r->classes.n_bytes = seed % 3 == 1 ? 4 : 6;
		memcpy(r->classes.bytes, classes, r->classes.n_bytes);
	}
	r->method = (enum auth_method)(seed % (AUTH_METHOD_PAP + 1));
	r->is_local = seed % 5 == 0;
	r->client_be = 0x0a000001 + seed;
	r->server_be = 0x010000c0;
	r->framed_be = 0x0a0a0000 + seed;
	r->nas_port = seed;
	r->up_bytes = UINT64_C(0x123456789a) * seed;
	r->up_pkts = seed * 11;
	r->down_bytes = UINT64_C(0x987654321) * seed;
	r->down_pkts = seed * 7;
	r->event_wall_ns = UINT64_C(1700000000000000000) + seed;
	r->session_s = seed * 3;
}
