// SPDX-License-Identifier: BSD-3-Clause
// Packets for the flow tests.
#include "flow.h"

#include "wire/inet.h"

enum { UDP_BYTES = 8, TCP_BYTES = 24, ICMP_BYTES = 8 };

static const uint8_t gateway_mac[] = {2, 0, 0, 0, 1, 0x11};
static const uint8_t host_mac[] = {2, 0, 0, 0, 1, 0x22};

size_t flow_frame(uint8_t *out, unsigned int port, const uint8_t *ip, size_t len)
{
	const uint8_t own_mac[] = {2, 0, 0, 0, 0, (uint8_t)port};

	memcpy(out, own_mac, 6);
	memcpy(out + 6, port == FLOW_OUTSIDE ? gateway_mac : host_mac, 6);
	bytes_put_u16(out + 12, 0x0800);
	memcpy(out + FLOW_ETHER_BYTES, ip, len);
	return FLOW_ETHER_BYTES + len;
}

size_t flow_ip(uint8_t *out, uint32_t from, uint32_t to, uint8_t protocol, size_t len)
{
	inet_ipv4_put(
		out, flow_be(from), flow_be(to), protocol, (uint16_t)len, 0x1234, 64, 0, true);
	for (size_t i = INET_IPV4_HEADER_BYTES; i < len; i++)
		out[i] = (uint8_t)(i * 7 + len);
	if (protocol == INET_UDP && len >= INET_IPV4_HEADER_BYTES + UDP_BYTES) {
		uint8_t *udp = out + INET_IPV4_HEADER_BYTES;
		bytes_put_u16(udp, 5000);
		bytes_put_u16(udp + 2, 5001);
		bytes_put_u16(udp + 4, (uint16_t)(len - INET_IPV4_HEADER_BYTES));
		bytes_put_u16(udp + 6, 0);
	}
	return len;
}

void flow_ip_set(uint8_t *ip, uint8_t ttl, uint8_t tos, bool dont_fragment)
{
	ip[1] = tos;
	ip[8] = ttl;
	bytes_put_u16(ip + 6, dont_fragment ? 0x4000 : 0);
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, INET_IPV4_HEADER_BYTES));
}

static uint16_t tcp_sum(const uint8_t *ip)
{
	uint8_t pseudo[12 + 1500];
	uint16_t len = (uint16_t)(bytes_get_u16(ip + 2) - INET_IPV4_HEADER_BYTES);

	memcpy(pseudo, ip + 12, 8);
	bytes_put_u16(pseudo + 8, INET_TCP);
	bytes_put_u16(pseudo + 10, len);
	memcpy(pseudo + 12, ip + INET_IPV4_HEADER_BYTES, len);
	return inet_checksum(pseudo, 12 + (size_t)len);
}

size_t flow_tcp_syn(uint8_t *out, uint32_t from, uint32_t to, uint16_t mss)
{
	size_t len = INET_IPV4_HEADER_BYTES + TCP_BYTES;
	uint8_t *tcp = out + INET_IPV4_HEADER_BYTES;

	flow_ip(out, from, to, INET_TCP, len);
	memset(tcp, 0, TCP_BYTES);
	bytes_put_u16(tcp, 40000);
	bytes_put_u16(tcp + 2, 80);
	tcp[12] = (TCP_BYTES / 4) << 4;
	tcp[13] = 2; // SYN
	tcp[20] = 2; // MSS
	tcp[21] = 4;
	bytes_put_u16(tcp + 22, mss);
	bytes_put_u16(tcp + 16, tcp_sum(out));
	return len;
}

bool flow_tcp_checksum_is_right(const uint8_t *ip)
{
	return tcp_sum(ip) == 0;
}

size_t flow_echo_request(uint8_t *out, uint32_t from, uint32_t to, size_t len)
{
	uint8_t *icmp = out + INET_IPV4_HEADER_BYTES;

	flow_ip(out, from, to, INET_ICMP, len);
	memset(icmp, 0, ICMP_BYTES);
	icmp[0] = 8;
	bytes_put_u16(icmp + 2, inet_checksum(icmp, len - INET_IPV4_HEADER_BYTES));
	return len;
}
