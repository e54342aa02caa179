// SPDX-License-Identifier: BSD-3-Clause
// Where a field lies and how large it is, for the lines of the table. Included by the schema's own files only.
#pragma once

#define FIELD(owner, member) \
	.offset = offsetof(struct owner, member), .size_bytes = sizeof(((struct owner *)0)->member)
#define ALSO(owner, member) .also = offsetof(struct owner, member)
#define HAS(owner, member)  .has = offsetof(struct owner, member)
#define NO_ALSO		    .also = SCHEMA_NOWHERE
#define NO_HAS		    .has = SCHEMA_NOWHERE
#define COUNT(array)	    (sizeof(array) / sizeof((array)[0]))
