// SPDX-License-Identifier: BSD-3-Clause
// RADIUS packets as bytes (RFC 2865 3 and 5, RFC 2866, RFC 2869 5.14, RFC 5176): written, sealed with a secret,
// read, checked. Pure: no sockets, clocks or heap; random bytes are arguments.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

enum {
	RADIUS_PACKET_BYTES_MAX = 4096, // RFC 2865 3
	RADIUS_HEADER_BYTES = 20,
	RADIUS_AUTHENTICATOR_BYTES = 16,
	RADIUS_VALUE_BYTES_MAX = 253,
	RADIUS_PASSWORD_BYTES_MAX = 128, // RFC 2865 5.2
	RADIUS_VENDOR_MICROSOFT = 311,
	RADIUS_VENDOR_VPN3000 = 3076,
	RADIUS_VENDOR_WISPR = 14122,
	RADIUS_VENDOR_MIKROTIK = 14988,
};

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCOUNTING_REQUEST = 4,
	RADIUS_ACCOUNTING_RESPONSE = 5,
	RADIUS_ACCESS_CHALLENGE = 11,
	RADIUS_STATUS_SERVER = 12,
	RADIUS_DISCONNECT_REQUEST = 40,
	RADIUS_DISCONNECT_ACK = 41,
	RADIUS_DISCONNECT_NAK = 42,
	RADIUS_COA_REQUEST = 43,
	RADIUS_COA_ACK = 44,
	RADIUS_COA_NAK = 45,
};

// Attributes that adit sends or understands (RFC 2865, 2866, 2868, 2869, 5176).
enum radius_type {
	RADIUS_USER_NAME = 1,
	RADIUS_USER_PASSWORD = 2,
	RADIUS_CHAP_PASSWORD = 3,
	RADIUS_NAS_IP_ADDRESS = 4,
	RADIUS_NAS_PORT = 5,
	RADIUS_SERVICE_TYPE = 6,
	RADIUS_FRAMED_PROTOCOL = 7,
	RADIUS_FRAMED_IP_ADDRESS = 8,
	RADIUS_FRAMED_IP_NETMASK = 9,
	RADIUS_FILTER_ID = 11,
	RADIUS_FRAMED_MTU = 12,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_FRAMED_ROUTE = 22,
	RADIUS_STATE = 24,
	RADIUS_CLASS = 25,
	RADIUS_VENDOR_SPECIFIC = 26,
	RADIUS_SESSION_TIMEOUT = 27,
	RADIUS_IDLE_TIMEOUT = 28,
	RADIUS_TERMINATION_ACTION = 29,
	RADIUS_CALLED_STATION_ID = 30,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_NAS_IDENTIFIER = 32,
	RADIUS_PROXY_STATE = 33,
	RADIUS_ACCT_STATUS_TYPE = 40,
	RADIUS_ACCT_DELAY_TIME = 41,
	RADIUS_ACCT_INPUT_OCTETS = 42,
	RADIUS_ACCT_OUTPUT_OCTETS = 43,
	RADIUS_ACCT_SESSION_ID = 44,
	RADIUS_ACCT_AUTHENTIC = 45,
	RADIUS_ACCT_SESSION_TIME = 46,
	RADIUS_ACCT_INPUT_PACKETS = 47,
	RADIUS_ACCT_OUTPUT_PACKETS = 48,
	RADIUS_ACCT_TERMINATE_CAUSE = 49,
	RADIUS_ACCT_MULTI_SESSION_ID = 50,
	RADIUS_ACCT_INPUT_GIGAWORDS = 52,
	RADIUS_ACCT_OUTPUT_GIGAWORDS = 53,
	RADIUS_EVENT_TIMESTAMP = 55,
	RADIUS_CHAP_CHALLENGE = 60,
	RADIUS_NAS_PORT_TYPE = 61,
	RADIUS_PORT_LIMIT = 62,
	RADIUS_TUNNEL_TYPE = 64,
	RADIUS_TUNNEL_MEDIUM_TYPE = 65,
	RADIUS_TUNNEL_CLIENT_ENDPOINT = 66,
	RADIUS_TUNNEL_SERVER_ENDPOINT = 67,
	RADIUS_TUNNEL_PASSWORD = 69,
	RADIUS_EAP_MESSAGE = 79,
	RADIUS_MESSAGE_AUTHENTICATOR = 80,
	RADIUS_ACCT_INTERIM_INTERVAL = 85,
	RADIUS_NAS_PORT_ID = 87,
	RADIUS_FRAMED_POOL = 88,
	RADIUS_CUI = 89,
	RADIUS_ERROR_CAUSE = 101,
};

enum radius_ms_type { // RFC 2548
	RADIUS_MS_CHAP_RESPONSE = 1,
	RADIUS_MS_CHAP_ERROR = 2,
	RADIUS_MS_CHAP_NT_ENC_PW = 6,
	RADIUS_MS_MPPE_ENCRYPTION_POLICY = 7,
	RADIUS_MS_MPPE_ENCRYPTION_TYPES = 8,
	RADIUS_MS_CHAP_CHALLENGE = 11,
	RADIUS_MS_CHAP_MPPE_KEYS = 12,
	RADIUS_MS_MPPE_SEND_KEY = 16,
	RADIUS_MS_MPPE_RECV_KEY = 17,
	RADIUS_MS_CHAP2_RESPONSE = 25,
	RADIUS_MS_CHAP2_SUCCESS = 26,
	RADIUS_MS_CHAP2_CPW = 27,
	RADIUS_MS_PRIMARY_DNS = 28,
	RADIUS_MS_SECONDARY_DNS = 29,
	RADIUS_MS_PRIMARY_NBNS = 30,
	RADIUS_MS_SECONDARY_NBNS = 31,
};

// ---- writing ------------------------------------------------------------------------------------

// A packet as it is before it is any server's own: no id, no authenticators, the password in clear. Holds secrets: wipe
// it after use. What does not fit sets w.failed, which is looked at once, by the sealing.
struct radius_packet {
	struct writer w;
	uint8_t bytes[RADIUS_PACKET_BYTES_MAX];
};

// with_message_authenticator puts one first, of zeros, for the sealing to fill in (RFC 2869 5.14). Access-Request,
// Status-Server and whatever answers CoA have one; Accounting-Request may.
void radius_begin(struct radius_packet *p, enum radius_code code, bool with_message_authenticator);

// value of 1..253 bytes (an attribute without a value is not allowed, RFC 2865 5): an empty one is left out.
void radius_put(struct radius_packet *p, uint8_t type, struct span value);
void radius_put_text(struct radius_packet *p, uint8_t type, const char *text);
void radius_put_u32(struct radius_packet *p, uint8_t type, uint32_t value);
void radius_put_ipv4(struct radius_packet *p, uint8_t type, uint32_t address_be);
void radius_put_ipv4_text(struct radius_packet *p, uint8_t type, uint32_t address_be);
// value of three bytes behind a tag of zero (RFC 2868 3.1)
void radius_put_tagged_u24(struct radius_packet *p, uint8_t type, uint32_t value);
// value of 1..247 bytes
void radius_put_vendor(struct radius_packet *p, uint32_t vendor, uint8_t type, struct span value);
// Room for a value of n bytes to be filled in by the caller, or NULL.
uint8_t *radius_put_space(struct radius_packet *p, uint8_t type, size_t n);
// In clear, padded to blocks of 16; the sealing hides it. At most 128 bytes, else the packet fails.
void radius_put_password(struct radius_packet *p, struct span password);

// Make a request one server's own: id, authenticator, hidden User-Password, Message-Authenticator.
//
//   random   16 bytes: the authenticator of Access-Request and Status-Server. Others have one that is computed
//            (RFC 2866 3, RFC 5176 2.3)
//   out      out[RADIUS_PACKET_BYTES_MAX]; bytes 4..19 are the request authenticator
//   returns  bytes of it, or 0: something did not fit
size_t radius_seal_request(const struct radius_packet *p, uint8_t id, const struct secret *secret,
	const uint8_t random[16], uint8_t *out);

// What is not sealed yet; empty when something did not fit.
static inline struct span radius_plain(const struct radius_packet *p)
{
	return p->w.failed ? span_of(p->bytes, 0) : span_of(p->bytes, p->w.len);
}

// The same as radius_seal_request of what radius_plain gave; out[plain.len].
size_t radius_seal_plain(struct span plain, uint8_t id, const struct secret *secret,
	const uint8_t random[16], uint8_t *out);

// The answer to a request that somebody else has sent (CoA, Disconnect): in place.
//
//   returns  bytes of it, or 0
size_t radius_seal_reply(struct radius_packet *p, uint8_t id, const struct secret *secret,
	const uint8_t request_authenticator[16]);

void radius_packet_wipe(struct radius_packet *p);

// ---- reading ------------------------------------------------------------------------------------

// A packet that came, whole and well-formed; borrows the datagram.
struct radius_view {
	uint8_t code;
	uint8_t id;
	struct span packet;	      // as long as its header says; padding behind it is not there
	const uint8_t *authenticator; // 16 bytes
	struct span attributes;
};

// Returns 0, or -EBADMSG: too short, longer than the datagram, or attributes that do not add up.
int radius_read(struct span datagram, struct radius_view *out);

struct radius_attribute {
	uint32_t vendor; // 0: of the RFCs
	uint8_t type;
	struct span value;
};

// One attribute after the other, those in attribute 26 each by itself: one may hold several (RFC 2865 5.26). One that is
// not of that form comes out as type 26 of vendor 0, as it is.
struct radius_cursor {
	struct reader left;
	struct reader inner; // what is left of an attribute 26
	uint32_t vendor;
};

struct radius_cursor radius_cursor_of(const struct radius_view *v);
bool radius_next(struct radius_cursor *c, struct radius_attribute *out);

// The first of them. Returns whether there is one.
bool radius_find(const struct radius_view *v, uint32_t vendor, uint8_t type, struct span *value);

// A value of exactly four bytes. Returns false, and *out stays, when it has another length.
bool radius_get_u32(struct span value, uint32_t *out);
bool radius_get_ipv4(struct span value, uint32_t *out_be);

// ---- checking -----------------------------------------------------------------------------------

enum radius_check {
	RADIUS_CHECK_GOOD,
	RADIUS_CHECK_AUTHENTICATOR,	       // of the packet: wrong secret, or forged
	RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR, // there is none, and it is required
	RADIUS_CHECK_MESSAGE_AUTHENTICATOR,    // it is wrong, there are two, or of another length
};

// The answer to a request of ours: Response Authenticator and Message-Authenticator, both in constant time. One that is
// there must be right, whether it is required or not (CVE-2024-3596).
enum radius_check radius_check_reply(const struct radius_view *v,
	const uint8_t request_authenticator[16], const struct secret *secret,
	bool require_message_authenticator);

// A request that somebody else sends (Accounting, CoA, Disconnect): its authenticator is computed.
enum radius_check radius_check_request(const struct radius_view *v, const struct secret *secret,
	bool require_message_authenticator);

// ---- hiding -------------------------------------------------------------------------------------

// User-Password (RFC 2865 5.2): text[n] in place, n a multiple of 16.
void radius_password_hide(
	const struct secret *secret, const uint8_t authenticator[16], uint8_t *text, size_t n);
void radius_password_reveal(
	const struct secret *secret, const uint8_t authenticator[16], uint8_t *text, size_t n);

enum { RADIUS_KEY_BYTES_MAX = 32 };

// MS-MPPE-Send-Key and -Recv-Key (RFC 2548 2.4.2): salt, then blocks of 16 that hold length, key, padding.
//
//   value    of the attribute: 2 + 16 n bytes
//   returns  0, or -EBADMSG: of a wrong shape, or of another secret
int radius_key_reveal(const struct secret *secret, const uint8_t request_authenticator[16],
	struct span value, uint8_t key[RADIUS_KEY_BYTES_MAX], size_t *key_len);

//   out      out[2 + 48] at most
//   returns  bytes of it
size_t radius_key_hide(const struct secret *secret, const uint8_t request_authenticator[16],
	uint16_t salt, struct span key, uint8_t *out);

// "Access-Request", ...; "?" for one that adit does not know.
const char *radius_code_name(uint8_t code);
