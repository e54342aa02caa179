// SPDX-License-Identifier: BSD-3-Clause
// How a NIC spreads what it receives over its queues by itself (RSS).
//
// Outside, all GRE of a client must come by one queue, or its packets overtake each other: hashed are the outer
// addresses alone, never what lies inside GRE. Inside, the ports of TCP and UDP may take part: the order
// within a connection is what counts there.
#pragma once

#include <rte_ethdev.h>
#include <stdbool.h>

enum { PORT_RSS_KEY_BYTES_MAX = 64 };

// The fields to hash of those that the device can (flow_type_rss_offloads); 0: it cannot, or not what is needed.
uint64_t port_rss_fields(uint64_t offloads, bool is_outside);

// The key: that of Microsoft's verification suite, which nearly every NIC has after a reset, so that whoever looks at a
// machine knows what to expect. Repeated where a device wants a longer one.
//
//   n  bytes, at most PORT_RSS_KEY_BYTES_MAX
void port_rss_key(uint8_t *key, unsigned int n);
