// SPDX-License-Identifier: BSD-3-Clause
#include "proto/pptp_call.h"

enum {
	CONNECT_BPS = 100000000, // where the client names no speed; what Windows shows for a tunnel
};

enum { // of ITU-T Q.850
	CAUSE_NORMAL_CLEARING = 16,
	CAUSE_USER_BUSY = 17,
	CAUSE_NO_USER_RESPONDING = 18,
	CAUSE_CALL_REJECTED = 21,
	CAUSE_DESTINATION_OUT_OF_ORDER = 27,
	CAUSE_NORMAL_UNSPECIFIED = 31,
	CAUSE_TEMPORARY_FAILURE = 41,
	CAUSE_CONGESTION = 42,
	CAUSE_NO_RESOURCE = 47,
	CAUSE_INCOMPATIBLE = 88,
	CAUSE_INVALID_CONTENTS = 100,
	CAUSE_TIMER_EXPIRED = 102,
	CAUSE_PROTOCOL_ERROR = 111,
};

enum end_reason pptp_call_check(const struct pptp_ocrq *request)
{
	if (request->window == 0 || request->phone_len > PPTP_NAME_BYTES)
		return END_PPTP_BAD_VALUE;
	return END_NONE;
}

void pptp_call_accept(struct pptp_call *call, const struct pptp_ocrq *request,
	const struct pptp_call_offer *offer, struct writer *w)
{
	*call = (struct pptp_call){
		.state = PPTP_CALL_ESTABLISHED,
		.call_id = offer->call_id,
		.peer_call_id = request->call_id,
		.serial = request->serial,
		.peer_window = request->window,
		.peer_delay = request->delay,
		.send_accm = UINT32_MAX,
		.receive_accm = UINT32_MAX,
	};

	const struct pptp_message reply = {
		.type = PPTP_OCRP,
		.ocrp = {.call_id = offer->call_id,
			.peer_call_id = request->call_id,
			.result = PPTP_OCRP_CONNECTED,
			.connect_bps = request->max_bps ? request->max_bps : CONNECT_BPS,
			.window = offer->window,
			.delay = offer->delay},
	};
	pptp_put(w, &reply);
}

uint8_t pptp_call_general_error(enum end_reason reason)
{
	static const uint8_t errors[END_REASON_COUNT] = {
		[END_PPTP_BAD_ORDER] = PPTP_ERROR_NOT_CONNECTED,
		[END_PPTP_BAD_COOKIE] = PPTP_ERROR_BAD_FORMAT,
		[END_PPTP_BAD_LENGTH] = PPTP_ERROR_BAD_FORMAT,
		[END_PPTP_BAD_TYPE] = PPTP_ERROR_BAD_VALUE,
		[END_PPTP_BAD_VERSION] = PPTP_ERROR_BAD_VALUE,
		[END_PPTP_BAD_VALUE] = PPTP_ERROR_BAD_VALUE,
		[END_PPTP_BAD_CALL_ID] = PPTP_ERROR_BAD_CALL_ID,
		[END_LIMIT_CALLS] = PPTP_ERROR_NO_RESOURCE,
		[END_LIMIT_SOURCE] = PPTP_ERROR_NO_RESOURCE,
		[END_LIMIT_CONNECTION] = PPTP_ERROR_NO_RESOURCE,
		[END_LIMIT_TENANT] = PPTP_ERROR_NO_RESOURCE,
		[END_LIMIT_TENANT_RATE] = PPTP_ERROR_NO_RESOURCE,
		[END_LIMIT_RATE] = PPTP_ERROR_NO_RESOURCE,
		[END_NO_RESOURCE] = PPTP_ERROR_NO_RESOURCE,
		[END_NO_ADDRESS] = PPTP_ERROR_NO_RESOURCE,
		[END_AUTH_UNAVAILABLE] = PPTP_ERROR_NO_RESOURCE,
	};
	uint8_t error = (unsigned)reason < END_REASON_COUNT ? errors[reason] : 0;

	return error ? error : PPTP_ERROR_SERVER;
}

uint16_t pptp_call_cause(enum end_reason reason)
{
	static const uint8_t by_result[] = {
		[PPTP_CDN_LOST_CARRIER] = CAUSE_DESTINATION_OUT_OF_ORDER,
		[PPTP_CDN_GENERAL_ERROR] = CAUSE_NORMAL_UNSPECIFIED,
		[PPTP_CDN_ADMIN_SHUTDOWN] = CAUSE_NORMAL_UNSPECIFIED,
		[PPTP_CDN_REQUEST] = CAUSE_NORMAL_CLEARING,
	};
	static const uint8_t causes[END_REASON_COUNT] = {
		[END_NO_GRE] = CAUSE_NO_USER_RESPONDING,
		[END_NO_LCP] = CAUSE_TIMER_EXPIRED,
		[END_SETUP_TIMEOUT] = CAUSE_TIMER_EXPIRED,
		[END_PPTP_BAD_ORDER] = CAUSE_PROTOCOL_ERROR,
		[END_PPTP_BAD_COOKIE] = CAUSE_PROTOCOL_ERROR,
		[END_PPTP_BAD_LENGTH] = CAUSE_PROTOCOL_ERROR,
		[END_PPTP_BAD_TYPE] = CAUSE_PROTOCOL_ERROR,
		[END_PPTP_BAD_VERSION] = CAUSE_PROTOCOL_ERROR,
		[END_PPTP_BAD_VALUE] = CAUSE_INVALID_CONTENTS,
		[END_PPTP_BAD_CALL_ID] = CAUSE_INVALID_CONTENTS,
		[END_AUTH_NO_COMMON] = CAUSE_CALL_REJECTED,
		[END_AUTH_REJECTED] = CAUSE_CALL_REJECTED,
		[END_AUTH_EXPIRED] = CAUSE_CALL_REJECTED,
		[END_AUTH_DISABLED] = CAUSE_CALL_REJECTED,
		[END_AUTH_HOURS] = CAUSE_CALL_REJECTED,
		[END_AUTH_NO_PERMISSION] = CAUSE_CALL_REJECTED,
		[END_AUTH_CHANGE_FAILED] = CAUSE_CALL_REJECTED,
		[END_AUTH_METHOD] = CAUSE_CALL_REJECTED,
		[END_AUTH_LOGINS] = CAUSE_USER_BUSY,
		[END_AUTH_LOCKED] = CAUSE_CALL_REJECTED,
		[END_AUTH_TIMEOUT] = CAUSE_TIMER_EXPIRED,
		[END_AUTH_UNAVAILABLE] = CAUSE_TEMPORARY_FAILURE,
		[END_AUTH_NO_KEYS] = CAUSE_INCOMPATIBLE,
		[END_AUTH_KEYLESS] = CAUSE_INCOMPATIBLE,
		[END_ENCRYPTION_REFUSED] = CAUSE_INCOMPATIBLE,
		[END_ENCRYPTION_MISMATCH] = CAUSE_INCOMPATIBLE,
		[END_NO_ADDRESS] = CAUSE_NO_RESOURCE,
		[END_LIMIT_CALLS] = CAUSE_USER_BUSY,
		[END_LIMIT_SOURCE] = CAUSE_USER_BUSY,
		[END_LIMIT_CONNECTION] = CAUSE_USER_BUSY,
		[END_LIMIT_TENANT] = CAUSE_USER_BUSY,
		[END_LIMIT_TENANT_RATE] = CAUSE_CONGESTION,
		[END_LIMIT_RATE] = CAUSE_CONGESTION,
		[END_NO_RESOURCE] = CAUSE_NO_RESOURCE,
		[END_ADMIN_SHUTDOWN] = CAUSE_TEMPORARY_FAILURE,
	};
	uint8_t cause = (unsigned)reason < END_REASON_COUNT ? causes[reason] : 0;

	return cause ? cause : by_result[end_reason_info(reason)->cdn_result];
}

static uint8_t refusal(enum end_reason reason)
{
	static const uint8_t results[END_REASON_COUNT] = {
		[END_LIMIT_CALLS] = PPTP_OCRP_BUSY,
		[END_LIMIT_SOURCE] = PPTP_OCRP_BUSY,
		[END_LIMIT_CONNECTION] = PPTP_OCRP_BUSY,
		[END_LIMIT_TENANT] = PPTP_OCRP_BUSY,
		[END_LIMIT_TENANT_RATE] = PPTP_OCRP_BUSY,
		[END_LIMIT_RATE] = PPTP_OCRP_BUSY,
		[END_SETUP_TIMEOUT] = PPTP_OCRP_TIME_OUT,
		[END_AUTH_LOCKED] = PPTP_OCRP_DO_NOT_ACCEPT,
		[END_ADMIN_CLEAR] = PPTP_OCRP_DO_NOT_ACCEPT,
		[END_ADMIN_SHUTDOWN] = PPTP_OCRP_DO_NOT_ACCEPT,
	};
	uint8_t result = (unsigned)reason < END_REASON_COUNT ? results[reason] : 0;

	return result ? result : PPTP_OCRP_GENERAL_ERROR;
}

void pptp_call_refuse(const struct pptp_ocrq *request, enum end_reason reason, struct writer *w)
{
	uint8_t result = refusal(reason);
	const struct pptp_message reply = {
		.type = PPTP_OCRP,
		.ocrp = {.peer_call_id = request->call_id,
			.result = result,
			.error = result == PPTP_OCRP_GENERAL_ERROR ? pptp_call_general_error(reason)
								   : 0,
			.cause = pptp_call_cause(reason)},
	};

	pptp_put(w, &reply);
}

bool pptp_call_matches(const struct pptp_call *call, const struct pptp_message *message)
{
	if (call->state != PPTP_CALL_ESTABLISHED)
		return false;
	switch (message->type) {
	case PPTP_CALL_CLEAR_REQUEST:
		return message->call_clear.call_id == call->peer_call_id;
	case PPTP_CALL_DISCONNECT_NOTIFY:
		return message->call_disconnect.call_id == call->peer_call_id;
	case PPTP_SET_LINK_INFO:
		return message->set_link.peer_call_id == call->call_id;
	case PPTP_WAN_ERROR_NOTIFY:
		return message->wan_error.peer_call_id == call->call_id;
	}
	return false;
}

enum end_reason pptp_call_receive(struct pptp_call *call, const struct pptp_message *message)
{
	if (call->state != PPTP_CALL_ESTABLISHED)
		return END_NONE;
	switch (message->type) {
	case PPTP_CALL_CLEAR_REQUEST:
		return END_CLIENT_CALL_CLEAR;
	case PPTP_CALL_DISCONNECT_NOTIFY:
		call->state = PPTP_CALL_ENDED;
		return END_CLIENT_CALL_CLEAR;
	case PPTP_SET_LINK_INFO:
		call->n_link_infos++;
		call->send_accm = message->set_link.send_accm;
		call->receive_accm = message->set_link.receive_accm;
		break;
	case PPTP_WAN_ERROR_NOTIFY:
		call->n_wan_errors++;
		call->wan_error = message->wan_error;
		break;
	}
	return END_NONE;
}

void pptp_call_disconnect(
	struct pptp_call *call, enum end_reason reason, const char *statistics, struct writer *w)
{
	if (call->state != PPTP_CALL_ESTABLISHED)
		return;
	call->state = PPTP_CALL_ENDED;

	struct pptp_message notify = {
		.type = PPTP_CALL_DISCONNECT_NOTIFY,
		.call_disconnect = {.call_id = call->call_id,
			.result = end_reason_info(reason)->cdn_result,
			.cause = pptp_call_cause(reason)},
	};

	if (notify.call_disconnect.result == PPTP_CDN_GENERAL_ERROR)
		notify.call_disconnect.error = pptp_call_general_error(reason);
	if (statistics) {
		size_t len = strlen(statistics);

		// The last byte stays zero: some clients print the field as a string.
		if (len > PPTP_STATISTICS_BYTES - 1)
			len = PPTP_STATISTICS_BYTES - 1;
		memcpy(notify.call_disconnect.statistics, statistics, len);
	}
	pptp_put(w, &notify);
}
