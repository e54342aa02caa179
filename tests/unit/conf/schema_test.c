// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema.h"

#include "conf/schema_policy.h"

#include "shim/shim.h"

// What one of each type needs of its line in the table, so that reading may trust it.
static void check_item(const struct schema_item *item, size_t struct_bytes)
{
	EXPECT_GT(strlen(item->help), 0);
	EXPECT_EQ('.', item->help[strlen(item->help) - 1]);
	EXPECT_GT(item->size_bytes, 0);
	EXPECT_LE(item->offset + item->size_bytes, struct_bytes);
	EXPECT_LE(item->min, item->max);
	if (item->has != SCHEMA_NOWHERE)
		EXPECT_LT(item->has, struct_bytes);
	switch (item->type) {
	case SCHEMA_BOOL:
		EXPECT_EQ(sizeof(bool), item->size_bytes);
		break;
	case SCHEMA_UINT:
		EXPECT_TRUE(item->size_bytes == 2 || item->size_bytes == 4);
		EXPECT_LE(item->max, item->size_bytes == 2 ? UINT16_MAX : INT32_MAX);
		break;
	case SCHEMA_TEXT:
	case SCHEMA_WORD:
	case SCHEMA_DEVICE:
	case SCHEMA_PATH:
	case SCHEMA_DOMAIN:
		EXPECT_LT(item->max, item->size_bytes); // and its NUL
		break;
	case SCHEMA_UINT_LIST:
		EXPECT_EQ(item->max_count * sizeof(uint16_t), item->size_bytes);
		EXPECT_LE(item->max, UINT16_MAX);
		break;
	case SCHEMA_ADDRESS_LIST:
		EXPECT_EQ(item->max_count * sizeof(uint32_t), item->size_bytes);
		break;
	case SCHEMA_PREFIX_LIST:
	case SCHEMA_NETWORK_LIST:
		EXPECT_EQ(item->max_count * sizeof(struct config_prefix), item->size_bytes);
		break;
	case SCHEMA_WORD_LIST:
	case SCHEMA_DOMAIN_LIST:
		EXPECT_EQ(item->max_count * (item->max + 1), item->size_bytes);
		break;
	case SCHEMA_HOURS:
		EXPECT_EQ(item->max_count * sizeof(struct config_hours_span), item->size_bytes);
		break;
	case SCHEMA_CHOICE_LIST:
		EXPECT_EQ(item->max_count * sizeof(uint32_t), item->size_bytes);
		EXPECT_EQ(CONFIG_AUTH_METHODS, item->max_count);
		ASSERT_TRUE(item->words != NULL);
		size_t n_words = 0;
		for (const struct schema_word *w = item->words; w->word; w++)
			n_words += !w->instead && !w->refused;
		EXPECT_EQ(item->max_count, n_words); // so that a list without doubles fits
		break;
	case SCHEMA_CHOICE:
		EXPECT_TRUE(item->size_bytes == 1 || item->size_bytes == 4);
		ASSERT_TRUE(item->words != NULL);
		break;
	case SCHEMA_CHOICES:
		EXPECT_EQ(4, item->size_bytes);
		ASSERT_TRUE(item->words != NULL);
		break;
	case SCHEMA_PORTS:
		EXPECT_EQ(2, item->size_bytes);
		EXPECT_LT(item->also, struct_bytes);
		break;
	case SCHEMA_GROUPS:
		ASSERT_TRUE(item->groups != NULL);
		EXPECT_EQ(item->groups->max_count * item->groups->element_bytes, item->size_bytes);
		for (size_t i = 0; i < item->groups->n_items; i++)
			check_item(&item->groups->items[i], item->groups->element_bytes);
		break;
	case SCHEMA_ADDRESS:
	case SCHEMA_NETWORK:
	case SCHEMA_PREFIX:
	case SCHEMA_RANGE:
	case SCHEMA_MODE:
		EXPECT_EQ(4, item->size_bytes);
		break;
	case SCHEMA_PASSWORD:
		EXPECT_EQ(sizeof(struct secret), item->size_bytes);
		EXPECT_LE(item->max, SECRET_BYTES_MAX);
		EXPECT_TRUE(item->is_secret);
		break;
	case SCHEMA_NT_HASH:
		EXPECT_EQ(CONFIG_NT_HASH_BYTES, item->size_bytes);
		EXPECT_TRUE(item->is_secret);
		break;
	}
	bool needs_also = item->type == SCHEMA_UINT_LIST || item->type == SCHEMA_ADDRESS_LIST ||
			  item->type == SCHEMA_CHOICE_LIST || item->type == SCHEMA_PREFIX_LIST ||
			  item->type == SCHEMA_PREFIX || item->type == SCHEMA_RANGE ||
			  item->type == SCHEMA_DEVICE || item->type == SCHEMA_NETWORK ||
			  item->type == SCHEMA_PORTS || item->type == SCHEMA_GROUPS ||
			  item->type == SCHEMA_NETWORK_LIST || item->type == SCHEMA_WORD_LIST ||
			  item->type == SCHEMA_DOMAIN_LIST || item->type == SCHEMA_HOURS;
	EXPECT_EQ(needs_also, item->also != SCHEMA_NOWHERE);
	if (needs_also)
		EXPECT_LT(item->also, struct_bytes);
	if (item->given_bit)
		EXPECT_LT(item->given, struct_bytes);
}

TEST(schema, table_is_sound)
{
	for (size_t g = 0; g < schema_n_groups; g++) {
		const struct schema_group *group = &schema_groups[g];
		EXPECT_TRUE(schema_find_group(group->name) == group);
		EXPECT_GT(strlen(group->help), 0);
		EXPECT_GT(group->n_items, 0);
		EXPECT_NE(SCHEMA_AS_GROUP, group->takes);
		if (group->is_list) {
			EXPECT_TRUE(group->count_bytes == 2 || group->count_bytes == 4);
			EXPECT_LT(group->list, sizeof(struct config));
			EXPECT_LT(group->count, sizeof(struct config));
		}
		size_t struct_bytes = group->is_list ? group->element_bytes : sizeof(struct config);
		for (size_t i = 0; i < group->n_items; i++) {
			SHIM_TRACE_CASE((long long)(g * 100 + i));
			check_item(&group->items[i], struct_bytes);
			EXPECT_TRUE(
				schema_find_item(group, group->items[i].key) == &group->items[i]);
			// Two lines that write one field would be a slip of the pen.
			for (size_t k = 0; k < i; k++)
				EXPECT_NE(group->items[k].offset, group->items[i].offset);
		}
	}
	EXPECT_NULL(schema_find_group("nonsense"));
	EXPECT_NULL(schema_find_item(schema_find_group("ppp"), "nonsense"));
}

TEST(schema, describe)
{
	static const struct {
		const char *group, *key, *wanted;
	} cases[] = {
		{"memory", "hugepages", "true or false"},
		{"pptp", "ack_delay_ms", "0 or 50..5000"},
		{"pptp", "receive_window", "1..64"},
		{"log", "level", "\"error\", \"warning\", \"notice\", \"info\" or \"debug\""},
		{"auth", "methods",
			"an ordered list [ ] of \"mschapv2\", \"mschapv1\", \"chap\" or \"pap\""},
		{"encryption", "sha1", "\"auto\", \"avx512\", \"shani\", \"c\" or \"imb\""},
		{"encryption", "driver", "\"sw\", \"imb\" or \"ism\""},
		{"pools", "name", "a text of 1..31 letters, digits, '.', '_' and '-'"},
		{"encryption", "mode", "\"deny\", \"allow\", \"prefer\" or \"require\""},
		{"auth", "lockout_user_failures", "0 or 2..1000"},
		{"control", "mode", "permissions in octal, as \"0660\""},
		{"users", "nt_hash", "32 hex digits"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		char what[256];
		schema_describe(schema_find_item(schema_find_group(cases[i].group), cases[i].key),
			what, sizeof(what));
		EXPECT_STREQ(cases[i].wanted, what);
	}
}

// Every description fits where the messages put it.
TEST(schema, descriptions_fit)
{
	for (size_t g = 0; g < schema_n_groups; g++)
		for (size_t i = 0; i < schema_groups[g].n_items; i++) {
			char what[512];
			schema_describe(&schema_groups[g].items[i], what, sizeof(what));
			EXPECT_GT(strlen(what), 0);
			EXPECT_LT(strlen(what), 180);
		}
}

// Each key of a policy is one of groups and one of users, with the same type and range.
TEST(schema, groups_and_users_say_the_same)
{
	const struct schema_group *groups = schema_find_group("groups");
	const struct schema_group *users = schema_find_group("users");

	for (uint32_t key = 0; key < CONFIG_POLICY_KEYS; key++) {
		const struct schema_item *found[2] = {0};
		SHIM_TRACE_CASE(key);
		for (size_t i = 0; i < groups->n_items; i++)
			if (groups->items[i].given_bit == 1u << key)
				found[0] = &groups->items[i];
		for (size_t i = 0; i < users->n_items; i++)
			if (users->items[i].given_bit == 1u << key)
				found[1] = &users->items[i];
		ASSERT_TRUE(found[0] && found[1]);
		EXPECT_STREQ(found[0]->key, schema_policy_key(key));
		EXPECT_STREQ(key == CONFIG_POLICY_ROUTES ? "split_routes" : found[0]->key,
			found[1]->key);
		EXPECT_EQ(found[0]->type, found[1]->type);
		EXPECT_EQ(found[0]->max, found[1]->max);
		EXPECT_EQ(found[0]->offset - offsetof(struct config_group, policy),
			found[1]->offset - offsetof(struct config_user, policy));
	}
	EXPECT_STREQ("", schema_policy_key(CONFIG_POLICY_KEYS));
}
