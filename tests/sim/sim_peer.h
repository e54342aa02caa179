// SPDX-License-Identifier: BSD-3-Clause
// The client's PPP: an implementation of its own, so that it shares no mistake with the server's.
// What it asks for and how it behaves is a profile of what real clients do (sim_profiles.c).
#pragma once

#include "base/bytes.h"
#include "proto/auth_method.h"
#include "sim/sim_tunnel.h"

enum { SIM_CP_OPTIONS_MAX = 12 };

// How a client takes encryption.
enum sim_ccp_style {
	SIM_CCP_MPPE,		  // knows MPPE
	SIM_CCP_REJECTS_OPTION,	  // answers the MPPE option with Configure-Reject
	SIM_CCP_REJECTS_PROTOCOL, // answers CCP with Protocol-Reject
	SIM_CCP_DEFLATE_ONLY,	  // speaks CCP, for Deflate
};

struct sim_peer_profile {
	const char *name;
	uint16_t mru; // 0: not asked for
	bool asks_accm, asks_pfc, asks_acfc, asks_callback, asks_endpoint;
	bool asks_multilink; // MRRU, as NT does
	// Authentication methods that it answers to, the one it would rather have first; ends with
	// AUTH_METHOD_NONE. None at all: MS-CHAPv2.
	enum auth_method methods[AUTH_METHODS_MAX + 1];
	enum sim_ccp_style ccp;
	uint32_t mppe_bits; // of the first Configure-Request
	uint32_t strengths; // MPPE_OPTION_* that it takes; 0: 128 bit
	bool takes_stateful;
	bool no_stateless;
	bool rejects_compression; // of LCP's fields, and the ACCM: for its GRE takes none
	bool rejects_modes;	  // what it does not take it rejects, others suggest what they do
	bool may_go_clear;	  // goes on without encryption
	enum sim_mppe_kind mppe;
	bool has_wrong_keys; // NT 4 SP5, 128 bit: the keys are not those of the password
	bool asks_deflate;   // beside MPPE
	bool asks_vj;	     // IP-Compression-Protocol in IPCP
	uint8_t n_servers;   // name servers asked for: 0, 2 (DNS) or 4 (DNS and NBNS)
	bool waits_for_ccp;  // IPCP only when CCP is open; before, Terminate-Ack
	bool asks_ipv6cp;
	bool asks_acsp;		    // an NCP of macOS, 0x8235
	const char *identification; // of LCP, before the one of the machine; NULL: none
	bool answers_afresh;	    // a repeated Challenge gets a new peer challenge
	uint64_t restart_ns;
	uint64_t echo_interval_ns; // LCP Echo-Requests, 0: none
	// PPTP
	uint64_t call_delay_ns; // between SCCRP and OCRQ
	uint16_t call_id;	// 0: a random one
	uint16_t window;
	uint8_t n_link_infos;
};

enum sim_cp_kind { SIM_LCP, SIM_CCP, SIM_IPCP, SIM_CP_KINDS };

// One control protocol, with the state of RFC 1661 told by what was acknowledged.
struct sim_cp {
	bool is_started, is_open;
	bool has_acked;	   // we acknowledged the server's last request
	bool was_acked;	   // the server acknowledged ours
	bool awaits_reply; // to our last request
	uint8_t id;
	unsigned int n_tries;
	uint64_t due_ns;
	// options that are still asked for, and their values
	uint8_t n_options;
	uint8_t types[SIM_CP_OPTIONS_MAX];
	uint32_t values[SIM_CP_OPTIONS_MAX];
	uint8_t lens[SIM_CP_OPTIONS_MAX]; // of the value
};

struct sim_peer {
	const struct sim_peer_profile *profile;
	struct sim_random *random;
	struct sim_tunnel *tunnel;
	const char *user, *password;
	struct sim_cp cps[SIM_CP_KINDS];
	uint32_t magic;
	enum auth_method method; // that the server asked for and we acknowledged
	bool is_authenticated;
	bool has_responded;
	bool has_response; // may be given again
	uint8_t response_challenge_id;
	uint8_t server_challenge[16], peer_challenge[16], nt_response[24];
	unsigned int n_failures; // CHAP Failures with R=1 that were answered
	uint64_t pap_due_ns;
	struct mppe_start_keys start; // the client's view
	uint32_t server_bits;  // MPPE bits of the server's request that we acknowledged, 0: none
	uint64_t reset_due_ns; // no CCP Reset-Request before
	uint32_t address, server_address;
	uint64_t echo_due_ns;
	unsigned int n_protocols, n_rejected; // beside the three: asked for, and Protocol-Rejects
	bool is_up;
	bool was_refused; // CHAP Failure or PAP Nak came
	bool has_ended;	  // the link is closed, or given up
	bool is_terminating;
	unsigned int n_terminates;
	uint64_t terminate_due_ns;
};

void sim_peer_init(struct sim_peer *p, const struct sim_peer_profile *profile,
	struct sim_random *random, struct sim_tunnel *tunnel, const char *user,
	const char *password);

// The GRE path is there.
void sim_peer_start(struct sim_peer *p, uint64_t now_ns);
void sim_peer_receive(struct sim_peer *p, uint16_t protocol, struct span info, uint64_t now_ns);
uint64_t sim_peer_deadline(const struct sim_peer *p);
void sim_peer_expire(struct sim_peer *p, uint64_t now_ns);

// The tunnel lost a stateful packet: CCP Reset-Request, not too often.
void sim_peer_reset(struct sim_peer *p, uint64_t now_ns);
// Negotiate an open protocol again.
void sim_peer_renegotiate(struct sim_peer *p, enum sim_cp_kind kind, uint64_t now_ns);
// Hang up by LCP Terminate-Request.
void sim_peer_terminate(struct sim_peer *p, uint64_t now_ns);

static inline bool sim_peer_is_encrypting(const struct sim_peer *p)
{
	return p->cps[SIM_CCP].is_open && p->server_bits;
}
