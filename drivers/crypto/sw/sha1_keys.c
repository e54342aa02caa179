// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/sha1_keys.h"

#if defined(HAVE_IPSEC_MB)
#include "drivers/crypto/imb/sha1_imb.h"
#endif

#include <stddef.h>
#include <string.h>

// The fastest first, by what was measured when this was written: sha1_keys_find() takes the first of them that
// the CPU has. ("imb" stands last: it is for who pins it and for calibration to find.)
static const struct sha1_keys *const all[] = {
#if defined(__x86_64__)
	&sha1_keys_avx512,
	&sha1_keys_shani,
#endif
	&sha1_keys_c,
#if defined(HAVE_IPSEC_MB)
	&sha1_keys_imb,
#endif
};

enum { N_ALL = sizeof(all) / sizeof(all[0]) };

const struct sha1_keys *sha1_keys_get(unsigned int i)
{
	return i < N_ALL ? all[i] : NULL;
}

const struct sha1_keys *sha1_keys_find(const char *name)
{
	bool is_any = !name || strcmp(name, "auto") == 0;

	for (unsigned int i = 0; i < N_ALL; i++)
		if (is_any ? all[i]->is_supported() : strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
