// SPDX-License-Identifier: BSD-3-Clause
#include "control/netlink.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

enum { REQUEST_BYTES = 256, ANSWER_BYTES = 32768, RECEIVE_BUFFER_BYTES = 1 << 20 };

int netlink_open(struct netlink *n, unsigned int groups)
{
	int size = RECEIVE_BUFFER_BYTES;

	*n = (struct netlink){0};
	n->socket = mnl_socket_open2(
		NETLINK_ROUTE, groups ? SOCK_NONBLOCK | SOCK_CLOEXEC : SOCK_CLOEXEC);
	if (!n->socket)
		return -errno;
	(void)setsockopt(mnl_socket_get_fd(n->socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(n->socket, groups, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;
		netlink_close(n);
		return error;
	}
	n->port = mnl_socket_get_portid(n->socket);
	return 0;
}

void netlink_close(struct netlink *n)
{
	if (n->socket)
		mnl_socket_close(n->socket);
	n->socket = NULL;
}

static struct nlmsghdr *begin(struct netlink *n, void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++n->sequence;
	return h;
}

// Requests that nobody waits for are answered all the same when they are refused. The kernel handles a request
// while it is being sent, so what is here now belongs to none that follows.
static void drain(struct netlink *n)
{
	char answer[ANSWER_BYTES];
	int fd = mnl_socket_get_fd(n->socket);

	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0)
		continue;
}

static int exchange(struct netlink *n, struct nlmsghdr *h, mnl_cb_t take, void *context)
{
	char answer[ANSWER_BYTES];

	drain(n);
	if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t len = mnl_socket_recvfrom(n->socket, answer, sizeof(answer));
		if (len < 0)
			return -errno;
		int more = mnl_cb_run(answer, (size_t)len, n->sequence, n->port, take, context);
		if (more < 0)
			return -errno;
		if (more == MNL_CB_STOP)
			return 0;
	}
}

int netlink_link_up(struct netlink *n, unsigned int ifindex)
{
	char buf[REQUEST_BYTES];
	struct nlmsghdr *h = begin(n, buf, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = (int)ifindex;
	m->ifi_flags = IFF_UP;
	m->ifi_change = IFF_UP;
	return exchange(n, h, NULL, NULL);
}

int netlink_address_add(struct netlink *n, unsigned int ifindex, uint32_t address_be,
	uint8_t prefix_len, uint32_t metric)
{
	char buf[REQUEST_BYTES];
	struct nlmsghdr *h = begin(n, buf, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_prefixlen = prefix_len;
	m->ifa_scope = RT_SCOPE_UNIVERSE;
	m->ifa_index = ifindex;
	mnl_attr_put_u32(h, IFA_LOCAL, address_be);
	mnl_attr_put_u32(h, IFA_ADDRESS, address_be);
	if (metric)
		mnl_attr_put_u32(h, IFA_RT_PRIORITY, metric);
	return exchange(n, h, NULL, NULL);
}

int netlink_default_route_add(
	struct netlink *n, unsigned int ifindex, uint32_t gateway_be, uint32_t table)
{
	char buf[REQUEST_BYTES];
	struct nlmsghdr *h = begin(n, buf, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->rtm_family = AF_INET;
	m->rtm_table = table > UINT8_MAX ? RT_TABLE_UNSPEC : (uint8_t)table;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(h, RTA_TABLE, table);
	mnl_attr_put_u32(h, RTA_OIF, ifindex);
	mnl_attr_put_u32(h, RTA_GATEWAY, gateway_be);
	return exchange(n, h, NULL, NULL);
}

int netlink_dump(struct netlink *n, uint16_t type, mnl_cb_t take, void *context)
{
	char buf[REQUEST_BYTES];
	int reopened = n->socket ? 0 : netlink_open(n, 0);

	if (reopened)
		return reopened;
	struct nlmsghdr *h = begin(n, buf, type, NLM_F_DUMP);
	struct rtgenmsg *m;

	if (type == RTM_GETNEIGH) {
		struct ndmsg *nd = mnl_nlmsg_put_extra_header(h, sizeof(*nd));
		nd->ndm_family = AF_INET;
	} else {
		m = mnl_nlmsg_put_extra_header(h, sizeof(struct rtmsg));
		m->rtgen_family = AF_INET;
	}
	int error = exchange(n, h, take, context);
	if (error) {
		// The rest of a dump that was broken off would answer the next question.
		netlink_close(n);
		int failed = netlink_open(n, 0);
		if (failed)
			return failed;
	}
	return error;
}

int netlink_neighbor_use(struct netlink *n, unsigned int ifindex, uint32_t address_be)
{
	if (!n->socket)
		return -EBADF;
	char buf[REQUEST_BYTES];
	struct nlmsghdr *h = begin(n, buf, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ndm_family = AF_INET;
	m->ndm_ifindex = (int)ifindex;
	m->ndm_state = NUD_NONE;
	m->ndm_flags = NTF_USE;
	mnl_attr_put_u32(h, NDA_DST, address_be);
	drain(n);
	return mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0 ? -errno : 0;
}
