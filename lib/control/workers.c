// SPDX-License-Identifier: BSD-3-Clause
#include "control/workers.h"

#include "base/secret.h"
#include "control/call.h"
#include "control/call_inner.h"
#include "control/control_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	BACKLOG_SOFT = 8192,
	EVENTS_AT_ONCE = 8,	  // between looks at the clock
	EXCEPTIONS_PER_TURN = 64, // a worker
	STALLED_SECONDS = 3,
};

int workers_init(struct control *c)
{
	struct workers *workers = &c->workers;

	for (unsigned int i = 0; i < c->config.n_workers; i++) {
		struct lane_backlog *b = &workers->backlogs[i];
		b->room = BACKLOG_SOFT + ROUTES_LIVE_MAX + ACLS_LIVE_MAX +
			  c->config.sessions[i]->n_slots;
		// The system gives pages only where they are touched.
		b->commands = malloc(b->room * sizeof(*b->commands));
		if (!b->commands) {
			workers_fini(c);
			return -ENOMEM;
		}
		workers->n++;
	}
	return 0;
}

void workers_fini(struct control *c)
{
	struct lane_command command;

	for (uint32_t i = 0; i < c->workers.n; i++) {
		struct lane_links *links = &c->config.links[i];
		struct lane_backlog *b = &c->workers.backlogs[i];
		struct lane_event event;

		while (lane_ring_take_command(links->commands, &command))
			rte_pktmbuf_free(command.packet);
		while (lane_ring_take_events(links->events, &event, 1) == 1)
			rte_pktmbuf_free(event.packet);
		while (lane_ring_take_events(links->exceptions, &event, 1) == 1)
			rte_pktmbuf_free(event.packet);
		for (; b->n > 0; b->n--, b->oldest = (b->oldest + 1) % b->room)
			secret_wipe_bytes(&b->commands[b->oldest], sizeof(command));
		free(b->commands);
		b->commands = NULL;
	}
	c->workers.n = 0;
	secret_wipe_bytes(&command, sizeof(command));
}

static bool is_unstoppable(enum command_kind kind)
{
	return kind == COMMAND_SESSION_DELETE || kind == COMMAND_TABLE || kind == COMMAND_ACLS;
}

bool workers_send(struct control *c, uint8_t worker, struct lane_command *command)
{
	struct lane_backlog *b = &c->workers.backlogs[worker];
	bool taken = true;

	assert(!command->packet);
	if (b->n > 0 || !lane_ring_put_command(c->config.links[worker].commands, command)) {
		counter_add(&c->counters.command_ring_full, 1);
		taken = b->n < BACKLOG_SOFT || (is_unstoppable(command->kind) && b->n < b->room);
		if (taken)
			b->commands[(b->oldest + b->n++) % b->room] = *command;
	}
	if (command->kind == COMMAND_SESSION_KEYS)
		secret_wipe_bytes(&command->keys, sizeof(command->keys));
	return taken;
}

void workers_send_packet(struct control *c, uint8_t worker, const struct lane_command *command)
{
	if (c->workers.backlogs[worker].n == 0 &&
		lane_ring_put_command(c->config.links[worker].commands, command))
		return;
	counter_add(&c->counters.command_ring_full, 1);
	rte_pktmbuf_free(command->packet);
}

void workers_flush(struct control *c)
{
	for (uint32_t i = 0; i < c->workers.n; i++) {
		struct lane_backlog *b = &c->workers.backlogs[i];
		while (b->n > 0) {
			struct lane_command *first = &b->commands[b->oldest];
			if (!lane_ring_put_command(c->config.links[i].commands, first))
				break;
			if (first->kind == COMMAND_SESSION_KEYS)
				secret_wipe_bytes(&first->keys, sizeof(first->keys));
			b->oldest = (b->oldest + 1) % b->room;
			b->n--;
		}
	}
}

struct rte_mbuf *workers_packet(struct control *c, struct span bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->config.pool);
	char *at = m && bytes.len <= UINT16_MAX ? rte_pktmbuf_append(m, (uint16_t)bytes.len) : NULL;

	if (!at) {
		rte_pktmbuf_free(m);
		counter_add(&c->counters.drops[DROP_NO_MBUF], 1);
		return NULL;
	}
	if (bytes.len)
		memcpy(at, bytes.bytes, bytes.len);
	return m;
}

static void take_ppp(struct control *c, struct lane_event *e)
{
	uint8_t copy[LIMIT_PPP_FRAME_BYTES];
	struct call *call = placement_find(&c->placement, e->session_id);
	uint32_t len = rte_pktmbuf_pkt_len(e->packet);

	if (!call) {
		counter_add(&c->counters.stale_events, 1);
	} else if (len > sizeof(copy)) {
		counter_add(&c->counters.drops[DROP_TOO_BIG], 1);
	} else {
		counter_add(&c->counters.ppp_in, 1);
		const void *info = rte_pktmbuf_read(e->packet, 0, len, copy);
		call_receive(call, e->protocol, span_of(info, len));
	}
	rte_pktmbuf_free(e->packet);
}

static void take_exception(struct control *c, struct lane_event *e)
{
	address_probe_look(c, e->port, e->packet);
	if (networks_to_kernel(&c->networks, e->port, e->packet) != 0) {
		counter_add(&c->counters.drops[DROP_TAP_FAILED], 1);
	} else {
		counter_add(&c->counters.tap_out, 1);
	}
	rte_pktmbuf_free(e->packet);
}

static void take_call_event(struct control *c, struct lane_event *e)
{
	struct call *call = placement_find(&c->placement, e->session_id);

	if (!call) {
		counter_add(&c->counters.stale_events, 1);
		rte_pktmbuf_free(e->packet);
		return;
	}
	switch (e->kind) {
	case LANE_GONE:
		call_gone(call, &e->totals);
		break;
	case LANE_CLEAR_DATA:
		call_saw_clear_data(call);
		break;
	case LANE_DECRYPT_FAILURES:
		call_cannot_decrypt(call);
		break;
	case LANE_DESYNC:
		call_lost_sync(call);
		break;
	case LANE_MOVED:
		call_moved(call, e->outer_peer_be);
		break;
	case LANE_IDLE:
		call_idle(call);
		break;
	case LANE_INNER:
		call_inner_receive(call, e->packet);
		break;
	case LANE_PPP:
	case LANE_EXCEPTION:
	case LANE_UNRESOLVED:
	case LANE_TABLE_RETIRED:
	case LANE_ACLS_RETIRED:
		break; // not of a call
	}
}

static void take_event(struct control *c, struct lane_event *e)
{
	switch (e->kind) {
	case LANE_PPP:
		take_ppp(c, e);
		return;
	case LANE_EXCEPTION:
		take_exception(c, e);
		return;
	case LANE_UNRESOLVED:
		if (routes_hold(c, e->port, e->vlan, e->next_hop_be, e->packet) != 0)
			counter_add(&c->counters.drops[DROP_NO_NEIGHBOR], 1);
		return;
	case LANE_TABLE_RETIRED:
		routes_retired(c, e->routes);
		return;
	case LANE_ACLS_RETIRED:
		acls_retired(c, e->acls);
		return;
	case LANE_IDLE:
	case LANE_INNER:
	case LANE_DESYNC:
	case LANE_MOVED:
	case LANE_CLEAR_DATA:
	case LANE_DECRYPT_FAILURES:
	case LANE_GONE:
		take_call_event(c, e);
		return;
	}
}

// Returns whether it may have more.
static bool take_some(struct control *c, struct rte_ring *ring)
{
	struct lane_event events[EVENTS_AT_ONCE];
	unsigned int n = lane_ring_take_events(ring, events, EVENTS_AT_ONCE);

	for (unsigned int i = 0; i < n; i++)
		take_event(c, &events[i]);
	return n == EVENTS_AT_ONCE;
}

// Worker after worker, as long as time is; who did not have his turn begins the next time.
static bool take_events(struct control *c)
{
	struct workers *workers = &c->workers;
	uint64_t end_ns = loop_slice_end();

	for (uint32_t n_empty = 0; n_empty < workers->n;) {
		struct rte_ring *ring = c->config.links[workers->next].events;

		n_empty = take_some(c, ring) ? 0 : n_empty + 1;
		workers->next = (workers->next + 1) % workers->n;
		if (loop_slice_is_over(end_ns))
			return n_empty < workers->n;
	}
	return false;
}

static bool take_exceptions(struct control *c, struct rte_ring *ring)
{
	for (unsigned int n = 0; n < EXCEPTIONS_PER_TURN; n += EVENTS_AT_ONCE)
		if (!take_some(c, ring))
			return false;
	return true;
}

bool workers_take(struct control *c)
{
	// What concerns sessions first, so that a flood of exceptions does not delay it.
	bool more = take_events(c);

	for (uint32_t i = 0; i < c->workers.n; i++)
		more |= take_exceptions(c, c->config.links[i].exceptions);
	return more;
}

bool workers_have_work(const struct control *c)
{
	for (uint32_t i = 0; i < c->workers.n; i++) {
		const struct lane_links *links = &c->config.links[i];
		if (!rte_ring_empty(links->events) || !rte_ring_empty(links->exceptions))
			return true;
		if (c->workers.backlogs[i].n > 0 && !rte_ring_full(links->commands))
			return true;
	}
	return false;
}

bool workers_have_backlog(const struct control *c)
{
	for (uint32_t i = 0; i < c->workers.n; i++)
		if (c->workers.backlogs[i].n > 0)
			return true;
	return false;
}

void workers_check(struct control *c)
{
	struct workers *workers = &c->workers;

	for (uint32_t i = 0; i < workers->n; i++) {
		uint64_t commands = counter_read(&c->config.counters[i]->commands);
		bool moves = commands != workers->commands_seen[i] ||
			     rte_ring_empty(c->config.links[i].commands);
		workers->commands_seen[i] = commands;
		if (moves) {
			workers->n_stalled_seconds[i] = 0;
			workers->is_stalled[i] = false;
			continue;
		}
		if (workers->is_stalled[i] || ++workers->n_stalled_seconds[i] < STALLED_SECONDS)
			continue;
		workers->is_stalled[i] = true;
		struct event e;
		event_begin(&e, EVENT_LANE_STALLED);
		event_u64(&e, "worker", i);
		event_u64(&e, "commands-waiting", rte_ring_count(c->config.links[i].commands));
		event_send(c->config.log, &e);
	}
}
