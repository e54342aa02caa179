// SPDX-License-Identifier: BSD-3-Clause
// One call: its PPTP machine, its PPP link, and what it holds: a Call ID, a slot of a worker, an
// inner address.
//
//   life  call_new when the client asks; ended when the link ends or someone ends it: then it
//         leaves its connection and the worker is told; call_gone when the worker has answered:
//         only then what it held is free again
#pragma once

#include "aaa/aaa.h"
#include "aaa/policy.h"
#include "control/change.h"
#include "control/conn_calls.h"
#include "control/accounting.h"
#include "control/debug_call.h"
#include "control/timeline.h"
#include "control/timer_heap.h"
#include "crypto/mppe_key.h"
#include "msg/msg.h"
#include "proto/link.h"
#include "proto/pptp_call.h"

#include <sys/queue.h>

struct conn;
struct control;

struct call {
	struct control *control;
	struct conn *conn; // NULL once it has ended
	TAILQ_ENTRY(call) in_conn;
	struct call *in_bucket_of[CONN_CALLS_IDS]; // the next one in its bucket of conn_calls
	LIST_ENTRY(call) in_change[CHANGE_INDICES];
	struct change_waiters change_waiters; // orders that are answered when it is gone
	bool is_in_change;
	struct timer timer;
	uint64_t id;	 // of the session
	uint64_t number; // of all calls since the start: in debug lines and the history
	uint64_t tunnel; // number of its connection
	struct timeline timeline;
	struct debug_seen seen;
	struct pptp_call pptp;
	struct link link;

	uint32_t client_be;
	uint16_t client_port_be;
	uint16_t listen;
	uint16_t tenant;  // the listen address's, or the realm's
	bool has_place;	  // it counts among its tenant's calls
	uint8_t n_in_use; // addresses that somebody else had, see control/address_probe.h
	uint16_t pool;	  // of its address; before it has one, whose link_config it has
	struct address_probe *probe; // somebody is asked for its address
	uint8_t n_routes;	     // networks behind the client
	uint8_t routes_on;	     // bit i: routes[i] is on the workers' map
	struct aaa_route routes[LIMIT_USER_ROUTES];
	uint32_t inner_be;	  // 0: none yet
	bool has_fixed_address;	  // that of his record: nobody chooses another
	uint32_t netmask_be;	  // that AAA has for its client, 0: none
	uint32_t gre_be;	  // where its GRE comes from; client_be unless nat-loose moved it
	struct policy policy;	  // once it has authenticated
	struct policy_said *said; // what AAA says of the user himself; NULL: nothing
	struct policy_said *coa;  // and what it has ordered since
	uint8_t said_source;	  // enum policy_source
	uint64_t address_due_ns;  // the address that AAA named is tried again
	uint64_t address_until_ns;
	uint32_t framed_be;	// that one
	uint64_t policy_due_ns; // a time of the policy comes, see control/call_policy.h

	enum link_phase phase; // the last one before it began to end
	enum end_reason end;   // END_NONE: it lives
	bool was_up;
	bool is_open; // data may pass now
	bool asks_aaa;
	struct link_verdict *verdict; // that waits for an address; NULL: none does
	enum end_reason auth_refusal; // not END_NONE: AAA was not asked, to be told to the link
	bool out_of_room;	      // a command did not fit: to be ended
	bool is_authenticated;	      // once; after that nobody but the same user can again
	uint64_t started_ns;
	uint64_t started_wall_ns;
	uint64_t up_ns;
	uint64_t ended_ns;
	uint16_t user_len;
	char user[LIMIT_USER_NAME_BYTES + 1]; // as the client sent it
	struct link_agreed agreed;
	uint16_t mtu;
	struct mppe_mode receive; // MPPE_STRENGTH_NONE: no keys yet
	struct mppe_mode send;
	bool has_limits; // its worker was told of rates, access lists or idle time
	uint64_t n_ppp_in, n_ppp_out;
	struct call_account account;

	uint64_t no_gre_due_ns; // nothing was heard so long: said once

	// whether a newer call of the same user takes its place, see control/supersede.h
	uint64_t stale_due_ns; // TIMER_NEVER: not in doubt
	uint64_t stale_since_ns;
	struct supersede_list *bucket; // that it is in, NULL: none
	TAILQ_ENTRY(call) in_bucket;
	struct logins_user *logins; // that it counts for, NULL: none
	TAILQ_ENTRY(call) in_logins;
	bool is_shadowed; // a newer call has its client Call ID: PPP frames would reach that one

	// clear data where encryption is required, see call_saw_clear_data()
	bool saw_clear;
	uint64_t clear_due_ns;
	uint64_t clear_refused;
	uint64_t clear_up_pkts;
};

// Take an Outgoing-Call-Request: OCRP and the first LCP frame leave. Returns END_NONE, or why not;
// nothing was sent then.
enum end_reason call_new(struct conn *conn, const struct pptp_ocrq *request);

// Call-Clear-Request, Set-Link-Info or WAN-Error-Notify that names this call.
void call_take_message(struct call *call, const struct pptp_message *message);

// A PPP control frame of the client.
void call_receive(struct call *call, uint16_t protocol, struct span info);

// End it politely: LCP Terminate-Request, and Call-Disconnect-Notify when that is answered or given
// up.
void call_close(struct call *call, enum end_reason reason);

// End it at once: Terminate-Request and Call-Disconnect-Notify leave, nothing is waited for.
void call_end(struct call *call, enum end_reason reason);

// Clear data came where encryption is required; the worker drops it and says so once. One packet
// proves nothing, since anyone can forge it, and clients send early: so it is told, and once the
// call is up it is ended if for CLEAR_WATCH_NS nothing that decrypts comes while more is dropped.
void call_saw_clear_data(struct call *call);

// The threshold of packets that decrypt to garbage was reached.
void call_cannot_decrypt(struct call *call);

// A stateful direction lost a packet: the link asks for a reset.
void call_lost_sync(struct call *call);

// GRE of the client now comes from this address (nat-loose).
void call_moved(struct call *call, uint32_t outer_peer_be);

// No data passed for the idle time of its policy: end it.
void call_idle(struct call *call);

// The worker has forgotten the session: tell the end of it, free what it held, free the call.
void call_gone(struct call *call, const struct lane_totals *totals);

// The workers have stopped: call_gone() with what its counters say.
void call_abandon(struct call *call);

// Do what the link asks for, in order, and set the timer anew. Whoever takes a step from the link
// of a call gives it here.
void call_run(struct call *call, struct step *step);

// Set the timer anew, after a time of its own has changed.
void call_rearm(struct call *call);

// "128 stateless", "none"; "128 stateful in, 128 stateless out" where the directions differ.
enum { CALL_MPPE_TEXT_BYTES = 40 };
void call_describe_mppe(const struct call *call, char *out, size_t cap);

// Traffic so far, from the worker's live counters.
void call_read_totals(const struct call *call, struct lane_totals *out);
