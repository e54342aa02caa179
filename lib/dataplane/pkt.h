// SPDX-License-Identifier: BSD-3-Clause
// What a worker knows of a packet while it is under way between rx and tx.
//
// It lies in an array of the worker and not in the mbuf: the same few entries are used again and again
// and stay in the first cache, no private area has to be agreed with whoever makes the pool, and
// control and the drivers need none of it. All that a packet needs to tell another worker is where
// it begins (enum pkt_handed), which travels in mbuf.packet_type.
//
// Nearly every packet is one segment. A chain (fragments that were put together, frames larger than a buffer) is made
// such that its first PKT_FRONT_BYTES, or all of it, lie in the first segment: all headers that stages read and
// write flat, from the outermost to the inner TCP header behind the MPPE one. Beyond them a stage either knows of
// pieces or flattens the packet (lane_flatten()).
#pragma once

#include "base/drop_reason.h"
#include "crypto/op.h"
#include "proto/gre_reorder.h"
#include "proto/mppe_sync.h"
#include "wire/inet.h"

#include <rte_mbuf.h>
#include <sys/queue.h>

struct session;

// What a stage decides about a packet: a drop reason, or one of these.
enum pkt_verdict {
	PKT_NEXT = DROP_NONE, // on to the next stage
	PKT_DONE = 0xfd,      // its work is done: free it, it is no loss
	PKT_TAKEN = 0xfe,     // the mbuf has moved to a ring, a tx buffer, a table
	PKT_HELD = 0xff, // mbuf and entry have moved to the crypto driver or a list of the worker
};

_Static_assert((int)DROP_REASON_COUNT < (int)PKT_DONE, "reasons and verdicts share a byte");

enum pkt_flag {
	PKT_FROM_INSIDE = 1 << 0, // came by an inside port of this worker: `port`
	PKT_HANDED = 1 << 1,	  // came from another worker: not handed on before it is decrypted
	PKT_INJECTED = 1 << 2,	  // came from control, its next hop is said to be known
	PKT_LATE = 1 << 3,	  // up: came behind later ones of its session, passes if it is IP
	PKT_POLICED = 1 << 4,	  // down: the policy of its receiver is not asked, or not again
	PKT_ADMITTED = 1 << 7,	  // counted in the transmit window of `s`, which stays set
};

// What its op is for.
enum pkt_crypt {
	PKT_CRYPT_NEXT,	  // the packet, in order
	PKT_CRYPT_TRIAL,  // the front of it, to see whether the key is right
	PKT_CRYPT_PROVED, // the packet, after that
	PKT_CRYPT_WALK,	  // nothing but key changes of the walking copy
	PKT_CRYPT_LATE,	  // the packet, with an earlier key
};

enum {
	PKT_FRONT_BYTES =
		256, // Ethernet, outer IPv4, GRE, PPP, MPPE, PPP, inner IPv4, TCP: 220 at most
	PKT_SEGMENTS_MAX = 4,
};

struct pkt {
	struct rte_mbuf *m;
	struct session *s; // NULL until known; kept over the end of a poll only in the driver and
			   // in lists that a session's end empties
	uint8_t verdict;
	uint8_t flags;		       // enum pkt_flag
	uint8_t port;		       // index of the port that it came by
	uint16_t listen;	       // upstream: index of the listen address
	uint16_t protocol;	       // PPP protocol
	uint16_t tenant;	       // whose the inner addresses are
	uint8_t crypt;		       // enum pkt_crypt
	uint8_t n_tries;	       // trial: that are left
	uint8_t n_tried;	       // trial: after the first
	struct mppe_sync_place before; // where MPPE was before this packet
	struct inet_ipv4 ip; // of the IPv4 header that the data begins with: outer, later inner
	struct crypto_op op;
	struct gre_held held;	  // held.seq: GRE number of what came up; the rest: stage_reorder.c
	TAILQ_ENTRY(pkt) in_list; // of stage_reorder.c, then of stage_park.c or stage_flow.c
	struct crypto_segment more[PKT_SEGMENTS_MAX - 1]; // op.more, of a chain
};

// How a packet that is handed to another worker begins.
enum pkt_handed {
	PKT_HANDED_OUTER = 0x0a0d0001, // outer IPv4 with GRE
	PKT_HANDED_INNER = 0x0a0d0002, // inner IPv4, for a session of tenant mbuf.vlan_tci
	PKT_HANDED_OURS = 0x0a0d0004,  // the same, with PKT_POLICED
	PKT_HANDED_FRAME = 0x0a0d0003, // Ethernet, to be sent by port number mbuf.port
};

static inline uint8_t *pkt_data(const struct pkt *p)
{
	return rte_pktmbuf_mtod(p->m, uint8_t *);
}

static inline uint16_t pkt_len(const struct pkt *p)
{
	return (uint16_t)rte_pktmbuf_pkt_len(p->m);
}

// Of the first segment.
static inline uint16_t pkt_flat_len(const struct pkt *p)
{
	return rte_pktmbuf_data_len(p->m);
}

// Make a chain such as stages want it. False: it cannot be had.
bool pkt_mend_chain(struct rte_mbuf *m);

void pkt_trim_chain(struct rte_mbuf *m, uint16_t len);

// Cut to len bytes, which are not more than there are.
static inline void pkt_trim(struct pkt *p, uint16_t len)
{
	if (p->m->nb_segs > 1)
		pkt_trim_chain(p->m, len);
	else
		rte_pktmbuf_trim(p->m, (uint16_t)(pkt_len(p) - len));
}

void pkt_set_pieces(struct pkt *p);

// p's op is to transform all from `data` on, which lies in the first segment.
static inline void pkt_set_op(struct pkt *p, uint8_t *data)
{
	p->op.data = data;
	p->op.len = (uint16_t)(pkt_data(p) + pkt_flat_len(p) - data);
	if (p->m->nb_segs > 1)
		pkt_set_pieces(p);
}

// Take n bytes off the front, which are headers and not more than there are.
static inline void pkt_pull(struct pkt *p, uint16_t n)
{
	rte_pktmbuf_adj(p->m, n);
}

// Room for n bytes in front, or NULL when the headroom is used up.
static inline uint8_t *pkt_push(struct pkt *p, uint16_t n)
{
	return (uint8_t *)rte_pktmbuf_prepend(p->m, n);
}
