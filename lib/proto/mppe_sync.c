// SPDX-License-Identifier: BSD-3-Clause
#include "proto/mppe_sync.h"

#include "crypto/op.h"
#include "wire/ppp.h"

#include <string.h>

enum {
	COUNTS = MPPE_COHERENCY_MASK + 1,
	FLAG = 0xff, // low byte of a count before which the key changes (RFC 3078 7.2)
};

_Static_assert((int)MPPE_KEY_RING <= 32, "a bit of `missing` for each key");

void mppe_sync_init(struct mppe_sync *s, bool is_stateless, uint16_t jump_max)
{
	memset(s, 0, sizeof(*s));
	s->at.count = MPPE_COHERENCY_MASK;
	s->jump_max = jump_max > 1 ? jump_max : 1;
	s->credit = MPPE_SYNC_CREDIT_MAX;
	s->is_stateless = is_stateless;
}

// --- how far ----------------------------------------------------------------------------------------

static bool is_flag(uint16_t count)
{
	return (count & FLAG) == FLAG;
}

// Counts of flag packets among the n after count `from`.
static uint32_t flags_within(uint16_t from, uint32_t n)
{
	return ((from + 1U) % (FLAG + 1U) + n) / (FLAG + 1U);
}

// How often the count went round since the last packet: the GRE gap tells, to the nearest. Control frames
// have a GRE number too, and some clients count packets that they then do not send.
static uint32_t laps_before(const struct mppe_sync *s, uint16_t count, uint32_t seq)
{
	int32_t ahead = seq_coherency_ahead(s->at.count, count);
	int32_t gap = s->at.has_seq ? seq_distance(s->at.seq, seq) : 0;
	uint32_t laps = gap > ahead ? (uint32_t)(gap - ahead + COUNTS / 2) / COUNTS : 0;

	return laps <= MPPE_SYNC_LAPS_MAX ? laps : 0;
}

// Packets since the last one, this one among them; 0 for a repeat. Near counts are taken as they are, far
// ones with their laps, until that has failed.
static uint32_t distance(struct mppe_sync *s, uint16_t count, uint32_t seq)
{
	uint32_t ahead = seq_coherency_ahead(s->at.count, count);
	uint32_t laps = laps_before(s, count, seq);
	bool is_near = ahead > 0 && ahead <= s->jump_max;

	bool counts = s->laps == MPPE_LAPS_UNSURE ? !is_near : s->laps == MPPE_LAPS_COUNT;

	s->laps_if_failed = s->laps;
	if (laps > 0)
		s->laps_if_failed = counts ? MPPE_LAPS_IGNORE : MPPE_LAPS_COUNT;
	return counts ? ahead + laps * COUNTS : ahead;
}

// Is this the last packet of a run that wins over the bound?
static bool run_wins(struct mppe_sync *s, uint16_t count)
{
	bool follows = s->run > 0 && seq_coherency_ahead(s->expected, count) < MPPE_SYNC_RUN_GAP;

	if (!follows)
		s->run = 1;
	else if (s->run < MPPE_SYNC_RESYNC_RUN)
		s->run++;
	s->expected = (count + 1) & MPPE_COHERENCY_MASK;
	return s->run >= MPPE_SYNC_RESYNC_RUN;
}

static void advance(struct mppe_sync *s, uint16_t count, uint32_t seq)
{
	s->at.count = count;
	s->at.seq = seq;
	s->at.has_seq = true;
	s->run = 0;
}

// --- received ---------------------------------------------------------------------------------------

bool mppe_sync_is_next(const struct mppe_sync *s, const struct mppe_packet *packet, uint32_t seq)
{
	bool is_flushed = packet->bits & MPPE_PACKET_FLUSHED;

	if (seq_coherency_ahead(s->at.count, packet->count) != 1)
		return false;
	if (s->is_stateless)
		return laps_before(s, packet->count, seq) == 0;
	// Linux sets A on flag packets, the RFC does not; the key changes either way.
	return !s->is_lost && (!is_flushed || is_flag(packet->count));
}

static enum drop_reason take_next(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out)
{
	s->at.walked -= s->at.walked > 0;
	s->at.missing <<= 1;
	advance(s, packet->count, seq);
	*out = (struct mppe_sync_verdict){.kind = MPPE_SYNC_NEXT, .n_changes = 1};
	return DROP_NONE;
}

// After a jump: each change has left a key behind, but those of a walk, which has its key from elsewhere.
static uint32_t missing_after(uint32_t missing, uint32_t n_changes, bool takes_walk)
{
	if (n_changes >= MPPE_KEY_RING)
		return ~UINT32_C(1);
	return (takes_walk ? 0 : missing << n_changes) | ((UINT32_C(1) << n_changes) - 2);
}

// The credit does not pay for n more changes: go as far as it does.
static enum drop_reason walk(struct mppe_sync *s, struct mppe_sync_verdict *out)
{
	if (s->credit == 0)
		return DROP_MPPE_JUMP;
	*out = (struct mppe_sync_verdict){
		.kind = MPPE_SYNC_WALK,
		.n_changes = s->credit,
		.begins_walk = s->at.walked == 0,
	};
	s->at.walked += s->credit;
	s->credit = 0;
	// Counts come near while it walks, and mean the same as before.
	if (s->laps_if_failed == MPPE_LAPS_IGNORE)
		s->laps = MPPE_LAPS_COUNT;
	return DROP_NONE;
}

static enum drop_reason receive_stateless(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out)
{
	if (!(packet->bits & MPPE_PACKET_FLUSHED))
		return DROP_MPPE_BITS;
	if (mppe_sync_is_next(s, packet, seq))
		return take_next(s, packet, seq, out);
	uint32_t ahead = distance(s, packet->count, seq);
	if (ahead == 0)
		return DROP_MPPE_JUMP;
	if (ahead > s->jump_max && !run_wins(s, packet->count))
		return DROP_MPPE_JUMP;
	if (s->at.walked >= ahead)
		s->at.walked = 0; // it went for another packet
	uint32_t n_changes = ahead - s->at.walked;
	if (n_changes - 1 > s->credit)
		return walk(s, out);

	s->credit -= (uint16_t)(n_changes - 1);
	*out = (struct mppe_sync_verdict){
		.kind = MPPE_SYNC_TRIAL,
		.n_changes = (uint16_t)n_changes,
		.takes_walk = s->at.walked > 0,
	};
	s->at.walked = 0;
	s->tried = (uint16_t)n_changes;
	s->at.missing = missing_after(s->at.missing, n_changes, out->takes_walk);
	advance(s, packet->count, seq);
	return DROP_NONE;
}

// Flushed packets that were asked for and have not come, at most.
static uint8_t n_flushes_missing(const struct mppe_sync *s)
{
	uint32_t n = (uint32_t)s->n_told + s->n_owed;

	return n < MPPE_SYNC_FLUSHES_MAX ? (uint8_t)n : MPPE_SYNC_FLUSHES_MAX;
}

// With A: RC4 starts again, with a key that has changed for each flag packet since, and for whatever this
// peer does beyond the RFC.
static enum drop_reason receive_flushed(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out)
{
	uint32_t ahead = distance(s, packet->count, seq);
	uint32_t n_changes = flags_within(s->at.count, ahead);
	uint8_t n_lost = n_flushes_missing(s);
	uint8_t n_tries = (uint8_t)(n_lost + !is_flag(packet->count));

	if (ahead == 0 || n_changes + n_tries > s->credit)
		return DROP_MPPE_JUMP;
	s->credit -= (uint16_t)(n_changes + n_tries);
	s->trial_teaches = !is_flag(packet->count);
	*out = (struct mppe_sync_verdict){
		.kind = MPPE_SYNC_TRIAL,
		.n_changes = (uint16_t)n_changes,
		.restart = true,
		.n_tries = n_tries,
	};
	advance(s, packet->count, seq);
	return DROP_NONE;
}

static enum drop_reason receive_stateful(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out)
{
	uint16_t ahead = seq_coherency_ahead(s->at.count, packet->count);
	bool is_next = mppe_sync_is_next(s, packet, seq);
	bool flag = is_flag(packet->count);

	if (packet->bits & MPPE_PACKET_FLUSHED && !is_next)
		return receive_flushed(s, packet, seq, out);
	if (ahead == 0)
		return DROP_MPPE_JUMP;
	if (ahead > 1) {
		s->is_lost = true;
		return DROP_MPPE_DESYNC;
	}
	s->trial_teaches = false;
	s->laps_if_failed = s->laps;
	*out = (struct mppe_sync_verdict){
		.kind = is_next ? MPPE_SYNC_NEXT : MPPE_SYNC_TRIAL,
		.n_changes = flag,
		.restart = flag,
	};
	advance(s, packet->count, seq);
	return DROP_NONE;
}

// MPPC was not negotiated. The B bit means nothing without it.
static bool is_encrypted(const struct mppe_packet *packet)
{
	const uint16_t checked = MPPE_PACKET_ENCRYPTED | MPPE_PACKET_COMPRESSED;

	return (packet->bits & checked) == MPPE_PACKET_ENCRYPTED;
}

enum drop_reason mppe_sync_receive(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out)
{
	uint16_t credit = s->credit + MPPE_SYNC_CREDIT_PER_PACKET;

	s->credit = credit < MPPE_SYNC_CREDIT_MAX ? credit : MPPE_SYNC_CREDIT_MAX;
	if (!is_encrypted(packet))
		return DROP_MPPE_BITS;
	return s->is_stateless ? receive_stateless(s, packet, seq, out)
			       : receive_stateful(s, packet, seq, out);
}

enum drop_reason mppe_sync_receive_late(struct mppe_sync *s, const struct mppe_packet *packet,
	uint32_t seq, struct mppe_sync_verdict *out)
{
	uint16_t behind = seq_coherency_ahead(packet->count, s->at.count);

	if (!s->is_stateless)
		return DROP_GRE_LATE;
	if (!is_encrypted(packet) || !(packet->bits & MPPE_PACKET_FLUSHED))
		return DROP_MPPE_BITS;
	if (mppe_sync_is_next(s, packet, seq))
		return take_next(s, packet, seq, out);
	if (behind >= MPPE_KEY_RING || !(s->at.missing >> behind & 1))
		return DROP_MPPE_JUMP;
	s->at.missing &= ~(UINT32_C(1) << behind);
	*out = (struct mppe_sync_verdict){.kind = MPPE_SYNC_LATE, .late = (uint8_t)behind};
	return DROP_NONE;
}

void mppe_sync_proved(struct mppe_sync *s, uint8_t n_tried)
{
	if (n_tried > 0)
		s->flush = MPPE_FLUSH_CHANGES;
	else if (s->trial_teaches)
		s->flush = MPPE_FLUSH_RESTARTS;
	s->is_lost = false;
	s->laps = MPPE_LAPS_UNSURE;
	// One of the requests is answered; the answers to the others may still come, or get lost.
	s->n_owed = n_flushes_missing(s);
	s->n_owed -= s->n_owed > 0 && s->trial_teaches;
	s->n_told = 0;
}

// The changes of a trial go over the oldest of the last keys. What these were of cannot be read any more; and with the
// keys that are there now a packet yet to come could be played before its time, as a late one, and then again.
void mppe_sync_undo_trial(struct mppe_sync *s, struct mppe_sync_place before)
{
	mppe_sync_undo(s, before);
	s->at.missing &= s->tried < MPPE_KEY_RING ? UINT32_MAX >> s->tried : 0;
	mppe_sync_stop_walk(s); // it has used the copy up
}

void mppe_sync_failed(struct mppe_sync *s, struct mppe_sync_place before)
{
	s->laps = s->laps_if_failed;
	mppe_sync_undo_trial(s, before);
	mppe_sync_lose(s);
}

void mppe_sync_lose(struct mppe_sync *s)
{
	s->is_lost = !s->is_stateless;
}

bool mppe_sync_is_due(const struct mppe_sync *s, uint64_t now_ns)
{
	uint64_t wait_ns = MPPE_SYNC_TELL_NS;

	if (s->is_stateless || !s->is_lost)
		return false;
	if (s->n_told > 0)
		wait_ns = MPPE_SYNC_TELL_AGAIN_NS << (s->n_told < 5 ? s->n_told - 1 : 4);
	if (wait_ns > MPPE_SYNC_TELL_MAX_NS)
		wait_ns = MPPE_SYNC_TELL_MAX_NS;
	return s->told_ns == 0 || now_ns - s->told_ns >= wait_ns;
}

bool mppe_sync_told(struct mppe_sync *s, uint64_t now_ns)
{
	bool again = s->n_told > 0;

	s->told_ns = now_ns;
	s->n_told += s->n_told < UINT8_MAX;
	return again;
}

// --- sent -------------------------------------------------------------------------------------------

void mppe_sync_flush(struct mppe_sync *s, enum mppe_flush flush, uint64_t now_ns)
{
	if (s->is_stateless)
		return; // every packet is
	if (flush != MPPE_FLUSH_RESTARTS) {
		uint64_t wait_ns = MPPE_SYNC_FLUSH_AGAIN_NS << s->n_told;

		if (now_ns - s->asked_ns > MPPE_SYNC_CALM_NS)
			s->n_told = 0; // the last flush did its work, this is another loss
		s->asked_ns = now_ns;
		if (s->told_ns && now_ns - s->told_ns < wait_ns)
			return;
		s->n_told += s->told_ns && s->n_told < MPPE_SYNC_FLUSH_DOUBLINGS_MAX;
		s->told_ns = now_ns;
	}
	s->at.flush_is_due = true;
}

void mppe_sync_lose_sent(struct mppe_sync *s)
{
	s->at.flush_is_due = !s->is_stateless;
}

void mppe_sync_send(struct mppe_sync *s, enum mppe_flush flush, struct mppe_packet *out,
	struct mppe_sync_verdict *todo)
{
	uint16_t count = (s->at.count + 1) & MPPE_COHERENCY_MASK;
	bool flushes = s->at.flush_is_due;

	if (flushes && flush != MPPE_FLUSH_RESTARTS)
		count |= FLAG;
	bool flag = is_flag(count);

	s->at.count = count;
	s->at.flush_is_due = false;
	out->count = count;
	// Linux wants A where the count ends in FF, and the RFC does not mind: the key has just changed.
	out->bits = MPPE_PACKET_ENCRYPTED;
	if (s->is_stateless || flag || flushes)
		out->bits |= MPPE_PACKET_FLUSHED;
	*todo = (struct mppe_sync_verdict){
		.kind = MPPE_SYNC_NEXT,
		.n_changes = s->is_stateless || flag,
		.restart = !s->is_stateless && (flag || flushes),
	};
}

bool mppe_sync_is_plausible(const uint8_t *data, size_t len)
{
	if (len == 0)
		return false;

	// A compressed protocol field is one odd byte; the high byte of all data protocols is zero.
	size_t at = data[0] == 0;
	if (len <= at)
		return false;

	uint16_t protocol = data[at];
	if (!ppp_protocol_is_valid(protocol) || !ppp_protocol_is_data(protocol))
		return false;
	if (protocol == PPP_IP)
		return len > at + 1 && data[at + 1] >> 4 == 4;
	if (protocol == PPP_IPV6)
		return len > at + 1 && data[at + 1] >> 4 == 6;
	return true;
}
