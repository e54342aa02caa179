// SPDX-License-Identifier: BSD-3-Clause
// Users whose login a RADIUS server is asked about: from aaa_request to aaa_reply.
#pragma once

#include "aaa/aaa.h"
#include "drivers/aaa/radius/exchange.h"

struct radius_logins;

// Returns 0 or -ENOMEM.
int radius_logins_open(
	struct radius_core *core, struct exchange *exchange, struct radius_logins **out);
// After the exchange has been closed.
void radius_logins_close(struct radius_logins *l);

// Returns 0: the reply will come; or -EBUSY.
int radius_logins_submit(struct radius_logins *l, const struct aaa_request *request);

unsigned int radius_logins_poll(struct radius_logins *l, struct aaa_reply *replies, unsigned int n);
