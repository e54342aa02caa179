// SPDX-License-Identifier: BSD-3-Clause
// Tell systemd how we are; nothing happens without systemd.
#pragma once

void notify_ready(void);
void notify_reloading(void); // until notify_ready()
void notify_stopping(void);
void notify_alive(void); // for WatchdogSec=
