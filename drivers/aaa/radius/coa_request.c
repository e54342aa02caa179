// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/coa_request.h"

#include "drivers/aaa/radius/radius_policy.h"

enum {
	SERVICE_FRAMED = 2, // RFC 2865 5.6
	SERVICE_AUTHORIZE_ONLY = 17,
	FRAMED_PPP = 1,		 // RFC 2865 5.7
	PORT_TYPE_VIRTUAL = 5,	 // RFC 2865 5.41
	TERMINATION_DEFAULT = 0, // RFC 2865 5.29
};

// What can be other than it was while a call is up. What IPCP, CCP and the authentication have settled is not among it:
// who sends that is told so, instead of being left in the belief that it holds.
static const uint32_t changeable =
	1u << CONFIG_POLICY_RATE_UP | 1u << CONFIG_POLICY_RATE_DOWN | 1u << CONFIG_POLICY_ACL_IN |
	1u << CONFIG_POLICY_ACL_OUT | 1u << CONFIG_POLICY_IDLE_TIMEOUT |
	1u << CONFIG_POLICY_SESSION_TIMEOUT | 1u << CONFIG_POLICY_ACCESS_HOURS |
	1u << CONFIG_POLICY_LOGINS | 1u << CONFIG_POLICY_MTU | 1u << CONFIG_POLICY_INTERIM;

struct reading {
	const struct config *config;
	const struct config_coa *listener;
	struct aaa_change *out;
	uint32_t seen; // enum aaa_change_key: a key may be given once
	bool has_authorize_only, has_state;
};

// ---- whose packet it is -------------------------------------------------------------------------

static bool is_own_address(const struct reading *r, uint32_t address_be)
{
	const struct config *c = r->config;

	if (address_be == r->listener->address_be ||
		(c->nas_address_be && address_be == c->nas_address_be))
		return true;
	for (uint16_t i = 0; i < c->n_listen; i++)
		if (c->listen_be[i] == address_be)
			return true;
	return false;
}

static enum aaa_error_cause read_nas(struct reading *r, const struct radius_attribute *a)
{
	const char *name =
		r->config->nas_identifier[0] ? r->config->nas_identifier : r->config->name;
	uint32_t address_be;

	if (a->type == RADIUS_NAS_IDENTIFIER)
		return span_equal(a->value, span_of_text(name)) ? AAA_ERROR_NONE
								: AAA_ERROR_NAS_MISMATCH;
	if (!radius_get_ipv4(a->value, &address_be))
		return AAA_ERROR_INVALID_VALUE;
	return is_own_address(r, address_be) ? AAA_ERROR_NONE : AAA_ERROR_NAS_MISMATCH;
}

// ---- keys ---------------------------------------------------------------------------------------

static bool copy_text(struct span from, char *to, size_t cap)
{
	if (from.len == 0 || from.len >= cap || memchr(from.bytes, 0, from.len))
		return false;
	memcpy(to, from.bytes, from.len);
	to[from.len] = '\0';
	return true;
}

static bool read_decimal(struct span text, uint32_t *out)
{
	uint64_t v = 0;

	if (text.len == 0 || text.len > 10)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text.bytes[i] - '0');
	}
	*out = (uint32_t)v;
	return v <= UINT32_MAX;
}

static bool read_ipv4_text(struct span text, uint32_t *out_be)
{
	uint8_t bytes[4];
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		size_t from = at;
		uint32_t octet;
		while (at < text.len && text.bytes[at] != '.')
			at++;
		if (!read_decimal(span_of(text.bytes + from, at - from), &octet) || octet > 255)
			return false;
		bytes[i] = (uint8_t)octet;
		if (i < 3 && at++ == text.len)
			return false;
	}
	memcpy(out_be, bytes, sizeof(bytes));
	return at == text.len;
}

static enum aaa_error_cause found(struct reading *r, enum aaa_change_key key, bool is_good)
{
	if (!is_good)
		return AAA_ERROR_INVALID_VALUE;
	r->out->keys |= (uint32_t)key;
	return AAA_ERROR_NONE;
}

// NAS-Port-Id as adit's requests have it: "pptp123"; or the number alone.
static bool read_port_id(struct span text, uint32_t *out)
{
	static const char prefix[] = "pptp";
	const size_t len = sizeof(prefix) - 1;

	if (text.len > len && memcmp(text.bytes, prefix, len) == 0)
		text = span_of(text.bytes + len, text.len - len);
	return read_decimal(text, out);
}

// NAS-Port and NAS-Port-Id say the same; who gives both must mean one port.
static enum aaa_error_cause read_port(struct reading *r, const struct radius_attribute *a)
{
	uint32_t port;
	bool is_good = a->type == RADIUS_NAS_PORT ? radius_get_u32(a->value, &port)
						  : read_port_id(a->value, &port);

	if (is_good && r->out->keys & AAA_KEY_NAS_PORT && port != r->out->nas_port)
		return AAA_ERROR_NO_CONTEXT;
	if (is_good)
		r->out->nas_port = port;
	return found(r, AAA_KEY_NAS_PORT, is_good);
}

static enum aaa_error_cause read_user(struct reading *r, const struct radius_attribute *a)
{
	bool is_good = copy_text(a->value, r->out->user, sizeof(r->out->user));

	if (is_good)
		r->out->user_len = (uint16_t)a->value.len;
	return found(r, AAA_KEY_USER, is_good);
}

static enum aaa_error_cause read_key(struct reading *r, const struct radius_attribute *a)
{
	struct aaa_change *out = r->out;

	switch (a->type) {
	case RADIUS_USER_NAME:
		return read_user(r, a);
	case RADIUS_NAS_PORT:
	case RADIUS_NAS_PORT_ID:
		return read_port(r, a);
	case RADIUS_FRAMED_IP_ADDRESS:
		return found(r, AAA_KEY_FRAMED_ADDRESS, radius_get_ipv4(a->value, &out->framed_be));
	case RADIUS_CALLING_STATION_ID:
		return found(
			r, AAA_KEY_CALLING_STATION, read_ipv4_text(a->value, &out->calling_be));
	case RADIUS_ACCT_SESSION_ID:
		return found(r, AAA_KEY_SESSION_ID,
			copy_text(a->value, out->session_id, sizeof(out->session_id)));
	default:
		return found(r, AAA_KEY_MULTI_SESSION_ID,
			copy_text(a->value, out->multi_session_id, sizeof(out->multi_session_id)));
	}
}

// Each key once (RFC 5176 3.6): of two user names, one would not be looked at.
static enum aaa_error_cause read_key_once(struct reading *r, const struct radius_attribute *a)
{
	uint32_t bit = a->type == RADIUS_NAS_PORT_ID ? 1u << 31 : 1u << (a->type % 31);

	if (r->seen & bit)
		return AAA_ERROR_INVALID_REQUEST;
	r->seen |= bit;
	return read_key(r, a);
}

// ---- changes ------------------------------------------------------------------------------------

static enum aaa_error_cause read_fixed(const struct radius_attribute *a, uint32_t wanted)
{
	uint32_t v;

	return radius_get_u32(a->value, &v) && v == wanted ? AAA_ERROR_NONE
							   : AAA_ERROR_INVALID_VALUE;
}

// "Authorize Only" asks adit to ask the server anew, which it does not (RFC 5176 3.2).
static enum aaa_error_cause read_service(struct reading *r, const struct radius_attribute *a)
{
	uint32_t v;

	if (!radius_get_u32(a->value, &v))
		return AAA_ERROR_UNSUPPORTED_SERVICE;
	r->has_authorize_only |= v == SERVICE_AUTHORIZE_ONLY;
	return v == SERVICE_FRAMED || v == SERVICE_AUTHORIZE_ONLY ? AAA_ERROR_NONE
								  : AAA_ERROR_UNSUPPORTED_SERVICE;
}

static enum aaa_error_cause read_class(struct reading *r, const struct radius_attribute *a)
{
	struct aaa_classes *to = &r->out->classes;

	if (a->value.len == 0 || a->value.len > UINT8_MAX ||
		to->n_bytes + 1 + a->value.len > sizeof(to->bytes))
		return AAA_ERROR_INVALID_VALUE;
	to->bytes[to->n_bytes] = (uint8_t)a->value.len;
	memcpy(to->bytes + to->n_bytes + 1, a->value.bytes, a->value.len);
	to->n_bytes = (uint16_t)(to->n_bytes + 1 + a->value.len);
	r->out->has_classes = true;
	return AAA_ERROR_NONE;
}

static enum aaa_error_cause cause_of(enum radius_policy_verdict verdict)
{
	switch (verdict) {
	case RADIUS_POLICY_TAKEN:
		return AAA_ERROR_NONE;
	case RADIUS_POLICY_OTHER:
		break;
	case RADIUS_POLICY_BAD:
	case RADIUS_POLICY_UNKNOWN:
	case RADIUS_POLICY_FORBIDS:
		return AAA_ERROR_INVALID_VALUE;
	}
	return AAA_ERROR_UNSUPPORTED_ATTRIBUTE;
}

static enum aaa_error_cause read_policy(struct reading *r, const struct radius_attribute *a)
{
	struct aaa_change *out = r->out;
	enum radius_policy_verdict verdict;
	const char *why;

	verdict = radius_policy_group(r->config, a, &out->group, &why);
	if (verdict != RADIUS_POLICY_OTHER) {
		out->has_group |= verdict == RADIUS_POLICY_TAKEN;
		return cause_of(verdict);
	}
	if (a->vendor == 0 && a->type == RADIUS_CLASS)
		return AAA_ERROR_NONE;
	enum aaa_error_cause cause = cause_of(radius_policy_take(r->config, a, &out->policy, &why));
	return cause == AAA_ERROR_NONE && out->policy.given & ~changeable
		       ? AAA_ERROR_UNSUPPORTED_ATTRIBUTE
		       : cause;
}

static enum aaa_error_cause read_change(struct reading *r, const struct radius_attribute *a)
{
	enum aaa_error_cause cause;

	switch (a->vendor == 0 ? a->type : 0) {
	case RADIUS_SERVICE_TYPE:
		return read_service(r, a);
	case RADIUS_FRAMED_PROTOCOL:
		return read_fixed(a, FRAMED_PPP);
	case RADIUS_NAS_PORT_TYPE:
		return read_fixed(a, PORT_TYPE_VIRTUAL);
	case RADIUS_TERMINATION_ACTION:
		return read_fixed(a, TERMINATION_DEFAULT);
	case RADIUS_STATE:
		cause = r->has_state ? AAA_ERROR_INVALID_REQUEST : AAA_ERROR_NONE;
		r->has_state = true;
		return cause;
	case RADIUS_CLASS:
		cause = read_class(r, a);
		return cause == AAA_ERROR_NONE ? read_policy(r, a) : cause;
	default:
		return read_policy(r, a);
	}
}

// Beside what names calls: the reason, which adit's own records say better, and Class for them (RFC 5176 3.6, Note 4).
static enum aaa_error_cause read_disconnect(struct reading *r, const struct radius_attribute *a)
{
	if (a->vendor == 0 && a->type == RADIUS_CLASS)
		return read_class(r, a);
	if (a->vendor == 0 && a->type == RADIUS_ACCT_TERMINATE_CAUSE)
		return AAA_ERROR_NONE;
	return AAA_ERROR_UNSUPPORTED_ATTRIBUTE;
}

static enum aaa_error_cause read_attribute(struct reading *r, const struct radius_attribute *a)
{
	switch (a->vendor == 0 ? a->type : 0) {
	case RADIUS_NAS_IP_ADDRESS:
	case RADIUS_NAS_IDENTIFIER:
		return read_nas(r, a);
	case RADIUS_USER_NAME:
	case RADIUS_NAS_PORT:
	case RADIUS_NAS_PORT_ID:
	case RADIUS_FRAMED_IP_ADDRESS:
	case RADIUS_CALLING_STATION_ID:
	case RADIUS_ACCT_SESSION_ID:
	case RADIUS_ACCT_MULTI_SESSION_ID:
		return read_key_once(r, a);
	case RADIUS_PROXY_STATE: // echoed
	case RADIUS_EVENT_TIMESTAMP:
	case RADIUS_MESSAGE_AUTHENTICATOR: // checked before
	case RADIUS_REPLY_MESSAGE:	   // for the user: PPTP cannot show it
		return AAA_ERROR_NONE;
	default:
		return r->out->kind == AAA_CHANGE_DISCONNECT ? read_disconnect(r, a)
							     : read_change(r, a);
	}
}

enum aaa_error_cause coa_request_read(const struct config *config,
	const struct config_coa *listener, const struct radius_view *v, struct aaa_change *out)
{
	struct reading r = {.config = config, .listener = listener, .out = out};
	struct radius_cursor cursor = radius_cursor_of(v);
	struct radius_attribute a;
	enum aaa_error_cause cause = AAA_ERROR_NONE;

	*out = (struct aaa_change){
		.kind = v->code == RADIUS_DISCONNECT_REQUEST ? AAA_CHANGE_DISCONNECT
							     : AAA_CHANGE_AUTHORIZATION,
		.tenant = listener->tenant_number,
	};
	while (cause == AAA_ERROR_NONE && radius_next(&cursor, &a))
		cause = read_attribute(&r, &a);
	if (cause == AAA_ERROR_NONE && r.has_authorize_only)
		cause = r.has_state ? AAA_ERROR_UNSUPPORTED_SERVICE : AAA_ERROR_MISSING_ATTRIBUTE;
	if (cause == AAA_ERROR_NONE && out->keys == 0)
		cause = AAA_ERROR_MISSING_ATTRIBUTE;
	return cause;
}
