// SPDX-License-Identifier: BSD-3-Clause
// The rates of tenants, divided among the workers. What a tenant may move is one number, and its calls are on any worker;
// a bucket that all workers share would be a cache line that they pass around for each packet. So each has a bucket of its own,
// and once a second control gives it a share by what it moved and refused in the last one.
//
//   sum    the shares of all workers are never more than the rate, nor their bursts more than BURST_MS of it. A share
//          that shrinks is told before one that grows
//   delay  traffic that moves from one worker to another finds its share there within a second; until then it has
//          what every worker has, 1/16 of an equal part at least
#pragma once

#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct control;
struct tenant_rate;

struct tenant_rates {
	uint16_t n; // tenants that have a rate
	struct tenant_rate *list;
	bool *has;	   // has[n_tenants]; NULL: none has
	uint64_t asked_ns; // when the counters were looked at
};

// After workers_init(): tells the workers their first, equal shares. Returns 0 or -ENOMEM.
int tenant_rates_open(struct control *c);
void tenant_rates_close(struct control *c);

// Do calls of this tenant count against a rate of it?
bool tenant_rates_has(const struct control *c, uint16_t tenant);

// Once a second.
void tenant_rates_divide(struct control *c);

// Shares of a rate by demand: each what it asks for while that is not more than what is there, and the rest in
// equal parts; else the small ones what they ask for, and all others the same. Sums to no more than the rate.
//
//   asked   asked[n], in the unit of the rate
//   shares  out: shares[n]
void tenant_rates_split(uint64_t rate, const uint64_t *asked, uint64_t *shares, unsigned int n);
