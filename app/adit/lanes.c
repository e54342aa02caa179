// SPDX-License-Identifier: BSD-3-Clause
#include "adit/lanes.h"

#include "adit/start_failed.h"
#include "msg/pool_bytes.h"

#include <errno.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>
#include <stdio.h>

static int open_links(struct lanes *l, unsigned int i, int socket)
{
	struct lane_links *k = &l->links[i];
	char name[32];

	snprintf(name, sizeof(name), "commands-%u", i);
	k->commands = lane_ring_new_commands(name, LIMIT_COMMAND_RING, socket);
	snprintf(name, sizeof(name), "events-%u", i);
	k->events = lane_ring_new_events(name, LIMIT_EVENT_RING, socket);
	snprintf(name, sizeof(name), "exceptions-%u", i);
	k->exceptions = lane_ring_new_events(name, LIMIT_EXCEPTION_RING, socket);
	k->wake = &l->wake;
	return k->commands && k->events && k->exceptions ? 0 : -ENOMEM;
}

static int open_handoffs(struct lanes *l)
{
	char name[32];

	for (unsigned int from = 0; from < l->n_workers; from++) {
		for (unsigned int to = 0; to < l->n_workers; to++) {
			if (from == to)
				continue;
			snprintf(name, sizeof(name), "handoff-%u-%u", from, to);
			l->handoff[from][to] = rte_ring_create(name, LIMIT_HANDOFF_RING,
				(int)rte_lcore_to_socket_id(to + 1), RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!l->handoff[from][to])
				return -ENOMEM;
		}
	}
	return 0;
}

static int open_worker(struct lanes *l, unsigned int i, const struct config *config,
	const struct ports *ports, const struct packet_pools *pools,
	const struct crypto_driver *crypto, const struct crypto_setup *setup)
{
	struct worker_config w = {
		.index = (uint8_t)i,
		.n_workers = (uint8_t)l->n_workers,
		.n_ports = (uint8_t)ports->n,
		.pptp_port = config->tcp_port,
		.socket = (int)rte_lcore_to_socket_id(i + 1),
		.pool = packet_pools_on(pools, (int)rte_lcore_to_socket_id(i + 1)),
		.links = &l->links[i],
		.sessions = &l->sessions[i],
		.owners = l->owners,
		.counters = l->counters[i],
		.crypto = crypto,
		.crypto_setup = *setup,
		.server_be = config->n_pools ? config->pools[0].server_inner_be : 0,
		.tenant_servers_be = ports->vlans.servers_be,
		.exception_rate_pps = config->exception_rate_pps,
		.pptp_rate_pps = config->pptp_rate_pps,
		.hash_seed = rte_rand(),
		.idle_sleep_us = config->idle_sleep_us,
		.failures_max = config->decrypt_failures_max,
	};
	int error = 0;

	w.crypto_setup.lane = i;
	w.crypto_setup.shared = l->engines.ism;
	w.crypto_setup.counters = l->crypto_counters[i];
	ports_for_worker(ports, config, i, w.ports);
	for (unsigned int other = 0; other < l->n_workers; other++) {
		w.handoff_in[other] = l->handoff[other][i];
		w.handoff_out[other] = l->handoff[i][other];
	}
	l->workers[i] = worker_new(&w, &error);
	return l->workers[i] ? 0 : error;
}

int lanes_open(struct lanes *l, const struct config *config, const struct ports *ports,
	const struct packet_pools *pools, const struct crypto_driver *crypto,
	const struct crypto_setup *setup, struct log *log)
{
	uint32_t n_slots = config_sessions_per_worker(config);
	int error;

	*l = (struct lanes){.wake.event_fd = -1};
	l->n_workers = config->n_workers;
	error = lane_wake_init(&l->wake);
	if (error)
		return start_failed(log, "eventfd", error, NULL);
	l->owners = owner_map_new(config->listen_be, config->n_listen);
	if (!l->owners)
		return start_failed(log, "owner-map", -ENOMEM, NULL);
	error = open_handoffs(l);
	if (error)
		return start_failed(log, "handoff-rings", error, NULL);
	error = engines_open(&l->engines, config, setup->sha1);
	if (error)
		return start_failed(log, "engines", error, NULL);
	for (unsigned int i = 0; i < l->n_workers; i++) {
		int socket = (int)rte_lcore_to_socket_id(i + 1);
		l->counters[i] = rte_zmalloc_socket(
			"counters", sizeof(*l->counters[i]), RTE_CACHE_LINE_SIZE, socket);
		l->crypto_counters[i] = rte_zmalloc_socket("crypto-counters",
			sizeof(*l->crypto_counters[i]), RTE_CACHE_LINE_SIZE, socket);
		error = l->counters[i] && l->crypto_counters[i] ? open_links(l, i, socket)
								: -ENOMEM;
		if (error)
			return start_failed(log, "rings", error, NULL);
		error = session_table_init(&l->sessions[i], n_slots, socket,
			config_may_be_stateful(config), config->late_pkts > 0,
			config_has_policy(config));
		// Those that a reload brings may have a rate too.
		if (!error && config_has_tenant_rates(config))
			error = session_table_add_tenants(&l->sessions[i], LIMIT_TENANTS, socket);
		if (error)
			return start_failed(log, "session-table", error, NULL);
		error = open_worker(l, i, config, ports, pools, crypto, setup);
		if (error)
			return start_failed(log, "worker", error, NULL);
	}
	return 0;
}

static int run_worker(void *worker)
{
	char name[16];

	snprintf(name, sizeof(name), "worker-%u", rte_lcore_id() - 1);
	(void)pthread_setname_np(pthread_self(), name);
	return worker_run(worker);
}

int lanes_start(struct lanes *l)
{
	int error = engines_start(&l->engines);

	for (; !error && l->n_running < l->n_workers; l->n_running++) {
		unsigned int i = l->n_running;
		error = rte_eal_remote_launch(run_worker, l->workers[i], i + 1);
		if (error)
			return error;
	}
	return error;
}

bool lanes_stop(struct lanes *l)
{
	for (unsigned int i = 0; i < l->n_running; i++)
		worker_stop(l->workers[i]);
	for (; l->n_running > 0; l->n_running--)
		(void)rte_eal_wait_lcore(l->n_running);
	return engines_stop(&l->engines);
}

void lanes_close(struct lanes *l)
{
	for (unsigned int i = 0; i < l->n_workers; i++) {
		worker_free(l->workers[i]);
		session_table_fini(&l->sessions[i]);
		lane_ring_free_commands(l->links[i].commands);
		lane_ring_free_events(l->links[i].events);
		lane_ring_free_events(l->links[i].exceptions);
		rte_free(l->counters[i]);
		rte_free(l->crypto_counters[i]);
		for (unsigned int to = 0; to < l->n_workers; to++)
			rte_ring_free(l->handoff[i][to]);
	}
	engines_close(&l->engines);
	owner_map_free(l->owners);
	lane_wake_fini(&l->wake);
}

void lanes_show_crypto(const struct lanes *l, const struct config *config, struct crypto_view *view)
{
	view->n_workers = l->n_workers;
	for (unsigned int i = 0; i < l->n_workers; i++)
		view->workers[i] = l->crypto_counters[i];
	engines_show(&l->engines, config, view);
}

void lanes_show(const struct lanes *l, const struct numa_topology *t, struct lane_view *view)
{
	*view = (struct lane_view){
		.tsc_hz = (double)rte_get_tsc_hz(),
		.control_node = (int)rte_socket_id(),
	};
	memcpy(view->worker_nodes, t->worker_nodes, sizeof(view->worker_nodes));
	memcpy(view->handoff, l->handoff, sizeof(view->handoff));
}

void lanes_report(const struct lanes *l, struct memory_report *r)
{
	for (unsigned int from = 0; from < l->n_workers; from++) {
		worker_report(l->workers[from], r);
		memory_report_add(r, MEMORY_DPDK, "counters",
			pool_bytes_block(l->counters[from]) +
				pool_bytes_block(l->crypto_counters[from]),
			0, 0);
		for (unsigned int to = 0; to < l->n_workers; to++) {
			const struct rte_ring *ring = l->handoff[from][to];
			if (ring)
				memory_report_add(r, MEMORY_DPDK, "hand-over rings",
					pool_bytes_ring(ring), rte_ring_get_capacity(ring),
					rte_ring_count(ring));
		}
	}
}
