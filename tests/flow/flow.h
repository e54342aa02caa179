// SPDX-License-Identifier: BSD-3-Clause
// A worker between two ports in one process, with the test playing control, the clients and the hosts
// of the inside. tests/flow/README.md draws it.
//
//   struct flow f;
//   struct flow_client c;
//   flow_open(&f, NULL);
//   flow_client_up(&f, &c, NULL);
//   flow_send_up(&c, packet, len);       // from the client, through its tunnel
//   n = flow_take(&f, FLOW_INSIDE, out); // what left the inside port, an Ethernet frame
//   flow_close(&f);                      // fails when an mbuf is missing
#pragma once

#include "crypto/mppe_key.h"
#include "dataplane/worker.h"

#include <nettle/arcfour.h>

enum {
	FLOW_OUTSIDE = 0, // ports
	FLOW_INSIDE = 1,
	FLOW_PORTS = 2,
	FLOW_WORKERS = 4,
	FLOW_SLOTS = 64, // sessions a worker
	FLOW_FRAME_BYTES = 2048,
	FLOW_ETHER_BYTES = 14,
	FLOW_ANY_KIND = -1,
};

// Addresses in host order; flow_be() turns them.
enum {
	FLOW_LISTEN = 0xc0000201,	  // 192.0.2.1, listen address 0
	FLOW_LISTEN_SECOND = 0xc0000202,  // 192.0.2.2, listen address 1
	FLOW_CLIENT_OUTER = 0xc6336400,	  // 198.51.100.0/24, behind a gateway
	FLOW_CLIENT_INNER = 0x0a080000,	  // 10.8.0.0/24
	FLOW_SERVER_INNER = 0x0a080001,	  // 10.8.0.1
	FLOW_HOST = 0x0a140009,		  // 10.20.0.9, a host of the inside
	FLOW_INSIDE_ADDRESS = 0x0a140001, // 10.20.0.1, our own there
	FLOW_UNKNOWN_HOST = 0x0a140055,	  // 10.20.0.85, link address not known
	FLOW_NOWHERE = 0x0b000001,	  // 11.0.0.1, no route
};

struct flow_options {
	unsigned int n_workers; // 0: one
	unsigned int n_mbufs;	// 0: the common pool; else a pool of its own
	uint32_t event_ring;	// 0: 256 elements
	uint32_t exception_ring;
	uint32_t exception_rate_pps; // 0: 100,000
	uint32_t pptp_rate_pps;	     // 0: as that
	uint32_t failures_max;	     // 0: 8
	uint16_t outside_mtu;	     // 0: 1500
	uint16_t inside_mtu;
	bool accepts_all;
	const struct crypto_driver *crypto; // NULL: sw
	struct crypto_setup crypto_setup;
	bool may_be_stateful;
	bool may_be_late; // keys of late packets are kept
	bool no_routes;
	bool no_short_way;		   // or ADIT_FLOW_LONG_WAY in the environment
	bool no_chains;			   // ports that transmit single segments only
	const uint16_t *tenants;	   // of the inside port's VLANs, [4096]
	const uint32_t *tenant_servers_be; // inner address of the server, by tenant
	bool one_queue;			   // the first worker has all queues
	bool twin_inside; // a second inside port, whose frames come out of the first
	uint32_t idle_sleep_us;
};

struct flow {
	struct flow_options options;
	struct rte_mempool *pool;
	unsigned int in_use_before;
	unsigned int n_workers;
	struct worker *workers[FLOW_WORKERS];
	struct lane_links links[FLOW_WORKERS];
	struct lane_wake wake;
	struct session_table sessions[FLOW_WORKERS];
	struct lane_counters *counters[FLOW_WORKERS];
	struct rte_ring *handoff[FLOW_WORKERS][FLOW_WORKERS]; // [from][to]
	struct owner_map *owners;
	struct route_table *routes;
	uint32_t generation; // of the last session
	bool is_open;
	bool runs_itself;      // workers have threads of their own: flow_poll() is not for them
	unsigned int n_chains; // of several segments, among what flow_take() took
};

struct flow_client_options {
	unsigned int worker;
	unsigned int
		number; // of the client; 0: 2. Inner address, outer address, Call IDs follow from it
	uint16_t listen;
	uint16_t tenant;
	uint32_t inner;	 // host order, 0: as the number says
	bool has_routes; // the test puts networks behind it on the map
	uint16_t mtu;	 // 0: 1400
	uint16_t mss_max;
	bool clear; // no keys, no encryption required
	bool clear_but_required;
	bool send_pfc, send_acfc;     // what the server may compress
	bool client_pfc, client_acfc; // what the client does compress
	bool not_linked;	      // LCP has not agreed yet
	bool not_open;
	bool relays, dhcp_inform; // of the user's group
	uint32_t ack_delay_us;	  // 0: 10 s
	uint16_t reorder_pkts;
	uint32_t reorder_us; // 0: 10 s
	uint16_t late_pkts;
	bool nat_loose;
	uint16_t peer_window; // 0: no transmit window
	uint32_t ack_timeout_us;
	uint32_t slot;
	uint16_t peer_call_id;	     // 0: follows from the number
	bool may_lose;		     // of what comes down some may be missing
	enum mppe_strength strength; // 0: 128
	bool stateful_up, stateful_down;
	bool is_linux; // changes the key when it flushes, where RFC 3078 only starts RC4 again
};

struct flow_direction {
	uint8_t start_key[MPPE_KEY_BYTES_MAX];
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	uint16_t last; // count of the last packet
	enum mppe_strength strength;
	bool is_stateful, is_linux;
	bool flush_is_due; // up: the next packet is flushed
	bool was_flushed;  // down: the last packet was
	struct arcfour_ctx rc4;
};

struct flow_client {
	struct flow *f;
	struct flow_client_options options;
	uint64_t id;
	uint16_t call_id, peer_call_id;
	uint32_t listen; // host order, as the three below
	uint32_t outer, inner;
	uint32_t seq;	   // of the next packet up
	uint32_t down_seq; // that the next packet down must have
	bool encrypts;
	struct flow_direction up, down;
};

// What a frame to the client held, after its headers were checked against what they must be.
struct flow_down {
	bool has_seq, has_ack;
	uint32_t seq, ack;
	bool has_fc; // FF 03
	bool has_long_protocol;
	uint16_t protocol; // outermost
	uint16_t inner_protocol;
	uint8_t tos;
	size_t len;
	uint8_t bytes[FLOW_FRAME_BYTES]; // IPv4 of data, information field of control
};

// Fails the test (not fatally) when something cannot be had; f->is_open says whether it can go on.
void flow_open(struct flow *f, const struct flow_options *options);
void flow_close(struct flow *f);

static inline uint32_t flow_be(uint32_t address)
{
	return rte_cpu_to_be_32(address);
}

// Poll all workers in turn until none has work left.
void flow_poll(struct flow *f);
// With workers that run by themselves: wait until all that has come by the ports so far has been looked at.
void flow_wait_classified(struct flow *f);
uint64_t flow_drops(const struct flow *f, enum drop_reason reason); // of all workers
uint64_t flow_drops_all(const struct flow *f);
#define flow_count(f, field)                                                           \
	((f)->counters[0]->field + (f)->counters[1]->field + (f)->counters[2]->field + \
		(f)->counters[3]->field)

// --- as the wire ------------------------------------------------------------------------------------

// A frame comes by a port, for the queue of `worker`, and is worked off. Returns false when the pool is dry.
bool flow_put(
	struct flow *f, unsigned int port, unsigned int worker, const void *frame, size_t len);
// The same, but it waits for flow_poll().
bool flow_push(
	struct flow *f, unsigned int port, unsigned int worker, const void *frame, size_t len);
// As a chain of two mbufs, the first of first_len bytes.
bool flow_push_chain(
	struct flow *f, unsigned int port, const void *frame, size_t len, size_t first_len);
// As a chain of n mbufs of so many bytes, and one with the rest, if there is one.
bool flow_push_pieces(struct flow *f, unsigned int port, const void *frame, size_t len,
	const uint16_t *pieces, unsigned int n);
// Frames that wait for a worker at a port.
unsigned int flow_waiting(unsigned int port, unsigned int worker);
// The next frame that left by a port, 0 when there is none.
size_t flow_take(struct flow *f, unsigned int port, uint8_t out[FLOW_FRAME_BYTES]);
// Takes all that left by a port; returns how many.
unsigned int flow_discard(struct flow *f, unsigned int port);
// Ethernet and IPv4 in front of a payload; returns the length.
size_t flow_frame(uint8_t *out, unsigned int port, const uint8_t *ip, size_t len);

// An IPv4 packet of `len` bytes with UDP and a pattern in it (ICMP, TCP: the protocol's number alone).
size_t flow_ip(uint8_t *out, uint32_t from, uint32_t to, uint8_t protocol, size_t len);
void flow_ip_set(uint8_t *ip, uint8_t ttl, uint8_t tos, bool dont_fragment);
// A SYN with an MSS option; returns its length.
size_t flow_tcp_syn(uint8_t *out, uint32_t from, uint32_t to, uint16_t mss);
bool flow_tcp_checksum_is_right(const uint8_t *ip);
size_t flow_echo_request(uint8_t *out, uint32_t from, uint32_t to, size_t len);

// --- as control -------------------------------------------------------------------------------------

bool flow_command(struct flow *f, unsigned int worker, const struct lane_command *command);
// The next event of that kind (FLOW_ANY_KIND), others are dropped; false when there is none. Its packet is
// the caller's.
bool flow_event(struct flow *f, unsigned int worker, int kind, struct lane_event *out);
bool flow_exception(struct flow *f, unsigned int worker, int kind, struct lane_event *out);
struct rte_mbuf *flow_mbuf(struct flow *f, const void *bytes, size_t len);
void flow_send_ppp(struct flow_client *c, uint16_t protocol, const void *info, size_t len);
void flow_add_route(struct route_table *t, uint32_t prefix, uint8_t len, uint8_t kind, uint8_t port,
	uint8_t mac_last, uint32_t gateway);
struct route_table *flow_routes(void);

// --- as a client ------------------------------------------------------------------------------------

// ADD, LINK, KEYS, ENCRYPT, OPEN, as the options say.
void flow_client_up(
	struct flow *f, struct flow_client *c, const struct flow_client_options *options);
void flow_client_link(struct flow_client *c);
void flow_client_keys(struct flow_client *c);
void flow_client_encrypt(struct flow_client *c, bool on);
void flow_client_open(struct flow_client *c, bool on);
void flow_client_delete(struct flow_client *c); // and its entries in the owner map
struct session *flow_session(const struct flow_client *c);

// GRE with this sequence number and PPP frame, no ack; worked off.
void flow_send_gre(struct flow_client *c, uint32_t seq, const uint8_t *ppp, size_t len);
// Ethernet frame of the same.
size_t flow_gre_frame(
	const struct flow_client *c, uint8_t *out, uint32_t seq, const uint8_t *ppp, size_t len);
// PPP frame of an IPv4 packet as the client sends it: encrypted if it encrypts. Moves the client's key.
size_t flow_ppp_data(
	struct flow_client *c, uint8_t *out, uint16_t protocol, const uint8_t *bytes, size_t len);
// Move the client's key on as if a packet had been sent that was lost; GRE's sequence number too.
void flow_client_lose(struct flow_client *c);
// The client has sent a Reset-Request: control tells the worker.
void flow_client_reset(struct flow_client *c);
void flow_send_up(struct flow_client *c, const uint8_t *ip, size_t len);
void flow_push_up(struct flow_client *c, const uint8_t *ip, size_t len);
void flow_send_control(struct flow_client *c, uint16_t protocol, const uint8_t *info, size_t len);
// A lone ack of the client.
void flow_send_ack(struct flow_client *c, uint32_t ack);
// Take the next frame to this client from the outside port, check its headers byte by byte, decrypt. False
// when there is none or it is wrong (the test has failed then).
bool flow_take_down(struct flow_client *c, struct flow_down *out);
// The same of a frame that has been taken.
bool flow_open_down(struct flow_client *c, const uint8_t *frame, size_t len, struct flow_down *out);
