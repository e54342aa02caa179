// SPDX-License-Identifier: BSD-3-Clause
#include "session/session.h"

#include "base/secret.h"

#include <errno.h>
#include <rte_malloc.h>

int session_table_init(struct session_table *t, uint32_t n_slots, int socket, bool may_be_stateful,
	bool may_be_late, bool may_have_policy)
{
	*t = (struct session_table){0};
	t->slots = rte_zmalloc_socket(
		"sessions", (size_t)n_slots * sizeof(*t->slots), SESSION_PAIR_BYTES, socket);
	if (!t->slots)
		return -ENOMEM;
	if (may_be_stateful) {
		t->rc4 = rte_zmalloc_socket(
			"rc4", (size_t)n_slots * sizeof(*t->rc4), RTE_CACHE_LINE_SIZE, socket);
		if (!t->rc4)
			goto free_slots;
	}
	if (may_be_late) {
		t->rings = rte_zmalloc_socket("key-rings", (size_t)n_slots * sizeof(*t->rings),
			RTE_CACHE_LINE_SIZE, socket);
		if (!t->rings)
			goto free_rc4;
	}
	if (may_have_policy) {
		t->policies = rte_zmalloc_socket("policies", (size_t)n_slots * sizeof(*t->policies),
			RTE_CACHE_LINE_SIZE, socket);
		if (!t->policies)
			goto free_rings;
	}
	t->n_slots = n_slots;
	return 0;

free_rings:
	rte_free(t->rings);
free_rc4:
	rte_free(t->rc4);
free_slots:
	rte_free(t->slots);
	*t = (struct session_table){0};
	return -ENOMEM;
}

int session_table_add_tenants(struct session_table *t, uint16_t n, int socket)
{
	t->tenants = rte_zmalloc_socket(
		"tenants", (size_t)n * sizeof(*t->tenants), RTE_CACHE_LINE_SIZE, socket);
	if (!t->tenants)
		return -ENOMEM;
	t->n_tenants = n;
	return 0;
}

void session_table_fini(struct session_table *t)
{
	if (!t->slots)
		return;
	secret_wipe_bytes(t->slots, (size_t)t->n_slots * sizeof(*t->slots));
	rte_free(t->slots);
	if (t->rc4)
		secret_wipe_bytes(t->rc4, (size_t)t->n_slots * sizeof(*t->rc4));
	rte_free(t->rc4);
	if (t->rings)
		secret_wipe_bytes(t->rings, (size_t)t->n_slots * sizeof(*t->rings));
	rte_free(t->rings);
	rte_free(t->policies);
	rte_free(t->tenants);
	*t = (struct session_table){0};
}

static struct mppe_key_ring *ring_of(const struct session_table *t, const struct session *s)
{
	return t->rings ? &t->rings[s - t->slots] : NULL;
}

// What of its keys lies beside the session.
static void wipe_beside(const struct session_table *t, const struct session *s)
{
	struct session_rc4 *rc4 = session_table_rc4(t, s);
	struct mppe_key_ring *ring = ring_of(t, s);

	if (rc4)
		secret_wipe_bytes(rc4, sizeof(*rc4));
	if (ring)
		secret_wipe_bytes(ring, sizeof(*ring));
}

void session_table_release(struct session_table *t, struct session *s)
{
	wipe_beside(t, s);
	if (t->policies)
		memset(session_table_policy(t, s), 0, sizeof(*t->policies));
	secret_wipe_bytes(s, sizeof(*s));
	t->n_used--;
}

static bool is_stateful(const struct mppe_mode *mode)
{
	return mode->strength != MPPE_STRENGTH_NONE && !mode->is_stateless;
}

static void set_key(struct mppe_context *key, struct mppe_sync *sync, const struct mppe_mode *mode,
	const uint8_t *start_key, struct rc4_state *rc4)
{
	mppe_sync_init(sync, mode->is_stateless, sync->jump_max);
	if (mode->strength != MPPE_STRENGTH_NONE)
		mppe_context_init(key, mode->strength, mode->is_stateless, start_key,
			mode->is_stateless ? NULL : rc4);
}

bool session_table_set_keys(const struct session_table *t, struct session *s,
	const struct mppe_mode *receive, const struct mppe_mode *send,
	const struct mppe_start_keys *start)
{
	struct session_rc4 *rc4 = session_table_rc4(t, s);

	wipe_beside(t, s);
	secret_wipe_bytes(&s->rx_key, sizeof(s->rx_key));
	secret_wipe_bytes(&s->tx_key, sizeof(s->tx_key));
	secret_wipe_bytes(&s->checkpoint_key, sizeof(s->checkpoint_key));
	if (!rc4 && (is_stateful(receive) || is_stateful(send)))
		return false;
	set_key(&s->rx_key, &s->rx_sync, receive, start->receive, rc4 ? &rc4->rx : NULL);
	set_key(&s->tx_key, &s->tx_sync, send, start->send, rc4 ? &rc4->tx : NULL);
	if (s->rx_key.is_stateless)
		s->rx_key.ring = ring_of(t, s);
	return true;
}

void session_table_save_rx(const struct session_table *t, struct session *s)
{
	s->checkpoint_key = s->rx_key;
	if (s->rx_key.rc4)
		session_table_rc4(t, s)->checkpoint = *s->rx_key.rc4;
}

void session_begin_walk(struct session *s)
{
	s->checkpoint_key = s->rx_key;
	s->checkpoint_key.ring = NULL;
	s->checkpoint_key.ring_n = 0;
}

void session_swap_checkpoint(struct session *s)
{
	struct mppe_context walked = s->checkpoint_key;

	walked.ring = s->rx_key.ring;
	walked.ring_at = s->rx_key.ring_at; // a trial goes over the oldest keys
	s->checkpoint_key = s->rx_key;
	s->rx_key = walked;
	secret_wipe_bytes(&walked, sizeof(walked));
}

void session_table_restore_rx(const struct session_table *t, struct session *s)
{
	s->rx_key = s->checkpoint_key;
	if (s->rx_key.rc4)
		*s->rx_key.rc4 = session_table_rc4(t, s)->checkpoint;
}
