// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
	char *out;
	size_t cap, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->out + t->len, t->cap - t->len, format, args);
	va_end(args);
	t->len += n > 0 ? (size_t)n : 0;
	if (t->len < t->cap)
		return;
	t->len = t->cap - 1;
	memcpy(t->out + t->cap - 4, "...", 4);
}

static const void *at(const void *base, uint32_t offset)
{
	return (const char *)base + offset;
}

static uint32_t read_uint(const void *field, size_t n_bytes)
{
	if (n_bytes == sizeof(uint8_t))
		return *(const uint8_t *)field;
	return n_bytes == sizeof(uint16_t) ? *(const uint16_t *)field : *(const uint32_t *)field;
}

static uint32_t count_of(const struct schema_item *item, const void *base)
{
	return *(const uint16_t *)at(base, item->also);
}

static void put_word(struct text *t, const struct schema_word *words, uint32_t value)
{
	for (const struct schema_word *w = words; w->word; w++)
		if (w->value == value && !w->instead && !w->refused) {
			put(t, "\"%s\"", w->word);
			return;
		}
	put(t, "?");
}

static void put_choices(struct text *t, const struct schema_word *words, uint32_t mask)
{
	const char *before = "[";

	for (const struct schema_word *w = words; w->word; w++) {
		if (!(mask & w->value) || w->instead || w->refused)
			continue;
		put(t, "%s\"%s\"", before, w->word);
		before = ", ";
	}
	put(t, "%s]", mask ? "" : "[");
}

static void put_address(struct text *t, uint32_t address_be, const char *behind)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &address_be, text, sizeof(text));
	put(t, "%s%s", text, behind);
}

static void put_prefix(struct text *t, uint32_t address_be, uint8_t len)
{
	put_address(t, address_be, "");
	put(t, "/%u", len);
}

static void put_element(
	struct text *t, const struct schema_item *item, const void *base, uint32_t i)
{
	static const char days[][4] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
	const void *field = at(base, item->offset);
	const struct config_prefix *prefixes = field;
	const struct config_hours_span *spans = field;

	switch (item->type) {
	case SCHEMA_UINT_LIST:
		put(t, "%u", ((const uint16_t *)field)[i]);
		return;
	case SCHEMA_CHOICE_LIST:
		put_word(t, item->words, ((const uint32_t *)field)[i]);
		return;
	case SCHEMA_ADDRESS_LIST:
		put_address(t, ((const uint32_t *)field)[i], "");
		return;
	case SCHEMA_WORD_LIST:
	case SCHEMA_DOMAIN_LIST:
		put(t, "\"%s\"", (const char *)field + i * ((size_t)item->max + 1));
		return;
	case SCHEMA_HOURS:
		for (int d = 0; d < 7; d++)
			if (spans[i].days & 1 << d)
				put(t, "%s ", days[d]);
		put(t, "%02u:%02u-%02u:%02u", spans[i].from_min / 60, spans[i].from_min % 60,
			spans[i].to_min / 60, spans[i].to_min % 60);
		return;
	default:
		put_prefix(t, prefixes[i].address_be, prefixes[i].prefix_len);
		return;
	}
}

static void put_list(struct text *t, const struct schema_item *item, const void *base)
{
	uint32_t n = count_of(item, base);

	put(t, "[");
	for (uint32_t i = 0; i < n && t->len + 1 < t->cap; i++) {
		put(t, "%s", i ? ", " : "");
		put_element(t, item, base, i);
	}
	put(t, "]");
}

static void put_value(struct text *t, const struct schema_item *item, const void *base)
{
	const void *field = at(base, item->offset);

	switch (item->type) {
	case SCHEMA_BOOL:
		put(t, "%s", *(const bool *)field ? "true" : "false");
		return;
	case SCHEMA_UINT:
		put(t, "%u", read_uint(field, item->size_bytes));
		return;
	case SCHEMA_CHOICE:
		put_word(t, item->words, read_uint(field, item->size_bytes));
		return;
	case SCHEMA_CHOICES:
		put_choices(t, item->words, read_uint(field, item->size_bytes));
		return;
	case SCHEMA_TEXT:
	case SCHEMA_WORD:
	case SCHEMA_PATH:
	case SCHEMA_DOMAIN:
	case SCHEMA_DEVICE:
		put(t, "\"%s\"", (const char *)field);
		return;
	case SCHEMA_ADDRESS:
		if (*(const uint32_t *)field)
			put_address(t, *(const uint32_t *)field, "");
		else
			put(t, "(none)");
		return;
	case SCHEMA_PREFIX:
	case SCHEMA_NETWORK:
		put_prefix(t, *(const uint32_t *)field, *(const uint8_t *)at(base, item->also));
		return;
	case SCHEMA_PORTS:
		put(t, "%u-%u", *(const uint16_t *)field, *(const uint16_t *)at(base, item->also));
		return;
	case SCHEMA_RANGE:
		put_address(t, htonl(*(const uint32_t *)field), "-");
		put_address(t, htonl(*(const uint32_t *)at(base, item->also)), "");
		return;
	case SCHEMA_MODE:
		put(t, "\"%04o\"", *(const uint32_t *)field);
		return;
	case SCHEMA_PASSWORD:
	case SCHEMA_NT_HASH:
		put(t, "(secret)");
		return;
	case SCHEMA_GROUPS:
		put(t, "%u entries", count_of(item, base));
		return;
	case SCHEMA_UINT_LIST:
	case SCHEMA_CHOICE_LIST:
	case SCHEMA_ADDRESS_LIST:
	case SCHEMA_PREFIX_LIST:
	case SCHEMA_NETWORK_LIST:
	case SCHEMA_WORD_LIST:
	case SCHEMA_DOMAIN_LIST:
	case SCHEMA_HOURS:
		put_list(t, item, base);
		return;
	}
}

// Left out, where that says something of its own.
static bool is_none(const struct schema_item *item, const void *base)
{
	if (item->has != SCHEMA_NOWHERE)
		return !*(const bool *)at(base, item->has);
	return item->given_bit && !(*(const uint32_t *)at(base, item->given) & item->given_bit);
}

void conf_text(const struct schema_item *item, const void *base, char *out, size_t cap)
{
	struct text t = {.out = out, .cap = cap};

	out[0] = '\0';
	if (is_none(item, base))
		put(&t, "(none)");
	else
		put_value(&t, item, base);
}

// ---- the same? -----------------------------------------------------------------------------------

static size_t element_bytes(const struct schema_item *item)
{
	return item->size_bytes / item->max_count;
}

static bool same_groups(const struct schema_item *item, const void *a, const void *b)
{
	const struct schema_group *group = item->groups;

	for (uint32_t i = 0; i < count_of(item, a); i++) {
		size_t offset = item->offset + i * (size_t)group->element_bytes;
		for (size_t k = 0; k < group->n_items; k++)
			if (!conf_text_same(&group->items[k], (const char *)a + offset,
				    (const char *)b + offset))
				return false;
	}
	return true;
}

static bool same_fields(
	const struct schema_item *item, const void *a, const void *b, size_t n_bytes)
{
	return memcmp(at(a, item->offset), at(b, item->offset), n_bytes) == 0;
}

// Networks field by field: there is padding in them.
static bool same_prefixes(const struct schema_item *item, const void *a, const void *b)
{
	const struct config_prefix *x = at(a, item->offset), *y = at(b, item->offset);

	for (uint32_t i = 0; i < count_of(item, a); i++)
		if (x[i].address_be != y[i].address_be || x[i].prefix_len != y[i].prefix_len)
			return false;
	return true;
}

static bool same_hours(const struct schema_item *item, const void *a, const void *b)
{
	const struct config_hours_span *x = at(a, item->offset), *y = at(b, item->offset);

	for (uint32_t i = 0; i < count_of(item, a); i++)
		if (x[i].days != y[i].days || x[i].from_min != y[i].from_min ||
			x[i].to_min != y[i].to_min)
			return false;
	return true;
}

static bool same_secret(const struct schema_item *item, const void *a, const void *b)
{
	const struct secret *x = at(a, item->offset), *y = at(b, item->offset);

	return x->len == y->len && secret_equal_bytes(x->bytes, y->bytes, x->len);
}

static bool same_also(const struct schema_item *item, const void *a, const void *b)
{
	switch (item->type) {
	case SCHEMA_PREFIX:
	case SCHEMA_NETWORK:
		return *(const uint8_t *)at(a, item->also) == *(const uint8_t *)at(b, item->also);
	case SCHEMA_RANGE:
	case SCHEMA_DEVICE: // an enum, of the size of an int
		return *(const uint32_t *)at(a, item->also) == *(const uint32_t *)at(b, item->also);
	default:
		return item->also == SCHEMA_NOWHERE || count_of(item, a) == count_of(item, b);
	}
}

bool conf_text_same(const struct schema_item *item, const void *a, const void *b)
{
	if (is_none(item, a) || is_none(item, b))
		return is_none(item, a) && is_none(item, b);
	if (!same_also(item, a, b))
		return false;
	switch (item->type) {
	case SCHEMA_GROUPS:
		return same_groups(item, a, b);
	case SCHEMA_PREFIX_LIST:
	case SCHEMA_NETWORK_LIST:
		return same_prefixes(item, a, b);
	case SCHEMA_HOURS:
		return same_hours(item, a, b);
	case SCHEMA_PASSWORD:
		return same_secret(item, a, b);
	case SCHEMA_NT_HASH:
		return secret_equal_bytes(
			at(a, item->offset), at(b, item->offset), CONFIG_NT_HASH_BYTES);
	case SCHEMA_UINT_LIST:
	case SCHEMA_CHOICE_LIST:
	case SCHEMA_ADDRESS_LIST:
	case SCHEMA_WORD_LIST:
	case SCHEMA_DOMAIN_LIST:
		return same_fields(item, a, b, count_of(item, a) * element_bytes(item));
	default:
		return same_fields(item, a, b, item->size_bytes);
	}
}
