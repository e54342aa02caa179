// SPDX-License-Identifier: BSD-3-Clause
// A small TCP client (RFC 9293), pure: segments and the time in, segments out. It is made for many connections that
// each carry a few short messages: what waits to be acknowledged lies in a small buffer inside the connection, so
// nothing is allocated, and no congestion window is needed (the buffer is less than the initial window
// of RFC 6928). What arrives ahead of a gap is dropped, and comes again.
//
//   use  tcp_connect(); after every call tcp_emit() until it gives nothing; a timer for tcp_deadline() that calls
//        tcp_expire()
#pragma once

#include "base/bytes.h"

enum {
	TCP_HEADER_BYTES = 20,
	TCP_SEND_BYTES = 512,
	TCP_SEGMENT_BYTES_MAX = TCP_HEADER_BYTES + 4 + TCP_SEND_BYTES,
	TCP_WINDOW_BYTES = 16384, // that we announce; all is taken at once
	TCP_SYN_RETRIES_MAX = 5,
	TCP_RETRIES_MAX = 8,
};

#define TCP_NEVER UINT64_MAX

struct tcp_ends {
	uint32_t local_be, remote_be;
	uint16_t local_port, remote_port;
};

enum tcp_state {
	TCP_CLOSED,
	TCP_SYN_SENT,
	TCP_OPEN, // and whatever a FIN of one side makes of it
	TCP_DONE, // both have closed; still acknowledges a FIN that comes again
};

enum tcp_end { TCP_END_NONE, TCP_END_CLOSED, TCP_END_REFUSED, TCP_END_RESET, TCP_END_TIMEOUT };

// What tcp_receive() and tcp_expire() tell, or-ed.
enum tcp_event {
	TCP_CONNECTED = 1,
	TCP_DATA = 2,	     // *data
	TCP_ACKED = 4,	     // there is more room for tcp_write()
	TCP_PEER_CLOSED = 8, // its FIN has come
	TCP_ENDED = 16,	     // why: t->end
};

struct tcp {
	struct tcp_ends ends;
	uint8_t state; // enum tcp_state
	uint8_t end;   // enum tcp_end
	uint8_t n_retries;
	bool ack_is_due, fin_is_wanted, fin_is_acked, peer_has_closed;
	bool is_timing;	 // the segment up to timed_seq, for the round-trip time
	bool is_probing; // the window is shut and the timer has run out: one byte may go
	bool reset_is_due;
	uint16_t mss;		 // of the peer
	uint32_t first_seq;	 // of our SYN
	uint32_t una, next, max; // sent: not acknowledged, to be sent, behind all that ever was
	uint32_t window;	 // of the peer
	uint32_t received;	 // next number from the peer
	uint32_t reset_seq;
	uint32_t timed_seq;
	uint64_t timed_ns;
	uint64_t srtt_ns, rttvar_ns; // 0: no sample yet
	uint64_t due_ns;
	uint32_t data_seq; // number of data[0]
	uint16_t n_data;
	uint8_t data[TCP_SEND_BYTES]; // data[n_data]
};

// The first SYN is ready for tcp_emit().
void tcp_connect(struct tcp *t, const struct tcp_ends *ends, uint32_t first_seq, uint64_t now_ns);

static inline size_t tcp_room(const struct tcp *t)
{
	return t->fin_is_wanted ? 0 : TCP_SEND_BYTES - t->n_data;
}

// All or nothing. Returns 0, or -ENOBUFS: again after TCP_ACKED.
int tcp_write(struct tcp *t, struct span bytes);

// FIN behind all that was written.
void tcp_close(struct tcp *t);

// RST, and that is that.
void tcp_abort(struct tcp *t);

// A segment of this connection, from its first byte to the end of the IP packet. Returns enum tcp_event;
// *data points into the segment.
unsigned int tcp_receive(struct tcp *t, struct span segment, uint64_t now_ns, struct span *data);

// Write the next segment to out[TCP_SEGMENT_BYTES_MAX]. Returns its length, 0 when there is none.
size_t tcp_emit(struct tcp *t, uint64_t now_ns, uint8_t *out);

static inline uint64_t tcp_deadline(const struct tcp *t)
{
	return t->state == TCP_CLOSED ? TCP_NEVER : t->due_ns;
}

// Returns enum tcp_event.
unsigned int tcp_expire(struct tcp *t, uint64_t now_ns);

// The RST that answers a segment of no connection (RFC 9293 3.10.7.1). Returns its length, 0 for what deserves none.
size_t tcp_reset_for(const struct tcp_ends *ends, struct span segment, uint8_t *out);

// Checksum with the pseudo header: 0 over a segment that has a right one.
uint16_t tcp_checksum(
	uint32_t source_be, uint32_t destination_be, const uint8_t *bytes, size_t len);
