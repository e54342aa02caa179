// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_parse.h"

#include "base/utf8.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

bool conf_parse_is_clean_utf8(const char *text)
{
	struct span s = span_of_text(text);
	while (s.len > 0) {
		uint32_t code_point;
		size_t n = utf8_decode(s, &code_point);
		if (n == 0 || utf8_is_control(code_point))
			return false;
		s = span_of(s.bytes + n, s.len - n);
	}
	return true;
}

bool conf_parse_is_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '_' && *c != '-')
			return false;
	// Names of interfaces and files that mean something else.
	return strcmp(text, ".") != 0 && strcmp(text, "..") != 0 && text[0] != '-';
}

bool conf_parse_unicast(const char *text, uint32_t *address_be)
{
	struct in_addr a;
	if (!text || inet_pton(AF_INET, text, &a) != 1)
		return false;
	uint32_t top = ntohl(a.s_addr) >> 24;
	if (top == 0 || top == 127 || top >= 224)
		return false;
	*address_be = a.s_addr;
	return true;
}

bool conf_parse_host(const char *text, uint32_t *address_be)
{
	struct in_addr a;
	if (text && inet_pton(AF_INET, text, &a) == 1 && ntohl(a.s_addr) >> 24 == 127) {
		*address_be = a.s_addr;
		return true;
	}
	return conf_parse_unicast(text, address_be);
}

// Decimal digits and nothing else.
static bool parse_decimal(const char *text, uint32_t max, uint32_t *value)
{
	if (!isdigit((unsigned char)text[0]) || strlen(text) > 9 ||
		strspn(text, "0123456789") != strlen(text))
		return false;
	*value = (uint32_t)strtoul(text, NULL, 10);
	return *value <= max;
}

// The two sides of "10.0.0.0/8".
static bool split_prefix(const char *text, char address[INET_ADDRSTRLEN], uint32_t *len)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	if (!slash || (size_t)(slash - text) >= INET_ADDRSTRLEN)
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	return parse_decimal(slash + 1, 32, len);
}

bool conf_parse_prefix(const char *text, uint32_t *address_be, uint8_t *prefix_len)
{
	char address[INET_ADDRSTRLEN];
	uint32_t len;
	uint32_t a_be;
	if (!split_prefix(text, address, &len) || !conf_parse_unicast(address, &a_be) || len < 8)
		return false;
	// The first and the last address of a network are no host's, but for /31 (RFC 3021) and /32.
	uint32_t host = len == 32 ? 0 : ntohl(a_be) & (UINT32_MAX >> len);
	if (len < 31 && (host == 0 || host == UINT32_MAX >> len))
		return false;
	*address_be = a_be;
	*prefix_len = (uint8_t)len;
	return true;
}

bool conf_parse_network(const char *text, uint32_t *address_be, uint8_t *prefix_len)
{
	char address[INET_ADDRSTRLEN];
	struct in_addr a;
	uint32_t len;
	if (!split_prefix(text, address, &len) || inet_pton(AF_INET, address, &a) != 1)
		return false;
	uint32_t host = len == 32 ? 0 : ntohl(a.s_addr) & (UINT32_MAX >> len);
	uint32_t top = ntohl(a.s_addr) >> 24;
	if (host != 0 || top == 127 || top >= 224)
		return false;
	*address_be = a.s_addr;
	*prefix_len = (uint8_t)len;
	return true;
}

bool conf_parse_network_or_any(const char *text, uint32_t *address_be, uint8_t *prefix_len)
{
	if (text && strcmp(text, "any") == 0) {
		*address_be = 0;
		*prefix_len = 0;
		return true;
	}
	return conf_parse_network_or_address(text, address_be, prefix_len);
}

bool conf_parse_network_or_address(const char *text, uint32_t *address_be, uint8_t *prefix_len)
{
	struct in_addr a;

	if (!text || strchr(text, '/'))
		return conf_parse_network(text, address_be, prefix_len);
	// Also what is no host's: a rule may be about broadcasts.
	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*address_be = a.s_addr;
	*prefix_len = 32;
	return true;
}

bool conf_parse_ports(const char *text, uint16_t *first, uint16_t *last)
{
	char from[sizeof("65535")];
	const char *dash = text ? strchr(text, '-') : NULL;
	size_t len = dash ? (size_t)(dash - text) : text ? strlen(text) : 0;
	uint32_t a, b;

	if (len == 0 || len >= sizeof(from))
		return false;
	memcpy(from, text, len);
	from[len] = '\0';
	if (!parse_decimal(from, UINT16_MAX, &a) ||
		!parse_decimal(dash ? dash + 1 : from, UINT16_MAX, &b) || a > b)
		return false;
	*first = (uint16_t)a;
	*last = (uint16_t)b;
	return true;
}

bool conf_parse_range(const char *text, uint32_t *first, uint32_t *last)
{
	char from[INET_ADDRSTRLEN];
	const char *dash = text ? strchr(text, '-') : NULL;
	if (!dash || (size_t)(dash - text) >= sizeof(from))
		return false;
	memcpy(from, text, (size_t)(dash - text));
	from[dash - text] = '\0';
	uint32_t from_be;
	uint32_t to_be;
	if (!conf_parse_unicast(from, &from_be) || !conf_parse_unicast(dash + 1, &to_be))
		return false;
	uint32_t a = ntohl(from_be);
	uint32_t b = ntohl(to_be);
	if (a > b || b - a >= LIMIT_POOL_ADDRESSES)
		return false;
	*first = a;
	*last = b;
	return true;
}

// "sun" is 0, as of struct tm; -1: it is none.
static int parse_day(const char *text, size_t len)
{
	static const char days[][4] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

	for (int i = 0; i < 7 && len == 3; i++)
		if (memcmp(text, days[i], 3) == 0)
			return i;
	return -1;
}

// "mon-fri", "sat,sun", "daily" up to the blank; a range may go over the end of the week.
//
//   returns  what is behind, or NULL
static const char *parse_days(const char *text, uint8_t *days)
{
	static const char daily[] = "daily ";

	if (strncmp(text, daily, sizeof(daily) - 1) == 0) {
		*days = 0x7f;
		return text + sizeof(daily) - 2;
	}
	for (*days = 0;; text++) {
		size_t n = strcspn(text, ", ");
		const char *dash = memchr(text, '-', n);
		int day = parse_day(text, dash ? (size_t)(dash - text) : n);
		int last = dash ? parse_day(dash + 1, n - (size_t)(dash + 1 - text)) : day;
		if (day < 0 || last < 0)
			return NULL;
		for (*days |= (uint8_t)(1 << last); day != last; day = (day + 1) % 7)
			*days |= (uint8_t)(1 << day);
		text += n;
		if (*text != ',')
			return text;
	}
}

// "08:00" at the beginning of the text; 24:00 is the end of a day.
static bool parse_time(const char *text, uint16_t *minutes)
{
	for (size_t i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : !isdigit((unsigned char)text[i]))
			return false;
	int hours = (text[0] - '0') * 10 + text[1] - '0',
	    rest = (text[3] - '0') * 10 + text[4] - '0';
	*minutes = (uint16_t)(hours * 60 + rest);
	return rest < 60 && *minutes <= 24 * 60;
}

bool conf_parse_hours(const char *text, struct config_hours_span *span)
{
	struct config_hours_span s;
	const char *times = text ? parse_days(text, &s.days) : NULL;

	if (!times || *times != ' ' || strlen(times) != strlen(" 08:00-18:00") || times[6] != '-' ||
		!parse_time(times + 1, &s.from_min) || !parse_time(times + 7, &s.to_min) ||
		s.from_min == 24 * 60)
		return false;
	*span = s;
	return true;
}

// "0000:01:00.0" or "01:00.0".
static bool is_pci_address(const char *text)
{
	static const char full[] = "hhhh:hh:hh.h";
	const char *shape = strlen(text) == strlen(full) ? full : full + 5;
	if (strlen(text) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'h' ? !isxdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	return true;
}

bool conf_parse_device(const char *text, enum config_device_kind *kind, const char **device)
{
	static const char *const prefixes[] = {
		[CONFIG_DEVICE_PCI] = "pci:",
		[CONFIG_DEVICE_VDEV] = "vdev:",
		[CONFIG_DEVICE_INTERFACE] = "interface:",
	};
	size_t k = 0;
	size_t n = sizeof(prefixes) / sizeof(prefixes[0]);
	while (text && k < n && strncmp(text, prefixes[k], strlen(prefixes[k])) != 0)
		k++;
	if (!text || k == n)
		return false;
	const char *rest = text + strlen(prefixes[k]);
	*kind = (enum config_device_kind)k;
	*device = rest;
	for (const char *c = rest; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	switch (*kind) {
	case CONFIG_DEVICE_PCI:
		return is_pci_address(rest);
	case CONFIG_DEVICE_VDEV:
		return strncmp(rest, "net_", 4) == 0 && rest[4] != '\0';
	case CONFIG_DEVICE_INTERFACE:
		// It becomes part of the arguments of a DPDK device, so no comma.
		return rest[0] != '\0' && strlen(rest) < IFNAMSIZ && !strpbrk(rest, "/,:");
	}
	return false;
}

bool conf_parse_mode(const char *text, uint32_t max, uint32_t *mode)
{
	if (!text || text[0] == '\0' || strlen(text) > 4 ||
		strspn(text, "01234567") != strlen(text))
		return false;
	*mode = (uint32_t)strtoul(text, NULL, 8);
	return *mode <= max;
}

bool conf_parse_hash(const char *text, uint8_t hash[CONFIG_NT_HASH_BYTES])
{
	if (!text || strlen(text) != 2 * CONFIG_NT_HASH_BYTES)
		return false;
	for (size_t i = 0; i < 2 * CONFIG_NT_HASH_BYTES; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	for (size_t i = 0; i < CONFIG_NT_HASH_BYTES; i++) {
		char two[3] = {text[2 * i], text[2 * i + 1], '\0'};
		hash[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return true;
}

bool conf_parse_is_path(const char *text)
{
	size_t len = strlen(text);
	return len > 1 && text[0] == '/' && text[len - 1] != '/' && conf_parse_is_clean_utf8(text);
}

// RFC 1035 2.3.1; an underscore too, which Windows domains have.
bool conf_parse_is_domain(const char *text)
{
	enum { LABEL_BYTES_MAX = 63 };
	for (const char *label = text;; label++) {
		size_t len = strcspn(label, ".");
		if (len == 0 || len > LABEL_BYTES_MAX || label[0] == '-' || label[len - 1] == '-')
			return false;
		for (size_t i = 0; i < len; i++)
			if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
				return false;
		label += len;
		if (*label == '\0')
			return true;
	}
}
