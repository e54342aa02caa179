// SPDX-License-Identifier: BSD-3-Clause
#include "adit/selftest.h"

#include "crypto/mschap.h"

#include <errno.h>

// RFC 2759 9.2: user "User", password "clientPass".
static const uint8_t authenticator_challenge[16] = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
	0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28};
static const uint8_t peer_challenge[16] = {0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28,
	0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e};
static const uint8_t nt_response[24] = {0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e, 0xa0, 0x8f,
	0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54, 0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};
static const char authenticator_response[] = "S=407A5589115FD0D6209F510FE9C04566932CDA56";

// RFC 3079 3.5.3: the same exchange; the send start key is the server's.
static const uint8_t send_start_key[16] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1,
	0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};

static const char *run_mschap(void)
{
	uint8_t hash[16], response[24], hash_hash[16];
	char text[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES];
	struct mppe_start_keys keys;
	struct span user = span_of_text("User");

	if (mschap_nt_hash(span_of_text("clientPass"), hash) != 0)
		return "MS-CHAPv2 NT hash";
	mschap_nt_response(authenticator_challenge, peer_challenge, user, hash, response);
	if (memcmp(response, nt_response, sizeof(response)) != 0)
		return "MS-CHAPv2 NT-Response (RFC 2759 9.2)";
	mschap_authenticator_response(
		hash, response, peer_challenge, authenticator_challenge, user, text);
	if (memcmp(text, authenticator_response, sizeof(text)) != 0)
		return "MS-CHAPv2 authenticator response (RFC 2759 9.2)";
	mschap_nt_hash_hash(hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, response, true, &keys);
	if (memcmp(keys.send, send_start_key, sizeof(send_start_key)) != 0)
		return "MPPE start key (RFC 3079 3.5.3)";
	return NULL;
}

int selftest_run(
	const struct crypto_driver *driver, const struct crypto_setup *setup, const char **failed)
{
	*failed = run_mschap();
	if (*failed)
		return -EBADMSG;
	return crypto_driver_selftest(driver, setup, failed);
}
