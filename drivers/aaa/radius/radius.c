// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius.h"

#include "drivers/aaa/radius/account.h"
#include "drivers/aaa/radius/coa.h"
#include "drivers/aaa/radius/radius_logins.h"

#include <errno.h>
#include <stdlib.h>

struct radius {
	struct radius_core core;
	struct exchange *exchange;
	struct radius_logins *logins;
	struct account *account;
	struct coa *coa;
};

static void radius_close(void *state)
{
	struct radius *r = state;

	if (!r)
		return;
	// Who waits for answers goes after who could still give one.
	coa_close(r->coa);
	exchange_close(r->exchange);
	account_close(r->account);
	radius_logins_close(r->logins);
	radius_dictionary_free(r->core.dictionary);
	radius_core_close(&r->core);
	free(r);
}

static int radius_open(const struct config *config, struct log *log, void **state)
{
	struct radius *r = calloc(1, sizeof(*r));
	struct radius_dictionary *dictionary;

	if (!r)
		return -ENOMEM;
	int rc = radius_dictionary_new(config->dictionary, log, &dictionary);
	if (rc != 0) {
		free(r);
		return rc;
	}
	rc = radius_core_open(&r->core, config, log, dictionary);
	if (rc != 0) {
		radius_dictionary_free(dictionary);
		free(r);
		return rc;
	}
	if ((rc = exchange_open(&r->core, &r->exchange)) != 0 ||
		(rc = radius_logins_open(&r->core, r->exchange, &r->logins)) != 0 ||
		(rc = account_open(&r->core, r->exchange, &r->account)) != 0 ||
		(rc = coa_open(&r->core, &r->coa)) != 0) {
		radius_close(r);
		return rc;
	}
	*state = r;
	return 0;
}

static int radius_submit(void *state, const struct aaa_request *request)
{
	struct radius *r = state;

	radius_core_look(&r->core);
	return radius_logins_submit(r->logins, request);
}

static unsigned int radius_poll(void *state, struct aaa_reply *replies, unsigned int n)
{
	struct radius *r = state;

	radius_core_run(&r->core);
	return radius_logins_poll(r->logins, replies, n);
}

static int radius_event_fd(void *state)
{
	const struct radius *r = state;

	return r->core.epoll_fd;
}

static void radius_account(void *state, const struct aaa_account *record)
{
	struct radius *r = state;

	radius_core_look(&r->core);
	account_submit(r->account, record);
}

static bool radius_account_is_full(void *state)
{
	const struct radius *r = state;

	return account_is_full(r->account);
}

static bool radius_is_drained(void *state)
{
	const struct radius *r = state;

	return account_is_drained(r->account);
}

static unsigned int radius_poll_changes(void *state, struct aaa_change *changes, unsigned int n)
{
	struct radius *r = state;

	return coa_poll(r->coa, changes, n);
}

static void radius_answer_change(void *state, uint64_t tag, enum aaa_error_cause cause)
{
	struct radius *r = state;

	radius_core_look(&r->core);
	coa_answer(r->coa, tag, cause);
}

// The modules go one after the other; the first that cannot has those before it go back, which needs nothing that could
// be missing: what they had is what they get.
static int radius_reload(void *state, const struct config *config, void **prepared)
{
	struct radius *r = state;
	const struct config *before = r->core.config;
	int rc;

	radius_core_look(&r->core);
	r->core.config = config;
	rc = coa_reload(r->coa);
	if (rc != 0) {
		r->core.config = before;
		return rc;
	}
	rc = exchange_reload(r->exchange);
	if (rc == 0) {
		rc = account_reload(r->account);
		if (rc == 0)
			return 0;
	}
	r->core.config = before;
	(void)exchange_reload(r->exchange);
	(void)coa_reload(r->coa);
	return rc;
}

static void radius_set_debug(void *state, const struct aaa_debug *debug)
{
	struct radius *r = state;

	r->core.debug = *debug;
}

static void radius_describe(void *state, char *out, size_t cap)
{
	struct radius *r = state;
	size_t len;

	radius_core_look(&r->core);
	exchange_describe(r->exchange, out, cap);
	len = strlen(out);
	account_describe(r->account, out + len, cap - len);
	len += strlen(out + len);
	coa_describe(r->coa, out + len, cap - len);
}

const struct aaa_driver aaa_driver_radius = {
	.name = "radius",
	.open = radius_open,
	.close = radius_close,
	.submit = radius_submit,
	.poll = radius_poll,
	.event_fd = radius_event_fd,
	.account = radius_account,
	.account_is_full = radius_account_is_full,
	.is_drained = radius_is_drained,
	.poll_changes = radius_poll_changes,
	.answer_change = radius_answer_change,
	.reload = radius_reload,
	.set_debug = radius_set_debug,
	.describe = radius_describe,
};
