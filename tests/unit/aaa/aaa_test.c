// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/aaa.h"

#include "shim/shim.h"

TEST(aaa, reply_is_wiped)
{
	static const struct aaa_reply nothing;
	struct aaa_reply reply;

	memset(&reply, 0xa5, sizeof(reply));
	aaa_reply_wipe(&reply);
	EXPECT_MEMEQ(&nothing, &reply, sizeof(reply));
}

TEST(aaa, request_is_wiped)
{
	static const struct aaa_request nothing;
	struct aaa_request request;

	memset(&request, 0xa5, sizeof(request));
	aaa_request_wipe(&request);
	EXPECT_MEMEQ(&nothing, &request, sizeof(request));
}

TEST(aaa, names)
{
	EXPECT_STREQ("mschapv2", auth_method_name(AUTH_METHOD_MSCHAPV2));
	EXPECT_STREQ("mschapv1", auth_method_name(AUTH_METHOD_MSCHAPV1));
	EXPECT_STREQ("chap", auth_method_name(AUTH_METHOD_CHAP_MD5));
	EXPECT_STREQ("pap", auth_method_name(AUTH_METHOD_PAP));
	EXPECT_STREQ("unknown", auth_method_name((enum auth_method)99));
}

TEST(aaa, causes_of_errors_have_names)
{
	static const int causes[] = {
		0, 201, 401, 402, 403, 404, 405, 406, 407, 501, 503, 504, 506, 508};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		EXPECT_NE(0, strcmp("?", aaa_error_cause_name((enum aaa_error_cause)causes[i])));
	EXPECT_STREQ("session-context-not-found", aaa_error_cause_name(AAA_ERROR_NO_CONTEXT));
	EXPECT_STREQ("?", aaa_error_cause_name((enum aaa_error_cause)999));
}
