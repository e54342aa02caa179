// SPDX-License-Identifier: BSD-3-Clause
// Whom a user name means: as it was sent, without its domain, without its realm; and whose customer that is.
#pragma once

#include "base/span.h"

#include <stdint.h>

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
//
//   tenant  whose user it is; another one's of the same name is somebody else
struct span login_account(const struct config *c, uint16_t tenant, struct span name);

// The number of the tenant that a call is of. A tenant's own listen address fixes it: there the name is the
// tenant's to read, and no realm leads out of it. On the default tenant's addresses a realm may say another one:
// that of "anna@realm" (behind the last '@'), else that of "REALM\anna" (before the first '\'). Realms are compared
// without regard to case, as DNS names are (RFC 7542 2.5). A realm that is nobody's changes nothing.
//
//   listen_tenant  of the address that was called: config.listen_tenants[]
uint16_t tenant_of_login(const struct config *c, uint16_t listen_tenant, struct span name);
