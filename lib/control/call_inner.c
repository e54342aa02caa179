// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_inner.h"

#include "control/call.h"
#include "control/call_policy.h"
#include "control/control_state.h"
#include "proto/dhcp_inform.h"
#include "wire/udp.h"

#include <assert.h>
#include <errno.h>

_Static_assert((int)LIMIT_GROUP_ROUTES <= (int)DHCP_INFORM_ROUTES_MAX, "all routes of a group");
_Static_assert((int)CONFIG_NAME_SERVERS == (int)DHCP_INFORM_SERVERS_MAX, "and its name servers");

static void drop(struct call *call, enum drop_reason reason)
{
	counter_add(&call->control->counters.drops[reason], 1);
}

// The datagram in the packet, if it is one to a DHCP server.
static int read_datagram(struct span packet, struct udp_datagram *out)
{
	struct inet_ipv4 ip;

	if (inet_ipv4_get(packet.bytes, packet.len, DROP_INNER_IP_BAD, &ip) != DROP_NONE)
		return -EBADMSG;
	int rc = udp_get(packet.bytes, &ip, out);
	return rc == 0 && out->destination_port != DHCP_SERVER_PORT ? -ENOTSUP : rc;
}

static void send_answer(struct call *call, uint8_t *packet, size_t data_len, uint32_t server_be)
{
	size_t len = udp_put(
		packet, server_be, call->inner_be, DHCP_SERVER_PORT, DHCP_CLIENT_PORT, data_len);
	struct rte_mbuf *m = workers_packet(call->control, span_of(packet, len));

	if (!m)
		return; // the client asks again
	const struct lane_command command = {
		.kind = COMMAND_SEND_IP, .session_id = call->id, .packet = m};
	workers_send_packet(call->control, session_id_worker(call->id), &command);
	counter_add(&call->control->counters.dhcp_answered, 1);
}

static void answer(struct call *call, struct span message)
{
	const struct policy *policy = &call->policy;
	struct config_policy own[2];
	const struct config_policy *names = call_policy_giver(call, CONFIG_POLICY_DOMAIN, &own[0]);
	const struct config_policy *nets = call_policy_giver(call, CONFIG_POLICY_ROUTES, &own[1]);
	const struct config_pool *pool = &call->control->config.config->pools[call->pool];
	struct dhcp_route routes[LIMIT_GROUP_ROUTES];
	uint8_t packet[LIMIT_MTU_BYTES];
	struct writer w = writer_of(packet + UDP_HEADERS_BYTES, sizeof(packet) - UDP_HEADERS_BYTES);
	struct dhcp_inform_params params = {
		.client_be = call->inner_be,
		.server_be = pool->server_inner_be,
		.netmask_be = call->netmask_be,
		.n_dns = policy->n_dns ? policy->n_dns : (uint8_t)pool->n_dns,
		.n_nbns = policy->n_nbns ? policy->n_nbns : (uint8_t)pool->n_nbns,
		.n_routes = (uint8_t)nets->n_routes,
		.domain = names->domain,
		.routes = routes,
	};

	memcpy(params.dns_be, policy->n_dns ? policy->dns_be : pool->dns_be, sizeof(params.dns_be));
	memcpy(params.nbns_be, policy->n_nbns ? policy->nbns_be : pool->nbns_be,
		sizeof(params.nbns_be));
	for (uint16_t i = 0; i < nets->n_routes; i++)
		routes[i] = (struct dhcp_route){
			.prefix_be = nets->routes[i].address_be,
			.prefix_len = nets->routes[i].prefix_len,
		};
	size_t room = call->mtu > UDP_HEADERS_BYTES ? (size_t)call->mtu - UDP_HEADERS_BYTES : 0;
	if (dhcp_inform_answer(message, &params, room, &w) == 0)
		send_answer(call, packet, w.len, params.server_be);
	else
		drop(call, DROP_DHCP_REFUSED);
}

void call_inner_receive(struct call *call, struct rte_mbuf *packet)
{
	uint8_t copy[LIMIT_MTU_BYTES];
	uint32_t len = rte_pktmbuf_pkt_len(packet);
	struct udp_datagram datagram;

	// Its worker sent it while the call was open; it may have left that state since.
	if (!call->is_open || !call->policy.dhcp_inform) {
		drop(call, DROP_PPP_NOT_OPEN);
	} else if (len > sizeof(copy)) {
		drop(call, DROP_TOO_BIG);
	} else {
		const void *bytes = rte_pktmbuf_read(packet, 0, len, copy);
		if (read_datagram(span_of(bytes, len), &datagram) == 0)
			answer(call, datagram.data);
		else
			drop(call, DROP_DHCP_REFUSED);
	}
	rte_pktmbuf_free(packet);
}
