// SPDX-License-Identifier: BSD-3-Clause
// A worker lane: polls its queues and rings, runs the stages in their fixed order, obeys control.
// It never blocks (but for the idle back-off), never allocates after worker_new(), never logs.
#pragma once

#include "config/limits.h"
#include "crypto/driver.h"
#include "msg/lane_ring.h"
#include "observe/counters.h"
#include "session/owner_map.h"
#include "session/session.h"

#include <rte_ethdev.h>

enum { TENANT_NONE = UINT16_MAX, WORKER_VLANS = 4096 };

struct worker_port {
	uint16_t dpdk_port;
	uint16_t queue; // this worker's rx and tx queue
	bool has_rx;	// false: another worker polls this port
	bool lacks_tx;	// has no tx queue: frames go by `tx_worker`, which has one
	uint8_t tx_worker;
	bool is_outside;
	bool takes_chains; // transmits packets of several segments
	bool accepts_all;  // outside: pass to the kernel also what is neither PPTP, ARP nor ICMP
	struct rte_ether_addr mac;
	uint16_t mtu;
	uint32_t address_be; // the box's own address on it, 0 if none
	// inside: whose network it is, tenants[4096] by VLAN id (0: untagged), TENANT_NONE where there is none;
	// NULL: there is only the untagged one, of the default tenant
	const uint16_t *tenants;
};

struct worker_config {
	uint8_t index;
	uint8_t n_workers;
	uint8_t n_ports;
	struct worker_port ports[LIMIT_PORTS]; // in the configuration's order
	int socket;			       // NUMA
	struct rte_mempool *pool;	       // packets
	struct lane_links *links;
	struct rte_ring *handoff_in[LIMIT_WORKERS];  // of mbufs, SP/SC; [index] is NULL
	struct rte_ring *handoff_out[LIMIT_WORKERS]; // of mbufs, SP/SC; [index] is NULL
	struct session_table *sessions;		     // its own
	const struct owner_map *owners;
	struct lane_counters *counters; // its own
	const struct crypto_driver *crypto;
	struct crypto_setup crypto_setup; // the depth is the worker's own
	uint32_t
		server_be; // inner address of the server: answers echo requests, source of ICMP errors
	const uint32_t *
		tenant_servers_be; // the same of each tenant, by number; NULL: there is only the default one
	uint32_t exception_rate_pps; // of each kind but the next
	uint32_t pptp_rate_pps;	     // TCP of control connections; 0: as the others
	uint64_t hash_seed;	     // random
	uint32_t idle_sleep_us;	     // 0: never sleeps
	uint32_t failures_max;	     // garbage packets in a row that are told to control
	bool has_no_short_way;	     // all packets go through the stages: for tests that compare
	uint16_t pptp_port;	     // TCP port that outside ports let through; 0: 1723
};

struct worker;

enum { WORKER_PKTS_MAX = 2048 }; // that one has under way at once

// All memory that the lane will ever need. NULL and *error (-ENOMEM, what the driver's open returned).
struct worker *worker_new(const struct worker_config *config, int *error);
void worker_free(struct worker *w);

// What it has allocated, and what worker_new() will take beside the fragments under way.
void worker_report(const struct worker *w, struct memory_report *r);
uint64_t worker_bytes(void);

// One round: commands, handed-over packets, rx of each port, timers. Returns packets and commands handled. For
// tests and benchmarks; worker_run() is a loop around it.
unsigned int worker_poll(struct worker *w);

// The lane's main function, as rte_eal_remote_launch() wants it; `worker` is a struct worker. Returns 0
// after worker_stop().
int worker_run(void *worker);

// From any lane.
void worker_stop(struct worker *w);
