// SPDX-License-Identifier: BSD-3-Clause
// A capture in classic pcap: microseconds, Ethernet, the byte order of this machine.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct pcap_writer {
	FILE *out;
	uint64_t n;
};

// Returns 0 or -errno.
int pcap_writer_open(struct pcap_writer *w, const char *path);
int pcap_writer_put(struct pcap_writer *w, uint64_t time_us, const uint8_t *frame, size_t len);
int pcap_writer_close(struct pcap_writer *w); // tells what writing has failed with
