// SPDX-License-Identifier: BSD-3-Clause
// Authentication as values: a request goes to a driver, a reply comes back later, on the control
// lane. A driver never blocks its caller.
#pragma once

#include "aaa/account.h"
#include "aaa/change.h"
#include "base/secret.h"
#include "conf/config.h"
#include "config/limits.h"
#include "crypto/mppe_key.h"
#include "proto/auth_method.h"

struct aaa_request {
	uint64_t tag; // the caller's: comes back in the reply
	struct auth_credentials credentials;
	uint16_t tenant;
	uint32_t client_be; // outer address: for policy, logs, Calling-Station-Id
	uint32_t server_be; // that was called: Called-Station-Id
	uint32_t nas_port;  // a number that no other call has at the time
	char session_id[AAA_SESSION_ID_BYTES]; // Acct-Session-Id of the records of this call
};

struct aaa_route { // a network behind the client
	uint32_t prefix_be;
	uint8_t prefix_len;
};

enum aaa_result { AAA_ACCEPT, AAA_REJECT, AAA_UNAVAILABLE };

struct aaa_reply {
	uint64_t tag;
	enum aaa_result result;
	uint16_t ms_error; // REJECT: 691, 646, 647, 648, 649, 709 (RFC 2759 6)
	bool is_no_guess;  // REJECT 691: whatever the password, this answer could not be checked
	bool has_keys;
	struct mppe_start_keys keys;	 // the server's view; wipe after use
	char authenticator_response[42]; // ACCEPT of MS-CHAPv2: "S=..."
	uint32_t framed_address_be;	 // 0: from the pool
	uint32_t framed_netmask_be;	 // 0: none was said
	uint16_t group;			 // index in config.groups
	uint16_t n_routes;
	struct aaa_route routes[LIMIT_USER_ROUTES];
	bool password_changed;	     // by this request
	struct config_policy policy; // what is said of the user himself, above his group: `given`
	char message[LIMIT_FAILURE_TEXT_BYTES +
		     1];	    // for the user, in UTF-8 without control characters; "": none
	struct aaa_classes classes; // ACCEPT: to be told again in each record
	char server[CONFIG_RADIUS_NAME_BYTES]; // who answered, for logs; "": adit itself
	const char
		*why; // for the log alone, a constant: what the result does not say; NULL: nothing
};

// A packet to a server or from one, for who follows them live.
struct aaa_debug_text {
	uint32_t client_be; // of the call that it is about, 0: not known
	struct span user;   // empty: not known
	const char *lines;  // each with its end; attributes by name, nothing secret
};

struct aaa_debug {
	void (*say)(void *context, const struct aaa_debug_text *text); // NULL: nobody follows
	void *context;
};

struct config;
struct log;

struct aaa_driver {
	const char *name;
	// config and log are borrowed until close; what is wrong is told to the log. out: *state.
	// Returns 0 or -errno.
	int (*open)(const struct config *config, struct log *log, void **state);
	void (*close)(void *state);
	// Takes a copy. Returns 0, or -EBUSY when too many are in flight (bounded by the driver).
	int (*submit)(void *state, const struct aaa_request *request);
	// Fetch up to n replies; returns how many.
	unsigned int (*poll)(void *state, struct aaa_reply *replies, unsigned int n);
	// Descriptor that is readable when poll, poll_changes or a timer of the driver has something, or -1: poll after
	// each submit.
	int (*event_fd)(void *state);

	// What follows a driver may be without: NULL.

	// A record of a call. Takes a copy, never blocks, and sees to it that it gets there in the end: at once, from the
	// spool on disk, or after the next start. See aaa/account.h.
	void (*account)(void *state, const struct aaa_account *record);
	// No call may begin: there is no place for its records.
	bool (*account_is_full)(void *state);
	// All that was to be sent has been taken by a server or lies on disk. Before close, while the loop still turns.
	bool (*is_drained)(void *state);

	// Orders of the AAA server (RFC 5176): fetch up to n; each is answered once.
	unsigned int (*poll_changes)(void *state, struct aaa_change *changes, unsigned int n);
	void (*answer_change)(void *state, uint64_t tag, enum aaa_error_cause cause);

	// What takes long of a reload, on another thread while the lane goes on: it may touch nothing of the state that
	// ever changes. out: *prepared, for reload or discard. Returns 0 or -errno.
	int (*prepare)(void *state, const struct config *config, void **prepared);
	// Wipes and frees; on any thread. NULL: nothing.
	void (*discard)(void *state, void *prepared);
	// Go on with another configuration, in place of that of open; requests under way are kept. Returns 0, or -errno
	// with all as it was.
	//
	//   prepared  *prepared is of prepare() for this configuration, or NULL: it is made now. Out: what is not needed
	//             any more, for discard
	int (*reload)(void *state, const struct config *config, void **prepared);

	// From now on say what goes to servers and comes back, or, with say NULL, no more. Takes a copy.
	void (*set_debug)(void *state, const struct aaa_debug *debug);

	// Text for `aditctl show aaa`: a line a server. Writes at most cap bytes, terminated.
	void (*describe)(void *state, char *out, size_t cap);
};

// Overwrite a reply and its keys; the holder of a reply does this after use.
void aaa_reply_wipe(struct aaa_reply *reply);

// Overwrite a request, which may hold a password.
void aaa_request_wipe(struct aaa_request *request);
