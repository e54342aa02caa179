// SPDX-License-Identifier: BSD-3-Clause
// GRE and MPPE of the fleet against a server written apart from it (tests/sim/sim_mppe): what the one sends the other
// reads, in each strength and mode, over gaps, with acks.
#include "perf/fleet/gre_half.h"
#include "perf/fleet/traffic.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include "shim/eal.h"
#include "shim/shim.h"
#include "sim/sim_mppe.h"

#include <arpa/inet.h>

enum {
	N_PACKETS = 600, // more than two pages of 256 counts
	N_MBUFS = 511,
	CALL_ID = 1,
	SERVER_CALL_ID = 777,
	FRAME_BYTES_MAX = 256,
};

// What the fleet hands to the rest of itself.
static struct rte_mbuf *sent[FLEET_BURST * 2];
static unsigned int n_sent, n_garbage, n_desync, n_ppp;
static uint8_t taken[FLEET_BURST][FRAME_BYTES_MAX];
static size_t taken_len[FLEET_BURST];
static unsigned int n_taken;
static void (*on_ppp)(struct fleet *f, struct fleet_client *c);

void port_send_outside(struct fleet *f, struct rte_mbuf *m)
{
	sent[n_sent++] = m;
}

void dial_receive_ppp(struct fleet *f, struct fleet_client *c, uint16_t protocol, struct span info)
{
	n_ppp++;
	if (on_ppp)
		on_ppp(f, c);
}

void dial_desync(struct fleet *f, struct fleet_client *c)
{
	n_desync++;
}

void traffic_take(struct fleet *f, struct fleet_client *to, const uint8_t *inner, size_t n_bytes,
	size_t len, bool only_front, uint64_t arrived)
{
	memcpy(taken[n_taken], inner, n_bytes);
	taken_len[n_taken++] = len;
}

void traffic_take_garbage(struct fleet *f, struct fleet_client *to)
{
	n_garbage++;
}

// --- a fleet of one client ---------------------------------------------------------------------------

static struct fleet fleet;
static struct fleet_client client;
static struct mppe_start_keys keys;

static void begin(struct mppe_mode mode, bool pfc, bool acfc)
{
	static struct rte_mempool *pool;

	eal_start(32);
	if (!pool)
		pool = rte_pktmbuf_pool_create(
			"packets", N_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	fleet = (struct fleet){.pool = pool,
		.clients = &client,
		.n_clients = 1,
		.clients_per_source = 1,
		.n_sources = 1,
		.options = {.sources_first = 0xc6130005, .is_stateful = !mode.is_stateless}};
	client = (struct fleet_client){.source_be = htonl(0xc6130005),
		.server_be = htonl(0xc6120001),
		.call_id = CALL_ID,
		.server_call_id = SERVER_CALL_ID,
		.send_pfc = pfc,
		.send_acfc = acfc};
	n_sent = n_garbage = n_desync = n_ppp = n_taken = 0;
	on_ppp = NULL;
	for (unsigned int i = 0; i < sizeof(keys.send); i++) {
		keys.send[i] = (uint8_t)(i * 7 + 1);
		keys.receive[i] = (uint8_t)(i * 13 + 5);
	}
	ASSERT_EQ(gre_init(&fleet), 0);
	gre_client_begin(&fleet, &client);
	if (mode.strength != MPPE_STRENGTH_NONE)
		gre_client_keys(&fleet, &client, &keys, mode, mode);
}

static void end(void)
{
	for (unsigned int i = 0; i < n_sent; i++)
		rte_pktmbuf_free(sent[i]);
	gre_fini(&fleet);
	EXPECT_EQ(rte_mempool_in_use_count(fleet.pool), 0);
}

static uint8_t byte_of(unsigned int packet, unsigned int i)
{
	return (uint8_t)(packet * 31 + i * 3 + (packet >> 8));
}

static uint16_t len_of(unsigned int packet)
{
	return (uint16_t)(40 + packet * 17 % 150);
}

static void expect_inner(unsigned int packet, const uint8_t *inner, size_t len)
{
	uint8_t wanted[FRAME_BYTES_MAX];

	for (unsigned int i = 0; i < len_of(packet); i++)
		wanted[i] = byte_of(packet, i);
	ASSERT_EQ(len, len_of(packet));
	EXPECT_MEMEQ(inner, wanted, len);
}

// --- up ----------------------------------------------------------------------------------------------

// n packets, all begun before any is encrypted, as in a burst.
static void send_up(unsigned int first, unsigned int n)
{
	struct gre_data data[FLEET_BURST];

	for (unsigned int i = 0; i < n; i++) {
		ASSERT_TRUE(gre_data_begin(&fleet, &client, len_of(first + i), &data[i]));
		for (unsigned int k = 0; k < len_of(first + i); k++)
			data[i].inner[k] = byte_of(first + i, k);
	}
	gre_data_encrypt(&fleet, data, n);
	for (unsigned int i = 0; i < n; i++) {
		gre_data_wrap(&fleet, &client, data[i].packet);
		port_send_outside(&fleet, data[i].packet);
	}
}

// The front of what the fleet has sent, and what is behind GRE.
static uint8_t *read_headers(const struct rte_mbuf *m, struct gre *gre)
{
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);
	struct inet_ipv4 ip;

	EXPECT_EQ(inet_ipv4_get(at, m->data_len, DROP_OUTER_IP_BAD, &ip), DROP_NONE);
	EXPECT_EQ(ip.source_be, client.source_be);
	EXPECT_EQ(ip.destination_be, client.server_be);
	EXPECT_EQ(ip.protocol, GRE_IP_PROTOCOL);
	EXPECT_EQ(ip.total_len, m->data_len);
	at += ip.header_len;
	EXPECT_EQ(gre_get(at, m->data_len - ip.header_len, gre), DROP_NONE);
	EXPECT_EQ(gre->call_id, SERVER_CALL_ID);
	EXPECT_EQ(gre->header_len + gre->payload_len, ip.total_len - ip.header_len);
	return at + gre->header_len;
}

// Is this packet number `packet`? PPP headers are as short as was agreed.
static void expect_up(const struct rte_mbuf *m, unsigned int packet, struct sim_mppe *server)
{
	struct gre gre;
	uint8_t *at = read_headers(m, &gre);
	size_t len = gre.payload_len;
	uint16_t protocol;
	uint8_t header_len;

	EXPECT_TRUE(gre.has_seq);
	EXPECT_EQ(gre.seq, packet);
	ASSERT_EQ(ppp_get(at, len, &protocol, &header_len), DROP_NONE);
	EXPECT_EQ(header_len, (client.send_acfc ? 0 : 2) + (client.send_pfc ? 1 : 2));
	at += header_len;
	len -= header_len;
	if (server) {
		ASSERT_EQ(protocol, PPP_COMP);
		ASSERT_EQ(sim_mppe_open(server, at, at + 2, len - 2), SIM_MPPE_TAKEN);
		at += 2;
		len -= 2;
		ASSERT_EQ(ppp_get(at, len, &protocol, &header_len), DROP_NONE);
		at += header_len;
		len -= header_len;
	}
	EXPECT_EQ(protocol, PPP_IP);
	expect_inner(packet, at, len);
}

// --- down --------------------------------------------------------------------------------------------

struct down {
	struct sim_mppe *mppe; // NULL: in the clear
	uint32_t seq;
};

// Packet number `packet` of the server, or with protocol 0 one that it encrypts.
static struct rte_mbuf *make_down(struct down *d, unsigned int packet, uint16_t protocol)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(fleet.pool);
	struct gre gre = {.call_id = CALL_ID, .has_seq = true, .seq = d->seq++};
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *ppp = start + INET_IPV4_HEADER_BYTES + gre_header_len(true, false), *at = ppp;

	if (protocol) {
		at += ppp_put(at, protocol, false, false);
	} else {
		at += ppp_put(at, PPP_COMP, packet & 1, packet & 2);
		at += MPPE_HEADER_BYTES;
	}
	uint8_t *sealed = at;
	if (!protocol)
		at += ppp_put(at, PPP_IP, packet & 1, true);
	for (unsigned int i = 0; i < len_of(packet); i++)
		*at++ = byte_of(packet, i);
	if (!protocol)
		sim_mppe_seal(d->mppe, sealed - 2, sealed, (size_t)(at - sealed));
	gre.payload_len = (uint16_t)(at - ppp);
	m->data_len = (uint16_t)(at - start);
	m->pkt_len = m->data_len;
	inet_ipv4_put(start, client.server_be, client.source_be, GRE_IP_PROTOCOL, m->data_len, 0,
		64, 0, false);
	(void)gre_put(start + INET_IPV4_HEADER_BYTES, &gre);
	return m;
}

static void expect_taken(unsigned int i, unsigned int packet)
{
	ASSERT_LT(i, n_taken);
	expect_inner(packet, taken[i], taken_len[i]);
}

static const struct mppe_mode modes[] = {
	{MPPE_STRENGTH_NONE, true},
	{MPPE_STRENGTH_128, true},
	{MPPE_STRENGTH_56, true},
	{MPPE_STRENGTH_40, true},
	{MPPE_STRENGTH_128, false},
	{MPPE_STRENGTH_56, false},
	{MPPE_STRENGTH_40, false},
};

enum { N_MODES = sizeof(modes) / sizeof(modes[0]) };

TEST(fleet_gre, a_server_reads_what_goes_up)
{
	for (unsigned int i = 0; i < 4 * N_MODES; i++) {
		struct mppe_mode mode = modes[i / 4];
		struct sim_mppe server;

		SHIM_TRACE_CASE(i);
		begin(mode, i & 1, i & 2);
		sim_mppe_begin(&server, &mode, SIM_MPPE_LINUX, keys.send);
		for (unsigned int packet = 0, n; packet < N_PACKETS; packet += n) {
			n = 1 + packet % FLEET_BURST;
			n = n < N_PACKETS - packet ? n : N_PACKETS - packet;
			if (packet > 300 && packet < 350)
				gre_client_flush(&fleet, &client);
			send_up(packet, n);
			for (unsigned int k = 0; k < n; k++) {
				expect_up(
					sent[k], packet + k, client.is_encrypted ? &server : NULL);
				rte_pktmbuf_free(sent[k]);
			}
			n_sent = 0;
		}
		end();
	}
}

TEST(fleet_gre, reads_what_a_server_sends_down)
{
	for (unsigned int i = 0; i < N_MODES; i++) {
		struct mppe_mode mode = modes[i];
		struct sim_mppe mppe;
		struct down server = {.mppe = &mppe};

		SHIM_TRACE_CASE(i);
		begin(mode, false, false);
		sim_mppe_begin(&mppe, &mode, SIM_MPPE_RFC, keys.receive);
		for (unsigned int packet = 0; packet < N_PACKETS; packet += 30) {
			struct rte_mbuf *burst[30];

			for (unsigned int k = 0; k < 30; k++)
				burst[k] = make_down(
					&server, packet + k, client.is_encrypted ? 0 : PPP_IP);
			gre_receive(&fleet, burst, 30);
			ASSERT_EQ(n_taken, 30);
			for (unsigned int k = 0; k < 30; k++)
				expect_taken(k, packet + k);
			n_taken = 0;
			for (unsigned int k = 0; k < n_sent; k++)
				rte_pktmbuf_free(sent[k]);
			n_sent = 0;
		}
		EXPECT_EQ(gre_counts_of(&fleet)->received, N_PACKETS);
		EXPECT_EQ(n_garbage + n_desync, 0);
		end();
	}
}

TEST(fleet_gre, stateless_goes_on_behind_a_gap_and_what_is_late_is_dropped)
{
	struct mppe_mode mode = {MPPE_STRENGTH_128, true};
	struct sim_mppe mppe;
	struct down server = {.mppe = &mppe};
	struct rte_mbuf *burst[8], *m;

	begin(mode, false, false);
	sim_mppe_begin(&mppe, &mode, SIM_MPPE_RFC, keys.receive);
	for (unsigned int i = 0; i < 8; i++)
		burst[i] = make_down(&server, i, 0);
	m = burst[3];
	burst[3] = burst[6]; // 0 1 2 6 4 5 3 7
	burst[6] = m;
	gre_receive(&fleet, burst, 8);
	ASSERT_EQ(n_taken, 5);
	for (unsigned int i = 0; i < 5; i++)
		expect_taken(i, (unsigned int[]){0, 1, 2, 6, 7}[i]);
	EXPECT_EQ(gre_counts_of(&fleet)->late, 3);
	EXPECT_EQ(gre_counts_of(&fleet)->missing, 3);
	end();
}

TEST(fleet_gre, stateful_is_deaf_behind_a_gap_until_a_flushed_packet)
{
	struct mppe_mode mode = {MPPE_STRENGTH_128, false};
	struct sim_mppe mppe;
	struct down server = {.mppe = &mppe};

	begin(mode, false, false);
	sim_mppe_begin(&mppe, &mode, SIM_MPPE_RFC, keys.receive);
	for (unsigned int packet = 0; packet < 20; packet++) {
		mppe.flushes = packet == 12;
		struct rte_mbuf *m = make_down(&server, packet, 0);

		if (packet == 5)
			rte_pktmbuf_free(m);
		else
			gre_receive(&fleet, &m, 1);
	}
	ASSERT_EQ(n_taken, 5 + 8);
	for (unsigned int i = 0; i < n_taken; i++)
		expect_taken(i, i < 5 ? i : i + 7);
	EXPECT_EQ(n_desync, 6);
	EXPECT_EQ(gre_counts_of(&fleet)->undecryptable, 6);
	end();
}

static void change_keys(struct fleet *f, struct fleet_client *c)
{
	const struct mppe_mode mode = {MPPE_STRENGTH_128, true};

	memset(keys.receive, 0x5a, sizeof(keys.receive));
	gre_client_keys(f, c, &keys, mode, mode);
}

TEST(fleet_gre, each_packet_of_a_burst_has_the_keys_of_its_time)
{
	struct mppe_mode mode = {MPPE_STRENGTH_128, true};
	struct sim_mppe before, after;
	struct down server = {.mppe = &before};
	uint8_t new_key[16];
	struct rte_mbuf *burst[5];

	begin(mode, false, false);
	on_ppp = change_keys;
	sim_mppe_begin(&before, &mode, SIM_MPPE_RFC, keys.receive);
	memset(new_key, 0x5a, sizeof(new_key));
	sim_mppe_begin(&after, &mode, SIM_MPPE_RFC, new_key);
	burst[0] = make_down(&server, 0, 0);
	burst[1] = make_down(&server, 1, 0);
	burst[2] = make_down(&server, 2, PPP_CCP);
	server.mppe = &after;
	burst[3] = make_down(&server, 3, 0);
	burst[4] = make_down(&server, 4, 0);
	gre_receive(&fleet, burst, 5);
	EXPECT_EQ(n_ppp, 1);
	ASSERT_EQ(n_taken, 4);
	for (unsigned int i = 0; i < 4; i++)
		expect_taken(i, i < 2 ? i : i + 1);
	end();
}

TEST(fleet_gre, what_is_not_as_agreed_is_counted_and_not_taken)
{
	struct mppe_mode mode = {MPPE_STRENGTH_128, true};
	struct down server = {.mppe = NULL};
	struct rte_mbuf *m;

	begin(mode, false, false);
	m = make_down(&server, 0, PPP_IP);
	gre_receive(&fleet, &m, 1);
	EXPECT_EQ(gre_counts_of(&fleet)->clear, 1);
	m = make_down(&server, 1, PPP_IP);
	rte_pktmbuf_mtod(m, uint8_t *)[INET_IPV4_HEADER_BYTES + 7] = CALL_ID + 1;
	gre_receive(&fleet, &m, 1);
	client.server_be = htonl(0xc6120002); // of another server
	m = make_down(&server, 2, PPP_IP);
	client.server_be = htonl(0xc6120001);
	gre_receive(&fleet, &m, 1);
	EXPECT_EQ(gre_counts_of(&fleet)->nobodys, 2);
	m = make_down(&server, 3, PPP_IP);
	rte_pktmbuf_mtod(m, uint8_t *)[INET_IPV4_HEADER_BYTES + 1] = 0; // GRE version 0
	gre_receive(&fleet, &m, 1);
	EXPECT_EQ(gre_counts_of(&fleet)->broken, 1);
	EXPECT_EQ(n_taken, 0);
	end();
}

static void receive_clear(struct down *server, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = make_down(server, server->seq, PPP_IP);

		gre_receive(&fleet, &m, 1);
		n_taken = 0;
	}
}

TEST(fleet_gre, acks_leave_with_data_after_32_packets_or_after_200_ms)
{
	struct mppe_mode none = {MPPE_STRENGTH_NONE, true};
	struct down server = {.mppe = NULL};
	struct gre gre;

	begin(none, false, false);
	receive_clear(&server, 3);
	EXPECT_EQ(n_sent, 0);
	send_up(0, 2);
	ASSERT_EQ(n_sent, 2);
	(void)read_headers(sent[0], &gre);
	EXPECT_TRUE(gre.has_ack);
	EXPECT_EQ(gre.ack, 2);
	(void)read_headers(sent[1], &gre);
	EXPECT_FALSE(gre.has_ack);

	receive_clear(&server, 32);
	ASSERT_EQ(n_sent, 3);
	(void)read_headers(sent[2], &gre);
	EXPECT_TRUE(gre.has_ack && !gre.has_seq && gre.payload_len == 0);
	EXPECT_EQ(gre.ack, 34);

	fleet.now_ns = 300 * FLEET_MS;
	receive_clear(&server, 1);
	EXPECT_FALSE(gre_send_acks(&fleet, 499 * FLEET_MS));
	EXPECT_TRUE(gre_send_acks(&fleet, 500 * FLEET_MS));
	ASSERT_EQ(n_sent, 4);
	(void)read_headers(sent[3], &gre);
	EXPECT_EQ(gre.ack, 35);
	EXPECT_EQ(gre_counts_of(&fleet)->lone_acks, 2);
	EXPECT_FALSE(gre_send_acks(&fleet, FLEET_S));
	end();
}
