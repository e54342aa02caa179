// SPDX-License-Identifier: BSD-3-Clause
// Connections that a limit kept out, kept for a moment all the same: so that the client's
// Start-Control-Connection-Request gets the reply that says no, and not a silent close that looks like
// a firewall. All memory is here from the start, and they are few, in all and per source: whoever
// floods us fills these places and from then on is closed at once.
#pragma once

#include "control/loop.h"
#include "proto/pptp_conn.h"

enum { REFUSALS_MAX = 32, REFUSALS_PER_SOURCE_MAX = 4 };

struct control;

struct refusal {
	struct control *control; // NULL: the place is free
	struct loop_source source;
	struct pptp_conn pptp;
	uint32_t client_be;
};

struct refusals {
	uint32_t n;
	struct pptp_conn_config config; // that of the service, with less patience
	struct timer timer;
	struct refusal entries[REFUSALS_MAX];
};

// Returns 0 or -ENOMEM.
int refusal_open(struct control *c);
void refusal_close_all(struct control *c);

// Answer what comes on `fd`, which moves, with this reason; or close it at once when there is no place.
void refusal_take(struct control *c, int fd, uint32_t client_be, enum end_reason reason);
