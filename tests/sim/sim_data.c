// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_data.h"

#include "base/bytes.h"
#include "wire/inet.h"

#include <string.h>

enum { UDP_PORT = 5000, UDP_BYTES = 8, NUMBER_AT = INET_IPV4_HEADER_BYTES + UDP_BYTES };

static uint32_t be32(uint32_t host)
{
	uint32_t be;

	bytes_put_u32((uint8_t *)&be, host);
	return be;
}

static void put(uint8_t *out, size_t len, uint32_t from, uint32_t to, uint32_t number)
{
	uint8_t *udp = out + INET_IPV4_HEADER_BYTES;

	inet_ipv4_put(
		out, be32(from), be32(to), INET_UDP, (uint16_t)len, (uint16_t)number, 64, 0, true);
	bytes_put_u16(udp, UDP_PORT);
	bytes_put_u16(udp + 2, UDP_PORT);
	bytes_put_u16(udp + 4, (uint16_t)(len - INET_IPV4_HEADER_BYTES));
	bytes_put_u16(udp + 6, 0);
	bytes_put_u32(out + NUMBER_AT, number);
	for (size_t i = NUMBER_AT + 4; i < len; i++)
		out[i] = (uint8_t)(number * 7 + i);
}

void sim_data_put(struct sim_data *d, uint8_t *out, size_t len, uint32_t from, uint32_t to)
{
	put(out, len, from, to, ++d->n_sent);
}

// In order, or late by no more than may be; each once.
static bool is_due(struct sim_data *d, uint32_t number)
{
	uint32_t behind = d->last_received - number;

	if (number > d->last_received) {
		uint32_t ahead = number - d->last_received;
		d->seen = ahead < 64 ? d->seen << ahead | 1 : 1;
		d->last_received = number;
		return true;
	}
	if (number == 0 || behind > d->late_max || d->seen >> behind & 1)
		return false;
	d->seen |= UINT64_C(1) << behind;
	d->n_late++;
	return true;
}

void sim_data_take(struct sim_data *d, struct span ip, uint32_t from, uint32_t to)
{
	uint8_t wanted[SIM_DATA_BYTES_MAX];

	if (ip.len < SIM_DATA_BYTES_MIN || ip.len > sizeof(wanted)) {
		d->n_wrong++;
		return;
	}
	uint32_t number = bytes_get_u32(ip.bytes + NUMBER_AT);

	put(wanted, ip.len, from, to, number);
	// The server routes: it may have taken one off the time to live.
	if (ip.bytes[8] == 63)
		inet_ttl_decrement(wanted);
	if (!span_equal(ip, span_of(wanted, ip.len)) || !is_due(d, number)) {
		d->n_wrong++;
		return;
	}
	d->n_received++;
}
