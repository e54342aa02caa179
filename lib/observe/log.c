// SPDX-License-Identifier: BSD-3-Clause
#include "observe/log.h"

#include "base/utf8.h"
#include "observe/lost.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

// For a reader of stderr that is only slow. One that has stopped must not stop the control lane.
enum { CONSOLE_PATIENCE_MS = 20 };

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
	case LOG_LEVEL_ON_DEMAND:
		return LOG_DEBUG;
	}
	return LOG_ERR;
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug", "debug"};
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

const char *log_class_name(enum log_class class)
{
	static const char *const names[LOG_CLASS_COUNT] = {
#define X(name, text, help) [LOG_CLASS_##name] = text,
		LOG_CLASS_LIST(X)
#undef X
	};
	return (unsigned)class < LOG_CLASS_COUNT ? names[class] : "?";
}

// ---- open and close -----------------------------------------------------------------------------

void log_open(struct log *log, enum log_target target, enum log_level level, const char *ident)
{
	enum log_sink sink = target == LOG_TARGET_SYSLOG ? LOG_SINK_SYSLOG : LOG_SINK_CONSOLE;

	*log = (struct log){
		.level = level, .target = target, .fd = STDERR_FILENO, .file = {.fd = -1}};
	memset(log->severity[sink], LOG_BY_LEVEL, sizeof(log->severity[sink]));
	syslog_socket_open(&log->syslog, ident);
	log->is_journal = is_journal_stream(log->fd);
}

void log_close(struct log *log)
{
	syslog_socket_close(&log->syslog);
	if (log->file.fd >= 0)
		close(log->file.fd);
	log->events = NULL;
	log->file.fd = log->fd = -1;
}

// Returns 0 or -errno; f is not changed then.
static int open_file(struct log_file *f)
{
	struct stat st;
	int fd = open(f->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0)
		return -errno;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	f->n_bytes = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	f->is_stuck = false;
	return 0;
}

int log_open_file(struct log *log, const char *path, uint64_t max_bytes, uint8_t severity)
{
	struct log_file *f = &log->file;

	if (strlen(path) + sizeof(".1") > sizeof(f->path))
		return -ENAMETOOLONG;
	strcpy(f->path, path);
	f->max_bytes = max_bytes;
	memset(log->severity[LOG_SINK_FILE], severity, LOG_CLASS_COUNT);
	return open_file(f);
}

void log_drop_file(struct log *log)
{
	if (log->file.fd >= 0)
		close(log->file.fd);
	log->file = (struct log_file){.fd = -1};
}

int log_reopen(struct log *log)
{
	return log->file.path[0] ? open_file(&log->file) : 0;
}

int log_take_file_error(struct log *log)
{
	int error = log->file.error;

	log->file.error = 0;
	return error;
}

uint64_t log_take_file_lost(struct log *log)
{
	return lost_take(&log->file.n_lost, log->file.is_failing);
}

uint64_t log_take_console_lost(struct log *log)
{
	return lost_take(&log->n_lost, log->is_blocked);
}

// ---- writing ------------------------------------------------------------------------------------

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

// Room for a record of LOG_LINE_BYTES in any form: what stands before it and, in the journal, before
// each of its lines.
enum { OUT_BYTES = 2 * LOG_LINE_BYTES };

struct out {
	size_t len;
	char bytes[OUT_BYTES];
};

static void out_put(struct out *o, const char *text, size_t len)
{
	size_t room = sizeof(o->bytes) - 1 - o->len; // one for the line's end
	if (len > room)
		len = room;
	memcpy(o->bytes + o->len, text, len);
	o->len += len;
}

static void put_plain(struct log *log, struct out *o, const struct log_record *r, uint64_t wall_ns)
{
	if (log->format == LOG_FORMAT_KEY_VALUE) {
		o->len = put_time(o->bytes, 64, wall_ns);
		o->len += (size_t)snprintf(
			o->bytes + o->len, 32, "level=%s ", log_level_name(r->level));
	}
	out_put(o, r->text, r->len);
	o->bytes[o->len++] = '\n';
}

// To the journal and to syslog each line is a record of its own, so a record is one line.
static void put_one_line(struct out *o, const struct log_record *r)
{
	size_t at = o->len;

	out_put(o, r->text, r->len);
	for (; at < o->len; at++)
		if (o->bytes[at] == '\n')
			o->bytes[at] = ' ';
}

// One write a record, so that those of several processes do not mix. Returns how much of it was
// written, or -errno.
static ssize_t write_all(struct log *log, int fd, const struct out *o)
{
	ssize_t written;
	do
		written = write(fd, o->bytes, o->len);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)o->len)
		log->lines++;
	else
		log->failed++;
	return written < 0 ? -errno : written;
}

// Make room by putting the full file aside; the one before it goes.
static void rotate(struct log_file *f)
{
	char aside[LOG_PATH_BYTES + 2];

	snprintf(aside, sizeof(aside), "%s.1", f->path);
	int rc = rename(f->path, aside) == 0 || errno == ENOENT ? open_file(f) : -errno;
	if (rc == 0)
		return;
	f->is_stuck = f->is_failing = true;
	f->error = -rc;
}

// The piece of a record that a full disk took: the next record is not to stand behind it.
static void cut_off(const struct log_file *f, ssize_t n_bytes)
{
	struct stat st;

	if (n_bytes > 0 && fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= n_bytes)
		// If it fails, there is half a line, which its time shows.
		(void)!ftruncate(f->fd, st.st_size - n_bytes);
}

static void write_file(struct log *log, const struct out *o)
{
	struct log_file *f = &log->file;

	if (!f->is_stuck && f->max_bytes && f->n_bytes + o->len > f->max_bytes && f->n_bytes > 0)
		rotate(f);
	if (f->is_stuck) {
		log->failed++;
		f->n_lost++;
		return;
	}
	ssize_t written = write_all(log, f->fd, o);
	if (written == (ssize_t)o->len) {
		f->n_bytes += o->len;
		f->is_failing = false;
		return;
	}
	cut_off(f, written);
	if (!f->is_failing)
		f->error = written < 0 ? (int)-written : ENOSPC;
	f->is_failing = true;
	f->n_lost++;
}

// A pipe, the journal's socket and a terminal that can be written to take a whole record, for none
// has more than OUT_BYTES. O_NONBLOCK would be everybody's who has this stderr.
static bool console_takes(struct log *log)
{
	struct pollfd p = {.fd = log->fd, .events = POLLOUT};

	log->is_blocked =
		log->fd >= 0 && poll(&p, 1, log->is_blocked ? 0 : CONSOLE_PATIENCE_MS) == 0;
	return !log->is_blocked;
}

static void write_console(struct log *log, const struct log_record *r, uint64_t wall_ns)
{
	struct out o;

	if (!console_takes(log)) {
		log->failed++;
		log->n_lost++;
		return;
	}
	o.len = 0;
	if (!log->is_journal) {
		put_plain(log, &o, r, wall_ns);
	} else {
		o.len = (size_t)snprintf(
			o.bytes, sizeof(o.bytes), "<%d>", level_priority(r->level));
		put_one_line(&o, r);
		o.bytes[o.len++] = '\n';
	}
	(void)write_all(log, log->fd, &o);
}

void log_write(struct log *log, const struct log_record *r, uint64_t wall_ns)
{
	struct out o;

	if (log_wants(log, LOG_SINK_CONSOLE, r->class, r->severity, r->level))
		write_console(log, r, wall_ns);
	if (log_wants(log, LOG_SINK_SYSLOG, r->class, r->severity, r->level)) {
		o.len = 0;
		put_one_line(&o, r);
		if (syslog_socket_send(
			    &log->syslog, level_priority(r->level), o.bytes, o.len, wall_ns) == 0)
			log->lines++;
		else
			log->failed++;
	}
	if (log->file.fd >= 0 && log_wants(log, LOG_SINK_FILE, r->class, r->severity, r->level)) {
		o.len = 0;
		put_plain(log, &o, r, wall_ns);
		write_file(log, &o);
	}
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

void log_line_rest(struct log_line *line, const char *key, struct span value)
{
	char escaped[LOG_LINE_BYTES] = "";
	size_t used = line->len + strlen(key) + sizeof(" =") + sizeof(truncation_mark);
	size_t room = used < sizeof(escaped) ? sizeof(escaped) - used : 0;

	(void)log_escape(value, escaped, room);
	line_put(line, key, escaped, room ? strlen(escaped) : sizeof(escaped)); // or marks the line
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
