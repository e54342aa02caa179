// SPDX-License-Identifier: BSD-3-Clause
// Which NAS is on: at a reload tenants may get accounting, or lose it. A server takes an On for the end of all sessions of
// that NAS, so that one which other tenants keep on is never told again.
#include "drivers/aaa/radius/account_packet.h"
#include "drivers/aaa/radius/account_state.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	const struct account_nas *a = left, *b = right;

	if (a->group != b->group)
		return a->group->number < b->group->number ? -1 : 1;
	return a->nas_be < b->nas_be ? -1 : a->nas_be > b->nas_be;
}

// Sorted, each once.
uint16_t account_nas_find(const struct account *a, struct account_nas *nases)
{
	const struct config *config = a->core->config;
	uint32_t n = 0, n_once = 0;

	// Here all may have one: listen addresses are looked at once, not once for each tenant.
	for (uint32_t i = 0; i < config->n_tenants; i++)
		nases[i] = (struct account_nas){
			.listen_be = config->n_listen ? config->listen_be[0] : 0,
			.tenant = (uint16_t)i};
	for (uint32_t i = config->n_listen; i-- > 0;)
		if (config->listen_tenants[i] < config->n_tenants)
			nases[config->listen_tenants[i]].listen_be = config->listen_be[i];
	for (uint32_t i = 0; i < config->n_tenants; i++) {
		uint16_t index = config->tenants[i].accounting_index;
		if (index >= a->n_by_index)
			continue;
		nases[n] = nases[i];
		nases[n].group = a->by_index[index];
		nases[n].nas_be = account_packet_nas(config, nases[n].listen_be);
		n++;
	}
	qsort(nases, n, sizeof(*nases), compare);
	for (uint32_t i = 0; i < n; i++)
		if (n_once == 0 || compare(&nases[n_once - 1], &nases[i]) != 0)
			nases[n_once++] = nases[i];
	return (uint16_t)n_once;
}

static void tell(struct account *a, const struct account_nas *nas, uint8_t owed)
{
	const struct aaa_account record = {
		.kind = owed == ACCOUNT_OWES_ON ? AAA_ACCOUNT_ON : AAA_ACCOUNT_OFF,
		.tenant = nas->tenant,
		.server_be = nas->listen_be,
		.event_wall_ns = account_wall_ns(),
		.cause = owed == ACCOUNT_OWES_OFF ? AAA_CAUSE_NAS_REQUEST : AAA_CAUSE_NONE,
	};

	if (nas->group->index != CONFIG_NO_INDEX) // else there is nobody to be told
		account_tell_nas(a, nas->group, &record, owed);
}

bool account_nas_is_new(struct account *a, const struct account_group *g, uint32_t nas_be)
{
	const struct account_nas key = {.group = (struct account_group *)g, .nas_be = nas_be};
	struct account_nas *nas = bsearch(&key, a->nases, a->n_nases, sizeof(key), compare);
	bool is_new = !nas || !nas->is_told;

	if (nas)
		nas->is_told = true;
	return is_new;
}

void account_nas_take(struct account *a, struct account_nas *nases)
{
	struct account_nas *was = a->nases, *was_end = was + a->n_nases;
	uint16_t n = account_nas_find(a, nases);

	for (uint16_t i = 0; i < n || was < was_end;) {
		int order = i == n ? 1 : was == was_end ? -1 : compare(&nases[i], was);
		if (order < 0)
			tell(a, &nases[i], ACCOUNT_OWES_ON);
		else if (order > 0)
			tell(a, was, ACCOUNT_OWES_OFF);
		if (order <= 0)
			nases[i].is_told = order < 0 || was->is_told;
		i += order <= 0;
		was += order >= 0;
	}
	free(a->nases);
	a->nases = nases;
	a->n_nases = n;
}
