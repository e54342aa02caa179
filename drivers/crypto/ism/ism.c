// SPDX-License-Identifier: BSD-3-Clause
// The set of engines and channels: made before the lanes start, freed after they have ended.
#include "drivers/crypto/ism/ism.h"

#include "base/secret.h"
#include "drivers/crypto/ism/ism_set.h"
#include "observe/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *alloc_lines(size_t n, size_t bytes)
{
	void *lines = aligned_alloc(64, n * bytes);

	if (lines)
		memset(lines, 0, n * bytes);
	return lines;
}

// Straight from the system, since an allocator may touch what it gives: zero, and a page takes memory, of the node of
// who does it, when it is first used.
static void *map_pages(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

// Wipes what was used of them.
static void unmap_pages(void *pages, size_t bytes, size_t used)
{
	if (!pages)
		return;
	secret_wipe_bytes(pages, used);
	(void)munmap(pages, bytes);
}

static int open_channel(struct ism_channel *c, unsigned int queue)
{
	c->mask = queue - 1;
	c->slots = map_pages(queue * sizeof(*c->slots));
	c->rc4_before = map_pages(queue * sizeof(*c->rc4_before));
	c->rc4_after = map_pages(queue * sizeof(*c->rc4_after));
	return c->slots && c->rc4_before && c->rc4_after ? 0 : -ENOMEM;
}

static void close_channel(struct ism_channel *c)
{
	size_t queue = (size_t)c->mask + 1;
	uint64_t submitted = counter_read(&c->counters.submitted);
	size_t n_used = submitted < queue ? submitted : queue;
	size_t n_streams = c->is_stateful ? n_used : 0;

	unmap_pages(c->slots, queue * sizeof(*c->slots), n_used * sizeof(*c->slots));
	unmap_pages(
		c->rc4_before, queue * sizeof(*c->rc4_before), n_streams * sizeof(*c->rc4_before));
	unmap_pages(c->rc4_after, queue * sizeof(*c->rc4_after), n_streams * sizeof(*c->rc4_after));
}

static bool is_sound(const struct ism_config *c)
{
	return c->n_workers > 0 && c->n_workers <= LIMIT_WORKERS && c->n_engines > 0 &&
	       c->n_engines <= LIMIT_ENGINES && c->queue >= ISM_QUEUE_MIN &&
	       c->queue <= ISM_QUEUE_MAX && (c->queue & (c->queue - 1)) == 0 &&
	       c->hold_cycles >= c->stall_cycles;
}

int ism_new(const struct ism_config *config, struct ism **out)
{
	if (!is_sound(config))
		return -EINVAL;
	unsigned int n_channels = config->n_workers * config->n_engines;
	struct ism *ism = calloc(1, sizeof(*ism));
	int error = -ENOMEM;
	if (!ism)
		return error;
	ism->config = *config;
	ism->channels = alloc_lines(n_channels, sizeof(*ism->channels));
	ism->engines = alloc_lines(config->n_engines, sizeof(*ism->engines));
	if (!ism->channels || !ism->engines)
		goto free_ism;
	for (unsigned int i = 0; i < n_channels; i++) {
		error = open_channel(&ism->channels[i], config->queue);
		if (error)
			goto free_ism;
	}
	for (unsigned int i = 0; i < config->n_engines; i++) {
		struct ism_engine *e = &ism->engines[i];
		e->ism = ism;
		e->index = i;
		e->counters = config->counters[i];
		error = burst_open(config->sha1, NULL, &e->burst);
		if (error)
			goto free_ism;
	}
	*out = ism;
	return 0;

free_ism:
	ism_free(ism);
	return error;
}

void ism_free(struct ism *ism)
{
	if (!ism)
		return;
	for (unsigned int i = 0; ism->channels && i < ism->config.n_workers * ism->config.n_engines;
		i++)
		close_channel(&ism->channels[i]);
	for (unsigned int i = 0; ism->engines && i < ism->config.n_engines; i++) {
		if (ism->engines[i].burst)
			burst_close(ism->engines[i].burst);
		secret_wipe_bytes(&ism->engines[i], sizeof(ism->engines[i]));
	}
	free(ism->channels);
	free(ism->engines);
	free(ism);
}

struct ism_engine *ism_engine(struct ism *ism, unsigned int i)
{
	return &ism->engines[i];
}

void ism_stop(struct ism *ism)
{
	atomic_store_explicit(&ism->is_stopping, 1, memory_order_release);
}

const struct crypto_channel_counters *ism_channel_counters(
	const struct ism *ism, unsigned int worker, unsigned int engine)
{
	return &ism_channel(ism, worker, engine)->counters;
}
