// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_tunnel.h"

#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/ppp.h"

#include <nettle/arcfour.h>
#include <stdio.h>

enum { INNER_BYTES_MIN = 8, ACK_DELAY_NS = 200000000 };

void sim_tunnel_init(struct sim_tunnel *t, struct sim_path *path, enum sim_side side)
{
	memset(t, 0, sizeof(*t));
	t->path = path;
	t->side = side;
}

void sim_tunnel_open(struct sim_tunnel *t, uint16_t call_id, uint16_t peer_call_id)
{
	t->call_id = call_id;
	t->peer_call_id = peer_call_id;
	t->is_open = true;
	gre_window_init(&t->window, SIM_GRE_JUMP_MAX, ACK_DELAY_NS);
}

void sim_tunnel_key(struct sim_direction *d, const uint8_t start[16])
{
	mppe_context_init(&d->keys, MPPE_STRENGTH_128, true, start, NULL);
	mppe_sync_init(&d->sync, true, SIM_MPPE_JUMP_MAX);
	d->has_keys = true;
}

static void transform(struct mppe_context *keys, uint16_t n_changes, uint8_t *data, size_t len)
{
	struct arcfour_ctx rc4;

	for (uint16_t i = 0; i < n_changes; i++)
		mppe_key_change(keys->strength, keys->start_key, keys->session_key);
	arcfour_set_key(&rc4, mppe_key_len(keys->strength), keys->session_key);
	arcfour_crypt(&rc4, len, data, data);
}

static enum sim_side peer_side(const struct sim_tunnel *t)
{
	return t->side == SIM_SERVER ? SIM_CLIENT : SIM_SERVER;
}

// Add GRE in front of frame[len], which has GRE_HEADER_BYTES_MAX bytes of room before it.
static void send_gre(struct sim_tunnel *t, uint8_t *frame, size_t len, uint64_t now_ns)
{
	struct gre gre = {
		.call_id = t->peer_call_id, .payload_len = (uint16_t)len, .has_seq = len > 0};

	if (gre.has_seq)
		gre.seq = gre_window_next_seq(&t->window);
	gre.has_ack = gre_window_take_ack(&t->window, &gre.ack);

	uint8_t header_len = gre_header_len(gre.has_seq, gre.has_ack);
	uint8_t *at = frame - header_len;

	gre_put(at, &gre);
	sim_path_send(t->path, peer_side(t), span_of(at, header_len + len), now_ns);
}

void sim_tunnel_send_frame(
	struct sim_tunnel *t, uint16_t protocol, struct span info, uint64_t now_ns)
{
	uint8_t room[GRE_HEADER_BYTES_MAX + PPP_HEADER_BYTES_MAX + SIM_PACKET_BYTES_MAX];
	uint8_t *frame = room + GRE_HEADER_BYTES_MAX;
	bool is_lcp = protocol == PPP_LCP;
	size_t len;

	if (!t->is_open)
		return;
	len = ppp_put(frame, protocol, !is_lcp && t->send_pfc, !is_lcp && t->send_acfc);
	if (len + info.len > SIM_PACKET_BYTES_MAX - GRE_HEADER_BYTES_MAX) {
		FAIL("a frame longer than the simulator's packets");
		return;
	}
	memcpy(frame + len, info.bytes, info.len);
	send_gre(t, frame, len + info.len, now_ns);
}

// An inner packet whose every byte follows from its number.
static void fill_inner(uint8_t *inner, size_t len, uint32_t number)
{
	inner[0] = 0x45;
	bytes_put_u32(inner + 1, number);
	for (size_t i = 5; i < len; i++)
		inner[i] = (uint8_t)(number * 7 + i);
}

void sim_tunnel_send_data(struct sim_tunnel *t, size_t len, uint64_t now_ns)
{
	uint8_t room[GRE_HEADER_BYTES_MAX + SIM_PACKET_BYTES_MAX];
	uint8_t *frame = room + GRE_HEADER_BYTES_MAX, *at = frame;
	struct mppe_packet mppe;
	uint16_t n_changes;

	if (len < INNER_BYTES_MIN)
		len = INNER_BYTES_MIN;
	at += ppp_put(at, PPP_COMP, t->send_pfc, t->send_acfc);
	mppe_sync_send(&t->out.sync, &mppe, &n_changes);
	mppe_packet_put(at, mppe.bits, mppe.count);
	at += MPPE_HEADER_BYTES;

	uint8_t protocol_len = ppp_put(at, PPP_IP, t->send_pfc, true);

	fill_inner(at + protocol_len, len, ++t->n_sent);
	transform(&t->out.keys, n_changes, at, protocol_len + len);
	send_gre(t, frame, (size_t)(at - frame) + protocol_len + len, now_ns);
}

// Is this the inner packet of some number that is still to come?
static bool check_inner(struct sim_tunnel *t, struct span plain)
{
	uint8_t wanted[SIM_PACKET_BYTES_MAX];
	size_t at = plain.bytes[0] == 0 ? 2 : 1;
	struct span inner = span_of(plain.bytes + at, plain.len - at);

	if (inner.len < INNER_BYTES_MIN)
		return false;

	uint32_t number = bytes_get_u32(inner.bytes + 1);

	fill_inner(wanted, inner.len, number);
	if (!span_equal(inner, span_of(wanted, inner.len)) || number <= t->last_received)
		return false;
	t->last_received = number;
	t->n_received++;
	return true;
}

static enum drop_reason receive_encrypted(struct sim_tunnel *t, struct span info)
{
	uint8_t plain[SIM_PACKET_BYTES_MAX];
	struct mppe_context before = t->in.keys;
	uint16_t last = t->in.sync.last;
	struct mppe_sync_verdict verdict;
	struct mppe_packet mppe;
	enum drop_reason drop;

	if (!t->in.has_keys)
		return DROP_MPPE_NO_KEY;
	drop = mppe_packet_get(info.bytes, info.len, &mppe);
	if (drop == DROP_NONE)
		drop = mppe_sync_receive(&t->in.sync, &mppe, &verdict);
	if (drop != DROP_NONE)
		return drop;

	size_t len = info.len - MPPE_HEADER_BYTES;

	memcpy(plain, info.bytes + MPPE_HEADER_BYTES, len);
	transform(&t->in.keys, verdict.n_changes, plain, len);
	if (!mppe_sync_is_plausible(plain, len)) {
		if (verdict.is_jump) {
			t->in.keys = before;
			mppe_sync_undo(&t->in.sync, last);
		}
		return DROP_MPPE_GARBAGE;
	}
	if (!check_inner(t, span_of(plain, len)))
		t->n_wrong++;
	return DROP_NONE;
}

static enum drop_reason receive(struct sim_tunnel *t, struct span packet, uint64_t now_ns,
	uint16_t *protocol, struct span *info)
{
	struct gre gre;
	uint8_t header_len;
	enum drop_reason drop = gre_get(packet.bytes, packet.len, &gre);

	if (drop != DROP_NONE)
		return drop;
	if (!t->is_open || gre.call_id != t->call_id)
		return DROP_NO_SESSION;
	if (gre.has_ack)
		gre_window_acked(&t->window, gre.ack);
	if (!gre.has_seq)
		return DROP_NONE;
	drop = gre_window_receive(&t->window, gre.seq, now_ns);
	if (drop != DROP_NONE)
		return drop;

	const uint8_t *frame = packet.bytes + gre.header_len;

	drop = ppp_get(frame, gre.payload_len, protocol, &header_len);
	if (drop != DROP_NONE)
		return drop;
	*info = span_of(frame + header_len, gre.payload_len - header_len);
	if (*protocol == PPP_COMP)
		return receive_encrypted(t, *info);
	return DROP_NONE;
}

// "   12.345678 > c021 01..." for a frame to the server, '<' for one to the client.
static void trace(const struct sim_tunnel *t, uint16_t protocol, struct span info, uint64_t now_ns)
{
	printf("%12.6f %c %04x ", (double)now_ns / 1e9, t->side == SIM_SERVER ? '>' : '<',
		protocol);
	for (size_t i = 0; i < info.len; i++)
		printf("%s%02x", i > 0 && i <= 4 && i != 3 ? " " : "", info.bytes[i]);
	printf("\n");
}

bool sim_tunnel_receive(struct sim_tunnel *t, struct span packet, uint64_t now_ns,
	uint16_t *protocol, struct span *info)
{
	*protocol = PPP_COMP;

	enum drop_reason drop = receive(t, packet, now_ns, protocol, info);

	t->n_dropped[drop]++;
	if (drop != DROP_NONE || *protocol == PPP_COMP)
		return false;
	if (t->path->is_traced)
		trace(t, *protocol, *info, now_ns);
	return true;
}

uint64_t sim_tunnel_deadline(const struct sim_tunnel *t)
{
	return t->is_open ? gre_window_ack_due(&t->window) : SIM_NEVER;
}

void sim_tunnel_expire(struct sim_tunnel *t, uint64_t now_ns)
{
	uint8_t room[GRE_HEADER_BYTES_MAX];

	if (now_ns >= sim_tunnel_deadline(t))
		send_gre(t, room + GRE_HEADER_BYTES_MAX, 0, now_ns);
}
