// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/fleet_reason.h"

#define REASON_TEXT(name, text) text,
static const char *const texts[] = {FLEET_REASON_LIST(REASON_TEXT)};
#undef REASON_TEXT

const char *fleet_reason_text(enum fleet_reason reason)
{
	return texts[reason];
}
