// SPDX-License-Identifier: BSD-3-Clause
// A crypto driver that takes only a part of what it is given and answers when the test lets it: what an
// engine on another core does, made reproducible. Its transform is the reference.
#pragma once

#include "crypto/driver.h"

struct late_driver_control {
	unsigned int submit_max; // ops taken at once
	unsigned int room;	 // ops held at most, up to LATE_DRIVER_DEPTH
	bool is_holding;	 // poll gives nothing
	bool is_slow; // an op comes back in a later turn than the one that it was taken in
	unsigned int turn;
	bool fails; // every op comes back as an error, untouched
};

enum { LATE_DRIVER_DEPTH = 1024 };

extern struct late_driver_control late_driver_control;
extern const struct crypto_driver late_driver;
