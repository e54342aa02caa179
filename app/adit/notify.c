// SPDX-License-Identifier: BSD-3-Clause
#include "adit/notify.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

#include <time.h>

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1\nSTATUS=accepting clients");
}

// systemd tells by the time which of our messages are about this reload (sd_notify(3)).
void notify_reloading(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reading the configuration",
		(unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000);
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

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

void notify_alive(void)
{
}
#endif
