// SPDX-License-Identifier: BSD-3-Clause
// The exchange begins, goes on with another configuration, and ends.
#include "drivers/aaa/radius/exchange_state.h"

#include <errno.h>
#include <stdlib.h>

static int new_server(
	struct exchange *x, const struct config_radius_server *config, struct exchange_server **out)
{
	struct exchange_server *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->secret = config->secret;
	if (config->transport == CONFIG_RADIUS_TLS) {
		rc = radius_tls_context_new(config, x->core->log, &s->tls);
		if (rc != 0) {
			secret_wipe_bytes(s, sizeof(*s));
			free(s);
			return rc;
		}
		if (!config->has_secret)
			secret_set(&s->secret, span_of_text("radsec")); // RFC 6614 2.3
	}
	for (int kind = 0; kind < EXCHANGE_KINDS; kind++) {
		struct exchange_peer *p = &s->peers[kind];
		p->x = x;
		p->server = s;
		p->kind = (uint8_t)kind;
		p->timer.fire = exchange_dead_due;
		p->leave.fire = exchange_leave_due;
		p->changed_ns = x->core->now_ns;
		TAILQ_INIT(&p->calls);
		TAILQ_INIT(&p->waiting);
		TAILQ_INIT(&p->leaving);
	}
	*out = s;
	return 0;
}

static void free_peer(struct exchange_peer *p)
{
	radius_core_disarm(p->x->core, &p->timer);
	radius_core_disarm(p->x->core, &p->leave);
	for (uint16_t i = 0; p->paths && i < p->server->config.sockets; i++)
		radius_path_close(&p->paths[i]);
	free(p->paths);
}

static void free_server(struct exchange_server *s)
{
	if (!s)
		return;
	free_peer(&s->peers[EXCHANGE_AUTH]);
	free_peer(&s->peers[EXCHANGE_ACCT]);
	radius_tls_context_free(s->tls);
	secret_wipe(&s->config.secret);
	secret_wipe(&s->secret);
	free(s);
}

static bool is_same(const struct config_radius_server *a, const struct config_radius_server *b)
{
	return strcmp(a->name, b->name) == 0 && a->address_be == b->address_be &&
	       a->transport == b->transport && a->auth_port == b->auth_port &&
	       a->acct_port == b->acct_port && a->has_secret == b->has_secret &&
	       a->secret.len == b->secret.len &&
	       secret_equal_bytes(a->secret.bytes, b->secret.bytes, a->secret.len) &&
	       a->require_message_authenticator == b->require_message_authenticator &&
	       a->timeout_ms == b->timeout_ms && a->tries == b->tries && a->dead_s == b->dead_s &&
	       a->status_server == b->status_server && a->sockets == b->sockets &&
	       a->source_be == b->source_be && strcmp(a->ca_file, b->ca_file) == 0 &&
	       strcmp(a->certificate_file, b->certificate_file) == 0 &&
	       strcmp(a->key_file, b->key_file) == 0;
}

static void make_groups(
	struct exchange *x, struct exchange_group *groups, struct exchange_server *const *servers)
{
	const struct config *config = x->core->config;

	for (uint16_t g = 0; g < config->n_radius_groups; g++) {
		const struct config_radius_group *from = &config->radius_groups[g];
		struct exchange_group *to = &groups[g];
		memcpy(to->name, from->name, sizeof(to->name));
		to->mode = from->mode;
		to->n = from->n_servers;
		for (uint16_t i = 0; i < to->n; i++)
			to->members[i] = servers[from->server_index[i]];
		for (int kind = 0; kind < EXCHANGE_KINDS; kind++)
			to->was_alive[kind] = exchange_group_is_alive(to, kind);
	}
}

static uint16_t find_group(const struct exchange_group *groups, uint16_t n, const char *name)
{
	for (uint16_t i = 0; i < n; i++)
		if (strcmp(groups[i].name, name) == 0)
			return i;
	return CONFIG_NO_INDEX;
}

// Calls know their group by its number: numbers[n_before] are those of now. Places in a group are others too: what was
// tried may be tried again.
static void renumber(struct exchange *x, const uint16_t *numbers, uint16_t n_before)
{
	struct exchange_call *call;

	LIST_FOREACH(call, &x->all, in_all)
	{
		call->group = call->group < n_before ? numbers[call->group] : CONFIG_NO_INDEX;
		call->tried = 0;
	}
}

// Out of the configuration: its calls go to the next of their group.
static void send_off(struct exchange *x, struct exchange_server *s)
{
	s->is_gone = true;
	LIST_INSERT_HEAD(&x->gone, s, in_gone);
	for (int kind = 0; kind < EXCHANGE_KINDS; kind++) {
		s->peers[kind].state = EXCHANGE_PEER_DEAD;
		radius_core_disarm(x->core, &s->peers[kind].timer);
		exchange_evacuate(&s->peers[kind]);
	}
	exchange_bury(s);
}

void exchange_bury(struct exchange_server *s)
{
	if (s->peers[EXCHANGE_AUTH].n_calls || s->peers[EXCHANGE_ACCT].n_calls)
		return;
	LIST_REMOVE(s, in_gone);
	free_server(s);
}

// Those of the new configuration, servers[n]: one that is the same as before is the one of before.
static int make_servers(struct exchange *x, struct exchange_server **servers)
{
	const struct config *config = x->core->config;
	int rc = 0;

	for (uint16_t i = 0; i < config->n_radius_servers && rc == 0; i++) {
		for (uint16_t k = 0; k < x->n_servers && !servers[i]; k++)
			if (is_same(&x->servers[k]->config, &config->radius_servers[i]))
				servers[i] = x->servers[k];
		if (!servers[i])
			rc = new_server(x, &config->radius_servers[i], &servers[i]);
	}
	return rc;
}

static bool is_one_of(
	const struct exchange_server *s, struct exchange_server *const *servers, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (servers[i] == s)
			return true;
	return false;
}

int exchange_reload(struct exchange *x)
{
	const struct config *config = x->core->config;
	uint16_t n = config->n_radius_servers, n_old = x->n_servers, n_old_groups = x->n_groups;
	struct exchange_server **servers = calloc(n + 1u, sizeof(struct exchange_server *));
	struct exchange_server **old = x->servers;
	struct exchange_group *groups = calloc(config->n_radius_groups + 1u, sizeof(*groups));
	struct exchange_group *old_groups = x->groups;
	uint16_t *numbers = calloc(n_old_groups + 1u, sizeof(*numbers));
	int rc = servers && groups && numbers ? make_servers(x, servers) : -ENOMEM;

	if (rc != 0) {
		for (uint16_t i = 0; servers && i < n; i++)
			if (!is_one_of(servers[i], old, n_old))
				free_server(servers[i]);
		free(servers);
		free(groups);
		free(numbers);
		return rc;
	}
	make_groups(x, groups, servers);
	x->groups = groups;
	x->n_groups = config->n_radius_groups;
	for (uint16_t g = 0; g < n_old_groups; g++)
		numbers[g] = find_group(groups, x->n_groups, old_groups[g].name);
	renumber(x, numbers, n_old_groups);
	free(numbers);
	x->servers = servers;
	x->n_servers = n;
	for (uint16_t k = 0; k < n_old; k++) {
		if (!is_one_of(old[k], servers, n))
			send_off(x, old[k]);
	}
	free(old);
	free(old_groups);
	return 0;
}

int exchange_open(struct radius_core *core, struct exchange **out)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->core = core;
	LIST_INIT(&x->all);
	LIST_INIT(&x->gone);
	int rc = exchange_reload(x);
	if (rc != 0) {
		free(x);
		return rc;
	}
	*out = x;
	return 0;
}

void exchange_close(struct exchange *x)
{
	struct exchange_call *call;
	struct exchange_server *s;

	if (!x)
		return;
	while ((call = LIST_FIRST(&x->all))) {
		radius_core_disarm(x->core, &call->timer);
		exchange_free_call(call);
	}
	for (uint16_t i = 0; i < x->n_servers; i++)
		free_server(x->servers[i]);
	while ((s = LIST_FIRST(&x->gone))) {
		LIST_REMOVE(s, in_gone);
		free_server(s);
	}
	free(x->servers);
	free(x->groups);
	free(x);
}
