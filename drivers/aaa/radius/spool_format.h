// SPDX-License-Identifier: BSD-3-Clause
// What a segment of the spool holds: records one after the other, each behind a header. Pure.
//
//   0   "AR"
//   2   'W' it waits | 'S' it was sent: written over in place, so not under the checksum
//   3   0
//   4   length, 32 bits, network order
//   8   CRC-32C of length and record
//   12  the record
#pragma once

#include "base/bytes.h"

enum {
	SPOOL_FORMAT_HEADER_BYTES = 12,
	SPOOL_FORMAT_RECORD_BYTES_MAX = 1024,
	SPOOL_FORMAT_STATE_AT = 2,
	SPOOL_FORMAT_WAITS = 'W',
	SPOOL_FORMAT_SENT = 'S',
};

// Returns the bytes of it in out[SPOOL_FORMAT_HEADER_BYTES + record.len]; record: 1..1024 bytes.
size_t spool_format_put(struct span record, uint8_t *out);

// Goes through a segment; begins all zero but for `bytes`.
struct spool_format_cursor {
	struct span bytes;
	size_t at;
	uint32_t n_corrupt; // stretches that hold no record
	bool is_cut;	    // the last record is not whole: the writer did not live to finish it
};

struct spool_format_record {
	size_t at; // of its header
	bool is_sent;
	struct span bytes;
};

// The next whole record; what is no record is passed over. Returns false at the end.
bool spool_format_next(struct spool_format_cursor *c, struct spool_format_record *out);
