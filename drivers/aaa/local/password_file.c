// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/password_file.h"

#include "base/secret.h"
#include "conf/config.h"
#include "observe/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE_BYTES_MAX = 3 * LIMIT_USER_NAME_BYTES + 2 * (2 * MSCHAP_HASH_BYTES + 1) +
			 3 * CONFIG_TENANT_NAME_BYTES + 2,
	BUFFER_BYTES = 4096,
};

static const char title[] = "# Passwords that users have changed, kept by adit. Take a line out "
			    "while adit is down to go back to the configured password.\n";

// line 0: of the file as a whole
static int tell(struct log *log, const char *path, unsigned int line, const char *text, int rc)
{
	struct event e;

	if (!log)
		return rc;
	event_begin(&e, EVENT_CONFIG_ERROR);
	event_word(&e, "key", "auth.password_file");
	event_word(&e, "file", path);
	if (line)
		event_u64(&e, "line", line);
	event_word(&e, "text", text);
	event_send(log, &e);
	return rc;
}

static int tell_errno(struct log *log, const char *path, int error)
{
	return tell(log, path, 0, strerror(error), -error);
}

// The directory, which must be there and hold still for fsync.
static int open_directory(const char *path)
{
	char directory[CONFIG_PATH_BYTES];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= sizeof(directory))
		return -ENAMETOOLONG;
	memcpy(directory, path, len);
	directory[len] = '\0';
	int fd = open(slash ? (len ? directory : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

// ---- reading

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

// Two digits, or -1.
static int get_byte(const char *text)
{
	int high = hex_value(text[0]);
	int low = high < 0 ? -1 : hex_value(text[1]);

	return low < 0 ? -1 : high << 4 | low;
}

// A name of less than cap bytes, up to the blank or the end; returns where it ends, or NULL.
static const char *get_name(const char *at, char *name, size_t cap)
{
	size_t n = 0;

	for (; *at && *at != ' '; at++) {
		int c = (unsigned char)*at;
		if (c == '%') {
			c = get_byte(at + 1);
			at += 2;
		}
		if (c <= 0 || n + 1 == cap)
			return NULL;
		name[n++] = (char)c;
	}
	name[n] = '\0';
	return n ? at : NULL;
}

// A blank and 32 digits; returns where they end, or NULL.
static const char *get_hash(const char *at, uint8_t hash[MSCHAP_HASH_BYTES])
{
	if (*at++ != ' ')
		return NULL;
	for (size_t i = 0; i < MSCHAP_HASH_BYTES; i++, at += 2) {
		int byte = get_byte(at);
		if (byte < 0)
			return NULL;
		hash[i] = (uint8_t)byte;
	}
	return at;
}

static bool get_entry(const char *line, struct password_entry *out)
{
	const char *at = get_name(line, out->name, sizeof(out->name));

	out->tenant[0] = '\0';

	at = at ? get_hash(at, out->nt_hash) : NULL;
	at = at ? get_hash(at, out->replaced) : NULL;
	if (at && *at == ' ')
		at = get_name(at + 1, out->tenant, sizeof(out->tenant));
	return at && *at == '\0';
}

static int read_lines(FILE *f, const char *path, struct log *log,
	void (*take)(void *context, const struct password_entry *entry), void *context)
{
	char line[LINE_BYTES_MAX + 2];
	struct password_entry entry;
	int rc = 0;

	for (unsigned int n = 1; rc == 0 && fgets(line, sizeof(line), f); n++) {
		char *end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (line[0] == '#' && end)
			continue;
		if (end && get_entry(line, &entry))
			take(context, &entry);
		else
			rc = tell(log, path, n, "this line was not written by adit, or not whole",
				-EINVAL);
	}
	if (rc == 0 && ferror(f))
		rc = tell_errno(log, path, EIO);
	secret_wipe_bytes(line, sizeof(line));
	secret_wipe_bytes(&entry, sizeof(entry));
	return rc;
}

static int check_file(int fd, const char *path, uid_t owner, struct log *log)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return tell_errno(log, path, errno);
	if (!S_ISREG(st.st_mode))
		return tell(log, path, 0, "this is no regular file", -EINVAL);
	if (st.st_uid != 0 && st.st_uid != owner)
		return tell(log, path, 0, "it belongs neither to root nor to adit's user", -EPERM);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return tell(log, path, 0, "others than its owner may use it: chmod 0600", -EPERM);
	return 0;
}

int password_file_read(const char *path, uid_t owner, struct log *log,
	void (*take)(void *context, const struct password_entry *entry), void *context)
{
	char buffer[BUFFER_BYTES];
	int directory = open_directory(path);

	if (directory < 0)
		return tell(log, path, 0, "its directory cannot be opened", directory);
	close(directory);
	// No blocking on a FIFO, no way through somebody's link.
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : tell_errno(log, path, errno);
	int rc = check_file(fd, path, owner, log);
	FILE *f = rc == 0 ? fdopen(fd, "r") : NULL;
	if (!f) {
		close(fd);
		return rc ? rc : -ENOMEM;
	}
	setvbuf(f, buffer, _IOFBF, sizeof(buffer)); // which can be wiped
	rc = read_lines(f, path, log, take, context);
	fclose(f);
	secret_wipe_bytes(buffer, sizeof(buffer));
	return rc;
}

// ---- writing

static void put_hex(char **at, const uint8_t hash[MSCHAP_HASH_BYTES])
{
	*(*at)++ = ' ';
	for (size_t i = 0; i < MSCHAP_HASH_BYTES; i++)
		*at += sprintf(*at, "%02x", hash[i]);
}

static void put_name(char **at, const char *name)
{
	for (const char *c = name; *c; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte <= ' ' || byte == 0x7f || byte == '%' || byte == '#')
			*at += sprintf(*at, "%%%02x", byte);
		else
			*(*at)++ = *c;
	}
}

static void put_entry(const struct password_entry *entry, char line[LINE_BYTES_MAX + 1])
{
	char *at = line;

	put_name(&at, entry->name);
	put_hex(&at, entry->nt_hash);
	put_hex(&at, entry->replaced);
	if (entry->tenant[0]) {
		*at++ = ' ';
		put_name(&at, entry->tenant);
	}
	*at++ = '\n';
	*at = '\0';
}

static int write_lines(
	int fd, bool (*next)(void *context, struct password_entry *out), void *context)
{
	char buffer[BUFFER_BYTES], line[LINE_BYTES_MAX + 1];
	struct password_entry entry;
	FILE *f = fdopen(fd, "w");
	bool is_good;

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	setvbuf(f, buffer, _IOFBF, sizeof(buffer));
	is_good = fputs(title, f) >= 0;
	while (is_good && next(context, &entry)) {
		put_entry(&entry, line);
		is_good = fputs(line, f) >= 0;
	}
	is_good = is_good && fflush(f) == 0 && fsync(fd) == 0;
	int rc = is_good ? 0 : errno ? -errno : -EIO;
	fclose(f);
	secret_wipe_bytes(buffer, sizeof(buffer));
	secret_wipe_bytes(line, sizeof(line));
	secret_wipe_bytes(&entry, sizeof(entry));
	return rc;
}

static int replace(const char *path, const char *new_path, int directory,
	bool (*next)(void *context, struct password_entry *out), void *context)
{
	if (unlink(new_path) < 0 && errno != ENOENT)
		return -errno;
	int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int rc = write_lines(fd, next, context);
	if (rc == 0 && rename(new_path, path) < 0)
		rc = -errno;
	if (rc != 0)
		(void)unlink(new_path);
	else
		// The new file is in place whatever comes now; this only orders it before a crash.
		(void)fsync(directory);
	return rc;
}

int password_file_write(const char *path, struct log *log,
	bool (*next)(void *context, struct password_entry *out), void *context)
{
	char new_path[CONFIG_PATH_BYTES + sizeof(".new")];
	int directory = open_directory(path);

	if (directory < 0)
		return tell(log, path, 0, "its directory cannot be opened", directory);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	int rc = replace(path, new_path, directory, next, context);
	close(directory);
	return rc == 0 ? 0 : tell_errno(log, path, -rc);
}
