// SPDX-License-Identifier: BSD-3-Clause
// All that the control lane owns, for the files of this directory.
#pragma once

#include "control/accounting.h"
#include "control/acls.h"
#include "control/address.h"
#include "control/address_probe.h"
#include "control/admission.h"
#include "control/call_table.h"
#include "control/change.h"
#include "control/clear_user.h"
#include "control/control.h"
#include "control/crypto_watch.h"
#include "control/debug.h"
#include "control/history.h"
#include "control/lane_watch.h"
#include "control/workers.h"
#include "control/listener.h"
#include "control/lockout.h"
#include "control/logins.h"
#include "control/loop.h"
#include "control/networks.h"
#include "control/placement.h"
#include "control/pool.h"
#include "control/port_watch.h"
#include "control/refusal.h"
#include "control/reload.h"
#include "control/routes.h"
#include "control/setup_pace.h"
#include "control/sticky.h"
#include "control/supersede.h"
#include "control/tenant_rates.h"
#include "control/tenants.h"
#include "proto/link.h"
#include "proto/pptp_conn.h"

enum control_phase { CONTROL_RUNNING, CONTROL_STOPPING, CONTROL_STOPPED };

struct api;
struct call;
struct conn;
TAILQ_HEAD(conn_list, conn);

struct control_tap {
	struct control *control;
	struct loop_source source;
	const struct network *network;
};

struct control {
	struct control_config config;
	struct loop loop;
	struct control_counters counters;
	enum control_phase phase;
	uint64_t started_ns;
	uint64_t started_wall_ns;

	// the end, and once a second
	int signal_fd;
	struct loop_source signal_source;
	struct timer second;
	struct timer publish; // of routes
	struct timer stop_timer;
	uint64_t stop_began_ns;
	uint32_t n_untold; // connections that may not know yet that we stop
	bool has_cut;	   // every call that did not end by itself was ended
	uint32_t n_cut;
	uint32_t cut_cursor;
	bool has_loop;

	// clients
	struct listeners listeners;
	struct refusals refusals;
	struct admission admission;
	struct setup_pace setup_pace;
	struct pptp_conn_config conn_config;
	struct conn_list conns;
	struct conn_list doomed; // to be closed at the end of this turn
	uint32_t n_conns;

	// calls
	struct link_config link_configs[LIMIT_POOLS]; // of each pool
	struct pool pools[LIMIT_POOLS];
	uint16_t n_pools;
	struct tenants tenants;
	struct tenant_rates tenant_rates;
	struct sticky sticky; // where a tenant has sticky addresses
	struct address_probes probes;
	struct address_aside aside;
	struct call_table *call_tables; // call_tables[owners->n_listen]
	struct placement placement;
	struct supersede supersede;
	struct logins logins;
	struct clear_user clear_user;
	struct changes changes;
	void *aaa;		       // state of the driver
	struct loop_source aaa_source; // when it has a descriptor
	bool aaa_pending;	       // something was submitted: poll
	struct accounting accounting;
	struct reload reload;
	struct lockout lockout;

	// workers and the kernel
	struct workers workers;
	struct samples samples; // when the counters of the lanes were looked at
	struct lane_watch lane_watch;
	struct crypto_watch crypto_watch;
	struct neighbor *neighbor; // NULL without ports
	struct loop_source neighbor_source;
	struct routes routes;
	struct acls acls;
	struct networks networks;
	struct control_tap taps[LIMIT_NETWORKS];
	uint16_t n_taps;
	struct port_watch port_watch;

	struct api *api;
	struct debug debug;
	struct history history;
	uint64_t last_tunnel; // number of the last control connection
};

// What the configuration means for the machines of connections and calls, and for admission.
void control_configure(struct control *c);

uint64_t control_wall_ns(void); // nanoseconds since 1970

static inline uint64_t control_now(const struct control *c)
{
	return c->loop.now_ns;
}
