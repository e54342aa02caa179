// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/by_tenant/by_tenant.h"

#include "drivers/aaa/by_tenant/kept_requests.h"
#include "drivers/aaa/local/local.h"
#if defined(HAVE_RADIUS)
#include "drivers/aaa/radius/radius.h"
#endif
#include "observe/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct part {
	const struct aaa_driver *driver;
	void *state; // NULL: not open
};

struct by_tenant {
	const struct config *config;
	struct log *log;
	struct part local;
	struct part radius;
	int epoll_fd; // of the parts' descriptors
	struct kept_requests kept;
	struct aaa_debug debug;
};

// ---- open and close

static bool needs_radius(const struct config *config)
{
	for (int i = 0; i < config->n_tenants; i++)
		if (config->tenants[i].aaa != CONFIG_AAA_LOCAL || config->tenants[i].accounting[0])
			return true;
	return config->n_coa > 0;
}

static int tell_missing(struct log *log)
{
	struct event e;

	if (log) {
		event_begin(&e, EVENT_CONFIG_ERROR);
		event_word(&e, "key", "tenants.aaa");
		event_word(&e, "text", "RADIUS is configured, and this adit was built without it");
		event_send(log, &e);
	}
	return -ENOTSUP;
}

static int watch(struct by_tenant *b, const struct part *p)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = p->driver->event_fd(p->state);

	if (fd < 0)
		return 0; // it has its answers when submit returns
	return epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void close_part(struct part *p)
{
	if (p->state)
		p->driver->close(p->state);
	p->state = NULL;
}

static void set_part_debug(const struct by_tenant *b, const struct part *p)
{
	if (p->state && p->driver->set_debug)
		p->driver->set_debug(p->state, &b->debug);
}

static int open_part(struct by_tenant *b, struct part *p, const struct config *config)
{
	int rc;

	if (!p->driver)
		return tell_missing(b->log);
	rc = p->driver->open(config, b->log, &p->state);
	if (rc != 0) {
		p->state = NULL;
		return rc;
	}
	rc = watch(b, p);
	if (rc != 0)
		close_part(p);
	set_part_debug(b, p);
	return rc;
}

static void by_tenant_close(void *state)
{
	struct by_tenant *b = state;

	if (!b)
		return;
	close_part(&b->radius);
	close_part(&b->local);
	kept_requests_fini(&b->kept);
	if (b->epoll_fd >= 0)
		close(b->epoll_fd);
	free(b);
}

int by_tenant_open(const struct config *config, struct log *log, const struct aaa_driver *local,
	const struct aaa_driver *radius, void **state)
{
	struct by_tenant *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return -ENOMEM;
	b->config = config;
	b->log = log;
	b->local.driver = local;
	b->radius.driver = radius;
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = b->epoll_fd < 0 ? -errno : kept_requests_init(&b->kept, BY_TENANT_KEPT_MAX);
	if (rc == 0)
		rc = open_part(b, &b->local, config);
	if (rc == 0 && needs_radius(config))
		rc = open_part(b, &b->radius, config);
	if (rc != 0) {
		by_tenant_close(b);
		return rc;
	}
	*state = b;
	return 0;
}

static int open_own(const struct config *config, struct log *log, void **state)
{
#if defined(HAVE_RADIUS)
	return by_tenant_open(config, log, &aaa_driver_local, &aaa_driver_radius, state);
#else
	return by_tenant_open(config, log, &aaa_driver_local, NULL, state);
#endif
}

// ---- requests

static enum config_aaa aaa_of(const struct by_tenant *b, uint16_t tenant)
{
	return tenant < b->config->n_tenants ? b->config->tenants[tenant].aaa : CONFIG_AAA_LOCAL;
}

static int by_tenant_submit(void *state, const struct aaa_request *request)
{
	struct by_tenant *b = state;
	enum config_aaa aaa = aaa_of(b, request->tenant);
	int rc;

	if (aaa == CONFIG_AAA_LOCAL)
		return b->local.driver->submit(b->local.state, request);
	if (aaa == CONFIG_AAA_RADIUS_LOCAL) {
		rc = kept_requests_add(&b->kept, request);
		if (rc != 0)
			return rc;
	}
	rc = b->radius.driver->submit(b->radius.state, request);
	if (rc != 0)
		kept_requests_drop(&b->kept, request->tag);
	return rc;
}

// No server has answered, and the tenant's users may be asked for among the local ones. Only then: a server that says no
// is obeyed.
static bool ask_local(struct by_tenant *b, const struct aaa_reply *reply)
{
	struct aaa_request request;
	bool is_asked;

	if (!kept_requests_take(&b->kept, reply->tag, &request))
		return false;
	is_asked = reply->result == AAA_UNAVAILABLE &&
		   b->local.driver->submit(b->local.state, &request) == 0;
	aaa_request_wipe(&request);
	return is_asked;
}

// Those of RADIUS; who is asked for among the local users instead has his reply there. Once only: it is a turn's worth of
// work, and if there are more, the descriptor stays readable.
static unsigned int poll_radius(struct by_tenant *b, struct aaa_reply *replies, unsigned int n)
{
	unsigned int n_got = b->radius.driver->poll(b->radius.state, replies, n), n_out = 0;

	for (unsigned int i = 0; i < n_got; i++) {
		if (ask_local(b, &replies[i]))
			continue;
		if (n_out != i)
			replies[n_out] = replies[i];
		n_out++;
	}
	for (unsigned int i = n_out; i < n_got; i++)
		aaa_reply_wipe(&replies[i]);
	return n_out;
}

static unsigned int by_tenant_poll(void *state, struct aaa_reply *replies, unsigned int n)
{
	struct by_tenant *b = state;
	unsigned int n_out = b->radius.state ? poll_radius(b, replies, n) : 0;

	return n_out + b->local.driver->poll(b->local.state, replies + n_out, n - n_out);
}

static int by_tenant_event_fd(void *state)
{
	const struct by_tenant *b = state;

	return b->epoll_fd;
}

// ---- what passes through

static void by_tenant_account(void *state, const struct aaa_account *record)
{
	struct by_tenant *b = state;

	if (b->radius.state && b->radius.driver->account)
		b->radius.driver->account(b->radius.state, record);
}

static bool by_tenant_account_is_full(void *state)
{
	struct by_tenant *b = state;

	return b->radius.state && b->radius.driver->account_is_full &&
	       b->radius.driver->account_is_full(b->radius.state);
}

static bool by_tenant_is_drained(void *state)
{
	struct by_tenant *b = state;

	return !b->radius.state || !b->radius.driver->is_drained ||
	       b->radius.driver->is_drained(b->radius.state);
}

static unsigned int by_tenant_poll_changes(void *state, struct aaa_change *changes, unsigned int n)
{
	struct by_tenant *b = state;

	if (!b->radius.state || !b->radius.driver->poll_changes)
		return 0;
	return b->radius.driver->poll_changes(b->radius.state, changes, n);
}

static void by_tenant_answer_change(void *state, uint64_t tag, enum aaa_error_cause cause)
{
	struct by_tenant *b = state;

	if (b->radius.state && b->radius.driver->answer_change)
		b->radius.driver->answer_change(b->radius.state, tag, cause);
}

// Of the local users, who are many; what RADIUS has to do is little.
static int by_tenant_prepare(void *state, const struct config *config, void **prepared)
{
	const struct part *p = &((struct by_tenant *)state)->local;

	return p->driver->prepare ? p->driver->prepare(p->state, config, prepared) : 0;
}

static void by_tenant_discard(void *state, void *prepared)
{
	const struct part *p = &((struct by_tenant *)state)->local;

	if (p->driver->discard)
		p->driver->discard(p->state, prepared);
}

static void by_tenant_set_debug(void *state, const struct aaa_debug *debug)
{
	struct by_tenant *b = state;

	b->debug = *debug;
	set_part_debug(b, &b->local);
	set_part_debug(b, &b->radius);
}

static int reload_part(struct part *p, const struct config *config, void **prepared)
{
	return p->driver->reload ? p->driver->reload(p->state, config, prepared) : -ENOTSUP;
}

static int reload_radius(struct by_tenant *b, const struct config *config)
{
	void *nothing = NULL;

	if (b->radius.state)
		return reload_part(&b->radius, config, &nothing);
	return needs_radius(config) ? open_part(b, &b->radius, config) : 0;
}

// RADIUS, once open, stays: its answers to calls under way and records on their way are still to come. The local users go
// last: with what is prepared nothing of them can fail.
static int by_tenant_reload(void *state, const struct config *config, void **prepared)
{
	struct by_tenant *b = state;
	bool was_open = b->radius.state != NULL;
	int rc = *prepared ? 0 : by_tenant_prepare(state, config, prepared);

	if (rc == 0)
		rc = reload_radius(b, config);
	if (rc != 0)
		return rc;
	rc = reload_part(&b->local, config, prepared);
	if (rc == 0)
		b->config = config;
	else if (was_open)
		(void)reload_radius(b, b->config);
	else
		close_part(&b->radius);
	return rc;
}

static void by_tenant_describe(void *state, char *out, size_t cap)
{
	struct by_tenant *b = state;
	struct part *const parts[] = {&b->local, &b->radius};
	size_t len = 0;

	if (cap > 0)
		out[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && len < cap; i++) {
		if (!parts[i]->state || !parts[i]->driver->describe)
			continue;
		parts[i]->driver->describe(parts[i]->state, out + len, cap - len);
		len += strlen(out + len);
	}
}

const struct aaa_driver aaa_driver_by_tenant = {
	.name = "by-tenant",
	.open = open_own,
	.close = by_tenant_close,
	.submit = by_tenant_submit,
	.poll = by_tenant_poll,
	.event_fd = by_tenant_event_fd,
	.account = by_tenant_account,
	.account_is_full = by_tenant_account_is_full,
	.is_drained = by_tenant_is_drained,
	.poll_changes = by_tenant_poll_changes,
	.answer_change = by_tenant_answer_change,
	.prepare = by_tenant_prepare,
	.discard = by_tenant_discard,
	.reload = by_tenant_reload,
	.set_debug = by_tenant_set_debug,
	.describe = by_tenant_describe,
};
