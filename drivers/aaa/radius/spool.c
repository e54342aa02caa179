// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/spool.h"

#include "conf/config.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEGMENT_BYTES = 1 << 20,
	FILE_BYTES_MAX = 16 << 20,		   // of one that is read: no longer one is ours
	NAME_BYTES = 3 * CONFIG_RADIUS_NAME_BYTES, // each byte may become %XX
	PATH_BYTES = NAME_BYTES + 32,
};

struct segment {
	uint64_t number;
	uint64_t n_bytes;
	uint64_t n_waiting;
	TAILQ_ENTRY(segment) in_queue;
};
TAILQ_HEAD(segments, segment);

struct spool {
	struct spools *all;
	char name[NAME_BYTES];
	struct segments segments; // the oldest first
	struct segment *last;	  // that is written, NULL: the next record begins one
	int write_fd;		  // of it
	bool is_dirty;
	uint64_t n_bytes;
	uint64_t n_waiting;
	// where to read on
	uint64_t read_segment; // the first one with this number or a higher one
	uint32_t read_at;
	// the segment that was marked last
	uint64_t mark_segment;
	int mark_fd;
	TAILQ_ENTRY(spool) in_all;
};

struct spools {
	int dir_fd;
	uint64_t max_bytes;
	uint64_t next_number;
	struct spool_stats stats;
	bool is_dir_dirty;
	int sync_rc; // of files that were closed since the last spools_sync()
	TAILQ_HEAD(, spool) queues;
};

// ---- names --------------------------------------------------------------------------------------

static void encode(const char *group, char out[NAME_BYTES])
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t n = 0;

	for (; *group && n + 4 <= NAME_BYTES; group++)
		if (strchr(plain, *group))
			out[n++] = *group;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X", (uint8_t)*group);
	out[n] = '\0';
}

static void path_of(const struct spool *q, uint64_t number, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s.%016" PRIx64 ".spool", q->name, number);
}

// "NAME.NUMBER.spool". Returns whether it is one.
static bool parse(const char *path, char name[NAME_BYTES], uint64_t *number)
{
	const char *dot = strchr(path, '.');
	int used = 0;

	if (!dot || dot == path || dot - path >= NAME_BYTES ||
		sscanf(dot, ".%16" SCNx64 ".spool%n", number, &used) != 1 || used == 0 ||
		dot[used] || used != (int)strlen(".0123456789abcdef.spool"))
		return false;
	memcpy(name, path, (size_t)(dot - path));
	name[dot - path] = '\0';
	return true;
}

// ---- segments -----------------------------------------------------------------------------------

// The whole of a file; the caller frees it. NULL with errno: it cannot be had now.
static uint8_t *load(const struct spool *q, uint64_t number, size_t *n)
{
	char path[PATH_BYTES];
	uint8_t *bytes = NULL;
	struct stat st;
	int error = 0;

	*n = 0;
	path_of(q, number, path);
	int fd = openat(q->all->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX)
		error = EINVAL;
	else if (!(bytes = malloc((size_t)st.st_size + 1)))
		error = ENOMEM;
	while (bytes && *n < (size_t)st.st_size) {
		ssize_t got = read(fd, bytes + *n, (size_t)st.st_size - *n);
		if (got <= 0)
			break; // what is there is better than nothing
		*n += (size_t)got;
	}
	close(fd);
	errno = error;
	return bytes;
}

static void close_last(struct spool *q)
{
	if (q->write_fd >= 0) {
		if (q->is_dirty && fdatasync(q->write_fd) != 0)
			q->all->sync_rc = -errno;
		close(q->write_fd);
	}
	q->write_fd = -1;
	q->last = NULL;
	q->is_dirty = false;
}

static void remove_segment(struct spool *q, struct segment *g)
{
	char path[PATH_BYTES];

	if (g == q->last)
		close_last(q);
	if (q->mark_fd >= 0 && q->mark_segment == g->number) {
		close(q->mark_fd);
		q->mark_fd = -1;
	}
	path_of(q, g->number, path);
	(void)unlinkat(q->all->dir_fd, path, 0);
	q->n_bytes -= g->n_bytes;
	q->n_waiting -= g->n_waiting;
	q->all->stats.n_bytes -= g->n_bytes;
	q->all->stats.n_waiting -= g->n_waiting;
	TAILQ_REMOVE(&q->segments, g, in_queue);
	free(g);
}

static void count_segment(struct spool *q, struct segment *g, const uint8_t *bytes, size_t n)
{
	struct spool_format_cursor c = {.bytes = span_of(bytes, n)};
	struct spool_format_record record;
	struct spool_stats *stats = &q->all->stats;

	while (spool_format_next(&c, &record))
		g->n_waiting += !record.is_sent;
	stats->n_corrupt += c.n_corrupt;
	stats->n_cut += c.is_cut;
	g->n_bytes = n;
}

// In order of their numbers, which is that of time.
static void insert(struct spool *q, struct segment *g)
{
	struct segment *before;

	TAILQ_FOREACH_REVERSE(before, &q->segments, segments, in_queue)
	if (before->number < g->number)
		break;
	if (before)
		TAILQ_INSERT_AFTER(&q->segments, before, g, in_queue);
	else
		TAILQ_INSERT_HEAD(&q->segments, g, in_queue);
	q->n_bytes += g->n_bytes;
	q->n_waiting += g->n_waiting;
	q->all->stats.n_bytes += g->n_bytes;
	q->all->stats.n_waiting += g->n_waiting;
}

// ---- all of them --------------------------------------------------------------------------------

static struct spool *get(struct spools *s, const char *name)
{
	struct spool *q;

	TAILQ_FOREACH(q, &s->queues, in_all)
	if (strcmp(q->name, name) == 0)
		return q;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->all = s;
	q->write_fd = q->mark_fd = -1;
	snprintf(q->name, sizeof(q->name), "%s", name);
	TAILQ_INIT(&q->segments);
	TAILQ_INSERT_TAIL(&s->queues, q, in_all);
	return q;
}

struct spool *spools_get(struct spools *s, const char *group)
{
	char name[NAME_BYTES];

	encode(group, name);
	return get(s, name);
}

static int find_file(struct spools *s, const char *path)
{
	char name[NAME_BYTES];
	uint64_t number;
	size_t n;

	if (!parse(path, name, &number))
		return 0;
	struct spool *q = get(s, name);
	struct segment *g = calloc(1, sizeof(*g));
	if (!q || !g) {
		free(g);
		return -ENOMEM;
	}
	uint8_t *bytes = load(q, number, &n);
	if (!bytes) { // not a plain file of a sane size: not ours
		free(g);
		s->stats.n_corrupt++;
		return 0;
	}
	g->number = number;
	count_segment(q, g, bytes, n);
	free(bytes);
	insert(q, g);
	if (number >= s->next_number)
		s->next_number = number + 1;
	if (g->n_waiting == 0)
		remove_segment(q, g);
	return 0;
}

int spools_open(int dir_fd, uint64_t max_bytes, struct spools **out)
{
	struct spools *s = calloc(1, sizeof(*s));
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*out = NULL;
	if (!d || !s) {
		rc = s ? -errno : -ENOMEM;
		if (d)
			closedir(d);
		else if (fd >= 0)
			close(fd);
		free(s);
		return rc;
	}
	s->dir_fd = dir_fd;
	s->max_bytes = max_bytes;
	TAILQ_INIT(&s->queues);
	while (rc == 0 && (entry = readdir(d)))
		rc = find_file(s, entry->d_name);
	closedir(d);
	if (rc != 0) {
		spools_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void spools_close(struct spools *s)
{
	struct spool *q;
	struct segment *g;

	if (!s)
		return;
	(void)spools_sync(s);
	while ((q = TAILQ_FIRST(&s->queues))) {
		close_last(q);
		if (q->mark_fd >= 0)
			close(q->mark_fd);
		while ((g = TAILQ_FIRST(&q->segments))) {
			TAILQ_REMOVE(&q->segments, g, in_queue);
			free(g);
		}
		TAILQ_REMOVE(&s->queues, q, in_all);
		free(q);
	}
	free(s);
}

// The longest queue gives way, so that the records of one group that is dead do not push out another's.
static bool drop_oldest(struct spools *s)
{
	struct spool *q, *longest = NULL;

	TAILQ_FOREACH(q, &s->queues, in_all)
	if (!TAILQ_EMPTY(&q->segments) && (!longest || q->n_bytes > longest->n_bytes))
		longest = q;
	if (!longest)
		return false;
	struct segment *oldest = TAILQ_FIRST(&longest->segments);
	s->stats.n_dropped += oldest->n_waiting;
	remove_segment(longest, oldest);
	return true;
}

// ---- writing ------------------------------------------------------------------------------------

static int begin_segment(struct spool *q)
{
	struct spools *s = q->all;
	struct segment *g = calloc(1, sizeof(*g));
	char path[PATH_BYTES];

	if (!g)
		return -ENOMEM;
	g->number = s->next_number;
	path_of(q, g->number, path);
	int fd = openat(s->dir_fd, path,
		O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		free(g);
		return -errno;
	}
	s->next_number++;
	s->is_dir_dirty = true;
	insert(q, g);
	q->last = g;
	q->write_fd = fd;
	return 0;
}

int spool_append(struct spool *q, struct span record)
{
	struct spools *s = q->all;
	uint8_t bytes[SPOOL_FORMAT_HEADER_BYTES + SPOOL_FORMAT_RECORD_BYTES_MAX];
	size_t n = spool_format_put(record, bytes);

	if (q->last && q->last->n_bytes + n > SEGMENT_BYTES)
		close_last(q);
	while (s->stats.n_bytes + n > s->max_bytes)
		if (!drop_oldest(s))
			break;
	int rc = q->last ? 0 : begin_segment(q);
	if (rc != 0)
		return rc;
	ssize_t written = write(q->write_fd, bytes, n);
	if (written != (ssize_t)n) { // half a record at the end: nothing follows it
		rc = written < 0 ? -errno : -ENOSPC;
		if (written > 0 && ftruncate(q->write_fd, (off_t)q->last->n_bytes) != 0)
			close_last(q);
		return rc;
	}
	q->is_dirty = true;
	q->last->n_bytes += n;
	q->last->n_waiting++;
	q->n_bytes += n;
	q->n_waiting++;
	s->stats.n_bytes += n;
	s->stats.n_waiting++;
	return 0;
}

int spools_sync(struct spools *s)
{
	struct spool *q;
	int rc = s->sync_rc;

	s->sync_rc = 0;
	TAILQ_FOREACH(q, &s->queues, in_all)
	{
		if (!q->is_dirty)
			continue;
		if (fdatasync(q->write_fd) != 0)
			rc = -errno;
		q->is_dirty = false;
	}
	if (s->is_dir_dirty && fsync(s->dir_fd) != 0)
		rc = -errno;
	s->is_dir_dirty = false;
	return rc;
}

// ---- reading ------------------------------------------------------------------------------------

static struct segment *to_read(const struct spool *q)
{
	struct segment *g;

	TAILQ_FOREACH(g, &q->segments, in_queue)
	if (g->number >= q->read_segment)
		return g;
	return NULL;
}

static int read_segment(struct spool *q, const struct segment *g, struct spool_record *out,
	unsigned int n, unsigned int *n_read)
{
	size_t n_bytes;
	uint8_t *bytes = load(q, g->number, &n_bytes);
	int rc = bytes || errno == ENOENT ? 0
					  : -errno; // one that somebody removed will not come back
	struct spool_format_cursor c = {.bytes = span_of(bytes, bytes ? n_bytes : 0)};
	struct spool_format_record found;
	unsigned int n_out = 0;

	*n_read = 0;
	if (rc != 0)
		return rc;
	c.at = q->read_at < c.bytes.len ? q->read_at : c.bytes.len;
	while (n_out < n && spool_format_next(&c, &found)) {
		q->read_at = (uint32_t)c.at;
		if (found.is_sent)
			continue;
		struct spool_record *to = &out[n_out++];
		to->mark = (struct spool_mark){.segment = g->number, .at = (uint32_t)found.at};
		to->len = (uint16_t)found.bytes.len;
		memcpy(to->bytes, found.bytes.bytes, found.bytes.len);
	}
	free(bytes);
	*n_read = n_out;
	return 0;
}

// What was counted as waiting has become unreadable since.
static void give_up(struct spool *q)
{
	struct segment *g;

	q->all->stats.n_corrupt += q->n_waiting;
	while ((g = TAILQ_FIRST(&q->segments)))
		remove_segment(q, g);
}

int spool_read(struct spool *q, struct spool_record *out, unsigned int n, unsigned int *n_read)
{
	unsigned int n_out = 0, n_more;
	struct segment *g;
	int rc = 0;

	while (n_out < n && (g = to_read(q))) {
		if (g->number != q->read_segment) {
			q->read_segment = g->number;
			q->read_at = 0;
		}
		rc = read_segment(q, g, out + n_out, n - n_out, &n_more);
		n_out += n_more;
		if (rc != 0 || n_out == n || g == q->last)
			break;
		q->read_segment = g->number + 1;
		q->read_at = 0;
	}
	if (n_out == 0 && rc == 0 && q->n_waiting > 0)
		give_up(q);
	*n_read = n_out;
	return rc;
}

void spool_sent(struct spool *q, const struct spool_mark *mark)
{
	static const uint8_t sent = SPOOL_FORMAT_SENT;
	char path[PATH_BYTES];
	struct segment *g;

	TAILQ_FOREACH(g, &q->segments, in_queue)
	if (g->number == mark->segment)
		break;
	if (!g || g->n_waiting == 0)
		return;
	if (g->n_waiting == 1) { // its last one
		remove_segment(q, g);
		return;
	}
	if (q->mark_fd < 0 || q->mark_segment != g->number) {
		if (q->mark_fd >= 0)
			close(q->mark_fd);
		path_of(q, g->number, path);
		q->mark_fd = openat(q->all->dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
		q->mark_segment = g->number;
	}
	if (q->mark_fd >= 0) // else it is sent once more after a restart
		(void)!pwrite(q->mark_fd, &sent, 1, (off_t)mark->at + SPOOL_FORMAT_STATE_AT);
	g->n_waiting--;
	q->n_waiting--;
	q->all->stats.n_waiting--;
}

uint64_t spool_n_waiting(const struct spool *q)
{
	return q->n_waiting;
}

void spools_get_stats(const struct spools *s, struct spool_stats *out)
{
	*out = s->stats;
}
