// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_value.h"

#include "base/utf8.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void *field_at(void *base, uint32_t offset)
{
	return (char *)base + offset;
}

static bool fail(struct conf_problem *p, const config_setting_t *at, const struct schema_item *item)
{
	char what[CONF_WHY_BYTES - sizeof("must be ")];
	schema_describe(item, what, sizeof(what));
	snprintf(p->why, sizeof(p->why), "must be %s", what);
	p->at = at;
	return false;
}

static void put_uint(void *field, uint16_t size_bytes, uint32_t value)
{
	if (size_bytes == sizeof(uint8_t))
		*(uint8_t *)field = (uint8_t)value;
	else if (size_bytes == sizeof(uint16_t))
		*(uint16_t *)field = (uint16_t)value;
	else
		*(uint32_t *)field = value;
}

static bool get_uint(const config_setting_t *s, const struct schema_item *item, uint32_t *value)
{
	long long v;
	if (config_setting_type(s) == CONFIG_TYPE_INT)
		v = config_setting_get_int(s);
	else if (config_setting_type(s) == CONFIG_TYPE_INT64)
		v = config_setting_get_int64(s);
	else
		return false;
	if ((v < item->min || v > item->max) && !(v == 0 && item->is_zero_allowed))
		return false;
	*value = (uint32_t)v;
	return true;
}

// A text whose length is in the bounds of the item, or NULL.
static const char *get_text(const config_setting_t *s, const struct schema_item *item)
{
	const char *text =
		config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s) : NULL;
	if (!text || strlen(text) < item->min || strlen(text) > item->max)
		return NULL;
	return text;
}

static bool is_clean_utf8(const char *text)
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

static bool is_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '_' && *c != '-')
			return false;
	// Names of interfaces and files that mean something else.
	return strcmp(text, ".") != 0 && strcmp(text, "..") != 0 && text[0] != '-';
}

static bool parse_unicast(const char *text, uint32_t *address_be)
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

// Decimal digits and nothing else.
static bool parse_decimal(const char *text, uint32_t max, uint32_t *value)
{
	if (!isdigit((unsigned char)text[0]) || strlen(text) > 9 ||
		strspn(text, "0123456789") != strlen(text))
		return false;
	*value = (uint32_t)strtoul(text, NULL, 10);
	return *value <= max;
}

static bool parse_prefix(const char *text, uint32_t *address_be, uint8_t *prefix_len)
{
	char address[INET_ADDRSTRLEN];
	uint32_t len;
	const char *slash = text ? strchr(text, '/') : NULL;
	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	uint32_t a_be;
	if (!parse_unicast(address, &a_be) || !parse_decimal(slash + 1, 32, &len) || len < 8)
		return false;
	// The first and the last address of a network are no host's, but for /31 (RFC 3021) and /32.
	uint32_t host = len == 32 ? 0 : ntohl(a_be) & (UINT32_MAX >> len);
	if (len < 31 && (host == 0 || host == UINT32_MAX >> len))
		return false;
	*address_be = a_be;
	*prefix_len = (uint8_t)len;
	return true;
}

static bool parse_range(const char *text, uint32_t *first, uint32_t *last)
{
	char from[INET_ADDRSTRLEN];
	const char *dash = text ? strchr(text, '-') : NULL;
	if (!dash || (size_t)(dash - text) >= sizeof(from))
		return false;
	memcpy(from, text, (size_t)(dash - text));
	from[dash - text] = '\0';
	uint32_t from_be;
	uint32_t to_be;
	if (!parse_unicast(from, &from_be) || !parse_unicast(dash + 1, &to_be))
		return false;
	uint32_t a = ntohl(from_be);
	uint32_t b = ntohl(to_be);
	if (a > b || b - a >= LIMIT_POOL_ADDRESSES)
		return false;
	*first = a;
	*last = b;
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

static bool parse_device(const char *text, enum config_device_kind *kind, const char **device)
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

static bool parse_mode(const char *text, uint32_t max, uint32_t *mode)
{
	if (!text || text[0] == '\0' || strlen(text) > 4 ||
		strspn(text, "01234567") != strlen(text))
		return false;
	*mode = (uint32_t)strtoul(text, NULL, 8);
	return *mode <= max;
}

static bool parse_hash(const char *text, uint8_t hash[CONFIG_NT_HASH_BYTES])
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

// A word of the item; a number counts as its digits, so that strengths = [128] reads well.
static bool read_choice(const config_setting_t *s, const struct schema_item *item, uint32_t *value,
	struct conf_problem *problem)
{
	char digits[24];
	const char *text = digits;
	if (config_setting_type(s) == CONFIG_TYPE_STRING)
		text = config_setting_get_string(s);
	else if (config_setting_type(s) == CONFIG_TYPE_INT)
		snprintf(digits, sizeof(digits), "%d", config_setting_get_int(s));
	else
		return fail(problem, s, item);
	for (const struct schema_word *w = item->words; w->word; w++) {
		if (strcmp(w->word, text) != 0)
			continue;
		if (w->is_refused) {
			(void)fail(problem, s, item);
			char must[CONF_WHY_BYTES];
			memcpy(must, problem->why, sizeof(must));
			snprintf(problem->why, sizeof(problem->why),
				"\"%s\" is not supported by this version; %.180s", w->word, must);
			return false;
		}
		*value = w->value;
		return true;
	}
	return fail(problem, s, item);
}

static bool is_sequence(const config_setting_t *s)
{
	return config_setting_is_array(s) || config_setting_is_list(s);
}

static bool read_choices(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	if (!is_sequence(s) || config_setting_length(s) == 0)
		return fail(problem, s, item);
	uint32_t mask = 0;
	for (int i = 0; i < config_setting_length(s); i++) {
		uint32_t bit;
		if (!read_choice(config_setting_get_elem(s, (unsigned)i), item, &bit, problem))
			return false;
		mask |= bit;
	}
	put_uint(field_at(base, item->offset), item->size_bytes, mask);
	return true;
}

static bool read_uint_list(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	uint16_t *values = field_at(base, item->offset);
	int n = is_sequence(s) ? config_setting_length(s) : 0;
	if (n < 1 || n > item->max_count)
		return fail(problem, s, item);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		uint32_t v;
		if (!get_uint(element, item, &v))
			return fail(problem, element, item);
		values[i] = (uint16_t)v;
	}
	*(uint16_t *)field_at(base, item->also) = (uint16_t)n;
	return true;
}

static bool read_address_list(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	uint32_t *addresses = field_at(base, item->offset);
	if (!is_sequence(s) || config_setting_length(s) > item->max_count)
		return fail(problem, s, item);
	int n = config_setting_length(s);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		if (config_setting_type(element) != CONFIG_TYPE_STRING ||
			!parse_unicast(config_setting_get_string(element), &addresses[i]))
			return fail(problem, element, item);
		for (int k = 0; k < i; k++) {
			if (addresses[k] != addresses[i])
				continue;
			problem->at = element;
			snprintf(problem->why, sizeof(problem->why), "stands in the list twice");
			return false;
		}
	}
	*(uint16_t *)field_at(base, item->also) = (uint16_t)n;
	return true;
}

// All types that are one text in the file.
static bool read_from_text(const config_setting_t *s, const struct schema_item *item, void *base)
{
	void *field = field_at(base, item->offset);
	void *also = item->also == SCHEMA_NOWHERE ? NULL : field_at(base, item->also);
	const char *text =
		config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s) : NULL;

	switch (item->type) {
	case SCHEMA_TEXT:
	case SCHEMA_WORD:
		text = get_text(s, item);
		if (!text || !(item->type == SCHEMA_WORD ? is_word(text) : is_clean_utf8(text)))
			return false;
		memset(field, 0, item->size_bytes);
		memcpy(field, text, strlen(text));
		return true;
	case SCHEMA_ADDRESS:
		return parse_unicast(text, field);
	case SCHEMA_PREFIX:
		return parse_prefix(text, field, also);
	case SCHEMA_RANGE:
		return parse_range(text, field, also);
	case SCHEMA_DEVICE: {
		enum config_device_kind kind;
		const char *device;
		if (!parse_device(text, &kind, &device) || strlen(device) > item->max)
			return false;
		*(enum config_device_kind *)also = kind;
		memset(field, 0, item->size_bytes);
		memcpy(field, device, strlen(device));
		return true;
	}
	case SCHEMA_MODE:
		return parse_mode(text, item->max, field);
	case SCHEMA_PASSWORD:
		text = get_text(s, item);
		return text && is_clean_utf8(text) && secret_set(field, span_of_text(text)) == 0;
	case SCHEMA_NT_HASH:
		return parse_hash(text, field);
	case SCHEMA_BOOL:
	case SCHEMA_UINT:
	case SCHEMA_UINT_LIST:
	case SCHEMA_CHOICE:
	case SCHEMA_CHOICES:
	case SCHEMA_ADDRESS_LIST:
		break;
	}
	return false;
}

static bool read_value(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	void *field = field_at(base, item->offset);
	uint32_t v;
	switch (item->type) {
	case SCHEMA_BOOL:
		if (config_setting_type(s) != CONFIG_TYPE_BOOL)
			return fail(problem, s, item);
		*(bool *)field = config_setting_get_bool(s);
		return true;
	case SCHEMA_UINT:
		if (!get_uint(s, item, &v))
			return fail(problem, s, item);
		put_uint(field, item->size_bytes, v);
		return true;
	case SCHEMA_CHOICE:
		if (!read_choice(s, item, &v, problem))
			return false;
		put_uint(field, item->size_bytes, v);
		return true;
	case SCHEMA_CHOICES:
		return read_choices(s, item, base, problem);
	case SCHEMA_UINT_LIST:
		return read_uint_list(s, item, base, problem);
	case SCHEMA_ADDRESS_LIST:
		return read_address_list(s, item, base, problem);
	case SCHEMA_TEXT:
	case SCHEMA_WORD:
	case SCHEMA_ADDRESS:
	case SCHEMA_PREFIX:
	case SCHEMA_RANGE:
	case SCHEMA_DEVICE:
	case SCHEMA_MODE:
	case SCHEMA_PASSWORD:
	case SCHEMA_NT_HASH:
		return read_from_text(s, item, base) || fail(problem, s, item);
	}
	return fail(problem, s, item);
}

bool conf_value_read(const config_setting_t *setting, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	if (!read_value(setting, item, base, problem))
		return false;
	if (item->has != SCHEMA_NOWHERE)
		*(bool *)field_at(base, item->has) = true;
	return true;
}

void conf_value_read_default(const struct schema_item *item, void *base)
{
	if (!item->def || item->def[0] == '\0')
		return;
	char text[128];
	snprintf(text, sizeof(text), "v = %s;", item->def);
	config_t lib;
	struct conf_problem problem;
	config_init(&lib);
	int parsed = config_read_string(&lib, text);
	assert(parsed == CONFIG_TRUE);
	bool taken = conf_value_read(config_lookup(&lib, "v"), item, base, &problem);
	assert(taken);
	config_destroy(&lib);
	(void)parsed;
	(void)taken;
}
