// SPDX-License-Identifier: BSD-3-Clause
// The request line; apart from the server so that aditctl can use it.
#include "control/api.h"

#include <errno.h>
#include <stdio.h>

static bool is_plain(unsigned char b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
	       (b && strchr("._-@:", b));
}

static int hex_digit(char b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	if (b >= 'A' && b <= 'F')
		return b - 'A' + 10;
	if (b >= 'a' && b <= 'f')
		return b - 'a' + 10;
	return -1;
}

// Decode in place up to the next blank or the end. Returns false for what encode would not write.
static bool decode_word(char **at, struct span *word)
{
	char *from = *at, *to = *at;

	word->bytes = (const uint8_t *)to;
	while (*from && *from != ' ') {
		if (is_plain((unsigned char)*from)) {
			*to++ = *from++;
			continue;
		}
		int high = *from == '%' ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;
		if (low < 0)
			return false;
		*to++ = (char)(high << 4 | low);
		from += 3;
	}
	word->len = (size_t)(to - (const char *)word->bytes);
	*at = *from ? from + 1 : from;
	return true;
}

int api_parse_line(char *line, struct span *words, size_t n_max, bool *is_json)
{
	struct span version, format, word;
	size_t n = 0;

	if (!decode_word(&line, &version) || !span_equal(version, span_of_text("1")) ||
		!decode_word(&line, &format))
		return -EINVAL;
	*is_json = span_equal(format, span_of_text("json"));
	if (!*is_json && !span_equal(format, span_of_text("text")))
		return -EINVAL;
	while (*line) {
		if (!decode_word(&line, &word) || n == n_max)
			return -EINVAL;
		words[n++] = word;
	}
	return (int)n;
}

bool api_encode_word(char *line, size_t cap, const char *word)
{
	size_t len = strlen(line);

	if (len + 1 >= cap)
		return false;
	line[len++] = ' ';
	for (; *word; word++) {
		unsigned char b = (unsigned char)*word;
		if (cap - len < 4)
			return false;
		if (is_plain(b))
			line[len++] = (char)b;
		else
			len += (size_t)snprintf(line + len, cap - len, "%%%02X", b);
	}
	line[len] = '\0';
	return true;
}
