// SPDX-License-Identifier: BSD-3-Clause
#include "proto/step.h"

static struct step_item *add_item(struct step *s, enum step_kind kind)
{
	if (s->n_items == STEP_ITEMS_MAX) {
		s->overflowed = true;
		return NULL;
	}
	struct step_item *item = &s->items[s->n_items++];

	*item = (struct step_item){.kind = kind, .reason = END_NONE};
	return item;
}

void step_add(struct step *s, enum step_kind kind)
{
	add_item(s, kind);
}

void step_add_end(struct step *s, enum end_reason reason)
{
	struct step_item *item = add_item(s, STEP_ENDED);

	if (item)
		item->reason = reason;
}

struct writer step_frame_begin(struct step *s)
{
	return writer_of(s->bytes + s->n_bytes, STEP_BYTES_MAX - s->n_bytes);
}

void step_frame_finish(struct step *s, uint16_t protocol, const struct writer *w)
{
	if (w->failed) {
		s->overflowed = true;
		return;
	}
	struct step_item *item = add_item(s, STEP_FRAME);

	if (!item)
		return;
	item->protocol = protocol;
	item->offset = s->n_bytes;
	item->len = (uint16_t)w->len;
	s->n_bytes = (uint16_t)(s->n_bytes + w->len);
}
