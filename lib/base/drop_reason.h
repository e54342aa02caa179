// SPDX-License-Identifier: BSD-3-Clause
// Why a packet was not passed on. The list exists once: the enum, the counters, `aditctl show
// counters` and the documentation are made from it. It lies in rank 0 because parsers return it.
//
//   X(ENUM, "stable-name", "what it means")
#pragma once

#include <stdint.h>

#define DROP_REASON_LIST(X)                                                                      \
	X(NONE, "none", "not dropped")                                                           \
	X(ETHER_SHORT, "ether-short", "frame shorter than its headers")                          \
	X(ETHER_TYPE, "ether-type", "Ethernet type that the port does not accept")               \
	X(ETHER_ADDRESS, "ether-address", "frame for another station")                           \
	X(VLAN_UNKNOWN, "vlan-unknown", "VLAN that is no network of the port")                   \
	X(OUTSIDE_POLICY, "outside-policy", "not PPTP, ARP or ICMP on an outside port")          \
	X(OUTER_IP_BAD, "outer-ip-bad", "outer IPv4 header malformed or checksum wrong")         \
	X(OUTER_FRAGMENT, "outer-fragment", "fragment of an outer packet, not reassembled")      \
	X(GRE_SHORT, "gre-short", "GRE header or payload longer than the IP packet")             \
	X(GRE_VERSION, "gre-version", "GRE version is not 1")                                    \
	X(GRE_FLAGS, "gre-flags", "GRE flags that RFC 2637 4.1 forbids, or no key")              \
	X(GRE_PROTOCOL, "gre-protocol", "GRE protocol type is not 0x880B")                       \
	X(GRE_NO_SEQ, "gre-no-seq", "payload without a sequence number")                         \
	X(NO_SESSION, "no-session", "no session has this Call ID")                               \
	X(WRONG_SOURCE, "wrong-source", "outer source is not the session's client")              \
	X(GRE_DUPLICATE, "gre-duplicate", "sequence number seen before")                         \
	X(GRE_LATE, "gre-late", "sequence number behind the window")                             \
	X(GRE_JUMP, "gre-jump", "sequence number too far ahead")                                 \
	X(PPP_SHORT, "ppp-short", "PPP frame without a whole protocol field")                    \
	X(PPP_PROTOCOL, "ppp-protocol", "PPP protocol field malformed")                          \
	X(PPP_NOT_OPEN, "ppp-not-open", "data before the session is open")                       \
	X(CLEAR_REFUSED, "clear-refused", "clear data where encryption is required")             \
	X(MPPE_SHORT, "mppe-short", "MPPE packet shorter than its header")                       \
	X(MPPE_BITS, "mppe-bits", "MPPE bits that the negotiated mode forbids")                  \
	X(MPPE_NO_KEY, "mppe-no-key", "encrypted data before CCP is open")                       \
	X(MPPE_JUMP, "mppe-jump", "coherency count too far ahead")                               \
	X(MPPE_GARBAGE, "mppe-garbage", "decrypts to an impossible PPP protocol: wrong key")     \
	X(MPPE_DESYNC, "mppe-desync", "waiting for a flushed packet")                            \
	X(CRYPTO_FAILED, "crypto-failed", "the crypto driver returned an error")                 \
	X(CRYPTO_LOST, "crypto-lost", "a crypto engine got stuck with it or the one before it")  \
	X(INNER_IP_BAD, "inner-ip-bad", "inner IPv4 header malformed or checksum wrong")         \
	X(SPOOFED, "spoofed", "inner source is not the client's address")                        \
	X(ROUTING_LOOP, "routing-loop", "inner destination is the outer address of the server")  \
	X(TTL_EXCEEDED, "ttl-exceeded", "time to live ran out")                                  \
	X(TOO_BIG, "too-big", "larger than the tunnel or the port and may not be fragmented")    \
	X(NO_ROUTE, "no-route", "no route to the destination")                                   \
	X(NO_NEIGHBOR, "no-neighbor", "link address of the next hop not resolved in time")       \
	X(INNER_MULTICAST, "inner-multicast", "multicast from a client")                         \
	X(INNER_BROADCAST, "inner-broadcast", "broadcast from a client that is not relayed")     \
	X(GRE_FLOW_OFF, "gre-flow-off", "the client's receive window is full")                   \
	X(DHCP_REFUSED, "dhcp-refused", "DHCP message that is malformed or not answered")        \
	X(INNER_LOCAL, "inner-local", "to the inner address of the server, not an echo request") \
	X(NO_MBUF, "no-mbuf", "packet pool ran dry")                                             \
	X(TX_FULL, "tx-full", "transmit queue full")                                             \
	X(HANDOFF_FULL, "handoff-full", "ring to the owning worker full")                        \
	X(CONTROL_FULL, "control-full", "ring to control full")                                  \
	X(EXCEPTION_RATE, "exception-rate", "exception frames over their rate")                  \
	X(CRYPTO_FULL, "crypto-full", "crypto driver took no more")                              \
	X(STALE_COMMAND, "stale-command", "frame for a session that has gone")                   \
	X(TAP_FAILED, "tap-failed", "the kernel did not take or give a frame of the port's TAP") \
	X(TRAFFIC_LIMIT, "traffic-limit", "over a limit of rate")                                \
	X(RATE_LIMIT_UP, "rate-limit-up", "from a client, over the rate of its policy")          \
	X(RATE_LIMIT_DOWN, "rate-limit-down", "to a client, over the rate of its policy")        \
	X(TENANT_RATE_UP, "tenant-rate-up", "from a client, over the rate of its tenant")        \
	X(TENANT_RATE_DOWN, "tenant-rate-down", "to a client, over the rate of its tenant")      \
	X(ACL_DENIED_UP, "acl-denied-up", "from a client, denied by its access list")            \
	X(ACL_DENIED_DOWN, "acl-denied-down", "to a client, denied by its access list")

enum drop_reason {
#define X(name, text, help) DROP_##name,
	DROP_REASON_LIST(X)
#undef X
		DROP_REASON_COUNT
};

// Stable name, as printed; "unknown" for a number that is no reason.
const char *drop_reason_name(enum drop_reason reason);
const char *drop_reason_help(enum drop_reason reason);
