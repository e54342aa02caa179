// SPDX-License-Identifier: BSD-3-Clause
// The other yardstick: what a Linux kernel computes for an MPPE packet of 128 bit, packet after packet, with its
// generic RC4 in C: a state of 32-bit words, a key schedule for the change of key and another for the packet. It
// flatters the kernel: there is no skb, lock or copy, and SHA-1 is OpenSSL's, which uses the CPU's own
// instructions.
#pragma once

#include "crypto/mppe_key.h"

struct linux_arc4 {
	uint32_t s[256];
	uint32_t i, j;
};

struct linux_mppe {
	uint8_t start_key[MPPE_KEY_BYTES_MAX];
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	uint16_t n_packets; // stateful
	struct linux_arc4 arc4;
};

void linux_mppe_init(struct linux_mppe *m, const uint8_t start_key[MPPE_KEY_BYTES_MAX]);

// As openssl_mppe_packet() and openssl_mppe_stateful_packet(). Either uses the session's own RC4 state, as the
// kernel does.
void linux_mppe_packet(struct linux_mppe *m, uint8_t *data, size_t len);
void linux_mppe_stateful_packet(struct linux_mppe *m, uint8_t *data, size_t len);
