// SPDX-License-Identifier: BSD-3-Clause
#include "adit/start_failed.h"

#include "adit/hint.h"

int start_failed(struct log *log, const char *what, int error, const char *hint)
{
	struct event e;

	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", what);
	event_word(&e, "error", strerror(-error));
	if (!hint)
		hint = hint_memory(error);
	if (hint)
		event_word(&e, "hint", hint);
	event_send(log, &e);
	return error;
}
