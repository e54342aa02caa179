// SPDX-License-Identifier: BSD-3-Clause
#include "observe/log.h"

#include "base/utf8.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

// Room kept at the end of a line for the mark that something is missing.
static const char truncation_mark[] = " truncated=1";

static int level_priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_NOTICE:
		return LOG_NOTICE;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_ERR;
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
	return (size_t)level < sizeof(names) / sizeof(names[0]) ? names[level] : "unknown";
}

// The journal names the stream that it made, so that a program whose stderr was then sent
// elsewhere does not write priorities there (systemd.exec(5), JOURNAL_STREAM).
static bool is_journal_stream(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	if (!stream)
		return false;
	char *end;
	errno = 0;
	unsigned long long dev = strtoull(stream, &end, 10);
	if (errno || *end != ':')
		return false;
	unsigned long long ino = strtoull(end + 1, &end, 10);
	struct stat st;
	return !errno && *end == '\0' && fstat(fd, &st) == 0 && st.st_dev == dev &&
	       st.st_ino == ino;
}

void log_open(struct log *log, enum log_target target, enum log_level level, const char *ident)
{
	*log = (struct log){.level = level, .target = target, .fd = STDERR_FILENO};
	if (target == LOG_TARGET_SYSLOG)
		openlog(ident, LOG_PID, LOG_DAEMON);
	else
		log->is_journal = is_journal_stream(log->fd);
}

void log_close(struct log *log)
{
	if (log->target == LOG_TARGET_SYSLOG)
		closelog();
	log->events = NULL;
	log->fd = -1;
}

static size_t put_time(char *out, size_t cap, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000u);
	struct tm tm;
	if (!gmtime_r(&seconds, &tm))
		return 0;
	size_t n = strftime(out, cap, "time=%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(out + n, cap - n, ".%03uZ ", (unsigned)(wall_ns / 1000000u % 1000u));
	return n;
}

void log_write(struct log *log, enum log_level level, const struct log_line *line, uint64_t wall_ns)
{
	if (!log_is_on(log, level))
		return;
	if (log->target == LOG_TARGET_SYSLOG) {
		syslog(level_priority(level), "%s", line->text);
		log->lines++;
		return;
	}

	// One write a line, so that lines of several processes do not mix.
	char out[LOG_LINE_BYTES + 96];
	size_t n;
	if (log->is_journal) {
		n = (size_t)snprintf(out, sizeof(out), "<%d>", level_priority(level));
	} else {
		n = put_time(out, 64, wall_ns);
		n += (size_t)snprintf(out + n, 32, "level=%s ", log_level_name(level));
	}
	memcpy(out + n, line->text, line->len);
	n += line->len;
	out[n++] = '\n';

	ssize_t written;
	do
		written = write(log->fd, out, n);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)n)
		log->lines++;
	else
		log->failed++;
}

void log_line_reset(struct log_line *line)
{
	line->len = 0;
	line->truncated = false;
	line->text[0] = '\0';
}

// Append " key=value" whole or not at all, so that a reader never sees half a number.
static void line_put(struct log_line *line, const char *key, const char *value, size_t value_len)
{
	if (line->truncated)
		return;
	size_t key_len = strlen(key);
	size_t need = (line->len > 0) + key_len + 1 + value_len;
	if (line->len + need + sizeof(truncation_mark) > sizeof(line->text)) {
		memcpy(line->text + line->len, truncation_mark, sizeof(truncation_mark));
		line->len = (uint16_t)(line->len + sizeof(truncation_mark) - 1);
		line->truncated = true;
		return;
	}
	char *p = line->text + line->len;
	if (line->len > 0)
		*p++ = ' ';
	memcpy(p, key, key_len);
	p += key_len;
	*p++ = '=';
	memcpy(p, value, value_len);
	p[value_len] = '\0';
	line->len = (uint16_t)(line->len + need);
}

void log_line_text(struct log_line *line, const char *key, struct span value)
{
	char escaped[LOG_VALUE_BYTES + 1];
	(void)log_escape(value, escaped, sizeof(escaped));
	line_put(line, key, escaped, strlen(escaped));
}

void log_line_word(struct log_line *line, const char *key, const char *value)
{
	log_line_text(line, key, span_of_text(value));
}

__attribute__((format(printf, 3, 4))) static void line_printf(
	struct log_line *line, const char *key, const char *format, ...)
{
	char value[64];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (n > 0 && (size_t)n < sizeof(value))
		line_put(line, key, value, (size_t)n);
}

void log_line_u64(struct log_line *line, const char *key, uint64_t value)
{
	line_printf(line, key, "%" PRIu64, value);
}

void log_line_i64(struct log_line *line, const char *key, int64_t value)
{
	line_printf(line, key, "%" PRId64, value);
}

void log_line_hex(struct log_line *line, const char *key, uint64_t value)
{
	line_printf(line, key, "0x%" PRIx64, value);
}

void log_line_bytes(struct log_line *line, const char *key, struct span value)
{
	enum { SHOWN_BYTES = 32 };
	char hex[2 * SHOWN_BYTES + 3] = "";
	size_t n = value.len < SHOWN_BYTES ? value.len : SHOWN_BYTES;
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", value.bytes[i]);
	if (n < value.len)
		memcpy(hex + 2 * n, "..", 3);
	log_line_word(line, key, hex);
}

void log_line_ipv4(struct log_line *line, const char *key, uint32_t address_be)
{
	char text[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &address_be, text, sizeof(text));
	line_put(line, key, text, strlen(text));
}

void log_line_endpoint(
	struct log_line *line, const char *key, uint32_t address_be, uint16_t port_be)
{
	char text[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &address_be, text, sizeof(text));
	line_printf(line, key, "%s:%u", text, ntohs(port_be));
}

void log_line_duration(struct log_line *line, const char *key, uint64_t ns)
{
	uint64_t ms = ns / 1000000u;
	line_printf(line, key, "%" PRIu64 ".%03u", ms / 1000u, (unsigned)(ms % 1000u));
}

static bool is_plain(struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.bytes[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\' || c == '\'')
			return false;
	}
	return value.len > 0;
}

// One character or one byte that is none, escaped, to out.
//
//   used     out: bytes of s it took
//   returns  bytes written to out, at most 16 (4 bytes as \xNN)
static size_t escape_one(struct span s, char out[17], size_t *used)
{
	uint32_t cp;
	size_t n = utf8_decode(s, &cp);
	if (n > 0 && !utf8_is_control(cp)) {
		*used = n;
		if (cp == '"' || cp == '\\')
			return (size_t)snprintf(out, 17, "\\%c", (char)cp);
		memcpy(out, s.bytes, n);
		return n;
	}
	*used = n > 0 ? n : 1;
	if (s.bytes[0] == '\n' || s.bytes[0] == '\r' || s.bytes[0] == '\t')
		return (size_t)snprintf(out, 17, "\\%c",
			s.bytes[0] == '\n'   ? 'n'
			: s.bytes[0] == '\r' ? 'r'
					     : 't');
	size_t len = 0;
	for (size_t i = 0; i < *used; i++)
		len += (size_t)snprintf(out + len, 17 - len, "\\x%02x", s.bytes[i]);
	return len;
}

bool log_escape(struct span value, char *out, size_t cap)
{
	enum { TAIL_BYTES = sizeof("...\"") };
	if (is_plain(value) && value.len < cap) {
		memcpy(out, value.bytes, value.len);
		out[value.len] = '\0';
		return true;
	}
	if (cap < 1 + TAIL_BYTES) { // no room for an opening quote and "..." with its own
		if (cap > 0)
			out[0] = '\0';
		return false;
	}
	size_t len = 0;
	size_t mark = 1; // where "..." can go if the rest does not fit
	out[len++] = '"';
	for (size_t at = 0; at < value.len;) {
		char one[17];
		size_t used;
		size_t n = escape_one(span_of(value.bytes + at, value.len - at), one, &used);
		if (len + n + sizeof("\"") > cap) {
			memcpy(out + mark, "...\"", TAIL_BYTES);
			return false;
		}
		memcpy(out + len, one, n);
		len += n;
		at += used;
		if (len + TAIL_BYTES <= cap)
			mark = len;
	}
	memcpy(out + len, "\"", 2);
	return true;
}
