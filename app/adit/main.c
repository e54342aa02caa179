// SPDX-License-Identifier: BSD-3-Clause
// adit: wiring. Reads the configuration, tests the crypto, makes the lanes, runs control on this
// thread until a signal ends it, and takes everything down again.
#include "adit/crypto_setup.h"
#include "adit/eal.h"
#include "adit/host_limits.h"
#include "adit/lanes.h"
#include "adit/log_setup.h"
#include "adit/memory_plan.h"
#include "adit/notify.h"
#include "adit/options.h"
#include "adit/packet_pools.h"
#include "adit/ports.h"
#include "adit/privilege.h"
#include "adit/start_failed.h"
#include "adit/unsafe_null.h"
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

enum { EXIT_USAGE = 2, UNSAFE_TELL_S = 60 };

struct app {
	struct config *config;
	char *config_path; // whole: the directory that we were started in is of no account later
	struct log log;
	const struct crypto_driver *crypto;
	struct crypto_setup crypto_setup; // of every worker, but for its own
	bool has_eal;
	struct numa_topology topology;
	struct memory_plan memory_plan;
	struct packet_pools pools;
	struct ports ports;
	struct lanes lanes;
	struct crypto_view crypto_view; // what control shows of it
	struct lane_view lane_view;	// and of the lanes
	struct control *control;
	unsigned int
		tells_unsafe_s; // until the log hears again that nothing is encrypted; 0: all is
};

static void on_ready(void *context)
{
	(void)context;
	notify_ready();
}

static void on_reloading(void *context)
{
	(void)context;
	notify_reloading();
}

static void on_reloaded(void *context, const struct config *config)
{
	struct app *a = context;

	if (config)
		log_setup_again(&a->log, config);
	notify_ready();
}

static void on_stopping(void *context)
{
	(void)context;
	notify_stopping();
}

static void on_second(void *context)
{
	struct app *a = context;

	notify_alive();
	if (a->tells_unsafe_s && --a->tells_unsafe_s == 0) {
		unsafe_null_tell(&a->log);
		a->tells_unsafe_s = UNSAFE_TELL_S;
	}
}

static void report_memory(void *context, struct memory_report *r)
{
	const struct app *a = context;

	packet_pools_report(&a->pools, r);
	lanes_report(&a->lanes, r);
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

static int load_config(struct app *a, const struct options *options)
{
	struct config_errors *errors = calloc(1, sizeof(*errors));
	int error = -ENOMEM;

	a->config = config_new();
	a->config_path = realpath(options->config_path, NULL);
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

// -t: would it start, as far as memory goes?
static bool tell_plan(const struct app *a)
{
	bool fits = memory_plan_fits(&a->memory_plan, a->config);

	memory_plan_print(&a->memory_plan, a->config, stdout);
	if (!fits)
		fprintf(stderr,
			"adit: memory.size_mb = %u does not hold the %u MiB above: raise it, or "
			"lower pptp.max_calls, memory.sessions_per_worker or memory.mbufs\n",
			a->config->memory_mb, memory_plan_mb(&a->memory_plan));
	return fits;
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

static int choose_crypto(struct app *a, bool unsafe_null)
{
	if (!unsafe_null)
		return crypto_setup_choose(
			a->config, &a->log, &a->crypto, &a->crypto_setup, &a->crypto_view);
	a->tells_unsafe_s = UNSAFE_TELL_S;
	return unsafe_null_choose(a->config, &a->log, &a->crypto, &a->crypto_view);
}

// What is planned before DPDK runs: who is where, and how much memory that takes.
static void plan(struct app *a)
{
	const struct config *c = a->config;

	a->topology.n_workers = c->n_workers;
	for (unsigned int i = 0; i < c->n_workers; i++)
		a->topology.worker_nodes[i] = numa_plan_cpu_node(c->worker_cpus[i]);
	memory_plan_make(&a->memory_plan, c, a->topology.worker_nodes);
}

static int open_all(struct app *a)
{
	struct config *c = a->config;
	uint32_t node_mb[NUMA_NODES_MAX];
	int error = memory_plan_check(&a->memory_plan, c, &a->log);

	if (error)
		return error;
	numa_plan_split(a->memory_plan.node_bytes, c->memory_mb, node_mb);
	error = eal_start(c, node_mb, &a->log);
	if (error)
		return error;
	a->has_eal = true;
	error = packet_pools_open(&a->pools, c, numa_plan_nodes(&a->topology));
	if (error)
		return start_failed(&a->log, "packet-pool", error, NULL);
	error = ports_open(&a->ports, c, &a->pools, &a->topology, &a->log);
	if (!error)
		error = lanes_open(
			&a->lanes, c, &a->ports, &a->pools, a->crypto, &a->crypto_setup, &a->log);
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
	lanes_show(&a->lanes, &a->topology, &a->lane_view);
	lanes_show_crypto(&a->lanes, a->config, &a->crypto_view);
	a->crypto_view.tsc_hz = (double)rte_get_tsc_hz();
	const struct control_config control = {
		.config = a->config,
		.log = &a->log,
		.pool = a->pools.first,
		.n_ports = a->ports.n,
		.ports = a->ports.control,
		.vlan_taps = a->ports.vlans.taps,
		.n_workers = a->lanes.n_workers,
		.links = a->lanes.links,
		.sessions = sessions,
		.counters = counters,
		.crypto = &a->crypto_view,
		.lanes = &a->lane_view,
		.call_classes = a->ports.call_classes,
		.memory = report_memory,
		.wake = &a->lanes.wake,
		.owners = a->lanes.owners,
		.aaa = drivers_find_aaa("by-tenant"),
		.config_path = a->config_path,
		.reloading = on_reloading,
		.reloaded = on_reloaded,
		.ready = on_ready,
		.stopping = on_stopping,
		.every_second = on_second,
		.context = a,
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
	packet_pools_close(&a->pools);
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
	plan(a);
	if (options.check_only) {
		status = tell_plan(a) ? EXIT_SUCCESS : EXIT_FAILURE;
		goto free_config;
	}
	log_setup(&a->log, a->config);
	tell_config(a, options.config_path);
	host_limits_raise_descriptors(a->config, &a->log);
	host_limits_check_kernel(a->config, &a->log);
	if (choose_crypto(a, options.unsafe_null) == 0) {
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
	if (is_closed) {
		free(a->config_path);
		free(a);
	}
	return status;
}
