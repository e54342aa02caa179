// SPDX-License-Identifier: BSD-3-Clause
#include "adit/eal.h"

#include "adit/packet_pools.h"
#include "adit/start_failed.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum {
	ARGUMENTS_MAX = 32 + 2 * LIMIT_PORTS,
	ARGUMENT_BYTES = 512, // the map of all lanes is the longest
};

struct arguments {
	int n;
	bool failed;
	char text[ARGUMENTS_MAX][ARGUMENT_BYTES];
	char *pointers[ARGUMENTS_MAX + 1];
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *a, const char *format, ...)
{
	va_list list;

	if (a->n == ARGUMENTS_MAX) {
		a->failed = true;
		return;
	}
	va_start(list, format);
	int len = vsnprintf(a->text[a->n], ARGUMENT_BYTES, format, list);
	va_end(list);
	a->failed |= len < 0 || len >= ARGUMENT_BYTES;
	a->pointers[a->n] = a->text[a->n];
	a->n++;
}

static void add_lanes(struct arguments *a, const struct config *c)
{
	char map[ARGUMENT_BYTES];
	int len = snprintf(map, sizeof(map), "0@%u", c->control_cpu);

	for (unsigned int i = 0; i < c->n_workers && len < (int)sizeof(map); i++)
		len += snprintf(
			map + len, sizeof(map) - (size_t)len, ",%u@%u", i + 1, c->worker_cpus[i]);
	for (unsigned int i = 0; i < c->n_engines && len < (int)sizeof(map); i++)
		len += snprintf(map + len, sizeof(map) - (size_t)len, ",%u@%u",
			c->n_workers + 1 + i, c->engine_cpus[i]);
	add(a, "--lcores=%s", map);
	add(a, "--main-lcore=0");
}

// Divided over the nodes as they need it; where there is only one, or no hugepages, EAL has nothing to divide.
static void add_size(struct arguments *a, const struct config *c, const uint32_t *node_mb)
{
	char list[NUMA_NODES_MAX * 12] = "";
	size_t len = 0;
	int n_nodes = 0, last = 0;

	for (int i = 0; i < NUMA_NODES_MAX; i++) {
		n_nodes += node_mb[i] > 0;
		last = node_mb[i] > 0 ? i : last;
	}
	if (!c->hugepages || n_nodes < 2) {
		add(a, "-m");
		add(a, "%u", c->memory_mb);
		return;
	}
	for (int i = 0; i <= last; i++)
		len += (size_t)snprintf(
			list + len, sizeof(list) - len, "%s%u", i ? "," : "", node_mb[i]);
	add(a, "--socket-mem=%s", list);
}

static void add_memory(struct arguments *a, const struct config *c, const uint32_t *node_mb)
{
	add_size(a, c, node_mb);
	if (c->hugepages) {
		// No file in hugetlbfs outlives the process, and two instances do not meet.
		add(a, "--in-memory");
		return;
	}
	add(a, "--no-huge");
	add(a, "--no-shconf");
	add(a, "--no-telemetry");
}

static void add_devices(struct arguments *a, const struct config *c)
{
	bool has_pci = false;

	for (unsigned int i = 0; i < c->n_ports; i++) {
		const struct config_port *p = &c->ports[i];
		switch (p->kind) {
		case CONFIG_DEVICE_PCI:
			has_pci = true;
			add(a, "--allow=%s", p->device);
			break;
		case CONFIG_DEVICE_VDEV:
			add(a, "--vdev=%s", p->device);
			break;
		case CONFIG_DEVICE_INTERFACE:
			// The ring holds what arrives while an idle worker sleeps.
			add(a,
				"--vdev=net_af_packet%u,iface=%s,qpairs=%u,blocksz=%u,framesz=%u,"
				"framecnt=%u",
				i, p->device, RTE_MIN(config_port_queues(c, p), c->n_workers),
				PACKET_POOLS_FRAME_BYTES, PACKET_POOLS_FRAME_BYTES,
				p->rx_descriptors);
			break;
		}
	}
	// Without this EAL takes the machine's own NICs.
	if (!has_pci)
		add(a, "--no-pci");
}

// EAL would print all its own options, which are none of adit's.
static int check_cpu(struct log *log, const char *key, unsigned int cpu)
{
	char path[64], what[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u", cpu);
	if (access(path, F_OK) == 0)
		return 0;
	snprintf(what, sizeof(what), "CPU %u of %s", cpu, key);
	return start_failed(log, what, -ENODEV, "this machine has no such CPU; lscpu lists them");
}

int eal_start(const struct config *config, const uint32_t node_mb[NUMA_NODES_MAX], struct log *log)
{
	struct arguments *a = &(struct arguments){0};
	int error = check_cpu(log, "lanes.control", config->control_cpu);

	for (unsigned int i = 0; !error && i < config->n_workers; i++)
		error = check_cpu(log, "lanes.workers", config->worker_cpus[i]);
	for (unsigned int i = 0; !error && i < config->n_engines; i++)
		error = check_cpu(log, "lanes.engines", config->engine_cpus[i]);
	if (error)
		return error;

	add(a, "adit");
	add_lanes(a, config);
	add_memory(a, config, node_mb);
	add_devices(a, config);
	add(a, "--log-level=warning");
	if (a->failed)
		return start_failed(
			log, "eal", -E2BIG, "the devices of ports are too many or too long");
	if (rte_eal_init(a->n, a->pointers) >= 0)
		return 0;
	return start_failed(log, "eal", -rte_errno,
		config->hugepages
			? "see the lines of EAL above; memory.hugepages needs free hugepages "
			  "(sysctl vm.nr_hugepages)"
			: "see the lines of EAL above");
}

void eal_device_name(const struct config *config, unsigned int port, char *out, size_t cap)
{
	const struct config_port *p = &config->ports[port];

	switch (p->kind) {
	case CONFIG_DEVICE_PCI:
		snprintf(out, cap, "%s", p->device);
		break;
	case CONFIG_DEVICE_VDEV:
		snprintf(out, cap, "%.*s", (int)strcspn(p->device, ","), p->device);
		break;
	case CONFIG_DEVICE_INTERFACE:
		snprintf(out, cap, "net_af_packet%u", port);
		break;
	}
}
