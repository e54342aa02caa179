// SPDX-License-Identifier: BSD-3-Clause
#include "control/render.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <arpa/inet.h>

enum { PAGE = 65536 };

static char page[PAGE + 1];
static struct render render;

static const struct render_column columns[] = {
	{"USER", "user", false, false},
	{"SEQ", "seq", true, true},
	{"BYTES", "bytes", true, false},
	{"END", "end", false, false},
};

static void rows(struct render *r)
{
	static const char *const users[] = {"a", "J\xc3\xbcrgen", "x\x1b[2J\n\"", "", "\xff"};

	render_table_begin(r, "things", columns, 4);
	for (size_t i = 0; i < 5; i++) {
		render_row_begin(r);
		render_text(r, span_of_text(users[i]));
		render_u64(r, i);
		render_size(r, i * i * i * 12345);
		render_word(r, i ? "yes" : "no");
		render_row_end(r);
	}
	render_table_end(r);
}

static void record(struct render *r)
{
	render_record_begin(r, "one");
	render_key(r, "name", NULL);
	render_word(r, "w");
	render_key(r, "longer_name", "help");
	render_u64(r, 12);
	render_key(r, "none", NULL);
	render_none(r);
	render_key(r, "no_address", NULL);
	render_ipv4(r, 0);
	render_key(r, "address", NULL);
	render_endpoint(r, htonl(0xc0000201), htons(1723));
	render_key(r, "id", NULL);
	render_hex(r, 0x100000001);
	render_key(r, "flag", NULL);
	render_bool(r, true);
	render_key(r, "time", NULL);
	render_time(r, 86400000000000 + 7000000);
	render_record_end(r);
}

static const char *make(bool is_json, void (*fill)(struct render *r))
{
	memset(&render, 0, sizeof(render));
	render_set_page(&render, page, PAGE);
	render_begin(&render, is_json, true);
	fill(&render);
	render_end(&render);
	if (!is_json)
		EXPECT_EQ(0, render.len);
	render_set_page(&render, page, PAGE);
	render_begin(&render, is_json, false);
	fill(&render);
	render_end(&render);
	page[render.len] = '\0';
	return page;
}

static void both(struct render *r)
{
	rows(r);
	record(r);
}

TEST(render, text_lines_up)
{
	EXPECT_STREQ("USER             BYTES  END\n"
		     "a                    0  no\n"
		     "\"J\xc3\xbcrgen\"         12.3k  yes\n"
		     "\"x\\x1b[2J\\n\\\"\"   98.7k  yes\n"
		     "-               333.3k  yes\n"
		     "\"\\xff\"          790.0k  yes\n",
		make(false, rows));
}

TEST(render, record_as_text)
{
	EXPECT_STREQ("name         w\n"
		     "longer_name  12  help\n"
		     "none         -\n"
		     "no_address   -\n"
		     "address      192.0.2.1:1723\n"
		     "id           0x100000001\n"
		     "flag         yes\n"
		     "time         1970-01-02T00:00:00.007Z\n",
		make(false, record));
}

TEST(render, json)
{
	EXPECT_STREQ(
		"{\"things\":[{\"user\":\"a\",\"seq\":0,\"bytes\":0,\"end\":\"no\"},"
		"{\"user\":\"J\xc3\xbcrgen\",\"seq\":1,\"bytes\":12345,\"end\":\"yes\"},"
		"{\"user\":\"x\\u001b[2J\\u000a\\\"\",\"seq\":2,\"bytes\":98760,\"end\":\"yes\"},"
		"{\"user\":\"\",\"seq\":3,\"bytes\":333315,\"end\":\"yes\"},"
		"{\"user\":\"\\ufffd\",\"seq\":4,\"bytes\":790080,\"end\":\"yes\"}],"
		"\"one\":{\"name\":\"w\",\"longer_name\":12,\"none\":null,\"no_address\":null,"
		"\"address\":\"192.0.2.1:1723\",\"id\":\"0x100000001\",\"flag\":true,"
		"\"time\":\"1970-01-02T00:00:00.007Z\"}}\n",
		make(true, both));
}

static void empty(struct render *r)
{
	render_table_begin(r, "things", columns, 4);
	render_table_end(r);
}

TEST(render, an_empty_table)
{
	EXPECT_STREQ("{\"things\":[]}\n", make(true, empty));
	EXPECT_STREQ("USER  BYTES  END\n", make(false, empty));
}

static void sections(struct render *r)
{
	empty(r);
	record(r);
}

TEST(render, sections_are_apart)
{
	EXPECT_STRCONTAINS(make(false, sections), "END\n\nname");
}

TEST(render, durations_and_sizes)
{
	static const uint64_t s = 1000000000;
	static const struct {
		uint64_t ns;
		const char *text, *json;
	} durations[] = {
		{0, "0.0s", "0.000"},
		{59 * s + 999999999, "59.9s", "59.999"},
		{60 * s, "1m00s", "60.000"},
		{3599 * s, "59m59s", "3599.000"},
		{3600 * s, "1h00m", "3600.000"},
		{86399 * s, "23h59m", "86399.000"},
		{86400 * s, "1d00h", "86400.000"},
		{UINT64_MAX, "213503d23h", "18446744073.709"},
	};
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {{0, "0"}, {9999, "9999"}, {10000, "10.0k"}, {999999, "999.9k"},
		{1000000, "1.0M"}, {123456789, "123.4M"}, {UINT64_MAX, "18.4E"}};

	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		SHIM_TRACE_CASE(i);
		for (int json = 0; json < 2; json++) {
			memset(&render, 0, sizeof(render));
			render_set_page(&render, page, PAGE);
			render_begin(&render, json, false);
			render_record_begin(&render, "r");
			render_key(&render, "k", NULL);
			render_duration(&render, durations[i].ns);
			page[render.len] = '\0';
			EXPECT_STRCONTAINS(page, json ? durations[i].json : durations[i].text);
		}
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		SHIM_TRACE_CASE(100 + i);
		memset(&render, 0, sizeof(render));
		render_set_page(&render, page, PAGE);
		render_begin(&render, false, false);
		render_record_begin(&render, "r");
		render_key(&render, "k", NULL);
		render_size(&render, sizes[i].bytes);
		page[render.len - 1] = '\0'; // the line's end
		EXPECT_STREQ(sizes[i].text, page + 3);
	}
}

static char text[RENDER_ROW_BYTES_MAX];
static size_t text_len;

static void one_text(struct render *r)
{
	render_table_begin(r, "t", columns, 1);
	render_row_begin(r);
	render_text(r, span_of(text, text_len));
	render_row_end(r);
	render_table_end(r);
}

// Whatever bytes a client sends: neither form has a control byte, and a row keeps to its bound.
TEST(render, no_control_byte_gets_through)
{
	struct xorshift x = xorshift_seed(4);

	for (int round = 0; round < 3000; round++) {
		text_len = xorshift_below(&x, 300);
		xorshift_fill(&x, text, text_len);
		for (int json = 0; json < 2; json++) {
			const char *out = make(json, one_text);
			ASSERT_LE(render.len, RENDER_ROW_BYTES_MAX);
			for (size_t i = 0; i < render.len; i++)
				ASSERT_TRUE((unsigned char)out[i] >= ' ' || out[i] == '\n');
			ASSERT_TRUE(strchr(out, 0x7f) == NULL);
		}
	}
	memset(text, 0x01, sizeof(text));
	text_len = sizeof(text);
	make(true, one_text);
	EXPECT_LE(render.len, RENDER_ROW_BYTES_MAX);
}
