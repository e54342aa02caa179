// SPDX-License-Identifier: BSD-3-Clause
#include "adit/port_flow.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <stdio.h>

enum {
	GRE_PROTOCOL = 47,
	GRE_PPP = 0x880b,
	GRE_KEY_PRESENT = 0x2000,
	GRE_VERSION_1 = 0x0001,
	GRE_VERSION_BITS = 0x0007,
	CALL_ID_AT = 6, // in the GRE header
	CLASSES_A_WORKER = 4,
	ITEMS_MAX = 5,
};

const struct port_flow_ops port_flow_dpdk = {
	.validate = rte_flow_validate,
	.create = rte_flow_create,
	.destroy = rte_flow_destroy,
};

// One rule, and what its parts point to.
struct rule {
	struct rte_flow_item_ipv4 ipv4, ipv4_mask;
	struct rte_flow_item_gre gre, gre_mask;
	rte_be32_t key, key_mask;
	struct rte_flow_item_raw raw, raw_mask;
	uint8_t raw_bytes[2], raw_mask_bytes[2];
	struct rte_flow_action_queue queue;
	struct rte_flow_item pattern[ITEMS_MAX];
	struct rte_flow_action actions[2];
};

unsigned int port_flow_classes(unsigned int n_workers)
{
	unsigned int n = 1;

	while (n < n_workers)
		n *= 2;
	if (n != n_workers) // else one worker had twice the classes of another
		n *= CLASSES_A_WORKER;
	return n > PORT_FLOW_CLASSES_MAX ? PORT_FLOW_CLASSES_MAX : n;
}

static void make_gre_key(struct rule *r, uint16_t class, uint16_t mask)
{
	r->gre.c_rsvd0_ver = rte_cpu_to_be_16(GRE_KEY_PRESENT | GRE_VERSION_1);
	r->gre_mask.c_rsvd0_ver = rte_cpu_to_be_16(GRE_KEY_PRESENT | GRE_VERSION_BITS);
	r->gre.protocol = rte_cpu_to_be_16(GRE_PPP);
	r->gre_mask.protocol = RTE_BE16(0xffff);
	r->key = rte_cpu_to_be_32(class); // the upper half is the payload's length
	r->key_mask = rte_cpu_to_be_32(mask);
	r->pattern[2] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_GRE, .spec = &r->gre, .mask = &r->gre_mask};
	r->pattern[3] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_GRE_KEY, .spec = &r->key, .mask = &r->key_mask};
	r->pattern[4].type = RTE_FLOW_ITEM_TYPE_END;
}

static void make_raw(struct rule *r, uint16_t class, uint16_t mask)
{
	r->raw_bytes[0] = (uint8_t)(class >> 8);
	r->raw_bytes[1] = (uint8_t) class;
	r->raw_mask_bytes[0] = (uint8_t)(mask >> 8);
	r->raw_mask_bytes[1] = (uint8_t)mask;
	r->raw = (struct rte_flow_item_raw){.relative = 1,
		.offset = CALL_ID_AT,
		.length = sizeof(r->raw_bytes),
		.pattern = r->raw_bytes};
	r->raw_mask = rte_flow_item_raw_mask;
	r->raw_mask.pattern = r->raw_mask_bytes;
	r->pattern[2] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_RAW, .spec = &r->raw, .mask = &r->raw_mask};
	r->pattern[3].type = RTE_FLOW_ITEM_TYPE_END;
}

static void make_rule(
	struct rule *r, enum port_flow_form form, uint16_t class, uint16_t mask, uint16_t queue)
{
	*r = (struct rule){0};
	r->ipv4.hdr.next_proto_id = GRE_PROTOCOL;
	r->ipv4_mask.hdr.next_proto_id = UINT8_MAX;
	r->pattern[0].type = RTE_FLOW_ITEM_TYPE_ETH;
	r->pattern[1] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_IPV4, .spec = &r->ipv4, .mask = &r->ipv4_mask};
	if (form == PORT_FLOW_GRE_KEY)
		make_gre_key(r, class, mask);
	else
		make_raw(r, class, mask);
	r->queue.index = queue;
	r->actions[0] =
		(struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &r->queue};
	r->actions[1].type = RTE_FLOW_ACTION_TYPE_END;
}

static void note_refusal(
	struct port_flow *f, enum port_flow_form form, const struct rte_flow_error *e, int error)
{
	snprintf(f->why, sizeof(f->why), "%s: %s", port_flow_form_name(form),
		e->message ? e->message : strerror(-error));
}

// Every rule first goes past validate: a NIC with room for half of them is to be left as it was.
static int open_form(struct port_flow *f, const struct port_flow_ops *ops, uint16_t port,
	enum port_flow_form form, const uint16_t *queues, unsigned int n_workers)
{
	const struct rte_flow_attr attr = {.ingress = 1};
	unsigned int n = port_flow_classes(n_workers);
	struct rte_flow_error e = {0};
	struct rule r;

	for (unsigned int class = 0; class < n; class ++) {
		make_rule(&r, form, (uint16_t) class, (uint16_t)(n - 1), queues[class % n_workers]);
		int error = ops->validate(port, &attr, r.pattern, r.actions, &e);
		if (error) {
			note_refusal(f, form, &e, error);
			return error;
		}
	}
	for (unsigned int class = 0; class < n; class ++) {
		make_rule(&r, form, (uint16_t) class, (uint16_t)(n - 1), queues[class % n_workers]);
		f->rules[class] = ops->create(port, &attr, r.pattern, r.actions, &e);
		if (!f->rules[class]) {
			note_refusal(f, form, &e, -ENOSPC);
			port_flow_close(f, ops, port);
			return -ENOSPC;
		}
		f->n_rules++;
	}
	f->form = form;
	return 0;
}

int port_flow_open(struct port_flow *f, const struct port_flow_ops *ops, uint16_t port,
	const uint16_t *queues, unsigned int n_workers)
{
	*f = (struct port_flow){0};
	int error = open_form(f, ops, port, PORT_FLOW_GRE_KEY, queues, n_workers);

	return error ? open_form(f, ops, port, PORT_FLOW_RAW, queues, n_workers) : 0;
}

void port_flow_close(struct port_flow *f, const struct port_flow_ops *ops, uint16_t port)
{
	struct rte_flow_error e;

	while (f->n_rules > 0)
		(void)ops->destroy(port, f->rules[--f->n_rules], &e);
	f->form = PORT_FLOW_NONE;
}

const char *port_flow_form_name(enum port_flow_form form)
{
	switch (form) {
	case PORT_FLOW_GRE_KEY:
		return "gre-key";
	case PORT_FLOW_RAW:
		return "raw";
	case PORT_FLOW_NONE:
		break;
	}
	return "none";
}
