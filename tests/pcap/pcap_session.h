// SPDX-License-Identifier: BSD-3-Clause
// The calls in a capture: for each, the PPP frames of both directions in the order of their GRE
// sequence numbers, each once. Good for captures of whole calls on Ethernet, a few hundred packets.
#pragma once

#include "pcap/pcap_reader.h"

enum { PCAP_SESSIONS_MAX = 8, PCAP_FRAMES_MAX = 1024 };

struct pcap_frame {
	uint32_t seq;
	struct span ppp; // from FF 03 or the protocol field
};

struct pcap_direction {
	unsigned int n;
	struct pcap_frame frames[PCAP_FRAMES_MAX];
};

struct pcap_session {
	uint32_t client, server; // outer addresses, host order
	uint16_t client_call_id, server_call_id;
	struct pcap_direction up, down; // client to server, server to client
};

struct pcap_calls {
	struct pcap_reader reader; // holds the bytes
	unsigned int n;
	struct pcap_session sessions[PCAP_SESSIONS_MAX];
};

// The calls of tests/pcap/data/<name>.pcap; NULL when it cannot be read or is damaged.
struct pcap_calls *pcap_session_load(const char *name);

// calls may be NULL.
void pcap_session_free(struct pcap_calls *calls);
