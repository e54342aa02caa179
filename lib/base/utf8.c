// SPDX-License-Identifier: BSD-3-Clause
#include "base/utf8.h"

size_t utf8_decode(struct span s, uint32_t *code_point)
{
	if (s.len == 0)
		return 0;
	uint8_t lead = s.bytes[0];
	if (lead < 0x80) {
		*code_point = lead;
		return 1;
	}
	// 0xc0 and 0xc1 could only begin an overlong form, 0xf5 and up only what is too large.
	size_t n = lead >= 0xc2 && lead <= 0xdf	  ? 2
		   : (lead & 0xf0) == 0xe0	  ? 3
		   : lead >= 0xf0 && lead <= 0xf4 ? 4
						  : 0;
	if (n == 0 || s.len < n)
		return 0;
	uint32_t v = lead & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s.bytes[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s.bytes[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*code_point = v;
	return n;
}

bool utf8_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e ||
	       cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) ||
	       cp == 0xfeff;
}
