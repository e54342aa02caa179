// SPDX-License-Identifier: BSD-3-Clause
#include "control/shutdown.h"

#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"

enum { CONNECTIONS_PER_SLICE = 256 };

static const uint64_t SLICE_NS = 1000000;
static const uint64_t POLITE_NS = 2500000000; // for Terminate-Acks; then calls end at once
static const uint64_t TALK_NS = 3500000000;   // for StopCCRPs; then TCP is closed
static const uint64_t TOTAL_NS = 4000000000;  // for the workers' answers

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

static void end_calls_now(struct control *c)
{
	uint32_t cursor = 0;
	bool is_end;
	struct call *call;

	while ((call = placement_next(&c->placement, &cursor, UINT32_MAX, &is_end)))
		call_end(call, END_ADMIN_SHUTDOWN);
}

static void close_all(struct control *c)
{
	struct conn *conn;

	TAILQ_FOREACH(conn, &c->conns, in_all)
	conn_doom(conn, END_ADMIN_SHUTDOWN);
	conn_reap(c);
}

bool shutdown_go_on(struct control *c)
{
	uint64_t passed = control_now(c) - c->stop_began_ns;

	stop_slice(c);
	if (passed >= POLITE_NS)
		end_calls_now(c);
	if (passed >= TALK_NS)
		close_all(c);
	if (c->n_conns == 0 && placement_count(&c->placement) == 0)
		return true;
	if (passed >= TOTAL_NS)
		return true;
	// While there are connections to be told, the next slice comes soon; else the deadlines do.
	uint64_t next = passed < POLITE_NS ? POLITE_NS : passed < TALK_NS ? TALK_NS : TOTAL_NS;
	next += c->stop_began_ns;
	if (c->n_untold > 0)
		next = control_now(c) + SLICE_NS;
	timer_heap_arm(&c->loop.timers, &c->stop_timer, next);
	return false;
}
