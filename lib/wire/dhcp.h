// SPDX-License-Identifier: BSD-3-Clause
// DHCP messages and their options (RFC 2131 2, RFC 2132, classless routes of RFC 3442). Addresses are in
// network order (`_be`).
#pragma once

#include "base/bytes.h"

enum {
	DHCP_SERVER_PORT = 67,
	DHCP_CLIENT_PORT = 68,
	DHCP_HEADER_BYTES = 240, // with the magic cookie
	DHCP_CHADDR_BYTES = 16,
	DHCP_OPTION_BYTES_MAX = 255,
	DHCP_ROUTE_BYTES_MAX = 9,
};

enum dhcp_op { DHCP_BOOTREQUEST = 1, DHCP_BOOTREPLY = 2 };

enum dhcp_type { // of option 53
	DHCP_DISCOVER = 1,
	DHCP_REQUEST = 3,
	DHCP_ACK = 5,
	DHCP_INFORM = 8,
};

enum dhcp_option_code {
	DHCP_OPTION_PAD = 0,
	DHCP_OPTION_NETMASK = 1,
	DHCP_OPTION_DNS = 6,
	DHCP_OPTION_DOMAIN = 15,
	DHCP_OPTION_NBNS = 44,
	DHCP_OPTION_NODE_TYPE = 46,
	DHCP_OPTION_TYPE = 53,
	DHCP_OPTION_SERVER = 54,
	DHCP_OPTION_REQUESTED = 55, // the codes that the client wants
	DHCP_OPTION_MAX_BYTES = 57, // IPv4 packet that the client can take
	DHCP_OPTION_ROUTES = 121,
	DHCP_OPTION_ROUTES_MICROSOFT =
		249, // the same under the number that Windows had before RFC 3442
	DHCP_OPTION_END = 255,
};

struct dhcp_message {
	uint8_t op; // enum dhcp_op
	uint8_t htype;
	uint8_t hlen;
	uint8_t hops;
	uint32_t xid;
	uint16_t secs;
	uint16_t flags;
	uint32_t ciaddr_be;
	uint32_t yiaddr_be;
	uint32_t siaddr_be;
	uint32_t giaddr_be;
	uint8_t chaddr[DHCP_CHADDR_BYTES];
	struct span options; // behind the cookie
};

struct dhcp_option {
	uint8_t code;
	struct span value;
};

// The head of a route, without its gateway.
struct dhcp_route {
	uint32_t prefix_be; // no bit behind prefix_len is set
	uint8_t prefix_len;
};

// Read a message. `sname` and `file` are passed over: a client that asks for parameters has no options in
// them. Returns 0 or -EBADMSG, also for BOOTP without DHCP's cookie.
int dhcp_message_get(struct span bytes, struct dhcp_message *out);

// Write header, empty `sname` and `file`, and the cookie; options are to follow.
void dhcp_message_put(struct writer *w, const struct dhcp_message *m);

// Take the next option off *list; padding is passed over. Returns 1 and *out, 0 at the end, -EBADMSG when one
// is cut off; *list is then empty. A list that just stops without END is taken: so do others.
int dhcp_option_next(struct span *list, struct dhcp_option *out);

// A value of over 255 bytes fails the writer.
void dhcp_option_put(struct writer *w, uint8_t code, struct span value);

// One route of a classless route option: 5 to 9 bytes (RFC 3442).
void dhcp_route_put(struct writer *w, const struct dhcp_route *route, uint32_t gateway_be);
