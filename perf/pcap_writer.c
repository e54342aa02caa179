// SPDX-License-Identifier: BSD-3-Clause
#include "perf/pcap_writer.h"

#include <errno.h>

enum { LINKTYPE_ETHERNET = 1, SNAP_BYTES = 65535 };

int pcap_writer_open(struct pcap_writer *w, const char *path)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap_bytes, link_type;
	} head = {0xa1b2c3d4, 2, 4, 0, 0, SNAP_BYTES, LINKTYPE_ETHERNET};

	*w = (struct pcap_writer){.out = fopen(path, "wb")};
	if (!w->out)
		return -errno;
	return fwrite(&head, sizeof(head), 1, w->out) == 1 ? 0 : -EIO;
}

int pcap_writer_put(struct pcap_writer *w, uint64_t time_us, const uint8_t *frame, size_t len)
{
	const uint32_t head[4] = {(uint32_t)(time_us / 1000000), (uint32_t)(time_us % 1000000),
		(uint32_t)len, (uint32_t)len};

	if (fwrite(head, sizeof(head), 1, w->out) != 1 || fwrite(frame, 1, len, w->out) != len)
		return -EIO;
	w->n++;
	return 0;
}

int pcap_writer_close(struct pcap_writer *w)
{
	int error = ferror(w->out) ? -EIO : 0;

	if (fclose(w->out) != 0 && error == 0)
		error = -errno;
	w->out = NULL;
	return error;
}
