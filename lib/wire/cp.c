// SPDX-License-Identifier: BSD-3-Clause
#include "wire/cp.h"

#include <errno.h>

int cp_packet_get(struct span bytes, struct cp_packet *out)
{
	struct reader r = reader_of(bytes);
	uint8_t code = reader_u8(&r);
	uint8_t id = reader_u8(&r);
	uint16_t len = reader_u16(&r);

	if (r.failed || len < CP_HEADER_BYTES)
		return -EBADMSG;
	struct span data = reader_take(&r, len - CP_HEADER_BYTES);
	if (r.failed)
		return -EBADMSG;
	*out = (struct cp_packet){.code = code, .id = id, .data = data};
	return 0;
}

void cp_packet_put(struct writer *w, uint8_t code, uint8_t id, struct span data)
{
	if (data.len > UINT16_MAX - CP_HEADER_BYTES) {
		w->failed = true;
		return;
	}
	writer_u8(w, code);
	writer_u8(w, id);
	writer_u16(w, (uint16_t)(CP_HEADER_BYTES + data.len));
	writer_bytes(w, data.bytes, data.len);
}

int cp_option_next(struct span *list, struct cp_option *out)
{
	if (list->len == 0)
		return 0;

	struct reader r = reader_of(*list);
	uint8_t type = reader_u8(&r);
	uint8_t len = reader_u8(&r);

	if (r.failed || len < CP_OPTION_HEADER_BYTES || len > list->len) {
		*list = (struct span){0};
		return -EBADMSG;
	}
	*out = (struct cp_option){
		.type = type,
		.value = reader_take(&r, len - CP_OPTION_HEADER_BYTES),
		.whole = span_of(list->bytes, len),
	};
	*list = reader_rest(&r);
	return 1;
}

void cp_option_put(struct writer *w, uint8_t type, struct span value)
{
	if (value.len > UINT8_MAX - CP_OPTION_HEADER_BYTES) {
		w->failed = true;
		return;
	}
	writer_u8(w, type);
	writer_u8(w, (uint8_t)(CP_OPTION_HEADER_BYTES + value.len));
	writer_bytes(w, value.bytes, value.len);
}

void cp_option_put_u16(struct writer *w, uint8_t type, uint16_t value)
{
	writer_u8(w, type);
	writer_u8(w, CP_OPTION_HEADER_BYTES + 2);
	writer_u16(w, value);
}

void cp_option_put_u32(struct writer *w, uint8_t type, uint32_t value)
{
	writer_u8(w, type);
	writer_u8(w, CP_OPTION_HEADER_BYTES + 4);
	writer_u32(w, value);
}
