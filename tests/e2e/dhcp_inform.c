// SPDX-License-Identifier: BSD-3-Clause
// Runs in the guest: asks as Windows does after IPCP, DHCPINFORM from its own address to 255.255.255.255, and
// writes the answer, as it came, to standard output. With TO and PORT: sends a word there and leaves.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { HEADER_BYTES = 236, TRIES = 3 };

// Cookie; type 8, client identifier, "MSFT 5.0", and the list of Windows 7.
static const unsigned char options[] = {0x63, 0x82, 0x53, 0x63, 53, 1, 8, 61, 7, 8, 0, 0x53, 0x45,
	0, 0, 0, 60, 8, 'M', 'S', 'F', 'T', ' ', '5', '.', '0', 55, 13, 1, 15, 3, 6, 44, 46, 47, 31,
	33, 121, 249, 43, 252, 255};

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned char message[HEADER_BYTES + sizeof(options)] = {
		1, 8, 6, 0, 0xa1, 0xb2, 0xc3, 0xd4};
	unsigned char answer[2000];
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(68)};
	struct sockaddr_in all = {
		.sin_family = AF_INET, .sin_port = htons(67), .sin_addr.s_addr = INADDR_BROADCAST};
	const struct timeval wait = {.tv_sec = 2};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if ((argc != 3 && argc != 5) || inet_pton(AF_INET, argv[2], &own.sin_addr) != 1 || fd < 0)
		return fail("dhcp_inform INTERFACE ADDRESS [TO PORT]");
	if (argc == 5) {
		own.sin_port = all.sin_port = htons((in_port_t)strtoul(argv[4], NULL, 10));
		if (inet_pton(AF_INET, argv[3], &all.sin_addr) != 1)
			return fail(argv[3]);
	}
	memcpy(message + 12, &own.sin_addr, 4);
	memcpy(message + 28, "\0SE", 3);
	memcpy(message + HEADER_BYTES, options, sizeof(options));
	if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, argv[1], (socklen_t)strlen(argv[1])) !=
			0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
		bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0)
		return fail("socket");
	if (argc == 5)
		return sendto(fd, "anybody", 7, 0, (struct sockaddr *)&all, sizeof(all)) != 7;
	for (int i = 0; i < TRIES; i++) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		if (sendto(fd, message, sizeof(message), 0, (struct sockaddr *)&all, sizeof(all)) <
			0)
			return fail("sendto");
		ssize_t n =
			recvfrom(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, &size);
		if (n < 0)
			continue;
		fprintf(stderr, "answer of %zd bytes from %s:%u\n", n, inet_ntoa(from.sin_addr),
			ntohs(from.sin_port));
		return write(1, answer, (size_t)n) != n;
	}
	fprintf(stderr, "no answer\n");
	return 1;
}
