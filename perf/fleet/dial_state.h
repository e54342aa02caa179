// SPDX-License-Identifier: BSD-3-Clause
// What dial.c, tunnel.c and kernel_tcp.c share.
#pragma once

#include "control/timer_heap.h"
#include "perf/fleet/peer.h"
#include "perf/fleet/tunnel.h"

enum call_phase {
	CALL_IDLE,
	CALL_WAITING, // for its tunnel
	CALL_ASKED,   // OCRQ is out
	CALL_PPP,     // from LCP to IPCP
	CALL_UP,
	CALL_TERMINATING, // LCP Terminate-Request is out
	CALL_CLEARING,	  // Call-Clear-Request is out
	CALL_ENDED,
};

struct call {
	struct peer peer;
	struct timer timer;
	struct fleet *fleet;
	uint64_t begun_ns;
	uint64_t deadline_ns; // for what the phase waits for
	uint8_t phase;	      // enum call_phase
	bool is_cleared;      // Call-Disconnect-Notify has come
	char user[PEER_USER_BYTES];
};

struct dial {
	struct timer_heap timers;
	struct peer_shared shared;
	struct step step;
	uint32_t n_tunnels;
	struct tunnel *tunnels; // tunnels[n_tunnels]
	struct call *calls;	// calls[n_clients], beside fleet->clients
	uint16_t first_port;	// of a source's first tunnel
	uint16_t ip_id;
	enum fleet_wave wave; // the one being dialled
	uint32_t next, end;   // calls of it that are still to be begun
	uint64_t wave_began_ns;
	bool is_hanging_up;
	uint32_t next_to_hang_up; // tunnel
	uint32_t n_hanging_up;	  // tunnels
	int epoll_fd;		  // of the kernel's TCP, -1: none
};
