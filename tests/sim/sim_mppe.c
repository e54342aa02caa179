// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_mppe.h"

#include "base/bytes.h"
#include "wire/mppe.h"

#include <string.h>

enum {
	COUNTS = 4096,
	PAGE = 256,
	BEHIND = 256, // counts that are old ones and not far ahead
};

static void restart(struct sim_mppe *m)
{
	arcfour_set_key(&m->rc4, mppe_key_len(m->mode.strength), m->key);
}

static void change_key(struct sim_mppe *m)
{
	mppe_key_change(m->mode.strength, m->start, m->key);
	restart(m);
}

void sim_mppe_begin(struct sim_mppe *m, const struct mppe_mode *mode, enum sim_mppe_kind kind,
	const uint8_t start[16])
{
	*m = (struct sim_mppe){.mode = *mode, .kind = kind, .count = COUNTS - 1};
	memcpy(m->start, start, sizeof(m->start));
	mppe_key_initial(mode->strength, start, m->key);
	restart(m);
}

// Does the count of this packet end a page of 256? Then the key changes before it.
static bool ends_page(uint16_t count)
{
	return count % PAGE == PAGE - 1;
}

void sim_mppe_seal(struct sim_mppe *m, uint8_t header[2], uint8_t *data, size_t len)
{
	uint16_t bits = MPPE_PACKET_ENCRYPTED;

	m->count = (m->count + 1) % COUNTS;
	if (m->mode.is_stateless) {
		bits |= MPPE_PACKET_FLUSHED;
		change_key(m);
	} else if (m->kind == SIM_MPPE_LINUX) {
		if (ends_page(m->count) || m->flushes) {
			bits |= MPPE_PACKET_FLUSHED;
			change_key(m);
		}
	} else {
		if (ends_page(m->count))
			change_key(m);
		if (m->flushes) {
			bits |= MPPE_PACKET_FLUSHED;
			restart(m);
		}
	}
	m->flushes = false;
	mppe_packet_put(header, bits, m->count);
	arcfour_crypt(&m->rc4, len, data, data);
}

static enum sim_mppe_result open_stateless(struct sim_mppe *m, uint16_t count, bool is_flushed)
{
	uint16_t ahead = (uint16_t)(COUNTS + count - m->count) % COUNTS;

	if (!is_flushed)
		return SIM_MPPE_BAD;
	if (ahead == 0 || ahead > COUNTS - BEHIND)
		return SIM_MPPE_OLD;
	for (; m->count != count; m->count = (m->count + 1) % COUNTS)
		change_key(m);
	return SIM_MPPE_TAKEN;
}

static enum sim_mppe_result open_linux(struct sim_mppe *m, uint16_t count, bool is_flushed)
{
	if (!m->is_deaf) {
		m->count = (m->count + 1) % COUNTS;
		if (count != m->count) {
			m->is_deaf = true;
			return SIM_MPPE_LOST;
		}
		if (ends_page(count) && !is_flushed)
			return SIM_MPPE_BAD;
	} else {
		if (!is_flushed)
			return SIM_MPPE_LOST;
		for (; count / PAGE != m->count / PAGE; m->count = (m->count + PAGE) % COUNTS)
			change_key(m);
		m->is_deaf = false;
		m->count = count;
	}
	if (is_flushed)
		change_key(m);
	return SIM_MPPE_TAKEN;
}

static enum sim_mppe_result open_rfc(struct sim_mppe *m, uint16_t count, bool is_flushed)
{
	uint16_t ahead = (uint16_t)(COUNTS + count - m->count) % COUNTS;

	if (ahead == 0 || ahead > COUNTS - BEHIND)
		return SIM_MPPE_OLD;
	if (!is_flushed && (m->is_deaf || ahead != 1)) {
		m->is_deaf = true;
		return SIM_MPPE_LOST;
	}
	for (; m->count != count; m->count = (m->count + 1) % COUNTS)
		if (ends_page((m->count + 1) % COUNTS))
			change_key(m);
	if (is_flushed)
		restart(m);
	m->is_deaf = false;
	return SIM_MPPE_TAKEN;
}

enum sim_mppe_result sim_mppe_open(
	struct sim_mppe *m, const uint8_t header[2], uint8_t *data, size_t len)
{
	uint16_t v = bytes_get_u16(header);
	uint16_t count = v & MPPE_COHERENCY_MASK;
	bool is_flushed = v & MPPE_PACKET_FLUSHED;
	enum sim_mppe_result result;

	if (!(v & MPPE_PACKET_ENCRYPTED) || v & MPPE_PACKET_COMPRESSED)
		return SIM_MPPE_BAD;
	if (m->mode.is_stateless)
		result = open_stateless(m, count, is_flushed);
	else if (m->kind == SIM_MPPE_LINUX)
		result = open_linux(m, count, is_flushed);
	else
		result = open_rfc(m, count, is_flushed);
	if (result == SIM_MPPE_TAKEN)
		arcfour_crypt(&m->rc4, len, data, data);
	return result;
}
