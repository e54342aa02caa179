// SPDX-License-Identifier: BSD-3-Clause
#include "wire/inet.h"

enum {
	// IPv4
	IP_TOS = 1,
	IP_TOTAL_LEN = 2,
	IP_ID = 4,
	IP_FRAGMENT = 6,
	IP_TTL = 8,
	IP_PROTOCOL = 9,
	IP_CHECKSUM = 10,
	IP_SOURCE = 12,
	IP_DESTINATION = 16,
	DONT_FRAGMENT = 0x4000,
	MORE_FRAGMENTS = 0x2000,
	OFFSET_MASK = 0x1fff,
	TTL_OWN = 64, // of packets that adit makes
	// TCP
	TCP_HEADER_BYTES = 20,
	TCP_DATA_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
	TCP_SYN = 0x02,
	TCP_OPTION_END = 0,
	TCP_OPTION_NOP = 1,
	TCP_OPTION_MSS = 2,
	TCP_OPTION_MSS_LEN = 4,
	// ICMP
	ICMP_HEADER_BYTES = 8,
	ICMP_CHECKSUM = 2,
	ICMP_MTU = 6,
	ICMP_CAUSE_DATA_BYTES = 8,
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
	ICMP_ECHO = 8,
};

static uint16_t swap(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

// Sum of big-endian 32-bit words: folds to the same as one of 16-bit words (RFC 1071 2C).
static uint64_t sum_words(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;

	for (; len >= 4; bytes += 4, len -= 4)
		sum += bytes_get_u32(bytes);
	if (len >= 2) {
		sum += bytes_get_u16(bytes);
		bytes += 2;
		len -= 2;
	}
	if (len)
		sum += (uint64_t)bytes[0] << 8;
	return sum;
}

uint16_t inet_checksum(const uint8_t *bytes, size_t len)
{
	return (uint16_t)~fold(sum_words(bytes, len));
}

// Mend the checksum at `at` after a 16-bit word went from `old` to `now`: equation 3 of RFC 1624,
// which unlike that of RFC 1141 is right when the sum passes through zero.
static void checksum_mend(uint8_t *at, uint16_t old, uint16_t now)
{
	uint16_t not_check = (uint16_t)~bytes_get_u16(at);
	uint16_t not_old = (uint16_t)~old;

	bytes_put_u16(at, (uint16_t)~fold((uint64_t)not_check + not_old + now));
}

static uint32_t word(const uint8_t *bytes)
{
	uint32_t w;

	memcpy(&w, bytes, sizeof(w));
	return w;
}

// A right sum is all ones in whatever order the bytes of a word are read (RFC 1071 2B).
static bool header_sums(const uint8_t *bytes, uint8_t header_len)
{
	if (header_len != INET_IPV4_HEADER_BYTES)
		return inet_checksum(bytes, header_len) == 0;
	return fold((uint64_t)word(bytes) + word(bytes + 4) + word(bytes + 8) + word(bytes + 12) +
		       word(bytes + 16)) == 0xffff;
}

enum drop_reason inet_ipv4_get(
	const uint8_t *bytes, size_t len, enum drop_reason bad, struct inet_ipv4 *out)
{
	if (len < INET_IPV4_HEADER_BYTES || bytes[0] >> 4 != 4)
		return bad;

	uint8_t header_len = (uint8_t)((bytes[0] & 15) * 4);
	uint16_t total_len = bytes_get_u16(bytes + IP_TOTAL_LEN);
	if (header_len < INET_IPV4_HEADER_BYTES || total_len < header_len || total_len > len)
		return bad;
	if (!header_sums(bytes, header_len))
		return bad;

	uint16_t fragment = bytes_get_u16(bytes + IP_FRAGMENT);
	out->total_len = total_len;
	out->header_len = header_len;
	out->protocol = bytes[IP_PROTOCOL];
	out->ttl = bytes[IP_TTL];
	out->tos = bytes[IP_TOS];
	out->dont_fragment = fragment & DONT_FRAGMENT;
	out->is_fragment = fragment & (MORE_FRAGMENTS | OFFSET_MASK);
	out->is_later_fragment = fragment & OFFSET_MASK;
	memcpy(&out->source_be, bytes + IP_SOURCE, 4);
	memcpy(&out->destination_be, bytes + IP_DESTINATION, 4);
	return DROP_NONE;
}

// The sum is made of the values: read back from bytes that were just written one by one it would have to wait
// until the stores are done.
void inet_ipv4_put(uint8_t *at, uint32_t source_be, uint32_t destination_be, uint8_t protocol,
	uint16_t total_len, uint16_t id, uint8_t ttl, uint8_t tos, bool dont_fragment)
{
	uint32_t words[5] = {
		(uint32_t)(4 << 4 | INET_IPV4_HEADER_BYTES / 4) << 24 | (uint32_t)tos << 16 |
			total_len,
		(uint32_t)id << 16 | (dont_fragment ? DONT_FRAGMENT : 0),
		(uint32_t)ttl << 24 | (uint32_t)protocol << 16,
		bytes_get_u32((const uint8_t *)&source_be),
		bytes_get_u32((const uint8_t *)&destination_be),
	};

	words[2] |= (uint16_t)~fold((uint64_t)words[0] + words[1] + words[2] + words[3] + words[4]);
	for (unsigned int i = 0; i < 5; i++)
		bytes_put_u32(at + 4 * i, words[i]);
}

static void set_ttl(uint8_t *header, uint8_t ttl)
{
	uint16_t old = bytes_get_u16(header + IP_TTL);
	uint16_t now = (uint16_t)(ttl << 8 | (old & 0xff));

	bytes_put_u16(header + IP_TTL, now);
	checksum_mend(header + IP_CHECKSUM, old, now);
}

// One less in the high byte of a word is one more in the checksum's, with the carry around. The sum of a header
// that is not all zero is never 0, so FFFF is passed over (RFC 1624 3).
void inet_ttl_decrement(uint8_t *header)
{
	uint32_t check = bytes_get_u16(header + IP_CHECKSUM) + 0x0100U;

	header[IP_TTL]--;
	bytes_put_u16(header + IP_CHECKSUM, (uint16_t)(check + (check >= 0xffff)));
}

// tcp[at] is the MSS value, at any alignment. At an odd offset each of its bytes lies in the other
// half of a word, so the sum sees it byte-swapped.
static bool mss_lower(uint8_t *tcp, size_t at, uint16_t mss_max)
{
	uint16_t old = bytes_get_u16(tcp + at);

	if (old <= mss_max)
		return false;
	bytes_put_u16(tcp + at, mss_max);
	if (at % 2)
		checksum_mend(tcp + TCP_CHECKSUM, swap(old), swap(mss_max));
	else
		checksum_mend(tcp + TCP_CHECKSUM, old, mss_max);
	return true;
}

bool inet_mss_clamp(uint8_t *packet, const struct inet_ipv4 *ip, uint16_t mss_max)
{
	uint8_t *tcp = packet + ip->header_len;
	size_t len = (size_t)ip->total_len - ip->header_len;
	bool changed = false;

	if (ip->protocol != INET_TCP || ip->is_later_fragment || len < TCP_HEADER_BYTES)
		return false;
	if (!(tcp[TCP_FLAGS] & TCP_SYN))
		return false;
	size_t end = (size_t)(tcp[TCP_DATA_OFFSET] >> 4) * 4;
	if (end > len)
		return false;

	// At most 40 bytes of options; a second MSS option is lowered too, whichever one the peer reads.
	for (size_t at = TCP_HEADER_BYTES; at < end && tcp[at] != TCP_OPTION_END;) {
		if (tcp[at] == TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 2 > end || tcp[at + 1] < 2 || at + tcp[at + 1] > end)
			break;
		if (tcp[at] == TCP_OPTION_MSS && tcp[at + 1] == TCP_OPTION_MSS_LEN)
			changed |= mss_lower(tcp, at + 2, mss_max);
		at += tcp[at + 1];
	}
	return changed;
}

// True for an address of a single host: not 0/8, 127/8, multicast, class E or broadcast.
static bool is_host(const uint8_t *address)
{
	return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

// ICMP queries and their answers. An error is only ever sent about these: of a type that is not known
// it cannot be said that it is no error itself.
static bool icmp_type_is_query(uint8_t type)
{
	return type == ICMP_ECHO_REPLY || (type >= ICMP_ECHO && type <= 10) ||
	       (type >= 13 && type <= 18);
}

// RFC 1122 3.2.2 and RFC 1812 4.3.2.7.
static bool icmp_error_is_allowed(const uint8_t *cause, size_t header_len, size_t len)
{
	if (bytes_get_u16(cause + IP_FRAGMENT) & OFFSET_MASK)
		return false;
	if (!is_host(cause + IP_SOURCE) || cause[IP_DESTINATION] >= 224)
		return false;
	if (cause[IP_PROTOCOL] != INET_ICMP)
		return true;
	return len > header_len && icmp_type_is_query(cause[header_len]);
}

size_t inet_icmp_error_put(uint8_t out[INET_ICMP_ERROR_BYTES_MAX], uint8_t type, uint8_t code,
	uint16_t mtu, uint32_t source_be, const uint8_t *cause, size_t cause_len)
{
	struct inet_ipv4 ip;

	if (inet_ipv4_get(cause, cause_len, DROP_INNER_IP_BAD, &ip) != DROP_NONE)
		return 0;
	if (!icmp_error_is_allowed(cause, ip.header_len, ip.total_len))
		return 0;

	size_t quoted = (size_t)ip.header_len + ICMP_CAUSE_DATA_BYTES;
	if (quoted > ip.total_len)
		quoted = ip.total_len;
	size_t icmp_len = ICMP_HEADER_BYTES + quoted;
	size_t total_len = INET_IPV4_HEADER_BYTES + icmp_len;

	// The precedence of network control and the cause's type of service (RFC 1812 4.3.2.5).
	uint8_t tos = (uint8_t)(0xc0 | (ip.tos & 0x1c));
	inet_ipv4_put(out, source_be, ip.source_be, INET_ICMP, (uint16_t)total_len, 0, TTL_OWN, tos,
		true);

	uint8_t *icmp = out + INET_IPV4_HEADER_BYTES;
	memset(icmp, 0, ICMP_HEADER_BYTES);
	icmp[0] = type;
	icmp[1] = code;
	if (type == ICMP_UNREACHABLE && code == ICMP_FRAGMENTATION_NEEDED)
		bytes_put_u16(icmp + ICMP_MTU, mtu); // RFC 1191 4
	memcpy(icmp + ICMP_HEADER_BYTES, cause, quoted);
	bytes_put_u16(icmp + ICMP_CHECKSUM, inet_checksum(icmp, icmp_len));
	return total_len;
}

bool inet_icmp_echo_reply(uint8_t *packet, const struct inet_ipv4 *ip)
{
	uint8_t *icmp = packet + ip->header_len;

	// With IP options it stays unanswered: a source route would have to be turned round
	// (RFC 1122 3.2.2.6), and nobody but a scanner sends one.
	if (ip->protocol != INET_ICMP || ip->is_fragment ||
		ip->header_len != INET_IPV4_HEADER_BYTES ||
		ip->total_len < ip->header_len + ICMP_HEADER_BYTES)
		return false;
	if (icmp[0] != ICMP_ECHO || icmp[1] != 0)
		return false;
	if (!is_host(packet + IP_SOURCE) || !is_host(packet + IP_DESTINATION))
		return false;

	memcpy(packet + IP_SOURCE, &ip->destination_be, 4);
	memcpy(packet + IP_DESTINATION, &ip->source_be, 4);
	set_ttl(packet, TTL_OWN);
	icmp[0] = ICMP_ECHO_REPLY;
	checksum_mend(icmp + ICMP_CHECKSUM, ICMP_ECHO << 8, ICMP_ECHO_REPLY << 8);
	// A ping with identifier, number and data of zeros makes a reply of nothing but zeros: the one
	// message whose checksum has to be the other zero (RFC 1624 3), as IPv4 and TCP never need.
	size_t icmp_len = (size_t)ip->total_len - ip->header_len;
	if (bytes_get_u16(icmp + ICMP_CHECKSUM) == 0 && inet_checksum(icmp, icmp_len) == 0xffff)
		bytes_put_u16(icmp + ICMP_CHECKSUM, 0xffff);
	return true;
}
