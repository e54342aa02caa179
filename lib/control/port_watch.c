// SPDX-License-Identifier: BSD-3-Clause
#include "control/port_watch.h"

#include "control/control_state.h"

#include <rte_ethdev.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t SETTLE_NS = 5000000000; // negotiation of an Ethernet link takes 2 to 3 s

static enum port_link look_at_interface(const char *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return PORT_LINK_UNKNOWN;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.*s", IFNAMSIZ - 1, name);
	bool is_up = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) &&
		     (request.ifr_flags & IFF_RUNNING);
	close(fd);
	return is_up ? PORT_LINK_UP : PORT_LINK_DOWN;
}

enum port_link port_watch_look(const struct config_port *port, uint16_t dpdk_port)
{
	struct rte_eth_link link;

	if (port->kind == CONFIG_DEVICE_INTERFACE)
		return look_at_interface(port->device);
	if (rte_eth_link_get_nowait(dpdk_port, &link) != 0)
		return PORT_LINK_UNKNOWN;
	return link.link_status == RTE_ETH_LINK_UP ? PORT_LINK_UP : PORT_LINK_DOWN;
}

void port_watch_check(struct control *c)
{
	bool is_settled = control_now(c) - c->started_ns >= SETTLE_NS;

	for (unsigned int i = 0; i < c->config.n_ports; i++) {
		const struct config_port *port = &c->config.config->ports[i];
		enum port_link *told = &c->port_watch.told[i];
		enum port_link link = port_watch_look(port, c->config.ports[i].dpdk_port);
		struct event e;

		if (link == PORT_LINK_UNKNOWN || link == *told)
			continue;
		if (link == PORT_LINK_DOWN && *told == PORT_LINK_UNKNOWN && !is_settled)
			continue;
		*told = link;
		event_begin(&e, link == PORT_LINK_UP ? EVENT_PORT_UP : EVENT_PORT_DOWN);
		event_text(&e, "port", span_of_text(port->name));
		event_text(&e, "device", span_of_text(port->device));
		event_send(c->config.log, &e);
	}
}
