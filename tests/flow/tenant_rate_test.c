// SPDX-License-Identifier: BSD-3-Clause
// The rate of a tenant: all its sessions together, over workers, and no session of another.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "wire/inet.h"

enum {
	RED = 1, // tenants
	BLUE = 2,
	RED_VLAN = 100,
	BLUE_VLAN = 200,
	HOST = 0x0a000009,
	INNER = 0x0a000063,
	BYTES = 500,
	STEP_US = 1000,
	SECONDS = 10,
};

static const struct command_session_policy counted = {
	.acl_up = ACL_NONE, .acl_down = ACL_NONE, .has_tenant_rate = true};

struct world {
	struct flow f;
	struct flow_client red[2], blue; // one of red's on each worker, if there are two
	uint16_t tenants[WORKER_VLANS];
	uint32_t servers_be[3];
};

static void set_policy(struct flow_client *c, const struct command_session_policy *policy)
{
	const struct lane_command command = {
		.kind = COMMAND_SESSION_POLICY, .session_id = c->id, .policy = *policy};

	EXPECT_TRUE(flow_command(c->f, c->options.worker, &command));
}

static void set_rate(struct flow *f, unsigned int worker, uint64_t bps, uint32_t burst_bytes)
{
	const struct lane_command command = {
		.kind = COMMAND_TENANT_RATE,
		.tenant_rate = {.tenant = RED,
			.rate_up_bps = bps,
			.rate_down_bps = 2 * bps,
			.burst_up_bytes = burst_bytes,
			.burst_down_bytes = burst_bytes},
	};

	EXPECT_TRUE(flow_command(f, worker, &command));
}

static void open_world(struct world *w, unsigned int n_workers)
{
	struct flow_options o = {.n_workers = n_workers};

	memset(w->tenants, 0xff, sizeof(w->tenants));
	w->tenants[0] = 0;
	w->tenants[RED_VLAN] = RED;
	w->tenants[BLUE_VLAN] = BLUE;
	memset(w->servers_be, 0, sizeof(w->servers_be));
	o.tenants = w->tenants;
	o.tenant_servers_be = w->servers_be;
	flow_open(&w->f, &o);
	for (unsigned int i = 0; i < n_workers; i++)
		ASSERT_EQ(session_table_add_tenants(&w->f.sessions[i], 3, SOCKET_ID_ANY), 0);
	for (uint16_t tenant = RED; tenant <= BLUE; tenant++) {
		const struct route route = {
			.kind = ROUTE_FORWARD,
			.port = FLOW_INSIDE,
			.vlan = tenant == RED ? RED_VLAN : BLUE_VLAN,
			.mtu = 1500,
			.mac = {{2, 0, 0, 0, 2, (uint8_t)tenant}},
		};
		EXPECT_EQ(route_table_add(w->f.routes, tenant, flow_be(HOST), 32, &route), 0);
	}
	for (unsigned int i = 0; i < 2; i++) {
		flow_client_up(&w->f, &w->red[i],
			&(struct flow_client_options){.tenant = RED,
				.inner = INNER + i,
				.number = 2 + i,
				.worker = i % n_workers});
		set_policy(&w->red[i], &counted);
	}
	flow_client_up(&w->f, &w->blue,
		&(struct flow_client_options){.tenant = BLUE, .inner = INNER, .number = 9});
	set_policy(&w->blue, &counted); // of its tenant's rate, which has none
}

static bool passes_up(struct flow_client *c)
{
	uint8_t ip[FLOW_FRAME_BYTES];

	(void)flow_ip(ip, c->inner, HOST, INET_UDP, BYTES);
	flow_send_up(c, ip, BYTES);
	return flow_discard(c->f, FLOW_INSIDE) == 1;
}

static bool passes_down(struct flow_client *c, uint16_t vlan)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES + 4], plain[FLOW_FRAME_BYTES];
	struct flow_down down;

	(void)flow_ip(ip, HOST, c->inner, INET_UDP, BYTES);
	size_t len = flow_frame(plain, FLOW_INSIDE, ip, BYTES);
	memcpy(frame, plain, 12);
	bytes_put_u16(frame + 12, 0x8100);
	bytes_put_u16(frame + 14, vlan);
	memcpy(frame + 16, plain + 12, len - 12);
	EXPECT_TRUE(flow_put(c->f, FLOW_INSIDE, 0, frame, len + 4));
	return flow_take_down(c, &down);
}

// Each sends a packet a step both ways, far more than red's rate. What passes of red's, and all of blue's.
static void offer(struct world *w, unsigned int seconds, uint64_t *up, uint64_t *down)
{
	*up = *down = 0;
	for (uint64_t at = 0; at < seconds * UINT64_C(1000000); at += STEP_US) {
		for (unsigned int i = 0; i < 2; i++) {
			*up += passes_up(&w->red[i]) ? BYTES : 0;
			*down += passes_down(&w->red[i], RED_VLAN) ? BYTES : 0;
		}
		ASSERT_TRUE(passes_up(&w->blue));
		ASSERT_TRUE(passes_down(&w->blue, BLUE_VLAN));
		flow_pass_us(STEP_US);
		(void)flow_discard(&w->f, FLOW_OUTSIDE); // acks
	}
}

TEST(tenant_rate, all_sessions_of_a_tenant_have_it_together)
{
	const uint64_t bps = 1000000;
	const double wanted = (double)bps / 8 * SECONDS;
	struct world w;
	uint64_t up, down;

	open_world(&w, 1);
	set_rate(&w.f, 0, bps, 1500);
	offer(&w, SECONDS, &up, &down);
	EXPECT_NEAR((double)up, wanted, wanted * 0.02);
	EXPECT_NEAR((double)down, 2 * wanted, 2 * wanted * 0.02);
	const struct session_tenant *t = &w.f.sessions[0].tenants[RED];
	EXPECT_EQ(t->up_bytes, up);
	EXPECT_EQ(t->up_bytes + t->up_refused_bytes, 2 * BYTES * 1000 * SECONDS);
	EXPECT_EQ(t->down_bytes, down);
	EXPECT_EQ(flow_drops(&w.f, DROP_TENANT_RATE_UP), t->up_refused_bytes / BYTES);
	EXPECT_EQ(flow_drops(&w.f, DROP_TENANT_RATE_DOWN), t->down_refused_bytes / BYTES);
	EXPECT_EQ(flow_drops_all(&w.f), (t->up_refused_bytes + t->down_refused_bytes) / BYTES);
	flow_close(&w.f);
}

// Each worker has a share; whatever the shares are changed to, the sum stays within the rate and a burst.
TEST(tenant_rate, shares_of_workers_and_their_changes)
{
	static const unsigned int shares[][2] = {{50, 50}, {90, 10}, {3, 97}, {50, 50}};
	const uint64_t bps = 1000000;
	struct world w;
	uint64_t up, down, up_sum = 0, down_sum = 0;

	open_world(&w, 2);
	for (size_t i = 0; i < RTE_DIM(shares); i++) {
		SHIM_TRACE_CASE(i);
		for (unsigned int k = 0; k < 2; k++)
			set_rate(&w.f, k, bps * shares[i][k] / 100, 1500);
		uint64_t first = w.f.sessions[0].tenants[RED].up_bytes;
		offer(&w, 2, &up, &down);
		first = w.f.sessions[0].tenants[RED].up_bytes - first;
		EXPECT_NEAR((double)first, (double)bps / 8 * 2 * shares[i][0] / 100, 2000);
		up_sum += up;
		down_sum += down;
	}
	EXPECT_LE(up_sum, bps / 8 * 2 * RTE_DIM(shares) + 2 * 1500);
	EXPECT_LE(down_sum, 2 * bps / 8 * 2 * RTE_DIM(shares) + 2 * 1500);
	EXPECT_GE(up_sum, bps / 8 * 2 * RTE_DIM(shares) * 98 / 100);
	flow_close(&w.f);
}

// A session's own rate comes first, and what it refuses costs the tenant nothing.
TEST(tenant_rate, beside_a_sessions_own_and_gone_with_its_policy)
{
	struct command_session_policy slow = counted;
	struct world w;
	uint64_t up, down;

	slow.rate_up_bps = 100000;
	slow.burst_up_bytes = 1500;
	open_world(&w, 1);
	set_rate(&w.f, 0, 1000000, 1500);
	set_policy(&w.red[0], &slow);
	offer(&w, SECONDS, &up, &down);
	EXPECT_NEAR((double)up, 1250000, 25000); // the other takes what is left
	EXPECT_GT(flow_drops(&w.f, DROP_RATE_LIMIT_UP), 9000);

	slow.has_tenant_rate = false;
	slow.rate_up_bps = 0;
	set_policy(&w.red[0], &slow);
	EXPECT_EQ(flow_session(&w.red[0])->flags & (SESSION_POLICY | SESSION_TENANT_RATE), 0);
	for (int i = 0; i < 100; i++)
		EXPECT_TRUE(passes_up(&w.red[0]));
	// A tenant that the table has no room for is refused.
	const struct lane_command command = {
		.kind = COMMAND_TENANT_RATE, .tenant_rate = {.tenant = 3, .rate_up_bps = 1}};
	EXPECT_TRUE(flow_command(&w.f, 0, &command));
	EXPECT_EQ(flow_count(&w.f, policies_refused), 1);
	flow_close(&w.f);
}
