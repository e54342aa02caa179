// SPDX-License-Identifier: BSD-3-Clause
// Rules by which a NIC puts GRE on the queue of the worker that owns its session (rte_flow), so that nothing has to be
// handed over.
//
// A rule looks at the low bits of the Call ID, the half of the GRE key (RFC 2637 4.1) that names the call. As many low
// bits as it takes make a *class*; class c belongs to worker c modulo workers, and control hands out Call IDs whose
// class is that of the session's worker (control/call_table.h). So a handful of rules serves any number of calls.
// Two forms are tried: the NIC's own notion of a GRE key, then the raw bytes.
#pragma once

#include "config/limits.h"

#include <rte_flow.h>

enum { PORT_FLOW_CLASSES_MAX = 64 };

enum port_flow_form { PORT_FLOW_NONE, PORT_FLOW_GRE_KEY, PORT_FLOW_RAW };

// rte_flow, or what a test puts in its place.
struct port_flow_ops {
	int (*validate)(uint16_t port, const struct rte_flow_attr *attr,
		const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
		struct rte_flow_error *error);
	struct rte_flow *(*create)(uint16_t port, const struct rte_flow_attr *attr,
		const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
		struct rte_flow_error *error);
	int (*destroy)(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error);
};

extern const struct port_flow_ops port_flow_dpdk;

struct port_flow {
	enum port_flow_form form;
	unsigned int n_rules;
	struct rte_flow *rules[PORT_FLOW_CLASSES_MAX];
	char why[80]; // what the NIC said to the last form that it refused; "": nothing
};

// How many classes: a power of two, at least one a worker; more where the workers would have unequal shares.
unsigned int port_flow_classes(unsigned int n_workers);

// Validate all rules of a form, then make them; all or none. `queues[n_workers]` is each worker's queue. The port has
// started. Returns 0, or -errno when the NIC takes neither form.
int port_flow_open(struct port_flow *f, const struct port_flow_ops *ops, uint16_t port,
	const uint16_t *queues, unsigned int n_workers);
void port_flow_close(struct port_flow *f, const struct port_flow_ops *ops, uint16_t port);

const char *port_flow_form_name(enum port_flow_form form);
