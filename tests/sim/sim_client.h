// SPDX-License-Identifier: BSD-3-Clause
// A PPTP client: the control connection, the life of the call, and the PPP peer in it.
#pragma once

#include "sim/sim_peer.h"
#include "wire/pptp.h"

// Where a client falls silent for good, with TCP left open.
enum sim_silence {
	SIM_TALKS,
	SIM_SILENT_FROM_START,	// connects and says nothing
	SIM_SILENT_AFTER_START, // SCCRQ, but no call
	SIM_SILENT_GRE,		// a call, but no GRE: a firewall drops protocol 47
};

enum sim_goodbye {
	SIM_BYE_LCP,		    // LCP Terminate-Request, then TCP closes
	SIM_BYE_CALL_CLEAR,	    // Call-Clear-Request, and Stop after the answer
	SIM_BYE_LCP_AND_CALL_CLEAR, // both at once, as pppd and pptp-linux do when killed
	SIM_BYE_STOP,
	SIM_BYE_TCP,
	SIM_BYE_VANISH,	   // not a word more
	SIM_BYE_BY_SERVER, // an administrator clears the session
	SIM_BYES,
};

struct sim_client {
	struct sim_path *path;
	struct sim_random *random;
	enum sim_silence silence;
	const struct sim_peer_profile *profile;
	struct sim_peer peer;
	struct sim_tunnel tunnel;
	size_t n_received;
	uint8_t received[2 * PPTP_MESSAGE_BYTES_MAX + SIM_STREAM_BYTES_MAX];
	bool is_started, is_connected; // SCCRP, OCRP came
	bool is_closed;		       // our side of TCP
	uint16_t call_id, server_call_id;
	uint64_t call_due_ns; // OCRQ
	uint64_t ppp_due_ns;  // the GRE side is ready
	uint64_t give_up_ns;  // no answer: close
};

void sim_client_init(struct sim_client *c, const struct sim_peer_profile *profile,
	enum sim_silence silence, const char *user, const char *password, struct sim_path *path,
	struct sim_random *random);
void sim_client_receive(struct sim_client *c, const struct sim_arrival *in, uint64_t now_ns);
uint64_t sim_client_deadline(const struct sim_client *c);
void sim_client_expire(struct sim_client *c, uint64_t now_ns);

// Hang up in a way of the client's; SIM_BYE_BY_SERVER and SIM_BYE_VANISH are not its own.
void sim_client_hang_up(struct sim_client *c, enum sim_goodbye how, uint64_t now_ns);

static inline bool sim_client_may_send(const struct sim_client *c)
{
	return c->peer.is_up && (c->tunnel.has_keys[SIM_OUT] || !sim_peer_is_encrypting(&c->peer));
}
