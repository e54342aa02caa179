// SPDX-License-Identifier: BSD-3-Clause
#include "adit/notify.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1\nSTATUS=accepting clients");
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=ending calls");
}

void notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}
#else
void notify_ready(void)
{
}

void notify_stopping(void)
{
}

void notify_alive(void)
{
}
#endif
