// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_policy.h"

#include <stdio.h>

enum {
	INTERIM_MIN_S = 60, // RFC 2869 5.16
	MTU_MIN = 256,
	MS_POLICY_REQUIRED = 2, // RFC 2548 2.4.4
	MS_TYPE_40 = 2,		// RFC 2548 2.4.5
	MS_TYPE_128 = 4,
};

enum vpn3000_type {
	VPN3000_ACCESS_HOURS = 1,
	VPN3000_SIMULTANEOUS_LOGINS = 2,
	VPN3000_PRIMARY_DNS = 5,
	VPN3000_SECONDARY_DNS = 6,
	VPN3000_PRIMARY_WINS = 7,
	VPN3000_SECONDARY_WINS = 8,
	VPN3000_TUNNELING_PROTOCOLS = 11,
	VPN3000_USE_CLIENT_ADDRESS = 17,
	VPN3000_PPTP_AUTH = 18,
	VPN3000_PPTP_ENCRYPTION = 20,
	VPN3000_SPLIT_TUNNEL_LIST = 27,
	VPN3000_DEFAULT_DOMAIN = 28,
	VPN3000_SPLIT_TUNNELING_POLICY = 55,
	VPN3000_DHCP_INTERCEPT = 62,
	VPN3000_ACL_INBOUND = 86,
	VPN3000_ACL_OUTBOUND = 87,
	VPN3000_GROUP_NAME = 137,
	VPN3000_ADDRESS_POOLS = 217,
};

enum { WISPR_MAX_UP = 7, WISPR_MAX_DOWN = 8, MIKROTIK_RATE_LIMIT = 8 };

enum {
	PROTOCOL_PPTP = 1,
	SPLIT_ALL = 0,
	SPLIT_LIST = 1,
	VPN_AUTH_PAP = 1,
	VPN_AUTH_CHAP = 2,
	VPN_AUTH_MSCHAPV1 = 32,
	VPN_AUTH_MSCHAPV2 = 64,
	VPN_MPPE_REQUIRED = 1,
	VPN_MPPE_40 = 2,
	VPN_MPPE_128 = 4,
	VPN_MPPE_STATELESS = 8,
};

struct taking {
	const struct config *config;
	const struct radius_attribute *a;
	struct config_policy *policy;
	const char *why;
};

static enum radius_policy_verdict bad(struct taking *t, const char *why)
{
	t->why = why;
	return RADIUS_POLICY_BAD;
}

static enum radius_policy_verdict unknown(struct taking *t, const char *why)
{
	t->why = why;
	return RADIUS_POLICY_UNKNOWN;
}

static enum radius_policy_verdict taken(struct taking *t, enum config_policy_key key)
{
	t->policy->given |= 1u << key;
	return RADIUS_POLICY_TAKEN;
}

// A name of cap - 1 bytes at most, without what a name never has.
static bool copy_name(struct span from, char *to, size_t cap)
{
	if (from.len == 0 || from.len >= cap || memchr(from.bytes, 0, from.len))
		return false;
	memcpy(to, from.bytes, from.len);
	to[from.len] = '\0';
	return true;
}

// ---- numbers ------------------------------------------------------------------------------------

static enum radius_policy_verdict take_u32(
	struct taking *t, enum config_policy_key key, uint32_t *field)
{
	if (!radius_get_u32(t->a->value, field))
		return bad(t, "a number of the RADIUS server is not one");
	return taken(t, key);
}

static enum radius_policy_verdict take_bool(
	struct taking *t, enum config_policy_key key, bool *field)
{
	uint32_t v;

	if (!radius_get_u32(t->a->value, &v) || v > 1)
		return bad(t, "a yes or no of the RADIUS server is neither");
	*field = v != 0;
	return taken(t, key);
}

static enum radius_policy_verdict take_interim(struct taking *t)
{
	enum radius_policy_verdict v = take_u32(t, CONFIG_POLICY_INTERIM, &t->policy->interim_s);

	if (v == RADIUS_POLICY_TAKEN && t->policy->interim_s &&
		t->policy->interim_s < INTERIM_MIN_S)
		t->policy->interim_s = INTERIM_MIN_S;
	return v;
}

static enum radius_policy_verdict take_mtu(struct taking *t)
{
	uint32_t v;

	if (!radius_get_u32(t->a->value, &v) || v < MTU_MIN)
		return bad(t, "Framed-MTU is out of range");
	t->policy->mtu = v < LIMIT_MTU_BYTES ? v : LIMIT_MTU_BYTES;
	return taken(t, CONFIG_POLICY_MTU);
}

// Primary and secondary come in any order, each in an attribute of its own.
static enum radius_policy_verdict take_server(struct taking *t, enum config_policy_key key,
	unsigned int place, uint16_t *n, uint32_t servers_be[CONFIG_NAME_SERVERS])
{
	uint32_t address_be;

	if (!radius_get_ipv4(t->a->value, &address_be))
		return bad(t, "a name server of the RADIUS server is no address");
	if (address_be == 0)
		return RADIUS_POLICY_OTHER; // how VPN 3000 dictionaries say "none"
	if (place == 1 && *n == 0)
		place = 0;
	else if (place == 0 && *n == 1)
		servers_be[1] = servers_be[0], *n = 2;
	if (place >= *n)
		*n = (uint16_t)(place + 1);
	servers_be[place] = address_be;
	return taken(t, key);
}

// ---- names --------------------------------------------------------------------------------------

static enum radius_policy_verdict take_acl(
	struct taking *t, enum config_policy_key key, struct span name, char *field)
{
	char text[CONFIG_ACL_NAME_BYTES];

	if (!copy_name(name, text, sizeof(text)) || config_find_acl(t->config, text) < 0)
		return unknown(t, "the RADIUS server names an access list that is not configured");
	memcpy(field, text, sizeof(text));
	return taken(t, key);
}

static bool ends_with(struct span s, const char *end)
{
	size_t n = strlen(end);

	return s.len > n && memcmp(s.bytes + s.len - n, end, n) == 0;
}

static enum radius_policy_verdict take_filter_id(struct taking *t)
{
	struct span name = t->a->value;
	struct config_policy *p = t->policy;

	if (ends_with(name, ".out"))
		return take_acl(
			t, CONFIG_POLICY_ACL_OUT, span_of(name.bytes, name.len - 4), p->acl_out);
	if (ends_with(name, ".in"))
		name.len -= 3;
	return take_acl(t, CONFIG_POLICY_ACL_IN, name, p->acl_in);
}

static enum radius_policy_verdict take_hours(struct taking *t)
{
	char text[CONFIG_HOURS_NAME_BYTES];

	if (!copy_name(t->a->value, text, sizeof(text)) || config_find_hours(t->config, text) < 0)
		return unknown(t, "the RADIUS server names access hours that are not configured");
	memcpy(t->policy->access_hours, text, sizeof(text));
	return taken(t, CONFIG_POLICY_ACCESS_HOURS);
}

// What stands before the next comma, without blanks around it; *list moves on behind it.
static struct span take_word(struct span *list)
{
	const uint8_t *comma = list->len ? memchr(list->bytes, ',', list->len) : NULL;
	struct span word = span_of(list->bytes, comma ? (size_t)(comma - list->bytes) : list->len);
	size_t gone = word.len + (comma != NULL);

	*list = span_of(list->bytes + gone, list->len - gone);
	while (word.len && word.bytes[0] == ' ') {
		word.bytes++;
		word.len--;
	}
	while (word.len && word.bytes[word.len - 1] == ' ')
		word.len--;
	return word;
}

// Several attributes are one list.
static enum radius_policy_verdict take_pools(struct taking *t)
{
	struct config_policy *p = t->policy;
	struct span list = t->a->value;

	while (list.len) {
		struct span word = take_word(&list);
		char name[CONFIG_POOL_NAME_BYTES];
		if (word.len == 0)
			continue;
		if (p->n_pools == LIMIT_POLICY_POOLS)
			return bad(t, "the RADIUS server names too many pools");
		if (!copy_name(word, name, sizeof(name)) || config_find_pool(t->config, name) < 0)
			return unknown(t, "the RADIUS server names a pool that is not configured");
		memcpy(p->pools[p->n_pools++], name, sizeof(name));
	}
	if (p->n_pools == 0)
		return bad(t, "the RADIUS server names no pool");
	return taken(t, CONFIG_POLICY_POOLS);
}

static enum radius_policy_verdict take_domain(struct taking *t)
{
	if (!copy_name(t->a->value, t->policy->domain, sizeof(t->policy->domain)))
		return bad(t, "the default domain of the RADIUS server is none");
	return taken(t, CONFIG_POLICY_DOMAIN);
}

// ---- rates --------------------------------------------------------------------------------------

static uint32_t kbps_of(uint64_t bps)
{
	uint64_t kbps = bps / 1000 + (bps % 1000 != 0);

	return kbps < UINT32_MAX ? (uint32_t)kbps : UINT32_MAX;
}

static enum radius_policy_verdict take_bps(
	struct taking *t, enum config_policy_key key, uint32_t *kbps)
{
	uint32_t bps;

	if (!radius_get_u32(t->a->value, &bps))
		return bad(t, "a bandwidth of the RADIUS server is no number");
	*kbps = kbps_of(bps);
	return taken(t, key);
}

// "512k", "10M", "1000000".
static bool read_rate(struct reader *r, uint64_t *bps)
{
	uint64_t v = 0;
	int n = 0;

	while (r->left && *r->at >= '0' && *r->at <= '9' && n++ < 12)
		v = v * 10 + (reader_u8(r) - (uint64_t)'0');
	if (n == 0)
		return false;
	if (r->left && (*r->at | 0x20) == 'k')
		v *= 1000, reader_skip(r, 1);
	else if (r->left && (*r->at | 0x20) == 'm')
		v *= 1000000, reader_skip(r, 1);
	else if (r->left && (*r->at | 0x20) == 'g')
		v *= 1000000000, reader_skip(r, 1);
	*bps = v;
	return true;
}

// "rx[/tx] ...", seen from the router: rx is what the client sends. Bursts and priorities behind it are not used.
static enum radius_policy_verdict take_mikrotik(struct taking *t)
{
	struct reader r = reader_of(t->a->value);
	uint64_t up, down;

	if (!read_rate(&r, &up))
		return bad(t, "Mikrotik-Rate-Limit is no rate");
	down = up;
	if (r.left && *r.at == '/') {
		reader_skip(&r, 1);
		if (!read_rate(&r, &down))
			return bad(t, "Mikrotik-Rate-Limit is no rate");
	}
	if (r.left && *r.at != ' ')
		return bad(t, "Mikrotik-Rate-Limit is no rate");
	t->policy->rate_up_kbps = kbps_of(up);
	t->policy->rate_down_kbps = kbps_of(down);
	taken(t, CONFIG_POLICY_RATE_UP);
	return taken(t, CONFIG_POLICY_RATE_DOWN);
}

// ---- encryption and authentication --------------------------------------------------------------

// FreeRADIUS says "allowed" unless it is told otherwise, which must not undo what adit's own configuration requires.
static enum radius_policy_verdict require_encryption(struct taking *t, bool is_required)
{
	if (!is_required)
		return RADIUS_POLICY_OTHER;
	t->policy->encryption = CONFIG_ENCRYPTION_REQUIRE;
	return taken(t, CONFIG_POLICY_ENCRYPTION);
}

// The strengths that both allow; if there is none, those of adit stay, and the client has to take one of them.
static enum radius_policy_verdict narrow_bits(struct taking *t, uint32_t bits)
{
	bits &= t->config->mppe_bits;
	if (bits == 0)
		return RADIUS_POLICY_OTHER;
	t->policy->mppe_bits = bits;
	return taken(t, CONFIG_POLICY_MPPE_BITS);
}

static enum radius_policy_verdict take_ms_encryption(struct taking *t)
{
	uint32_t v;

	if (!radius_get_u32(t->a->value, &v))
		return bad(t, "the MPPE policy of the RADIUS server is no number");
	if (t->a->type == RADIUS_MS_MPPE_ENCRYPTION_POLICY)
		return require_encryption(t, v == MS_POLICY_REQUIRED);
	return narrow_bits(t, (v & MS_TYPE_40 ? (uint32_t)CONFIG_MPPE_40 : 0) |
				      (v & MS_TYPE_128 ? (uint32_t)CONFIG_MPPE_128 : 0));
}

static enum radius_policy_verdict take_vpn_encryption(struct taking *t)
{
	uint32_t v;

	if (!radius_get_u32(t->a->value, &v))
		return bad(t, "PPTP-Encryption is no number");
	require_encryption(t, v & VPN_MPPE_REQUIRED);
	narrow_bits(t, (v & VPN_MPPE_40 ? (uint32_t)CONFIG_MPPE_40 : 0) |
			       (v & VPN_MPPE_128 ? (uint32_t)CONFIG_MPPE_128 : 0));
	if (v & VPN_MPPE_STATELESS) {
		t->policy->stateless_required = true;
		taken(t, CONFIG_POLICY_STATELESS_REQUIRED);
	}
	return RADIUS_POLICY_TAKEN;
}

static enum radius_policy_verdict take_auth_methods(struct taking *t)
{
	uint32_t v, methods = 0;

	if (!radius_get_u32(t->a->value, &v))
		return bad(t, "PPTP-Min-Auth-Protocol is no number");
	methods |= v & VPN_AUTH_PAP ? (uint32_t)CONFIG_AUTH_PAP : 0;
	methods |= v & VPN_AUTH_CHAP ? (uint32_t)CONFIG_AUTH_CHAP : 0;
	methods |= v & VPN_AUTH_MSCHAPV1 ? (uint32_t)CONFIG_AUTH_MSCHAPV1 : 0;
	methods |= v & VPN_AUTH_MSCHAPV2 ? (uint32_t)CONFIG_AUTH_MSCHAPV2 : 0;
	if (methods == 0)
		return bad(t, "PPTP-Min-Auth-Protocol names no method that adit has");
	t->policy->auth_methods = methods;
	return taken(t, CONFIG_POLICY_AUTH_METHODS);
}

static enum radius_policy_verdict take_protocols(struct taking *t)
{
	uint32_t v;

	if (!radius_get_u32(t->a->value, &v))
		return bad(t, "Tunneling-Protocols is no number");
	if (v & PROTOCOL_PPTP)
		return RADIUS_POLICY_TAKEN;
	t->why = "Tunneling-Protocols of the RADIUS server is without PPTP";
	return RADIUS_POLICY_FORBIDS;
}

// ---- split tunnelling ---------------------------------------------------------------------------

static bool read_network(struct span word, struct config_prefix *out)
{
	unsigned int octets[4], len = 32;
	char text[32], end;

	if (!copy_name(word, text, sizeof(text)))
		return false;
	int n = sscanf(text, "%3u.%3u.%3u.%3u/%2u%c", &octets[0], &octets[1], &octets[2],
		&octets[3], &len, &end);
	if ((n != 4 && n != 5) || len > 32 || (n == 4 && strchr(text, '/')))
		return false;
	uint8_t bytes[4];
	for (int i = 0; i < 4; i++) {
		if (octets[i] > 255)
			return false;
		bytes[i] = (uint8_t)octets[i];
	}
	uint32_t mask = len ? UINT32_MAX << (32 - len) : 0;
	bytes_put_u32(bytes, bytes_get_u32(bytes) & mask);
	memcpy(&out->address_be, bytes, 4);
	out->prefix_len = (uint8_t)len;
	return true;
}

static bool add_route(struct config_policy *p, const struct config_prefix *network)
{
	if (p->n_routes == LIMIT_GROUP_ROUTES)
		return false;
	p->routes[p->n_routes++] = *network;
	return true;
}

// The name of an access list, whose permitted destinations are meant, or networks with a comma between them.
static enum radius_policy_verdict take_split_list(struct taking *t)
{
	struct span list = t->a->value;
	char name[CONFIG_ACL_NAME_BYTES];
	struct config_prefix network;

	if (t->policy->given & 1u << CONFIG_POLICY_ROUTES && t->policy->n_routes == 0)
		return RADIUS_POLICY_TAKEN; // Split-Tunneling-Policy has said: all
	t->policy->n_routes = 0;
	int acl = copy_name(list, name, sizeof(name)) ? config_find_acl(t->config, name) : -1;
	if (acl >= 0) {
		const struct config_acl *from = &t->config->acls[acl];
		for (uint16_t i = 0; i < from->n_rules; i++)
			if (from->rules[i].action == CONFIG_ACL_PERMIT &&
				!add_route(t->policy, &from->rules[i].to))
				return bad(t, "the split tunnel list has too many networks");
	} else {
		while (list.len) {
			if (!read_network(take_word(&list), &network))
				return unknown(t, "the split tunnel list of the RADIUS server is "
						  "neither an access list nor networks");
			if (!add_route(t->policy, &network))
				return bad(t, "the split tunnel list has too many networks");
		}
	}
	return taken(t, CONFIG_POLICY_ROUTES);
}

static enum radius_policy_verdict take_split_policy(struct taking *t)
{
	uint32_t v;

	if (!radius_get_u32(t->a->value, &v) || v > 2)
		return bad(t, "Split-Tunneling-Policy is out of range");
	if (v == SPLIT_LIST)
		return RADIUS_POLICY_TAKEN; // the list says which
	t->policy->n_routes = 0; // all; "all but the local network" is for the client to do
	return taken(t, CONFIG_POLICY_ROUTES);
}

// ---- by number ----------------------------------------------------------------------------------

static enum radius_policy_verdict take_rfc(struct taking *t)
{
	struct config_policy *p = t->policy;

	switch (t->a->type) {
	case RADIUS_FILTER_ID:
		return take_filter_id(t);
	case RADIUS_FRAMED_MTU:
		return take_mtu(t);
	case RADIUS_SESSION_TIMEOUT:
		return take_u32(t, CONFIG_POLICY_SESSION_TIMEOUT, &p->session_timeout_s);
	case RADIUS_IDLE_TIMEOUT:
		return take_u32(t, CONFIG_POLICY_IDLE_TIMEOUT, &p->idle_timeout_s);
	case RADIUS_PORT_LIMIT:
		return take_u32(t, CONFIG_POLICY_LOGINS, &p->simultaneous_logins);
	case RADIUS_ACCT_INTERIM_INTERVAL:
		return take_interim(t);
	case RADIUS_FRAMED_POOL:
		return take_pools(t);
	default:
		return RADIUS_POLICY_OTHER;
	}
}

static enum radius_policy_verdict take_microsoft(struct taking *t)
{
	struct config_policy *p = t->policy;

	switch (t->a->type) {
	case RADIUS_MS_MPPE_ENCRYPTION_POLICY:
	case RADIUS_MS_MPPE_ENCRYPTION_TYPES:
		return take_ms_encryption(t);
	case RADIUS_MS_PRIMARY_DNS:
	case RADIUS_MS_SECONDARY_DNS:
		return take_server(t, CONFIG_POLICY_DNS,
			t->a->type - (unsigned int)RADIUS_MS_PRIMARY_DNS, &p->n_dns, p->dns_be);
	case RADIUS_MS_PRIMARY_NBNS:
	case RADIUS_MS_SECONDARY_NBNS:
		return take_server(t, CONFIG_POLICY_NBNS,
			t->a->type - (unsigned int)RADIUS_MS_PRIMARY_NBNS, &p->n_nbns, p->nbns_be);
	default:
		return RADIUS_POLICY_OTHER;
	}
}

static enum radius_policy_verdict take_vpn3000(struct taking *t)
{
	struct config_policy *p = t->policy;

	switch (t->a->type) {
	case VPN3000_ACCESS_HOURS:
		return take_hours(t);
	case VPN3000_SIMULTANEOUS_LOGINS:
		return take_u32(t, CONFIG_POLICY_LOGINS, &p->simultaneous_logins);
	case VPN3000_PRIMARY_DNS:
	case VPN3000_SECONDARY_DNS:
		return take_server(t, CONFIG_POLICY_DNS,
			t->a->type - (unsigned int)VPN3000_PRIMARY_DNS, &p->n_dns, p->dns_be);
	case VPN3000_PRIMARY_WINS:
	case VPN3000_SECONDARY_WINS:
		return take_server(t, CONFIG_POLICY_NBNS,
			t->a->type - (unsigned int)VPN3000_PRIMARY_WINS, &p->n_nbns, p->nbns_be);
	case VPN3000_TUNNELING_PROTOCOLS:
		return take_protocols(t);
	case VPN3000_USE_CLIENT_ADDRESS:
		return take_bool(t, CONFIG_POLICY_CLIENT_ADDRESS, &p->use_client_address);
	case VPN3000_PPTP_AUTH:
		return take_auth_methods(t);
	case VPN3000_PPTP_ENCRYPTION:
		return take_vpn_encryption(t);
	case VPN3000_SPLIT_TUNNEL_LIST:
		return take_split_list(t);
	case VPN3000_SPLIT_TUNNELING_POLICY:
		return take_split_policy(t);
	case VPN3000_DEFAULT_DOMAIN:
		return take_domain(t);
	case VPN3000_DHCP_INTERCEPT:
		return take_bool(t, CONFIG_POLICY_DHCP_INFORM, &p->dhcp_inform);
	case VPN3000_ACL_INBOUND:
		return take_acl(t, CONFIG_POLICY_ACL_IN, t->a->value, p->acl_in);
	case VPN3000_ACL_OUTBOUND:
		return take_acl(t, CONFIG_POLICY_ACL_OUT, t->a->value, p->acl_out);
	case VPN3000_ADDRESS_POOLS:
		return take_pools(t);
	default:
		return RADIUS_POLICY_OTHER;
	}
}

enum radius_policy_verdict radius_policy_take(const struct config *config,
	const struct radius_attribute *a, struct config_policy *policy, const char **why)
{
	struct taking t = {.config = config, .a = a, .policy = policy};
	enum radius_policy_verdict v = RADIUS_POLICY_OTHER;

	switch (a->vendor) {
	case 0:
		v = take_rfc(&t);
		break;
	case RADIUS_VENDOR_MICROSOFT:
		v = take_microsoft(&t);
		break;
	case RADIUS_VENDOR_VPN3000:
		v = take_vpn3000(&t);
		break;
	case RADIUS_VENDOR_MIKROTIK:
		if (a->type == MIKROTIK_RATE_LIMIT)
			v = take_mikrotik(&t);
		break;
	case RADIUS_VENDOR_WISPR:
		if (a->type == WISPR_MAX_UP)
			v = take_bps(&t, CONFIG_POLICY_RATE_UP, &policy->rate_up_kbps);
		else if (a->type == WISPR_MAX_DOWN)
			v = take_bps(&t, CONFIG_POLICY_RATE_DOWN, &policy->rate_down_kbps);
		break;
	default:
		break;
	}
	*why = t.why;
	return v;
}

enum radius_policy_verdict radius_policy_group(const struct config *config,
	const struct radius_attribute *a, uint16_t *group, const char **why)
{
	struct span name = a->value;
	char text[CONFIG_GROUP_NAME_BYTES];

	*why = NULL;
	if (a->vendor == 0 && a->type == RADIUS_CLASS) {
		if (name.len < 3 || memcmp(name.bytes, "OU=", 3) != 0)
			return RADIUS_POLICY_OTHER;
		name = span_of(name.bytes + 3, name.len - 3);
		const uint8_t *end = name.len ? memchr(name.bytes, ';', name.len) : NULL;
		if (end)
			name.len = (size_t)(end - name.bytes);
	} else if (a->vendor != RADIUS_VENDOR_VPN3000 || a->type != VPN3000_GROUP_NAME) {
		return RADIUS_POLICY_OTHER;
	}
	int found = copy_name(name, text, sizeof(text)) ? config_find_group(config, text) : -1;
	if (found < 0) {
		*why = "the RADIUS server names a group that is not configured";
		return RADIUS_POLICY_UNKNOWN;
	}
	*group = (uint16_t)found;
	return RADIUS_POLICY_TAKEN;
}
