// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/run.h"

#include "perf/fleet/dial.h"
#include "perf/fleet/export_keys.h"
#include "perf/fleet/ports.h"

#include <rte_cycles.h>
#include <stdio.h>
#include <time.h>

enum {
	IDLE_ROUNDS = 64, // with nothing to do before it sleeps
	SLEEP_NS = 20000, // the CPU may be shared with adit's control lane
	N_PHASES = FLEET_DONE + 1,
};

static const char *const phase_names[N_PHASES] = {
	"dial", "traffic", "extra", "hold", "hang up", "done"};

uint64_t fleet_now(void)
{
	static const uint64_t ns_per_s = FLEET_S;
	uint64_t hz = rte_get_tsc_hz(), tsc = rte_rdtsc();

	return tsc / hz * ns_per_s + tsc % hz * ns_per_s / hz;
}

// ---- progress

struct progress {
	uint64_t began_ns, due_ns;
	uint32_t n_up; // set-ups when it was shown last
};

static void show_progress(struct fleet *f, struct progress *p)
{
	char traffic[160];
	const struct fleet_setups *s = f->setups;
	uint32_t n_up = s[FLEET_MAIN].n_up + s[FLEET_EXTRA].n_up;

	if (f->options.progress_s <= 0 || f->now_ns < p->due_ns)
		return;
	p->due_ns = f->now_ns + (uint64_t)(f->options.progress_s * 1e9);
	traffic_progress(f, f->now_ns, traffic, sizeof(traffic));
	fprintf(stderr,
		"%6.1f s  %-7s  dialled %u  up %u  failed %u  under way %u  set-ups/s %.0f%s%s\n",
		(double)(f->now_ns - p->began_ns) / 1e9, phase_names[f->phase],
		s[FLEET_MAIN].n_begun + s[FLEET_EXTRA].n_begun, f->n_up,
		s[FLEET_MAIN].n_failed + s[FLEET_EXTRA].n_failed, f->n_dialling,
		(n_up - p->n_up) / f->options.progress_s, traffic[0] ? "  " : "", traffic);
	p->n_up = n_up;
}

// ---- phases

static void enter(struct fleet *f, enum fleet_phase phase)
{
	f->phase = phase;
	f->phase_began_ns = f->now_ns;
	switch (phase) {
	case FLEET_DIAL:
		dial_begin(f, FLEET_MAIN);
		break;
	case FLEET_TRAFFIC:
		traffic_begin(f, "base");
		f->phase_began_ns = f->now_ns = fleet_now(); // --prepare takes its time
		break;
	case FLEET_EXTRA_DIAL:
		if (f->options.duration_s > 0)
			traffic_begin(f, "dialling");
		dial_begin(f, FLEET_EXTRA);
		break;
	case FLEET_HOLD:
		if (f->options.duration_s > 0)
			traffic_end(f);
		break;
	case FLEET_HANG_UP:
		dial_hang_up(f);
		break;
	case FLEET_DONE:
		break;
	}
}

static bool has_passed(const struct fleet *f, double s)
{
	return f->now_ns - f->phase_began_ns >= (uint64_t)(s * 1e9);
}

static double hold_s(const struct fleet *f)
{
	double drain_s = f->options.duration_s > 0 ? (double)TRAFFIC_DRAIN_NS / 1e9 : 0;

	return f->options.hold_s > drain_s ? f->options.hold_s : drain_s;
}

// What follows a phase that is over.
static void advance(struct fleet *f)
{
	const struct fleet_options *o = &f->options;

	switch (f->phase) {
	case FLEET_DIAL:
		if (!dial_is_settled(f, FLEET_MAIN))
			break;
		f->has_no_keys_file = export_keys(f) != 0;
		if (f->has_no_keys_file)
			enter(f, FLEET_HANG_UP); // who wanted them waits for nothing else
		else
			enter(f, o->duration_s > 0 ? FLEET_TRAFFIC
				 : o->n_extra > 0  ? FLEET_EXTRA_DIAL
						   : FLEET_HOLD);
		break;
	case FLEET_TRAFFIC:
		if (has_passed(f, o->duration_s))
			enter(f, o->n_extra > 0 ? FLEET_EXTRA_DIAL : FLEET_HOLD);
		break;
	case FLEET_EXTRA_DIAL:
		if (dial_is_settled(f, FLEET_EXTRA))
			enter(f, FLEET_HOLD);
		break;
	case FLEET_HOLD:
		if (has_passed(f, hold_s(f)))
			enter(f, o->no_hangup ? FLEET_DONE : FLEET_HANG_UP);
		break;
	case FLEET_HANG_UP:
		if (dial_has_hung_up(f))
			enter(f, FLEET_DONE);
		break;
	case FLEET_DONE:
		break;
	}
}

// SIGINT: at once to the hanging up; once more: out.
static void heed_stop(struct fleet *f)
{
	if (!f->must_stop)
		return;
	f->must_stop = false;
	if (f->phase == FLEET_TRAFFIC || f->phase == FLEET_EXTRA_DIAL)
		traffic_end(f);
	enter(f, f->phase < FLEET_HANG_UP ? FLEET_HANG_UP : FLEET_DONE);
}

static void sleep_if_idle(unsigned int *n_idle, bool is_busy)
{
	const struct timespec nap = {.tv_nsec = SLEEP_NS};

	*n_idle = is_busy ? 0 : *n_idle + 1;
	if (*n_idle >= IDLE_ROUNDS)
		nanosleep(&nap, NULL);
}

void run(struct fleet *f)
{
	unsigned int n_idle = 0;

	f->now_ns = fleet_now();
	struct progress progress = {.began_ns = f->now_ns, .due_ns = f->now_ns};
	enter(f, FLEET_DIAL);
	while (f->phase != FLEET_DONE) {
		uint64_t began = rte_rdtsc();

		f->now_ns = fleet_now();
		bool is_busy = ports_receive(f) > 0;
		is_busy |= dial_run(f);
		is_busy |= traffic_run(f, f->now_ns);
		ports_flush(f);
		advance(f);
		heed_stop(f);
		show_progress(f, &progress);
		// While latency is measured the fleet may not sleep.
		bool may_sleep = f->phase != FLEET_TRAFFIC && f->phase != FLEET_EXTRA_DIAL;
		sleep_if_idle(&n_idle, is_busy || !may_sleep);
		*(is_busy ? &f->busy_cycles : &f->idle_cycles) += rte_rdtsc() - began;
	}
}
