// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_check.h"

#include "conf/conf_check_aaa.h"
#include "conf/conf_check_acls.h"
#include "conf/conf_check_policy.h"
#include "conf/conf_check_tenants.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

// The setting `group.key`, or `group.[index].key` for index >= 0, or the nearest thing around it
// that the file has.
static const config_setting_t *find(
	const struct conf_check *k, const char *group, int index, const char *key)
{
	const config_setting_t *s = k->root;
	const config_setting_t *next = group[0] ? config_setting_get_member(s, group) : s;
	if (!next)
		return s;
	s = next;
	if (index >= 0) {
		next = config_setting_get_elem(s, (unsigned)index);
		if (!next)
			return s;
		s = next;
	}
	next = key ? config_setting_get_member(s, key) : NULL;
	return next ? next : s;
}

static bool is_given(const struct conf_check *k, const char *group, int index, const char *key)
{
	const config_setting_t *s = find(k, group, index, key);
	return config_setting_name(s) && strcmp(config_setting_name(s), key) == 0;
}

__attribute__((format(printf, 4, 0))) static void say(const struct conf_check *k,
	enum config_severity severity, const config_setting_t *setting, const char *format,
	va_list args)
{
	char why[CONFIG_ERROR_TEXT_BYTES];

	vsnprintf(why, sizeof(why), format, args);
	conf_report_setting(k->r, severity, setting, "%s", why);
}

__attribute__((format(printf, 5, 6))) static void error(const struct conf_check *k,
	const char *group, int index, const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(k, CONFIG_ERROR, find(k, group, index, key), format, args);
	va_end(args);
}

__attribute__((format(printf, 5, 6))) static void warn(const struct conf_check *k,
	const char *group, int index, const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(k, CONFIG_WARNING, find(k, group, index, key), format, args);
	va_end(args);
}

static uint32_t prefix_mask(uint8_t len)
{
	return len ? UINT32_MAX << (32 - len) : 0;
}

static bool is_in_prefix(uint32_t address, const struct config_port *p)
{
	return ((address ^ ntohl(p->address_be)) & prefix_mask(p->prefix_len)) == 0;
}

static void check_lanes(const struct conf_check *k)
{
	const struct config *c = k->c;
	uint64_t room = (uint64_t)c->sessions_per_worker * c->n_workers;
	if (room > 0 && room < c->max_calls)
		warn(k, "memory", -1, "sessions_per_worker",
			"all workers have room for %u sessions, fewer than pptp.max_calls (%u)",
			(unsigned)room, c->max_calls);
	for (int i = 0; i < c->n_workers; i++) {
		for (int j = 0; j < i; j++) {
			if (c->worker_cpus[i] != c->worker_cpus[j])
				continue;
			if (c->idle_sleep_us == 0)
				error(k, "lanes", -1, "workers", "CPU %u stands in the list twice",
					c->worker_cpus[i]);
			else
				warn(k, "lanes", -1, "workers",
					"CPU %u stands in the list twice: right in a lab only",
					c->worker_cpus[i]);
			break;
		}
		// A worker that never sleeps would starve control.
		if (c->worker_cpus[i] == c->control_cpu && c->idle_sleep_us == 0)
			error(k, "lanes", -1, "workers",
				"CPU %u is also that of lanes.control, which needs idle_sleep_us > "
				"0",
				c->control_cpu);
	}
}

static bool is_worker_cpu(const struct config *c, uint16_t cpu)
{
	for (int i = 0; i < c->n_workers; i++)
		if (c->worker_cpus[i] == cpu)
			return true;
	return false;
}

// A list that was refused is told already.
static bool is_without_engines(const struct conf_check *k)
{
	return k->c->n_engines == 0 &&
	       (!is_given(k, "lanes", -1, "engines") ||
		       config_setting_length(find(k, "lanes", -1, "engines")) == 0);
}

static void check_engines(const struct conf_check *k)
{
	const struct config *c = k->c;
	bool is_ism = strcmp(c->crypto_driver, "ism") == 0;

	if (is_ism && is_without_engines(k))
		error(k, "encryption", -1, "driver", "\"ism\" needs lanes.engines");
	if (!is_ism && strcmp(c->engine_driver, "imb") == 0)
		warn(k, "encryption", -1, "engine",
			"does nothing here: it is what engines run, where encryption.driver is "
			"\"ism\"");
	if (!is_ism && c->n_engines > 0)
		error(k, "lanes", -1, "engines", "need encryption.driver to be \"ism\", not \"%s\"",
			c->crypto_driver);
	if (c->engine_queue & (c->engine_queue - 1))
		error(k, "encryption", -1, "engine_queue", "must be a power of two");
	for (int i = 0; i < c->n_engines; i++) {
		uint16_t cpu = c->engine_cpus[i];
		for (int j = 0; j < i; j++)
			if (cpu == c->engine_cpus[j])
				error(k, "lanes", -1, "engines", "CPU %u stands in the list twice",
					cpu);
		// Two that never sleep would have the CPU by turns of milliseconds.
		if (c->idle_sleep_us == 0 && (cpu == c->control_cpu || is_worker_cpu(c, cpu)))
			error(k, "lanes", -1, "engines",
				"CPU %u is also that of lanes.%s, which needs idle_sleep_us > 0",
				cpu, cpu == c->control_cpu ? "control" : "workers");
	}
}

static void check_port(const struct conf_check *k, int i)
{
	const struct config_port *p = &k->c->ports[i];
	if (p->role == CONFIG_PORT_INSIDE && is_given(k, "ports", i, "accept"))
		error(k, "ports", i, "accept", "only an outside port has it");
	if (p->has_gateway && !p->has_address) {
		if (!is_given(k, "ports", i, "address"))
			error(k, "ports", i, "gateway", "needs the port to have an address");
	} else if (p->has_gateway && !is_in_prefix(ntohl(p->gateway_be), p)) {
		error(k, "ports", i, "gateway", "is not in the network of the port's address");
	} else if (p->has_gateway && p->gateway_be == p->address_be) {
		error(k, "ports", i, "gateway", "is the port's own address");
	}
	for (int j = 0; j < i; j++) {
		const struct config_port *q = &k->c->ports[j];
		if (p->name[0] && strcmp(p->name, q->name) == 0)
			error(k, "ports", i, "name", "ports[%d] has the same name", j);
		if (p->tap[0] && strcmp(p->tap, q->tap) == 0)
			error(k, "ports", i, "tap", "ports[%d] has the same TAP", j);
		if (p->device[0] && p->kind == q->kind && strcmp(p->device, q->device) == 0)
			error(k, "ports", i, "device", "ports[%d] has the same device", j);
		if (p->tenant_number == q->tenant_number && p->has_address && q->has_address &&
			p->address_be == q->address_be)
			error(k, "ports", i, "address", "ports[%d] has the same address", j);
	}
	if (p->kind == CONFIG_DEVICE_INTERFACE && p->device[0] && strcmp(p->tap, p->device) == 0)
		error(k, "ports", i, "tap", "must differ from the name of the device");
}

static void check_ports(const struct conf_check *k)
{
	const struct config *c = k->c;
	bool has_outside = false;
	for (int i = 0; i < c->n_ports; i++) {
		check_port(k, i);
		has_outside |= c->ports[i].role == CONFIG_PORT_OUTSIDE;
	}
	if (!has_outside)
		error(k, "ports", -1, NULL, "there must be a port whose role is \"outside\"");
	else if (c->n_listen == 0 && !is_given(k, "listen", -1, "addresses"))
		error(k, "listen", -1, "addresses",
			"listen.addresses must be given where no outside port has an address");
}

static bool is_in_pool(const struct config_pool *pool, uint32_t address)
{
	return pool->last && address >= pool->first && address <= pool->last;
}

static void check_pool_addresses(const struct conf_check *k, int i)
{
	const struct config *c = k->c;
	const struct config_pool *pool = &c->pools[i];
	if (is_in_pool(pool, ntohl(pool->server_inner_be)))
		error(k, "pools", i, "server", "must lie outside of the range");
	for (int j = 0; j < c->n_listen; j++) {
		if (is_in_pool(pool, ntohl(c->listen_be[j])))
			error(k, "pools", i, "range", "contains a listen address");
		if (pool->server_inner_be == c->listen_be[j])
			error(k, "pools", i, "server", "is also a listen address");
	}
	for (int j = 0; j < c->n_ports; j++) {
		const struct config_port *p = &c->ports[j];
		if (!p->has_address || !pool->last || p->tenant_number != pool->tenant_number)
			continue;
		if (is_in_pool(pool, ntohl(p->address_be)) ||
			(p->has_gateway && is_in_pool(pool, ntohl(p->gateway_be))))
			error(k, "pools", i, "range",
				"contains the address or gateway of ports[%d]", j);
		else if (is_in_prefix(pool->first, p) || is_in_prefix(pool->last, p))
			// Hosts there would ask for the clients by ARP, and nobody answers.
			warn(k, "pools", i, "range",
				"overlaps the network of ports[%d]: hosts there find the clients "
				"only "
				"with routes of their own or proxy ARP",
				j);
	}
}

static void check_pools(const struct conf_check *k)
{
	const struct config *c = k->c;
	if (c->n_pools == 0)
		error(k, "pools", -1, NULL, "there must be a pool");
	for (int i = 0; i < c->n_pools; i++) {
		const struct config_pool *p = &c->pools[i];
		int same = conf_names_double(&k->index->pools, (uint32_t)i);
		check_pool_addresses(k, i);
		if (same >= 0)
			error(k, "pools", i, "name", "pools[%d] has the same name", same);
		for (int j = 0; j < i; j++) {
			const struct config_pool *q = &c->pools[j];
			if (p->tenant_number != q->tenant_number)
				continue;
			if (p->last && q->last && p->first <= q->last && q->first <= p->last)
				error(k, "pools", i, "range", "overlaps that of pools[%d]", j);
			if (is_in_pool(p, ntohl(q->server_inner_be)))
				error(k, "pools", i, "range", "contains the server of pools[%d]",
					j);
			if (is_in_pool(q, ntohl(p->server_inner_be)))
				error(k, "pools", i, "server", "is in the range of pools[%d]", j);
		}
	}
}

static void check_users(const struct conf_check *k)
{
	const struct config *c = k->c;
	bool is_asked = c->n_users > 0;
	for (int t = 0; t < c->n_tenants; t++)
		is_asked |= c->tenants[t].aaa != CONFIG_AAA_LOCAL;
	if (!is_asked)
		warn(k, "users", -1, NULL, "there is no user, so nobody can log in");
	for (uint32_t i = 0; i < c->n_users; i++) {
		bool has_password = is_given(k, "users", (int)i, "password");
		bool has_hash = is_given(k, "users", (int)i, "nt_hash");
		if (has_password == has_hash)
			error(k, "users", (int)i, NULL, "must have %s password %s nt_hash",
				has_password ? "either" : "a", has_password ? "or" : "or an");
	}
	// Users are in order of tenant and name there, and equal ones in order of the file.
	for (uint32_t n = 1; n < c->n_users; n++) {
		uint32_t i = c->users_by_name[n];
		uint32_t j = c->users_by_name[n - 1];
		if (c->users[i].tenant_number == c->users[j].tenant_number && c->users[i].name[0] &&
			strcmp(c->users[i].name, c->users[j].name) == 0)
			error(k, "users", (int)i, "name", "users[%u] has the same name", j);
	}
}

// Each file that holds a password, the included ones too, is looked at once.
static void check_permissions(const struct conf_check *k)
{
	char last[CONF_FILE_BYTES] = "";
	uint32_t n_users = k->c->n_users, n_servers = n_users + k->c->n_radius_servers;
	for (uint32_t i = 0; i < n_servers + k->c->n_coa; i++) {
		char file[CONF_FILE_BYTES];
		struct stat st;
		const config_setting_t *s =
			i < n_users	? find(k, "users", (int)i, NULL)
			: i < n_servers ? find(k, "radius_servers", (int)(i - n_users), NULL)
					: find(k, "coa", (int)(i - n_servers), NULL);
		conf_report_source(k->r, config_setting_source_file(s), file);
		if (strcmp(last, file) == 0)
			continue;
		memcpy(last, file, sizeof(last));
		if (stat(file, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH)))
			conf_report_file(k->r, CONFIG_WARNING, file, 0,
				"holds passwords and is open to every user of the system (mode "
				"%04o); "
				"chmod 0640",
				(unsigned)st.st_mode & 07777);
	}
}

static void check_timers(const struct conf_check *k)
{
	const struct config *c = k->c;
	if (c->no_lcp_timeout_s > c->setup_timeout_s)
		error(k, "ppp", -1, "no_lcp_timeout_s",
			"no_lcp_timeout_s must not be longer than setup_timeout_s");
	if (c->auth_timeout_s > c->setup_timeout_s)
		error(k, "ppp", -1, "auth_timeout_s",
			"auth_timeout_s must not be longer than setup_timeout_s");
	if (c->max_unauthenticated_per_source > c->max_unauthenticated)
		error(k, "pptp", -1, "max_unauthenticated_per_source",
			"max_unauthenticated_per_source must not be more than max_unauthenticated");
	if (c->no_gre_notice_s > c->no_lcp_timeout_s)
		error(k, "pptp", -1, "no_gre_notice_s",
			"no_gre_notice_s must not be longer than ppp.no_lcp_timeout_s");
	if (c->lockout_first_s > c->lockout_max_s)
		error(k, "auth", -1, "lockout_first_s",
			"lockout_first_s must not be longer than lockout_max_s");
	if (c->lockout_max_s > c->lockout_forget_s)
		error(k, "auth", -1, "lockout_max_s",
			"lockout_max_s must not be longer than lockout_forget_s");
}

static bool has_method(const struct config *c, enum config_auth_method method)
{
	for (int i = 0; i < c->n_auth_methods; i++)
		if (c->auth_methods[i] == method)
			return true;
	return false;
}

// Users of whom no password is known, only its NT hash, and the first of them.
static uint32_t count_hashes(const struct config *c, int *first)
{
	uint32_t n = 0;
	for (uint32_t i = c->n_users; i-- > 0;) {
		if (c->users[i].has_password || !c->users[i].has_nt_hash)
			continue;
		*first = (int)i;
		n++;
	}
	return n;
}

static void check_auth(const struct conf_check *k)
{
	const struct config *c = k->c;
	bool has_pap = has_method(c, CONFIG_AUTH_PAP);
	bool has_chap = has_method(c, CONFIG_AUTH_CHAP);
	bool has_v1 = has_method(c, CONFIG_AUTH_MSCHAPV1);
	bool has_short_keys = c->mppe_bits & (CONFIG_MPPE_40 | CONFIG_MPPE_56);
	int first = 0;
	uint32_t n_hashes = count_hashes(c, &first);
	// A group may let go what the server as a whole asks for, and then its users need those methods.
	if ((has_pap || has_chap) && c->encryption == CONFIG_ENCRYPTION_REQUIRE &&
		!conf_check_policy_lets_clear(c))
		error(k, "auth", -1, "methods",
			"\"%s\" gives no keys for MPPE, and encryption.mode is \"require\": take "
			"one "
			"of the two away",
			has_pap ? "pap" : "chap");
	if (has_pap)
		warn(k, "auth", -1, "methods",
			"with \"pap\" whoever listens on the way reads the passwords");
	if (has_v1)
		warn(k, "auth", -1, "methods",
			"with \"mschapv1\" whoever listens on the way finds the passwords within a "
			"day, and the client cannot tell who the server is");
	if (has_chap && n_hashes)
		warn(k, "users", first, "nt_hash",
			"\"chap\" of auth.methods cannot work for users without a password in "
			"clear, "
			"this one and %u more",
			n_hashes - 1);
	if (has_v1 && has_short_keys && n_hashes)
		warn(k, "users", first, "nt_hash",
			"\"mschapv1\" of auth.methods has 40 and 56 bit keys only for users with a "
			"password in clear, not for this one and %u more",
			n_hashes - 1);
}

static void check_encryption(const struct conf_check *k)
{
	const struct config *c = k->c;
	bool is_other = c->sha1[0] && strcmp(c->sha1, "auto") != 0 && strcmp(c->sha1, "imb") != 0;
	bool is_ism = strcmp(c->crypto_driver, "ism") == 0;
	if (strcmp(is_ism ? c->engine_driver : c->crypto_driver, "imb") == 0 && is_other)
		error(k, "encryption", -1, "sha1",
			"encryption.%s \"imb\" hashes keys by ipsec-mb: take \"auto\" or \"imb\"",
			is_ism ? "engine" : "driver");
	switch (c->encryption) {
	case CONFIG_ENCRYPTION_DENY:
		warn(k, "encryption", -1, "mode",
			"everything that clients send and get can be read on the way");
		return;
	case CONFIG_ENCRYPTION_ALLOW:
	case CONFIG_ENCRYPTION_PREFER:
		warn(k, "encryption", -1, "mode",
			"what a client without MPPE sends and gets can be read on the way, and "
			"whoever "
			"sits there can make any client one");
		break;
	case CONFIG_ENCRYPTION_REQUIRE:
		break;
	}
	if (c->mppe_bits & CONFIG_MPPE_40)
		warn(k, "encryption", -1, "strengths",
			"a key of 40 bits is found in minutes by trying all of them");
	if (c->mppe_bits & CONFIG_MPPE_56)
		warn(k, "encryption", -1, "strengths",
			"a key of 56 bits is found in days by trying all of them");
	if (!c->mppe_stateless_required)
		warn(k, "encryption", -1, "stateless_required",
			"a client with stateful MPPE loses a round trip of data with each lost "
			"packet, "
			"and each reset uses a piece of the key stream again");
}

// What works, but costs more than it seems.
static void check_sizes(const struct conf_check *k)
{
	enum { TUNNEL_BYTES = 44 }; // IP 20, GRE 16, PPP 4, MPPE 2, inner protocol 2
	const struct config *c = k->c;
	for (int i = 0; i < c->n_ports; i++) {
		const struct config_port *p = &c->ports[i];
		if (p->role != CONFIG_PORT_OUTSIDE || !p->mtu || c->mtu + TUNNEL_BYTES <= p->mtu)
			continue;
		warn(k, "ppp", -1, "mtu",
			"packets of %u bytes leave ports[%d] in fragments: its MTU of %u has room "
			"for %u",
			c->mtu, i, p->mtu, p->mtu - TUNNEL_BYTES);
	}
}

static void check_control(const struct conf_check *k)
{
	if (k->c->socket_mode & S_IWOTH)
		warn(k, "control", -1, "mode", "every user of the system can end every session");
}

static void check_log(const struct conf_check *k)
{
	const struct config *c = k->c;
	struct stat st;

	if (k->r->dir && c->log_file[0] && stat(c->log_file, &st) == 0 && S_ISDIR(st.st_mode))
		error(k, "log", -1, "file", "is a directory, not the file in it");
	for (int i = 0; i < c->n_log_classes; i++) {
		for (int j = 0; j < i; j++)
			if (c->log_classes[i].class != LOG_CLASS_COUNT &&
				c->log_classes[i].class == c->log_classes[j].class)
				error(k, "log_classes", i, "class",
					"log_classes[%d] is about the same class", j);
		if (c->log_classes[i].has_file && c->log_classes[i].file && !c->log_file[0])
			error(k, "log_classes", i, "file", "needs log.file, which is not given");
	}
}

static int find_default_tenant(const struct conf_check *k)
{
	const config_setting_t *list = config_setting_get_member(k->root, "tenants");
	const char *name;

	for (int i = 0; list && config_setting_is_list(list) && i < config_setting_length(list);
		i++)
		if (config_setting_lookup_string(
			    config_setting_get_elem(list, (unsigned)i), "name", &name) &&
			strcmp(name, k->c->tenants[0].name) == 0)
			return i;
	return -1;
}

void conf_check(const struct config *c, const config_setting_t *root,
	const struct conf_index *index, struct conf_report *r)
{
	struct conf_check k = {.c = c, .root = root, .index = index, .r = r};
	k.default_at = find_default_tenant(&k);
	check_lanes(&k);
	check_engines(&k);
	check_ports(&k);
	check_pools(&k);
	check_users(&k);
	conf_check_policy(&k);
	conf_check_acls(&k);
	conf_check_tenants(&k);
	conf_check_aaa(&k);
	check_timers(&k);
	check_auth(&k);
	check_encryption(&k);
	check_sizes(&k);
	check_control(&k);
	check_log(&k);
	if (r->dir)
		check_permissions(&k);
}
