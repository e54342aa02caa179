// SPDX-License-Identifier: BSD-3-Clause
// Accounting (RFC 2866): what calls did, told to the AAA driver, which sees to it that a server hears of it.
//
//   records  On of each tenant at start, Start when a call is open for the first time, Interim every `interim_s` of its
//            policy, Stop with the counters of its worker's LANE_GONE, Off at the end. Every call that had a Start has
//            one Stop, whatever way it ends. A call without authentication has none, nor has one of a tenant without
//            an accounting group
//   notes    the counters of every call, handed to the driver within ACCOUNTING_NOTE_MS, a few calls at a time: what it
//            says of a call if adit does not live to tell its end
#pragma once

#include "aaa/account.h"
#include "control/timer_heap.h"

struct aaa_reply;
struct call;
struct config;
struct control;
struct lane_totals;

enum {
	ACCOUNTING_NOTE_MS = 5000,     // how old the noted counters of a call get
	ACCOUNTING_INTERIM_S_MIN = 60, // RFC 2869 2.1
};

// Of one call.
struct call_account {
	bool is_started; // a Start was told: a Stop is owed
	bool is_local;	 // adit itself knew the user
	uint8_t method;	 // enum auth_method
	uint16_t n_class_bytes;
	uint8_t *classes;	 // as struct aaa_classes has them; NULL: none
	uint64_t interim_due_ns; // TIMER_NEVER: none is to come
};

// Of the lane.
struct accounting {
	struct timer notes;
	uint32_t cursor;    // of the calls, where the notes go on
	uint32_t n_started; // calls that owe a Stop
	uint32_t slice;	    // calls looked at a tick
	bool is_open;	    // On was told, and not yet Off
	uint64_t
		drain_by_ns; // while control stops: how long servers are waited for; 0: it has not come to that
};

// After the driver is open: tells On of each tenant. Returns 0 or -ENOMEM.
int accounting_open(struct control *c);
// The configuration is another one, and the driver has it: tells On of tenants that get accounting now. Their calls that
// are up already have no records. What is over the driver knows; calls that had a Start keep their records to the end.
void accounting_reload(struct control *c, const struct config *before);
// Once there are no calls any more; before the driver is closed. Harmless when repeated: tells Off of each tenant.
void accounting_end(struct control *c);
// The same, and then: has all been taken by a server, or does it lie on disk? Also true when that took too long: what is
// left goes to the spool when the driver is closed.
bool accounting_drain(struct control *c, uint64_t latest_ns);

// Acct-Session-Id, unique over restarts, and Acct-Multi-Session-Id, the control connection's: when adit was started in ms
// since 1970, then the number of the call or connection since, in hex.
void accounting_session_id(const struct call *call, char out[AAA_SESSION_ID_BYTES]);
void accounting_multi_session_id(const struct call *call, char out[AAA_SESSION_ID_BYTES]);
// The number in one of either, of whichever start; 0: adit did not make it.
uint64_t accounting_id_number(const char *id);

// NAS-Port: worker and slot of the call, which no other call has while it lives.
uint32_t accounting_nas_port(const struct call *call);

// It may not come up: radius.accounting_required, and there is no place for its records.
bool accounting_is_full(const struct call *call);

void accounting_init_call(struct call *call);
// AAA has accepted the user: what it said for the records. Nothing changes in the call of one who does so again.
void accounting_take_reply(struct call *call, const struct aaa_reply *reply);
// Class, from the next record on (RFC 5176). What can fail goes first: a copy, which is the call's when it is taken, and is
// freed with free() otherwise. It is NULL for no Class. Returns 0 or -ENOMEM.
int accounting_copy_classes(const struct aaa_classes *classes, uint8_t **copy);
void accounting_take_classes(struct call *call, const struct aaa_classes *classes, uint8_t *copy);

// It is open for the first time.
void accounting_up(struct call *call);
// Its policy may say another interval now.
void accounting_policy_changed(struct call *call);
// interim_due_ns has come.
void accounting_expire(struct call *call, uint64_t now_ns);
// It is gone, and what it holds is about to be freed.
void accounting_down(struct call *call, const struct lane_totals *totals);
