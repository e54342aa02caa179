// SPDX-License-Identifier: BSD-3-Clause
// The files of config/: they load, they say what the schema says, and no damage to them crashes.
#include "conf/schema.h"
#include "load_test.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdlib.h>

// libconfig 1.5 loses a string that the file ends in; adit stops on such a file.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex";
}

static char *read_whole(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;
	char *text = calloc(1, 1 << 16);
	size_t n = fread(text, 1, (1 << 16) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

TEST(config_files, default_loads)
{
	struct config *c = config_new();
	struct config_errors errors;
	EXPECT_EQ(0, config_load(CONFIG_DIR "/adit.cfg", c, &errors));
	EXPECT_EQ(0, errors.n_errors);
	// Nobody can log in until the operator says who.
	EXPECT_EQ(0, c->n_users);
	EXPECT_STRCONTAINS(load_test_report(&errors), "nobody can log in");
	EXPECT_EQ(1, errors.n_warnings);
	config_free(c);
}

// The commented default names every key, and where it states a default it is the default.
TEST(config_files, default_has_every_key_at_its_default)
{
	struct config *c = config_new();
	struct config *defaults = config_new();
	struct config_errors errors;
	char *text = read_whole(CONFIG_DIR "/adit.cfg");
	ASSERT_TRUE(text != NULL);
	ASSERT_EQ(0, config_load(CONFIG_DIR "/adit.cfg", c, &errors));
	for (size_t g = 0; g < schema_n_groups; g++) {
		const struct schema_group *group = &schema_groups[g];
		// From the name of the group on; keys of the top stand before all groups.
		char head[64];
		snprintf(head, sizeof(head), "\n%s = %c", group->name, group->is_list ? '(' : '{');
		char *from = group->name[0] ? strstr(text, head) : text;
		EXPECT_TRUE(from != NULL);
		char *to = from ? strstr(from, group->is_list ? "\n);" : "\n};") : NULL;
		for (size_t i = 0; i < group->n_items && to; i++) {
			SHIM_TRACE_CASE((long long)(g * 100 + i));
			const struct schema_item *item = &group->items[i];
			char key[64];
			snprintf(key, sizeof(key), "%s%s = ", group->name[0] ? " " : "\n",
				item->key);
			char *at = strstr(from, key);
			EXPECT_TRUE(at != NULL && at < to);
			if (!at)
				FAIL(item->key);
			bool is_derived = !strcmp(item->key, "addresses");
			if (!group->is_list && !is_derived)
				EXPECT_MEMEQ((char *)defaults + item->offset,
					(char *)c + item->offset, item->size_bytes);
		}
	}
	free(text);
	config_free(c);
	config_free(defaults);
}

TEST(config_files, lab_loads)
{
	struct config *c = config_new();
	struct config_errors errors;
	ASSERT_EQ(0, config_load(CONFIG_DIR "/lab.cfg", c, &errors));
	EXPECT_FALSE(c->hugepages);
	EXPECT_EQ(1, c->n_workers);
	EXPECT_EQ(50, c->idle_sleep_us);
	ASSERT_EQ(2, c->n_ports);
	EXPECT_STREQ("out0", c->ports[0].device);
	EXPECT_STREQ("adit-out", c->ports[0].tap);
	EXPECT_EQ(CONFIG_PORT_INSIDE, c->ports[1].role);
	EXPECT_EQ(htonl(0xc6120001), c->listen_be[0]);
	EXPECT_EQ(241, c->pools[0].last - c->pools[0].first + 1);
	EXPECT_EQ(htonl(0x0a140002), c->pools[0].dns_be[0]);
	EXPECT_EQ(10, c->n_users);
	const struct config_user *user = config_find_user(c, 0, span_of_text("u9"));
	ASSERT_TRUE(user != NULL);
	EXPECT_MEMEQ("p9", user->password.bytes, 2);
	EXPECT_EQ(2, user->password.len);
	config_free(c);
}

TEST(config_files, ism_loads)
{
	struct config *c = config_new();
	struct config_errors errors;
	ASSERT_EQ(0, config_load(CONFIG_DIR "/ism.cfg", c, &errors));
	EXPECT_STREQ("ism", c->crypto_driver);
	EXPECT_STREQ("sw", c->engine_driver);
	EXPECT_EQ(512, c->engine_queue);
	ASSERT_EQ(2, c->n_engines);
	EXPECT_EQ(0, c->engine_cpus[0]);
	EXPECT_EQ(1, c->engine_cpus[1]);
	EXPECT_EQ(2, c->n_users);
	config_free(c);
}

// xorshift: the same damage in every run.
static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void damage(char *text, size_t cap, uint32_t *state)
{
	static const char *const words[] = {"(", ")", "{", "}", "[", "]", ";", ",", "=", "\"", "\\",
		"#", "/*", "*/", "//", "true", "-1", "0", "99999999999", "0x7fffffffffffffffL",
		"1.5e99", "\xff", "\xe2\x82", "users = ();", "ports", "[1,2,3]", "( ( ( (",
		"{ a = { b = 1; }; }", "\"pci:0000:01:00.0\"", "\n", "@include \"\"\n",
		"3000000000"};
	size_t len = strlen(text);
	size_t at = len ? random_next(state) % len : 0;
	const char *word = words[random_next(state) % (sizeof(words) / sizeof(words[0]))];
	size_t n = strlen(word);
	switch (random_next(state) % 5) {
	case 0: // a bit
		if (len) {
			text[at] ^= (char)(1 << random_next(state) % 8);
			if (text[at] == '\0')
				text[at] = ' ';
		}
		break;
	case 1: // put in
		if (len + n < cap) {
			memmove(text + at + n, text + at, len - at + 1);
			memcpy(text + at, word, n);
		}
		break;
	case 2: // put over
		if (at + n < len)
			memcpy(text + at, word, n);
		break;
	case 3: { // take out
		size_t cut = random_next(state) % 40;
		if (cut > len - at)
			cut = len - at;
		memmove(text + at, text + at + cut, len - at - cut + 1);
		break;
	}
	case 4: { // repeat a piece
		size_t piece = random_next(state) % 60;
		if (piece > len - at)
			piece = len - at;
		if (len + piece < cap)
			memmove(text + at + piece, text + at, len - at + 1);
		break;
	}
	}
}

TEST(config_files, damaged_files_are_refused_or_sound)
{
	static const char *const paths[] = {
		CONFIG_DIR "/adit.cfg", CONFIG_DIR "/lab.cfg", CONFIG_DIR "/ism.cfg"};
	enum { ROUNDS = 1500, CAP = 1 << 16 };
	struct config *c = config_new();
	static struct config_errors errors;
	uint32_t state = 0x1723;
	char *copy = malloc(CAP);
	size_t n_good = 0;
	size_t n_bad = 0;
	for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++) {
		char *text = read_whole(paths[p]);
		ASSERT_TRUE(text != NULL);
		for (int i = 0; i < ROUNDS; i++) {
			SHIM_TRACE_CASE(i);
			strcpy(copy, text);
			for (uint32_t k = random_next(&state) % 4 + 1; k > 0; k--)
				damage(copy, CAP, &state);
			int rc = config_load_text(copy, "damaged.cfg", c, &errors);
			ASSERT_EQ(errors.n_errors > 0, rc != 0);
			n_good += rc == 0;
			n_bad += rc != 0;
			for (uint32_t k = 0; k < errors.n; k++)
				ASSERT_EQ(0, strncmp(errors.entries[k].text, "damaged.cfg:", 12));
			if (rc)
				continue;
			// What was taken keeps its promises.
			ASSERT_TRUE(c->n_ports >= 1 && c->n_ports <= LIMIT_PORTS);
			ASSERT_TRUE(c->n_pools >= 1 && c->n_pools <= LIMIT_POOLS);
			ASSERT_TRUE(c->n_listen >= 1 && c->n_listen <= LIMIT_LISTEN_ADDRESSES);
			ASSERT_TRUE(c->n_workers >= 1 && c->n_workers <= LIMIT_WORKERS);
			ASSERT_TRUE((c->n_engines > 0) == (strcmp(c->crypto_driver, "ism") == 0));
			ASSERT_TRUE(c->n_groups >= 1 && c->n_groups <= LIMIT_GROUPS);
			ASSERT_STREQ("base", c->groups[c->base_group].name);
			ASSERT_TRUE(
				c->n_auth_methods >= 1 && c->n_auth_methods <= CONFIG_AUTH_METHODS);
			for (uint32_t u = 0; u < c->n_users; u++) {
				ASSERT_TRUE(c->users[u].has_password != c->users[u].has_nt_hash);
				ASSERT_TRUE(c->users[u].group_index < c->n_groups);
			}
		}
		free(text);
	}
	// Both ends of the road were walked.
	EXPECT_GT(n_good, 50);
	EXPECT_GT(n_bad, 500);
	free(copy);
	config_free(c);
}
