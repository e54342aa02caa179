// SPDX-License-Identifier: BSD-3-Clause
// A CHAP packet with what MS-CHAPv1 and v2 put into it.
#include "fuzz/fuzz.h"
#include "wire/chap.h"

static uint8_t bytes[UINT16_MAX];

static void check_failure_v2(struct span text)
{
	uint8_t challenge[CHAP_MSCHAPV2_CHALLENGE_BYTES] = {0}, challenge_b[sizeof(challenge)];
	struct span message = {0}, message_b = {0};
	uint16_t error = 0, error_b;
	bool retry = false, retry_b;
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct chap_packet p;

	if (chap_mschapv2_failure_get(text, &error, &retry, challenge, &message) != 0)
		return;
	REQUIRE(message.len <= text.len);
	chap_mschapv2_failure_put(&w, 0, error, retry, challenge, message);
	if (w.failed)
		return; // a message that leaves no room for the rest
	REQUIRE(chap_packet_get(span_of(bytes, w.len), &p) == 0);
	REQUIRE(chap_mschapv2_failure_get(p.text, &error_b, &retry_b, challenge_b, &message_b) ==
		0);
	REQUIRE(error == error_b && retry == retry_b && span_equal(message, message_b));
	REQUIRE(memcmp(challenge, challenge_b, sizeof(challenge)) == 0);
}

static void check_failure_v1(struct span text)
{
	uint8_t challenge[CHAP_MSCHAPV1_CHALLENGE_BYTES] = {0}, challenge_b[sizeof(challenge)];
	struct span message = {0};
	uint16_t error = 0, error_b;
	bool retry = false, retry_b;
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct chap_packet p;

	if (chap_mschapv1_failure_get(text, &error, &retry, challenge, &message) != 0)
		return;
	REQUIRE(message.len <= text.len);
	chap_mschapv1_failure_put(&w, 0, error, retry, challenge);
	REQUIRE(chap_packet_get(span_of(bytes, w.len), &p) == 0);
	REQUIRE(chap_mschapv1_failure_get(p.text, &error_b, &retry_b, challenge_b, &message) == 0);
	REQUIRE(error == error_b && retry == retry_b);
	REQUIRE(memcmp(challenge, challenge_b, sizeof(challenge)) == 0);
}

static void check_responses(struct span value)
{
	uint8_t again[CHAP_MSCHAPV2_VALUE_BYTES];
	struct chap_mschapv2_response a, b;
	struct chap_mschapv1_response v1;

	if (chap_mschapv1_response_get(value, &v1) == 0) {
		chap_mschapv1_response_put(again, &v1);
		REQUIRE(memcmp(again, value.bytes, sizeof(again)) == 0);
	}
	if (chap_mschapv2_response_get(value, &a) != 0)
		return;
	chap_mschapv2_response_put(again, &a);
	REQUIRE(chap_mschapv2_response_get(span_of(again, sizeof(again)), &b) == 0);
	REQUIRE(memcmp(&a, &b, sizeof(a)) == 0);
}

static void check_change(struct span value)
{
	uint8_t again[CHAP_MSCHAPV2_CHANGE_BYTES];
	struct chap_mschapv2_change a, b;

	if (chap_mschapv2_change_get(value, &a) != 0)
		return;
	chap_mschapv2_change_put(again, &a);
	REQUIRE(chap_mschapv2_change_get(span_of(again, sizeof(again)), &b) == 0);
	REQUIRE(memcmp(&a, &b, sizeof(a)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct chap_packet p;

	check_failure_v2(span_of(data, size));
	check_failure_v1(span_of(data, size));
	if (chap_packet_get(span_of(data, size), &p) != 0)
		return 0;
	REQUIRE(CHAP_HEADER_BYTES + p.value.len + p.text.len <= size);
	if (p.code == CHAP_CHALLENGE || p.code == CHAP_RESPONSE)
		chap_put_value(&w, p.code, p.id, p.value, p.text);
	else
		chap_put_text(&w, p.code, p.id, p.code == CHAP_CHANGE_PASSWORD ? p.value : p.text);
	REQUIRE(!w.failed && w.len <= size && memcmp(bytes, data, w.len) == 0);
	check_responses(p.value);
	check_change(p.value);
	check_failure_v2(p.text);
	check_failure_v1(p.text);
	return 0;
}
