// SPDX-License-Identifier: BSD-3-Clause
// MPPE, received: the coherency count before the driver, the proof of the pudding after it
// (RFC 3078 3, 7, 8).
//
// What is not the next packet in order moves the key and cannot be undone, and RC4 tells nobody that a packet
// was forged. So it is tried alone, on a checkpoint of the key, and on the front of the packet only, in a copy
// that lies before it where its headers were. The key stands if that is an IPv4 header with a right
// checksum: a weaker proof would let every third forged packet pass. Only then is the packet decrypted.
#include "dataplane/lane.h"

#include "wire/mppe.h"
#include "wire/ppp.h"

// Protocol field and the longest IPv4 header.
enum { TRIAL_BYTES = 64 };

static uint8_t *trial_of(const struct pkt *p)
{
	return pkt_data(p) - TRIAL_BYTES;
}

static uint8_t put(struct worker *w, struct pkt *p, enum pkt_crypt crypt)
{
	p->crypt = crypt;
	return stage_crypto_put(w, p);
}

static uint8_t put_whole(
	struct worker *w, struct pkt *p, enum pkt_crypt crypt, uint16_t n_changes, bool restart)
{
	p->op = (struct crypto_op){
		.ctx = &p->s->rx_key,
		.n_changes = n_changes,
		.direction = CRYPTO_DECRYPT,
		.restart = restart,
	};
	pkt_set_op(p, pkt_data(p));
	return put(w, p, crypt);
}

static uint8_t put_trial(struct worker *w, struct pkt *p, uint16_t n_changes, bool restart)
{
	uint16_t len = RTE_MIN(pkt_len(p), (uint16_t)TRIAL_BYTES);

	p->op = (struct crypto_op){
		.ctx = &p->s->rx_key,
		.data = trial_of(p),
		.len = len,
		.n_changes = n_changes,
		.direction = CRYPTO_DECRYPT,
		.restart = restart,
	};
	memcpy(p->op.data, pkt_data(p), len);
	return put(w, p, PKT_CRYPT_TRIAL);
}

static uint8_t put_walk(struct worker *w, struct pkt *p, uint16_t n_changes)
{
	p->op = (struct crypto_op){
		.ctx = &p->s->checkpoint_key,
		.data = pkt_data(p),
		.n_changes = n_changes,
		.direction = CRYPTO_DECRYPT,
	};
	return put(w, p, PKT_CRYPT_WALK);
}

// Behind what it came late for: the ring then has its key, and no packet has to wait.
static uint8_t put_late(struct worker *w, struct pkt *p, uint8_t late)
{
	p->op = (struct crypto_op){.ctx = &p->s->rx_key, .direction = CRYPTO_DECRYPT, .late = late};
	pkt_set_op(p, pkt_data(p));
	return put(w, p, PKT_CRYPT_LATE);
}

// --- losses -----------------------------------------------------------------------------------------

static void count_failure(struct worker *w, struct session *s)
{
	s->failures_in_a_row++;
	if (s->failures_in_a_row >= w->config.failures_max && !(s->flags & SESSION_FAILURES_TOLD)) {
		struct lane_event e = {.kind = LANE_DECRYPT_FAILURES, .session_id = s->id};
		if (punt_event(w, &e))
			s->flags |= SESSION_FAILURES_TOLD;
	}
}

// A client that does not answer Reset-Requests, or whose flushed packets cannot be read, has wrong keys:
// each time that control has to be told again counts like a packet that decrypts to garbage.
static void tell_loss(struct worker *w, struct session *s)
{
	struct lane_event e = {.kind = LANE_DESYNC, .session_id = s->id};

	if (!mppe_sync_is_due(&s->rx_sync, w->now_ns) ||
		rte_ring_free_count(w->config.links->events) <= w->event_reserve ||
		!punt_event(w, &e))
		return;
	counter_add(&s->counters.resets_sent, 1);
	if (mppe_sync_told(&s->rx_sync, w->now_ns))
		count_failure(w, s);
}

static uint8_t refuse(struct worker *w, struct session *s)
{
	counter_add(&s->counters.decrypt_failures, 1);
	count_failure(w, s);
	return DROP_MPPE_GARBAGE;
}

// --- before the driver ------------------------------------------------------------------------------

static uint8_t begin_trial(struct worker *w, struct pkt *p, const struct mppe_sync_verdict *todo)
{
	struct session *s = p->s;

	if (rte_pktmbuf_headroom(p->m) < TRIAL_BYTES) {
		mppe_sync_undo(&s->rx_sync, p->before);
		return DROP_NO_MBUF;
	}
	if (todo->takes_walk)
		session_swap_checkpoint(s);
	else
		session_table_save_rx(w->config.sessions, s);
	p->n_tries = todo->n_tries;
	p->n_tried = 0;
	return put_trial(w, p, todo->n_changes, todo->restart);
}

static uint8_t begin(struct worker *w, struct pkt *p, const struct mppe_sync_verdict *todo)
{
	struct session *s = p->s;

	if (todo->kind == MPPE_SYNC_NEXT)
		return put_whole(w, p, PKT_CRYPT_NEXT, todo->n_changes, todo->restart);
	if (todo->kind == MPPE_SYNC_LATE)
		return put_late(w, p, todo->late);
	if (todo->begins_walk)
		session_begin_walk(s);
	uint8_t verdict = todo->kind == MPPE_SYNC_WALK ? put_walk(w, p, todo->n_changes)
						       : begin_trial(w, p, todo);
	if (verdict != PKT_HELD)
		return verdict;
	s->flags |= SESSION_HAS_CHECKPOINT;
	stage_crypto_run(w);
	return PKT_HELD;
}

static uint8_t receive_late(struct session *s, const struct mppe_packet *packet, uint32_t seq,
	struct mppe_sync_verdict *out)
{
	return s->rx_key.ring ? mppe_sync_receive_late(&s->rx_sync, packet, seq, out)
			      : DROP_GRE_LATE;
}

static uint8_t receive(struct worker *w, struct pkt *p, const struct mppe_packet *packet)
{
	struct session *s = p->s;
	struct mppe_sync_verdict todo;

	p->before = s->rx_sync.at;
	uint8_t bad = p->flags & PKT_LATE
			      ? receive_late(s, packet, p->held.seq, &todo)
			      : mppe_sync_receive(&s->rx_sync, packet, p->held.seq, &todo);
	if (bad == DROP_MPPE_DESYNC)
		tell_loss(w, s);
	if (bad)
		return bad;
	pkt_pull(p, MPPE_HEADER_BYTES);
	return begin(w, p, &todo);
}

// Whatever is neither next nor late wants the key for itself. With a driver that works inline it always has it.
static bool has_key(struct worker *w, const struct pkt *p, const struct mppe_packet *packet)
{
	struct session *s = p->s;

	if (s->rx_in_flight > 0 && !(p->flags & PKT_LATE) &&
		!mppe_sync_is_next(&s->rx_sync, packet, p->held.seq)) {
		(void)stage_crypto_run(w);
		if (s->rx_in_flight > 0)
			return false;
	}
	return stage_crypto_has_room(w, &s->rx_key);
}

static uint8_t mppe_in(struct worker *w, struct pkt *p)
{
	const uint32_t waits = SESSION_HAS_CHECKPOINT | SESSION_PARKS | SESSION_QUIESCES;
	struct mppe_packet packet;
	uint8_t bad = mppe_packet_get(pkt_data(p), pkt_len(p), &packet);

	if (bad)
		return bad;
	if (p->s->flags & waits || !has_key(w, p, &packet))
		return p->s->flags & SESSION_QUIESCES ? DROP_CRYPTO_FULL : stage_park(w, p);
	return receive(w, p, &packet);
}

bool stage_mppe_in_may_go(struct worker *w, struct pkt *p)
{
	struct mppe_packet packet;

	if (mppe_packet_get(pkt_data(p), pkt_len(p), &packet) != DROP_NONE)
		return true; // to be dropped; it was whole when it was parked
	return !(p->s->flags & SESSION_HAS_CHECKPOINT) && has_key(w, p, &packet);
}

void stage_mppe_in_go(struct worker *w, struct pkt *p)
{
	struct mppe_packet packet;
	uint8_t verdict = mppe_packet_get(pkt_data(p), pkt_len(p), &packet);

	if (verdict == DROP_NONE)
		verdict = receive(w, p, &packet);
	if (verdict != PKT_HELD)
		pkt_drop(w, p, (enum drop_reason)verdict);
}

// What is in the clear passes by.
unsigned int stage_mppe_in(struct worker *w, struct pkt **pkts, unsigned int n)
{
	unsigned int n_clear = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		if (p->protocol != PPP_COMP) {
			pkts[n_clear++] = p;
			continue;
		}
		// A packet that the driver has taken may be gone already: its verdict must not be
		// written any more.
		uint8_t verdict = mppe_in(w, p);
		if (verdict != PKT_HELD)
			pkt_drop(w, p, (enum drop_reason)verdict);
	}
	return n_clear;
}

// --- after the driver -------------------------------------------------------------------------------

static void end_trial(struct session *s)
{
	s->flags &= ~(uint32_t)SESSION_HAS_CHECKPOINT;
}

void stage_mppe_in_undo(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	if (p->crypt == PKT_CRYPT_LATE)
		return; // it has moved nothing
	if (p->crypt == PKT_CRYPT_NEXT) {
		mppe_sync_undo(&s->rx_sync, p->before);
		return;
	}
	if (p->crypt == PKT_CRYPT_WALK) {
		mppe_sync_stop_walk(&s->rx_sync);
	} else {
		mppe_sync_undo_trial(&s->rx_sync, p->before);
		session_table_restore_rx(w->config.sessions, s);
	}
	end_trial(s);
}

// The session goes on without it: a trial and a walk are taken back, and of any other key and stream are past it.
static uint8_t lost(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	switch ((enum pkt_crypt)p->crypt) {
	case PKT_CRYPT_TRIAL:
	case PKT_CRYPT_WALK:
		stage_mppe_in_undo(w, p);
		break;
	case PKT_CRYPT_PROVED:
		end_trial(s);
		break;
	case PKT_CRYPT_NEXT:
	case PKT_CRYPT_LATE:
		break;
	}
	if (s->rx_sync.is_lost)
		tell_loss(w, s);
	return stage_crypto_lose(w, p);
}

// data: the decrypted front of p.
static bool is_proof(const struct pkt *p, const uint8_t *data)
{
	size_t protocol_len = data[0] == 0 ? 2 : 1;
	size_t len = pkt_len(p);
	struct inet_ipv4 ip;

	// It reads no more than the header, which is there.
	return len > protocol_len && data[protocol_len - 1] == PPP_IP &&
	       inet_ipv4_get(data + protocol_len, len - protocol_len, DROP_INNER_IP_BAD, &ip) ==
		       DROP_NONE;
}

// The trial has moved the key to where it must be, and RC4 behind the front.
static uint8_t go_on_proved(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	bool begins_anew = p->op.restart || p->op.n_changes > 0;

	if (!begins_anew)
		session_table_restore_rx(w->config.sessions, s);
	mppe_sync_proved(&s->rx_sync, p->n_tried);
	return put_whole(w, p, PKT_CRYPT_PROVED, 0, begins_anew && !s->rx_key.is_stateless);
}

static uint8_t tried(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	bool was_lost = s->rx_sync.is_lost;

	if (is_proof(p, trial_of(p)))
		return go_on_proved(w, p);
	if (p->n_tries > 0) {
		p->n_tries--;
		p->n_tried++;
		return put_trial(w, p, 1, true);
	}
	session_table_restore_rx(w->config.sessions, s);
	mppe_sync_failed(&s->rx_sync, p->before);
	end_trial(s);
	// A forged packet that is the first to fail is no loss: the client's next one proves that.
	if (was_lost)
		tell_loss(w, s);
	return refuse(w, s);
}

static uint8_t decrypted(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;

	// In flight behind one that was garbage.
	if (p->crypt == PKT_CRYPT_NEXT && s->rx_sync.is_lost)
		return DROP_MPPE_DESYNC;
	if (!mppe_sync_is_plausible(pkt_data(p), pkt_len(p))) {
		mppe_sync_lose(&s->rx_sync);
		tell_loss(w, s);
		return refuse(w, s);
	}
	uint8_t header_len = 0;
	uint8_t bad = ppp_get(pkt_data(p), pkt_len(p), &p->protocol, &header_len);
	if (bad)
		return bad;
	pkt_pull(p, header_len);
	if (p->protocol == PPP_IP)
		return PKT_NEXT;
	// A network protocol that we do not know. Control hears of it without what was in it: it speaks in
	// the clear, and MPPE has no integrity, so an answer that quotes the packet (RFC 1661 5.7) would
	// decrypt for whoever turns IP into another protocol by one bit on the way.
	pkt_trim(p, 0);
	return punt_ppp(w, p);
}

// Garbage is a forged one, and no sign that the keys are wrong.
static uint8_t decrypted_late(struct worker *w, struct pkt *p)
{
	return is_proof(p, pkt_data(p)) ? decrypted(w, p) : DROP_MPPE_GARBAGE;
}

static uint8_t mppe_in_done(struct worker *w, struct pkt *p)
{
	if (p->op.status == CRYPTO_LOST)
		return lost(w, p);
	if (p->op.status != CRYPTO_DONE) {
		if (p->crypt != PKT_CRYPT_NEXT)
			stage_mppe_in_undo(w, p);
		return DROP_CRYPTO_FAILED;
	}
	switch ((enum pkt_crypt)p->crypt) {
	case PKT_CRYPT_NEXT:
		break;
	case PKT_CRYPT_TRIAL:
		return tried(w, p);
	case PKT_CRYPT_PROVED:
		end_trial(p->s);
		break;
	case PKT_CRYPT_WALK:
		end_trial(p->s);
		return DROP_MPPE_JUMP;
	case PKT_CRYPT_LATE:
		return decrypted_late(w, p);
	}
	return decrypted(w, p);
}

unsigned int stage_mppe_in_done(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = mppe_in_done(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}
