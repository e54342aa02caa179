// SPDX-License-Identifier: BSD-3-Clause
#include "observe/log.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(log, escape_table)
{
	static const struct {
		const char *value;
		const char *wanted;
	} cases[] = {
		{"plain", "plain"}, {"user@example.com", "user@example.com"}, {"", "\"\""},
		{"two words", "\"two words\""}, {"DOMAIN\\user", "\"DOMAIN\\\\user\""},
		{"a\"b", "\"a\\\"b\""}, {"a=b", "\"a=b\""}, {"it's", "\"it's\""},
		// an attempt to forge a line and a key
		{"x\nevent=up user=root", "\"x\\nevent=up user=root\""},
		{"x\" session=1 y=\"", "\"x\\\" session=1 y=\\\"\""},
		{"\r\t\x1b[2J", "\"\\r\\t\\x1b[2J\""}, {"J\xc3\xbcrgen", "\"J\xc3\xbcrgen\""},
		{"J\xfcrgen", "\"J\\xfcrgen\""}, // Latin-1
		{"\xc2\x9b", "\"\\xc2\\x9b\""},	 // C1 control
		{"\xe2\x80\xae"
		 "gpj",
			"\"\\xe2\\x80\\xaegpj\""}, // right-to-left
		{"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
		{"\xe2\x82", "\"\\xe2\\x82\""}, // cut short
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		char out[128];
		EXPECT_TRUE(log_escape(span_of_text(cases[i].value), out, sizeof(out)));
		EXPECT_STREQ(cases[i].wanted, out);
	}
	char out[128];
	EXPECT_TRUE(log_escape(span_of("a\0b", 3), out, sizeof(out)));
	EXPECT_STREQ("\"a\\x00b\"", out);
}

// In any room: never more than cap bytes, the quotes in pairs, no escape cut in half.
TEST(log, escape_any_room)
{
	static const char *const values[] = {"abcdef", "a b c d e f", "\n\n\n\n\n\n\n",
		"\xff\xff\xff\xff\xff", "\xe2\x82\xac\xe2\x82\xac \xe2\x82\xac", "\"\"\"\"\"\"\"\"",
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80"};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		SHIM_TRACE_CASE(i);
		char whole[128];
		EXPECT_TRUE(log_escape(span_of_text(values[i]), whole, sizeof(whole)));
		for (size_t cap = 0; cap <= sizeof(whole); cap++) {
			char out[sizeof(whole) + 1];
			memset(out, '#', sizeof(out));
			bool fits = log_escape(span_of_text(values[i]), out, cap);
			EXPECT_EQ('#', out[cap]);
			EXPECT_EQ(cap > strlen(whole), fits);
			if (cap == 0)
				continue;
			size_t len = strnlen(out, cap);
			ASSERT_LT(len, cap);
			if (fits) {
				EXPECT_STREQ(whole, out);
				continue;
			}
			if (len == 0)
				continue;
			ASSERT_GE(len, 5);
			EXPECT_STREQ("...\"", out + len - 4);
			EXPECT_EQ('"', out[0]);
			// What stands before the mark is the beginning of the whole.
			if (whole[0] == '"')
				EXPECT_MEMEQ(whole, out, len - 4);
			else
				EXPECT_MEMEQ(whole, out + 1, len - 5);
		}
	}
}

TEST(log, line_of_every_type)
{
	struct log_line line;
	log_line_reset(&line);
	EXPECT_STREQ("", line.text);
	log_line_word(&line, "event", "up");
	log_line_text(&line, "user", span_of_text("a b"));
	log_line_u64(&line, "n", UINT64_MAX);
	log_line_i64(&line, "i", INT64_MIN);
	log_line_hex(&line, "session", 0x100000002);
	log_line_bytes(&line, "raw", span_of("\x00\x1a\xff", 3));
	log_line_ipv4(&line, "client", htonl(0xc6120002));
	log_line_endpoint(&line, "from", htonl(0xc6120002), htons(40000));
	log_line_duration(&line, "duration", 61005999999);
	EXPECT_STREQ("event=up user=\"a b\" n=18446744073709551615 i=-9223372036854775808 "
		     "session=0x100000002 raw=001aff client=198.18.0.2 from=198.18.0.2:40000 "
		     "duration=61.005",
		line.text);
	EXPECT_EQ(strlen(line.text), line.len);
	EXPECT_FALSE(line.truncated);
}

TEST(log, long_bytes_are_cut)
{
	struct log_line line;
	uint8_t bytes[40];
	memset(bytes, 0xab, sizeof(bytes));
	log_line_reset(&line);
	log_line_bytes(&line, "raw", span_of(bytes, 32));
	EXPECT_EQ(4 + 64, line.len);
	log_line_reset(&line);
	log_line_bytes(&line, "raw", span_of(bytes, 33));
	EXPECT_EQ(4 + 66, line.len);
	EXPECT_STREQ("..", line.text + 4 + 64);
}

// A name as long as a client can make it leaves room for the keys after it.
TEST(log, long_value_is_bounded)
{
	struct log_line line;
	char name[253];
	memset(name, '\n', sizeof(name));
	log_line_reset(&line);
	log_line_text(&line, "user", span_of(name, sizeof(name)));
	log_line_text(&line, "domain", span_of(name, sizeof(name)));
	log_line_u64(&line, "after", 1);
	EXPECT_FALSE(line.truncated);
	EXPECT_STRCONTAINS(line.text, "...\" after=1");
	EXPECT_LE(line.len, 2 * (LOG_VALUE_BYTES + 10) + 10);
}

TEST(log, full_line_is_marked_once)
{
	struct log_line line;
	char word[LOG_VALUE_BYTES];
	memset(word, 'w', sizeof(word));
	log_line_reset(&line);
	for (int i = 0; i < 10; i++)
		log_line_text(&line, "key", span_of(word, 200));
	EXPECT_TRUE(line.truncated);
	EXPECT_EQ(strlen(line.text), line.len);
	EXPECT_LT(line.len, sizeof(line.text));
	const char *mark = strstr(line.text, " truncated=1");
	ASSERT_TRUE(mark != NULL);
	EXPECT_STREQ(" truncated=1", mark);
	uint16_t len = line.len;
	log_line_u64(&line, "n", 1);
	EXPECT_EQ(len, line.len);
}

// Any length of line up to the last byte.
TEST(log, line_boundary)
{
	for (size_t first = 200; first < 300; first++) {
		struct log_line line;
		char word[LOG_VALUE_BYTES];
		memset(word, 'w', sizeof(word));
		log_line_reset(&line);
		for (int i = 0; i < 3; i++)
			log_line_text(&line, "key", span_of(word, 240));
		log_line_text(&line, "key", span_of(word, first));
		ASSERT_LT(line.len, LOG_LINE_BYTES);
		ASSERT_EQ(strlen(line.text), line.len);
		EXPECT_EQ(3 * 244 + 2 + 5 + first + 13 > LOG_LINE_BYTES, line.truncated);
	}
}

struct pipe_log {
	struct log log;
	int read_fd;
};

static void pipe_log_open(struct pipe_log *p)
{
	int fds[2];
	ASSERT_EQ(0, pipe(fds));
	log_open(&p->log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
	p->log.fd = fds[1];
	p->log.is_journal = false;
	p->read_fd = fds[0];
}

static void pipe_log_close(struct pipe_log *p, char *out, size_t cap)
{
	close(p->log.fd);
	ssize_t n = read(p->read_fd, out, cap - 1);
	out[n > 0 ? n : 0] = '\0';
	close(p->read_fd);
	log_close(&p->log);
}

TEST(log, write_plain)
{
	struct pipe_log p;
	struct log_line line;
	char out[4096];
	pipe_log_open(&p);
	log_line_reset(&line);
	log_line_word(&line, "event", "up");
	log_write(&p.log, LOG_LEVEL_NOTICE, &line, 86400u * 1000000000ull + 7000000);
	log_write(&p.log, LOG_LEVEL_DEBUG, &line, 0); // above the level: not written
	log_write(&p.log, LOG_LEVEL_INFO, &line, 0);
	EXPECT_EQ(2, p.log.lines);
	EXPECT_EQ(0, p.log.failed);
	pipe_log_close(&p, out, sizeof(out));
	EXPECT_STREQ("time=1970-01-02T00:00:00.007Z level=notice event=up\n"
		     "time=1970-01-01T00:00:00.000Z level=info event=up\n",
		out);
}

TEST(log, write_journal)
{
	struct pipe_log p;
	struct log_line line;
	char out[4096];
	pipe_log_open(&p);
	p.log.is_journal = true;
	p.log.level = LOG_LEVEL_DEBUG;
	log_line_reset(&line);
	log_line_word(&line, "event", "x");
	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
		log_write(&p.log, (enum log_level)level, &line, 0);
	pipe_log_close(&p, out, sizeof(out));
	EXPECT_STREQ("<3>event=x\n<4>event=x\n<5>event=x\n<6>event=x\n<7>event=x\n", out);
}

TEST(log, write_failure_is_counted)
{
	struct log log;
	struct log_line line;
	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
	log.fd = -1;
	log_line_reset(&line);
	log_write(&log, LOG_LEVEL_ERROR, &line, 0);
	EXPECT_EQ(0, log.lines);
	EXPECT_EQ(1, log.failed);
}

// Only the descriptor that the journal made counts, not the variable alone.
TEST(log, journal_is_recognised)
{
	struct stat st;
	char stream[64];
	struct log log;
	ASSERT_EQ(0, fstat(STDERR_FILENO, &st));
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	static const char *const others[] = {"", "1", "1:", "1:2", "1:2x", ":", "x:y"};

	setenv("JOURNAL_STREAM", stream, 1);
	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
	EXPECT_TRUE(log.is_journal);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		SHIM_TRACE_CASE(i);
		setenv("JOURNAL_STREAM", others[i], 1);
		log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
		EXPECT_FALSE(log.is_journal);
	}
	unsetenv("JOURNAL_STREAM");
	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
	EXPECT_FALSE(log.is_journal);
	log_close(&log);
}

TEST(log, syslog_takes_lines)
{
	struct log log;
	struct log_line line;
	log_open(&log, LOG_TARGET_SYSLOG, LOG_LEVEL_ERROR, "adit-test");
	log_line_reset(&line);
	log_line_word(&line, "event", "note");
	log_write(&log, LOG_LEVEL_DEBUG, &line, 0);
	EXPECT_EQ(0, log.lines);
	log_write(&log, LOG_LEVEL_ERROR, &line, 0);
	EXPECT_EQ(1, log.lines);
	log_close(&log);
}

TEST(log, level_names)
{
	EXPECT_STREQ("error", log_level_name(LOG_LEVEL_ERROR));
	EXPECT_STREQ("debug", log_level_name(LOG_LEVEL_DEBUG));
	EXPECT_STREQ("unknown", log_level_name((enum log_level)9));
}
