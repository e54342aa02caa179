// SPDX-License-Identifier: BSD-3-Clause
// A stand-in for the server's control lane, around its real machines and a real worker: walks their
// steps, commands the worker, answers for AAA after a while, gives addresses, keeps one call a
// connection.
#pragma once

#include "proto/link.h"
#include "proto/pptp_call.h"
#include "proto/pptp_conn.h"
#include "sim/sim_profiles.h"
#include "sim/sim_worker.h"

enum { SIM_SERVER_ADDRESS = 0x0a4d0001 };

#define SIM_USER     "maria"
#define SIM_PASSWORD "correct horse"

// What goes wrong behind the server in this run.
enum sim_aaa_fault { SIM_AAA_WORKS, SIM_AAA_UNAVAILABLE, SIM_AAA_NO_ADDRESS, SIM_AAA_FAULTS };

struct sim_server {
	struct sim_path *path;
	struct sim_random *random;
	struct pptp_conn conn;
	struct pptp_call call;
	struct link_config link_config;
	struct link link;
	struct sim_worker worker;
	struct sim_data data;
	const struct sim_policy *policy;
	enum sim_aaa_fault aaa_fault;
	uint64_t aaa_due_ns;	 // SIM_NEVER: nothing is asked
	struct link_keys keys;	 // the last ones
	uint32_t client_address; // that the client was given
	bool has_call;		 // there was one
	bool is_call_over;
	bool is_up, is_encrypting;
	bool is_closed; // TCP
	bool has_overflowed;
	bool was_told_failures; // LANE_DECRYPT_FAILURES
	unsigned int n_desyncs;
	unsigned int n_ups;
	enum end_reason call_end; // END_NONE while there is none
	enum end_reason conn_end;
};

void sim_server_init(struct sim_server *s, const struct sim_policy *policy, struct sim_path *path,
	struct sim_random *random);
// The run is over, whatever the server thinks.
void sim_server_fini(struct sim_server *s);
void sim_server_receive(struct sim_server *s, const struct sim_arrival *in, uint64_t now_ns);
uint64_t sim_server_deadline(const struct sim_server *s);
void sim_server_expire(struct sim_server *s, uint64_t now_ns);

// The operator ends the session.
void sim_server_clear(struct sim_server *s, uint64_t now_ns);

// A test packet of the host behind the server.
void sim_server_send_data(struct sim_server *s, size_t len, uint64_t now_ns);

// May test data be sent now?
static inline bool sim_server_may_send(const struct sim_server *s)
{
	return s->is_up && (s->is_encrypting || s->policy->encryption != SIM_ENCRYPTION_REQUIRE);
}
