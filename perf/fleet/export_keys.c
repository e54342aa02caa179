// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/export_keys.h"

#include "base/secret.h"
#include "perf/fleet/fleet.h"
#include "perf/session_keys.h"
#include "wire/mppe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void keys_of(const struct fleet *f, const struct fleet_client *c, struct session_keys *out)
{
	const struct fleet_flow *w = &c->flow;

	*out = (struct session_keys){
		.client_be = c->source_be,
		.server_be = c->server_be,
		.inner_be = c->inner_be,
		.host_be = f->options.inside_be,
		.client_call_id = c->call_id,
		.server_call_id = c->server_call_id,
		.mode = {MPPE_STRENGTH_NONE, true},
		.up_seq = w->send_seq,
		.down_seq = w->received.next,
		.pfc = c->send_pfc,
		.acfc = c->send_acfc,
	};
	if (!c->is_encrypted)
		return;
	out->mode.strength = (enum mppe_strength)w->up.strength;
	out->mode.is_stateless = w->up.is_stateless;
	out->up_count = w->up_count;
	out->down_count = (w->down_count + 1) & MPPE_COHERENCY_MASK;
	memcpy(out->up, w->up.start_key, sizeof(out->up));
	memcpy(out->down, w->down.start_key, sizeof(out->down));
}

static int write_all(const struct fleet *f, FILE *out)
{
	int error = 0;

	for (uint32_t i = 0; i < f->n_clients && !error; i++) {
		struct session_keys keys;

		if (f->clients[i].state != FLEET_UP)
			continue;
		keys_of(f, &f->clients[i], &keys);
		error = session_keys_write(out, &keys);
		secret_wipe_bytes(&keys, sizeof(keys));
	}
	return error;
}

int export_keys(const struct fleet *f)
{
	const char *path = f->options.export_keys;
	char begun[FLEET_TEXT_BYTES + 8];
	int error = 0;

	if (!path[0])
		return 0;
	snprintf(begun, sizeof(begun), "%s.part", path);
	int fd = open(begun, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!out) {
		error = -errno;
		if (fd >= 0)
			close(fd);
	} else {
		error = write_all(f, out);
		if (fclose(out) != 0 && !error)
			error = -errno;
	}
	if (!error && rename(begun, path) != 0)
		error = -errno;
	if (error)
		fprintf(stderr, "fleet: %s: %s\n", path, strerror(-error));
	return error;
}
