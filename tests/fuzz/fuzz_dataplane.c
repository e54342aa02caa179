// SPDX-License-Identifier: BSD-3-Clause
// What comes by the ports of a worker with one encrypted and one clear session, both of which take late packets, and one
// of another tenant behind a VLAN, in one mbuf or in several: none may get lost. An input is a list of records: kind, length (2 bytes), bytes.
#include "flow/flow.h"
#include "fuzz/fuzz.h"
#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

enum {
	KIND_OUTSIDE, // an Ethernet frame
	KIND_INSIDE,
	KIND_PPP,  // a PPP frame of the clear client, in a GRE packet that is right
	KIND_DATA, // an IPv4 packet of the other one, encrypted
	KINDS,
	MEND = 0x80,	  // kind and this: with a right checksum of the IPv4 header
	OF_CLIENT = 0x40, // and this: from the client, to the host
	OVERTAKEN = 0x20, // and this, of the two last kinds: by the next that is not
	CHAINED = 0x10,	  // and this: in several mbufs
	RECORDS_MAX = 24,
	TENANT = 1,
	TENANT_VLAN = 6, // and 5 is the default tenant's
	TAG_BYTES = 4,
};

// The harness reports to these instead of to Google Test.
bool shim_compare(const char *file, int line, const char *op, const char *a_text,
	const char *b_text, long long a, long long b, bool is_unsigned)
{
	bool ok = !strcmp(op, "==") ? a == b : a != b;

	if (!ok)
		fprintf(stderr, "%s:%d: %s %s %s: %lld, %lld\n", file, line, a_text, op, b_text, a,
			b);
	REQUIRE(ok);
	return ok;
}

bool shim_true(const char *file, int line, const char *expr, bool value, bool wanted)
{
	REQUIRE(value == wanted);
	return true;
}

bool shim_memeq(const char *file, int line, const char *a_text, const char *b_text, const void *a,
	const void *b, size_t n)
{
	REQUIRE(memcmp(a, b, n) == 0);
	return true;
}

void shim_fail(const char *file, int line, const char *text)
{
	REQUIRE(false);
}

// A GRE packet of a client that others overtake, one at a time.
struct overtaken {
	uint8_t bytes[FLOW_FRAME_BYTES];
	size_t len; // 0: there is none
};

// Cut where its length says.
static void put_frame(
	struct flow *f, unsigned int port, uint8_t kind, const uint8_t *frame, size_t len)
{
	const uint16_t n = (uint16_t)(len % 97);
	const uint16_t pieces[] = {n, (uint16_t)(3 * n), 1, (uint16_t)(2 * n)};

	if (kind & CHAINED && len > 0)
		(void)flow_push_pieces(f, port, frame, len, pieces, 1 + n % 4);
	else
		(void)flow_push(f, port, 0, frame, len);
}

static void send_client(struct flow_client *c, uint8_t kind, const uint8_t *ppp, size_t len,
	struct overtaken *overtaken)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t frame_len = flow_gre_frame(c, frame, c->seq++, ppp, len);

	if (kind & OVERTAKEN && overtaken->len == 0) {
		memcpy(overtaken->bytes, frame, frame_len);
		overtaken->len = frame_len;
		return;
	}
	put_frame(c->f, FLOW_OUTSIDE, kind, frame, frame_len);
	flow_poll(c->f);
	if (overtaken->len > 0)
		(void)flow_put(c->f, FLOW_OUTSIDE, 0, overtaken->bytes, overtaken->len);
	overtaken->len = 0;
}

static void mend(uint8_t *ip, size_t len)
{
	size_t header_len = len >= INET_IPV4_HEADER_BYTES ? (size_t)(ip[0] & 15) * 4 : 0;

	if (header_len < INET_IPV4_HEADER_BYTES || header_len > len)
		return;
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, header_len));
}

static void set_addresses(uint8_t *ip, size_t len, uint32_t from, uint32_t to)
{
	if (len < INET_IPV4_HEADER_BYTES)
		return;
	bytes_put_u32(ip + 12, from);
	bytes_put_u32(ip + 16, to);
}

// Where the IPv4 header of a frame should be.
static size_t ip_offset(const uint8_t *frame, size_t len)
{
	size_t at = FLOW_ETHER_BYTES;

	if (len >= FLOW_ETHER_BYTES + TAG_BYTES && bytes_get_u16(frame + 12) == 0x8100)
		at += TAG_BYTES;
	return len >= at ? at : 0;
}

static void play(struct flow *f, struct flow_client *clear, struct flow_client *encrypted,
	uint8_t kind, struct span bytes, struct overtaken *overtaken)
{
	uint8_t buffer[FLOW_FRAME_BYTES] = {0}, ppp[FLOW_FRAME_BYTES];
	size_t len = bytes.len > 1500 ? 1500 : bytes.len;
	size_t ip_at = 0;

	if (len > 0)
		memcpy(buffer, bytes.bytes, len);
	if ((kind & 3) <= KIND_INSIDE)
		ip_at = ip_offset(buffer, len);
	if (kind & OF_CLIENT && (kind & 3) == KIND_INSIDE)
		set_addresses(buffer + ip_at, len - ip_at, FLOW_HOST, encrypted->inner);
	else if (kind & OF_CLIENT && (kind & 3) == KIND_OUTSIDE)
		set_addresses(buffer + ip_at, len - ip_at, clear->outer, clear->listen);
	else if (kind & OF_CLIENT)
		set_addresses(buffer, len, encrypted->inner, FLOW_HOST);
	if (kind & MEND)
		mend(buffer + ip_at, len - ip_at);

	switch (kind & 3) {
	case KIND_OUTSIDE:
	case KIND_INSIDE:
		put_frame(f, kind & 3, kind, buffer, len);
		break;
	case KIND_PPP:
		send_client(clear, kind, buffer, len, overtaken);
		break;
	default:
		len = flow_ppp_data(encrypted, ppp, PPP_IP, buffer, len);
		send_client(encrypted, kind, ppp, len, overtaken);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(span_of(data, size));
	struct flow f;
	struct flow_client clear, encrypted, other;
	static uint16_t tenants[WORKER_VLANS];
	static const uint32_t servers_be[] = {RTE_BE32(FLOW_SERVER_INNER), RTE_BE32(0x0a0800fe)};
	struct overtaken overtaken = {.len = 0};

	memset(tenants, 0xff, sizeof(tenants));
	tenants[0] = tenants[5] = 0;
	tenants[TENANT_VLAN] = TENANT;
	flow_open(&f,
		&(struct flow_options){
			.may_be_late = true, .tenants = tenants, .tenant_servers_be = servers_be});
	REQUIRE(f.is_open);
	flow_client_up(&f, &clear,
		&(struct flow_client_options){.number = 3, .clear = true, .late_pkts = 8});
	flow_client_up(&f, &encrypted,
		&(struct flow_client_options){.mtu = 600, .mss_max = 500, .late_pkts = 32});
	flow_client_up(&f, &other,
		&(struct flow_client_options){
			.number = 4, .tenant = TENANT, .inner = encrypted.inner, .mtu = 600});
	for (unsigned int i = 0; i < RECORDS_MAX && r.left > 3; i++) {
		uint8_t kind = reader_u8(&r);
		size_t len = reader_u16(&r);
		play(&f, &clear, &encrypted, kind, reader_take(&r, len < r.left ? len : r.left),
			&overtaken);
	}
	flow_close(&f); // aborts when an mbuf is missing
	return 0;
}
