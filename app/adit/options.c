// SPDX-License-Identifier: BSD-3-Clause
#include "adit/options.h"

#include "conf/schema_print.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
	"usage: adit [-t] -c FILE\n"
	"\n"
	"  -c, --config FILE  read the configuration from FILE\n"
	"  -t, --test         check the configuration, say all that is wrong with it, and exit\n"
	"      --perf-unsafe-null  encrypt nothing, for measurements; listens in 198.18.0.0/15 "
	"alone\n"
	"      --help-config  print every key that a configuration may have, and exit\n"
	"  -V, --version      print the version and exit\n"
	"  -h, --help         print this and exit\n";

enum { OPTION_HELP_CONFIG = 256, OPTION_MAN_CONFIG, OPTION_UNSAFE_NULL };

enum options_result options_parse(int argc, char **argv, struct options *out)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'},
		{"perf-unsafe-null", no_argument, NULL, OPTION_UNSAFE_NULL},
		{"help-config", no_argument, NULL, OPTION_HELP_CONFIG},
		{"man-config", no_argument, NULL, OPTION_MAN_CONFIG}, // for the build: adit.cfg.5
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*out = (struct options){0};
	while ((c = getopt_long(argc, argv, "c:thV", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			out->config_path = optarg;
			break;
		case 't':
			out->check_only = true;
			break;
		case OPTION_UNSAFE_NULL:
			out->unsafe_null = true;
			break;
		case OPTION_HELP_CONFIG:
			schema_print_text(stdout);
			return OPTIONS_DONE;
		case OPTION_MAN_CONFIG:
			schema_print_roff(stdout);
			return OPTIONS_DONE;
		case 'V':
			printf("adit %s\n", ADIT_VERSION);
			return OPTIONS_DONE;
		case 'h':
			fputs(usage, stdout);
			return OPTIONS_DONE;
		default:
			fputs(usage, stderr);
			return OPTIONS_BAD;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "adit: unexpected argument '%s'\n%s", argv[optind], usage);
		return OPTIONS_BAD;
	}
	if (!out->config_path) {
		fprintf(stderr, "adit: no configuration given\n%s", usage);
		return OPTIONS_BAD;
	}
	return OPTIONS_RUN;
}
