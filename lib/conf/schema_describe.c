// SPDX-License-Identifier: BSD-3-Clause
// What an item takes, in words.
#include "conf/schema.h"

#include <stdio.h>

static void put(char *out, size_t cap, const char *text)
{
	size_t len = strlen(out);
	snprintf(out + len, cap - len, "%s", text);
}

// "\"a\", \"b\" or \"c\"", without the words that are known and not taken.
static void put_words(const struct schema_word *words, char *out, size_t cap)
{
	size_t n = 0;
	for (const struct schema_word *w = words; w->word; w++)
		n += !w->instead && !w->refused;
	size_t at = 0;
	for (const struct schema_word *w = words; w->word; w++) {
		if (w->instead || w->refused)
			continue;
		at++;
		put(out, cap, at == 1 ? "\"" : at == n ? " or \"" : ", \"");
		put(out, cap, w->word);
		put(out, cap, "\"");
	}
}

// Of a type whose values are lists.
//
//   returns  false: it is not one
static bool describe_list(const struct schema_item *item, char *out, size_t cap)
{
	switch (item->type) {
	case SCHEMA_UINT_LIST:
		snprintf(out, cap, "a list [ ] of %u..%u numbers from %u to %u",
			item->is_zero_allowed ? 0 : 1, item->max_count, item->min, item->max);
		break;
	case SCHEMA_CHOICE_LIST:
		put(out, cap, "an ordered list [ ] of ");
		put_words(item->words, out, cap);
		break;
	case SCHEMA_ADDRESS_LIST:
		snprintf(out, cap, "a list [ ] of at most %u unicast IPv4 addresses",
			item->max_count);
		break;
	case SCHEMA_PREFIX_LIST:
		snprintf(out, cap,
			"a list [ ] of at most %u networks as \"10.0.0.0/8\", with no bit set "
			"behind "
			"the prefix",
			item->max_count);
		break;
	case SCHEMA_NETWORK_LIST:
		snprintf(out, cap,
			"a list [ ] of 1..%u IPv4 addresses or networks as \"10.20.0.0/16\", with "
			"no bit set "
			"behind the prefix",
			item->max_count);
		break;
	case SCHEMA_WORD_LIST:
		snprintf(out, cap,
			"a list [ ] of %u..%u texts of %u..%u letters, digits, '.', '_' and '-'",
			item->is_zero_allowed ? 0 : 1, item->max_count, item->min, item->max);
		break;
	case SCHEMA_DOMAIN_LIST:
		snprintf(out, cap,
			"a list [ ] of at most %u DNS names without a dot at their end, of at most "
			"%u bytes",
			item->max_count, item->max);
		break;
	case SCHEMA_HOURS:
		snprintf(out, cap,
			"a list [ ] of 1..%u texts as \"mon-fri 08:00-18:00\", \"sat,sun "
			"22:00-02:00\" or "
			"\"daily 06:00-24:00\"",
			item->max_count);
		break;
	default:
		return false;
	}
	return true;
}

void schema_describe(const struct schema_item *item, char *out, size_t cap)
{
	out[0] = '\0';
	if (describe_list(item, out, cap))
		return;
	switch (item->type) {
	case SCHEMA_BOOL:
		put(out, cap, "true or false");
		break;
	case SCHEMA_UINT:
		snprintf(out, cap, "%s%u..%u", item->is_zero_allowed ? "0 or " : "", item->min,
			item->max);
		break;
	case SCHEMA_TEXT:
	case SCHEMA_PASSWORD:
		snprintf(out, cap, "a text of %u..%u bytes of UTF-8 without control characters",
			item->min, item->max);
		break;
	case SCHEMA_WORD:
		if (item->words) {
			put_words(item->words, out, cap);
			break;
		}
		snprintf(out, cap, "a text of %u..%u letters, digits, '.', '_' and '-'", item->min,
			item->max);
		break;
	case SCHEMA_CHOICE:
		put_words(item->words, out, cap);
		break;
	case SCHEMA_CHOICES:
		put(out, cap, "a list [ ] of ");
		put_words(item->words, out, cap);
		break;
	case SCHEMA_ADDRESS:
		put(out, cap, "a unicast IPv4 address");
		break;
	case SCHEMA_PREFIX:
		put(out, cap,
			"the address of a host and its prefix length 8..32, as \"198.18.0.1/24\"");
		break;
	case SCHEMA_RANGE:
		snprintf(out, cap,
			"first and last of at most %u IPv4 addresses, as "
			"\"10.30.0.10-10.30.0.250\"",
			LIMIT_POOL_ADDRESSES);
		break;
	case SCHEMA_DEVICE:
		put(out, cap,
			"\"pci:\" and a PCI address, \"vdev:net_\" and the rest of a DPDK device, "
			"or "
			"\"interface:\" and the name of one");
		break;
	case SCHEMA_MODE:
		put(out, cap, "permissions in octal, as \"0660\"");
		break;
	case SCHEMA_PATH:
		snprintf(out, cap, "%san absolute path of at most %u bytes",
			item->min ? "" : "empty or ", item->max);
		break;
	case SCHEMA_DOMAIN:
		snprintf(out, cap, "%sa DNS name without a dot at its end",
			item->min ? "" : "empty or ");
		break;
	case SCHEMA_NETWORK:
		put(out, cap,
			"\"any\", an IPv4 address, or a network as \"10.20.0.0/16\", with no bit "
			"set behind the prefix");
		break;
	case SCHEMA_PORTS:
		put(out, cap, "a port, or a range as \"80-443\"");
		break;
	case SCHEMA_GROUPS:
		snprintf(out, cap, "a list of at most %u groups ( { ... }, { ... } )",
			item->groups->max_count);
		break;
	case SCHEMA_UINT_LIST:
	case SCHEMA_CHOICE_LIST:
	case SCHEMA_ADDRESS_LIST:
	case SCHEMA_PREFIX_LIST:
	case SCHEMA_NETWORK_LIST:
	case SCHEMA_WORD_LIST:
	case SCHEMA_DOMAIN_LIST:
	case SCHEMA_HOURS:
		break; // describe_list()
	case SCHEMA_NT_HASH:
		put(out, cap, "32 hex digits");
		break;
	}
}
