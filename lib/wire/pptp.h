// SPDX-License-Identifier: BSD-3-Clause
// PPTP control messages (RFC 2637 2). Each type has one size; a message of another length is bad.
#pragma once

#include "base/bytes.h"

enum {
	PPTP_TCP_PORT = 1723,
	PPTP_MAGIC_COOKIE = 0x1a2b3c4d,
	PPTP_VERSION = 0x0100,
	PPTP_HEADER_BYTES = 12,
	PPTP_MESSAGE_BYTES_MIN = 16,
	PPTP_MESSAGE_BYTES_MAX = 220,
	PPTP_NAME_BYTES = 64,
	PPTP_STATISTICS_BYTES = 128,
};

enum pptp_type {
	PPTP_SCCRQ = 1, // Start-Control-Connection-Request
	PPTP_SCCRP = 2,
	PPTP_STOP_CCRQ = 3, // Stop-Control-Connection-Request
	PPTP_STOP_CCRP = 4,
	PPTP_ECHO_REQUEST = 5,
	PPTP_ECHO_REPLY = 6,
	PPTP_OCRQ = 7, // Outgoing-Call-Request
	PPTP_OCRP = 8,
	PPTP_ICRQ = 9, // Incoming-Call-Request
	PPTP_ICRP = 10,
	PPTP_ICCN = 11, // Incoming-Call-Connected
	PPTP_CALL_CLEAR_REQUEST = 12,
	PPTP_CALL_DISCONNECT_NOTIFY = 13,
	PPTP_WAN_ERROR_NOTIFY = 14,
	PPTP_SET_LINK_INFO = 15,
	PPTP_TYPE_COUNT = 16,
};

enum pptp_sccrp_result { // RFC 2637 2.2
	PPTP_SCCRP_OK = 1,
	PPTP_SCCRP_GENERAL_ERROR = 2,
	PPTP_SCCRP_EXISTS = 3,
	PPTP_SCCRP_NOT_AUTHORIZED = 4,
	PPTP_SCCRP_VERSION = 5,
};

enum pptp_ocrp_result { // RFC 2637 2.8
	PPTP_OCRP_CONNECTED = 1,
	PPTP_OCRP_GENERAL_ERROR = 2,
	PPTP_OCRP_NO_CARRIER = 3,
	PPTP_OCRP_BUSY = 4,
	PPTP_OCRP_NO_DIAL_TONE = 5,
	PPTP_OCRP_TIME_OUT = 6,
	PPTP_OCRP_DO_NOT_ACCEPT = 7,
};

enum pptp_icrp_result { // RFC 2637 2.10
	PPTP_ICRP_ACCEPT = 1,
	PPTP_ICRP_GENERAL_ERROR = 2,
	PPTP_ICRP_DO_NOT_ACCEPT = 3,
};

enum pptp_stop_reason { PPTP_STOP_NONE = 1, PPTP_STOP_PROTOCOL = 2, PPTP_STOP_SHUTDOWN = 3 };

enum pptp_cdn_result { // RFC 2637 2.13
	PPTP_CDN_LOST_CARRIER = 1,
	PPTP_CDN_GENERAL_ERROR = 2,
	PPTP_CDN_ADMIN_SHUTDOWN = 3,
	PPTP_CDN_REQUEST = 4,
};

enum pptp_general_error { // RFC 2637 2.16
	PPTP_ERROR_NONE = 0,
	PPTP_ERROR_NOT_CONNECTED = 1,
	PPTP_ERROR_BAD_FORMAT = 2,
	PPTP_ERROR_BAD_VALUE = 3,
	PPTP_ERROR_NO_RESOURCE = 4,
	PPTP_ERROR_BAD_CALL_ID = 5,
	PPTP_ERROR_SERVER = 6, // "PAC-Error"
};

struct pptp_start { // SCCRQ and SCCRP
	uint16_t version;
	uint8_t result; // SCCRP only, as is error
	uint8_t error;
	uint32_t framing;
	uint32_t bearer;
	uint16_t max_channels;
	uint16_t firmware;
	uint8_t host_name[PPTP_NAME_BYTES]; // zero-padded, perhaps not terminated
	uint8_t vendor[PPTP_NAME_BYTES];
};

struct pptp_stop { // StopCCRQ (code is a reason) and StopCCRP (code is a result)
	uint8_t code;
	uint8_t error; // StopCCRP only
};

struct pptp_echo {
	uint32_t identifier;
	uint8_t result; // reply only, as is error
	uint8_t error;
};

struct pptp_ocrq {
	uint16_t call_id; // the sender's
	uint16_t serial;
	uint32_t min_bps;
	uint32_t max_bps;
	uint32_t bearer;
	uint32_t framing;
	uint16_t window;
	uint16_t delay; // packet processing delay, tenths of a second
	uint16_t phone_len;
	uint8_t phone[PPTP_NAME_BYTES];
	uint8_t subaddress[PPTP_NAME_BYTES];
};

struct pptp_ocrp {
	uint16_t call_id;      // the sender's
	uint16_t peer_call_id; // from the request
	uint8_t result;
	uint8_t error;
	uint16_t cause;
	uint32_t connect_bps;
	uint16_t window;
	uint16_t delay;
	uint32_t channel;
};

struct pptp_icrq {
	uint16_t call_id;
	uint16_t serial;
	uint32_t bearer;
	uint32_t channel;
	uint16_t dialed_len;
	uint16_t dialing_len;
	uint8_t dialed[PPTP_NAME_BYTES];
	uint8_t dialing[PPTP_NAME_BYTES];
	uint8_t subaddress[PPTP_NAME_BYTES];
};

struct pptp_icrp {
	uint16_t call_id;
	uint16_t peer_call_id;
	uint8_t result;
	uint8_t error;
	uint16_t window;
	uint16_t delay;
};

struct pptp_iccn {
	uint16_t peer_call_id;
	uint32_t connect_bps;
	uint16_t window;
	uint16_t delay;
	uint32_t framing;
};

struct pptp_call_clear {
	uint16_t call_id; // the sender's (the client's)
};

struct pptp_call_disconnect {
	uint16_t call_id; // the sender's (the server's)
	uint8_t result;
	uint8_t error;
	uint16_t cause;
	uint8_t statistics[PPTP_STATISTICS_BYTES];
};

struct pptp_wan_error {
	uint16_t peer_call_id;
	uint32_t crc, framing, hardware_overruns, buffer_overruns, timeouts, alignment;
};

struct pptp_set_link {
	uint16_t peer_call_id; // the receiver's
	uint32_t send_accm;
	uint32_t receive_accm;
};

struct pptp_message {
	uint16_t type; // enum pptp_type
	union {
		struct pptp_start start;
		struct pptp_stop stop;
		struct pptp_echo echo;
		struct pptp_ocrq ocrq;
		struct pptp_ocrp ocrp;
		struct pptp_icrq icrq;
		struct pptp_icrp icrp;
		struct pptp_iccn iccn;
		struct pptp_call_clear call_clear;
		struct pptp_call_disconnect call_disconnect;
		struct pptp_wan_error wan_error;
		struct pptp_set_link set_link;
	};
};

// What a stream's first bytes say about the next message.
//
//   returns  > 0 its whole length in bytes (it may not all be there yet) | 0 more bytes are needed
//            -EBADMSG wrong cookie | -EPROTO PPTP message type of the header is not 1 (control)
//            -EMSGSIZE length that the message's type does not have | -ENOTSUP unknown type
//   order    the cookie is checked first, as soon as its bytes are there
int pptp_message_len(struct span stream);

// Length of a type's message on the wire, 0 for an unknown type.
uint16_t pptp_type_len(uint16_t type);

// Read one whole message of pptp_message_len() bytes. Reserved fields are not checked: clients leave
// rubbish in them. Bytes after the message are ignored. Returns 0, what pptp_message_len() returns
// when that is negative, or -EMSGSIZE when the message is not all there.
int pptp_get(struct span bytes, struct pptp_message *out);

// Append one message, reserved fields zero. Nothing is written for an unknown type (sticky error).
void pptp_put(struct writer *w, const struct pptp_message *in);

// "SCCRQ", "OCRP", ..., as the debug output of the field names them; "?" when unknown.
const char *pptp_type_name(uint16_t type);
