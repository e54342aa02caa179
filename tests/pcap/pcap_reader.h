// SPDX-License-Identifier: BSD-3-Clause
// Walks a capture: classic pcap, either byte order, micro- or nanoseconds, Ethernet with IPv4.
#pragma once

#include "base/bytes.h"

struct pcap_reader {
	uint8_t *file; // all of it, on the heap
	struct reader rest;
	unsigned n_read;
	bool is_swapped; // written on a little-endian machine
	bool is_nanoseconds;
};

struct pcap_packet {
	unsigned number; // from 1, as tshark counts
	uint64_t time_ns;
	struct span frame;
	struct span ip;	     // without Ethernet's padding; empty if it is no IPv4
	struct span payload; // of IP
	uint32_t source;     // host order, as is destination
	uint32_t destination;
	uint8_t protocol;
};

// Open tests/pcap/data/<name>.pcap. Returns 0, -ENOENT and the like, or -EBADMSG when it is not such
// a file.
int pcap_reader_open(struct pcap_reader *r, const char *name);
int pcap_reader_open_path(struct pcap_reader *r, const char *path);

// Returns 1 and *out, which points into the reader, 0 at the end, -EBADMSG when the file is damaged.
int pcap_reader_next(struct pcap_reader *r, struct pcap_packet *out);

void pcap_reader_close(struct pcap_reader *r);
