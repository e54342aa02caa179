// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/aaa.h"

void aaa_reply_wipe(struct aaa_reply *reply)
{
	secret_wipe_bytes(reply, sizeof(*reply));
}

void aaa_request_wipe(struct aaa_request *request)
{
	secret_wipe_bytes(request, sizeof(*request));
}

const char *aaa_error_cause_name(enum aaa_error_cause cause)
{
	switch (cause) {
	case AAA_ERROR_NONE:
		return "done";
	case AAA_ERROR_RESIDUAL_REMOVED:
		return "residual-session-context-removed";
	case AAA_ERROR_UNSUPPORTED_ATTRIBUTE:
		return "unsupported-attribute";
	case AAA_ERROR_MISSING_ATTRIBUTE:
		return "missing-attribute";
	case AAA_ERROR_NAS_MISMATCH:
		return "nas-identification-mismatch";
	case AAA_ERROR_INVALID_REQUEST:
		return "invalid-request";
	case AAA_ERROR_UNSUPPORTED_SERVICE:
		return "unsupported-service";
	case AAA_ERROR_UNSUPPORTED_EXTENSION:
		return "unsupported-extension";
	case AAA_ERROR_INVALID_VALUE:
		return "invalid-attribute-value";
	case AAA_ERROR_PROHIBITED:
		return "administratively-prohibited";
	case AAA_ERROR_NO_CONTEXT:
		return "session-context-not-found";
	case AAA_ERROR_CONTEXT_NOT_REMOVABLE:
		return "session-context-not-removable";
	case AAA_ERROR_RESOURCES:
		return "resources-unavailable";
	case AAA_ERROR_MULTIPLE_SELECTION:
		return "multiple-session-selection-unsupported";
	}
	return "?";
}
