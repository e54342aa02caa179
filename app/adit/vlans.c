// SPDX-License-Identifier: BSD-3-Clause
#include "adit/vlans.h"

#include "adit/hint.h"
#include "dataplane/worker.h"
#include "observe/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CLOSERS = 32 };

static int fail(struct log *log, const struct config_vlan *v, int error)
{
	struct event e;

	event_begin(&e, EVENT_START_FAILED);
	event_text(&e, "network", span_of_text(v->name));
	event_text(&e, "tap", span_of_text(v->tap));
	event_word(&e, "what", "tap");
	event_text(&e, "error", span_of_text(strerror(-error)));
	if (hint_tap(error))
		event_word(&e, "hint", hint_tap(error));
	event_send(log, &e);
	return error;
}

static uint16_t *tenants_of(struct vlans *v, unsigned int port)
{
	if (v->tenants[port])
		return v->tenants[port];
	v->tenants[port] = malloc(WORKER_VLANS * sizeof(v->tenants[port][0]));
	for (unsigned int id = 0; v->tenants[port] && id < WORKER_VLANS; id++)
		v->tenants[port][id] = TENANT_NONE;
	return v->tenants[port];
}

static int set_tenants(struct vlans *v, const struct config *config)
{
	for (unsigned int i = 0; i < config->n_vlans; i++) {
		const struct config_vlan *vlan = &config->vlans[i];
		uint16_t *tenants = tenants_of(v, vlan->port_index);
		if (!tenants)
			return -ENOMEM;
		tenants[vlan->id] = vlan->tenant_number;
	}
	for (unsigned int i = 0; i < config->n_ports; i++) {
		uint16_t tenant = config->ports[i].tenant_number;
		if (tenant == 0 && !v->tenants[i])
			continue;
		uint16_t *tenants = tenants_of(v, i);
		if (!tenants)
			return -ENOMEM;
		tenants[0] = tenant;
	}
	return 0;
}

// Of several pools of one tenant the first.
static int set_servers(struct vlans *v, const struct config *config)
{
	if (config->n_tenants == 1)
		return 0;
	v->servers_be = calloc(config->n_tenants, sizeof(v->servers_be[0]));
	if (!v->servers_be)
		return -ENOMEM;
	for (unsigned int i = config->n_pools; i-- > 0;)
		v->servers_be[config->pools[i].tenant_number] = config->pools[i].server_inner_be;
	return 0;
}

static int open_taps(struct vlans *v, const struct config *config, const struct control_port *ports,
	struct log *log)
{
	for (unsigned int i = 0; i < config->n_ports; i++)
		if (config->ports[i].tenant_number)
			tap_share_network(&ports[i].tap);
	if (config->n_vlans == 0)
		return 0;
	v->taps = calloc(config->n_vlans, sizeof(v->taps[0]));
	if (!v->taps)
		return -ENOMEM;
	for (; v->n < config->n_vlans; v->n++) {
		const struct config_vlan *vlan = &config->vlans[v->n];
		int error = tap_open(
			&v->taps[v->n], vlan->tap, &ports[vlan->port_index].mac, vlan->mtu);
		if (error)
			return fail(log, vlan, error);
		if (vlan->tenant_number)
			tap_share_network(&v->taps[v->n]);
	}
	return 0;
}

int vlans_open(struct vlans *v, const struct config *config, const struct control_port *ports,
	struct log *log)
{
	int error;

	*v = (struct vlans){0};
	error = set_tenants(v, config);
	if (!error)
		error = set_servers(v, config);
	return error ? error : open_taps(v, config, ports, log);
}

struct closing {
	struct vlans *vlans;
	_Atomic unsigned int next;
};

static void *close_taps(void *context)
{
	struct closing *c = context;
	unsigned int i;

	while ((i = atomic_fetch_add(&c->next, 1)) < c->vlans->n)
		tap_close(&c->vlans->taps[i]);
	return NULL;
}

// The kernel removes a TAP when it is closed and lets all CPUs come to rest before it goes on: some 20 ms, in which it does
// nothing. A thousand, one after the other, would take longer than systemd waits. One request for all of a link group would do
// too, but not for the ordinary user that adit may have become (run_as_user).
static void close_all_taps(struct vlans *v)
{
	struct closing closing = {.vlans = v};
	pthread_t threads[CLOSERS];
	unsigned int n = 0;

	while (n < CLOSERS && n + 1 < v->n &&
		pthread_create(&threads[n], NULL, close_taps, &closing) == 0)
		n++;
	close_taps(&closing); // all of them, if there was no thread to be had
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

void vlans_close(struct vlans *v)
{
	close_all_taps(v);
	for (unsigned int i = 0; i < LIMIT_PORTS; i++)
		free(v->tenants[i]);
	free(v->taps);
	free(v->servers_be);
	*v = (struct vlans){0};
}
