// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_access.h"

#include "base/utf8.h"
#include "drivers/aaa/radius/radius_policy.h"

#include <errno.h>
#include <stdio.h>

enum {
	SERVICE_FRAMED = 2,	  // RFC 2865 5.6
	FRAMED_PPP = 1,		  // RFC 2865 5.7
	PORT_VIRTUAL = 5,	  // RFC 2865 5.41
	TUNNEL_PPTP = 1,	  // RFC 2868 3.1
	TUNNEL_IPV4 = 1,	  // RFC 2868 3.2
	MS_USE_NT = 1,		  // RFC 2548 2.1.3
	CPW_CODE = 7,		  // RFC 2548 2.3.4
	ENC_PW_CODE = 6,	  // RFC 2548 2.2
	ENC_PW_CHUNK_BYTES = 243, // what an attribute has room for
};

// ---- the request --------------------------------------------------------------------------------

static void put_ms(struct radius_packet *p, uint8_t type, const void *value, size_t n)
{
	radius_put_vendor(p, RADIUS_VENDOR_MICROSOFT, type, span_of(value, n));
}

static void put_mschapv1(struct radius_packet *p, const struct auth_credentials *c)
{
	uint8_t value[50] = {c->chap_id, c->has_nt ? MS_USE_NT : 0};

	memcpy(value + 2, c->lm_response, sizeof(c->lm_response));
	memcpy(value + 26, c->nt_response, sizeof(c->nt_response));
	put_ms(p, RADIUS_MS_CHAP_CHALLENGE, c->challenge, c->challenge_len);
	put_ms(p, RADIUS_MS_CHAP_RESPONSE, value, sizeof(value));
}

static void put_mschapv2(struct radius_packet *p, const struct auth_credentials *c)
{
	uint8_t value[50] = {c->chap_id, 0};

	memcpy(value + 2, c->peer_challenge, sizeof(c->peer_challenge));
	memcpy(value + 26, c->nt_response, sizeof(c->nt_response));
	put_ms(p, RADIUS_MS_CHAP_CHALLENGE, c->challenge, c->challenge_len);
	put_ms(p, RADIUS_MS_CHAP2_RESPONSE, value, sizeof(value));
}

// RFC 2548 2.3.4 and 2.2: the hash and the new response, and the new password in pieces.
static void put_change(struct radius_packet *p, const struct auth_credentials *c)
{
	uint8_t value[68] = {CPW_CODE, c->chap_id};
	uint8_t piece[4 + ENC_PW_CHUNK_BYTES];

	memcpy(value + 2, c->encrypted_hash, sizeof(c->encrypted_hash));
	memcpy(value + 18, c->peer_challenge, sizeof(c->peer_challenge));
	memcpy(value + 42, c->nt_response, sizeof(c->nt_response)); // 8 reserved bytes before it
	put_ms(p, RADIUS_MS_CHAP_CHALLENGE, c->challenge, c->challenge_len);
	put_ms(p, RADIUS_MS_CHAP2_CPW, value, sizeof(value));
	uint16_t number = 1;
	for (size_t at = 0; at < sizeof(c->encrypted_password);) {
		size_t n = sizeof(c->encrypted_password) - at;
		if (n > ENC_PW_CHUNK_BYTES)
			n = ENC_PW_CHUNK_BYTES;
		piece[0] = ENC_PW_CODE;
		piece[1] = c->chap_id;
		bytes_put_u16(piece + 2, number++);
		memcpy(piece + 4, c->encrypted_password + at, n);
		put_ms(p, RADIUS_MS_CHAP_NT_ENC_PW, piece, 4 + n);
		at += n;
	}
}

static void put_chap(struct radius_packet *p, const struct auth_credentials *c)
{
	uint8_t value[17] = {c->chap_id};

	memcpy(value + 1, c->md5_response, sizeof(c->md5_response));
	radius_put(p, RADIUS_CHAP_PASSWORD, span_of(value, sizeof(value)));
	// Always: else the challenge would have to be the authenticator, which is another for each server.
	radius_put(p, RADIUS_CHAP_CHALLENGE, span_of(c->challenge, c->challenge_len));
}

static void put_credentials(struct radius_packet *p, const struct auth_credentials *c)
{
	switch (c->method) {
	case AUTH_METHOD_MSCHAPV2:
		if (c->has_change)
			put_change(p, c);
		else
			put_mschapv2(p, c);
		break;
	case AUTH_METHOD_MSCHAPV1:
		put_mschapv1(p, c);
		break;
	case AUTH_METHOD_CHAP_MD5:
		put_chap(p, c);
		break;
	case AUTH_METHOD_PAP:
		radius_put_password(p, span_of(c->password, c->password_len));
		break;
	case AUTH_METHOD_NONE:
		break;
	}
}

static void put_call(
	struct radius_packet *p, const struct config *config, const struct aaa_request *request)
{
	char port_id[24];

	radius_put_ipv4(p, RADIUS_NAS_IP_ADDRESS,
		config->nas_address_be ? config->nas_address_be : request->server_be);
	radius_put_text(p, RADIUS_NAS_IDENTIFIER,
		config->nas_identifier[0] ? config->nas_identifier : config->name);
	radius_put_u32(p, RADIUS_NAS_PORT, request->nas_port);
	radius_put_u32(p, RADIUS_NAS_PORT_TYPE, PORT_VIRTUAL);
	snprintf(port_id, sizeof(port_id), "pptp%u", request->nas_port);
	radius_put_text(p, RADIUS_NAS_PORT_ID, port_id);
	radius_put_u32(p, RADIUS_SERVICE_TYPE, SERVICE_FRAMED);
	radius_put_u32(p, RADIUS_FRAMED_PROTOCOL, FRAMED_PPP);
	radius_put_ipv4_text(p, RADIUS_CALLING_STATION_ID, request->client_be);
	radius_put_ipv4_text(p, RADIUS_CALLED_STATION_ID, request->server_be);
	radius_put_tagged_u24(p, RADIUS_TUNNEL_TYPE, TUNNEL_PPTP);
	radius_put_tagged_u24(p, RADIUS_TUNNEL_MEDIUM_TYPE, TUNNEL_IPV4);
	radius_put_ipv4_text(p, RADIUS_TUNNEL_CLIENT_ENDPOINT, request->client_be);
	radius_put_ipv4_text(p, RADIUS_TUNNEL_SERVER_ENDPOINT, request->server_be);
	radius_put_text(p, RADIUS_ACCT_SESSION_ID, request->session_id);
}

int radius_access_write(const struct config *config, const struct aaa_request *request,
	struct span state, struct radius_packet *p, struct radius_asked *asked)
{
	const struct auth_credentials *c = &request->credentials;

	*asked = (struct radius_asked){
		.tag = request->tag,
		.tenant = request->tenant,
		.method = c->method,
		.chap_id = c->chap_id,
		.has_change = c->has_change,
	};
	memcpy(asked->challenge, c->challenge, sizeof(asked->challenge));
	if (memchr(c->user, 0, c->user_len))
		return -EINVAL;
	radius_begin(p, RADIUS_ACCESS_REQUEST, true);
	radius_put(p, RADIUS_USER_NAME, span_of(c->user, c->user_len));
	put_credentials(p, c);
	put_call(p, config, request);
	radius_put(p, RADIUS_STATE, state);
	return p->w.failed ? -EMSGSIZE : 0;
}

// ---- the answer ---------------------------------------------------------------------------------

struct reading {
	const struct config *config;
	const struct radius_asked *asked;
	const uint8_t *request_authenticator;
	const struct secret *secret;
	struct aaa_reply *out;
	const char *refusal; // the answer is a yes that cannot be kept
	bool has_group, has_success, has_send, has_receive, has_v1_keys;
};

static void refuse(struct reading *r, const char *why)
{
	if (!r->refusal)
		r->refusal = why;
}

// As much of a text as fits: whole characters of UTF-8, no controls.
static void add_message(struct aaa_reply *out, struct span text)
{
	size_t len = strlen(out->message);

	while (text.len) {
		uint32_t code_point;
		size_t n = utf8_decode(text, &code_point);
		if (n > 0 && !utf8_is_control(code_point)) {
			if (len + n >= sizeof(out->message))
				break;
			memcpy(out->message + len, text.bytes, n);
			len += n;
		}
		n = n ? n : 1;
		text = span_of(text.bytes + n, text.len - n);
	}
	out->message[len] = '\0';
}

static void take_class(struct reading *r, struct span value)
{
	struct aaa_classes *to = &r->out->classes;

	if (value.len == 0 || value.len > UINT8_MAX)
		return;
	if (to->n_bytes + 1 + value.len > sizeof(to->bytes)) {
		// Accounting without it would be wrong, and nobody would know.
		refuse(r, "the RADIUS server sends more Class than there is room for");
		return;
	}
	to->bytes[to->n_bytes++] = (uint8_t)value.len;
	memcpy(to->bytes + to->n_bytes, value.bytes, value.len);
	to->n_bytes = (uint16_t)(to->n_bytes + value.len);
}

static uint8_t classful_len(uint32_t address)
{
	if (address < 0x80000000)
		return 8;
	return address < 0xc0000000 ? 16 : 24;
}

// "192.168.7.0/24 0.0.0.0 1" (RFC 2865 5.22): a network behind the client. Gateway and metric mean nothing here: the client
// is the only way. Without a length it is that of the address's class.
static void take_route(struct reading *r, struct span value)
{
	struct aaa_reply *out = r->out;
	unsigned int o[4], len;
	char text[64];
	int at = 0;

	if (value.len == 0 || value.len >= sizeof(text)) {
		refuse(r, "Framed-Route of the RADIUS server is no route");
		return;
	}
	memcpy(text, value.bytes, value.len);
	text[value.len] = '\0';
	if (sscanf(text, "%3u.%3u.%3u.%3u%n", &o[0], &o[1], &o[2], &o[3], &at) != 4 || o[0] > 255 ||
		o[1] > 255 || o[2] > 255 || o[3] > 255) {
		refuse(r, "Framed-Route of the RADIUS server is no route");
		return;
	}
	uint32_t address = o[0] << 24 | o[1] << 16 | o[2] << 8 | o[3];
	len = classful_len(address);
	if (text[at] == '/' && (sscanf(text + at, "/%2u", &len) != 1 || len > 32)) {
		refuse(r, "Framed-Route of the RADIUS server is no route");
		return;
	}
	if (out->n_routes == LIMIT_USER_ROUTES) {
		refuse(r, "the RADIUS server sends more Framed-Route than there is room for");
		return;
	}
	address &= len ? UINT32_MAX << (32 - len) : 0;
	struct aaa_route *to = &out->routes[out->n_routes++];
	bytes_put_u32((uint8_t *)&to->prefix_be, address);
	to->prefix_len = (uint8_t)len;
}

// A salted key of 16 bytes; servers that know only 40 bit send 8.
static bool take_key(
	struct reading *r, struct span value, bool is_second, uint8_t out[MPPE_KEY_BYTES_MAX])
{
	uint8_t key[RADIUS_KEY_BYTES_MAX];
	size_t n;

	if (radius_key_reveal(r->secret, r->request_authenticator, value, key, &n) != 0 ||
		(n != MPPE_KEY_BYTES_MAX && n != 8)) {
		refuse(r, "the MPPE keys of the RADIUS server cannot be read: is the secret the "
			  "server's?");
		return false;
	}
	memset(key + n, 0, sizeof(key) - n);
	// A second one that is another: whichever is taken, nobody could tell why nothing decrypts.
	if (is_second && !secret_equal_bytes(out, key, MPPE_KEY_BYTES_MAX))
		refuse(r, "the RADIUS server sends several MPPE keys for one direction");
	memcpy(out, key, MPPE_KEY_BYTES_MAX);
	secret_wipe_bytes(key, sizeof(key));
	return true;
}

// RFC 2548 2.4.1: the LM key (zeros where the server does not know it), and the hash of the NT hash.
static bool take_v1_keys(struct reading *r, struct span value)
{
	static const uint8_t none[16];
	uint8_t keys[32];

	if (value.len != sizeof(keys)) {
		refuse(r, "MS-CHAP-MPPE-Keys of the RADIUS server has a wrong length");
		return false;
	}
	memcpy(keys, value.bytes, sizeof(keys));
	radius_password_reveal(r->secret, r->request_authenticator, keys, sizeof(keys));
	bool has_lm = !secret_equal_bytes(keys, none, 8);
	bool has_nt = !secret_equal_bytes(keys + 8, none, 16);
	uint8_t lm[16] = {0};
	memcpy(lm, keys, 8);
	if (has_nt)
		mppe_key_start_mschapv1(
			r->asked->challenge, keys + 8, has_lm ? lm : NULL, &r->out->keys);
	secret_wipe_bytes(keys, sizeof(keys));
	secret_wipe_bytes(lm, sizeof(lm));
	return has_nt;
}

// Identifier, then "S=" and 40 hex digits.
static void take_success(struct reading *r, struct span value)
{
	size_t n = sizeof(r->out->authenticator_response);

	if (value.len < 1 + n || value.bytes[0] != r->asked->chap_id ||
		memcmp(value.bytes + 1, "S=", 2) != 0)
		return;
	memcpy(r->out->authenticator_response, value.bytes + 1, n);
	r->has_success = true;
}

static void take_microsoft(struct reading *r, const struct radius_attribute *a)
{
	bool is_v2 = r->asked->method == AUTH_METHOD_MSCHAPV2;

	switch (a->type) {
	case RADIUS_MS_CHAP2_SUCCESS:
		if (is_v2)
			take_success(r, a->value);
		break;
	case RADIUS_MS_MPPE_SEND_KEY:
		if (is_v2)
			r->has_send = take_key(r, a->value, r->has_send, r->out->keys.send);
		break;
	case RADIUS_MS_MPPE_RECV_KEY:
		if (is_v2)
			r->has_receive =
				take_key(r, a->value, r->has_receive, r->out->keys.receive);
		break;
	case RADIUS_MS_CHAP_MPPE_KEYS:
		if (r->asked->method == AUTH_METHOD_MSCHAPV1)
			r->has_v1_keys = take_v1_keys(r, a->value);
		break;
	default:
		break;
	}
}

static void take_attribute(struct reading *r, const struct radius_attribute *a)
{
	const char *why;

	if (a->vendor == RADIUS_VENDOR_MICROSOFT)
		take_microsoft(r, a);
	if (a->vendor == 0) {
		switch (a->type) {
		case RADIUS_FRAMED_IP_ADDRESS:
			radius_get_ipv4(a->value, &r->out->framed_address_be);
			break;
		case RADIUS_FRAMED_IP_NETMASK:
			radius_get_ipv4(a->value, &r->out->framed_netmask_be);
			break;
		case RADIUS_FRAMED_ROUTE:
			take_route(r, a->value);
			break;
		case RADIUS_CLASS:
			take_class(r, a->value);
			break;
		case RADIUS_REPLY_MESSAGE:
			add_message(r->out, a->value);
			break;
		default:
			break;
		}
	}
	switch (radius_policy_group(r->config, a, &r->out->group, &why)) {
	case RADIUS_POLICY_TAKEN:
		return;
	case RADIUS_POLICY_OTHER:
		break;
	case RADIUS_POLICY_BAD:
	case RADIUS_POLICY_UNKNOWN:
	case RADIUS_POLICY_FORBIDS:
		refuse(r, why);
		return;
	}
	switch (radius_policy_take(r->config, a, &r->out->policy, &why)) {
	case RADIUS_POLICY_TAKEN:
	case RADIUS_POLICY_OTHER:
		return;
	case RADIUS_POLICY_BAD:
	case RADIUS_POLICY_UNKNOWN:
	case RADIUS_POLICY_FORBIDS:
		refuse(r, why);
		return;
	}
}

static void reject(struct aaa_reply *out, uint16_t ms_error, const char *why)
{
	out->result = AAA_REJECT;
	out->ms_error = ms_error;
	out->is_no_guess = ms_error != 691 || why;
	out->why = why;
}

static void read_accept(struct reading *r, const struct radius_view *v)
{
	struct radius_cursor c = radius_cursor_of(v);
	struct radius_attribute a;
	struct aaa_reply *out = r->out;

	if (r->asked->tenant < r->config->n_tenants)
		out->group = r->config->tenants[r->asked->tenant].group_index;
	while (radius_next(&c, &a))
		take_attribute(r, &a);
	if (r->asked->method == AUTH_METHOD_MSCHAPV2 && !r->has_success)
		refuse(r, "the RADIUS server accepts without MS-CHAP2-Success: it has not checked "
			  "the password");
	if (r->refusal) {
		uint64_t tag = out->tag;
		aaa_reply_wipe(out);
		out->tag = tag;
		reject(out, 649, r->refusal);
		return;
	}
	out->result = AAA_ACCEPT;
	out->password_changed = r->asked->has_change;
	out->has_keys = (r->has_send && r->has_receive) || r->has_v1_keys;
	if (!out->has_keys)
		secret_wipe_bytes(&out->keys, sizeof(out->keys));
	if (!out->has_keys && auth_method_has_keys(r->asked->method))
		out->why = "the RADIUS server gave no MPPE keys";
}

// "E=691 R=1 C=... V=3 M=text", an identifier before it (RFC 2548 2.1.5).
static uint16_t read_ms_error(struct span value, struct aaa_reply *out)
{
	static const uint16_t known[] = {646, 647, 648, 649, 691, 709};
	char text[RADIUS_VALUE_BYTES_MAX + 1];
	unsigned int number = 0;

	if (value.len < 2 || value.len > sizeof(text))
		return 691;
	memcpy(text, value.bytes + 1, value.len - 1);
	text[value.len - 1] = '\0';
	const char *message = strstr(text, "M=");
	if (message && !out->message[0])
		add_message(out, span_of_text(message + 2));
	const char *e = strstr(text, "E=");
	if (e && sscanf(e, "E=%3u", &number) == 1)
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (number == known[i])
				return known[i];
	return 691;
}

static void read_reject(struct reading *r, const struct radius_view *v)
{
	struct radius_cursor c = radius_cursor_of(v);
	struct radius_attribute a;
	uint16_t ms_error = r->asked->has_change ? 709 : 691;

	while (radius_next(&c, &a))
		if (a.vendor == 0 && a.type == RADIUS_REPLY_MESSAGE)
			add_message(r->out, a.value);
	struct span error;
	if (radius_find(v, RADIUS_VENDOR_MICROSOFT, RADIUS_MS_CHAP_ERROR, &error))
		ms_error = read_ms_error(error, r->out);
	reject(r->out, ms_error, NULL);
}

void radius_access_read(const struct config *config, const struct radius_asked *asked,
	const struct radius_view *v, const uint8_t request_authenticator[16],
	const struct secret *secret, struct aaa_reply *out, struct span *state)
{
	struct reading r = {
		.config = config,
		.asked = asked,
		.request_authenticator = request_authenticator,
		.secret = secret,
		.out = out,
	};

	memset(out, 0, sizeof(*out));
	out->tag = asked->tag;
	*state = (struct span){0};
	switch (v->code) {
	case RADIUS_ACCESS_ACCEPT:
		read_accept(&r, v);
		return;
	case RADIUS_ACCESS_REJECT:
		read_reject(&r, v);
		break;
	default: // Access-Challenge: the next try of the call may answer it
		read_reject(&r, v);
		reject(out, 691, "the RADIUS server asks a further question, which PPP cannot ask");
		break;
	}
	(void)radius_find(v, 0, RADIUS_STATE, state);
}
