// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_packet.h"

#include <nettle/hmac.h>
#include <nettle/md5.h>

#include <assert.h>
#include <errno.h>

enum {
	BLOCK = 16,
	MESSAGE_AUTHENTICATOR_BYTES = 16,
	VENDOR_HEADER_BYTES = 6, // vendor, type, length
	SALT_BYTES = 2,
};

static_assert((int)RADIUS_AUTHENTICATOR_BYTES == MD5_DIGEST_SIZE, "authenticators are MD5");

// ---- writing ------------------------------------------------------------------------------------

void radius_begin(struct radius_packet *p, enum radius_code code, bool with_message_authenticator)
{
	p->w = writer_of(p->bytes, sizeof(p->bytes));
	writer_u8(&p->w, (uint8_t)code);
	writer_zeros(&p->w, RADIUS_HEADER_BYTES - 1);
	if (with_message_authenticator) {
		writer_u8(&p->w, RADIUS_MESSAGE_AUTHENTICATOR);
		writer_u8(&p->w, 2 + MESSAGE_AUTHENTICATOR_BYTES);
		writer_zeros(&p->w, MESSAGE_AUTHENTICATOR_BYTES);
	}
}

uint8_t *radius_put_space(struct radius_packet *p, uint8_t type, size_t n)
{
	if (n > RADIUS_VALUE_BYTES_MAX) {
		p->w.failed = true;
		return NULL;
	}
	writer_u8(&p->w, type);
	writer_u8(&p->w, (uint8_t)(n + 2));
	return writer_reserve(&p->w, n);
}

void radius_put(struct radius_packet *p, uint8_t type, struct span value)
{
	if (value.len == 0)
		return;
	uint8_t *to = radius_put_space(p, type, value.len);
	if (to)
		memcpy(to, value.bytes, value.len);
}

void radius_put_text(struct radius_packet *p, uint8_t type, const char *text)
{
	radius_put(p, type, span_of_text(text));
}

void radius_put_u32(struct radius_packet *p, uint8_t type, uint32_t value)
{
	uint8_t *to = radius_put_space(p, type, 4);

	if (to)
		bytes_put_u32(to, value);
}

void radius_put_ipv4(struct radius_packet *p, uint8_t type, uint32_t address_be)
{
	radius_put(p, type, span_of(&address_be, sizeof(address_be)));
}

static size_t put_decimal(char *out, unsigned int v)
{
	size_t n = 0;

	if (v >= 100)
		out[n++] = (char)('0' + v / 100);
	if (v >= 10)
		out[n++] = (char)('0' + v / 10 % 10);
	out[n++] = (char)('0' + v % 10);
	return n;
}

void radius_put_ipv4_text(struct radius_packet *p, uint8_t type, uint32_t address_be)
{
	const uint8_t *octets = (const uint8_t *)&address_be;
	char text[16];
	size_t n = 0;

	for (int i = 0; i < 4; i++) {
		n += put_decimal(text + n, octets[i]);
		if (i < 3)
			text[n++] = '.';
	}
	radius_put(p, type, span_of(text, n));
}

void radius_put_tagged_u24(struct radius_packet *p, uint8_t type, uint32_t value)
{
	radius_put_u32(p, type, value & 0xffffff);
}

void radius_put_vendor(struct radius_packet *p, uint32_t vendor, uint8_t type, struct span value)
{
	if (value.len == 0)
		return;
	uint8_t *to = radius_put_space(p, RADIUS_VENDOR_SPECIFIC, VENDOR_HEADER_BYTES + value.len);
	if (!to)
		return;
	bytes_put_u32(to, vendor);
	to[4] = type;
	to[5] = (uint8_t)(value.len + 2);
	memcpy(to + VENDOR_HEADER_BYTES, value.bytes, value.len);
}

void radius_put_password(struct radius_packet *p, struct span password)
{
	size_t n = (password.len + BLOCK - 1) / BLOCK * BLOCK;

	if (n == 0)
		n = BLOCK; // an empty password is a block of zeros
	if (n > RADIUS_PASSWORD_BYTES_MAX) {
		p->w.failed = true;
		return;
	}
	uint8_t *to = radius_put_space(p, RADIUS_USER_PASSWORD, n);
	if (!to)
		return;
	memset(to, 0, n);
	if (password.len)
		memcpy(to, password.bytes, password.len);
}

void radius_packet_wipe(struct radius_packet *p)
{
	secret_wipe_bytes(p, sizeof(*p));
}

// ---- sealing ------------------------------------------------------------------------------------

// MD5 over the packet with `authenticator` in place of its own, and the secret behind it.
static void packet_md5(const uint8_t *packet, size_t len,
	const uint8_t authenticator[RADIUS_AUTHENTICATOR_BYTES], const struct secret *secret,
	uint8_t out[RADIUS_AUTHENTICATOR_BYTES])
{
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, 4, packet);
	md5_update(&md5, RADIUS_AUTHENTICATOR_BYTES, authenticator);
	md5_update(&md5, len - RADIUS_HEADER_BYTES, packet + RADIUS_HEADER_BYTES);
	md5_update(&md5, secret->len, secret->bytes);
	md5_digest(&md5, RADIUS_AUTHENTICATOR_BYTES, out);
	secret_wipe_bytes(&md5, sizeof(md5));
}

// HMAC-MD5 over the packet with `authenticator` in place of its own, and zeros at `at`.
static void packet_hmac(const uint8_t *packet, size_t len,
	const uint8_t authenticator[RADIUS_AUTHENTICATOR_BYTES], size_t at,
	const struct secret *secret, uint8_t out[MESSAGE_AUTHENTICATOR_BYTES])
{
	static const uint8_t zeros[MESSAGE_AUTHENTICATOR_BYTES];
	size_t behind = at + MESSAGE_AUTHENTICATOR_BYTES;
	struct hmac_md5_ctx hmac;

	hmac_md5_set_key(&hmac, secret->len, secret->bytes);
	hmac_md5_update(&hmac, 4, packet);
	hmac_md5_update(&hmac, RADIUS_AUTHENTICATOR_BYTES, authenticator);
	hmac_md5_update(&hmac, at - RADIUS_HEADER_BYTES, packet + RADIUS_HEADER_BYTES);
	hmac_md5_update(&hmac, sizeof(zeros), zeros);
	hmac_md5_update(&hmac, len - behind, packet + behind);
	hmac_md5_digest(&hmac, MESSAGE_AUTHENTICATOR_BYTES, out);
	secret_wipe_bytes(&hmac, sizeof(hmac));
}

// Where the value of the first attribute of that type is in a packet of ours, and its length; 0: it has none.
static size_t find_own(const uint8_t *packet, size_t len, uint8_t type, size_t *value_len)
{
	for (size_t at = RADIUS_HEADER_BYTES; at + 2 <= len; at += packet[at + 1])
		if (packet[at] == type) {
			*value_len = packet[at + 1] - 2u;
			return at + 2;
		}
	return 0;
}

// RFC 2866 3, RFC 5176 2.3: the authenticator of these is a hash of the packet.
static bool is_computed(uint8_t code)
{
	return code != RADIUS_ACCESS_REQUEST && code != RADIUS_STATUS_SERVER;
}

size_t radius_seal_plain(struct span plain, uint8_t id, const struct secret *secret,
	const uint8_t random[16], uint8_t *out)
{
	static const uint8_t zeros[RADIUS_AUTHENTICATOR_BYTES];
	size_t len = plain.len, n;
	size_t at;

	if (len < RADIUS_HEADER_BYTES)
		return 0;
	memcpy(out, plain.bytes, len);
	out[1] = id;
	bytes_put_u16(out + 2, (uint16_t)len);
	memcpy(out + 4, is_computed(out[0]) ? zeros : random, RADIUS_AUTHENTICATOR_BYTES);
	at = find_own(out, len, RADIUS_USER_PASSWORD, &n);
	if (at)
		radius_password_hide(secret, out + 4, out + at, n);
	at = find_own(out, len, RADIUS_MESSAGE_AUTHENTICATOR, &n);
	if (at)
		packet_hmac(out, len, out + 4, at, secret, out + at);
	if (is_computed(out[0]))
		packet_md5(out, len, zeros, secret, out + 4);
	return len;
}

size_t radius_seal_request(const struct radius_packet *p, uint8_t id, const struct secret *secret,
	const uint8_t random[16], uint8_t *out)
{
	return radius_seal_plain(radius_plain(p), id, secret, random, out);
}

size_t radius_seal_reply(struct radius_packet *p, uint8_t id, const struct secret *secret,
	const uint8_t request_authenticator[16])
{
	size_t len = p->w.len, n;
	uint8_t *out = p->bytes;

	if (p->w.failed)
		return 0;
	out[1] = id;
	bytes_put_u16(out + 2, (uint16_t)len);
	size_t at = find_own(out, len, RADIUS_MESSAGE_AUTHENTICATOR, &n);
	if (at)
		packet_hmac(out, len, request_authenticator, at, secret, out + at);
	packet_md5(out, len, request_authenticator, secret, out + 4);
	return len;
}

// ---- reading ------------------------------------------------------------------------------------

int radius_read(struct span datagram, struct radius_view *out)
{
	if (datagram.len < RADIUS_HEADER_BYTES)
		return -EBADMSG;
	size_t len = bytes_get_u16(datagram.bytes + 2);
	if (len < RADIUS_HEADER_BYTES || len > datagram.len || len > RADIUS_PACKET_BYTES_MAX)
		return -EBADMSG;
	*out = (struct radius_view){
		.code = datagram.bytes[0],
		.id = datagram.bytes[1],
		.packet = span_of(datagram.bytes, len),
		.authenticator = datagram.bytes + 4,
		.attributes =
			span_of(datagram.bytes + RADIUS_HEADER_BYTES, len - RADIUS_HEADER_BYTES),
	};
	struct reader r = reader_of(out->attributes);
	while (r.left) {
		reader_skip(&r, 1);
		uint8_t n = reader_u8(&r);
		if (n < 2)
			return -EBADMSG;
		reader_skip(&r, n - 2u);
	}
	return r.failed ? -EBADMSG : 0;
}

struct radius_cursor radius_cursor_of(const struct radius_view *v)
{
	return (struct radius_cursor){.left = reader_of(v->attributes)};
}

// Whether what is behind the vendor's number is attributes as RFC 2865 5.26 would have them.
static bool has_vendor_form(struct span value)
{
	struct reader r = reader_of(value);

	while (r.left) {
		reader_skip(&r, 1);
		uint8_t n = reader_u8(&r);
		if (n < 2)
			return false;
		reader_skip(&r, n - 2u);
	}
	return !r.failed && value.len > 0;
}

static struct span take_value(struct reader *r, uint8_t *type)
{
	*type = reader_u8(r);
	uint8_t n = reader_u8(r);
	return n < 2 ? (struct span){0} : reader_take(r, n - 2u);
}

bool radius_next(struct radius_cursor *c, struct radius_attribute *out)
{
	if (c->inner.left == 0) {
		if (c->left.left == 0)
			return false;
		out->vendor = 0;
		out->value = take_value(&c->left, &out->type);
		if (out->type != RADIUS_VENDOR_SPECIFIC || out->value.len < 4)
			return true;
		struct span inside = span_of(out->value.bytes + 4, out->value.len - 4);
		if (!has_vendor_form(inside))
			return true;
		c->vendor = bytes_get_u32(out->value.bytes);
		if (c->vendor == 0)
			return true; // would be taken for one of the RFCs
		c->inner = reader_of(inside);
	}
	out->vendor = c->vendor;
	out->value = take_value(&c->inner, &out->type);
	return true;
}

bool radius_find(const struct radius_view *v, uint32_t vendor, uint8_t type, struct span *value)
{
	struct radius_cursor c = radius_cursor_of(v);
	struct radius_attribute a;

	while (radius_next(&c, &a))
		if (a.vendor == vendor && a.type == type) {
			*value = a.value;
			return true;
		}
	return false;
}

bool radius_get_u32(struct span value, uint32_t *out)
{
	if (value.len != 4)
		return false;
	*out = bytes_get_u32(value.bytes);
	return true;
}

bool radius_get_ipv4(struct span value, uint32_t *out_be)
{
	if (value.len != 4)
		return false;
	memcpy(out_be, value.bytes, 4);
	return true;
}

// ---- checking -----------------------------------------------------------------------------------

static enum radius_check check_message_authenticator(const struct radius_view *v,
	const uint8_t authenticator[16], const struct secret *secret, bool is_required)
{
	struct radius_cursor c = radius_cursor_of(v);
	struct radius_attribute a;
	const uint8_t *found = NULL;
	uint8_t right[MESSAGE_AUTHENTICATOR_BYTES];

	while (radius_next(&c, &a)) {
		is_required |= a.vendor == 0 && a.type == RADIUS_EAP_MESSAGE; // RFC 3579 3.1
		if (a.vendor != 0 || a.type != RADIUS_MESSAGE_AUTHENTICATOR)
			continue;
		if (found || a.value.len != MESSAGE_AUTHENTICATOR_BYTES)
			return RADIUS_CHECK_MESSAGE_AUTHENTICATOR;
		found = a.value.bytes;
	}
	if (!found)
		return is_required ? RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR : RADIUS_CHECK_GOOD;
	packet_hmac(v->packet.bytes, v->packet.len, authenticator,
		(size_t)(found - v->packet.bytes), secret, right);
	return secret_equal_bytes(right, found, sizeof(right)) ? RADIUS_CHECK_GOOD
							       : RADIUS_CHECK_MESSAGE_AUTHENTICATOR;
}

static enum radius_check check(const struct radius_view *v, const uint8_t authenticator[16],
	const struct secret *secret, bool require_message_authenticator)
{
	uint8_t right[RADIUS_AUTHENTICATOR_BYTES];

	packet_md5(v->packet.bytes, v->packet.len, authenticator, secret, right);
	if (!secret_equal_bytes(right, v->authenticator, sizeof(right)))
		return RADIUS_CHECK_AUTHENTICATOR;
	return check_message_authenticator(v, authenticator, secret, require_message_authenticator);
}

enum radius_check radius_check_reply(const struct radius_view *v,
	const uint8_t request_authenticator[16], const struct secret *secret,
	bool require_message_authenticator)
{
	return check(v, request_authenticator, secret, require_message_authenticator);
}

enum radius_check radius_check_request(const struct radius_view *v, const struct secret *secret,
	bool require_message_authenticator)
{
	static const uint8_t zeros[RADIUS_AUTHENTICATOR_BYTES];

	return check(v, zeros, secret, require_message_authenticator);
}

// ---- hiding -------------------------------------------------------------------------------------

// The chain of RFC 2865 5.2 and RFC 2548 2.4.2: each block under MD5(secret, what was hidden before), the first under
// MD5(secret, first, salt).
static void chain(const struct secret *secret, struct span first, struct span salt, uint8_t *text,
	size_t n, bool is_hiding)
{
	uint8_t pad[BLOCK], hidden[BLOCK];
	struct md5_ctx md5;

	for (size_t at = 0; at + BLOCK <= n; at += BLOCK) {
		md5_init(&md5);
		md5_update(&md5, secret->len, secret->bytes);
		if (at == 0) {
			md5_update(&md5, first.len, first.bytes);
			md5_update(&md5, salt.len, salt.bytes);
		} else {
			md5_update(&md5, BLOCK, hidden);
		}
		md5_digest(&md5, BLOCK, pad);
		if (!is_hiding)
			memcpy(hidden, text + at, BLOCK);
		for (int i = 0; i < BLOCK; i++)
			text[at + i] ^= pad[i];
		if (is_hiding)
			memcpy(hidden, text + at, BLOCK);
	}
	secret_wipe_bytes(pad, sizeof(pad));
	secret_wipe_bytes(&md5, sizeof(md5));
}

static const struct span no_salt = {.bytes = (const uint8_t *)"", .len = 0};

void radius_password_hide(
	const struct secret *secret, const uint8_t authenticator[16], uint8_t *text, size_t n)
{
	chain(secret, span_of(authenticator, 16), no_salt, text, n, true);
}

void radius_password_reveal(
	const struct secret *secret, const uint8_t authenticator[16], uint8_t *text, size_t n)
{
	chain(secret, span_of(authenticator, 16), no_salt, text, n, false);
}

int radius_key_reveal(const struct secret *secret, const uint8_t request_authenticator[16],
	struct span value, uint8_t key[RADIUS_KEY_BYTES_MAX], size_t *key_len)
{
	uint8_t text[RADIUS_KEY_BYTES_MAX + BLOCK];
	size_t n = value.len - SALT_BYTES;
	int rc = -EBADMSG;

	if (value.len < SALT_BYTES + BLOCK || n % BLOCK != 0 || n > sizeof(text))
		return -EBADMSG;
	memcpy(text, value.bytes + SALT_BYTES, n);
	chain(secret, span_of(request_authenticator, 16), span_of(value.bytes, SALT_BYTES), text, n,
		false);
	// The padding is zeros: of a wrong secret hardly anything that passes for a key is left.
	if (text[0] > 0 && text[0] < n && text[0] <= RADIUS_KEY_BYTES_MAX) {
		rc = 0;
		for (size_t i = 1u + text[0]; i < n; i++)
			if (text[i] != 0)
				rc = -EBADMSG;
	}
	if (rc == 0) {
		*key_len = text[0];
		memcpy(key, text + 1, text[0]);
	}
	secret_wipe_bytes(text, sizeof(text));
	return rc;
}

size_t radius_key_hide(const struct secret *secret, const uint8_t request_authenticator[16],
	uint16_t salt, struct span key, uint8_t *out)
{
	size_t n = (1 + key.len + BLOCK - 1) / BLOCK * BLOCK;

	assert(key.len <= RADIUS_KEY_BYTES_MAX);
	bytes_put_u16(out, salt);
	memset(out + SALT_BYTES, 0, n);
	out[SALT_BYTES] = (uint8_t)key.len;
	memcpy(out + SALT_BYTES + 1, key.bytes, key.len);
	chain(secret, span_of(request_authenticator, 16), span_of(out, SALT_BYTES),
		out + SALT_BYTES, n, true);
	return SALT_BYTES + n;
}

const char *radius_code_name(uint8_t code)
{
	switch (code) {
	case RADIUS_ACCESS_REQUEST:
		return "Access-Request";
	case RADIUS_ACCESS_ACCEPT:
		return "Access-Accept";
	case RADIUS_ACCESS_REJECT:
		return "Access-Reject";
	case RADIUS_ACCOUNTING_REQUEST:
		return "Accounting-Request";
	case RADIUS_ACCOUNTING_RESPONSE:
		return "Accounting-Response";
	case RADIUS_ACCESS_CHALLENGE:
		return "Access-Challenge";
	case RADIUS_STATUS_SERVER:
		return "Status-Server";
	case RADIUS_DISCONNECT_REQUEST:
		return "Disconnect-Request";
	case RADIUS_DISCONNECT_ACK:
		return "Disconnect-ACK";
	case RADIUS_DISCONNECT_NAK:
		return "Disconnect-NAK";
	case RADIUS_COA_REQUEST:
		return "CoA-Request";
	case RADIUS_COA_ACK:
		return "CoA-ACK";
	case RADIUS_COA_NAK:
		return "CoA-NAK";
	default:
		return "?";
	}
}
