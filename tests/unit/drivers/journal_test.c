// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/journal.h"

#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_SLOTS = 32, HEADER_BYTES = 4096 };

static char dir_path[64];
static int dir_fd;

static void begin(void)
{
	snprintf(dir_path, sizeof(dir_path), "/tmp/adit-journal-XXXXXX");
	ASSERT_TRUE(mkdtemp(dir_path) != NULL);
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(dir_fd, 0);
}

static void end(void)
{
	(void)unlinkat(dir_fd, "calls.journal", 0);
	close(dir_fd);
	EXPECT_EQ(0, rmdir(dir_path));
}

static struct journal_counters counters_of(uint64_t v)
{
	return (struct journal_counters){v, v + 1, v + 2, v + 3, v + 4, (uint32_t)v, 0};
}

struct seen {
	unsigned int n;
	struct journal_entry last;
	char identity[64];
};

static void visit(void *context, const struct journal_entry *entry)
{
	struct seen *seen = context;

	seen->n++;
	seen->last = *entry;
	snprintf(seen->identity, sizeof(seen->identity), "%.*s", (int)entry->identity.len,
		(const char *)entry->identity.bytes);
}

static struct journal *open_clear(uint32_t n_slots)
{
	struct journal *j;

	EXPECT_EQ(0, journal_open(dir_fd, n_slots, &j));
	EXPECT_EQ(0, journal_clear(j));
	return j;
}

static uint32_t take(struct journal *j, const char *name, uint64_t v)
{
	const struct journal_counters c = counters_of(v);

	return journal_take(j, span_of_text(name), 0, &c);
}

static void note(struct journal *j, uint32_t slot, uint64_t v)
{
	const struct journal_counters c = counters_of(v);

	journal_note(j, slot, &c);
}

TEST(journal, what_one_run_leaves_the_next_one_gets)
{
	struct journal *j;
	struct seen seen = {0};

	begin();
	j = open_clear(N_SLOTS);
	uint32_t gone = take(j, "gone", 1), up = take(j, "up", 2);
	ASSERT_NE(gone, up);
	note(j, up, 100);
	note(j, up, 200);
	journal_add_state(j, up, JOURNAL_START_SAFE);
	journal_free(j, gone);
	EXPECT_EQ(N_SLOTS - 1, journal_n_free(j));
	EXPECT_EQ(0, journal_sync(j));
	journal_close(j);

	ASSERT_EQ(0, journal_open(dir_fd, N_SLOTS, &j));
	EXPECT_EQ(0, journal_recover(j, visit, &seen));
	ASSERT_EQ(1, seen.n);
	EXPECT_STREQ("up", seen.identity);
	EXPECT_EQ(JOURNAL_IN_USE | JOURNAL_START_SAFE, seen.last.state);
	EXPECT_TRUE(seen.last.has_counters);
	EXPECT_EQ(200, seen.last.counters.up_bytes);
	EXPECT_EQ(204, seen.last.counters.wall_ns);
	journal_close(j); // recovery did not get to its end: it is there once more
	seen.n = 0;
	ASSERT_EQ(0, journal_open(dir_fd, N_SLOTS * 2, &j)); // of another size by now
	EXPECT_EQ(0, journal_recover(j, visit, &seen));
	EXPECT_EQ(1, seen.n);
	EXPECT_EQ(0, journal_clear(j));
	EXPECT_EQ(2 * N_SLOTS, journal_n_free(j));
	journal_close(j);
	seen.n = 0;
	ASSERT_EQ(0, journal_open(dir_fd, N_SLOTS, &j));
	EXPECT_EQ(0, journal_recover(j, visit, &seen));
	EXPECT_EQ(0, seen.n);
	journal_close(j);
	end();
}

TEST(journal, is_bounded)
{
	struct journal *j;

	ASSERT_EQ(0, journal_open(-1, 3, &j)); // without a file
	ASSERT_EQ(0, journal_clear(j));
	for (int i = 0; i < 3; i++)
		EXPECT_NE(JOURNAL_NO_SLOT, take(j, "x", 1));
	EXPECT_EQ(JOURNAL_NO_SLOT, take(j, "x", 1));
	journal_free(j, 1);
	EXPECT_EQ(1, take(j, "y", 1));
	EXPECT_EQ(0, journal_sync(j));
	journal_close(j);
}

TEST(journal, a_strange_file_is_left_alone)
{
	struct journal *j = NULL;
	struct stat st;

	begin();
	int fd = openat(dir_fd, "calls.journal", O_WRONLY | O_CREAT, 0600);
	ASSERT_EQ(22, write(fd, "somebody's diary, 2026", 22));
	close(fd);
	EXPECT_EQ(-EBADMSG, journal_open(dir_fd, N_SLOTS, &j));
	EXPECT_NULL(j);
	ASSERT_EQ(0, fstatat(dir_fd, "calls.journal", &st, 0));
	EXPECT_EQ(22, st.st_size);
	end();
}

static void read_slot(uint32_t slot, uint8_t out[JOURNAL_SLOT_BYTES])
{
	int fd = openat(dir_fd, "calls.journal", O_RDONLY);

	ASSERT_EQ(JOURNAL_SLOT_BYTES, pread(fd, out, JOURNAL_SLOT_BYTES,
					      HEADER_BYTES + (off_t)slot * JOURNAL_SLOT_BYTES));
	close(fd);
}

// Whatever part of a note has got there, in either order: the old figures or the new ones, and never none.
TEST(journal, a_note_torn_at_every_byte)
{
	static uint8_t before[JOURNAL_SLOT_BYTES] __attribute__((aligned(8))),
		after[JOURNAL_SLOT_BYTES], torn[JOURNAL_SLOT_BYTES] __attribute__((aligned(8)));
	struct journal_entry entry;
	unsigned int n_old = 0, n_new = 0;

	begin();
	struct journal *j = open_clear(N_SLOTS);
	uint32_t slot = take(j, "torn", 0x1111111111111111);
	for (uint64_t round = 0; round < 4; round++) {
		uint64_t old = 0x1111111111111111 * (round + 1), new = old + 0x1111111111111111;
		read_slot(slot, before);
		note(j, slot, new);
		read_slot(slot, after);
		for (size_t i = 0; i <= 2 * JOURNAL_SLOT_BYTES; i++) {
			SHIM_TRACE_CASE((long long)i);
			bool from_front = i <= JOURNAL_SLOT_BYTES;
			size_t at = from_front ? i : i - JOURNAL_SLOT_BYTES;
			memcpy(torn, from_front ? after : before, at);
			memcpy(torn + at, (from_front ? before : after) + at, sizeof(torn) - at);
			ASSERT_EQ(0, journal_read_slot(torn, &entry));
			ASSERT_TRUE(entry.has_counters);
			ASSERT_TRUE(
				entry.counters.up_bytes == old || entry.counters.up_bytes == new);
			ASSERT_EQ(entry.counters.up_bytes + 3, entry.counters.down_pkts);
			n_old += entry.counters.up_bytes == old;
			n_new += entry.counters.up_bytes == new;
		}
	}
	EXPECT_GT(n_old, 0);
	EXPECT_GT(n_new, 0);
	journal_close(j);
	end();
}

// A bit that turned over somewhere in a slot: it reads as it was, or as unreadable, or without one copy of the figures.
TEST(journal, every_byte_is_under_a_checksum)
{
	static uint8_t slot[JOURNAL_SLOT_BYTES] __attribute__((aligned(8)));
	struct journal_entry entry;
	unsigned int n_bad = 0;

	begin();
	struct journal *j = open_clear(N_SLOTS);
	uint32_t at = take(j, "somebody", 1000);
	note(j, at, 2000);
	read_slot(at, slot);
	for (size_t i = 0; i < sizeof(slot); i++) {
		SHIM_TRACE_CASE((long long)i);
		slot[i] ^= 0x40;
		int rc = journal_read_slot(slot, &entry);
		if (rc == 0) {
			EXPECT_EQ(8, entry.identity.len);
			EXPECT_MEMEQ("somebody", entry.identity.bytes, 8);
			EXPECT_TRUE(
				entry.counters.up_bytes == 1000 || entry.counters.up_bytes == 2000);
		} else {
			n_bad++;
			EXPECT_EQ(-EBADMSG, rc);
		}
		slot[i] ^= 0x40;
	}
	EXPECT_GE(n_bad, 8 + 4 + 4); // identity, its checksum, its length
	journal_close(j);
	end();
}

// The process is killed while it writes as fast as it can: nothing that it had told anybody is missing.
TEST(journal, kill_9_loses_nothing)
{
	for (int round = 0; round < 20; round++) {
		struct journal *j;
		struct seen seen = {0};
		uint64_t told = 0, got;
		int pipes[2];

		SHIM_TRACE_CASE(round);
		begin();
		ASSERT_EQ(0, pipe(pipes));
		pid_t pid = fork();
		if (pid == 0) {
			j = open_clear(N_SLOTS);
			uint32_t slot = take(j, "killed", 1);
			for (uint64_t v = 2;; v++) {
				note(j, slot, v);
				if (write(pipes[1], &v, sizeof(v)) != sizeof(v))
					_exit(1);
			}
		}
		close(pipes[1]);
		for (int i = 0; i < 50 + round * 37; i++)
			ASSERT_EQ((ssize_t)sizeof(told), read(pipes[0], &told, sizeof(told)));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(pipes[0], &got, sizeof(got)) == sizeof(got))
			told = got;
		close(pipes[0]);
		ASSERT_EQ(0, journal_open(dir_fd, N_SLOTS, &j));
		EXPECT_EQ(0, journal_recover(j, visit, &seen));
		EXPECT_EQ(1, seen.n);
		EXPECT_STREQ("killed", seen.identity);
		EXPECT_GE(seen.last.counters.up_bytes, told);
		EXPECT_LE(seen.last.counters.up_bytes, told + 1);
		journal_close(j);
		end();
	}
}
