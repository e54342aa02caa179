// SPDX-License-Identifier: BSD-3-Clause
#include "flow_trace.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

enum { MARK_AT = 32, PKT_BYTES = 100 };

void flow_trace_add(struct flow_trace *t, struct flow_client *c, const uint8_t *ppp, size_t len)
{
	unsigned int i = t->n++;

	ASSERT_LT(i, FLOW_TRACE_FRAMES);
	t->frames[i].len = flow_gre_frame(c, t->frames[i].bytes, c->seq++, ppp, len);
}

void flow_trace_add_data(struct flow_trace *t, struct flow_client *c)
{
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];
	size_t len = flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, PKT_BYTES);

	bytes_put_u32(ip + MARK_AT, t->n);
	len = flow_ppp_data(c, ppp, PPP_IP, ip, len);
	flow_trace_add(t, c, ppp, len);
}

void flow_trace_record(struct flow_trace *t, struct flow_client *c, unsigned int n)
{
	t->first = c->seq;
	t->n = 0;
	for (unsigned int i = 0; i < n; i++)
		flow_trace_add_data(t, c);
}

void flow_trace_push(const struct flow_trace *t, struct flow *f, unsigned int i)
{
	ASSERT_TRUE(flow_push(f, FLOW_OUTSIDE, 0, t->frames[i].bytes, t->frames[i].len));
}

void flow_trace_put(const struct flow_trace *t, struct flow *f, unsigned int i)
{
	flow_trace_push(t, f, i);
	flow_poll(f);
}

int64_t flow_trace_take(struct flow *f)
{
	uint8_t frame[FLOW_FRAME_BYTES];

	if (flow_take(f, FLOW_INSIDE, frame) == 0)
		return -1;
	return bytes_get_u32(frame + FLOW_ETHER_BYTES + MARK_AT);
}
