// SPDX-License-Identifier: BSD-3-Clause
// blast: the ceiling of a transport. It sends frames by one port and takes them back by the other, as long as a
// client's packets and a host's would be, with nothing in them to make or to check: what a plain forwarder
// (dpdk-testpmd) does between the same two ports is the most that any program can do there. It speaks no
// PPTP, so it says nothing of adit.
//
// A closed loop: no more than --window frames are on their way in each direction, so neither side fills the other's
// rings only to throw away. What does not come back within 20 ms is counted as lost.
#include "perf/bench.h"
#include "perf/bench_json.h"

#include <errno.h>
#include <getopt.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OUTSIDE,
	INSIDE,
	N_PORTS,
	BURST = 32,
	DESCRIPTORS = 1024,
	N_MBUFS = 16383,
	ETHER_BYTES = 14,
	OUTER_BYTES = 20 + 16 + 5, // IPv4, GRE with number and ack, PPP and MPPE
	LOST_AFTER_MS = 20,
	CONNECT_S = 20,
	WARM_UP_S = 1,
};

struct options {
	const char *devices[N_PORTS];
	unsigned int cpu, memory_mb, window;
	double duration_s;
	bool has_hugepages, sends[N_PORTS]; // by this port
	const struct bench_load *load;
	const char *json;
};

// Frames from one port to the other.
struct stream {
	uint64_t n_sent, n_received, n_lost, bytes_received;
	uint64_t last; // TSC of the last that came
	unsigned int next;
};

struct blast {
	uint16_t ports[N_PORTS];
	struct rte_mempool *pool;
	struct stream streams[N_PORTS]; // by the port that sends
};

static volatile sig_atomic_t must_stop;

static void on_signal(int number)
{
	must_stop = 1;
}

// --- the command line -------------------------------------------------------------------------------

static const char usage[] =
	"usage: blast --outside DEV --inside DEV [OPTION]...\n"
	"\n"
	"  DEV                    vdev:net_...,ARGUMENTS or pci:0000:01:00.0\n"
	"  --cpu N                CPU to run on (0)\n"
	"  --hugepages|--no-huge  packets in hugepages (--no-huge)\n"
	"  --memory-mb N          of DPDK (128)\n"
	"  --sizes NAME           inner packets: 64, 256, 576, 1400 or imix (1400)\n"
	"  --direction up|down|both   from the outside, from the inside (both)\n"
	"  --window N             frames on their way in each direction (256)\n"
	"  --duration S           seconds that are counted, after one to warm up (5)\n"
	"  --json FILE            results\n";

__attribute__((noreturn)) static void end_with(const char *what, const char *why)
{
	fprintf(stderr, "blast: %s: %s\n", what, why);
	exit(2);
}

static double number_of(const char *option, const char *text, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || end == text || !(value >= 0) || value > most)
		end_with(option, "wants a number that is not too large");
	return value;
}

static const struct bench_load *load_of(const char *name)
{
	for (unsigned int i = 0; i < BENCH_LOADS; i++)
		if (strcasecmp(bench_loads[i].name, name) == 0)
			return &bench_loads[i];
	end_with("--sizes", "is 64, 256, 576, 1400 or imix");
}

static void take_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'o':
		o->devices[OUTSIDE] = value;
		break;
	case 'i':
		o->devices[INSIDE] = value;
		break;
	case 'c':
		o->cpu = (unsigned int)number_of("--cpu", value, 1023);
		break;
	case 'h':
		o->has_hugepages = true;
		break;
	case 'n':
		o->has_hugepages = false;
		break;
	case 'm':
		o->memory_mb = (unsigned int)number_of("--memory-mb", value, 1e6);
		break;
	case 's':
		o->load = load_of(value);
		break;
	case 'd':
		o->sends[OUTSIDE] = strcmp(value, "down") != 0;
		o->sends[INSIDE] = strcmp(value, "up") != 0;
		if (strcmp(value, "up") != 0 && strcmp(value, "down") != 0 &&
			strcmp(value, "both") != 0)
			end_with("--direction", "is up, down or both");
		break;
	case 'w':
		o->window = (unsigned int)number_of("--window", value, N_MBUFS / 4);
		break;
	case 't':
		o->duration_s = number_of("--duration", value, 3600);
		break;
	case 'j':
		o->json = value;
		break;
	case 'H':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {{"outside", 1, NULL, 'o'}, {"inside", 1, NULL, 'i'},
		{"cpu", 1, NULL, 'c'}, {"hugepages", 0, NULL, 'h'}, {"no-huge", 0, NULL, 'n'},
		{"memory-mb", 1, NULL, 'm'}, {"sizes", 1, NULL, 's'}, {"direction", 1, NULL, 'd'},
		{"window", 1, NULL, 'w'}, {"duration", 1, NULL, 't'}, {"json", 1, NULL, 'j'},
		{"help", 0, NULL, 'H'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		take_option(o, option, optarg);
	if (optind < argc)
		end_with(argv[optind], "is no option");
	if (!o->devices[OUTSIDE] || !o->devices[INSIDE])
		end_with("arguments", "--outside and --inside are wanted");
}

// --- EAL and ports ----------------------------------------------------------------------------------

static void start_eal(const struct options *o)
{
	char memory[16], prefix[64], cpu[24], devices[N_PORTS][512];
	char *args[24] = {"blast", "--no-shconf", "--no-telemetry", "--log-level", "error", "-m",
		memory, "--lcores", cpu, "--file-prefix", prefix};
	int n = 11;
	bool has_pci = false;

	snprintf(memory, sizeof(memory), "%u", o->memory_mb);
	snprintf(prefix, sizeof(prefix), "adit-blast-%d", (int)getpid());
	snprintf(cpu, sizeof(cpu), "0@%u", o->cpu);
	args[n++] = o->has_hugepages ? "--in-memory" : "--no-huge";
	for (int i = 0; i < N_PORTS; i++) {
		bool is_vdev = strncmp(o->devices[i], "vdev:", 5) == 0;

		if (!is_vdev && strncmp(o->devices[i], "pci:", 4) != 0)
			end_with(o->devices[i], "is neither vdev:... nor pci:...");
		has_pci |= !is_vdev;
		snprintf(devices[i], sizeof(devices[i]), "%s%s",
			is_vdev ? "--vdev=" : "--allow=", strchr(o->devices[i], ':') + 1);
		args[n++] = devices[i];
	}
	if (!has_pci)
		args[n++] = "--no-pci";
	if (rte_eal_init(n, args) < 0)
		end_with("EAL", "does not start");
}

static void start_port(struct blast *b, const struct options *o, int i)
{
	const struct rte_eth_conf conf = {0};
	const char *name = strchr(o->devices[i], ':') + 1;
	char device[256];
	uint16_t n_rx = DESCRIPTORS, n_tx = DESCRIPTORS;

	snprintf(device, sizeof(device), "%.*s", (int)strcspn(name, ","), name);
	if (rte_eth_dev_get_port_by_name(device, &b->ports[i]) != 0)
		end_with(device, "no such device");
	int rc = rte_eth_dev_configure(b->ports[i], 1, 1, &conf);
	if (!rc)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(b->ports[i], &n_rx, &n_tx);
	if (!rc)
		rc = rte_eth_rx_queue_setup(
			b->ports[i], 0, n_rx, (unsigned int)SOCKET_ID_ANY, NULL, b->pool);
	if (!rc)
		rc = rte_eth_tx_queue_setup(
			b->ports[i], 0, n_tx, (unsigned int)SOCKET_ID_ANY, NULL);
	if (!rc)
		rc = rte_eth_dev_start(b->ports[i]);
	if (rc)
		end_with(device, strerror(-rc));
	(void)rte_eth_promiscuous_enable(b->ports[i]); // what comes back is addressed to nobody
}

// A memif port has no link before both sides are there.
static bool wait_for_links(const struct blast *b)
{
	for (int ms = 0; ms < CONNECT_S * 1000 && !must_stop; ms += 10) {
		unsigned int n_up = 0;

		for (int i = 0; i < N_PORTS; i++) {
			struct rte_eth_link link = {0};

			(void)rte_eth_link_get_nowait(b->ports[i], &link);
			n_up += link.link_status == RTE_ETH_LINK_UP;
		}
		if (n_up == N_PORTS)
			return true;
		rte_delay_ms(10);
	}
	return false;
}

// --- the loop ---------------------------------------------------------------------------------------

static uint16_t frame_bytes(const struct options *o, struct stream *s, int port)
{
	uint16_t inner = o->load->lens[s->next];

	s->next = s->next + 1U < o->load->n_lens ? s->next + 1 : 0;
	return (uint16_t)(ETHER_BYTES + inner + (port == OUTSIDE ? OUTER_BYTES : 0));
}

static void send_some(struct blast *b, const struct options *o, int port)
{
	struct stream *s = &b->streams[port];
	uint64_t n_under_way = s->n_sent - s->n_received - s->n_lost;
	unsigned int n = BURST;
	struct rte_mbuf *mbufs[BURST];

	if (n_under_way >= o->window)
		return;
	if (o->window - n_under_way < n)
		n = (unsigned int)(o->window - n_under_way);
	if (rte_pktmbuf_alloc_bulk(b->pool, mbufs, n) != 0)
		return;
	for (unsigned int i = 0; i < n; i++)
		mbufs[i]->data_len = (uint16_t)(mbufs[i]->pkt_len = frame_bytes(o, s, port));
	unsigned int n_taken = rte_eth_tx_burst(b->ports[port], 0, mbufs, (uint16_t)n);
	if (n_taken < n)
		rte_pktmbuf_free_bulk(&mbufs[n_taken], n - n_taken);
	s->n_sent += n_taken;
}

static void receive_some(struct blast *b, int port, uint64_t now)
{
	struct stream *s = &b->streams[port == OUTSIDE ? INSIDE : OUTSIDE];
	struct rte_mbuf *mbufs[BURST];
	unsigned int n = rte_eth_rx_burst(b->ports[port], 0, mbufs, BURST);

	if (n == 0) {
		// Never found again by name, so all that is under way counts as lost together.
		if (now - s->last > bench_tsc_hz() * LOST_AFTER_MS / 1000) {
			s->n_lost = s->n_sent - s->n_received;
			s->last = now;
		}
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		s->bytes_received += mbufs[i]->pkt_len - ETHER_BYTES;
	rte_pktmbuf_free_bulk(mbufs, n);
	s->n_received += n;
	if (s->n_received + s->n_lost > s->n_sent)
		s->n_lost = s->n_sent - s->n_received; // they were only late
	s->last = now;
}

static double run(struct blast *b, const struct options *o, double seconds)
{
	uint64_t begin = bench_now_tsc(), now = begin;
	uint64_t end = begin + (uint64_t)(seconds * bench_tsc_hz());

	for (int i = 0; i < N_PORTS; i++)
		b->streams[i].last = begin;
	while (now < end && !must_stop) {
		for (int i = 0; i < N_PORTS; i++) {
			if (o->sends[i])
				send_some(b, o, i);
			receive_some(b, i, now);
		}
		now = bench_now_tsc();
	}
	return (double)(now - begin) / bench_tsc_hz();
}

// What came in a run: the difference to before it.
static void report(
	const struct options *o, const struct blast *b, const struct stream *before, double seconds)
{
	struct json j = {.out = o->json ? fopen(o->json, "w") : NULL};

	if (o->json && !j.out)
		end_with(o->json, strerror(errno));
	if (j.out) {
		json_open_object(&j, NULL);
		json_put_string(&j, "sizes", o->load->name);
		json_put_number(&j, "seconds", seconds);
		json_put_bool(&j, "hugepages", o->has_hugepages);
		json_open_array(&j, "streams");
	}
	for (int i = 0; i < N_PORTS; i++) {
		const struct stream *s = &b->streams[i];
		double n = (double)(s->n_received - before[i].n_received);
		double mean = bench_load_mean_bytes(o->load);

		if (!o->sends[i])
			continue;
		printf("%-4s %8.3f Mpps %8.3f Gbit/s of inner packets, %llu lost\n",
			i == OUTSIDE ? "up" : "down", n / seconds / 1e6,
			n * mean * 8 / seconds / 1e9,
			(unsigned long long)(s->n_lost - before[i].n_lost));
		if (!j.out)
			continue;
		json_open_object(&j, NULL);
		json_put_string(&j, "direction", i == OUTSIDE ? "up" : "down");
		json_put_number(&j, "pkts", n);
		json_put_number(&j, "mpps", n / seconds / 1e6);
		json_put_number(&j, "gbit_s", n * mean * 8 / seconds / 1e9);
		json_put_number(&j, "lost", (double)(s->n_lost - before[i].n_lost));
		json_close_object(&j);
	}
	if (!j.out)
		return;
	json_close_array(&j);
	json_close_object(&j);
	if (fclose(j.out) != 0)
		end_with(o->json, strerror(errno));
}

int main(int argc, char **argv)
{
	struct options o = {.memory_mb = 128,
		.window = 256,
		.duration_s = 5,
		.sends = {true, true},
		.load = load_of("1400")};
	static struct blast b;
	struct stream before[N_PORTS];

	parse(argc, argv, &o);
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGTERM, on_signal);
	start_eal(&o);
	(void)bench_tsc_hz(); // measured here, not in the loop
	b.pool = rte_pktmbuf_pool_create(
		"blast", N_MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!b.pool)
		end_with("packets", "no memory: --memory-mb");
	for (int i = 0; i < N_PORTS; i++)
		start_port(&b, &o, i);
	if (!wait_for_links(&b))
		end_with("ports", "no link");
	(void)run(&b, &o, WARM_UP_S);
	memcpy(before, b.streams, sizeof(before));
	double seconds = run(&b, &o, o.duration_s);
	report(&o, &b, before, seconds);
	bool came = true;
	for (int i = 0; i < N_PORTS; i++)
		came = came && (!o.sends[i] || b.streams[i].n_received > before[i].n_received);
	if (!came)
		fprintf(stderr, "blast: nothing came back\n");
	for (int i = 0; i < N_PORTS; i++) {
		(void)rte_eth_dev_stop(b.ports[i]);
		(void)rte_eth_dev_close(b.ports[i]);
	}
	(void)rte_eal_cleanup();
	return came && !must_stop ? 0 : 1;
}
