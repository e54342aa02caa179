// SPDX-License-Identifier: BSD-3-Clause
#include "adit/hint.h"

#include <errno.h>
#include <stddef.h>

static const char needs_net_admin[] = "run adit as root or give it CAP_NET_ADMIN";

const char *hint_memory(int error)
{
	if (error != -ENOMEM)
		return NULL;
	return "raise memory.size_mb, or lower pptp.max_calls or memory.mbufs";
}

const char *hint_interface(int error)
{
	switch (error) {
	case -ENODEV:
		return "ports.device names no interface of this network namespace; ip link lists "
		       "them";
	case -EPERM:
		return needs_net_admin;
	}
	return NULL;
}

const char *hint_tap(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no /dev/net/tun: modprobe tun, or let the container have it";
	case -EBUSY:
		return "another process has this TAP, maybe another adit; or choose another "
		       "ports.tap";
	case -EINVAL:
	case -EEXIST:
		return "an interface that is no TAP has this name; choose another ports.tap";
	case -EPERM:
		return needs_net_admin;
	}
	return NULL;
}
