// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/call.h"

#include "perf/fleet/dial.h"

#include <stdio.h>

static const uint64_t ANSWER_NS = 20 * FLEET_S; // for OCRQ, Call-Clear-Request
static const uint64_t PPP_NS = 60 * FLEET_S;	// all of it
static const uint64_t LATE_ACK_NS = FLEET_S;	// Terminate-Ack after Call-Disconnect-Notify
static const uint64_t CLOSE_NS = 10 * FLEET_S;	// Terminate-Request

static uint32_t index_of(const struct call *c)
{
	return (uint32_t)(c - c->fleet->dial->calls);
}

static struct fleet_client *client_of(const struct call *c)
{
	return &c->fleet->clients[index_of(c)];
}

static struct tunnel *tunnel_of(const struct call *c)
{
	return &c->fleet->dial->tunnels[index_of(c) / c->fleet->options.calls_per_tunnel];
}

static struct fleet_setups *setups_of(const struct call *c)
{
	struct fleet *f = c->fleet;

	return &f->setups[index_of(c) < f->options.n_clients ? FLEET_MAIN : FLEET_EXTRA];
}

static void arm(struct call *c)
{
	uint64_t due = c->deadline_ns, ppp = peer_deadline(&c->peer);

	if (c->phase >= CALL_PPP && c->phase <= CALL_TERMINATING && ppp < due)
		due = ppp;
	// Earlier than it is now it must be set; later will do when it fires.
	if (c->timer.at == 0 ? due != FLEET_NEVER : due < c->timer.due_ns)
		timer_heap_arm(&c->fleet->dial->timers, &c->timer, due);
}

static void enter(struct call *c, enum call_phase phase, uint64_t wait_ns)
{
	c->phase = (uint8_t)phase;
	c->deadline_ns = wait_ns == FLEET_NEVER ? FLEET_NEVER : c->fleet->now_ns + wait_ns;
}

// ---- reasons

static void note(struct fleet *f, enum fleet_reason reason, struct span text)
{
	char shown[FLEET_DETAIL_BYTES] = "";

	f->reasons[reason]++;
	if (text.len == 0)
		return;
	for (size_t k = 0; k < text.len && k < sizeof(shown) - 1; k++)
		shown[k] = text.bytes[k] >= ' ' && text.bytes[k] <= '~' ? (char)text.bytes[k] : '.';
	for (unsigned int i = 0; i < FLEET_DETAILS; i++) {
		struct fleet_detail *d = &f->details[i];

		if (d->n == 0) {
			d->reason = reason;
			memcpy(d->text, shown, sizeof(shown));
		} else if (d->reason != reason || strcmp(d->text, shown) != 0) {
			continue;
		}
		d->n++;
		return;
	}
}

static void settle(struct call *c)
{
	c->fleet->n_dialling--;
	setups_of(c)->settled_ns = c->fleet->now_ns;
}

static void come_up(struct call *c)
{
	struct fleet_setups *s = setups_of(c);

	enter(c, CALL_UP, FLEET_NEVER);
	client_of(c)->state = FLEET_UP;
	client_of(c)->inner_be = c->peer.address_be;
	c->fleet->n_up++;
	s->took_us[s->n_up++] = (uint32_t)((c->fleet->now_ns - c->begun_ns) / 1000);
	settle(c);
	traffic_client_up(c->fleet, client_of(c));
}

void call_end(struct call *c, enum fleet_reason reason, struct span text)
{
	struct fleet_client *client = client_of(c);
	enum call_phase was = (enum call_phase)c->phase;

	if (was == CALL_IDLE || was == CALL_ENDED)
		return;
	enter(c, CALL_ENDED, FLEET_NEVER);
	if (was == CALL_UP)
		traffic_client_down(c->fleet, client);
	if (client->has_gre)
		gre_client_end(c->fleet, client);
	if (reason)
		note(c->fleet, reason, text);
	if (was < CALL_UP) {
		client->state = FLEET_FAILED;
		setups_of(c)->n_failed++;
		settle(c);
	} else if (was == CALL_UP) {
		client->state = FLEET_LOST;
		c->fleet->n_up--;
	} else {
		client->state = FLEET_GONE;
		c->fleet->hangups.n_clean += reason == FLEET_NONE;
	}
	tunnel_of(c)->n_ended++;
}

// ---- PPTP

int call_ask(struct call *c)
{
	struct pptp_message m = {.type = PPTP_OCRQ};

	m.ocrq.call_id = client_of(c)->call_id;
	m.ocrq.serial = (uint16_t)index_of(c);
	m.ocrq.min_bps = 300;
	m.ocrq.max_bps = 100000000;
	m.ocrq.bearer = 3;
	m.ocrq.framing = 3;
	m.ocrq.window = 64;
	int error = tunnel_send(tunnel_of(c), &m);
	if (!error) {
		enter(c, CALL_ASKED, ANSWER_NS);
		arm(c);
	}
	return error;
}

static void send_clear(struct call *c)
{
	const struct pptp_message clear = {
		.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = client_of(c)->call_id};

	if (tunnel_of(c)->state == TUNNEL_OPEN)
		(void)tunnel_send(tunnel_of(c), &clear); // no room: the time-out tells
}

// It ends on the initiative of this side or of PPP: the server is told.
static void give_up(struct call *c, enum fleet_reason reason, struct span text)
{
	send_clear(c);
	call_end(c, reason, text);
}

void call_begin(struct call *c)
{
	struct fleet *f = c->fleet;

	c->begun_ns = f->now_ns;
	client_of(c)->state = FLEET_DIALLING;
	f->n_dialling++;
	setups_of(c)->n_begun++;
	enter(c, CALL_WAITING, FLEET_NEVER); // the tunnel has a time-out of its own
}

// ---- PPP

static void run_step(struct call *c, struct span text)
{
	struct fleet *f = c->fleet;
	struct fleet_client *client = client_of(c);
	const struct step *s = &f->dial->step;
	struct mppe_start_keys keys;

	for (uint8_t i = 0; i < s->n_items; i++) {
		const struct step_item *item = &s->items[i];

		switch (item->kind) {
		case STEP_FRAME:
			if (client->has_gre)
				gre_send_ppp(f, client, item->protocol, step_frame_info(s, item));
			break;
		case STEP_LINK_AGREED:
			client->send_pfc = c->peer.server_pfc;
			client->send_acfc = c->peer.server_acfc;
			client->mtu =
				(uint16_t)(c->peer.server_mru - 4); // MPPE and the protocol inside
			break;
		case STEP_KEYS:
			peer_get_keys(&c->peer, &keys);
			gre_client_keys(f, client, &keys, peer_mode(&c->peer), peer_mode(&c->peer));
			break;
		case STEP_FLUSH:
			gre_client_flush(f, client);
			break;
		case STEP_UP:
			if (c->phase == CALL_PPP)
				come_up(c);
			break;
		case STEP_ENDED:
			if (c->phase == CALL_TERMINATING && c->is_cleared) {
				call_end(c, FLEET_NONE, text);
			} else if (c->phase == CALL_TERMINATING && !c->peer.reason) {
				enter(c, CALL_CLEARING, ANSWER_NS);
				send_clear(c);
			} else {
				give_up(c, (enum fleet_reason)c->peer.reason, text);
			}
			break;
		case STEP_DOWN:		// negotiated again, or the end, which follows
		case STEP_AUTHENTICATE: // of servers
		case STEP_ADDRESS:
		case STEP_ENCRYPT:
		case STEP_STOP_ENCRYPT:
			break;
		}
	}
	arm(c);
}

void dial_receive_ppp(
	struct fleet *f, struct fleet_client *client, uint16_t protocol, struct span info)
{
	struct call *c = &f->dial->calls[fleet_client_index(f, client)];
	struct span text;

	if (c->phase < CALL_PPP || c->phase > CALL_TERMINATING)
		return;
	step_clear(&f->dial->step);
	peer_receive(&c->peer, protocol, info, f->now_ns, &f->dial->step, &text);
	run_step(c, text);
	dial_tunnel_may_stop(tunnel_of(c));
}

void dial_desync(struct fleet *f, struct fleet_client *client)
{
	struct call *c = &f->dial->calls[fleet_client_index(f, client)];

	step_clear(&f->dial->step);
	peer_desync(&c->peer, &f->dial->step);
	run_step(c, (struct span){0});
}

void call_receive_ocrp(struct call *c, const struct pptp_ocrp *reply)
{
	struct fleet *f = c->fleet;
	char text[64];

	if (c->phase != CALL_ASKED)
		return;
	if (reply->result != PPTP_OCRP_CONNECTED) {
		snprintf(text, sizeof(text), "result %u, error %u, cause %u", reply->result,
			reply->error, reply->cause);
		call_end(c, FLEET_OCRP_RESULT, span_of_text(text));
		return;
	}
	const struct pptp_message link = {
		.type = PPTP_SET_LINK_INFO,
		.set_link = {reply->call_id, UINT32_MAX, UINT32_MAX},
	};

	(void)tunnel_send(tunnel_of(c), &link); // as clients do; nothing depends on it
	client_of(c)->server_call_id = reply->call_id;
	gre_client_begin(f, client_of(c));
	enter(c, CALL_PPP, PPP_NS);
	peer_init(&c->peer, &f->dial->shared, c->user,
		f->options.seed * UINT64_C(0x9e3779b97f4a7c15) + index_of(c));
	step_clear(&f->dial->step);
	peer_start(&c->peer, f->now_ns, &f->dial->step);
	run_step(c, (struct span){0});
}

void call_receive_disconnect(struct call *c, const struct pptp_call_disconnect *message)
{
	char text[PPTP_STATISTICS_BYTES + 64];

	if (c->phase == CALL_CLEARING) {
		call_end(c, FLEET_NONE, (struct span){0});
	} else if (c->phase == CALL_TERMINATING) {
		// It has overtaken the Terminate-Ack, and says more: that one may get lost.
		c->is_cleared = true;
		c->deadline_ns = c->fleet->now_ns + LATE_ACK_NS;
		arm(c);
	} else {
		int n = snprintf(text, sizeof(text), "result %u, cause %u %.*s", message->result,
			message->cause, PPTP_STATISTICS_BYTES, (const char *)message->statistics);
		call_end(c, FLEET_CLEARED, span_of(text, (size_t)n));
	}
}

// ---- the way down

void call_hang_up(struct call *c)
{
	struct fleet *f = c->fleet;

	if (c->phase != CALL_UP)
		return;
	traffic_client_down(f, client_of(c));
	f->n_up--;
	f->hangups.n++;
	client_of(c)->state = FLEET_HANGING_UP;
	enter(c, CALL_TERMINATING, CLOSE_NS);
	step_clear(&f->dial->step);
	peer_close(&c->peer, f->now_ns, &f->dial->step);
	run_step(c, (struct span){0});
}

static void expire_wait(struct call *c)
{
	static const enum fleet_reason of_ppp[] = {
		[PEER_ESTABLISH] = FLEET_LCP_TIMEOUT,
		[PEER_AUTHENTICATE] = FLEET_AUTH_TIMEOUT,
		[PEER_ENCRYPT] = FLEET_CCP_TIMEOUT,
		[PEER_NETWORK] = FLEET_IPCP_TIMEOUT,
		[PEER_UP] = FLEET_IPCP_TIMEOUT,
		[PEER_CLOSING] = FLEET_TERMINATE_TIMEOUT,
		[PEER_ENDED] = FLEET_TERMINATE_TIMEOUT,
	};

	if (c->phase == CALL_ASKED)
		give_up(c, FLEET_OCRP_TIMEOUT, (struct span){0});
	else if (c->phase == CALL_TERMINATING && c->is_cleared)
		call_end(c, FLEET_NONE, (struct span){0});
	else if (c->phase == CALL_CLEARING)
		call_end(c, FLEET_CDN_TIMEOUT, (struct span){0});
	else
		give_up(c, of_ppp[c->peer.phase], (struct span){0});
}

void call_expire(struct call *c)
{
	struct fleet *f = c->fleet;

	if (c->phase >= CALL_PPP && c->phase <= CALL_TERMINATING) {
		step_clear(&f->dial->step);
		peer_expire(&c->peer, f->now_ns, &f->dial->step);
		run_step(c, (struct span){0});
	}
	if (f->now_ns >= c->deadline_ns)
		expire_wait(c);
	arm(c);
	dial_tunnel_may_stop(tunnel_of(c));
}
