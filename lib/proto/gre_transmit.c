// SPDX-License-Identifier: BSD-3-Clause
#include "proto/gre_transmit.h"

#include <string.h>

static uint32_t clamp(uint32_t v, uint32_t min, uint32_t max)
{
	if (v > max)
		return max;
	return v < min ? min : v;
}

// 4.4.1: ATO = MAX (MinTimeOut, MIN (RTT + chi * DEV, MaxTimeOut)).
static void set_timeout(struct gre_transmit *t)
{
	t->timeout_us = clamp(
		(t->rtt_8_us >> 3) + t->dev_4_us, GRE_TRANSMIT_TIMEOUT_MIN_US, t->timeout_max_us);
}

// An RTT above MaxTimeOut would have no more effect, but take its time to come down again.
static void set_rtt(struct gre_transmit *t, uint64_t rtt_8_us)
{
	uint64_t max = 8ULL * t->timeout_max_us;

	t->rtt_8_us = (uint32_t)(rtt_8_us < max ? rtt_8_us : max);
}

void gre_transmit_init(
	struct gre_transmit *t, uint16_t window_max, uint32_t delay_us, uint32_t timeout_max_us)
{
	const uint32_t longest_us = UINT32_MAX / 16; // what the scaled numbers hold

	memset(t, 0, sizeof(*t));
	t->window_max = window_max;
	t->window = window_max > 1 ? window_max / 2 : 1; // 4.2.1
	while ((uint32_t)(window_max - 1) >> t->stamp_bits >= GRE_TRANSMIT_STAMPS)
		t->stamp_bits++;
	t->timeout_max_us = clamp(timeout_max_us, GRE_TRANSMIT_TIMEOUT_MIN_US, longest_us);
	t->expires_ns = GRE_TRANSMIT_NEVER;
	set_rtt(t, 8ULL * delay_us);
	set_timeout(t);
}

static void arm(struct gre_transmit *t, uint64_t now_ns)
{
	t->expires_ns = now_ns + 1000ULL * t->timeout_us;
}

static uint32_t *stamp_of(struct gre_transmit *t, uint32_t seq)
{
	return &t->sent_us[(seq >> t->stamp_bits) % GRE_TRANSMIT_STAMPS];
}

void gre_transmit_sent(struct gre_transmit *t, uint32_t seq, uint64_t now_ns)
{
	*stamp_of(t, seq) = (uint32_t)(now_ns / 1000);
	if (t->expires_ns == GRE_TRANSMIT_NEVER)
		arm(t, now_ns);
}

// 4.2.5: the time since the highest number that was acknowledged was sent. With more numbers than stamps
// it is the last one of its group. What is given up still tells how long an ack takes: since nothing
// is sent twice there is no doubt which packet it is for.
static void take_sample(struct gre_transmit *t, uint32_t ack, uint32_t next_seq, uint64_t now_ns)
{
	uint32_t reach = (uint32_t)(GRE_TRANSMIT_STAMPS - 1) << t->stamp_bits;

	if (next_seq - 1 - ack > reach) // its stamp may be another's by now
		return;
	uint32_t sample_us = (uint32_t)(now_ns / 1000) - *stamp_of(t, ack);
	if (sample_us > t->timeout_max_us)
		sample_us = t->timeout_max_us;
	int32_t diff = (int32_t)(sample_us - (t->rtt_8_us >> 3));
	uint32_t abs_diff = (uint32_t)(diff < 0 ? -diff : diff);
	t->dev_4_us += abs_diff - (t->dev_4_us >> 2);
	set_rtt(t, (uint64_t)((int64_t)t->rtt_8_us + diff));
	set_timeout(t);
}

// 4.2.3: one packet more for every window that was acknowledged without a time-out.
static void open_window(struct gre_transmit *t, uint32_t n)
{
	if (n < (uint32_t)(t->window - t->n_acked)) {
		t->n_acked = (uint16_t)(t->n_acked + n);
		return;
	}
	t->n_acked = 0;
	if (t->window < t->window_max)
		t->window++;
}

void gre_transmit_acked(struct gre_transmit *t, uint32_t ack, uint32_t next_seq, uint64_t now_ns)
{
	uint32_t n = ack + 1 - t->unacked;

	take_sample(t, ack, next_seq, now_ns);
	if (n == 0 || n > next_seq - t->unacked)
		return; // given up before
	t->unacked = ack + 1;
	open_window(t, n);
	if (t->unacked == next_seq)
		t->expires_ns = GRE_TRANSMIT_NEVER;
	else
		arm(t, now_ns);
}

bool gre_transmit_expire(struct gre_transmit *t, uint32_t next_seq, uint64_t now_ns)
{
	if (now_ns < t->expires_ns)
		return false;
	t->unacked = next_seq;
	t->window = (uint16_t)((t->window + 1) / 2); // 4.2.2: rounded up
	t->n_acked = 0;
	t->expires_ns = GRE_TRANSMIT_NEVER;
	set_rtt(t, 2ULL * t->rtt_8_us); // 4.4.2: delta 2, DEV stays
	set_timeout(t);
	return true;
}
