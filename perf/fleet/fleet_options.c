// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/fleet_options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NOTHING, FLAG, NUMBER, REAL, SHARE, TEXT, OTHER };

struct option_row {
	const char *name, *value, *help; // value NULL: takes none
	enum kind kind;
	size_t offset, size;					 // of the field; FLAG sets it
	double min, max;					 // NUMBER, REAL
	int (*take)(struct fleet_options *o, const char *value); // OTHER
};

// ---- values

static int take_device(struct fleet_device *d, const char *value)
{
	static const struct {
		const char *prefix;
		enum fleet_device_kind kind;
	} kinds[] = {{"pci:", FLEET_DEVICE_PCI}, {"vdev:", FLEET_DEVICE_VDEV},
		{"interface:", FLEET_DEVICE_INTERFACE}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].prefix);

		if (strncmp(value, kinds[i].prefix, n) != 0 || !value[n] ||
			strlen(value + n) >= sizeof(d->device))
			continue;
		d->kind = kinds[i].kind;
		strcpy(d->device, value + n);
		return 0;
	}
	return -EINVAL;
}

static int take_outside(struct fleet_options *o, const char *value)
{
	return take_device(&o->outside, value);
}

static int take_inside(struct fleet_options *o, const char *value)
{
	return take_device(&o->inside, value);
}

static int take_address(uint32_t *out_be, const char *value)
{
	struct in_addr a;

	if (inet_pton(AF_INET, value, &a) != 1 || a.s_addr == 0)
		return -EINVAL;
	*out_be = a.s_addr;
	return 0;
}

static int take_prefix(uint32_t *out_be, uint8_t *out_len, const char *value)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(value, '/');
	char *end;

	if (!slash || (size_t)(slash - value) >= sizeof(address) ||
		!isdigit((unsigned char)slash[1]))
		return -EINVAL;
	memcpy(address, value, (size_t)(slash - value));
	address[slash - value] = '\0';
	unsigned long len = strtoul(slash + 1, &end, 10);
	if (*end || len > 32 || len == 0)
		return -EINVAL;
	*out_len = (uint8_t)len;
	return take_address(out_be, address);
}

static int take_server(struct fleet_options *o, const char *value)
{
	if (o->n_servers == FLEET_SERVERS_MAX)
		return -ENOSPC;
	return take_address(&o->servers_be[o->n_servers++], value);
}

static int take_gateway(struct fleet_options *o, const char *value)
{
	return take_prefix(&o->gateway_be, &o->gateway_len, value);
}

static int take_inside_address(struct fleet_options *o, const char *value)
{
	return take_prefix(&o->inside_be, &o->inside_len, value);
}

static int take_adit_inside(struct fleet_options *o, const char *value)
{
	return take_address(&o->adit_inside_be, value);
}

// Without the address of the network and its broadcast, where it has such.
static int take_sources(struct fleet_options *o, const char *value)
{
	uint32_t be;
	uint8_t len;
	int error = take_prefix(&be, &len, value);

	if (error || len < 8)
		return -EINVAL;
	uint32_t n = (uint32_t)(UINT64_C(1) << (32 - len));
	o->sources_first = ntohl(be) & ~(n - 1);
	o->sources_n = n;
	if (n > 2) {
		o->sources_first++;
		o->sources_n -= 2;
	}
	return 0;
}

struct word {
	const char *word;
	int value;
};

static int take_word(int *out, const struct word *words, const char *value)
{
	for (; words->word; words++) {
		if (strcmp(words->word, value) == 0) {
			*out = words->value;
			return 0;
		}
	}
	return -EINVAL;
}

static const struct word mppe_words[] = {{"128", MPPE_STRENGTH_128}, {"56", MPPE_STRENGTH_56},
	{"40", MPPE_STRENGTH_40}, {"none", MPPE_STRENGTH_NONE}, {0}};

static int take_mppe(struct fleet_options *o, const char *value)
{
	int v = 0, error = take_word(&v, mppe_words, value);

	o->mppe = (enum mppe_strength)v;
	return error;
}

static int take_crypto(struct fleet_options *o, const char *value)
{
	static const struct word words[] = {
		{"sw", FLEET_CRYPTO_SW}, {"null", FLEET_CRYPTO_NULL}, {0}};
	int v = 0, error = take_word(&v, words, value);

	o->crypto = (enum fleet_crypto)v;
	return error;
}

static int take_tcp(struct fleet_options *o, const char *value)
{
	static const struct word words[] = {
		{"own", FLEET_TCP_OWN}, {"kernel", FLEET_TCP_KERNEL}, {0}};
	int v = 0, error = take_word(&v, words, value);

	o->tcp = (enum fleet_tcp)v;
	return error;
}

static int take_direction(struct fleet_options *o, const char *value)
{
	static const struct word words[] = {
		{"up", FLEET_UP_ONLY}, {"down", FLEET_DOWN_ONLY}, {"both", FLEET_BOTH}, {0}};
	int v = 0, error = take_word(&v, words, value);

	o->direction = (enum fleet_direction)v;
	return error;
}

static int take_check(struct fleet_options *o, const char *value)
{
	static const struct word words[] = {
		{"all", FLEET_CHECK_ALL}, {"headers", FLEET_CHECK_HEADERS}, {0}};
	int v = 0, error = take_word(&v, words, value);

	o->check = (enum fleet_check)v;
	return error;
}

static int take_sizes(struct fleet_options *o, const char *value)
{
	char *end;

	if (strcmp(value, "imix") == 0) {
		o->sizes = FLEET_SIZE_IMIX;
		return 0;
	}
	unsigned long n = strtoul(value, &end, 10);
	if (end == value || *end || n < 64 || n > 1496)
		return -EINVAL;
	o->sizes = FLEET_SIZE_FIXED;
	o->size_bytes = (uint16_t)n;
	return 0;
}

// "2.5Mpps", "300kpps", "1Gbit", "max"
static int take_rate(struct fleet_options *o, const char *value)
{
	static const struct {
		const char *unit;
		enum fleet_rate_kind kind;
		double factor;
	} units[] = {{"pps", FLEET_RATE_PPS, 1}, {"kpps", FLEET_RATE_PPS, 1e3},
		{"Mpps", FLEET_RATE_PPS, 1e6}, {"bit", FLEET_RATE_BITS, 1},
		{"kbit", FLEET_RATE_BITS, 1e3}, {"Mbit", FLEET_RATE_BITS, 1e6},
		{"Gbit", FLEET_RATE_BITS, 1e9}};
	char *end;

	if (strcmp(value, "max") == 0) {
		o->rate_kind = FLEET_RATE_MAX;
		return 0;
	}
	double n = strtod(value, &end);
	for (size_t i = 0; end != value && n > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		o->rate_kind = units[i].kind;
		o->rate = n * units[i].factor;
		return o->rate <= 1e12 ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int take_no_huge(struct fleet_options *o, const char *value)
{
	o->hugepages = false;
	return 0;
}

// One number at most: it goes to snprintf() as a format.
static int take_user(struct fleet_options *o, const char *value)
{
	unsigned int n = 0;

	if (!*value || strlen(value) >= sizeof(o->user))
		return -EINVAL;
	for (const char *p = value; *p; p++) {
		if (*p != '%')
			continue;
		for (p++; isdigit((unsigned char)*p); p++)
			;
		if ((*p != 'd' && *p != 'u') || ++n > 1)
			return -EINVAL;
	}
	strcpy(o->user, value);
	return 0;
}

// ---- the table

#define FIELD(member) \
	offsetof(struct fleet_options, member), sizeof(((struct fleet_options *)0)->member)

static const struct option_row rows[] = {
	{"outside", "DEV", "port to adit's outside: vdev:..., pci:..., interface:NAME", OTHER,
		.take = take_outside},
	{"inside", "DEV", "port to adit's inside", OTHER, .take = take_inside},
	{"cpu", "N", "CPU of the fleet's one lane (0)", NUMBER, FIELD(cpu), 0, 1023},
	{"hugepages", NULL, "packets in hugepages", FLAG, FIELD(hugepages)},
	{"no-huge", NULL, "packets in pages of 4 KiB (default)", OTHER, .take = take_no_huge},
	{"memory-mb", "N", "DPDK's memory (128)", NUMBER, FIELD(memory_mb), 32, 65536},
	{"server", "IP", "listen address of adit; may be repeated", OTHER, .take = take_server},
	{"gateway", "IP/LEN", "the fleet's own outside address, a router to the sources", OTHER,
		.take = take_gateway},
	{"sources", "PREFIX", "outer addresses of the clients, behind the gateway", OTHER,
		.take = take_sources},
	{"inside-address", "IP/LEN", "the fleet's own inside address: the host behind adit", OTHER,
		.take = take_inside_address},
	{"adit-inside", "IP", "adit's inside address, the way to the clients' inner ones", OTHER,
		.take = take_adit_inside},
	{"clients", "N", "calls (1)", NUMBER, FIELD(n_clients), 1, FLEET_CLIENTS_MAX},
	{"calls-per-tunnel", "K", "calls in one control connection (1)", NUMBER,
		FIELD(calls_per_tunnel), 1, 4096},
	{"tunnels-per-source", "T", "control connections of one address (1)", NUMBER,
		FIELD(tunnels_per_source), 1, 50000},
	{"user", "TEMPLATE", "user name, with one %d for the number (u%04d)", OTHER,
		.take = take_user},
	{"users", "M", "numbers of users: client modulo M (1)", NUMBER, FIELD(n_users), 1,
		FLEET_CLIENTS_MAX},
	{"password", "P", "of all users (fleet)", TEXT, FIELD(password)},
	{"dial-rate", "R", "set-ups begun a second, 0: no limit (0)", REAL, FIELD(dial_rate), 0,
		1e6},
	{"dial-parallel", "P", "set-ups under way at most (256)", NUMBER, FIELD(dial_parallel), 1,
		FLEET_CLIENTS_MAX},
	{"tcp", "own|kernel", "whose TCP carries PPTP (own)", OTHER, .take = take_tcp},
	{"mppe", "128|56|40|none", "strength of encryption (128)", OTHER, .take = take_mppe},
	{"stateful", NULL, "stateful MPPE", FLAG, FIELD(is_stateful)},
	{"crypto", "sw|null", "null leaves packets as they are: adit must too (sw)", OTHER,
		.take = take_crypto},
	{"duration", "S", "seconds of traffic, 0: none (0)", REAL, FIELD(duration_s), 0, 1e6},
	{"rate", "RATE", "of all clients and each direction: 2.5Mpps, 1Gbit, max (max)", OTHER,
		.take = take_rate},
	{"sizes", "BYTES|imix", "of inner packets, 64 to 1496 (1400)", OTHER, .take = take_sizes},
	{"direction", "up|down|both", "up is from the clients (both)", OTHER,
		.take = take_direction},
	{"check", "all|headers", "of the payload (all)", OTHER, .take = take_check},
	{"window-pkts", "N", "rate max: on their way at most, each direction (512)", NUMBER,
		FIELD(window_pkts), 0, 65535},
	{"prepare", "MB", "memory for packets up made and encrypted before the traffic (0)", NUMBER,
		FIELD(prepare_mb), 0, 262144},
	{"loss", "P", "share of the packets up that gets lost", SHARE, FIELD(loss)},
	{"reorder", "P", "share that is overtaken", SHARE, FIELD(reorder)},
	{"damage", "P", "share in which a bit falls over", SHARE, FIELD(damage)},
	{"allow-loss", "P", "share that may be missing beside that", SHARE, FIELD(allow_loss)},
	{"seed", "N", "of all chance", NUMBER, FIELD(seed), 0, 1e15},
	{"extra", "M", "clients that dial while traffic goes on", NUMBER, FIELD(n_extra), 0,
		FLEET_CLIENTS_MAX},
	{"extra-rate", "R", "set-ups of these a second, 0: no limit (0)", REAL, FIELD(extra_rate),
		0, 1e6},
	{"hold", "S", "seconds between traffic and hanging up", REAL, FIELD(hold_s), 0, 1e6},
	{"progress", "S", "seconds between lines of progress (off)", REAL, FIELD(progress_s), 0,
		1e6},
	{"json", "FILE", "the report as JSON", TEXT, FIELD(json)},
	{"export-keys", "FILE", "the calls' keys as soon as all are up (mkpcap)", TEXT,
		FIELD(export_keys)},
	{"no-hangup", NULL, "end without a word to adit", FLAG, FIELD(no_hangup)},
	{"attended", NULL,
		"wait for a line from stdin (or its end) before dialling, and after the report",
		FLAG, FIELD(is_attended)},
	{"help", NULL, "this text", NOTHING},
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static void print_help(const char *program)
{
	printf("Dials many PPTP clients at once, offers traffic, checks all of it, hangs up, "
	       "reports.\n"
	       "Usage: %s --outside DEV --inside DEV --server IP --gateway IP/LEN --sources "
	       "PREFIX\n"
	       "       --inside-address IP/LEN --adit-inside IP [OPTION]...\n\n",
		program);
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
			rows[i].value ? rows[i].value : "");
		printf("  %-26s %s\n", left, rows[i].help);
	}
	puts("\nExit status: 0 all came up, nothing was wrong or lost and all ended cleanly; 1 not "
	     "so;\n"
	     "2 it could not start.");
}

static int take_number(struct fleet_options *o, const struct option_row *row, const char *value)
{
	void *field = (char *)o + row->offset;
	double max = row->kind == SHARE ? 1 : row->max;
	char *end;
	double v = strtod(value, &end);

	if (end == value || *end || !(v >= row->min && v <= max))
		return -EINVAL;
	if (row->kind != NUMBER) {
		*(double *)field = v;
		return 0;
	}
	if (v != (double)(uint64_t)v)
		return -EINVAL;
	if (row->size == sizeof(uint64_t))
		*(uint64_t *)field = (uint64_t)v;
	else
		*(uint32_t *)field = (uint32_t)v;
	return 0;
}

static int take(struct fleet_options *o, const struct option_row *row, const char *value)
{
	char *field = (char *)o + row->offset;

	switch (row->kind) {
	case NOTHING:
		return 0;
	case FLAG:
		*(bool *)field = true;
		return 0;
	case NUMBER:
	case REAL:
	case SHARE:
		return take_number(o, row, value);
	case TEXT:
		if (!*value || strlen(value) >= row->size)
			return -EINVAL;
		strcpy(field, value);
		return 0;
	case OTHER:
		return row->take(o, value);
	}
	return -EINVAL;
}

static int fail(const char *what)
{
	fprintf(stderr, "fleet: %s\n", what);
	return -EINVAL;
}

// What no option can know alone.
static int check(const struct fleet_options *o)
{
	int error = 0;

	if (!o->outside.device[0])
		error = fail("--outside is missing");
	if (!o->inside.device[0])
		error = fail("--inside is missing");
	if (o->n_servers == 0)
		error = fail("--server is missing");
	if (!o->gateway_be)
		error = fail("--gateway is missing");
	if (!o->sources_n)
		error = fail("--sources is missing");
	if (!o->inside_be)
		error = fail("--inside-address is missing");
	if (!o->adit_inside_be)
		error = fail("--adit-inside is missing");
	if (error)
		return error;
	uint64_t per_source = (uint64_t)o->calls_per_tunnel * o->tunnels_per_source;
	uint64_t n = (uint64_t)o->n_clients + o->n_extra;

	if (n > FLEET_CLIENTS_MAX)
		return fail("--clients and --extra are more than 65535 together");
	if (per_source > 65535)
		return fail("--calls-per-tunnel times --tunnels-per-source is more than the 65535 "
			    "Call IDs "
			    "of an address");
	if ((n + per_source - 1) / per_source > o->sources_n)
		return fail("--sources has too few addresses for so many clients");
	if (o->loss + o->reorder + o->damage > 1)
		return fail("--loss, --reorder and --damage are more than all packets together");
	if (o->tcp == FLEET_TCP_KERNEL && o->outside.kind != FLEET_DEVICE_INTERFACE)
		return fail("--tcp kernel needs --outside interface:NAME, whose namespace has the "
			    "sources");
	return 0;
}

int fleet_options_get(struct fleet_options *o, int argc, char **argv)
{
	struct option longs[N_ROWS + 1] = {0};
	int at, error = 0;

	*o = (struct fleet_options){
		.memory_mb = 128,
		.n_clients = 1,
		.calls_per_tunnel = 1,
		.tunnels_per_source = 1,
		.user = "u%04d",
		.n_users = 1,
		.password = "fleet",
		.dial_parallel = 256,
		.mppe = MPPE_STRENGTH_128,
		.size_bytes = 1400,
		.direction = FLEET_BOTH,
		.seed = 1,
		.argc = argc,
		.argv = argv,
	};
	for (size_t i = 0; i < N_ROWS; i++)
		longs[i] = (struct option){rows[i].name,
			rows[i].value ? required_argument : no_argument, NULL, (int)i};
	while ((at = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (at == '?') { // told by getopt_long()
			error = -EINVAL;
			continue;
		}
		if (rows[at].kind == NOTHING) {
			print_help(argv[0]);
			return 1;
		}
		if (take(o, &rows[at], optarg) == 0)
			continue;
		fprintf(stderr, "fleet: --%s %s: not a value that it takes (%s)\n", rows[at].name,
			optarg ? optarg : "", rows[at].help);
		error = -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr, "fleet: %s: not an option\n", argv[optind]);
		error = -EINVAL;
	}
	return error ? error : check(o);
}

const char *fleet_mppe_name(enum mppe_strength strength)
{
	for (const struct word *w = mppe_words; w->word; w++)
		if (w->value == (int)strength)
			return w->word;
	return "?";
}
