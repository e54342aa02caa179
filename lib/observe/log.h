// SPDX-License-Identifier: BSD-3-Clause
// Records to stderr or the journal, to syslog and to a file: lines of `key=value`, or as the VPN 3000
// writes them.
//
// A value that is not a plain word is quoted and escaped, so that a name chosen by a client can
// neither forge a key nor start a line. What is sent as an event (observe/events.h) is
// rate-limited and remembered; this file is the pen and the paper under it. For the control lane
// and start-up only: workers never log.
#pragma once

#include "base/log_class.h"
#include "base/span.h"
#include "observe/syslog_socket.h"

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
	LOG_LEVEL_ON_DEMAND, // of no level: only a severity asks for it
};

enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };
enum log_format { LOG_FORMAT_KEY_VALUE, LOG_FORMAT_VPN3000 };
enum log_sink { LOG_SINK_CONSOLE, LOG_SINK_SYSLOG, LOG_SINK_FILE, LOG_SINK_COUNT };

enum { LOG_BY_LEVEL = 255, LOG_PATH_BYTES = 256 };

struct log_line {
	uint16_t len;
	bool truncated; // something did not fit; the line ends in " truncated=1"
	char text[LOG_LINE_BYTES];
};

struct log_file {
	int fd; // -1: there is none, or it could not be opened
	uint64_t n_bytes;
	uint64_t max_bytes;	   // then it becomes PATH.1 and a new one begins; 0: no limit
	int error;		   // that was not told yet
	bool is_stuck;		   // full, and could not be put aside: nothing is written any more
	bool is_failing;	   // the last record was not written
	uint64_t n_lost;	   // records that were not, since the last one that was
	char path[LOG_PATH_BYTES]; // "": none is wanted
};

// Where records go. One for the process, passed by pointer, used by one lane.
struct log {
	enum log_level level; // of the target: records less urgent than this are not written there
	enum log_target target;
	enum log_format format;
	// What each sink takes of each class: severities up to this one, 0: nothing; LOG_BY_LEVEL: by
	// the level.
	uint8_t severity[LOG_SINK_COUNT][LOG_CLASS_COUNT];
	int fd;		 // of stderr, or of a test
	bool is_journal; // fd is the journal's stream: lines begin with <priority>, without a time
	bool is_blocked; // nobody reads what is written to fd: it is not waited for
	uint64_t n_lost; // records that fd lacks for that, since the last one that it took
	struct syslog_socket syslog;
	struct log_file file;
	uint64_t lines;		  // written, of all sinks
	uint64_t failed;	  // that the system did not take
	struct event_log *events; // the state of observe/events.h, or NULL: no limits, no history
};

// One record; in the VPN 3000 form it has several lines.
struct log_record {
	enum log_class class;
	uint8_t severity;
	enum log_level level;
	const char *text; // text[len], terminated, without the last line's end
	size_t len;
};

// Log to stderr or to syslog as `ident`, which must outlive the log, all classes by their level. Asks
// the environment whether stderr is the journal's stream.
void log_open(struct log *log, enum log_target target, enum log_level level, const char *ident);
void log_close(struct log *log);

// Write to a file too, all classes up to this severity. Returns 0 or -errno: there is no file then,
// until log_reopen() finds that it can be opened.
int log_open_file(struct log *log, const char *path, uint64_t max_bytes, uint8_t severity);

// Write to no file any more.
void log_drop_file(struct log *log);

// Open the file of that name again, because somebody moved the old one away or has made room for it.
// Returns 0, or -errno: the old one, if there is one, is written on.
int log_reopen(struct log *log);

// What went wrong with the file since the last call: an errno, or 0. What goes on being wrong is
// told once.
int log_take_file_error(struct log *log);

// The file is written again: how many records it lacks from the time when it was not; else 0.
uint64_t log_take_file_lost(struct log *log);

// The same of stderr: a reader that stopped goes on.
uint64_t log_take_console_lost(struct log *log);

// "error", "warning", "notice", "info" or "debug".
const char *log_level_name(enum log_level level);

// "PPP", ...; "?" for a number that is no class.
const char *log_class_name(enum log_class class);

static inline bool log_wants(const struct log *log, enum log_sink sink, enum log_class class,
	uint8_t severity, enum log_level level)
{
	uint8_t most = log->severity[sink][class];

	return most == LOG_BY_LEVEL ? level <= log->level : severity <= most;
}

// Write one record to each sink that wants it. Whoever stops reading stderr or the datagrams of
// syslog holds up the caller once, for some milliseconds, and misses what comes until he goes on.
// wall_ns is the time of day that syslog, a plain stderr and the file show.
void log_write(struct log *log, const struct log_record *record, uint64_t wall_ns);

// Building a line. Keys are constants of ours: lower-case words with '-' or '_'.
void log_line_reset(struct log_line *line);
void log_line_text(struct log_line *line, const char *key, struct span value);
void log_line_word(struct log_line *line, const char *key, const char *value);
// Text that is no client's choice, at the end of a line: as much of it as the line has room for.
void log_line_rest(struct log_line *line, const char *key, struct span value);
void log_line_u64(struct log_line *line, const char *key, uint64_t value);
void log_line_i64(struct log_line *line, const char *key, int64_t value);
void log_line_hex(struct log_line *line, const char *key, uint64_t value);
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
