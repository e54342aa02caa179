// SPDX-License-Identifier: BSD-3-Clause
#include "control/api.h"

#include "control/control_state.h"
#include "control/event_stream.h"
#include "control/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	PAGE_BYTES = 32768,
	CALLS_PER_TURN = 8, // of a command's page function, for one client
	BACKLOG = 8,
};

static const uint64_t PATIENCE_NS = 30000000000; // with a client that neither asks nor reads

enum client_state {
	CLIENT_ASKING,	  // its request is not complete
	CLIENT_MEASURING, // the widths of the columns are found
	CLIENT_PRINTING,
	CLIENT_FOLLOWING, // debug lines or events, until it goes
	CLIENT_ENDING,	  // "end" is in the page or will be
	CLIENT_DONE,	  // close when the page has gone
};

struct client {
	struct api *api;
	struct loop_source source;
	enum client_state state;
	uint64_t moved_ns; // when it last took or gave bytes
	int code;
	size_t n_request;
	char request[API_REQUEST_BYTES_MAX];
	struct show show;
	struct debug_follower follower; // CLIENT_FOLLOWING
	struct event_stream stream;	// the same, if it is on
	size_t n_sent;
	size_t n_page;
	char page[API_HEADER_BYTES_MAX + PAGE_BYTES];
	TAILQ_ENTRY(client) in_all;
};

struct api {
	struct control *control;
	struct loop_source source;
	uint32_t n_clients;
	uint32_t n_streams;
	TAILQ_HEAD(, client) clients;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void client_free(struct client *client)
{
	struct api *api = client->api;

	if (client->stream.is_on)
		api->n_streams--;
	else if (client->state == CLIENT_FOLLOWING)
		debug_unfollow(api->control, &client->follower);
	loop_remove(&api->control->loop, &client->source);
	close(client->source.fd);
	TAILQ_REMOVE(&api->clients, client, in_all);
	api->n_clients--;
	free(client);
}

// ---- replies ------------------------------------------------------------------------------------

// Put a header before the n bytes that lie in the page behind its room. It is written right up
// against them, so that the page goes out in one piece.
static void frame(struct client *client, const char *stream, size_t n)
{
	char header[API_HEADER_BYTES_MAX + 1];
	size_t len = (size_t)snprintf(header, sizeof(header), "%s %zu\n", stream, n);

	client->n_sent = API_HEADER_BYTES_MAX - len;
	memcpy(client->page + client->n_sent, header, len);
	client->n_page = API_HEADER_BYTES_MAX + n;
}

// Standard output is JSON where JSON was asked for, also when there is but a sentence to say.
static size_t put_message(struct client *client, bool is_json)
{
	struct render *r = &client->show.render;
	char *page = client->page + API_HEADER_BYTES_MAX;
	size_t n = strlen(client->show.message);

	if (!is_json || n == 0) {
		memcpy(page, client->show.message, n);
		return n;
	}
	render_set_page(r, page, PAGE_BYTES);
	render_begin(r, true, false);
	render_record_begin(r, "reply");
	render_key(r, "message", NULL);
	client->show.message[n - 1] = '\0'; // without the line's end
	render_word(r, client->show.message);
	render_record_end(r);
	render_end(r);
	return r->len;
}

static void say(struct client *client, int code)
{
	size_t n = put_message(client, client->show.render.is_json && code == SHOW_OK);

	client->code = code;
	client->state = CLIENT_ENDING;
	if (n > 0)
		frame(client, code == SHOW_OK ? "out" : "err", n);
}

static void begin_pass(struct client *client, enum client_state state)
{
	struct show *s = &client->show;

	client->state = state;
	s->stage = 0;
	s->cursor = 0;
	memset(s->counts, 0, sizeof(s->counts));
	render_set_page(&s->render, client->page + API_HEADER_BYTES_MAX, PAGE_BYTES);
	render_begin(&s->render, s->render.is_json, state == CLIENT_MEASURING);
}

// Fill the page with the next piece of the reply; it may stay empty when there was much to look at
// and little to say.
static void produce(struct client *client)
{
	struct control *c = client->api->control;
	struct show *s = &client->show;

	client->n_sent = client->n_page = 0;
	for (int i = 0; i < CALLS_PER_TURN && client->state < CLIENT_ENDING; i++) {
		bool is_end = s->command->page(c, s);
		if (s->is_waiting) {
			loop_set_events(&c->loop, &client->source, 0);
			return;
		}
		if (is_end && client->state == CLIENT_MEASURING) {
			begin_pass(client, CLIENT_PRINTING);
			continue;
		}
		if (is_end) {
			render_end(&s->render);
			client->state = CLIENT_ENDING;
			client->code = s->code;
		}
		if (s->render.len > 0) {
			frame(client, "out", s->render.len);
			render_set_page(
				&s->render, client->page + API_HEADER_BYTES_MAX, PAGE_BYTES);
			return;
		}
	}
	if (client->state == CLIENT_ENDING) {
		client->n_page = (size_t)snprintf(
			client->page, sizeof(client->page), "end %d\n", client->code);
		client->state = CLIENT_DONE;
	}
}

// ---- debug --------------------------------------------------------------------------------------

static void wake(struct debug_follower *f)
{
	struct client *client = container_of(f, struct client, follower);

	loop_set_events(&client->api->control->loop, &client->source, EPOLLIN | EPOLLOUT);
}

static int follow(struct client *client)
{
	struct control *c = client->api->control;
	struct show *s = &client->show;

	if (s->render.is_json) {
		snprintf(s->message, sizeof(s->message), "debug has no JSON form.\n");
		return SHOW_USAGE;
	}
	client->follower.filter = s->debug;
	client->follower.wake = wake;
	int rc = debug_follow(c, &client->follower);
	if (rc != 0) {
		snprintf(s->message, sizeof(s->message),
			rc == -EBUSY ? "Too many follow debug output already.\n"
				     : "Out of memory.\n");
		return SHOW_FAILED;
	}
	client->state = CLIENT_FOLLOWING;
	return SHOW_OK;
}

static int stream(struct client *client)
{
	struct control *c = client->api->control;
	struct show *s = &client->show;
	const struct event_log *events = c->config.log->events;
	int tenant = s->tenant_name.len ? show_tenant_by_name(c, s) : 0;

	if (s->render.is_json) {
		snprintf(s->message, sizeof(s->message), "events has no JSON form.\n");
		return SHOW_USAGE;
	}
	if (tenant < 0)
		return SHOW_FAILED;
	if (!events || c->debug.n_followers + client->api->n_streams >= LIMIT_DEBUG_FOLLOWERS) {
		snprintf(s->message, sizeof(s->message), "Too many follow events already.\n");
		return SHOW_FAILED;
	}
	client->stream = (struct event_stream){.is_on = true,
		.has_tenant = s->tenant_name.len > 0,
		.seq = events->history.next_seq};
	snprintf(client->stream.tenant, sizeof(client->stream.tenant), "%s",
		config_tenant_name(c->config.config, (uint16_t)tenant));
	client->api->n_streams++;
	client->state = CLIENT_FOLLOWING;
	return SHOW_OK;
}

void api_wake_streams(struct api *api)
{
	struct client *client;

	if (!api || api->n_streams == 0)
		return;
	TAILQ_FOREACH(client, &api->clients, in_all)
	if (client->stream.is_on &&
		event_stream_has_more(&client->stream, &api->control->config.log->events->history))
		loop_set_events(&api->control->loop, &client->source, EPOLLIN | EPOLLOUT);
}

// Take the next lines. Returns false when there are none.
static bool produce_lines(struct client *client)
{
	char *text = client->page + API_HEADER_BYTES_MAX;
	size_t n = client->stream.is_on
			   ? event_stream_take(&client->stream,
				     &client->api->control->config.log->events->history, text,
				     PAGE_BYTES)
			   : debug_take(&client->follower, text, PAGE_BYTES);

	client->n_sent = client->n_page = 0;
	if (n == 0)
		return false;
	frame(client, "out", n);
	return true;
}

static void answer(struct client *client)
{
	struct control *c = client->api->control;
	struct show *s = &client->show;
	struct span words[SHOW_WORDS_MAX + 1];
	bool is_json = false;
	int n = api_parse_line(client->request, words, RTE_DIM(words), &is_json);
	int code = SHOW_USAGE;

	s->render.is_json = is_json;
	counter_add(&c->counters.api_requests, 1);
	if (n < 0)
		snprintf(s->message, sizeof(s->message), "malformed request\n");
	else
		code = show_parse(s, words, (size_t)n);
	if (code == SHOW_OK && s->command && s->command->act)
		code = s->command->act(c, s);
	else if (code == SHOW_OK && s->command && s->command->check)
		code = s->command->check(c, s);
	else if (code == SHOW_OK && s->command && s->command->follows)
		code = follow(client);
	else if (code == SHOW_OK && s->command && s->command->streams)
		code = stream(client);
	if (code != SHOW_OK)
		counter_add(&c->counters.api_errors, 1);
	if (client->state == CLIENT_FOLLOWING)
		return;
	if (code != SHOW_OK || !s->command || s->command->act)
		say(client, code);
	else
		begin_pass(client, is_json ? CLIENT_PRINTING : CLIENT_MEASURING);
}

// ---- a client -----------------------------------------------------------------------------------

// Returns false when the client has gone.
static bool read_request(struct client *client)
{
	size_t room = sizeof(client->request) - 1 - client->n_request;
	ssize_t n = recv(client->source.fd, client->request + client->n_request, room, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	client->moved_ns = control_now(client->api->control);
	client->n_request += (size_t)n;
	client->request[client->n_request] = '\0';
	char *end = memchr(client->request, '\n', client->n_request);
	if (!end) {
		if (client->n_request < sizeof(client->request) - 1)
			return true;
		end = client->request; // too long: an empty line is malformed
	}
	*end = '\0';
	answer(client);
	loop_set_events(&client->api->control->loop, &client->source,
		client->state == CLIENT_FOLLOWING ? EPOLLIN | EPOLLOUT : EPOLLOUT);
	return true;
}

// Returns false when the client has gone.
static bool send_page(struct client *client)
{
	if (client->n_sent == client->n_page)
		return true;
	ssize_t n = send(client->source.fd, client->page + client->n_sent,
		client->n_page - client->n_sent, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	client->n_sent += (size_t)n;
	client->moved_ns = control_now(client->api->control);
	return true;
}

// Returns false when the client has gone or has got all.
static bool write_reply(struct client *client)
{
	if (client->n_sent == client->n_page)
		produce(client);
	return send_page(client) &&
	       (client->state != CLIENT_DONE || client->n_sent < client->n_page);
}

// A follower has nothing to say any more; when it is readable, it has gone.
static bool serve_follower(struct client *client, uint32_t events)
{
	char ignored[64];

	if (events & (EPOLLIN | EPOLLHUP)) {
		ssize_t n = recv(client->source.fd, ignored, sizeof(ignored), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
	}
	if (client->n_sent == client->n_page && !produce_lines(client)) {
		loop_set_events(&client->api->control->loop, &client->source, EPOLLIN);
		return true;
	}
	return send_page(client);
}

static void client_ready(struct loop_source *s, uint32_t events)
{
	struct client *client = container_of(s, struct client, source);
	bool lives = !(events & EPOLLERR);

	if (lives && client->state == CLIENT_ASKING)
		lives = read_request(client);
	else if (lives && client->state == CLIENT_FOLLOWING)
		lives = serve_follower(client, events);
	else if (lives)
		lives = !(events & EPOLLHUP) && write_reply(client);
	if (!lives)
		client_free(client);
}

static void refuse(int fd)
{
	static const char text[] = "Too many clients are on this socket.\n";
	char reply[128];
	int n = snprintf(reply, sizeof(reply), "err %zu\n%send 1\n", sizeof(text) - 1, text);

	(void)send(fd, reply, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void take_client(struct api *api, int fd)
{
	struct ucred peer = {.uid = UINT32_MAX};
	socklen_t len = sizeof(peer);
	struct client *client = NULL;

	if (api->n_clients < LIMIT_API_CLIENTS)
		client = calloc(1, sizeof(*client));
	if (!client) {
		refuse(fd);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	client->api = api;
	client->show.uid = peer.uid;
	client->moved_ns = control_now(api->control);
	client->source = (struct loop_source){.fd = fd, .events = EPOLLIN, .ready = client_ready};
	TAILQ_INSERT_TAIL(&api->clients, client, in_all);
	api->n_clients++;
	if (loop_add(&api->control->loop, &client->source) != 0)
		client_free(client);
}

static void listener_ready(struct loop_source *s, uint32_t events)
{
	struct api *api = container_of(s, struct api, source);
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		take_client(api, fd);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
		loop_set_events(&api->control->loop, s, 0); // until api_check()
}

void api_wake(struct api *api)
{
	struct client *client;

	TAILQ_FOREACH(client, &api->clients, in_all)
	if (client->show.is_waiting) {
		client->show.is_waiting = false;
		client->moved_ns = control_now(api->control);
		loop_set_events(&api->control->loop, &client->source, EPOLLOUT);
	}
}

void api_check(struct api *api)
{
	struct client *client, *next;
	uint64_t now = control_now(api->control);

	loop_set_events(&api->control->loop, &api->source, EPOLLIN);
	for (client = TAILQ_FIRST(&api->clients); client; client = next) {
		next = TAILQ_NEXT(client, in_all);
		if (client->state != CLIENT_FOLLOWING && now - client->moved_ns > PATIENCE_NS)
			client_free(client);
	}
}

// ---- open and close -----------------------------------------------------------------------------

// A socket that nobody listens on is left over from a crash; one that somebody does is another
// adit's.
static int remove_stale(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return -errno;
	int rc = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ? 0 : -errno;
	close(fd);
	if (rc == 0 || rc == -EAGAIN)
		return -EADDRINUSE;
	if (rc == -ENOENT)
		return 0;
	if (rc != -ECONNREFUSED) // not ours to look at, let alone to remove
		return rc;
	if (lstat(at->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlink(at->sun_path) == 0 ? 0 : -errno;
}

static void make_directory(const char *path)
{
	char parent[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return;
	*slash = '\0';
	(void)mkdir(parent, 0755); // if it fails, bind() says what is wrong
}

static int listen_at(const struct sockaddr_un *at, uint32_t mode)
{
	int rc = remove_stale(at);

	if (rc != 0)
		return rc;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	// Nobody may connect between bind() and chmod(): Linux makes the file with the mode of the
	// socket.
	(void)fchmod(fd, 0);
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) != 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	if (chmod(at->sun_path, mode) != 0 || listen(fd, BACKLOG) != 0) {
		rc = -errno;
		close(fd);
		unlink(at->sun_path);
		return rc;
	}
	return fd;
}

int api_open(struct control *c, struct api **out)
{
	const struct config *config = c->config.config;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return -ENOMEM;
	api->control = c;
	TAILQ_INIT(&api->clients);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", config->socket_path);
	snprintf(api->path, sizeof(api->path), "%s", config->socket_path);
	make_directory(api->path);
	int fd = listen_at(&at, config->socket_mode);
	if (fd < 0) {
		free(api);
		return fd;
	}
	api->source = (struct loop_source){.fd = fd, .events = EPOLLIN, .ready = listener_ready};
	int rc = loop_add(&c->loop, &api->source);
	if (rc != 0) {
		api_close(api);
		return rc;
	}
	*out = api;
	return 0;
}

void api_close(struct api *api)
{
	if (!api)
		return;
	while (!TAILQ_EMPTY(&api->clients))
		client_free(TAILQ_FIRST(&api->clients));
	loop_remove(&api->control->loop, &api->source);
	close(api->source.fd);
	unlink(api->path);
	free(api);
}
