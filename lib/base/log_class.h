// SPDX-License-Identifier: BSD-3-Clause
// The classes of the event log, named as those of the VPN 3000 concentrator. The list lies in rank 0
// because the configuration names them and the log sorts by them.
//
//   severities  1 fault, 2..3 warning, 4..6 information, 7..9 debug, 10..13 decoded packets
#pragma once

#include <stdint.h>

// X(ENUM, "name", "what it is about")
#define LOG_CLASS_LIST(X)                                                     \
	X(AUTH, "AUTH", "authentication")                                     \
	X(AUTHDBG, "AUTHDBG", "authentication, for debugging")                \
	X(AUTHDECODE, "AUTHDECODE", "packets of authentication")              \
	X(CONFIG, "CONFIG", "the configuration")                              \
	X(EVENT, "EVENT", "the event log itself")                             \
	X(GENERAL, "GENERAL", "start, stop and the server as a whole")        \
	X(HARDWARE, "HARDWARE", "crypto drivers, workers, memory")            \
	X(IP, "IP", "ports, routes, addresses")                               \
	X(PPP, "PPP", "calls from their PPP link on")                         \
	X(PPPDBG, "PPPDBG", "PPP and MPPE, for debugging")                    \
	X(PPPDECODE, "PPPDECODE", "LCP, CCP and IPCP packets")                \
	X(PPTP, "PPTP", "control connections and calls")                      \
	X(PPTPDBG, "PPTPDBG", "control connections and calls, for debugging") \
	X(PPTPDECODE, "PPTPDECODE", "PPTP messages")

enum log_class {
#define X(name, text, help) LOG_CLASS_##name,
	LOG_CLASS_LIST(X)
#undef X
		LOG_CLASS_COUNT
};

enum { LOG_SEVERITY_MAX = 13 };
