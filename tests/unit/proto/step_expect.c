// SPDX-License-Identifier: BSD-3-Clause
#include "step_expect.h"

#include <ctype.h>
#include <stdio.h>

static int digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return c == '?' ? 0 : tolower((unsigned char)c) - 'a' + 10;
}

size_t hex_bytes(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;

	while (*hex && n < cap) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		out[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex += 2;
	}
	return n;
}

static bool matches(struct span info, const char *hex)
{
	size_t n = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		if (n == info.len)
			return false;
		if (hex[0] != '?' && (digit(hex[0]) << 4 | digit(hex[1])) != info.bytes[n])
			return false;
		hex++;
		n++;
	}
	return n == info.len;
}

// What stands there, for the failure text.
static void describe(const struct seen *s, char *out, size_t cap)
{
	size_t at;

	if (s->next >= s->step.n_items) {
		snprintf(out, cap, "nothing");
		return;
	}
	const struct step_item *item = &s->step.items[s->next];

	if (item->kind != STEP_FRAME) {
		snprintf(out, cap, "notice %d, reason %s", item->kind,
			end_reason_info(item->reason)->name);
		return;
	}
	struct span info = step_frame_info(&s->step, item);

	at = (size_t)snprintf(out, cap, "frame %04x:", item->protocol);
	for (size_t i = 0; i < info.len && at + 4 < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, " %02x", info.bytes[i]);
}

static void complain(const char *file, int line, const struct seen *s, const char *wanted)
{
	char found[512], text[1200];

	describe(s, found, sizeof(found));
	snprintf(text, sizeof(text), "item %u: expected %.500s, found %s", s->next, wanted, found);
	shim_fail(file, line, text);
}

void seen_frame(const char *file, int line, struct seen *s, uint16_t protocol, const char *hex)
{
	const struct step_item *item = &s->step.items[s->next];

	if (s->next >= s->step.n_items || item->kind != STEP_FRAME || item->protocol != protocol ||
		!matches(step_frame_info(&s->step, item), hex))
		complain(file, line, s, hex);
	s->next++;
}

void seen_notice(const char *file, int line, struct seen *s, enum step_kind kind)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "notice %d", kind);
	if (s->next >= s->step.n_items || s->step.items[s->next].kind != kind)
		complain(file, line, s, wanted);
	s->next++;
}

void seen_ended(const char *file, int line, struct seen *s, enum end_reason reason)
{
	if (s->next >= s->step.n_items || s->step.items[s->next].kind != STEP_ENDED ||
		s->step.items[s->next].reason != reason)
		complain(file, line, s, end_reason_info(reason)->name);
	s->next++;
}

void seen_done(const char *file, int line, struct seen *s)
{
	if (s->next < s->step.n_items)
		complain(file, line, s, "no more");
	(void)shim_true(file, line, "overflowed", s->step.overflowed, false);
	step_clear(&s->step);
	s->next = 0;
}
