// SPDX-License-Identifier: BSD-3-Clause
// mkpcap: a capture of PPTP GRE traffic whose MPPE is right for given keys, for packet generators that replay one.
//
// A server takes each GRE number and each MPPE count of a session once, and only forward. So a capture fits
// sessions whose keys and numbers are those of its key file, and fits them once: set them up anew, or make a
// capture that begins where the last one ended (--write-keys).
#include "perf/bench.h"
#include "perf/gre_maker.h"
#include "perf/pcap_writer.h"

#include "drivers/drivers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { SESSIONS_MAX = 65535, PACKETS_MAX = 100000000 };

struct options {
	const char *keys, *write_keys, *out;
	unsigned long sessions, count, seed, pps;
	const char *sizes;
	struct session_keys sample; // of sessions that are made up
	struct gre_maker_options maker;
};

static void print_usage(FILE *out)
{
	fputs("usage: mkpcap (--keys FILE | --sessions N) --out FILE [OPTION]...\n"
	      "\n"
	      "  --keys FILE          sessions with their keys (perf/session_keys.h); 'fleet "
	      "--export-keys' writes one\n"
	      "  --sessions N         make up N sessions instead; --write-keys says which\n"
	      "  --seed N             of those (1)\n"
	      "  --mppe 128|56|40|none, --stateful   of those (128, stateless)\n"
	      "  --write-keys FILE    the sessions as they are after the capture, for the next "
	      "one\n"
	      "  --out FILE           the capture (classic pcap, Ethernet)\n"
	      "  --direction up|down|inside   from the clients (up); from the server; in the clear "
	      "to the clients\n"
	      "  --sizes NAME         inner packets: 64, 256, 576, 1400 or imix (1400)\n"
	      "  --count N            packets in all, one of each session in turn (1000)\n"
	      "  --acks               acknowledge what the key file says was received\n"
	      "  --pps N              what the time stamps say (1000000)\n"
	      "  --source-mac MAC, --destination-mac MAC   (02:00:00:00:00:01, "
	      "02:00:00:00:00:02)\n",
		out);
}

__attribute__((noreturn)) static void end_with(const char *what, const char *why)
{
	fprintf(stderr, "mkpcap: %s: %s\n", what, why);
	exit(2);
}

static unsigned long number_of(const char *option, const char *text, unsigned long most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || text[0] == '-' || value > most || value == 0)
		end_with(option, "wants a number above 0 that is not too large");
	return value;
}

static void mac_of(const char *option, const char *text, uint8_t mac[6])
{
	char rest;

	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%c", &mac[0], &mac[1], &mac[2], &mac[3],
		    &mac[4], &mac[5], &rest) != 6)
		end_with(option, "wants a MAC address like 02:00:00:00:00:01");
}

static enum gre_maker_direction direction_of(const char *text)
{
	if (strcmp(text, "up") == 0)
		return GRE_MAKER_UP;
	if (strcmp(text, "down") == 0)
		return GRE_MAKER_DOWN;
	if (strcmp(text, "inside") != 0)
		end_with("--direction", "is up, down or inside");
	return GRE_MAKER_INSIDE;
}

static enum mppe_strength strength_of(const char *text)
{
	if (strcmp(text, "none") == 0)
		return MPPE_STRENGTH_NONE;
	unsigned long bits = number_of("--mppe", text, 128);
	if (bits != 128 && bits != 56 && bits != 40)
		end_with("--mppe", "is 128, 56, 40 or none");
	return (enum mppe_strength)bits;
}

static void take_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'k':
		o->keys = value;
		break;
	case 'n':
		o->sessions = number_of("--sessions", value, SESSIONS_MAX);
		break;
	case 's':
		o->seed = number_of("--seed", value, UINT32_MAX);
		break;
	case 'm':
		o->sample.mode.strength = strength_of(value);
		break;
	case 'f':
		o->sample.mode.is_stateless = false;
		break;
	case 'w':
		o->write_keys = value;
		break;
	case 'o':
		o->out = value;
		break;
	case 'd':
		o->maker.direction = direction_of(value);
		break;
	case 'z':
		o->sizes = value;
		break;
	case 'c':
		o->count = number_of("--count", value, PACKETS_MAX);
		break;
	case 'a':
		o->maker.has_acks = true;
		break;
	case 'p':
		o->pps = number_of("--pps", value, 1000000000);
		break;
	case 'S':
		mac_of("--source-mac", value, o->maker.source_mac);
		break;
	case 'D':
		mac_of("--destination-mac", value, o->maker.destination_mac);
		break;
	case 'h':
		print_usage(stdout);
		exit(0);
	default:
		print_usage(stderr);
		exit(2);
	}
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {{"keys", 1, NULL, 'k'}, {"sessions", 1, NULL, 'n'},
		{"seed", 1, NULL, 's'}, {"mppe", 1, NULL, 'm'}, {"stateful", 0, NULL, 'f'},
		{"write-keys", 1, NULL, 'w'}, {"out", 1, NULL, 'o'}, {"direction", 1, NULL, 'd'},
		{"sizes", 1, NULL, 'z'}, {"count", 1, NULL, 'c'}, {"acks", 0, NULL, 'a'},
		{"pps", 1, NULL, 'p'}, {"source-mac", 1, NULL, 'S'},
		{"destination-mac", 1, NULL, 'D'}, {"help", 0, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		take_option(o, option, optarg);
	if (optind < argc)
		end_with(argv[optind], "is no option");
	if (!o->keys == !o->sessions)
		end_with("arguments", "one of --keys and --sessions is wanted");
	if (!o->out)
		end_with("arguments", "--out is wanted");
}

static uint32_t next_random(uint64_t *state)
{
	*state ^=
		*state << 13; // xorshift64: the sessions must be the same again with the same seed
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

// Sessions that nobody has set up: for reading, or for a server that is told the keys.
static struct session_keys *make_sessions(const struct options *o)
{
	struct session_keys *all = calloc(o->sessions, sizeof(*all));
	uint64_t random = 0x9e3779b97f4a7c15ULL * (o->seed + 1);

	if (!all)
		end_with("sessions", strerror(ENOMEM));
	for (unsigned long i = 0; i < o->sessions; i++) {
		struct session_keys *s = &all[i];

		*s = o->sample;
		s->client_be = htonl(0xc6130000 + 2 + (uint32_t)i); // 198.19.0.0/16
		s->server_be = htonl(0xc6120001);		    // 198.18.0.1
		s->inner_be = htonl(0x0a1e0000 + 10 + (uint32_t)i); // 10.30.0.0/16
		s->host_be = htonl(0x0a140002);			    // 10.20.0.2
		s->client_call_id = (uint16_t)(i + 1);
		s->server_call_id = (uint16_t)next_random(&random);
		for (unsigned int k = 0; k < mppe_key_len(s->mode.strength); k++) {
			s->up[k] = (uint8_t)next_random(&random);
			s->down[k] = (uint8_t)next_random(&random);
		}
	}
	return all;
}

static struct session_keys *read_sessions(struct options *o)
{
	struct session_keys_error error;
	struct session_keys *all;
	unsigned int n;
	FILE *in = fopen(o->keys, "r");

	if (!in)
		end_with(o->keys, strerror(errno));
	int rc = session_keys_read(in, &all, &n, &error);
	fclose(in);
	if (rc == -EBADMSG) {
		fprintf(stderr, "mkpcap: %s:%u: %s\n", o->keys, error.line, error.text);
		exit(2);
	}
	if (rc)
		end_with(o->keys, strerror(-rc));
	if (n == 0)
		end_with(o->keys, "holds no session");
	o->sessions = n;
	return all;
}

static const struct bench_load *find_load(const char *name)
{
	for (unsigned int i = 0; i < BENCH_LOADS; i++)
		if (strcasecmp(bench_loads[i].name, name) == 0)
			return &bench_loads[i];
	end_with("--sizes", "is 64, 256, 576, 1400 or imix");
}

static int write_packets(const struct options *o, struct gre_maker *makers)
{
	const struct bench_load *load = find_load(o->sizes);
	static uint8_t frame[GRE_MAKER_FRAME_BYTES];
	struct pcap_writer writer;
	int rc = pcap_writer_open(&writer, o->out);

	if (rc)
		end_with(o->out, strerror(-rc));
	for (unsigned long i = 0; !rc && i < o->count; i++) {
		size_t len = gre_maker_next(&makers[i % o->sessions], &o->maker,
			bench_load_len(load,
				(unsigned int)((i / o->sessions + i % o->sessions) % load->n_lens)),
			frame);

		rc = len ? pcap_writer_put(&writer, i * 1000000 / o->pps, frame, len) : -EIO;
	}
	int closed = pcap_writer_close(&writer);
	return rc ? rc : closed;
}

// Where each session stands after the capture.
static int write_keys(
	const struct options *o, struct session_keys *all, const struct gre_maker *makers)
{
	FILE *out = fopen(o->write_keys, "w");
	int rc = out ? 0 : -errno;

	for (unsigned long i = 0; !rc && i < o->sessions; i++) {
		if (o->maker.direction == GRE_MAKER_UP) {
			all[i].up_seq = makers[i].seq;
			all[i].up_count = makers[i].count;
		} else if (o->maker.direction == GRE_MAKER_DOWN) {
			all[i].down_seq = makers[i].seq;
			all[i].down_count = makers[i].count;
		}
		rc = session_keys_write(out, &all[i]);
	}
	if (out && fclose(out) != 0 && !rc)
		rc = -errno;
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.count = 1000,
		.seed = 1,
		.pps = 1000000,
		.sizes = "1400",
		.sample = {.mode = {MPPE_STRENGTH_128, true}, .acfc = true},
		.maker = {.source_mac = {2, 0, 0, 0, 0, 1},
			.destination_mac = {2, 0, 0, 0, 0, 2},
			.crypto = drivers_find_crypto("sw")}};
	const struct crypto_setup setup = {.depth = 1};

	parse(argc, argv, &o);
	struct session_keys *sessions = o.keys ? read_sessions(&o) : make_sessions(&o);
	struct gre_maker *makers = calloc(o.sessions, sizeof(*makers));
	int rc = makers ? o.maker.crypto->open(&setup, &o.maker.crypto_state) : -ENOMEM;
	if (rc)
		end_with("crypto", strerror(-rc));
	for (unsigned long i = 0; i < o.sessions; i++)
		gre_maker_init(&makers[i], &sessions[i], &o.maker);
	rc = write_packets(&o, makers);
	if (rc)
		fprintf(stderr, "mkpcap: %s: %s\n", o.out, strerror(-rc));
	if (!rc && o.write_keys && (rc = write_keys(&o, sessions, makers)) != 0)
		fprintf(stderr, "mkpcap: %s: %s\n", o.write_keys, strerror(-rc));
	for (unsigned long i = 0; i < o.sessions; i++)
		gre_maker_fini(&makers[i]);
	o.maker.crypto->close(o.maker.crypto_state);
	free(makers);
	session_keys_free(sessions, (unsigned int)o.sessions);
	return rc ? 1 : 0;
}
