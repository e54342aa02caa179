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

const char *aaa_result_name(enum aaa_result result)
{
	switch (result) {
	case AAA_ACCEPT:
		return "accept";
	case AAA_REJECT:
		return "reject";
	case AAA_UNAVAILABLE:
		return "unavailable";
	}
	return "unknown";
}
