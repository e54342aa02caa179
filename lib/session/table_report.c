// SPDX-License-Identifier: BSD-3-Clause
#include "session/table_report.h"

uint64_t table_report_slot_bytes(bool may_be_stateful, bool may_be_late, bool may_have_policy)
{
	const struct session_table *t = NULL; // for sizes only

	return sizeof(*t->slots) + (may_be_stateful ? sizeof(*t->rc4) : 0) +
	       (may_be_late ? sizeof(*t->rings) : 0) + (may_have_policy ? sizeof(*t->policies) : 0);
}

static void report(const void *part, const char *what, uint64_t n, uint64_t slot_bytes,
	uint32_t n_used, struct memory_report *r)
{
	if (part)
		memory_report_add(r, MEMORY_DPDK, what, n * slot_bytes, n, n_used);
}

void table_report_sessions(const struct session_table *t, uint32_t n_used, struct memory_report *r)
{
	uint64_t n = t->n_slots;

	report(t->slots, "sessions", n, sizeof(*t->slots), n_used, r);
	report(t->rc4, "stateful keys", n, sizeof(*t->rc4), n_used, r);
	report(t->rings, "keys of late packets", n, sizeof(*t->rings), n_used, r);
	report(t->policies, "policies", n, sizeof(*t->policies), n_used, r);
	report(t->tenants, "rates of tenants", t->n_tenants, sizeof(*t->tenants), t->n_tenants, r);
}

void table_report_owners(const struct owner_map *m, struct memory_report *r)
{
	memory_report_add(
		r, MEMORY_DPDK, "owners of calls", sizeof(*m) + owner_map_calls_bytes(m), 0, 0);
	memory_report_add(
		r, MEMORY_DPDK, "owners of inner addresses", owner_map_inner_bytes(m), 0, 0);
}
