// SPDX-License-Identifier: BSD-3-Clause
// Plays the client to a link: frames in hex go in, the step is compared, time passes. Every call
// checks that nothing follows STEP_ENDED and that the step did not overflow.
#pragma once

#include "proto/link.h"

#include "step_expect.h"

#define S(n)  ((uint64_t)(n)*1000000000)
#define MS(n) ((uint64_t)(n)*1000000)

// What pppd says, from captures.
#define PPPD_LCP     "01 01 0018 0104 0578 0206 00000000 0506 0fc2e8bc 0702 0802"
#define PPPD_LCP_ACK "02 01 0018 0104 0578 0206 00000000 0506 0fc2e8bc 0702 0802"
#define RESPONSE_BODY                                           \
	"31 40214a5468a31f53887365c8038e203a 0000000000000000 " \
	"f9c555548ca80ec77b321cd95f1aa5284b838791 32956753 00 74657374"
#define OUR_LCP "01 ?? 0017 0104 0578 0305 c22381 0506 ???????? 0702 0802"
#define SUCCESS                                                                          \
	"03 ?? 003f "                                                                    \
	"533d38464432313543374241323132373030313534394446393338453237433437344137443738" \
	"323244 204d3d41636365737320 6772616e746564"
#define MPPE_128 "000a 1206 01000040"

struct script {
	struct link_config config;
	struct link_verdict verdict; // what AAA says
	struct link link;
	struct seen seen;
	uint64_t now_ns;
	bool has_ended;
	enum end_reason reason;
	uint8_t request_len[3]; // our last Configure-Request of LCP, CCP, IPCP
	uint8_t request[3][64];
};

// The default policy: MS-CHAPv2, MPPE-128 stateless required. Restart 3 s, first 500 ms.
void script_init(struct script *s);
void script_start(struct script *s); // link_init and link_start

void script_receive(struct script *s, uint16_t protocol, const char *hex);
void script_receive_bytes(struct script *s, uint16_t protocol, struct span info);
// The client's answer to our last Configure-Request of the protocol.
void script_ack(struct script *s, uint16_t protocol);
void script_reject(struct script *s, uint16_t protocol);
// The client's answer to the Challenge, whose identifier is looked up.
void script_respond(struct script *s);
void script_verdict(struct script *s);
void script_close(struct script *s, enum end_reason reason);

// Let time pass; each timer that is due runs. What is said meanwhile stays in the step: not for
// long waits.
void script_wait(struct script *s, uint64_t ns);
// Let time pass and forget what is said.
void script_sleep(struct script *s, uint64_t ns);
// Forget what is said until the link ends; the client acknowledges nothing. Returns why it ended.
enum end_reason script_run_out(struct script *s);

// Go up to a phase, as pppd does; what is said is not compared.
void script_to_authenticate(struct script *s);
void script_to_network(struct script *s);
void script_to_encrypted(struct script *s);
void script_to_open(struct script *s);
void script_forget(struct script *s);
