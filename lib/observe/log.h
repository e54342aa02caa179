// SPDX-License-Identifier: BSD-3-Clause
// One-line records of `key=value` to stderr, the journal or syslog.
//
// A value that is not a plain word is quoted and escaped, so that a name chosen by a client can
// neither forge a key nor start a line. What is sent as an event (observe/events.h) is
// rate-limited and remembered; this file is the pen and the paper under it. For the control lane
// and start-up only: workers never log.
#pragma once

#include "base/span.h"

#include <stdio.h>

enum {
	LOG_LINE_BYTES = 1024, // a whole line, its NUL among them
	LOG_VALUE_BYTES = 300, // one value, escaped: no client may push the other keys out
};

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

struct log_line {
	uint16_t len;
	bool truncated; // something did not fit; the line ends in " truncated=1"
	char text[LOG_LINE_BYTES];
};

// Where lines go. One for the process, passed by pointer, used by one lane.
struct log {
	enum log_level level; // lines less urgent than this are not written
	enum log_target target;
	int fd;		 // of stderr, or of a test
	bool is_journal; // fd is the journal's stream: lines begin with <priority>, without a time
	uint64_t lines;	 // written
	uint64_t failed; // that the system did not take
	struct event_log *events; // the state of observe/events.h, or NULL: no limits, no history
};

// Log to stderr or to syslog as `ident`, which must outlive the log. Asks the environment whether
// stderr is the journal's stream.
void log_open(struct log *log, enum log_target target, enum log_level level, const char *ident);
void log_close(struct log *log);

// "error", "warning", "notice", "info" or "debug".
const char *log_level_name(enum log_level level);

static inline bool log_is_on(const struct log *log, enum log_level level)
{
	return level <= log->level;
}

// Write one line at that level; wall_ns is the time of day that a plain stderr shows.
void log_write(
	struct log *log, enum log_level level, const struct log_line *line, uint64_t wall_ns);

// Building a line. Keys are constants of ours: lower-case words with '-' or '_'.
void log_line_reset(struct log_line *line);
void log_line_text(struct log_line *line, const char *key, struct span value);
void log_line_word(struct log_line *line, const char *key, const char *value);
void log_line_u64(struct log_line *line, const char *key, uint64_t value);
void log_line_i64(struct log_line *line, const char *key, int64_t value);
void log_line_hex(struct log_line *line, const char *key, uint64_t value);
// Up to 32 bytes as hex digits; more is cut and ends in "..".
void log_line_bytes(struct log_line *line, const char *key, struct span value);
void log_line_ipv4(struct log_line *line, const char *key, uint32_t address_be);
// "address:port", both in network order.
void log_line_endpoint(
	struct log_line *line, const char *key, uint32_t address_be, uint16_t port_be);
// Seconds with three decimals.
void log_line_duration(struct log_line *line, const char *key, uint64_t ns);

// Write `value` as it stands in a record, quoted if need be, to out[cap] with a NUL; never more
// than cap bytes, never half an escape.
//
//   returns  true if all of it fitted; if not, what is there ends in "..."
bool log_escape(struct span value, char *out, size_t cap);
