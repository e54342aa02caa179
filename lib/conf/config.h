// SPDX-License-Identifier: BSD-3-Clause
// The configuration as plain values: what a file said, checked, with the defaults filled in.
// lib/conf/schema.c says for each field its key in the file, its range, its default and its help;
// a field is documented there and not again here.
#pragma once

#include "base/log_class.h"
#include "base/secret.h"
#include "config/limits.h"

#include <net/if.h>

enum {
	CONFIG_NAME_BYTES = 64,
	CONFIG_PORT_NAME_BYTES = 16,
	CONFIG_DEVICE_BYTES = 128,
	CONFIG_POOL_NAME_BYTES = 32,
	CONFIG_NAME_SERVERS = 2, // primary and secondary, RFC 1877
	CONFIG_NT_HASH_BYTES = 16,
	CONFIG_AUTH_METHODS = 4,
	CONFIG_GROUP_NAME_BYTES = 32,
	CONFIG_TENANT_NAME_BYTES = 32,
	CONFIG_PATH_BYTES = 256,
	CONFIG_DOMAIN_BYTES = 254,
	CONFIG_ACL_NAME_BYTES = 32,
	CONFIG_HOURS_NAME_BYTES = 32,
	CONFIG_RADIUS_NAME_BYTES = 32,
	CONFIG_REALM_BYTES = 64,
	CONFIG_NO_INDEX = UINT16_MAX,
	CONFIG_ACL_ANY_PROTOCOL = 256, // beside the numbers of IANA
};

enum config_device_kind { CONFIG_DEVICE_PCI, CONFIG_DEVICE_VDEV, CONFIG_DEVICE_INTERFACE };
enum config_port_role { CONFIG_PORT_OUTSIDE, CONFIG_PORT_INSIDE };
enum config_accept { CONFIG_ACCEPT_PPTP, CONFIG_ACCEPT_ALL };
enum config_auth_method {
	CONFIG_AUTH_MSCHAPV2 = 1,
	CONFIG_AUTH_MSCHAPV1 = 2,
	CONFIG_AUTH_CHAP = 4,
	CONFIG_AUTH_PAP = 8,
};
enum config_encryption {
	CONFIG_ENCRYPTION_DENY,	  // CCP is refused
	CONFIG_ENCRYPTION_ALLOW,  // taken if the client asks for it
	CONFIG_ENCRYPTION_PREFER, // asked for; a client without it may stay
	CONFIG_ENCRYPTION_REQUIRE,
};
enum config_gre_source { CONFIG_GRE_STRICT, CONFIG_GRE_NAT_LOOSE };
enum config_broadcasts { CONFIG_BROADCASTS_DROP, CONFIG_BROADCASTS_RELAY };
enum config_acl_action { CONFIG_ACL_DENY, CONFIG_ACL_PERMIT };
enum config_idle_counts { CONFIG_IDLE_BOTH, CONFIG_IDLE_UP };
enum config_mppe_bits { CONFIG_MPPE_40 = 1, CONFIG_MPPE_56 = 2, CONFIG_MPPE_128 = 4 };
enum config_log_level {
	CONFIG_LOG_ERROR,
	CONFIG_LOG_WARNING,
	CONFIG_LOG_NOTICE,
	CONFIG_LOG_INFO,
	CONFIG_LOG_DEBUG,
};
enum config_log_target { CONFIG_LOG_STDERR, CONFIG_LOG_SYSLOG };
enum config_log_format { CONFIG_LOG_KEY_VALUE, CONFIG_LOG_VPN3000 };

struct config_port {
	char name[CONFIG_PORT_NAME_BYTES];
	enum config_device_kind kind;
	char device[CONFIG_DEVICE_BYTES]; // without the "pci:", "vdev:" or "interface:"
	enum config_port_role role;
	enum config_accept accept; // always CONFIG_ACCEPT_ALL on an inside port
	char tap[IFNAMSIZ];
	uint16_t mtu;
	bool has_address;
	uint32_t address_be;
	uint8_t prefix_len;
	bool has_gateway;
	uint32_t gateway_be;
	char tenant[CONFIG_TENANT_NAME_BYTES]; // of an inside port; "": the default one
	uint16_t tenant_number;
	uint16_t queues; // 0: config_port_queues()
	uint16_t rx_descriptors;
	uint16_t tx_descriptors;
};

struct config_pool {
	char name[CONFIG_POOL_NAME_BYTES];
	uint32_t first; // host order
	uint32_t last;	// host order, inclusive
	uint32_t server_inner_be;
	uint16_t n_dns;
	uint32_t dns_be[CONFIG_NAME_SERVERS];
	uint16_t n_nbns;
	uint32_t nbns_be[CONFIG_NAME_SERVERS];
	uint16_t tenant_number; // made of config.tenants
};

enum config_aaa { CONFIG_AAA_LOCAL, CONFIG_AAA_RADIUS, CONFIG_AAA_RADIUS_LOCAL };

// A customer with inner addresses and networks of his own, which may be those of another one too. tenants[i] has
// number i; tenants[0] is the one named "default", whose all else is, and is there even if the file does not name it.
struct config_tenant {
	char name[CONFIG_TENANT_NAME_BYTES];
	uint16_t n_listen;
	uint32_t listen_be[LIMIT_TENANT_LISTEN]; // who calls these is his
	uint16_t n_realms; // who calls the default tenant's with one of these is his too
	char realms[LIMIT_TENANT_REALMS][CONFIG_REALM_BYTES];
	uint16_t n_pools; // tried in this order
	char pools[LIMIT_TENANT_POOLS][CONFIG_POOL_NAME_BYTES];
	bool sticky_addresses; // a user gets the address again that he had
	bool check_in_use;     // ask the inside network before an address is given (RFC 5227)
	char group[CONFIG_GROUP_NAME_BYTES]; // of users without one; "": "base"
	uint16_t group_index;
	enum config_aaa aaa;
	char radius[CONFIG_RADIUS_NAME_BYTES];	   // group of servers that is asked
	char accounting[CONFIG_RADIUS_NAME_BYTES]; // and told; "": nobody is
	uint16_t radius_index, accounting_index;   // in config.radius_groups; CONFIG_NO_INDEX
	uint32_t max_calls;			   // 0: no limit of its own
	uint32_t setups_per_second;		   // 0: the same
	uint32_t rate_up_kbps, rate_down_kbps;	   // of all its calls; 0: the same
};

// A tagged network of an inside port (IEEE 802.1Q), with a TAP of its own.
struct config_vlan {
	char port[CONFIG_PORT_NAME_BYTES];
	uint8_t port_index; // made of `port`
	uint16_t id;
	char name[CONFIG_PORT_NAME_BYTES];
	char tap[IFNAMSIZ];
	uint16_t mtu;
	bool has_address;
	uint32_t address_be;
	uint8_t prefix_len;
	bool has_gateway;
	uint32_t gateway_be;
	char tenant[CONFIG_TENANT_NAME_BYTES];
	uint16_t tenant_number;
};

struct config_prefix {
	uint32_t address_be; // the bits behind prefix_len are zero
	uint8_t prefix_len;
};

// What a group of users, a user, or the AAA server for a user may say of his calls. Who says nothing of a key inherits it:
// user from group, group from "base", "base" from what holds for the whole server. See lib/aaa/policy.h.
enum config_policy_key {
	CONFIG_POLICY_DNS,
	CONFIG_POLICY_NBNS,
	CONFIG_POLICY_DOMAIN,
	CONFIG_POLICY_ROUTES,
	CONFIG_POLICY_DHCP_INFORM,
	CONFIG_POLICY_BROADCASTS,
	CONFIG_POLICY_RATE_UP,
	CONFIG_POLICY_RATE_DOWN,
	CONFIG_POLICY_BURST,
	CONFIG_POLICY_ACL_IN,
	CONFIG_POLICY_ACL_OUT,
	CONFIG_POLICY_IDLE_TIMEOUT,
	CONFIG_POLICY_IDLE_COUNTS,
	CONFIG_POLICY_SESSION_TIMEOUT,
	CONFIG_POLICY_ACCESS_HOURS,
	CONFIG_POLICY_LOGINS,
	CONFIG_POLICY_LOGINS_FULL,
	CONFIG_POLICY_AUTH_METHODS,
	CONFIG_POLICY_ENCRYPTION,
	CONFIG_POLICY_MPPE_BITS,
	CONFIG_POLICY_STATELESS_REQUIRED,
	CONFIG_POLICY_POOLS,
	CONFIG_POLICY_CLIENT_ADDRESS,
	CONFIG_POLICY_MTU,
	CONFIG_POLICY_INTERIM,
	CONFIG_POLICY_KEYS,
};

enum config_logins_full { CONFIG_LOGINS_REFUSE, CONFIG_LOGINS_REPLACE };

struct config_policy {
	uint32_t given; // bits 1 << enum config_policy_key; the other fields have their defaults
	uint16_t n_dns; // 0: those of the pool
	uint32_t dns_be[CONFIG_NAME_SERVERS];
	uint16_t n_nbns;
	uint32_t nbns_be[CONFIG_NAME_SERVERS];
	char domain[CONFIG_DOMAIN_BYTES]; // DNS domain, "" none
	uint16_t n_routes;		  // split tunnelling; 0: all traffic goes into the tunnel
	struct config_prefix routes[LIMIT_GROUP_ROUTES];
	bool dhcp_inform; // answer DHCPINFORM
	enum config_broadcasts broadcasts;
	uint32_t rate_up_kbps; // 0: no limit
	uint32_t rate_down_kbps;
	uint32_t burst_ms;
	char acl_in[CONFIG_ACL_NAME_BYTES]; // of what comes from the client; "": none
	char acl_out[CONFIG_ACL_NAME_BYTES];
	uint32_t idle_timeout_s; // 0: never
	enum config_idle_counts idle_counts;
	uint32_t session_timeout_s;		    // 0: no limit
	char access_hours[CONFIG_HOURS_NAME_BYTES]; // "": always
	uint32_t simultaneous_logins;		    // 0: no limit
	enum config_logins_full logins_full;	    // what becomes of one more
	uint32_t auth_methods; // enum config_auth_method, or-ed; 0: those of the server
	enum config_encryption encryption;
	uint32_t mppe_bits; // enum config_mppe_bits, or-ed
	bool stateless_required;
	uint16_t n_pools; // tried in this order; 0: those of the tenant
	char pools[LIMIT_POLICY_POOLS][CONFIG_POOL_NAME_BYTES];
	bool use_client_address;
	uint32_t mtu;	    // 0: that of the server
	uint32_t interim_s; // accounting; 0: none
};

// What users have in common. A user without a group has the one of his tenant, or "base", which is there with the
// defaults even if the file does not name it: config.base_group.
struct config_group {
	char name[CONFIG_GROUP_NAME_BYTES];
	struct config_policy policy;
};

// When users may call: the local time of the machine.
struct config_hours_span {
	uint8_t days; // bit 0 is Sunday; of the beginning, where it ends after midnight
	uint16_t from_min, to_min; // since midnight; to_min <= from_min: on the next day
};

struct config_hours {
	char name[CONFIG_HOURS_NAME_BYTES];
	uint16_t n_spans;
	struct config_hours_span spans[LIMIT_HOURS_SPANS];
};

enum config_radius_transport { CONFIG_RADIUS_UDP, CONFIG_RADIUS_TLS };
enum config_radius_mode { CONFIG_RADIUS_FAIL_OVER, CONFIG_RADIUS_BALANCE };

struct config_radius_server {
	char name[CONFIG_RADIUS_NAME_BYTES];
	uint32_t address_be;
	enum config_radius_transport transport;
	uint16_t auth_port; // TLS: the one for all
	uint16_t acct_port; // 0: takes no accounting
	bool has_secret;
	struct secret secret;
	bool require_message_authenticator; // in what it answers to authentication
	uint32_t timeout_ms; // of the first try; then twice as long each, with jitter
	uint32_t tries;
	uint32_t dead_s;    // not asked for so long, once it has not answered
	bool status_server; // ask a dead one by Status-Server (RFC 5997) instead of with a user
	uint16_t sockets;   // source ports, each with 256 identifiers
	uint32_t source_be; // 0: as the kernel routes
	char ca_file[CONFIG_PATH_BYTES]; // TLS
	char certificate_file[CONFIG_PATH_BYTES];
	char key_file[CONFIG_PATH_BYTES];
};

struct config_radius_group {
	char name[CONFIG_RADIUS_NAME_BYTES];
	uint16_t n_servers;
	char servers[LIMIT_RADIUS_GROUP_SERVERS][CONFIG_RADIUS_NAME_BYTES];
	uint16_t server_index[LIMIT_RADIUS_GROUP_SERVERS]; // made of `servers`
	enum config_radius_mode mode;
};

// Who may change or end calls (RFC 5176), of one tenant.
struct config_coa {
	char tenant[CONFIG_TENANT_NAME_BYTES]; // "": the default one
	uint16_t tenant_number;
	uint32_t address_be; // where adit listens
	uint16_t port;
	uint16_t n_clients;
	struct config_prefix clients[LIMIT_COA_CLIENTS];
	bool has_secret;
	struct secret secret;
	uint32_t window_s; // of Event-Timestamp, to both sides; 0: none is wanted
};

struct config_acl_rule {
	enum config_acl_action action;
	uint32_t protocol; // CONFIG_ACL_ANY_PROTOCOL
	struct config_prefix from, to;
	bool has_from_ports, has_ports, has_icmp_type;
	uint16_t from_port_min, from_port_max; // host order
	uint16_t port_min, port_max;
	uint16_t icmp_type;
	bool established;
};

struct config_acl {
	char name[CONFIG_ACL_NAME_BYTES];
	uint16_t n_rules;
	struct config_acl_rule rules[LIMIT_ACL_RULES];
};

// What the sinks of the log take of one class, where they do not take what they take of the others.
struct config_log_class {
	enum log_class class;
	bool has_file, has_syslog, has_console;
	uint32_t file, syslog, console; // severities up to this one; 0: nothing
};

struct config_user {
	char name[LIMIT_USER_NAME_BYTES + 1];
	char tenant[CONFIG_TENANT_NAME_BYTES]; // "": the default one
	uint16_t tenant_number;
	char group[CONFIG_GROUP_NAME_BYTES];
	uint16_t group_index;	     // in config.groups, made of `group`
	struct config_policy policy; // above the group's
	bool disabled;		     // E=647
	bool expired;		     // E=648 until the password is changed
	bool has_password;
	bool has_nt_hash;	// exactly one of the two
	struct secret password; // UTF-8
	uint8_t nt_hash[CONFIG_NT_HASH_BYTES];
	uint16_t n_routes; // networks behind the client
	struct config_prefix routes[LIMIT_USER_ROUTES];
};

struct config {
	char name[CONFIG_NAME_BYTES]; // Host Name of SCCRP, name of the MS-CHAP challenge
	char run_as_user[32];	      // empty: stay who we are

	// lanes
	uint16_t control_cpu;
	uint16_t n_workers;
	uint16_t worker_cpus[LIMIT_WORKERS];
	uint32_t idle_sleep_us;
	uint16_t n_engines;
	uint16_t engine_cpus[LIMIT_ENGINES];
	uint32_t exception_rate_pps; // per worker
	uint32_t pptp_rate_pps;

	// memory
	bool hugepages;
	uint32_t memory_mb;
	uint32_t n_mbufs;
	uint32_t sessions_per_worker; // 0: see config_sessions_per_worker()

	uint16_t n_ports;
	struct config_port ports[LIMIT_PORTS];

	// listen
	uint16_t n_listen;
	uint32_t listen_be[LIMIT_LISTEN_ADDRESSES];
	uint16_t listen_tenants[LIMIT_LISTEN_ADDRESSES]; // number of the tenant of each
	uint16_t tcp_port;

	// pptp
	uint32_t max_connections;
	uint32_t max_calls;
	uint32_t max_calls_per_connection;
	uint32_t max_calls_per_source;
	uint32_t max_connections_per_source;
	uint32_t max_unauthenticated;
	uint32_t max_unauthenticated_per_source;
	uint32_t max_setups;
	uint32_t setups_per_second_per_source;
	uint32_t handshake_timeout_s;
	uint32_t echo_interval_s;
	uint32_t echo_timeout_s;
	uint32_t idle_connection_s;
	uint16_t receive_window;
	uint32_t ack_delay_ms; // 0: a lone ack goes out at once
	uint32_t gre_max_jump;
	bool limit_transmit_to_window;
	uint32_t ack_timeout_ms;   // longest time-out of the transmit window
	uint16_t processing_delay; // tenths of a second, told in OCRP
	uint32_t reorder_pkts;	   // 0: what comes out of order is dropped
	uint32_t reorder_ms;
	uint32_t late_pkts; // how far behind a late packet is still passed on; 0: dropped
	enum config_gre_source gre_source;
	bool supersede;		  // a user's new call ends a stale one of the same user and address
	uint32_t no_gre_notice_s; // no GRE for so long after OCRP: an event

	// ppp
	uint16_t mru;
	uint16_t mtu;
	uint32_t lcp_echo_interval_s;
	uint32_t lcp_echo_failures;
	uint32_t restart_ms;
	uint32_t max_configure;
	uint32_t max_terminate;
	uint32_t max_failure;
	uint32_t no_lcp_timeout_s;
	uint32_t setup_timeout_s;
	uint32_t auth_timeout_s;
	bool use_client_address;

	// auth
	uint16_t n_auth_methods;
	uint32_t auth_methods[CONFIG_AUTH_METHODS]; // enum config_auth_method, the best first
	uint32_t auth_retries;
	bool change_password;
	char password_file[CONFIG_PATH_BYTES]; // where changed passwords are kept; "": nowhere
	bool strip_domain;
	bool strip_realm;
	uint32_t lockout_user_failures; // 0: no lock-out of users
	uint32_t lockout_source_failures;
	uint32_t lockout_first_s;
	uint32_t lockout_max_s;
	uint32_t lockout_forget_s;

	// encryption
	enum config_encryption encryption;
	uint32_t mppe_bits; // enum config_mppe_bits, or-ed
	bool mppe_stateless_required;
	uint32_t mppe_max_jump;
	uint32_t decrypt_failures_max;
	char crypto_driver[16];
	char sha1[16];		// key hash: "auto", or the name of one
	char engine_driver[16]; // what the engines run, where the driver is "ism"
	uint32_t engine_queue;	// packets of one worker that wait for one engine

	uint16_t n_pools;
	struct config_pool pools[LIMIT_POOLS];

	uint16_t n_tenants; // at least one
	struct config_tenant *tenants;
	uint16_t n_vlans;
	struct config_vlan *vlans;

	uint16_t
		n_groups; // at least one: those of the file in its order, and "base" if it is not there
	struct config_group groups[LIMIT_GROUPS];
	uint16_t base_group; // the index of "base"

	uint16_t n_acls;
	struct config_acl acls[LIMIT_ACLS];

	uint16_t n_hours;
	struct config_hours *hours;

	uint16_t n_radius_servers;
	struct config_radius_server *radius_servers;
	uint16_t n_radius_groups;
	struct config_radius_group *radius_groups;
	uint16_t n_coa;
	struct config_coa *coa;

	// radius
	char nas_identifier[CONFIG_NAME_BYTES]; // "": config.name
	uint32_t nas_address_be;		// 0: the listen address that was called
	char dictionary[CONFIG_PATH_BYTES]; // more attributes than those that adit brings; "": none
	char accounting_dir
		[CONFIG_PATH_BYTES]; // journal of calls and spool of records; "": neither
	uint32_t spool_max_mb;
	bool accounting_required; // no call without a place for its records

	uint32_t n_users;
	struct config_user *users; // users[n_users], in the order of the file
	uint32_t *users_by_name;   // users_by_name[n_users], indices in order of tenant and name

	// control
	char socket_path[108];
	uint32_t socket_mode;
	uint32_t history_calls; // ended calls that are remembered

	// log
	enum config_log_level log_level;
	enum config_log_target log_target;
	enum config_log_format log_format;
	char log_file[CONFIG_PATH_BYTES]; // "": none
	uint32_t log_file_severity;
	uint32_t log_file_max_mb; // 0: no limit
	uint16_t n_log_classes;
	struct config_log_class log_classes[LOG_CLASS_COUNT];
};

// A configuration with every default and no port, pool or user; NULL when memory is short.
struct config *config_new(void);

// Back to what config_new() gives; what was secret is wiped.
void config_reset(struct config *c);

// Wipes what is secret. c may be NULL.
void config_free(struct config *c);

// Session slots of each worker: what is configured, or its share of max_calls with a quarter more, since placement
// does not fill all workers evenly.
uint32_t config_sessions_per_worker(const struct config *c);

// Queues that a port is to have at most: what is configured, or one a worker; of memif one, since both ends must have
// as many.
uint16_t config_port_queues(const struct config *c, const struct config_port *p);

// The group of that name, or -1.
int config_find_group(const struct config *c, const char *name);

// The pool, hours or group of RADIUS servers of that name, or -1.
int config_find_pool(const struct config *c, const char *name);
int config_find_hours(const struct config *c, const char *name);
int config_find_radius_group(const struct config *c, const char *name);

// The number of the tenant of that name, 0 for "", or -1.
int config_find_tenant(const struct config *c, const char *name);
// Its name; "default" for number 0.
const char *config_tenant_name(const struct config *c, uint16_t number);

// Make sure that there is a group named "base", with the defaults if it is made.
void config_add_base_group(struct config *c);

// Make the tenant that all belongs to that no other names.
void config_add_default_tenant(struct config *c);

// The access list of that name, or -1.
int config_find_acl(const struct config *c, const char *name);

// Whether a session may have a rate, an access list or an idle time.
bool config_has_policy(const struct config *c);

// Whether a session may have MPPE with a key for 256 packets and not for each.
bool config_may_be_stateful(const struct config *c);

// Whether a tenant has a rate of its own.
bool config_has_tenant_rates(const struct config *c);

// The user of that name, compared byte for byte, of that tenant, or NULL.
const struct config_user *config_find_user(
	const struct config *c, uint16_t tenant, struct span name);
