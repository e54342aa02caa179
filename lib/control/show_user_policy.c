// SPDX-License-Identifier: BSD-3-Clause
// `aditctl show policy user NAME`: what holds for a user, key by key, and who says so: of each of his calls, or where
// there is none of the user of the configuration.
#include "control/show.h"

#include "aaa/login.h"
#include "aaa/policy.h"
#include "control/call.h"
#include "control/call_policy.h"
#include "control/control_state.h"
#include "observe/log.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	CALLS_SHOWN = 16, // the oldest; most users have one
	TEXT_BYTES = 1024,
};

// Whose policy a row is of: a call's, or a configured user's.
struct subject {
	const struct config *config;
	const struct call *call;	// NULL: the user's
	const struct config_user *user; // NULL: the call's
	struct policy policy;
	struct config_policy own; // room for what a call keeps for itself
};

// ---- who -------------------------------------------------------------------------------------------

static const struct config_user *find_user(struct control *c, const struct show *s)
{
	const struct config *config = c->config.config;
	return config_find_user(config, s->tenant, login_account(config, s->tenant, s->argument));
}

static const struct logins_user *find_calls(struct control *c, const struct show *s)
{
	return logins_find(c, s->tenant, s->argument);
}

// Calls whose policy is shown: as many, or 0 where it is the configured user's.
static uint32_t count_calls(struct control *c, const struct show *s)
{
	const struct logins_user *u = find_calls(c, s);

	return u ? RTE_MIN(u->n_calls, (uint32_t)CALLS_SHOWN) : 0;
}

// The n-th of his calls. Between two pages some may have gone.
static bool find_subject(struct control *c, const struct show *s, uint32_t n, struct subject *out)
{
	const struct logins_user *u = find_calls(c, s);

	*out = (struct subject){.config = c->config.config};
	if (u) {
		out->call = TAILQ_FIRST(&u->calls);
		while (n-- > 0 && out->call)
			out->call = TAILQ_NEXT(out->call, in_logins);
		if (out->call)
			out->policy = out->call->policy;
		return out->call != NULL;
	}
	out->user = find_user(c, s);
	if (!out->user)
		return false;
	const struct policy_levels levels = {
		.group = out->user->group_index, .user = &out->user->policy};
	(void)policy_resolve(out->config, &levels, &out->policy, NULL);
	return true;
}

static const struct config_policy *giver(struct subject *of, enum config_policy_key key)
{
	if (of->call)
		return call_policy_giver(of->call, key, &of->own);
	const struct policy_levels levels = {
		.group = of->user->group_index, .user = &of->user->policy};
	return policy_giver(of->config, &levels, &of->policy, key);
}

// ---- values ----------------------------------------------------------------------------------------

static void put_number(struct render *r, uint64_t v)
{
	if (v)
		render_u64(r, v);
	else
		render_none(r);
}

__attribute__((format(printf, 2, 3))) static void add(
	char text[TEXT_BYTES], const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, TEXT_BYTES - len, format, args);
	va_end(args);
}

// Words with a blank before each, or nothing.
static void put_list(struct render *r, const char *text)
{
	if (text[0])
		render_word(r, text + 1);
	else
		render_none(r);
}

static void put_addresses(struct render *r, const uint32_t *be, unsigned int n)
{
	char text[TEXT_BYTES] = "", one[INET_ADDRSTRLEN];

	for (unsigned int i = 0; i < n; i++)
		add(text, " %s", inet_ntop(AF_INET, &be[i], one, sizeof(one)));
	put_list(r, text);
}

static void put_routes(struct render *r, const struct config_policy *p)
{
	char text[TEXT_BYTES] = "", one[INET_ADDRSTRLEN];

	for (uint16_t i = 0; i < p->n_routes; i++)
		add(text, " %s/%u", inet_ntop(AF_INET, &p->routes[i].address_be, one, sizeof(one)),
			p->routes[i].prefix_len);
	put_list(r, text);
}

static void put_pools(struct render *r, const struct subject *of)
{
	char text[TEXT_BYTES] = "";

	for (uint8_t i = 0; i < of->policy.n_pools; i++)
		add(text, " %s", of->config->pools[of->policy.pools[i]].name);
	put_list(r, text);
}

static void put_bits(struct render *r, uint32_t bits, const char *const words[], unsigned int n)
{
	char text[TEXT_BYTES] = "";

	for (unsigned int i = 0; i < n; i++)
		if (bits & 1u << i)
			add(text, " %s", words[i]);
	put_list(r, text);
}

static void put_name(struct render *r, uint16_t i, uint16_t n, const char *name)
{
	if (i < n)
		render_word(r, name);
	else
		render_none(r);
}

static const char *encryption_name(uint8_t encryption)
{
	static const char *const names[] = {[CONFIG_ENCRYPTION_DENY] = "deny",
		[CONFIG_ENCRYPTION_ALLOW] = "allow",
		[CONFIG_ENCRYPTION_PREFER] = "prefer",
		[CONFIG_ENCRYPTION_REQUIRE] = "require"};

	return encryption < RTE_DIM(names) ? names[encryption] : "?";
}

static void put_domain(struct render *r, const char *domain)
{
	if (domain[0])
		render_text(r, span_of_text(domain)); // of RADIUS, perhaps
	else
		render_none(r);
}

static void put_value(struct render *r, struct subject *of, enum config_policy_key key)
{
	static const char *const methods[] = {"mschapv2", "mschapv1", "chap", "pap"};
	static const char *const strengths[] = {"40", "56", "128"};
	const struct config *config = of->config;
	const struct policy *p = &of->policy;

	switch (key) {
	case CONFIG_POLICY_DNS:
		return put_addresses(r, p->dns_be, p->n_dns);
	case CONFIG_POLICY_NBNS:
		return put_addresses(r, p->nbns_be, p->n_nbns);
	case CONFIG_POLICY_DOMAIN:
		return put_domain(r, giver(of, key)->domain);
	case CONFIG_POLICY_ROUTES:
		return put_routes(r, giver(of, key));
	case CONFIG_POLICY_DHCP_INFORM:
		return render_bool(r, p->dhcp_inform);
	case CONFIG_POLICY_BROADCASTS:
		return render_word(r, p->relay_broadcasts ? "relay" : "drop");
	case CONFIG_POLICY_RATE_UP:
		return put_number(r, p->rate_up_kbps);
	case CONFIG_POLICY_RATE_DOWN:
		return put_number(r, p->rate_down_kbps);
	case CONFIG_POLICY_BURST:
		return render_u64(r, p->burst_ms);
	case CONFIG_POLICY_ACL_IN:
		return put_name(
			r, p->acl_in, config->n_acls, config->acls[p->acl_in % LIMIT_ACLS].name);
	case CONFIG_POLICY_ACL_OUT:
		return put_name(
			r, p->acl_out, config->n_acls, config->acls[p->acl_out % LIMIT_ACLS].name);
	case CONFIG_POLICY_IDLE_TIMEOUT:
		return put_number(r, p->idle_timeout_s);
	case CONFIG_POLICY_IDLE_COUNTS:
		return render_word(r, p->idle_up_only ? "up" : "both");
	case CONFIG_POLICY_SESSION_TIMEOUT:
		return put_number(r, p->session_timeout_s);
	case CONFIG_POLICY_ACCESS_HOURS:
		return put_name(r, p->access_hours, config->n_hours,
			p->access_hours < config->n_hours ? config->hours[p->access_hours].name
							  : "");
	case CONFIG_POLICY_LOGINS:
		return put_number(r, p->logins_max);
	case CONFIG_POLICY_LOGINS_FULL:
		return render_word(r, p->logins_replace ? "replace" : "refuse");
	case CONFIG_POLICY_AUTH_METHODS:
		return put_bits(r, p->auth_methods, methods, RTE_DIM(methods));
	case CONFIG_POLICY_ENCRYPTION:
		return render_word(r, encryption_name(p->encryption));
	case CONFIG_POLICY_MPPE_BITS:
		return put_bits(r, p->mppe_bits, strengths, RTE_DIM(strengths));
	case CONFIG_POLICY_STATELESS_REQUIRED:
		return render_bool(r, p->stateless_required);
	case CONFIG_POLICY_POOLS:
		return put_pools(r, of);
	case CONFIG_POLICY_CLIENT_ADDRESS:
		return render_bool(r, p->use_client_address);
	case CONFIG_POLICY_MTU:
		return render_u64(r, p->mtu);
	case CONFIG_POLICY_INTERIM:
		return put_number(r, p->interim_s);
	case CONFIG_POLICY_KEYS:
		break;
	}
	render_none(r);
}

// "group sales", "radius".
static void put_source(struct render *r, const struct subject *of, enum config_policy_key key)
{
	enum policy_source source = (enum policy_source)of->policy.source[key];
	char text[CONFIG_GROUP_NAME_BYTES + 16];

	if (source == POLICY_BASE || source == POLICY_GROUP)
		snprintf(text, sizeof(text), "group %s",
			of->config
				->groups[source == POLICY_BASE ? of->config->base_group
							       : of->policy.group]
				.name);
	else
		snprintf(text, sizeof(text), "%s", policy_source_name(source));
	render_word(r, text);
}

// ---- the tables ------------------------------------------------------------------------------------

static void row(struct control *c, struct show *s, uint32_t i)
{
	enum config_policy_key key = (enum config_policy_key)(i % CONFIG_POLICY_KEYS);
	struct render *r = &s->render;
	struct subject of;

	if (!find_subject(c, s, i / CONFIG_POLICY_KEYS, &of))
		return;
	render_row_begin(r);
	if (of.call)
		render_hex(r, of.call->id);
	else
		render_none(r);
	render_word(r, policy_key_name(key));
	put_value(r, &of, key);
	put_source(r, &of, key);
	render_row_end(r);
}

static void describe_user(struct control *c, struct show *s)
{
	const struct logins_user *u = find_calls(c, s);
	struct render *r = &s->render;
	struct subject of;

	render_record_begin(r, "user");
	render_key(r, "name", NULL);
	render_text(r, s->argument);
	render_key(r, "tenant", NULL);
	show_tenant(c, r, s->tenant);
	render_key(r, "group", NULL);
	if (find_subject(c, s, 0, &of))
		render_word(r, of.config->groups[of.policy.group].name);
	else
		render_none(r);
	render_key(r, "sessions",
		!u			   ? "what follows is what the configuration says of him"
		: u->n_calls > CALLS_SHOWN ? "the oldest are shown"
					   : NULL);
	render_u64(r, u ? u->n_calls : 0);
	render_record_end(r);
}

bool show_user_policy(struct control *c, struct show *s)
{
	static const struct render_column columns[] = {
		{"SESSION", "session", false, false},
		{"KEY", "key", false, false},
		{"VALUE", "value", false, false},
		{"FROM", "from", false, false},
	};
	uint32_t n_calls = count_calls(c, s);
	uint32_t n_rows = RTE_MAX(n_calls, 1u) * CONFIG_POLICY_KEYS;

	if (s->stage++ == 0) {
		describe_user(c, s);
		render_table_begin(&s->render, "policy", columns, RTE_DIM(columns));
	}
	while (s->cursor < n_rows && render_has_room(&s->render))
		row(c, s, s->cursor++);
	if (s->cursor < n_rows)
		return false;
	render_table_end(&s->render);
	return true;
}

// As the realm of the name has it, where no tenant is named.
static bool find_tenant(struct control *c, struct show *s)
{
	const struct config *config = c->config.config;
	char name[CONFIG_TENANT_NAME_BYTES];
	int tenant;

	if (!s->tenant_name.bytes) {
		s->tenant = tenant_of_login(config, 0, s->argument);
		return true;
	}
	if (s->tenant_name.len >= sizeof(name))
		return false;
	memcpy(name, s->tenant_name.bytes, s->tenant_name.len);
	name[s->tenant_name.len] = '\0';
	tenant = config_find_tenant(config, name);
	s->tenant = tenant < 0 ? 0 : (uint16_t)tenant;
	return tenant >= 0;
}

int show_user_policy_check(struct control *c, struct show *s)
{
	char shown[80];

	if (!find_tenant(c, s)) {
		log_escape(s->tenant_name, shown, sizeof(shown));
		snprintf(s->message, sizeof(s->message), "There is no tenant %s.\n", shown);
		return SHOW_FAILED;
	}
	if (find_calls(c, s) || find_user(c, s))
		return SHOW_OK;
	log_escape(s->argument, shown, sizeof(shown));
	snprintf(s->message, sizeof(s->message),
		"%s has no session and is not in the configuration. What RADIUS says of a user is "
		"known "
		"while he is connected.\n",
		shown);
	return SHOW_FAILED;
}
