// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_numbers.h"

#include <ctype.h>
#include <stdlib.h>

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

// Behind the string that begins at p.
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

// Behind the comment that begins at p, or p when none does.
static const char *skip_comment(const char *p)
{
	if (p[0] == '#' || (p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*') {
		const char *end = strstr(p + 2, "*/");
		return end ? end + 2 : p + strlen(p);
	}
	return p;
}

// Behind the number that begins at p.
static const char *skip_number(const char *p, unsigned int line, struct conf_report *r)
{
	bool is_hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	char *end;
	unsigned long long v = strtoull(p, &end, is_hex ? 16 : 10);
	if (!is_hex && (*end == '.' || *end == 'e' || *end == 'E')) {
		while (is_name_char(*end) || *end == '.' || *end == '+')
			end++;
		return end;
	}
	if (*end != 'L' && v > INT32_MAX)
		// Without the number: it may be a password whose quotes were forgotten.
		conf_report_file(r, CONFIG_ERROR, r->file, line, "the number is too large");
	while (*end == 'L')
		end++;
	return end;
}

void conf_numbers_check(const char *text, struct conf_report *r)
{
	unsigned int line = 1;
	const char *p = text;
	while (*p) {
		const char *from = p;
		if (*p == '"')
			p = skip_string(p);
		else if (isdigit((unsigned char)*p))
			p = skip_number(p, line, r);
		else if (isalpha((unsigned char)*p) || *p == '*' || *p == '_')
			while (is_name_char(*p))
				p++;
		else
			p = skip_comment(p);
		if (p == from)
			p++;
		for (; from < p; from++)
			line += *from == '\n';
	}
}
