// SPDX-License-Identifier: BSD-3-Clause
#include "adit/unsafe_null.h"

#include "adit/start_failed.h"
#include "drivers/drivers.h"

#include <arpa/inet.h>
#include <errno.h>

enum { BENCHMARK_NETWORK = 0xc6120000, BENCHMARK_MASK = 0xfffe0000 };

static const char *why_not(const struct config *config)
{
	if (config->n_engines)
		return "--perf-unsafe-null has no use for lanes.engines";
	for (unsigned int i = 0; i < config->n_listen; i++)
		if ((ntohl(config->listen_be[i]) & BENCHMARK_MASK) != BENCHMARK_NETWORK)
			return "--perf-unsafe-null encrypts nothing: every listen address must be "
			       "of the "
			       "benchmark network 198.18.0.0/15";
	return NULL;
}

void unsafe_null_tell(struct log *log)
{
	struct event e;

	event_begin(&e, EVENT_UNENCRYPTED);
	event_word(&e, "text", "--perf-unsafe-null: NOTHING IS ENCRYPTED, for measurements alone");
	event_send(log, &e);
}

int unsafe_null_choose(const struct config *config, struct log *log,
	const struct crypto_driver **driver, struct crypto_view *view)
{
	const char *refusal = why_not(config);

	if (refusal)
		return start_failed(log, "--perf-unsafe-null", -EPERM, refusal);
	*driver = drivers_find_crypto("null");
	view->driver = (*driver)->name;
	view->sha1 = view->rc4 = NULL;
	unsafe_null_tell(log);
	return 0;
}
