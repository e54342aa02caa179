// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/journal.h"

#include "drivers/aaa/radius/account_bytes.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEADER_BYTES = 4096,
	STATE_MARK = 0x4a530000, // in the high half of a state, to tell one from garbage
	STATE_BITS = JOURNAL_IN_USE | JOURNAL_START_SAFE | JOURNAL_STOPPED,
};

static const char file_name[] = "calls.journal";

// In the byte order of the machine, which the magic number tells: no other one reads it.
struct header {
	uint64_t magic;
	uint32_t slot_bytes;
	uint32_t n_slots;
};

static const uint64_t MAGIC = 0x31304c4e4a544441; // "ADTJNL01"

struct copy {
	struct journal_counters counters;
	uint64_t number; // the larger one is the newer; 0: never written
	uint32_t zero;
	uint32_t crc; // of all before it
};

struct slot {
	_Atomic uint32_t state;
	uint32_t identity_len;
	uint32_t identity_crc;
	uint32_t zero;
	struct copy copies[2];
	uint8_t identity[JOURNAL_IDENTITY_BYTES_MAX];
	uint8_t unused[112];
};

static_assert(sizeof(struct copy) == 64, "a cache line");
static_assert(sizeof(struct slot) == JOURNAL_SLOT_BYTES, "as the file has it");
static_assert((int)JOURNAL_IDENTITY_BYTES_MAX >= (int)ACCOUNT_BYTES_MAX, "a record is an identity");

struct journal {
	int fd; // -1: memory alone
	uint8_t *map;
	size_t map_bytes;
	struct slot *slots; // slots[n_mapped]
	uint32_t n_mapped;  // of the last run, until journal_clear()
	uint32_t n_slots;
	uint32_t n_free;
	uint32_t *free; // free[n_free], the last one is taken next
};

// ---- one slot -----------------------------------------------------------------------------------

static uint32_t crc_of(const struct copy *c)
{
	return account_bytes_crc(0, c, offsetof(struct copy, crc));
}

static bool is_whole(const struct copy *c)
{
	return c->number && c->crc == crc_of(c);
}

// The one to read, or NULL.
static const struct copy *newest(const struct slot *s)
{
	const struct copy *a = &s->copies[0], *b = &s->copies[1];

	if (!is_whole(a) || !is_whole(b))
		return is_whole(a) ? a : is_whole(b) ? b : NULL;
	return a->number > b->number ? a : b;
}

static void write_copy(struct slot *s, const struct journal_counters *counters)
{
	uint64_t number = s->copies[0].number > s->copies[1].number ? s->copies[0].number
								    : s->copies[1].number;
	struct copy *to = &s->copies[++number % 2];
	struct copy c = {.counters = *counters, .number = number};

	c.crc = crc_of(&c);
	*to = c;
}

static int read_slot(const struct slot *s, struct journal_entry *out)
{
	uint32_t state = atomic_load_explicit(&s->state, memory_order_relaxed);
	const struct copy *c;

	if (state == 0)
		return -ENOENT;
	if ((state & ~(uint32_t)STATE_BITS) != STATE_MARK || !(state & JOURNAL_IN_USE) ||
		s->identity_len == 0 || s->identity_len > JOURNAL_IDENTITY_BYTES_MAX ||
		s->identity_crc != account_bytes_crc(0, s->identity, s->identity_len))
		return -EBADMSG;
	c = newest(s);
	*out = (struct journal_entry){
		.state = state & STATE_BITS,
		.identity = span_of(s->identity, s->identity_len),
		.has_counters = c != NULL,
	};
	if (c)
		out->counters = c->counters;
	return 0;
}

int journal_read_slot(const uint8_t *bytes, struct journal_entry *out)
{
	static_assert(_Alignof(struct slot) <= 8, "malloc and pages are aligned to more");
	assert((uintptr_t)bytes % _Alignof(struct slot) == 0);
	return read_slot((const struct slot *)bytes, out);
}

// ---- the file -----------------------------------------------------------------------------------

static size_t bytes_of(uint32_t n_slots)
{
	return HEADER_BYTES + (size_t)n_slots * JOURNAL_SLOT_BYTES;
}

static int map(struct journal *j, uint32_t n_slots)
{
	size_t n = bytes_of(n_slots);
	int flags = j->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, flags, j->fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	j->map = p;
	j->map_bytes = n;
	j->slots = (struct slot *)(j->map + HEADER_BYTES);
	j->n_mapped = n_slots;
	return 0;
}

static void unmap(struct journal *j)
{
	if (j->map)
		munmap(j->map, j->map_bytes);
	j->map = NULL;
	j->slots = NULL;
	j->n_mapped = 0;
}

// What the last run left, whatever its size was. A file that was being made when that run died is as good as none.
static int map_last(struct journal *j)
{
	struct header h;
	struct stat st;

	if (fstat(j->fd, &st) != 0)
		return -errno;
	ssize_t n = pread(j->fd, &h, sizeof(h), 0);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(h) || h.magic == 0)
		return 0;
	if (h.magic != MAGIC || h.slot_bytes != JOURNAL_SLOT_BYTES || h.n_slots == 0 ||
		(uint64_t)st.st_size < bytes_of(h.n_slots))
		return -EBADMSG;
	return map(j, h.n_slots);
}

// The header last: until it is there, the file is no journal.
static int make_file(struct journal *j)
{
	const struct header h = {
		.magic = MAGIC, .slot_bytes = JOURNAL_SLOT_BYTES, .n_slots = j->n_slots};
	int rc;

	if (ftruncate(j->fd, 0) != 0)
		return -errno;
	rc = posix_fallocate(j->fd, 0, (off_t)bytes_of(j->n_slots));
	if (rc != 0)
		return -rc;
	if (pwrite(j->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return -EIO;
	return fdatasync(j->fd) == 0 ? 0 : -errno;
}

int journal_open(int dir_fd, uint32_t n_slots, struct journal **out)
{
	struct journal *j = calloc(1, sizeof(*j));
	int rc = -ENOMEM;

	*out = NULL;
	if (!j)
		return -ENOMEM;
	j->fd = -1;
	j->n_slots = n_slots;
	j->free = calloc(n_slots, sizeof(*j->free));
	if (!j->free)
		goto close;
	if (dir_fd >= 0) {
		j->fd = openat(dir_fd, file_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		rc = j->fd < 0 ? -errno : map_last(j);
		if (rc != 0)
			goto close;
	}
	*out = j;
	return 0;

close:
	journal_close(j);
	return rc;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	unmap(j);
	if (j->fd >= 0)
		close(j->fd);
	free(j->free);
	free(j);
}

uint32_t journal_recover(struct journal *j,
	void (*visit)(void *context, const struct journal_entry *entry), void *context)
{
	struct journal_entry entry;
	uint32_t n_bad = 0;

	for (uint32_t i = 0; i < j->n_mapped; i++) {
		int rc = read_slot(&j->slots[i], &entry);
		if (rc == 0)
			visit(context, &entry);
		else if (rc == -EBADMSG)
			n_bad++;
	}
	return n_bad;
}

int journal_clear(struct journal *j)
{
	bool is_new = j->fd < 0 || j->n_mapped != j->n_slots;
	int rc = 0;

	if (is_new) {
		unmap(j);
		if (j->fd >= 0)
			rc = make_file(j);
		if (rc == 0)
			rc = map(j, j->n_slots);
		if (rc != 0)
			return rc;
	}
	j->n_free = 0;
	for (uint32_t i = j->n_slots; i-- > 0;) {
		if (!is_new && // else all is zero, and better not touched
			atomic_load_explicit(&j->slots[i].state, memory_order_relaxed) != 0)
			atomic_store_explicit(&j->slots[i].state, 0, memory_order_release);
		j->free[j->n_free++] = i;
	}
	// Now, not one by one in the control lane while calls come up: in a new file the first touch of some megabytes of it costs
	// 20 ms at times.
	if (j->fd >= 0)
		(void)madvise(j->map, j->map_bytes, MADV_POPULATE_READ);
	return 0;
}

int journal_sync(const struct journal *j)
{
	if (j->fd < 0)
		return 0;
	return msync(j->map, j->map_bytes, MS_SYNC) == 0 ? 0 : -errno;
}

// ---- calls --------------------------------------------------------------------------------------

uint32_t journal_take(struct journal *j, struct span identity, uint32_t state,
	const struct journal_counters *counters)
{
	assert(identity.len > 0 && identity.len <= JOURNAL_IDENTITY_BYTES_MAX);
	if (j->n_free == 0)
		return JOURNAL_NO_SLOT;
	uint32_t i = j->free[--j->n_free];
	struct slot *s = &j->slots[i];
	memcpy(s->identity, identity.bytes, identity.len);
	s->identity_len = (uint32_t)identity.len;
	s->identity_crc = account_bytes_crc(0, s->identity, identity.len);
	s->copies[0].number = s->copies[1].number = 0;
	write_copy(s, counters);
	// Until here the slot is free for whoever reads it.
	atomic_store_explicit(&s->state, STATE_MARK | JOURNAL_IN_USE | state, memory_order_release);
	return i;
}

void journal_note(struct journal *j, uint32_t slot, const struct journal_counters *counters)
{
	write_copy(&j->slots[slot], counters);
}

void journal_add_state(struct journal *j, uint32_t slot, uint32_t state)
{
	_Atomic uint32_t *s = &j->slots[slot].state;

	atomic_store_explicit(
		s, atomic_load_explicit(s, memory_order_relaxed) | state, memory_order_release);
}

void journal_free(struct journal *j, uint32_t slot)
{
	atomic_store_explicit(&j->slots[slot].state, 0, memory_order_release);
	j->free[j->n_free++] = slot;
}

uint32_t journal_n_free(const struct journal *j)
{
	return j->n_free;
}

void journal_get(const struct journal *j, uint32_t slot, struct journal_entry *out)
{
	int rc = read_slot(&j->slots[slot], out);

	if (rc != 0) // somebody else wrote to the file: what is left of it
		*out = (struct journal_entry){.state = JOURNAL_IN_USE};
}
