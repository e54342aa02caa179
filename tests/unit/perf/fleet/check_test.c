// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/check.h"

#include "shim/shim.h"

enum { CLIENTS = 40000, HOST = 0x0a140009, INNER = 0x0a1e0000 };

static struct payload p;
static struct fleet fleet;
static struct fleet_client clients[CLIENTS];

static void begin(void)
{
	payload_init(&p, 1);
	fleet.n_clients = CLIENTS;
	fleet.clients = clients;
	fleet.options.inside_be = rte_cpu_to_be_32(HOST);
	for (uint32_t i = 0; i < CLIENTS; i++)
		clients[i] = (struct fleet_client){.inner_be = rte_cpu_to_be_32(INNER + i)};
}

// As a router leaves it: time to live one less, its checksum mended.
static void make(uint8_t *inner, uint32_t client, enum payload_direction direction, uint16_t len)
{
	check_put(&p, &fleet, &clients[client], direction, inner, len);
	payload_put_time(check_payload(inner), 321);
	inner[8]--;
	inner[10]++; // the sum lost 0x0100
}

static enum check_verdict look(struct fleet_client *to, const uint8_t *inner, size_t len)
{
	struct check_seen seen;

	return check_inner(&p, &fleet, to, inner, len, len, false, &seen);
}

TEST(fleet_check, good_in_both_directions)
{
	static const uint32_t who[] = {0, 1, 67, 68, 32767, 32768, CLIENTS - 1};
	static const uint16_t lens[] = {40, 47, 48, 64, 576, 1400, 1500};
	uint8_t inner[1500];
	struct check_seen seen;

	begin();
	for (unsigned int i = 0; i < sizeof(who) / sizeof(who[0]); i++)
		for (unsigned int l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
			make(inner, who[i], PAYLOAD_UP, lens[l]);
			EXPECT_EQ(check_inner(
					  &p, &fleet, NULL, inner, lens[l], lens[l], false, &seen),
				CHECK_GOOD);
			EXPECT_EQ(seen.client, &clients[who[i]]);
			EXPECT_EQ(seen.payload.seq, l);
			EXPECT_EQ(seen.payload.time, 321);
			make(inner, who[i], PAYLOAD_DOWN, lens[l]);
			EXPECT_EQ(check_inner(&p, &fleet, &clients[who[i]], inner, lens[l], lens[l],
					  false, &seen),
				CHECK_GOOD);
		}
}

// Whichever bit falls over, the packet is not good; only the time to live and the checksum are not the sender's, and
// the checksum guards the header.
TEST(fleet_check, a_bit_damaged_anywhere_is_found)
{
	static const uint16_t lens[] = {40, 64, 576};
	uint8_t inner[1500];

	begin();
	for (unsigned int l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
		SHIM_TRACE_CASE(l);
		make(inner, 5, PAYLOAD_UP, lens[l]);
		for (size_t bit = 0; bit < lens[l] * 8u; bit++) {
			inner[bit / 8] ^= (uint8_t)(1 << bit % 8);
			EXPECT_NE(look(NULL, inner, lens[l]), CHECK_GOOD);
			inner[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		EXPECT_EQ(look(NULL, inner, lens[l]), CHECK_GOOD);
		EXPECT_NE(look(NULL, inner, lens[l] - 1u), CHECK_GOOD);
	}
}

TEST(fleet_check, of_another_client_is_foreign)
{
	uint8_t inner[1500];
	struct check_seen seen;

	begin();
	make(inner, 7, PAYLOAD_DOWN, 576);
	EXPECT_EQ(look(&clients[8], inner, 576), CHECK_FOREIGN);
	// Addresses and ports of one, what is inside of another: somebody decrypted into the wrong buffer.
	make(inner, 7, PAYLOAD_UP, 576);
	make(inner + 700, 9, PAYLOAD_UP, 576);
	memcpy(check_payload(inner), check_payload(inner + 700), 576 - CHECK_INNER_BYTES);
	EXPECT_EQ(check_inner(&p, &fleet, NULL, inner, 576, 576, false, &seen), CHECK_FOREIGN);
	EXPECT_EQ(seen.payload.owner.client, 9);
}

TEST(fleet_check, of_a_call_before_is_foreign)
{
	uint8_t inner[1500];

	begin();
	make(inner, 7, PAYLOAD_DOWN, 576);
	clients[7].flow.incarnation++;
	EXPECT_EQ(look(&clients[7], inner, 576), CHECK_FOREIGN);
}

TEST(fleet_check, strangers_are_not_ours)
{
	uint8_t inner[1500];

	begin();
	make(inner, 7, PAYLOAD_DOWN, 576);
	inner[9] = 1; // ICMP; protocol and checksum together, as it would come
	inner[11] += 16;
	EXPECT_EQ(look(&clients[7], inner, 576), CHECK_OTHER);
}

TEST(fleet_check, what_is_missing_beyond_purpose_is_found)
{
	struct check_counts c = {
		.sent = 1000, .good = 985, .lost_on_purpose = 10, .damaged_on_purpose = 6};

	EXPECT_EQ(check_lost(&c),
		0); // one too many is there: a damaged one of which the bit did not matter
	c.good_though_damaged = 1;
	EXPECT_EQ(check_lost(&c), 0);
	c.good--;
	EXPECT_EQ(check_lost(&c), 1);
	c.bad = 5;
	EXPECT_EQ(check_bad(&c), 0);
	c.bad = 6;
	EXPECT_EQ(check_bad(&c), 1);
}
