// SPDX-License-Identifier: BSD-3-Clause
// The names of a list in their order, so that thousands of references are found without comparing each with all.
#pragma once

#include "conf/config.h"

struct conf_names {
	const char *first; // name of the first element
	size_t stride_bytes;
	uint32_t n;
	uint32_t *order; // order[n], by name, equal ones in the order of the file
};

// All lists that something names.
struct conf_index {
	struct conf_names ports, pools, tenants, vlans, groups, acls, hours;
	struct conf_names radius_servers, radius_groups;
};

// Borrows the names. Returns false when memory is short.
bool conf_names_make(struct conf_names *names, const char *first, size_t stride_bytes, uint32_t n);
void conf_names_free(struct conf_names *names);

// The first element of that name, or -1; also for "".
int conf_names_find(const struct conf_names *names, const char *name);

// The first element that has the same name as element i, if it comes before it, or -1.
int conf_names_double(const struct conf_names *names, uint32_t i);

// Of all lists of c, whose elements must not move any more. Returns false when memory is short; free it all the same.
bool conf_index_make(struct conf_index *index, const struct config *c);
void conf_index_free(struct conf_index *index);
