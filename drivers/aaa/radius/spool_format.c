// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/spool_format.h"

#include "drivers/aaa/radius/account_bytes.h"

#include <assert.h>

static_assert((int)SPOOL_FORMAT_RECORD_BYTES_MAX >= (int)ACCOUNT_BYTES_MAX, "every record fits");

enum { LENGTH_AT = 4, CRC_AT = 8 };

static uint32_t crc_of(const uint8_t *header, struct span record)
{
	return account_bytes_crc(account_bytes_crc(0, header + LENGTH_AT, CRC_AT - LENGTH_AT),
		record.bytes, record.len);
}

size_t spool_format_put(struct span record, uint8_t *out)
{
	assert(record.len > 0 && record.len <= SPOOL_FORMAT_RECORD_BYTES_MAX);
	out[0] = 'A';
	out[1] = 'R';
	out[SPOOL_FORMAT_STATE_AT] = SPOOL_FORMAT_WAITS;
	out[3] = 0;
	bytes_put_u32(out + LENGTH_AT, (uint32_t)record.len);
	memcpy(out + SPOOL_FORMAT_HEADER_BYTES, record.bytes, record.len);
	bytes_put_u32(out + CRC_AT, crc_of(out, record));
	return SPOOL_FORMAT_HEADER_BYTES + record.len;
}

enum found { FOUND_RECORD, FOUND_GARBAGE, FOUND_CUT };

// FOUND_CUT: all that there is could be the beginning of a record.
static enum found look(struct span s, size_t at, struct spool_format_record *out)
{
	static const uint8_t magic[2] = {'A', 'R'};
	const uint8_t *p = s.bytes + at;
	size_t left = s.len - at;

	if (memcmp(p, magic, left < sizeof(magic) ? left : sizeof(magic)) != 0)
		return FOUND_GARBAGE;
	if (left < SPOOL_FORMAT_HEADER_BYTES)
		return FOUND_CUT;
	uint32_t len = bytes_get_u32(p + LENGTH_AT);
	if (len == 0 || len > SPOOL_FORMAT_RECORD_BYTES_MAX)
		return FOUND_GARBAGE;
	if (len > left - SPOOL_FORMAT_HEADER_BYTES)
		return FOUND_CUT;
	*out = (struct spool_format_record){
		.at = at,
		.is_sent = p[SPOOL_FORMAT_STATE_AT] == SPOOL_FORMAT_SENT,
		.bytes = span_of(p + SPOOL_FORMAT_HEADER_BYTES, len),
	};
	return bytes_get_u32(p + CRC_AT) == crc_of(p, out->bytes) ? FOUND_RECORD : FOUND_GARBAGE;
}

bool spool_format_next(struct spool_format_cursor *c, struct spool_format_record *out)
{
	size_t begin = c->at;
	bool is_cut = false;

	for (; c->at < c->bytes.len; c->at++) {
		enum found found = look(c->bytes, c->at, out);
		if (found == FOUND_RECORD) {
			// What was passed over is not the end that is missing after all.
			c->n_corrupt += c->at > begin;
			c->at += SPOOL_FORMAT_HEADER_BYTES + out->bytes.len;
			return true;
		}
		is_cut |= found == FOUND_CUT && c->at == begin;
	}
	if (is_cut)
		c->is_cut = true;
	else if (c->at > begin)
		c->n_corrupt++;
	return false;
}
