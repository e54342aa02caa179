// SPDX-License-Identifier: BSD-3-Clause
// What accounting keeps, for the files account*.c.
#pragma once

#include "drivers/aaa/radius/account.h"
#include "drivers/aaa/radius/account_dir.h"
#include "drivers/aaa/radius/journal.h"
#include "drivers/aaa/radius/spool_thread.h"

#include <sys/queue.h>

enum { ACCOUNT_BATCH = 64 }; // records of the spool that are sent at a time

// What a session still has to say. In this order.
enum account_owed {
	ACCOUNT_OWES_START = 1,
	ACCOUNT_OWES_INTERIM = 2,
	ACCOUNT_OWES_STOP = 4,
	ACCOUNT_OWES_ON = 8,
	ACCOUNT_OWES_OFF = 16,
};

enum account_way {
	ACCOUNT_IDLE,
	ACCOUNT_READY,	  // in its group's list
	ACCOUNT_SENDING,  // `now` is with the exchange
	ACCOUNT_SPOOLING, // `now` is with the spool's thread
};

struct account_group;

// What has been told that it is on: one address to one group, however many tenants share it.
struct account_nas {
	struct account_group *group;
	uint32_t nas_be;
	uint32_t listen_be; // where one of the tenants is called
	uint16_t tenant;
	bool is_told;
};

// A call, or an On or Off.
struct account_session {
	struct account *account;
	struct account_group *group;
	TAILQ_ENTRY(account_session) in_ready;
	struct account_session *next; // in its bucket; or of the free ones
	char id[AAA_SESSION_ID_BYTES];
	uint32_t slot;	  // of the journal; JOURNAL_NO_SLOT: it is free
	uint32_t epoch;	  // of the group's spool when it last had a record put there
	uint8_t owes;	  // enum account_owed
	uint8_t now;	  // one of them
	uint8_t way;	  // enum account_way
	bool was_refused; // no server took `now`: to the spool with it
	bool is_kept;	  // when accounting closes: all that it owes is in the spool
};
TAILQ_HEAD(account_sessions, account_session);

enum account_record_way { RECORD_WAITS, RECORD_SENDING, RECORD_ANSWERED, RECORD_DONE };

struct account_batch_record {
	struct account_group *group;
	enum account_record_way way;
	uint8_t n_unanswered; // times, each with all its tries
	char session_id[AAA_SESSION_ID_BYTES];
};

struct account_batch {
	uint32_t n;
	uint32_t n_done;
	struct account_batch_record ways[ACCOUNT_BATCH];
	struct spool_record records[ACCOUNT_BATCH];
};

struct account_group_counters {
	uint64_t sent, acknowledged, unanswered; // live ones
	uint64_t spooled, replayed; // records that went to the spool, and got out of it
	uint64_t put_off;	    // that were put at its end again
	uint64_t interims_skipped;
};

// The servers of config.radius_groups[index].
struct account_group {
	struct account *account;
	char name[CONFIG_RADIUS_NAME_BYTES];
	uint16_t index;	 // CONFIG_NO_INDEX: the configuration has it no more
	uint32_t number; // that no other one ever has
	struct account_sessions ready;
	uint32_t n_ready;
	struct radius_timer retry;
	bool is_pacing; // it has had its slice: `retry` goes on
	uint32_t n_sending;
	uint32_t n_replaying; // out of the spool
	uint32_t n_putting_off;
	uint32_t n_spooling;
	uint32_t n_on; // that have not got through
	bool is_spool_told;
	struct spool *queue;	  // NULL: there is no spool, or the thread has not found it yet
	bool is_asking;		  // it is about to
	uint64_t n_spooled;	  // that wait there
	uint64_t spooled_wall_ns; // since when it has not been empty
	uint32_t epoch;		  // one more each time the spool has been emptied
	bool is_reading;
	bool must_wait;		     // the disk did not give what is there: again with `retry`
	struct account_batch *batch; // being sent, or being read; NULL
	struct account_group_counters counters;
	TAILQ_ENTRY(account_group) in_all;
};
TAILQ_HEAD(account_groups, account_group);

struct account {
	struct radius_core *core;
	struct exchange *exchange;
	struct exchange_watcher watcher;
	struct account_dir dir;
	struct journal *journal;
	struct spools *spools;
	struct spool_thread *thread;
	struct radius_source thread_source;
	struct account_groups groups;
	struct account_group **by_index; // by_index[n_by_index], of config.radius_groups
	uint16_t n_by_index;
	uint32_t n_groups;	   // that there have been
	struct account_nas *nases; // nases[n_nases]
	uint16_t n_nases;
	uint32_t n_sessions;
	uint32_t n_never_used;		  // sessions[n_never_used..] have not been taken yet
	struct account_session *sessions; // sessions[n_sessions]
	struct account_session *free;
	struct account_session **buckets; // buckets[n_buckets], a power of two
	uint32_t n_buckets;
	uint32_t n_used;
	uint32_t n_owing; // sessions that owe something
	uint64_t n_lost;  // records without a place
	uint64_t n_unreadable;
	uint64_t n_dropped_told;
	bool disk_failed; // the last record could not be written
	bool is_closing;
};

uint64_t account_wall_ns(void);

// What the session has to say, made of its slot; the tenant by his name, record->tenant is 0. Returns 0, or -EBADMSG when
// the journal was written by somebody else.
int account_read(const struct account_session *s, uint8_t owed, struct aaa_account *out,
	char tenant[CONFIG_TENANT_NAME_BYTES]);
// One thing has been said, or will be by the spool.
void account_settle(struct account_session *s, uint8_t owed);

// An On or Off, unless the same one is under way.
void account_tell_nas(
	struct account *a, struct account_group *g, const struct aaa_account *record, uint8_t owed);

// nases[config->n_tenants] as core->config and by_index have them now. Returns how many there are.
uint16_t account_nas_find(const struct account *a, struct account_nas *nases);
// An On of control: false where a reload has told it already.
bool account_nas_is_new(struct account *a, const struct account_group *g, uint32_t nas_be);
// After a reload: tell what is on now and was not, and what is off. The nases become the account's.
void account_nas_take(struct account *a, struct account_nas *nases);

// Send, or spool, what can be.
void account_send_group(struct account_group *g);
void account_send_ready(struct account_session *s);
void account_send_unready(struct account_session *s);
void account_send_retry(struct account_group *g, uint64_t after_ns);
bool account_send_is_dead(const struct account_group *g);

// Put what the session has to say first into the spool. Returns false when the thread has no room now.
bool account_spool_put(struct account_session *s);
// Does it have to go there?
bool account_spool_is_due(const struct account_session *s);
void account_spool_drain(struct account_group *g);
// Have the thread find the queue of a group that has none yet.
void account_spool_ask_queue(struct account_group *g);
void account_spool_take_done(const struct spool_done *done);
void account_spool_ready(struct radius_source *source, uint32_t events);

// Once, before the thread starts: what the last run left in the journal. Returns 0 or -errno.
int account_recover(struct account *a);
