// SPDX-License-Identifier: BSD-3-Clause
// Orders of AAA servers about calls that are up: Disconnect-Request and CoA-Request (RFC 5176), a UDP listener for each
// entry of `coa` in the configuration.
//
//   who        a source that is none of `clients` gets no answer and costs no hash
//   genuine    Request Authenticator, and Message-Authenticator where there is one, both checked in constant time.
//              Message-Authenticator is not required: the Request Authenticator covers the whole packet with the secret,
//              and many clients (radclient without being asked for it) send none
//   fresh      with window_s, Event-Timestamp must be there and within the window. What came before gets the same answer
//              again, for twice the window
//   answers    once the work is done: coa_answer. An order that names what adit does not have or does not do is refused
//              here, with its Error-Cause
//   silence    what is not genuine or not fresh is dropped and counted by reason, and told to the log at a low rate
#pragma once

#include "aaa/change.h"
#include "drivers/aaa/radius/radius_core.h"

struct coa;

// Returns 0 or -errno, told to the log.
int coa_open(struct radius_core *core, struct coa **out);
// Orders under way get no answer. coa may be NULL.
void coa_close(struct coa *coa);

unsigned int coa_poll(struct coa *coa, struct aaa_change *changes, unsigned int n);
void coa_answer(struct coa *coa, uint64_t tag, enum aaa_error_cause cause);

// Go on with core->config. Listeners that stay keep their sockets, and orders under way their answers.
//
//   returns  0, or -errno with all as it was
int coa_reload(struct coa *coa);

// A line a listener. Writes at most cap bytes, terminated.
void coa_describe(const struct coa *coa, char *out, size_t cap);

// For tests: the port that the kernel has chosen where the configuration says 0.
uint16_t coa_port(const struct coa *coa, unsigned int listener);
