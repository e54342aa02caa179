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

struct worker_port {
	uint16_t dpdk_port;
	uint16_t queue; // this worker's rx and tx queue
	bool has_rx;	// false: another worker polls this port
	bool is_outside;
	bool takes_chains; // transmits packets of several segments
	bool accepts_all;  // outside: pass to the kernel also what is neither PPTP, ARP nor ICMP
	struct rte_ether_addr mac;
	uint16_t mtu;
	uint32_t address_be; // the box's own address on it, 0 if none
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
	uint32_t exception_rate_pps;
	uint32_t idle_sleep_us; // 0: never sleeps
	uint32_t failures_max;	// garbage packets in a row that are told to control
	uint16_t pptp_port;	// TCP port that outside ports let through; 0: 1723
};

struct worker;

// All memory that the lane will ever need. NULL and *error (-ENOMEM, what the driver's open returned).
struct worker *worker_new(const struct worker_config *config, int *error);
void worker_free(struct worker *w);

// One round: commands, handed-over packets, rx of each port, timers. Returns packets and commands handled. For
// tests and benchmarks; worker_run() is a loop around it.
unsigned int worker_poll(struct worker *w);

// The lane's main function, as rte_eal_remote_launch() wants it; `worker` is a struct worker. Returns 0
// after worker_stop().
int worker_run(void *worker);

// From any lane.
void worker_stop(struct worker *w);
