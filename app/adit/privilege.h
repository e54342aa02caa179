// SPDX-License-Identifier: BSD-3-Clause
// What the process may do: as little as its work needs.
#pragma once

#include <stdbool.h>

// Before anything secret is read: no core files. Returns 0 or -errno.
int privilege_no_cores(void);

// Become `user`, keeping only the capability to command the kernel's network (neighbours). Not undone.
// Returns 0 or -errno.
int privilege_drop_to(const char *user);

// May a new file be made in the directory of `path`, an absolute one?
bool privilege_may_write_beside(const char *path);
