// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/imb/imb.h"

#include "drivers/crypto/imb/sha1_imb.h"
#include "drivers/crypto/sw/sw.h"

static int imb_open(const struct crypto_setup *setup, void **state)
{
	return sw_open_with(setup, sha1_keys_imb.name, state);
}

const struct crypto_driver crypto_driver_imb = {
	.name = "imb",
	.description = "software, on the worker itself, key hash by intel-ipsec-mb",
	.for_production = true,
	.open = imb_open,
	.close = sw_close,
	.submit = sw_submit,
	.poll = sw_poll,
};
