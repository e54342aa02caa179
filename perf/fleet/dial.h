// SPDX-License-Identifier: BSD-3-Clause
// Dialling, keeping up and hanging up: tunnels (TCP and PPTP's control connection) and the calls in them, paced.
// A set-up is tried once: what fails has failed, for its reason.
#pragma once

#include "perf/fleet/fleet.h"

int dial_init(struct fleet *f);
void dial_fini(struct fleet *f);

// Begin to dial a wave; the main one first.
void dial_begin(struct fleet *f, enum fleet_wave wave);
// Has each of its calls come up or failed?
bool dial_is_settled(const struct fleet *f, enum fleet_wave wave);

// Begin to hang up all that is up, as many at once as --dial-parallel says.
void dial_hang_up(struct fleet *f);
bool dial_has_hung_up(const struct fleet *f);

// Once a round of the loop: begin calls, run timers. Returns whether there was something to do.
bool dial_run(struct fleet *f);

// An IPv4 packet of TCP, whole; it changes owner.
void dial_receive_tcp(struct fleet *f, struct rte_mbuf *m);
