// SPDX-License-Identifier: BSD-3-Clause
// Packets in several pieces: fragments of outer packets and chains of mbufs, in every mode and both directions, are the
// same packets as in one piece.
#include "flow.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/ppp.h"

enum { BIG_BYTES = 8192, HEADER = INET_IPV4_HEADER_BYTES, AT_FRAGMENT = 6, MORE = 0x2000 };

static const struct flow_client_options modes[] = {
	{.number = 2},
	{.clear = true},
	{.clear = true, .client_pfc = true, .client_acfc = true},
	{.client_pfc = true, .client_acfc = true, .send_pfc = true, .send_acfc = true},
	{.strength = MPPE_STRENGTH_40},
	{.stateful_up = true, .stateful_down = true},
	{.stateful_up = true, .stateful_down = true, .is_linux = true},
};

// How chains are cut; the rest is the last piece.
static const struct cut {
	unsigned int n;
	uint16_t pieces[9];
} cuts[] = {
	{1, {1}},
	{1, {7}},
	{1, {100}},
	{1, {255}},
	{1, {256}},
	{1, {257}},
	{2, {1, 7}},
	{3, {100, 1, 7}},
	{3, {300, 1, 7}},
	{3, {256, 0, 0}},
	{3, {0, 0, 60}},
	{2, {300, 333}},
	{3, {300, 333, 1}},
	{4, {300, 1, 1, 1}},
	{9, {1, 2, 3, 4, 5, 6, 7, 8, 9}},
	{9, {40, 40, 40, 40, 40, 40, 40, 40, 40}},
	{9, {400, 10, 0, 30, 40, 50, 60, 70, 80}},
};

static const size_t lens[] = {20 + 8, 100, 237, 255, 256, 257, 700, 1399, 1400};

static void set_late(void)
{
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
}

// The packet as it goes on.
static void expect_up(struct flow *f, const uint8_t *ip, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES], wanted[FLOW_FRAME_BYTES];

	memcpy(wanted, ip, len);
	inet_ttl_decrement(wanted);
	ASSERT_EQ(flow_take(f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + len);
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
}

static size_t up_frame(struct flow_client *c, uint8_t *frame, const uint8_t *ip, size_t len)
{
	uint8_t ppp[FLOW_FRAME_BYTES];
	size_t ppp_len = flow_ppp_data(c, ppp, PPP_IP, ip, len);

	return flow_gre_frame(c, frame, c->seq++, ppp, ppp_len);
}

static void exchange(struct flow_client *c, const struct cut *cut, size_t len)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	struct flow *f = c->f;

	flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, len);
	size_t frame_len = up_frame(c, frame, ip, len);
	EXPECT_TRUE(flow_push_pieces(f, FLOW_OUTSIDE, frame, frame_len, cut->pieces, cut->n));
	flow_poll(f);
	expect_up(f, ip, len);

	flow_ip(ip, FLOW_HOST, c->inner, INET_UDP, len);
	frame_len = flow_frame(frame, FLOW_INSIDE, ip, len);
	EXPECT_TRUE(flow_push_pieces(f, FLOW_INSIDE, frame, frame_len, cut->pieces, cut->n));
	flow_poll(f);
	expect_down(c, ip, len);
}

static void exchange_all(const struct flow_options *options, bool has_chains)
{
	for (unsigned int m = 0; m < RTE_DIM(modes); m++) {
		struct flow f;
		struct flow_client c;

		SHIM_TRACE_CASE(m);
		flow_open(&f, options);
		flow_client_up(&f, &c, &modes[m]);
		for (unsigned int i = 0; i < RTE_DIM(cuts); i++) {
			SHIM_TRACE_CASE(i);
			for (unsigned int k = 0; k < RTE_DIM(lens); k++)
				exchange(&c, &cuts[i], lens[k]);
		}
		EXPECT_EQ(flow_drops_all(&f), 0);
		EXPECT_EQ(f.n_chains > 0, has_chains);
		flow_close(&f);
	}
}

TEST(chain, both_ways_in_all_modes)
{
	exchange_all(&(struct flow_options){.may_be_stateful = true}, true);
}

TEST(chain, with_a_driver_that_answers_later)
{
	set_late();
	exchange_all(&(struct flow_options){.crypto = &late_driver, .may_be_stateful = true}, true);
}

TEST(chain, ports_that_take_none)
{
	exchange_all(&(struct flow_options){.may_be_stateful = true, .no_chains = true}, false);
}

// --- fragments --------------------------------------------------------------------------------------

// Parts of `part` bytes, each as a chain if `cut`.
static void push_fragments(
	struct flow *f, const uint8_t *ip, size_t len, size_t part, const struct cut *cut)
{
	uint8_t piece[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (size_t at = HEADER; at < len; at += part) {
		size_t n = RTE_MIN(part, len - at);
		memcpy(piece, ip, HEADER);
		memcpy(piece + HEADER, ip + at, n);
		bytes_put_u16(piece + 2, (uint16_t)(HEADER + n));
		bytes_put_u16(piece + AT_FRAGMENT,
			(uint16_t)((at - HEADER) / 8 | (at + n < len ? MORE : 0)));
		bytes_put_u16(piece + 10, 0);
		bytes_put_u16(piece + 10, inet_checksum(piece, HEADER));
		size_t frame_len = flow_frame(frame, FLOW_OUTSIDE, piece, HEADER + n);
		EXPECT_TRUE(flow_push_pieces(f, FLOW_OUTSIDE, frame, frame_len,
			cut ? cut->pieces : NULL, cut ? cut->n : 0));
	}
}

TEST(chain, outer_fragments)
{
	static const size_t n_parts[] = {1, 2, 3, 4, 5, 7};

	for (unsigned int m = 0; m < RTE_DIM(modes); m++) {
		struct flow f;
		struct flow_client c;
		uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

		SHIM_TRACE_CASE(m);
		flow_open(&f, &(struct flow_options){.may_be_stateful = true});
		flow_client_up(&f, &c, &modes[m]);
		for (unsigned int i = 0; i < RTE_DIM(lens); i++) {
			for (unsigned int k = 0; k < 2 * RTE_DIM(n_parts); k++) {
				flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, lens[i]);
				size_t len = up_frame(&c, frame, ip, lens[i]) - FLOW_ETHER_BYTES;
				size_t part = (len - HEADER) / n_parts[k / 2] / 8 * 8 + 8;
				push_fragments(&f, frame + FLOW_ETHER_BYTES, len, part,
					k % 2 ? &cuts[(i + k) % RTE_DIM(cuts)] : NULL);
				flow_poll(&f);
				expect_up(&f, ip, lens[i]);
			}
		}
		EXPECT_EQ(flow_drops_all(&f), 0);
		flow_close(&f);
	}
}

// --- larger than a buffer ---------------------------------------------------------------------------

// GRE and outer IPv4 around what no buffer takes.
static size_t big_up(struct flow_client *c, uint8_t *out, const uint8_t *ip, size_t len)
{
	uint8_t ppp[BIG_BYTES];
	size_t ppp_len = flow_ppp_data(c, ppp, PPP_IP, ip, len);
	const struct gre gre = {
		.call_id = c->call_id,
		.payload_len = (uint16_t)ppp_len,
		.has_seq = true,
		.seq = c->seq++,
	};
	size_t header_len = HEADER + gre_header_len(true, false);

	inet_ipv4_put(out, flow_be(c->outer), flow_be(c->listen), GRE_IP_PROTOCOL,
		(uint16_t)(header_len + ppp_len), 0x4242, 60, 0, false);
	gre_put(out + HEADER, &gre);
	memcpy(out + header_len, ppp, ppp_len);
	return header_len + ppp_len;
}

// Fragments of one packet, in order: their payloads in out. Returns bytes.
static size_t join(uint8_t *out, size_t at, const uint8_t *ip)
{
	size_t len = bytes_get_u16(ip + 2) - HEADER;

	EXPECT_EQ((bytes_get_u16(ip + AT_FRAGMENT) & 0x1fff) * 8, at);
	EXPECT_EQ(inet_checksum(ip, HEADER), 0);
	memcpy(out + at, ip + HEADER, len);
	return at + len;
}

TEST(chain, larger_than_a_buffer_up)
{
	for (unsigned int m = 0; m < RTE_DIM(modes); m++) {
		struct flow f;
		struct flow_client c;
		uint8_t ip[BIG_BYTES], outer[BIG_BYTES], frame[FLOW_FRAME_BYTES], got[BIG_BYTES];
		size_t len, n_got = 0;

		SHIM_TRACE_CASE(m);
		flow_open(&f, &(struct flow_options){.may_be_stateful = true});
		flow_client_up(&f, &c, &modes[m]);
		flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 4321);
		flow_ip_set(ip, 64, 0, false);
		len = big_up(&c, outer, ip, 4321);
		push_fragments(&f, outer, len, 1480, NULL);
		flow_poll(&f);
		while ((len = flow_take(&f, FLOW_INSIDE, frame)) > 0) {
			EXPECT_LE(len, FLOW_ETHER_BYTES + 1500);
			n_got = join(got, n_got, frame + FLOW_ETHER_BYTES);
		}
		ASSERT_EQ(n_got, 4321 - HEADER);
		EXPECT_MEMEQ(got, ip + HEADER, n_got);
		EXPECT_EQ(flow_drops_all(&f), 0);
		flow_close(&f);
	}
}

TEST(chain, larger_than_a_buffer_down)
{
	static const uint16_t pieces[] = {1500, 1500};

	for (unsigned int m = 0; m < RTE_DIM(modes); m++) {
		struct flow f;
		struct flow_client c;
		struct flow_down down;
		uint8_t ip[BIG_BYTES], frame[BIG_BYTES], got[BIG_BYTES];
		size_t n_got = 0;

		SHIM_TRACE_CASE(m);
		flow_open(&f, &(struct flow_options){.may_be_stateful = true});
		flow_client_up(&f, &c, &modes[m]);
		flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 4321);
		flow_ip_set(ip, 64, 0, false);
		size_t len = flow_frame(frame, FLOW_INSIDE, ip, 4321);
		EXPECT_TRUE(flow_push_pieces(&f, FLOW_INSIDE, frame, len, pieces, 2));
		flow_poll(&f);
		while (flow_take_down(&c, &down)) {
			EXPECT_LE(down.len, 1400);
			n_got = join(got, n_got, down.bytes);
		}
		ASSERT_EQ(n_got, 4321 - HEADER);
		EXPECT_MEMEQ(got, ip + HEADER, n_got);
		EXPECT_EQ(flow_drops_all(&f), 0);
		flow_close(&f);
	}
}

// More pieces than the stages take, and no room to put them together.
TEST(chain, too_many_pieces_for_a_buffer)
{
	static const uint16_t pieces[] = {1000, 1000, 1000, 1000};
	struct flow f;
	struct flow_client c;
	uint8_t ip[BIG_BYTES], frame[BIG_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len =
		flow_frame(frame, FLOW_INSIDE, ip, flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 4321));
	EXPECT_TRUE(flow_push_pieces(&f, FLOW_INSIDE, frame, len, pieces, 4));
	flow_poll(&f);
	EXPECT_EQ(flow_drops(&f, DROP_TOO_BIG), 1);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
	flow_close(&f);
}

// --- what reads beyond the front --------------------------------------------------------------------

static const struct cut two = {1, {400}};

static void push_up(struct flow_client *c, const uint8_t *ip, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t frame_len = up_frame(c, frame, ip, len);

	EXPECT_TRUE(flow_push_pieces(c->f, FLOW_OUTSIDE, frame, frame_len, two.pieces, two.n));
}

TEST(chain, to_control)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t info[700], ppp[800], frame[FLOW_FRAME_BYTES], ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(i * 5);
	size_t at = ppp_put(ppp, PPP_LCP, false, false);
	memcpy(ppp + at, info, sizeof(info));
	size_t len = flow_gre_frame(&c, frame, c.seq++, ppp, at + sizeof(info));
	EXPECT_TRUE(flow_push_pieces(&f, FLOW_OUTSIDE, frame, len, two.pieces, two.n));
	flow_poll(&f);
	ASSERT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	EXPECT_EQ(rte_pktmbuf_data_len(e.packet), sizeof(info));
	EXPECT_MEMEQ(rte_pktmbuf_mtod(e.packet, uint8_t *), info, sizeof(info));
	rte_pktmbuf_free(e.packet);

	// The kernel's, by the port's TAP; and one without a known next hop.
	len = flow_frame(frame, FLOW_OUTSIDE, ip,
		flow_ip(ip, FLOW_CLIENT_OUTER + 9, FLOW_LISTEN, INET_ICMP, 900));
	EXPECT_TRUE(flow_push_pieces(&f, FLOW_OUTSIDE, frame, len, two.pieces, two.n));
	flow_poll(&f);
	ASSERT_TRUE(flow_exception(&f, 0, LANE_EXCEPTION, &e));
	EXPECT_EQ(rte_pktmbuf_data_len(e.packet), len);
	EXPECT_MEMEQ(rte_pktmbuf_mtod(e.packet, uint8_t *), frame, len);
	rte_pktmbuf_free(e.packet);
	push_up(&c, ip, flow_ip(ip, c.inner, FLOW_UNKNOWN_HOST, INET_UDP, 900));
	flow_poll(&f);
	ASSERT_TRUE(flow_exception(&f, 0, LANE_UNRESOLVED, &e));
	EXPECT_EQ(rte_pktmbuf_data_len(e.packet), 900);
	rte_pktmbuf_free(e.packet);
	flow_close(&f);
}

TEST(chain, icmp)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	push_up(&c, ip, flow_echo_request(ip, c.inner, FLOW_SERVER_INNER, 1000));
	flow_poll(&f);
	ASSERT_TRUE(flow_take_down(&c, &down));
	ASSERT_EQ(down.len, 1000);
	EXPECT_EQ(down.bytes[HEADER], 0);
	EXPECT_EQ(inet_checksum(down.bytes + HEADER, 1000 - HEADER), 0);
	// A message of zeros, whose checksum is made of all of it. Behind the pieces there must be none by chance.
	for (unsigned int i = 0; i < 100; i++)
		flow_push_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1400));
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 100);
	flow_echo_request(ip, c.inner, FLOW_SERVER_INNER, 1000);
	memset(ip + HEADER + 4, 0, 1000 - HEADER - 4);
	bytes_put_u16(ip + HEADER + 2, 0xf7ff);
	push_up(&c, ip, 1000);
	flow_poll(&f);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(bytes_get_u16(down.bytes + HEADER + 2), 0xffff);
	flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1000);
	flow_ip_set(ip, 1, 0, false);
	push_up(&c, ip, 1000);
	flow_poll(&f);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.bytes[HEADER], 11);
	EXPECT_MEMEQ(down.bytes + HEADER + 8, ip, HEADER + 8);
	flow_close(&f);
}

// From client to client, on two workers: a chain all the way.
TEST(chain, to_another_worker)
{
	struct flow f;
	struct flow_client a, b;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.n_workers = 2});
	flow_client_up(&f, &a, NULL);
	flow_client_up(&f, &b, &(struct flow_client_options){.number = 3, .worker = 1});
	push_up(&a, ip, flow_ip(ip, a.inner, b.inner, INET_UDP, 1200));
	flow_poll(&f);
	ASSERT_TRUE(flow_take_down(&b, &down));
	ASSERT_EQ(down.len, 1200);
	EXPECT_MEMEQ(down.bytes + HEADER, ip + HEADER, 1200 - HEADER);
	EXPECT_EQ(f.n_chains, 1);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// What lies behind the packet in its frame is cut off, and segments that are empty then are freed.
TEST(chain, padding)
{
	static const uint16_t sizes[] = {1, 40, 300, 700};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES] = {0};

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 600);
		size_t len = up_frame(&c, frame, ip, 600);
		EXPECT_TRUE(flow_push_pieces(&f, FLOW_OUTSIDE, frame, len + sizes[i],
			(const uint16_t[]){300, (uint16_t)(len - 300)}, 2));
		flow_poll(&f);
		expect_up(&f, ip, 600);
		flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 200);
		len = flow_frame(frame, FLOW_INSIDE, ip, 200);
		EXPECT_TRUE(flow_push_pieces(&f, FLOW_INSIDE, frame, len + sizes[i],
			(const uint16_t[]){100, (uint16_t)(len - 100)}, 2));
		flow_poll(&f);
		expect_down(&c, ip, 200);
	}
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// A jump is tried on the front and then decrypted whole.
TEST(chain, after_a_loss)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct flow f;
		struct flow_client c;
		uint8_t ip[FLOW_FRAME_BYTES];

		set_late();
		flow_open(&f, &(struct flow_options){.crypto = i ? &late_driver : NULL});
		flow_client_up(&f, &c, NULL);
		for (unsigned int n = 0; n < 5; n++) {
			flow_client_lose(&c);
			late_driver_control.is_holding = true;
			push_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1300));
			push_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1300));
			flow_poll(&f);
			late_driver_control.is_holding = false;
			flow_poll(&f);
			expect_up(&f, ip, 1300);
			expect_up(&f, ip, 1300);
		}
		EXPECT_EQ(flow_drops_all(&f), 0);
		flow_close(&f);
	}
}

// nat-loose judges a chain by its front.
TEST(chain, of_another_source)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &(struct flow_client_options){.nat_loose = true});
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1300);
	flow_send_up(&c, ip, len);
	expect_up(&f, ip, len);
	c.outer++;
	push_up(&c, ip, len);
	flow_poll(&f);
	expect_up(&f, ip, len);
	EXPECT_EQ(flow_session(&c)->counters.moves, 1);
	flow_close(&f);
}
