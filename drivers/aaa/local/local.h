// SPDX-License-Identifier: BSD-3-Clause
// Checks PAP, CHAP and MS-CHAP against the users of the configuration.
#pragma once

#include "aaa/aaa.h"

extern const struct aaa_driver aaa_driver_local;
