// SPDX-License-Identifier: BSD-3-Clause
// Tests in C that Google Test runs: the TEST, EXPECT_* and ASSERT_* macros of Google Test for C.
//
//   TEST(suite, name) { ASSERT_EQ(0, thing_open(&t)); EXPECT_STREQ("up", t.state); }
//
// EXPECT_* goes on after a failure; ASSERT_* returns from the (void) function that it stands in.
// EXPECT_EQ and its kin compare integers (signed or unsigned, up to 64 bits) and pointers.
// SHIM_TRACE_CASE(i) makes later failures of this test name the case i of a table.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

void shim_register(
	const char *suite, const char *name, const char *file, int line, void (*body)(void));
bool shim_compare(const char *file, int line, const char *op, const char *expr_a,
	const char *expr_b, long long a, long long b, bool is_unsigned);
bool shim_true(const char *file, int line, const char *expr, bool value, bool wanted);
bool shim_streq(const char *file, int line, const char *expr_a, const char *expr_b, const char *a,
	const char *b);
bool shim_strcontains(
	const char *file, int line, const char *expr, const char *text, const char *part);
bool shim_memeq(const char *file, int line, const char *expr_a, const char *expr_b, const void *a,
	const void *b, size_t n);
bool shim_near(const char *file, int line, double a, double b, double tolerance);
void shim_fail(const char *file, int line, const char *text);
void shim_skip(const char *file, int line, const char *why);
void shim_trace_case(long long index);

#ifdef __cplusplus
}
#endif

#define TEST(suite, name)                                                                     \
	static void shim_body_##suite##_##name(void);                                         \
	__attribute__((constructor)) static void shim_ctor_##suite##_##name(void)             \
	{                                                                                     \
		shim_register(#suite, #name, __FILE__, __LINE__, shim_body_##suite##_##name); \
	}                                                                                     \
	static void shim_body_##suite##_##name(void)

#define SHIM_UNSIGNED(v) \
	_Generic((v), unsigned long : true, unsigned long long : true, default : false)
#define SHIM_COMPARE(op, a, b)                                                       \
	shim_compare(__FILE__, __LINE__, op, #a, #b, (long long)(a), (long long)(b), \
		SHIM_UNSIGNED(a) || SHIM_UNSIGNED(b))
#define SHIM_ASSERT(check)      \
	do {                    \
		if (!(check))   \
			return; \
	} while (0)

#define EXPECT_EQ(a, b)	   ((void)SHIM_COMPARE("==", a, b))
#define EXPECT_NE(a, b)	   ((void)SHIM_COMPARE("!=", a, b))
#define EXPECT_LT(a, b)	   ((void)SHIM_COMPARE("<", a, b))
#define EXPECT_LE(a, b)	   ((void)SHIM_COMPARE("<=", a, b))
#define EXPECT_GT(a, b)	   ((void)SHIM_COMPARE(">", a, b))
#define EXPECT_GE(a, b)	   ((void)SHIM_COMPARE(">=", a, b))
#define EXPECT_TRUE(v)	   ((void)shim_true(__FILE__, __LINE__, #v, (v), true))
#define EXPECT_FALSE(v)	   ((void)shim_true(__FILE__, __LINE__, #v, (v), false))
#define EXPECT_NULL(v)	   EXPECT_TRUE((v) == NULL)
#define EXPECT_STREQ(a, b) ((void)shim_streq(__FILE__, __LINE__, #a, #b, a, b))
#define EXPECT_STRCONTAINS(text, part) \
	((void)shim_strcontains(__FILE__, __LINE__, #text, text, part))
#define EXPECT_MEMEQ(a, b, n)	     ((void)shim_memeq(__FILE__, __LINE__, #a, #b, a, b, n))
#define EXPECT_NEAR(a, b, tolerance) ((void)shim_near(__FILE__, __LINE__, a, b, tolerance))

#define ASSERT_EQ(a, b)	      SHIM_ASSERT(SHIM_COMPARE("==", a, b))
#define ASSERT_NE(a, b)	      SHIM_ASSERT(SHIM_COMPARE("!=", a, b))
#define ASSERT_LT(a, b)	      SHIM_ASSERT(SHIM_COMPARE("<", a, b))
#define ASSERT_LE(a, b)	      SHIM_ASSERT(SHIM_COMPARE("<=", a, b))
#define ASSERT_GT(a, b)	      SHIM_ASSERT(SHIM_COMPARE(">", a, b))
#define ASSERT_GE(a, b)	      SHIM_ASSERT(SHIM_COMPARE(">=", a, b))
#define ASSERT_TRUE(v)	      SHIM_ASSERT(shim_true(__FILE__, __LINE__, #v, (v), true))
#define ASSERT_FALSE(v)	      SHIM_ASSERT(shim_true(__FILE__, __LINE__, #v, (v), false))
#define ASSERT_NULL(v)	      ASSERT_TRUE((v) == NULL)
#define ASSERT_STREQ(a, b)    SHIM_ASSERT(shim_streq(__FILE__, __LINE__, #a, #b, a, b))
#define ASSERT_MEMEQ(a, b, n) SHIM_ASSERT(shim_memeq(__FILE__, __LINE__, #a, #b, a, b, n))

#define FAIL(text) shim_fail(__FILE__, __LINE__, text)
#define SKIP(why)                                   \
	do {                                        \
		shim_skip(__FILE__, __LINE__, why); \
		return;                             \
	} while (0)
#define SHIM_TRACE_CASE(i) shim_trace_case(i)
