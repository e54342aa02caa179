// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_dir.h"

#include "conf/config.h"
#include "observe/events.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 64 };

static int fail(struct log *log, const char *path, int rc, const char *hint)
{
	struct event e;

	if (!log)
		return rc;
	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", "radius.accounting_dir");
	event_word(&e, "path", path);
	event_word(&e, "error", strerror(-rc));
	if (hint)
		event_word(&e, "hint", hint);
	event_send(log, &e);
	return rc;
}

// Whom adit is about to become. Returns false when it stays who it is.
static bool find_heir(const struct config *config, uid_t *uid, gid_t *gid)
{
	const struct passwd *p = config->run_as_user[0] ? getpwnam(config->run_as_user) : NULL;

	if (!p || geteuid() != 0) // an unknown one is an error of its own, a little later
		return false;
	*uid = p->pw_uid;
	*gid = p->pw_gid;
	return true;
}

static bool may_write(int dir_fd, const struct config *config)
{
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;
	struct stat st;
	uid_t uid;
	gid_t gid;

	if (!find_heir(config, &uid, &gid))
		return faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
	if (uid == 0)
		return true;
	if (fstat(dir_fd, &st) != 0)
		return false;
	if (st.st_uid == uid)
		return (st.st_mode & 0300) == 0300;
	if (getgrouplist(config->run_as_user, gid, groups, &n) < 0)
		n = 0;
	for (int i = 0; i < n; i++)
		if (groups[i] == st.st_gid)
			return (st.st_mode & 030) == 030;
	return (st.st_mode & 03) == 03;
}

void account_dir_give(const struct account_dir *d, const struct config *config)
{
	struct dirent *entry;
	uid_t uid;
	gid_t gid;

	if (d->fd < 0 || !find_heir(config, &uid, &gid))
		return;
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		size_t n = strlen(entry->d_name);
		bool is_ours = strcmp(entry->d_name, "lock") == 0 ||
			       strcmp(entry->d_name, "calls.journal") == 0 ||
			       (n > 6 && strcmp(entry->d_name + n - 6, ".spool") == 0);
		if (is_ours && fchownat(d->fd, entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
			break; // it is on a file system that knows no owners
	}
	closedir(dir);
}

static int take_lock(struct account_dir *d, const char *path, struct log *log)
{
	char text[32];

	d->lock_fd = openat(d->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->lock_fd < 0)
		return fail(log, path, -errno, "no lock file can be made in it");
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		int rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
		return fail(log, path, rc, "another adit uses it");
	}
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(d->lock_fd, 0) != 0 || pwrite(d->lock_fd, text, (size_t)n, 0) != n)
		return fail(log, path, -EIO, "nothing can be written to it");
	return 0;
}

// The last part of the path, and the one before it.
static void make(const char *path, const struct config *config)
{
	char parent[CONFIG_PATH_BYTES];
	uid_t uid;
	gid_t gid;

	snprintf(parent, sizeof(parent), "%s", path);
	char *slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		(void)mkdir(parent, 0755);
	}
	if (mkdir(path, 0700) == 0 && find_heir(config, &uid, &gid) && chown(path, uid, gid) != 0)
		(void)rmdir(path); // opening it will say why
}

int account_dir_open(
	struct account_dir *d, const struct config *config, bool is_needed, struct log *log)
{
	const char *path = config->accounting_dir;
	int rc;

	*d = (struct account_dir){.fd = -1, .lock_fd = -1};
	if (!path[0])
		return 0;
	if (!is_needed)
		log = NULL;
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0 && errno == ENOENT) {
		if (!is_needed)
			return 0;
		make(path, config);
		d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (d->fd < 0) {
		rc = fail(log, path, -errno, "make it, for run_as_user to write to");
		return is_needed ? rc : 0;
	}
	if (!may_write(d->fd, config))
		rc = fail(log, path, -EACCES,
			config->run_as_user[0]
				? "run_as_user must own it, or be able to write to it"
				: NULL);
	else
		rc = take_lock(d, path, log);
	if (rc != 0)
		account_dir_close(d);
	return is_needed ? rc : 0;
}

void account_dir_close(struct account_dir *d)
{
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = d->lock_fd = -1;
}
