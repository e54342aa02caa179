// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/payload.h"

#include "perf/fleet/impair.h"

struct stamp {
	uint32_t tag, seq, time;
};

_Static_assert(sizeof(struct stamp) == PAYLOAD_STAMP_BYTES, "the stamp has no holes");

static const uint64_t MAGIC = UINT64_C(0xad17) << 48;

void payload_init(struct payload *p, uint64_t seed)
{
	p->seed = impair_mix(seed ^ UINT64_C(0x9e3779b97f4a7c15));
	for (size_t i = 0; i < sizeof(p->pattern); i++)
		p->pattern[i] = (uint8_t)(impair_mix(p->seed + i / 8) >> 8 * (i % 8));
}

static uint64_t owner_word(const struct payload_owner *o)
{
	return MAGIC | (uint64_t)(o->direction & 1) << 47 |
	       (uint64_t)(o->incarnation & 0x7fff) << 32 | o->client;
}

static struct payload_owner owner_of(uint64_t word)
{
	return (struct payload_owner){.client = (uint32_t)word,
		.incarnation = word >> 32 & 0x7fff,
		.direction = word >> 47 & 1};
}

static uint64_t hash(const struct payload *p, uint64_t owner, uint32_t seq)
{
	return impair_mix(p->seed ^ impair_mix(owner + ((uint64_t)seq << 17)) ^ seq);
}

static const uint8_t *pattern_at(const struct payload *p, uint64_t h)
{
	return p->pattern + (h >> 40) % PAYLOAD_PLACES;
}

void payload_put(const struct payload *p, const struct payload_owner *owner, uint32_t seq,
	uint8_t *at, size_t len)
{
	uint64_t word = owner_word(owner);
	uint64_t h = hash(p, word, seq);
	struct stamp stamp = {.tag = (uint32_t)h, .seq = seq};

	memcpy(at, &stamp, sizeof(stamp));
	at += sizeof(stamp);
	len -= sizeof(stamp);
	if (len < sizeof(word)) {
		memcpy(at, pattern_at(p, h), len);
		return;
	}
	memcpy(at, &word, sizeof(word));
	memcpy(at + sizeof(word), pattern_at(p, h), len - sizeof(word));
}

// The packet names an owner other than the one that it came for: is it sure?
static enum payload_verdict judge_owner(
	const struct payload *p, uint64_t word, const struct stamp *stamp, struct payload_seen *out)
{
	if (word >> 48 != MAGIC >> 48 ||
		((uint32_t)hash(p, word, stamp->seq) ^ stamp->time) != stamp->tag)
		return PAYLOAD_DAMAGED;
	out->owner = owner_of(word);
	return PAYLOAD_FOREIGN;
}

enum payload_verdict payload_check(const struct payload *p, const struct payload_owner *owner,
	const uint8_t *at, size_t len, bool only_head, struct payload_seen *out)
{
	uint64_t wanted = owner_word(owner), word;
	struct stamp stamp;

	if (len < sizeof(stamp))
		return PAYLOAD_DAMAGED;
	memcpy(&stamp, at, sizeof(stamp));
	at += sizeof(stamp);
	len -= sizeof(stamp);
	out->seq = stamp.seq;
	out->time = stamp.time;

	uint64_t h = hash(p, wanted, stamp.seq);
	bool has_owner = len >= sizeof(word);
	if (has_owner) {
		memcpy(&word, at, sizeof(word));
		if (word != wanted)
			return judge_owner(p, word, &stamp, out);
		at += sizeof(word);
		len -= sizeof(word);
	}
	if (((uint32_t)h ^ stamp.time) != stamp.tag)
		return PAYLOAD_DAMAGED;
	if (only_head && has_owner)
		return PAYLOAD_GOOD;
	return memcmp(at, pattern_at(p, h), len) == 0 ? PAYLOAD_GOOD : PAYLOAD_DAMAGED;
}
