// SPDX-License-Identifier: BSD-3-Clause
#include "wire/pap.h"

#include <errno.h>

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

// tests/pcap, pap-badpass: the request of pppd with a wrong password, and the refusal.
static const char request_hex[] = "0101000f 04 74657374 05 77726f6e67";
static const char nak_hex[] = "03010014 0f 4c6f67696e20696e636f7272656374";

static bool span_is(struct span s, const char *text)
{
	return span_equal(s, span_of_text(text));
}

TEST(pap, reads_and_writes_a_real_exchange)
{
	uint8_t bytes[64], out[64];
	struct pap_packet p;
	struct writer w = writer_of(out, sizeof(out));

	size_t len = hex_bytes(bytes, sizeof(bytes), request_hex);
	ASSERT_EQ(pap_packet_get(span_of(bytes, len), &p), 0);
	EXPECT_EQ(p.code, PAP_AUTHENTICATE_REQUEST);
	EXPECT_EQ(p.id, 1);
	EXPECT_TRUE(span_is(p.peer_id, "test"));
	EXPECT_TRUE(span_is(p.password, "wrong"));
	EXPECT_EQ(p.message.len, 0);
	pap_put_request(&w, 1, p.peer_id, p.password);
	ASSERT_EQ(w.len, len);
	EXPECT_MEMEQ(out, bytes, len);

	len = hex_bytes(bytes, sizeof(bytes), nak_hex);
	ASSERT_EQ(pap_packet_get(span_of(bytes, len), &p), 0);
	EXPECT_EQ(p.code, PAP_AUTHENTICATE_NAK);
	EXPECT_TRUE(span_is(p.message, "Login incorrect"));
	EXPECT_EQ(p.peer_id.len, 0);
	EXPECT_EQ(p.password.len, 0);
	w = writer_of(out, sizeof(out));
	pap_put_reply(&w, PAP_AUTHENTICATE_NAK, 1, p.message);
	ASSERT_EQ(w.len, len);
	EXPECT_MEMEQ(out, bytes, len);
}

TEST(pap, refuses_malformed_packets)
{
	static const struct {
		const char *hex;
		int want;
	} cases[] = {
		/* 0 */ {"", -EBADMSG},
		/* 1 */ {"010100", -EBADMSG},
		/* 2 */ {"01010003", -EBADMSG},
		/* 3 */ {"01010004", -EBADMSG},	   // no Peer-ID length
		/* 4 */ {"01010005 00", -EBADMSG}, // no password length
		/* 5 */ {"01010006 00 00", 0},	   // both empty
		/* 6 */ {"01010006 01 61", -EBADMSG},
		/* 7 */ {"01010007 01 61 01", -EBADMSG},
		/* 8 */ {"01010007 01 61 01 62", -EBADMSG}, // password behind the length
		/* 9 */ {"01010008 01 61 01 62", 0},
		/* 10 */ {"01010008 01 61 01 62 00", 0}, // padding
		/* 11 */ {"01010009 01 61 01 62", -EBADMSG},
		/* 12 */ {"02010004", 0}, // no Msg-Length: as some do
		/* 13 */ {"02010005 00", 0},
		/* 14 */ {"03010005 01", -EBADMSG},
		/* 15 */ {"03010006 01 61", 0},
		/* 16 */ {"03010006 01", -EBADMSG},
		/* 17 */ {"00010004", -ENOTSUP},
		/* 18 */ {"04010004", -ENOTSUP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[32];
		size_t len = hex_bytes(bytes, sizeof(bytes), cases[i].hex);
		uint8_t *exact = exact_copy(bytes, len);
		struct pap_packet p;

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(pap_packet_get(span_of(exact, len), &p), cases[i].want);
		free(exact);
	}
}

TEST(pap, every_truncation_is_refused)
{
	static const char *const packets[] = {request_hex, nak_hex};

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		uint8_t bytes[64];
		size_t len = hex_bytes(bytes, sizeof(bytes), packets[i]);
		struct pap_packet p;

		for (size_t n = 0; n < len; n++) {
			uint8_t *exact = exact_copy(bytes, n);

			SHIM_TRACE_CASE((long long)n);
			EXPECT_EQ(pap_packet_get(span_of(exact, n), &p), -EBADMSG);
			free(exact);
		}
	}
}

TEST(pap, put_then_get_gives_the_same)
{
	struct xorshift x = xorshift_seed(8);

	for (int i = 0; i < 5000; i++) {
		uint8_t name[255], password[255], out[600];
		struct span n = span_of(name, xorshift_below(&x, 256));
		struct span s = span_of(password, xorshift_below(&x, 256));
		struct writer w = writer_of(out, sizeof(out));
		struct pap_packet p;

		xorshift_fill(&x, name, sizeof(name));
		xorshift_fill(&x, password, sizeof(password));
		pap_put_request(&w, (uint8_t)i, n, s);
		SHIM_TRACE_CASE(i);
		ASSERT_EQ(pap_packet_get(span_of(out, w.len), &p), 0);
		EXPECT_EQ(p.id, (uint8_t)i);
		EXPECT_TRUE(span_equal(p.peer_id, n));
		EXPECT_TRUE(span_equal(p.password, s));

		w = writer_of(out, sizeof(out));
		pap_put_reply(&w, PAP_AUTHENTICATE_ACK, (uint8_t)i, n);
		ASSERT_EQ(pap_packet_get(span_of(out, w.len), &p), 0);
		EXPECT_EQ(p.code, PAP_AUTHENTICATE_ACK);
		EXPECT_TRUE(span_equal(p.message, n));
	}
}

TEST(pap, what_does_not_fit_is_a_sticky_error)
{
	static const uint8_t big[256];
	uint8_t out[600];
	struct writer w;

	w = writer_of(out, sizeof(out));
	pap_put_request(&w, 1, span_of(big, 256), span_of(big, 1));
	EXPECT_TRUE(w.failed);
	w = writer_of(out, sizeof(out));
	pap_put_request(&w, 1, span_of(big, 1), span_of(big, 256));
	EXPECT_TRUE(w.failed);
	w = writer_of(out, sizeof(out));
	pap_put_reply(&w, PAP_AUTHENTICATE_NAK, 1, span_of(big, 256));
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 0);
	w = writer_of(out, 7);
	pap_put_reply(&w, PAP_AUTHENTICATE_NAK, 1, span_of(big, 3));
	EXPECT_TRUE(w.failed);
}
