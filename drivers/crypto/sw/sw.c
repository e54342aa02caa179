// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/sw.h"

#include "drivers/crypto/done_ring.h"
#include "observe/counters.h"

struct sw {
	struct done_ring done;
	struct burst *burst;
	struct crypto_counters *counters;
	struct burst_packet packets[BURST_PACKETS];
};

int sw_open_parts(const struct crypto_setup *setup, const struct burst_parts *parts, void **state)
{
	struct sw *sw = calloc(1, sizeof(*sw));
	int rc;

	if (!sw)
		return -ENOMEM;
	sw->counters = setup->counters;
	rc = done_ring_init(&sw->done, setup->depth);
	if (rc != 0)
		goto free_sw;
	rc = burst_open_with(parts, &sw->burst);
	if (rc != 0)
		goto free_ring;
	*state = sw;
	return 0;

free_ring:
	done_ring_free(&sw->done);
free_sw:
	free(sw);
	return rc;
}

int sw_open_with(const struct crypto_setup *setup, const char *sha1, void **state)
{
	const struct burst_parts parts = {.sha1 = sha1_keys_find(sha1)};

	return parts.sha1 ? sw_open_parts(setup, &parts, state) : -EINVAL;
}

static int sw_open(const struct crypto_setup *setup, void **state)
{
	return sw_open_with(setup, setup->sha1, state);
}

void sw_close(void *state)
{
	struct sw *sw = state;

	if (!sw)
		return;
	burst_close(sw->burst);
	done_ring_free(&sw->done);
	free(sw);
}

// The op as packet i of the burst. The mark in the context, of whatever burst, is right if the packet that it names is
// in this one and of this context: then that is the last before this.
static void add(struct sw *sw, struct crypto_op *op, unsigned int i)
{
	struct mppe_context *ctx = op->ctx;
	struct burst_packet *p = &sw->packets[i];
	uint8_t mark = ctx->burst_at;

	p->op = op;
	p->key_in = p->key_out = ctx->session_key;
	p->ring_at = ctx->ring_at;
	p->ring_n = ctx->ring_n;
	p->before = mark < i && sw->packets[mark].op->ctx == ctx ? mark : BURST_FIRST;
	ctx->burst_at = (uint8_t)i;
}

static void run(struct sw *sw, unsigned int n)
{
	burst_run(sw->burst, sw->packets, n, sw->counters);
	for (unsigned int i = 0; i < n; i++) {
		const struct burst_packet *p = &sw->packets[i];
		p->op->ctx->ring_at = p->ring_at;
		p->op->ctx->ring_n = p->ring_n;
	}
}

unsigned int sw_submit(void *state, struct crypto_op **ops, unsigned int n)
{
	struct sw *sw = state;
	unsigned int n_burst = 0, n_refused = 0;

	if (n > done_ring_room(&sw->done))
		n = done_ring_room(&sw->done);
	for (unsigned int i = 0; i < n; i++) {
		if (!crypto_op_is_valid(ops[i])) {
			ops[i]->status = CRYPTO_ERROR;
			n_refused++;
			continue;
		}
		add(sw, ops[i], n_burst++);
		if (n_burst == BURST_PACKETS) {
			run(sw, n_burst);
			n_burst = 0;
		}
	}
	run(sw, n_burst);
	if (n_refused && sw->counters)
		counter_add(&sw->counters->errors, n_refused);
	done_ring_put_all(&sw->done, ops, n);
	return n;
}

unsigned int sw_poll(void *state, struct crypto_op **ops, unsigned int n)
{
	struct sw *sw = state;

	return done_ring_take(&sw->done, ops, n);
}

const struct crypto_driver crypto_driver_sw = {
	.name = "sw",
	.description = "software, on the worker itself",
	.for_production = true,
	.open = sw_open,
	.close = sw_close,
	.submit = sw_submit,
	.poll = sw_poll,
};
