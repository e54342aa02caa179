// SPDX-License-Identifier: BSD-3-Clause
// Authentication as values: a request goes to a driver, a reply comes back later, on the control
// lane. A driver never blocks its caller.
#pragma once

#include "base/secret.h"
#include "config/limits.h"
#include "crypto/mppe_key.h"
#include "proto/auth_method.h"

struct aaa_request {
	uint64_t tag; // the caller's: comes back in the reply
	struct auth_credentials credentials;
	uint32_t client_be; // outer address, for policy and logs
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
	uint16_t group;			 // index in config.groups
	uint16_t n_routes;
	struct aaa_route routes[LIMIT_USER_ROUTES];
	bool password_changed; // by this request
	const char
		*why; // for the log alone, a constant: what the result does not say; NULL: nothing
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
	// Descriptor that is readable when poll has something, or -1: poll after each submit.
	int (*event_fd)(void *state);
};

// Overwrite a reply and its keys; the holder of a reply does this after use.
void aaa_reply_wipe(struct aaa_reply *reply);

// Overwrite a request, which may hold a password.
void aaa_request_wipe(struct aaa_request *request);
