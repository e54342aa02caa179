// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/rc4_lanes.h"

#include "shim/hex.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

#include <nettle/arcfour.h>

#include <stdlib.h>

enum {
	GUARD = 0xa5,
	GUARD_BYTES = 64,
	STREAM_BYTES = 4112, // to the last vector of RFC 6229
	PACKET_BYTES = 1600,
};

// Every kernel that this CPU runs; ends with NULL.
static const struct rc4_kernels *kernels_get(unsigned int i)
{
	static const char *const names[] = {"c", "x86"};

	for (unsigned int k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		const struct rc4_kernels *found = rc4_kernels_find(names[k]);

		if (found && i-- == 0)
			return found;
	}
	return NULL;
}

// Lanes and their output, in memory of exactly their size.
struct rig {
	struct rc4_lanes *l;
	uint8_t *out[RC4_LANES]; // STREAM_BYTES and a guard
};

static void rig_make(struct rig *rig)
{
	rig->l = aligned_alloc(64, sizeof(*rig->l));
	memset(rig->l, GUARD, sizeof(*rig->l));
	for (unsigned int k = 0; k < RC4_LANES; k++) {
		rig->out[k] = malloc(STREAM_BYTES + GUARD_BYTES);
		memset(rig->out[k], GUARD, STREAM_BYTES + GUARD_BYTES);
	}
}

static void rig_unmake(struct rig *rig)
{
	free(rig->l);
	for (unsigned int k = 0; k < RC4_LANES; k++)
		free(rig->out[k]);
}

static void set_key(struct rc4_lane *lane, const uint8_t *key, uint8_t key_len)
{
	for (unsigned int i = 0; i < sizeof(lane->key); i++)
		lane->key[i] = key[i % key_len];
}

// p[n] holds nothing but what it held at first.
static bool is_untouched(const void *p, size_t n)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < n; i++)
		if (bytes[i] != GUARD)
			return false;
	return true;
}

// Lanes beyond n are no kernel's business, nor is what is beyond the end of an output.
static void expect_rest_untouched(const struct rig *rig, unsigned int n, const size_t *n_bytes)
{
	EXPECT_TRUE(is_untouched(&rig->l->lanes[n], (RC4_LANES - n) * sizeof(struct rc4_lane)));
	for (unsigned int k = 0; k < RC4_LANES; k++) {
		size_t n_written = k < n ? n_bytes[k] : 0;

		EXPECT_TRUE(is_untouched(
			rig->out[k] + n_written, STREAM_BYTES + GUARD_BYTES - n_written));
	}
}

// RFC 6229 2, the keys that MPPE has the length of.
static const uint16_t rfc6229_offsets[] = {0, 16, 240, 256, 496, 512, 752, 768, 1008, 1024, 1520,
	1536, 2032, 2048, 3056, 3072, 4080, 4096};

enum { OFFSETS = sizeof(rfc6229_offsets) / sizeof(rfc6229_offsets[0]) };

static const struct {
	const char *key;
	uint8_t key_len;
	const char *blocks[OFFSETS];
} rfc6229[] = {
	{"0102030405060708", 8,
		{
			"97ab8a1bf0afb96132f2f67258da15a8",
			"8263efdb45c4a18684ef87e6b19e5b09",
			"9636ebc9841926f4f7d1f362bddf6e18",
			"d0a990ff2c05fef5b90373c9ff4b870a",
			"73239f1db7f41d80b643c0c52518ec63",
			"163b319923a6bdb4527c626126703c0f",
			"49d6c8af0f97144a87df21d91472f966",
			"44173a103b6616c5d5ad1cee40c863d0",
			"273c9c4b27f322e4e716ef53a47de7a4",
			"c6d0e7b226259fa9023490b26167ad1d",
			"1fe8986713f07c3d9ae1c163ff8cf9d3",
			"8369e1a965610be887fbd0c79162aafb",
			"0a0127abb44484b9fbef5abcae1b579f",
			"c2cdadc6402e8ee866e1f37bdb47e42c",
			"26b51ea37df8e1d6f76fc3b66a7429b3",
			"bc7683205d4f443dc1f29dda3315c87b",
			"d5fa5a3469d29aaaf83d23589db8c85b",
			"3fb46e2c8f0f068edce8cdcd7dfc5862",
		}},
	{"0102030405060708090a0b0c0d0e0f10", 16,
		{
			"9ac7cc9a609d1ef7b2932899cde41b97",
			"5248c4959014126a6e8a84f11d1a9e1c",
			"065902e4b620f6cc36c8589f66432f2b",
			"d39d566bc6bce3010768151549f3873f",
			"b6d1e6c4a5e4771cad79538df295fb11",
			"c68c1d5c559a974123df1dbc52a43b89",
			"c5ecf88de897fd57fed301701b82a259",
			"eccbe13de1fcc91c11a0b26c0bc8fa4d",
			"e7a72574f8782ae26aabcf9ebcd66065",
			"bdf0324e6083dcc6d3cedd3ca8c53c16",
			"b40110c4190b5622a96116b0017ed297",
			"ffa0b514647ec04f6306b892ae661181",
			"d03d1bc03cd33d70dff9fa5d71963ebd",
			"8a44126411eaa78bd51e8d87a8879bf5",
			"fabeb76028ade2d0e48722e46c4615a3",
			"c05d88abd50357f935a63c59ee537623",
			"ff38265c1642c1abe8d3c2fe5e572bf8",
			"a36a4c301ae8ac13610ccbc12256cacc",
		}},
	{"641910833222772a", 8,
		{
			"bbf609de9413172d07660cb680716926",
			"46101a6dab43115d6c522b4fe93604a9",
			"cbe1fff21c96f3eef61e8fe0542cbdf0",
			"347938bffa4009c512cfb4034b0dd1a7",
			"7867a786d00a7147904d76ddf1e520e3",
			"8d3e9e1caefcccb3fbf8d18f64120b32",
			"942337f8fd76f0fae8c52d7954810672",
			"b8548c10f51667f6e60e182fa19b30f7",
			"0211c7c6190c9efd1237c34c8f2e06c4",
			"bda64f65276d2aacb8f90212203a808e",
			"bd3820f732ffb53ec193e79d33e27c73",
			"d0168616861907d482e36cdac8cf5749",
			"97b0f0f224b2d2317114808fb03af7a0",
			"e59616e469787939a063ceea9af956d1",
			"c47e0dc1660919c11101208f9e69aa1f",
			"5ae4f12896b8379a2aad89b5b553d6b0",
			"6b6b098d0c293bc2993d80bf0518b6d9",
			"8170cc3ccd92a698621b939dd38fe7b9",
		}},
	{"ebb46227c6cc8b37641910833222772a", 16,
		{
			"720c94b63edf44e131d950ca211a5a30",
			"c366fdeacf9ca80436be7c358424d20b",
			"b3394a40aabf75cba42282ef25a0059f",
			"4847d81da4942dbc249defc48c922b9f",
			"08128c469f275342adda202b2b58da95",
			"970dacef40ad98723bac5d6955b81761",
			"3cb89993b07b0ced93de13d2a11013ac",
			"ef2d676f1545c2c13dc680a02f4adbfe",
			"b60595514f24bc9fe522a6cad7393644",
			"b515a8c5011754f59003058bdb81514e",
			"3c70047e8cbc038e3b9820db601da495",
			"1175da6ee756de46a53e2b075660b770",
			"00a542bba02111cc2c65b38ebdba587e",
			"5865fdbb5b48064104e830b380f2aede",
			"34b21ad2ad44e999db2d7f0863f0d9b6",
			"84a9218fc36e8a5f2ccfbeae53a27d25",
			"a2221a11b833ccb498a59540f0545f4a",
			"5bbeb4787d59e5373fdbea6c6f75c29b",
		}},
};

enum { VECTORS = sizeof(rfc6229) / sizeof(rfc6229[0]) };

static void check_vectors(const struct rc4_kernels *kernels, unsigned int n)
{
	size_t n_bytes[RC4_LANES];
	struct rig rig;

	rig_make(&rig);
	for (unsigned int k = 0; k < n; k++) {
		uint8_t key[MPPE_KEY_BYTES_MAX];

		hex_bytes(key, sizeof(key), rfc6229[(k + n) % VECTORS].key);
		set_key(&rig.l->lanes[k], key, rfc6229[(k + n) % VECTORS].key_len);
		n_bytes[k] = STREAM_BYTES;
	}
	kernels->begin(rig.l, n);
	kernels->stream(rig.l, n, 0, STREAM_BYTES / RC4_BLOCK_BYTES, rig.out);
	for (unsigned int k = 0; k < n; k++) {
		for (unsigned int i = 0; i < OFFSETS; i++) {
			uint8_t wanted[16];

			hex_bytes(wanted, sizeof(wanted), rfc6229[(k + n) % VECTORS].blocks[i]);
			EXPECT_MEMEQ(wanted, rig.out[k] + rfc6229_offsets[i], sizeof(wanted));
		}
	}
	expect_rest_untouched(&rig, n, n_bytes);
	rig_unmake(&rig);
}

TEST(rc4_lanes, rfc_6229)
{
	const struct rc4_kernels *kernels;

	for (unsigned int i = 0; (kernels = kernels_get(i)); i++)
		for (unsigned int n = 1; n <= RC4_LANES; n++) {
			SHIM_TRACE_CASE(10 * i + n);
			check_vectors(kernels, n);
		}
}

// Streams of random lengths, the longest in lane 0: lanes leave as theirs end, and what the others give
// comes in pieces of random length too.
static void check_shrinking(const struct rc4_kernels *kernels, struct xorshift *random)
{
	unsigned int n_first = 1 + (unsigned int)xorshift_below(random, RC4_LANES), n = n_first;
	size_t n_bytes[RC4_LANES];
	uint8_t key[RC4_LANES][MPPE_KEY_BYTES_MAX], key_len[RC4_LANES];
	uint8_t *out[RC4_LANES];
	struct rig rig;

	rig_make(&rig);
	for (unsigned int k = 0; k < n; k++) {
		size_t room = k ? n_bytes[k - 1] / RC4_BLOCK_BYTES : STREAM_BYTES / RC4_BLOCK_BYTES;

		n_bytes[k] = RC4_BLOCK_BYTES * (xorshift_below(random, (uint32_t)room) + 1);
		key_len[k] = xorshift_below(random, 2) ? 8 : 16;
		for (unsigned int i = 0; i < key_len[k]; i++)
			key[k][i] = (uint8_t)xorshift_next(random);
		set_key(&rig.l->lanes[k], key[k], key_len[k]);
	}
	kernels->begin(rig.l, n);
	for (unsigned int at = 0; at < n_bytes[0];) {
		while (n_bytes[n - 1] == at)
			n--;
		unsigned int n_left = (unsigned int)(n_bytes[n - 1] - at) / RC4_BLOCK_BYTES;
		unsigned int n_blocks = 1 + (unsigned int)xorshift_below(random, n_left);

		for (unsigned int k = 0; k < n; k++)
			out[k] = rig.out[k] + at;
		kernels->stream(rig.l, n, at, n_blocks, out);
		at += n_blocks * RC4_BLOCK_BYTES;
	}
	for (unsigned int k = 0; k < n_first; k++) {
		uint8_t wanted[STREAM_BYTES] = {0};
		struct arcfour_ctx nettle;

		arcfour_set_key(&nettle, key_len[k], key[k]);
		arcfour_crypt(&nettle, n_bytes[k], wanted, wanted);
		EXPECT_MEMEQ(wanted, rig.out[k], n_bytes[k]);
	}
	expect_rest_untouched(&rig, n_first, n_bytes);
	rig_unmake(&rig);
}

TEST(rc4_lanes, agree_with_nettle_while_lanes_leave)
{
	struct xorshift random = xorshift_seed(6);
	const struct rc4_kernels *kernels;

	for (unsigned int i = 0; (kernels = kernels_get(i)); i++)
		for (unsigned int round = 0; round < 300; round++) {
			SHIM_TRACE_CASE(1000 * i + round);
			check_shrinking(kernels, &random);
		}
}

TEST(rc4_lanes, stream_of_no_blocks_changes_nothing)
{
	const struct rc4_kernels *kernels;

	for (unsigned int i = 0; (kernels = kernels_get(i)); i++)
		for (unsigned int n = 1; n <= RC4_LANES; n++) {
			struct rc4_lanes before;
			struct rig rig;

			rig_make(&rig);
			for (unsigned int k = 0; k < n; k++)
				set_key(&rig.l->lanes[k], (const uint8_t *)"key of 8", 8);
			kernels->begin(rig.l, n);
			memcpy(&before, rig.l, sizeof(before));
			kernels->stream(rig.l, n, 32, 0, rig.out);
			kernels->resume(rig.l, n, 32, 0, rig.out);
			SHIM_TRACE_CASE(10 * i + n);
			EXPECT_MEMEQ(&before, rig.l, sizeof(before));
			expect_rest_untouched(&rig, n, (size_t[RC4_LANES]){0});
			rig_unmake(&rig);
		}
}

static void state_from_nettle(struct rc4_state *rc4, const struct arcfour_ctx *nettle)
{
	memcpy(rc4->s, nettle->S, sizeof(rc4->s));
	rc4->i = nettle->i;
	rc4->j = nettle->j;
}

static void expect_state(const struct arcfour_ctx *nettle, const struct rc4_state *rc4)
{
	EXPECT_MEMEQ(nettle->S, rc4->s, sizeof(rc4->s));
	EXPECT_EQ(nettle->i, rc4->i);
	EXPECT_EQ(nettle->j, rc4->j);
}

// One packet of each of n streams, the longest first, from wherever each stands.
static void check_resume(const struct rc4_kernels *kernels, unsigned int n,
	struct arcfour_ctx *nettle, struct rc4_state *rc4, const unsigned int *len)
{
	size_t n_bytes[RC4_LANES];
	uint8_t *out[RC4_LANES];
	unsigned int n_left = n;
	struct rig rig;

	rig_make(&rig);
	for (unsigned int k = 0; k < n; k++)
		rc4_lanes_load(rig.l, k, &rc4[k]);
	for (unsigned int at = 0;;) {
		unsigned int n_blocks;

		while (n_left > 0 && (n_blocks = (len[n_left - 1] - at) / RC4_BLOCK_BYTES) == 0)
			n_left--;
		if (n_left == 0)
			break;
		for (unsigned int k = 0; k < n_left; k++)
			out[k] = rig.out[k] + at;
		kernels->resume(rig.l, n_left, at, n_blocks, out);
		at += n_blocks * RC4_BLOCK_BYTES;
	}
	for (unsigned int k = 0; k < n; k++) {
		uint8_t wanted[PACKET_BYTES] = {0};

		n_bytes[k] = len[k];
		rc4_lanes_store(
			rig.l, k, len[k], &rc4[k], rig.out[k] + len[k] - len[k] % RC4_BLOCK_BYTES);
		arcfour_crypt(&nettle[k], len[k], wanted, wanted);
		EXPECT_MEMEQ(wanted, rig.out[k], len[k]);
		expect_state(&nettle[k], &rc4[k]);
	}
	expect_rest_untouched(&rig, n, n_bytes);
	rig_unmake(&rig);
}

TEST(rc4_lanes, resume_at_every_i)
{
	static const unsigned int len[RC4_LANES] = {259, 257, 256, 47, 32, 17, 15, 1};
	const struct rc4_kernels *kernels;

	for (unsigned int i = 0; (kernels = kernels_get(i)); i++)
		for (unsigned int i0 = 0; i0 < 256; i0++) {
			struct arcfour_ctx nettle[RC4_LANES];
			struct rc4_state rc4[RC4_LANES];

			for (unsigned int k = 0; k < RC4_LANES; k++) {
				uint8_t skipped[1024], key[3] = {(uint8_t)k, (uint8_t)i0, 7};

				arcfour_set_key(&nettle[k], sizeof(key), key);
				arcfour_crypt(&nettle[k], 256 + i0 + k, skipped, skipped);
				state_from_nettle(&rc4[k], &nettle[k]);
			}
			SHIM_TRACE_CASE(1000 * i + i0);
			check_resume(kernels, 1 + i0 % RC4_LANES, nettle, rc4, len);
		}
}

static int longest_first(const void *a, const void *b)
{
	return (int)*(const unsigned int *)b - (int)*(const unsigned int *)a;
}

TEST(rc4_lanes, packet_after_packet_is_one_stream)
{
	struct xorshift random = xorshift_seed(8);
	const struct rc4_kernels *kernels;

	for (unsigned int i = 0; (kernels = kernels_get(i)); i++)
		for (unsigned int n = 1; n <= RC4_LANES; n++) {
			struct arcfour_ctx nettle[RC4_LANES];
			struct rc4_state rc4[RC4_LANES];

			for (unsigned int k = 0; k < n; k++) {
				uint8_t key[2] = {(uint8_t)n, (uint8_t)k};

				arcfour_set_key(&nettle[k], sizeof(key), key);
				state_from_nettle(&rc4[k], &nettle[k]);
			}
			for (unsigned int round = 0; round < 60; round++) {
				unsigned int len[RC4_LANES], max = round % 3 ? 48 : PACKET_BYTES;

				for (unsigned int k = 0; k < n; k++)
					len[k] = (unsigned int)xorshift_below(&random, max + 1);
				qsort(len, n, sizeof(len[0]), longest_first);
				SHIM_TRACE_CASE(10000 * i + 1000 * n + round);
				check_resume(kernels, n, nettle, rc4, len);
			}
		}
}

// A stateful stream that starts again: begun in a lane, and its session gets it from there.
TEST(rc4_lanes, begun_streams_are_stored)
{
	const struct rc4_kernels *kernels;

	for (unsigned int i = 0; (kernels = kernels_get(i)); i++)
		for (unsigned int len = 0; len <= 300; len++) {
			unsigned int n = 1 + len % RC4_LANES;
			struct rig rig;

			SHIM_TRACE_CASE(1000 * i + len);
			rig_make(&rig);
			for (unsigned int k = 0; k < n; k++)
				set_key(&rig.l->lanes[k], (const uint8_t *)"087654321" + k % 2, 8);
			kernels->begin(rig.l, n);
			kernels->stream(rig.l, n, 0, len / RC4_BLOCK_BYTES, rig.out);
			for (unsigned int k = 0; k < n; k++) {
				uint8_t wanted[300] = {0};
				struct arcfour_ctx nettle;
				struct rc4_state rc4;

				rc4_lanes_store(rig.l, k, len, &rc4,
					rig.out[k] + len - len % RC4_BLOCK_BYTES);
				arcfour_set_key(&nettle, 8, (const uint8_t *)"087654321" + k % 2);
				arcfour_crypt(&nettle, len, wanted, wanted);
				EXPECT_MEMEQ(wanted, rig.out[k], len);
				expect_state(&nettle, &rc4);
			}
			rig_unmake(&rig);
		}
}

TEST(rc4_lanes, kernels_by_name)
{
	const struct rc4_kernels *best = rc4_kernels_best();

	EXPECT_TRUE(rc4_kernels_find("c") == &rc4_kernels_c);
	EXPECT_TRUE(!rc4_kernels_find("gpu"));
	EXPECT_TRUE(!rc4_kernels_find(""));
	EXPECT_TRUE(rc4_kernels_find(best->name) == best);
#ifdef __x86_64__
	bool has_sse4_1 = __builtin_cpu_supports("sse4.1");

	EXPECT_TRUE(rc4_kernels_find("x86") == (has_sse4_1 ? &rc4_kernels_x86 : NULL));
	EXPECT_STREQ(has_sse4_1 ? "x86" : "c", best->name);
#else
	EXPECT_STREQ("c", best->name);
#endif
}
