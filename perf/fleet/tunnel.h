// SPDX-License-Identifier: BSD-3-Clause
// One control connection as a client speaks it (RFC 2637): TCP below, the calls above. What happens is told to dial.c
// by the functions at the end.
#pragma once

#include "control/timer_heap.h"
#include "perf/fleet/fleet.h"
#include "perf/fleet/tcp.h"
#include "wire/pptp.h"

enum tunnel_state {
	TUNNEL_IDLE,
	TUNNEL_CONNECTING,
	TUNNEL_STARTING, // SCCRQ is out
	TUNNEL_OPEN,
	TUNNEL_STOPPING, // StopCCRQ is out
	TUNNEL_CLOSING,	 // FIN is out
	TUNNEL_CLOSED,
};

struct tunnel {
	struct tcp tcp;
	struct timer timer;
	struct fleet *fleet;
	int fd;		   // of the kernel's TCP; -1: ours
	uint32_t first, n; // its calls: fleet->clients[first .. first + n)
	// Of these: begun, OCRQ sent, told to hang up, in their order; ended, in any.
	uint32_t n_begun, n_asked, n_hung_up, n_ended;
	uint64_t deadline_ns; // for what the state waits for, or of the next Echo
	uint8_t state;	      // enum tunnel_state
	bool has_echo;	      // that is not answered
	bool is_clean;	      // StopCCRP has come
	bool is_hanging_up;   // counted in n_hanging_up
	uint8_t n_partial;
	uint8_t partial[PPTP_MESSAGE_BYTES_MAX]; // of a message that came in pieces
};

void tunnel_connect(struct tunnel *t, const struct tcp_ends *ends, uint32_t first_seq);
// Returns 0, or -ENOBUFS: tunnel_told_room() will come.
int tunnel_send(struct tunnel *t, const struct pptp_message *message);
void tunnel_stop(struct tunnel *t);  // StopCCRQ, then FIN
void tunnel_abort(struct tunnel *t); // RST
// A segment of its TCP.
void tunnel_receive(struct tunnel *t, struct span segment);
// Bytes of its stream; the kernel's TCP hands them over, too.
void tunnel_receive_stream(struct tunnel *t, struct span bytes);
// What the kernel's TCP tells: ours does it inside.
void tunnel_told_connected(struct tunnel *t);
void tunnel_told_closed(struct tunnel *t); // both ways
void tunnel_lose(struct tunnel *t, enum fleet_reason reason, struct span text);
// Run what is due, arm the timer for what comes next.
void tunnel_expire(struct tunnel *t);

// A segment of nobody's: the RST for it.
void tunnel_refuse_segment(struct fleet *f, const struct tcp_ends *ends, struct span segment);

// ---- dial.c

void dial_tunnel_opened(struct tunnel *t);
void dial_tunnel_has_room(struct tunnel *t);
// A call of it may have ended: the next is hung up; and if it was the last, the tunnel is of no use any more.
void dial_tunnel_may_stop(struct tunnel *t);
void dial_tunnel_message(struct tunnel *t, const struct pptp_message *message); // of a call
// Its calls are gone with it.
void dial_tunnel_lost(struct tunnel *t, enum fleet_reason reason, struct span text);
// Hung up, all the way: reason is FLEET_NONE, or what was missing.
void dial_tunnel_gone(struct tunnel *t, enum fleet_reason reason);
