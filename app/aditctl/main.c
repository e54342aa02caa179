// SPDX-License-Identifier: BSD-3-Clause
// aditctl: the operator's command line. It sends its words to adit and prints what comes back;
// which words there are and how the answer looks is adit's business.
#include "control/api.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	EXIT_USAGE = 2,
	PIECE_BYTES = 4096,
	LINE_BYTES = 64, // of the reply, without the bytes that it announces
};

struct options {
	const char *socket;
	bool is_json;
	bool is_dry_run; // a word that looks like an option
};

static void usage(FILE *out)
{
	fputs("usage: aditctl [-s SOCKET] [--json] WORD...\n"
	      "\n"
	      "  -s, --socket SOCKET  where adit listens (/run/adit/control.sock)\n"
	      "  -j, --json           print JSON\n"
	      "  -h, --help           print this\n"
	      "  -V, --version        print the version of aditctl\n"
	      "\n"
	      "\"aditctl help\" asks adit for its commands.\n",
		out);
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "aditctl: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

// Returns -1 when the words are to be sent, else the exit status.
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"dry-run", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	// Options may stand between the words too: "aditctl show sessions --json".
	while ((c = getopt_long(argc, argv, "s:jhV", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			options->socket = optarg;
			break;
		case 'j':
			options->is_json = true;
			break;
		case 'n':
			options->is_dry_run = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("aditctl " ADIT_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int send_request(int fd, const struct options *options, char **words)
{
	char line[API_REQUEST_BYTES_MAX];

	snprintf(line, sizeof(line), "%d %s", API_VERSION, options->is_json ? "json" : "text");
	for (; *words; words++)
		// One byte is left for the line's end.
		if (!api_encode_word(line, sizeof(line) - 1, *words))
			return fail(*words, "too long");
	if (options->is_dry_run && !api_encode_word(line, sizeof(line) - 1, "--dry-run"))
		return fail("--dry-run", "too long");
	size_t len = strlen(line);
	line[len++] = '\n';
	// An adit that takes no further client answers and closes without reading: its answer says more
	// than a broken pipe.
	if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len && errno != EPIPE)
		return fail(options->socket, strerror(errno));
	return EXIT_SUCCESS;
}

// Copy n bytes of the reply. Returns false when it ends before.
static bool copy(FILE *from, FILE *to, unsigned long n)
{
	char piece[PIECE_BYTES];

	while (n > 0) {
		size_t got = fread(piece, 1, n < sizeof(piece) ? n : sizeof(piece), from);
		if (got == 0)
			return false;
		fwrite(piece, 1, got, to);
		n -= got;
	}
	return true;
}

static int print_reply(FILE *stream)
{
	char line[LINE_BYTES];
	unsigned long n;
	int code;

	while (fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "end %d", &code) == 1)
			return code;
		FILE *to = line[0] == 'o' ? stdout : stderr;
		if ((sscanf(line, "out %lu", &n) != 1 && sscanf(line, "err %lu", &n) != 1) ||
			!copy(stream, to, n))
			break;
		if (fflush(to) != 0 || ferror(to)) // at once: debug may go on for hours
			return fail("standard output", strerror(errno));
	}
	return fail("adit", "the answer broke off");
}

int main(int argc, char **argv)
{
	struct options options = {.socket = "/run/adit/control.sock"};
	int status = parse(argc, argv, &options);

	if (status >= 0)
		return status;
	if (!argv[optind]) {
		usage(stderr);
		return EXIT_USAGE;
	}
	int fd = connect_to(options.socket);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (!stream)
		return fail(options.socket, strerror(errno));
	status = send_request(fd, &options, argv + optind);
	if (status == EXIT_SUCCESS)
		status = print_reply(stream);
	fclose(stream);
	return status;
}
