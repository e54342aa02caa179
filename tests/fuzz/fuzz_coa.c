// SPDX-License-Identifier: BSD-3-Clause
// A Disconnect- or CoA-Request of somebody who knows the secret: what is read from it holds together.
#include "drivers/aaa/radius/coa_request.h"
#include "fuzz/fuzz.h"

static const struct config *make_config(void)
{
	static struct config *c;

	if (c)
		return c;
	c = config_new();
	REQUIRE(c != NULL);
	strcpy(c->acls[c->n_acls++].name, "a");
	strcpy(c->groups[c->n_groups++].name, "g");
	return c;
}

static void check_text(const char *text, size_t cap)
{
	size_t n = strnlen(text, cap);

	REQUIRE(n > 0 && n < cap);
}

static void check_classes(const struct aaa_classes *classes)
{
	size_t at = 0;

	REQUIRE(classes->n_bytes > 0 && classes->n_bytes <= sizeof(classes->bytes));
	while (at < classes->n_bytes) {
		REQUIRE(classes->bytes[at] > 0);
		at += 1 + (size_t)classes->bytes[at];
	}
	REQUIRE(at == classes->n_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config_coa listener = {.tenant_number = 1};
	static const struct secret secret = {.len = 1, .bytes = "s"};
	const struct config *config = make_config();
	struct aaa_change change;
	struct radius_view v;

	if (radius_read(span_of(data, size), &v) != 0)
		return 0;
	(void)radius_check_request(&v, &secret, false);
	enum aaa_error_cause cause = coa_request_read(config, &listener, &v, &change);
	REQUIRE(strcmp(aaa_error_cause_name(cause), "?") != 0);
	if (cause != AAA_ERROR_NONE)
		return 0;
	REQUIRE(change.keys != 0 && change.tenant == 1);
	if (change.keys & AAA_KEY_USER) {
		check_text(change.user, sizeof(change.user));
		REQUIRE(change.user_len == strlen(change.user));
	}
	if (change.keys & AAA_KEY_SESSION_ID)
		check_text(change.session_id, sizeof(change.session_id));
	if (change.keys & AAA_KEY_MULTI_SESSION_ID)
		check_text(change.multi_session_id, sizeof(change.multi_session_id));
	if (change.has_classes)
		check_classes(&change.classes);
	if (change.has_group)
		REQUIRE(change.group < config->n_groups);
	if (change.kind == AAA_CHANGE_DISCONNECT)
		REQUIRE(change.policy.given == 0 && !change.has_group);
	if (change.policy.given & 1u << CONFIG_POLICY_ACL_IN)
		REQUIRE(config_find_acl(config, change.policy.acl_in) >= 0);
	return 0;
}
