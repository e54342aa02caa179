// SPDX-License-Identifier: BSD-3-Clause
// What control commands. Each command gives at most one answer, and none is taken from the ring before
// there is room for its answer: so LANE_GONE and LANE_TABLE_RETIRED can wait, but not get lost.
#include "dataplane/lane.h"

#include "base/secret.h"
#include "wire/ppp.h"

_Static_assert(
	(int)LIMIT_LATE_PKTS <= (int)GRE_WINDOW_LATE_MAX, "the window remembers as far back");

static void add_gre(struct session *s, const struct command_session_add *c)
{
	gre_window_init(&s->gre, c->gre_jump_max, (uint64_t)c->ack_delay_us * 1000);
	s->gre.late_max = (uint8_t)RTE_MIN(c->late_pkts, LIMIT_LATE_PKTS);
	s->reorder.pkts_max = (uint8_t)RTE_MIN(c->reorder_pkts, LIMIT_REORDER_PKTS);
	s->reorder_us = c->reorder_us;
	s->reorders = s->reorder.pkts_max > 0;
	s->is_nat_loose = c->nat_loose;
	s->outer_first_be = c->outer_peer_be;
	s->limits_transmit = c->limit_transmit && c->peer_window > 0;
	if (!s->limits_transmit)
		return;
	s->flags |= SESSION_LONG_WAY;
	gre_transmit_init(&s->transmit, c->peer_window, c->peer_delay_us, c->ack_timeout_us);
}

static void add(struct worker *w, uint64_t id, const struct command_session_add *c)
{
	struct session_table *t = w->config.sessions;
	uint32_t slot = session_id_slot(id);

	if (id == SESSION_ID_NONE || slot >= t->n_slots || t->slots[slot].id != SESSION_ID_NONE) {
		counter_add(&lane_count(w)->stale_commands, 1);
		return;
	}
	struct session *s = &t->slots[slot];
	s->outer_local_be = c->outer_local_be;
	s->outer_peer_be = c->outer_peer_be;
	s->call_id = c->call_id;
	s->peer_call_id = c->peer_call_id;
	s->listen = c->listen % LIMIT_LISTEN_ADDRESSES;
	s->tenant = c->tenant;
	s->mtu = c->mtu;
	s->flags = c->require_encryption ? SESSION_REQUIRE_ENCRYPTION : 0;
	add_gre(s, c);
	mppe_sync_init(&s->rx_sync, true, c->mppe_jump_max);
	mppe_sync_init(&s->tx_sync, true, c->mppe_jump_max);
	t->n_used++;
	s->id = id;
}

static void set_flag(struct session *s, uint32_t flag, bool on)
{
	s->flags = on ? s->flags | flag : s->flags & ~flag;
}

static void set_link(struct session *s, const struct command_session_link *c)
{
	s->mtu = c->mtu;
	s->mss_max = c->mss_max;
	set_flag(s, SESSION_LINKED, true);
	set_flag(s, SESSION_SEND_PFC, c->send_pfc);
	set_flag(s, SESSION_SEND_ACFC, c->send_acfc);
}

// New keys, new counts. Keys of the stateful mode, where the configuration has no room for it, leave the
// session without any, and without data: its client takes the link for encrypted.
static void set_keys(struct worker *w, struct session *s, const struct command_session_keys *c)
{
	set_flag(s, SESSION_HAS_KEYS | SESSION_ENCRYPT | SESSION_QUIESCES | SESSION_TX_LOST, false);
	stage_park_forget(w, s);
	s->failures_in_a_row = 0;
	if (!session_table_set_keys(w->config.sessions, s, &c->receive, &c->send, &c->start)) {
		counter_add(&lane_count(w)->keys_refused, 1);
		set_flag(s, SESSION_REQUIRE_ENCRYPTION | SESSION_NEVER_CLEAR, true);
	}
	set_flag(s, SESSION_HAS_KEYS, s->rx_key.strength != MPPE_STRENGTH_NONE);
}

// Off: nothing passes to the client. What it still sends under the keys that it has is taken.
static void set_encrypt(struct session *s, bool on)
{
	set_flag(s, SESSION_ENCRYPT, on && s->tx_key.strength != MPPE_STRENGTH_NONE);
	// Once encrypted, never in the clear again, where policy allows that too: else whoever can
	// forge a packet of CCP could have it.
	if (s->flags & SESSION_ENCRYPT)
		set_flag(s, SESSION_REQUIRE_ENCRYPTION | SESSION_NEVER_CLEAR, true);
}

static void flush(struct worker *w, struct session *s)
{
	counter_add(&s->counters.resets_received, 1);
	mppe_sync_flush(&s->tx_sync, (enum mppe_flush)s->rx_sync.flush, w->now_ns);
}

// Tenant and encryption are the user's, who was not known when the session was added.
static void set_user(struct worker *w, struct session *s, const struct command_session_open *c)
{
	if (s->tenant != c->tenant)
		stage_flow_forget(w, s); // what waits is of the old one's networks
	s->tenant = c->tenant;
	set_flag(s, SESSION_REQUIRE_ENCRYPTION,
		c->require_encryption || s->flags & SESSION_NEVER_CLEAR);
}

static void set_open(struct worker *w, struct session *s, const struct command_session_open *c)
{
	if (c->on)
		set_user(w, s, c);
	else
		stage_flow_forget(w, s);
	s->inner_be = c->on ? c->inner_be : 0;
	set_flag(s, SESSION_OPEN, c->on);
	set_flag(s, SESSION_RELAY, c->on && c->relay_broadcasts);
	set_flag(s, SESSION_DHCP_INFORM, c->on && c->dhcp_inform);
	set_flag(s, SESSION_HAS_ROUTES, c->on && c->has_routes);
}

static void delete (struct worker *w, struct session *s, uint64_t id)
{
	struct lane_event gone = {.kind = LANE_GONE, .session_id = id};

	if (s) {
		const struct session_counters *c = &s->counters;
		stage_reorder_forget(w, s);
		stage_flow_forget(w, s);
		stage_park_forget(w, s);
		gone.totals = (struct lane_totals){
			.up_pkts = c->up_pkts,
			.up_bytes = c->up_bytes,
			.down_pkts = c->down_pkts,
			.down_bytes = c->down_bytes,
			.drops = c->drops,
			.lost = c->lost,
			.decrypt_failures = c->decrypt_failures,
			.clear_refused = c->clear_refused,
		};
		stage_ack_forget(w, s);
		stage_policy_forget(w, s);
		session_table_release(w->config.sessions, s);
	} else {
		counter_add(&lane_count(w)->stale_commands, 1);
	}
	(void)punt_event(w, &gone); // there is room: see worker_cmd_run()
}

static void session_command(struct worker *w, struct session *s, const struct lane_command *c)
{
	switch (c->kind) {
	case COMMAND_SESSION_LINK:
		set_link(s, &c->link);
		break;
	case COMMAND_SESSION_KEYS:
		set_keys(w, s, &c->keys);
		break;
	case COMMAND_SESSION_ENCRYPT:
		set_encrypt(s, c->on);
		break;
	case COMMAND_SESSION_OPEN:
		set_open(w, s, &c->open);
		break;
	case COMMAND_SESSION_POLICY:
		stage_policy_set(w, s, &c->policy);
		break;
	case COMMAND_SESSION_FLUSH:
		flush(w, s);
		break;
	case COMMAND_SESSION_ADD:
	case COMMAND_SESSION_DELETE:
	case COMMAND_SEND_IP:
	case COMMAND_SEND_PPP:
	case COMMAND_SEND_FRAME:
	case COMMAND_INJECT:
	case COMMAND_TABLE:
	case COMMAND_ACLS:
	case COMMAND_TENANT_RATE:
		break;
	}
}

// Flatten a packet of control's, so that the stages need not ask.
static struct pkt *take_packet(struct worker *w, struct rte_mbuf *m)
{
	if (!m)
		return NULL;
	if (rte_pktmbuf_linearize(m) != 0) {
		lane_drop_mbuf(w, m, DROP_TOO_BIG);
		return NULL;
	}
	struct pkt *p = pkt_new(w, m);
	if (!p)
		lane_drop_mbuf(w, m, DROP_CRYPTO_FULL);
	return p;
}

// The packet of a command for a session; its packet goes with a session that has gone.
static struct pkt *take_packet_of(
	struct worker *w, const struct session *s, const struct lane_command *c)
{
	if (s)
		return take_packet(w, c->packet);
	counter_add(&lane_count(w)->stale_commands, 1);
	if (c->packet)
		lane_drop_mbuf(w, c->packet, DROP_STALE_COMMAND);
	return NULL;
}

// Control frames go out as FF 03 and two bytes of protocol whatever was agreed: every client takes that,
// and LCP may have nothing else (RFC 1661 6.5, 6.6).
static void send_ppp(struct worker *w, struct session *s, const struct lane_command *c)
{
	struct pkt *p = take_packet_of(w, s, c);

	if (!p)
		return;
	p->s = s;
	p->protocol = c->protocol;
	uint8_t *at = pkt_push(p, ppp_header_len(c->protocol, false, false));
	if (!at) {
		pkt_drop(w, p, DROP_NO_MBUF);
		return;
	}
	(void)ppp_put(at, c->protocol, false, false);
	stage_gre_out(w, &p, 1);
}

// The session whose address it is to gets it, so one that has gone since is asked for here: its address may be
// another's already.
static void send_ip(struct worker *w, struct session *s, const struct lane_command *c)
{
	struct pkt *p = take_packet_of(w, s, c);

	if (!p)
		return;
	p->flags |= PKT_POLICED; // ours
	p->tenant = s->tenant;
	p->verdict = inet_ipv4_get(pkt_data(p), pkt_len(p), DROP_INNER_IP_BAD, &p->ip);
	if (p->verdict == PKT_NEXT)
		p->verdict = p->ip.destination_be == s->inner_be ? pkt_list_put(&w->down, p)
								 : DROP_STALE_COMMAND;
	(void)pkt_settle(w, &p, 1);
}

static void send_frame(struct worker *w, const struct lane_command *c)
{
	if (!c->packet)
		return;
	if (c->port >= w->config.n_ports) {
		lane_drop_mbuf(w, c->packet, DROP_STALE_COMMAND);
		return;
	}
	counter_add(&lane_count(w)->exceptions_out, 1);
	stage_tx_frame(w, c->port, c->packet);
}

static void inject(struct worker *w, const struct lane_command *c)
{
	struct pkt *p = take_packet(w, c->packet);

	if (!p)
		return;
	p->flags |= PKT_INJECTED;
	p->tenant = c->tenant;
	p->verdict = inet_ipv4_get(pkt_data(p), pkt_len(p), DROP_INNER_IP_BAD, &p->ip);
	if (pkt_settle(w, &p, 1) == 1)
		stage_route(w, &p, 1);
}

static void set_table(struct worker *w, const struct route_table *routes)
{
	// The event gives the table back to control, which owns it and may change it again.
	struct lane_event e = {
		.kind = LANE_TABLE_RETIRED,
		.routes = (struct route_table *)(uintptr_t)w->routes,
	};

	w->routes = routes;
	w->routes_number++;
	(void)punt_event(w, &e); // there is room: see worker_cmd_run()
}

static void set_acls(struct worker *w, const struct acl_set *acls)
{
	struct lane_event e = {
		.kind = LANE_ACLS_RETIRED,
		.acls = (struct acl_set *)(uintptr_t)w->acls,
	};

	w->acls = acls;
	(void)punt_event(w, &e); // there is room: see worker_cmd_run()
}

static void run(struct worker *w, const struct lane_command *c)
{
	struct session *s = session_table_find(w->config.sessions, c->session_id);

	switch (c->kind) {
	case COMMAND_SESSION_ADD:
		add(w, c->session_id, &c->add);
		break;
	case COMMAND_SESSION_DELETE:
		delete (w, s, c->session_id);
		break;
	case COMMAND_SESSION_LINK:
	case COMMAND_SESSION_KEYS:
	case COMMAND_SESSION_ENCRYPT:
	case COMMAND_SESSION_OPEN:
	case COMMAND_SESSION_POLICY:
	case COMMAND_SESSION_FLUSH:
		if (s)
			session_command(w, s, c);
		else
			counter_add(&lane_count(w)->stale_commands, 1);
		break;
	case COMMAND_SEND_PPP:
		send_ppp(w, s, c);
		break;
	case COMMAND_SEND_IP:
		send_ip(w, s, c);
		break;
	case COMMAND_SEND_FRAME:
		send_frame(w, c);
		break;
	case COMMAND_INJECT:
		inject(w, c);
		break;
	case COMMAND_TABLE:
		set_table(w, c->routes);
		break;
	case COMMAND_ACLS:
		set_acls(w, c->acls);
		break;
	case COMMAND_TENANT_RATE:
		stage_policy_set_tenant(w, &c->tenant_rate);
		break;
	}
}

// The keys of a session must not change under the driver's hands. While its command waits the session gives
// the driver nothing new: else a busy one would hold up all commands behind it for ever.
static bool must_wait(struct worker *w, const struct lane_command *c)
{
	struct session *s;

	if (c->kind != COMMAND_SESSION_KEYS && c->kind != COMMAND_SESSION_DELETE)
		return false;
	s = session_table_find(w->config.sessions, c->session_id);
	if (!s || (s->rx_in_flight == 0 && s->tx_in_flight == 0))
		return false;
	s->flags |= SESSION_QUIESCES;
	stage_park_forget(w, s); // new keys are not theirs
	return true;
}

unsigned int worker_cmd_run(struct worker *w)
{
	struct lane_links *links = w->config.links;
	unsigned int n = 0;

	while (n < LANE_COMMANDS_PER_POLL && rte_ring_free_count(links->events) > 0) {
		if (!w->has_command && !lane_ring_take_command(links->commands, &w->command))
			break;
		w->has_command = must_wait(w, &w->command);
		if (w->has_command)
			break;
		run(w, &w->command);
		if (w->command.kind == COMMAND_SESSION_KEYS)
			secret_wipe_bytes(&w->command, sizeof(w->command));
		n++;
	}
	counter_add(&lane_count(w)->commands, n);
	return n;
}
