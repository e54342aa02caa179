// SPDX-License-Identifier: BSD-3-Clause
// Requests under way, by tag, in case that somebody else has to be asked. They may hold passwords: each is wiped when it
// is taken or dropped.
#pragma once

#include "aaa/aaa.h"

enum { KEPT_REQUESTS_BUCKETS = 4096 };

struct kept_request;

struct kept_requests {
	uint32_t n, n_max;
	struct kept_request **buckets; // buckets[KEPT_REQUESTS_BUCKETS]
};

int kept_requests_init(struct kept_requests *k, uint32_t n_max); // 0 or -ENOMEM
void kept_requests_fini(struct kept_requests *k);

// Keep a copy, in place of one of the same tag. Returns 0, -EBUSY when there are n_max, or -ENOMEM.
int kept_requests_add(struct kept_requests *k, const struct aaa_request *request);

// Move it to *out, which the caller wipes. False: there is none.
bool kept_requests_take(struct kept_requests *k, uint64_t tag, struct aaa_request *out);

void kept_requests_drop(struct kept_requests *k, uint64_t tag);
