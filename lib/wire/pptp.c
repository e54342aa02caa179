// SPDX-License-Identifier: BSD-3-Clause
#include "wire/pptp.h"

#include <errno.h>

enum {
	AT_LENGTH = 0,
	AT_PPTP_TYPE = 2,
	AT_COOKIE = 4,
	AT_CONTROL_TYPE = 8,
	COOKIE_END = 8,
	CONTROL_TYPE_END = 10,
	CONTROL_MESSAGE = 1, // PPTP Message Type; 2, management, was never defined
	FIELDS_MAX = 11,     // of OCRQ
};

// One field: where it is on the wire and where in struct pptp_message. It is as wide there as here;
// one, two and four bytes are numbers, more is a string.
struct field {
	uint8_t wire_at;
	uint8_t width;
	uint16_t host_at;
};

struct layout {
	const char *name;
	uint16_t len;
	struct field fields[FIELDS_MAX + 1]; // ends with width 0
};

#define FIELD(at, member)                                                             \
	{                                                                             \
		.wire_at = (at), .width = sizeof(((struct pptp_message *)0)->member), \
		.host_at = offsetof(struct pptp_message, member)                      \
	}

// RFC 2637 2.1 to 2.15. What is not listed is reserved: written as zero, ignored when read.
// clang-format off
static const struct layout layouts[PPTP_TYPE_COUNT] = {
	[PPTP_SCCRQ] = {"SCCRQ", 156, {
		FIELD(12, start.version),
		FIELD(16, start.framing),
		FIELD(20, start.bearer),
		FIELD(24, start.max_channels),
		FIELD(26, start.firmware),
		FIELD(28, start.host_name),
		FIELD(92, start.vendor),
	}},
	[PPTP_SCCRP] = {"SCCRP", 156, {
		FIELD(12, start.version),
		FIELD(14, start.result),
		FIELD(15, start.error),
		FIELD(16, start.framing),
		FIELD(20, start.bearer),
		FIELD(24, start.max_channels),
		FIELD(26, start.firmware),
		FIELD(28, start.host_name),
		FIELD(92, start.vendor),
	}},
	[PPTP_STOP_CCRQ] = {"StopCCRQ", 16, {
		FIELD(12, stop.code),
	}},
	[PPTP_STOP_CCRP] = {"StopCCRP", 16, {
		FIELD(12, stop.code),
		FIELD(13, stop.error),
	}},
	[PPTP_ECHO_REQUEST] = {"EchoRQ", 16, {
		FIELD(12, echo.identifier),
	}},
	[PPTP_ECHO_REPLY] = {"EchoRP", 20, {
		FIELD(12, echo.identifier),
		FIELD(16, echo.result),
		FIELD(17, echo.error),
	}},
	[PPTP_OCRQ] = {"OCRQ", 168, {
		FIELD(12, ocrq.call_id),
		FIELD(14, ocrq.serial),
		FIELD(16, ocrq.min_bps),
		FIELD(20, ocrq.max_bps),
		FIELD(24, ocrq.bearer),
		FIELD(28, ocrq.framing),
		FIELD(32, ocrq.window),
		FIELD(34, ocrq.delay),
		FIELD(36, ocrq.phone_len),
		FIELD(40, ocrq.phone),
		FIELD(104, ocrq.subaddress),
	}},
	[PPTP_OCRP] = {"OCRP", 32, {
		FIELD(12, ocrp.call_id),
		FIELD(14, ocrp.peer_call_id),
		FIELD(16, ocrp.result),
		FIELD(17, ocrp.error),
		FIELD(18, ocrp.cause),
		FIELD(20, ocrp.connect_bps),
		FIELD(24, ocrp.window),
		FIELD(26, ocrp.delay),
		FIELD(28, ocrp.channel),
	}},
	[PPTP_ICRQ] = {"ICRQ", 220, {
		FIELD(12, icrq.call_id),
		FIELD(14, icrq.serial),
		FIELD(16, icrq.bearer),
		FIELD(20, icrq.channel),
		FIELD(24, icrq.dialed_len),
		FIELD(26, icrq.dialing_len),
		FIELD(28, icrq.dialed),
		FIELD(92, icrq.dialing),
		FIELD(156, icrq.subaddress),
	}},
	[PPTP_ICRP] = {"ICRP", 24, {
		FIELD(12, icrp.call_id),
		FIELD(14, icrp.peer_call_id),
		FIELD(16, icrp.result),
		FIELD(17, icrp.error),
		FIELD(18, icrp.window),
		FIELD(20, icrp.delay),
	}},
	[PPTP_ICCN] = {"ICCN", 28, {
		FIELD(12, iccn.peer_call_id),
		FIELD(16, iccn.connect_bps),
		FIELD(20, iccn.window),
		FIELD(22, iccn.delay),
		FIELD(24, iccn.framing),
	}},
	[PPTP_CALL_CLEAR_REQUEST] = {"ClearRQ", 16, {
		FIELD(12, call_clear.call_id),
	}},
	[PPTP_CALL_DISCONNECT_NOTIFY] = {"CDN", 148, {
		FIELD(12, call_disconnect.call_id),
		FIELD(14, call_disconnect.result),
		FIELD(15, call_disconnect.error),
		FIELD(16, call_disconnect.cause),
		FIELD(20, call_disconnect.statistics),
	}},
	[PPTP_WAN_ERROR_NOTIFY] = {"WEN", 40, {
		FIELD(12, wan_error.peer_call_id),
		FIELD(16, wan_error.crc),
		FIELD(20, wan_error.framing),
		FIELD(24, wan_error.hardware_overruns),
		FIELD(28, wan_error.buffer_overruns),
		FIELD(32, wan_error.timeouts),
		FIELD(36, wan_error.alignment),
	}},
	[PPTP_SET_LINK_INFO] = {"SLI", 24, {
		FIELD(12, set_link.peer_call_id),
		FIELD(16, set_link.send_accm),
		FIELD(20, set_link.receive_accm),
	}},
};
// clang-format on

static void field_get(const struct field *f, const uint8_t *wire, struct pptp_message *out)
{
	void *to = (uint8_t *)out + f->host_at;

	switch (f->width) {
	case 1:
		*(uint8_t *)to = wire[f->wire_at];
		break;
	case 2:
		*(uint16_t *)to = bytes_get_u16(wire + f->wire_at);
		break;
	case 4:
		*(uint32_t *)to = bytes_get_u32(wire + f->wire_at);
		break;
	default:
		memcpy(to, wire + f->wire_at, f->width);
	}
}

static void field_put(const struct field *f, const struct pptp_message *in, uint8_t *wire)
{
	const void *from = (const uint8_t *)in + f->host_at;

	switch (f->width) {
	case 1:
		wire[f->wire_at] = *(const uint8_t *)from;
		break;
	case 2:
		bytes_put_u16(wire + f->wire_at, *(const uint16_t *)from);
		break;
	case 4:
		bytes_put_u32(wire + f->wire_at, *(const uint32_t *)from);
		break;
	default:
		memcpy(wire + f->wire_at, from, f->width);
	}
}

int pptp_message_len(struct span stream)
{
	if (stream.len < COOKIE_END)
		return 0;
	if (bytes_get_u32(stream.bytes + AT_COOKIE) != PPTP_MAGIC_COOKIE)
		return -EBADMSG;
	if (bytes_get_u16(stream.bytes + AT_PPTP_TYPE) != CONTROL_MESSAGE)
		return -EPROTO;
	if (stream.len < CONTROL_TYPE_END)
		return 0;
	uint16_t len = pptp_type_len(bytes_get_u16(stream.bytes + AT_CONTROL_TYPE));
	if (len == 0)
		return -ENOTSUP;
	if (bytes_get_u16(stream.bytes + AT_LENGTH) != len)
		return -EMSGSIZE;
	return len;
}

uint16_t pptp_type_len(uint16_t type)
{
	return type < PPTP_TYPE_COUNT ? layouts[type].len : 0;
}

int pptp_get(struct span bytes, struct pptp_message *out)
{
	int len = pptp_message_len(bytes);

	if (len < 0)
		return len;
	if (len == 0 || bytes.len < (size_t)len)
		return -EMSGSIZE;
	memset(out, 0, sizeof(*out));
	out->type = bytes_get_u16(bytes.bytes + AT_CONTROL_TYPE);
	for (const struct field *f = layouts[out->type].fields; f->width; f++)
		field_get(f, bytes.bytes, out);
	return 0;
}

void pptp_put(struct writer *w, const struct pptp_message *in)
{
	uint16_t len = pptp_type_len(in->type);

	if (len == 0) {
		w->failed = true;
		return;
	}
	uint8_t *wire = writer_reserve(w, len);
	if (!wire)
		return;
	memset(wire, 0, len);
	bytes_put_u16(wire + AT_LENGTH, len);
	bytes_put_u16(wire + AT_PPTP_TYPE, CONTROL_MESSAGE);
	bytes_put_u32(wire + AT_COOKIE, PPTP_MAGIC_COOKIE);
	bytes_put_u16(wire + AT_CONTROL_TYPE, in->type);
	for (const struct field *f = layouts[in->type].fields; f->width; f++)
		field_put(f, in, wire);
}

const char *pptp_type_name(uint16_t type)
{
	return pptp_type_len(type) ? layouts[type].name : "?";
}
