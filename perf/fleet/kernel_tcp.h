// SPDX-License-Identifier: BSD-3-Clause
// The kernel's TCP instead of ours (--tcp kernel), for few clients: sockets bound to the sources, which must be
// addresses of this network namespace, on the interface that is the outside port: the kernel sees its frames too, and
// the fleet leaves TCP to it.
#pragma once

#include "perf/fleet/tunnel.h"

int kernel_tcp_init(struct fleet *f); // nothing with --tcp own
void kernel_tcp_fini(struct fleet *f);
int kernel_tcp_connect(struct tunnel *t); // to t->tcp.ends
int kernel_tcp_write(struct tunnel *t, struct span bytes);
void kernel_tcp_shut(struct tunnel *t);	 // FIN
void kernel_tcp_close(struct tunnel *t); // nothing when there is none
bool kernel_tcp_run(struct fleet *f);
