// SPDX-License-Identifier: BSD-3-Clause
// The phases of a link: what follows from what its machines have become. For link.c alone.
#pragma once

#include "proto/link.h"

// Of CCP and IPCP; LCP has some of its own.
struct fsm_limits link_phase_limits(const struct link_config *config);

// What holds for a client that is not known yet.
struct link_policy link_phase_policy(const struct link_config *config);

// 16 bytes that nobody can tell who does not know the seed: the seed itself is never sent, and
// magic numbers, which are, must not lead back to it.
void link_phase_draw(struct link *l, uint8_t out[16]);

// Policy says so, or the link was encrypted once: whoever can forge a packet of LCP or CCP must not
// bring a call back to clear text.
bool link_phase_needs_encryption(const struct link *l);

// The MPPE_OPTION_* strengths that policy allows and the verdict's keys can do, 0: none.
uint32_t link_phase_strengths(const struct link *l);

// CCP is spoken: MPPE is possible, or required.
bool link_phase_has_ccp(const struct link *l);

// An IPCP packet of the client: given to IPCP, or held until it can be answered.
void link_phase_take_ipcp(struct link *l, struct span info, uint64_t now_ns, struct step *out);

// Tell the client why and wait for its Terminate-Ack; or end at once when it has never spoken
// LCP, or has itself hung up (such a reason has no text).
void link_phase_terminate(
	struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out);

// What was held can be answered now.
void link_phase_take_held(struct link *l, uint64_t now_ns, struct step *out);

// After every event: draw the conclusions from what the machines have become.
void link_phase_settle(struct link *l, uint64_t now_ns, struct step *out);
