// SPDX-License-Identifier: BSD-3-Clause
// The keys of all calls in a file (perf/session_keys.h), for whoever makes packets for them elsewhere: mkpcap, and Pktgen
// that replays its captures (perf/pktgen). Written before there is any traffic, so counts are those of set-ups.
#pragma once

struct fleet;

// All calls that are up, to options.export_keys, which appears when it is complete and is readable by its owner
// alone. Nothing without that option. Returns 0, or -errno with a line on stderr.
int export_keys(const struct fleet *f);
