// SPDX-License-Identifier: BSD-3-Clause
#include "perf/bench_json.h"
#include "perf/fleet/gre_data.h"
#include "perf/fleet/traffic.h"

#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>

static const char *const directions[TRAFFIC_DIRECTIONS] = {"up", "down"};
// How much of the time the fleet may be behind its rate at the end; and for so long it may, however short the time was:
// another program has had the CPU.
#define RATE_MISSED_MAX	  0.05
#define RATE_MISSED_MAX_S 0.2

static const char *const waves[FLEET_WAVES] = {"setups", "extra_setups"};

static double seconds_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0;
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

// --- figures ----------------------------------------------------------------------------------------

struct setup_figures {
	double seconds, per_second, p50_ms, p99_ms;
};

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static struct setup_figures setup_figures(const struct fleet_setups *s)
{
	struct setup_figures out = {.seconds = seconds_between(s->begun_ns, s->settled_ns)};
	uint32_t *took = s->n_up ? malloc(s->n_up * sizeof(*took)) : NULL;

	out.per_second = share(s->n_up, out.seconds);
	if (!took)
		return out;
	memcpy(took, s->took_us, s->n_up * sizeof(*took));
	qsort(took, s->n_up, sizeof(*took), compare_u32);
	out.p50_ms = took[(s->n_up - 1) / 2] / 1e3;
	out.p99_ms = took[(uint64_t)(s->n_up - 1) * 99 / 100] / 1e3;
	free(took);
	return out;
}

// Of one interval and direction.
struct traffic_figures {
	double seconds, mpps, gbit_s, lost_share;
	uint64_t lost, bad;
	double p50, p90, p99, p999, max; // us
};

static double quantile_us(const struct latency *l, double q)
{
	return latency_quantile(l, q) * 1e6 * (1 << CHECK_TIME_SHIFT) / (double)rte_get_tsc_hz();
}

static struct traffic_figures traffic_figures(
	const struct traffic_interval *i, const struct check_counts *c)
{
	struct traffic_figures out = {
		.seconds = (double)(i->ended - i->began) / (double)rte_get_tsc_hz(),
		.lost = check_lost(c),
		.bad = check_bad(c),
		.p50 = quantile_us(&c->latency, 0.5),
		.p90 = quantile_us(&c->latency, 0.9),
		.p99 = quantile_us(&c->latency, 0.99),
		.p999 = quantile_us(&c->latency, 0.999),
		.max = quantile_us(&c->latency, 1),
	};

	out.mpps = share((double)c->good, out.seconds) / 1e6;
	out.gbit_s = share((double)c->good_bytes * 8, out.seconds) / 1e9;
	out.lost_share = share((double)out.lost, (double)c->sent);
	return out;
}

static double busy_share(const struct traffic_interval *i)
{
	return share((double)i->busy_cycles, (double)(i->busy_cycles + i->idle_cycles));
}

// --- the verdict ------------------------------------------------------------------------------------

static bool complain(const char *what, uint64_t n)
{
	if (n)
		printf("NOT RIGHT: %llu %s\n", (unsigned long long)n, what);
	return n == 0;
}

// Did the fleet offer what it was told to? What was due and never left is neither sent nor lost, and times of packets
// are 32 bits wide.
static bool judge_rate(const struct traffic *t)
{
	const struct traffic_interval *last = &t->intervals[t->n_intervals - 1];
	double cycles = (double)(last->ended - t->intervals[0].began);
	bool is_right = true;

	for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++) {
		double behind = share(last->behind[d], cycles);

		if (behind <= RATE_MISSED_MAX ||
			last->behind[d] <= RATE_MISSED_MAX_S * (double)rte_get_tsc_hz())
			continue;
		printf("NOT RIGHT: %.1f %% of the rate %s never left: the fleet, or the CPU that "
		       "it "
		       "has, is too slow\n",
			behind * 100, directions[d]);
		is_right = false;
	}
	if (t->late.max >= UINT32_MAX / 2)
		is_right &= complain("rates so far behind that no latency can be told", 1);
	return is_right;
}

static bool judge_traffic(const struct fleet *f)
{
	const struct traffic *t = f->traffic;
	uint64_t sent = 0, lost = 0, bad = 0, twice = 0;

	for (unsigned int i = 0; i < t->n_intervals; i++)
		for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++) {
			const struct check_counts *c = &t->intervals[i].counts[d];

			sent += c->sent;
			lost += check_lost(c);
			bad += check_bad(c);
			twice += c->twice;
		}
	bool is_right = complain("packets wrong", bad);
	is_right &= complain("packets twice", twice);
	if (share((double)lost, (double)sent) > f->options.allow_loss)
		is_right &= complain("packets lost that nobody lost on purpose", lost);
	if (t->n_intervals && f->setups[FLEET_MAIN].n_up)
		is_right &= judge_rate(t);
	is_right &= complain(
		"packets in the clear to calls that are encrypted", gre_counts_of(f)->clear);
	if (f->options.duration_s > 0 && f->setups[FLEET_MAIN].n_up && sent == 0)
		is_right &= complain("intervals of traffic without a packet", 1);
	return is_right;
}

static bool judge(const struct fleet *f)
{
	const struct fleet_setups *s = f->setups;
	uint64_t n_lost = 0;

	for (uint32_t i = 0; i < f->n_clients; i++)
		n_lost += f->clients[i].state == FLEET_LOST;
	bool is_right = complain("clients did not come up", s[FLEET_MAIN].n - s[FLEET_MAIN].n_up);
	is_right &=
		complain("further clients did not come up", s[FLEET_EXTRA].n - s[FLEET_EXTRA].n_up);
	is_right &= complain("calls ended by themselves", n_lost);
	is_right &= complain("files of keys could not be written", f->has_no_keys_file);
	is_right &= judge_traffic(f);
	if (!f->options.no_hangup) {
		is_right &=
			complain("calls did not end cleanly", f->hangups.n - f->hangups.n_clean);
		is_right &= complain("connections did not end cleanly",
			f->hangups.n_tunnels - f->hangups.n_tunnels_clean);
	}
	return is_right;
}

// --- text -------------------------------------------------------------------------------------------

static void print_setups(const struct fleet *f)
{
	for (unsigned int w = 0; w < FLEET_WAVES; w++) {
		const struct fleet_setups *s = &f->setups[w];
		struct setup_figures g = setup_figures(s);

		if (s->n == 0)
			continue;
		printf("%-12s %u of %u in %.2f s: %.0f a second, p50 %.1f ms, p99 %.1f ms, %u "
		       "failed\n",
			waves[w], s->n_up, s->n, g.seconds, g.per_second, g.p50_ms, g.p99_ms,
			s->n_failed);
	}
}

// Which it was, unless all that were wrong had been damaged on purpose.
static void print_first_bad(const struct traffic *t)
{
	const struct traffic_bad *b = &t->first_bad;
	uint64_t bad = 0;

	for (unsigned int i = 0; i < t->n_intervals; i++)
		for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++)
			bad += check_bad(&t->intervals[i].counts[d]);
	if (!b->has || bad == 0)
		return;
	printf("the first wrong packet, %s, came %s client %u", directions[b->direction],
		b->direction == PAYLOAD_UP ? "from" : "to", b->client);
	if (b->verdict == CHECK_FOREIGN)
		printf(" and was of client %u", b->foreign);
	printf("\n");
}

static void print_traffic(const struct fleet *f)
{
	const struct traffic *t = f->traffic;

	for (unsigned int i = 0; i < t->n_intervals; i++)
		for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++) {
			const struct check_counts *c = &t->intervals[i].counts[d];
			struct traffic_figures g = traffic_figures(&t->intervals[i], c);

			if (c->sent == 0)
				continue;
			printf("%-12s %-4s %.2f s: %.3f Mpps %.3f Gbit/s, lost %llu (%.2g), wrong "
			       "%llu, "
			       "late %llu; us: p50 %.1f p90 %.1f p99 %.1f p99.9 %.1f max %.1f; "
			       "fleet %.0f %% "
			       "busy\n",
				t->intervals[i].name, directions[d], g.seconds, g.mpps, g.gbit_s,
				(unsigned long long)g.lost, g.lost_share, (unsigned long long)g.bad,
				(unsigned long long)c->late, g.p50, g.p90, g.p99, g.p999, g.max,
				busy_share(&t->intervals[i]) * 100);
			if (c->lost_on_purpose + c->damaged_on_purpose + c->reordered_on_purpose)
				printf("             on purpose: lost %llu, damaged %llu (%llu "
				       "arrived "
				       "whole), overtaken %llu\n",
					(unsigned long long)c->lost_on_purpose,
					(unsigned long long)c->damaged_on_purpose,
					(unsigned long long)c->good_though_damaged,
					(unsigned long long)c->reordered_on_purpose);
		}
	print_first_bad(t);
	if (t->n_cut)
		printf("%llu packets were cut to the MTU of their client\n",
			(unsigned long long)t->n_cut);
}

static void print_fleet(const struct fleet *f)
{
	const struct gre_counts *g = gre_counts_of(f);
	const struct traffic *t = f->traffic;

	printf("fleet        GRE %llu in: missing %llu, late %llu, twice %llu, nobody's %llu, "
	       "broken %llu, "
	       "clear %llu, undecryptable %llu; lone acks %llu; not sent: port full %llu, no mbuf "
	       "%llu\n",
		(unsigned long long)g->received, (unsigned long long)g->missing,
		(unsigned long long)g->late, (unsigned long long)g->twice,
		(unsigned long long)g->nobodys, (unsigned long long)g->broken,
		(unsigned long long)g->clear, (unsigned long long)g->undecryptable,
		(unsigned long long)g->lone_acks, (unsigned long long)f->n_tx_dropped,
		(unsigned long long)t->n_no_mbuf);
	if (t->late.n)
		printf("fleet        left behind time, us: p50 %.1f p99 %.1f max %.1f\n",
			quantile_us(&t->late, 0.5), quantile_us(&t->late, 0.99),
			quantile_us(&t->late, 1));
	if (f->hangups.n)
		printf("hangup       %u of %u calls and %u of %u connections cleanly in %.2f s\n",
			f->hangups.n_clean, f->hangups.n, f->hangups.n_tunnels_clean,
			f->hangups.n_tunnels,
			seconds_between(f->hangups.begun_ns, f->hangups.settled_ns));
	for (unsigned int r = FLEET_NONE + 1; r < FLEET_REASONS; r++)
		if (f->reasons[r])
			printf("reason       %u x %s\n", f->reasons[r], fleet_reason_text(r));
	for (unsigned int i = 0; i < FLEET_DETAILS; i++)
		if (f->details[i].n)
			printf("detail       %u x %s: %s\n", f->details[i].n,
				fleet_reason_text(f->details[i].reason), f->details[i].text);
}

// --- JSON -------------------------------------------------------------------------------------------

static void put_setups(struct json *j, const struct fleet *f)
{
	for (unsigned int w = 0; w < FLEET_WAVES; w++) {
		const struct fleet_setups *s = &f->setups[w];
		struct setup_figures g = setup_figures(s);

		if (w != FLEET_MAIN && s->n == 0)
			continue;
		json_open_object(j, waves[w]);
		json_put_count(j, "n", s->n);
		json_put_count(j, "up", s->n_up);
		json_put_count(j, "failed", s->n_failed);
		json_put_number(j, "seconds", g.seconds);
		json_put_number(j, "per_second", g.per_second);
		json_put_number(j, "p50_ms", g.p50_ms);
		json_put_number(j, "p99_ms", g.p99_ms);
		json_close_object(j);
	}
}

static void put_latency(struct json *j, const char *key, const struct latency *l)
{
	json_open_object(j, key);
	json_put_number(j, "p50", quantile_us(l, 0.5));
	json_put_number(j, "p90", quantile_us(l, 0.9));
	json_put_number(j, "p99", quantile_us(l, 0.99));
	json_put_number(j, "p999", quantile_us(l, 0.999));
	json_put_number(j, "max", quantile_us(l, 1));
	json_close_object(j);
}

static void put_lane(struct json *j, const struct traffic_interval *i, unsigned int direction)
{
	const struct check_counts *c = &i->counts[direction];
	struct traffic_figures g = traffic_figures(i, c);

	json_open_object(j, NULL);
	json_put_string(j, "interval", i->name);
	json_put_string(j, "direction", directions[direction]);
	json_put_number(j, "seconds", g.seconds);
	json_put_count(j, "sent", c->sent);
	json_put_count(j, "pkts", c->good);
	json_put_count(j, "bytes", c->good_bytes);
	json_put_number(j, "mpps", g.mpps);
	json_put_number(j, "gbit_s", g.gbit_s);
	json_put_count(j, "lost", g.lost);
	json_put_number(j, "lost_share", g.lost_share);
	json_put_count(j, "bad", g.bad);
	json_put_count(j, "twice", c->twice);
	json_put_count(j, "reordered", c->late);
	json_put_count(j, "lost_on_purpose", c->lost_on_purpose);
	json_put_count(j, "damaged_on_purpose", c->damaged_on_purpose);
	json_put_count(j, "reordered_on_purpose", c->reordered_on_purpose);
	json_put_number(j, "fleet_busy_share", busy_share(i));
	json_put_number(j, "behind_rate_s", i->behind[direction] / (double)rte_get_tsc_hz());
	put_latency(j, "latency_us", &c->latency);
	json_close_object(j);
}

static void put_fleet(struct json *j, const struct fleet *f)
{
	const struct traffic *t = f->traffic;
	uint64_t busy = 0, all = 0;

	for (unsigned int i = 0; i < t->n_intervals; i++) {
		busy += t->intervals[i].busy_cycles;
		all += t->intervals[i].busy_cycles + t->intervals[i].idle_cycles;
	}
	json_open_object(j, "fleet");
	json_put_number(j, "busy_share", share((double)busy, (double)all));
	json_put_count(j, "port_full", f->n_tx_dropped);
	json_put_count(j, "no_mbuf", t->n_no_mbuf);
	json_put_count(j, "lone_acks", gre_counts_of(f)->lone_acks);
	put_latency(j, "behind_time_us", &t->late);
	json_close_object(j);
}

static void put_hangup(struct json *j, const struct fleet *f)
{
	const struct fleet_hangups *h = &f->hangups;

	json_open_object(j, "hangup");
	json_put_count(j, "n", h->n);
	json_put_count(j, "clean", h->n_clean);
	json_put_count(j, "connections", h->n_tunnels);
	json_put_count(j, "connections_clean", h->n_tunnels_clean);
	json_put_number(j, "seconds", seconds_between(h->begun_ns, h->settled_ns));
	json_close_object(j);
}

static void put_reasons(struct json *j, const struct fleet *f)
{
	json_open_object(j, "reasons");
	for (unsigned int r = FLEET_NONE + 1; r < FLEET_REASONS; r++)
		if (f->reasons[r])
			json_put_count(j, fleet_reason_text(r), f->reasons[r]);
	json_close_object(j);
}

static int write_json(const struct fleet *f, bool is_right)
{
	struct json j = {.out = fopen(f->options.json, "w")};

	if (!j.out) {
		fprintf(stderr, "fleet: %s: %s\n", f->options.json, strerror(errno));
		return -errno;
	}
	json_open_object(&j, NULL);
	json_put_bool(&j, "right", is_right);
	put_setups(&j, f);
	json_open_array(&j, "traffic");
	for (unsigned int i = 0; i < f->traffic->n_intervals; i++)
		for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++)
			if (f->traffic->intervals[i].counts[d].sent)
				put_lane(&j, &f->traffic->intervals[i], d);
	json_close_array(&j);
	put_hangup(&j, f);
	put_fleet(&j, f);
	put_reasons(&j, f);
	json_open_array(&j, "options");
	for (int i = 1; i < f->options.argc; i++)
		json_put_string(&j, NULL, f->options.argv[i]);
	json_close_array(&j);
	json_close_object(&j);
	return fclose(j.out) == 0 ? 0 : -errno;
}

int report(struct fleet *f)
{
	bool is_right;

	print_setups(f);
	print_traffic(f);
	print_fleet(f);
	is_right = judge(f);
	printf("%s\n", is_right ? "all right" : "NOT ALL RIGHT");
	if (f->options.json[0] && write_json(f, is_right) != 0)
		is_right = false;
	return is_right ? 0 : 1;
}
