// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_packet.h"

#include "conf/config.h"

enum {
	STATUS_START = 1, // RFC 2866 5.1
	STATUS_STOP = 2,
	STATUS_INTERIM = 3,
	STATUS_ON = 7,
	STATUS_OFF = 8,
	AUTHENTIC_RADIUS = 1, // RFC 2866 5.6
	AUTHENTIC_LOCAL = 2,
	SERVICE_FRAMED = 2,
	PROTOCOL_PPP = 1,
	PORT_VIRTUAL = 5,
	TUNNEL_PPTP = 1, // RFC 2868 3.1
	MEDIUM_IPV4 = 1,
	ACCT_TUNNEL_CONNECTION = 68, // RFC 2867 4.1
};

#define SECOND_NS UINT64_C(1000000000)

static uint32_t status_of(enum aaa_account_kind kind)
{
	switch (kind) {
	case AAA_ACCOUNT_ON:
		return STATUS_ON;
	case AAA_ACCOUNT_OFF:
		return STATUS_OFF;
	case AAA_ACCOUNT_START:
		return STATUS_START;
	case AAA_ACCOUNT_STOP:
		return STATUS_STOP;
	case AAA_ACCOUNT_INTERIM:
	case AAA_ACCOUNT_NOTE:
		break;
	}
	return STATUS_INTERIM;
}

static void put_classes(const struct aaa_classes *c, struct radius_packet *p)
{
	for (uint32_t at = 0; at < c->n_bytes; at += 1u + c->bytes[at])
		radius_put(p, RADIUS_CLASS, span_of(c->bytes + at + 1, c->bytes[at]));
}

// One tunnel, so no tag: endpoints whose first byte is a digit have none (RFC 2868 3.3).
static void put_tunnel(const struct aaa_account *record, struct radius_packet *p)
{
	radius_put_tagged_u24(p, RADIUS_TUNNEL_TYPE, TUNNEL_PPTP);
	radius_put_tagged_u24(p, RADIUS_TUNNEL_MEDIUM_TYPE, MEDIUM_IPV4);
	radius_put_ipv4_text(p, RADIUS_TUNNEL_CLIENT_ENDPOINT, record->client_be);
	radius_put_ipv4_text(p, RADIUS_TUNNEL_SERVER_ENDPOINT, record->server_be);
	radius_put_text(p, ACCT_TUNNEL_CONNECTION, record->multi_session_id);
}

static void put_call(const struct aaa_account *record, struct radius_packet *p)
{
	radius_put_text(p, RADIUS_ACCT_SESSION_ID, record->session_id);
	radius_put_text(p, RADIUS_ACCT_MULTI_SESSION_ID, record->multi_session_id);
	radius_put(p, RADIUS_USER_NAME, span_of(record->user, record->user_len));
	radius_put_u32(p, RADIUS_NAS_PORT, record->nas_port);
	radius_put_u32(p, RADIUS_NAS_PORT_TYPE, PORT_VIRTUAL);
	radius_put_u32(p, RADIUS_SERVICE_TYPE, SERVICE_FRAMED);
	radius_put_u32(p, RADIUS_FRAMED_PROTOCOL, PROTOCOL_PPP);
	if (record->framed_be)
		radius_put_ipv4(p, RADIUS_FRAMED_IP_ADDRESS, record->framed_be);
	radius_put_ipv4_text(p, RADIUS_CALLED_STATION_ID, record->server_be);
	radius_put_ipv4_text(p, RADIUS_CALLING_STATION_ID, record->client_be);
	radius_put_u32(
		p, RADIUS_ACCT_AUTHENTIC, record->is_local ? AUTHENTIC_LOCAL : AUTHENTIC_RADIUS);
	put_tunnel(record, p);
	put_classes(&record->classes, p);
}

// Input is from the client (RFC 2866 5.3): up.
static void put_figures(const struct aaa_account *record, struct radius_packet *p)
{
	radius_put_u32(p, RADIUS_ACCT_SESSION_TIME, record->session_s);
	radius_put_u32(p, RADIUS_ACCT_INPUT_OCTETS, (uint32_t)record->up_bytes);
	radius_put_u32(p, RADIUS_ACCT_INPUT_GIGAWORDS, (uint32_t)(record->up_bytes >> 32));
	radius_put_u32(p, RADIUS_ACCT_INPUT_PACKETS, (uint32_t)record->up_pkts);
	radius_put_u32(p, RADIUS_ACCT_OUTPUT_OCTETS, (uint32_t)record->down_bytes);
	radius_put_u32(p, RADIUS_ACCT_OUTPUT_GIGAWORDS, (uint32_t)(record->down_bytes >> 32));
	radius_put_u32(p, RADIUS_ACCT_OUTPUT_PACKETS, (uint32_t)record->down_pkts);
}

void account_packet_put(const struct aaa_account *record, const struct config *config,
	uint64_t wall_ns, struct radius_packet *p)
{
	const char *name = config->nas_identifier[0] ? config->nas_identifier : config->name;
	// A clock that was set back must not make a delay of a hundred years.
	uint64_t delay_ns = wall_ns > record->event_wall_ns ? wall_ns - record->event_wall_ns : 0;

	radius_begin(p, RADIUS_ACCOUNTING_REQUEST, false);
	radius_put_u32(p, RADIUS_ACCT_STATUS_TYPE, status_of(record->kind));
	radius_put_ipv4(p, RADIUS_NAS_IP_ADDRESS, account_packet_nas(config, record->server_be));
	radius_put_text(p, RADIUS_NAS_IDENTIFIER, name);
	radius_put_u32(p, RADIUS_EVENT_TIMESTAMP, (uint32_t)(record->event_wall_ns / SECOND_NS));
	radius_put_u32(p, RADIUS_ACCT_DELAY_TIME, (uint32_t)(delay_ns / SECOND_NS));
	if (record->kind == AAA_ACCOUNT_ON || record->kind == AAA_ACCOUNT_OFF) {
		// RFC 2866 5.13 wants one in every packet; these mean no session.
		radius_put_text(p, RADIUS_ACCT_SESSION_ID, "0");
	} else {
		put_call(record, p);
	}
	if (record->kind == AAA_ACCOUNT_INTERIM || record->kind == AAA_ACCOUNT_STOP)
		put_figures(record, p);
	if (record->cause != AAA_CAUSE_NONE &&
		(record->kind == AAA_ACCOUNT_STOP || record->kind == AAA_ACCOUNT_OFF))
		radius_put_u32(p, RADIUS_ACCT_TERMINATE_CAUSE, (uint32_t)record->cause);
}
