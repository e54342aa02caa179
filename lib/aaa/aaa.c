// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/aaa.h"

void aaa_reply_wipe(struct aaa_reply *reply)
{
	secret_wipe_bytes(reply, sizeof(*reply));
}

const char *aaa_method_name(enum aaa_method method)
{
	switch (method) {
	case AAA_MSCHAPV2:
		return "mschapv2";
	case AAA_MSCHAPV1:
		return "mschapv1";
	case AAA_CHAP_MD5:
		return "chap";
	case AAA_PAP:
		return "pap";
	}
	return "unknown";
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
