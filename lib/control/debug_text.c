// SPDX-License-Identifier: BSD-3-Clause
#include "control/debug_text.h"

#include "observe/log.h"
#include "wire/chap.h"
#include "wire/cp.h"
#include "wire/mppe.h"
#include "wire/pap.h"
#include "wire/ppp.h"
#include "wire/pptp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	NAME_BYTES = 128, // of a text of the client, escaped
	HEX_BYTES = 2 * PPTP_MESSAGE_BYTES_MAX + 1,
	PPP_HEX_SHOWN = 64, // bytes of a frame that is only dumped
	OPTION_HEX_SHOWN = 40,
};

static const char full_mark[] = "... more is left out\n";

void debug_text_line(struct debug_text *t, const char *format, ...)
{
	size_t room = sizeof(t->bytes) - sizeof(full_mark) - t->len;
	va_list args;

	if (t->is_full)
		return;
	va_start(args, format);
	int n = vsnprintf(t->bytes + t->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n + 1 >= room) { // and the line's end
		memcpy(t->bytes + t->len, full_mark, sizeof(full_mark));
		t->len = (uint16_t)(t->len + sizeof(full_mark) - 1);
		t->is_full = true;
		return;
	}
	t->len = (uint16_t)(t->len + n);
	memcpy(t->bytes + t->len, "\n", 2);
	t->len++;
}

// Upper-case digits, ".." behind what is left out.
static const char *hex(char *out, size_t cap, struct span s, size_t n_shown)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = s.len < n_shown ? s.len : n_shown;
	size_t len = 0;

	for (size_t i = 0; i < n && len + 5 <= cap; i++) {
		out[len++] = digits[s.bytes[i] >> 4];
		out[len++] = digits[s.bytes[i] & 15];
	}
	snprintf(out + len, cap - len, "%s", n < s.len ? ".." : "");
	return out;
}

// A text of the other side between quotes; no control byte gets through.
static const char *quoted(char out[NAME_BYTES], struct span s)
{
	char escaped[NAME_BYTES - 2];

	(void)log_escape(s, escaped, sizeof(escaped));
	snprintf(out, NAME_BYTES, escaped[0] == '"' ? "%s" : "\"%s\"", escaped);
	return out;
}

// ---- PPTP ---------------------------------------------------------------------------------------

void debug_text_pptp_hex(struct debug_text *t, char direction, struct span message)
{
	char text[HEX_BYTES + 4];

	debug_text_line(t, "PPTP: CC %c %s", direction,
		hex(text, sizeof(text), message, PPTP_MESSAGE_BYTES_MAX));
}

static const char *pptp_name(uint16_t type)
{
	static const char *const names[PPTP_TYPE_COUNT] = {
		[PPTP_SCCRQ] = "SCCRQ",
		[PPTP_SCCRP] = "SCCRP",
		[PPTP_STOP_CCRQ] = "StopCCRQ",
		[PPTP_STOP_CCRP] = "StopCCRP",
		[PPTP_ECHO_REQUEST] = "EchoRQ",
		[PPTP_ECHO_REPLY] = "EchoRP",
		[PPTP_OCRQ] = "OCRQ",
		[PPTP_OCRP] = "OCRP",
		[PPTP_ICRQ] = "ICRQ",
		[PPTP_ICRP] = "ICRP",
		[PPTP_ICCN] = "ICCN",
		[PPTP_CALL_CLEAR_REQUEST] = "ClearRQ",
		[PPTP_CALL_DISCONNECT_NOTIFY] = "DiscNotify",
		[PPTP_WAN_ERROR_NOTIFY] = "WANErr",
		[PPTP_SET_LINK_INFO] = "SLI",
	};

	return type < PPTP_TYPE_COUNT && names[type] ? names[type] : NULL;
}

static struct span padded(const uint8_t bytes[PPTP_NAME_BYTES])
{
	return span_of(bytes, strnlen((const char *)bytes, PPTP_NAME_BYTES));
}

static void pptp_start(struct debug_text *t, const struct pptp_message *m)
{
	char name[NAME_BYTES];

	debug_text_line(t, "PPTP: protocol version 0x%X", m->start.version);
	if (m->type == PPTP_SCCRP)
		debug_text_line(t, "PPTP: result %u error %u", m->start.result, m->start.error);
	debug_text_line(t, "PPTP: framing caps 0x%" PRIX32, m->start.framing);
	debug_text_line(t, "PPTP: bearer caps 0x%" PRIX32, m->start.bearer);
	debug_text_line(t, "PPTP: max channels %u", m->start.max_channels);
	debug_text_line(t, "PPTP: firmware rev 0x%X", m->start.firmware);
	debug_text_line(t, "PPTP: hostname %s", quoted(name, padded(m->start.host_name)));
	debug_text_line(t, "PPTP: vendor %s", quoted(name, padded(m->start.vendor)));
}

static void pptp_ocrq(struct debug_text *t, const struct pptp_ocrq *m)
{
	char name[NAME_BYTES];

	debug_text_line(t, "PPTP: call id 0x%X", m->call_id);
	debug_text_line(t, "PPTP: serial num %u", m->serial);
	debug_text_line(t, "PPTP: min bps %" PRIu32, m->min_bps);
	debug_text_line(t, "PPTP: max bps %" PRIu32, m->max_bps);
	debug_text_line(t, "PPTP: bearer type %" PRIu32, m->bearer);
	debug_text_line(t, "PPTP: framing type %" PRIu32, m->framing);
	debug_text_line(t, "PPTP: recv win size %u", m->window);
	debug_text_line(t, "PPTP: ppd %u", m->delay);
	debug_text_line(t, "PPTP: phone num len %u", m->phone_len);
	debug_text_line(t, "PPTP: phone num %s", quoted(name, padded(m->phone)));
}

static void pptp_fields(struct debug_text *t, const struct pptp_message *m)
{
	char name[NAME_BYTES];

	switch (m->type) {
	case PPTP_SCCRQ:
	case PPTP_SCCRP:
		pptp_start(t, m);
		break;
	case PPTP_STOP_CCRQ:
		debug_text_line(t, "PPTP: reason %u", m->stop.code);
		break;
	case PPTP_STOP_CCRP:
		debug_text_line(t, "PPTP: result %u error %u", m->stop.code, m->stop.error);
		break;
	case PPTP_ECHO_REQUEST:
		debug_text_line(t, "PPTP: identifier 0x%" PRIX32, m->echo.identifier);
		break;
	case PPTP_ECHO_REPLY:
		debug_text_line(t, "PPTP: identifier 0x%" PRIX32 " result %u error %u",
			m->echo.identifier, m->echo.result, m->echo.error);
		break;
	case PPTP_OCRQ:
		pptp_ocrq(t, &m->ocrq);
		break;
	case PPTP_OCRP:
		debug_text_line(t, "PPTP: call id 0x%X peer's call id 0x%X", m->ocrp.call_id,
			m->ocrp.peer_call_id);
		debug_text_line(t, "PPTP: result %u error %u cause %u", m->ocrp.result,
			m->ocrp.error, m->ocrp.cause);
		debug_text_line(t, "PPTP: connect bps %" PRIu32 " recv win size %u ppd %u",
			m->ocrp.connect_bps, m->ocrp.window, m->ocrp.delay);
		break;
	case PPTP_ICRQ:
		debug_text_line(
			t, "PPTP: call id 0x%X serial num %u", m->icrq.call_id, m->icrq.serial);
		break;
	case PPTP_ICRP:
		debug_text_line(t, "PPTP: peer's call id 0x%X result %u error %u",
			m->icrp.peer_call_id, m->icrp.result, m->icrp.error);
		break;
	case PPTP_ICCN:
		debug_text_line(t, "PPTP: peer's call id 0x%X", m->iccn.peer_call_id);
		break;
	case PPTP_CALL_CLEAR_REQUEST:
		debug_text_line(t, "PPTP: call id 0x%X", m->call_clear.call_id);
		break;
	case PPTP_CALL_DISCONNECT_NOTIFY:
		debug_text_line(t, "PPTP: call id 0x%X result %u error %u cause %u",
			m->call_disconnect.call_id, m->call_disconnect.result,
			m->call_disconnect.error, m->call_disconnect.cause);
		debug_text_line(t, "PPTP: call statistics %s",
			quoted(name, span_of(m->call_disconnect.statistics,
					     strnlen((const char *)m->call_disconnect.statistics,
						     PPTP_STATISTICS_BYTES))));
		break;
	case PPTP_WAN_ERROR_NOTIFY:
		debug_text_line(t,
			"PPTP: peer's call id 0x%X crc %" PRIu32 " framing %" PRIu32
			" hardware %" PRIu32 " buffer %" PRIu32 " timeout %" PRIu32
			" alignment %" PRIu32,
			m->wan_error.peer_call_id, m->wan_error.crc, m->wan_error.framing,
			m->wan_error.hardware_overruns, m->wan_error.buffer_overruns,
			m->wan_error.timeouts, m->wan_error.alignment);
		break;
	case PPTP_SET_LINK_INFO:
		debug_text_line(t,
			"PPTP: peer's call id 0x%X send accm 0x%08" PRIX32
			" recv accm 0x%08" PRIX32,
			m->set_link.peer_call_id, m->set_link.send_accm, m->set_link.receive_accm);
		break;
	}
}

void debug_text_pptp(struct debug_text *t, char direction, struct span message)
{
	struct pptp_message m;

	if (pptp_get(message, &m) == 0) {
		debug_text_line(t, "PPTP: CC %c %s", direction, pptp_name(m.type));
		pptp_fields(t, &m);
	} else if (message.len >= PPTP_HEADER_BYTES &&
		   bytes_get_u32(message.bytes + 4) == PPTP_MAGIC_COOKIE) {
		debug_text_line(t, "PPTP: CC %c malformed: type %u length %u", direction,
			bytes_get_u16(message.bytes + 8), bytes_get_u16(message.bytes));
	} else {
		debug_text_line(t, "PPTP: CC %c malformed: no magic cookie", direction);
	}
}

// ---- options ------------------------------------------------------------------------------------

static const char *auth_name(struct span v)
{
	if (v.len < 2)
		return "?";
	uint16_t protocol = bytes_get_u16(v.bytes);
	if (protocol == PPP_PAP)
		return "PAP";
	if (protocol == PPP_EAP)
		return "EAP";
	if (protocol != PPP_CHAP || v.len < 3)
		return "unknown";
	switch (v.bytes[2]) {
	case CHAP_MD5:
		return "CHAP";
	case CHAP_MSCHAPV1:
		return "MS-CHAP";
	case CHAP_MSCHAPV2:
		return "MS-CHAP-V2";
	}
	return "CHAP of an unknown algorithm";
}

enum value_kind {
	VALUE_NONE, // the option is its own value
	VALUE_U8,
	VALUE_U16,
	VALUE_HEX32,
	VALUE_AUTH,
	VALUE_ADDRESS,
	VALUE_BYTES,
};

struct option_name {
	uint16_t protocol;
	uint8_t type;
	const char *name;
	enum value_kind kind;
};

// As IOS names them.
static const struct option_name option_names[] = {
	{PPP_LCP, 1, "MRU", VALUE_U16},
	{PPP_LCP, 2, "ACCM", VALUE_HEX32},
	{PPP_LCP, 3, "AuthProto", VALUE_AUTH},
	{PPP_LCP, 4, "QualityType", VALUE_BYTES},
	{PPP_LCP, 5, "MagicNumber", VALUE_HEX32},
	{PPP_LCP, 7, "PFC", VALUE_NONE},
	{PPP_LCP, 8, "ACFC", VALUE_NONE},
	{PPP_LCP, 13, "Callback", VALUE_U8},
	{PPP_LCP, 17, "MRRU", VALUE_U16},
	{PPP_LCP, 18, "ShortSeq", VALUE_NONE},
	{PPP_LCP, 19, "EndpointDisc", VALUE_BYTES},
	{PPP_LCP, 23, "LinkDiscriminator", VALUE_U16},
	{PPP_CCP, 1, "Predictor1", VALUE_NONE},
	{PPP_CCP, 2, "Predictor2", VALUE_NONE},
	{PPP_CCP, 17, "LZSDCP", VALUE_BYTES},
	{PPP_CCP, MPPE_OPTION_TYPE, "MS-PPC supported bits", VALUE_HEX32},
	{PPP_CCP, 21, "BSD", VALUE_BYTES},
	{PPP_CCP, 24, "Deflate (old)", VALUE_BYTES},
	{PPP_CCP, 26, "Deflate", VALUE_BYTES},
	{PPP_IPCP, 1, "Addresses", VALUE_BYTES},
	{PPP_IPCP, 2, "CompressType", VALUE_BYTES},
	{PPP_IPCP, 3, "Address", VALUE_ADDRESS},
	{PPP_IPCP, 129, "PrimaryDNS", VALUE_ADDRESS},
	{PPP_IPCP, 130, "PrimaryWINS", VALUE_ADDRESS},
	{PPP_IPCP, 131, "SecondaryDNS", VALUE_ADDRESS},
	{PPP_IPCP, 132, "SecondaryWINS", VALUE_ADDRESS},
};

// Its value as text, or "" when there is none or it has another length than it should.
static void option_value(char *out, size_t cap, enum value_kind kind, struct span v)
{
	out[0] = '\0';
	if (kind == VALUE_U8 && v.len == 1)
		snprintf(out, cap, " %u", v.bytes[0]);
	else if (kind == VALUE_U16 && v.len == 2)
		snprintf(out, cap, " %u", bytes_get_u16(v.bytes));
	else if (kind == VALUE_HEX32 && v.len == 4)
		snprintf(out, cap, " 0x%08" PRIX32, bytes_get_u32(v.bytes));
	else if (kind == VALUE_AUTH)
		snprintf(out, cap, " %s", auth_name(v));
	else if (kind == VALUE_ADDRESS && v.len == 4)
		snprintf(out, cap, " %u.%u.%u.%u", v.bytes[0], v.bytes[1], v.bytes[2], v.bytes[3]);
}

static void option_line(struct debug_text *t, const char *protocol_name, uint16_t protocol,
	const struct cp_option *o)
{
	char value[64], bytes[2 * OPTION_HEX_SHOWN + 8];
	const struct option_name *known = NULL;

	for (size_t i = 0; i < sizeof(option_names) / sizeof(option_names[0]); i++)
		if (option_names[i].protocol == protocol && option_names[i].type == o->type)
			known = &option_names[i];
	option_value(value, sizeof(value), known ? known->kind : VALUE_BYTES, o->value);
	hex(bytes, sizeof(bytes), o->whole, OPTION_HEX_SHOWN);
	if (known)
		debug_text_line(t, "%s:    %s%s (0x%s)", protocol_name, known->name, value, bytes);
	else
		debug_text_line(t, "%s:    UNKNOWN(%u) (0x%s)", protocol_name, o->type, bytes);
}

static void option_lines(
	struct debug_text *t, const char *protocol_name, uint16_t protocol, struct span options)
{
	struct cp_option o;
	int rc;

	while ((rc = cp_option_next(&options, &o)) == 1)
		option_line(t, protocol_name, protocol, &o);
	if (rc < 0)
		debug_text_line(t, "%s:    the rest of the options is malformed", protocol_name);
}

// ---- PPP ----------------------------------------------------------------------------------------

const char *debug_text_state(enum fsm_state state)
{
	static const char *const names[FSM_STATE_COUNT] = {
		[FSM_INITIAL] = "Initial",
		[FSM_STARTING] = "Starting",
		[FSM_CLOSED] = "Closed",
		[FSM_STOPPED] = "Stopped",
		[FSM_CLOSING] = "Closing",
		[FSM_STOPPING] = "Stopping",
		[FSM_REQUEST_SENT] = "REQsent",
		[FSM_ACK_RECEIVED] = "ACKrcvd",
		[FSM_ACK_SENT] = "ACKsent",
		[FSM_OPENED] = "Open",
	};

	return (unsigned)state < FSM_STATE_COUNT ? names[state] : "?";
}

const char *debug_text_protocol(uint16_t protocol)
{
	switch (protocol) {
	case PPP_LCP:
		return "LCP";
	case PPP_CCP:
		return "CCP";
	case PPP_IPCP:
		return "IPCP";
	case PPP_IPV6CP:
		return "IPV6CP";
	case PPP_PAP:
		return "PAP";
	case PPP_CHAP:
		return "CHAP";
	case PPP_CBCP:
		return "CBCP";
	case PPP_EAP:
		return "EAP";
	case PPP_IP:
		return "IP";
	case PPP_IPV6:
		return "IPV6";
	case PPP_COMP:
		return "COMP";
	case PPP_VJ_COMPRESSED:
	case PPP_VJ_UNCOMPRESSED:
		return "VJ";
	}
	return NULL;
}

static const char *code_name(uint8_t code)
{
	static const char *const names[] = {
		[CP_CONFIGURE_REQUEST] = "CONFREQ",
		[CP_CONFIGURE_ACK] = "CONFACK",
		[CP_CONFIGURE_NAK] = "CONFNAK",
		[CP_CONFIGURE_REJECT] = "CONFREJ",
		[CP_TERMINATE_REQUEST] = "TERMREQ",
		[CP_TERMINATE_ACK] = "TERMACK",
		[CP_CODE_REJECT] = "CODEREJ",
		[CP_PROTOCOL_REJECT] = "PROTREJ",
		[CP_ECHO_REQUEST] = "ECHOREQ",
		[CP_ECHO_REPLY] = "ECHOREP",
		[CP_DISCARD_REQUEST] = "DISCREQ",
		[CP_IDENTIFICATION] = "IDENTIFY",
		[CP_TIME_REMAINING] = "TIMEREMAINING",
		[CP_RESET_REQUEST] = "RESETREQ",
		[CP_RESET_ACK] = "RESETACK",
	};

	return code < sizeof(names) / sizeof(names[0]) && names[code] ? names[code] : "UNKNOWN";
}

// " protocol CCP" of the 16 bits that a Protocol-Reject begins with.
static void put_rejected(char *out, size_t cap, struct span data)
{
	const char *name = debug_text_protocol(bytes_get_u16(data.bytes));

	if (name)
		snprintf(out, cap, " protocol %s", name);
	else
		snprintf(out, cap, " protocol 0x%04X", bytes_get_u16(data.bytes));
}

// Bytes of authentication are not dumped: SPAP, EAP and a rejected PAP carry passwords.
static bool may_dump(uint16_t protocol)
{
	return protocol < 0xc000 || protocol == PPP_LCP;
}

// What stands behind "id 1 len 20" of a packet without options.
static void put_tail(char *out, size_t cap, uint16_t protocol, const struct cp_packet *p)
{
	char bytes[2 * PPP_HEX_SHOWN + 8], text[NAME_BYTES];
	bool has_magic = protocol == PPP_LCP && p->data.len >= 4 && p->code >= CP_ECHO_REQUEST &&
			 p->code <= CP_TIME_REMAINING;
	size_t len = 0;

	out[0] = '\0';
	if (has_magic)
		len = (size_t)snprintf(
			out, cap, " magic 0x%08" PRIX32, bytes_get_u32(p->data.bytes));
	if (has_magic && p->code == CP_IDENTIFICATION) {
		snprintf(out + len, cap - len, " %s",
			quoted(text, span_of(p->data.bytes + 4, p->data.len - 4)));
		return;
	}
	if (has_magic)
		return;
	if (protocol == PPP_LCP && p->code == CP_PROTOCOL_REJECT && p->data.len >= 2) {
		put_rejected(out, cap, p->data);
		len = strlen(out);
		if (!may_dump(bytes_get_u16(p->data.bytes)))
			return;
	}
	if (p->data.len > 0 && may_dump(protocol))
		len += (size_t)snprintf(out + len, cap - len, " (0x%s)",
			hex(bytes, sizeof(bytes), p->data, PPP_HEX_SHOWN));
	if (p->data.len > 0 && p->code == CP_TERMINATE_REQUEST) // most say why, in words
		snprintf(out + len, cap - len, " %s", quoted(text, p->data));
}

static bool has_automaton(uint16_t protocol)
{
	return protocol == PPP_LCP || protocol == PPP_CCP || protocol == PPP_IPCP;
}

void debug_text_ppp(struct debug_text *t, char direction, uint16_t protocol, enum fsm_state state,
	struct span info)
{
	char number[16], tail[2 * PPP_HEX_SHOWN + NAME_BYTES + 48];
	const char *name = debug_text_protocol(protocol);
	struct cp_packet p;

	if (protocol == PPP_CHAP || protocol == PPP_PAP)
		return;
	snprintf(number, sizeof(number), "0x%04X", protocol);
	if (!name)
		name = number;
	if (protocol < 0x8000 || cp_packet_get(info, &p) != 0) {
		debug_text_line(t, "%s: %c %slen %zu", name, direction,
			protocol < 0x8000 ? "" : "malformed, ", info.len);
		return;
	}
	bool has_options = p.code >= CP_CONFIGURE_REQUEST && p.code <= CP_CONFIGURE_REJECT &&
			   has_automaton(protocol);
	tail[0] = '\0';
	if (!has_options)
		put_tail(tail, sizeof(tail), protocol, &p);
	debug_text_line(t, "%s: %c %s [%s] id %u len %zu%s", name, direction, code_name(p.code),
		has_automaton(protocol) ? debug_text_state(state) : "Not negotiated", p.id,
		p.data.len + CP_HEADER_BYTES, tail);
	if (has_options)
		option_lines(t, name, protocol, p.data);
}

// ---- authentication -----------------------------------------------------------------------------

static const char *method_name(enum auth_method method)
{
	switch (method) {
	case AUTH_METHOD_MSCHAPV2:
		return "MS-CHAP-V2";
	case AUTH_METHOD_MSCHAPV1:
		return "MS-CHAP";
	case AUTH_METHOD_NONE:
	case AUTH_METHOD_CHAP_MD5:
	case AUTH_METHOD_PAP:
		break;
	}
	return "CHAP";
}

enum { CHAP_CODE_CHANGE_V1 = 5, CHAP_CODE_CHANGE_V2 = 6, CHAP_CODE_CHANGE = 7 };

// The header is that of a control protocol, so a code that CHAP does not have can be named too.
static void chap_line(
	struct debug_text *t, char direction, enum auth_method method, struct span info)
{
	static const char *const names[] = {"?", "CHALLENGE", "RESPONSE", "SUCCESS", "FAILURE",
		"CHANGE-PASSWORD-V1", "CHANGE-PASSWORD-V2", "CHANGE-PASSWORD"};
	const char *name = method_name(method);
	char text[NAME_BYTES];
	struct cp_packet p;

	if (cp_packet_get(info, &p) != 0) {
		debug_text_line(t, "%s: %c malformed, len %zu", name, direction, info.len);
		return;
	}
	const char *code = p.code <= CHAP_CODE_CHANGE ? names[p.code] : names[0];
	size_t len = p.data.len + CP_HEADER_BYTES;
	// A value of no bytes is none (RFC 1994 4.1); what follows then may be one that lost its size.
	if ((p.code == CHAP_CHALLENGE || p.code == CHAP_RESPONSE) && p.data.len > 0 &&
		p.data.bytes[0] > 0 && p.data.bytes[0] < p.data.len) {
		size_t skipped = 1u + p.data.bytes[0]; // the value: who has it can try passwords
		debug_text_line(t, "%s: %c %s id %u len %zu from %s", name, direction, code, p.id,
			len, quoted(text, span_of(p.data.bytes + skipped, p.data.len - skipped)));
	} else if (p.code == CHAP_FAILURE) {
		debug_text_line(t, "%s: %c %s id %u len %zu msg is %s", name, direction, code, p.id,
			len, quoted(text, p.data));
	} else {
		debug_text_line(t, "%s: %c %s id %u len %zu", name, direction, code, p.id, len);
	}
}

static void pap_line(struct debug_text *t, char direction, struct span info)
{
	static const char *const names[] = {"?", "AUTH-REQ", "AUTH-ACK", "AUTH-NAK"};
	char text[NAME_BYTES];
	struct cp_packet p;

	if (cp_packet_get(info, &p) != 0 || p.code == 0 || p.code > PAP_AUTHENTICATE_NAK) {
		debug_text_line(t, "PAP: %c malformed, len %zu", direction, info.len);
		return;
	}
	struct reader r = reader_of(p.data);
	struct span first = reader_take(&r, reader_u8(&r)); // a name, or a message
	const char *what = p.code == PAP_AUTHENTICATE_REQUEST ? "from" : "msg is";
	if (p.data.len == 0) // Ack and Nak of some have no message at all
		debug_text_line(t, "PAP: %c %s id %u len %u", direction, names[p.code], p.id,
			CP_HEADER_BYTES);
	else
		debug_text_line(t, "PAP: %c %s id %u len %zu %s %s%s", direction, names[p.code],
			p.id, p.data.len + CP_HEADER_BYTES, what, quoted(text, first),
			p.code == PAP_AUTHENTICATE_REQUEST ? " password <hidden>" : "");
}

void debug_text_auth(struct debug_text *t, char direction, uint16_t protocol,
	enum auth_method method, struct span info)
{
	if (protocol == PPP_CHAP)
		chap_line(t, direction, method, info);
	else if (protocol == PPP_PAP)
		pap_line(t, direction, info);
}
