// SPDX-License-Identifier: BSD-3-Clause
// The key hash of MPPE, GetNewKeyFromSHA (RFC 3078 7.1), of many sessions at once, in as many ways as CPUs have
// for it. Two blocks of SHA-1 a key: 112 bytes of message for 128 bit, 96 for 40 and 56.
#pragma once

#include "crypto/mppe_key.h"
#include "observe/crypto_counters.h"

enum { SHA1_KEYS_MAX = 32 }; // keys at once

struct sha1_keys {
	const char *name;
	const char *description;

	bool (*is_supported)(void); // by this CPU
	// out: *state, with all memory that run needs. Both NULL where there is none. Returns 0 or -errno.
	int (*open)(void **state);
	void (*close)(void *state); // wipes it

	// key[i] = SHA-1(start[i], pad 1, session[i], pad 2), cut to key_len bytes, the rest of 16 zero.
	//
	//   key_len  8 or 16, the same for all
	//   n        1..SHA1_KEYS_MAX
	//   key      may be session[i] itself
	void (*run)(void *state, const uint8_t *const start[], const uint8_t *const session[],
		uint8_t *const key[], uint8_t key_len, unsigned int n);
};

extern const struct sha1_keys sha1_keys_c;
#if defined(__x86_64__)
extern const struct sha1_keys sha1_keys_shani, sha1_keys_avx512;
#endif

// All that are compiled in, NULL behind the last: "avx512", "shani", "c", "imb".
const struct sha1_keys *sha1_keys_get(unsigned int i);

// NULL when there is none of this name. NULL or "auto" as a name: the best of this CPU by what was measured when
// adit was written, without a trial.
const struct sha1_keys *sha1_keys_find(const char *name);

// Time every one that this CPU has (a few milliseconds in all) and check its answers on the way. Returns the
// fastest at full batches of those that are right; out[CRYPTO_CALIBRATIONS_MAX] and *n say what was measured.
const struct sha1_keys *sha1_keys_calibrate(struct crypto_calibration *out, unsigned int *n);
