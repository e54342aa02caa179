// SPDX-License-Identifier: BSD-3-Clause
#include "perf/method_reference.h"

#include "perf/evp_mppe.h"
#include "perf/linux_mppe.h"
#include "perf/openssl_mppe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// What one reference does for one session.
struct reference_kind {
	size_t session_bytes;
	void *(*library_new)(void); // NULL: there is none
	void (*library_free)(void *library);
	void (*init)(void *session, void *library, const uint8_t *key, uint16_t count);
	void (*fini)(void *session); // may be NULL
	void (*packet)(void *session, void *library, bool is_stateless, uint8_t *data, size_t len);
	const uint8_t *(*session_key)(const void *session);
};

struct reference {
	const struct reference_kind *kind;
	void *library;
	bool has_sessions;
	uint8_t sessions[] __attribute__((aligned(64)));
};

static void *session_of(const struct reference *r, unsigned int i)
{
	return (void *)(uintptr_t)(r->sessions + i * r->kind->session_bytes);
}

static int reference_open(const struct mppe_method *method, void **state)
{
	const struct reference_kind *kind = method->detail;
	struct reference *r = calloc(1, sizeof(*r) + MPPE_WORK_SESSIONS * kind->session_bytes);

	if (!r)
		return -ENOMEM;
	r->kind = kind;
	if (kind->library_new) {
		r->library = kind->library_new();
		if (!r->library) {
			free(r);
			return -ENOTSUP;
		}
	}
	*state = r;
	return 0;
}

static void finish_sessions(struct reference *r)
{
	for (unsigned int i = 0; r->has_sessions && r->kind->fini && i < MPPE_WORK_SESSIONS; i++)
		r->kind->fini(session_of(r, i));
	r->has_sessions = false;
}

static void reference_close(void *state)
{
	struct reference *r = state;

	finish_sessions(r);
	if (r->library)
		r->kind->library_free(r->library);
	free(r);
}

static void reference_begin(void *state, const struct mppe_work *work)
{
	struct reference *r = state;

	finish_sessions(r);
	for (unsigned int i = 0; i < MPPE_WORK_SESSIONS; i++) {
		uint8_t key[MPPE_KEY_BYTES_MAX];

		mppe_work_key(i, key);
		r->kind->init(session_of(r, i), r->library, key, mppe_work_count(i));
	}
	r->has_sessions = true;
}

static uint64_t reference_run(
	void *state, const struct mppe_work *work, uint8_t packets[][MPPE_WORK_PACKET_BYTES])
{
	struct reference *r = state;
	unsigned int session = 0;

	for (unsigned int i = 0; i < MPPE_WORK_PACKETS; i++) {
		r->kind->packet(session_of(r, session), r->library, work->is_stateless, packets[i],
			bench_load_len(work->load, i));
		if (++session == work->n_sessions)
			session = 0;
	}
	return 0;
}

static void reference_session_key(
	const void *state, unsigned int session, uint8_t key[MPPE_KEY_BYTES_MAX])
{
	const struct reference *r = state;

	memcpy(key, r->kind->session_key(session_of(r, session)), MPPE_KEY_BYTES_MAX);
}

// --- OpenSSL's low-level calls ---------------------------------------------------------------------

static void openssl_init(void *session, void *library, const uint8_t *key, uint16_t count)
{
	struct openssl_mppe *m = session;

	openssl_mppe_init(m, key);
	m->n_packets = count;
}

static void openssl_packet(
	void *session, void *library, bool is_stateless, uint8_t *data, size_t len)
{
	if (is_stateless)
		openssl_mppe_packet(session, data, len);
	else
		openssl_mppe_stateful_packet(session, data, len);
}

static const uint8_t *openssl_session_key(const void *session)
{
	return ((const struct openssl_mppe *)session)->session_key;
}

static const struct reference_kind openssl_kind = {
	.session_bytes = sizeof(struct openssl_mppe),
	.init = openssl_init,
	.packet = openssl_packet,
	.session_key = openssl_session_key,
};

// --- what a Linux kernel computes ------------------------------------------------------------------

static void linux_init(void *session, void *library, const uint8_t *key, uint16_t count)
{
	struct linux_mppe *m = session;

	linux_mppe_init(m, key);
	m->n_packets = count;
}

static void linux_packet(void *session, void *library, bool is_stateless, uint8_t *data, size_t len)
{
	if (is_stateless)
		linux_mppe_packet(session, data, len);
	else
		linux_mppe_stateful_packet(session, data, len);
}

static const uint8_t *linux_session_key(const void *session)
{
	return ((const struct linux_mppe *)session)->session_key;
}

static const struct reference_kind linux_kind = {
	.session_bytes = sizeof(struct linux_mppe),
	.init = linux_init,
	.packet = linux_packet,
	.session_key = linux_session_key,
};

// --- OpenSSL's EVP ---------------------------------------------------------------------------------

static void *evp_open_library(void)
{
	return evp_library_new();
}

static void evp_close_library(void *library)
{
	evp_library_free(library);
}

static void evp_fini(void *session)
{
	evp_mppe_fini(session);
}

static void evp_init(void *session, void *library, const uint8_t *key, uint16_t count)
{
	struct evp_mppe *m = session;

	evp_mppe_init(m, library, key);
	m->n_packets = count;
}

static void evp_packet(void *session, void *library, bool is_stateless, uint8_t *data, size_t len)
{
	if (is_stateless)
		evp_mppe_packet(session, library, data, len);
	else
		evp_mppe_stateful_packet(session, library, data, len);
}

static const uint8_t *evp_session_key(const void *session)
{
	return ((const struct evp_mppe *)session)->session_key;
}

static const struct reference_kind evp_kind = {
	.session_bytes = sizeof(struct evp_mppe),
	.library_new = evp_open_library,
	.library_free = evp_close_library,
	.fini = evp_fini,
	.init = evp_init,
	.packet = evp_packet,
	.session_key = evp_session_key,
};

// --- the table ---------------------------------------------------------------------------------------

#define REFERENCE(kind_, name_, description_)                                             \
	{                                                                                 \
		.name = name_, .description = description_, .detail = &kind_,             \
		.is_reference = true, .n_cores = 1, .open = reference_open,               \
		.close = reference_close, .begin = reference_begin, .run = reference_run, \
		.session_key = reference_session_key                                      \
	}

static const struct mppe_method references[] = {
	REFERENCE(openssl_kind, "openssl", "OpenSSL's low-level SHA1_* and RC4_*"),
	REFERENCE(linux_kind, "linux",
		"what a Linux kernel computes: generic RC4 in C, SHA-1 of OpenSSL, no skb"),
	REFERENCE(evp_kind, "evp", "OpenSSL's EVP interface, everything fetched before"),
};

const struct mppe_method *method_reference_get(unsigned int i)
{
	return i < sizeof(references) / sizeof(references[0]) ? &references[i] : NULL;
}
