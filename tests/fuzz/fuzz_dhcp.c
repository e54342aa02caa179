// SPDX-License-Identifier: BSD-3-Clause
// The IPv4 packet of a client that goes to control, and the answer to it.
#include "fuzz/fuzz.h"
#include "proto/dhcp_inform.h"
#include "wire/udp.h"

enum { CLIENT = 0x0a001e0a, SERVER = 0x01001e0a };

static void check_answer(const uint8_t *bytes, size_t len)
{
	struct dhcp_message m;
	struct dhcp_option o;
	int rc;

	REQUIRE(len >= DHCP_INFORM_BYTES_MIN && dhcp_message_get(span_of(bytes, len), &m) == 0);
	REQUIRE(m.op == DHCP_BOOTREPLY && m.yiaddr_be == 0);
	REQUIRE(dhcp_option_next(&m.options, &o) == 1 && o.code == DHCP_OPTION_TYPE);
	while ((rc = dhcp_option_next(&m.options, &o)) == 1)
		REQUIRE(o.code != DHCP_OPTION_TYPE && o.value.len > 0);
	REQUIRE(rc == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dhcp_route routes[] = {{0x0a, 8}, {0x0014a8c0, 22}, {0, 0}};
	const struct dhcp_inform_params params = {
		.client_be = CLIENT,
		.server_be = SERVER,
		.n_dns = 2,
		.n_nbns = 1,
		.n_routes = 3,
		.dns_be = {1, 2},
		.nbns_be = {3},
		.domain = "corp.example",
		.routes = routes,
	};
	uint8_t packet[1500];
	struct udp_datagram d;
	struct inet_ipv4 ip;
	struct writer w = writer_of(packet + UDP_HEADERS_BYTES, sizeof(packet) - UDP_HEADERS_BYTES);

	// The first two bytes bound the answer.
	if (size < 2)
		return 0;
	size_t bytes_max = bytes_get_u16(data) % 1500;
	data += 2;
	size -= 2;
	if (inet_ipv4_get(data, size, DROP_INNER_IP_BAD, &ip) != DROP_NONE ||
		udp_get(data, &ip, &d) != 0)
		d.data = span_of(data, size); // what no fuzzer gets past the checksums
	if (dhcp_inform_answer(d.data, &params, bytes_max, &w) != 0)
		return 0;
	REQUIRE(w.len <= bytes_max);
	check_answer(w.start, w.len);
	size_t len = udp_put(packet, SERVER, CLIENT, DHCP_SERVER_PORT, DHCP_CLIENT_PORT, w.len);
	REQUIRE(inet_ipv4_get(packet, len, DROP_INNER_IP_BAD, &ip) == DROP_NONE);
	REQUIRE(udp_get(packet, &ip, &d) == 0 && d.data.len == w.len);
	return 0;
}
