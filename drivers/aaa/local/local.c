// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local.h"

#include "drivers/aaa/local/local_users.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	N_REPLIES = 1024,	  // waiting to be fetched; beyond, the caller gets -EBUSY
	MS_ERROR_BAD_LOGIN = 691, // RFC 2759 6: ERROR_AUTHENTICATION_FAILURE
};

struct local {
	struct local_users *users;
	unsigned int head; // the oldest
	unsigned int n;
	struct aaa_reply replies[N_REPLIES];
};

static int local_open(const struct config *config, void **state)
{
	struct local *local = calloc(1, sizeof(*local));
	int rc;

	if (!local)
		return -ENOMEM;
	rc = local_users_new(config, &local->users);
	if (rc != 0) {
		free(local);
		return rc;
	}
	*state = local;
	return 0;
}

static void local_close(void *state)
{
	struct local *local = state;

	if (!local)
		return;
	local_users_free(local->users);
	secret_wipe_bytes(local, sizeof(*local));
	free(local);
}

// A wrong password and an unknown user take the same work, and the answer is compared in constant
// time, so that the time of a reply does not tell which users there are.
static void check_mschapv2(
	struct local *local, const struct aaa_request *request, struct aaa_reply *reply)
{
	struct span user = span_of(request->user, request->user_len);
	uint8_t nt_hash[MSCHAP_HASH_BYTES], hash_hash[MSCHAP_HASH_BYTES];
	uint8_t wanted[MSCHAP_RESPONSE_BYTES];
	bool is_known, is_right;

	is_known = local_users_find(local->users, user, nt_hash);
	mschap_nt_response(request->challenge, request->peer_challenge, user, nt_hash, wanted);
	is_right = secret_equal_bytes(wanted, request->nt_response, sizeof(wanted));

	mschap_nt_hash_hash(nt_hash, hash_hash);
	if (is_known & is_right) {
		reply->result = AAA_ACCEPT;
		reply->has_keys = true;
		mppe_key_start_mschapv2(hash_hash, request->nt_response, true, &reply->keys);
		mschap_authenticator_response(nt_hash, request->nt_response,
			request->peer_challenge, request->challenge, user,
			reply->authenticator_response);
	} else {
		reply->result = AAA_REJECT;
		reply->ms_error = MS_ERROR_BAD_LOGIN;
	}
	secret_wipe_bytes(nt_hash, sizeof(nt_hash));
	secret_wipe_bytes(hash_hash, sizeof(hash_hash));
	secret_wipe_bytes(wanted, sizeof(wanted));
}

static int local_submit(void *state, const struct aaa_request *request)
{
	struct local *local = state;
	struct aaa_reply *reply;

	assert(request->user_len <= LIMIT_USER_NAME_BYTES);
	if (local->n == N_REPLIES)
		return -EBUSY;
	reply = &local->replies[(local->head + local->n) % N_REPLIES];
	*reply = (struct aaa_reply){.tag = request->tag};

	switch (request->method) {
	case AAA_MSCHAPV2:
		check_mschapv2(local, request, reply);
		break;
	case AAA_MSCHAPV1:
	case AAA_CHAP_MD5:
	case AAA_PAP:
		// Policy refuses these before they come here; never accept what was not checked.
		reply->result = AAA_REJECT;
		reply->ms_error = MS_ERROR_BAD_LOGIN;
		break;
	}
	local->n++;
	return 0;
}

static unsigned int local_poll(void *state, struct aaa_reply *replies, unsigned int n)
{
	struct local *local = state;

	if (n > local->n)
		n = local->n;
	for (unsigned int i = 0; i < n; i++) {
		struct aaa_reply *reply = &local->replies[local->head];
		replies[i] = *reply;
		aaa_reply_wipe(reply);
		local->head = (local->head + 1) % N_REPLIES;
	}
	local->n -= n;
	return n;
}

static int local_event_fd(void *state)
{
	return -1; // every reply is there when submit returns
}

const struct aaa_driver aaa_driver_local = {
	.name = "local",
	.open = local_open,
	.close = local_close,
	.submit = local_submit,
	.poll = local_poll,
	.event_fd = local_event_fd,
};
