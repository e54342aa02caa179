// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/dial.h"
#include "perf/fleet/ports.h"
#include "perf/fleet/run.h"

#include <rte_eal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { EXIT_NOT_STARTED = 2 };

static struct fleet *the_fleet; // for the signal handler alone

static void stop(int signal)
{
	the_fleet->must_stop = true;
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
		run(f);
		status = report(f);
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
