// SPDX-License-Identifier: BSD-3-Clause
// Slots of the journal, segments of the spool and the records in them: they lay on a disk, and anybody may have written there.
#include "drivers/aaa/radius/account_packet.h"
#include "drivers/aaa/radius/account_bytes.h"
#include "drivers/aaa/radius/journal.h"
#include "drivers/aaa/radius/spool_format.h"
#include "fuzz/fuzz.h"

static void take_record(struct span bytes)
{
	static const struct config config = {.name = "fuzz"};
	static struct radius_packet packet;
	uint8_t again[ACCOUNT_BYTES_MAX];
	char tenant[CONFIG_TENANT_NAME_BYTES], tenant_again[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account record, same;

	if (account_bytes_get(bytes, &record, tenant) != 0)
		return;
	account_packet_put(&record, &config, UINT64_C(1700000000000000000), &packet);
	REQUIRE(!packet.w.failed); // every record that can be read can be sent
	size_t n = account_bytes_put(&record, tenant, again);
	REQUIRE(account_bytes_get(span_of(again, n), &same, tenant_again) == 0);
	REQUIRE(strcmp(tenant, tenant_again) == 0 && record.user_len == same.user_len);
}

static void take_slot(struct span bytes)
{
	static uint8_t slot[JOURNAL_SLOT_BYTES] __attribute__((aligned(8)));
	struct journal_entry entry;

	memset(slot, 0, sizeof(slot));
	memcpy(slot, bytes.bytes, bytes.len < sizeof(slot) ? bytes.len : sizeof(slot));
	if (journal_read_slot(slot, &entry) != 0)
		return;
	REQUIRE(entry.identity.bytes >= slot &&
		entry.identity.bytes + entry.identity.len <= slot + sizeof(slot));
	take_record(entry.identity);
}

static void take_segment(struct span bytes)
{
	struct spool_format_cursor c = {.bytes = bytes};
	struct spool_format_record record;
	size_t end = 0;

	while (spool_format_next(&c, &record)) {
		REQUIRE(record.at >= end && c.at <= bytes.len);
		end = c.at;
		take_record(record.bytes);
	}
	REQUIRE(c.at == bytes.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	take_record(span_of(data, size));
	if (size)
		take_slot(span_of(data, size));
	take_segment(span_of(data, size));
	return 0;
}
