// SPDX-License-Identifier: BSD-3-Clause
#include "base/end_reason.h"

#include <ctype.h>

#include "shim/shim.h"

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

TEST(end_reason, names_are_stable_words_and_unique)
{
	for (int i = 0; i < END_REASON_COUNT; i++) {
		const char *name = end_reason_info(i)->name;

		SHIM_TRACE_CASE(i);
		ASSERT_GT(strlen(name), 0);
		for (size_t k = 0; name[k]; k++)
			EXPECT_TRUE(islower((unsigned char)name[k]) || name[k] == '-');
		for (int k = 0; k < i; k++)
			EXPECT_NE(strcmp(name, end_reason_info(k)->name), 0);
	}
}

// One reason, one sentence: the help desk must be able to tell them apart.
TEST(end_reason, sentences_are_sentences_and_unique)
{
	for (int i = 0; i < END_REASON_COUNT; i++) {
		const char *sentence = end_reason_info(i)->sentence;
		size_t len = strlen(sentence);

		SHIM_TRACE_CASE(i);
		ASSERT_GT(len, 10);
		EXPECT_TRUE(isupper((unsigned char)sentence[0]));
		EXPECT_EQ(sentence[len - 1], '.');
		for (int k = 0; k < i; k++)
			EXPECT_NE(strcmp(sentence, end_reason_info(k)->sentence), 0);
	}
}

// The numbers are what the protocols define, so that no client or RADIUS server meets one that it
// does not know: RFC 2637 2.13, RFC 2866 5.10, and the 6xx to 8xx of the Windows dialler.
TEST(end_reason, codes_are_in_the_range_of_their_protocol)
{
	for (int i = 0; i < END_REASON_COUNT; i++) {
		const struct end_reason_info *info = end_reason_info(i);

		SHIM_TRACE_CASE(i);
		EXPECT_GE(info->cdn_result, 1);
		EXPECT_LE(info->cdn_result, 4);
		EXPECT_GE(info->acct_cause, 1);
		EXPECT_LE(info->acct_cause, 18);
		if (info->windows_error) {
			EXPECT_GE(info->windows_error, 600);
			EXPECT_LE(info->windows_error, 899);
		}
	}
}

// A client's log shows nothing but this text, so it must say which reason it was.
TEST(end_reason, lcp_texts_are_unique_and_there_for_what_we_end)
{
	for (int i = 0; i < END_REASON_COUNT; i++) {
		const struct end_reason_info *info = end_reason_info(i);

		SHIM_TRACE_CASE(i);
		for (int k = 0; k < i && info->lcp_text[0]; k++)
			EXPECT_NE(strcmp(info->lcp_text, end_reason_info(k)->lcp_text), 0);
		// Without a text: the client hung up, or there was no link to speak over.
		// A tenant's limits may be found out by the realm of a user, when there is a link.
		bool is_tenants = i == END_LIMIT_TENANT || i == END_LIMIT_TENANT_RATE;
		bool is_before_calls = starts_with(info->name, "pptp-bad-") ||
				       (starts_with(info->name, "limit-") && !is_tenants) ||
				       i == END_PPTP_SILENT || i == END_PPTP_INCOMING ||
				       i == END_IDLE_CONNECTION || i == END_NONE;
		bool is_clients_will = info->side == END_BY_CLIENT && info->cdn_result == 4;
		EXPECT_EQ(info->lcp_text[0] == '\0', is_before_calls || is_clients_will);
	}
}

// RADIUS has causes of its own for what an operator, a client or a lost line ended.
TEST(end_reason, accounting_causes_fit_who_ended_it)
{
	for (int i = END_NONE + 1; i < END_REASON_COUNT; i++) {
		const struct end_reason_info *info = end_reason_info(i);
		bool is_admin = info->acct_cause == 6 || info->acct_cause == 7;

		SHIM_TRACE_CASE(i);
		EXPECT_EQ(is_admin, info->side == END_BY_ADMIN);
		if (info->cdn_result == 1 && i != END_NO_LCP) // lost carrier in both protocols
			EXPECT_EQ(info->acct_cause, 2);
		EXPECT_EQ(info->acct_cause == 1, info->cdn_result == 4); // the user's own wish
		EXPECT_TRUE(strcmp("?", end_acct_cause_name(info->acct_cause)) != 0);
	}
	EXPECT_STREQ("User-Request", end_acct_cause_name(1));
	EXPECT_STREQ("Admin-Reset", end_acct_cause_name(6));
	EXPECT_STREQ("Service-Unavailable", end_acct_cause_name(15));
	EXPECT_STREQ("Host-Request", end_acct_cause_name(18));
	EXPECT_STREQ("?", end_acct_cause_name(0));
	EXPECT_STREQ("?", end_acct_cause_name(19));
}

// The text goes to the peer in LCP Terminate-Request.
TEST(end_reason, lcp_texts_are_short_and_printable)
{
	for (int i = 0; i < END_REASON_COUNT; i++) {
		const char *text = end_reason_info(i)->lcp_text;

		SHIM_TRACE_CASE(i);
		EXPECT_LE(strlen(text), 60);
		for (size_t k = 0; text[k]; k++)
			EXPECT_TRUE(isprint((unsigned char)text[k]));
	}
}

TEST(end_reason, an_administrator_is_told_from_a_client)
{
	for (int i = 0; i < END_REASON_COUNT; i++) {
		const struct end_reason_info *info = end_reason_info(i);

		SHIM_TRACE_CASE(i);
		EXPECT_EQ(starts_with(info->name, "admin-"), info->side == END_BY_ADMIN);
		if (starts_with(info->name, "client-"))
			EXPECT_EQ(info->side, END_BY_CLIENT);
		if (info->side == END_BY_ADMIN)
			EXPECT_EQ(info->cdn_result, 3); // RFC 2637 2.13: administrative
	}
	// What a Windows user sees is the point of the list: the cases that the old gear documents.
	EXPECT_EQ(end_reason_info(END_AUTH_REJECTED)->windows_error, 691);
	EXPECT_EQ(end_reason_info(END_AUTH_NO_COMMON)->windows_error, 734);
	EXPECT_EQ(
		end_reason_info(END_ENCRYPTION_REFUSED)->windows_error, 734); // the client will not
	EXPECT_EQ(end_reason_info(END_ENCRYPTION_MISMATCH)->windows_error, 742); // we will not
	EXPECT_EQ(end_reason_info(END_AUTH_NO_KEYS)->windows_error, 742);
}

TEST(end_reason, a_number_that_is_no_reason_is_internal)
{
	EXPECT_TRUE(end_reason_info(END_REASON_COUNT) == end_reason_info(END_INTERNAL));
	EXPECT_TRUE(end_reason_info((enum end_reason) - 1) == end_reason_info(END_INTERNAL));
}

TEST(end_reason, sides_have_names)
{
	EXPECT_STREQ(end_side_name(END_BY_CLIENT), "client");
	EXPECT_STREQ(end_side_name(END_BY_SERVER), "server");
	EXPECT_STREQ(end_side_name(END_BY_ADMIN), "admin");
	EXPECT_STREQ(end_side_name(END_BY_NETWORK), "network");
	EXPECT_STREQ(end_side_name((enum end_side)99), "unknown");
}
