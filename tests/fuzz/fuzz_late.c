// SPDX-License-Identifier: BSD-3-Clause
// Numbers and counts of both windows as somebody may send them who sees the client's, with late packets passed on:
// each key is used for one packet at most, and what is late moves nothing. Keys are the number of changes that made
// them. An input is the allowance and a list of records: kind, GRE number and count, both from where the window is.
#include "crypto/op.h"
#include "fuzz/fuzz.h"
#include "proto/gre_window.h"
#include "proto/mppe_sync.h"

enum {
	RECORD_BYTES = 4, // kind, number, count (2 bytes)
	IS_TRUE = 0x01,	  // a trial proves itself, if its key is the one of its count
	IS_TAKEN = 0x02,  // the driver takes it
	IS_CONTROL = 0x04,
	IS_FAR = 0x08, // the number lies 256 times as far
	JUMP_MAX = 256,
	NEAR = 64,
	CHANGES_MAX = 1 << 20,
};

struct key {
	uint32_t changes; // that made it
	uint32_t ring[MPPE_KEY_RING];
	uint8_t ring_at, ring_n;
	bool has_ring;
};

struct call {
	struct gre_window gre;
	struct mppe_sync sync;
	struct key key, checkpoint;
	uint8_t was_used[CHANGES_MAX /
			 8]; // the key after so many changes, for a packet that was passed on
};

static void change(struct key *k, uint32_t *ring, uint32_t n)
{
	for (; n > 0; n--) {
		k->changes++;
		if (!k->has_ring)
			continue;
		k->ring_at = (k->ring_at + 1) % MPPE_KEY_RING;
		ring[k->ring_at] = k->changes;
		k->ring_n += k->ring_n < MPPE_KEY_RING;
	}
}

static void use(struct call *c, uint32_t changes)
{
	uint8_t bit = (uint8_t)(1 << changes % 8);

	REQUIRE(changes < CHANGES_MAX);
	REQUIRE(!(c->was_used[changes / 8] & bit));
	c->was_used[changes / 8] |= bit;
}

// The ring lies beside the keys: what is taken back is where the key stands in it.
static void restore(struct call *c, const struct key *before)
{
	uint32_t ring[MPPE_KEY_RING];

	memcpy(ring, c->key.ring, sizeof(ring));
	c->key = *before;
	memcpy(c->key.ring, ring, sizeof(ring));
}

static void run_trial(struct call *c, const struct mppe_sync_verdict *v, uint16_t count,
	struct mppe_sync_place before, bool is_true)
{
	struct key saved = c->key;

	if (v->takes_walk) {
		c->key.changes = c->checkpoint.changes;
		c->key.ring_n = 0;
	}
	change(&c->key, c->key.ring, v->n_changes);
	if (is_true && (c->key.changes - 1) % 4096 == count) {
		use(c, c->key.changes);
		mppe_sync_proved(&c->sync, 0);
		return;
	}
	restore(c, &saved);
	mppe_sync_failed(&c->sync, before);
}

static void take_late(struct call *c, const struct mppe_sync_verdict *v, uint16_t count)
{
	REQUIRE(v->late > 0 && v->late < c->key.ring_n && v->n_changes == 0);
	uint32_t made = c->key.ring[(c->key.ring_at + MPPE_KEY_RING - v->late) % MPPE_KEY_RING];

	REQUIRE(made == c->key.changes - v->late);
	REQUIRE((made - 1) % 4096 == count);
	use(c, made);
}

static void receive(struct call *c, uint8_t kind, uint32_t seq, uint16_t count)
{
	const struct mppe_packet packet = {
		.bits = MPPE_PACKET_ENCRYPTED | MPPE_PACKET_FLUSHED, .count = count};
	struct gre_window gre = c->gre;
	enum drop_reason verdict = gre_window_receive(&c->gre, seq, 0);
	struct mppe_sync_verdict v = {0};
	bool is_late = false;

	if (verdict != DROP_NONE) {
		REQUIRE(verdict != DROP_GRE_DUPLICATE || !gre_window_take_late(&c->gre, seq));
		gre = c->gre;
		is_late = gre_window_take_late(&c->gre, seq);
		if (!is_late)
			return;
		REQUIRE(verdict == DROP_GRE_LATE && !gre_window_take_late(&c->gre, seq));
		REQUIRE(gre.highest - seq <= c->gre.late_max && !seq_is_after(gre.base, seq));
		gre.seen = c->gre.seen;
		REQUIRE(memcmp(&gre, &c->gre, sizeof(gre)) == 0);
	}
	if (kind & IS_CONTROL)
		return;
	struct mppe_sync before = c->sync;
	if ((is_late ? mppe_sync_receive_late(&c->sync, &packet, seq, &v)
		     : mppe_sync_receive(&c->sync, &packet, seq, &v)) != DROP_NONE) {
		REQUIRE(!is_late || memcmp(&before, &c->sync, sizeof(before)) == 0);
		return;
	}
	if (!(kind & IS_TAKEN) && v.kind != MPPE_SYNC_LATE) {
		mppe_sync_undo(&c->sync, before.at);
		mppe_sync_stop_walk(&c->sync);
		return;
	}
	switch (v.kind) {
	case MPPE_SYNC_NEXT:
		change(&c->key, c->key.ring, v.n_changes);
		use(c, c->key.changes);
		break;
	case MPPE_SYNC_TRIAL:
		REQUIRE(!is_late);
		run_trial(c, &v, count, before.at, kind & IS_TRUE);
		break;
	case MPPE_SYNC_WALK:
		REQUIRE(!is_late);
		if (v.begins_walk) {
			c->checkpoint = c->key;
			c->checkpoint.has_ring = false;
		}
		change(&c->checkpoint, NULL, v.n_changes);
		break;
	case MPPE_SYNC_LATE:
		REQUIRE(is_late);
		take_late(c, &v, count);
		before.at.missing = c->sync.at.missing;
		REQUIRE(memcmp(&before, &c->sync, sizeof(before)) == 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct call c;

	if (size < 1)
		return 0;
	memset(&c, 0, sizeof(c));
	c.key.has_ring = true;
	gre_window_init(&c.gre, 1024, 0);
	c.gre.late_max = data[0] % (GRE_WINDOW_LATE_MAX + 1);
	mppe_sync_init(&c.sync, true, JUMP_MAX);
	for (size_t at = 1; at + RECORD_BYTES <= size && c.key.changes < CHANGES_MAX / 2;
		at += RECORD_BYTES) {
		const uint8_t *r = data + at;
		int32_t step = (int32_t)r[1] - NEAR;
		uint32_t far = r[0] & IS_FAR ? 256 : 1;
		uint16_t ahead = (uint16_t)(r[2] << 8 | r[3]);

		receive(&c, r[0], c.gre.highest + (uint32_t)step * far,
			(uint16_t)(c.sync.at.count + ahead - NEAR) & MPPE_COHERENCY_MASK);
	}
	return 0;
}
