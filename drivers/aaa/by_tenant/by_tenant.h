// SPDX-License-Identifier: BSD-3-Clause
// Sends each request to the driver of its tenant: the local users, RADIUS, or RADIUS and, where no server answers, the
// local users. It is what control has for a driver: accounting and the orders of servers pass through it to RADIUS.
#pragma once

#include "aaa/aaa.h"

extern const struct aaa_driver aaa_driver_by_tenant;

enum {
	// Requests that are kept until RADIUS has answered, to be given to the local users if it does not. Each is a
	// login under way, of which there are fewer.
	BY_TENANT_KEPT_MAX = 16384,
};

// The open function of the driver with others in place of local and radius.
//
//   radius  opened only if a tenant needs it; NULL: this adit was built without, and who needs it is refused
int by_tenant_open(const struct config *config, struct log *log, const struct aaa_driver *local,
	const struct aaa_driver *radius, void **state);
