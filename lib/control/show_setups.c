// SPDX-License-Identifier: BSD-3-Clause
// What new connections wait for: in the kernel, for their turn, for a lane that is behind.
#include "control/show.h"

#include "control/control_state.h"

static void show_now(struct control *c, struct render *r)
{
	const struct setup_pace *p = &c->setup_pace;
	struct listener_queue queue;

	listener_read_queue(c, &queue);
	render_record_begin(r, "setups");
	render_key(r, "in_kernel", "connections that were not taken yet");
	render_u64(r, queue.n);
	render_key(r, "kernel_room", "beyond that the kernel lets clients try again");
	render_u64(r, queue.room);
	render_key(r, "waiting", "were taken and may not begin yet");
	render_u64(r, c->admission.n_waiting);
	render_key(r, "under_way", "on their way to a user's name and a call that is up");
	render_u64(r, c->admission.n_setups);
	render_key(r, "max_setups", NULL);
	render_u64(r, c->admission.limits.max_setups);
	render_key(r, "unauthenticated", NULL);
	render_u64(r, c->admission.n_strangers);
	render_key(r, "max_unauthenticated", NULL);
	render_u64(r, c->admission.limits.max_strangers);
	render_key(r, "may_begin_per_turn", "halves while control is behind");
	render_u64(r, p->budget);
	render_key(r, "lag_us", "since control had served all that there was");
	render_u64(r, p->lag_ns / 1000);
	render_record_end(r);
}

// The last storm, or the one that goes on.
static void show_storm(struct control *c, struct render *r)
{
	const struct setup_pace *p = &c->setup_pace;
	const struct setup_pace_sums *n = p->is_storm ? &p->sums : &p->last;
	uint64_t end_ns = p->is_storm ? control_now(c) : p->ended_ns;

	render_record_begin(r, "last_storm");
	render_key(r, "storms", "since the start");
	render_u64(r, p->n_storms);
	render_key(r, "goes_on", NULL);
	render_word(r, p->is_storm ? "yes" : "no");
	render_key(r, "duration", NULL);
	if (p->n_storms)
		render_duration(r, end_ns - p->began_ns);
	else
		render_none(r);
	render_key(r, "connections_begun", NULL);
	render_u64(r, n->n_begun);
	render_key(r, "most_waiting", NULL);
	render_u64(r, n->waiting_most);
	render_key(r, "longest_wait", NULL);
	render_duration(r, n->wait_longest_ns);
	render_key(r, "longest_turn_us", NULL);
	render_u64(r, n->turn_longest_ns / 1000);
	render_key(r, "longest_lag_us", NULL);
	render_u64(r, n->lag_longest_ns / 1000);
	render_record_end(r);
}

bool show_setups(struct control *c, struct show *s)
{
	show_now(c, &s->render);
	show_storm(c, &s->render);
	return true;
}
