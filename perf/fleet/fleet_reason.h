// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Why a set-up failed or a call ended that was up.
// clang-format off
#define FLEET_REASON_LIST(X)                                                                       \
	X(NONE, "none")                                                                            \
	/* set-up */                                                                               \
	X(TCP_TIMEOUT, "no answer to TCP SYN")                                                     \
	X(TCP_REFUSED, "TCP connection refused")                                                   \
	X(TCP_CLOSED, "TCP connection closed by the server")                                       \
	X(TCP_LOST, "TCP connection lost, nothing acknowledged")                                   \
	X(SCCRP_TIMEOUT, "no answer to SCCRQ")                                                     \
	X(SCCRP_RESULT, "SCCRQ refused")                                                           \
	X(OCRP_TIMEOUT, "no answer to OCRQ")                                                       \
	X(OCRP_RESULT, "OCRQ refused")                                                             \
	X(PPTP_BROKEN, "bytes that are not PPTP")                                                  \
	X(STOPPED, "StopCCRQ of the server")                                                       \
	X(CLEARED, "Call-Disconnect-Notify of the server")                                         \
	X(LCP_TIMEOUT, "LCP did not open in time")                                                 \
	X(LCP_FAILED, "LCP could not be agreed")                                                   \
	X(LCP_TERMINATED, "LCP Terminate-Request of the server")                                   \
	X(AUTH_TIMEOUT, "no answer to the CHAP Response")                                          \
	X(AUTH_FAILED, "CHAP Failure")                                                             \
	X(AUTH_FALSE, "CHAP Success of a server that does not know the password")                  \
	X(CCP_TIMEOUT, "CCP did not open in time")                                                 \
	X(CCP_FAILED, "MPPE could not be agreed")                                                  \
	X(IPCP_TIMEOUT, "IPCP did not open in time")                                               \
	X(IPCP_FAILED, "IPCP could not be agreed")                                                 \
	X(TUNNEL_FAILED, "its tunnel failed before the call was asked for")                        \
	/* calls that were up */                                                                   \
	X(PPTP_ECHO, "no answer to a PPTP Echo-Request")                                           \
	X(LCP_ECHO, "no answer to LCP Echo-Requests")                                              \
	/* hanging up */                                                                           \
	X(TERMINATE_TIMEOUT, "no answer to LCP Terminate-Request")                                 \
	X(CDN_TIMEOUT, "no answer to Call-Clear-Request")                                          \
	X(STOP_TIMEOUT, "no answer to StopCCRQ")                                                   \
	X(FIN_TIMEOUT, "TCP connection did not close")
// clang-format on

#define FLEET_REASON_ENUM(name, text) FLEET_##name,
enum fleet_reason { FLEET_REASON_LIST(FLEET_REASON_ENUM) FLEET_REASONS };
#undef FLEET_REASON_ENUM

const char *fleet_reason_text(enum fleet_reason reason);
