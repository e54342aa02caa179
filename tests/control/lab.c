// SPDX-License-Identifier: BSD-3-Clause
#include "control/lab.h"

#include "conf/load.h"
#include "drivers/drivers.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char config_text[] =
	"name = \"lab\";\n"
	"lanes = { workers = [1, 2]; };\n"
	"ports = ( { name = \"outside\"; device = \"interface:eth9\"; role = \"outside\"; },\n"
	"          { name = \"inside\"; device = \"interface:eth8\"; role = \"inside\"; } );\n"
	"listen = { addresses = [\"192.0.2.1\"]; };\n"
	"ppp = { restart_ms = 100; };\n"
	"pools = ( { name = \"p\"; range = \"10.9.0.1-10.9.0.20\"; server = \"10.9.0.254\";\n"
	"            dns = [\"10.9.0.53\"]; } );\n"
	"users = ( { name = \"alice\"; password = \"secret\"; },\n"
	"          { name = \"bob\"; password = \"other\"; } );\n";

static struct rte_mempool *shared_pool;

// A test cannot go on without it.
static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "the lab has no %s\n", what);
	abort();
}

static void start_eal(void)
{
	char prefix[64];
	char *args[] = {"control", "--no-huge", "--no-shconf", "--no-pci", "-m", "128",
		"--no-telemetry", "--lcores", "0", "--log-level", "error", "--file-prefix", prefix,
		NULL};

	if (shared_pool)
		return;
	// As the program does, before there is a thread: control takes them by descriptor.
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	need(sigprocmask(SIG_BLOCK, &set, NULL) == 0, "signal mask");
	snprintf(prefix, sizeof(prefix), "adit-control-%d", (int)getpid());
	need(rte_eal_init((int)RTE_DIM(args) - 1, args) >= 0, "EAL");
	shared_pool = rte_pktmbuf_pool_create("lab", LAB_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	need(shared_pool != NULL, "packet pool");
}

unsigned int lab_count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

// ---- open and close -----------------------------------------------------------------------------

static uint16_t free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		abort();
	close(fd);
	return ntohs(at.sin_port);
}

static void open_config(struct lab *lab, void (*change)(struct config *c))
{
	struct config_errors *errors = calloc(1, sizeof(*errors));

	lab->config = config_new();
	int rc = config_load_text(config_text, "lab", lab->config, errors);
	if (rc != 0)
		config_errors_print(errors, stderr);
	free(errors);
	need(rc == 0, "configuration");
	// No configuration file may say this one.
	lab->config->listen_be[0] = htonl(INADDR_LOOPBACK);
	lab->config->tcp_port = free_port();
	snprintf(
		lab->socket_path, sizeof(lab->socket_path), "/tmp/adit-lab-%d.sock", (int)getpid());
	snprintf(
		lab->config->socket_path, sizeof(lab->config->socket_path), "%s", lab->socket_path);
	if (change)
		change(lab->config);
}

static void open_worker(struct lab *lab, unsigned int i)
{
	char name[32];

	snprintf(name, sizeof(name), "commands-%u", i);
	// No smaller than what a turn of control may say: frames that find it full are dropped.
	lab->links[i].commands = lane_ring_new_commands(name, 512, 0);
	snprintf(name, sizeof(name), "events-%u", i);
	lab->links[i].events = lane_ring_new_events(name, 1024, 0);
	snprintf(name, sizeof(name), "exceptions-%u", i);
	lab->links[i].exceptions = lane_ring_new_events(name, 64, 0);
	lab->links[i].wake = &lab->wake;
	need(session_table_init(&lab->tables[i], LAB_SLOTS, SOCKET_ID_ANY, true, true, true) == 0,
		"session table");
	if (config_has_tenant_rates(lab->config))
		need(session_table_add_tenants(&lab->tables[i], LIMIT_TENANTS, SOCKET_ID_ANY) == 0,
			"rates of tenants");
	lab->table_list[i] = &lab->tables[i];
	lab->counter_list[i] = &lab->counters[i];
}

// Engines that have nothing to do, unless a test writes to their counters.
static void open_crypto(struct lab *lab)
{
	lab->crypto = (struct crypto_view){
		.driver = "ism",
		.engine_driver = "sw",
		.sha1 = "c",
		.tsc_hz = 1e9,
		.n_workers = LAB_WORKERS,
		.n_engines = LAB_ENGINES,
		.engine_cpus = {6, 7},
		.queue = 256,
	};
	for (unsigned int i = 0; i < LAB_WORKERS; i++) {
		lab->crypto.workers[i] = &lab->worker_crypto[i];
		for (unsigned int k = 0; k < LAB_ENGINES; k++)
			lab->crypto.channels[i][k] = &lab->channels[i][k];
	}
	for (unsigned int i = 0; i < LAB_ENGINES; i++)
		lab->crypto.engines[i] = &lab->engine_crypto[i];
}

void lab_open(struct lab *lab, void (*change)(struct config *c))
{
	lab_open_with(lab, change, drivers_find_aaa("local"));
}

static void note_stopping(void *context)
{
	((struct lab *)context)->n_stopping++;
}

static void note_second(void *context)
{
	((struct lab *)context)->n_seconds++;
}

void lab_open_with(struct lab *lab, void (*change)(struct config *c), const struct aaa_driver *aaa)
{
	memset(lab, 0, sizeof(*lab));
	start_eal();
	TAILQ_INIT(&lab->clients);
	lab->pool = shared_pool;
	lab->n_mbufs = rte_mempool_in_use_count(lab->pool);
	lab->n_descriptors = lab_count_descriptors();
	open_config(lab, change);
	log_open(&lab->log, LOG_TARGET_STDERR, LOG_LEVEL_DEBUG, "lab");
	// The history is what tests look at; ADIT_LAB_LOG shows the log as well.
	if (!getenv("ADIT_LAB_LOG"))
		lab->log.fd = lab->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	lab->log.events = event_log_new();
	need(lane_wake_init(&lab->wake) == 0, "eventfd");
	for (unsigned int i = 0; i < LAB_WORKERS; i++)
		open_worker(lab, i);
	open_crypto(lab);
	lab->lanes.tsc_hz = 1e9;
	lab->owners = owner_map_new(lab->config->listen_be, lab->config->n_listen);
	const struct control_config config = {
		.config = lab->config,
		.log = &lab->log,
		.pool = lab->pool,
		.n_workers = LAB_WORKERS,
		.links = lab->links,
		.sessions = lab->table_list,
		.counters = lab->counter_list,
		.crypto = &lab->crypto,
		.lanes = &lab->lanes,
		.wake = &lab->wake,
		.owners = lab->owners,
		.aaa = aaa,
		.stopping = note_stopping,
		.every_second = note_second,
		.context = lab,
	};
	need(control_new(&config, &lab->control) == 0, "control");
}

static void expect_no_owner(const struct lab *lab)
{
	for (uint32_t id = 0; id < LIMIT_CALL_IDS; id++)
		if (owner_map_call(lab->owners, 0, (uint16_t)id) != OWNER_NONE)
			EXPECT_EQ(-1, (int)id);
	for (uint32_t i = lab->config->pools[0].first; i <= lab->config->pools[0].last; i++)
		EXPECT_EQ(OWNER_NONE, owner_map_inner(lab->owners, 0, htonl(i)));
}

void lab_close(struct lab *lab)
{
	struct lab_client *c;

	while ((c = TAILQ_FIRST(&lab->clients)))
		lab_client_close(c);
	if (!lab->workers_sleep && !lab->is_stopped) {
		EXPECT_TRUE(lab_until(lab, lab_is_empty, NULL, 3000));
		EXPECT_EQ(0, lab_count_addresses(lab));
	}
	control_free(lab->control);
	expect_no_owner(lab);
	owner_map_free(lab->owners);
	for (unsigned int i = 0; i < LAB_WORKERS; i++) {
		lane_ring_free_commands(lab->links[i].commands);
		lane_ring_free_events(lab->links[i].events);
		lane_ring_free_events(lab->links[i].exceptions);
		session_table_fini(&lab->tables[i]);
	}
	lane_wake_fini(&lab->wake);
	event_log_free(lab->log.events);
	log_close(&lab->log);
	if (lab->null_fd > 0)
		close(lab->null_fd);
	config_free(lab->config);
	EXPECT_EQ(lab->n_mbufs, rte_mempool_in_use_count(lab->pool));
	EXPECT_EQ(lab->n_descriptors, lab_count_descriptors());
	EXPECT_NE(0, access(lab->socket_path, F_OK));
}

// ---- the workers --------------------------------------------------------------------------------

struct lab_session *lab_find_session(struct lab *lab, uint64_t id)
{
	uint8_t worker = session_id_worker(id);
	uint32_t slot = session_id_slot(id);

	if (worker >= LAB_WORKERS || slot >= LAB_SLOTS || lab->sessions[worker][slot].id != id)
		return NULL;
	return &lab->sessions[worker][slot];
}

void lab_put_event(struct lab *lab, const struct lane_event *e)
{
	struct lane_links *links = &lab->links[e->worker];

	ASSERT_TRUE(lane_ring_put_event(links->events, e));
	lane_wake_kick(links->wake);
}

// Who asked for this call. Clients may choose the same Call ID: the one that has no session yet.
static struct lab_client *find_caller(struct lab *lab, uint16_t peer_call_id)
{
	struct lab_client *c, *best = NULL;

	TAILQ_FOREACH(c, &lab->clients, in_all)
	if (c->call_id == peer_call_id && (!best || !lab_find_session(lab, c->session_id)))
		best = c;
	return best;
}

static struct lab_client *find_client(struct lab *lab, uint64_t session_id)
{
	struct lab_client *c;

	TAILQ_FOREACH(c, &lab->clients, in_all)
	if (c->session_id == session_id)
		return c;
	return NULL;
}

static void take_frame(struct lab *lab, const struct lab_session *s, const struct lane_command *k)
{
	struct lab_client *c = find_client(lab, s->id);

	if (c && !lab->loses_frames)
		lab_client_take_frame(c, k->protocol,
			span_of(rte_pktmbuf_mtod(k->packet, const void *),
				rte_pktmbuf_data_len(k->packet)));
	rte_pktmbuf_free(k->packet);
}

static void add_session(struct lab *lab, uint8_t worker, const struct lane_command *k)
{
	uint32_t slot = session_id_slot(k->session_id);
	struct lab_session *s = &lab->sessions[worker][slot];
	struct lab_client *c = find_caller(lab, k->add.peer_call_id);

	EXPECT_EQ(worker, session_id_worker(k->session_id));
	EXPECT_EQ(SESSION_ID_NONE, s->id); // the slot is free
	*s = (struct lab_session){.id = k->session_id, .add = k->add};
	lab->tables[worker].slots[slot].id = k->session_id;
	if (c)
		c->session_id = k->session_id;
}

static void delete_session(struct lab *lab, uint8_t worker, struct lab_session *s)
{
	struct session *slot = &lab->tables[worker].slots[session_id_slot(s->id)];
	const struct lane_event gone = {
		.kind = LANE_GONE,
		.worker = worker,
		.session_id = s->id,
		.totals = {.up_pkts = slot->counters.up_pkts, .up_bytes = slot->counters.up_bytes},
	};

	memset(slot, 0, sizeof(*slot));
	s->id = SESSION_ID_NONE;
	lab->n_gone++;
	lab_put_event(lab, &gone);
}

static void obey(struct lab *lab, uint8_t worker, const struct lane_command *k)
{
	struct lab_session *s = lab_find_session(lab, k->session_id);

	EXPECT_TRUE(s != NULL || k->kind == COMMAND_SESSION_ADD);
	if (!s && k->kind != COMMAND_SESSION_ADD)
		return;
	switch (k->kind) {
	case COMMAND_SESSION_ADD:
		add_session(lab, worker, k);
		break;
	case COMMAND_SESSION_LINK:
		s->has_link = true;
		s->link = k->link;
		break;
	case COMMAND_SESSION_KEYS:
		s->has_keys = true;
		s->keys = k->keys.start;
		break;
	case COMMAND_SESSION_ENCRYPT:
		EXPECT_TRUE(!k->on || s->has_keys);
		s->encrypts = k->on;
		break;
	case COMMAND_SESSION_POLICY:
		s->policy = k->policy;
		s->n_policies++;
		s->had_policy_first |= !s->is_open;
		break;
	case COMMAND_SESSION_OPEN:
		EXPECT_TRUE(!k->open.on || s->encrypts || !k->open.require_encryption);
		s->open = k->open;
		s->is_open = k->open.on;
		s->inner_be = k->open.inner_be;
		break;
	case COMMAND_SESSION_DELETE:
		delete_session(lab, worker, s);
		break;
	case COMMAND_SEND_PPP:
		s->n_frames++;
		take_frame(lab, s, k);
		break;
	case COMMAND_SESSION_FLUSH:
		s->n_flushes++;
		break;
	case COMMAND_SEND_IP:
		s->n_packets++;
		s->packet_len = rte_pktmbuf_data_len(k->packet);
		if (s->packet_len <= sizeof(s->packet))
			memcpy(s->packet, rte_pktmbuf_mtod(k->packet, uint8_t *), s->packet_len);
		else
			EXPECT_EQ(0, (int)s->packet_len);
		rte_pktmbuf_free(k->packet);
		break;
	case COMMAND_TENANT_RATE:
	case COMMAND_SEND_FRAME:
	case COMMAND_INJECT:
	case COMMAND_ACLS:
	case COMMAND_TABLE:
		EXPECT_EQ(-1, (int)k->kind); // there are no ports
		break;
	}
}

static void take_tenant_rate(
	struct lab *lab, uint8_t worker, const struct command_tenant_rate *rate)
{
	lab->tenant_rates[worker][rate->tenant % LAB_TENANTS] = *rate;
	lab->n_tenant_rates++;
}

// Of a test that has made a port.
static void take_port_frame(struct lab *lab, struct rte_mbuf *m)
{
	lab->n_port_frames++;
	lab->port_frame_len = RTE_MIN(rte_pktmbuf_data_len(m), sizeof(lab->port_frame));
	memcpy(lab->port_frame, rte_pktmbuf_mtod(m, uint8_t *), lab->port_frame_len);
	rte_pktmbuf_free(m);
}

static void take_acls(struct lab *lab, uint8_t worker, struct acl_set *acls)
{
	const struct lane_event e = {
		.kind = LANE_ACLS_RETIRED, .worker = worker, .acls = lab->acls[worker]};

	lab->acls[worker] = acls;
	lab_put_event(lab, &e);
}

static void worker_turn(struct lab *lab, uint8_t worker)
{
	struct lane_command k;

	while (!lab->workers_sleep && lane_ring_take_command(lab->links[worker].commands, &k)) {
		counter_add(&lab->counters[worker].commands, 1);
		if (k.kind == COMMAND_ACLS)
			take_acls(lab, worker, k.acls);
		else if (k.kind == COMMAND_TENANT_RATE)
			take_tenant_rate(lab, worker, &k.tenant_rate);
		else if (k.kind == COMMAND_SEND_FRAME)
			take_port_frame(lab, k.packet);
		else
			obey(lab, worker, &k);
	}
}

// ---- turns --------------------------------------------------------------------------------------

void lab_turn(struct lab *lab)
{
	struct lab_client *c, *next;

	if (!lab->is_stopped) {
		int rc = control_turn(lab->control, 1);
		lab->is_stopped = rc == 0;
		EXPECT_GE(rc, 0);
	}
	for (uint8_t i = 0; i < LAB_WORKERS; i++)
		worker_turn(lab, i);
	for (c = TAILQ_FIRST(&lab->clients); c; c = next) {
		next = TAILQ_NEXT(c, in_all);
		lab_client_turn(c);
	}
}

bool lab_until(
	struct lab *lab, bool (*holds)(struct lab *lab, void *context), void *context, int ms)
{
	uint64_t end = loop_clock_ns() + (uint64_t)ms * 1000000;

	while (!holds(lab, context)) {
		if (loop_clock_ns() > end)
			return false;
		lab_turn(lab);
	}
	return true;
}

void lab_run(struct lab *lab, int ms)
{
	uint64_t end = loop_clock_ns() + (uint64_t)ms * 1000000;

	while (loop_clock_ns() < end)
		lab_turn(lab);
}

void lab_skip(struct lab *lab, int ms)
{
	for (; ms > 0; ms -= LAB_SKIP_MS) {
		lab->control->loop.ahead_ns += LAB_SKIP_MS * UINT64_C(1000000);
		lab_turn(lab);
	}
}

bool lab_is_empty(struct lab *lab, void *unused)
{
	return lab_count_connections(lab) == 0 && lab_count_calls(lab) == 0;
}

// ---- looking ------------------------------------------------------------------------------------

unsigned int lab_count_events(const struct lab *lab, enum event_kind kind, const char *text)
{
	const struct event_history *h = &lab->log.events->history;
	unsigned int n = 0;

	for (uint64_t seq = event_history_first(h); seq < h->next_seq; seq++) {
		const struct event_record *r = event_history_get(h, seq);
		n += r && r->kind == kind && strstr(r->text, text);
	}
	return n;
}

unsigned int lab_count_ends(const struct lab *lab, const char *text)
{
	return lab_count_events(lab, EVENT_DOWN, text) +
	       lab_count_events(lab, EVENT_CALL_FAILED, text);
}

unsigned int lab_count_calls(const struct lab *lab)
{
	return placement_count(&lab->control->placement);
}

unsigned int lab_count_connections(const struct lab *lab)
{
	return lab->control->n_conns;
}

unsigned int lab_count_addresses(const struct lab *lab)
{
	const struct control *c = lab->control;
	unsigned int n = 0;

	for (uint16_t i = 0; i < c->n_pools; i++)
		n += c->pools[i].n_usable - c->pools[i].n_free;
	return n;
}

// ---- the operator -------------------------------------------------------------------------------

static void collect(struct lab *lab, int fd, char *raw, size_t cap)
{
	uint64_t end = loop_clock_ns() + UINT64_C(5000000000);
	size_t len = 0;

	while (loop_clock_ns() < end) {
		lab_turn(lab);
		ssize_t n = recv(fd, raw + len, cap - 1 - len, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	raw[len] = '\0';
}

int lab_ask(struct lab *lab, const char *line, char *text, size_t cap)
{
	static char raw[1 << 20];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), code = -1, used;
	const char *p = raw;
	size_t n, len = 0;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", lab->socket_path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
		close(fd);
		return -errno;
	}
	collect(lab, fd, raw, sizeof(raw));
	close(fd);
	text[0] = '\0';
	while (sscanf(p, "out %zu%n", &n, &used) == 1 || sscanf(p, "err %zu%n", &n, &used) == 1) {
		p += used + 1;
		size_t part = n < cap - 1 - len ? n : cap - 1 - len;
		memcpy(text + len, p, part);
		len += part;
		text[len] = '\0';
		p += n;
	}
	return sscanf(p, "end %d\n", &code) == 1 ? code : -EPROTO;
}
