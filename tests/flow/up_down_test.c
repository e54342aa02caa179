// SPDX-License-Identifier: BSD-3-Clause
// The straight way in both directions.
#include "flow.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

// The frame that must leave the inside port for an inner packet: TTL one less.
static void expect_inside(struct flow *f, const uint8_t *ip, size_t len)
{
	static const uint8_t ether[] = {2, 0, 0, 0, 1, 0x22, 2, 0, 0, 0, 0, FLOW_INSIDE, 8, 0};
	uint8_t wanted[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	memcpy(wanted, ip, len);
	inet_ttl_decrement(wanted);
	ASSERT_EQ(flow_take(f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + len);
	EXPECT_MEMEQ(frame, ether, sizeof(ether));
	EXPECT_MEMEQ(frame + FLOW_ETHER_BYTES, wanted, len);
}

static void expect_down(struct flow_client *c, const uint8_t *ip, size_t len)
{
	uint8_t wanted[FLOW_FRAME_BYTES];
	struct flow_down down;

	memcpy(wanted, ip, len);
	inet_ttl_decrement(wanted);
	ASSERT_TRUE(flow_take_down(c, &down));
	ASSERT_EQ(down.len, len);
	EXPECT_MEMEQ(down.bytes, wanted, len);
	EXPECT_EQ(down.has_fc, !c->options.send_acfc);
	EXPECT_EQ(down.has_long_protocol, !c->options.send_pfc);
	EXPECT_EQ(down.protocol, c->encrypts ? PPP_COMP : PPP_IP);
}

static void send_inside(struct flow *f, const uint8_t *ip, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES];

	EXPECT_TRUE(flow_put(f, FLOW_INSIDE, 0, frame, flow_frame(frame, FLOW_INSIDE, ip, len)));
}

static const size_t sizes[] = {
	20, 21, 28, 29, 63, 64, 65, 127, 128, 255, 256, 576, 1000, 1399, 1400};

static void both_ways(const struct flow_client_options *options)
{
	uint8_t ip[FLOW_FRAME_BYTES];
	struct flow f;
	struct flow_client c;
	uint64_t n_bytes = 0;

	flow_open(&f, NULL);
	ASSERT_TRUE(f.is_open);
	flow_client_up(&f, &c, options);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		SHIM_TRACE_CASE((long long)sizes[i]);
		flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, sizes[i]);
		flow_send_up(&c, ip, sizes[i]);
		expect_inside(&f, ip, sizes[i]);
		flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, sizes[i]);
		send_inside(&f, ip, sizes[i]);
		expect_down(&c, ip, sizes[i]);
		n_bytes += sizes[i];
	}
	const struct session_counters *counters = &flow_session(&c)->counters;
	EXPECT_EQ(counters->up_pkts, RTE_DIM(sizes));
	EXPECT_EQ(counters->up_bytes, n_bytes);
	EXPECT_EQ(counters->down_pkts, RTE_DIM(sizes));
	EXPECT_EQ(counters->down_bytes, n_bytes);
	EXPECT_EQ(counters->key_changes, c.encrypts ? 2 * RTE_DIM(sizes) : 0);
	EXPECT_EQ(flow_count(&f, upstream_pkts), RTE_DIM(sizes));
	EXPECT_EQ(flow_count(&f, upstream_bytes), n_bytes);
	EXPECT_EQ(flow_count(&f, downstream_pkts), RTE_DIM(sizes));
	EXPECT_EQ(flow_count(&f, downstream_bytes), n_bytes);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(up_down, encrypted_every_size)
{
	both_ways(&(struct flow_client_options){0});
}

TEST(up_down, clear_every_size)
{
	both_ways(&(struct flow_client_options){.clear = true});
}

TEST(up_down, every_combination_of_field_compression)
{
	for (unsigned int i = 0; i < 32; i++) {
		const struct flow_client_options options = {
			.client_pfc = i & 1,
			.client_acfc = i & 2,
			.send_pfc = i & 4,
			.send_acfc = i & 8,
			.clear = i & 16,
		};
		both_ways(&options);
	}
}
