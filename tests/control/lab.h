// SPDX-License-Identifier: BSD-3-Clause
// The control lane in this process, with clients over TCP on the loopback and workers that the test
// plays on the rings: what control tells them is checked, what clients' PPP says is passed on.
#pragma once

#include "control/control_state.h"
#include "sim/sim_peer.h"

enum {
	LAB_WORKERS = 2,
	LAB_ENGINES = 2,
	LAB_SLOTS = 600, // a worker
	LAB_MBUFS = 2047,
	LAB_TENANTS = 4, // whose rates are kept
	LAB_SKIP_MS = 100,
};

// What a worker was told of a session, in order.
struct lab_session {
	uint64_t id; // SESSION_ID_NONE: none
	struct command_session_add add;
	struct command_session_link link;
	bool has_link, has_keys, encrypts, is_open;
	struct mppe_start_keys keys;
	struct command_session_open open;
	unsigned int n_policies;
	struct command_session_policy policy;
	bool had_policy_first; // before the first data could pass
	uint32_t inner_be;
	uint32_t n_frames, n_flushes, n_packets;
	size_t packet_len; // of the last COMMAND_SEND_IP
	uint8_t packet[LIMIT_MTU_BYTES];
};

struct lab_client;
TAILQ_HEAD(lab_clients, lab_client);

struct lab {
	struct config *config;
	struct log log;
	int null_fd; // where it goes, 0: to standard error
	struct rte_mempool *pool;
	struct lane_wake wake;
	struct lane_links links[LAB_WORKERS];
	struct session_table tables[LAB_WORKERS];
	struct lane_counters counters[LAB_WORKERS];
	struct lab_session sessions[LAB_WORKERS][LAB_SLOTS];
	const struct session_table *table_list[LAB_WORKERS];
	const struct lane_counters *counter_list[LAB_WORKERS];
	struct crypto_counters worker_crypto[LAB_WORKERS];
	struct crypto_counters engine_crypto[LAB_ENGINES];
	struct crypto_channel_counters channels[LAB_WORKERS][LAB_ENGINES];
	struct crypto_view crypto;
	struct lane_view lanes;
	struct owner_map *owners;
	struct control *control;
	struct lab_clients clients;
	bool workers_sleep;		   // they take no commands
	struct acl_set *acls[LAB_WORKERS]; // what they have
	struct command_tenant_rate tenant_rates[LAB_WORKERS][LAB_TENANTS];
	unsigned int n_tenant_rates; // commands
	unsigned int n_port_frames;  // COMMAND_SEND_FRAME
	size_t port_frame_len;	     // of the last one
	uint8_t port_frame[128];
	bool loses_frames;		     // of PPP, both ways
	uint32_t connect_to;		     // host order, where clients call; 0: 127.0.0.1
	unsigned int n_gone;		     // sessions that were deleted
	unsigned int n_descriptors, n_mbufs; // before
	char socket_path[64];
	bool is_stopped;
	unsigned int n_stopping, n_seconds; // what control told its owner
};

struct lab_client {
	struct lab *lab;
	int fd; // -1: closed
	bool is_closed_by_server;
	bool is_deaf;	   // does not read
	bool answers_stop; // StopCCRQ by StopCCRP and a close
	bool is_mute;	   // no PPP of it comes through
	// Takes a frame of the server's before the peer can: true, and the peer never sees it.
	bool (*takes_frame)(struct lab_client *c, uint16_t protocol, struct span info);
	struct sim_tunnel tunnel; // only its end of the framing, see lab_client.c
	struct sim_random random;
	struct sim_peer peer;
	bool has_peer;
	uint16_t call_id;	 // ours
	uint16_t server_call_id; // of the last OCRP
	uint64_t session_id;	 // that the worker was told with our Call ID
	size_t n_partial;
	uint8_t partial[4 * PPTP_MESSAGE_BYTES_MAX];
	char heard[256]; // the types that came: "SCCRP OCRP "
	struct pptp_message last;
	TAILQ_ENTRY(lab_client) in_all;
};

// `change` may alter the configuration before control starts; NULL: nothing. Fails the test if it
// cannot.
void lab_open(struct lab *lab, void (*change)(struct config *c));
void lab_open_with(struct lab *lab, void (*change)(struct config *c), const struct aaa_driver *aaa);
// Checks that nothing is left: packets, descriptors, sessions.
void lab_close(struct lab *lab);

// One turn of everything.
void lab_turn(struct lab *lab);
// Turns until the condition holds, at most ms. Returns whether it does.
bool lab_until(
	struct lab *lab, bool (*holds)(struct lab *lab, void *context), void *context, int ms);
void lab_run(struct lab *lab, int ms);
// Let control's clock run ahead, with a turn for each LAB_SKIP_MS; that of the clients does not.
void lab_skip(struct lab *lab, int ms);

// Events so far of this kind that contain this text.
unsigned int lab_count_events(const struct lab *lab, enum event_kind kind, const char *text);
// Records of calls that ended, `down` and `call-failed`, that contain this text.
unsigned int lab_count_ends(const struct lab *lab, const char *text);
struct lab_session *lab_find_session(struct lab *lab, uint64_t id);
// Calls that control has, in any phase.
unsigned int lab_count_calls(const struct lab *lab);
unsigned int lab_count_connections(const struct lab *lab);
// Addresses that are not free.
unsigned int lab_count_addresses(const struct lab *lab);
unsigned int lab_count_descriptors(void); // of this process
void lab_put_event(struct lab *lab, const struct lane_event *e);
// Send a command to the API socket and take the whole reply; what is on "out" and "err" goes to
// text. Returns the exit code.
int lab_ask(struct lab *lab, const char *line, char *text, size_t cap);

// ---- clients ------------------------------------------------------------------------------------

void lab_client_open(struct lab *lab, struct lab_client *c); // connects
void lab_client_close(struct lab_client *c);
void lab_client_send(struct lab_client *c, const struct pptp_message *m);
void lab_client_send_bytes(struct lab_client *c, const void *bytes, size_t n);
void lab_client_start(struct lab_client *c);		      // SCCRQ
void lab_client_call(struct lab_client *c, uint16_t call_id); // OCRQ
void lab_client_clear(struct lab_client *c);		      // Call-Clear-Request
void lab_client_stop(struct lab_client *c);		      // StopCCRQ
// The whole way up with a real PPP peer: SCCRQ now, the rest follows as answers come.
void lab_client_dial(struct lab_client *c, const struct sim_peer_profile *profile, const char *user,
	const char *password, uint16_t call_id);
void lab_client_turn(struct lab_client *c);
void lab_client_take_frame(struct lab_client *c, uint16_t protocol, struct span info);

// Conditions for lab_until(); the context is the client.
bool lab_is_up(struct lab *lab, void *client);
bool lab_is_closed(struct lab *lab, void *client);
bool lab_has_heard(struct lab *lab, void *client); // any message; c->heard may be emptied
bool lab_is_empty(struct lab *lab, void *unused);  // no connection, no call

extern const struct sim_peer_profile lab_pppd;
