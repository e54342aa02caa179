// SPDX-License-Identifier: BSD-3-Clause
// An accounting record as an Accounting-Request (RFC 2866, 2867, 2869). Pure.
#pragma once

#include "aaa/account.h"
#include "drivers/aaa/radius/radius_packet.h"

// wall_ns: now; how long ago the event was is Acct-Delay-Time. record->kind is not AAA_ACCOUNT_NOTE.
void account_packet_put(const struct aaa_account *record, const struct config *config,
	uint64_t wall_ns, struct radius_packet *p);

// Which NAS the server sees: radius.nas_address, or what the client called.
static inline uint32_t account_packet_nas(const struct config *config, uint32_t server_be)
{
	return config->nas_address_be ? config->nas_address_be : server_be;
}
