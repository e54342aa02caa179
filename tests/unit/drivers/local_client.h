// SPDX-License-Identifier: BSD-3-Clause
// The local driver with users, and clients that answer it by each method.
#pragma once

#include "conf/config.h"
#include "drivers/aaa/local/local.h"

enum { LOCAL_CLIENT_USERS = 8 };

struct local_client {
	struct config config;
	struct config_user users[LOCAL_CLIENT_USERS];
	void *state;
};

struct config_user local_client_password(const char *name, const char *password);
struct config_user local_client_nt_hash(const char *name, const uint8_t nt_hash[16]);

// The driver opened with l->config; more may be set in it before. Fails the test if it cannot.
void local_client_open(struct local_client *l);
void local_client_close(struct local_client *l);

// What a client with this password answers to a challenge that is made of `tag`.
struct aaa_request local_client_answer(
	enum auth_method method, const char *user, const char *password, uint64_t tag);

// A Change-Password after an answer to 648.
struct aaa_request local_client_change(
	const char *user, const char *old_password, const char *new_password, uint64_t tag);

struct aaa_reply local_client_ask(struct local_client *l, const struct aaa_request *request);
