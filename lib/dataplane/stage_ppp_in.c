// SPDX-License-Identifier: BSD-3-Clause
// The PPP frame: control protocols to control, encrypted data to MPPE, clear data only where policy
// allows. The data begins with the PPP frame, and with its information field when it goes on.
#include "dataplane/lane.h"

#include "wire/ppp.h"

// Windows sends IP the moment IPCP is open and some NT versions go on in the clear after CCP failed, so
// this is refused from the first packet on, whatever CCP does (RFC 3078 says nothing of it).
static uint8_t refuse_clear(struct worker *w, struct session *s)
{
	const uint32_t told = SESSION_CLEAR_TOLD;

	counter_add(&s->counters.clear_refused, 1);
	if (s->flags & SESSION_REQUIRE_ENCRYPTION && !(s->flags & told)) {
		struct lane_event e = {.kind = LANE_CLEAR_DATA, .session_id = s->id};
		if (punt_event(w, &e))
			s->flags |= told;
	}
	return DROP_CLEAR_REFUSED;
}

static uint8_t ppp_in(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	uint8_t header_len = 0;
	uint8_t bad = ppp_get(pkt_data(p), pkt_len(p), &p->protocol, &header_len);

	if (bad)
		return bad;
	pkt_pull(p, header_len);
	if (p->protocol == PPP_COMP)
		return s->flags & SESSION_HAS_KEYS ? PKT_NEXT : DROP_MPPE_NO_KEY;
	if (!ppp_protocol_is_data(p->protocol))
		return punt_ppp(w, p);
	if (s->flags & (SESSION_REQUIRE_ENCRYPTION | SESSION_ENCRYPT))
		return refuse_clear(w, s);
	return p->protocol == PPP_IP ? PKT_NEXT : punt_ppp(w, p);
}

unsigned int stage_ppp_in(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = ppp_in(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}
