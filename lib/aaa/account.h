// SPDX-License-Identifier: BSD-3-Clause
// Accounting as values (RFC 2866): what happened to a call, for the driver to tell a server.
#pragma once

#include "conf/config.h"
#include "config/limits.h"
#include "proto/auth_method.h"

enum { AAA_SESSION_ID_BYTES = 32 };

enum aaa_account_kind {
	AAA_ACCOUNT_ON,	 // adit begins, of a tenant: nothing that was before is up any more
	AAA_ACCOUNT_OFF, // adit ends
	AAA_ACCOUNT_START,
	AAA_ACCOUNT_INTERIM,
	AAA_ACCOUNT_STOP,
	AAA_ACCOUNT_NOTE, // nothing is sent: what is to be said if adit does not live to say STOP
};

// Acct-Terminate-Cause, RFC 2866 5.10.
enum aaa_terminate_cause {
	AAA_CAUSE_NONE,
	AAA_CAUSE_USER_REQUEST = 1,
	AAA_CAUSE_LOST_CARRIER = 2,
	AAA_CAUSE_LOST_SERVICE = 3,
	AAA_CAUSE_IDLE_TIMEOUT = 4,
	AAA_CAUSE_SESSION_TIMEOUT = 5,
	AAA_CAUSE_ADMIN_RESET = 6,
	AAA_CAUSE_ADMIN_REBOOT = 7,
	AAA_CAUSE_PORT_ERROR = 8,
	AAA_CAUSE_NAS_ERROR = 9,
	AAA_CAUSE_NAS_REQUEST = 10,
	AAA_CAUSE_NAS_REBOOT = 11,
	AAA_CAUSE_PORT_PREEMPTED = 13,
	AAA_CAUSE_SERVICE_UNAVAILABLE = 15,
	AAA_CAUSE_USER_ERROR = 17,
	AAA_CAUSE_HOST_REQUEST = 18,
};

// Class attributes as they came: n_bytes of (length, bytes) one after the other.
struct aaa_classes {
	uint16_t n_bytes;
	uint8_t bytes[LIMIT_CLASS_BYTES];
};

struct aaa_account {
	enum aaa_account_kind kind;
	uint16_t tenant;
	char session_id[AAA_SESSION_ID_BYTES];	     // unique over restarts; "": ON, OFF
	char multi_session_id[AAA_SESSION_ID_BYTES]; // of the control connection
	uint16_t user_len;
	char user[LIMIT_USER_NAME_BYTES + 1];
	struct aaa_classes classes;
	enum auth_method method;
	bool is_local; // authenticated by adit itself (Acct-Authentic)
	uint32_t client_be, server_be, framed_be;
	uint32_t nas_port;
	uint64_t up_bytes, up_pkts; // from the client: Acct-Input-*
	uint64_t down_bytes, down_pkts;
	uint64_t event_wall_ns; // when it happened, since 1970
	uint32_t session_s;	// how long the call has been up
	enum aaa_terminate_cause cause;
};
