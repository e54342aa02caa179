// SPDX-License-Identifier: BSD-3-Clause
// The file of changed passwords (auth.password_file): a line a user with the name, the NT hash, and
// a fingerprint of the configured password that it replaces. It is as secret as passwords are.
//
//   line   NAME 32-HEX 32-HEX [TENANT]; none is the default tenant. In a name, control characters, blanks,
//          '%' and '#' are written %XX
//   write  whole, to NAME.new beside it, then renamed: a crash leaves the old file or the new one
#pragma once

#include "conf/config.h"
#include "config/limits.h"
#include "crypto/mschap.h"

#include <sys/types.h>

struct log;

struct password_entry {
	char name[LIMIT_USER_NAME_BYTES + 1];  // terminated
	char tenant[CONFIG_TENANT_NAME_BYTES]; // his; "": the default one
	uint8_t nt_hash[MSCHAP_HASH_BYTES];
	uint8_t replaced[MSCHAP_HASH_BYTES];
};

// Read every line; what is wrong is told to the log (NULL: to nobody).
//
//   owner    whose file it may be, but for root
//   take     called for each entry
//   returns  0, also when there is no such file yet | -EPERM others may read it, or it is somebody
//            else's | -EINVAL no regular file, or a line that is none of ours | -ENOENT no such
//            directory | -errno
int password_file_read(const char *path, uid_t owner, struct log *log,
	void (*take)(void *context, const struct password_entry *entry), void *context);

// Write a file of mode 0600 that is on the disk when this returns 0. Else -errno, told to the log,
// and the file is as it was.
//
//   next  gives the next entry, false behind the last
int password_file_write(const char *path, struct log *log,
	bool (*next)(void *context, struct password_entry *out), void *context);
