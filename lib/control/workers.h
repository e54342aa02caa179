// SPDX-License-Identifier: BSD-3-Clause
// The workers as control sees them: commands go down, events come up.
//
//   order    what changes state is never lost and never overtaken: when a ring is full it waits in
//            a backlog, and frames meanwhile are dropped and counted (PPP sends them again)
//   bounds   of the backlog: BACKLOG_SOFT commands of all kinds, then only those that end sessions,
//            of which there is one a slot
#pragma once

#include "base/span.h"
#include "config/limits.h"
#include "msg/lane_ring.h"

struct control;

struct lane_backlog {
	struct lane_command *commands; // a ring of `room`
	uint32_t room;
	uint32_t oldest;
	uint32_t n;
};

struct workers {
	uint32_t n;
	uint32_t next; // whose events come first
	struct lane_backlog backlogs[LIMIT_WORKERS];
	// to find a worker that does not answer
	uint64_t commands_seen[LIMIT_WORKERS];
	uint8_t n_stalled_seconds[LIMIT_WORKERS];
	bool is_stalled[LIMIT_WORKERS];
};

int workers_init(struct control *c);
// Frees the packets and wipes the keys that still wait in the rings and backlogs. The workers have
// stopped.
void workers_fini(struct control *c);

// A command that changes state. Returns false when the backlog is full: the caller ends the
// session. Never for COMMAND_SESSION_DELETE, COMMAND_TABLE and COMMAND_ACLS. What is secret in *command is wiped.
bool workers_send(struct control *c, uint8_t worker, struct lane_command *command);

// A command with a packet, which moves and is freed when it does not fit.
void workers_send_packet(struct control *c, uint8_t worker, const struct lane_command *command);

// Move what waits to the rings.
void workers_flush(struct control *c);

// Take what the workers have to say, a bounded number. Returns true if there may be more.
bool workers_take(struct control *c);

// Something waits on a ring of ours, or in a backlog that has room to go to.
bool workers_have_work(const struct control *c);

// Some commands wait for room on a ring.
bool workers_have_backlog(const struct control *c);

// Once a second: notice workers that do not carry out their commands.
void workers_check(struct control *c);

// Copy bytes into a packet buffer of the pool. NULL and a counted drop when none is left.
struct rte_mbuf *workers_packet(struct control *c, struct span bytes);
