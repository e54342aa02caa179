// SPDX-License-Identifier: BSD-3-Clause
// A NIC that is a table: which rules it is given, and what becomes of them when it refuses.
#include "adit/port_flow.h"

#include "control/call_table.h"
#include "shim/shim.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <rte_gre.h>

enum { PORT = 3 };

struct rule {
	enum port_flow_form form;
	uint16_t value, mask; // of the Call ID
	uint16_t queue;
	bool is_live;
};

static struct {
	bool refuses_key, refuses_raw; // by validate
	unsigned int room;	       // create fails beyond
	unsigned int n_validated, n_created, n_destroyed;
	struct rule rules[2 * PORT_FLOW_CLASSES_MAX];
} nic;

static bool is_gre_over_ipv4(const struct rte_flow_item *p)
{
	const struct rte_flow_item_ipv4 *spec = p[1].spec, *mask = p[1].mask;

	return p[0].type == RTE_FLOW_ITEM_TYPE_ETH && !p[0].spec &&
	       p[1].type == RTE_FLOW_ITEM_TYPE_IPV4 && spec->hdr.next_proto_id == 47 &&
	       mask->hdr.next_proto_id == 0xff && mask->hdr.src_addr == 0 &&
	       mask->hdr.dst_addr == 0;
}

static struct rule read_rule(const struct rte_flow_item *p, const struct rte_flow_action *a)
{
	struct rule r = {0};

	EXPECT_TRUE(is_gre_over_ipv4(p));
	if (p[2].type == RTE_FLOW_ITEM_TYPE_GRE) {
		const struct rte_flow_item_gre *gre = p[2].spec, *gre_mask = p[2].mask;
		// Key present, version 1, PPP (RFC 2637 4.1); sequence and ack bits are free.
		EXPECT_EQ(0x2001, rte_be_to_cpu_16(gre->c_rsvd0_ver));
		EXPECT_EQ(0x2007, rte_be_to_cpu_16(gre_mask->c_rsvd0_ver));
		EXPECT_EQ(0x880b, rte_be_to_cpu_16(gre->protocol));
		EXPECT_EQ(RTE_FLOW_ITEM_TYPE_GRE_KEY, (int)p[3].type);
		EXPECT_EQ(RTE_FLOW_ITEM_TYPE_END, (int)p[4].type);
		r.form = PORT_FLOW_GRE_KEY;
		r.value = (uint16_t)rte_be_to_cpu_32(*(const rte_be32_t *)p[3].spec);
		r.mask = (uint16_t)rte_be_to_cpu_32(*(const rte_be32_t *)p[3].mask);
		EXPECT_EQ(r.mask, rte_be_to_cpu_32(*(const rte_be32_t *)p[3].mask));
	} else {
		const struct rte_flow_item_raw *raw = p[2].spec, *raw_mask = p[2].mask;
		EXPECT_EQ(RTE_FLOW_ITEM_TYPE_RAW, (int)p[2].type);
		EXPECT_EQ(RTE_FLOW_ITEM_TYPE_END, (int)p[3].type);
		EXPECT_EQ(1, (int)raw->relative);
		EXPECT_EQ(6, raw->offset);
		EXPECT_EQ(2, raw->length);
		r.form = PORT_FLOW_RAW;
		r.value = (uint16_t)(raw->pattern[0] << 8 | raw->pattern[1]);
		r.mask = (uint16_t)(raw_mask->pattern[0] << 8 | raw_mask->pattern[1]);
	}
	EXPECT_EQ(RTE_FLOW_ACTION_TYPE_QUEUE, (int)a[0].type);
	EXPECT_EQ(RTE_FLOW_ACTION_TYPE_END, (int)a[1].type);
	r.queue = ((const struct rte_flow_action_queue *)a[0].conf)->index;
	return r;
}

static int validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item p[],
	const struct rte_flow_action a[], struct rte_flow_error *error)
{
	struct rule r = read_rule(p, a);

	EXPECT_EQ(PORT, port);
	EXPECT_EQ(1, (int)attr->ingress);
	nic.n_validated++;
	if (!(r.form == PORT_FLOW_GRE_KEY ? nic.refuses_key : nic.refuses_raw))
		return 0;
	error->message = r.form == PORT_FLOW_GRE_KEY ? "no such item" : NULL;
	return -ENOTSUP;
}

static struct rte_flow *create(uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item p[], const struct rte_flow_action a[],
	struct rte_flow_error *error)
{
	struct rule *r = &nic.rules[nic.n_created];

	if (nic.n_created - nic.n_destroyed == nic.room) {
		error->message = "table full";
		return NULL;
	}
	*r = read_rule(p, a);
	r->is_live = true;
	nic.n_created++;
	return (struct rte_flow *)r;
}

static int destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error)
{
	struct rule *r = (struct rule *)flow;

	EXPECT_TRUE(r->is_live);
	r->is_live = false;
	nic.n_destroyed++;
	return 0;
}

static const struct port_flow_ops ops = {validate, create, destroy};

static void reset(void)
{
	memset(&nic, 0, sizeof(nic));
	nic.room = PORT_FLOW_CLASSES_MAX;
}

static const uint16_t queues[LIMIT_WORKERS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

TEST(port_flow, few_classes)
{
	const unsigned int cases[][2] = {
		{1, 1}, {2, 2}, {3, 16}, {4, 4}, {6, 32}, {8, 8}, {12, 64}, {24, 64}, {32, 32}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(cases[i][1], port_flow_classes(cases[i][0]));
	}
}

// Every Call ID that control hands out for a worker finds one rule, and that has the worker's queue.
TEST(port_flow, each_call_id_finds_its_worker)
{
	for (unsigned int n = 2; n <= LIMIT_WORKERS; n++) {
		struct port_flow f;
		SHIM_TRACE_CASE(n);
		reset();
		ASSERT_EQ(0, port_flow_open(&f, &ops, PORT, queues, n));
		EXPECT_EQ(PORT_FLOW_GRE_KEY, (int)f.form);
		EXPECT_EQ(port_flow_classes(n), f.n_rules);
		EXPECT_EQ(f.n_rules, nic.n_created);
		EXPECT_STREQ("", f.why);
		for (unsigned int worker = 0; worker < n; worker++) {
			uint64_t places = call_table_places(f.n_rules, n, worker);
			for (uint32_t id = 0; id < 256; id++) {
				unsigned int n_found = 0;
				if (!(places >> id % 64 & 1))
					continue;
				for (unsigned int k = 0; k < nic.n_created; k++) {
					if ((id & nic.rules[k].mask) != nic.rules[k].value)
						continue;
					n_found++;
					EXPECT_EQ(worker, nic.rules[k].queue);
				}
				EXPECT_EQ(1, n_found);
			}
		}
		port_flow_close(&f, &ops, PORT);
		EXPECT_EQ(nic.n_created, nic.n_destroyed);
	}
}

TEST(port_flow, raw_where_keys_are_not_known)
{
	struct port_flow f;

	reset();
	nic.refuses_key = true;
	ASSERT_EQ(0, port_flow_open(&f, &ops, PORT, queues, 4));
	EXPECT_EQ(PORT_FLOW_RAW, (int)f.form);
	EXPECT_EQ(4, f.n_rules);
	EXPECT_STREQ("gre-key: no such item", f.why);
	for (unsigned int k = 0; k < 4; k++) {
		EXPECT_EQ(PORT_FLOW_RAW, (int)nic.rules[k].form);
		EXPECT_EQ(k, nic.rules[k].value);
		EXPECT_EQ(3, nic.rules[k].mask);
		EXPECT_EQ(k, nic.rules[k].queue);
	}
	port_flow_close(&f, &ops, PORT);
}

TEST(port_flow, neither_leaves_nothing)
{
	struct port_flow f;

	reset();
	nic.refuses_key = nic.refuses_raw = true;
	EXPECT_EQ(-ENOTSUP, port_flow_open(&f, &ops, PORT, queues, 4));
	EXPECT_EQ(PORT_FLOW_NONE, (int)f.form);
	EXPECT_EQ(0, f.n_rules);
	EXPECT_EQ(0, nic.n_created);
	EXPECT_EQ(2, nic.n_validated); // the first of each form says it
	EXPECT_STREQ("raw: Operation not supported", f.why);
	port_flow_close(&f, &ops, PORT); // does nothing
}

// A table with room for three of four: no rule stays behind.
TEST(port_flow, half_is_taken_back)
{
	struct port_flow f;

	reset();
	nic.room = 3;
	EXPECT_EQ(-ENOSPC, port_flow_open(&f, &ops, PORT, queues, 4));
	EXPECT_EQ(6, nic.n_created);
	EXPECT_EQ(6, nic.n_destroyed);
	EXPECT_EQ(0, f.n_rules);
	EXPECT_STREQ("raw: table full", f.why);
}
