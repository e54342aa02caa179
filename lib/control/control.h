// SPDX-License-Identifier: BSD-3-Clause
// The control lane: ends TCP/1723, runs the PPTP and PPP machines of every call, asks AAA, hands
// out addresses, commands the workers, mirrors the kernel, answers aditctl. One thread that sleeps
// in epoll.
#pragma once

#include "aaa/aaa.h"
#include "conf/config.h"
#include "control/neighbor.h"
#include "control/tap.h"
#include "msg/lane_ring.h"
#include "observe/counters.h"
#include "observe/crypto_counters.h"
#include "observe/events.h"
#include "observe/log.h"
#include "observe/memory_report.h"
#include "session/owner_map.h"
#include "session/session.h"

// How what a port receives gets to the workers, for `aditctl show ports`.
enum control_spread {
	CONTROL_SPREAD_ONE,	// one queue: who polls it hands over
	CONTROL_SPREAD_DEVICE,	// a virtual device with several queues, whose other end chooses
	CONTROL_SPREAD_RSS,	// the NIC, by the outer addresses
	CONTROL_SPREAD_CALL_ID, // the NIC, to the worker that owns the session (rte_flow)
};

// "rss", "call-id", ...
const char *control_spread_word(enum control_spread spread);

struct control_port {
	struct tap tap;
	struct rte_ether_addr mac;
	uint16_t dpdk_port;
	uint16_t n_rx, n_tx; // queues
	int node;	     // NUMA; -1: of none
	enum control_spread spread;
	uint16_t n_rules; // of rte_flow
	// What the NIC said to rules that it did not take; "": it was not asked, or took them.
	char flow_refused[80];
};

// What is known of the lanes beside their counters. Fixed before they start.
struct lane_view {
	double tsc_hz;
	int control_node; // NUMA
	int worker_nodes[LIMIT_WORKERS];
	struct rte_ring *handoff[LIMIT_WORKERS][LIMIT_WORKERS]; // [from][to], to see how full
};

// All is borrowed and outlives the control lane.
struct control_config {
	const struct config *config;
	struct log *log;
	struct rte_mempool *pool;
	unsigned int n_ports;
	struct control_port *ports; // ports[n_ports], in the configuration's order
	struct tap *vlan_taps;	    // vlan_taps[config->n_vlans]
	unsigned int n_workers;
	struct lane_links *links;		     // links[n_workers]
	const struct session_table *const *sessions; // sessions[n_workers], to read counters
	const struct lane_counters *const *counters; // counters[n_workers]
	const struct crypto_view *crypto;	     // NULL: nothing is known of it
	const struct lane_view *lanes;		     // NULL: nothing is known of it
	// NICs spread GRE by the low bits of the Call ID: class `id % call_classes` goes to worker class % n_workers. A
	// power of two, at most 64; 0: they do not.
	uint16_t call_classes;
	// Adds what memory the data path has. May be NULL.
	void (*memory)(void *context, struct memory_report *r);
	struct lane_wake *wake;
	struct owner_map *owners;
	const struct aaa_driver *aaa;
	// The service is ready: listeners, TAPs and the API socket are open. For sd_notify; may be
	// NULL.
	void (*ready)(void *context);
	// The file that `config` came from, for a reload; NULL: there is none.
	const char *config_path;
	// A reload begins; it is over, and `config` holds from now on, NULL: the old one still does. May be NULL.
	void (*reloading)(void *context);
	void (*reloaded)(void *context, const struct config *config);
	// A stop begins: no new clients, calls are being ended. May be NULL.
	void (*stopping)(void *context);
	// The lane turns: about once a second, from a timer of its loop. May be NULL.
	void (*every_second)(void *context);
	void *context;
};

struct control;

// Open everything: pools, AAA, netlink, the API socket, the first route table, the listeners last.
// The TAPs are open already (tap_open needs the ports' MACs and privileges); without ports there is
// no netlink either. Returns 0 or -errno with an event logged that says what failed.
int control_new(const struct control_config *config, struct control **out);

// After the workers have stopped, and before their rings, tables and the packet pool go: what still
// lies in the rings is freed here, and so is every route table, also the one that a worker still
// points to.
void control_free(struct control *c);

// Run until SIGTERM or SIGINT (taken by signalfd: they must be blocked in all threads), then end
// every call with legal LCP and PPTP messages within 4 s. Returns 0, or -errno when the loop itself
// failed.
int control_run(struct control *c);

// What SIGTERM does: begin to stop. On the control lane; control_run() or control_turn() bring it
// to its end.
void control_stop(struct control *c);

// One turn of the loop, waiting at most timeout_ms: for tests. Returns like control_run(), 1 while
// it goes on.
int control_turn(struct control *c, int timeout_ms);
