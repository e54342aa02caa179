// SPDX-License-Identifier: BSD-3-Clause
#include "proto/dhcp_inform.h"

#include <assert.h>
#include <errno.h>

enum {
	UDP_IP_BYTES = 28,
	PACKET_BYTES_MIN = 576, // that every client can take (RFC 2131 2)
	NODE_TYPE_HYBRID = 8,	// ask the name server, then broadcast (RFC 2132 8.7)
	END_BYTES = 1,
	OPTION_HEADER_BYTES = 2,
};

struct request {
	struct dhcp_message m;
	uint8_t type;
	bool has_list;
	bool wants[UINT8_MAX + 1];
	size_t packet_bytes_max; // 0: it does not say
};

static int read_request(struct span message, struct request *out)
{
	struct dhcp_option o;
	int rc;

	*out = (struct request){0};
	if (dhcp_message_get(message, &out->m) != 0 || out->m.op != DHCP_BOOTREQUEST)
		return -EBADMSG;
	struct span options = out->m.options;
	while ((rc = dhcp_option_next(&options, &o)) == 1) {
		if (o.code == DHCP_OPTION_TYPE && o.value.len == 1)
			out->type = o.value.bytes[0];
		if (o.code == DHCP_OPTION_MAX_BYTES && o.value.len == 2)
			out->packet_bytes_max = bytes_get_u16(o.value.bytes);
		if (o.code != DHCP_OPTION_REQUESTED)
			continue;
		out->has_list = true;
		for (size_t i = 0; i < o.value.len; i++)
			out->wants[o.value.bytes[i]] = true;
	}
	return rc;
}

// An option that the client asked for, if it has a value and fits.
static void put_wanted(struct writer *w, const struct request *r, uint8_t code, struct span value)
{
	size_t room = w->cap - w->len - END_BYTES;

	if (r->has_list && !r->wants[code])
		return;
	if (value.len > 0 && OPTION_HEADER_BYTES + value.len <= room)
		dhcp_option_put(w, code, value);
}

// The gateway is the client's own address, which on a point-to-point link means the link itself. Windows writes
// its own routes through a tunnel so, and macOS's server has answered so; the server's address would need a
// route of its own where it is not in the class of the client's (A, B or C), and 0.0.0.0, which RFC 3442 has for
// it, is younger than Windows 2000 and XP. macOS goes by the interface and passes over the gateway.
static void put_routes(
	struct writer *w, const struct request *r, const struct dhcp_inform_params *params)
{
	uint8_t bytes[DHCP_OPTION_BYTES_MAX];
	struct writer routes = writer_of(bytes, sizeof(bytes));

	for (uint8_t i = 0; i < params->n_routes; i++)
		dhcp_route_put(&routes, &params->routes[i], params->client_be);
	if (routes.failed) // the configuration sees to it that they fit
		return;
	struct span value = span_of(bytes, routes.len);
	// Who knows both numbers takes 121. The other is left out where it would make the packet longer than all
	// must take.
	bool has_121 = r->has_list && r->wants[DHCP_OPTION_ROUTES];
	size_t twice = w->len + 2 * (OPTION_HEADER_BYTES + routes.len) + END_BYTES;
	put_wanted(w, r, DHCP_OPTION_ROUTES, value);
	if (!has_121 || twice <= PACKET_BYTES_MIN - UDP_IP_BYTES)
		put_wanted(w, r, DHCP_OPTION_ROUTES_MICROSOFT, value);
}

static void put_options(
	struct writer *w, const struct request *r, const struct dhcp_inform_params *params)
{
	static const uint8_t type = DHCP_ACK;
	const uint32_t netmask_be = params->netmask_be ? params->netmask_be : UINT32_MAX;
	static const uint8_t node_type = NODE_TYPE_HYBRID;

	dhcp_option_put(w, DHCP_OPTION_TYPE, span_of(&type, 1)); // first: macOS looks nowhere else
	dhcp_option_put(w, DHCP_OPTION_SERVER, span_of(&params->server_be, 4));
	put_wanted(w, r, DHCP_OPTION_NETMASK, span_of(&netmask_be, sizeof(netmask_be)));
	put_routes(w, r, params);
	put_wanted(w, r, DHCP_OPTION_DNS, span_of(params->dns_be, 4u * params->n_dns));
	put_wanted(w, r, DHCP_OPTION_NBNS, span_of(params->nbns_be, 4u * params->n_nbns));
	put_wanted(w, r, DHCP_OPTION_NODE_TYPE, span_of(&node_type, params->n_nbns > 0 ? 1 : 0));
	put_wanted(w, r, DHCP_OPTION_DOMAIN, span_of_text(params->domain));
	writer_u8(w, DHCP_OPTION_END);
}

int dhcp_inform_answer(struct span message, const struct dhcp_inform_params *params,
	size_t bytes_max, struct writer *out)
{
	struct request r;

	assert(params->n_dns <= DHCP_INFORM_SERVERS_MAX);
	assert(params->n_nbns <= DHCP_INFORM_SERVERS_MAX);
	if (read_request(message, &r) != 0)
		return -EBADMSG;
	if (r.type != DHCP_INFORM)
		return -EOPNOTSUPP;
	// Whoever asks for somebody else, or through a relay, is not at the end of this tunnel.
	if ((r.m.ciaddr_be != 0 && r.m.ciaddr_be != params->client_be) || r.m.giaddr_be != 0)
		return -EADDRNOTAVAIL;

	// A value under the minimum is not legal (RFC 2132 9.10).
	size_t told = r.packet_bytes_max < PACKET_BYTES_MIN ? PACKET_BYTES_MIN : r.packet_bytes_max;
	if (r.packet_bytes_max > 0 && told - UDP_IP_BYTES < bytes_max)
		bytes_max = told - UDP_IP_BYTES;
	if (bytes_max > out->cap - out->len)
		bytes_max = out->cap - out->len;
	if (bytes_max < DHCP_INFORM_BYTES_MIN)
		return -ENOSPC;

	struct dhcp_message m = {
		.op = DHCP_BOOTREPLY,
		.htype = r.m.htype,
		.hlen = r.m.hlen,
		.xid = r.m.xid,
		.flags = r.m.flags,
		.ciaddr_be = params->client_be,
	};
	memcpy(m.chaddr, r.m.chaddr, sizeof(m.chaddr));
	struct writer w = writer_of(out->start + out->len, bytes_max);
	dhcp_message_put(&w, &m);
	put_options(&w, &r, params);
	if (w.len < DHCP_INFORM_BYTES_MIN)
		writer_zeros(&w, DHCP_INFORM_BYTES_MIN - w.len);
	assert(!w.failed);
	out->len += w.len;
	return 0;
}
