// SPDX-License-Identifier: BSD-3-Clause
// The one table of all that a configuration file may say. Reading, defaults, messages about what is
// wrong, `adit --help-config` and the manual page are made from it; a new key is a line in
// schema.c and a field in struct config.
#pragma once

#include "conf/config.h"

enum schema_type {
	SCHEMA_BOOL,	  // bool
	SCHEMA_UINT,	  // uint16_t or uint32_t
	SCHEMA_UINT_LIST, // uint16_t[max_count], count
	SCHEMA_TEXT,	  // char[], UTF-8 without control characters
	SCHEMA_WORD,	  // char[], letters, digits and . _ -; one of the words of the item, if any
	SCHEMA_CHOICE,	  // an enum, one of the words of the item
	SCHEMA_CHOICES,	  // uint32_t, or of the words of the item
	SCHEMA_CHOICE_LIST, // uint32_t[max_count], words of the item in the order of the file, count
	SCHEMA_ADDRESS,	    // uint32_t in network order
	SCHEMA_ADDRESS_LIST, // uint32_t[max_count] in network order, count
	SCHEMA_PREFIX,	     // uint32_t in network order, prefix length in `also`
	SCHEMA_NETWORK,	     // uint32_t in network order, prefix length in `also`; or "any"
	SCHEMA_PORTS,	     // uint16_t first, last in `also`
	SCHEMA_PREFIX_LIST,  // struct config_prefix[max_count], count
	SCHEMA_NETWORK_LIST, // the same, and an address alone is one of 32 bits
	SCHEMA_WORD_LIST,    // char[max_count][max + 1], count; words as of SCHEMA_WORD
	SCHEMA_DOMAIN_LIST,  // the same of DNS names
	SCHEMA_HOURS,	     // struct config_hours_span[max_count], count
	SCHEMA_RANGE,	     // uint32_t first in host order, last in `also`
	SCHEMA_DEVICE,	     // char[], kind in `also`
	SCHEMA_MODE,	     // uint32_t, permission bits written in octal
	SCHEMA_PATH,	     // char[], absolute
	SCHEMA_DOMAIN,	     // char[], a DNS name
	SCHEMA_PASSWORD,     // struct secret
	SCHEMA_NT_HASH,	     // uint8_t[16]
	SCHEMA_GROUPS,	     // a list of groups in a group: array of their structs, count
};

enum { SCHEMA_NOWHERE = UINT32_MAX };

struct schema_word {
	const char *word;
	uint32_t value;
	const char *instead; // not taken any more: the word to write in its place; or NULL
	const char *refused; // never taken: what the message says about it; or NULL
};

struct schema_group;

// What it takes to bring a changed value about in an adit that runs.
enum schema_takes {
	SCHEMA_AS_GROUP,    // what the group of the item says
	SCHEMA_TAKES_NOW,   // a reload: calls that are up have it at once
	SCHEMA_TAKES_CALLS, // a reload: of calls that come up from then on
	SCHEMA_TAKES_RESTART,
};

struct schema_item {
	const char *key;
	const char *old_key; // that files of older versions have in its place; or NULL
	enum schema_type type;
	bool is_secret;		  // its value stands in no message
	bool is_zero_allowed;	  // beside min..max; of a list of numbers: it may be empty
	bool is_loopback_allowed; // SCHEMA_ADDRESS: a service of this machine
	uint16_t size_bytes;	  // of the field
	uint16_t max_count;	  // of a list
	uint32_t offset;	  // of the field in struct config or in the element of a list
	uint32_t also;		  // offset of the second field that the type has, or SCHEMA_NOWHERE
	uint32_t has;		  // offset of the bool that says it was given, or SCHEMA_NOWHERE
	uint32_t min;		  // value, element or length in bytes
	uint32_t max;
	uint32_t given;	    // offset of the uint32_t that has given_bit where a file says it
	uint32_t given_bit; // 0: nobody asks
	enum schema_takes takes;
	const struct schema_word *words;   // ends with word NULL
	const struct schema_group *groups; // SCHEMA_GROUPS: of what
	const char *def; // as a file would say it; "": may be left out; NULL: must be given
	const char *help;
};

struct schema_group {
	const char *name; // "": the top of the file
	const char *help;
	const struct schema_item *items;
	size_t n_items;

	// A group that may be repeated: name = ( { ... }, { ... } );
	bool is_list;
	uint32_t max_count;
	uint32_t element_bytes;
	uint32_t list;	// offset in struct config of the array, or of the pointer to it
	uint32_t count; // of the uint16_t or uint32_t with the number of elements
	uint8_t count_bytes;
	bool is_allocated;	 // a pointer
	enum schema_takes takes; // of its items, and of elements that come or go
};

extern const struct schema_group schema_groups[];
extern const size_t schema_n_groups;

const struct schema_group *schema_find_group(const char *name);
const struct schema_item *schema_find_item(const struct schema_group *group, const char *key);

// What the item takes, as it stands after "must be": "0 or 50..5000", "\"require\" or \"off\"".
void schema_describe(const struct schema_item *item, char *out, size_t cap);
