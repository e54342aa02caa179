// SPDX-License-Identifier: BSD-3-Clause
// A worker that has nothing to do but MPPE: sessions as they are in life, with a ring of late keys each, whose
// packets go through a crypto driver in bursts.
#pragma once

#include "crypto/driver.h"
#include "perf/mppe_method.h"

struct driver_lane;

// The lane of a driver that is open. Takes driver_state, which it closes.
//
//   depth  packets that may be in flight: 0 for a driver that works in submit, one burst then
struct driver_lane *driver_lane_new(
	const struct crypto_driver *driver, void *driver_state, unsigned int depth);
void driver_lane_free(struct driver_lane *lane);

// As those of struct mppe_method, whose state a lane is.
void driver_lane_begin(void *lane, const struct mppe_work *work);
uint64_t driver_lane_run(
	void *lane, const struct mppe_work *work, uint8_t packets[][MPPE_WORK_PACKET_BYTES]);
void driver_lane_session_key(
	const void *lane, unsigned int session, uint8_t key[MPPE_KEY_BYTES_MAX]);
