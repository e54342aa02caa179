// SPDX-License-Identifier: BSD-3-Clause
// The events as they happen, of all or of one tenant: `aditctl events`. Who follows reads the history of events at his
// own pace; what is forgotten before he comes to it is counted and told.
#pragma once

#include "conf/config.h"
#include "observe/events.h"

struct event_stream {
	bool is_on;
	bool has_tenant; // of this one alone
	char tenant[CONFIG_TENANT_NAME_BYTES];
	uint64_t seq; // of the next event to tell
};

// Is the event of this tenant? Of the default one are all that name none.
bool event_stream_is_of(const struct event_record *e, const char *tenant);

// Has anything happened since that it has not looked at?
bool event_stream_has_more(const struct event_stream *s, const struct event_history *h);

// The next lines, whole ones, of those that there are: time and event. Returns how many bytes.
size_t event_stream_take(
	struct event_stream *s, const struct event_history *h, char *out, size_t cap);
