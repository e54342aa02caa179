// SPDX-License-Identifier: BSD-3-Clause
#include "observe/log.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
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
	log_line_ipv4(&line, "client", htonl(0xc6120002));
	log_line_endpoint(&line, "from", htonl(0xc6120002), htons(40000));
	log_line_duration(&line, "duration", 61005999999);
	EXPECT_STREQ("event=up user=\"a b\" n=18446744073709551615 i=-9223372036854775808 "
		     "session=0x100000002 client=198.18.0.2 from=198.18.0.2:40000 "
		     "duration=61.005",
		line.text);
	EXPECT_EQ(strlen(line.text), line.len);
	EXPECT_FALSE(line.truncated);
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

// The rest of a line takes what room there is, and cuts itself rather than be left out.
TEST(log, the_rest_fills_the_line)
{
	char value[2 * LOG_LINE_BYTES];
	struct log_line line;

	memset(value, 'x', sizeof(value));
	value[0] = ' ';
	for (size_t len = 0; len < LOG_LINE_BYTES - 32; len += 31) {
		SHIM_TRACE_CASE(len);
		log_line_reset(&line);
		line.len = (uint16_t)len;
		memset(line.text, 'a', len);
		log_line_rest(&line, "text", span_of(value, sizeof(value)));
		EXPECT_FALSE(line.truncated);
		EXPECT_GT(line.len, LOG_LINE_BYTES - 20);
		EXPECT_EQ(line.len, strlen(line.text));
		EXPECT_STREQ("...\"", line.text + line.len - 4);
	}
	line.len = LOG_LINE_BYTES - 14;
	log_line_rest(&line, "text", span_of(value, sizeof(value)));
	EXPECT_TRUE(line.truncated);
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

static void write_line(
	struct log *log, enum log_level level, const struct log_line *line, uint64_t wall_ns)
{
	const struct log_record r = {.class = LOG_CLASS_GENERAL,
		.severity = 5,
		.level = level,
		.text = line->text,
		.len = line->len};

	log_write(log, &r, wall_ns);
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
	write_line(&p.log, LOG_LEVEL_NOTICE, &line, 86400u * 1000000000ull + 7000000);
	write_line(&p.log, LOG_LEVEL_DEBUG, &line, 0); // above the level: not written
	write_line(&p.log, LOG_LEVEL_INFO, &line, 0);
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
		write_line(&p.log, (enum log_level)level, &line, 0);
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
	write_line(&log, LOG_LEVEL_ERROR, &line, 0);
	EXPECT_EQ(0, log.lines);
	EXPECT_EQ(1, log.failed);
}

// A terminal with Ctrl-S, a pipe into a program that hangs, a journal that does: the caller goes on.
TEST(log, a_reader_that_stops_holds_up_nobody)
{
	struct pipe_log p;
	struct log_line line;
	char out[4096];
	uint64_t n_written;

	pipe_log_open(&p);
	log_line_reset(&line);
	log_line_word(&line, "event", "up");
	for (int i = 0; i < 20000 && p.log.failed == 0; i++)
		write_line(&p.log, LOG_LEVEL_NOTICE, &line, 0);
	EXPECT_EQ(1, p.log.failed);
	n_written = p.log.lines;
	for (int i = 0; i < 9; i++)
		write_line(&p.log, LOG_LEVEL_NOTICE, &line, 0);
	EXPECT_EQ(10, p.log.failed);
	EXPECT_EQ(0, log_take_console_lost(&p.log)); // not over yet
	for (int i = 0; i < 4; i++)
		EXPECT_GT(read(p.read_fd, out, sizeof(out)), 0);
	write_line(&p.log, LOG_LEVEL_NOTICE, &line, 0);
	EXPECT_EQ(n_written + 1, p.log.lines);
	EXPECT_EQ(10, log_take_console_lost(&p.log));
	EXPECT_EQ(0, log_take_console_lost(&p.log));
	pipe_log_close(&p, out, sizeof(out));
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

TEST(log, syslog_has_the_level_of_the_target)
{
	struct log log;
	struct log_line line;
	log_open(&log, LOG_TARGET_SYSLOG, LOG_LEVEL_ERROR, "adit-test");
	log.syslog.path = "/nonexistent/log";
	log_line_reset(&line);
	log_line_word(&line, "event", "note");
	write_line(&log, LOG_LEVEL_DEBUG, &line, 0);
	EXPECT_EQ(0, log.failed);
	write_line(&log, LOG_LEVEL_ERROR, &line, 0);
	EXPECT_EQ(1, log.failed);
	EXPECT_EQ(0, log.lines);
	log_close(&log);
}

// ---- the file and the severities ------------------------------------------------------------------

static char path[64];

static size_t read_file(const char *name, char *out, size_t cap)
{
	FILE *f = fopen(name, "re");
	size_t n = f ? fread(out, 1, cap - 1, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
	return n;
}

static void file_log_open(struct log *log, uint64_t max_bytes)
{
	snprintf(path, sizeof(path), "/tmp/adit-log-%d", (int)getpid());
	unlink(path);
	log_open(log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	ASSERT_EQ(0, log_open_file(log, path, max_bytes, 5));
}

static void file_log_close(struct log *log)
{
	char aside[80];

	snprintf(aside, sizeof(aside), "%s.1", path);
	log_close(log);
	unlink(path);
	unlink(aside);
}

static void write_record(struct log *log, enum log_class class, uint8_t severity, const char *text)
{
	const struct log_record r = {.class = class,
		.severity = severity,
		.level = LOG_LEVEL_DEBUG,
		.text = text,
		.len = strlen(text)};

	log_write(log, &r, 0);
}

TEST(log, severities_of_classes_are_each_sinks_own)
{
	struct log log;
	char out[512];

	file_log_open(&log, 0);
	log.severity[LOG_SINK_FILE][LOG_CLASS_PPPDECODE] = 10;
	log.severity[LOG_SINK_FILE][LOG_CLASS_IP] = 0;
	write_record(&log, LOG_CLASS_PPP, 5, "a");
	write_record(&log, LOG_CLASS_PPP, 6, "b");
	write_record(&log, LOG_CLASS_PPPDECODE, 10, "c");
	write_record(&log, LOG_CLASS_PPPDECODE, 11, "d");
	write_record(&log, LOG_CLASS_IP, 1, "e");
	read_file(path, out, sizeof(out));
	EXPECT_STREQ("time=1970-01-01T00:00:00.000Z level=debug a\n"
		     "time=1970-01-01T00:00:00.000Z level=debug c\n",
		out);
	EXPECT_EQ(2, log.lines);
	EXPECT_TRUE(log_wants(&log, LOG_SINK_CONSOLE, LOG_CLASS_IP, 13, LOG_LEVEL_ERROR));
	EXPECT_FALSE(log_wants(&log, LOG_SINK_CONSOLE, LOG_CLASS_IP, 1, LOG_LEVEL_WARNING));
	EXPECT_FALSE(log_wants(&log, LOG_SINK_SYSLOG, LOG_CLASS_IP, 1, LOG_LEVEL_ERROR));
	file_log_close(&log);
}

TEST(log, a_full_file_is_put_aside)
{
	char out[512], aside[80];
	struct log log;

	file_log_open(&log, 100);
	snprintf(aside, sizeof(aside), "%s.1", path);
	for (int i = 0; i < 5; i++) { // of 44 bytes each
		const char text[2] = {(char)('a' + i), 0};
		write_record(&log, LOG_CLASS_PPP, 1, text);
	}
	EXPECT_EQ(44, read_file(path, out, sizeof(out)));
	EXPECT_STRCONTAINS(out, " e\n");
	EXPECT_EQ(88, read_file(aside, out, sizeof(out)));
	EXPECT_STRCONTAINS(out, " c\n");
	EXPECT_EQ(0, log.failed);
	file_log_close(&log);
}

// A line longer than the bound is written all the same, once, and the bound holds for what follows.
TEST(log, a_file_that_was_there_is_written_on)
{
	struct log log;
	char out[512];

	file_log_open(&log, 0);
	write_record(&log, LOG_CLASS_PPP, 1, "before");
	log_close(&log);
	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	ASSERT_EQ(0, log_open_file(&log, path, 1, 5));
	EXPECT_GT(log.file.n_bytes, 0);
	write_record(&log, LOG_CLASS_PPP, 1, "after");
	read_file(path, out, sizeof(out));
	EXPECT_STRCONTAINS(out, "after\n");
	EXPECT_TRUE(strstr(out, "before") == NULL); // it is in the one put aside
	file_log_close(&log);
}

TEST(log, a_file_moved_away_is_opened_again)
{
	char out[512], moved[80];
	struct log log;

	file_log_open(&log, 0);
	snprintf(moved, sizeof(moved), "%s.1", path);
	write_record(&log, LOG_CLASS_PPP, 1, "one");
	ASSERT_EQ(0, rename(path, moved));
	write_record(&log, LOG_CLASS_PPP, 1, "two");
	EXPECT_EQ(0, log_reopen(&log));
	write_record(&log, LOG_CLASS_PPP, 1, "three");
	read_file(moved, out, sizeof(out));
	EXPECT_STRCONTAINS(out, " two\n");
	read_file(path, out, sizeof(out));
	EXPECT_TRUE(strstr(out, "two") == NULL);
	EXPECT_STRCONTAINS(out, " three\n");
	file_log_close(&log);
}

TEST(log, a_file_that_cannot_be_opened)
{
	char name[LOG_PATH_BYTES + 10];
	struct log log;

	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	EXPECT_EQ(-ENOENT, log_open_file(&log, "/nonexistent/directory/log", 0, 5));
	write_record(&log, LOG_CLASS_PPP, 1, "nowhere");
	EXPECT_EQ(0, log.lines);
	EXPECT_EQ(-ENOENT, log_reopen(&log)); // still
	EXPECT_EQ(0, log_take_file_error(&log));
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, log_open_file(&log, name, 0, 5));
	log_close(&log);
}

// An operator makes the directory and sends SIGHUP.
TEST(log, a_file_that_can_be_opened_later)
{
	char directory[64] = "/tmp/adit-log-test.XXXXXX", name[80], out[512];
	struct log log;

	ASSERT_TRUE(mkdtemp(directory) != NULL);
	ASSERT_EQ(0, rmdir(directory));
	snprintf(name, sizeof(name), "%s/log", directory);
	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_ERROR, "test");
	EXPECT_EQ(-ENOENT, log_open_file(&log, name, 0, 5));
	ASSERT_EQ(0, mkdir(directory, 0700));
	EXPECT_EQ(0, log_reopen(&log));
	write_record(&log, LOG_CLASS_PPP, 5, "now");
	write_record(&log, LOG_CLASS_PPP, 6, "too much");
	read_file(name, out, sizeof(out));
	EXPECT_STRCONTAINS(out, " now\n");
	EXPECT_TRUE(strstr(out, "too much") == NULL);
	log_close(&log);
	unlink(name);
	rmdir(directory);
}

// A disk that is full: said once, nothing torn is left, and what is missing is known when it has room.
TEST(log, a_file_on_a_full_disk)
{
	struct rlimit before, limit;
	struct log log;
	char out[512];

	file_log_open(&log, 0);
	signal(SIGXFSZ, SIG_IGN);
	ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &before));
	limit = (struct rlimit){60, before.rlim_max}; // one record of 44 bytes and a piece
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	write_record(&log, LOG_CLASS_PPP, 1, "a");
	write_record(&log, LOG_CLASS_PPP, 1, "b");
	write_record(&log, LOG_CLASS_PPP, 1, "c");
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &before));
	EXPECT_EQ(44, read_file(path, out, sizeof(out)));
	EXPECT_EQ(2, log.failed);
	EXPECT_EQ(ENOSPC, log_take_file_error(&log));
	EXPECT_EQ(0, log_take_file_error(&log));
	EXPECT_EQ(0, log_take_file_lost(&log)); // not over yet
	write_record(&log, LOG_CLASS_PPP, 1, "d");
	EXPECT_EQ(2, log_take_file_lost(&log));
	EXPECT_EQ(0, log_take_file_lost(&log));
	read_file(path, out, sizeof(out));
	EXPECT_STREQ("time=1970-01-01T00:00:00.000Z level=debug a\n"
		     "time=1970-01-01T00:00:00.000Z level=debug d\n",
		out);
	file_log_close(&log);
}

// Full, and no right to make another one: nothing is written, and that is said once.
TEST(log, a_file_that_cannot_be_put_aside_stays_bounded)
{
	struct log log;
	char out[512];

	file_log_open(&log, 50);
	write_record(&log, LOG_CLASS_PPP, 1, "a");
	snprintf(log.file.path, sizeof(log.file.path), "/nonexistent/file");
	write_record(&log, LOG_CLASS_PPP, 1, "b");
	write_record(&log, LOG_CLASS_PPP, 1, "c");
	EXPECT_EQ(2, log.failed);
	EXPECT_GT(log_take_file_error(&log), 0);
	EXPECT_EQ(0, log_take_file_error(&log));
	snprintf(log.file.path, sizeof(log.file.path), "%s", path);
	EXPECT_EQ(0, log_take_file_lost(&log));
	EXPECT_EQ(0, log_reopen(&log)); // somebody has made room
	log.file.n_bytes = 0;
	write_record(&log, LOG_CLASS_PPP, 1, "d");
	EXPECT_EQ(2, log_take_file_lost(&log));
	read_file(path, out, sizeof(out));
	EXPECT_STRCONTAINS(out, " a\n");
	EXPECT_STRCONTAINS(out, " d\n");
	EXPECT_TRUE(strstr(out, " b\n") == NULL);
	file_log_close(&log);
}

// Records of several lines: as they are where a file is read, one line where each line would be a
// record.
TEST(log, several_lines)
{
	struct pipe_log p;
	char out[512];

	pipe_log_open(&p);
	p.log.format = LOG_FORMAT_VPN3000;
	p.log.severity[LOG_SINK_CONSOLE][LOG_CLASS_PPP] = 13;
	write_record(&p.log, LOG_CLASS_PPP, 1, "head\nUser [ a ]");
	p.log.is_journal = true;
	write_record(&p.log, LOG_CLASS_PPP, 1, "head\nUser [ a ]");
	pipe_log_close(&p, out, sizeof(out));
	EXPECT_STREQ("head\nUser [ a ]\n<7>head User [ a ]\n", out);
}

TEST(log, class_names)
{
	EXPECT_STREQ("AUTH", log_class_name(LOG_CLASS_AUTH));
	EXPECT_STREQ("PPTPDECODE", log_class_name(LOG_CLASS_PPTPDECODE));
	EXPECT_STREQ("?", log_class_name(LOG_CLASS_COUNT));
}

TEST(log, level_names)
{
	EXPECT_STREQ("error", log_level_name(LOG_LEVEL_ERROR));
	EXPECT_STREQ("debug", log_level_name(LOG_LEVEL_DEBUG));
	EXPECT_STREQ("unknown", log_level_name((enum log_level)9));
}
