// SPDX-License-Identifier: BSD-3-Clause
#include "control/debug.h"

#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOST_LINE_BYTES = 48 };

static const struct {
	const char *words;
	const char *help;
	enum event_kind event;
} categories[DEBUG_CATEGORY_COUNT] = {
#define X(name, text, kind, about) \
	[DEBUG_##name] = {.words = text, .help = about, .event = EVENT_##kind},
	DEBUG_LIST(X)
#undef X
};

const char *debug_category_words(enum debug_category category)
{
	return categories[category].words;
}

const char *debug_category_help(enum debug_category category)
{
	return categories[category].help;
}

// ---- who follows --------------------------------------------------------------------------------

// What "ppp chap" shows "ppp authentication" shows too, and RADIUS's packets its driver logs: the log has them once.
static bool is_logged(const struct log *log, enum debug_category category)
{
	return category != DEBUG_PPP_CHAP && category != DEBUG_RADIUS &&
	       event_is_wanted(log, categories[category].event);
}

// What the log wants stays the same while the program runs.
static uint32_t wanted_by_log(const struct log *log)
{
	uint32_t wanted = 0;

	for (int i = 0; i < DEBUG_CATEGORY_COUNT; i++)
		if (is_logged(log, (enum debug_category)i))
			wanted |= 1u << i;
	return wanted;
}

static void find_wanted(struct debug *d, const struct log *log)
{
	const struct debug_follower *f;

	d->wanted = wanted_by_log(log);
	TAILQ_FOREACH(f, &d->followers, in_all)
	d->wanted |= f->filter.categories;
}

void debug_init(struct debug *d, const struct log *log)
{
	*d = (struct debug){0};
	TAILQ_INIT(&d->followers);
	find_wanted(d, log);
}

static void say_radius(void *context, const struct aaa_debug_text *text)
{
	const struct debug_subject about = {.client_be = text->client_be, .user = text->user};

	debug_say(context, DEBUG_RADIUS, &about, "", text->lines);
}

// A driver makes text of its packets only while somebody reads it.
static void tell_driver(struct control *c)
{
	const struct aaa_debug debug = {
		.say = debug_is_on(&c->debug, DEBUG_RADIUS) ? say_radius : NULL, .context = c};

	if (c->aaa && c->config.aaa->set_debug)
		c->config.aaa->set_debug(c->aaa, &debug);
}

int debug_follow(struct control *c, struct debug_follower *f)
{
	if (c->debug.n_followers >= LIMIT_DEBUG_FOLLOWERS)
		return -EBUSY;
	f->buffer = malloc(DEBUG_BUFFER_BYTES);
	if (!f->buffer)
		return -ENOMEM;
	f->len = 0;
	f->n_lost = 0;
	c->debug.n_followers++;
	TAILQ_INSERT_TAIL(&c->debug.followers, f, in_all);
	find_wanted(&c->debug, c->config.log);
	tell_driver(c);
	return 0;
}

void debug_unfollow(struct control *c, struct debug_follower *f)
{
	TAILQ_REMOVE(&c->debug.followers, f, in_all);
	c->debug.n_followers--;
	free(f->buffer);
	f->buffer = NULL;
	find_wanted(&c->debug, c->config.log);
	tell_driver(c);
}

// ---- lines --------------------------------------------------------------------------------------

static bool call_has_user(const struct call *call, const struct debug_filter *filter)
{
	return span_equal(
		span_of(call->user, call->user_len), span_of(filter->user, filter->user_len));
}

static bool passes(const struct debug_filter *filter, const struct debug_subject *about)
{
	const struct call *call;

	if (filter->client_be && filter->client_be != about->client_be)
		return false;
	if (filter->user_len == 0)
		return true;
	if (about->call)
		return call_has_user(about->call, filter);
	if (!about->conn)
		return span_equal(about->user, span_of(filter->user, filter->user_len));
	TAILQ_FOREACH(call, &about->conn->calls.list, in_conn)
	if (call_has_user(call, filter))
		return true;
	return false;
}

static bool append(struct debug_follower *f, const char *line, size_t len)
{
	if (len > DEBUG_BUFFER_BYTES - f->len)
		return false;
	memcpy(f->buffer + f->len, line, len);
	f->len += (uint32_t)len;
	return true;
}

// What was missed is said before the next line, so it stands where it is missing.
static void give(struct debug_follower *f, const char *line, size_t len)
{
	char lost[LOST_LINE_BYTES];

	if (f->n_lost > 0) {
		int n = snprintf(lost, sizeof(lost), "%% %" PRIu64 " lines lost\n", f->n_lost);
		if ((size_t)n + len > DEBUG_BUFFER_BYTES - f->len) {
			f->n_lost++;
			return;
		}
		append(f, lost, (size_t)n);
		f->n_lost = 0;
	}
	if (!append(f, line, len))
		f->n_lost++;
	f->wake(f);
}

size_t debug_take(struct debug_follower *f, char *out, size_t cap)
{
	size_t n = f->len;

	if (n > cap)
		for (n = cap; n > 0 && f->buffer[n - 1] != '\n'; n--)
			;
	memcpy(out, f->buffer, n);
	memmove(f->buffer, f->buffer + n, f->len - n);
	f->len -= (uint32_t)n;
	return n;
}

// Without the stamp, for the log has its own.
static void log_line(struct control *c, enum debug_category category,
	const struct debug_subject *about, const char *line, size_t len)
{
	struct event e;

	if (!is_logged(c->config.log, category))
		return;
	event_begin(&e, categories[category].event);
	event_ipv4(&e, "client", about->client_be);
	event_decoded(&e, span_of(line, len));
	event_send(c->config.log, &e);
}

void debug_say(struct control *c, enum debug_category category, const struct debug_subject *about,
	const char *prefix, const char *text)
{
	uint64_t s = (control_now(c) - c->started_ns) / 1000000000;
	struct debug_follower *f, *next;
	char line[DEBUG_LINE_BYTES];
	const char *end;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		int stamp = snprintf(line, sizeof(line), "%02" PRIu64 ":%02u:%02u: ", s / 3600,
			(unsigned)(s / 60 % 60), (unsigned)(s % 60));
		int n = snprintf(line + stamp, sizeof(line) - (size_t)stamp, "%s%.*s\n", prefix,
			(int)(end - text), text);
		size_t len = (size_t)stamp + (size_t)n;
		if (len >= sizeof(line)) {
			len = sizeof(line) - 1;
			line[len - 1] = '\n';
		}
		log_line(c, category, about, line + stamp, len - (size_t)stamp - 1);
		for (f = TAILQ_FIRST(&c->debug.followers); f; f = next) {
			next = TAILQ_NEXT(f, in_all);
			if ((f->filter.categories & 1u << category) && passes(&f->filter, about))
				give(f, line, len);
		}
	}
}

// ---- the command --------------------------------------------------------------------------------

// How many of the words are those of the category, 0: they are not.
static size_t match(const char *name, const struct span *words, size_t n_words)
{
	size_t n = 0;

	while (*name) {
		size_t len = strcspn(name, " ");
		if (n == n_words || !span_equal(words[n], span_of(name, len)))
			return 0;
		n++;
		name += len + (name[len] == ' ');
	}
	return n;
}

static int fail(char *why, size_t cap, const char *what, struct span word)
{
	char shown[80];

	log_escape(word, shown, sizeof(shown));
	snprintf(why, cap, "%s %s. ", what, shown);
	return -EINVAL;
}

static int parse_filter(
	const struct span *words, size_t n_words, struct debug_filter *out, char *why, size_t cap)
{
	bool is_user = span_equal(words[0], span_of_text("user"));

	if (!is_user && !span_equal(words[0], span_of_text("address")))
		return fail(why, cap, "Unknown word", words[0]);
	if (n_words == 1 || words[1].len == 0)
		return fail(why, cap, "Nothing stands behind", words[0]);
	if (n_words > 2)
		return fail(why, cap, "One word too many:", words[2]);
	if (is_user) {
		if (words[1].len > LIMIT_USER_NAME_BYTES)
			return fail(why, cap, "Too long:", words[1]);
		out->user_len = (uint16_t)words[1].len;
		memcpy(out->user, words[1].bytes, words[1].len);
		return 0;
	}
	char address[INET_ADDRSTRLEN] = "";
	if (words[1].len < sizeof(address))
		memcpy(address, words[1].bytes, words[1].len);
	if (inet_pton(AF_INET, address, &out->client_be) != 1 || out->client_be == 0)
		return fail(why, cap, "Not an IPv4 address:", words[1]);
	return 0;
}

int debug_parse(
	const struct span *words, size_t n_words, struct debug_filter *out, char *why, size_t cap)
{
	size_t at = 0;

	*out = (struct debug_filter){0};
	while (at < n_words) {
		size_t n = 0;
		for (int i = 0; i < DEBUG_CATEGORY_COUNT && n == 0; i++) {
			n = match(categories[i].words, words + at, n_words - at);
			if (n > 0)
				out->categories |= 1u << i;
		}
		if (n == 0)
			break;
		at += n;
	}
	int rc = at < n_words ? parse_filter(words + at, n_words - at, out, why, cap) : 0;
	if (rc == 0 && out->categories == 0) {
		snprintf(why, cap, "What is to be followed is missing. ");
		rc = -EINVAL;
	}
	return rc;
}
