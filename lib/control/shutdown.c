// SPDX-License-Identifier: BSD-3-Clause
#include "control/shutdown.h"

#include "control/accounting.h"
#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"

enum {
	CONNECTIONS_PER_SLICE = 256,
	CLOSES_PER_SLICE = 512,
	CALLS_PER_SLICE = 512,
	SLOTS_PER_LOOK = 4096,
};

static const uint64_t SLICE_NS = 1000000;
static const uint64_t DRAIN_TICK_NS = 10000000;
static const uint64_t POLITE_NS = 2500000000; // for Terminate-Acks; then calls end at once
static const uint64_t TALK_NS = 3500000000;   // for StopCCRPs; then TCP is closed
static const uint64_t TOTAL_NS = 4000000000;  // for the workers' answers
static const uint64_t TOLD_NS =
	5000000000; // for RADIUS servers to hear of the ends; then the spool does

void shutdown_begin(struct control *c)
{
	struct event e;

	if (c->phase != CONTROL_RUNNING)
		return;
	c->phase = CONTROL_STOPPING;
	c->stop_began_ns = control_now(c);
	c->n_untold = c->n_conns;
	event_begin(&e, EVENT_STOPPING);
	event_u64(&e, "calls", placement_count(&c->placement));
	event_u64(&e, "connections", c->n_conns);
	event_send(c->config.log, &e);
	listener_close_all(c);
	if (c->config.stopping)
		c->config.stopping(c->config.context);
}

// The list is walked from its front; those that have been told go to its end. Nobody joins any more,
// and who leaves meanwhile only makes us tell somebody twice, which changes nothing.
static void stop_slice(struct control *c)
{
	for (int i = 0; i < CONNECTIONS_PER_SLICE && c->n_untold > 0; i++) {
		struct conn *conn = TAILQ_FIRST(&c->conns);
		c->n_untold--;
		if (!conn)
			return;
		TAILQ_REMOVE(&c->conns, conn, in_all);
		TAILQ_INSERT_TAIL(&c->conns, conn, in_all);
		conn_stop(conn, END_ADMIN_SHUTDOWN);
	}
}

// All calls at once would be one turn of hundreds of milliseconds, in which nobody's answer is heard.
static void end_calls_slice(struct control *c)
{
	bool is_end = false;
	struct call *call;

	for (int i = 0; i < CALLS_PER_SLICE && !c->has_cut; i++) {
		call = placement_next(&c->placement, &c->cut_cursor, SLOTS_PER_LOOK, &is_end);
		if (call && call->end == END_NONE) {
			c->n_cut++;
			call_end(call, END_ADMIN_SHUTDOWN);
		}
		c->has_cut = is_end;
	}
}

static void close_slice(struct control *c)
{
	struct conn *conn;
	int n = 0;

	TAILQ_FOREACH(conn, &c->conns, in_all)
	{
		conn_doom(conn, END_ADMIN_SHUTDOWN);
		if (++n == CLOSES_PER_SLICE)
			break;
	}
	conn_reap(c);
}

// What did not end by itself in the time that there is.
static void tell_cut(struct control *c)
{
	uint32_t n_left = placement_count(&c->placement);
	struct event e;

	if (c->n_cut == 0 && n_left == 0)
		return;
	event_begin(&e, EVENT_NOTE);
	event_word(&e, "text", "calls did not answer the end in time");
	event_u64(&e, "cut", c->n_cut);
	event_u64(&e, "left", n_left); // which no worker has given back
	event_send(c->config.log, &e);
}

bool shutdown_go_on(struct control *c)
{
	uint64_t passed = control_now(c) - c->stop_began_ns;

	stop_slice(c);
	if (passed >= POLITE_NS)
		end_calls_slice(c);
	if (passed >= TALK_NS)
		close_slice(c);
	bool has_calls = placement_count(&c->placement) != 0;
	if (c->n_conns == 0 && !has_calls && accounting_drain(c, c->stop_began_ns + TOLD_NS)) {
		tell_cut(c);
		return true;
	}
	if (passed >= (has_calls ? TOTAL_NS : TOLD_NS)) {
		tell_cut(c);
		return true;
	}
	// While there is something to be done, the next slice comes soon; else the deadlines do.
	uint64_t next = passed < POLITE_NS ? POLITE_NS : passed < TALK_NS ? TALK_NS : TOTAL_NS;
	next += c->stop_began_ns;
	if (c->n_untold > 0 || (passed >= POLITE_NS && !c->has_cut) ||
		(passed >= TALK_NS && c->n_conns > 0))
		next = control_now(c) + SLICE_NS;
	if (c->n_conns == 0 && !has_calls)
		next = control_now(c) + DRAIN_TICK_NS;
	timer_heap_arm(&c->loop.timers, &c->stop_timer, next);
	return false;
}
