// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "conf/config.h"
#include "observe/events.h"

// Open the log that the configuration asks for. A file that cannot be opened is told to the other
// sinks: adit goes on without it.
void log_setup(struct log *log, const struct config *c);

// Another configuration: what it asks for, from the next record on. A file that is the same one is written on.
void log_setup_again(struct log *log, const struct config *c);
