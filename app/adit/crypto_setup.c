// SPDX-License-Identifier: BSD-3-Clause
#include "adit/crypto_setup.h"

#include "adit/selftest.h"
#include "adit/start_failed.h"
#include "drivers/crypto/sw/rc4_lanes.h"
#include "drivers/crypto/sw/sha1_keys.h"
#include "drivers/drivers.h"

#include <errno.h>
#include <stdio.h>

enum { TEXT_BYTES = 160 };

// What an operator may write instead, as a hint.
struct hint {
	size_t n;
	char text[TEXT_BYTES];
};

static void hint_begin(struct hint *h, const char *refused)
{
	int n = snprintf(h->text, sizeof(h->text), "%s is not to be had here; there are:", refused);

	h->n = n > 0 && (size_t)n < sizeof(h->text) ? (size_t)n : 0;
}

static void hint_add(struct hint *h, const char *name)
{
	int n = snprintf(h->text + h->n, sizeof(h->text) - h->n, " %s", name);

	if (n > 0 && h->n + (size_t)n < sizeof(h->text))
		h->n += (size_t)n;
}

static int find_driver(
	const struct config *config, struct log *log, const struct crypto_driver **out)
{
	struct hint hint;

	*out = drivers_find_crypto(config->crypto_driver);
	if (*out && (*out)->for_production)
		return 0;
	hint_begin(&hint, config->crypto_driver);
	for (unsigned int i = 0; drivers_get_crypto(i); i++)
		if (drivers_get_crypto(i)->for_production)
			hint_add(&hint, drivers_get_crypto(i)->name);
	return start_failed(log, "encryption.driver", -ENOENT, hint.text);
}

// The driver "imb", and engines that run it, are a choice of key hash too.
static const char *pinned_sha1(const struct config *config)
{
	bool is_ism = strcmp(config->crypto_driver, "ism") == 0;

	if (strcmp(is_ism ? config->engine_driver : config->crypto_driver, "imb") == 0)
		return "imb";
	return strcmp(config->sha1, "auto") == 0 ? NULL : config->sha1;
}

static int find_pinned(const char *name, struct log *log, const struct sha1_keys **out)
{
	const struct sha1_keys *k;
	struct hint hint;

	*out = sha1_keys_find(name);
	if (*out && (*out)->is_supported())
		return 0;
	hint_begin(&hint, name);
	hint_add(&hint, "auto");
	for (unsigned int i = 0; (k = sha1_keys_get(i)) != NULL; i++)
		if (k->is_supported())
			hint_add(&hint, k->name);
	return start_failed(log, "encryption.sha1", *out ? -ENOTSUP : -ENOENT, hint.text);
}

static int refuse_wrong(struct log *log, const char *driver, const char *failed, int error)
{
	struct event e;

	event_begin(&e, EVENT_SELFTEST_FAILED);
	event_word(&e, "driver", driver);
	event_word(&e, "case", failed);
	event_send(log, &e);
	return error;
}

// The pinned one, or the fastest; one that computes wrong keys is told, and never taken.
static int find_sha1(const struct config *config, const struct crypto_driver *driver,
	struct log *log, struct crypto_view *view)
{
	const struct sha1_keys *pinned = NULL, *fastest;
	const char *name = pinned_sha1(config);
	int error = name ? find_pinned(name, log, &pinned) : 0;

	if (error)
		return error;
	fastest = sha1_keys_calibrate(view->calibrations, &view->n_calibrations);
	for (unsigned int i = 0; i < view->n_calibrations; i++) {
		const struct crypto_calibration *k = &view->calibrations[i];
		char text[TEXT_BYTES];

		if (!k->is_wrong)
			continue;
		snprintf(text, sizeof(text), "key hash %s", k->name);
		refuse_wrong(log, driver->name, text, -EBADMSG);
		if (name && strcmp(name, k->name) == 0)
			error = -EBADMSG;
	}
	if (error || (!pinned && !fastest))
		return -EBADMSG;
	view->is_pinned = pinned != NULL;
	view->sha1 = pinned ? pinned->name : fastest->name;
	return 0;
}

static void tell(const struct crypto_view *view, struct log *log)
{
	struct event e;

	event_begin(&e, EVENT_CRYPTO_READY);
	event_word(&e, "driver", view->driver);
	event_word(&e, "rc4", view->rc4);
	event_word(&e, "sha1", view->sha1);
	event_word(&e, "chosen-by", view->is_pinned ? "configuration" : "calibration");
	// Cycles of the time-stamp counter a key: 16 at once, and one alone.
	for (unsigned int i = 0; i < view->n_calibrations; i++) {
		const struct crypto_calibration *k = &view->calibrations[i];
		char key[32], value[48] = "none";

		snprintf(key, sizeof(key), "cycles-%s", k->name);
		if (k->cycles_per_key_full > 0)
			snprintf(value, sizeof(value), "%.0f/%.0f%s", k->cycles_per_key_full,
				k->cycles_per_key_one, k->is_wrong ? "/wrong" : "");
		event_word(&e, key, value);
	}
	event_send(log, &e);
}

int crypto_setup_choose(const struct config *config, struct log *log,
	const struct crypto_driver **driver, struct crypto_setup *setup, struct crypto_view *view)
{
	const char *failed = NULL;
	int error = find_driver(config, log, driver);

	if (error)
		return error;
	error = find_sha1(config, *driver, log, view);
	if (error)
		return error;
	view->driver = (*driver)->name;
	view->rc4 = rc4_kernels_best()->name;
	setup->sha1 = view->sha1;
	error = selftest_run(*driver, setup, &failed);
	if (error)
		return refuse_wrong(log, view->driver, failed ? failed : "open", error);
	tell(view, log);
	return 0;
}
