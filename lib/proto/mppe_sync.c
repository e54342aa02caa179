// SPDX-License-Identifier: BSD-3-Clause
#include "proto/mppe_sync.h"

#include "wire/ppp.h"

#include <assert.h>
#include <string.h>

void mppe_sync_init(struct mppe_sync *s, bool is_stateless, uint16_t jump_max)
{
	assert(is_stateless);
	memset(s, 0, sizeof(*s));
	s->last = SEQ_COHERENCY_MASK;
	s->jump_max = jump_max > 1 ? jump_max : 1;
	s->credit = MPPE_SYNC_CREDIT_MAX;
	s->is_stateless = is_stateless;
}

// Is this the last packet of a run that wins over the bound?
static bool run_wins(struct mppe_sync *s, uint16_t count)
{
	bool follows = s->run > 0 && count == s->expected;

	if (!follows)
		s->run = 1;
	else if (s->run < MPPE_SYNC_RESYNC_RUN)
		s->run++;
	s->expected = (count + 1) & MPPE_COHERENCY_MASK;
	return s->run >= MPPE_SYNC_RESYNC_RUN;
}

enum drop_reason mppe_sync_receive(
	struct mppe_sync *s, const struct mppe_packet *packet, struct mppe_sync_verdict *out)
{
	const uint16_t wanted = MPPE_PACKET_ENCRYPTED | MPPE_PACKET_FLUSHED;
	uint16_t n_changes = seq_coherency_ahead(s->last, packet->count);
	uint16_t credit = s->credit + MPPE_SYNC_CREDIT_PER_PACKET;

	s->credit = credit < MPPE_SYNC_CREDIT_MAX ? credit : MPPE_SYNC_CREDIT_MAX;
	// MPPC was not negotiated. The B bit means nothing without it.
	if ((packet->bits & (wanted | MPPE_PACKET_COMPRESSED)) != wanted)
		return DROP_MPPE_BITS;
	if (n_changes == 0)
		return DROP_MPPE_JUMP;
	if (n_changes > s->jump_max && !run_wins(s, packet->count))
		return DROP_MPPE_JUMP;
	if (n_changes - 1 > s->credit)
		return DROP_MPPE_JUMP;

	s->credit -= n_changes - 1;
	s->last = packet->count;
	s->run = 0;
	out->n_changes = n_changes;
	out->is_jump = n_changes > 1;
	return DROP_NONE;
}

void mppe_sync_send(struct mppe_sync *s, struct mppe_packet *out, uint16_t *n_changes)
{
	s->last = (s->last + 1) & MPPE_COHERENCY_MASK;
	out->count = s->last;
	out->bits = MPPE_PACKET_ENCRYPTED | MPPE_PACKET_FLUSHED;
	*n_changes = 1;
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
