// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_check_aaa.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECRET_BYTES_GOOD = 16 }; // RFC 2865 3

#define error(k, list, i, key, ...) conf_check_error(k, list, i, key, __VA_ARGS__)
#define warn(k, list, i, key, ...)  conf_check_warn(k, list, i, key, __VA_ARGS__)

static void check_secret(
	const struct conf_check *k, const char *list, int i, const struct secret *secret)
{
	if (secret->len > 0 && secret->len < SECRET_BYTES_GOOD)
		warn(k, list, i, "secret",
			"is found by trying, by whoever hears one packet: it should have at least "
			"%d "
			"bytes (RFC 2865 3)",
			SECRET_BYTES_GOOD);
}

// --- servers ----------------------------------------------------------------------------------------

static void check_file(const struct conf_check *k, int i, const char *key, const char *path)
{
	if (k->r->dir && path[0] && access(path, R_OK) != 0)
		warn(k, "radius_servers", i, key, "%s cannot be read", path);
}

static void check_tls(const struct conf_check *k, int i)
{
	const struct config_radius_server *s = &k->c->radius_servers[i];

	if (!s->ca_file[0] && !conf_check_is_given(k, "radius_servers", i, "ca_file"))
		error(k, "radius_servers", i, "ca_file",
			"\"tls\" needs ca_file, or anybody could be the server");
	if (!s->certificate_file[0] != !s->key_file[0])
		error(k, "radius_servers", i, s->key_file[0] ? "key_file" : "certificate_file",
			"certificate_file and key_file go together");
	check_file(k, i, "ca_file", s->ca_file);
	check_file(k, i, "certificate_file", s->certificate_file);
	check_file(k, i, "key_file", s->key_file);
}

static void check_udp(const struct conf_check *k, int i)
{
	static const char *const keys[] = {"ca_file", "certificate_file", "key_file"};
	const struct config_radius_server *s = &k->c->radius_servers[i];

	if (!s->has_secret && !conf_check_is_given(k, "radius_servers", i, "secret"))
		error(k, "radius_servers", i, "secret", "secret must be given");
	check_secret(k, "radius_servers", i, &s->secret);
	for (size_t n = 0; n < sizeof(keys) / sizeof(keys[0]); n++)
		if (conf_check_is_given(k, "radius_servers", i, keys[n]))
			error(k, "radius_servers", i, keys[n], "only a server with \"tls\" has it");
	if (s->auth_port && s->auth_port == s->acct_port)
		error(k, "radius_servers", i, "acct_port", "is also auth_port");
	if (!s->require_message_authenticator)
		warn(k, "radius_servers", i, "require_message_authenticator",
			"whoever sits on the way can forge answers (CVE-2024-3596)");
}

static void check_servers(const struct conf_check *k)
{
	const struct config *c = k->c;

	for (int i = 0; i < c->n_radius_servers; i++) {
		int same = conf_names_double(&k->index->radius_servers, (uint32_t)i);
		if (same >= 0)
			error(k, "radius_servers", i, "name",
				"radius_servers[%d] has the same name", same);
		if (c->radius_servers[i].transport == CONFIG_RADIUS_TLS)
			check_tls(k, i);
		else
			check_udp(k, i);
	}
}

// --- groups -----------------------------------------------------------------------------------------

static void check_groups(const struct conf_check *k)
{
	const struct config *c = k->c;

	for (int i = 0; i < c->n_radius_groups; i++) {
		const struct config_radius_group *g = &c->radius_groups[i];
		int same = conf_names_double(&k->index->radius_groups, (uint32_t)i);
		if (same >= 0)
			error(k, "radius_groups", i, "name", "radius_groups[%d] has the same name",
				same);
		for (int n = 0; n < g->n_servers; n++)
			if (conf_names_find(&k->index->radius_servers, g->servers[n]) < 0)
				error(k, "radius_groups", i, "servers",
					"there is no server \"%s\" in radius_servers",
					g->servers[n]);
	}
}

// --- tenants ----------------------------------------------------------------------------------------

static bool takes_accounting(const struct config *c, const struct config_radius_group *g)
{
	for (int i = 0; i < g->n_servers; i++)
		if (g->server_index[i] < c->n_radius_servers &&
			c->radius_servers[g->server_index[i]].acct_port)
			return true;
	return g->n_servers == 0; // that is told already
}

static void check_tenant(const struct conf_check *k, uint16_t number)
{
	const struct config_tenant *t = &k->c->tenants[number];
	int at = conf_check_tenant_at(k, number);

	if (t->aaa != CONFIG_AAA_LOCAL && !t->radius[0] &&
		!conf_check_is_given(k, "tenants", at, "radius"))
		error(k, "tenants", at, "aaa", "needs radius, the group of servers to ask");
	if (t->aaa == CONFIG_AAA_LOCAL && t->radius[0])
		warn(k, "tenants", at, "radius",
			"is not asked: aaa is \"local\", and not \"radius\" or \"radius-local\"");
	if (t->radius[0] && t->radius_index == CONFIG_NO_INDEX)
		error(k, "tenants", at, "radius", "there is no group \"%s\" in radius_groups",
			t->radius);
	if (t->accounting[0] && t->accounting_index == CONFIG_NO_INDEX)
		error(k, "tenants", at, "accounting", "there is no group \"%s\" in radius_groups",
			t->accounting);
	else if (t->accounting[0] &&
		 !takes_accounting(k->c, &k->c->radius_groups[t->accounting_index]))
		error(k, "tenants", at, "accounting", "no server of \"%s\" takes accounting",
			t->accounting);
}

static void check_accounting(const struct conf_check *k)
{
	bool has_accounting = false;

	for (int i = 0; i < k->c->n_tenants; i++)
		has_accounting |= k->c->tenants[i].accounting[0] != '\0';
	if (k->c->accounting_required && !k->c->accounting_dir[0])
		error(k, "radius", -1, "accounting_required", "needs radius.accounting_dir");
	else if (k->c->accounting_required && !has_accounting)
		warn(k, "radius", -1, "accounting_required",
			"does nothing: no tenant has accounting");
	if (has_accounting && !k->c->accounting_dir[0])
		warn(k, "radius", -1, "accounting_dir",
			"without it records are lost that no server takes in time");
}

// --- who may change calls ---------------------------------------------------------------------------

static void check_coa(const struct conf_check *k)
{
	const struct config *c = k->c;

	for (int i = 0; i < c->n_coa; i++) {
		const struct config_coa *o = &c->coa[i];
		if (o->tenant[0] && conf_names_find(&k->index->tenants, o->tenant) < 0)
			error(k, "coa", i, "tenant", "there is no tenant \"%s\"", o->tenant);
		check_secret(k, "coa", i, &o->secret);
		for (int n = 0; n < o->n_clients; n++)
			if (o->clients[n].prefix_len == 0)
				warn(k, "coa", i, "clients",
					"lets everybody in who knows the secret");
		for (int j = 0; j < i; j++)
			if (o->address_be && o->address_be == c->coa[j].address_be &&
				o->port == c->coa[j].port)
				error(k, "coa", i, "address",
					"coa[%d] has the same address and port", j);
	}
}

void conf_check_aaa(const struct conf_check *k)
{
	check_servers(k);
	check_groups(k);
	for (uint16_t i = 0; i < k->c->n_tenants; i++)
		check_tenant(k, i);
	check_accounting(k);
	check_coa(k);
}
