// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/check.h"

#include "wire/inet.h"

// UDP ports say which client a packet is of, so that nothing has to be looked up, and RSS has something to spread. All
// are above those that mean something to adit (67, 68).
enum { CLIENT_PORT = 0x8000, HOST_PORT = 0x4000, PORT_BITS = 15, UDP_BYTES = 8, TTL = 64 };

static uint16_t client_port(uint32_t client)
{
	return (uint16_t)(CLIENT_PORT | (client & ((1 << PORT_BITS) - 1)));
}

static uint16_t host_port(uint32_t client)
{
	return (uint16_t)(HOST_PORT | client >> PORT_BITS);
}

static struct payload_owner owner_of(
	const struct fleet *f, const struct fleet_client *c, enum payload_direction direction)
{
	return (struct payload_owner){.client = fleet_client_index(f, c),
		.incarnation = c->flow.incarnation,
		.direction = (uint8_t)direction};
}

void check_put(const struct payload *p, const struct fleet *f, struct fleet_client *c,
	enum payload_direction direction, uint8_t *at, uint16_t len)
{
	struct payload_owner owner = owner_of(f, c, direction);
	bool is_up = direction == PAYLOAD_UP;
	uint32_t seq = is_up ? c->flow.up_seq++ : c->flow.down_seq++;
	uint16_t from = client_port(owner.client), to = host_port(owner.client);
	uint8_t *udp = at + INET_IPV4_HEADER_BYTES;

	inet_ipv4_put(at, is_up ? c->inner_be : f->options.inside_be,
		is_up ? f->options.inside_be : c->inner_be, INET_UDP, len, (uint16_t)seq, TTL, 0,
		true);
	bytes_put_u16(udp, is_up ? from : to);
	bytes_put_u16(udp + 2, is_up ? to : from);
	bytes_put_u16(udp + 4, (uint16_t)(len - INET_IPV4_HEADER_BYTES));
	bytes_put_u16(udp + 6,
		0); // no checksum: the time is put in afterwards, and all is compared anyway
	payload_put(p, &owner, seq, at + CHECK_INNER_BYTES, len - (size_t)CHECK_INNER_BYTES);
}

static struct fleet_client *client_of_ports(const struct fleet *f, uint16_t client, uint16_t host)
{
	uint32_t i =
		(uint32_t)(host & (HOST_PORT - 1)) << PORT_BITS | (client & ((1 << PORT_BITS) - 1));

	if (!(client & CLIENT_PORT) || (host & ~(HOST_PORT - 1)) != HOST_PORT || i >= f->n_clients)
		return NULL;
	return &f->clients[i];
}

// Headers, all but the time to live: that of routers on the way is their own.
static bool headers_are_right(const struct fleet *f, const struct fleet_client *c, bool is_up,
	const struct inet_ipv4 *ip, const uint8_t *inner, size_t len)
{
	uint32_t host_be = f->options.inside_be;

	return ip->source_be == (is_up ? c->inner_be : host_be) &&
	       ip->destination_be == (is_up ? host_be : c->inner_be) && ip->tos == 0 &&
	       ip->total_len == len && ip->header_len == INET_IPV4_HEADER_BYTES &&
	       ip->dont_fragment && !ip->is_fragment && ip->ttl < TTL &&
	       bytes_get_u16(inner + INET_IPV4_HEADER_BYTES + 4) == len - INET_IPV4_HEADER_BYTES &&
	       bytes_get_u16(inner + INET_IPV4_HEADER_BYTES + 6) == 0;
}

enum check_verdict check_inner(const struct payload *p, const struct fleet *f,
	struct fleet_client *to, const uint8_t *inner, size_t n_bytes, size_t len, bool only_front,
	struct check_seen *out)
{
	bool is_up = to == NULL;
	const uint8_t *udp = inner + INET_IPV4_HEADER_BYTES;
	struct inet_ipv4 ip;

	*out = (struct check_seen){.client = to, .len = (uint16_t)len};
	if (n_bytes < CHECK_INNER_MIN ||
		inet_ipv4_get(inner, len, DROP_INNER_IP_BAD, &ip) != DROP_NONE)
		return CHECK_BAD;
	if (ip.protocol != INET_UDP)
		return CHECK_OTHER;

	uint16_t source = bytes_get_u16(udp), destination = bytes_get_u16(udp + 2);
	struct fleet_client *c = is_up ? client_of_ports(f, source, destination)
				       : client_of_ports(f, destination, source);
	if (!c) // damaged ports, or a stranger; what is lost besides tells which
		return CHECK_OTHER;
	if (is_up)
		out->client = to = c;
	if (c != to)
		return CHECK_FOREIGN;
	if (!headers_are_right(f, c, is_up, &ip, inner, len))
		return CHECK_BAD;

	struct payload_owner owner = owner_of(f, c, is_up ? PAYLOAD_UP : PAYLOAD_DOWN);
	switch (payload_check(p, &owner, inner + CHECK_INNER_BYTES, n_bytes - CHECK_INNER_BYTES,
		only_front, &out->payload)) {
	case PAYLOAD_GOOD:
		return (uint16_t)out->payload.seq == bytes_get_u16(inner + 4) ? CHECK_GOOD
									      : CHECK_BAD;
	case PAYLOAD_FOREIGN:
		return CHECK_FOREIGN;
	case PAYLOAD_DAMAGED:
		break;
	}
	return CHECK_BAD;
}
