// SPDX-License-Identifier: BSD-3-Clause
#include "control/control_state.h"

#include "shim/shim.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void unit_eal(void); // of pool_routes_test.c

enum { FRAME_BYTES = 60, VLAN = 100 };

// A port with its untagged network and a VLAN, whose TAPs are the ends of sockets.
struct world {
	struct control *c;
	struct config *config;
	struct control_port port;
	struct tap vlan_tap;
	int kernel[2]; // the kernel's ends
	struct rte_mempool *pool;
};

static void open_world(struct world *w)
{
	static struct rte_mempool *pool;
	int fds[2];

	unit_eal();
	if (!pool)
		pool = rte_pktmbuf_pool_create("networks", 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	memset(w, 0, sizeof(*w));
	w->pool = pool;
	w->c = calloc(1, sizeof(*w->c));
	w->config = config_new();
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	w->port.tap.fd = fds[0];
	w->kernel[0] = fds[1];
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	w->vlan_tap.fd = fds[0];
	w->kernel[1] = fds[1];
	w->config->n_ports = w->config->n_vlans = 1;
	w->config->vlans = calloc(1, sizeof(w->config->vlans[0]));
	w->config->vlans[0].id = VLAN;
	w->config->vlans[0].tenant_number = 3;
	w->c->config = (struct control_config){
		.config = w->config,
		.n_ports = 1,
		.ports = &w->port,
		.vlan_taps = &w->vlan_tap,
	};
	ASSERT_EQ(networks_open(w->c), 0);
}

static void close_world(struct world *w)
{
	close(w->port.tap.fd);
	close(w->vlan_tap.fd);
	close(w->kernel[0]);
	close(w->kernel[1]);
	networks_close(&w->c->networks);
	config_free(w->config);
	free(w->c);
	EXPECT_EQ(rte_mempool_in_use_count(w->pool), 0);
}

// tci 0xffff: without a tag.
static struct rte_mbuf *make_frame(struct world *w, uint16_t tci)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	uint16_t tag_bytes = tci == 0xffff ? 0 : 4;
	uint8_t *at = (uint8_t *)rte_pktmbuf_append(m, FRAME_BYTES + tag_bytes);

	for (unsigned int i = 0; i < 12; i++)
		at[i] = (uint8_t)i;
	if (tag_bytes) {
		bytes_put_u16(at + 12, 0x8100);
		bytes_put_u16(at + 14, tci);
	}
	bytes_put_u16(at + 12 + tag_bytes, 0x0806);
	memset(at + 14 + tag_bytes, 'x', FRAME_BYTES - 14);
	return m;
}

TEST(networks, frames_find_their_tap_and_lose_their_tag)
{
	static const struct {
		uint16_t tci;
		int tap; // -1: none
	} cases[] = {
		{0xffff, 0}, {0, 0}, {0xe000, 0}, {VLAN, 1}, {0xe000 | VLAN, 1}, {VLAN + 1, -1}};
	struct world w;
	uint8_t got[128];

	open_world(&w);
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		struct rte_mbuf *m = make_frame(&w, cases[i].tci);
		int rc = networks_to_kernel(&w.c->networks, 0, m);
		rte_pktmbuf_free(m);
		EXPECT_EQ(rc, cases[i].tap < 0 ? -ENODEV : 0);
		if (cases[i].tap < 0)
			continue;
		ASSERT_EQ(
			recv(w.kernel[cases[i].tap], got, sizeof(got), MSG_DONTWAIT), FRAME_BYTES);
		m = make_frame(&w, 0xffff);
		EXPECT_MEMEQ(got, rte_pktmbuf_mtod(m, uint8_t *), FRAME_BYTES);
		rte_pktmbuf_free(m);
		EXPECT_EQ(recv(w.kernel[1 - cases[i].tap], got, sizeof(got), MSG_DONTWAIT), -1);
	}
	close_world(&w);
}

TEST(networks, the_tag_is_put_on_what_the_kernel_sends)
{
	struct world w;

	open_world(&w);
	uint16_t network = networks_find(&w.c->networks, 0, VLAN);
	ASSERT_EQ(network, 1);
	EXPECT_EQ(w.c->networks.list[network].tenant, 3);
	EXPECT_EQ(networks_find(&w.c->networks, 0, VLAN + 1), NETWORK_NONE);
	EXPECT_EQ(networks_find(&w.c->networks, 1, VLAN), NETWORK_NONE);
	EXPECT_EQ(networks_find(&w.c->networks, LIMIT_PORTS, 0), NETWORK_NONE);

	struct rte_mbuf *m = make_frame(&w, 0xffff), *wanted = make_frame(&w, VLAN);
	EXPECT_TRUE(networks_put_tag(&w.c->networks.list[1], m));
	ASSERT_EQ(rte_pktmbuf_data_len(m), FRAME_BYTES + 4);
	EXPECT_MEMEQ(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_mtod(wanted, uint8_t *),
		FRAME_BYTES + 4);
	rte_pktmbuf_free(m);
	m = make_frame(&w, 0xffff);
	EXPECT_TRUE(networks_put_tag(&w.c->networks.list[0], m));
	EXPECT_EQ(rte_pktmbuf_data_len(m), FRAME_BYTES);
	rte_pktmbuf_trim(m, FRAME_BYTES - 13); // no whole header
	EXPECT_FALSE(networks_put_tag(&w.c->networks.list[1], m));
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(wanted);
	close_world(&w);
}
