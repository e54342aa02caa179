// SPDX-License-Identifier: BSD-3-Clause
// The command line.
#pragma once

#include "crypto/mppe_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FLEET_SERVERS_MAX = 16,
	FLEET_TEXT_BYTES = 256,
	FLEET_CLIENTS_MAX = 65535, // --clients and --extra together
};

enum fleet_device_kind { FLEET_DEVICE_PCI, FLEET_DEVICE_VDEV, FLEET_DEVICE_INTERFACE };

struct fleet_device {
	enum fleet_device_kind kind;
	char device[FLEET_TEXT_BYTES]; // without the kind
};

enum fleet_direction { FLEET_UP_ONLY = 1, FLEET_DOWN_ONLY = 2, FLEET_BOTH = 3 };
enum fleet_rate_kind { FLEET_RATE_MAX, FLEET_RATE_PPS, FLEET_RATE_BITS };
enum fleet_sizes { FLEET_SIZE_FIXED, FLEET_SIZE_IMIX };
enum fleet_check { FLEET_CHECK_ALL, FLEET_CHECK_HEADERS };
enum fleet_crypto { FLEET_CRYPTO_SW, FLEET_CRYPTO_NULL };
enum fleet_tcp { FLEET_TCP_OWN, FLEET_TCP_KERNEL };

struct fleet_options {
	// ports and process
	struct fleet_device outside, inside;
	unsigned int cpu;
	bool hugepages;
	unsigned int memory_mb;

	// addresses
	uint32_t servers_be[FLEET_SERVERS_MAX];
	unsigned int n_servers;
	uint32_t gateway_be; // our own outside
	uint8_t gateway_len;
	uint32_t sources_first; // host order; the first address of --sources that a client has
	uint32_t sources_n;	// how many there are
	uint32_t inside_be;	// our own inside: the host that clients talk to
	uint8_t inside_len;
	uint32_t adit_inside_be; // next hop to the inner addresses

	// clients
	uint32_t n_clients, n_extra;
	uint32_t calls_per_tunnel, tunnels_per_source;
	char user[64]; // a template with one %d, %u or %0Nd; or without
	uint32_t n_users;
	char password[128];
	double dial_rate; // set-ups begun a second, 0: no limit
	double extra_rate;
	uint32_t dial_parallel;
	enum fleet_tcp tcp;
	enum mppe_strength mppe;
	bool is_stateful;
	enum fleet_crypto crypto;

	// traffic
	double duration_s; // 0: none
	enum fleet_rate_kind rate_kind;
	double rate; // packets or bits of inner packets a second, each direction, all clients together
	enum fleet_sizes sizes;
	uint16_t size_bytes; // of the inner packet
	enum fleet_direction direction;
	enum fleet_check check;
	uint32_t
		window_pkts; // rate max: on their way at most, each direction, all clients; 0: as traffic.c has it
	uint32_t prepare_mb;	      // packets up made ahead of the traffic, 0: none
	double loss, reorder, damage; // shares of packets up
	double allow_loss;
	uint64_t seed;

	double hold_s;	   // between traffic and hanging up
	double progress_s; // 0: none
	char json[FLEET_TEXT_BYTES];
	char export_keys[FLEET_TEXT_BYTES]; // file, "": none
	bool no_hangup;
	bool is_attended;
	int argc; // as given, for the report
	char **argv;
};

// Returns 0, 1 when there is nothing to do (--help), or -EINVAL with a line on stderr for each thing that is wrong.
int fleet_options_get(struct fleet_options *o, int argc, char **argv);

const char *fleet_mppe_name(enum mppe_strength strength); // "128", ..., "none"
