// SPDX-License-Identifier: BSD-3-Clause
// Packets of one client as they left it, to be sent in another order.
#pragma once

#include "flow.h"

enum { FLOW_TRACE_FRAMES = 3000 };

struct flow_trace {
	uint32_t first; // GRE number of frame 0
	unsigned int n;
	struct {
		size_t len;
		uint8_t bytes[200];
	} frames[FLOW_TRACE_FRAMES];
};

// Begin anew, with n packets with data.
void flow_trace_record(struct flow_trace *t, struct flow_client *c, unsigned int n);
// The next packet with data, to the host; its place in the trace is in it.
void flow_trace_add_data(struct flow_trace *t, struct flow_client *c);
// The next packet, whatever PPP frame it carries.
void flow_trace_add(struct flow_trace *t, struct flow_client *c, const uint8_t *ppp, size_t len);

// Frame i comes to the worker, and is worked off or waits for flow_poll().
void flow_trace_put(const struct flow_trace *t, struct flow *f, unsigned int i);
void flow_trace_push(const struct flow_trace *t, struct flow *f, unsigned int i);
// Place in its trace of the next packet that left by the inside port, -1 for none.
int64_t flow_trace_take(struct flow *f);
