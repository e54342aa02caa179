// SPDX-License-Identifier: BSD-3-Clause
#include "shim/shim.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>

namespace
{

long long trace_case = -1;

class CTest : public ::testing::Test
{
      public:
	explicit CTest(void (*body)(void)) : body_(body)
	{
	}
	void TestBody() override
	{
		trace_case = -1;
		body_();
	}

      private:
	void (*body_)(void);
};

void report(const char *file, int line, const std::string &text)
{
	std::ostringstream s;
	s << text;
	if (trace_case >= 0)
		s << "\n  in case " << trace_case;
	GTEST_MESSAGE_AT_(file, line, s.str().c_str(), ::testing::TestPartResult::kNonFatalFailure);
}

std::string number(long long v, bool is_unsigned)
{
	std::ostringstream s;
	if (is_unsigned)
		s << (unsigned long long)v;
	else
		s << v;
	s << " (0x" << std::hex << (unsigned long long)v << ")";
	return s.str();
}

std::string hex(const void *p, size_t n)
{
	std::string out;
	char two[4];
	for (size_t i = 0; i < n && i < 96; i++) {
		snprintf(two, sizeof(two), "%02x", static_cast<const unsigned char *>(p)[i]);
		out += two;
	}
	return n > 96 ? out + "..." : out;
}

} // namespace

extern "C" {

void shim_register(
	const char *suite, const char *name, const char *file, int line, void (*body)(void))
{
	::testing::RegisterTest(suite, name, nullptr, nullptr, file, line,
		[body]() -> ::testing::Test * { return new CTest(body); });
}

bool shim_compare(const char *file, int line, const char *op, const char *expr_a,
	const char *expr_b, long long a, long long b, bool is_unsigned)
{
	int order = is_unsigned ? ((unsigned long long)a > (unsigned long long)b) -
					  ((unsigned long long)a < (unsigned long long)b)
				: (a > b) - (a < b);
	bool ok = !strcmp(op, "==")   ? order == 0
		  : !strcmp(op, "!=") ? order != 0
		  : !strcmp(op, "<")  ? order < 0
		  : !strcmp(op, "<=") ? order <= 0
		  : !strcmp(op, ">")  ? order > 0
				      : order >= 0;
	if (!ok)
		report(file, line,
			std::string("expected ") + expr_a + " " + op + " " + expr_b + "\n  " +
				expr_a + " is " + number(a, is_unsigned) + "\n  " + expr_b +
				" is " + number(b, is_unsigned));
	return ok;
}

bool shim_true(const char *file, int line, const char *expr, bool value, bool wanted)
{
	if (value != wanted)
		report(file, line,
			std::string("expected ") + expr + " to be " + (wanted ? "true" : "false"));
	return value == wanted;
}

bool shim_streq(const char *file, int line, const char *expr_a, const char *expr_b, const char *a,
	const char *b)
{
	bool ok = a == b || (a && b && !strcmp(a, b));
	if (!ok)
		report(file, line,
			std::string("expected ") + expr_a + " == " + expr_b + "\n  \"" +
				(a ? a : "(null)") + "\"\n  \"" + (b ? b : "(null)") + "\"");
	return ok;
}

bool shim_strcontains(
	const char *file, int line, const char *expr, const char *text, const char *part)
{
	bool ok = text && part && strstr(text, part);
	if (!ok)
		report(file, line,
			std::string("expected ") + expr + " to contain \"" +
				(part ? part : "(null)") + "\"\n  \"" + (text ? text : "(null)") +
				"\"");
	return ok;
}

bool shim_memeq(const char *file, int line, const char *expr_a, const char *expr_b, const void *a,
	const void *b, size_t n)
{
	bool ok = n == 0 || (a && b && !memcmp(a, b, n));
	if (!ok)
		report(file, line,
			std::string("expected ") + expr_a + " == " + expr_b + " over " +
				std::to_string(n) + " bytes\n  " + (a ? hex(a, n) : "(null)") +
				"\n  " + (b ? hex(b, n) : "(null)"));
	return ok;
}

bool shim_near(const char *file, int line, double a, double b, double tolerance)
{
	bool ok = a - b <= tolerance && b - a <= tolerance;
	if (!ok)
		report(file, line, std::to_string(a) + " is not near " + std::to_string(b));
	return ok;
}

void shim_fail(const char *file, int line, const char *text)
{
	report(file, line, text);
}

void shim_skip(const char *file, int line, const char *why)
{
	GTEST_MESSAGE_AT_(file, line, why, ::testing::TestPartResult::kSkip);
}

void shim_trace_case(long long index)
{
	trace_case = index;
}

} // extern "C"
