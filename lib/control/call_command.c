// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_command.h"

#include "control/call_routes.h"
#include "control/control_state.h"

enum { TUNNELLED_HEADERS_BYTES = 40 }; // IPv4 and TCP without options

_Static_assert((int)ACL_NONE == (int)CONFIG_NO_INDEX, "no access list is no access list");

static void send_command(struct call *call, struct lane_command *command)
{
	command->session_id = call->id;
	if (!workers_send(call->control, session_id_worker(call->id), command))
		call->out_of_room = true;
}

void call_command_add(struct call *call)
{
	const struct control *c = call->control;
	const struct config *config = c->config.config;
	struct lane_command command = {
		.kind = COMMAND_SESSION_ADD,
		.add = {.outer_local_be = c->config.owners->listen_be[call->listen],
			.outer_peer_be = call->client_be,
			.call_id = call->pptp.call_id,
			.peer_call_id = call->pptp.peer_call_id,
			.listen = call->listen,
			.tenant = call->tenant,
			.mtu = config->mtu,
			.require_encryption = config->encryption == CONFIG_ENCRYPTION_REQUIRE,
			.ack_delay_us = config->ack_delay_ms * 1000,
			.gre_jump_max = config->gre_max_jump,
			.mppe_jump_max = (uint16_t)config->mppe_max_jump,
			.nat_loose = config->gre_source == CONFIG_GRE_NAT_LOOSE,
			.reorder_pkts = (uint16_t)config->reorder_pkts,
			.reorder_us = config->reorder_ms * 1000,
			.late_pkts = (uint16_t)config->late_pkts,
			.limit_transmit = config->limit_transmit_to_window,
			.peer_window = call->pptp.peer_window,
			.peer_delay_us = call->pptp.peer_delay * UINT32_C(100000),
			.ack_timeout_us = config->ack_timeout_ms * 1000},
	};

	send_command(call, &command);
}

// Whose call it is is not known yet when LCP has agreed for the first time.
static uint16_t mtu_of(const struct call *call)
{
	uint16_t mtu =
		call->is_authenticated ? call->policy.mtu : call->control->config.config->mtu;

	return RTE_MIN(mtu, call->agreed.peer_mru);
}

void call_command_mtu(struct call *call)
{
	if (mtu_of(call) != call->mtu)
		call_command_link(call);
}

void call_command_link(struct call *call)
{
	struct lane_command command = {.kind = COMMAND_SESSION_LINK};

	link_get_agreed(&call->link, &call->agreed);
	call->mtu = mtu_of(call);
	command.link.mtu = call->mtu;
	command.link.mss_max = call->mtu > TUNNELLED_HEADERS_BYTES
				       ? (uint16_t)(call->mtu - TUNNELLED_HEADERS_BYTES)
				       : 0;
	command.link.send_pfc = call->agreed.send_pfc;
	command.link.send_acfc = call->agreed.send_acfc;
	send_command(call, &command);
}

void call_command_keys(struct call *call)
{
	struct lane_command command = {.kind = COMMAND_SESSION_KEYS};
	struct link_keys keys;

	link_get_keys(&call->link, &keys);
	call->receive = command.keys.receive = keys.receive;
	call->send = command.keys.send = keys.send;
	command.keys.start = keys.start;
	send_command(call, &command); // wipes the command
	secret_wipe_bytes(&keys, sizeof(keys));
}

void call_command_encrypt(struct call *call, bool on)
{
	struct lane_command command = {.kind = COMMAND_SESSION_ENCRYPT, .on = on};

	send_command(call, &command);
}

void call_command_flush(struct call *call)
{
	struct lane_command command = {.kind = COMMAND_SESSION_FLUSH};

	send_command(call, &command);
}

static uint32_t burst_of(uint32_t rate_kbps, uint32_t burst_ms)
{
	uint64_t n_bytes = (uint64_t)rate_kbps * burst_ms / 8;

	n_bytes = RTE_MAX(n_bytes, (uint64_t)LIMIT_MTU_BYTES);
	return (uint32_t)RTE_MIN(n_bytes, (uint64_t)UINT32_MAX);
}

struct command_session_policy call_command_limits(const struct call *call)
{
	const struct policy *p = &call->policy;

	return (struct command_session_policy){
		.rate_up_bps = p->rate_up_kbps * UINT64_C(1000),
		.rate_down_bps = p->rate_down_kbps * UINT64_C(1000),
		.burst_up_bytes = burst_of(p->rate_up_kbps, p->burst_ms),
		.burst_down_bytes = burst_of(p->rate_down_kbps, p->burst_ms),
		.acl_up = p->acl_in,
		.acl_down = p->acl_out,
		.idle_s = p->idle_timeout_s,
		.idle_up_only = p->idle_up_only,
		.has_tenant_rate = tenant_rates_has(call->control, call->tenant),
	};
}

void call_command_policy(struct call *call)
{
	struct lane_command command = {
		.kind = COMMAND_SESSION_POLICY,
		.policy = call_command_limits(call),
	};
	const struct command_session_policy *p = &command.policy;
	bool is_empty = p->rate_up_bps == 0 && p->rate_down_bps == 0 && p->idle_s == 0 &&
			p->acl_up == ACL_NONE && p->acl_down == ACL_NONE && !p->has_tenant_rate;

	if (is_empty && !call->has_limits)
		return;
	call->has_limits = true;
	send_command(call, &command);
}

void call_command_open(struct call *call, bool on)
{
	if (on)
		call_routes_add(call);
	else
		call_routes_remove(call);
	struct lane_command command = {
		.kind = COMMAND_SESSION_OPEN,
		.open = {.on = on,
			.inner_be = call->inner_be,
			.tenant = call->tenant,
			.require_encryption = call->link.policy.require_encryption,
			.has_routes = call->routes_on != 0,
			.dhcp_inform = call->policy.dhcp_inform,
			.relay_broadcasts = call->policy.relay_broadcasts},
	};

	send_command(call, &command);
	call->is_open = on;
}

void call_command_frame(struct call *call, uint16_t protocol, struct span info)
{
	struct rte_mbuf *m = call->is_shadowed ? NULL : workers_packet(call->control, info);

	if (!m)
		return; // PPP sends it again
	const struct lane_command command = {.kind = COMMAND_SEND_PPP,
		.session_id = call->id,
		.packet = m,
		.protocol = protocol};
	counter_add(&call->control->counters.ppp_out, 1);
	call->n_ppp_out++;
	workers_send_packet(call->control, session_id_worker(call->id), &command);
}

void call_command_delete(struct call *call)
{
	struct lane_command command = {.kind = COMMAND_SESSION_DELETE};

	send_command(call, &command);
}
