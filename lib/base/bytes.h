// SPDX-License-Identifier: BSD-3-Clause
// Cursors over wire bytes with a sticky error: read or write straight through, check once at the
// end. All numbers on the wire are big-endian.
//
// A reader that runs past its end sets `failed`, yields zeros, and stays at its end. A writer that
// runs past its capacity sets `failed` and writes nothing more.
#pragma once

#include "base/span.h"

struct reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

struct writer {
	uint8_t *start; // start[cap]
	size_t cap;
	size_t len;
	bool failed;
};

// Fixed-offset access for the hot path; the caller has checked the length.
static inline uint16_t bytes_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t bytes_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void bytes_put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void bytes_put_u32(uint8_t *p, uint32_t v)
{
	bytes_put_u16(p, (uint16_t)(v >> 16));
	bytes_put_u16(p + 2, (uint16_t)v);
}

static inline struct reader reader_of(struct span s)
{
	return (struct reader){.at = s.bytes, .left = s.len};
}

// The next n bytes as a span, or an empty span and the sticky error.
static inline struct span reader_take(struct reader *r, size_t n)
{
	if (r->failed || n > r->left) {
		r->failed = true;
		r->left = 0;
		return (struct span){0};
	}
	struct span s = {.bytes = r->at, .len = n};
	if (n == 0) // an empty reader may stand at NULL, to which nothing may be added
		return s;
	r->at += n;
	r->left -= n;
	return s;
}

static inline void reader_skip(struct reader *r, size_t n)
{
	(void)reader_take(r, n);
}

static inline uint8_t reader_u8(struct reader *r)
{
	struct span s = reader_take(r, 1);
	return s.len ? s.bytes[0] : 0;
}

static inline uint16_t reader_u16(struct reader *r)
{
	struct span s = reader_take(r, 2);
	return s.len ? bytes_get_u16(s.bytes) : 0;
}

static inline uint32_t reader_u32(struct reader *r)
{
	struct span s = reader_take(r, 4);
	return s.len ? bytes_get_u32(s.bytes) : 0;
}

// Copies exactly n bytes to out[n]; zeros on error.
static inline void reader_copy(struct reader *r, uint8_t *out, size_t n)
{
	struct span s = reader_take(r, n);
	if (s.len)
		memcpy(out, s.bytes, n);
	else if (n)
		memset(out, 0, n);
}

static inline struct span reader_rest(struct reader *r)
{
	return reader_take(r, r->left);
}

static inline struct writer writer_of(uint8_t *start, size_t cap)
{
	return (struct writer){.start = start, .cap = cap};
}

// Room for n bytes to be filled by the caller, or NULL and the sticky error.
static inline uint8_t *writer_reserve(struct writer *w, size_t n)
{
	if (w->failed || n > w->cap - w->len) {
		w->failed = true;
		return NULL;
	}
	uint8_t *p = w->start + w->len;
	w->len += n;
	return p;
}

static inline void writer_u8(struct writer *w, uint8_t v)
{
	uint8_t *p = writer_reserve(w, 1);
	if (p)
		*p = v;
}

static inline void writer_u16(struct writer *w, uint16_t v)
{
	uint8_t *p = writer_reserve(w, 2);
	if (p)
		bytes_put_u16(p, v);
}

static inline void writer_u32(struct writer *w, uint32_t v)
{
	uint8_t *p = writer_reserve(w, 4);
	if (p)
		bytes_put_u32(p, v);
}

static inline void writer_bytes(struct writer *w, const void *from, size_t n)
{
	uint8_t *p = writer_reserve(w, n);
	if (p && n)
		memcpy(p, from, n);
}

static inline void writer_zeros(struct writer *w, size_t n)
{
	uint8_t *p = writer_reserve(w, n);
	if (p && n)
		memset(p, 0, n);
}
