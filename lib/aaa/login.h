// SPDX-License-Identifier: BSD-3-Clause
// Whom a user name means: as it was sent, without its domain, without its realm.
#pragma once

#include "base/span.h"

enum { LOGIN_NAMES_MAX = 3 };

struct config;

// The names to look a user up by, the first that is known counts.
struct login {
	unsigned int n; // at least 1
	struct span names[LOGIN_NAMES_MAX];
};

// "CORP\anna@example.org" is that user, else "anna@example.org" (auth.strip_domain), else "anna"
// (auth.strip_realm). Names are compared byte for byte.
//
//   name  borrowed by *out
void login_names(const struct config *c, struct span name, struct login *out);

// What failed attempts are counted under: the configured user that the name means, or where there is
// none the shortest of the names, so that "X\anna" and "Y\anna" do not have counts of their own.
struct span login_account(const struct config *c, struct span name);
