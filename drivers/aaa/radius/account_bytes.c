// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_bytes.h"

#include <assert.h>
#include <errno.h>

enum { VERSION = 1 };

// All that is not text or Class: version, kind, method, is_local, cause, session_s, four addresses and numbers, five of
// 64 bits; then five lengths.
enum { FIXED_BYTES = 4 + 2 * 4 + 4 * 4 + 5 * 8, LENGTH_BYTES = 4 + 2 };

static_assert(FIXED_BYTES + LENGTH_BYTES + 2 * AAA_SESSION_ID_BYTES + CONFIG_TENANT_NAME_BYTES +
			      LIMIT_USER_NAME_BYTES + LIMIT_CLASS_BYTES <=
		      ACCOUNT_BYTES_MAX,
	"every record fits");

uint32_t account_bytes_crc(uint32_t crc, const void *bytes, size_t n)
{
	// of the 16 values that four bits can have
	static const uint32_t table[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6,
		0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
	const uint8_t *p = bytes;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static void put_u64(struct writer *w, uint64_t v)
{
	writer_u32(w, (uint32_t)(v >> 32));
	writer_u32(w, (uint32_t)v);
}

static uint64_t get_u64(struct reader *r)
{
	uint64_t high = reader_u32(r);

	return high << 32 | reader_u32(r);
}

static void put_text(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	writer_u8(w, (uint8_t)n);
	writer_bytes(w, text, n);
}

static void get_text(struct reader *r, char *out, size_t cap)
{
	size_t n = reader_u8(r);

	if (n >= cap)
		r->failed = true;
	else
		reader_copy(r, (uint8_t *)out, n);
	out[r->failed ? 0 : n] = '\0';
}

size_t account_bytes_put(const struct aaa_account *record, const char *tenant, uint8_t *out)
{
	const uint8_t head[] = {
		VERSION, (uint8_t)record->kind, (uint8_t)record->method, record->is_local};
	struct writer w = writer_of(out, ACCOUNT_BYTES_MAX);

	writer_bytes(&w, head, sizeof(head));
	writer_u32(&w, (uint32_t)record->cause);
	writer_u32(&w, record->session_s);
	writer_bytes(&w, &record->client_be, 4);
	writer_bytes(&w, &record->server_be, 4);
	writer_bytes(&w, &record->framed_be, 4);
	writer_u32(&w, record->nas_port);
	put_u64(&w, record->up_bytes);
	put_u64(&w, record->up_pkts);
	put_u64(&w, record->down_bytes);
	put_u64(&w, record->down_pkts);
	put_u64(&w, record->event_wall_ns);
	put_text(&w, tenant);
	put_text(&w, record->session_id);
	put_text(&w, record->multi_session_id);
	writer_u8(&w, (uint8_t)record->user_len);
	writer_bytes(&w, record->user, record->user_len);
	writer_u16(&w, record->classes.n_bytes);
	writer_bytes(&w, record->classes.bytes, record->classes.n_bytes);
	assert(!w.failed);
	return w.len;
}

static bool is_kind(uint8_t kind)
{
	return kind <= AAA_ACCOUNT_STOP;
}

// Lengths of Class attributes that add up, so that who sends them need not look.
static bool are_classes(const struct aaa_classes *c)
{
	uint32_t at = 0;

	while (at < c->n_bytes)
		at += 1u + c->bytes[at];
	return at == c->n_bytes;
}

int account_bytes_get(
	struct span bytes, struct aaa_account *record, char tenant[CONFIG_TENANT_NAME_BYTES])
{
	struct reader r = reader_of(bytes);
	uint8_t version = reader_u8(&r), kind = reader_u8(&r), method = reader_u8(&r);

	memset(record, 0, sizeof(*record));
	record->kind = is_kind(kind) ? (enum aaa_account_kind)kind : AAA_ACCOUNT_NOTE;
	record->method = method <= AUTH_METHOD_PAP ? (enum auth_method)method : AUTH_METHOD_NONE;
	record->is_local = reader_u8(&r) != 0;
	record->cause = (enum aaa_terminate_cause)(reader_u32(&r) & 0xff);
	record->session_s = reader_u32(&r);
	reader_copy(&r, (uint8_t *)&record->client_be, 4);
	reader_copy(&r, (uint8_t *)&record->server_be, 4);
	reader_copy(&r, (uint8_t *)&record->framed_be, 4);
	record->nas_port = reader_u32(&r);
	record->up_bytes = get_u64(&r);
	record->up_pkts = get_u64(&r);
	record->down_bytes = get_u64(&r);
	record->down_pkts = get_u64(&r);
	record->event_wall_ns = get_u64(&r);
	get_text(&r, tenant, CONFIG_TENANT_NAME_BYTES);
	get_text(&r, record->session_id, sizeof(record->session_id));
	get_text(&r, record->multi_session_id, sizeof(record->multi_session_id));
	record->user_len = reader_u8(&r);
	if (record->user_len > LIMIT_USER_NAME_BYTES)
		return -EBADMSG;
	reader_copy(&r, (uint8_t *)record->user, record->user_len);
	record->classes.n_bytes = reader_u16(&r);
	if (record->classes.n_bytes > LIMIT_CLASS_BYTES)
		return -EBADMSG;
	reader_copy(&r, record->classes.bytes, record->classes.n_bytes);
	if (r.failed || r.left || version != VERSION || !is_kind(kind) ||
		!are_classes(&record->classes))
		return -EBADMSG;
	return 0;
}
