// SPDX-License-Identifier: BSD-3-Clause
// The end of the control lane: no new clients, then for every call LCP Terminate-Request,
// Call-Disconnect-Notify and StopCCRQ, in slices that the workers' rings take, within 4 s in all.
#pragma once

#include <stdbool.h>

struct control;

void shutdown_begin(struct control *c);

// One slice; once a turn while control stops. Returns true when all is over.
bool shutdown_go_on(struct control *c);
