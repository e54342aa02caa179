// SPDX-License-Identifier: BSD-3-Clause
#include "session/session.h"

#include "base/secret.h"

#include <errno.h>
#include <rte_malloc.h>

int session_table_init(struct session_table *t, uint32_t n_slots, int socket)
{
	t->slots = rte_zmalloc_socket(
		"sessions", (size_t)n_slots * sizeof(*t->slots), RTE_CACHE_LINE_SIZE, socket);
	if (!t->slots)
		return -ENOMEM;
	t->n_slots = n_slots;
	t->n_used = 0;
	return 0;
}

void session_table_fini(struct session_table *t)
{
	if (!t->slots)
		return;
	secret_wipe_bytes(t->slots, (size_t)t->n_slots * sizeof(*t->slots));
	rte_free(t->slots);
	t->slots = NULL;
	t->n_slots = 0;
}

void session_table_release(struct session_table *t, struct session *s)
{
	secret_wipe_bytes(s, sizeof(*s));
	t->n_used--;
}
