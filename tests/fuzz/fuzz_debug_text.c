// SPDX-License-Identifier: BSD-3-Clause
// A PPTP message or a PPP frame as debug output: whole printable lines, whatever the bytes are, and no
// password among them. The first two bytes of the input are the PPP protocol.
#include "control/debug_text.h"
#include "fuzz/fuzz.h"
#include "wire/ppp.h"

static void check(const struct debug_text *t)
{
	REQUIRE(t->len < sizeof(t->bytes) && t->bytes[t->len] == '\0');
	REQUIRE(t->len == 0 || t->bytes[t->len - 1] == '\n');
	for (size_t i = 0; i < t->len; i++) {
		unsigned char c = (unsigned char)t->bytes[i];
		REQUIRE(c == '\n' || (c >= ' ' && c != 0x7f));
	}
}

static void one_protocol(uint16_t protocol, struct span info)
{
	static struct debug_text t;

	debug_text_clear(&t);
	debug_text_ppp(&t, 'I', protocol, FSM_OPENED, info);
	check(&t);
	debug_text_clear(&t);
	debug_text_auth(&t, 'I', protocol, AUTH_METHOD_NONE, info);
	check(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t protocols[] = {PPP_LCP, PPP_CCP, PPP_IPCP, PPP_CHAP, PPP_PAP};
	static struct debug_text t;
	const struct span all = span_of(data, size);

	debug_text_clear(&t);
	debug_text_pptp_hex(&t, 'I', all);
	debug_text_pptp(&t, 'O', all);
	check(&t);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		one_protocol(protocols[i], all);
	if (size >= 2)
		one_protocol((uint16_t)(data[0] << 8 | data[1]), span_of(data + 2, size - 2));
	return 0;
}
