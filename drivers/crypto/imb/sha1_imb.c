// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/imb/sha1_imb.h"

#include "base/secret.h"
#include "drivers/crypto/sw/sha1_message.h"

#include <errno.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>

enum {
	ALIGNMENT = 64,
	// Its lanes cost the same however few are in use: for so many keys or less it is slower than plain C on the
	// CPUs that it is for, those without SHA extensions (perf/bench_sha1).
	FEW = 2,
};

// A message with its pads, ready but for the two keys.
struct message {
	uint8_t bytes[SHA1_MESSAGE_BYTES_MAX];
};

struct imb {
	// In memory of ours instead of alloc_mb_mgr()'s: it holds the last messages, and has to be wiped.
	IMB_MGR *manager;
	struct message of_16[SHA1_KEYS_MAX], of_8[SHA1_KEYS_MAX]; // for keys of 16 and of 8 bytes
	uint8_t digests[SHA1_KEYS_MAX][IMB_SHA1_DIGEST_SIZE_IN_BYTES];
};

static bool imb_is_supported(void)
{
	return __builtin_cpu_supports("sse4.2"); // the least that it runs on
}

static size_t manager_bytes(void)
{
	return (imb_get_mb_mgr_size() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void imb_close(void *state)
{
	struct imb *imb = state;

	if (!imb)
		return;
	secret_wipe_bytes(imb->manager, manager_bytes());
	free(imb->manager);
	secret_wipe_bytes(imb, sizeof(*imb));
	free(imb);
}

static void prepare(struct message *m, uint8_t key_len)
{
	unsigned int pad_2 = 2u * key_len + SHA1_PAD_BYTES;

	memset(m->bytes, 0, sizeof(m->bytes));
	for (unsigned int i = pad_2; i < pad_2 + SHA1_PAD_BYTES; i++)
		m->bytes[i] = SHA1_PAD_2 & 0xff;
}

// init: NULL: as the library chooses; else one that needs these features, without which it would call a function
// that is not there
static int open_as(void (*init)(IMB_MGR *), uint64_t needs, uint64_t flags, void **state)
{
	struct imb *imb = calloc(1, sizeof(*imb));
	IMB_ARCH arch;
	void *memory = aligned_alloc(ALIGNMENT, manager_bytes());

	if (!imb || !memory) {
		free(memory);
		free(imb);
		return -ENOMEM;
	}
	memset(memory, 0, manager_bytes());
	imb->manager = imb_set_pointers_mb_mgr(memory, flags, 1);
	if ((imb->manager->features & needs) != needs) {
		imb_close(imb);
		return -ENOTSUP;
	}
	if (init)
		init(imb->manager);
	else
		init_mb_mgr_auto(imb->manager, &arch);
	if (imb_get_errno(imb->manager) != 0) {
		imb_close(imb);
		return -ENOTSUP;
	}
	for (unsigned int i = 0; i < SHA1_KEYS_MAX; i++) {
		prepare(&imb->of_16[i], 16);
		prepare(&imb->of_8[i], 8);
	}
	*state = imb;
	return 0;
}

static int imb_open(void **state)
{
	return open_as(NULL, 0, 0, state);
}

static void submit(struct imb *imb, const struct message *m, uint32_t bytes, uint8_t *digest)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(imb->manager);

	job->src = m->bytes;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = bytes;
	job->auth_tag_output = digest;
	job->auth_tag_output_len_in_bytes = IMB_SHA1_DIGEST_SIZE_IN_BYTES;
	job->hash_alg = IMB_AUTH_SHA_1;
	job->cipher_mode = IMB_CIPHER_NULL;
	job->cipher_direction = IMB_DIR_ENCRYPT;
	job->chain_order = IMB_ORDER_HASH_CIPHER;
	job = IMB_SUBMIT_JOB_NOCHECK(imb->manager);
	while (job)
		job = IMB_GET_COMPLETED_JOB(imb->manager);
}

static inline __attribute__((always_inline)) void hash(struct imb *imb,
	const uint8_t *const start[], const uint8_t *const session[], uint8_t *const key[],
	uint8_t key_len, unsigned int n)
{
	struct message *m = key_len == 16 ? imb->of_16 : imb->of_8;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(m[i].bytes, start[i], key_len);
		memcpy(m[i].bytes + key_len + SHA1_PAD_BYTES, session[i], key_len);
	}
	for (unsigned int i = 0; i < n; i++)
		submit(imb, &m[i], sha1_message_bytes(key_len), imb->digests[i]);
	while (IMB_FLUSH_JOB(imb->manager))
		;
	for (unsigned int i = 0; i < n; i++) {
		memset(key[i], 0, MPPE_KEY_BYTES_MAX);
		memcpy(key[i], imb->digests[i], key_len);
	}
}

static void jobs_run(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	// Of a length that the compiler knows, keys are copied without a call.
	if (key_len == 16)
		hash(state, start, session, key, 16, n);
	else
		hash(state, start, session, key, 8, n);
}

static void imb_run(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	if (n <= FEW)
		sha1_keys_c.run(NULL, start, session, key, key_len, n);
	else
		jobs_run(state, start, session, key, key_len, n);
}

const struct sha1_keys sha1_keys_imb = {
	.name = "imb",
	.description = "jobs of intel-ipsec-mb; few keys in plain C",
	.is_supported = imb_is_supported,
	.open = imb_open,
	.close = imb_close,
	.run = imb_run,
};

// --- as for other CPUs ----------------------------------------------------------------------------

// X(architecture, what it needs)
#define ARCHITECTURES(X)           \
	X(sse, IMB_CPUFLAGS_SSE)   \
	X(avx, IMB_CPUFLAGS_AVX)   \
	X(avx2, IMB_CPUFLAGS_AVX2) \
	X(avx512, IMB_CPUFLAGS_AVX512)

#define X(arch, needs)                                                                \
	static int open_##arch(void **state)                                          \
	{                                                                             \
		return open_as(init_mb_mgr_##arch, needs, 0, state);                  \
	}                                                                             \
	static int open_##arch##_nosha(void **state)                                  \
	{                                                                             \
		return open_as(init_mb_mgr_##arch, needs, IMB_FLAG_SHANI_OFF, state); \
	}
ARCHITECTURES(X)
#undef X

#define VARIANT(what, opens)                                                              \
	{                                                                                 \
		.name = what, .description = "jobs of intel-ipsec-mb, also for few keys", \
		.is_supported = imb_is_supported, .open = opens, .close = imb_close,      \
		.run = jobs_run                                                           \
	}

static const struct sha1_keys variants[] = {
#define X(arch, needs) \
	VARIANT("imb-" #arch, open_##arch), VARIANT("imb-" #arch "-nosha", open_##arch##_nosha),
	ARCHITECTURES(X)
#undef X
};

const struct sha1_keys *sha1_imb_variant(unsigned int i)
{
	return i < sizeof(variants) / sizeof(variants[0]) ? &variants[i] : NULL;
}
