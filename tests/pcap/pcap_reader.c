// SPDX-License-Identifier: BSD-3-Clause
#include "pcap/pcap_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FILE_HEADER_BYTES = 24,
	LINK_ETHERNET = 1,
	ETHER_HEADER_BYTES = 14,
	ETHER_TYPE_IPV4 = 0x0800,
	IPV4_HEADER_BYTES = 20,
};

static const uint32_t magic_us = 0xa1b2c3d4, magic_ns = 0xa1b23c4d;

// Numbers of the file have the byte order of the machine that wrote it.
static uint32_t get_u32(struct pcap_reader *r)
{
	uint32_t v = reader_u32(&r->rest);

	return r->is_swapped ? __builtin_bswap32(v) : v;
}

static int read_file(const char *path, uint8_t **bytes, size_t *len)
{
	FILE *f = fopen(path, "rb");
	int err = 0;
	long size;

	if (!f)
		return -errno;
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0) {
		err = -errno;
		goto close_file;
	}
	*len = (size_t)size;
	*bytes = malloc(*len ? *len : 1);
	if (!*bytes) {
		err = -ENOMEM;
		goto close_file;
	}
	if (fread(*bytes, 1, *len, f) != *len) {
		free(*bytes);
		err = -EIO;
	}
close_file:
	fclose(f);
	return err;
}

int pcap_reader_open(struct pcap_reader *r, const char *name)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s.pcap", PCAP_DATA_DIR, name);
	return pcap_reader_open_path(r, path);
}

int pcap_reader_open_path(struct pcap_reader *r, const char *path)
{
	size_t len = 0;

	*r = (struct pcap_reader){0};
	int err = read_file(path, &r->file, &len);
	if (err)
		return err;

	r->rest = reader_of(span_of(r->file, len));
	uint32_t magic = reader_u32(&r->rest);
	if (magic == __builtin_bswap32(magic_us) || magic == __builtin_bswap32(magic_ns)) {
		r->is_swapped = true;
		magic = __builtin_bswap32(magic);
	}
	r->is_nanoseconds = magic == magic_ns;
	reader_skip(&r->rest, FILE_HEADER_BYTES - 8);
	if ((magic != magic_us && magic != magic_ns) || get_u32(r) != LINK_ETHERNET ||
		r->rest.failed) {
		pcap_reader_close(r);
		return -EBADMSG;
	}
	return 0;
}

static void split_ipv4(struct pcap_packet *p)
{
	const uint8_t *at = p->frame.bytes + ETHER_HEADER_BYTES;

	if (p->frame.len < ETHER_HEADER_BYTES + IPV4_HEADER_BYTES ||
		bytes_get_u16(at - 2) != ETHER_TYPE_IPV4)
		return;
	size_t header_len = (size_t)(at[0] & 15) * 4, total_len = bytes_get_u16(at + 2);
	if (total_len < header_len || total_len > p->frame.len - ETHER_HEADER_BYTES)
		return;
	p->ip = span_of(at, total_len);
	p->payload = span_of(at + header_len, total_len - header_len);
	p->protocol = at[9];
	p->source = bytes_get_u32(at + 12);
	p->destination = bytes_get_u32(at + 16);
}

int pcap_reader_next(struct pcap_reader *r, struct pcap_packet *out)
{
	if (r->rest.left == 0 && !r->rest.failed)
		return 0;
	uint64_t seconds = get_u32(r);
	uint64_t fraction = get_u32(r);
	uint32_t captured = get_u32(r);
	uint32_t original = get_u32(r);
	struct span frame = reader_take(&r->rest, captured);

	if (r->rest.failed || captured != original) // a frame cut short proves nothing
		return -EBADMSG;
	*out = (struct pcap_packet){
		.number = ++r->n_read,
		.time_ns = seconds * 1000000000 + fraction * (r->is_nanoseconds ? 1 : 1000),
		.frame = frame,
	};
	split_ipv4(out);
	return 1;
}

void pcap_reader_close(struct pcap_reader *r)
{
	free(r->file);
	*r = (struct pcap_reader){0};
}
