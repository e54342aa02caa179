// SPDX-License-Identifier: BSD-3-Clause
// The events of a call: one line each for what an operator or a help desk asks about.
#pragma once

#include "control/call.h"

// Who is asked for the users of the call's tenant first: "local" or "radius".
const char *call_record_aaa(const struct call *call);

void call_record_started(struct call *call);
// server: that answered, "": adit itself knew.
void call_record_authenticated(const struct call *call, const char *server);
// why: what AAA says beside it, NULL: nothing; here and below.
void call_record_auth_failed(
	const struct call *call, enum end_reason reason, uint16_t ms_error, const char *why);
void call_record_password_changed(const struct call *call, const char *why);
void call_record_up(const struct call *call);
// The one line for a call that ended, whether it had been up or not.
void call_record_down(struct call *call, const struct lane_totals *totals);
void call_record_clear_data(const struct call *call);
void call_record_decrypt_failures(const struct call *call);
void call_record_no_resource(const struct call *call, const char *what);
void call_record_no_gre(const struct call *call);
void call_record_moved(const struct call *call); // nat-loose, see call_moved()
// A network behind the client that is not routed to it.
void call_record_route_refused(
	const struct call *call, uint32_t prefix_be, uint8_t prefix_len, const char *why);
void call_record_pool_empty(const struct call *call);
// A host of the inside has the address that the call was to get.
void call_record_address_in_use(const struct call *call);
