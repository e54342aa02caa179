// SPDX-License-Identifier: BSD-3-Clause
#include "proto/auth_method.h"

const char *auth_method_name(enum auth_method method)
{
	switch (method) {
	case AUTH_METHOD_NONE:
		return "none";
	case AUTH_METHOD_MSCHAPV2:
		return "mschapv2";
	case AUTH_METHOD_MSCHAPV1:
		return "mschapv1";
	case AUTH_METHOD_CHAP_MD5:
		return "chap";
	case AUTH_METHOD_PAP:
		return "pap";
	}
	return "unknown";
}
