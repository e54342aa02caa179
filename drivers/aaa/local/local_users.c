// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local_users.h"

#include "conf/config.h"
#include "drivers/aaa/local/password_file.h"
#include "observe/events.h"

#include <nettle/sha2.h>

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

// Open addressing with linear probing, at most half full. The names in it are the operator's, so a
// client cannot make a long chain; the seed only keeps the order from being the same everywhere.
struct slot {
	bool is_used;
	struct local_user user;
};

struct local_users {
	const struct config *config; // borrowed
	const char *path;	     // of the password file, "": none
	struct log *log;
	uint64_t seed;
	uint32_t mask;
	struct local_user nobody;
	// Of the file, about users that the configuration does not have: they may come back.
	struct password_entry *strangers; // strangers[LIMIT_USERS], NULL without a file
	uint32_t n_strangers;
	struct slot slots[]; // slots[mask + 1]
};

static_assert(LIMIT_USER_NAME_BYTES <= UINT8_MAX, "name_len");

static size_t local_users_size(uint32_t mask)
{
	return sizeof(struct local_users) + ((size_t)mask + 1) * sizeof(struct slot);
}

static struct span name_of(const struct local_user *user)
{
	return span_of(user->name, user->name_len);
}

// FNV-1a.
static uint32_t first_slot(const struct local_users *users, uint16_t tenant, struct span name)
{
	uint64_t h = users->seed ^ 14695981039346656037U ^ (uint64_t)tenant << 32;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.bytes[i]) * 1099511628211U;
	return (uint32_t)(h ^ h >> 32) & users->mask;
}

// The slot of a tenant's user, or the empty one where he belongs. There is always an empty one.
static uint32_t probe(const struct local_users *users, uint16_t tenant, struct span name)
{
	uint32_t at = first_slot(users, tenant, name);

	while (users->slots[at].is_used) {
		const struct local_user *user = &users->slots[at].user;
		if (user->tenant == tenant && span_equal(name, name_of(user)))
			break;
		at = (at + 1) & users->mask;
	}
	return at;
}

// What tells one configured password of a user from another, and is of no other use.
static void make_fingerprint(const struct local_user *user, uint8_t out[MSCHAP_HASH_BYTES])
{
	static const char purpose[] = "adit configured password";
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(purpose), (const uint8_t *)purpose);
	sha256_update(&sha, sizeof(user->nt_hash), user->nt_hash);
	sha256_update(&sha, user->name_len, (const uint8_t *)user->name);
	sha256_digest(&sha, MSCHAP_HASH_BYTES, out);
	secret_wipe_bytes(&sha, sizeof(sha));
}

static int set_password(struct local_user *user, struct span password)
{
	int rc = mschap_nt_hash(password, user->nt_hash);

	if (rc != 0)
		return rc;
	user->has_lm = mschap_lm_hash(password, user->lm_hash) == 0;
	user->has_clear = true;
	return secret_set(&user->password, password);
}

static int add(struct local_users *users, const struct config_user *from)
{
	struct span name = span_of(from->name, strnlen(from->name, LIMIT_USER_NAME_BYTES));
	struct slot *slot = &users->slots[probe(users, from->tenant_number, name)];
	struct local_user *user = &slot->user;
	int rc = 0;

	if (slot->is_used)
		return -EEXIST;
	slot->is_used = true;
	memcpy(user->name, name.bytes, name.len);
	user->name_len = (uint8_t)name.len;
	user->is_disabled = from->disabled;
	user->is_expired = from->expired;
	user->tenant = from->tenant_number;
	user->group = from->group_index;
	user->policy = from->policy.given ? &from->policy : NULL;
	user->n_routes = from->n_routes;
	for (uint16_t i = 0; i < from->n_routes; i++)
		user->routes[i] =
			(struct aaa_route){from->routes[i].address_be, from->routes[i].prefix_len};
	if (from->has_nt_hash)
		memcpy(user->nt_hash, from->nt_hash, sizeof(user->nt_hash));
	else
		rc = set_password(user, span_of(from->password.bytes, from->password.len));
	make_fingerprint(user, user->replaced);
	return rc;
}

static void put_new_password(struct local_user *user, const uint8_t nt_hash[MSCHAP_HASH_BYTES])
{
	memcpy(user->nt_hash, nt_hash, MSCHAP_HASH_BYTES);
	secret_wipe_bytes(user->lm_hash, sizeof(user->lm_hash));
	secret_wipe(&user->password);
	user->has_lm = user->has_clear = user->is_expired = false;
	user->is_changed = true;
}

// ---- the file

static void tell_ignored(const struct local_users *users, const char *name, const char *text)
{
	struct event e;

	if (!users->log)
		return;
	event_begin(&e, EVENT_NOTE);
	event_text(&e, "user", span_of_text(name));
	event_word(&e, "file", users->path);
	event_word(&e, "text", text);
	event_send(users->log, &e);
}

static void keep_stranger(struct local_users *users, const struct password_entry *entry)
{
	if (!users->path[0])
		return; // it lived for the user alone
	if (users->n_strangers == LIMIT_USERS) {
		tell_ignored(users, entry->name,
			"a changed password of nobody: one too many to be kept");
		return;
	}
	users->strangers[users->n_strangers++] = *entry;
	tell_ignored(users, entry->name, "a changed password of nobody: kept, but not used");
}

// tenant  number of his, or -1
static void place(struct local_users *users, int tenant, const struct password_entry *entry)
{
	struct slot *slot =
		tenant < 0
			? NULL
			: &users->slots[probe(users, (uint16_t)tenant, span_of_text(entry->name))];

	if (!slot || !slot->is_used)
		keep_stranger(users, entry);
	else if (!secret_equal_bytes(slot->user.replaced, entry->replaced, sizeof(entry->replaced)))
		tell_ignored(users, entry->name,
			"the configured password is newer than the changed one: the changed one is "
			"not used");
	else
		put_new_password(&slot->user, entry->nt_hash);
}

static void take_entry(void *context, const struct password_entry *entry)
{
	struct local_users *users = context;

	place(users, config_find_tenant(users->config, entry->tenant), entry);
}

struct walk {
	const struct local_users *users;
	uint32_t at;
	uint32_t stranger;
	uint16_t tenant; // of the last entry; CONFIG_NO_INDEX: a stranger's
};

static bool next_entry(void *context, struct password_entry *out)
{
	struct walk *walk = context;

	while (walk->at <= walk->users->mask) {
		const struct slot *slot = &walk->users->slots[walk->at++];

		if (!slot->is_used || !slot->user.is_changed)
			continue;
		memcpy(out->name, slot->user.name, slot->user.name_len);
		out->name[slot->user.name_len] = '\0';
		out->tenant[0] = '\0';
		walk->tenant = slot->user.tenant;
		if (slot->user.tenant)
			snprintf(out->tenant, sizeof(out->tenant), "%s",
				config_tenant_name(walk->users->config, slot->user.tenant));
		memcpy(out->nt_hash, slot->user.nt_hash, sizeof(out->nt_hash));
		memcpy(out->replaced, slot->user.replaced, sizeof(out->replaced));
		return true;
	}
	if (walk->stranger == walk->users->n_strangers)
		return false;
	walk->tenant = CONFIG_NO_INDEX;
	*out = walk->users->strangers[walk->stranger++];
	return true;
}

// Who has written it before: root reads it, and run_as_user is who changes it.
static uid_t file_owner(const struct config *config)
{
	const struct passwd *p = config->run_as_user[0] ? getpwnam(config->run_as_user) : NULL;

	return p ? p->pw_uid : geteuid();
}

// ---- what the driver calls

static int make_nobody(struct local_users *users)
{
	uint8_t random[MSCHAP_HASH_BYTES];
	char text[2 * MSCHAP_HASH_BYTES];

	if (getrandom(&users->seed, sizeof(users->seed), 0) != sizeof(users->seed) ||
		getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + (random[i / 2] >> (i % 2 * 4) & 15));
	int rc = set_password(&users->nobody, span_of(text, sizeof(text)));
	secret_wipe_bytes(random, sizeof(random));
	secret_wipe_bytes(text, sizeof(text));
	return rc;
}

int local_users_prepare(const struct config *config, struct log *log, struct local_users **out)
{
	struct local_users *users;
	uint32_t mask = 1;

	while (mask < 2 * config->n_users)
		mask = mask << 1 | 1;
	users = calloc(1, local_users_size(mask));
	if (!users)
		return -ENOMEM;
	users->mask = mask;
	users->config = config;
	users->path = config->password_file;
	users->log = log;
	int rc = make_nobody(users);
	for (uint32_t i = 0; rc == 0 && i < config->n_users; i++)
		rc = add(users, &config->users[i]);
	if (rc == 0 && users->path[0]) {
		users->strangers = calloc(LIMIT_USERS, sizeof(users->strangers[0]));
		rc = users->strangers ? 0 : -ENOMEM;
	}
	if (rc != 0) {
		local_users_free(users);
		return rc;
	}
	*out = users;
	return 0;
}

int local_users_new(const struct config *config, struct log *log, struct local_users **out)
{
	struct local_users *users = NULL;
	int rc = local_users_prepare(config, log, &users);

	if (rc == 0 && users->path[0])
		rc = password_file_read(users->path, file_owner(config), log, take_entry, users);
	if (rc != 0) {
		local_users_free(users);
		return rc;
	}
	*out = users;
	return 0;
}

// A reload leaves tenants their numbers.
static int tenant_of(const struct config *config, uint16_t number, const char *name)
{
	bool is_same = number == 0 ? !name[0]
				   : number < config->n_tenants &&
					     strcmp(config->tenants[number].name, name) == 0;

	return is_same ? number : config_find_tenant(config, name);
}

void local_users_inherit(struct local_users *users, const struct local_users *before)
{
	struct walk walk = {.users = before};
	struct password_entry entry;

	while (next_entry(&walk, &entry))
		place(users, tenant_of(users->config, walk.tenant, entry.tenant), &entry);
	secret_wipe_bytes(&entry, sizeof(entry));
}

void local_users_free(struct local_users *users)
{
	if (!users)
		return;
	if (users->strangers)
		secret_wipe_bytes(
			users->strangers, users->n_strangers * sizeof(users->strangers[0]));
	free(users->strangers);
	secret_wipe_bytes(users, local_users_size(users->mask));
	free(users);
}

// All names are always looked up.
const struct local_user *local_users_find(
	const struct local_users *users, uint16_t tenant, const struct login *login, bool *is_known)
{
	const struct local_user *found = &users->nobody;

	for (unsigned int i = login->n; i > 0; i--) {
		const struct slot *slot = &users->slots[probe(users, tenant, login->names[i - 1])];

		found = slot->is_used ? &slot->user : found;
	}
	*is_known = found != &users->nobody;
	return found;
}

int local_users_change(struct local_users *users, const struct local_user *user,
	const uint8_t nt_hash[MSCHAP_HASH_BYTES])
{
	struct local_user *own = &users->slots[probe(users, user->tenant, name_of(user))].user;
	struct local_user before = *own;
	struct walk walk = {.users = users};
	int rc = 0;

	put_new_password(own, nt_hash);
	if (users->path[0])
		rc = password_file_write(users->path, users->log, next_entry, &walk);
	if (rc != 0)
		*own = before;
	secret_wipe_bytes(&before, sizeof(before));
	return rc;
}
