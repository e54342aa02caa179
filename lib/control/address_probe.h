// SPDX-License-Identifier: BSD-3-Clause
// Does a host of the inside have an address already (tenant.check_in_use)? Two ARP Probes (RFC 5227 2.1.1) on the
// network that the address is of; who has it has 150 ms to say so. The wait is far shorter than that of the RFC, for a
// user sits in front of it; that a host is slower than this is told by ARP later, and by nothing here.
//
// Only where the address lies in a network of an inside port or VLAN of the tenant that has an address of ours: nobody
// else could be asked.
#pragma once

#include "control/timer_heap.h"
#include "msg/msg.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct call;
struct control;

enum { ADDRESS_PROBE_BUCKETS = 256 };

struct address_probe {
	struct timer timer;
	struct call *call;
	uint32_t address_be;
	uint16_t network; // in control.networks
	uint8_t n_sent;
	LIST_ENTRY(address_probe) in_bucket;
};

struct address_probes {
	uint32_t n; // under way
	LIST_HEAD(, address_probe) buckets[ADDRESS_PROBE_BUCKETS];
};

// Ask whether somebody has the call's inner address. address_checked() is told, later.
//
//   returns  false: there is nothing to ask, or no memory for it; the address is taken for free
bool address_probe_begin(struct call *call);

// The call needs no answer any more. Harmless where none is under way.
void address_probe_cancel(struct call *call);

// A frame of an inside port that goes to the kernel: an answer, perhaps.
void address_probe_look(struct control *c, uint8_t port, const struct rte_mbuf *frame);
