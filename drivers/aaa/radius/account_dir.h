// SPDX-License-Identifier: BSD-3-Clause
// radius.accounting_dir: the directory that holds the journal and the spool, one adit at a time.
#pragma once

#include <stdbool.h>

struct config;
struct log;

struct account_dir {
	int fd;	     // -1: none
	int lock_fd; // of the file "lock", with the id of the process in it
};

// It and its parent are made if they are missing. Whom adit becomes (run_as_user) must be able to write to it, since new files
// are made while it runs. This is called before that: what lies there is given to him.
//
//   is_needed  false: no tenant has accounting now; then it is used if it is there and can be, and nothing is an error
//   returns  0, or -errno with the log told what is wrong
int account_dir_open(
	struct account_dir *d, const struct config *config, bool is_needed, struct log *log);
void account_dir_close(struct account_dir *d);

// What was made in it by now belongs to run_as_user too.
void account_dir_give(const struct account_dir *d, const struct config *config);
