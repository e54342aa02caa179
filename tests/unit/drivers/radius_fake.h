// SPDX-License-Identifier: BSD-3-Clause
// RADIUS servers on loopback that do what a test tells them, and an exchange that asks them.
#pragma once

#include "drivers/aaa/radius/exchange.h"
#include "shim/shim.h"

enum { FAKE_SERVERS = 3, FAKE_ANSWERS = 1024 };

struct fake_server {
	int fd; // -1: does not listen
	uint16_t port;
	struct secret secret;
};

// What has come to a server.
struct fake_request {
	struct radius_view view;
	size_t n;
	uint8_t bytes[RADIUS_PACKET_BYTES_MAX];
	uint8_t from[64]; // sockaddr
	unsigned int from_len;
};

struct fake;

struct fake_context {
	struct fake *f;
	uint32_t at;
};

struct fake {
	struct config config;
	struct config_radius_server servers[FAKE_SERVERS];
	struct config_radius_group group;
	struct log log;
	struct radius_core core;
	struct exchange *exchange;
	struct fake_server fakes[FAKE_SERVERS];
	// of the requests of fake_ask, in their order of asking
	enum exchange_result results[FAKE_ANSWERS];
	const char *whys[FAKE_ANSWERS];
	char by[FAKE_ANSWERS][CONFIG_RADIUS_NAME_BYTES];
	uint8_t codes[FAKE_ANSWERS];
	struct fake_context contexts[FAKE_ANSWERS];
	uint32_t n_asked, n_done;
};

// n servers in one group, all with the same settings: 40 ms, 2 tries, dead for 1 s, no Status-Server, 2 sockets.
struct fake *fake_new(unsigned int n);
// With the settings of f->servers and f->group as they are now.
void fake_open(struct fake *f);
void fake_free(struct fake *f);

// Ask for a user of that name. Returns what exchange_submit does.
int fake_ask(struct fake *f, const char *user);

// Let the exchange work for so long, or until n answers are there.
void fake_run(struct fake *f, unsigned int ms);
void fake_run_until(struct fake *f, uint32_t n_done, unsigned int ms);

// The next packet at a server, within ms. Returns false when none comes.
bool fake_receive(struct fake *f, unsigned int server, struct fake_request *out, unsigned int ms);

// What an answer is to be like.
enum fake_answer {
	FAKE_GOOD,
	FAKE_WRONG_SECRET,
	FAKE_NO_MESSAGE_AUTHENTICATOR,
	FAKE_WRONG_MESSAGE_AUTHENTICATOR,
	FAKE_WRONG_ID,
	FAKE_WRONG_CODE,
	FAKE_GARBAGE,
};

void fake_answer(
	struct fake *f, unsigned int server, const struct fake_request *r, enum fake_answer how);

// A number out of the description of a server: "late=3".
unsigned int fake_counter(struct fake *f, unsigned int server, const char *key);
