// SPDX-License-Identifier: BSD-3-Clause
// How much memory the tables of this directory take, and will take.
#pragma once

#include "observe/memory_report.h"
#include "session/owner_map.h"
#include "session/session.h"

// Bytes a slot that session_table_init() takes with these options.
uint64_t table_report_slot_bytes(bool may_be_stateful, bool may_be_late, bool may_have_policy);

//   n_used  slots in use, as control knows it
void table_report_sessions(const struct session_table *t, uint32_t n_used, struct memory_report *r);

void table_report_owners(const struct owner_map *m, struct memory_report *r);
