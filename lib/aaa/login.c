// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/login.h"

#include "conf/config.h"
#include "crypto/mschap.h"

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

struct span login_account(const struct config *c, struct span name)
{
	struct login login;

	login_names(c, name, &login);
	for (unsigned int i = 0; i < login.n; i++)
		if (config_find_user(c, login.names[i]))
			return login.names[i];
	return login.names[login.n - 1];
}
