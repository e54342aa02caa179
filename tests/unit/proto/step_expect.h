// SPDX-License-Identifier: BSD-3-Clause
// Reads a step item by item and compares it with what a test expects. Frames are written in hex,
// blanks are ignored, "??" stands for any byte.
#pragma once

#include "proto/step.h"
#include "wire/ppp.h"

#include "shim/shim.h"

struct seen {
	struct step step;
	unsigned int next; // first item that was not looked at
};

// Bytes of a text in hex; "??" gives 0. Returns their number.
size_t hex_bytes(const char *hex, uint8_t *out, size_t cap);

void seen_frame(const char *file, int line, struct seen *s, uint16_t protocol, const char *hex);
void seen_notice(const char *file, int line, struct seen *s, enum step_kind kind);
void seen_ended(const char *file, int line, struct seen *s, enum end_reason reason);
void seen_done(const char *file, int line, struct seen *s);

#define FRAME(s, protocol, hex) seen_frame(__FILE__, __LINE__, s, protocol, hex)
#define NOTICE(s, kind)		seen_notice(__FILE__, __LINE__, s, kind)
#define ENDED(s, reason)	seen_ended(__FILE__, __LINE__, s, reason)
#define DONE(s)			seen_done(__FILE__, __LINE__, s)
