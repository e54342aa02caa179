// SPDX-License-Identifier: BSD-3-Clause
// The operator's socket, and what is said on it. One request a connection:
//
//   request  "1 text show sessions\n": version of the protocol, "text" or "json", words. In a word
//            every byte that is no letter, digit or one of "._-@:" is written %XX.
//   reply    any number of "out LENGTH\n" and "err LENGTH\n", each with that many bytes behind it
//            for standard output and standard error, then "end CODE\n" with the exit code: 0 done,
//            1 failed, 2 wrong request; then the server closes
//
// Who may write to the socket may give every order: its permissions are the access control.
#pragma once

#include "base/span.h"

enum {
	API_VERSION = 1,
	API_REQUEST_BYTES_MAX = 1024, // the line with its end
	API_HEADER_BYTES_MAX = 16,    // "out LENGTH\n"
};

struct api;
struct control;

// Listen at the path of the configuration. Returns 0 or -errno.
int api_open(struct control *c, struct api **out);
void api_close(struct api *api);

// Once a second: listen again after descriptors ran out, drop clients that do not read.
void api_check(struct api *api);
// At the end of a turn: those who follow events have some to take. api may be NULL.
void api_wake_streams(struct api *api);

// What commands waited for has come: they go on.
void api_wake(struct api *api);

// Split a request line without its end into words, decoding them in place.
//
//   words    out: words[n_max], inside line
//   returns  how many there are, or -EINVAL when the line is malformed or has more
int api_parse_line(char *line, struct span *words, size_t n_max, bool *is_json);

// Append one word to a request line, with a blank before it. Returns false when it does not fit.
bool api_encode_word(char *line, size_t cap, const char *word);
