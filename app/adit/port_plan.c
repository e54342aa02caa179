// SPDX-License-Identifier: BSD-3-Clause
#include "adit/port_plan.h"

static uint16_t choose(uint16_t max, uint16_t wanted, unsigned int n_workers)
{
	unsigned int n = wanted > 0 && wanted < n_workers ? wanted : n_workers;

	if (n > max)
		n = max;
	return (uint16_t)(n > 0 ? n : 1);
}

void port_plan_queues(const struct port_limits *limits, unsigned int n_ports,
	unsigned int n_workers, struct port_queues *out)
{
	unsigned int next = 0;

	for (unsigned int i = 0; i < n_ports; i++) {
		struct port_queues *q = &out[i];

		q->n_workers = (uint16_t)n_workers;
		q->n_rx = choose(limits[i].max_rx, limits[i].wanted, n_workers);
		q->n_tx = choose(limits[i].max_tx, limits[i].wanted, n_workers);
		q->first = 0;
		if (q->n_rx == n_workers && q->n_tx == n_workers)
			continue;
		q->first = (uint16_t)next;
		next = (next + (q->n_rx < n_workers ? q->n_rx : q->n_tx)) % n_workers;
	}
}

uint16_t port_plan_queue(const struct port_queues *q, unsigned int worker)
{
	return (uint16_t)((worker + q->n_workers - q->first) % q->n_workers);
}

bool port_plan_has_rx(const struct port_queues *q, unsigned int worker)
{
	return port_plan_queue(q, worker) < q->n_rx;
}

bool port_plan_has_tx(const struct port_queues *q, unsigned int worker)
{
	return port_plan_queue(q, worker) < q->n_tx;
}

uint16_t port_plan_worker(const struct port_queues *q, unsigned int queue)
{
	return (uint16_t)((queue + q->first) % q->n_workers);
}

uint16_t port_plan_sender(const struct port_queues *q, unsigned int worker)
{
	return port_plan_worker(q, port_plan_queue(q, worker) % q->n_tx);
}
