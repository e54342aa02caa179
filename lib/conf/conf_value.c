// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_value.h"

#include "conf/conf_parse.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

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
		if (w->instead) {
			problem->at = s;
			snprintf(problem->why, sizeof(problem->why),
				"is not taken any more; use \"%s\"", w->instead);
			return false;
		}
		if (w->refused) {
			problem->at = s;
			snprintf(problem->why, sizeof(problem->why), "%s", w->refused);
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

static bool fail_double(struct conf_problem *problem, const config_setting_t *at)
{
	problem->at = at;
	snprintf(problem->why, sizeof(problem->why), "stands in the list twice");
	return false;
}

static bool read_choice_list(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	uint32_t values[CONFIG_AUTH_METHODS];
	int n = is_sequence(s) ? config_setting_length(s) : 0;
	if (n < 1)
		return fail(problem, s, item);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		uint32_t v;
		if (!read_choice(element, item, &v, problem))
			return false;
		for (int k = 0; k < i; k++)
			if (values[k] == v)
				return fail_double(problem, element);
		// Without doubles there are no more than words, and room for each of them.
		assert(i < item->max_count && i < CONFIG_AUTH_METHODS);
		values[i] = v;
	}
	memcpy(field_at(base, item->offset), values, (size_t)n * sizeof(values[0]));
	*(uint16_t *)field_at(base, item->also) = (uint16_t)n;
	return true;
}

static bool read_prefix_list(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	struct config_prefix *prefixes = field_at(base, item->offset);
	bool is_network_list = item->type == SCHEMA_NETWORK_LIST;
	int n = is_sequence(s) ? config_setting_length(s) : -1;
	if (n < is_network_list || n > item->max_count)
		return fail(problem, s, item);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		struct config_prefix *p = &prefixes[i];
		// NULL for what is no string.
		const char *text = config_setting_get_string(element);
		if (!(is_network_list ? conf_parse_network_or_address : conf_parse_network)(
			    text, &p->address_be, &p->prefix_len))
			return fail(problem, element, item);
		for (int k = 0; k < i; k++)
			if (prefixes[k].address_be == p->address_be &&
				prefixes[k].prefix_len == p->prefix_len)
				return fail_double(problem, element);
	}
	*(uint16_t *)field_at(base, item->also) = (uint16_t)n;
	return true;
}

// Names in cells of equal size. A text that is no list counts as a list of one, as `pool` was before it was `pools`.
static bool read_word_list(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	size_t cell_bytes = (size_t)item->max + 1;
	char *cells = field_at(base, item->offset);
	bool is_one = config_setting_type(s) == CONFIG_TYPE_STRING;
	int n = is_one ? 1 : is_sequence(s) ? config_setting_length(s) : -1;
	if (n < 0 || n > item->max_count || (n == 0 && !item->is_zero_allowed))
		return fail(problem, s, item);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element =
			is_one ? s : config_setting_get_elem(s, (unsigned)i);
		const char *text = get_text(element, item);
		bool is_domain = item->type == SCHEMA_DOMAIN_LIST;
		if (!text || !(is_domain ? conf_parse_is_domain : conf_parse_is_word)(text))
			return fail(problem, element, item);
		for (int k = 0; k < i; k++)
			if ((is_domain ? strcasecmp : strcmp)(
				    cells + (size_t)k * cell_bytes, text) == 0)
				return fail_double(problem, element);
		char *cell = cells + (size_t)i * cell_bytes;
		memset(cell, 0, cell_bytes);
		memcpy(cell, text, strlen(text));
	}
	*(uint16_t *)field_at(base, item->also) = (uint16_t)n;
	return true;
}

static bool read_hours(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	struct config_hours_span *spans = field_at(base, item->offset);
	int n = is_sequence(s) ? config_setting_length(s) : 0;
	if (n < 1 || n > item->max_count)
		return fail(problem, s, item);
	for (int i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		if (!conf_parse_hours(config_setting_get_string(element), &spans[i]))
			return fail(problem, element, item);
	}
	*(uint16_t *)field_at(base, item->also) = (uint16_t)n;
	return true;
}

static bool read_uint_list(const config_setting_t *s, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	uint16_t *values = field_at(base, item->offset);
	int n = is_sequence(s) ? config_setting_length(s) : 0;
	if (!is_sequence(s) || n > item->max_count || (n == 0 && !item->is_zero_allowed))
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
			!conf_parse_unicast(config_setting_get_string(element), &addresses[i]))
			return fail(problem, element, item);
		for (int k = 0; k < i; k++)
			if (addresses[k] == addresses[i])
				return fail_double(problem, element);
	}
	*(uint16_t *)field_at(base, item->also) = (uint16_t)n;
	return true;
}

static bool is_text_of(enum schema_type type, const char *text)
{
	if (type == SCHEMA_WORD)
		return conf_parse_is_word(text);
	if (type == SCHEMA_PATH)
		return text[0] == '\0' || conf_parse_is_path(text);
	if (type == SCHEMA_DOMAIN)
		return text[0] == '\0' || conf_parse_is_domain(text);
	return conf_parse_is_clean_utf8(text);
}

// Is it one of the words, where the item has a list of them?
static bool is_listed(const struct schema_item *item, const char *text)
{
	for (const struct schema_word *w = item->words; w && w->word; w++)
		if (strcmp(w->word, text) == 0)
			return true;
	return item->words == NULL;
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
	case SCHEMA_PATH:
	case SCHEMA_DOMAIN:
		text = get_text(s, item);
		if (!text || !is_text_of(item->type, text) || !is_listed(item, text))
			return false;
		memset(field, 0, item->size_bytes);
		memcpy(field, text, strlen(text));
		return true;
	case SCHEMA_ADDRESS:
		return item->is_loopback_allowed ? conf_parse_host(text, field)
						 : conf_parse_unicast(text, field);
	case SCHEMA_PREFIX:
		return conf_parse_prefix(text, field, also);
	case SCHEMA_RANGE:
		return conf_parse_range(text, field, also);
	case SCHEMA_NETWORK:
		return conf_parse_network_or_any(text, field, also);
	case SCHEMA_DEVICE: {
		enum config_device_kind kind;
		const char *device;
		if (!conf_parse_device(text, &kind, &device) || strlen(device) > item->max)
			return false;
		*(enum config_device_kind *)also = kind;
		memset(field, 0, item->size_bytes);
		memcpy(field, device, strlen(device));
		return true;
	}
	case SCHEMA_MODE:
		return conf_parse_mode(text, item->max, field);
	case SCHEMA_PASSWORD:
		text = get_text(s, item);
		return text && conf_parse_is_clean_utf8(text) &&
		       secret_set(field, span_of_text(text)) == 0;
	case SCHEMA_NT_HASH:
		return conf_parse_hash(text, field);
	case SCHEMA_BOOL:
	case SCHEMA_UINT:
	case SCHEMA_UINT_LIST:
	case SCHEMA_CHOICE:
	case SCHEMA_CHOICES:
	case SCHEMA_CHOICE_LIST:
	case SCHEMA_ADDRESS_LIST:
	case SCHEMA_PREFIX_LIST:
	case SCHEMA_NETWORK_LIST:
	case SCHEMA_WORD_LIST:
	case SCHEMA_DOMAIN_LIST:
	case SCHEMA_HOURS:
	case SCHEMA_PORTS:
	case SCHEMA_GROUPS:
		break;
	}
	return false;
}

// A single port may stand there as a number.
static bool read_ports(const config_setting_t *s, const struct schema_item *item, void *base)
{
	uint16_t *first = field_at(base, item->offset), *last = field_at(base, item->also);

	if (config_setting_type(s) == CONFIG_TYPE_INT) {
		int port = config_setting_get_int(s);
		if (port < 0 || port > UINT16_MAX)
			return false;
		*first = *last = (uint16_t)port;
		return true;
	}
	return config_setting_type(s) == CONFIG_TYPE_STRING &&
	       conf_parse_ports(config_setting_get_string(s), first, last);
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
	case SCHEMA_CHOICE_LIST:
		return read_choice_list(s, item, base, problem);
	case SCHEMA_PREFIX_LIST:
	case SCHEMA_NETWORK_LIST:
		return read_prefix_list(s, item, base, problem);
	case SCHEMA_WORD_LIST:
	case SCHEMA_DOMAIN_LIST:
		return read_word_list(s, item, base, problem);
	case SCHEMA_HOURS:
		return read_hours(s, item, base, problem);
	case SCHEMA_UINT_LIST:
		return read_uint_list(s, item, base, problem);
	case SCHEMA_ADDRESS_LIST:
		return read_address_list(s, item, base, problem);
	case SCHEMA_TEXT:
	case SCHEMA_WORD:
	case SCHEMA_PATH:
	case SCHEMA_DOMAIN:
	case SCHEMA_ADDRESS:
	case SCHEMA_PREFIX:
	case SCHEMA_RANGE:
	case SCHEMA_DEVICE:
	case SCHEMA_MODE:
	case SCHEMA_PASSWORD:
	case SCHEMA_NT_HASH:
	case SCHEMA_NETWORK:
		return read_from_text(s, item, base) || fail(problem, s, item);
	case SCHEMA_PORTS:
		return read_ports(s, item, base) || fail(problem, s, item);
	case SCHEMA_GROUPS:
		break; // load.c
	}
	return fail(problem, s, item);
}

static bool read_and_mark(const config_setting_t *setting, const struct schema_item *item,
	void *base, struct conf_problem *problem)
{
	if (!read_value(setting, item, base, problem))
		return false;
	if (item->has != SCHEMA_NOWHERE)
		*(bool *)field_at(base, item->has) = true;
	return true;
}

bool conf_value_read(const config_setting_t *setting, const struct schema_item *item, void *base,
	struct conf_problem *problem)
{
	if (!read_and_mark(setting, item, base, problem))
		return false;
	if (item->given_bit)
		*(uint32_t *)field_at(base, item->given) |= item->given_bit;
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
	bool taken = read_and_mark(config_lookup(&lib, "v"), item, base, &problem);
	assert(taken);
	config_destroy(&lib);
	(void)parsed;
	(void)taken;
}

void conf_value_read_defaults(const struct schema_group *group, void *element)
{
	for (size_t i = 0; i < group->n_items; i++)
		conf_value_read_default(&group->items[i], element);
}
