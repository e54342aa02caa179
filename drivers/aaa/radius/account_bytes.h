// SPDX-License-Identifier: BSD-3-Clause
// An accounting record as bytes, for the journal and the spool. Pure.
//
// Tenants and groups of servers are named, not numbered: the next run may have another configuration. What is read was
// on a disk, so it is checked like what comes from a network.
#pragma once

#include "aaa/account.h"
#include "base/bytes.h"

enum { ACCOUNT_BYTES_MAX = 1024 };

// Returns the bytes of it in out[ACCOUNT_BYTES_MAX].
size_t account_bytes_put(const struct aaa_account *record, const char *tenant, uint8_t *out);

// tenant: out, "" where it is the default one; record->tenant is left 0.
//
//   returns  0, or -EBADMSG
int account_bytes_get(
	struct span bytes, struct aaa_account *record, char tenant[CONFIG_TENANT_NAME_BYTES]);

// CRC-32C (Castagnoli), going on from `crc`: 0 at first.
uint32_t account_bytes_crc(uint32_t crc, const void *bytes, size_t n);
