// SPDX-License-Identifier: BSD-3-Clause
#include "observe/memory_report.h"

#include <stddef.h>
#include <string.h>

const struct memory_line *memory_report_find(
	const struct memory_report *r, enum memory_kind kind, const char *what)
{
	for (unsigned int i = 0; i < r->n; i++)
		if (r->lines[i].kind == kind && strcmp(r->lines[i].what, what) == 0)
			return &r->lines[i];
	return NULL;
}

void memory_report_add(struct memory_report *r, enum memory_kind kind, const char *what,
	uint64_t bytes, uint64_t n, uint64_t n_used)
{
	struct memory_line *line = (struct memory_line *)memory_report_find(r, kind, what);

	if (!line && r->n < MEMORY_LINES_MAX) {
		line = &r->lines[r->n++];
		*line = (struct memory_line){.what = what, .kind = kind};
	}
	if (!line)
		line = &r->lines[MEMORY_LINES_MAX - 1];
	line->bytes += bytes;
	line->n += n;
	line->n_used += n_used;
}

uint64_t memory_report_sum(const struct memory_report *r, enum memory_kind kind)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < r->n; i++)
		if (r->lines[i].kind == kind)
			sum += r->lines[i].bytes;
	return sum;
}
