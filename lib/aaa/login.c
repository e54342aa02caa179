// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/login.h"

#include "conf/config.h"
#include "crypto/mschap.h"

#include <strings.h>

static struct span without_realm(struct span name)
{
	for (size_t i = name.len; i > 0; i--)
		if (name.bytes[i - 1] == '@')
			return span_of(name.bytes, i - 1);
	return name;
}

static void add(struct login *login, struct span name)
{
	if (login->n == 0 || login->names[login->n - 1].len != name.len)
		login->names[login->n++] = name;
}

void login_names(const struct config *c, struct span name, struct login *out)
{
	*out = (struct login){0};
	add(out, name);
	if (c->strip_domain)
		add(out, name = mschap_user_without_domain(name));
	if (c->strip_realm)
		add(out, without_realm(name));
}

struct span login_account(const struct config *c, uint16_t tenant, struct span name)
{
	struct login login;

	login_names(c, name, &login);
	for (unsigned int i = 0; i < login.n; i++)
		if (config_find_user(c, tenant, login.names[i]))
			return login.names[i];
	return login.names[login.n - 1];
}

// -1: it is nobody's.
static int tenant_of_realm(const struct config *c, struct span realm)
{
	if (realm.len == 0 || realm.len >= CONFIG_REALM_BYTES)
		return -1;
	for (uint16_t i = 0; i < c->n_tenants; i++) {
		const struct config_tenant *t = &c->tenants[i];
		for (uint16_t k = 0; k < t->n_realms; k++)
			if (t->realms[k][realm.len] == '\0' &&
				strncasecmp(t->realms[k], (const char *)realm.bytes, realm.len) ==
					0)
				return i;
	}
	return -1;
}

uint16_t tenant_of_login(const struct config *c, uint16_t listen_tenant, struct span name)
{
	size_t kept = without_realm(name).len, domain = 0;
	int tenant = -1;

	if (listen_tenant != 0)
		return listen_tenant;
	if (kept < name.len)
		tenant = tenant_of_realm(c, span_of(name.bytes + kept + 1, name.len - kept - 1));
	while (tenant < 0 && domain < name.len && name.bytes[domain] != '\\')
		domain++;
	if (tenant < 0 && domain < name.len)
		tenant = tenant_of_realm(c, span_of(name.bytes, domain));
	return tenant < 0 ? 0 : (uint16_t)tenant;
}
