// SPDX-License-Identifier: BSD-3-Clause
// Orders of an AAA server about calls that are up (RFC 5176), as values.
#pragma once

#include "aaa/account.h"
#include "conf/config.h"

enum aaa_change_kind { AAA_CHANGE_DISCONNECT, AAA_CHANGE_AUTHORIZATION };

// What names the calls that are meant: all that are given must match.
enum aaa_change_key {
	AAA_KEY_USER = 1 << 0,
	AAA_KEY_NAS_PORT = 1 << 1,
	AAA_KEY_FRAMED_ADDRESS = 1 << 2,
	AAA_KEY_CALLING_STATION = 1 << 3, // the client's outer address
	AAA_KEY_SESSION_ID = 1 << 4,
	AAA_KEY_MULTI_SESSION_ID = 1 << 5,
};

// Error-Cause, RFC 5176 3.5.
enum aaa_error_cause {
	AAA_ERROR_NONE, // done: ACK
	AAA_ERROR_RESIDUAL_REMOVED = 201,
	AAA_ERROR_UNSUPPORTED_ATTRIBUTE = 401,
	AAA_ERROR_MISSING_ATTRIBUTE = 402,
	AAA_ERROR_NAS_MISMATCH = 403,
	AAA_ERROR_INVALID_REQUEST = 404,
	AAA_ERROR_UNSUPPORTED_SERVICE = 405,
	AAA_ERROR_UNSUPPORTED_EXTENSION = 406,
	AAA_ERROR_INVALID_VALUE = 407,
	AAA_ERROR_PROHIBITED = 501,
	AAA_ERROR_NO_CONTEXT = 503,
	AAA_ERROR_CONTEXT_NOT_REMOVABLE = 504,
	AAA_ERROR_RESOURCES = 506,
	AAA_ERROR_MULTIPLE_SELECTION = 508,
};

struct aaa_change {
	uint64_t tag; // the driver's: comes back with the answer
	enum aaa_change_kind kind;
	uint16_t tenant;    // whose calls it may touch
	uint32_t source_be; // who orders it: for logs
	uint32_t keys;	    // enum aaa_change_key, or-ed; at least one
	uint16_t user_len;
	char user[LIMIT_USER_NAME_BYTES + 1];
	uint32_t nas_port;
	uint32_t framed_be;
	uint32_t calling_be;
	char session_id[AAA_SESSION_ID_BYTES];
	char multi_session_id[AAA_SESSION_ID_BYTES];
	// AAA_CHANGE_AUTHORIZATION: what becomes of them, all or nothing
	struct config_policy policy; // `given`
	bool has_group;
	uint16_t group; // index in config.groups
	bool has_classes;
	struct aaa_classes classes;
};

// "done", "session-context-not-found", ...: the words of RFC 5176.
const char *aaa_error_cause_name(enum aaa_error_cause cause);
