// SPDX-License-Identifier: BSD-3-Clause
// The server's side of one PPP link: LCP, authentication, CCP with MPPE, IPCP, in that order
// (RFC 1661 3, RFC 2759, 3078, 1332, 1877). Pure: events and the time in, a step out.
//
//   phases   establish -> authenticate -> network -> open -> terminate -> ended
//   order    IPCP Configure-Requests are sent only once CCP is open when encryption is required:
//            pppd answers earlier ones with Terminate-Ack and costs itself 3 s.
//   step     cleared by the caller before each call that takes one
//   timer    after each such call, arm a timer for link_deadline(), then call link_expire()
#pragma once

#include "proto/step.h"
#include "config/limits.h"
#include "crypto/mppe_key.h"
#include "proto/ccp.h"
#include "proto/fsm.h"
#include "proto/ipcp.h"
#include "proto/lcp.h"
#include "proto/auth_server.h"
#include "proto/auth_method.h"

#define LINK_NEVER UINT64_MAX

enum {
	LINK_HELD_BYTES_MAX = 128,
	LINK_DATA_REJECTS_MIN = 5, // returned packets that may mean that the client lost its keys
};

// Borrowed by each link for its life; one for all links of a listener.
struct link_config {
	uint16_t mru; // what we ask the client to keep to, and can receive
	bool require_encryption;
	bool prefer_encryption; // ask for MPPE; without this and require, only answer who asks
	bool require_stateless; // else the client chooses, and stateless is what we ask for
	uint32_t mppe_bits;	// acceptable MPPE_OPTION_* strengths; 0: CCP is refused
	enum auth_method auth_methods[AUTH_METHODS_MAX]; // the best first
	uint8_t n_auth_methods;
	bool may_change_password; // a Failure of 648 waits for a Change-Password (RFC 2759 7)
	bool use_client_address; // take the address that the client asks for, if link_address_asked()
	uint32_t server_be;	 // our inner address, told by IPCP
	uint32_t dns_be[2];
	uint32_t nbns_be[2];
	uint8_t n_dns;
	uint8_t n_nbns;
	char name[64]; // Name of our CHAP Challenge
	uint64_t restart_ns;
	uint64_t first_restart_ns; // of the first LCP Configure-Request: it is often lost
	uint8_t max_configure;	   // of CCP and IPCP; LCP tries until no_lcp_timeout_ns
	uint8_t max_terminate;
	uint8_t max_failure;
	uint8_t auth_retries; // tries beyond the first, MS-CHAPv2 R=1; 0 in the default policy
	uint64_t auth_timeout_ns;
	uint64_t no_lcp_timeout_ns; // LCP not open so long after the start: END_NO_GRE, END_NO_LCP
	uint64_t setup_timeout_ns;  // not up so long after the start or a loss: END_SETUP_TIMEOUT
	uint64_t echo_interval_ns;  // LCP Echo-Request, 0: none
	uint8_t echo_failures;	    // unanswered requests that end the link
};

// What may differ from one user to the next: that of struct link_config until a verdict says another one.
struct link_policy {
	bool require_encryption;
	bool prefer_encryption;
	bool require_stateless;
	bool use_client_address;
	uint32_t mppe_bits;
};

// What LCP agreed on, for the data path.
struct link_agreed {
	uint16_t peer_mru; // the largest information field that the client takes
	bool send_pfc;	   // the client takes a compressed protocol field
	bool send_acfc;	   // the client takes frames without address and control
};

// The answer of AAA.
struct link_verdict {
	bool accepted;
	enum end_reason reason; // if not: END_AUTH_*, END_NO_ADDRESS, END_ADDRESS_IN_USE
	uint16_t ms_error; // E= of the Failure: 691, ...; 0: no Failure, but for END_AUTH_REJECTED
	char authenticator_response[42];
	bool has_keys;
	struct mppe_start_keys keys;
	uint32_t client_be;  // the inner address that the client gets
	bool client_chooses; // ... unless it asks for another one, whatever use_client_address says
	char message[LIMIT_FAILURE_TEXT_BYTES]; // for the user, "": one that fits
	bool has_policy;
	struct link_policy policy; // of this user
	uint32_t server_be;	   // our inner address; 0: that of the configuration
	// of the user's policy; n 0: those of the configuration
	uint32_t dns_be[2];
	uint32_t nbns_be[2];
	uint8_t n_dns;
	uint8_t n_nbns;
};

struct link_keys {
	struct mppe_mode receive, send;
	struct mppe_start_keys
		start; // for exactly these modes: with MS-CHAPv1 `lm` is put in place
};

enum link_phase {
	LINK_DEAD,
	LINK_ESTABLISH,
	LINK_AUTHENTICATE,
	LINK_NETWORK,
	LINK_OPEN,
	LINK_TERMINATE,
	LINK_ENDED,
};

struct link {
	const struct link_config *config;
	struct link_policy policy; // that holds now
	enum link_phase phase;
	enum end_reason end; // set when termination begins; reported by STEP_ENDED
	struct lcp lcp;
	struct auth_server auth;
	struct ccp ccp;
	struct ipcp ipcp;
	struct link_verdict verdict;
	uint64_t started_ns;
	uint64_t random; // seed of a small generator, from the caller: magic numbers, challenges
	uint64_t establish_due_ns; // LCP must be open, LINK_NEVER once it is
	uint64_t setup_due_ns;	   // the link must be up, LINK_NEVER once it is
	uint64_t heard_ns;	   // last frame of the client
	bool heard;		   // any frame came from the client
	bool encrypting;
	bool was_encrypted; // and therefore is never in the clear again
	bool up;
	bool was_up;
	uint64_t refused_ns; // when the client asked for encryption that it cannot have, 0: never
	// Encrypted packets that the client returned by Protocol-Reject, since it last spoke CCP.
	uint8_t n_data_rejects;
	uint64_t first_data_reject_ns, last_data_reject_ns;
	// The client may choose its address, once after each authentication.
	bool has_asked_address;
	bool awaits_address; // STEP_ADDRESS is out; what the client asks for meanwhile is held
	uint32_t asked_be;
	uint32_t n_random;     // values drawn from the seed; never repeats within a link
	uint8_t challenge[16]; // for the next MS-CHAPv2 challenge
	// The client's IPCP Configure-Request that came before CCP was open or its address chosen:
	// answered then. Windows asks at once and would repeat it only seconds later.
	uint8_t held_len;
	uint8_t held[LINK_HELD_BYTES_MAX];
};

// Make a link ready.
//
//   config     borrowed until the link has ended
//   seed       from the system's random source; magic numbers come from it
//   challenge  16 random bytes for the first MS-CHAPv2 challenge
void link_init(struct link *l, const struct link_config *config, uint64_t seed,
	const uint8_t challenge[16]);

// Wipe what is secret in it.
void link_wipe(struct link *l);

// The GRE path is there: begin with LCP.
void link_start(struct link *l, uint64_t now_ns, struct step *out);

// A PPP frame came, already in the clear.
//
//   info  information field, without protocol; any bytes
void link_receive(
	struct link *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out);

// Time of the next thing to do, LINK_NEVER when there is none.
uint64_t link_deadline(const struct link *l);
void link_expire(struct link *l, uint64_t now_ns, struct step *out);

// AAA has answered: to be called once for each STEP_AUTHENTICATE. When LCP has negotiated again
// since, the verdict is ignored, and STEP_AUTHENTICATE follows for what the client has answered
// meanwhile.
void link_authenticated(
	struct link *l, const struct link_verdict *verdict, uint64_t now_ns, struct step *out);

// Ask the client by LCP Echo-Request whether it is there; heard_ns tells when it answered.
void link_probe(struct link *l, struct step *out);

// The worker lost a packet of a stateful direction: CCP Reset-Request leaves, if CCP is open.
void link_desync(struct link *l, uint64_t now_ns, struct step *out);

// The client was refused and tries again, or changes its password: a person sits there, and the link's
// own time-outs are enough.
bool link_is_tried_again(const struct link *l);

// The address that the client asked for by IPCP, 0: none so far. With use_client_address the link waits
// for link_address_chosen() before it answers: STEP_ADDRESS.
uint32_t link_address_asked(const struct link *l);

// The answer to STEP_ADDRESS: what the client gets, the address of the verdict or the one it asked for.
void link_address_chosen(struct link *l, uint32_t client_be, uint64_t now_ns, struct step *out);

// Whether a verdict given now counts, or comes too late: then nobody has authenticated by it.
bool link_awaits_verdict(const struct link *l);

// End the link: Terminate-Request with the reason's text, then STEP_ENDED when it is answered or
// given up (max_terminate times restart_ns). STEP_ENDED comes at once when the client has never
// spoken LCP, and for a reason without a text (the client hung up). Calling it twice changes
// nothing.
void link_close(struct link *l, enum end_reason reason, uint64_t now_ns, struct step *out);

void link_get_agreed(const struct link *l, struct link_agreed *out);
void link_get_credentials(const struct link *l, struct auth_credentials *out); // wipe after use
void link_get_keys(const struct link *l, struct link_keys *out);	       // wipe after use

// What the client's Terminate-Request said, printable: "User request" of pppd, "Windows error 742"; "".
const char *link_client_text(const struct link *l);

// "establish", "authenticate", ...
const char *link_phase_name(enum link_phase phase);
