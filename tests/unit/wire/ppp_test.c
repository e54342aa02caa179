// SPDX-License-Identifier: BSD-3-Clause
#include "wire/ppp.h"

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"

TEST(ppp, reads_every_combination_of_compressions)
{
	static const struct {
		const char *hex;
		enum drop_reason want;
		uint16_t protocol;
		uint8_t header_len;
	} cases[] = {
		/* 0 */ {"ff03c021 01", DROP_NONE, PPP_LCP, 4},
		/* 1 */ {"c021 01", DROP_NONE, PPP_LCP, 2}, // ACFC on LCP: pppd does it on Echo
		/* 2 */ {"ff030021 45", DROP_NONE, PPP_IP, 4},
		/* 3 */ {"ff0321 45", DROP_NONE, PPP_IP, 3},
		/* 4 */ {"0021 45", DROP_NONE, PPP_IP, 2},
		/* 5 */ {"21 45", DROP_NONE, PPP_IP, 1},
		/* 6 */ {"fd 9000", DROP_NONE, PPP_COMP, 1},
		/* 7 */ {"00fd 9000", DROP_NONE, PPP_COMP, 2},
		/* 8 */ {"80fd 01", DROP_NONE, PPP_CCP, 2},
		/* 9 */
		{"21", DROP_NONE, PPP_IP, 1}, // header only: no information is no header error
		/* 10 */ {"ff03c021", DROP_NONE, PPP_LCP, 4},
		/* 11 */ {"03", DROP_NONE, 0x0003, 1},
		/* 12 */ {"03ff", DROP_NONE, 0x0003, 1},
		/* 13 */ {"", DROP_PPP_SHORT, 0, 0},
		/* 14 */ {"ff03", DROP_PPP_SHORT, 0, 0},
		/* 15 */ {"ff03c0", DROP_PPP_SHORT, 0, 0},
		/* 16 */ {"c0", DROP_PPP_SHORT, 0, 0},
		/* 17 */ {"00", DROP_PPP_SHORT, 0, 0},
		/* 18 */ {"ff", DROP_PPP_PROTOCOL, 0, 0}, // 0x00FF: reserved for the address byte
		/* 19 */ {"ff04 21", DROP_PPP_PROTOCOL, 0, 0},
		/* 20 */ {"ff03ff03 21", DROP_PPP_PROTOCOL, 0, 0}, // address twice
		/* 21 */ {"00ff 00", DROP_PPP_PROTOCOL, 0, 0},
		/* 22 */ {"c022 00", DROP_PPP_PROTOCOL, 0, 0}, // second byte even
		/* 23 */ {"0000", DROP_PPP_PROTOCOL, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[16];
		size_t len = hex_bytes(bytes, sizeof(bytes), cases[i].hex);
		uint8_t *exact = exact_copy(bytes, len);
		uint16_t protocol = 0;
		uint8_t header_len = 0;

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(ppp_get(exact, len, &protocol, &header_len), cases[i].want);
		EXPECT_EQ(protocol, cases[i].protocol);
		EXPECT_EQ(header_len, cases[i].header_len);
		free(exact);
	}
}

TEST(ppp, every_protocol_survives_every_compression)
{
	for (uint32_t protocol = 0; protocol <= 0xffff; protocol++) {
		for (int mode = 0; mode < 4; mode++) {
			bool pfc = mode & 1, acfc = mode & 2;
			bool wanted = ppp_protocol_is_valid((uint16_t)protocol) && protocol != 0xff;
			uint8_t bytes[PPP_HEADER_BYTES_MAX + 1] = {0};
			uint16_t got = 0;
			uint8_t header_len = 0;
			uint8_t len = ppp_put(bytes, (uint16_t)protocol, pfc, acfc);

			SHIM_TRACE_CASE(protocol);
			EXPECT_EQ(len, ppp_header_len((uint16_t)protocol, pfc, acfc));
			if (!wanted)
				continue;
			ASSERT_EQ(ppp_get(bytes, len, &got, &header_len), DROP_NONE);
			EXPECT_EQ(got, protocol);
			EXPECT_EQ(header_len, len);
		}
	}
}

TEST(ppp, header_lengths)
{
	EXPECT_EQ(ppp_header_len(PPP_IP, false, false), 4);
	EXPECT_EQ(ppp_header_len(PPP_IP, true, false), 3);
	EXPECT_EQ(ppp_header_len(PPP_IP, false, true), 2);
	EXPECT_EQ(ppp_header_len(PPP_IP, true, true), 1);
	EXPECT_EQ(ppp_header_len(PPP_LCP, true, true), 2);
	EXPECT_EQ(ppp_header_len(PPP_CCP, true, false), 4);
}

TEST(ppp, knows_network_layer_data)
{
	EXPECT_FALSE(ppp_protocol_is_data(0x001f));
	EXPECT_TRUE(ppp_protocol_is_data(PPP_IP));
	EXPECT_TRUE(ppp_protocol_is_data(PPP_VJ_COMPRESSED));
	EXPECT_TRUE(ppp_protocol_is_data(PPP_IPV6));
	EXPECT_TRUE(ppp_protocol_is_data(0x00fa));
	EXPECT_FALSE(ppp_protocol_is_data(PPP_COMP));
	EXPECT_FALSE(ppp_protocol_is_data(PPP_IPCP));
	EXPECT_FALSE(ppp_protocol_is_data(PPP_LCP));
}
