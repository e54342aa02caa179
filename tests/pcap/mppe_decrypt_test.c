// SPDX-License-Identifier: BSD-3-Clause
// Real peers' encrypted sessions, from the password to the inner IP packet: every MPPE packet of the
// captures goes through every crypto driver, and must come out as what a PPP peer would have sent.
// How many there are was counted by an independent decoder in another language.
#include "drivers/drivers.h"
#include "crypto/mschap.h"
#include "pcap/pcap_session.h"
#include "proto/mppe_sync.h"
#include "wire/chap.h"
#include "wire/cp.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include "shim/shim.h"

struct wanted {
	enum mppe_strength strength;
	bool is_stateless;
	unsigned int n_encrypted, n_readable;
};

static const struct capture {
	const char *file, *user, *password;
	struct wanted up, down; // client to server, server to client
} captures[] = {
	{"stateless", "test", "test", {128, true, 147, 147}, {128, true, 113, 113}},
	{"40-stateless", "test", "test", {40, true, 54, 54}, {40, true, 28, 28}},
	{"stateful", "test", "test", {128, false, 41, 41}, {128, false, 35, 35}},
	{"40-stateful", "test", "test", {40, false, 53, 53}, {40, false, 29, 29}},
	{"kernelclient", "test", "test", {128, true, 55, 55}, {128, true, 30, 30}},
	{"kernelclient-stateful", "test", "test", {128, false, 50, 50}, {128, false, 32, 32}},
	// Each side's option is about what that side receives: one direction of each kind.
	{"client-wants-stateful", "test", "test", {128, true, 50, 50}, {128, false, 35, 35}},
	{"stateless-loss", "test", "test", {128, true, 36, 36}, {128, true, 36, 36}},
	// Between a loss and the next packet with A set nobody can read.
	{"stateful-loss", "test", "test", {128, false, 38, 32}, {128, false, 12, 12}},
	{"reorder", "test", "test", {128, true, 67, 67}, {128, true, 48, 48}},
	{"nopcomp-noaccomp", "test", "test", {128, true, 57, 57}, {128, true, 54, 54}},
	{"3clients", "u1", "p1", {128, true, 80, 80}, {128, true, 68, 68}},
	{"3clients", "u2", "p2", {128, true, 14, 14}, {128, true, 14, 14}},
	{"3clients", "u3", "p3", {128, true, 5, 5}, {128, true, 5, 5}},
};

enum { N_CAPTURES = sizeof(captures) / sizeof(captures[0]) };

// What the clear part of a session says, and the keys that follow from it.
struct session {
	struct span user;
	const uint8_t *challenge;
	struct chap_mschapv2_response response;
	char success[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES];
	uint8_t nt_hash[MSCHAP_HASH_BYTES];
	struct mppe_start_keys keys; // the server's view
};

static void learn_chap(struct session *session, struct span packet)
{
	struct chap_packet chap;

	ASSERT_EQ(0, chap_packet_get(packet, &chap));
	if (chap.code == CHAP_CHALLENGE) {
		ASSERT_EQ(16, chap.value.len);
		session->challenge = chap.value.bytes;
	} else if (chap.code == CHAP_RESPONSE) {
		session->user = chap.text;
		ASSERT_EQ(0, chap_mschapv2_response_get(chap.value, &session->response));
	} else if (chap.code == CHAP_SUCCESS) {
		ASSERT_GE(chap.text.len, sizeof(session->success));
		memcpy(session->success, chap.text.bytes, sizeof(session->success));
	}
}

static void learn_direction(struct session *session, const struct pcap_direction *direction)
{
	for (unsigned int i = 0; i < direction->n; i++) {
		struct span ppp = direction->frames[i].ppp;
		uint16_t protocol;
		uint8_t header_len;

		if (ppp_get(ppp.bytes, ppp.len, &protocol, &header_len) == DROP_NONE &&
			protocol == PPP_CHAP)
			learn_chap(session, span_of(ppp.bytes + header_len, ppp.len - header_len));
	}
}

// The exchange itself is checked on the way: the client's answer, and the server's.
static void learn(
	struct session *session, const struct pcap_session *calls, const struct capture *capture)
{
	uint8_t wanted[MSCHAP_RESPONSE_BYTES], hash_hash[MSCHAP_HASH_BYTES];
	char success[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES];

	learn_direction(session, &calls->up);
	learn_direction(session, &calls->down);
	ASSERT_TRUE(session->challenge != NULL);
	ASSERT_EQ(0, mschap_nt_hash(span_of_text(capture->password), session->nt_hash));
	mschap_nt_response(session->challenge, session->response.peer_challenge, session->user,
		session->nt_hash, wanted);
	ASSERT_MEMEQ(wanted, session->response.nt_response, sizeof(wanted));
	mschap_authenticator_response(session->nt_hash, wanted, session->response.peer_challenge,
		session->challenge, session->user, success);
	ASSERT_MEMEQ(success, session->success, sizeof(success));
	mschap_nt_hash_hash(session->nt_hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, wanted, true, &session->keys);
}

static bool user_is(const struct pcap_session *calls, const char *user)
{
	struct session session = {0};

	learn_direction(&session, &calls->up);
	return span_equal(session.user, span_of_text(user));
}

// Who acknowledges MPPE's option sends what the option describes (RFC 1962 2, RFC 3078 3).
static uint32_t acknowledged_bits(const struct pcap_direction *direction)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < direction->n; i++) {
		struct span ppp = direction->frames[i].ppp, options;
		struct cp_packet packet;
		struct cp_option option;
		uint16_t protocol;
		uint8_t header_len;

		if (ppp_get(ppp.bytes, ppp.len, &protocol, &header_len) != DROP_NONE ||
			protocol != PPP_CCP ||
			cp_packet_get(span_of(ppp.bytes + header_len, ppp.len - header_len),
				&packet) != 0 ||
			packet.code != CP_CONFIGURE_ACK)
			continue;
		options = packet.data;
		while (cp_option_next(&options, &option) == 1)
			if (option.type == MPPE_OPTION_TYPE && option.value.len == 4)
				bits = bytes_get_u32(option.value.bytes);
	}
	return bits;
}

static enum mppe_strength strength_of(uint32_t bits)
{
	return bits & MPPE_OPTION_128  ? MPPE_STRENGTH_128
	       : bits & MPPE_OPTION_56 ? MPPE_STRENGTH_56
	       : bits & MPPE_OPTION_40 ? MPPE_STRENGTH_40
				       : MPPE_STRENGTH_NONE;
}

// What a worker keeps of a direction (dataplane/stage_mppe_in.c).
struct receiver {
	const struct crypto_driver *driver;
	void *state;
	struct mppe_context ctx;
	struct rc4_state rc4;
	struct mppe_sync sync;
};

static void begin(struct receiver *r, const struct crypto_driver *driver,
	enum mppe_strength strength, bool is_stateless, const uint8_t *start_key)
{
	*r = (struct receiver){.driver = driver};
	mppe_context_init(&r->ctx, strength, is_stateless, start_key, &r->rc4);
	mppe_sync_init(&r->sync, is_stateless, 256);
	ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = 32}, &r->state));
}

// A PPP frame as a peer may send it: IPv4 whole and with a right checksum, TCP under Van Jacobson's
// compression (RFC 1144: the uncompressed kind is an IPv4 packet whose protocol field holds a slot).
static bool is_plausible(struct span ppp)
{
	uint8_t header[INET_IPV4_HEADER_BYTES];
	struct inet_ipv4 ip;
	uint16_t protocol;
	uint8_t header_len;

	if (ppp_get(ppp.bytes, ppp.len, &protocol, &header_len) != DROP_NONE)
		return false;
	struct span packet = span_of(ppp.bytes + header_len, ppp.len - header_len);
	if (protocol == PPP_VJ_COMPRESSED)
		return packet.len >= 3;
	if (packet.len < sizeof(header) || packet.bytes[0] != 0x45)
		return false;
	memcpy(header, packet.bytes, sizeof(header));
	if (protocol == PPP_VJ_UNCOMPRESSED)
		header[9] = INET_TCP;
	else if (protocol != PPP_IP)
		return false;
	return inet_checksum(header, sizeof(header)) == 0 &&
	       bytes_get_u16(header + 2) == packet.len &&
	       inet_ipv4_get(packet.bytes, packet.len, DROP_INNER_IP_BAD, &ip) ==
		       (protocol == PPP_IP ? DROP_NONE : DROP_INNER_IP_BAD);
}

// What a worker believes after a gap.
static bool is_proof(struct span ppp)
{
	struct inet_ipv4 ip;
	uint16_t protocol;
	uint8_t header_len;

	return ppp_get(ppp.bytes, ppp.len, &protocol, &header_len) == DROP_NONE &&
	       protocol == PPP_IP &&
	       inet_ipv4_get(ppp.bytes + header_len, ppp.len - header_len, DROP_INNER_IP_BAD,
		       &ip) == DROP_NONE;
}

// `packet` through the driver, to data[2048]. Returns whether the result makes sense.
static bool decrypt(
	struct receiver *r, struct span packet, uint16_t n_changes, bool restart, uint8_t *data)
{
	struct crypto_op op = {.ctx = &r->ctx,
		.data = data,
		.len = (uint16_t)packet.len,
		.n_changes = n_changes,
		.restart = restart,
		.direction = CRYPTO_DECRYPT};
	struct crypto_op *burst[1] = {&op};

	if (packet.len > 2048)
		return false;
	memcpy(data, packet.bytes, packet.len);
	if (r->driver->submit(r->state, burst, 1) != 1)
		return false;
	while (r->driver->poll(r->state, burst, 1) == 0)
		;
	return op.status == CRYPTO_DONE && is_plausible(span_of(data, packet.len));
}

static bool try(struct receiver *r, struct span packet, const struct mppe_sync_verdict *todo,
	struct mppe_sync_place before, uint8_t *data)
{
	struct mppe_context ctx = r->ctx;
	struct rc4_state rc4 = r->rc4;
	bool is_right = decrypt(r, packet, todo->n_changes, todo->restart, data) &&
			is_proof(span_of(data, packet.len));
	uint8_t n_tried = 0;

	for (; !is_right && n_tried < todo->n_tries; n_tried++)
		is_right = decrypt(r, packet, 1, true, data) && is_proof(span_of(data, packet.len));
	if (is_right) {
		mppe_sync_proved(&r->sync, n_tried);
		return true;
	}
	r->ctx = ctx;
	r->rc4 = rc4;
	mppe_sync_failed(&r->sync, before);
	return false;
}

// As a worker does it. Returns DROP_NONE, DROP_MPPE_DESYNC, DROP_MPPE_GARBAGE.
static enum drop_reason receive(struct receiver *r, struct span info, uint32_t seq, uint8_t *data)
{
	struct mppe_sync_place before = r->sync.at;
	struct mppe_sync_verdict todo;
	struct mppe_packet packet;
	enum drop_reason drop = mppe_packet_get(info.bytes, info.len, &packet);

	if (drop == DROP_NONE)
		drop = mppe_sync_receive(&r->sync, &packet, seq, &todo);
	if (drop == DROP_MPPE_DESYNC && r->sync.n_told == 0)
		(void)mppe_sync_told(&r->sync, 1);
	if (drop != DROP_NONE)
		return drop;
	info = span_of(info.bytes + MPPE_HEADER_BYTES, info.len - MPPE_HEADER_BYTES);
	bool is_right = todo.kind == MPPE_SYNC_TRIAL
				? try(r, info, &todo, before, data)
				: decrypt(r, info, todo.n_changes, todo.restart, data);
	return is_right ? DROP_NONE : DROP_MPPE_GARBAGE;
}

static void check_direction(const struct crypto_driver *driver,
	const struct pcap_direction *direction, const uint8_t *start_key,
	const struct wanted *wanted)
{
	uint32_t bits = acknowledged_bits(direction);
	struct receiver r;
	unsigned int n_encrypted = 0, n_readable = 0, n_bad = 0;
	uint8_t data[2048];

	ASSERT_EQ(wanted->strength, strength_of(bits));
	ASSERT_EQ(wanted->is_stateless, (bits & MPPE_OPTION_STATELESS) != 0);
	begin(&r, driver, wanted->strength, wanted->is_stateless, start_key);
	for (unsigned int i = 0; i < direction->n; i++) {
		struct span ppp = direction->frames[i].ppp;
		uint16_t protocol;
		uint8_t header_len;

		if (ppp_get(ppp.bytes, ppp.len, &protocol, &header_len) != DROP_NONE ||
			protocol != PPP_COMP)
			continue;
		ppp = span_of(ppp.bytes + header_len, ppp.len - header_len);
		enum drop_reason drop = receive(&r, ppp, direction->frames[i].seq, data);
		n_encrypted++;
		n_readable += drop == DROP_NONE;
		n_bad += drop != DROP_NONE && drop != DROP_MPPE_DESYNC;
	}
	driver->close(r.state);
	EXPECT_EQ(wanted->n_encrypted, n_encrypted);
	EXPECT_EQ(wanted->n_readable, n_readable);
	EXPECT_EQ(0, n_bad);
	// All of these peers are Linux: pppd with the kernel's MPPE.
	if (wanted->n_readable < wanted->n_encrypted)
		EXPECT_EQ(MPPE_FLUSH_CHANGES, r.sync.flush);
}

static const struct pcap_session *find_session(const struct pcap_calls *calls, const char *user)
{
	for (unsigned int i = 0; i < calls->n; i++)
		if (user_is(&calls->sessions[i], user))
			return &calls->sessions[i];
	return NULL;
}

static void check_capture(const struct crypto_driver *driver, const struct capture *capture)
{
	struct pcap_calls *calls;
	const struct pcap_session *found;
	struct session session = {0};

	calls = pcap_session_load(capture->file);
	ASSERT_TRUE(calls != NULL);
	found = find_session(calls, capture->user);
	EXPECT_TRUE(found != NULL);
	if (found) {
		learn(&session, found, capture);
		check_direction(driver, &found->up, session.keys.receive, &capture->up);
		check_direction(driver, &found->down, session.keys.send, &capture->down);
	}
	pcap_session_free(calls);
}

TEST(mppe_decrypt, captures_of_real_peers)
{
	const struct crypto_driver *driver;

	for (unsigned int d = 0; (driver = drivers_get_crypto(d)) != NULL; d++) {
		if (!driver->for_production)
			continue;
		for (int i = 0; i < N_CAPTURES; i++) {
			SHIM_TRACE_CASE(i);
			check_capture(driver, &captures[i]);
		}
	}
}

// The check itself must be able to fail: another password is not the one of the exchange, and keys
// with one wrong bit make no sense of anything.
TEST(mppe_decrypt, wrong_keys_give_garbage)
{
	struct pcap_calls *calls = pcap_session_load("stateless");
	const struct crypto_driver *driver = drivers_find_crypto("sw");
	struct session session = {0};
	struct receiver r;
	unsigned int n = 0, n_plausible = 0;
	uint8_t data[2048];

	ASSERT_TRUE(calls != NULL);
	ASSERT_EQ(1, calls->n);
	learn(&session, &calls->sessions[0], &captures[0]);
	session.keys.receive[15] ^= 1;
	begin(&r, driver, MPPE_STRENGTH_128, true, session.keys.receive);
	for (unsigned int i = 0; i < calls->sessions[0].up.n; i++) {
		struct span ppp = calls->sessions[0].up.frames[i].ppp;
		uint16_t protocol;
		uint8_t header_len;

		ASSERT_EQ(DROP_NONE, ppp_get(ppp.bytes, ppp.len, &protocol, &header_len));
		if (protocol != PPP_COMP)
			continue;
		ppp = span_of(ppp.bytes + header_len, ppp.len - header_len);
		n++;
		n_plausible +=
			receive(&r, ppp, calls->sessions[0].up.frames[i].seq, data) == DROP_NONE;
	}
	driver->close(r.state);
	EXPECT_EQ(captures[0].up.n_encrypted, n);
	EXPECT_LE(n_plausible, n / 20); // a byte 2D in front is all that VJ needs
	pcap_session_free(calls);
}
