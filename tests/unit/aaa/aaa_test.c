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

TEST(aaa, names)
{
	EXPECT_STREQ("mschapv2", aaa_method_name(AAA_MSCHAPV2));
	EXPECT_STREQ("mschapv1", aaa_method_name(AAA_MSCHAPV1));
	EXPECT_STREQ("chap", aaa_method_name(AAA_CHAP_MD5));
	EXPECT_STREQ("pap", aaa_method_name(AAA_PAP));
	EXPECT_STREQ("unknown", aaa_method_name((enum aaa_method)99));
	EXPECT_STREQ("accept", aaa_result_name(AAA_ACCEPT));
	EXPECT_STREQ("reject", aaa_result_name(AAA_REJECT));
	EXPECT_STREQ("unavailable", aaa_result_name(AAA_UNAVAILABLE));
	EXPECT_STREQ("unknown", aaa_result_name((enum aaa_result)99));
}
