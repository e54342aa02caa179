// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_tunnel.h"

#include "base/bytes.h"
#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include <stdio.h>

enum { ACK_DELAY_NS = 200000000 };

void sim_tunnel_init(struct sim_tunnel *t, struct sim_path *path)
{
	memset(t, 0, sizeof(*t));
	t->path = path;
}

void sim_tunnel_open(struct sim_tunnel *t, uint16_t call_id, uint16_t peer_call_id)
{
	t->call_id = call_id;
	t->peer_call_id = peer_call_id;
	t->is_open = true;
}

void sim_tunnel_key(struct sim_tunnel *t, enum sim_direction direction,
	const struct mppe_mode *mode, enum sim_mppe_kind kind, const uint8_t start[16])
{
	sim_mppe_begin(&t->mppe[direction], mode, kind, start);
	t->has_keys[direction] = true;
}

// ---- to the server

// Add GRE in front of frame[len], which has GRE_HEADER_BYTES_MAX bytes of room before it.
static void send_gre(struct sim_tunnel *t, uint8_t *frame, size_t len, uint64_t now_ns)
{
	struct gre gre = {.call_id = t->peer_call_id,
		.payload_len = (uint16_t)len,
		.has_seq = len > 0,
		.has_ack = t->owes_ack,
		.ack = t->last_seq};

	if (gre.has_seq)
		gre.seq = t->next_seq++;
	t->owes_ack = false;

	uint8_t header_len = gre_header_len(gre.has_seq, gre.has_ack);
	uint8_t *at = frame - header_len;

	gre_put(at, &gre);
	sim_path_send(t->path, SIM_SERVER, span_of(at, header_len + len), now_ns);
}

// "   12.345678 > c021 01..." for a frame to the server, '<' for one to the client.
static void trace(char way, uint16_t protocol, struct span info, uint64_t now_ns)
{
	printf("%12.6f %c %04x ", (double)now_ns / 1e9, way, protocol);
	for (size_t i = 0; i < info.len; i++)
		printf("%s%02x", i > 0 && i <= 4 && i != 3 ? " " : "", info.bytes[i]);
	printf("\n");
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
	if (t->path->is_traced)
		trace('>', protocol, info, now_ns);
	memcpy(frame + len, info.bytes, info.len);
	send_gre(t, frame, len + info.len, now_ns);
}

void sim_tunnel_send_data(struct sim_tunnel *t, size_t len, uint64_t now_ns)
{
	uint8_t room[GRE_HEADER_BYTES_MAX + SIM_PACKET_BYTES_MAX];
	uint8_t *frame = room + GRE_HEADER_BYTES_MAX, *at = frame;
	bool encrypts = t->has_keys[SIM_OUT];

	at += ppp_put(at, encrypts ? PPP_COMP : PPP_IP, t->send_pfc, t->send_acfc);
	if (!encrypts) {
		sim_data_put(&t->data, at, len, t->address, SIM_HOST_ADDRESS);
		send_gre(t, frame, (size_t)(at - frame) + len, now_ns);
		return;
	}
	uint8_t *header = at;
	uint8_t *plain = at + MPPE_HEADER_BYTES;
	uint8_t protocol_len = ppp_put(plain, PPP_IP, t->send_pfc, true);

	sim_data_put(&t->data, plain + protocol_len, len, t->address, SIM_HOST_ADDRESS);
	sim_mppe_seal(&t->mppe[SIM_OUT], header, plain, protocol_len + len);
	send_gre(t, frame, (size_t)(plain - frame) + protocol_len + len, now_ns);
}

// ---- from the server

static void receive_data(struct sim_tunnel *t, struct span ip)
{
	sim_data_take(&t->data, ip, SIM_HOST_ADDRESS, t->address);
}

static void receive_encrypted(struct sim_tunnel *t, struct span info)
{
	uint8_t plain[SIM_PACKET_BYTES_MAX];

	if (!t->has_keys[SIM_IN]) {
		t->n_unread++;
		return;
	}
	EXPECT_GT(info.len, MPPE_HEADER_BYTES + 2);
	size_t len = info.len - MPPE_HEADER_BYTES;

	memcpy(plain, info.bytes + MPPE_HEADER_BYTES, len);
	switch (sim_mppe_open(&t->mppe[SIM_IN], info.bytes, plain, len)) {
	case SIM_MPPE_TAKEN: {
		uint16_t protocol = 0;
		uint8_t header_len = 0;

		if (ppp_get(plain, len, &protocol, &header_len) == DROP_NONE && protocol == PPP_IP)
			receive_data(t, span_of(plain + header_len, len - header_len));
		else
			t->data.n_wrong++;
		break;
	}
	case SIM_MPPE_LOST:
		t->wants_reset = true;
		break;
	case SIM_MPPE_BAD:
		FAIL("the server sent MPPE bits that the mode forbids");
		break;
	case SIM_MPPE_OLD:
		break;
	}
}

static bool take_seq(struct sim_tunnel *t, uint32_t seq, uint64_t now_ns)
{
	if (t->has_seq && (int32_t)(seq - t->last_seq) <= 0)
		return false;
	t->has_seq = true;
	t->last_seq = seq;
	if (!t->owes_ack)
		t->ack_due_ns = now_ns + ACK_DELAY_NS;
	t->owes_ack = true;
	return true;
}

bool sim_tunnel_receive(struct sim_tunnel *t, struct span packet, uint64_t now_ns,
	uint16_t *protocol, struct span *info)
{
	struct gre gre;
	uint8_t header_len;

	if (gre_get(packet.bytes, packet.len, &gre) != DROP_NONE) {
		FAIL("the server sent malformed GRE");
		return false;
	}
	if (!t->is_open || gre.call_id != t->call_id || !gre.has_seq ||
		!take_seq(t, gre.seq, now_ns))
		return false;
	const uint8_t *frame = packet.bytes + gre.header_len;

	if (ppp_get(frame, gre.payload_len, protocol, &header_len) != DROP_NONE) {
		FAIL("the server sent a malformed PPP frame");
		return false;
	}
	*info = span_of(frame + header_len, gre.payload_len - header_len);
	if (*protocol == PPP_COMP) {
		receive_encrypted(t, *info);
		return false;
	}
	if (*protocol == PPP_IP) {
		EXPECT_FALSE(t->has_keys[SIM_IN]); // never in the clear once keys are there
		receive_data(t, *info);
		return false;
	}
	if (t->path->is_traced)
		trace('<', *protocol, *info, now_ns);
	return true;
}

uint64_t sim_tunnel_deadline(const struct sim_tunnel *t)
{
	return t->is_open && t->owes_ack ? t->ack_due_ns : SIM_NEVER;
}

void sim_tunnel_expire(struct sim_tunnel *t, uint64_t now_ns)
{
	uint8_t room[GRE_HEADER_BYTES_MAX];

	if (now_ns >= sim_tunnel_deadline(t))
		send_gre(t, room + GRE_HEADER_BYTES_MAX, 0, now_ns);
}
