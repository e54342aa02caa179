// SPDX-License-Identifier: BSD-3-Clause
#include "wire/chap.h"

#include <errno.h>
#include <stdio.h>

int chap_packet_get(struct span bytes, struct chap_packet *out)
{
	struct reader r = reader_of(bytes);
	struct chap_packet p = {.code = reader_u8(&r), .id = reader_u8(&r)};
	uint16_t len = reader_u16(&r);

	if (r.failed || len < CHAP_HEADER_BYTES)
		return -EBADMSG;
	struct reader body = reader_of(reader_take(&r, len - CHAP_HEADER_BYTES));
	if (r.failed)
		return -EBADMSG;

	switch (p.code) {
	case CHAP_CHALLENGE:
	case CHAP_RESPONSE:
		p.value = reader_take(&body, reader_u8(&body));
		if (body.failed || p.value.len == 0)
			return -EBADMSG;
		p.text = reader_rest(&body);
		break;
	case CHAP_SUCCESS:
	case CHAP_FAILURE:
		p.text = reader_rest(&body);
		break;
	case CHAP_CHANGE_PASSWORD:
		p.value = reader_rest(&body);
		break;
	default:
		return -ENOTSUP;
	}
	*out = p;
	return 0;
}

void chap_put_value(struct writer *w, uint8_t code, uint8_t id, struct span value, struct span name)
{
	if (value.len == 0 || value.len > UINT8_MAX ||
		name.len > UINT16_MAX - CHAP_HEADER_BYTES - 1 - value.len) {
		w->failed = true;
		return;
	}
	writer_u8(w, code);
	writer_u8(w, id);
	writer_u16(w, (uint16_t)(CHAP_HEADER_BYTES + 1 + value.len + name.len));
	writer_u8(w, (uint8_t)value.len);
	writer_bytes(w, value.bytes, value.len);
	writer_bytes(w, name.bytes, name.len);
}

// Header of what has no value but text; the caller appends text_len bytes.
static void put_text_header(struct writer *w, uint8_t code, uint8_t id, size_t text_len)
{
	if (text_len > UINT16_MAX - CHAP_HEADER_BYTES) {
		w->failed = true;
		return;
	}
	writer_u8(w, code);
	writer_u8(w, id);
	writer_u16(w, (uint16_t)(CHAP_HEADER_BYTES + text_len));
}

void chap_put_text(struct writer *w, uint8_t code, uint8_t id, struct span text)
{
	put_text_header(w, code, id, text.len);
	writer_bytes(w, text.bytes, text.len);
}

// Response value: peer challenge 16, reserved 8, NT-Response 24, flags 1 (RFC 2759 4). The reserved
// bytes must be zero but are not checked, as no implementation does.
int chap_mschapv2_response_get(struct span value, struct chap_mschapv2_response *out)
{
	struct reader r = reader_of(value);

	if (value.len != CHAP_MSCHAPV2_VALUE_BYTES)
		return -EBADMSG;
	reader_copy(&r, out->peer_challenge, sizeof(out->peer_challenge));
	reader_skip(&r, 8);
	reader_copy(&r, out->nt_response, sizeof(out->nt_response));
	out->flags = reader_u8(&r);
	return 0;
}

void chap_mschapv2_response_put(
	uint8_t value[CHAP_MSCHAPV2_VALUE_BYTES], const struct chap_mschapv2_response *in)
{
	struct writer w = writer_of(value, CHAP_MSCHAPV2_VALUE_BYTES);

	writer_bytes(&w, in->peer_challenge, sizeof(in->peer_challenge));
	writer_zeros(&w, 8);
	writer_bytes(&w, in->nt_response, sizeof(in->nt_response));
	writer_u8(&w, in->flags);
}

int chap_mschapv1_response_get(struct span value, struct chap_mschapv1_response *out)
{
	struct reader r = reader_of(value);

	if (value.len != CHAP_MSCHAPV1_VALUE_BYTES)
		return -EBADMSG;
	reader_copy(&r, out->lm_response, sizeof(out->lm_response));
	reader_copy(&r, out->nt_response, sizeof(out->nt_response));
	out->use_nt = reader_u8(&r);
	return 0;
}

void chap_mschapv1_response_put(
	uint8_t value[CHAP_MSCHAPV1_VALUE_BYTES], const struct chap_mschapv1_response *in)
{
	struct writer w = writer_of(value, CHAP_MSCHAPV1_VALUE_BYTES);

	writer_bytes(&w, in->lm_response, sizeof(in->lm_response));
	writer_bytes(&w, in->nt_response, sizeof(in->nt_response));
	writer_u8(&w, in->use_nt);
}

// Encrypted-Password 516, Encrypted-Hash 16, Peer-Challenge 16, reserved 8, NT-Response 24, flags 2.
int chap_mschapv2_change_get(struct span value, struct chap_mschapv2_change *out)
{
	struct reader r = reader_of(value);

	if (value.len != CHAP_MSCHAPV2_CHANGE_BYTES)
		return -EBADMSG;
	reader_copy(&r, out->encrypted_password, sizeof(out->encrypted_password));
	reader_copy(&r, out->encrypted_hash, sizeof(out->encrypted_hash));
	reader_copy(&r, out->peer_challenge, sizeof(out->peer_challenge));
	reader_skip(&r, 8);
	reader_copy(&r, out->nt_response, sizeof(out->nt_response));
	return 0;
}

void chap_mschapv2_change_put(
	uint8_t value[CHAP_MSCHAPV2_CHANGE_BYTES], const struct chap_mschapv2_change *in)
{
	struct writer w = writer_of(value, CHAP_MSCHAPV2_CHANGE_BYTES);

	writer_bytes(&w, in->encrypted_password, sizeof(in->encrypted_password));
	writer_bytes(&w, in->encrypted_hash, sizeof(in->encrypted_hash));
	writer_bytes(&w, in->peer_challenge, sizeof(in->peer_challenge));
	writer_zeros(&w, 8);
	writer_bytes(&w, in->nt_response, sizeof(in->nt_response));
	writer_zeros(&w, 2);
}

// "E=691 R=1 C=<hex>", then `rest` and `message`.
static void put_failure(struct writer *w, uint8_t id, uint16_t error, bool retry,
	struct span challenge, struct span rest, struct span message)
{
	static const char digits[] = "0123456789ABCDEF";
	char start[sizeof("E=65535 R=1 C=")];
	size_t start_len = (size_t)snprintf(start, sizeof(start), "E=%u R=%u C=", error, retry);

	put_text_header(
		w, CHAP_FAILURE, id, start_len + 2 * challenge.len + rest.len + message.len);
	writer_bytes(w, start, start_len);
	for (size_t i = 0; i < challenge.len; i++) {
		writer_u8(w, (uint8_t)digits[challenge.bytes[i] >> 4]);
		writer_u8(w, (uint8_t)digits[challenge.bytes[i] & 15]);
	}
	writer_bytes(w, rest.bytes, rest.len);
	writer_bytes(w, message.bytes, message.len);
}

void chap_mschapv2_failure_put(struct writer *w, uint8_t id, uint16_t error, bool retry,
	const uint8_t challenge[CHAP_MSCHAPV2_CHALLENGE_BYTES], struct span message)
{
	put_failure(w, id, error, retry, span_of(challenge, CHAP_MSCHAPV2_CHALLENGE_BYTES),
		span_of_text(" V=3 M="), message);
}

void chap_mschapv1_failure_put(struct writer *w, uint8_t id, uint16_t error, bool retry,
	const uint8_t challenge[CHAP_MSCHAPV1_CHALLENGE_BYTES])
{
	put_failure(w, id, error, retry, span_of(challenge, CHAP_MSCHAPV1_CHALLENGE_BYTES),
		span_of_text(" V=2"), (struct span){0});
}

static int get_decimal(struct span text, unsigned max, unsigned *out)
{
	unsigned v = 0;

	if (text.len == 0)
		return -EBADMSG;
	for (size_t i = 0; i < text.len; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return -EBADMSG;
		v = v * 10 + (text.bytes[i] - '0');
		if (v > max)
			return -EBADMSG;
	}
	*out = v;
	return 0;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int get_challenge(struct span text, uint8_t *out, size_t n)
{
	if (text.len != 2 * n)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(text.bytes[2 * i]);
		int low = hex_digit(text.bytes[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

// The bytes up to the next space, which is taken too.
static struct span take_word(struct reader *r)
{
	size_t n = 0;

	while (n < r->left && r->at[n] != ' ')
		n++;
	struct span word = reader_take(r, n);
	if (r->left > 0)
		reader_skip(r, 1);
	return word;
}

// challenge[n]
static int get_failure(struct span text, uint16_t *error, bool *retry, uint8_t *challenge, size_t n,
	struct span *message)
{
	struct reader r = reader_of(text);

	while (r.left > 0) {
		if (r.at[0] == ' ') {
			reader_skip(&r, 1);
			continue;
		}
		uint8_t key = reader_u8(&r);
		if (reader_u8(&r) != '=')
			return -EBADMSG;
		if (key == 'M') { // the rest, spaces included
			*message = reader_rest(&r);
			return 0;
		}
		struct span word = take_word(&r);
		unsigned v = 0;
		int err = 0;

		if (key == 'E') {
			err = get_decimal(word, UINT16_MAX, &v);
			if (!err)
				*error = (uint16_t)v;
		} else if (key == 'R') {
			err = get_decimal(word, 1, &v);
			if (!err)
				*retry = v;
		} else if (key == 'C') {
			err = get_challenge(word, challenge, n);
		} // V and what later versions may add says nothing that is needed here
		if (err)
			return err;
	}
	return 0;
}

int chap_mschapv2_failure_get(struct span text, uint16_t *error, bool *retry,
	uint8_t challenge[CHAP_MSCHAPV2_CHALLENGE_BYTES], struct span *message)
{
	return get_failure(text, error, retry, challenge, CHAP_MSCHAPV2_CHALLENGE_BYTES, message);
}

int chap_mschapv1_failure_get(struct span text, uint16_t *error, bool *retry,
	uint8_t challenge[CHAP_MSCHAPV1_CHALLENGE_BYTES], struct span *message)
{
	return get_failure(text, error, retry, challenge, CHAP_MSCHAPV1_CHALLENGE_BYTES, message);
}
