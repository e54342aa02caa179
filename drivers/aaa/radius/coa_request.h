// SPDX-License-Identifier: BSD-3-Clause
// What a Disconnect-Request or CoA-Request asks for (RFC 5176), as a value. Pure.
//
//   keys     User-Name, NAS-Port, NAS-Port-Id, Framed-IP-Address, Calling-Station-Id, Acct-Session-Id,
//            Acct-Multi-Session-Id; all that are given must match. NAS-IP-Address and NAS-Identifier must be adit's
//   changes  what can change while a call is up: rates, Filter-Id, Session- and Idle-Timeout, Acct-Interim-Interval,
//            Class, and the group, as an Access-Accept gives them
//   no       an attribute that is neither is refused (401), since whoever sends it wants something; so is a value
//            that adit does not have or take (407). Nothing of such a packet is done
#pragma once

#include "aaa/change.h"
#include "drivers/aaa/radius/radius_packet.h"

// Fill *out, all but its tag, from a packet that has been checked.
//
//   listener  where it came
//   returns   AAA_ERROR_NONE, or what to answer; *out has the keys that were found until then
enum aaa_error_cause coa_request_read(const struct config *config,
	const struct config_coa *listener, const struct radius_view *v, struct aaa_change *out);
