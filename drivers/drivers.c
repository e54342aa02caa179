// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/drivers.h"

#include "drivers/aaa/by_tenant/by_tenant.h"
#include "drivers/aaa/local/local.h"
#include "drivers/crypto/ism/ism.h"
#if defined(HAVE_RADIUS)
#include "drivers/aaa/radius/radius.h"
#endif
#if defined(HAVE_IPSEC_MB)
#include "drivers/crypto/imb/imb.h"
#endif
#include "drivers/crypto/null/null.h"
#include "drivers/crypto/sw/sw.h"

#include <string.h>

static const struct crypto_driver *const crypto_drivers[] = {
	&crypto_driver_sw,
#if defined(HAVE_IPSEC_MB)
	&crypto_driver_imb,
#endif
	&crypto_driver_ism,
	&crypto_driver_null,
};

static const struct aaa_driver *const aaa_drivers[] = {
	&aaa_driver_local,
#if defined(HAVE_RADIUS)
	&aaa_driver_radius,
#endif
	&aaa_driver_by_tenant,
};

enum {
	N_CRYPTO = sizeof(crypto_drivers) / sizeof(crypto_drivers[0]),
	N_AAA = sizeof(aaa_drivers) / sizeof(aaa_drivers[0]),
};

const struct crypto_driver *drivers_get_crypto(unsigned int i)
{
	return i < N_CRYPTO ? crypto_drivers[i] : NULL;
}

const struct aaa_driver *drivers_get_aaa(unsigned int i)
{
	return i < N_AAA ? aaa_drivers[i] : NULL;
}

const struct crypto_driver *drivers_find_crypto(const char *name)
{
	for (unsigned int i = 0; i < N_CRYPTO; i++)
		if (strcmp(crypto_drivers[i]->name, name) == 0)
			return crypto_drivers[i];
	return NULL;
}

const struct aaa_driver *drivers_find_aaa(const char *name)
{
	for (unsigned int i = 0; i < N_AAA; i++)
		if (strcmp(aaa_drivers[i]->name, name) == 0)
			return aaa_drivers[i];
	return NULL;
}
