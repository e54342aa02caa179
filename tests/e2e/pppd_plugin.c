// SPDX-License-Identifier: BSD-3-Clause
// A plugin that makes Debian's unmodified pppd do in a test what no option of it does:
//
//   kernel-pptp SERVER     dial over the kernel's own PPTP data path instead of a pty and pptp-linux
//   kernel-pptp-from ADDR  from this address
//   mppe-ask-stateful      ask for stateful MPPE; pppd by itself at most agrees to it
//   mppe-only-stateful     and answer a request for stateless MPPE with a Nak for the same with state
//   again-file FILE        negotiate anew each time FILE appears: LCP or CCP, as it says
//
// pppd stays the PPP peer: the plugin opens the channel, sets a bit of what pppd asks for, or calls
// what pppd itself calls when a line goes down and up. `guest build` compiles it against ppp-dev.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
// The kernel's header of PPPoX sockets wants these two first.
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/if_pppox.h>

#include <pppd/pppd.h>

#include <pppd/fsm.h>

#include <pppd/ccp.h>
#include <pppd/chap_ms.h>
#include <pppd/lcp.h>
#include <pppd/mppe.h>

char pppd_version[] = VERSION;

enum {
	PPTP_PORT = 1723,
	// RFC 2637 2: control message types and the lengths of those that we send.
	START_REQUEST = 1,
	START_REPLY = 2,
	STOP_REQUEST = 3,
	ECHO_REQUEST = 5,
	ECHO_REPLY = 6,
	CALL_REQUEST = 7,
	CALL_REPLY = 8,
	CALL_CLEAR = 12,
	START_BYTES = 156,
	CALL_BYTES = 168,
	SHORT_BYTES = 16,
	ECHO_REPLY_BYTES = 20,
	HEADER_BYTES = 12,
	MESSAGE_MAX = 220,
	ANSWER_MS = 10000,
	LOOK_US = 100000,

	MPPE_OPTION = 18, // RFC 3078 2.1
	MPPE_OPTION_BYTES = 6,
};

union pppox_address {
	struct sockaddr any;
	struct sockaddr_pppox pppox;
};

static char *from_text, *again_file;
static bool ask_stateful, only_stateful;
static u_char send_key[MPPE_MAX_KEY_LEN], receive_key[MPPE_MAX_KEY_LEN];
static struct in_addr server;
static int control = -1;
static uint16_t our_call;

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static unsigned int get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static int tell(int type, uint8_t *m, unsigned int len)
{
	put16(m, len);
	put16(m + 2, 1);
	put32(m + 4, 0x1A2B3C4D);
	put16(m + 8, type);
	put16(m + 10, 0);
	return send(control, m, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static int read_all(uint8_t *at, size_t len)
{
	while (len > 0) {
		struct pollfd p = {.fd = control, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, ANSWER_MS) <= 0)
			return -1;
		n = recv(control, at, len, 0);
		if (n <= 0)
			return -1;
		at += n;
		len -= n;
	}
	return 0;
}

// One message; answers an Echo-Request by itself. Returns its type, -1 when the connection is gone.
static int hear(uint8_t m[MESSAGE_MAX])
{
	uint8_t reply[ECHO_REPLY_BYTES] = {0};
	unsigned int len;

	if (read_all(m, HEADER_BYTES) < 0)
		return -1;
	len = get16(m);
	if (len < HEADER_BYTES || len > MESSAGE_MAX ||
		read_all(m + HEADER_BYTES, len - HEADER_BYTES) < 0)
		return -1;
	if (get16(m + 8) == ECHO_REQUEST) {
		memcpy(reply + 12, m + 12, 4);
		reply[16] = 1;
		if (tell(ECHO_REPLY, reply, sizeof(reply)) < 0)
			return -1;
	}
	return get16(m + 8);
}

static int hear_reply(int type, uint8_t m[MESSAGE_MAX])
{
	int got;

	do
		got = hear(m);
	while (got >= 0 && got != type);
	return got;
}

static int open_control(struct sockaddr_in *local)
{
	struct sockaddr_in peer = {
		.sin_family = AF_INET, .sin_port = htons(PPTP_PORT), .sin_addr = server};
	socklen_t len = sizeof(*local);
	uint8_t m[MESSAGE_MAX] = {0};

	local->sin_family = AF_INET;
	if (from_text && !inet_aton(from_text, &local->sin_addr))
		return -1;
	control = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (control < 0 || bind(control, (struct sockaddr *)local, sizeof(*local)) < 0 ||
		connect(control, (struct sockaddr *)&peer, sizeof(peer)) < 0 ||
		getsockname(control, (struct sockaddr *)local, &len) < 0)
		return -1;
	put16(m + 12, 0x0100); // version 1.0
	put32(m + 16, 3);      // framing: asynchronous and synchronous
	put32(m + 20, 3);      // bearer: analogue and digital
	strcpy((char *)m + 28, "guest");
	strcpy((char *)m + 92, "linux-kernel");
	if (tell(START_REQUEST, m, START_BYTES) < 0 || hear_reply(START_REPLY, m) < 0)
		return -1;
	return m[14] == 1 ? 0 : -1;
}

// The Call ID that the server gave the call, or -1.
static int request_call(void)
{
	uint8_t m[MESSAGE_MAX] = {0};

	put16(m + 12, our_call);
	put16(m + 14, 1);	   // serial number
	put32(m + 16, 2400);	   // bit/s, least
	put32(m + 20, 1000000000); // and most
	put32(m + 24, 3);
	put32(m + 28, 3);
	put16(m + 32, 64); // receive window
	if (tell(CALL_REQUEST, m, CALL_BYTES) < 0 || hear_reply(CALL_REPLY, m) < 0)
		return -1;
	if (m[16] != 1) {
		error("kernel-pptp: the call was refused with result %d", m[16]);
		return -1;
	}
	return get16(m + 12);
}

static void close_control(void)
{
	close(control);
	control = -1;
}

// pppd looks at its timers in its own loop, so no thread or child is needed to serve the connection.
static void serve_control(void *unused)
{
	struct pollfd p = {.fd = control, .events = POLLIN};
	uint8_t m[MESSAGE_MAX];

	(void)unused;
	if (control < 0)
		return;
	while (poll(&p, 1, 0) > 0) {
		if (hear(m) < 0) {
			notice("kernel-pptp: the control connection is gone");
			close_control();
			kill(getpid(), SIGTERM);
			return;
		}
	}
	timeout(serve_control, NULL, 0, LOOK_US);
}

static void pppox_name(union pppox_address *a, struct in_addr address, uint16_t call)
{
	memset(a, 0, sizeof(*a));
	a->pppox.sa_family = AF_PPPOX;
	a->pppox.sa_protocol = PX_PROTO_PPTP;
	a->pppox.sa_addr.pptp.sin_addr = address;
	a->pppox.sa_addr.pptp.call_id = call;
}

static int channel_connect(void)
{
	struct sockaddr_in local = {0};
	union pppox_address ours, theirs;
	socklen_t len = sizeof(ours.pppox);
	int fd = -1, call;

	if (open_control(&local) < 0) {
		error("kernel-pptp: no control connection: %m");
		goto failed;
	}
	// Call ID 0 lets the kernel choose: it gives 1, 2, ... a local address.
	fd = socket(AF_PPPOX, SOCK_STREAM | SOCK_CLOEXEC, PX_PROTO_PPTP);
	pppox_name(&ours, local.sin_addr, 0);
	if (fd < 0 || bind(fd, &ours.any, len) < 0 || getsockname(fd, &ours.any, &len) < 0) {
		error("kernel-pptp: no PPPoX socket: %m");
		goto failed;
	}
	our_call = ours.pppox.sa_addr.pptp.call_id;
	call = request_call();
	pppox_name(&theirs, server, call);
	if (call < 0 || connect(fd, &theirs.any, sizeof(theirs.pppox)) < 0) {
		error("kernel-pptp: no call: %m");
		goto failed;
	}
	info("kernel-pptp: our Call ID %d, the server's %d", our_call, call);
	strlcpy(ppp_devnam, inet_ntoa(server), sizeof(ppp_devnam));
	timeout(serve_control, NULL, 0, LOOK_US);
	return fd;

failed:
	if (fd >= 0)
		close(fd);
	if (control >= 0)
		close_control();
	return -1;
}

static void channel_disconnect(void)
{
	uint8_t m[MESSAGE_MAX] = {0};

	if (control < 0)
		return;
	untimeout(serve_control, NULL);
	put16(m + 12, our_call);
	tell(CALL_CLEAR, m, SHORT_BYTES);
	memset(m, 0, sizeof(m));
	m[12] = 1;
	if (tell(STOP_REQUEST, m, SHORT_BYTES) == 0)
		hear_reply(STOP_REQUEST + 1, m);
	close_control();
}

static void channel_cleanup(void)
{
}

static option_t no_options[] = {{.name = NULL}};

static struct channel channel = {
	.options = no_options,
	.connect = channel_connect,
	.disconnect = channel_disconnect,
	.establish_ppp = generic_establish_ppp,
	.disestablish_ppp = generic_disestablish_ppp,
	.cleanup = channel_cleanup,
};

static int set_server(char **argv)
{
	if (!inet_aton(*argv, &server)) {
		option_error("kernel-pptp wants an address");
		return 0;
	}
	the_channel = &channel;
	modem = 0;
	// A PPPoX channel is not asynchronous, and its framing is the kernel's business.
	lcp_wantoptions[0].neg_asyncmap = lcp_allowoptions[0].neg_asyncmap = 0;
	lcp_wantoptions[0].neg_accompression = lcp_allowoptions[0].neg_accompression = 0;
	lcp_wantoptions[0].neg_pcompression = 0;
	return 1;
}

static fsm_callbacks ccp_callbacks;
static int (*ccp_judge)(fsm *f, u_char *request, int *len, int reject_if_disagree);

// In place of pppd's own: turns the request into our answer.
static int judge_request(fsm *f, u_char *request, int *len, int reject_if_disagree)
{
	if (*len == MPPE_OPTION_BYTES && request[0] == MPPE_OPTION && request[2] & MPPE_H_BIT) {
		if (reject_if_disagree)
			return CONFREJ;
		request[2] &= ~MPPE_H_BIT;
		return CONFNAK;
	}
	return ccp_judge(f, request, len, reject_if_disagree);
}

static void refuse_stateless(void)
{
	ccp_callbacks = *ccp_fsm[0].callbacks;
	ccp_judge = ccp_callbacks.reqci;
	ccp_callbacks.reqci = judge_request;
	ccp_fsm[0].callbacks = &ccp_callbacks;
}

// pppd closes the link when MPPE goes down, and wipes its keys as soon as CCP is up. Whoever takes it
// down here means to have it up again, and with LCP still open nothing makes new keys.
static void negotiate_again(const char *what)
{
	notice("negotiating %s anew", what);
	ccp_gotoptions[0].mppe = 0;
	if (strcmp(what, "CCP") == 0) {
		memcpy(mppe_send_key, send_key, sizeof(send_key));
		memcpy(mppe_recv_key, receive_key, sizeof(receive_key));
		fsm_lowerdown(&ccp_fsm[0]);
		fsm_lowerup(&ccp_fsm[0]);
	} else {
		lcp_lowerdown(0);
		lcp_lowerup(0);
	}
}

static void look_for_file(void *unused)
{
	char what[4] = "";
	int fd = open(again_file, O_RDONLY | O_CLOEXEC);

	(void)unused;
	if (fd >= 0) {
		ssize_t n = read(fd, what, sizeof(what) - 1);

		close(fd);
		if (n == sizeof(what) - 1 && unlink(again_file) == 0)
			negotiate_again(what);
	}
	timeout(look_for_file, NULL, 0, LOOK_US);
}

static void on_phase(void *unused, int to)
{
	static bool is_looking;

	(void)unused;
	if (to == PHASE_AUTHENTICATE && ask_stateful && ccp_wantoptions[0].mppe)
		ccp_wantoptions[0].mppe |= MPPE_OPT_STATEFUL;
	if (to == PHASE_AUTHENTICATE && only_stateful && !ccp_judge)
		refuse_stateless();
	if (to == PHASE_NETWORK) {
		memcpy(send_key, mppe_send_key, sizeof(send_key));
		memcpy(receive_key, mppe_recv_key, sizeof(receive_key));
	}
	if (to == PHASE_AUTHENTICATE && again_file && !is_looking) {
		is_looking = 1; // pppd.h has a bool of its own, and no true
		timeout(look_for_file, NULL, 0, LOOK_US);
	}
}

static option_t options[] = {
	{.name = "kernel-pptp", .type = o_special, .addr = (void *)set_server},
	{.name = "kernel-pptp-from", .type = o_string, .addr = &from_text},
	{.name = "mppe-ask-stateful", .type = o_bool, .addr = &ask_stateful, .flags = 1},
	{.name = "mppe-only-stateful", .type = o_bool, .addr = &only_stateful, .flags = 1},
	{.name = "again-file", .type = o_string, .addr = &again_file},
	{.name = NULL},
};

void plugin_init(void)
{
	add_options(options);
	add_notifier(&phasechange, on_phase, NULL);
}
