// SPDX-License-Identifier: BSD-3-Clause
#include "wire/chap.h"

#include <errno.h>

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

// All of tests/pcap, badpass: pptpd's challenge, the answer of pptp-linux to a wrong password, and
// the failure; and the success of echo.
static const char challenge_hex[] = "01c1001a 10 d1c6558594612ff3688a7afd0339964e 7070747064";
static const char response_hex[] = "02c1003a 31 0d0d87b4905c4e1cb210269ac38536d9 0000000000000000"
				   "b295cbcf31011b22bf1556687d6170bb40a06cab8d8fd627 00 74657374";
static const char failure_hex[] =
	"04c10044 "
	"453d36393120523d3120433d643163363535383539343631326666333638386137616664303333393936"
	"346520563d30204d3d4163636573732064656e696564";
static const char success_hex[] =
	"0323003f "
	"533d31363839443533323441353636314338313441303034424332374437373335434536444638313338"
	"204d3d416363657373206772616e746564";

static bool span_is(struct span s, const char *text)
{
	return span_equal(s, span_of_text(text));
}

TEST(chap, reads_and_writes_a_real_exchange)
{
	uint8_t bytes[128], out[128];
	struct chap_packet p;
	struct writer w;

	size_t len = hex_bytes(bytes, sizeof(bytes), challenge_hex);
	ASSERT_EQ(chap_packet_get(span_of(bytes, len), &p), 0);
	EXPECT_EQ(p.code, CHAP_CHALLENGE);
	EXPECT_EQ(p.id, 0xc1);
	EXPECT_TRUE(span_equal(p.value, span_of(bytes + 5, 16)));
	EXPECT_TRUE(span_is(p.text, "pptpd"));
	w = writer_of(out, sizeof(out));
	chap_put_value(&w, p.code, p.id, p.value, p.text);
	ASSERT_EQ(w.len, len);
	EXPECT_MEMEQ(out, bytes, len);

	len = hex_bytes(bytes, sizeof(bytes), response_hex);
	ASSERT_EQ(chap_packet_get(span_of(bytes, len), &p), 0);
	EXPECT_EQ(p.code, CHAP_RESPONSE);
	EXPECT_EQ(p.value.len, CHAP_MSCHAPV2_VALUE_BYTES);
	EXPECT_TRUE(span_is(p.text, "test"));
	w = writer_of(out, sizeof(out));
	chap_put_value(&w, p.code, p.id, p.value, p.text);
	ASSERT_EQ(w.len, len);
	EXPECT_MEMEQ(out, bytes, len);

	len = hex_bytes(bytes, sizeof(bytes), failure_hex);
	ASSERT_EQ(chap_packet_get(span_of(bytes, len), &p), 0);
	EXPECT_EQ(p.code, CHAP_FAILURE);
	EXPECT_EQ(p.value.len, 0);
	EXPECT_TRUE(span_is(
		p.text, "E=691 R=1 C=d1c6558594612ff3688a7afd0339964e V=0 M=Access denied"));
	w = writer_of(out, sizeof(out));
	chap_put_text(&w, p.code, p.id, p.text);
	ASSERT_EQ(w.len, len);
	EXPECT_MEMEQ(out, bytes, len);

	len = hex_bytes(bytes, sizeof(bytes), success_hex);
	ASSERT_EQ(chap_packet_get(span_of(bytes, len), &p), 0);
	EXPECT_EQ(p.code, CHAP_SUCCESS);
	EXPECT_TRUE(span_is(p.text, "S=1689D5324A5661C814A004BC27D7735CE6DF8138 M=Access granted"));
}

TEST(chap, splits_an_mschapv2_response)
{
	static const uint8_t peer_challenge[16] = {0x0d, 0x0d, 0x87, 0xb4, 0x90, 0x5c, 0x4e, 0x1c,
		0xb2, 0x10, 0x26, 0x9a, 0xc3, 0x85, 0x36, 0xd9};
	uint8_t bytes[128], again[CHAP_MSCHAPV2_VALUE_BYTES];
	struct chap_packet p;
	struct chap_mschapv2_response r;
	size_t len = hex_bytes(bytes, sizeof(bytes), response_hex);

	ASSERT_EQ(chap_packet_get(span_of(bytes, len), &p), 0);
	ASSERT_EQ(chap_mschapv2_response_get(p.value, &r), 0);
	EXPECT_MEMEQ(r.peer_challenge, peer_challenge, 16);
	EXPECT_EQ(r.nt_response[0], 0xb2);
	EXPECT_EQ(r.nt_response[23], 0x27);
	EXPECT_EQ(r.flags, 0);
	chap_mschapv2_response_put(again, &r);
	EXPECT_MEMEQ(again, p.value.bytes, sizeof(again));

	for (size_t n = 0; n < 64; n++) {
		if (n != CHAP_MSCHAPV2_VALUE_BYTES)
			EXPECT_EQ(chap_mschapv2_response_get(span_of(bytes, n), &r), -EBADMSG);
	}
	// Rubbish in the reserved bytes is no reason to refuse a user.
	memset(again + 16, 0xff, 8);
	EXPECT_EQ(chap_mschapv2_response_get(span_of(again, sizeof(again)), &r), 0);
}

TEST(chap, refuses_malformed_packets)
{
	static const struct {
		const char *hex;
		int want;
	} cases[] = {
		/* 0 */ {"", -EBADMSG},
		/* 1 */ {"010100", -EBADMSG},
		/* 2 */ {"01010003", -EBADMSG},	   // length below 4
		/* 3 */ {"01010004", -EBADMSG},	   // challenge without Value-Size
		/* 4 */ {"01010005 00", -EBADMSG}, // value of no bytes
		/* 5 */ {"01010006 00 61", -EBADMSG},
		/* 6 */ {"01010006 02 61", -EBADMSG},	// value beyond the length
		/* 7 */ {"01010006 02 6162", -EBADMSG}, // there, but padding by the length
		/* 8 */ {"01010007 02 61", -EBADMSG},	// length beyond the bytes
		/* 9 */ {"01010006 01 61", 0},		// no name
		/* 10 */ {"02010007 01 61 62", 0},
		/* 11 */ {"02010007 01 61 62 ffff", 0}, // padding
		/* 12 */ {"03010004", 0},		// empty message
		/* 13 */ {"04010005 61", 0},
		/* 14 */ {"04010006 61", -EBADMSG},
		/* 15 */ {"00010004", -ENOTSUP},
		/* 16 */ {"05010004", -ENOTSUP},
		/* 17 */ {"07010010 0000", -EBADMSG}, // the length is wrong whatever the code
		/* 18 */ {"ff010004", -ENOTSUP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[32];
		size_t len = hex_bytes(bytes, sizeof(bytes), cases[i].hex);
		uint8_t *exact = exact_copy(bytes, len);
		struct chap_packet p;

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(chap_packet_get(span_of(exact, len), &p), cases[i].want);
		free(exact);
	}
}

TEST(chap, every_truncation_is_refused)
{
	static const char *const packets[] = {
		challenge_hex, response_hex, failure_hex, success_hex};

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		uint8_t bytes[128];
		size_t len = hex_bytes(bytes, sizeof(bytes), packets[i]);
		struct chap_packet p;

		for (size_t n = 0; n < len; n++) {
			uint8_t *exact = exact_copy(bytes, n);

			SHIM_TRACE_CASE((long long)n);
			EXPECT_EQ(chap_packet_get(span_of(exact, n), &p), -EBADMSG);
			free(exact);
		}
	}
}

TEST(chap, put_then_get_gives_the_same)
{
	struct xorshift x = xorshift_seed(6);

	for (int i = 0; i < 5000; i++) {
		uint8_t value[255], name[300], out[600];
		size_t value_len = 1 + xorshift_below(&x, sizeof(value));
		size_t name_len = xorshift_below(&x, sizeof(name) + 1);
		struct writer w = writer_of(out, sizeof(out));
		struct chap_packet p;

		xorshift_fill(&x, value, value_len);
		xorshift_fill(&x, name, name_len);
		chap_put_value(&w, CHAP_RESPONSE, (uint8_t)i, span_of(value, value_len),
			span_of(name, name_len));
		SHIM_TRACE_CASE(i);
		ASSERT_EQ(chap_packet_get(span_of(out, w.len), &p), 0);
		EXPECT_EQ(p.id, (uint8_t)i);
		EXPECT_TRUE(span_equal(p.value, span_of(value, value_len)));
		EXPECT_TRUE(span_equal(p.text, span_of(name, name_len)));
	}
}

TEST(chap, what_does_not_fit_is_a_sticky_error)
{
	static const uint8_t big[65536];
	static uint8_t longest[65536];
	uint8_t out[64];
	struct writer w;

	w = writer_of(out, sizeof(out));
	chap_put_value(&w, CHAP_CHALLENGE, 1, span_of(big, 256), (struct span){0});
	EXPECT_TRUE(w.failed);
	w = writer_of(out, sizeof(out));
	chap_put_value(&w, CHAP_CHALLENGE, 1, (struct span){0}, span_of(big, 1));
	EXPECT_TRUE(w.failed); // a value of no bytes is not legal
	w = writer_of(out, sizeof(out));
	chap_put_value(&w, CHAP_CHALLENGE, 1, span_of(big, 16), span_of(big, 65515));
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 0);
	w = writer_of(longest, sizeof(longest));
	chap_put_value(&w, CHAP_CHALLENGE, 1, span_of(big, 16), span_of(big, 65514));
	EXPECT_FALSE(w.failed);
	EXPECT_EQ(bytes_get_u16(longest + 2), 65535);
	w = writer_of(out, sizeof(out));
	chap_put_text(&w, CHAP_SUCCESS, 1, span_of(big, 65532));
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 0);
	w = writer_of(out, 10);
	chap_put_text(&w, CHAP_SUCCESS, 1, span_of(big, 7));
	EXPECT_TRUE(w.failed);
}

TEST(chap, writes_the_failure_text_in_full)
{
	static const uint8_t challenge[16] = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e, 0x3c,
		0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28};
	uint8_t out[128];
	struct writer w = writer_of(out, sizeof(out));
	struct chap_packet p;

	chap_mschapv2_failure_put(&w, 7, 691, true, challenge, span_of_text("Wrong password"));
	ASSERT_FALSE(w.failed);
	ASSERT_EQ(chap_packet_get(span_of(out, w.len), &p), 0);
	EXPECT_EQ(p.code, CHAP_FAILURE);
	EXPECT_EQ(p.id, 7);
	EXPECT_TRUE(span_is(
		p.text, "E=691 R=1 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Wrong password"));

	w = writer_of(out, sizeof(out));
	chap_mschapv2_failure_put(&w, 7, 65535, false, challenge, (struct span){0});
	ASSERT_EQ(chap_packet_get(span_of(out, w.len), &p), 0);
	EXPECT_TRUE(span_is(p.text, "E=65535 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M="));

	size_t needed = w.len;
	w = writer_of(out, needed);
	chap_mschapv2_failure_put(&w, 7, 65535, false, challenge, (struct span){0});
	EXPECT_FALSE(w.failed);
	w = writer_of(out, needed - 1);
	chap_mschapv2_failure_put(&w, 7, 65535, false, challenge, (struct span){0});
	EXPECT_TRUE(w.failed);
}

TEST(chap, reads_failure_texts)
{
	static const struct {
		const char *text;
		int want;
		uint16_t error;
		bool retry;
		uint8_t challenge_first;
		const char *message;
	} cases[] = {
		// pptpd, with V=0
		/* 0 */ {"E=691 R=1 C=d1c6558594612ff3688a7afd0339964e V=0 M=Access denied", 0, 691,
			true, 0xd1, "Access denied"},
		/* 1 */
		{"E=0000000648 R=0 C=D1C6558594612FF3688A7AFD0339964E V=3 M=", 0, 648, false, 0xd1,
			""},
		/* 2 */ {"E=646 R=0", 0, 646, false, 0, "none"},
		/* 3 */ {"", 0, 1, true, 0, "none"},		     // all left as it was
		/* 4 */ {"R=0  E=647", 0, 647, false, 0, "none"},    // other order, two spaces
		/* 5 */ {"M=E=691 R=0", 0, 1, true, 0, "E=691 R=0"}, // a message swallows the rest
		/* 6 */ {"E=691 R=1 X=later V=3 ", 0, 691, true, 0, "none"},
		/* 7 */ {"Access denied", -EBADMSG, 1, true, 0, "none"}, // CHAP-MD5 of pppd
		/* 8 */ {"E", -EBADMSG, 1, true, 0, "none"},
		/* 9 */ {"E=", -EBADMSG, 1, true, 0, "none"},
		/* 10 */ {"E=69x", -EBADMSG, 1, true, 0, "none"},
		/* 11 */ {"E=-1", -EBADMSG, 1, true, 0, "none"},
		/* 12 */ {"E=65536", -EBADMSG, 1, true, 0, "none"},
		/* 13 */ {"E=99999999999999999999", -EBADMSG, 1, true, 0, "none"},
		/* 14 */ {"E=691 R=2", -EBADMSG, 691, true, 0, "none"},
		/* 15 */
		{"E=691 C=d1c6558594612ff3688a7afd0339964 V=3", -EBADMSG, 691, true, 0, "none"},
		/* 16 */ {"C=g1c6558594612ff3688a7afd0339964e", -EBADMSG, 1, true, 0, "none"},
		/* 17 */ {"C=1gc6558594612ff3688a7afd0339964e", -EBADMSG, 1, true, 0, "none"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		char *exact = exact_copy(cases[i].text, len);
		uint16_t error = 1;
		bool retry = true;
		uint8_t challenge[16] = {0};
		struct span message = span_of_text("none");

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(chap_mschapv2_failure_get(
				  span_of(exact, len), &error, &retry, challenge, &message),
			cases[i].want);
		EXPECT_EQ(error, cases[i].error);
		EXPECT_EQ(retry, cases[i].retry);
		EXPECT_EQ(challenge[0], cases[i].challenge_first);
		EXPECT_TRUE(span_is(message, cases[i].message));
		free(exact);
	}
}

TEST(chap, failure_put_then_get_gives_the_same)
{
	struct xorshift x = xorshift_seed(7);

	for (int i = 0; i < 2000; i++) {
		uint8_t challenge[16], out[256], got_challenge[16];
		char text[81];
		size_t text_len = xorshift_below(&x, sizeof(text));
		uint16_t error = (uint16_t)xorshift_next(&x), got_error = 0;
		bool retry = xorshift_below(&x, 2), got_retry = !retry;
		struct span message = {0};
		struct writer w = writer_of(out, sizeof(out));
		struct chap_packet p;

		xorshift_fill(&x, challenge, sizeof(challenge));
		for (size_t k = 0; k < text_len; k++)
			text[k] = (char)(' ' + xorshift_below(&x, 95));
		chap_mschapv2_failure_put(&w, 1, error, retry, challenge, span_of(text, text_len));
		SHIM_TRACE_CASE(i);
		ASSERT_EQ(chap_packet_get(span_of(out, w.len), &p), 0);
		ASSERT_EQ(chap_mschapv2_failure_get(
				  p.text, &got_error, &got_retry, got_challenge, &message),
			0);
		EXPECT_EQ(got_error, error);
		EXPECT_EQ(got_retry, retry);
		EXPECT_MEMEQ(got_challenge, challenge, sizeof(challenge));
		EXPECT_TRUE(span_equal(message, span_of(text, text_len)));
	}
}

// ---- MS-CHAPv1

TEST(chap, mschapv1_response)
{
	uint8_t value[CHAP_MSCHAPV1_VALUE_BYTES + 1], again[CHAP_MSCHAPV1_VALUE_BYTES];
	struct chap_mschapv1_response r;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)i;
	ASSERT_EQ(chap_mschapv1_response_get(span_of(value, sizeof(again)), &r), 0);
	EXPECT_EQ(r.lm_response[0], 0);
	EXPECT_EQ(r.lm_response[23], 23);
	EXPECT_EQ(r.nt_response[0], 24);
	EXPECT_EQ(r.nt_response[23], 47);
	EXPECT_EQ(r.use_nt, 48);
	chap_mschapv1_response_put(again, &r);
	EXPECT_MEMEQ(value, again, sizeof(again));
	EXPECT_EQ(chap_mschapv1_response_get(span_of(value, 48), &r), -EBADMSG);
	EXPECT_EQ(chap_mschapv1_response_get(span_of(value, 50), &r), -EBADMSG);
	EXPECT_EQ(chap_mschapv1_response_get((struct span){0}, &r), -EBADMSG);
}

TEST(chap, mschapv1_failure)
{
	static const uint8_t challenge[8] = {0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41};
	uint8_t out[64], got_challenge[8] = {0};
	struct span message = span_of_text("none");
	struct writer w = writer_of(out, sizeof(out));
	uint16_t error = 0;
	bool retry = false;
	struct chap_packet p;

	chap_mschapv1_failure_put(&w, 9, 691, true, challenge);
	ASSERT_EQ(chap_packet_get(span_of(out, w.len), &p), 0);
	EXPECT_EQ(p.code, CHAP_FAILURE);
	EXPECT_EQ(p.id, 9);
	EXPECT_TRUE(span_is(p.text, "E=691 R=1 C=102DB5DF085D3041 V=2"));
	ASSERT_EQ(chap_mschapv1_failure_get(p.text, &error, &retry, got_challenge, &message), 0);
	EXPECT_EQ(error, 691);
	EXPECT_TRUE(retry);
	EXPECT_MEMEQ(challenge, got_challenge, 8);
	EXPECT_TRUE(span_is(message, "none"));
	// The challenge of version 2 is not that of version 1.
	EXPECT_EQ(chap_mschapv1_failure_get(span_of_text("C=d1c6558594612ff3688a7afd0339964e"),
			  &error, &retry, got_challenge, &message),
		-EBADMSG);
	w = writer_of(out, 20);
	chap_mschapv1_failure_put(&w, 9, 691, true, challenge);
	EXPECT_TRUE(w.failed);
}

// ---- Change-Password

// RFC 2759 7: 586 bytes with the header.
TEST(chap, change_password)
{
	enum { BYTES = CHAP_HEADER_BYTES + CHAP_MSCHAPV2_CHANGE_BYTES };
	uint8_t packet[BYTES + 1], body[CHAP_MSCHAPV2_CHANGE_BYTES + 1], again[BYTES];
	struct chap_mschapv2_change change;
	struct writer w = writer_of(packet, sizeof(packet));
	struct chap_packet p;

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + (i >> 8));
	memset(body + 516 + 16 + 16, 0, 8);
	memset(body + CHAP_MSCHAPV2_CHANGE_BYTES - 2, 0, 2);
	chap_put_text(&w, CHAP_CHANGE_PASSWORD, 5, span_of(body, CHAP_MSCHAPV2_CHANGE_BYTES));
	ASSERT_EQ(w.len, 586);
	ASSERT_EQ(chap_packet_get(span_of(packet, w.len), &p), 0);
	EXPECT_EQ(p.code, CHAP_CHANGE_PASSWORD);
	EXPECT_EQ(p.text.len, 0);
	ASSERT_EQ(chap_mschapv2_change_get(p.value, &change), 0);
	EXPECT_MEMEQ(body, change.encrypted_password, 516);
	EXPECT_MEMEQ(body + 516, change.encrypted_hash, 16);
	EXPECT_MEMEQ(body + 532, change.peer_challenge, 16);
	EXPECT_MEMEQ(body + 556, change.nt_response, 24);
	chap_mschapv2_change_put(again, &change);
	EXPECT_MEMEQ(body, again, CHAP_MSCHAPV2_CHANGE_BYTES);
	EXPECT_EQ(chap_mschapv2_change_get(span_of(body, CHAP_MSCHAPV2_CHANGE_BYTES - 1), &change),
		-EBADMSG);
	EXPECT_EQ(chap_mschapv2_change_get(span_of(body, CHAP_MSCHAPV2_CHANGE_BYTES + 1), &change),
		-EBADMSG);
	// Those of version 1, codes 5 and 6, are not for us.
	packet[0] = 6;
	EXPECT_EQ(chap_packet_get(span_of(packet, w.len), &p), -ENOTSUP);
}
