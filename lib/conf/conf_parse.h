// SPDX-License-Identifier: BSD-3-Clause
// Texts of a file into values. A text may be NULL where it says so: the setting was none.
#pragma once

#include "conf/config.h"

// UTF-8 without control characters.
bool conf_parse_is_clean_utf8(const char *text);

// Letters, digits and . _ -; not what means something else to a shell or a file system.
bool conf_parse_is_word(const char *text);

// Absolute, and the name of something: "/var/lib/adit/passwords".
bool conf_parse_is_path(const char *text);

// A DNS name without a dot at its end.
bool conf_parse_is_domain(const char *text);

// From here on `text` may be NULL, and what is returned is written only with true.

// The address of a host.
bool conf_parse_unicast(const char *text, uint32_t *address_be);
// Or one of this machine's own, 127.0.0.0/8.
bool conf_parse_host(const char *text, uint32_t *address_be);

// The address of a host in its network, "198.18.0.1/24", prefix length 8..32.
bool conf_parse_prefix(const char *text, uint32_t *address_be, uint8_t *prefix_len);

// A network, "10.0.0.0/8"; no bit behind the prefix is set. "0.0.0.0/0" is all.
bool conf_parse_network(const char *text, uint32_t *address_be, uint8_t *prefix_len);

// "any", "10.20.0.9" or what conf_parse_network() takes.
bool conf_parse_network_or_any(const char *text, uint32_t *address_be, uint8_t *prefix_len);

// The same without "any".
bool conf_parse_network_or_address(const char *text, uint32_t *address_be, uint8_t *prefix_len);

// "mon-fri 08:00-18:00", "sat,sun 22:00-02:00", "daily 06:00-24:00".
bool conf_parse_hours(const char *text, struct config_hours_span *span);

// "443" or "80-443".
bool conf_parse_ports(const char *text, uint16_t *first, uint16_t *last);

// "10.30.0.10-10.30.0.250", in host order.
bool conf_parse_range(const char *text, uint32_t *first, uint32_t *last);

// "pci:...", "vdev:...", "interface:..."; `device` points into the text.
bool conf_parse_device(const char *text, enum config_device_kind *kind, const char **device);

// Permissions in octal, at most `max`.
bool conf_parse_mode(const char *text, uint32_t max, uint32_t *mode);

// 32 hex digits.
bool conf_parse_hash(const char *text, uint8_t hash[CONFIG_NT_HASH_BYTES]);
