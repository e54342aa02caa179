// SPDX-License-Identifier: BSD-3-Clause
#include "control/samples.h"

#include "shim/shim.h"

static const uint64_t SECOND_NS = 1000000000;

TEST(samples, nothing_before_the_second_look)
{
	struct samples s = {0};
	struct sampled n = {{0}};

	EXPECT_EQ(0, samples_span_ns(&s, 1));
	EXPECT_EQ(0, samples_rate(&s, &n, 1));
	samples_begin(&s, 5 * SECOND_NS);
	samples_put(&s, &n, 1000);
	EXPECT_EQ(0, samples_span_ns(&s, 1));
	EXPECT_EQ(0, samples_growth(&s, &n, 1));
	EXPECT_EQ(0, samples_rate(&s, &n, 10));
}

// Looks come a little late; rates know when they were.
TEST(samples, rates_of_one_and_of_ten_seconds)
{
	struct samples s = {0};
	struct sampled n = {{0}};
	uint64_t value = 77, now_ns = 0;

	for (int i = 0; i < 40; i++) {
		now_ns += SECOND_NS + SECOND_NS / 4;
		value += i < 30 ? 0 : 500;
		samples_begin(&s, now_ns);
		samples_put(&s, &n, value);
		if (i == 30) {
			EXPECT_EQ(500, samples_growth(&s, &n, 1));
			EXPECT_EQ(500, samples_growth(&s, &n, 10));
			EXPECT_NEAR(400.0, samples_rate(&s, &n, 1), 0.001);
			EXPECT_NEAR(40.0, samples_rate(&s, &n, 10), 0.001);
		}
	}
	EXPECT_NEAR(400.0, samples_rate(&s, &n, 10), 0.001);
	EXPECT_EQ(5000, samples_growth(&s, &n, 10));
	EXPECT_EQ(5000, samples_growth(&s, &n, 1000)); // no more is kept
	EXPECT_EQ(10 * (SECOND_NS + SECOND_NS / 4), samples_span_ns(&s, 10));
}

// While there are fewer than ten, as many as there are.
TEST(samples, ten_seconds_begin_with_what_there_is)
{
	struct samples s = {0};
	struct sampled n = {{0}};

	for (uint64_t i = 0; i < 4; i++) {
		samples_begin(&s, (i + 1) * SECOND_NS);
		samples_put(&s, &n, i * 10);
	}
	EXPECT_EQ(30, samples_growth(&s, &n, 10));
	EXPECT_EQ(3 * SECOND_NS, samples_span_ns(&s, 10));
	EXPECT_EQ(10, samples_growth(&s, &n, 1));
}

TEST(samples, shares)
{
	EXPECT_EQ(SAMPLES_UNKNOWN, samples_share(1, 0));
	EXPECT_EQ(0, samples_share(0, 5));
	EXPECT_EQ(500, samples_share(1, 2));
	EXPECT_EQ(667, samples_share(2, 3));
	EXPECT_EQ(1000, samples_share(7, 3)); // read at different moments
}
