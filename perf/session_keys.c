// SPDX-License-Identifier: BSD-3-Clause
#include "perf/session_keys.h"

#include "base/secret.h"
#include "crypto/mschap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BYTES = 160, CHALLENGE_BYTES = 16 };

enum key {
	KEY_CLIENT,
	KEY_SERVER,
	KEY_CLIENT_CALL_ID,
	KEY_SERVER_CALL_ID,
	KEY_INNER,
	KEY_HOST,
	KEY_MPPE,
	KEY_MODE,
	KEY_UP,
	KEY_DOWN,
	KEY_USER,
	KEY_PASSWORD,
	KEY_CHALLENGE,
	KEY_PEER_CHALLENGE,
	KEY_UP_SEQ,
	KEY_UP_COUNT,
	KEY_DOWN_SEQ,
	KEY_DOWN_COUNT,
	KEY_PFC,
	KEY_ACFC,
	KEYS
};

static const char *const key_names[KEYS] = {"client", "server", "client_call_id", "server_call_id",
	"inner", "host", "mppe", "mode", "up", "down", "user", "password", "challenge",
	"peer_challenge", "up_seq", "up_count", "down_seq", "down_count", "pfc", "acfc"};

// A line as it is taken apart.
struct line {
	char values[KEYS][WORD_BYTES];
	bool has[KEYS];
	struct session_keys_error *error;
	unsigned int number;
};

__attribute__((format(printf, 2, 3))) static int fail(struct line *l, const char *format, ...)
{
	va_list list;

	l->error->line = l->number;
	va_start(list, format);
	vsnprintf(l->error->text, sizeof(l->error->text), format, list);
	va_end(list);
	return -EBADMSG;
}

static int take_word(struct line *l, const char *word)
{
	const char *equals = strchr(word, '=');

	if (!equals)
		return fail(l, "'%.40s' is not key=value", word);
	for (int k = 0; k < KEYS; k++) {
		if (strlen(key_names[k]) != (size_t)(equals - word) ||
			strncmp(key_names[k], word, (size_t)(equals - word)) != 0)
			continue;
		if (l->has[k])
			return fail(l, "%s is there twice", key_names[k]);
		if (strlen(equals + 1) >= WORD_BYTES)
			return fail(l, "%s is too long", key_names[k]);
		l->has[k] = true;
		strcpy(l->values[k], equals + 1);
		return 0;
	}
	return fail(
		l, "no key is called '%.*s'", (int)(equals - word > 40 ? 40 : equals - word), word);
}

static int take_address(struct line *l, enum key k, uint32_t *out_be)
{
	if (!l->has[k])
		return fail(l, "%s is missing", key_names[k]);
	return inet_pton(AF_INET, l->values[k], out_be) == 1
		       ? 0
		       : fail(l, "%s=%.40s is no IPv4 address", key_names[k], l->values[k]);
}

static int take_number(struct line *l, enum key k, unsigned long most, unsigned long value_default,
	unsigned long *out)
{
	char *end;

	*out = value_default;
	if (!l->has[k])
		return 0;
	errno = 0;
	*out = strtoul(l->values[k], &end, 10);
	if (errno || *end || end == l->values[k] || l->values[k][0] == '-' || *out > most)
		return fail(
			l, "%s=%.40s is not a number up to %lu", key_names[k], l->values[k], most);
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static int take_hex(struct line *l, enum key k, uint8_t *out, size_t len)
{
	const char *text = l->values[k];

	if (!l->has[k])
		return fail(l, "%s is missing", key_names[k]);
	if (strlen(text) != 2 * len)
		return fail(l, "%s wants %zu hex digits", key_names[k], 2 * len);
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return fail(l, "%s holds what is no hex digit", key_names[k]);
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int take_mode(struct line *l, struct session_keys *s)
{
	const char *mppe = l->has[KEY_MPPE] ? l->values[KEY_MPPE] : "128";
	const char *mode = l->has[KEY_MODE] ? l->values[KEY_MODE] : "stateless";

	s->mode.is_stateless = strcmp(mode, "stateless") == 0;
	if (!s->mode.is_stateless && strcmp(mode, "stateful") != 0)
		return fail(l, "mode=%.40s is neither stateless nor stateful", mode);
	s->mode.strength = strcmp(mppe, "128") == 0  ? MPPE_STRENGTH_128
			   : strcmp(mppe, "56") == 0 ? MPPE_STRENGTH_56
			   : strcmp(mppe, "40") == 0 ? MPPE_STRENGTH_40
						     : MPPE_STRENGTH_NONE;
	if (s->mode.strength == MPPE_STRENGTH_NONE && strcmp(mppe, "none") != 0)
		return fail(l, "mppe=%.40s is not 128, 56, 40 or none", mppe);
	return 0;
}

// As the client has them: what it sends with is what the server receives with.
static int make_keys(struct line *l, struct session_keys *s)
{
	uint8_t challenge[CHALLENGE_BYTES], peer_challenge[CHALLENGE_BYTES];
	uint8_t nt_hash[MSCHAP_HASH_BYTES], hash_hash[MSCHAP_HASH_BYTES];
	uint8_t response[MSCHAP_RESPONSE_BYTES];
	struct mppe_start_keys keys;
	struct span user = span_of_text(l->values[KEY_USER]);
	int rc = take_hex(l, KEY_CHALLENGE, challenge, sizeof(challenge));

	if (!rc)
		rc = take_hex(l, KEY_PEER_CHALLENGE, peer_challenge, sizeof(peer_challenge));
	if (!rc && (!l->has[KEY_USER] || !l->has[KEY_PASSWORD]))
		rc = fail(l, "neither the keys up and down nor user and password are there");
	if (!rc && mschap_nt_hash(span_of_text(l->values[KEY_PASSWORD]), nt_hash) != 0)
		rc = fail(l, "password is not UTF-8");
	if (rc)
		return rc;
	mschap_nt_response(
		challenge, peer_challenge, mschap_user_without_domain(user), nt_hash, response);
	mschap_nt_hash_hash(nt_hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, response, false, &keys);
	memcpy(s->up, keys.send, sizeof(s->up));
	memcpy(s->down, keys.receive, sizeof(s->down));
	secret_wipe_bytes(&keys, sizeof(keys));
	secret_wipe_bytes(nt_hash, sizeof(nt_hash));
	secret_wipe_bytes(hash_hash, sizeof(hash_hash));
	return 0;
}

static int take_keys(struct line *l, struct session_keys *s)
{
	uint8_t len = mppe_key_len(s->mode.strength);

	if (s->mode.strength == MPPE_STRENGTH_NONE)
		return 0;
	if (!l->has[KEY_UP] && !l->has[KEY_DOWN])
		return l->has[KEY_PASSWORD] ? make_keys(l, s)
					    : fail(l, "neither the keys up and down nor user and "
						      "password are there");
	int rc = take_hex(l, KEY_UP, s->up, len);

	return rc ? rc : take_hex(l, KEY_DOWN, s->down, len);
}

static int take_numbers(struct line *l, struct session_keys *s)
{
	unsigned long client_call_id, server_call_id, numbers[4], pfc, acfc;
	int rc = take_number(l, KEY_CLIENT_CALL_ID, UINT16_MAX, 0, &client_call_id);

	if (!rc)
		rc = take_number(l, KEY_SERVER_CALL_ID, UINT16_MAX, 0, &server_call_id);
	for (int i = 0; !rc && i < 4; i++)
		rc = take_number(l, (enum key)(KEY_UP_SEQ + i), UINT32_MAX, 0, &numbers[i]);
	if (!rc)
		rc = take_number(l, KEY_PFC, 1, 0, &pfc);
	if (!rc)
		rc = take_number(l, KEY_ACFC, 1, 1, &acfc);
	if (rc)
		return rc;
	if (!l->has[KEY_CLIENT_CALL_ID] || !l->has[KEY_SERVER_CALL_ID])
		return fail(l, "client_call_id or server_call_id is missing");
	s->client_call_id = (uint16_t)client_call_id;
	s->server_call_id = (uint16_t)server_call_id;
	s->up_seq = (uint32_t)numbers[0];
	s->up_count = (uint32_t)numbers[1];
	s->down_seq = (uint32_t)numbers[2];
	s->down_count = (uint32_t)numbers[3];
	s->pfc = pfc;
	s->acfc = acfc;
	return 0;
}

// Returns 1 and *out, 0 for a line with nothing in it, -EBADMSG.
static int parse_line(char *text, struct line *l, struct session_keys *out)
{
	char *rest = NULL, *word;
	int rc = 0;

	text[strcspn(text, "#\r\n")] = 0;
	word = strtok_r(text, " \t", &rest);
	if (!word)
		return 0;
	if (strcmp(word, "session") != 0)
		return fail(l, "a line begins with 'session', not with '%.40s'", word);
	while (!rc && (word = strtok_r(NULL, " \t", &rest)) != NULL)
		rc = take_word(l, word);
	if (!rc)
		rc = take_address(l, KEY_CLIENT, &out->client_be);
	if (!rc)
		rc = take_address(l, KEY_SERVER, &out->server_be);
	if (!rc)
		rc = take_address(l, KEY_INNER, &out->inner_be);
	if (!rc)
		rc = take_address(l, KEY_HOST, &out->host_be);
	if (!rc)
		rc = take_mode(l, out);
	if (!rc)
		rc = take_keys(l, out);
	if (!rc)
		rc = take_numbers(l, out);
	return rc ? rc : 1;
}

static int append(struct session_keys **sessions, unsigned int *n, unsigned int *room,
	const struct session_keys *s)
{
	if (*n == *room) {
		unsigned int more = *room ? *room * 2 : 64;
		struct session_keys *larger = calloc(more, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		if (*n)
			memcpy(larger, *sessions, *n * sizeof(*larger));
		session_keys_free(*sessions, *n); // not realloc(): it would leave keys behind
		*sessions = larger;
		*room = more;
	}
	(*sessions)[(*n)++] = *s;
	return 0;
}

int session_keys_read(
	FILE *in, struct session_keys **sessions, unsigned int *n, struct session_keys_error *error)
{
	unsigned int room = 0, number = 0;
	char *text = NULL;
	size_t cap = 0;
	int rc = 0;

	*sessions = NULL;
	*n = 0;
	*error = (struct session_keys_error){0};
	while (!rc && getline(&text, &cap, in) >= 0) {
		struct line line = {.error = error, .number = ++number};
		struct session_keys s = {0};

		rc = parse_line(text, &line, &s);
		if (rc == 1)
			rc = append(sessions, n, &room, &s);
		secret_wipe_bytes(&line, sizeof(line));
		secret_wipe_bytes(&s, sizeof(s));
	}
	if (!rc && ferror(in))
		rc = -EIO;
	if (text)
		secret_wipe_bytes(text, cap);
	free(text);
	if (rc) {
		session_keys_free(*sessions, *n);
		*sessions = NULL;
		*n = 0;
	}
	return rc;
}

void session_keys_free(struct session_keys *sessions, unsigned int n)
{
	if (sessions)
		secret_wipe_bytes(sessions, n * sizeof(*sessions));
	free(sessions);
}

static void put_hex(FILE *out, const char *key, const uint8_t *bytes, size_t len)
{
	fprintf(out, " %s=", key);
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%02x", bytes[i]);
}

int session_keys_write(FILE *out, const struct session_keys *s)
{
	const uint32_t addresses[] = {s->client_be, s->server_be, s->inner_be, s->host_be};
	static const char *const names[] = {"client", "server", "inner", "host"};
	char text[INET_ADDRSTRLEN];

	fputs("session", out);
	for (int i = 0; i < 4; i++)
		fprintf(out, " %s=%s", names[i],
			inet_ntop(AF_INET, &addresses[i], text, sizeof(text)));
	fprintf(out, " client_call_id=%u server_call_id=%u", s->client_call_id, s->server_call_id);
	if (s->mode.strength == MPPE_STRENGTH_NONE) {
		fputs(" mppe=none", out);
	} else {
		uint8_t len = mppe_key_len(s->mode.strength);

		fprintf(out, " mppe=%d mode=%s", (int)s->mode.strength,
			s->mode.is_stateless ? "stateless" : "stateful");
		put_hex(out, "up", s->up, len);
		put_hex(out, "down", s->down, len);
	}
	fprintf(out, " up_seq=%u up_count=%u down_seq=%u down_count=%u pfc=%d acfc=%d\n", s->up_seq,
		s->up_count, s->down_seq, s->down_count, s->pfc, s->acfc);
	return ferror(out) ? -EIO : 0;
}
