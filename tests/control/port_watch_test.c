// SPDX-License-Identifier: BSD-3-Clause
#include "control/port_watch.h"

#include "control/lab.h"
#include "shim/shim.h"

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <stdio.h>

enum { RING = 64, N_PORTS = 2 };

static struct lab lab;
static struct control_port ports[N_PORTS];

// The lab has no ports; these are there for their links only.
static void add_port(unsigned int i, enum config_device_kind kind, const char *device)
{
	struct config_port *p = &lab.config->ports[i];

	p->kind = kind;
	snprintf(p->name, sizeof(p->name), "p%u", i);
	snprintf(p->device, sizeof(p->device), "%s", device);
	lab.control->config.ports = ports;
	lab.control->config.n_ports = i + 1;
}

static uint16_t ring_port(void)
{
	const struct rte_eth_conf conf = {0};
	struct rte_ring *r = rte_ring_create("link", RING, 0, 0);
	int id = rte_eth_from_rings("link", &r, 1, &r, 1, 0);

	EXPECT_GE(id, 0);
	EXPECT_EQ(0, rte_eth_dev_configure((uint16_t)id, 1, 1, &conf));
	EXPECT_EQ(0, rte_eth_rx_queue_setup((uint16_t)id, 0, RING, 0, NULL, lab.pool));
	EXPECT_EQ(0, rte_eth_tx_queue_setup((uint16_t)id, 0, RING, 0, NULL));
	EXPECT_EQ(0, rte_eth_dev_start((uint16_t)id));
	return (uint16_t)id;
}

TEST(port_watch, a_link_goes_and_comes)
{
	lab_open(&lab, NULL);
	add_port(0, CONFIG_DEVICE_VDEV, "net_ring");
	uint16_t id = ports[0].dpdk_port = ring_port();
	lab_skip(&lab, 3000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_UP, "port=p0 device=net_ring"));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_PORT_DOWN, ""));
	EXPECT_EQ(0, rte_eth_dev_set_link_down(id));
	lab_skip(&lab, 3000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_DOWN, "port=p0 device=net_ring"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_UP, ""));
	EXPECT_EQ(0, rte_eth_dev_set_link_up(id));
	lab_skip(&lab, 3000);
	EXPECT_EQ(2, lab_count_events(&lab, EVENT_PORT_UP, "port=p0"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_DOWN, ""));
	// A port that is gone says nothing.
	EXPECT_EQ(0, rte_eth_dev_stop(id));
	EXPECT_EQ(0, rte_eth_dev_close(id));
	lab_skip(&lab, 3000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_DOWN, ""));
	lab_close(&lab);
}

// One that is down at the start is given time to come up.
TEST(port_watch, interfaces)
{
	lab_open(&lab, NULL);
	add_port(0, CONFIG_DEVICE_INTERFACE, "lo");
	add_port(1, CONFIG_DEVICE_INTERFACE, "no-such-if");
	lab_skip(&lab, 3000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_UP, "port=p0 device=lo"));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_PORT_DOWN, ""));
	lab_skip(&lab, 5000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_DOWN, "port=p1 device=no-such-if"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PORT_UP, ""));
	lab_close(&lab);
}
