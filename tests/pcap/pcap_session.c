// SPDX-License-Identifier: BSD-3-Clause
#include "pcap/pcap_session.h"

#include "wire/gre.h"
#include "wire/pptp.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { TCP_HEADER_BYTES = 20, OCRP_BYTES = 32 };

// The Outgoing-Call-Reply of a call begins its session. Peers send it as a segment of its own.
static void take_tcp(struct pcap_calls *calls, const struct pcap_packet *packet)
{
	struct span tcp = packet->payload;

	if (tcp.len < TCP_HEADER_BYTES || bytes_get_u16(tcp.bytes) != PPTP_TCP_PORT)
		return;
	size_t header_len = (size_t)(tcp.bytes[12] >> 4) * 4;
	const uint8_t *m = tcp.bytes + header_len;
	if (tcp.len < header_len + OCRP_BYTES || bytes_get_u32(m + 4) != PPTP_MAGIC_COOKIE ||
		bytes_get_u16(m + 8) != PPTP_OCRP || m[16] != PPTP_OCRP_CONNECTED ||
		calls->n == PCAP_SESSIONS_MAX)
		return;
	struct pcap_session *s = &calls->sessions[calls->n++];
	s->client = packet->destination;
	s->server = packet->source;
	s->server_call_id = bytes_get_u16(m + 12);
	s->client_call_id = bytes_get_u16(m + 14);
}

static void take_gre(struct pcap_calls *calls, const struct pcap_packet *packet)
{
	struct gre gre;

	if (gre_get(packet->payload.bytes, packet->payload.len, &gre) != DROP_NONE || !gre.has_seq)
		return;
	for (unsigned int i = 0; i < calls->n; i++) {
		struct pcap_session *s = &calls->sessions[i];
		struct pcap_direction *d = NULL;

		if (packet->source == s->client && packet->destination == s->server &&
			gre.call_id == s->server_call_id)
			d = &s->up;
		if (packet->source == s->server && packet->destination == s->client &&
			gre.call_id == s->client_call_id)
			d = &s->down;
		if (d && d->n < PCAP_FRAMES_MAX)
			d->frames[d->n++] = (struct pcap_frame){.seq = gre.seq,
				.ppp = span_of(
					packet->payload.bytes + gre.header_len, gre.payload_len)};
	}
}

static int compare_frames(const void *a, const void *b)
{
	const struct pcap_frame *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static void sort_once(struct pcap_direction *d)
{
	unsigned int n = 0;

	qsort(d->frames, d->n, sizeof(d->frames[0]), compare_frames);
	for (unsigned int i = 0; i < d->n; i++)
		if (n == 0 || d->frames[i].seq != d->frames[n - 1].seq)
			d->frames[n++] = d->frames[i];
	d->n = n;
}

struct pcap_calls *pcap_session_load(const char *name)
{
	struct pcap_calls *calls = calloc(1, sizeof(*calls));
	struct pcap_packet packet;
	int rc;

	if (!calls || pcap_reader_open(&calls->reader, name) != 0) {
		free(calls);
		return NULL;
	}
	while ((rc = pcap_reader_next(&calls->reader, &packet)) == 1) {
		if (packet.protocol == IPPROTO_TCP)
			take_tcp(calls, &packet);
		else if (packet.protocol == IPPROTO_GRE)
			take_gre(calls, &packet);
	}
	if (rc < 0) {
		pcap_session_free(calls);
		return NULL;
	}
	for (unsigned int i = 0; i < calls->n; i++) {
		sort_once(&calls->sessions[i].up);
		sort_once(&calls->sessions[i].down);
	}
	return calls;
}

void pcap_session_free(struct pcap_calls *calls)
{
	if (!calls)
		return;
	pcap_reader_close(&calls->reader);
	free(calls);
}
