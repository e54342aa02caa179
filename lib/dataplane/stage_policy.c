// SPDX-License-Identifier: BSD-3-Clause
// What the policy of a session lets through: access lists, rates, and whether it is idle. Asked about inner packets of
// sessions with SESSION_POLICY, and of no others.
//
// A rate is a token bucket in the form of dataplane/gate.h, with a cost a byte and time in ticks of 1/16 ns: at
// 100 Gbit/s a packet of 40 bytes takes 3.2 ns, and with whole ones it would have a rate of its own. What a list
// denies is no sign of life and costs no rate; what a rate drops is a sign of life. Of what adit itself has to say to a
// client (ICMP), and of DHCP that it answers, no list is asked.
//
// Behind its own rate a session's packets take part in that of its tenant, of which each worker has a share: nothing here is
// looked at by two workers.
//
// The idle timer stands in a wheel that packets do not touch: they leave the time, and when the timer comes out it is armed
// for the rest of it. So a session costs a look each idle time, however much it sends.
#include "dataplane/lane.h"

enum {
	ICMP_UNREACHABLE = 3,
	ICMP_ADMIN_PROHIBITED = 13, // RFC 1812 5.2.7.1
	COST_BITS = 20,
	TICK_BITS = 4, // of a nanosecond
	BITS_OF_BYTE = 8,
};

#define SECOND_NS UINT64_C(1000000000)

// The products below fit 64 bits within these, and the clock in ticks does for 36 years.
static const uint64_t RATE_MIN_BPS = 1000;
static const uint32_t BURST_MAX_BYTES = 1 << 30;

static bool has_rate(const struct session_rate *r)
{
	return r->byte_cost > 0;
}

static bool pass_rate(struct session_rate *r, uint16_t n_bytes, uint64_t now_ns)
{
	return !has_rate(r) || gate_pass_at(&r->used_until, n_bytes * r->byte_cost >> COST_BITS,
				       r->burst, now_ns << TICK_BITS);
}

// All sessions of a tenant that this worker has share this; other workers have shares of their own.
static bool pass_tenant(struct session_rate *r, uint64_t *n_passed, uint64_t *n_refused,
	uint16_t n_bytes, uint64_t now_ns)
{
	bool passes = pass_rate(r, n_bytes, now_ns);

	counter_add(passes ? n_passed : n_refused, n_bytes);
	return passes;
}

static struct session_tenant *tenant_of(const struct worker *w, const struct session *s)
{
	const struct session_table *t = w->config.sessions;

	return s->flags & SESSION_TENANT_RATE && s->tenant < t->n_tenants ? &t->tenants[s->tenant]
									  : NULL;
}

// DHCP that control answers, where the user's group has it do so.
static bool is_for_control(const struct worker *w, const struct pkt *p)
{
	return p->s->flags & SESSION_DHCP_INFORM && inner_is_dhcp(p) &&
	       (p->ip.destination_be == UINT32_MAX ||
		       p->ip.destination_be == lane_server_be(w, p->s->tenant));
}

uint8_t stage_policy_up(struct worker *w, struct pkt *p)
{
	struct session_policy *policy = session_table_policy(w->config.sessions, p->s);

	if (policy->acl_up != ACL_NONE && !is_for_control(w, p) &&
		!acl_permits(w->acls, policy->acl_up, &p->ip, pkt_data(p))) {
		counter_add(&policy->acl_drops_up, 1);
		icmp_error(w, p, ICMP_UNREACHABLE, ICMP_ADMIN_PROHIBITED, 0);
		return DROP_ACL_DENIED_UP;
	}
	policy->last_data_ns = w->now_ns;
	if (!pass_rate(&policy->up, p->ip.total_len, w->now_ns)) {
		counter_add(&policy->rate_drops_up, 1);
		return DROP_RATE_LIMIT_UP;
	}
	struct session_tenant *t = tenant_of(w, p->s);
	if (t && !pass_tenant(
			 &t->up, &t->up_bytes, &t->up_refused_bytes, p->ip.total_len, w->now_ns))
		return DROP_TENANT_RATE_UP;
	return PKT_NEXT;
}

uint8_t stage_policy_down(struct worker *w, struct pkt *p)
{
	struct session_policy *policy = session_table_policy(w->config.sessions, p->s);

	p->flags |= PKT_POLICED;
	if (policy->acl_down != ACL_NONE &&
		!acl_permits(w->acls, policy->acl_down, &p->ip, pkt_data(p))) {
		counter_add(&policy->acl_drops_down, 1);
		icmp_error(w, p, ICMP_UNREACHABLE, ICMP_ADMIN_PROHIBITED, 0);
		return DROP_ACL_DENIED_DOWN;
	}
	if (!policy->idle_up_only)
		policy->last_data_ns = w->now_ns;
	if (!pass_rate(&policy->down, p->ip.total_len, w->now_ns)) {
		counter_add(&policy->rate_drops_down, 1);
		return DROP_RATE_LIMIT_DOWN;
	}
	struct session_tenant *t = tenant_of(w, p->s);
	if (t && !pass_tenant(&t->down, &t->down_bytes, &t->down_refused_bytes, p->ip.total_len,
			 w->now_ns))
		return DROP_TENANT_RATE_DOWN;
	return PKT_NEXT;
}

// --- the policy itself ------------------------------------------------------------------------------

// What a rate had used up counts on, so that a change gives nobody a new burst; what the old, longer burst had let it
// run ahead of the new one does not.
static void set_rate(struct session_rate *r, uint64_t bps, uint32_t burst_bytes, uint64_t now_ns)
{
	const uint64_t byte_ns_bps = BITS_OF_BYTE * SECOND_NS;

	if (bps == 0) {
		*r = (struct session_rate){0};
		return;
	}
	bps = RTE_MAX(bps, RATE_MIN_BPS);
	burst_bytes = RTE_MAX(burst_bytes, (uint32_t)LIMIT_MTU_BYTES);
	burst_bytes = RTE_MIN(burst_bytes, BURST_MAX_BYTES);
	r->byte_cost = RTE_MAX((byte_ns_bps << (COST_BITS + TICK_BITS)) / bps, UINT64_C(1));
	r->burst = burst_bytes * byte_ns_bps / bps << TICK_BITS;
	r->used_until = RTE_MIN(r->used_until, (now_ns << TICK_BITS) + r->burst);
}

static void arm(struct worker *w, struct session_policy *policy)
{
	timer_wheel_arm(&w->idle, &policy->idle, policy->last_data_ns + policy->idle_s * SECOND_NS);
}

void stage_policy_set(struct worker *w, struct session *s, const struct command_session_policy *c)
{
	struct session_policy *policy = session_table_policy(w->config.sessions, s);

	if (!policy) {
		counter_add(&lane_count(w)->policies_refused, 1);
		return;
	}
	set_rate(&policy->up, c->rate_up_bps, c->burst_up_bytes, w->now_ns);
	set_rate(&policy->down, c->rate_down_bps, c->burst_down_bytes, w->now_ns);
	policy->acl_up = c->acl_up;
	policy->acl_down = c->acl_down;
	policy->idle_s = c->idle_s;
	policy->idle_up_only = c->idle_up_only;
	timer_wheel_cancel(&w->idle, &policy->idle);
	if (!(s->flags & SESSION_POLICY))
		policy->last_data_ns = w->now_ns;
	s->flags &= ~(uint32_t)(SESSION_POLICY | SESSION_TENANT_RATE);
	if (c->has_tenant_rate)
		s->flags |= SESSION_POLICY | SESSION_TENANT_RATE;
	if (has_rate(&policy->up) || has_rate(&policy->down) || c->acl_up != ACL_NONE ||
		c->acl_down != ACL_NONE || c->idle_s > 0)
		s->flags |= SESSION_POLICY;
	if (c->idle_s > 0)
		arm(w, policy);
}

void stage_policy_set_tenant(struct worker *w, const struct command_tenant_rate *c)
{
	const struct session_table *table = w->config.sessions;

	if (c->tenant >= table->n_tenants) {
		counter_add(&lane_count(w)->policies_refused, 1);
		return;
	}
	struct session_tenant *t = &table->tenants[c->tenant];
	set_rate(&t->up, c->rate_up_bps, c->burst_up_bytes, w->now_ns);
	set_rate(&t->down, c->rate_down_bps, c->burst_down_bytes, w->now_ns);
}

void stage_policy_forget(struct worker *w, struct session *s)
{
	struct session_policy *policy = session_table_policy(w->config.sessions, s);

	if (policy)
		timer_wheel_cancel(&w->idle, &policy->idle);
}

// Told again after another idle time, if nobody ends it, and a second later where there was no room to tell it.
static void tell_idle(struct worker *w, struct session_policy *policy, const struct session *s)
{
	const struct lane_event e = {.kind = LANE_IDLE, .session_id = s->id};
	bool has_room = rte_ring_free_count(w->config.links->events) > w->event_reserve;
	bool is_told = has_room && punt_event(w, &e);

	timer_wheel_arm(&w->idle, &policy->idle,
		w->now_ns + (is_told ? policy->idle_s * SECOND_NS : TIMER_WHEEL_TICK_NS));
}

void stage_policy_run(struct worker *w)
{
	const struct session_table *t = w->config.sessions;
	struct timer_wheel_node *node;

	for (unsigned int i = 0; i < LANE_IDLE_PER_POLL; i++) {
		node = timer_wheel_take(&w->idle, w->now_ns);
		if (!node)
			return;
		struct session_policy *policy = container_of(node, struct session_policy, idle);
		if (w->now_ns >= policy->last_data_ns + policy->idle_s * SECOND_NS)
			tell_idle(w, policy, &t->slots[policy - t->policies]);
		else
			arm(w, policy);
	}
}
