// SPDX-License-Identifier: BSD-3-Clause
// What attributes of an Access-Accept or a CoA-Request say of a call's policy. Pure.
//
//   access lists  Filter-Id "name" and "name.in" (of what comes from the client), "name.out"; 3076/86, 87
//   rates         Mikrotik-Rate-Limit "up/down" in bits a second with k, M, G; WISPr-Bandwidth-Max-Up, -Down
//   times         Session-Timeout, Idle-Timeout, Acct-Interim-Interval (not under 60 s, RFC 2869 5.16)
//   addresses     Framed-Pool and 3076/217 (names, a comma between them), 3076/17
//   encryption    311/7 and 8, 3076/20: they may ask for more than adit's own configuration, never for less
//   and           Framed-MTU, Port-Limit and 3076/2, 311/28 to 31 and 3076/5 to 8, 3076/1, 11, 18, 27, 28, 55, 62
//
// A name that the configuration does not have is told: whoever was to be held in by an access list must never be let in
// without it.
#pragma once

#include "conf/config.h"
#include "drivers/aaa/radius/radius_packet.h"

enum radius_policy_verdict {
	RADIUS_POLICY_TAKEN,
	RADIUS_POLICY_OTHER, // not an attribute of policy, or one that means nothing to adit
	RADIUS_POLICY_BAD,   // a value that is none, or out of range
	RADIUS_POLICY_UNKNOWN, // names a list, pool, hours or group that the configuration does not have
	RADIUS_POLICY_FORBIDS, // the user may not use PPTP
};

// Put what one attribute says into *policy and its `given`.
//
//   why  out: a constant, for all but TAKEN and OTHER
enum radius_policy_verdict radius_policy_take(const struct config *config,
	const struct radius_attribute *a, struct config_policy *policy, const char **why);

// The group of users that an attribute names: Class "OU=name;" (the end may lack), or 3076/137. *group is an index in
// config.groups. A Class of another form is OTHER.
enum radius_policy_verdict radius_policy_group(const struct config *config,
	const struct radius_attribute *a, uint16_t *group, const char **why);
