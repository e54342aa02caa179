// SPDX-License-Identifier: BSD-3-Clause
// What the policy of a session is, and what it dropped: a part of `aditctl show session`.
#pragma once

struct call;
struct control;
struct render;

void show_policy_describe(struct control *c, struct render *r, const struct call *call);
