// SPDX-License-Identifier: BSD-3-Clause
#include "control/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TAP_SEGMENTS_MAX = 8 };

// Best effort: a container may have /proc/sys read-only, and each of these only guards against
// surprises from the host's own settings.
static void set_sysctl(const char *family, const char *name, const char *key, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, key);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t ignored = write(fd, value, strlen(value));
	(void)ignored;
	close(fd);
}

// The kernel ends what is addressed to the box and nothing else: no forwarding between ports behind the
// workers' back, no ARP answers for the addresses of other ports, no IPv6 chatter.
static void isolate(const char *name)
{
	set_sysctl("ipv4", name, "forwarding", "0");
	set_sysctl("ipv4", name, "arp_ignore", "1");
	set_sysctl("ipv4", name, "arp_announce", "2");
	set_sysctl("ipv4", name, "send_redirects", "0");
	set_sysctl("ipv4", name, "accept_redirects", "0");
	set_sysctl("ipv6", name, "disable_ipv6", "1");
}

int tap_claim_interface(const char *name)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	set_sysctl("ipv4", name, "rp_filter", "1");  // the way back leads through the TAP
	set_sysctl("ipv4", name, "arp_ignore", "8"); // answer for no address
	set_sysctl("ipv6", name, "disable_ipv6", "1");
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0) {
		error = -errno;
	} else if (!(r.ifr_flags & IFF_UP)) {
		r.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &r) < 0)
			error = -errno;
	}
	close(fd);
	return error;
}

static int set_mac_and_mtu(struct tap *t, const struct rte_ether_addr *mac, uint16_t mtu)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	memcpy(r.ifr_name, t->name, sizeof(r.ifr_name));
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, mac->addr_bytes, RTE_ETHER_ADDR_LEN);
	if (ioctl(fd, SIOCSIFHWADDR, &r) < 0)
		error = -errno;
	r.ifr_mtu = mtu;
	if (!error && ioctl(fd, SIOCSIFMTU, &r) < 0)
		error = -errno;
	close(fd);
	return error;
}

int tap_open(struct tap *t, const char *name, const struct rte_ether_addr *mac, uint16_t mtu)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int error;

	*t = (struct tap){.fd = -1};
	if (strlen(name) >= sizeof(t->name))
		return -ENAMETOOLONG;
	memcpy(t->name, name, strlen(name));
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	memcpy(r.ifr_name, t->name, sizeof(r.ifr_name));
	if (ioctl(t->fd, TUNSETIFF, &r) < 0) {
		error = -errno;
		goto close_fd;
	}
	error = set_mac_and_mtu(t, mac, mtu);
	if (error)
		goto close_fd;
	isolate(t->name);
	t->ifindex = if_nametoindex(t->name);
	if (t->ifindex == 0) {
		error = -errno;
		goto close_fd;
	}
	return 0;

close_fd:
	tap_close(t);
	return error;
}

// Loose, and not 0: the kernel takes the larger of this and conf/all, and 1 there would keep it from answering ARP.
void tap_share_network(const struct tap *t)
{
	set_sysctl("ipv4", t->name, "rp_filter", "2");
}

void tap_close(struct tap *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

// A veth peer hands over TCP and UDP with only the pseudo-header summed, for hardware to finish; the kernel behind the
// TAP would drop that as corrupt. Only exactly such a field is completed: a wrong checksum stays wrong.
static void complete_checksum(struct rte_mbuf *packet)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
	size_t len = packet->data_len;

	if (packet->nb_segs != 1 || len < 14 + sizeof(struct rte_ipv4_hdr) ||
		bytes_get_u16(frame + 12) != RTE_ETHER_TYPE_IPV4)
		return;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);
	size_t header_len = rte_ipv4_hdr_len(ip);
	size_t total_len = rte_be_to_cpu_16(ip->total_length);
	if (header_len < sizeof(*ip) || total_len > len - 14 || total_len < header_len ||
		(ip->fragment_offset & rte_cpu_to_be_16(0x3fff)) != 0)
		return;
	size_t field;
	if (ip->next_proto_id == IPPROTO_TCP &&
		total_len >= header_len + sizeof(struct rte_tcp_hdr))
		field = offsetof(struct rte_tcp_hdr, cksum);
	else if (ip->next_proto_id == IPPROTO_UDP &&
		 total_len >= header_len + sizeof(struct rte_udp_hdr))
		field = offsetof(struct rte_udp_hdr, dgram_cksum);
	else
		return;
	uint8_t *l4 = (uint8_t *)ip + header_len;
	uint16_t value;
	memcpy(&value, l4 + field, sizeof(value));
	if (value != rte_ipv4_phdr_cksum(ip, 0))
		return;
	memset(l4 + field, 0, sizeof(value));
	value = rte_ipv4_udptcp_cksum(ip, l4);
	memcpy(l4 + field, &value, sizeof(value));
}

int tap_send(struct tap *t, struct rte_mbuf *packet)
{
	struct iovec iov[TAP_SEGMENTS_MAX];
	int n = 0;

	if (packet->nb_segs > TAP_SEGMENTS_MAX)
		return -EMSGSIZE;
	complete_checksum(packet);
	for (struct rte_mbuf *m = packet; m; m = m->next)
		iov[n++] = (struct iovec){rte_pktmbuf_mtod(m, void *), m->data_len};
	return writev(t->fd, iov, n) < 0 ? -errno : 0;
}

struct rte_mbuf *tap_receive(struct tap *t, struct rte_mempool *pool, int *error)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t sink;

	if (!m) {
		// Take the frame off the queue all the same, or the loop would spin on a readable descriptor.
		*error = read(t->fd, &sink, sizeof(sink)) < 0 ? -errno : -ENOMEM;
		return NULL;
	}
	ssize_t n = read(t->fd, rte_pktmbuf_mtod(m, void *), rte_pktmbuf_tailroom(m));
	if (n < 0) {
		*error = -errno;
		rte_pktmbuf_free(m);
		return NULL;
	}
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	*error = 0;
	return m;
}
