// SPDX-License-Identifier: BSD-3-Clause
// Each authentication method through the whole lane, from LCP to the keys in the worker; retries, and
// the change of a password.
#include "control/call_auth.h"

#include "control/lab.h"
#include "crypto/mschap.h"
#include "shim/shim.h"
#include "wire/chap.h"
#include "wire/ppp.h"

#include <nettle/arcfour.h>

static struct lab lab;
static struct lab_client client;

static bool some_ended(struct lab *l, void *unused)
{
	return lab_count_ends(l, "") > 0;
}

static void dial(const struct sim_peer_profile *profile, const char *user, const char *password)
{
	lab_client_open(&lab, &client);
	lab_client_dial(&client, profile, user, password, 1);
}

// ---- methods

static enum config_auth_method method_of_policy;

static void use_method(struct config *c)
{
	c->n_auth_methods = 1;
	c->auth_methods[0] = method_of_policy;
	c->encryption = method_of_policy == CONFIG_AUTH_PAP || method_of_policy == CONFIG_AUTH_CHAP
				? CONFIG_ENCRYPTION_DENY
				: CONFIG_ENCRYPTION_REQUIRE;
}

static const struct {
	enum config_auth_method policy;
	enum auth_method method;
	const char *name;
	bool has_keys;
} methods[] = {
	{CONFIG_AUTH_MSCHAPV2, AUTH_METHOD_MSCHAPV2, "method=mschapv2", true},
	{CONFIG_AUTH_MSCHAPV1, AUTH_METHOD_MSCHAPV1, "method=mschapv1", true},
	{CONFIG_AUTH_CHAP, AUTH_METHOD_CHAP_MD5, "method=chap", false},
	{CONFIG_AUTH_PAP, AUTH_METHOD_PAP, "method=pap", false},
};

static struct sim_peer_profile profile_of(size_t i)
{
	struct sim_peer_profile profile = lab_pppd;

	profile.methods[0] = methods[i].method;
	profile.may_go_clear = profile.waits_for_ccp = false;
	if (!methods[i].has_keys) {
		profile.ccp = SIM_CCP_REJECTS_PROTOCOL;
		profile.may_go_clear = true;
	}
	return profile;
}

TEST(auth_methods, each_brings_a_client_up)
{
	for (size_t i = 0; i < RTE_DIM(methods); i++) {
		struct sim_peer_profile profile = profile_of(i);
		struct lab_session *s;

		SHIM_TRACE_CASE(i);
		method_of_policy = methods[i].policy;
		lab_open(&lab, use_method);
		dial(&profile, "CORP\\alice", "secret");
		EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
		s = lab_find_session(&lab, client.session_id);
		ASSERT_TRUE(s != NULL);
		EXPECT_EQ(methods[i].has_keys, s->has_keys);
		if (s->has_keys) {
			EXPECT_MEMEQ(client.peer.start.send, s->keys.receive, 16);
			EXPECT_MEMEQ(client.peer.start.receive, s->keys.send, 16);
		}
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTHENTICATED, methods[i].name));
		lab_close(&lab);
	}
}

TEST(auth_methods, each_refuses_a_wrong_password)
{
	for (size_t i = 0; i < RTE_DIM(methods); i++) {
		struct sim_peer_profile profile = profile_of(i);

		SHIM_TRACE_CASE(i);
		method_of_policy = methods[i].policy;
		lab_open(&lab, use_method);
		dial(&profile, "alice", "Secret");
		EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
		EXPECT_TRUE(client.peer.was_refused);
		EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-rejected"));
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, methods[i].name));
		EXPECT_EQ(0, lab_count_events(&lab, EVENT_AUTHENTICATED, ""));
		EXPECT_EQ(0, lab_count_addresses(&lab));
		lab_close(&lab);
	}
}

// Keys are needed and the method has none: refused when LCP is negotiated, not later.
TEST(auth_methods, chap_cannot_follow_where_encryption_is_required)
{
	struct sim_peer_profile profile = profile_of(2);

	lab_open(&lab, NULL);
	dial(&profile, "alice", "secret");
	EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 5000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-no-common"));
	lab_close(&lab);
}

// ---- retries

static unsigned int n_failures;
static const char *next_password;

// Windows asks the user again and answers the challenge of the Failure, one identifier on.
static bool answer_failure(struct lab_client *c, uint16_t protocol, struct span info)
{
	uint8_t challenge[16], bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct chap_packet p;
	struct span message = {0};
	uint16_t error = 0;
	bool retry = false, is_v1 = c->peer.method == AUTH_METHOD_MSCHAPV1;

	if (protocol != PPP_CHAP || chap_packet_get(info, &p) != 0 || p.code != CHAP_FAILURE)
		return false;
	n_failures++;
	if (is_v1)
		EXPECT_EQ(
			0, chap_mschapv1_failure_get(p.text, &error, &retry, challenge, &message));
	else
		EXPECT_EQ(
			0, chap_mschapv2_failure_get(p.text, &error, &retry, challenge, &message));
	EXPECT_EQ(691, error);
	if (!retry)
		return false;
	c->peer.password = next_password;
	chap_put_value(&w, CHAP_CHALLENGE, (uint8_t)(p.id + 1), span_of(challenge, is_v1 ? 8 : 16),
		span_of_text("lab"));
	sim_peer_receive(&c->peer, PPP_CHAP, span_of(bytes, w.len), loop_clock_ns());
	return true;
}

static void retry_once(struct config *c)
{
	use_method(c);
	c->auth_retries = 1;
}

TEST(auth_methods, second_try_is_right)
{
	for (size_t i = 0; i < 2; i++) {
		struct sim_peer_profile profile = profile_of(i);

		SHIM_TRACE_CASE(i);
		method_of_policy = methods[i].policy;
		lab_open(&lab, retry_once);
		n_failures = 0;
		next_password = "secret";
		dial(&profile, "alice", "Secret");
		client.takes_frame = answer_failure;
		EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
		EXPECT_EQ(1, n_failures);
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "reason=auth-rejected"));
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTHENTICATED, methods[i].name));
		lab_close(&lab);
	}
}

// A person types for longer than any of the times in which a machine must have an answer.
static uint8_t failure[256];
static size_t failure_len;

static bool keep_failure(struct lab_client *c, uint16_t protocol, struct span info)
{
	if (protocol != PPP_CHAP || info.bytes[0] != CHAP_FAILURE || info.len > sizeof(failure))
		return false;
	memcpy(failure, info.bytes, info.len);
	failure_len = info.len;
	return true;
}

static void retry_once_in_haste(struct config *c)
{
	retry_once(c);
	c->handshake_timeout_s = c->auth_timeout_s = c->setup_timeout_s = 1;
}

TEST(auth_methods, second_try_takes_its_time)
{
	method_of_policy = CONFIG_AUTH_MSCHAPV2;
	lab_open(&lab, retry_once_in_haste);
	n_failures = failure_len = 0;
	next_password = "secret";
	dial(&lab_pppd, "alice", "Secret");
	client.takes_frame = keep_failure;
	EXPECT_FALSE(lab_until(&lab, some_ended, NULL, 1500));
	ASSERT_GT(failure_len, 0);
	client.takes_frame = answer_failure;
	EXPECT_TRUE(answer_failure(&client, PPP_CHAP, span_of(failure, failure_len)));
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	EXPECT_EQ(1, n_failures);
	lab_close(&lab);
}

TEST(auth_methods, third_try_is_none)
{
	struct sim_peer_profile profile = profile_of(0);

	method_of_policy = CONFIG_AUTH_MSCHAPV2;
	lab_open(&lab, retry_once);
	n_failures = 0;
	next_password = "sEcret";
	dial(&profile, "alice", "Secret");
	client.takes_frame = answer_failure;
	EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(2, n_failures);
	EXPECT_EQ(2, lab_count_events(&lab, EVENT_AUTH_FAILED, ""));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-rejected"));
	lab_close(&lab);
}

// pppd hangs up after any Failure: that is no "client closed the link".
TEST(auth_methods, client_that_does_not_retry)
{
	method_of_policy = CONFIG_AUTH_MSCHAPV2;
	lab_open(&lab, retry_once);
	dial(&lab_pppd, "alice", "Secret");
	EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-rejected"));
	lab_close(&lab);
}

// ---- accounts

static void disable_alice(struct config *c)
{
	c->users[0].disabled = true;
}

static void expire_alice(struct config *c)
{
	c->users[0].expired = true;
}

static void expire_alice_for_good(struct config *c)
{
	c->users[0].expired = true;
	c->change_password = false;
}

TEST(auth_methods, accounts_that_may_not)
{
	static const struct {
		void (*change)(struct config *c);
		const char *failed, *ended;
	} cases[] = {
		{disable_alice, "reason=auth-disabled windows-error=647", "reason=auth-disabled"},
		{expire_alice, "reason=auth-expired windows-error=648", "reason=auth-expired"},
		{expire_alice_for_good, "reason=auth-expired", "reason=auth-expired"},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		lab_open(&lab, cases[i].change);
		dial(&lab_pppd, "alice", "secret");
		EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, cases[i].failed));
		EXPECT_EQ(1, lab_count_ends(&lab, cases[i].ended));
		lab_close(&lab);
	}
}

// ---- a new password

static void encrypt_password(
	struct chap_mschapv2_change *change, const char *from, const char *to, uint8_t hash[16])
{
	uint8_t clear[MSCHAP_PASSWORD_BLOCK_BYTES] = {0}, old_hash[16];
	size_t n = strlen(to);
	struct arcfour_ctx rc4;

	EXPECT_EQ(0, mschap_nt_hash(span_of_text(from), old_hash));
	EXPECT_EQ(0, mschap_nt_hash(span_of_text(to), hash));
	for (size_t i = 0; i < n; i++)
		clear[512 - 2 * n + 2 * i] = (uint8_t)to[i];
	clear[512] = (uint8_t)(2 * n);
	arcfour_set_key(&rc4, 16, old_hash);
	arcfour_crypt(&rc4, sizeof(clear), change->encrypted_password, clear);
	mschap_hash_encrypt(old_hash, hash, change->encrypted_hash);
}

// Windows asks for a new password after E=648, whatever R says.
static bool change_password(struct lab_client *c, uint16_t protocol, struct span info)
{
	struct sim_peer *peer = &c->peer;
	struct chap_mschapv2_change change;
	uint8_t hash[16], hash_hash[16], value[CHAP_MSCHAPV2_CHANGE_BYTES], bytes[600];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct span message = {0};
	struct chap_packet p;
	uint16_t error = 0;
	bool retry = true;

	if (protocol != PPP_CHAP || chap_packet_get(info, &p) != 0 || p.code != CHAP_FAILURE)
		return false;
	n_failures++;
	EXPECT_EQ(0, chap_mschapv2_failure_get(
			     p.text, &error, &retry, peer->server_challenge, &message));
	EXPECT_FALSE(retry);
	if (error != 648)
		return false;
	encrypt_password(&change, peer->password, next_password, hash);
	peer->password = next_password;
	peer->response_challenge_id = (uint8_t)(p.id + 1);
	mschap_nt_response(peer->server_challenge, peer->peer_challenge, span_of_text(peer->user),
		hash, peer->nt_response);
	mschap_nt_hash_hash(hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, peer->nt_response, false, &peer->start);
	memcpy(change.peer_challenge, peer->peer_challenge, 16);
	memcpy(change.nt_response, peer->nt_response, 24);
	chap_mschapv2_change_put(value, &change);
	chap_put_text(&w, CHAP_CHANGE_PASSWORD, peer->response_challenge_id,
		span_of(value, sizeof(value)));
	sim_tunnel_send_frame(&c->tunnel, PPP_CHAP, span_of(bytes, w.len), loop_clock_ns());
	return true;
}

TEST(auth_methods, password_is_changed)
{
	struct lab_session *s;

	lab_open(&lab, expire_alice);
	n_failures = 0;
	next_password = "new secret";
	dial(&lab_pppd, "alice", "secret");
	client.takes_frame = change_password;
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	EXPECT_EQ(1, n_failures);
	s = lab_find_session(&lab, client.session_id);
	ASSERT_TRUE(s != NULL);
	EXPECT_MEMEQ(client.peer.start.send, s->keys.receive, 16);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PASSWORD_CHANGED, "user=alice"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PASSWORD_CHANGED, "until adit stops"));
	lab_client_clear(&client);
	EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	lab_client_close(&client);

	// From now on it is the password.
	dial(&lab_pppd, "alice", "new secret");
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, ""));
	lab_close(&lab);
}

TEST(auth_methods, new_password_that_is_the_old_one)
{
	lab_open(&lab, expire_alice);
	n_failures = 0;
	next_password = "secret";
	dial(&lab_pppd, "alice", "secret");
	client.takes_frame = change_password;
	EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(2, n_failures);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED,
			     "reason=auth-change-failed windows-error=709 why="));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-change-failed"));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_PASSWORD_CHANGED, ""));
	lab_close(&lab);
}
