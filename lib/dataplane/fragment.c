// SPDX-License-Identifier: BSD-3-Clause
// IPv4 fragmentation by copy (RFC 791 3.2). DPDK's function of this kind is experimental and leaves the
// checksums to the NIC.
#include "dataplane/lane.h"

enum {
	AT_TOTAL_LEN = 2,
	AT_FRAGMENT = 6,
	AT_CHECKSUM = 10,
	MORE_FRAGMENTS = 0x2000,
	OFFSET_MASK = 0x1fff,
	OFFSET_UNIT = 8,
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_COPIED = 0x80,
	HEADER_BYTES_MAX = 60,
};

// The header of the fragments after the first: only the options that say so are copied.
static uint8_t make_later_header(const uint8_t *header, uint8_t header_len, uint8_t *out)
{
	uint8_t len = INET_IPV4_HEADER_BYTES;

	memcpy(out, header, INET_IPV4_HEADER_BYTES);
	for (uint8_t at = INET_IPV4_HEADER_BYTES; at < header_len && header[at] != OPTION_END;) {
		if (header[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= header_len || header[at + 1] < 2 || at + header[at + 1] > header_len)
			break;
		if (header[at] & OPTION_COPIED) {
			memcpy(out + len, header + at, header[at + 1]);
			len = (uint8_t)(len + header[at + 1]);
		}
		at = (uint8_t)(at + header[at + 1]);
	}
	while (len % 4)
		out[len++] = OPTION_END;
	out[0] = (uint8_t)(4 << 4 | len / 4);
	return len;
}

static struct rte_mbuf *make_part(struct rte_mempool *pool, const uint8_t *header,
	uint8_t header_len, const struct rte_mbuf *whole, uint16_t payload_at, uint16_t payload_len,
	uint16_t fragment)
{
	uint16_t len = (uint16_t)(header_len + payload_len);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (!m)
		return NULL;
	uint8_t *at = (uint8_t *)rte_pktmbuf_append(m, len);
	if (!at) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(at, header, header_len);
	const void *payload = rte_pktmbuf_read(whole, payload_at, payload_len, at + header_len);
	if (payload != at + header_len) // it lies in one segment, else it has been copied
		memcpy(at + header_len, payload, payload_len);
	bytes_put_u16(at + AT_TOTAL_LEN, len);
	bytes_put_u16(at + AT_FRAGMENT, fragment);
	bytes_put_u16(at + AT_CHECKSUM, 0);
	bytes_put_u16(at + AT_CHECKSUM, inet_checksum(at, header_len));
	return m;
}

unsigned int fragment_ipv4(
	struct rte_mempool *pool, const struct rte_mbuf *m, uint16_t mtu, struct rte_mbuf **out)
{
	const uint8_t *first = rte_pktmbuf_mtod(m, const uint8_t *);
	uint8_t later[HEADER_BYTES_MAX];
	uint8_t header_len = (uint8_t)((first[0] & 15) * 4);
	uint16_t left = (uint16_t)(rte_pktmbuf_pkt_len(m) - header_len);
	uint16_t payload_at = header_len;
	uint16_t fragment = bytes_get_u16(first + AT_FRAGMENT); // of a fragment that is cut again
	uint16_t more = fragment & MORE_FRAGMENTS;
	uint16_t offset = fragment & OFFSET_MASK;
	const uint8_t *header = first;
	unsigned int n = 0;

	while (left > 0) {
		uint16_t room = mtu > header_len ? (mtu - header_len) & ~(OFFSET_UNIT - 1) : 0;
		bool is_last = left <= mtu - header_len;
		uint16_t len = is_last ? left : room;
		if (room == 0 || n == LANE_FRAGMENTS_MAX)
			goto undo;
		out[n] = make_part(pool, header, header_len, m, payload_at, len,
			(uint16_t)(offset | (is_last ? more : MORE_FRAGMENTS)));
		if (!out[n])
			goto undo;
		n++;
		payload_at = (uint16_t)(payload_at + len);
		left = (uint16_t)(left - len);
		offset = (uint16_t)(offset + len / OFFSET_UNIT);
		if (header == first) {
			header_len = make_later_header(first, header_len, later);
			header = later;
		}
	}
	return n;

undo:
	rte_pktmbuf_free_bulk(out, n);
	return 0;
}
