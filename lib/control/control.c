// SPDX-License-Identifier: BSD-3-Clause
#include "control/control.h"

#include "control/accounting.h"
#include "control/api.h"
#include "control/call_auth.h"
#include "control/call_policy.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "control/lockout_watch.h"
#include "control/shutdown.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
	AAA_REPLIES = 8, // between looks at the clock
	PPTP_FIRMWARE = 1,
};

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS	  UINT64_C(1000000)

static const uint64_t SILENT_GRACE_NS = 1 * SECOND_NS; // a client speaks first and at once
static const uint64_t TALKING_GRACE_NS = 10 * SECOND_NS;
static const uint64_t STOP_TIMEOUT_NS = 5 * SECOND_NS; // RFC 2637 3.1.4: after StopCCRP
static const uint64_t FIRST_RESTART_NS = 300 * MS_NS;

uint64_t control_wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

// ---- what the configuration means for the machines ----------------------------------------------

static void configure_conns(struct control *c)
{
	const struct config *from = c->config.config;
	struct pptp_conn_config *to = &c->conn_config;

	snprintf(to->host_name, sizeof(to->host_name), "%s", from->name);
	snprintf(to->vendor, sizeof(to->vendor), "adit");
	to->firmware = PPTP_FIRMWARE;
	to->max_channels = from->max_calls < UINT16_MAX ? (uint16_t)from->max_calls : UINT16_MAX;
	to->handshake_timeout_ns = from->handshake_timeout_s * SECOND_NS;
	to->idle_timeout_ns = from->idle_connection_s * SECOND_NS;
	to->echo_interval_ns = from->echo_interval_s * SECOND_NS;
	to->echo_timeout_ns = from->echo_timeout_s * SECOND_NS;
	to->stop_timeout_ns = STOP_TIMEOUT_NS;
}

// What the server as a whole says: of a client that is not known yet.
static struct link_policy server_policy(const struct config *from)
{
	const struct policy p = {.encryption = (uint8_t)from->encryption,
		.mppe_bits = (uint8_t)from->mppe_bits,
		.stateless_required = from->mppe_stateless_required,
		.use_client_address = from->use_client_address};

	return call_policy_link(&p);
}

static void configure_auth(struct link_config *to, const struct config *from)
{
	to->n_auth_methods = 0;
	for (uint16_t i = 0; i < from->n_auth_methods && i < AUTH_METHODS_MAX; i++) {
		enum auth_method method = AUTH_METHOD_NONE;

		switch ((enum config_auth_method)from->auth_methods[i]) {
		case CONFIG_AUTH_MSCHAPV2:
			method = AUTH_METHOD_MSCHAPV2;
			break;
		case CONFIG_AUTH_MSCHAPV1:
			method = AUTH_METHOD_MSCHAPV1;
			break;
		case CONFIG_AUTH_CHAP:
			method = AUTH_METHOD_CHAP_MD5;
			break;
		case CONFIG_AUTH_PAP:
			method = AUTH_METHOD_PAP;
			break;
		}
		to->auth_methods[to->n_auth_methods++] = method;
	}
}

static void configure_link(
	struct link_config *to, const struct config *from, const struct config_pool *pool)
{
	const struct link_policy policy = server_policy(from);

	*to = (struct link_config){
		.mru = from->mru,
		.require_encryption = policy.require_encryption,
		.prefer_encryption = policy.prefer_encryption,
		.require_stateless = policy.require_stateless,
		.mppe_bits = policy.mppe_bits,
		.may_change_password = from->change_password,
		.use_client_address = policy.use_client_address,
		.server_be = pool->server_inner_be,
		.n_dns = (uint8_t)pool->n_dns,
		.n_nbns = (uint8_t)pool->n_nbns,
		.restart_ns = from->restart_ms * MS_NS,
		.max_configure = (uint8_t)from->max_configure,
		.max_terminate = (uint8_t)from->max_terminate,
		.max_failure = (uint8_t)from->max_failure,
		.auth_retries = (uint8_t)from->auth_retries,
		.auth_timeout_ns = from->auth_timeout_s * SECOND_NS,
		.no_lcp_timeout_ns = from->no_lcp_timeout_s * SECOND_NS,
		.setup_timeout_ns = from->setup_timeout_s * SECOND_NS,
		.echo_interval_ns = from->lcp_echo_interval_s * SECOND_NS,
		.echo_failures = (uint8_t)from->lcp_echo_failures,
	};
	to->first_restart_ns =
		to->restart_ns < FIRST_RESTART_NS ? to->restart_ns : FIRST_RESTART_NS;
	memcpy(to->dns_be, pool->dns_be, sizeof(to->dns_be));
	memcpy(to->nbns_be, pool->nbns_be, sizeof(to->nbns_be));
	snprintf(to->name, sizeof(to->name), "%s", from->name);
	configure_auth(to, from);
}

static struct admission_limits admission_limits_of(const struct config *from)
{
	return (struct admission_limits){
		.max_connections = from->max_connections,
		.max_per_source = from->max_connections_per_source,
		.max_strangers = from->max_unauthenticated,
		.max_strangers_per_source = from->max_unauthenticated_per_source,
		.setups_per_second = from->setups_per_second_per_source,
		.silent_grace_ns = SILENT_GRACE_NS,
		.talking_grace_ns = TALKING_GRACE_NS,
		.max_calls_per_source = from->max_calls_per_source,
		.max_setups = from->max_setups,
	};
}

void control_configure(struct control *c)
{
	const struct config *config = c->config.config;

	configure_conns(c);
	for (uint16_t i = 0; i < c->n_pools; i++)
		configure_link(&c->link_configs[i], config, &config->pools[i]);
	c->admission.limits = admission_limits_of(config);
}

// ---- signals, AAA, once a second ----------------------------------------------------------------

// Something like logrotate has moved the file away, or an operator has made room for it.
static void reopen_log(struct control *c)
{
	struct log *log = c->config.log;
	struct event e;

	if (!log->file.path[0])
		return;
	int rc = log_reopen(log);
	event_begin(&e, EVENT_LOG_FILE);
	event_word(&e, "path", log->file.path);
	event_word(&e, rc == 0 ? "text" : "error", rc == 0 ? "opened again" : strerror(-rc));
	event_send(log, &e);
}

static void signal_ready(struct loop_source *s, uint32_t events)
{
	struct control *c = container_of(s, struct control, signal_source);
	struct signalfd_siginfo info;

	while (read(c->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			control_stop(c);
			continue;
		}
		reopen_log(c);
		reload_signal(c);
	}
}

static void aaa_ready(struct loop_source *s, uint32_t events)
{
	container_of(s, struct control, aaa_source)->aaa_pending = true;
}

static void take_replies(struct control *c)
{
	struct aaa_reply replies[AAA_REPLIES];
	uint64_t end_ns = loop_slice_end();
	unsigned int n;

	if (!c->aaa_pending)
		return;
	c->aaa_pending = false; // what is submitted meanwhile sets it again
	do {
		n = c->config.aaa->poll(c->aaa, replies, AAA_REPLIES);
		for (unsigned int i = 0; i < n; i++) {
			struct call *call = placement_find(&c->placement, replies[i].tag);
			if (call)
				call_auth_take_reply(call, &replies[i]);
			else
				counter_add(&c->counters.stale_events, 1);
			aaa_reply_wipe(&replies[i]);
		}
	} while (n == AAA_REPLIES && !loop_slice_is_over(end_ns));
	c->aaa_pending |= n == AAA_REPLIES;
	c->aaa_pending |= change_take(c);
}

static void check_pace(struct control *c)
{
	const struct setup_pace *p = &c->setup_pace;
	struct event e;

	switch (setup_pace_second(&c->setup_pace, control_now(c))) {
	case SETUP_PACE_NOTHING:
		return;
	case SETUP_PACE_STORM_BEGAN:
		event_begin(&e, EVENT_STORM_BEGAN);
		event_u64(&e, "waiting", c->admission.n_waiting);
		event_u64(&e, "setups", c->admission.n_setups);
		event_u64(&e, "calls", placement_count(&c->placement));
		break;
	case SETUP_PACE_STORM_ENDED:
		event_begin(&e, EVENT_STORM_ENDED);
		event_duration(&e, "duration", p->ended_ns - p->began_ns);
		event_u64(&e, "connections", p->last.n_begun);
		event_u64(&e, "most-waiting", p->last.waiting_most);
		event_duration(&e, "longest-wait", p->last.wait_longest_ns);
		event_duration(&e, "longest-turn", p->last.turn_longest_ns);
		event_u64(&e, "calls", placement_count(&c->placement));
		break;
	}
	event_send(c->config.log, &e);
}

static void every_second(struct timer *t, uint64_t now_ns)
{
	struct control *c = container_of(t, struct control, second);

	workers_check(c);
	samples_begin(&c->samples, now_ns);
	crypto_watch_sample(c);
	lane_watch_sample(c);
	port_watch_check(c);
	routes_check(c);
	listener_check(c);
	address_check(c);
	tenant_rates_divide(c);
	check_pace(c);
	api_check(c->api);
	lockout_watch_check(c);
	if (c->config.every_second)
		c->config.every_second(c->config.context);
	timer_heap_arm(&c->loop.timers, t, now_ns + SECOND_NS);
}

static void publish(struct timer *t, uint64_t now_ns)
{
	routes_publish(container_of(t, struct control, publish));
}

// It only wakes the loop, which goes on with the shutdown in each turn.
static void stop_tick(struct timer *t, uint64_t now_ns)
{
}

// ---- birth --------------------------------------------------------------------------------------

static int fail(struct control *c, const char *what, int rc)
{
	struct event e;

	if (rc == 0)
		return 0;
	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", what);
	event_word(&e, "error", strerror(-rc));
	event_send(c->config.log, &e);
	return rc;
}

static int fail_api(struct control *c, int rc)
{
	struct event e;

	if (rc == 0)
		return 0;
	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", "control.socket");
	event_word(&e, "path", c->config.config->socket_path);
	event_word(&e, "error", strerror(-rc));
	if (rc == -EADDRINUSE)
		event_word(&e, "hint", "another adit answers there");
	else if (rc == -EEXIST)
		event_word(&e, "hint", "a file that is no socket has this name");
	event_send(c->config.log, &e);
	return rc;
}

static int open_pools(struct control *c)
{
	const struct config *config = c->config.config;

	for (uint16_t i = 0; i < config->n_pools; i++) {
		int rc = pool_init(&c->pools[i], &config->pools[i]);
		if (rc != 0)
			return fail(c, config->pools[i].name, rc);
		configure_link(&c->link_configs[i], config, &config->pools[i]);
		c->n_pools++;
	}
	if (c->n_pools == 0)
		return fail(c, "pools", -EINVAL);
	return fail(c, "tenants", tenants_open(c));
}

static bool has_sticky(const struct config *config)
{
	for (uint16_t i = 0; i < config->n_tenants; i++)
		if (config->tenants[i].sticky_addresses)
			return true;
	return false;
}

static int open_tables(struct control *c)
{
	const struct owner_map *owners = c->config.owners;
	uint32_t n_slots[LIMIT_WORKERS];
	uint64_t seed;

	for (unsigned int i = 0; i < c->config.n_workers; i++)
		n_slots[i] = c->config.sessions[i]->n_slots;
	int rc = placement_init(&c->placement, n_slots, c->config.n_workers);
	if (rc != 0)
		return fail(c, "session slots", rc);
	c->call_tables = calloc(owners->n_listen, sizeof(*c->call_tables));
	if (!c->call_tables)
		return fail(c, "Call IDs", -ENOMEM);
	for (uint32_t i = 0; i < owners->n_listen; i++) {
		rc = call_table_init(&c->call_tables[i],
			owners->n_listen <= OWNER_LISTEN_LARGE ? LIMIT_CALL_IDS : OWNER_CALLS_MIN);
		if (rc != 0)
			return fail(c, "Call IDs", rc);
	}
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return fail(c, "random numbers", -EIO);
	supersede_init(&c->supersede, seed);
	rc = has_sticky(c->config.config)
		     ? fail(c, "sticky addresses", sticky_init(&c->sticky, seed))
		     : 0;
	if (rc != 0)
		return rc;
	logins_init(&c->logins, seed);
	if ((rc = change_open(c, seed)) != 0)
		return fail(c, "index of calls", rc);
	const struct admission_limits limits = admission_limits_of(c->config.config);
	rc = fail(c, "admission table", admission_init(&c->admission, &limits, seed));
	if (rc != 0)
		return rc;
	return fail(c, "history", history_init(&c->history, c->config.config->history_calls));
}

static int open_signals(struct control *c)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	c->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (c->signal_fd < 0)
		return fail(c, "signals", -errno);
	c->signal_source =
		(struct loop_source){.fd = c->signal_fd, .events = EPOLLIN, .ready = signal_ready};
	return fail(c, "signals", loop_add(&c->loop, &c->signal_source));
}

static int open_aaa(struct control *c)
{
	int rc = c->config.aaa->open(c->config.config, c->config.log, &c->aaa);

	if (rc != 0) {
		c->aaa = NULL;
		return fail(c, "aaa", rc);
	}
	c->aaa_source = (struct loop_source){
		.fd = c->config.aaa->event_fd(c->aaa), .events = EPOLLIN, .ready = aaa_ready};
	if (c->aaa_source.fd < 0)
		return 0;
	return fail(c, "aaa", loop_add(&c->loop, &c->aaa_source));
}

static int open_timers(struct control *c)
{
	struct timer_heap *h = &c->loop.timers;

	if (timer_heap_join(h, &c->second, every_second) != 0 || refusal_open(c) != 0 ||
		timer_heap_join(h, &c->publish, publish) != 0 ||
		timer_heap_join(h, &c->stop_timer, stop_tick) != 0 || crypto_watch_open(c) != 0 ||
		clear_user_open(c) != 0 || reload_open(c) != 0)
		return fail(c, "timers", -ENOMEM);
	timer_heap_arm(h, &c->second, control_now(c) + SECOND_NS);
	return 0;
}

static int open_all(struct control *c)
{
	int rc = fail(c, "loop", loop_init(&c->loop, c->config.wake));

	if (rc != 0)
		return rc;
	c->has_loop = true;
	c->started_ns = control_now(c);
	setup_pace_init(&c->setup_pace, c->started_ns);
	if ((rc = open_timers(c)) != 0 || (rc = open_signals(c)) != 0 ||
		(rc = open_pools(c)) != 0 || (rc = open_tables(c)) != 0 ||
		(rc = open_aaa(c)) != 0 ||
		(rc = fail(c, "lock-out table", lockout_watch_open(c))) != 0 ||
		(rc = fail(c, "command backlogs", workers_init(c))) != 0 ||
		(rc = fail(c, "accounting", accounting_open(c))) != 0 ||
		(rc = fail(c, "rates of tenants", tenant_rates_open(c))) != 0 ||
		(rc = routes_open(c)) != 0 || (rc = fail_api(c, api_open(c, &c->api))) != 0)
		return rc;
	// The first table goes down before the first client comes.
	routes_publish(c);
	if ((rc = fail(c, "access lists", acls_publish(c))) != 0)
		return rc;
	return listener_open_all(c);
}

int control_new(const struct control_config *config, struct control **out)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->signal_fd = -1;
	c->listeners.reserve_fd = -1;
	c->started_wall_ns = control_wall_ns();
	TAILQ_INIT(&c->conns);
	TAILQ_INIT(&c->doomed);
	configure_conns(c);
	debug_init(&c->debug, config->log);
	int rc = open_all(c);
	if (rc != 0) {
		control_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

// ---- death --------------------------------------------------------------------------------------

static void abandon_calls(struct control *c)
{
	uint32_t cursor = 0;
	bool is_end;
	struct call *call;

	while ((call = placement_next(&c->placement, &cursor, UINT32_MAX, &is_end)))
		call_abandon(call);
}

void control_free(struct control *c)
{
	struct conn *conn;

	if (!c)
		return;
	if (c->has_loop) {
		reload_close(c);
		listener_close_all(c);
		abandon_calls(c);
		TAILQ_FOREACH(conn, &c->conns, in_all)
		conn_doom(conn, END_ADMIN_SHUTDOWN);
		while (!TAILQ_EMPTY(&c->doomed))
			conn_reap(c);
		api_close(c->api);
		workers_fini(c); // before the tables that the commands in the rings point to
		routes_close(c);
		acls_close(c);
	}
	if (c->aaa) {
		accounting_end(c);
		c->config.aaa->close(c->aaa);
	}
	if (c->signal_fd >= 0)
		close(c->signal_fd);
	history_fini(&c->history);
	admission_fini(&c->admission);
	lockout_watch_close(c);
	logins_fini(&c->logins);
	change_close(c);
	placement_fini(&c->placement);
	for (uint32_t i = 0; c->call_tables && i < c->config.owners->n_listen; i++)
		call_table_fini(&c->call_tables[i]);
	free(c->call_tables);
	for (uint16_t i = 0; i < c->n_pools; i++)
		pool_fini(&c->pools[i]);
	sticky_fini(&c->sticky);
	tenant_rates_close(c);
	tenants_close(c);
	if (c->has_loop)
		loop_fini(&c->loop);
	reload_free(c);
	free(c);
}

// ---- life ---------------------------------------------------------------------------------------

void control_stop(struct control *c)
{
	shutdown_begin(c);
}

static bool has_work(void *context)
{
	const struct control *c = context;

	return workers_have_work(c) || c->aaa_pending || listener_has_work(c) ||
	       !TAILQ_EMPTY(&c->doomed);
}

static void end_of_turn(struct control *c)
{
	conn_reap(c);
	workers_flush(c);
	api_wake_streams(c->api);
	timer_heap_arm(&c->loop.timers, &c->publish, routes_due(c));
}

int control_turn(struct control *c, int timeout_ms)
{
	if (c->phase == CONTROL_STOPPED)
		return 0;
	bool more = workers_take(c);
	bool is_behind = more || workers_have_backlog(c) || c->loop.is_behind;
	take_replies(c);
	routes_publish(c);
	end_of_turn(c);
	int rc = loop_turn(&c->loop, more ? 0 : timeout_ms, has_work, c);
	if (rc != 0)
		return rc;
	take_replies(c);
	// Those who are here have been served; now to those who wish to be.
	setup_pace_turn(&c->setup_pace, is_behind, control_now(c));
	listener_run(c);
	end_of_turn(c);
	setup_pace_turn_took(&c->setup_pace, loop_clock_ns() - c->loop.woken_ns);
	if (c->phase != CONTROL_STOPPING || !shutdown_go_on(c))
		return 1;
	c->phase = CONTROL_STOPPED;
	return 0;
}

int control_run(struct control *c)
{
	struct event e;
	int rc;

	event_begin(&e, EVENT_READY);
	event_u64(&e, "workers", c->config.n_workers);
	event_u64(&e, "ports", c->config.n_ports);
	for (uint32_t i = 0; i < c->config.owners->n_listen; i++)
		event_endpoint(&e, "listen", c->config.owners->listen_be[i],
			htons(c->config.config->tcp_port));
	event_send(c->config.log, &e);
	if (c->config.ready)
		c->config.ready(c->config.context);
	do
		rc = control_turn(c, -1);
	while (rc == 1);
	return rc;
}
