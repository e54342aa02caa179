// SPDX-License-Identifier: BSD-3-Clause
#include "adit/privilege.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int privilege_no_cores(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) < 0 ? -errno : 0;
}

static int keep_net_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	data[CAP_TO_INDEX(CAP_NET_ADMIN)].permitted = CAP_TO_MASK(CAP_NET_ADMIN);
	data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective = CAP_TO_MASK(CAP_NET_ADMIN);
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int privilege_drop_to(const char *user)
{
	errno = 0;
	const struct passwd *p = getpwnam(user);

	if (!p)
		return errno ? -errno : -ENOENT;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || initgroups(user, p->pw_gid) < 0 ||
		setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 ||
		setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0)
		return -errno;
	return keep_net_admin();
}

bool privilege_may_write_beside(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= sizeof(directory))
		return false;
	memcpy(directory, path, len);
	directory[len] = '\0';
	return access(len ? directory : "/", W_OK | X_OK) == 0;
}
