// SPDX-License-Identifier: BSD-3-Clause
#include "conf/load.h"

#include "conf/conf_check.h"
#include "conf/conf_derive.h"
#include "conf/conf_numbers.h"
#include "conf/conf_report.h"
#include "conf/conf_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 8 << 20, KEY_BYTES_MAX = 64 };

struct load {
	struct config *c;
	struct conf_report report;
};

// How many letters must be changed, left out or put in to make b of a (Levenshtein).
static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(b);
	size_t row[KEY_BYTES_MAX + 1];
	if (strlen(a) > KEY_BYTES_MAX || n > KEY_BYTES_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

struct suggestion {
	const char *group;
	const char *key;
	size_t distance;
};

static void consider(struct suggestion *s, const char *wrong, const char *group, const char *key,
	size_t handicap)
{
	size_t d = edit_distance(wrong, key);
	if (d == SIZE_MAX || d > 1 + strlen(wrong) / 3 || d + handicap >= s->distance)
		return;
	*s = (struct suggestion){.group = group, .key = key, .distance = d + handicap};
}

static void report_unknown(
	struct load *l, const config_setting_t *s, const struct schema_group *group)
{
	const char *wrong = config_setting_name(s);
	struct suggestion best = {.distance = SIZE_MAX};
	for (size_t i = 0; i < group->n_items; i++)
		consider(&best, wrong, group->name, group->items[i].key, 0);
	for (size_t g = 0; g < schema_n_groups; g++) {
		const struct schema_group *other = &schema_groups[g];
		// A name meant for another place must be spelt right to be thought of.
		for (size_t i = 0; i < other->n_items; i++)
			if (other == group || strcmp(other->items[i].key, wrong) == 0)
				consider(&best, wrong, other->name, other->items[i].key,
					other != group);
		if (other->name[0] && !group->name[0])
			consider(&best, wrong, "", other->name, 0);
	}
	if (best.key) {
		conf_report_setting(&l->report, CONFIG_ERROR, s,
			"unknown key; did you mean %s%s%s?", best.group, best.group[0] ? "." : "",
			best.key);
		return;
	}
	char known[200] = "";
	for (size_t i = 0; i < group->n_items; i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			i ? ", " : "", group->items[i].key);
	conf_report_setting(&l->report, CONFIG_ERROR, s, "unknown key; known here: %s", known);
}

static void load_nested(
	struct load *l, const config_setting_t *list, const struct schema_item *item, void *base);

// By its key, or by the one that it had in older versions.
static const config_setting_t *find_item(
	struct load *l, const config_setting_t *settings, const struct schema_item *item)
{
	const config_setting_t *s = config_setting_get_member(settings, item->key);
	const config_setting_t *old =
		item->old_key ? config_setting_get_member(settings, item->old_key) : NULL;

	if (s && old)
		conf_report_setting(&l->report, CONFIG_ERROR, old,
			"is the old name of %s, which is given too", item->key);
	return s ? s : old;
}

// Read the settings of one group into the struct at `base`, which has the defaults.
static void load_items(struct load *l, const config_setting_t *settings,
	const struct schema_group *group, void *base)
{
	for (size_t i = 0; i < group->n_items; i++) {
		const struct schema_item *item = &group->items[i];
		const config_setting_t *s = find_item(l, settings, item);
		struct conf_problem problem;
		if (!s) {
			if (!item->def)
				conf_report_setting(&l->report, CONFIG_ERROR, settings,
					"%s must be given", item->key);
			continue;
		}
		if (item->type == SCHEMA_GROUPS) {
			load_nested(l, s, item, base);
			continue;
		}
		if (conf_value_read(s, item, base, &problem))
			continue;
		if (item->is_secret)
			conf_report_setting(&l->report, CONFIG_ERROR, s, "%s", problem.why);
		else
			conf_report_value(&l->report, problem.at, problem.why);
	}
	for (int i = 0; i < config_setting_length(settings); i++) {
		const config_setting_t *s = config_setting_get_elem(settings, (unsigned)i);
		const char *name = config_setting_name(s);
		bool is_group = !group->name[0] && schema_find_group(name);
		if (!is_group && !schema_find_item(group, name))
			report_unknown(l, s, group);
	}
}

// Make room for the elements of a list of groups.
//
//   returns  the first of them, all zero, or NULL when memory is short
static void *list_elements(struct config *c, const struct schema_group *group, uint32_t n)
{
	char *list = (char *)c + group->list;
	void *count = (char *)c + group->count;
	// The default tenant is there already, whether the file will name it or not.
	uint32_t n_before = strcmp(group->name, "tenants") == 0;

	if (group->is_allocated) {
		char *grown =
			realloc(*(void **)list, (n_before + n) * (size_t)group->element_bytes);
		if (!grown)
			return NULL;
		*(void **)list = grown;
		list = grown;
	}
	if (group->count_bytes == sizeof(uint16_t))
		*(uint16_t *)count = (uint16_t)(n_before + n);
	else
		*(uint32_t *)count = n_before + n;
	list += n_before * (size_t)group->element_bytes;
	memset(list, 0, n * (size_t)group->element_bytes);
	return list;
}

// How many elements there are that fit.
static uint32_t count_elements(
	struct load *l, const config_setting_t *list, const struct schema_group *group)
{
	uint32_t n = (uint32_t)config_setting_length(list);
	if (!config_setting_is_list(list)) {
		conf_report_setting(&l->report, CONFIG_ERROR, list,
			"must be a list of groups, %s = ( { ... }, { ... } );",
			config_setting_name(list));
		return 0;
	}
	if (n > group->max_count) {
		conf_report_setting(&l->report, CONFIG_ERROR, list,
			"has %u entries, at most %u fit", n, group->max_count);
		n = group->max_count;
	}
	return n;
}

static void load_elements(struct load *l, const config_setting_t *list,
	const struct schema_group *group, char *base, uint32_t n)
{
	// Defaults are read once and copied: there may be thousands of elements.
	conf_value_read_defaults(group, base);
	if (group->items == schema_find_group("log_classes")->items)
		((struct config_log_class *)base)->class = LOG_CLASS_COUNT; // 0 is a class
	for (uint32_t i = 1; i < n; i++)
		memcpy(base + i * (size_t)group->element_bytes, base, group->element_bytes);
	for (uint32_t i = 0; i < n; i++, base += group->element_bytes) {
		const config_setting_t *element = config_setting_get_elem(list, i);
		if (config_setting_is_group(element))
			load_items(l, element, group, base);
		else
			conf_report_setting(&l->report, CONFIG_ERROR, element,
				"must be a group, { key = value; ... }");
	}
}

static void load_list(
	struct load *l, const config_setting_t *list, const struct schema_group *group)
{
	uint32_t n = count_elements(l, list, group);
	if (n == 0)
		return;
	char *base = list_elements(l->c, group, n);
	if (base)
		load_elements(l, list, group, base, n);
	else
		conf_report_setting(&l->report, CONFIG_ERROR, list, "out of memory");
}

static void load_nested(
	struct load *l, const config_setting_t *list, const struct schema_item *item, void *base)
{
	uint32_t n = count_elements(l, list, item->groups);
	*(uint16_t *)((char *)base + item->also) = (uint16_t)n;
	if (n > 0)
		load_elements(l, list, item->groups, (char *)base + item->offset, n);
}

static void load_groups(struct load *l, const config_setting_t *root)
{
	for (size_t g = 0; g < schema_n_groups; g++) {
		const struct schema_group *group = &schema_groups[g];
		const config_setting_t *s =
			group->name[0] ? config_setting_get_member(root, group->name) : root;
		if (!s)
			continue;
		if (group->is_list)
			load_list(l, s, group);
		else if (config_setting_is_group(s))
			load_items(l, s, group, l->c);
		else
			conf_report_setting(&l->report, CONFIG_ERROR, s,
				"must be a group, %s = { key = value; ... };", group->name);
	}
}

// libconfig frees its texts without wiping them, so do it before.
static void wipe_texts(config_setting_t *s)
{
	if (config_setting_type(s) == CONFIG_TYPE_STRING) {
		char *text = (char *)config_setting_get_string(s);
		if (text)
			secret_wipe_bytes(text, strlen(text));
	}
	if (config_setting_is_aggregate(s))
		for (int i = 0; i < config_setting_length(s); i++)
			wipe_texts(config_setting_get_elem(s, (unsigned)i));
}

// dir: where the file lies and what it includes is looked for, or NULL for a text without a file.
static int load(const char *text, const char *name, const char *dir, struct config *c,
	struct config_errors *errors)
{
	struct load l = {.c = c, .report = {.file = name, .dir = dir, .errors = errors}};
	config_t lib;
	config_init(&lib);
	config_reset(c);
	if (dir)
		config_set_include_dir(&lib, dir);
	conf_numbers_check(text, &l.report);
	if (config_read_string(&lib, text) == CONFIG_TRUE) {
		const config_setting_t *root = config_root_setting(&lib);
		struct conf_index index;
		load_groups(&l, root);
		conf_derive_lists(c);
		if (conf_index_make(&index, c) && conf_derive(c, &index))
			conf_check(c, root, &index, &l.report);
		else
			conf_report_file(&l.report, CONFIG_ERROR, name, 0, "out of memory");
		conf_index_free(&index);
	} else {
		char file[CONF_FILE_BYTES];
		conf_report_source(&l.report, config_error_file(&lib), file);
		conf_report_file(&l.report, CONFIG_ERROR, file, (unsigned)config_error_line(&lib),
			"%s", config_error_text(&lib));
	}
	wipe_texts(config_root_setting(&lib));
	config_destroy(&lib);
	conf_report_sort(&l.report);
	return errors->n_errors ? -EINVAL : 0;
}

static void errors_clear(struct config_errors *errors)
{
	errors->n = errors->n_errors = errors->n_warnings = 0;
}

int config_load_text(
	const char *text, const char *name, struct config *c, struct config_errors *errors)
{
	errors_clear(errors);
	return load(text, name, NULL, c, errors);
}

// The whole file with a NUL behind it.
//
//   returns  0 | -errno; -EFBIG when it is no configuration by its size, -EILSEQ by a NUL in it
static int read_file(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = -ENOMEM;
	size_t n = 0;
	char *buffer = malloc(FILE_BYTES_MAX + 1);
	while (buffer) {
		ssize_t got = read(fd, buffer + n, FILE_BYTES_MAX + 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		rc = got < 0 ? -errno : n + (size_t)got > FILE_BYTES_MAX ? -EFBIG : 0;
		if (rc || got == 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	if (rc == 0 && memchr(buffer, '\0', n))
		rc = -EILSEQ;
	if (rc) {
		if (buffer)
			secret_wipe_bytes(buffer, n);
		free(buffer);
		return rc;
	}
	buffer[n] = '\0';
	*text = buffer;
	*len = n;
	return 0;
}

int config_load(const char *path, struct config *c, struct config_errors *errors)
{
	errors_clear(errors);
	char *text = NULL;
	size_t len = 0;
	int rc = read_file(path, &text, &len);
	if (rc) {
		struct conf_report report = {.file = path, .errors = errors};
		conf_report_file(&report, CONFIG_ERROR, path, 0, "%s",
			rc == -EILSEQ ? "is not a text file" : strerror(-rc));
		return rc;
	}
	// dirname() writes to what it is given.
	char dir[PATH_MAX];
	snprintf(dir, sizeof(dir), "%s", path);
	rc = load(text, path, dirname(dir), c, errors);
	secret_wipe_bytes(text, len);
	free(text);
	return rc;
}

void config_errors_print(const struct config_errors *errors, FILE *out)
{
	for (uint32_t i = 0; i < errors->n; i++)
		fprintf(out, "%s: %s\n",
			errors->entries[i].severity == CONFIG_ERROR ? "error" : "warning",
			errors->entries[i].text);
	uint32_t left_out = errors->n_errors + errors->n_warnings - errors->n;
	if (left_out)
		fprintf(out, "and %u more\n", left_out);
}
