// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/ports.h"

#include "perf/fleet/dial.h"
#include "wire/inet.h"

#include <errno.h>
#include <rte_arp.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	N_MBUFS = 32767,
	MBUF_CACHE = 256,
	N_DESCRIPTORS = 1024,
	FRAME_BYTES = 2048, // of af_packet
	LINK_WAIT_MS = 30000,
	RESOLVE_WAIT_MS = 20000,
	RESOLVE_AGAIN_MS = 200,
	// For a ring that is full: adit, or the kernel, is behind, and perhaps waits for this very CPU.
	TX_SPINS_MAX = 1000,
	TX_NAPS_MAX = 100,
	TX_NAP_US = 20,
	ARGUMENT_BYTES = 512,
	ARGUMENTS_MAX = 24,
};

struct port {
	uint16_t id;
	bool is_open;
	uint32_t address_be; // our own
	struct rte_ether_addr mac;
	uint32_t peer_be; // adit's
	struct rte_ether_addr peer_mac;
	bool is_resolved;
	unsigned int n_tx;
	struct rte_mbuf *tx[FLEET_BURST];
};

struct ports {
	struct port outside, inside;
};

static int fail(const char *what, const char *device, int error)
{
	fprintf(stderr, "fleet: %s %s: %s\n", device, what, strerror(-error));
	return error;
}

// ---- EAL

struct arguments {
	int n;
	char text[ARGUMENTS_MAX][ARGUMENT_BYTES];
	char *pointers[ARGUMENTS_MAX + 1];
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *a, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(a->text[a->n], ARGUMENT_BYTES, format, list);
	va_end(list);
	a->pointers[a->n] = a->text[a->n];
	a->n++;
}

static void add_device(struct arguments *a, const struct fleet_device *d, unsigned int i)
{
	switch (d->kind) {
	case FLEET_DEVICE_PCI:
		add(a, "--allow=%s", d->device);
		break;
	case FLEET_DEVICE_VDEV:
		add(a, "--vdev=%s", d->device);
		break;
	case FLEET_DEVICE_INTERFACE:
		add(a, "--vdev=net_af_packet%u,iface=%s,blocksz=65536,framesz=%d,framecnt=%d", i,
			d->device, FRAME_BYTES, N_DESCRIPTORS);
		break;
	}
}

int ports_start_eal(const struct fleet_options *o)
{
	struct arguments *a = &(struct arguments){0};

	add(a, "fleet");
	add(a, "--lcores=0@%u", o->cpu);
	add(a, "-m");
	add(a, "%u", o->memory_mb);
	if (o->hugepages) {
		add(a, "--in-memory");
	} else {
		add(a, "--no-huge");
		add(a, "--no-shconf");
	}
	add(a, "--no-telemetry");
	add(a, "--file-prefix=fleet-%d", (int)getpid());
	if (o->outside.kind != FLEET_DEVICE_PCI && o->inside.kind != FLEET_DEVICE_PCI)
		add(a, "--no-pci");
	add_device(a, &o->outside, 0);
	add_device(a, &o->inside, 1);
	add(a, "--log-level=warning");
	if (rte_eal_init(a->n, a->pointers) >= 0)
		return 0;
	fprintf(stderr, "fleet: EAL does not start: %s%s\n", rte_strerror(rte_errno),
		o->hugepages ? "; free hugepages are needed (sysctl vm.nr_hugepages)" : "");
	return -rte_errno;
}

// ---- opening

static void device_name(const struct fleet_device *d, unsigned int i, char *out, size_t cap)
{
	if (d->kind == FLEET_DEVICE_INTERFACE)
		snprintf(out, cap, "net_af_packet%u", i);
	else
		snprintf(out, cap, "%.*s", (int)strcspn(d->device, ","), d->device);
}

static int open_port(struct fleet *f, struct port *p, const struct fleet_device *d, unsigned int i)
{
	const struct rte_eth_conf conf = {0};
	uint16_t n_rx = N_DESCRIPTORS, n_tx = N_DESCRIPTORS;
	char name[FLEET_TEXT_BYTES];
	int error;

	device_name(d, i, name, sizeof(name));
	error = rte_eth_dev_get_port_by_name(name, &p->id);
	if (error)
		return fail("is not there; see the lines of EAL above", name, error);
	error = rte_eth_dev_configure(p->id, 1, 1, &conf);
	if (!error)
		error = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &n_rx, &n_tx);
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(p->id);
	if (!error)
		error = rte_eth_rx_queue_setup(p->id, 0, n_rx, socket, NULL, f->pool);
	if (!error)
		error = rte_eth_tx_queue_setup(p->id, 0, n_tx, socket, NULL);
	if (!error)
		error = rte_eth_macaddr_get(p->id, &p->mac);
	if (!error)
		error = rte_eth_dev_start(p->id);
	if (error)
		return fail("does not start", name, error);
	p->is_open = true;
	// A NIC passes only what is for its own link address, which is all that comes to a router.
	return 0;
}

static bool link_is_up(const struct port *p)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(p->id, &link) != 0 || link.link_status == RTE_ETH_LINK_UP;
}

// ---- sending

static void flush(struct fleet *f, struct port *p)
{
	unsigned int n = rte_eth_tx_burst(p->id, 0, p->tx, (uint16_t)p->n_tx);

	for (unsigned int i = 0; n < p->n_tx && i < TX_SPINS_MAX + TX_NAPS_MAX; i++) {
		if (i < TX_SPINS_MAX)
			rte_pause();
		else
			usleep(TX_NAP_US);
		n += rte_eth_tx_burst(p->id, 0, p->tx + n, (uint16_t)(p->n_tx - n));
	}
	if (n < p->n_tx) {
		rte_pktmbuf_free_bulk(p->tx + n, p->n_tx - n);
		f->n_tx_dropped += p->n_tx - n;
	}
	p->n_tx = 0;
}

static void send_frame(struct fleet *f, struct port *p, struct rte_mbuf *m)
{
	p->tx[p->n_tx++] = m;
	if (p->n_tx == FLEET_BURST)
		flush(f, p);
}

static void send_packet(struct fleet *f, struct port *p, struct rte_mbuf *m)
{
	struct rte_ether_hdr *e = (struct rte_ether_hdr *)rte_pktmbuf_prepend(m, sizeof(*e));

	if (unlikely(!e)) {
		rte_pktmbuf_free(m);
		f->n_tx_dropped++;
		return;
	}
	e->dst_addr = p->peer_mac;
	e->src_addr = p->mac;
	e->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	send_frame(f, p, m);
}

void port_send_outside(struct fleet *f, struct rte_mbuf *m)
{
	send_packet(f, &f->ports->outside, m);
}

void port_send_inside(struct fleet *f, struct rte_mbuf *m)
{
	send_packet(f, &f->ports->inside, m);
}

void ports_flush(struct fleet *f)
{
	if (f->ports->outside.n_tx > 0)
		flush(f, &f->ports->outside);
	if (f->ports->inside.n_tx > 0)
		flush(f, &f->ports->inside);
}

// ---- ARP

static void ask_for_peer(struct fleet *f, struct port *p)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);
	struct rte_ether_hdr *e = m ? (struct rte_ether_hdr *)rte_pktmbuf_append(m, 60) : NULL;

	if (!e)
		return;
	struct rte_arp_hdr *a = (struct rte_arp_hdr *)(e + 1);

	memset(e, 0, 60);
	memset(&e->dst_addr, 0xff, sizeof(e->dst_addr));
	e->src_addr = p->mac;
	e->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
	a->arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
	a->arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	a->arp_hlen = RTE_ETHER_ADDR_LEN;
	a->arp_plen = 4;
	a->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
	a->arp_data.arp_sha = p->mac;
	a->arp_data.arp_sip = p->address_be;
	a->arp_data.arp_tip = p->peer_be;
	send_frame(f, p, m);
}

static bool is_ours(const struct fleet *f, const struct port *p, uint32_t address_be)
{
	uint32_t source = rte_be_to_cpu_32(address_be) - f->options.sources_first;

	// Sources out of the gateway's own network have no route to them: they are answered for.
	return address_be == p->address_be || (p == &f->ports->outside && source < f->n_sources);
}

static void receive_arp(struct fleet *f, struct port *p, struct rte_mbuf *m)
{
	struct rte_ether_hdr *e = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_arp_hdr *a = (struct rte_arp_hdr *)(e + 1);

	if (m->data_len < sizeof(*e) + sizeof(*a) ||
		a->arp_protocol != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
		rte_pktmbuf_free(m);
		return;
	}
	if (a->arp_data.arp_sip == p->peer_be) {
		p->peer_mac = a->arp_data.arp_sha;
		p->is_resolved = true;
	}
	if (a->arp_opcode != rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) ||
		!is_ours(f, p, a->arp_data.arp_tip)) {
		rte_pktmbuf_free(m);
		return;
	}
	uint32_t target_be = a->arp_data.arp_tip;

	a->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
	a->arp_data.arp_tha = a->arp_data.arp_sha;
	a->arp_data.arp_tip = a->arp_data.arp_sip;
	a->arp_data.arp_sha = p->mac;
	a->arp_data.arp_sip = target_be;
	e->dst_addr = e->src_addr;
	e->src_addr = p->mac;
	send_frame(f, p, m);
}

// ---- receiving

// Take the Ethernet header and what stands behind the packet off. Returns NULL for what is no whole IPv4 packet.
static const struct rte_ipv4_hdr *take_ipv4(struct rte_mbuf *m)
{
	const struct rte_ether_hdr *e = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(e + 1);

	if (unlikely(m->nb_segs != 1 || m->data_len < sizeof(*e) + sizeof(*ip) ||
		     ip->version_ihl != RTE_IPV4_VHL_DEF))
		return NULL;
	uint16_t len = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(len < sizeof(*ip) || len > m->data_len - sizeof(*e) ||
		     (ip->fragment_offset & rte_cpu_to_be_16(0x3fff))))
		return NULL;
	m->data_off = (uint16_t)(m->data_off + sizeof(*e));
	m->data_len = len;
	m->pkt_len = len;
	return ip;
}

static bool answer_echo(struct fleet *f, struct port *p, struct rte_mbuf *m)
{
	uint8_t *packet = rte_pktmbuf_mtod(m, uint8_t *);
	struct inet_ipv4 ip;

	if (inet_ipv4_get(packet, m->data_len, DROP_OUTER_IP_BAD, &ip) != DROP_NONE ||
		!inet_icmp_echo_reply(packet, &ip))
		return false;
	send_packet(f, p, m);
	return true;
}

// A burst from the port; ARP is dealt with, and what is neither that nor IPv4 is freed.
//
//   packets  packets[FLEET_BURST], of which *n_packets remain, each from its IPv4 header on
//   returns  how many frames there were
static unsigned int receive_ipv4(
	struct fleet *f, struct port *p, struct rte_mbuf **packets, unsigned int *n_packets)
{
	struct rte_mbuf *burst[FLEET_BURST];
	unsigned int n = rte_eth_rx_burst(p->id, 0, burst, FLEET_BURST);

	*n_packets = 0;
	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
	for (unsigned int i = 0; i < n; i++) {
		const struct rte_ether_hdr *e = rte_pktmbuf_mtod(burst[i], struct rte_ether_hdr *);

		if (unlikely(e->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP)))
			receive_arp(f, p, burst[i]);
		else if (e->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) &&
			 take_ipv4(burst[i]))
			packets[(*n_packets)++] = burst[i];
		else
			rte_pktmbuf_free(burst[i]);
	}
	return n;
}

static unsigned int receive_outside(struct fleet *f)
{
	struct rte_mbuf *packets[FLEET_BURST];
	struct port *p = &f->ports->outside;
	unsigned int n_packets, n_gre = 0, n = receive_ipv4(f, p, packets, &n_packets);

	for (unsigned int i = 0; i < n_packets; i++) {
		struct rte_mbuf *m = packets[i];
		const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

		if (ip->next_proto_id == IPPROTO_GRE)
			packets[n_gre++] = m;
		else if (ip->next_proto_id == IPPROTO_TCP)
			dial_receive_tcp(f, m);
		else if (ip->dst_addr != p->address_be || !answer_echo(f, p, m))
			rte_pktmbuf_free(m);
	}
	if (n_gre > 0)
		gre_receive(f, packets, n_gre);
	return n;
}

static unsigned int receive_inside(struct fleet *f)
{
	struct rte_mbuf *packets[FLEET_BURST];
	struct port *p = &f->ports->inside;
	unsigned int n_packets, n_ours = 0, n = receive_ipv4(f, p, packets, &n_packets);

	for (unsigned int i = 0; i < n_packets; i++) {
		struct rte_mbuf *m = packets[i];
		const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

		if (ip->dst_addr != p->address_be)
			rte_pktmbuf_free(m);
		else if (ip->next_proto_id != IPPROTO_ICMP || !answer_echo(f, p, m))
			packets[n_ours++] = m;
	}
	if (n_ours > 0)
		inside_receive(f, packets, n_ours);
	return n;
}

unsigned int ports_receive(struct fleet *f)
{
	unsigned int n = receive_outside(f);

	return n + receive_inside(f);
}

// ---- from start to end

static int wait_for_links(struct fleet *f)
{
	for (unsigned int ms = 0; ms < LINK_WAIT_MS; ms++) {
		if (link_is_up(&f->ports->outside) && link_is_up(&f->ports->inside))
			return 0;
		usleep(1000);
	}
	fprintf(stderr, "fleet: no link on the %s port\n",
		link_is_up(&f->ports->outside) ? "inside" : "outside");
	return -ENOLINK;
}

static int resolve(struct fleet *f)
{
	struct ports *p = f->ports;

	for (unsigned int ms = 0; ms < RESOLVE_WAIT_MS; ms++) {
		if (ms % RESOLVE_AGAIN_MS == 0 && !p->outside.is_resolved)
			ask_for_peer(f, &p->outside);
		if (ms % RESOLVE_AGAIN_MS == 0 && !p->inside.is_resolved)
			ask_for_peer(f, &p->inside);
		ports_flush(f);
		(void)ports_receive(f);
		if (p->outside.is_resolved && p->inside.is_resolved)
			return 0;
		usleep(1000);
	}
	fprintf(stderr, "fleet: adit's %s address does not answer ARP\n",
		p->outside.is_resolved ? "inside" : "outside");
	return -EHOSTUNREACH;
}

int ports_open(struct fleet *f)
{
	int error;

	f->ports = calloc(1, sizeof(*f->ports));
	f->pool = rte_pktmbuf_pool_create(
		"fleet", N_MBUFS, MBUF_CACHE, 0, FRAME_BYTES + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	if (!f->ports || !f->pool)
		return fail("no memory for packets: --memory-mb", "pool", -ENOMEM);
	f->ports->outside.address_be = f->options.gateway_be;
	f->ports->outside.peer_be = f->options.servers_be[0];
	f->ports->inside.address_be = f->options.inside_be;
	f->ports->inside.peer_be = f->options.adit_inside_be;
	error = open_port(f, &f->ports->outside, &f->options.outside, 0);
	if (!error)
		error = open_port(f, &f->ports->inside, &f->options.inside, 1);
	if (!error)
		error = wait_for_links(f);
	return error ? error : resolve(f);
}

static void close_port(struct port *p)
{
	if (!p->is_open)
		return;
	(void)rte_eth_dev_stop(p->id);
	(void)rte_eth_dev_close(p->id);
}

void ports_close(struct fleet *f)
{
	if (f->ports) {
		close_port(&f->ports->outside);
		close_port(&f->ports->inside);
	}
	free(f->ports);
	f->ports = NULL;
}
