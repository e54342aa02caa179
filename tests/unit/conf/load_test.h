// SPDX-License-Identifier: BSD-3-Clause
// A small configuration without fault, and how a change of it is loaded.
#pragma once

#include "conf/load.h"

// One line a group, so that line numbers are easy to tell:
// 1 ports, 2 the outside port, 3 the inside port, 5 the pool, 7 the users.
#define LOAD_TEST_PORTS                                                       \
	"ports = (\n"                                                         \
	"{ name = \"out\"; device = \"interface:eth0\"; role = \"outside\"; " \
	"address = \"192.0.2.10/24\"; gateway = \"192.0.2.1\"; },\n"          \
	"{ name = \"in\"; device = \"interface:eth1\"; role = \"inside\"; });\n"
#define LOAD_TEST_POOLS \
	"pools = (\n"   \
	"{ name = \"p\"; range = \"10.30.0.10-10.30.0.20\"; server = \"10.30.0.1\"; });\n"
#define LOAD_TEST_USERS	  "users = ({ name = \"ann\"; password = \"hush-hush\"; });\n"
#define LOAD_TEST_MINIMAL LOAD_TEST_PORTS LOAD_TEST_POOLS LOAD_TEST_USERS

// Everything there was to say, one line an entry, as the operator sees it.
const char *load_test_report(const struct config_errors *errors);
