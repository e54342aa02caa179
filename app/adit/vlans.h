// SPDX-License-Identifier: BSD-3-Clause
// The tagged networks of the inside ports and whose they are: a TAP each, and the tables by which workers tell tenants.
#pragma once

#include "conf/config.h"
#include "control/control.h"

struct log;

struct vlans {
	unsigned int n;
	struct tap *taps; // taps[n], in the configuration's order
	// Of each port: tenant by VLAN id; NULL where there is but the untagged network, of the default tenant.
	uint16_t *tenants[LIMIT_PORTS];
	uint32_t *
		servers_be; // inner address of the server, by tenant; NULL: there is only the default one
};

// ports[config->n_ports] are open. A failure is logged with the network's name. Returns 0 or -errno; vlans_close() undoes it
// in both cases.
int vlans_open(struct vlans *v, const struct config *config, const struct control_port *ports,
	struct log *log);
void vlans_close(struct vlans *v);
