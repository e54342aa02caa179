// SPDX-License-Identifier: BSD-3-Clause
#include "base/end_reason.h"

static const struct end_reason_info infos[END_REASON_COUNT] = {
#define X(enum_name, text, who, cdn, acct, windows, lcp, help) \
	[END_##enum_name] = {.name = text,                     \
		.side = END_BY_##who,                          \
		.cdn_result = cdn,                             \
		.acct_cause = acct,                            \
		.windows_error = windows,                      \
		.lcp_text = lcp,                               \
		.sentence = help},
	END_REASON_LIST(X)
#undef X
};

const struct end_reason_info *end_reason_info(enum end_reason reason)
{
	return &infos[(unsigned)reason < END_REASON_COUNT ? reason : END_INTERNAL];
}

const char *end_acct_cause_name(uint8_t cause)
{
	static const char *const names[] = {"?", "User-Request", "Lost-Carrier", "Lost-Service",
		"Idle-Timeout", "Session-Timeout", "Admin-Reset", "Admin-Reboot", "Port-Error",
		"NAS-Error", "NAS-Request", "NAS-Reboot", "Port-Unneeded", "Port-Preempted",
		"Port-Suspended", "Service-Unavailable", "Callback", "User-Error", "Host-Request"};

	return cause < sizeof(names) / sizeof(names[0]) ? names[cause] : names[0];
}

const char *end_side_name(enum end_side side)
{
	switch (side) {
	case END_BY_CLIENT:
		return "client";
	case END_BY_SERVER:
		return "server";
	case END_BY_ADMIN:
		return "admin";
	case END_BY_NETWORK:
		return "network";
	}
	return "unknown";
}
