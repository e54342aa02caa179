// SPDX-License-Identifier: BSD-3-Clause
#include "base/drop_reason.h"

static const char *const names[DROP_REASON_COUNT] = {
#define X(name, text, help) [DROP_##name] = text,
	DROP_REASON_LIST(X)
#undef X
};

static const char *const helps[DROP_REASON_COUNT] = {
#define X(name, text, help) [DROP_##name] = help,
	DROP_REASON_LIST(X)
#undef X
};

const char *drop_reason_name(enum drop_reason reason)
{
	return (unsigned)reason < DROP_REASON_COUNT ? names[reason] : "unknown";
}

const char *drop_reason_help(enum drop_reason reason)
{
	return (unsigned)reason < DROP_REASON_COUNT ? helps[reason] : "unknown";
}
