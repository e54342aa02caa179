// SPDX-License-Identifier: BSD-3-Clause
// A fleet of PPTP clients in one process and one lane, and the hosts that they talk to.
//
//   control half   dial.c (TCP, PPTP, pacing), peer.c (PPP), ports.c (Ethernet, ARP, ICMP), run.c (phases)
//   data half      gre.c (GRE and MPPE), traffic.c, check.c, impair.c, latency.c, report.c
//
// Addresses are in network order (`_be`). Times are nanoseconds of fleet_now(). Packets that pass between the
// halves and the ports begin at the IPv4 header; ports.c puts the Ethernet header before it, and wants
// RTE_PKTMBUF_HEADROOM left as it is.
#pragma once

#include "crypto/mppe_key.h"
#include "perf/fleet/fleet_options.h"
#include "perf/fleet/fleet_reason.h"
#include "perf/fleet/flow.h"

#include <rte_mbuf.h>

#define FLEET_NEVER UINT64_MAX
#define FLEET_MS    UINT64_C(1000000)
#define FLEET_S	    UINT64_C(1000000000)

enum { FLEET_BURST = 32 };

enum fleet_state {
	FLEET_IDLE,	// not dialled yet
	FLEET_DIALLING, // from SYN to IPCP
	FLEET_UP,
	FLEET_HANGING_UP,
	FLEET_GONE,   // hung up cleanly
	FLEET_FAILED, // never came up
	FLEET_LOST,   // was up and ended by itself
};

// One call. Index i of fleet->clients is call (i % calls per tunnel) of tunnel (i / calls per tunnel).
struct fleet_client {
	uint32_t source_be; // outer address of its own
	uint32_t server_be; // outer address of the server
	uint32_t inner_be;  // 0 until IPCP has given one
	uint16_t call_id;   // ours: what GRE to us carries; unique within a source
	uint16_t server_call_id;
	uint16_t mtu;		  // of inner packets: the server's MRU, less what MPPE adds
	uint8_t state;		  // enum fleet_state
	bool is_encrypted;	  // keys are in place both ways; data goes encrypted from then on
	bool send_pfc, send_acfc; // header compressions that the server takes
	bool has_gre;		  // between gre_client_begin() and gre_client_end()
	struct fleet_flow flow;
};

// The clients of --clients, and those of --extra.
enum fleet_wave { FLEET_MAIN, FLEET_EXTRA, FLEET_WAVES };

// What became of a wave's set-ups.
struct fleet_setups {
	uint32_t n;	  // wanted
	uint32_t n_begun; // dialled
	uint32_t n_up;	  // came up, whatever followed
	uint32_t n_failed;
	uint64_t begun_ns;   // first SYN
	uint64_t settled_ns; // last one that came up or failed
	uint32_t *took_us;   // took_us[n_up]: SYN to IPCP open, in order of coming up
};

struct fleet_hangups {
	uint32_t n; // calls that were up
	uint32_t
		n_clean; // Terminate-Ack, Call-Disconnect-Notify, and of their tunnel StopCCRP and FIN
	uint32_t n_tunnels;
	uint32_t n_tunnels_clean;
	uint64_t begun_ns, settled_ns;
};

// How many times which reason, and what the server said, as far as there is room for different texts.
enum { FLEET_DETAILS = 16, FLEET_DETAIL_BYTES = 96 };

struct fleet_detail {
	enum fleet_reason reason;
	uint32_t n;
	char text[FLEET_DETAIL_BYTES];
};

enum fleet_phase {
	FLEET_DIAL,
	FLEET_TRAFFIC,
	FLEET_EXTRA_DIAL,
	FLEET_HOLD,
	FLEET_HANG_UP,
	FLEET_DONE
};

struct fleet {
	struct fleet_options options;
	uint64_t now_ns; // of this round of the loop
	enum fleet_phase phase;
	uint64_t phase_began_ns;
	volatile bool must_stop; // SIGINT, SIGTERM: hang up and report

	uint32_t n_clients;	      // --clients and --extra
	struct fleet_client *clients; // clients[n_clients]
	uint32_t clients_per_source;
	uint32_t n_sources;

	struct fleet_setups setups[FLEET_WAVES];
	struct fleet_hangups hangups;
	uint32_t n_up, n_dialling;	 // now
	uint32_t reasons[FLEET_REASONS]; // failed, lost, or not hung up cleanly
	struct fleet_detail details[FLEET_DETAILS];
	uint64_t busy_cycles,
		idle_cycles;   // rounds of the loop that had something to do, and others
	uint64_t n_tx_dropped; // frames that a port did not take
	bool has_no_keys_file; // --export-keys failed

	struct rte_mempool *pool;
	struct ports *ports; // ports.h
	struct dial *dial;   // dial.h

	// The data half's own; each made by its _init().
	struct gre_half *gre;
	struct traffic *traffic;
};

static inline uint32_t fleet_client_index(const struct fleet *f, const struct fleet_client *c)
{
	return (uint32_t)(c - f->clients);
}

// Whose GRE this is: destination address and Call ID of a packet to us. NULL when nobody's.
static inline struct fleet_client *fleet_client_find(
	const struct fleet *f, uint32_t destination_be, uint16_t call_id)
{
	uint32_t source = rte_be_to_cpu_32(destination_be) - f->options.sources_first;
	uint32_t i = source * f->clients_per_source + (uint32_t)call_id - 1;

	if (source >= f->n_sources || call_id == 0 || call_id > f->clients_per_source ||
		i >= f->n_clients)
		return NULL;
	return &f->clients[i];
}

uint64_t fleet_now(void); // of the TSC; f->now_ns is the same, once a round

// ---- control half, called by the data half

// A frame of PPP that is not data came: LCP, CHAP, CCP, IPCP, or a protocol that nobody speaks. `info` is what
// follows the protocol field.
void dial_receive_ppp(struct fleet *f, struct fleet_client *c, uint16_t protocol, struct span info);

// Stateful MPPE: a packet is missing, ask by CCP Reset-Request (paced there).
void dial_desync(struct fleet *f, struct fleet_client *c);

// Send an IPv4 packet; it changes owner. Gathered, and flushed once a round or when a burst is full.
void port_send_outside(struct fleet *f, struct rte_mbuf *m);
void port_send_inside(struct fleet *f, struct rte_mbuf *m);

// ---- data half, called by the control half

// gre.c. Each init returns 0 or -errno, with a line on stderr.
int gre_init(struct fleet *f);
void gre_fini(struct fleet *f);
// The call has its Call IDs; LCP is about to begin: numbers start at 0, nothing is encrypted.
void gre_client_begin(struct fleet *f, struct fleet_client *c);
// MPPE is agreed: `send` is how the client encrypts, `receive` how the server does. The keys are the client's
// view. Again after a renegotiation. is_encrypted is set by this.
void gre_client_keys(struct fleet *f, struct fleet_client *c, const struct mppe_start_keys *keys,
	struct mppe_mode send, struct mppe_mode receive);
// The server lost a stateful packet (CCP Reset-Request): the next one is flushed.
void gre_client_flush(struct fleet *f, struct fleet_client *c);
// Its packets are nobody's from now on.
void gre_client_end(struct fleet *f, struct fleet_client *c);
// Packets of IP protocol 47 to one of our sources, whole and unfragmented, cut to their IP length. They change owner.
void gre_receive(struct fleet *f, struct rte_mbuf **packets, unsigned int n);
// A control frame, never encrypted; `info` is what follows the protocol field.
void gre_send_ppp(struct fleet *f, struct fleet_client *c, uint16_t protocol, struct span info);

// traffic.c
int traffic_init(struct fleet *f);
void traffic_fini(struct fleet *f);
// UDP and whatever else comes to the inside host, cut to its IP length. The packets change owner.
void inside_receive(struct fleet *f, struct rte_mbuf **packets, unsigned int n);
void traffic_client_up(struct fleet *f, struct fleet_client *c);
void traffic_client_down(struct fleet *f, struct fleet_client *c);
// Offer traffic from now on, booked under this name ("base", "dialling"); what was begun before ends first.
void traffic_begin(struct fleet *f, const char *interval);
// Offer no more; what is on its way still counts for TRAFFIC_DRAIN_NS, and then is lost.
void traffic_end(struct fleet *f);
// Once a round of the loop. Returns whether there was something to do.
bool traffic_run(struct fleet *f, uint64_t now_ns);
// What --progress says of the traffic of the second that has passed, "" before it began.
void traffic_progress(struct fleet *f, uint64_t now_ns, char *out, size_t cap);

#define TRAFFIC_DRAIN_NS (300 * FLEET_MS)

// report.c: to stdout, and to --json. Returns the exit status.
int report(struct fleet *f);
