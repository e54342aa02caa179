// SPDX-License-Identifier: BSD-3-Clause
// The networks behind a client (Framed-Route): on the workers' map while data may pass.
#pragma once

struct call;
struct aaa_reply;

// What AAA says. Before the call is open.
void call_routes_take(struct call *call, const struct aaa_reply *reply);

// Put them on the map. One that overlaps a pool or that a client has already is refused, told and counted; the call
// goes on without it.
void call_routes_add(struct call *call);

// Before its worker is told that the session ends or is closed: the worker relies on it.
void call_routes_remove(struct call *call);
