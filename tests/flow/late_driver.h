// SPDX-License-Identifier: BSD-3-Clause
// A crypto driver that takes only a part of what it is given and answers when the test lets it: what an
// engine on another core does, made reproducible. It gets stuck with packets, too. Its transform is the reference.
#pragma once

#include "crypto/driver.h"

struct late_driver_control {
	unsigned int submit_max; // ops taken at once
	unsigned int room;	 // ops held at most, up to LATE_DRIVER_DEPTH
	bool is_holding;	 // poll gives nothing
	unsigned int n_holding;	 // so many more polls give nothing
	bool is_slow; // an op comes back in a later turn than the one that it was taken in
	unsigned int turn;
	bool fails;		     // every op comes back as an error, untouched
	bool refuses;		     // has_room says no
	unsigned int lose;	     // the next so many ops that come back are lost
	bool keeps_lost;	     // and stay so: they do not come once more
	unsigned int n_lost;	     // out: that have not come once more
	struct crypto_op *last_lost; // out
};

enum { LATE_DRIVER_DEPTH = 1024 };

extern struct late_driver_control late_driver_control;
extern const struct crypto_driver late_driver;
