// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_worker.h"

#include "dataplane/lane_clock.h"
#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/inet.h"

#include <stdlib.h>

static const uint64_t reorder_ns = 5 * SIM_MS;
static const uint64_t ack_delay_ns = 500 * SIM_MS;
static const uint64_t longest_call_ns = 2000 * SIM_SEC;

enum {
	SLOT = 5,
	MPPE_JUMP_MAX = 256,
	GRE_JUMP_MAX = 1024,
	REORDER_PKTS = 8,
	MTU = 1400,
};

static struct flow flow;
static uint64_t clock_base_ns, clock_ns;
static unsigned int n_mbufs_before;

// ---- the worker's clock, instead of lib/dataplane/lane_clock.c

void lane_clock_init(struct lane_clock *c)
{
	c->last_ns = clock_ns;
}

uint64_t lane_clock_read(struct lane_clock *c)
{
	c->last_ns = clock_ns;
	return clock_ns;
}

void sim_worker_set_time(uint64_t now_ns)
{
	clock_ns = clock_base_ns + now_ns;
}

// ---- one call

static void stop(void)
{
	flow_close(&flow);
}

static void start(void)
{
	const struct flow_options options = {
		.may_be_stateful = true, .may_be_late = true, .failures_max = 32};

	if (flow.is_open)
		return;
	clock_ns = clock_base_ns = longest_call_ns;
	flow_open(&flow, &options);
	n_mbufs_before = rte_mempool_in_use_count(flow.pool);
	if (atexit(stop) != 0)
		abort();
}

void sim_worker_begin(struct sim_worker *w)
{
	start();
	EXPECT_EQ(rte_mempool_in_use_count(flow.pool), n_mbufs_before); // the last call left none
	clock_base_ns = clock_ns + longest_call_ns;
	sim_worker_set_time(0);
	*w = (struct sim_worker){
		.id = SESSION_ID_NONE, .reorder_due_ns = SIM_NEVER, .ack_due_ns = SIM_NEVER};
}

void sim_worker_command(struct sim_worker *w, const struct lane_command *command)
{
	struct lane_command c = *command;

	c.session_id = w->id;
	EXPECT_TRUE(flow_command(&flow, 0, &c));
}

void sim_worker_add(struct sim_worker *w, uint16_t call_id, uint16_t peer_call_id,
	bool require_encryption, uint16_t late_pkts)
{
	const struct lane_command command = {
		.kind = COMMAND_SESSION_ADD,
		.add = {.outer_local_be = flow_be(FLOW_LISTEN),
			.outer_peer_be = flow_be(SIM_CLIENT_OUTER),
			.call_id = call_id,
			.peer_call_id = peer_call_id,
			.mtu = MTU,
			.require_encryption = require_encryption,
			.ack_delay_us = (uint32_t)(ack_delay_ns / 1000),
			.gre_jump_max = GRE_JUMP_MAX,
			.mppe_jump_max = MPPE_JUMP_MAX,
			.reorder_pkts = REORDER_PKTS,
			.reorder_us = (uint32_t)(reorder_ns / 1000),
			.late_pkts = late_pkts},
	};

	w->id = session_id_make(++flow.generation, 0, SLOT);
	w->call_id = call_id;
	w->requires_encryption = require_encryption;
	sim_worker_command(w, &command);
	owner_map_set_call(flow.owners, 0, call_id, owner_make(0, SLOT));
}

void sim_worker_send_frame(struct sim_worker *w, uint16_t protocol, struct span info)
{
	const struct lane_command command = {.kind = COMMAND_SEND_PPP,
		.packet = flow_mbuf(&flow, info.bytes, info.len),
		.protocol = protocol};

	EXPECT_TRUE(command.packet != NULL);
	sim_worker_command(w, &command);
}

void sim_worker_open(struct sim_worker *w, bool on, uint32_t inner)
{
	const struct lane_command command = {.kind = COMMAND_SESSION_OPEN,
		.open = {.on = on,
			.inner_be = flow_be(inner),
			.require_encryption = w->requires_encryption}};

	if (!w->owned && on)
		EXPECT_EQ(owner_map_set_inner(flow.owners, 0, flow_be(inner), owner_make(0, SLOT)),
			0);
	w->owned = inner;
	sim_worker_command(w, &command);
}

static void discard_all(struct sim_worker *w)
{
	struct lane_event event;

	while (sim_worker_take_event(w, &event))
		rte_pktmbuf_free(event.packet);
	(void)flow_discard(&flow, FLOW_OUTSIDE);
	(void)flow_discard(&flow, FLOW_INSIDE);
}

void sim_worker_delete(struct sim_worker *w)
{
	const struct lane_command command = {.kind = COMMAND_SESSION_DELETE};
	struct lane_event gone;

	if (w->id == SESSION_ID_NONE)
		return;
	owner_map_set_call(flow.owners, 0, w->call_id, OWNER_NONE);
	if (w->owned)
		EXPECT_EQ(owner_map_set_inner(flow.owners, 0, flow_be(w->owned), OWNER_NONE), 0);
	sim_worker_command(w, &command);
	EXPECT_TRUE(flow_event(&flow, 0, LANE_GONE, &gone));
	EXPECT_EQ(gone.session_id, w->id);
	w->id = SESSION_ID_NONE;
	w->reorder_due_ns = w->ack_due_ns = SIM_NEVER;
	discard_all(w);
}

struct session *sim_worker_session(const struct sim_worker *w)
{
	return session_table_find(&flow.sessions[0], w->id);
}

uint64_t sim_worker_drops(enum drop_reason reason)
{
	return flow_drops(&flow, reason);
}

// ---- packets

void sim_worker_receive(struct sim_worker *w, struct span gre, uint64_t now_ns)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	uint16_t len = (uint16_t)(INET_IPV4_HEADER_BYTES + gre.len);

	inet_ipv4_put(ip, flow_be(SIM_CLIENT_OUTER), flow_be(FLOW_LISTEN), GRE_IP_PROTOCOL, len,
		w->outer_ip_id++, 60, 0, false);
	memcpy(ip + INET_IPV4_HEADER_BYTES, gre.bytes, gre.len);
	EXPECT_TRUE(
		flow_put(&flow, FLOW_OUTSIDE, 0, frame, flow_frame(frame, FLOW_OUTSIDE, ip, len)));
	if (w->reorder_due_ns == SIM_NEVER)
		w->reorder_due_ns = now_ns + reorder_ns + 1;
	if (w->ack_due_ns == SIM_NEVER)
		w->ack_due_ns = now_ns + ack_delay_ns + 1;
}

void sim_worker_receive_inside(struct sim_worker *w, struct span ip)
{
	uint8_t frame[FLOW_FRAME_BYTES];

	EXPECT_TRUE(flow_put(
		&flow, FLOW_INSIDE, 0, frame, flow_frame(frame, FLOW_INSIDE, ip.bytes, ip.len)));
}

bool sim_worker_take_event(struct sim_worker *w, struct lane_event *out)
{
	return flow_event(&flow, 0, FLOW_ANY_KIND, out);
}

static size_t take(unsigned int port, size_t n_headers, uint8_t out[FLOW_FRAME_BYTES])
{
	size_t len = flow_take(&flow, port, out);

	if (len == 0)
		return 0;
	EXPECT_GT(len, n_headers);
	memmove(out, out + n_headers, len - n_headers);
	return len - n_headers;
}

size_t sim_worker_take_gre(struct sim_worker *w, uint8_t out[FLOW_FRAME_BYTES])
{
	return take(FLOW_OUTSIDE, FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES, out);
}

size_t sim_worker_take_inside(struct sim_worker *w, uint8_t out[FLOW_FRAME_BYTES])
{
	return take(FLOW_INSIDE, FLOW_ETHER_BYTES, out);
}

uint64_t sim_worker_deadline(const struct sim_worker *w)
{
	return w->reorder_due_ns < w->ack_due_ns ? w->reorder_due_ns : w->ack_due_ns;
}

// What the worker would find in one of its polls without a pause.
void sim_worker_expire(struct sim_worker *w, uint64_t now_ns)
{
	const struct session *s = sim_worker_session(w);

	if (now_ns < sim_worker_deadline(w))
		return;
	flow_poll(&flow);
	if (now_ns >= w->reorder_due_ns)
		w->reorder_due_ns = s && s->n_held ? now_ns + reorder_ns + 1 : SIM_NEVER;
	if (now_ns >= w->ack_due_ns)
		w->ack_due_ns = s && s->gre.owes_ack ? now_ns + ack_delay_ns + 1 : SIM_NEVER;
}
