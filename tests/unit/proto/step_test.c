// SPDX-License-Identifier: BSD-3-Clause
#include "proto/step.h"

#include "shim/shim.h"

static void add_frame(struct step *s, uint16_t protocol, const void *bytes, size_t n)
{
	struct writer w = step_frame_begin(s);

	writer_bytes(&w, bytes, n);
	step_frame_finish(s, protocol, &w);
}

TEST(step, keeps_the_order_of_items_and_the_bytes_of_frames)
{
	struct step s;

	step_clear(&s);
	step_add(&s, STEP_KEYS);
	add_frame(&s, 0x80fd, "\x02\x01\x00\x04", 4);
	add_frame(&s, 0xc021, "\x09", 1);
	step_add_end(&s, END_IPCP_FAILED);

	ASSERT_EQ(s.n_items, 4);
	EXPECT_EQ(s.items[0].kind, STEP_KEYS);
	EXPECT_EQ(s.items[1].kind, STEP_FRAME);
	EXPECT_EQ(s.items[1].protocol, 0x80fd);
	EXPECT_TRUE(span_equal(step_frame_info(&s, &s.items[1]), span_of("\x02\x01\x00\x04", 4)));
	EXPECT_EQ(s.items[2].offset, 4);
	EXPECT_TRUE(span_equal(step_frame_info(&s, &s.items[2]), span_of("\x09", 1)));
	EXPECT_EQ(s.items[3].kind, STEP_ENDED);
	EXPECT_EQ(s.items[3].reason, END_IPCP_FAILED);
	EXPECT_FALSE(s.overflowed);
	step_clear(&s);
	EXPECT_EQ(s.n_items, 0);
	EXPECT_EQ(s.n_bytes, 0);
}

TEST(step, tells_when_an_item_does_not_fit)
{
	struct step s;

	step_clear(&s);
	for (int i = 0; i < STEP_ITEMS_MAX; i++)
		step_add(&s, STEP_KEYS);
	EXPECT_FALSE(s.overflowed);
	step_add_end(&s, END_INTERNAL);
	EXPECT_TRUE(s.overflowed);
	EXPECT_EQ(s.n_items, STEP_ITEMS_MAX);
	s.overflowed = false;
	add_frame(&s, 0xc021, "x", 1);
	EXPECT_TRUE(s.overflowed);
	EXPECT_EQ(s.n_bytes, 0);
}

TEST(step, tells_when_bytes_do_not_fit)
{
	static const uint8_t much[STEP_BYTES_MAX];
	struct step s;

	step_clear(&s);
	add_frame(&s, 0xc021, much, sizeof(much) - 1);
	EXPECT_FALSE(s.overflowed);
	add_frame(&s, 0xc021, much, 2);
	EXPECT_TRUE(s.overflowed);
	EXPECT_EQ(s.n_items, 1);
	EXPECT_EQ(s.n_bytes, STEP_BYTES_MAX - 1);
}
