// SPDX-License-Identifier: BSD-3-Clause
// A call and AAA: the question, the answer, the address that comes with a yes.
#pragma once

#include "control/call.h"

// The link has the client's answer to its challenge: ask. Sets call->auth_refusal when the driver
// has no room, or when another user has authenticated in this call before.
void call_auth_ask(struct call *call);

// AAA has answered.
void call_auth_take_reply(struct call *call, const struct aaa_reply *reply);

// Of control/address.h: what address_take() was still busy with has come out, 0 or -errno as it has it.
void call_auth_address(struct call *call, int rc);

// call->address_due_ns has come.
void call_auth_retry_address(struct call *call);

// What a call holds that ends while its verdict waits for an address.
void call_auth_release(struct call *call);

// It was not even asked: call->auth_refusal says why.
void call_auth_give_up(struct call *call);
