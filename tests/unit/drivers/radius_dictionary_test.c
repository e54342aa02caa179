// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_dictionary.h"

#include "observe/log.h"
#include "shim/shim.h"

#include <errno.h>

TEST(radius_dictionary, attributes_are_shown_by_name_and_secrets_not_at_all)
{
	static const struct {
		uint32_t vendor;
		uint8_t type;
		struct span value;
		const char *wanted;
	} cases[] = {
		{0, 1, {(const uint8_t *)"anna", 4}, "User-Name = \"anna\""},
		{0, 6, {(const uint8_t *)"\0\0\0\2", 4}, "Service-Type = Framed"},
		{0, 8, {(const uint8_t *)"\x0a\0\0\1", 4}, "Framed-IP-Address = 10.0.0.1"},
		{0, 27, {(const uint8_t *)"\0\0\0\x3c", 4}, "Session-Timeout = 60"},
		{0, 18, {(const uint8_t *)"a\nb", 3}, "Reply-Message = 0x610a62"},
		{0, 2, {(const uint8_t *)"0123456789abcdef", 16},
			"Password = (16 bytes, not shown)"},
		{311, 7, {(const uint8_t *)"\0\0\0\2", 4},
			"MS-MPPE-Encryption-Policy = Encryption-Required"},
		{311, 16, {(const uint8_t *)"key", 3}, "MS-MPPE-Send-Key = (3 bytes, not shown)"},
		{3076, 217, {(const uint8_t *)"gold", 4}, "VPN3000-Address-Pools = \"gold\""},
		{14988, 8, {(const uint8_t *)"1M/2M", 5}, "Mikrotik-Rate-Limit = \"1M/2M\""},
		{9, 1, {(const uint8_t *)"x", 1}, "9.1 = \"x\""},
		{0, 200, {(const uint8_t *)"", 0}, "200 = 0x"},
	};
	struct radius_dictionary *d;
	char text[700];

	ASSERT_EQ(0, radius_dictionary_new("", NULL, &d));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		radius_dictionary_print(
			d, cases[i].vendor, cases[i].type, cases[i].value, text, sizeof(text));
		EXPECT_STREQ(cases[i].wanted, text);
	}
	uint32_t vendor;
	uint8_t type;
	EXPECT_EQ(0, radius_dictionary_find(d, "MS-MPPE-Recv-Key", &vendor, &type));
	EXPECT_EQ(311, vendor);
	EXPECT_EQ(17, type);
	EXPECT_EQ(-ENOENT, radius_dictionary_find(d, "No-Such-Thing", &vendor, &type));
	radius_dictionary_free(d);
}

TEST(radius_dictionary, a_file_that_is_missing_is_an_error)
{
	struct radius_dictionary *d = NULL;

	EXPECT_EQ(-ENOENT, radius_dictionary_new("/nowhere/dictionary", NULL, &d));
	EXPECT_NULL(d);
}
