// SPDX-License-Identifier: BSD-3-Clause
#include "msg/lane_ring.h"

#include "msg/pool_bytes.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

_Static_assert(sizeof(struct lane_command) % 4 == 0, "rte_ring wants elements of 4n bytes");
_Static_assert(sizeof(struct lane_event) % 4 == 0, "rte_ring wants elements of 4n bytes");

int lane_wake_init(struct lane_wake *w)
{
	w->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	atomic_init(&w->is_sleeping, 0);
	return w->event_fd < 0 ? -errno : 0;
}

void lane_wake_fini(struct lane_wake *w)
{
	if (w->event_fd >= 0)
		close(w->event_fd);
	w->event_fd = -1;
}

void lane_wake_finish(struct lane_wake *w)
{
	eventfd_t n;

	atomic_store_explicit(&w->is_sleeping, 0, memory_order_relaxed);
	(void)eventfd_read(w->event_fd, &n);
}

void lane_wake_kick(struct lane_wake *w)
{
	// The fence orders the caller's store to the ring before the load, against lane_wake_prepare().
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&w->is_sleeping, memory_order_relaxed))
		return;
	if (atomic_exchange_explicit(&w->is_sleeping, 0, memory_order_relaxed))
		(void)eventfd_write(w->event_fd, 1);
}

struct rte_ring *lane_ring_new_commands(const char *name, unsigned int size, int socket)
{
	return rte_ring_create_elem(
		name, sizeof(struct lane_command), size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

struct rte_ring *lane_ring_new_events(const char *name, unsigned int size, int socket)
{
	return rte_ring_create_elem(
		name, sizeof(struct lane_event), size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

void lane_ring_free_commands(struct rte_ring *r)
{
	struct lane_command c;

	if (!r)
		return;
	while (lane_ring_take_command(r, &c))
		rte_pktmbuf_free(c.packet);
	secret_wipe_bytes(&c, sizeof(c));
	secret_wipe_bytes(&r[1], r->size * sizeof(c)); // the elements lie right behind the ring
	rte_ring_free(r);
}

void lane_ring_free_events(struct rte_ring *r)
{
	struct lane_event e;

	if (!r)
		return;
	while (lane_ring_take_events(r, &e, 1) == 1)
		rte_pktmbuf_free(e.packet);
	rte_ring_free(r);
}

static void report_ring(const char *what, const struct rte_ring *ring, struct memory_report *r)
{
	memory_report_add(r, MEMORY_DPDK, what, pool_bytes_ring(ring), rte_ring_get_capacity(ring),
		rte_ring_count(ring));
}

void lane_links_report(const struct lane_links *links, struct memory_report *r)
{
	report_ring("command rings", links->commands, r);
	report_ring("event rings", links->events, r);
	report_ring("event rings", links->exceptions, r);
}

uint64_t lane_ring_bytes_commands(unsigned int size)
{
	return (uint64_t)rte_ring_get_memsize_elem(sizeof(struct lane_command), size);
}

uint64_t lane_ring_bytes_events(unsigned int size)
{
	return (uint64_t)rte_ring_get_memsize_elem(sizeof(struct lane_event), size);
}
