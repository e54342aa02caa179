// SPDX-License-Identifier: BSD-3-Clause
// A client of the test's own: its MPPE is made of the reference key schedule and nettle's RC4, so that
// nothing is tested against itself.
#include "flow.h"

#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

enum { CLIENT_IP_ID = 0x4242, SEQ_FIRST = 7 };

static void set_start_key(
	struct flow_direction *d, const struct flow_client_options *o, bool is_stateful)
{
	d->strength = o->strength ? o->strength : MPPE_STRENGTH_128;
	d->is_stateful = is_stateful;
	d->is_linux = o->is_linux;
	d->flush_is_due = false;
	d->last = MPPE_COHERENCY_MASK;
	mppe_key_initial(d->strength, d->start_key, d->session_key);
	arcfour_set_key(&d->rc4, mppe_key_len(d->strength), d->session_key);
}

static void set_start_keys(struct flow_client *c)
{
	for (unsigned int i = 0; i < MPPE_KEY_BYTES_MAX; i++) {
		c->up.start_key[i] = (uint8_t)(c->call_id + 3 * i + 1);
		c->down.start_key[i] = (uint8_t)(c->call_id ^ (5 * i + 2));
	}
	set_start_key(&c->up, &c->options, c->options.stateful_up);
	set_start_key(&c->down, &c->options, c->options.stateful_down);
}

static void session_command(struct flow_client *c, struct lane_command *command)
{
	command->session_id = c->id;
	EXPECT_TRUE(flow_command(c->f, c->options.worker, command));
}

void flow_client_keys(struct flow_client *c)
{
	struct lane_command command = {
		.kind = COMMAND_SESSION_KEYS,
	};

	set_start_keys(c);
	command.keys.receive = (struct mppe_mode){c->up.strength, !c->up.is_stateful};
	command.keys.send = (struct mppe_mode){c->down.strength, !c->down.is_stateful};
	memcpy(command.keys.start.receive, c->up.start_key, MPPE_KEY_BYTES_MAX);
	memcpy(command.keys.start.send, c->down.start_key, MPPE_KEY_BYTES_MAX);
	session_command(c, &command);
	c->encrypts = true;
}

void flow_client_encrypt(struct flow_client *c, bool on)
{
	struct lane_command command = {.kind = COMMAND_SESSION_ENCRYPT, .on = on};

	session_command(c, &command);
}

void flow_client_open(struct flow_client *c, bool on)
{
	struct lane_command command = {
		.kind = COMMAND_SESSION_OPEN,
		.open = {.on = on,
			.inner_be = flow_be(c->inner),
			.tenant = c->options.tenant,
			.require_encryption = !c->options.clear,
			.relay_broadcasts = c->options.relays,
			.dhcp_inform = c->options.dhcp_inform,
			.has_routes = c->options.has_routes},
	};
	uint32_t owner = owner_make((uint8_t)c->options.worker, session_id_slot(c->id));

	owner_map_set_inner(
		c->f->owners, c->options.tenant, flow_be(c->inner), on ? owner : OWNER_NONE);
	session_command(c, &command);
}

void flow_client_delete(struct flow_client *c)
{
	struct lane_command command = {.kind = COMMAND_SESSION_DELETE};

	owner_map_set_inner(c->f->owners, c->options.tenant, flow_be(c->inner), OWNER_NONE);
	owner_map_set_call(c->f->owners, c->options.listen, c->call_id, OWNER_NONE);
	session_command(c, &command);
}

struct session *flow_session(const struct flow_client *c)
{
	return session_table_find(&c->f->sessions[c->options.worker], c->id);
}

void flow_client_link(struct flow_client *c)
{
	struct lane_command link = {
		.kind = COMMAND_SESSION_LINK,
		.link =
			{
				.mtu = c->options.mtu ? c->options.mtu : 1400,
				.mss_max = c->options.mss_max,
				.send_pfc = c->options.send_pfc,
				.send_acfc = c->options.send_acfc,
			},
	};

	session_command(c, &link);
}

static void add(struct flow_client *c)
{
	const struct flow_client_options *o = &c->options;
	struct lane_command command = {
		.kind = COMMAND_SESSION_ADD,
		.add =
			{
				.outer_local_be = flow_be(c->listen),
				.outer_peer_be = flow_be(c->outer),
				.call_id = c->call_id,
				.peer_call_id = c->peer_call_id,
				.listen = o->listen,
				.tenant = o->tenant,
				.mtu = 1400,
				.require_encryption = !o->clear,
				.ack_delay_us = o->ack_delay_us ? o->ack_delay_us : 10000000,
				.gre_jump_max = 1024,
				.mppe_jump_max = 256,
				.reorder_pkts = o->reorder_pkts,
				.reorder_us = o->reorder_us ? o->reorder_us : 10000000,
				.late_pkts = o->late_pkts,
				.nat_loose = o->nat_loose,
				.limit_transmit = o->peer_window > 0,
				.peer_window = o->peer_window,
				.ack_timeout_us = o->ack_timeout_us,
			},
	};

	session_command(c, &command);
	owner_map_set_call(c->f->owners, o->listen, c->call_id,
		owner_make((uint8_t)o->worker, session_id_slot(c->id)));
}

void flow_client_up(
	struct flow *f, struct flow_client *c, const struct flow_client_options *options)
{
	memset(c, 0, sizeof(*c));
	c->f = f;
	if (options)
		c->options = *options;
	unsigned int number = c->options.number ? c->options.number : 2;
	uint32_t slot = c->options.slot ? c->options.slot : number;
	c->id = session_id_make(++f->generation, (uint8_t)c->options.worker, slot);
	c->call_id = (uint16_t)(0x1000 + number);
	c->peer_call_id =
		c->options.peer_call_id ? c->options.peer_call_id : (uint16_t)(0x2000 + number);
	c->listen = FLOW_LISTEN + c->options.listen;
	c->outer = FLOW_CLIENT_OUTER + number;
	c->inner = c->options.inner ? c->options.inner : FLOW_CLIENT_INNER + number;
	c->seq = SEQ_FIRST;
	add(c);

	if (!c->options.not_linked)
		flow_client_link(c);
	if (!c->options.clear && !c->options.clear_but_required) {
		flow_client_keys(c);
		flow_client_encrypt(c, true);
	}
	if (!c->options.not_open)
		flow_client_open(c, true);
}

// --- sending ----------------------------------------------------------------------------------------

static bool is_flag(uint16_t count)
{
	return (count & 0xff) == 0xff;
}

// One count on, with the change of key that it brings. Returns whether RC4 starts anew.
static bool step(struct flow_direction *d)
{
	d->last = (d->last + 1) & MPPE_COHERENCY_MASK;
	if (d->is_stateful && !is_flag(d->last))
		return false;
	mppe_key_change(d->strength, d->start_key, d->session_key);
	return true;
}

static void crypt(struct flow_direction *d, bool begins, uint8_t *data, size_t len)
{
	if (begins)
		arcfour_set_key(&d->rc4, mppe_key_len(d->strength), d->session_key);
	arcfour_crypt(&d->rc4, len, data, data);
}

// Returns the bits of the packet.
static uint16_t seal(struct flow_direction *d, uint8_t *data, size_t len)
{
	bool flushes = d->flush_is_due;
	bool begins = step(d);

	if (flushes && d->is_linux && !is_flag(d->last))
		mppe_key_change(d->strength, d->start_key, d->session_key);
	crypt(d, begins || flushes, data, len);
	d->flush_is_due = false;
	return MPPE_PACKET_ENCRYPTED | (begins || flushes ? MPPE_PACKET_FLUSHED : 0);
}

void flow_client_lose(struct flow_client *c)
{
	uint8_t data[100] = {0};

	(void)seal(&c->up, data, sizeof(data));
	c->seq++;
}

void flow_client_reset(struct flow_client *c)
{
	struct lane_command command = {.kind = COMMAND_SESSION_FLUSH};

	session_command(c, &command);
}

size_t flow_ppp_data(
	struct flow_client *c, uint8_t *out, uint16_t protocol, const uint8_t *bytes, size_t len)
{
	bool pfc = c->options.client_pfc, acfc = c->options.client_acfc;

	if (!c->encrypts) {
		size_t at = ppp_put(out, protocol, pfc, acfc);
		memcpy(out + at, bytes, len);
		return at + len;
	}
	size_t at = ppp_put(out, PPP_COMP, pfc, acfc);
	uint8_t *data = out + at + MPPE_HEADER_BYTES;
	size_t data_len = ppp_put(data, protocol, pfc, true);
	memcpy(data + data_len, bytes, len);
	data_len += len;
	uint16_t bits = seal(&c->up, data, data_len);
	mppe_packet_put(out + at, bits, c->up.last);
	return at + MPPE_HEADER_BYTES + data_len;
}

static size_t outer_frame(const struct flow_client *c, uint8_t *out, const struct gre *gre,
	const uint8_t *ppp, size_t len)
{
	uint8_t ip[FLOW_FRAME_BYTES];
	size_t header_len = gre_header_len(gre->has_seq, gre->has_ack);
	size_t total_len = INET_IPV4_HEADER_BYTES + header_len + len;

	inet_ipv4_put(ip, flow_be(c->outer), flow_be(c->listen), GRE_IP_PROTOCOL,
		(uint16_t)total_len, CLIENT_IP_ID, 60, 0, false);
	gre_put(ip + INET_IPV4_HEADER_BYTES, gre);
	if (len > 0)
		memcpy(ip + INET_IPV4_HEADER_BYTES + header_len, ppp, len);
	return flow_frame(out, FLOW_OUTSIDE, ip, total_len);
}

size_t flow_gre_frame(
	const struct flow_client *c, uint8_t *out, uint32_t seq, const uint8_t *ppp, size_t len)
{
	const struct gre gre = {
		.call_id = c->call_id,
		.payload_len = (uint16_t)len,
		.has_seq = true,
		.seq = seq,
	};

	return outer_frame(c, out, &gre, ppp, len);
}

static void push_gre(struct flow_client *c, uint32_t seq, const uint8_t *ppp, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t frame_len = flow_gre_frame(c, frame, seq, ppp, len);

	EXPECT_TRUE(flow_push(c->f, FLOW_OUTSIDE, c->options.worker, frame, frame_len));
}

void flow_send_gre(struct flow_client *c, uint32_t seq, const uint8_t *ppp, size_t len)
{
	push_gre(c, seq, ppp, len);
	flow_poll(c->f);
}

void flow_push_up(struct flow_client *c, const uint8_t *ip, size_t len)
{
	uint8_t ppp[FLOW_FRAME_BYTES];
	size_t ppp_len = flow_ppp_data(c, ppp, PPP_IP, ip, len);

	push_gre(c, c->seq++, ppp, ppp_len);
}

void flow_send_up(struct flow_client *c, const uint8_t *ip, size_t len)
{
	flow_push_up(c, ip, len);
	flow_poll(c->f);
}

void flow_send_control(struct flow_client *c, uint16_t protocol, const uint8_t *info, size_t len)
{
	uint8_t ppp[FLOW_FRAME_BYTES];
	size_t at = ppp_put(ppp, protocol, false, c->options.client_acfc && protocol != PPP_LCP);

	if (len > 0)
		memcpy(ppp + at, info, len);
	flow_send_gre(c, c->seq++, ppp, at + len);
}

void flow_send_ack(struct flow_client *c, uint32_t ack)
{
	const struct gre gre = {.call_id = c->call_id, .has_ack = true, .ack = ack};
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t len = outer_frame(c, frame, &gre, NULL, 0);

	EXPECT_TRUE(flow_put(c->f, FLOW_OUTSIDE, c->options.worker, frame, len));
}

void flow_send_ppp(struct flow_client *c, uint16_t protocol, const void *info, size_t len)
{
	struct lane_command command = {
		.kind = COMMAND_SEND_PPP,
		.packet = flow_mbuf(c->f, info, len),
		.protocol = protocol,
	};

	session_command(c, &command);
}

// --- receiving --------------------------------------------------------------------------------------

// Ethernet and IPv4 to the byte: what they must be follows from the packet's length alone but for the
// identification and the type of service.
static bool check_outer(const struct flow_client *c, const uint8_t *frame, size_t len)
{
	static const uint8_t ether[FLOW_ETHER_BYTES] = {
		2, 0, 0, 0, 1, 0x11, 2, 0, 0, 0, 0, FLOW_OUTSIDE, 8, 0};
	const uint8_t *ip = frame + FLOW_ETHER_BYTES;
	uint8_t wanted[INET_IPV4_HEADER_BYTES];

	if (!shim_memeq(__FILE__, __LINE__, "frame", "ether", frame, ether, sizeof(ether)))
		return false;
	inet_ipv4_put(wanted, flow_be(c->listen), flow_be(c->outer), GRE_IP_PROTOCOL,
		(uint16_t)(len - FLOW_ETHER_BYTES), bytes_get_u16(ip + 4), 64, ip[1], false);
	return shim_memeq(__FILE__, __LINE__, "ip", "wanted", ip, wanted, sizeof(wanted));
}

// Without A every count has its packet; with it, in stateful mode, some may have been lost or left out.
static void unseal(struct flow_direction *d, const struct mppe_packet *packet, bool may_lose,
	uint8_t *data, size_t len)
{
	bool flushed = packet->bits & MPPE_PACKET_FLUSHED;
	bool begins = flushed;

	EXPECT_EQ(packet->bits & ~MPPE_PACKET_FLUSHED, MPPE_PACKET_ENCRYPTED);
	EXPECT_EQ(flushed, flushed || !d->is_stateful || is_flag(packet->count));
	if (!may_lose && (!d->is_stateful || !flushed))
		EXPECT_EQ(packet->count, (d->last + 1) & MPPE_COHERENCY_MASK);
	while (d->last != packet->count)
		begins |= step(d);
	if (d->is_stateful && d->is_linux && flushed && !is_flag(d->last))
		mppe_key_change(d->strength, d->start_key, d->session_key);
	d->was_flushed = flushed;
	crypt(d, begins, data, len);
}

static bool open_mppe(struct flow_client *c, struct flow_down *out, const uint8_t *at, size_t len)
{
	uint8_t clear[FLOW_FRAME_BYTES];
	struct mppe_packet packet = {0};

	EXPECT_EQ(mppe_packet_get(at, len, &packet), DROP_NONE);
	at += MPPE_HEADER_BYTES;
	len -= MPPE_HEADER_BYTES;
	memcpy(clear, at, len);
	unseal(&c->down, &packet, c->options.may_lose, clear, len);
	size_t header_len = c->options.send_pfc ? 1 : 2;
	EXPECT_EQ(clear[header_len - 1], PPP_IP);
	EXPECT_EQ(clear[0], c->options.send_pfc ? PPP_IP : 0);
	out->inner_protocol = PPP_IP;
	out->len = len - header_len;
	memcpy(out->bytes, clear + header_len, out->len);
	return clear[header_len - 1] == PPP_IP;
}

bool flow_take_down(struct flow_client *c, struct flow_down *out)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t len = flow_take(c->f, FLOW_OUTSIDE, frame);

	memset(out, 0, sizeof(*out));
	return len > 0 && flow_open_down(c, frame, len, out);
}

bool flow_open_down(struct flow_client *c, const uint8_t *frame, size_t len, struct flow_down *out)
{
	struct gre gre;

	memset(out, 0, sizeof(*out));
	if (!check_outer(c, frame, len))
		return false;
	const uint8_t *at = frame + FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES;
	len -= FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES;
	if (gre_get(at, len, &gre) != DROP_NONE || gre.call_id != c->peer_call_id ||
		gre.header_len + gre.payload_len != len) {
		FAIL("not a GRE packet to this client");
		return false;
	}
	out->tos = frame[FLOW_ETHER_BYTES + 1];
	out->has_seq = gre.has_seq;
	out->has_ack = gre.has_ack;
	out->seq = gre.seq;
	out->ack = gre.ack;
	at += gre.header_len;
	len -= gre.header_len;
	if (len == 0)
		return true;
	if (c->options.may_lose)
		EXPECT_TRUE((int32_t)(gre.seq - c->down_seq) >= 0);
	else
		EXPECT_EQ(gre.seq, c->down_seq);
	c->down_seq = gre.seq + 1;
	uint8_t header_len;
	EXPECT_EQ(ppp_get(at, len, &out->protocol, &header_len), DROP_NONE);
	out->has_fc = at[0] == 0xff;
	out->has_long_protocol = header_len - 2 * out->has_fc == 2;
	at += header_len;
	len -= header_len;
	if (out->protocol == PPP_COMP)
		return open_mppe(c, out, at, len);
	out->len = len;
	memcpy(out->bytes, at, len);
	return true;
}
