// SPDX-License-Identifier: BSD-3-Clause
// Are the links of the ports up? Looked at once a second, told when it changes.
#pragma once

#include "conf/config.h"

struct control;

enum port_link { PORT_LINK_UNKNOWN, PORT_LINK_UP, PORT_LINK_DOWN };

struct port_watch {
	enum port_link told[LIMIT_PORTS];
};

// What the device says now. Of an interface the kernel is asked: DPDK takes it as up whatever happens.
enum port_link port_watch_look(const struct config_port *port, uint16_t dpdk_port);

// Once a second. A port that is up when adit starts is told too, and one that is not once its
// link has had a few seconds to come.
void port_watch_check(struct control *c);
