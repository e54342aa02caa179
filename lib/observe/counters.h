// SPDX-License-Identifier: BSD-3-Clause
// What adit counts. Each set of counters has one writer, the lane that owns it; the control lane
// reads the workers' sets while they run. The lists exist once: the fields and what `aditctl show
// counters` prints are made from them.
//
//   X(field, "stable-name", "what it counts")
#pragma once

#include "base/drop_reason.h"
#include "base/end_reason.h"
#include "config/limits.h"

#include <stddef.h>
#include <stdint.h>

// clang-format off
#define LANE_COUNTER_LIST(X)                                                                       \
	X(upstream_pkts, "upstream-pkts", "packets from clients that left an inside port")         \
	X(upstream_bytes, "upstream-bytes", "inner IP bytes of them")                              \
	X(downstream_pkts, "downstream-pkts", "packets to clients that entered a tunnel")          \
	X(downstream_bytes, "downstream-bytes", "inner IP bytes of them")                          \
	X(control_frames_in, "control-frames-in", "PPP control frames passed to control")          \
	X(control_frames_out, "control-frames-out", "PPP control frames sent for control")         \
	X(exceptions_in, "exceptions-in", "frames passed to the kernel through a port's TAP")      \
	X(exceptions_out, "exceptions-out", "frames of the kernel sent by a port")                 \
	X(handoffs_out, "handoffs-out", "packets passed to the worker that owns their session")    \
	X(handoffs_in, "handoffs-in", "packets got from other workers")                            \
	X(acks_in, "acks-in", "GRE packets with an acknowledgement number")                        \
	X(lone_acks_sent, "lone-acks-sent", "GRE acknowledgements sent without a payload")         \
	X(gre_reordered, "gre-reordered", "packets put back in order")                             \
	X(gre_reorder_full, "gre-reorder-full", "packets not held for order: no room was left")    \
	X(gre_late_passed, "gre-late-passed", "late packets passed on, as pptp.late_pkts allows")  \
	X(gre_lost, "gre-lost", "sequence numbers that did not come in time")                      \
	X(mppe_rekeys, "mppe-rekeys", "MPPE key changes, both directions")                         \
	X(keys_refused, "keys-refused", "stateful MPPE keys where none are configured")            \
	X(policies_refused, "policies-refused", "policies where none are configured")              \
	X(crypto_ops, "crypto-ops", "packets given to the crypto driver")                          \
	X(crypto_parked, "crypto-parked", "packets that waited for their session's key")           \
	X(mss_clamped, "mss-clamped", "TCP SYN whose MSS was lowered")                             \
	X(icmp_sent, "icmp-sent", "ICMP messages made by the data path")                           \
	X(broadcasts_relayed, "broadcasts-relayed", "broadcasts of clients sent to the inside")    \
	X(fragments_made, "fragments-made", "fragments made of packets that were too big")         \
	X(commands, "commands", "commands of control carried out")                                 \
	X(stale_commands, "stale-commands", "commands for a session that has gone")                \
	X(events_sent, "events-sent", "messages to control")                                       \
	X(rx_bursts, "rx-bursts", "bursts received, of ports and of other workers")                \
	X(busy_cycles, "busy-cycles", "of the time-stamp counter, in turns that found work")       \
	X(loops_busy, "loops-busy", "turns of the lane's loop that found work")                    \
	X(loops_idle, "loops-idle", "turns of the lane's loop that found none")

#define CONTROL_COUNTER_LIST(X)                                                                    \
	X(tcp_accepted, "tcp-accepted", "connections to TCP/1723 accepted")                        \
	X(tcp_refused, "tcp-refused", "connections kept out by a limit")                           \
	X(tcp_refused_by_reply, "tcp-refused-by-reply", "of them told so by SCCRP")                \
	X(tcp_bytes_in, "tcp-bytes-in", "bytes read from TCP/1723")                                \
	X(tcp_bytes_out, "tcp-bytes-out", "bytes written to TCP/1723")                             \
	X(calls_started, "calls-started", "Outgoing-Call-Requests accepted")                       \
	X(calls_refused, "calls-refused", "call requests answered with an error")                  \
	X(calls_up, "calls-up", "calls that came up")                                              \
	X(calls_superseded, "calls-superseded", "stale calls that gave way to a new one")          \
	X(calls_without_gre, "calls-without-gre", "calls from which no GRE came in time")          \
	X(pptp_strays, "pptp-strays", "call messages that named no call of their connection")      \
	X(ppp_in, "ppp-in", "PPP control frames from clients")                                     \
	X(ppp_out, "ppp-out", "PPP control frames to clients")                                     \
	X(auth_ok, "auth-ok", "authentications accepted")                                          \
	X(auth_failed, "auth-failed", "authentications rejected")                                  \
	X(addresses_short, "addresses-short", "calls that found their pool empty")                 \
	X(routes_refused, "routes-refused", "networks behind clients that were not routed")        \
	X(dhcp_answered, "dhcp-answered", "DHCPINFORM of clients answered")                        \
	X(stale_events, "stale-events", "messages of workers for a session that has gone")         \
	X(command_ring_full, "command-ring-full", "commands that a worker's ring did not take")    \
	X(netlink_updates, "netlink-updates", "changes of routes, neighbours and links mirrored")  \
	X(tap_in, "tap-in", "frames read from the ports' TAPs")                                    \
	X(tap_out, "tap-out", "frames written to the ports' TAPs")                                 \
	X(api_requests, "api-requests", "requests of aditctl")                                     \
	X(api_errors, "api-errors", "requests of aditctl that were refused")                       \
	X(events_logged, "events-logged", "event lines written")                                   \
	X(events_unwritten, "events-unwritten", "event lines that stderr or the file did not take") \
	X(events_suppressed, "events-suppressed", "event lines held back by their rate")
// clang-format on

enum { COUNTER_PPTP_TYPES = 16 }; // control message types are 1..15, 0 counts all others

struct port_counters {
	uint64_t rx_pkts;
	uint64_t rx_bytes;
	uint64_t tx_pkts;
	uint64_t tx_bytes;
};

struct lane_counters {
#define X(field, name, help) uint64_t field;
	LANE_COUNTER_LIST(X)
#undef X
	struct port_counters ports[LIMIT_PORTS];
	uint64_t drops[DROP_REASON_COUNT];
} __attribute__((aligned(64)));

struct control_counters {
#define X(field, name, help) uint64_t field;
	CONTROL_COUNTER_LIST(X)
#undef X
	uint64_t connections_closed[END_REASON_COUNT];
	uint64_t refused[END_REASON_COUNT];	 // call requests, for what
	uint64_t calls_failed[END_REASON_COUNT]; // ended before they were up
	uint64_t calls_ended[END_REASON_COUNT];	 // ended after
	uint64_t pptp_in[COUNTER_PPTP_TYPES];
	uint64_t pptp_out[COUNTER_PPTP_TYPES];
	uint64_t drops[DROP_REASON_COUNT]; // frames that control had to drop
} __attribute__((aligned(64)));

// One named counter of either struct.
struct counter_info {
	const char *name;
	const char *help;
	size_t offset;
};

enum {
#define X(field, name, help) COUNTER_LANE_##field,
	LANE_COUNTER_LIST(X)
#undef X
		COUNTER_LANE_COUNT
};

enum {
#define X(field, name, help) COUNTER_CONTROL_##field,
	CONTROL_COUNTER_LIST(X)
#undef X
		COUNTER_CONTROL_COUNT
};

extern const struct counter_info counter_lane_infos[COUNTER_LANE_COUNT];
extern const struct counter_info counter_control_infos[COUNTER_CONTROL_COUNT];

// Only the lane that owns the counter adds to it, so a plain sum with a whole store is enough: the
// reader sees an old value or a new one, never a torn one, and no locked instruction is paid.
static inline void counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

// The counter that `info` describes in a struct lane_counters or struct control_counters.
static inline uint64_t counter_read_info(const void *counters, const struct counter_info *info)
{
	return counter_read((const uint64_t *)((const char *)counters + info->offset));
}

// sum += part, counter by counter. `part` may be in use by its lane, `sum` is the caller's.
void counter_sum_lanes(struct lane_counters *sum, const struct lane_counters *part);
