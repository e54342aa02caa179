// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_names.h"

#include <stdlib.h>

static const char *name_at(const struct conf_names *names, uint32_t i)
{
	return names->first + i * names->stride_bytes;
}

static int compare(const void *a, const void *b, void *of)
{
	const struct conf_names *names = of;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = strcmp(name_at(names, i), name_at(names, j));

	return order ? order : (i > j) - (i < j);
}

bool conf_names_make(struct conf_names *names, const char *first, size_t stride_bytes, uint32_t n)
{
	*names = (struct conf_names){.first = first, .stride_bytes = stride_bytes, .n = n};
	if (n == 0)
		return true;
	names->order = malloc(n * sizeof(names->order[0]));
	if (!names->order) {
		names->n = 0;
		return false;
	}
	for (uint32_t i = 0; i < n; i++)
		names->order[i] = i;
	qsort_r(names->order, n, sizeof(names->order[0]), compare, names);
	return true;
}

void conf_names_free(struct conf_names *names)
{
	free(names->order);
	*names = (struct conf_names){0};
}

int conf_names_find(const struct conf_names *names, const char *name)
{
	uint32_t from = 0, to = names->n;

	// The first that is not less.
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (strcmp(name_at(names, names->order[middle]), name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (name[0] == '\0' || from == names->n ||
		strcmp(name_at(names, names->order[from]), name) != 0)
		return -1;
	return (int)names->order[from];
}

int conf_names_double(const struct conf_names *names, uint32_t i)
{
	int first = conf_names_find(names, name_at(names, i));

	return first >= 0 && (uint32_t)first < i ? first : -1;
}

bool conf_index_make(struct conf_index *index, const struct config *c)
{
	bool is_made = true;

	*index = (struct conf_index){0};
#define MAKE(list)                                                                     \
	is_made &= conf_names_make(&index->list, c->n_##list ? c->list[0].name : NULL, \
		sizeof(c->list[0]), c->n_##list)
	MAKE(ports);
	MAKE(pools);
	MAKE(tenants);
	MAKE(vlans);
	MAKE(groups);
	MAKE(acls);
	MAKE(hours);
	MAKE(radius_servers);
	MAKE(radius_groups);
#undef MAKE
	return is_made;
}

void conf_index_free(struct conf_index *index)
{
	conf_names_free(&index->ports);
	conf_names_free(&index->pools);
	conf_names_free(&index->tenants);
	conf_names_free(&index->vlans);
	conf_names_free(&index->groups);
	conf_names_free(&index->acls);
	conf_names_free(&index->hours);
	conf_names_free(&index->radius_servers);
	conf_names_free(&index->radius_groups);
}
