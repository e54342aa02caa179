// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_diff.h"

#include "conf/conf_names.h"
#include "conf/conf_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { LABEL_BYTES = LIMIT_USER_NAME_BYTES + CONFIG_TENANT_NAME_BYTES + 2 };

static const char absent[] = "-";

const char *conf_diff_takes_name(enum schema_takes takes)
{
	switch (takes) {
	case SCHEMA_TAKES_NOW:
		return "at once";
	case SCHEMA_TAKES_CALLS:
		return "new calls";
	case SCHEMA_AS_GROUP:
	case SCHEMA_TAKES_RESTART:
		break;
	}
	return "restart";
}

// Returns the new entry, with its key, or NULL when memory is short.
static struct conf_change *add(struct conf_diff *d, enum schema_takes takes, const char *group,
	const char *label, const char *key)
{
	if (d->n == d->n_room) {
		uint32_t n_room = d->n_room ? 2 * d->n_room : 16;
		struct conf_change *grown = realloc(d->changes, n_room * sizeof(*grown));
		if (!grown)
			return NULL;
		d->changes = grown;
		d->n_room = n_room;
	}
	struct conf_change *change = &d->changes[d->n++];
	*change = (struct conf_change){.takes = takes};
	snprintf(change->key, sizeof(change->key), "%s%s%s%s%s", group,
		group[0] && label[0] ? "." : "", label, key[0] && (group[0] || label[0]) ? "." : "",
		key);
	d->n_restart += takes == SCHEMA_TAKES_RESTART;
	return change;
}

// ---- items ---------------------------------------------------------------------------------------

static int compare_items(struct conf_diff *d, const struct schema_group *group, const char *label,
	const void *old, const void *fresh)
{
	for (size_t i = 0; i < group->n_items; i++) {
		const struct schema_item *item = &group->items[i];
		if (conf_text_same(item, old, fresh))
			continue;
		enum schema_takes takes =
			item->takes == SCHEMA_AS_GROUP ? group->takes : item->takes;
		struct conf_change *change = add(d, takes, group->name, label, item->key);
		if (!change)
			return -ENOMEM;
		conf_text(item, old, change->old_value, sizeof(change->old_value));
		conf_text(item, fresh, change->new_value, sizeof(change->new_value));
		if (item->type == SCHEMA_GROUPS &&
			strcmp(change->old_value, change->new_value) == 0)
			snprintf(change->new_value, sizeof(change->new_value), "changed");
		if (item->is_secret)
			snprintf(change->new_value, sizeof(change->new_value), "changed");
	}
	return 0;
}

// ---- lists ---------------------------------------------------------------------------------------

struct list {
	const struct schema_group *group;
	const char *elements;
	uint32_t n;
	char (*labels)[LABEL_BYTES]; // labels[n]; "": a place that is empty
	struct conf_names names;
};

static const char *element(const struct list *l, uint32_t i)
{
	return l->elements + i * (size_t)l->group->element_bytes;
}

// What an element is called: its name, or where it has none what tells it from the others.
static void label(const struct schema_group *group, const char *base, char out[LABEL_BYTES])
{
	const struct schema_item *name = schema_find_item(group, "name");
	const struct config_user *user = (const void *)base;
	const struct config_coa *coa = (const void *)base;

	out[0] = '\0';
	if (strcmp(group->name, "users") == 0)
		snprintf(out, LABEL_BYTES, "%s%s%s", user->name, user->tenant[0] ? "@" : "",
			user->tenant);
	else if (strcmp(group->name, "coa") == 0 && coa->port)
		snprintf(
			out, LABEL_BYTES, "%08x:%u", __builtin_bswap32(coa->address_be), coa->port);
	else if (name)
		snprintf(out, LABEL_BYTES, "%s", base + name->offset);
	else
		conf_text(&group->items[0], base, out, LABEL_BYTES);
}

static int list_open(struct list *l, const struct schema_group *group, const struct config *c)
{
	const char *at = (const char *)c + group->list, *count = (const char *)c + group->count;

	*l = (struct list){.group = group};
	l->elements = group->is_allocated ? *(const char *const *)at : at;
	l->n = group->count_bytes == 2 ? *(const uint16_t *)count : *(const uint32_t *)count;
	l->labels = calloc(l->n + 1, sizeof(l->labels[0]));
	if (!l->labels)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->n; i++)
		label(group, element(l, i), l->labels[i]);
	return conf_names_make(&l->names, l->labels[0], LABEL_BYTES, l->n) ? 0 : -ENOMEM;
}

static void list_close(struct list *l)
{
	conf_names_free(&l->names);
	free(l->labels);
}

// Elements of `of` that `other` does not have.
static int tell_alone(
	struct conf_diff *d, const struct list *of, const struct list *other, bool is_new)
{
	for (uint32_t i = 0; i < of->n; i++) {
		if (!of->labels[i][0] || conf_names_find(&other->names, of->labels[i]) >= 0)
			continue;
		struct conf_change *change =
			add(d, of->group->takes, of->group->name, of->labels[i], "");
		if (!change)
			return -ENOMEM;
		snprintf(change->old_value, sizeof(change->old_value), "%s",
			is_new ? absent : "there");
		snprintf(change->new_value, sizeof(change->new_value), "%s",
			is_new ? "new" : absent);
	}
	return 0;
}

static int compare_elements(struct conf_diff *d, const struct list *old, const struct list *fresh)
{
	int rc = tell_alone(d, old, fresh, false);

	for (uint32_t i = 0; i < fresh->n && rc == 0; i++) {
		int before = conf_names_find(&old->names, fresh->labels[i]);
		if (before >= 0)
			rc = compare_items(d, fresh->group, fresh->labels[i],
				element(old, (uint32_t)before), element(fresh, i));
	}
	return rc ? rc : tell_alone(d, fresh, old, true);
}

static int compare_lists(struct conf_diff *d, const struct schema_group *group,
	const struct config *old, const struct config *fresh)
{
	struct list from = {0}, to = {0};
	int rc = list_open(&from, group, old);

	if (rc == 0)
		rc = list_open(&to, group, fresh);
	if (rc == 0)
		rc = compare_elements(d, &from, &to);
	list_close(&from);
	list_close(&to);
	return rc;
}

static int tell_room(struct conf_diff *d, const char *what)
{
	struct conf_change *change = add(d, SCHEMA_TAKES_RESTART, what, "", "");

	if (!change)
		return -ENOMEM;
	snprintf(change->old_value, sizeof(change->old_value), "%s", absent);
	snprintf(change->new_value, sizeof(change->new_value), "new");
	return 0;
}

// What sessions have room for from the start, or never.
static int compare_room(struct conf_diff *d, const struct config *old, const struct config *fresh)
{
	int rc = 0;

	if (!config_has_policy(old) && config_has_policy(fresh))
		rc = tell_room(d, "the first rate, access list, idle time or RADIUS server of all");
	if (rc == 0 && !config_may_be_stateful(old) && config_may_be_stateful(fresh))
		rc = tell_room(d, "the first stateless_required = false of all");
	if (rc == 0 && !config_has_tenant_rates(old) && config_has_tenant_rates(fresh))
		rc = tell_room(d, "the first rate of a tenant");
	return rc;
}

int conf_diff(const struct config *old, const struct config *fresh, struct conf_diff *out)
{
	int rc = 0;

	*out = (struct conf_diff){0};
	for (size_t g = 0; g < schema_n_groups && rc == 0; g++) {
		const struct schema_group *group = &schema_groups[g];
		rc = group->is_list ? compare_lists(out, group, old, fresh)
				    : compare_items(out, group, "", old, fresh);
	}
	return rc ? rc : compare_room(out, old, fresh);
}

void conf_diff_free(struct conf_diff *diff)
{
	free(diff->changes);
	*diff = (struct conf_diff){0};
}
