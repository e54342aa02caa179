// SPDX-License-Identifier: BSD-3-Clause
#include "control/setup_pace.h"

enum { STORM_QUIET_S = 2 };

static const uint64_t LATE_NS = 10000000;
static const uint64_t STORM_WAIT_NS = 300000000;

static void raise_to(uint64_t *most, uint64_t value)
{
	if (value > *most)
		*most = value;
}

void setup_pace_init(struct setup_pace *p, uint64_t now_ns)
{
	*p = (struct setup_pace){.budget = SETUP_PACE_BUDGET_MAX, .caught_up_ns = now_ns};
}

void setup_pace_turn(struct setup_pace *p, bool is_behind, uint64_t now_ns)
{
	if (!is_behind)
		p->caught_up_ns = now_ns;
	p->lag_ns = now_ns - p->caught_up_ns;
	raise_to(&p->sums.lag_longest_ns, p->lag_ns);
	if (p->lag_ns >= LATE_NS)
		p->budget = p->budget > 1 ? p->budget / 2 : 1;
	else if (p->budget < SETUP_PACE_BUDGET_MAX)
		p->budget++;
}

void setup_pace_turn_took(struct setup_pace *p, uint64_t ns)
{
	raise_to(&p->sums.turn_longest_ns, ns);
}

void setup_pace_note(struct setup_pace *p, uint32_t n_waiting, bool is_held, uint64_t now_ns)
{
	if (n_waiting > p->sums.waiting_most)
		p->sums.waiting_most = n_waiting;
	if (!is_held) {
		p->held_since_ns = 0;
		return;
	}
	if (p->held_since_ns == 0)
		p->held_since_ns = now_ns;
	raise_to(&p->held_longest_ns, now_ns - p->held_since_ns);
}

void setup_pace_begun(struct setup_pace *p, uint64_t waited_ns)
{
	p->sums.n_begun++;
	raise_to(&p->sums.wait_longest_ns, waited_ns);
}

// The numbers of the second in which it began are part of it; before that they are only the last second's.
static void count_anew(struct setup_pace *p)
{
	p->sums = (struct setup_pace_sums){0};
}

enum setup_pace_news setup_pace_second(struct setup_pace *p, uint64_t now_ns)
{
	bool was_held = p->held_longest_ns >= STORM_WAIT_NS;

	p->held_longest_ns = 0;
	if (p->is_storm) {
		p->n_quiet_seconds = was_held ? 0 : p->n_quiet_seconds + 1;
		if (p->n_quiet_seconds < STORM_QUIET_S)
			return SETUP_PACE_NOTHING;
		p->is_storm = false;
		p->ended_ns = now_ns;
		p->last = p->sums;
		count_anew(p);
		return SETUP_PACE_STORM_ENDED;
	}
	if (was_held) {
		p->is_storm = true;
		p->n_quiet_seconds = 0;
		p->began_ns = now_ns;
		p->n_storms++;
		return SETUP_PACE_STORM_BEGAN;
	}
	count_anew(p);
	return SETUP_PACE_NOTHING;
}
