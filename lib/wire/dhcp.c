// SPDX-License-Identifier: BSD-3-Clause
#include "wire/dhcp.h"

#include <assert.h>
#include <errno.h>

enum { SNAME_AND_FILE_BYTES = 64 + 128 };

static const uint32_t COOKIE = 0x63825363;

int dhcp_message_get(struct span bytes, struct dhcp_message *out)
{
	struct reader r = reader_of(bytes);
	struct dhcp_message m = {
		.op = reader_u8(&r),
		.htype = reader_u8(&r),
		.hlen = reader_u8(&r),
		.hops = reader_u8(&r),
		.xid = reader_u32(&r),
		.secs = reader_u16(&r),
		.flags = reader_u16(&r),
	};

	reader_copy(&r, (uint8_t *)&m.ciaddr_be, 4);
	reader_copy(&r, (uint8_t *)&m.yiaddr_be, 4);
	reader_copy(&r, (uint8_t *)&m.siaddr_be, 4);
	reader_copy(&r, (uint8_t *)&m.giaddr_be, 4);
	reader_copy(&r, m.chaddr, sizeof(m.chaddr));
	reader_skip(&r, SNAME_AND_FILE_BYTES);
	uint32_t cookie = reader_u32(&r);
	m.options = reader_rest(&r);
	if (r.failed || cookie != COOKIE || m.hlen > DHCP_CHADDR_BYTES)
		return -EBADMSG;
	*out = m;
	return 0;
}

void dhcp_message_put(struct writer *w, const struct dhcp_message *m)
{
	writer_u8(w, m->op);
	writer_u8(w, m->htype);
	writer_u8(w, m->hlen);
	writer_u8(w, m->hops);
	writer_u32(w, m->xid);
	writer_u16(w, m->secs);
	writer_u16(w, m->flags);
	writer_bytes(w, &m->ciaddr_be, 4);
	writer_bytes(w, &m->yiaddr_be, 4);
	writer_bytes(w, &m->siaddr_be, 4);
	writer_bytes(w, &m->giaddr_be, 4);
	writer_bytes(w, m->chaddr, sizeof(m->chaddr));
	writer_zeros(w, SNAME_AND_FILE_BYTES);
	writer_u32(w, COOKIE);
}

int dhcp_option_next(struct span *list, struct dhcp_option *out)
{
	struct reader r = reader_of(*list);
	uint8_t code = DHCP_OPTION_PAD;

	while (code == DHCP_OPTION_PAD && r.left > 0)
		code = reader_u8(&r);
	if (code == DHCP_OPTION_PAD || code == DHCP_OPTION_END) {
		*list = (struct span){0};
		return 0;
	}
	struct span value = reader_take(&r, reader_u8(&r));
	*list = reader_rest(&r);
	if (r.failed)
		return -EBADMSG;
	*out = (struct dhcp_option){.code = code, .value = value};
	return 1;
}

void dhcp_option_put(struct writer *w, uint8_t code, struct span value)
{
	if (value.len > DHCP_OPTION_BYTES_MAX) {
		w->failed = true;
		return;
	}
	writer_u8(w, code);
	writer_u8(w, (uint8_t)value.len);
	writer_bytes(w, value.bytes, value.len);
}

// "The significant octets": 0.0.0.0/0 has none, 10.0.0.0/8 one, 10.17.0.0/16 two.
void dhcp_route_put(struct writer *w, const struct dhcp_route *route, uint32_t gateway_be)
{
	assert(route->prefix_len <= 32);
	writer_u8(w, route->prefix_len);
	writer_bytes(w, &route->prefix_be, (route->prefix_len + 7u) / 8u);
	writer_bytes(w, &gateway_be, 4);
}
