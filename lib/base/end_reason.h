// SPDX-License-Identifier: BSD-3-Clause
// Why a call or a control connection ended. The list exists once; from it come the PPTP codes, the
// text of LCP Terminate-Request, the accounting cause, the error that a Windows user most likely
// saw, and the sentence for the help desk. It lies in rank 0 because the machines return it.
//
//   X(ENUM, "stable-name", who, cdn, acct, windows, "LCP text", "sentence")
//
//   who      who ended it: CLIENT, SERVER, ADMIN, NETWORK
//   cdn      Result Code of Call-Disconnect-Notify (RFC 2637 2.13): 1 lost carrier, 2 general
//            error, 3 administrative shutdown, 4 request
//   acct     Acct-Terminate-Cause (RFC 2866 5.10)
//   windows  error number of the Windows dialler that its user most likely saw: 628 ended by the server
//            before the call was up, 629 after, 718 no answer in time, 720 and 738 no address, 734 LCP
//            ended (no common authentication; a client that may not encrypt), 741 and 742 encryption,
//            806 no GRE, the E= of MS-CHAP; 0 when it shows none. Versions of Windows differ
//   text     of LCP Terminate-Request, "" where there is nobody to tell; no two are alike, so that a
//            client's log names the reason too
#pragma once

#include <stdint.h>

enum end_side { END_BY_CLIENT, END_BY_SERVER, END_BY_ADMIN, END_BY_NETWORK };

// clang-format off
#define END_REASON_LIST(X)                                                                         \
	X(NONE, "none", SERVER, 4, 1, 0, "", "The call has not ended.")                            \
	X(CLIENT_LCP_TERMINATE, "client-lcp-terminate", CLIENT, 4, 1, 0, "", "The client closed the PPP link.") \
	X(CLIENT_CALL_CLEAR, "client-call-clear", CLIENT, 4, 1, 0, "", "The client cleared the call.") \
	X(CLIENT_STOP, "client-stop", CLIENT, 4, 1, 0, "", "The client stopped the control connection.") \
	X(CLIENT_TCP_CLOSED, "client-tcp-closed", CLIENT, 1, 2, 0, "Control connection closed", "The client closed TCP/1723 without saying why.") \
	X(CLIENT_CLEAR_DATA, "client-clear-data", CLIENT, 2, 17, 742, "Clear data where encryption is required", "The client went on sending clear data where encryption is required.") \
	X(TCP_ERROR, "tcp-error", NETWORK, 1, 2, 628, "Control connection broken", "TCP/1723 broke.")  \
	X(ECHO_TIMEOUT, "pptp-echo-timeout", NETWORK, 1, 2, 628, "Control connection timed out", "The client did not answer a PPTP Echo-Request.") \
	X(LCP_ECHO_TIMEOUT, "lcp-echo-timeout", NETWORK, 1, 2, 628, "Link lost", "The client no longer answers LCP Echo-Requests through the tunnel.") \
	X(NO_GRE, "no-gre", NETWORK, 1, 2, 806, "No PPP traffic received", "TCP/1723 works but no GRE came from the client: a firewall or NAT in between blocks IP protocol 47.") \
	X(NO_LCP, "no-lcp", NETWORK, 1, 15, 718, "LCP timed out", "The client sent GRE but did not complete LCP in time.") \
	X(SETUP_TIMEOUT, "setup-timeout", SERVER, 2, 15, 718, "Set-up timed out", "The call was not up within the time allowed.") \
	X(LINK_SILENT, "link-silent", NETWORK, 1, 2, 718, "Link silent", "The client fell silent while encryption or addresses were negotiated (CCP, IPCP).") \
	X(IDLE_CONNECTION, "idle-connection", SERVER, 3, 4, 0, "", "A control connection without calls was idle too long.") \
	X(PPTP_BAD_COOKIE, "pptp-bad-cookie", SERVER, 2, 17, 0, "", "Bytes on TCP/1723 were not PPTP: wrong magic cookie.") \
	X(PPTP_BAD_LENGTH, "pptp-bad-length", SERVER, 2, 17, 0, "", "A PPTP message had an impossible length.") \
	X(PPTP_BAD_TYPE, "pptp-bad-type", SERVER, 2, 17, 0, "", "A PPTP message had an unknown type.") \
	X(PPTP_BAD_VERSION, "pptp-bad-version", SERVER, 2, 17, 0, "", "The client speaks another version of PPTP.") \
	X(PPTP_BAD_ORDER, "pptp-bad-order", SERVER, 2, 17, 0, "", "A PPTP message came in a state that forbids it.") \
	X(PPTP_BAD_VALUE, "pptp-bad-value", SERVER, 2, 17, 0, "", "A field of a PPTP message had a value that is not allowed.") \
	X(PPTP_BAD_CALL_ID, "pptp-bad-call-id", SERVER, 2, 17, 0, "", "An Outgoing-Call-Request named a Call ID that another call of its control connection has.") \
	X(PPTP_INCOMING, "pptp-incoming", SERVER, 2, 15, 0, "", "The client offered an incoming call (compulsory tunnel); only voluntary tunnels are served.") \
	X(PPTP_SILENT, "pptp-silent", SERVER, 2, 15, 0, "", "A connection to TCP/1723 did not complete Start-Control-Connection in time.") \
	X(PPTP_STALLED, "pptp-stalled", SERVER, 1, 2, 628, "Control connection stalled", "A PPTP message on TCP/1723 stopped half-way and was not completed in time.") \
	X(LCP_FAILED, "lcp-failed", SERVER, 2, 15, 734, "LCP failed to converge", "LCP options could not be agreed.") \
	X(LCP_LOOPBACK, "lcp-loopback", SERVER, 2, 15, 737, "Link is looped back", "The link is looped back: our own magic number came back.") \
	X(AUTH_NO_COMMON, "auth-no-common", SERVER, 2, 17, 734, "No common authentication protocol", "The client refuses every authentication method that policy allows.") \
	X(AUTH_REJECTED, "auth-rejected", SERVER, 2, 17, 691, "Authentication failed", "Wrong user name or password.") \
	X(AUTH_EXPIRED, "auth-expired", SERVER, 2, 17, 648, "Password expired", "The password has expired and was not changed.") \
	X(AUTH_DISABLED, "auth-disabled", SERVER, 2, 17, 647, "Account disabled", "The account is disabled.") \
	X(AUTH_HOURS, "auth-hours", SERVER, 2, 17, 646, "Not at this hour", "The user may not log in at this hour.") \
	X(AUTH_NO_PERMISSION, "auth-no-permission", SERVER, 2, 17, 649, "No permission to dial in", "The user may not dial in.") \
	X(AUTH_METHOD, "auth-method", SERVER, 2, 17, 649, "Authentication method not allowed", "The user proved who he is by a method that his policy does not allow.") \
	X(AUTH_CHANGE_FAILED, "auth-change-failed", SERVER, 2, 17, 709, "Password change failed", "The new password was not taken.") \
	X(AUTH_LOGINS, "auth-logins", SERVER, 2, 17, 649, "Logged in too many times", "The user has as many calls up as his policy allows.") \
	X(AUTH_POLICY, "auth-policy", SERVER, 2, 9, 649, "Unknown policy", "The AAA server named an access list, access hours or a pool that are not in the configuration.") \
	X(AUTH_LOCKED, "auth-locked", SERVER, 2, 17, 691, "Too many failed attempts", "Too many wrong passwords: the user or the source address is locked out for a while.") \
	X(AUTH_TIMEOUT, "auth-timeout", SERVER, 2, 17, 718, "Authentication timed out", "The client did not answer the challenge in time.") \
	X(AUTH_UNAVAILABLE, "auth-unavailable", SERVER, 2, 9, 718, "Authentication unavailable", "No authentication server answered.") \
	X(NO_ACCOUNTING, "no-accounting", SERVER, 2, 15, 718, "No room for accounting", "There is no place for the accounting records of a call, and none may be without (radius.accounting_required).") \
	X(AUTH_NO_KEYS, "auth-no-keys", SERVER, 2, 15, 742, "No encryption keys", "Encryption is required, and the AAA server (RADIUS) gave no MPPE keys.") \
	X(AUTH_KEYLESS, "auth-keyless", SERVER, 2, 17, 742, "Method without encryption keys", "The client authenticated by PAP or CHAP, which give no MPPE keys, while encryption is required of the user.") \
	X(ENCRYPTION_REFUSED, "encryption-refused", SERVER, 2, 17, 734, "Encryption required", "The client does not encrypt, and policy requires MPPE.") \
	X(ENCRYPTION_MISMATCH, "encryption-mismatch", SERVER, 2, 17, 742, "No common encryption", "The client offers no MPPE strength or mode that policy allows.") \
	X(CCP_FAILED, "ccp-failed", SERVER, 2, 15, 742, "CCP failed to converge", "CCP did not come to an end.") \
	X(CCP_CLOSED, "ccp-closed", CLIENT, 2, 17, 742, "CCP closed while encryption is required", "The client closed CCP while encryption is required.") \
	X(DECRYPT_FAILURES, "decrypt-failures", SERVER, 2, 8, 742, "Excessive packet decrypt failure", "Experiencing excessive packet decrypt failure: the two sides have different keys.") \
	X(CLIENT_LOST_KEYS, "client-lost-keys", CLIENT, 2, 17, 742, "Encryption lost", "The client refuses encrypted packets: it has lost its encryption state.") \
	X(IPCP_FAILED, "ipcp-failed", SERVER, 2, 15, 720, "IPCP failed to converge", "No IP address could be agreed.") \
	X(NO_ADDRESS, "no-address", SERVER, 2, 15, 738, "No address available", "The address pool is empty.") \
	X(ADDRESS_IN_USE, "address-in-use", SERVER, 2, 15, 720, "Address in use", "The address that the client or its record asks for is in use.") \
	X(NEGOTIATION_LOOP, "negotiation-loop", SERVER, 2, 15, 734, "Negotiation loop", "Negotiation went round without end and was stopped.") \
	X(LIMIT_CALLS, "limit-calls", SERVER, 2, 15, 628, "", "The limit of calls is reached.") \
	X(LIMIT_SOURCE, "limit-source", SERVER, 2, 15, 628, "", "Too many connections or calls from this source address.") \
	X(LIMIT_CONNECTION, "limit-connection", SERVER, 2, 15, 628, "", "Too many calls on one control connection.") \
	X(LIMIT_TENANT, "limit-tenant", SERVER, 2, 15, 628, "Too many calls of this tenant", "The tenant has as many calls as it may have.") \
	X(LIMIT_TENANT_RATE, "limit-tenant-rate", SERVER, 2, 15, 628, "Too many new calls of this tenant", "The tenant has more new calls a second than it may have.") \
	X(LIMIT_RATE, "limit-rate", SERVER, 2, 15, 628, "", "Too many set-ups a second from this source address.") \
	X(SUPERSEDED, "superseded", SERVER, 3, 13, 629, "Superseded by a new call", "The same user called again from the same address: the stale call was ended.") \
	X(LOGIN_REPLACED, "login-replaced", SERVER, 3, 13, 629, "Replaced by a newer login", "The user logged in once more than his policy allows, which has the oldest call make room.") \
	X(SESSION_TIMEOUT, "session-timeout", SERVER, 3, 5, 629, "Session timeout", "The call was up for as long as the policy of the user allows.") \
	X(HOURS_END, "hours-end", SERVER, 3, 5, 629, "Access hours are over", "The hours at which the user may be connected came to an end.") \
	X(NO_RESOURCE, "no-resource", SERVER, 2, 9, 628, "No resource", "A table, ring or pool of the server is full.") \
	X(IDLE_TIMEOUT, "idle-timeout", SERVER, 3, 4, 629, "Idle timeout", "No data passed for as long as the policy of the user allows.") \
	X(ADMIN_DISCONNECT, "admin-disconnect", ADMIN, 3, 6, 629, "Ended by the AAA server", "The AAA server (RADIUS) ordered the end of the session.") \
	X(ADMIN_CLEAR, "admin-clear", ADMIN, 3, 6, 629, "Cleared by administrator", "An administrator cleared the session.") \
	X(ADMIN_RELOAD, "admin-reload", ADMIN, 3, 6, 629, "No longer in the configuration", "A new configuration does not have the user, his tenant, his address or what his policy names.") \
	X(ADMIN_SHUTDOWN, "admin-shutdown", ADMIN, 3, 7, 629, "Server is shutting down", "The server is shutting down.") \
	X(INTERNAL, "internal", SERVER, 2, 9, 628, "Internal error", "An error inside the server; please report it.")
// clang-format on

enum end_reason {
#define X(name, ...) END_##name,
	END_REASON_LIST(X)
#undef X
		END_REASON_COUNT
};

struct end_reason_info {
	const char *name;
	enum end_side side;
	uint8_t cdn_result;
	uint8_t acct_cause;
	uint16_t windows_error;
	const char *lcp_text;
	const char *sentence;
};

// Never NULL; a number that is no reason gives the entry of END_INTERNAL.
const struct end_reason_info *end_reason_info(enum end_reason reason);

// The name that RFC 2866 5.10 has for an Acct-Terminate-Cause, "?" for a number that is none.
const char *end_acct_cause_name(uint8_t cause);

// "client", "server", "admin" or "network".
const char *end_side_name(enum end_side side);
