// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/dial.h"
#include "perf/fleet/ports.h"
#include "perf/fleet/run.h"

#include <poll.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	EXIT_NOT_STARTED = 2,
	ATTENDANT_MS = 120000, // who does not answer for so long is not there
};

static struct fleet *the_fleet; // for the signal handler alone

static void stop(int signal)
{
	the_fleet->must_stop = true;
}

// Who started the fleet may look at adit at this point, with the ports connected and no call there; or end adit first,
// since a memif that loses its other end unmaps what is being polled.
static void await_attendant(const struct fleet *f, const char *what)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char byte = 0;

	if (!f->options.is_attended)
		return;
	fflush(stdout);
	fprintf(stderr, "fleet: %s\n", what);
	while (byte != '\n' && !f->must_stop && poll(&in, 1, ATTENDANT_MS) > 0 &&
		read(STDIN_FILENO, &byte, 1) == 1)
		;
}

static int start(struct fleet *f)
{
	int error = ports_start_eal(&f->options);

	f->now_ns = error ? 0 : fleet_now();
	if (!error)
		error = dial_init(f);
	if (!error)
		error = ports_open(f);
	if (!error)
		error = gre_init(f);
	return error ? error : traffic_init(f);
}

int main(int argc, char **argv)
{
	struct fleet *f = calloc(1, sizeof(*f));
	int status = EXIT_NOT_STARTED;

	if (!f)
		return EXIT_NOT_STARTED;
	int error = fleet_options_get(&f->options, argc, argv);
	if (error) {
		free(f);
		return error > 0 ? 0 : EXIT_NOT_STARTED;
	}
	(void)prctl(PR_SET_TIMERSLACK, 1); // naps of 20 us are no longer than that
	error = start(f);
	if (!error) {
		the_fleet = f;
		signal(SIGINT, stop);
		signal(SIGTERM, stop);
		await_attendant(f, "connected");
		run(f);
		status = report(f);
		await_attendant(f, "reported");
	} else {
		fprintf(stderr, "fleet: did not start\n");
	}
	traffic_fini(f);
	gre_fini(f);
	ports_close(f);
	dial_fini(f);
	(void)rte_eal_cleanup();
	free(f);
	return status;
}
