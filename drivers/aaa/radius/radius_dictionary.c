// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_dictionary.h"

#include "base/bytes.h"
#include "drivers/aaa/radius/radius_packet.h"
#include "observe/events.h"

#include <radcli/radcli.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct radius_dictionary {
	rc_handle *rh;
};

static const char *const files[] = {
	"dictionary",
	"dictionary.microsoft",
	"dictionary.vpn3000",
	"dictionary.rates",
};

// Where adit is installed, and where it is built.
static const char *const places[] = {RADIUS_DICTIONARY_DIR, RADIUS_DICTIONARY_SOURCE};

static int complain(struct log *log, const char *path, int error)
{
	struct event e;

	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", "radius dictionary");
	event_word(&e, "path", path);
	event_word(&e, "error",
		error ? strerror(error) : "libradcli does not understand it (see syslog)");
	if (log)
		event_send(log, &e);
	return error ? -error : -EINVAL;
}

static int read_file(struct radius_dictionary *d, const char *path, struct log *log)
{
	if (access(path, R_OK) != 0)
		return complain(log, path, errno);
	return rc_read_dictionary(d->rh, path) == 0 ? 0 : complain(log, path, 0);
}

static int read_own(struct radius_dictionary *d, const char *name, struct log *log)
{
	char path[512];
	size_t n = sizeof(places) / sizeof(places[0]);

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", places[i], name);
		if (access(path, R_OK) == 0)
			return read_file(d, path, log);
	}
	snprintf(path, sizeof(path), "%s/%s", places[0], name);
	return complain(log, path, ENOENT);
}

int radius_dictionary_new(const char *more, struct log *log, struct radius_dictionary **out)
{
	struct radius_dictionary *d = calloc(1, sizeof(*d));
	int rc = 0;

	if (!d)
		return -ENOMEM;
	d->rh = rc_new();
	if (!d->rh) {
		free(d);
		return -ENOMEM;
	}
	if (!rc_config_init(d->rh)) { // which has freed it
		free(d);
		return -ENOMEM;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && rc == 0; i++)
		rc = read_own(d, files[i], log);
	if (rc == 0 && more[0])
		rc = read_file(d, more, log);
	if (rc != 0) {
		radius_dictionary_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void radius_dictionary_free(struct radius_dictionary *d)
{
	if (!d)
		return;
	rc_destroy(d->rh);
	free(d);
}

static const DICT_ATTR *find(const struct radius_dictionary *d, uint32_t vendor, uint8_t type)
{
	// libradcli has the vendor in the upper half of the number, which is as much as there is room for.
	return d && vendor < 0x8000 ? rc_dict_getattr(d->rh, (int)(vendor << 16 | type)) : NULL;
}

const char *radius_dictionary_name(const struct radius_dictionary *d, uint32_t vendor, uint8_t type)
{
	const DICT_ATTR *a = find(d, vendor, type);

	return a ? a->name : NULL;
}

int radius_dictionary_find(
	const struct radius_dictionary *d, const char *name, uint32_t *vendor, uint8_t *type)
{
	const DICT_ATTR *a = rc_dict_findattr(d->rh, name);

	if (!a)
		return -ENOENT;
	*vendor = (uint32_t)a->value >> 16;
	*type = (uint8_t)a->value;
	return 0;
}

// Passwords, what is made of them, and keys.
static bool is_secret(uint32_t vendor, uint8_t type)
{
	if (vendor == 0)
		return type == RADIUS_USER_PASSWORD || type == RADIUS_CHAP_PASSWORD ||
		       type == RADIUS_STATE || type == RADIUS_TUNNEL_PASSWORD ||
		       type == RADIUS_VENDOR_SPECIFIC; // whole: what is inside has no form
	if (vendor != RADIUS_VENDOR_MICROSOFT)
		return false;
	switch (type) {
	case RADIUS_MS_CHAP_RESPONSE:
	case RADIUS_MS_CHAP_NT_ENC_PW:
	case RADIUS_MS_CHAP_MPPE_KEYS:
	case RADIUS_MS_MPPE_SEND_KEY:
	case RADIUS_MS_MPPE_RECV_KEY:
	case RADIUS_MS_CHAP2_RESPONSE:
	case RADIUS_MS_CHAP2_CPW:
		return true;
	default:
		return false;
	}
}

static bool is_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.bytes[i] < 0x20 || s.bytes[i] > 0x7e || s.bytes[i] == '"')
			return false;
	return s.len > 0;
}

static void print_value(const struct radius_dictionary *d, const DICT_ATTR *a, struct span value,
	char *out, size_t cap)
{
	uint32_t v = value.len == 4 ? bytes_get_u32(value.bytes) : 0;
	size_t at;

	if (a && a->type == PW_TYPE_IPADDR && value.len == 4) {
		snprintf(out, cap, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
		return;
	}
	if (a && (a->type == PW_TYPE_INTEGER || a->type == PW_TYPE_DATE) && value.len == 4) {
		const DICT_VALUE *named = rc_dict_getval(d->rh, v, a->name);
		if (named)
			snprintf(out, cap, "%s", named->name);
		else
			snprintf(out, cap, "%u", v);
		return;
	}
	if (is_text(value)) {
		snprintf(out, cap, "\"%.*s\"", (int)value.len, (const char *)value.bytes);
		return;
	}
	at = (size_t)snprintf(out, cap, "0x");
	for (size_t i = 0; i < value.len && at + 3 < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, "%02x", value.bytes[i]);
}

void radius_dictionary_print(const struct radius_dictionary *d, uint32_t vendor, uint8_t type,
	struct span value, char *out, size_t cap)
{
	const DICT_ATTR *a = find(d, vendor, type);
	char text[600];

	if (is_secret(vendor, type))
		snprintf(text, sizeof(text), "(%zu bytes, not shown)", value.len);
	else
		print_value(d, a, value, text, sizeof(text));
	if (a)
		snprintf(out, cap, "%s = %s", a->name, text);
	else if (vendor)
		snprintf(out, cap, "%u.%u = %s", vendor, type, text);
	else
		snprintf(out, cap, "%u = %s", type, text);
}
