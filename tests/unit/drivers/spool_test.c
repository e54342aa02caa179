// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/spool.h"

#include "drivers/aaa/radius/spool_thread.h"
#include "shim/shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MB = 1 << 20 };

static char dir_path[64];
static int dir_fd;
static struct spools *spools;

static void begin(void)
{
	snprintf(dir_path, sizeof(dir_path), "/tmp/adit-spool-XXXXXX");
	ASSERT_TRUE(mkdtemp(dir_path) != NULL);
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_EQ(0, spools_open(dir_fd, 64 * MB, &spools));
}

static unsigned int count_files(bool removes, char *last, size_t cap)
{
	DIR *d = opendir(dir_path);
	struct dirent *e;
	unsigned int n = 0;

	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		if (last)
			snprintf(last, cap, "%s", e->d_name);
		if (removes)
			unlinkat(dir_fd, e->d_name, 0);
	}
	closedir(d);
	return n;
}

static void end(void)
{
	spools_close(spools);
	count_files(true, NULL, 0);
	close(dir_fd);
	EXPECT_EQ(0, rmdir(dir_path));
}

static void reopen(uint64_t max_bytes)
{
	spools_close(spools);
	ASSERT_EQ(0, spools_open(dir_fd, max_bytes, &spools));
}

static void append(struct spool *q, unsigned int i)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "record %u AR", i); // "AR" begins a header

	ASSERT_EQ(0, spool_append(q, span_of(text, (size_t)n)));
}

static unsigned int read_some(struct spool *q, struct spool_record *out, unsigned int n)
{
	unsigned int n_read;

	EXPECT_EQ(0, spool_read(q, out, n, &n_read));
	return n_read;
}

static unsigned int number_of(const struct spool_record *r)
{
	unsigned int i = 0;
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)r->len, (const char *)r->bytes);
	EXPECT_EQ(1, sscanf(text, "record %u AR", &i));
	return i;
}

TEST(spool, comes_back_in_order_and_once)
{
	struct spool_record records[7];
	struct spool_stats stats;
	unsigned int n, next = 0;

	begin();
	struct spool *q = spools_get(spools, "acct");
	for (unsigned int i = 0; i < 40; i++)
		append(q, i);
	EXPECT_EQ(0, spools_sync(spools));
	EXPECT_EQ(40, spool_n_waiting(q));
	while ((n = read_some(q, records, 7)) > 0)
		for (unsigned int i = 0; i < n; i++) {
			EXPECT_EQ(next, number_of(&records[i]));
			spool_sent(q, &records[i].mark);
			if (next++ == 30) { // a restart in the middle of it
				reopen(64 * MB);
				q = spools_get(spools, "acct");
				EXPECT_EQ(9, spool_n_waiting(q));
				append(q, 40);
				break;
			}
		}
	EXPECT_EQ(41, next);
	EXPECT_EQ(0, spool_n_waiting(q));
	EXPECT_EQ(0, count_files(false, NULL, 0)); // what is not needed is not kept
	spools_get_stats(spools, &stats);
	EXPECT_EQ(0, stats.n_bytes);
	EXPECT_EQ(0, stats.n_corrupt + stats.n_cut + stats.n_dropped);
	append(q, 41);
	ASSERT_EQ(1, read_some(q, records, 7));
	EXPECT_EQ(41, number_of(&records[0]));
	end();
}

TEST(spool, groups_have_queues_of_their_own)
{
	struct spool_record record;
	char name[256] = "";

	begin();
	struct spool *a = spools_get(spools, "a"), *b = spools_get(spools, "../b /c");
	append(a, 1);
	append(b, 2);
	append(a, 3);
	EXPECT_EQ(a, spools_get(spools, "a"));
	reopen(64 * MB);
	b = spools_get(spools, "../b /c");
	EXPECT_EQ(1, spool_n_waiting(b));
	ASSERT_EQ(1, read_some(b, &record, 1));
	EXPECT_EQ(2, number_of(&record));
	EXPECT_EQ(2, spool_n_waiting(spools_get(spools, "a")));
	spool_sent(b, &record.mark);
	EXPECT_EQ(1, count_files(false, name, sizeof(name)));
	EXPECT_STRCONTAINS(name, "a.0000");
	end();
}

TEST(spool, the_oldest_of_the_longest_queue_gives_way)
{
	uint8_t bytes[1000] = "x";
	struct spool_record record;
	struct spool_stats stats;

	begin();
	reopen(4 * MB);
	struct spool *noisy = spools_get(spools, "noisy"), *quiet = spools_get(spools, "quiet");
	append(quiet, 7);
	for (unsigned int i = 0; i < 10000; i++) {
		memcpy(bytes, &i, sizeof(i));
		ASSERT_EQ(0, spool_append(noisy, span_of(bytes, sizeof(bytes))));
	}
	spools_get_stats(spools, &stats);
	EXPECT_LE(stats.n_bytes, 4 * MB);
	EXPECT_GT(stats.n_bytes, 2 * MB);
	EXPECT_GT(stats.n_dropped, 5000);
	EXPECT_EQ(10001, stats.n_dropped + stats.n_waiting);
	EXPECT_EQ(1, spool_n_waiting(quiet));
	ASSERT_EQ(1, read_some(noisy, &record, 1));
	unsigned int first;
	memcpy(&first, record.bytes, sizeof(first));
	EXPECT_EQ(stats.n_dropped, first); // the newest are all there
	end();
}

// The only file there is, its bytes to bytes[cap]; its name to name[128].
static size_t take_file(uint8_t *bytes, size_t cap, char name[256])
{
	EXPECT_EQ(1, count_files(false, name, 256));
	int fd = openat(dir_fd, name, O_RDONLY);
	ssize_t n = read(fd, bytes, cap);

	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static void put_file(const uint8_t *bytes, size_t n, const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	EXPECT_EQ((ssize_t)n, write(fd, bytes, n));
	close(fd);
}

TEST(spool, a_file_that_ends_at_any_byte)
{
	static uint8_t bytes[4096];
	struct spool_record records[16];
	struct spool_stats stats;
	char name[256];
	size_t one = SPOOL_FORMAT_HEADER_BYTES + strlen("record 0 AR");

	begin();
	for (unsigned int i = 0; i < 5; i++)
		append(spools_get(spools, "g"), i);
	size_t n = take_file(bytes, sizeof(bytes), name);
	ASSERT_EQ(5 * one, n);
	for (size_t cut = 0; cut <= n; cut++) {
		SHIM_TRACE_CASE((long long)cut);
		spools_close(spools);
		put_file(bytes, cut, name);
		ASSERT_EQ(0, spools_open(dir_fd, 64 * MB, &spools));
		struct spool *q = spools_get(spools, "g");
		EXPECT_EQ(cut / one, spool_n_waiting(q));
		spools_get_stats(spools, &stats);
		EXPECT_EQ(cut % one != 0, stats.n_cut);
		EXPECT_EQ(0, stats.n_corrupt);
		ASSERT_EQ(cut / one, read_some(q, records, 16));
		for (size_t i = 0; i < cut / one; i++)
			EXPECT_EQ(i, number_of(&records[i]));
	}
	end();
}

TEST(spool, a_byte_that_is_wrong_costs_one_record)
{
	static uint8_t bytes[4096];
	struct spool_record records[16];
	char name[256];
	size_t one = SPOOL_FORMAT_HEADER_BYTES + strlen("record 0 AR");

	begin();
	for (unsigned int i = 0; i < 5; i++)
		append(spools_get(spools, "g"), i);
	size_t n = take_file(bytes, sizeof(bytes), name);
	for (size_t at = 0; at < n; at++) {
		SHIM_TRACE_CASE((long long)at);
		spools_close(spools);
		bytes[at] ^= 0x20;
		put_file(bytes, n, name);
		bytes[at] ^= 0x20;
		ASSERT_EQ(0, spools_open(dir_fd, 64 * MB, &spools));
		struct spool *q = spools_get(spools, "g");
		// State and the byte behind it are not under the checksum.
		bool is_state = at % one == SPOOL_FORMAT_STATE_AT || at % one == 3;
		ASSERT_EQ(is_state ? 5 : 4, spool_n_waiting(q));
		ASSERT_EQ(is_state ? 5 : 4, read_some(q, records, 16));
		for (size_t i = 0; i < 4; i++)
			EXPECT_EQ(i + (!is_state && i >= at / one), number_of(&records[i]));
	}
	end();
}

// Found whole at the start, it goes bad while we run.
TEST(spool, what_becomes_unreadable_is_given_up)
{
	static uint8_t bytes[4096];
	struct spool_record records[16];
	struct spool_stats stats;
	char name[256];

	begin();
	struct spool *q = spools_get(spools, "g");
	for (unsigned int i = 0; i < 5; i++)
		append(q, i);
	size_t n = take_file(bytes, sizeof(bytes), name);
	memset(bytes, 0xa5, n);
	put_file(bytes, n, name);
	EXPECT_EQ(0, read_some(q, records, 16));
	EXPECT_EQ(0, spool_n_waiting(q));
	spools_get_stats(spools, &stats);
	EXPECT_EQ(5, stats.n_corrupt);
	append(q, 9);
	EXPECT_EQ(1, read_some(q, records, 16));
	end();
}

// No descriptor, no memory: what lies there stays.
TEST(spool, what_cannot_be_read_now_is_kept)
{
	struct spool_record records[16];
	struct rlimit was, none = {0};
	unsigned int n;

	begin();
	struct spool *q = spools_get(spools, "acct");
	for (unsigned int i = 0; i < 5; i++)
		append(q, i);
	EXPECT_EQ(0, spools_sync(spools));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &was));
	none.rlim_max = was.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, spool_read(q, records, 16, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &was));
	EXPECT_EQ(5, spool_n_waiting(q));
	EXPECT_EQ(5, read_some(q, records, 16));
	end();
}

TEST(spool, strange_files_do_no_harm)
{
	static const char *const names[] = {"calls.journal", "x.spool", ".0000000000000001.spool",
		"a.1.spool", "a.000000000000000g.spool", "a.0000000000000001.spoolx"};

	begin();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_file((const uint8_t *)"AR", 2, names[i]);
	ASSERT_EQ(0, mkdirat(dir_fd, "d.0000000000000002.spool", 0700));
	ASSERT_EQ(0, mkfifoat(dir_fd, "f.0000000000000003.spool", 0600));
	reopen(64 * MB);
	append(spools_get(spools, "a"), 1);
	EXPECT_EQ(1, spool_n_waiting(spools_get(spools, "a")));
	unlinkat(dir_fd, "d.0000000000000002.spool", AT_REMOVEDIR);
	end();
}

// ---- the thread ---------------------------------------------------------------------------------

static void wait_for(struct spool_thread *t, struct spool_done *done)
{
	struct pollfd p = {.fd = spool_thread_fd(t), .events = POLLIN};

	while (!spool_thread_fetch(t, done))
		ASSERT_EQ(1, poll(&p, 1, 5000));
}

TEST(spool, the_thread_does_it_in_order)
{
	static struct spool_record records[64];
	struct spool_thread *t;
	struct spool_done done;
	struct spool_job job;

	begin();
	struct spool *q = spools_get(spools, "g");
	ASSERT_EQ(0, spool_thread_start(spools, NULL, &t));
	for (unsigned int i = 0; i < SPOOL_THREAD_JOBS; i++) {
		ASSERT_TRUE(spool_thread_has_room(t));
		job = (struct spool_job){
			.kind = SPOOL_JOB_APPEND, .queue = q, .context = (void *)(uintptr_t)i};
		job.len = (uint16_t)snprintf((char *)job.bytes, 64, "record %u AR", i);
		spool_thread_submit(t, &job);
	}
	EXPECT_FALSE(spool_thread_has_room(t));
	for (unsigned int i = 0; i < SPOOL_THREAD_JOBS; i++) {
		wait_for(t, &done);
		EXPECT_EQ(0, done.rc);
		EXPECT_EQ(i, (uintptr_t)done.context);
		EXPECT_EQ(i == SPOOL_THREAD_JOBS - 1, spool_thread_pending(t) == 0);
	}
	for (unsigned int next = 0; next < SPOOL_THREAD_JOBS;) {
		job = (struct spool_job){.kind = SPOOL_JOB_READ, .queue = q};
		job.n_records = 64;
		job.records = records;
		spool_thread_submit(t, &job);
		wait_for(t, &done);
		ASSERT_EQ(64, done.n_records);
		for (unsigned int i = 0; i < 64; i++, next++) {
			EXPECT_EQ(next, number_of(&records[i]));
			job = (struct spool_job){.kind = SPOOL_JOB_SENT, .queue = q};
			job.mark = records[i].mark;
			spool_thread_submit(t, &job);
		}
		for (unsigned int i = 0; i < 64; i++)
			wait_for(t, &done);
		EXPECT_EQ(SPOOL_THREAD_JOBS - next, done.n_waiting);
	}
	spool_thread_stop(t);
	EXPECT_FALSE(spool_thread_fetch(t, &done));
	spool_thread_free(t);
	EXPECT_EQ(0, count_files(false, NULL, 0));
	end();
}
