// SPDX-License-Identifier: BSD-3-Clause
// Accounting of the RADIUS driver: every record that control tells gets to a server of its tenant's group in the end,
// those of one call in order: at once, from the spool after an outage, or after the next start.
//
//   a call    has a slot of the journal from its Start until a server, or the spool on disk, has its Stop. Records are made
//             of the slot when they are sent, so nothing else is kept of them, and a newer Interim takes an older one's place
//   no server a record that no server took, and all of a group that is dead, go to the spool. An Interim does not: the next
//             one, or the Stop, says more than it did
//   later     what is in the spool is sent when the group lives, in its order, a window at a time. What a call with records
//             there still has to say goes behind them
//   order     Starts wait until the On of their group has got through; an Off waits for all that is under way
#pragma once

#include "aaa/account.h"
#include "drivers/aaa/radius/exchange.h"

struct account;

// With radius.accounting_dir: takes its lock, turns what a run that did not end well has left in the journal into records
// of the spool, and starts the thread of the spool. What is wrong is told to the log.
//
//   returns  0 or -errno
int account_open(struct radius_core *core, struct exchange *exchange, struct account **out);
// What is not with a server yet goes to the spool. No answer of the exchange may come after this. May be NULL.
void account_close(struct account *a);

void account_submit(struct account *a, const struct aaa_account *record);
bool account_is_full(const struct account *a);
bool account_is_drained(const struct account *a);

// core->config is another one: tenants and groups are found anew by their names. accounting_dir stays what it was. On and Off
// are told of what is new or over.
// Returns 0, or -ENOMEM with all as it was.
int account_reload(struct account *a);

// A line a group, one for the spool. Writes at most cap bytes, terminated.
void account_describe(const struct account *a, char *out, size_t cap);
