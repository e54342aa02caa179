// SPDX-License-Identifier: BSD-3-Clause
#include "wire/pap.h"

#include <errno.h>

enum { HEADER_BYTES = 4 };

// A length byte and as many bytes.
static struct span get_counted(struct reader *r)
{
	return reader_take(r, reader_u8(r));
}

static void put_counted(struct writer *w, struct span s)
{
	writer_u8(w, (uint8_t)s.len);
	writer_bytes(w, s.bytes, s.len);
}

int pap_packet_get(struct span bytes, struct pap_packet *out)
{
	struct reader r = reader_of(bytes);
	struct pap_packet p = {.code = reader_u8(&r), .id = reader_u8(&r)};
	uint16_t len = reader_u16(&r);

	if (r.failed || len < HEADER_BYTES)
		return -EBADMSG;
	struct reader body = reader_of(reader_take(&r, len - HEADER_BYTES));
	if (r.failed)
		return -EBADMSG;

	switch (p.code) {
	case PAP_AUTHENTICATE_REQUEST:
		p.peer_id = get_counted(&body);
		p.password = get_counted(&body);
		break;
	case PAP_AUTHENTICATE_ACK:
	case PAP_AUTHENTICATE_NAK:
		// RFC 1334 2.2.2 wants Msg-Length even for an empty message; there are senders that
		// leave both out, and the answer is clear all the same.
		if (body.left > 0)
			p.message = get_counted(&body);
		break;
	default:
		return -ENOTSUP;
	}
	if (body.failed)
		return -EBADMSG;
	*out = p;
	return 0;
}

void pap_put_request(struct writer *w, uint8_t id, struct span peer_id, struct span password)
{
	if (peer_id.len > UINT8_MAX || password.len > UINT8_MAX) {
		w->failed = true;
		return;
	}
	writer_u8(w, PAP_AUTHENTICATE_REQUEST);
	writer_u8(w, id);
	writer_u16(w, (uint16_t)(HEADER_BYTES + 1 + peer_id.len + 1 + password.len));
	put_counted(w, peer_id);
	put_counted(w, password);
}

void pap_put_reply(struct writer *w, uint8_t code, uint8_t id, struct span message)
{
	if (message.len > UINT8_MAX) {
		w->failed = true;
		return;
	}
	writer_u8(w, code);
	writer_u8(w, id);
	writer_u16(w, (uint16_t)(HEADER_BYTES + 1 + message.len));
	put_counted(w, message);
}
