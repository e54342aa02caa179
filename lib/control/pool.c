// SPDX-License-Identifier: BSD-3-Clause
#include "control/pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/mman.h>

// What a link says: of an address that was never handed out both halves are zero, as the system gives them.
enum { LINK_FRESH, LINK_USED, LINK_END, LINK_FIRST };

struct pool_link {
	uint32_t next; // LINK_FIRST + index, or one of the above
	uint32_t prev;
};

static uint32_t to_link(uint32_t i)
{
	return LINK_FIRST + i;
}

static bool is_barred(const struct config_pool *config, uint32_t address)
{
	uint8_t low = (uint8_t)address;

	return low == 0 || low == 255 || address == ntohl(config->server_inner_be);
}

// Addresses of 0..last that end in .0, and that end in .255.
static uint64_t count_low_0(uint64_t last)
{
	return last / 256 + 1;
}

static uint64_t count_low_255(uint64_t last)
{
	return (last + 1) / 256;
}

static uint32_t count_usable(const struct config_pool *config)
{
	uint64_t n = (uint64_t)config->last - config->first + 1;
	uint32_t server = ntohl(config->server_inner_be);

	n -= count_low_0(config->last) + count_low_255(config->last);
	if (config->first > 0)
		n += count_low_0(config->first - UINT64_C(1)) +
		     count_low_255(config->first - UINT64_C(1));
	if (server >= config->first && server <= config->last && (uint8_t)server != 0 &&
		(uint8_t)server != 255)
		n--;
	return (uint32_t)n;
}

uint64_t pool_room_bytes(const struct pool *p)
{
	return (uint64_t)p->n * sizeof(*p->links);
}

int pool_init(struct pool *p, const struct config_pool *config)
{
	*p = (struct pool){.config = config, .head = LINK_END, .tail = LINK_END};
	if (config->last < config->first || config->last - config->first >= LIMIT_POOL_ADDRESSES)
		return -EINVAL;
	p->n = config->last - config->first + 1;
	p->n_free = p->n_usable = count_usable(config);
	if (p->n_usable == 0)
		return -EINVAL;
	void *links = mmap(NULL, pool_room_bytes(p), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (links == MAP_FAILED)
		return -ENOMEM;
	// Pools lie side by side: a huge page would be the memory of four.
	(void)madvise(links, pool_room_bytes(p), MADV_NOHUGEPAGE);
	p->links = links;
	return 0;
}

void pool_fini(struct pool *p)
{
	if (p->links)
		(void)munmap(p->links, pool_room_bytes(p));
	*p = (struct pool){0};
}

static void append(struct pool *p, uint32_t i)
{
	p->links[i] = (struct pool_link){.next = LINK_END, .prev = p->tail};
	if (p->tail == LINK_END)
		p->head = to_link(i);
	else
		p->links[p->tail - LINK_FIRST].next = to_link(i);
	p->tail = to_link(i);
	p->n_free++;
}

static void use(struct pool *p, uint32_t i)
{
	p->links[i] = (struct pool_link){.next = LINK_USED, .prev = LINK_USED};
	p->n_free--;
}

static void unlink_at(struct pool *p, uint32_t i)
{
	const struct pool_link *l = &p->links[i];

	if (l->prev == LINK_END)
		p->head = l->next;
	else
		p->links[l->prev - LINK_FIRST].next = l->next;
	if (l->next == LINK_END)
		p->tail = l->prev;
	else
		p->links[l->next - LINK_FIRST].prev = l->prev;
}

// Those that were never handed out come first. Each is looked at once.
static bool find_fresh(struct pool *p)
{
	while (p->n_fresh < p->n && (p->links[p->n_fresh].next != LINK_FRESH ||
					    is_barred(p->config, p->config->first + p->n_fresh)))
		p->n_fresh++;
	return p->n_fresh < p->n;
}

uint32_t pool_take(struct pool *p)
{
	uint32_t i;

	if (find_fresh(p)) {
		i = p->n_fresh++;
	} else if (p->head != LINK_END) {
		i = p->head - LINK_FIRST;
		unlink_at(p, i);
	} else {
		p->n_exhausted++;
		return 0;
	}
	use(p, i);
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

	if (!find(p, address_be, &i) || is_barred(p->config, ntohl(address_be)))
		return -EADDRNOTAVAIL;
	if (p->links[i].next == LINK_USED)
		return -EADDRINUSE;
	if (p->links[i].next != LINK_FRESH)
		unlink_at(p, i);
	use(p, i);
	return 0;
}

void pool_inherit(struct pool *p, const struct pool *from)
{
	for (uint32_t i = 0; i < from->n; i++)
		if (from->links[i].next == LINK_USED)
			(void)pool_take_address(p, htonl(from->config->first + i));
	p->n_exhausted = from->n_exhausted;
}

void pool_release(struct pool *p, uint32_t address_be)
{
	uint32_t i;

	if (find(p, address_be, &i) && p->links[i].next == LINK_USED)
		append(p, i);
}
