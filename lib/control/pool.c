// SPDX-License-Identifier: BSD-3-Clause
#include "control/pool.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { POOL_END = UINT32_MAX, POOL_USED = UINT32_MAX - 1, POOL_BARRED = UINT32_MAX - 2 };

static bool is_barred(const struct config_pool *config, uint32_t address)
{
	uint8_t low = (uint8_t)address;

	return low == 0 || low == 255 || address == ntohl(config->server_inner_be);
}

static void append(struct pool *p, uint32_t i)
{
	p->next[i] = POOL_END;
	p->prev[i] = p->tail;
	if (p->tail == POOL_END)
		p->head = i;
	else
		p->next[p->tail] = i;
	p->tail = i;
	p->n_free++;
}

static void unlink_at(struct pool *p, uint32_t i)
{
	if (p->prev[i] == POOL_END)
		p->head = p->next[i];
	else
		p->next[p->prev[i]] = p->next[i];
	if (p->next[i] == POOL_END)
		p->tail = p->prev[i];
	else
		p->prev[p->next[i]] = p->prev[i];
	p->next[i] = p->prev[i] = POOL_USED;
	p->n_free--;
}

int pool_init(struct pool *p, const struct config_pool *config)
{
	*p = (struct pool){.config = config, .head = POOL_END, .tail = POOL_END};
	if (config->last < config->first || config->last - config->first >= LIMIT_POOL_ADDRESSES)
		return -EINVAL;
	p->n = config->last - config->first + 1;
	p->next = calloc(p->n, sizeof(*p->next));
	p->prev = calloc(p->n, sizeof(*p->prev));
	if (!p->next || !p->prev) {
		pool_fini(p);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->n; i++) {
		if (is_barred(config, config->first + i))
			p->next[i] = p->prev[i] = POOL_BARRED;
		else
			append(p, i);
	}
	p->n_usable = p->n_free;
	if (p->n_usable == 0) {
		pool_fini(p);
		return -EINVAL;
	}
	return 0;
}

void pool_fini(struct pool *p)
{
	free(p->next);
	free(p->prev);
	*p = (struct pool){0};
}

uint32_t pool_take(struct pool *p)
{
	uint32_t i = p->head;

	if (i == POOL_END) {
		p->n_exhausted++;
		return 0;
	}
	unlink_at(p, i);
	return htonl(p->config->first + i);
}

static bool find(const struct pool *p, uint32_t address_be, uint32_t *i)
{
	uint32_t address = ntohl(address_be);

	if (address < p->config->first || address > p->config->last)
		return false;
	*i = address - p->config->first;
	return true;
}

int pool_take_address(struct pool *p, uint32_t address_be)
{
	uint32_t i;

	if (!find(p, address_be, &i) || p->next[i] == POOL_BARRED)
		return -EADDRNOTAVAIL;
	if (p->next[i] == POOL_USED)
		return -EADDRINUSE;
	unlink_at(p, i);
	return 0;
}

void pool_release(struct pool *p, uint32_t address_be)
{
	uint32_t i;

	if (find(p, address_be, &i) && p->next[i] == POOL_USED)
		append(p, i);
}
