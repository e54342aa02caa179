// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/by_tenant/kept_requests.h"

#include <errno.h>
#include <stdlib.h>

struct kept_request {
	struct kept_request *next; // in its bucket
	struct aaa_request request;
};

int kept_requests_init(struct kept_requests *k, uint32_t n_max)
{
	k->n = 0;
	k->n_max = n_max;
	k->buckets = calloc(KEPT_REQUESTS_BUCKETS, sizeof(k->buckets[0]));
	return k->buckets ? 0 : -ENOMEM;
}

// Tags are control's, ids of sessions (base/ids.h): no stranger chooses them.
static struct kept_request **bucket_of(const struct kept_requests *k, uint64_t tag)
{
	return &k->buckets[(tag ^ tag >> 12 ^ tag >> 24) % KEPT_REQUESTS_BUCKETS];
}

// Where it hangs, or the end of its bucket.
static struct kept_request **find(const struct kept_requests *k, uint64_t tag)
{
	struct kept_request **at = bucket_of(k, tag);

	while (*at && (*at)->request.tag != tag)
		at = &(*at)->next;
	return at;
}

static void remove_at(struct kept_requests *k, struct kept_request **at)
{
	struct kept_request *r = *at;

	*at = r->next;
	k->n--;
	aaa_request_wipe(&r->request);
	free(r);
}

void kept_requests_fini(struct kept_requests *k)
{
	for (size_t i = 0; k->buckets && i < KEPT_REQUESTS_BUCKETS; i++)
		while (k->buckets[i])
			remove_at(k, &k->buckets[i]);
	free(k->buckets);
	k->buckets = NULL;
}

int kept_requests_add(struct kept_requests *k, const struct aaa_request *request)
{
	struct kept_request **at = find(k, request->tag);
	struct kept_request *r = *at;

	if (!r) {
		if (k->n == k->n_max)
			return -EBUSY;
		r = calloc(1, sizeof(*r));
		if (!r)
			return -ENOMEM;
		*at = r;
		k->n++;
	}
	r->request = *request;
	return 0;
}

bool kept_requests_take(struct kept_requests *k, uint64_t tag, struct aaa_request *out)
{
	struct kept_request **at = find(k, tag);

	if (!*at)
		return false;
	*out = (*at)->request;
	remove_at(k, at);
	return true;
}

void kept_requests_drop(struct kept_requests *k, uint64_t tag)
{
	struct kept_request **at = find(k, tag);

	if (*at)
		remove_at(k, at);
}
