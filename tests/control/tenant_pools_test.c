// SPDX-License-Identifier: BSD-3-Clause
// Which address a call of a tenant gets: by realm, from which pools, the one that its user had, none that somebody has.
#include "control/address.h"
#include "control/call.h"

#include "base/bytes.h"
#include "control/lab.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum {
	SECOND_LOOPBACK = 0x7f000002,
	INNER = 0x0a090001, // the first of each pool
	BLUE_SERVER = 0x0a0900fd,
	MORE_SERVER = 0x0a0a00fe,
	MORE = 0x0a0a0005, // the first of blue's second pool
	BLUE_VLAN = 200,
};

static struct lab lab;
static struct lab_client clients[4];

static bool no_calls(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

static bool has_failed(struct lab *l, void *unused)
{
	return lab_count_events(l, EVENT_AUTH_FAILED, "user=bob ") == 1;
}

static void hang_up(struct lab_client *c)
{
	unsigned int n = lab_count_calls(&lab);

	lab_client_clear(c);
	for (int i = 0; i < 400 && lab_count_calls(&lab) >= n; i++)
		lab_run(&lab, 5);
	ASSERT_EQ(n - 1, lab_count_calls(&lab));
}

static void dial(struct lab_client *c, const char *user, const char *password)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, user, password, (uint16_t)(c - clients + 1));
}

static const struct lab_session *dial_up(
	struct lab_client *c, const char *user, const char *password)
{
	dial(c, user, password);
	EXPECT_TRUE(lab_until(&lab, lab_is_up, c, 5000));
	return lab_find_session(&lab, c->session_id);
}

static void add_pool(struct config *c, const char *name, uint32_t first, uint32_t last,
	uint32_t server, uint16_t tenant)
{
	struct config_pool *p = &c->pools[c->n_pools++];

	*p = c->pools[0];
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->first = first;
	p->last = last;
	p->server_inner_be = htonl(server);
	p->tenant_number = tenant;
	p->n_dns = 1;
	p->dns_be[0] = htonl(server);
}

// alice is of the default tenant and of blue, bob of blue. blue's first pool has the addresses of the default one's, and
// two of them; the file has its pools the other way round.
static void with_realm(struct config *c)
{
	struct config_tenant *blue;

	c->tenants = realloc(c->tenants, 2 * sizeof(c->tenants[0]));
	blue = &c->tenants[1];
	*blue = c->tenants[0];
	c->n_tenants = 2;
	snprintf(blue->name, sizeof(blue->name), "blue");
	blue->n_realms = 1;
	snprintf(blue->realms[0], sizeof(blue->realms[0]), "blue.example");
	add_pool(c, "blue-more", MORE, MORE + 1, MORE_SERVER, 1);
	add_pool(c, "blue", INNER, INNER + 1, BLUE_SERVER, 1);
	blue->n_pools = 2;
	snprintf(blue->pools[0], sizeof(blue->pools[0]), "blue");
	snprintf(blue->pools[1], sizeof(blue->pools[1]), "blue-more");
	c->users[1].tenant_number = 1;
	c->strip_realm = true;
}

TEST(tenant_pools, the_realm_says_whose_a_call_is_on_the_address_of_all)
{
	lab_open(&lab, with_realm);
	const struct lab_session *alice = dial_up(&clients[0], "alice", "secret");
	const struct lab_session *bob = dial_up(&clients[1], "bob@blue.example", "other");
	ASSERT_TRUE(alice != NULL && bob != NULL);
	EXPECT_EQ(alice->open.tenant, 0);
	EXPECT_EQ(bob->add.tenant, 0); // nobody knew yet
	EXPECT_EQ(bob->open.tenant, 1);
	// The same address on the same listen address, and each is told the server of his own pool.
	EXPECT_EQ(alice->inner_be, htonl(INNER));
	EXPECT_EQ(bob->inner_be, htonl(INNER));
	EXPECT_NE(clients[0].peer.server_address, BLUE_SERVER);
	EXPECT_EQ(clients[1].peer.server_address, BLUE_SERVER);
	EXPECT_EQ(owner_slot(owner_map_inner(lab.owners, 0, htonl(INNER))),
		session_id_slot(clients[0].session_id));
	EXPECT_EQ(owner_slot(owner_map_inner(lab.owners, 1, htonl(INNER))),
		session_id_slot(clients[1].session_id));
	EXPECT_EQ(lab_count_events(&lab, EVENT_UP, "tenant=blue"), 1);
	EXPECT_EQ(lab_count_events(&lab, EVENT_AUTHENTICATED, "tenant=blue"), 1);

	// bob is nobody where his realm is not said, and alice is not of blue.
	dial(&clients[2], "bob", "other");
	EXPECT_TRUE(lab_until(&lab, has_failed, NULL, 5000));
	lab_client_close(&clients[2]);
	for (int i = 0; i < 400 && lab_count_calls(&lab) > 2; i++)
		lab_run(&lab, 5);
	hang_up(&clients[0]);
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(INNER)), OWNER_NONE);
	EXPECT_NE(owner_map_inner(lab.owners, 1, htonl(INNER)), OWNER_NONE);
	hang_up(&clients[1]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 6000));
	lab_close(&lab);
}

TEST(tenant_pools, are_tried_in_the_tenants_order)
{
	static const struct {
		uint32_t inner, server;
	} wanted[] = {{INNER, BLUE_SERVER}, {INNER + 1, BLUE_SERVER}, {MORE, MORE_SERVER}};

	lab_open(&lab, with_realm);
	for (unsigned int i = 0; i < 3; i++) {
		SHIM_TRACE_CASE(i);
		const struct lab_session *s = dial_up(&clients[i], "bob@blue.example", "other");
		ASSERT_TRUE(s != NULL);
		EXPECT_EQ(s->inner_be, htonl(wanted[i].inner));
		EXPECT_EQ(clients[i].peer.server_address, wanted[i].server);
	}
	// What is told of the pool is that of the pool that the address is of, for DHCP too.
	EXPECT_EQ(lab.control->pools[1].n_free, 1);
	EXPECT_EQ(lab.control->pools[2].n_free, 0);
	for (unsigned int i = 0; i < 3; i++)
		hang_up(&clients[i]);
	lab_close(&lab);
}

// The policy of the user names a pool of his tenant, and one of another.
static void with_policy_pools(struct config *c)
{
	with_realm(c);
	struct config_policy *p = &c->users[1].policy;
	p->given |= 1u << CONFIG_POLICY_POOLS;
	p->n_pools = 2;
	snprintf(p->pools[0], sizeof(p->pools[0]), "%s", c->pools[0].name);
	snprintf(p->pools[1], sizeof(p->pools[1]), "blue-more");
}

TEST(tenant_pools, of_the_policy_come_instead_and_never_anothers)
{
	lab_open(&lab, with_policy_pools);
	for (unsigned int i = 0; i < 2; i++) {
		const struct lab_session *s = dial_up(&clients[i], "bob@blue.example", "other");
		ASSERT_TRUE(s != NULL);
		EXPECT_EQ(s->inner_be, htonl(MORE + i));
		EXPECT_EQ(clients[i].peer.server_address, MORE_SERVER);
	}
	// Both are gone; that his tenant has others does not help him.
	dial(&clients[2], "bob@blue.example", "other");
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &clients[2], 200) ||
		    lab_count_events(&lab, EVENT_POOL_EMPTY, "tenant=blue") == 1);
	EXPECT_EQ(lab_count_events(&lab, EVENT_POOL_EMPTY, "tenant=blue"), 1);
	EXPECT_EQ(lab.control->tenants.list[1].n_no_address, 1);
	EXPECT_EQ(lab.control->pools[0].n_free, lab.control->pools[0].n_usable);
	lab_client_close(&clients[2]);
	hang_up(&clients[0]);
	hang_up(&clients[1]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 6000));
	lab_close(&lab);
}

static void with_sticky(struct config *c)
{
	c->tenants[0].sticky_addresses = true;
}

TEST(tenant_pools, a_user_gets_the_address_again_that_he_had)
{
	lab_open(&lab, with_sticky);
	dial_up(&clients[0], "alice", "secret");
	const struct lab_session *bob = dial_up(&clients[1], "bob", "other");
	ASSERT_TRUE(bob != NULL);
	EXPECT_EQ(bob->inner_be, htonl(INNER + 1));
	hang_up(&clients[1]);
	lab_client_close(&clients[1]);
	hang_up(&clients[0]);
	lab_client_close(&clients[0]);
	// Without it the next address would be theirs.
	bob = dial_up(&clients[1], "bob", "other");
	ASSERT_TRUE(bob != NULL);
	EXPECT_EQ(bob->inner_be, htonl(INNER + 1));
	const struct lab_session *second = dial_up(&clients[2], "bob", "other");
	ASSERT_TRUE(second != NULL);
	EXPECT_EQ(second->inner_be, htonl(INNER + 2)); // it is in use
	hang_up(&clients[1]);
	hang_up(&clients[2]);
	lab_close(&lab);
}

// ---- somebody has it ----------------------------------------------------------------------------

static struct control_port port = {.mac = {{2, 0, 0, 0, 0, 1}}};
static struct tap no_tap = {.fd = -1};

static void with_check(struct config *c)
{
	with_realm(c);
	c->tenants[1].check_in_use = true;
	c->ports[0].role = CONFIG_PORT_INSIDE;
	c->vlans = calloc(1, sizeof(c->vlans[0]));
	c->n_vlans = 1;
	c->vlans[0] = (struct config_vlan){
		.id = BLUE_VLAN,
		.has_address = true,
		.address_be = htonl(0x0a0900c8),
		.prefix_len = 24,
		.tenant_number = 1,
	};
}

// The lab's control has no ports of its own; only what probes need of one is made.
static void add_network(struct control *c)
{
	struct networks *n = &c->networks;

	n->list = calloc(2, sizeof(n->list[0]));
	n->by_tag = malloc(LIMIT_PORTS * sizeof(n->by_tag[0]));
	memset(n->by_tag, 0xff, LIMIT_PORTS * sizeof(n->by_tag[0]));
	n->list[0].tap = n->list[1].tap = &no_tap;
	n->list[1].vlan = BLUE_VLAN;
	n->list[1].tenant = 1;
	n->by_tag[0][0] = 0;
	n->by_tag[0][BLUE_VLAN] = 1;
	n->n = 2;
	c->config.ports = &port;
	c->config.n_ports = 1;
}

// An ARP packet of a host: it has `sender`, and asks for `target`.
static void say_arp(uint16_t vlan, uint16_t operation, uint32_t sender, uint32_t target)
{
	static const uint8_t host[] = {2, 0, 0, 0, 9, 9};
	struct rte_mbuf *m = rte_pktmbuf_alloc(lab.pool);
	uint8_t *at = m ? (uint8_t *)rte_pktmbuf_append(m, 64) : NULL;

	if (!at)
		abort();
	memset(at, 0, 64);
	memset(at, 0xff, 6);
	memcpy(at + 6, host, 6);
	bytes_put_u16(at + 12, 0x8100);
	bytes_put_u16(at + 14, vlan);
	bytes_put_u16(at + 16, 0x0806);
	bytes_put_u16(at + 18, 1);
	bytes_put_u16(at + 20, 0x0800);
	at[22] = 6;
	at[23] = 4;
	bytes_put_u16(at + 24, operation);
	memcpy(at + 26, host, 6);
	bytes_put_u32(at + 32, sender);
	bytes_put_u32(at + 42, target);
	const struct lane_event e = {.kind = LANE_EXCEPTION, .port = 0, .packet = m};
	lab_put_event(&lab, &e);
}

static bool has_probe(struct lab *l, void *n)
{
	return l->n_port_frames >= *(unsigned int *)n;
}

static void await_probe(unsigned int n)
{
	ASSERT_TRUE(lab_until(&lab, has_probe, &n, 5000));
}

TEST(tenant_pools, an_address_that_a_host_has_is_not_given)
{
	lab_open(&lab, with_check);
	add_network(lab.control);
	dial(&clients[0], "bob@blue.example", "other");
	await_probe(1);
	// A probe claims nothing: its sender is 0 (RFC 5227 2.1.1).
	EXPECT_EQ(bytes_get_u16(lab.port_frame + 12), 0x8100);
	EXPECT_EQ(bytes_get_u16(lab.port_frame + 14), BLUE_VLAN);
	EXPECT_EQ(bytes_get_u16(lab.port_frame + 24), 1);
	EXPECT_EQ(bytes_get_u32(lab.port_frame + 32), 0);
	EXPECT_EQ(bytes_get_u32(lab.port_frame + 42), INNER);
	EXPECT_EQ(lab.port_frame_len, 64);

	// Another address, and that address on another network, say nothing of it.
	say_arp(BLUE_VLAN, 2, INNER + 7, 0);
	say_arp(BLUE_VLAN + 1, 2, INNER, 0);
	lab_run(&lab, 5);
	EXPECT_EQ(lab.control->tenants.list[1].n_in_use, 0);
	say_arp(BLUE_VLAN, 2, INNER, 0);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &clients[0], 5000));
	EXPECT_EQ(lab_find_session(&lab, clients[0].session_id)->inner_be, htonl(INNER + 1));
	EXPECT_EQ(lab_count_events(&lab, EVENT_ADDRESS_IN_USE, "inner=10.9.0.1 tenant=blue"), 1);
	EXPECT_EQ(lab.control->tenants.list[1].n_in_use, 1);
	EXPECT_EQ(owner_map_inner(lab.owners, 1, htonl(INNER)), OWNER_NONE);
	EXPECT_EQ(lab.n_port_frames, 1 + 2); // both for the second address
	EXPECT_EQ(lab.control->probes.n, 0);

	// It is set aside, so that the next one comes from the other pool, which is of no network of ours.
	const struct lab_session *s = dial_up(&clients[1], "bob@blue.example", "other");
	ASSERT_TRUE(s != NULL);
	EXPECT_EQ(s->inner_be, htonl(MORE));
	EXPECT_EQ(lab.n_port_frames, 3);
	hang_up(&clients[0]);
	hang_up(&clients[1]);
	EXPECT_EQ(lab.control->pools[2].n_free, 1);
	lab.control->aside.entries[lab.control->aside.oldest].until_ns = 1;
	address_check(lab.control);
	EXPECT_EQ(lab.control->pools[2].n_free, 2);
	EXPECT_EQ(lab.control->aside.n, 0);
	lab.control->config.n_ports = 0;
	lab_close(&lab);
}

// The answer to who he was is no answer to who he is: it comes when he has proved himself again, with the address that was
// found free meanwhile.
TEST(tenant_pools, who_waits_for_an_address_may_begin_again)
{
	lab_open(&lab, with_check);
	add_network(lab.control);
	dial(&clients[0], "bob@blue.example", "other");
	await_probe(1);
	sim_peer_renegotiate(&clients[0].peer, SIM_LCP, loop_clock_ns());
	lab_run(&lab, 20);
	EXPECT_EQ(lab.control->probes.n, 1);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &clients[0], 5000));
	EXPECT_EQ(lab_find_session(&lab, clients[0].session_id)->inner_be, htonl(INNER));
	EXPECT_EQ(lab_count_events(&lab, EVENT_AUTHENTICATED, "tenant=blue"), 2);
	EXPECT_EQ(lab.n_port_frames, 2);
	EXPECT_EQ(lab.control->probes.n, 0);
	EXPECT_EQ(lab.control->pools[2].n_free, 1);
	hang_up(&clients[0]);
	EXPECT_EQ(lab.control->pools[2].n_free, 2);
	lab.control->config.n_ports = 0;
	lab_close(&lab);
}

// Everything that it could have is somebody's, by a probe of that host's own; a call that goes while it waits leaves nothing.
TEST(tenant_pools, who_waits_for_an_address_may_go)
{
	lab_open(&lab, with_check);
	add_network(lab.control);
	dial(&clients[0], "bob@blue.example", "other");
	await_probe(1);
	say_arp(BLUE_VLAN, 1, 0, INNER);
	await_probe(2);
	EXPECT_EQ(lab.control->probes.n, 1);
	lab_client_close(&clients[0]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	EXPECT_EQ(lab.control->probes.n, 0);
	EXPECT_EQ(lab.control->pools[2].n_free, 1);
	EXPECT_EQ(lab_count_events(&lab, EVENT_ADDRESS_IN_USE, "inner=10.9.0.1"), 1);
	lab.control->aside.entries[lab.control->aside.oldest].until_ns = 1;
	address_check(lab.control);
	lab.control->config.n_ports = 0;
	lab_close(&lab);
}
