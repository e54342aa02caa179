// SPDX-License-Identifier: BSD-3-Clause
// nat-loose: GRE of a client that comes from another address than its control connection did, as NAT with
// several addresses outside, or one that was restarted, makes it (no RFC knows of it; the kernel's
// helper does it right). Who knows a Call ID, 16 bits, can send such packets, so:
//
//   until LCP has agreed                  its Configure packets move the session, a few times
//   before the client has proved itself   they move it back to the address of the control connection
//   an encrypted session after that       one packet that follows the last one in GRE and in MPPE and
//                                         decrypts to a whole IPv4 packet of the client moves it.
//                                         It is judged on copies: one that fails has changed nothing
//   a session in the clear that is open   stays where it is
//
// After LCP a client may send none for a long time, and what it sends then moves nothing: so strangers' must not
// move the session either.
//
// A client has proved itself with its first packet of data, or when it is open in the clear; for good, even if it
// negotiates anew.
#include "dataplane/lane.h"

#include "base/secret.h"
#include "wire/gre.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

enum {
	LCP_CODE_MIN = 1, // Configure-Request
	LCP_CODE_MAX = 4, // Configure-Reject; what ends a link is not taken from a strange address
	LCP_HEADER_BYTES = 4,
	MOVES_TOLD_PS = 1,
	MOVES_TOLD_BURST = 4,
	TRIAL_BYTES = 64, // protocol field and the longest IPv4 header
};

struct frame {
	const uint8_t *info; // of the PPP frame
	size_t len;
	uint16_t protocol;
};

static bool read_frame(const struct pkt *p, const struct gre *gre, struct frame *out)
{
	const uint8_t *ppp = pkt_data(p) + p->ip.header_len + gre->header_len;
	uint8_t header_len = 0;

	if (!gre->has_seq ||
		ppp_get(ppp, gre->payload_len, &out->protocol, &header_len) != DROP_NONE)
		return false;
	out->info = ppp + header_len;
	out->len = gre->payload_len - header_len;
	return true;
}

// --- before the client has proved itself ------------------------------------------------------------

static bool is_proved(const struct session *s)
{
	return s->counters.up_pkts > 0 ||
	       (s->flags & SESSION_OPEN && !(s->flags & SESSION_HAS_KEYS));
}

static bool is_lcp_configure(const struct frame *f)
{
	return f->protocol == PPP_LCP && f->len >= LCP_HEADER_BYTES && f->info[0] >= LCP_CODE_MIN &&
	       f->info[0] <= LCP_CODE_MAX && bytes_get_u16(f->info + 2) >= LCP_HEADER_BYTES &&
	       bytes_get_u16(f->info + 2) <= f->len;
}

static bool may_move_early(struct session *s, const struct pkt *p, const struct frame *f)
{
	if (is_proved(s) || !is_lcp_configure(f))
		return false;
	if (p->ip.source_be == s->outer_first_be)
		return true;
	if (s->flags & SESSION_LINKED || s->n_moves_early >= LANE_MOVES_EARLY_MAX)
		return false;
	s->n_moves_early++;
	return true;
}

// --- after that -------------------------------------------------------------------------------------

// Numbers of both kinds as if it were the client's next packet; *todo says what its key is.
static bool is_in_order(const struct session *s, const struct frame *f, uint32_t seq,
	struct mppe_sync_verdict *todo)
{
	struct gre_window gre = s->gre;
	struct mppe_sync sync = s->rx_sync;
	struct mppe_packet packet;

	return gre_window_receive(&gre, seq, 0) == DROP_NONE &&
	       mppe_packet_get(f->info, f->len, &packet) == DROP_NONE &&
	       mppe_sync_receive(&sync, &packet, seq, todo) == DROP_NONE &&
	       todo->kind != MPPE_SYNC_WALK && !todo->takes_walk;
}

// Of data[len] it reads the front alone.
static bool is_packet_of(const struct session *s, const uint8_t *data, size_t len)
{
	struct inet_ipv4 ip;
	size_t at = data[0] == 0;

	return mppe_sync_is_plausible(data, len) && data[at] == PPP_IP &&
	       inet_ipv4_get(data + at + 1, len - at - 1, DROP_INNER_IP_BAD, &ip) == DROP_NONE &&
	       ip.source_be == s->inner_be;
}

// Key changes cost some microseconds in all, and anyone may ask for them: they have a rate, and one of each session,
// that not all are used up for one.
static bool may_try(struct worker *w, struct session *s, uint32_t n_changes)
{
	const uint64_t cost_ns = UINT64_C(1000000000) / LANE_TRIAL_SESSION_PS;
	struct gate *all = &w->trial_gate;

	return gate_pass_at(&s->trial_gate_ns, cost_ns * n_changes,
		       cost_ns * LANE_TRIAL_SESSION_BURST, w->now_ns) &&
	       gate_pass_at(
		       &all->used_until_ns, all->cost_ns * n_changes, all->burst_ns, w->now_ns);
}

// A packet of the session that is before the key: what the driver holds is not ours to read, and a copy of what has
// not come that far would decrypt. The client's next packet asks again.
static bool has_pkts_on_their_way(const struct worker *w, const struct session *s)
{
	for (unsigned int i = 0; i < w->n_ready; i++)
		if (w->ready[i]->s == s)
			return true;
	return s->rx_in_flight > 0 || s->n_held > 0 || s->n_parked > 0;
}

static bool decrypts(struct worker *w, struct session *s, const struct frame *f, uint32_t seq)
{
	struct mppe_sync_verdict todo = {0};
	uint8_t data[TRIAL_BYTES];
	const uint8_t *from = f->info + MPPE_HEADER_BYTES;
	bool is_right = false;

	if (has_pkts_on_their_way(w, s) || !is_in_order(s, f, seq, &todo))
		return false;
	size_t len = f->len - MPPE_HEADER_BYTES;
	size_t front = RTE_MIN(len, sizeof(data));
	for (unsigned int i = 0; i <= todo.n_tries && !is_right; i++) {
		uint16_t n_changes = (uint16_t)(todo.n_changes + i);
		if (!may_try(w, s, n_changes + 1U))
			break;
		counter_add(&lane_count(w)->mppe_rekeys, n_changes);
		mppe_context_peek(&s->rx_key, n_changes, todo.restart, from, data, front);
		is_right = is_packet_of(s, data, len);
	}
	secret_wipe_bytes(data, front);
	return is_right;
}

static bool may_move_proved(
	struct worker *w, struct session *s, const struct frame *f, uint32_t seq)
{
	return s->flags & SESSION_HAS_KEYS && s->flags & SESSION_OPEN &&
	       !(s->flags & SESSION_QUIESCES) && f->protocol == PPP_COMP && decrypts(w, s, f, seq);
}

// --- the move ---------------------------------------------------------------------------------------

// A path that changes with every packet is told once a second. What is held back is told when the session's
// next ack is due.
void stage_follow_tell(struct worker *w, struct session *s)
{
	const struct lane_event e = {
		.kind = LANE_MOVED, .session_id = s->id, .outer_peer_be = s->outer_peer_be};
	const uint64_t cost_ns = UINT64_C(1000000000) / MOVES_TOLD_PS;

	if (rte_ring_free_count(w->config.links->events) > w->event_reserve &&
		gate_pass_at(&s->move_gate_ns, cost_ns, MOVES_TOLD_BURST * cost_ns, w->now_ns) &&
		punt_event(w, &e))
		s->is_move_untold = false;
}

static void move(struct worker *w, struct session *s, uint32_t to_be)
{
	s->outer_peer_be = to_be;
	s->outer_route = NULL;
	s->routes_number = w->routes_number - 1; // looked up when something is sent
	counter_add(&s->counters.moves, 1);
	s->is_move_untold = true;
	stage_follow_tell(w, s);
}

bool stage_follow(struct worker *w, struct pkt *p, const struct gre *gre)
{
	struct session *s = p->s;
	struct frame f;

	if (!s->is_nat_loose || !read_frame(p, gre, &f))
		return false;
	if (!may_move_early(s, p, &f) && !may_move_proved(w, s, &f, gre->seq))
		return false;
	move(w, s, p->ip.source_be);
	return true;
}
