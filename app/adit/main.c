// SPDX-License-Identifier: BSD-3-Clause
// adit: wiring. Reads the configuration, tests the crypto, makes the lanes, runs control on this
// thread until a signal ends it, and takes everything down again.
#include "adit/crypto_setup.h"
#include "adit/eal.h"
#include "adit/lanes.h"
#include "adit/log_setup.h"
#include "adit/notify.h"
#include "adit/options.h"
#include "adit/ports.h"
#include "adit/privilege.h"
#include "adit/start_failed.h"
#include "conf/load.h"
#include "drivers/drivers.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { EXIT_USAGE = 2, MBUF_CACHE = 256, DESCRIPTORS_SPARE = 128 };

struct app {
	struct config *config;
	struct log log;
	const struct crypto_driver *crypto;
	struct crypto_setup crypto_setup; // of every worker, but for its own
	bool has_eal;
	struct rte_mempool *pool;
	struct ports ports;
	struct lanes lanes;
	struct crypto_view crypto_view; // what control shows of it
	struct control *control;
};

static void on_ready(void *context)
{
	(void)context;
	notify_ready();
}

static void on_stopping(void *context)
{
	(void)context;
	notify_stopping();
}

static void on_second(void *context)
{
	(void)context;
	notify_alive();
}

// Control takes the signals by descriptor; no thread may be interrupted by them.
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void raise_descriptor_limit(const struct config *c)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	rlim_t wanted = (rlim_t)c->max_connections + DESCRIPTORS_SPARE;
	if (r.rlim_cur >= wanted)
		return;
	r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

static int load_config(struct app *a, const struct options *options)
{
	struct config_errors *errors = calloc(1, sizeof(*errors));
	int error = -ENOMEM;

	a->config = config_new();
	if (errors && a->config) {
		error = config_load(options->config_path, a->config, errors);
		config_errors_print(errors, stderr);
		if (error && errors->n_errors == 0)
			fprintf(stderr, "adit: %s: %s\n", options->config_path, strerror(-error));
		if (!error && options->check_only)
			printf("%s: ok\n", options->config_path);
	}
	free(errors);
	return error;
}

static void tell_config(struct app *a, const char *path)
{
	const struct config *c = a->config;
	struct event e;

	event_begin(&e, EVENT_CONFIG_LOADED);
	event_word(&e, "file", path);
	event_u64(&e, "ports", c->n_ports);
	event_u64(&e, "workers", c->n_workers);
	event_u64(&e, "engines", c->n_engines);
	event_u64(&e, "pools", c->n_pools);
	event_u64(&e, "groups", c->n_groups);
	event_u64(&e, "users", c->n_users);
	event_send(&a->log, &e);
}

static int open_all(struct app *a)
{
	struct config *c = a->config;
	int error = eal_start(c, &a->log);

	if (error)
		return error;
	a->has_eal = true;
	a->pool = rte_pktmbuf_pool_create(
		"packets", c->n_mbufs, MBUF_CACHE, 0, eal_mbuf_bytes(c), (int)rte_socket_id());
	if (!a->pool)
		return start_failed(&a->log, "packet-pool", -rte_errno, NULL);
	error = ports_open(&a->ports, c, a->pool, &a->log);
	if (!error)
		error = lanes_open(
			&a->lanes, c, &a->ports, a->pool, a->crypto, &a->crypto_setup, &a->log);
	return error;
}

// It would be found out when the log is full, or when a user changes his password.
static void check_directory(struct app *a, const char *key, const char *path)
{
	struct event e;

	if (!path[0] || privilege_may_write_beside(path))
		return;
	event_begin(&e, EVENT_CONFIG_WARNING);
	event_word(&e, "key", key);
	event_word(&e, "file", path);
	event_word(&e, "text",
		"run_as_user may not write to its directory: a new file cannot take its place");
	event_send(&a->log, &e);
}

static int drop_privileges(struct app *a)
{
	const struct config *c = a->config;

	if (!c->run_as_user[0])
		return 0;
	int error = privilege_drop_to(c->run_as_user);
	if (error)
		return start_failed(&a->log, "run-as-user", error, NULL);
	check_directory(a, "log.file", c->log_file);
	check_directory(a, "auth.password_file", c->password_file);
	return 0;
}

static int serve(struct app *a)
{
	const struct session_table *sessions[LIMIT_WORKERS];
	const struct lane_counters *counters[LIMIT_WORKERS];
	int error;

	for (unsigned int i = 0; i < a->lanes.n_workers; i++) {
		sessions[i] = &a->lanes.sessions[i];
		counters[i] = a->lanes.counters[i];
	}
	lanes_show_crypto(&a->lanes, a->config, &a->crypto_view);
	a->crypto_view.tsc_hz = (double)rte_get_tsc_hz();
	const struct control_config control = {
		.config = a->config,
		.log = &a->log,
		.pool = a->pool,
		.n_ports = a->ports.n,
		.ports = a->ports.control,
		.n_workers = a->lanes.n_workers,
		.links = a->lanes.links,
		.sessions = sessions,
		.counters = counters,
		.crypto = &a->crypto_view,
		.wake = &a->lanes.wake,
		.owners = a->lanes.owners,
		.aaa = drivers_find_aaa("local"),
		.ready = on_ready,
		.stopping = on_stopping,
		.every_second = on_second,
	};
	error = control_new(&control, &a->control);
	if (error)
		return error;
	error = drop_privileges(a);
	if (error)
		return error;
	error = lanes_start(&a->lanes);
	if (error)
		return start_failed(&a->log, "workers", error, NULL);
	return control_run(a->control);
}

// A thread that hangs may go on while we end: it keeps all that it knows.
static void leave_stuck(struct app *a)
{
	struct event e;

	event_begin(&e, EVENT_LANE_STALLED);
	event_u64(&e, "engine", a->lanes.engines.n_running - 1);
	event_send(&a->log, &e);
	control_free(a->control);
}

// Everything in reverse; each part copes with never having been opened. False: a thread goes on, and `a` must stay.
static bool close_all(struct app *a)
{
	if (!lanes_stop(&a->lanes)) {
		leave_stuck(a);
		return false;
	}
	control_free(a->control);
	lanes_close(&a->lanes);
	ports_close(&a->ports);
	rte_mempool_free(a->pool);
	if (a->has_eal) // else EAL would complain in the log, in words that mislead
		(void)rte_eal_cleanup();
	return true;
}

int main(int argc, char **argv)
{
	struct app *a = calloc(1, sizeof(*a));
	struct options options;
	int status = EXIT_FAILURE;
	bool is_closed = true;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_DONE:
		free(a);
		return EXIT_SUCCESS;
	case OPTIONS_BAD:
		free(a);
		return EXIT_USAGE;
	}
	if (!a)
		return EXIT_FAILURE;
	block_signals();
	(void)privilege_no_cores();
	if (load_config(a, &options) != 0)
		goto free_config;
	if (options.check_only) {
		status = EXIT_SUCCESS;
		goto free_config;
	}
	log_setup(&a->log, a->config);
	tell_config(a, options.config_path);
	raise_descriptor_limit(a->config);
	if (crypto_setup_choose(
		    a->config, &a->log, &a->crypto, &a->crypto_setup, &a->crypto_view) == 0) {
		if (open_all(a) == 0 && serve(a) == 0)
			status = EXIT_SUCCESS;
		is_closed = close_all(a);
	}
	struct event e;
	event_begin(&e, EVENT_STOPPED);
	event_i64(&e, "status", status);
	event_send(&a->log, &e);
	event_log_free(a->log.events);
	log_close(&a->log);

free_config:
	config_free(a->config);
	if (is_closed)
		free(a);
	return status;
}
