// SPDX-License-Identifier: BSD-3-Clause
// One request to a group of servers, one answer to a callback: ids, sockets, retransmission (RFC 5080 2.2.1), fail-over,
// dead servers and their return (RFC 5997). Nothing here waits.
//
// A request goes to one server at a time. Each try has the same id and the same bytes; the waits between them double, with
// jitter. When a server has had its tries, or is taken for dead meanwhile, the request goes to the next of the group. An
// answer that is wrong does not end the wait: else whoever forges one would win.
#pragma once

#include "drivers/aaa/radius/radius_core.h"
#include "drivers/aaa/radius/radius_packet.h"

struct exchange;

enum exchange_kind { EXCHANGE_AUTH, EXCHANGE_ACCT, EXCHANGE_KINDS };

enum exchange_result {
	EXCHANGE_ANSWERED,  // `reply` has been checked
	EXCHANGE_TIMEOUT,   // no server of the group has answered
	EXCHANGE_NO_SERVER, // all are dead now, or the last one went
};

struct exchange_answer {
	enum exchange_result result;
	const struct radius_view *reply;	   // ANSWERED; else NULL
	const uint8_t *request_authenticator;	   // 16 bytes, for keys
	const struct config_radius_server *server; // ANSWERED; else NULL
	const struct secret *secret;		   // ANSWERED: of this server, for keys; else NULL
	const char *why;			   // not ANSWERED: a constant, for the log
};

struct exchange_request {
	enum exchange_kind kind;
	uint16_t group;			    // index in config.radius_groups
	const struct radius_packet *packet; // not sealed; a copy is kept until the answer
	// Called once, never out of exchange_submit; may submit. All that is in the answer is borrowed.
	void (*done)(void *context, const struct exchange_answer *answer);
	void *context;
};

// Called when a group becomes dead (no server of it is alive) or alive again. May submit.
struct exchange_watcher {
	void (*changed)(
		struct exchange_watcher *w, enum exchange_kind kind, uint16_t group, bool is_alive);
	struct exchange_watcher *next;
};

// Nothing is sent before the first request. Returns 0 or -errno.
int exchange_open(struct radius_core *core, struct exchange **out);
// Requests under way are forgotten: nobody is called.
void exchange_close(struct exchange *x);

// Send it.
//
//   returns  0: `done` will be called; -EBUSY: too many are under way; -EHOSTUNREACH: every server of the group is
//            dead, or none takes this kind; -EMSGSIZE: the packet is not one; -ENOMEM
int exchange_submit(struct exchange *x, const struct exchange_request *r);

void exchange_watch(struct exchange *x, struct exchange_watcher *w);

// Is a server of the group to be asked?
bool exchange_is_alive(const struct exchange *x, enum exchange_kind kind, uint16_t group);

// How many requests of a kind are under way.
uint32_t exchange_pending(const struct exchange *x, enum exchange_kind kind);

// Take over core->config, which is another one now. A server that is the same in all keeps its state and its requests;
// requests to one that is gone go to the next of their group, by its name.
//
//   returns  0, or -ENOMEM with all as it was
int exchange_reload(struct exchange *x);

// A line a server: state, requests, answers, what was wrong with them. Writes at most cap bytes, terminated.
void exchange_describe(const struct exchange *x, char *out, size_t cap);
