// SPDX-License-Identifier: BSD-3-Clause
// The plan against what DPDK's heap really gives away for the same objects.
#include "adit/memory_plan.h"

#include "adit/packet_pools.h"
#include "dataplane/worker.h"
#include "drivers/drivers.h"
#include "msg/lane_ring.h"
#include "session/table_report.h"
#include "shim/shim.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <stdlib.h>
#include <unistd.h>

enum { MIB = 1 << 20, MBUFS = 4095, SLOTS = 3000, HEAP_MB = 128 };

static const int one_node[LIMIT_WORKERS];

static struct config *make_config(void)
{
	struct config *c = config_new();

	c->n_workers = 1;
	c->n_listen = 1;
	c->n_ports = 2;
	c->ports[0] = (struct config_port){
		.kind = CONFIG_DEVICE_VDEV, .rx_descriptors = 1024, .tx_descriptors = 1024};
	c->ports[1] = c->ports[0];
	c->max_calls = SLOTS;
	c->n_mbufs = MBUFS;
	c->hugepages = false;
	c->mppe_stateless_required = true;
	return c;
}

static uint64_t bytes_of(const struct memory_plan *p, const char *what)
{
	const struct memory_line *line = memory_report_find(&p->lines, MEMORY_DPDK, what);

	return line ? line->bytes : 0;
}

TEST(memory_plan, follows_the_configuration)
{
	struct config *c = make_config();
	struct memory_plan p, more;

	memory_plan_make(&p, c, one_node);
	EXPECT_EQ(SLOTS, p.slots);
	EXPECT_EQ(SLOTS * table_report_slot_bytes(false, false, false), bytes_of(&p, "sessions"));
	EXPECT_EQ(p.bytes, memory_report_sum(&p.lines, MEMORY_DPDK));
	EXPECT_EQ(p.bytes, p.node_bytes[0]);

	c->mppe_stateless_required = false;
	memory_plan_make(&more, c, one_node);
	EXPECT_GT(bytes_of(&more, "sessions"), bytes_of(&p, "sessions"));
	c->mppe_stateless_required = true;

	c->n_mbufs = 2 * MBUFS + 1;
	memory_plan_make(&more, c, one_node);
	EXPECT_GT(bytes_of(&more, "packets"), 2 * bytes_of(&p, "packets") - 4 * MIB);
	EXPECT_GT(bytes_of(&more, "packets"), bytes_of(&p, "packets"));
	config_free(c);
}

// Shares of the calls and a quarter more; hand-over rings between each two.
TEST(memory_plan, many_workers)
{
	struct config *c = make_config();
	struct memory_plan one, many;

	c->max_calls = 65535;
	memory_plan_make(&one, c, one_node);
	c->n_workers = LIMIT_WORKERS;
	memory_plan_make(&many, c, one_node);
	EXPECT_GE(many.slots, 65535 * 5 / 4);
	EXPECT_LT(many.slots, 65535 * 3 / 2);
	EXPECT_EQ(0, bytes_of(&one, "hand-over rings"));
	EXPECT_GE(bytes_of(&many, "hand-over rings"),
		UINT64_C(8) * LIMIT_HANDOFF_RING * LIMIT_WORKERS * (LIMIT_WORKERS - 1));
	c->sessions_per_worker = 100;
	memory_plan_make(&many, c, one_node);
	EXPECT_EQ(100 * LIMIT_WORKERS, many.slots);
	config_free(c);
}

// A pool a node, and each worker's memory on its own.
TEST(memory_plan, nodes)
{
	const int nodes[LIMIT_WORKERS] = {0, 2, 2, 2};
	struct config *c = make_config();
	struct memory_plan one, p;

	c->n_workers = 4;
	memory_plan_make(&one, c, one_node);
	memory_plan_make(&p, c, nodes);
	EXPECT_EQ(2 * bytes_of(&one, "packets"), bytes_of(&p, "packets"));
	EXPECT_EQ(bytes_of(&one, "sessions"), bytes_of(&p, "sessions"));
	EXPECT_EQ(0, p.node_bytes[1]);
	EXPECT_GT(p.node_bytes[2], bytes_of(&p, "packets") / 2 + bytes_of(&p, "sessions") * 3 / 4);
	EXPECT_EQ(p.bytes, p.node_bytes[0] + p.node_bytes[2]);
	config_free(c);
}

TEST(memory_plan, says_when_it_does_not_fit)
{
	struct config *c = make_config();
	struct event_log *events = event_log_new();
	struct memory_plan p;
	struct log log;
	char *text = NULL;
	size_t len = 0;

	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "plan");
	log.fd = -1;
	log.events = events;
	memory_plan_make(&p, c, one_node);
	c->memory_mb = memory_plan_mb(&p);
	EXPECT_TRUE(memory_plan_fits(&p, c));
	EXPECT_EQ(0, memory_plan_check(&p, c, &log));
	c->memory_mb--;
	EXPECT_FALSE(memory_plan_fits(&p, c));
	EXPECT_EQ(-ENOMEM, memory_plan_check(&p, c, &log));
	const struct event_record *e =
		event_history_get(&events->history, events->history.next_seq - 1);
	ASSERT_TRUE(e != NULL);
	EXPECT_TRUE(strstr(e->text, "what=memory") != NULL);
	EXPECT_TRUE(strstr(e->text, "sessions=3000") != NULL);
	EXPECT_TRUE(strstr(e->text, "hint=") != NULL);

	FILE *out = open_memstream(&text, &len);
	memory_plan_print(&p, c, out);
	fclose(out);
	EXPECT_TRUE(strstr(text, "3000 sessions on 1 workers") != NULL);
	EXPECT_TRUE(strstr(text, "MiB  sessions\n") != NULL);
	free(text);
	event_log_free(events);
	config_free(c);
}

// ---- against the heap ---------------------------------------------------------------------------

static void start_eal(void)
{
	static bool is_up;
	char prefix[64], mb[16];
	char *args[] = {"plan", "--no-huge", "--no-shconf", "--no-pci", "-m", mb, "--no-telemetry",
		"--lcores", "0", "--log-level", "error", "--file-prefix", prefix, NULL};

	if (is_up)
		return;
	snprintf(prefix, sizeof(prefix), "adit-plan-%d", (int)getpid());
	snprintf(mb, sizeof(mb), "%d", HEAP_MB);
	ASSERT_GE(rte_eal_init((int)RTE_DIM(args) - 1, args), 0);
	is_up = true;
}

static uint64_t heap_in_use(void)
{
	struct rte_malloc_socket_stats s;

	return rte_malloc_get_socket_stats(0, &s) == 0 ? s.heap_allocsz_bytes : 0;
}

// Within 2 % or 16 KiB of what the heap gives for it, and never less.
static void expect_near(uint64_t wanted, uint64_t taken)
{
	EXPECT_GE(wanted + 16 * 1024, taken);
	EXPECT_LE(wanted, taken + taken / 50 + 16 * 1024);
}

// What the objects tell of themselves, and what was planned, against what the heap lost.
TEST(memory_plan, is_what_the_heap_gives)
{
	struct config *c = make_config();
	struct memory_report r = {0};
	struct memory_plan p;
	struct packet_pools pools;
	struct session_table t;
	struct lane_links links = {0};

	start_eal();
	memory_plan_make(&p, c, one_node);
	uint64_t before = heap_in_use();
	ASSERT_EQ(0, packet_pools_open(&pools, c, 1));
	uint64_t taken = heap_in_use() - before;
	packet_pools_report(&pools, &r);
	expect_near(memory_report_sum(&r, MEMORY_DPDK), taken);
	// Planned a little too high: which buffers share a page depends on where the memory begins.
	EXPECT_GE(bytes_of(&p, "packets"), taken - taken / 50);
	EXPECT_LE(bytes_of(&p, "packets"), taken + taken / 5);

	before = heap_in_use();
	ASSERT_EQ(0, session_table_init(&t, SLOTS, 0, false, false, false));
	links.commands = lane_ring_new_commands("commands", LIMIT_COMMAND_RING, 0);
	links.events = lane_ring_new_events("events", LIMIT_EVENT_RING, 0);
	links.exceptions = lane_ring_new_events("exceptions", LIMIT_EXCEPTION_RING, 0);
	struct owner_map *owners = owner_map_new(c->listen_be, 1);
	taken = heap_in_use() - before;
	r = (struct memory_report){0};
	table_report_sessions(&t, 0, &r);
	lane_links_report(&links, &r);
	table_report_owners(owners, &r);
	expect_near(memory_report_sum(&r, MEMORY_DPDK), taken);
	EXPECT_GE(bytes_of(&p, "sessions") + bytes_of(&p, "command rings") +
			  bytes_of(&p, "event rings") + bytes_of(&p, "owners of calls") +
			  bytes_of(&p, "owners of inner addresses"),
		taken - taken / 50);

	owner_map_free(owners);
	lane_ring_free_commands(links.commands);
	lane_ring_free_events(links.events);
	lane_ring_free_events(links.exceptions);
	session_table_fini(&t);
	packet_pools_close(&pools);
	config_free(c);
}
