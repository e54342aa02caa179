// SPDX-License-Identifier: BSD-3-Clause
#include "proto/pptp_call.h"

enum {
	CONNECT_BPS = 100000000
}; // where the client names no speed; what Windows shows for a tunnel

enum end_reason pptp_call_check(const struct pptp_ocrq *request)
{
	if (request->window == 0 || request->phone_len > PPTP_NAME_BYTES)
		return END_PPTP_BAD_VALUE;
	return END_NONE;
}

void pptp_call_accept(struct pptp_call *call, const struct pptp_ocrq *request, uint16_t call_id,
	uint16_t window, struct writer *w)
{
	*call = (struct pptp_call){
		.state = PPTP_CALL_ESTABLISHED,
		.call_id = call_id,
		.peer_call_id = request->call_id,
		.peer_window = request->window,
		.send_accm = UINT32_MAX,
		.receive_accm = UINT32_MAX,
	};

	const struct pptp_message reply = {
		.type = PPTP_OCRP,
		.ocrp = {.call_id = call_id,
			.peer_call_id = request->call_id,
			.result = PPTP_OCRP_CONNECTED,
			.connect_bps = request->max_bps ? request->max_bps : CONNECT_BPS,
			.window = window},
	};
	pptp_put(w, &reply);
}

// The general error of RFC 2637 2.16 that a reason of ours is.
static uint8_t general_error(enum end_reason reason)
{
	static const uint8_t errors[END_REASON_COUNT] = {
		[END_PPTP_BAD_ORDER] = PPTP_ERROR_NOT_CONNECTED,
		[END_PPTP_BAD_COOKIE] = PPTP_ERROR_BAD_FORMAT,
		[END_PPTP_BAD_LENGTH] = PPTP_ERROR_BAD_FORMAT,
		[END_PPTP_BAD_TYPE] = PPTP_ERROR_BAD_VALUE,
		[END_PPTP_BAD_VERSION] = PPTP_ERROR_BAD_VALUE,
		[END_PPTP_BAD_VALUE] = PPTP_ERROR_BAD_VALUE,
		[END_LIMIT_CALLS] = PPTP_ERROR_NO_RESOURCE,
		[END_LIMIT_SOURCE] = PPTP_ERROR_NO_RESOURCE,
		[END_NO_RESOURCE] = PPTP_ERROR_NO_RESOURCE,
		[END_NO_ADDRESS] = PPTP_ERROR_NO_RESOURCE,
		[END_AUTH_UNAVAILABLE] = PPTP_ERROR_NO_RESOURCE,
	};
	uint8_t error = (unsigned)reason < END_REASON_COUNT ? errors[reason] : 0;

	return error ? error : PPTP_ERROR_SERVER;
}

static uint8_t refusal(enum end_reason reason)
{
	static const uint8_t results[END_REASON_COUNT] = {
		[END_LIMIT_CALLS] = PPTP_OCRP_BUSY,
		[END_LIMIT_SOURCE] = PPTP_OCRP_BUSY,
		[END_SETUP_TIMEOUT] = PPTP_OCRP_TIME_OUT,
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
			.error = result == PPTP_OCRP_GENERAL_ERROR ? general_error(reason) : 0},
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
	case PPTP_SET_LINK_INFO:
		return message->set_link.peer_call_id == call->call_id;
	case PPTP_WAN_ERROR_NOTIFY:
		return message->wan_error.peer_call_id == call->call_id;
	}
	return false;
}

enum end_reason pptp_call_receive(
	struct pptp_call *call, const struct pptp_message *message, struct writer *w)
{
	if (!pptp_call_matches(call, message))
		return END_NONE;
	switch (message->type) {
	case PPTP_CALL_CLEAR_REQUEST:
		pptp_call_disconnect(call, END_CLIENT_CALL_CLEAR, NULL, w);
		return END_CLIENT_CALL_CLEAR;
	case PPTP_SET_LINK_INFO:
		call->send_accm = message->set_link.send_accm;
		call->receive_accm = message->set_link.receive_accm;
		break;
	case PPTP_WAN_ERROR_NOTIFY:
		call->n_wan_errors++;
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
			.result = end_reason_info(reason)->cdn_result},
	};

	if (notify.call_disconnect.result == PPTP_CDN_GENERAL_ERROR)
		notify.call_disconnect.error = general_error(reason);
	if (statistics) {
		size_t len = strlen(statistics);

		// The last byte stays zero: some clients print the field as a string.
		if (len > PPTP_STATISTICS_BYTES - 1)
			len = PPTP_STATISTICS_BYTES - 1;
		memcpy(notify.call_disconnect.statistics, statistics, len);
	}
	pptp_put(w, &notify);
}
