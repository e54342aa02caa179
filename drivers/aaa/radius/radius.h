// SPDX-License-Identifier: BSD-3-Clause
// Authentication, accounting and orders about calls by RADIUS servers: puts the modules of this directory together.
#pragma once

#include "aaa/aaa.h"

extern const struct aaa_driver aaa_driver_radius;
