// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/aaa.h"

void aaa_reply_wipe(struct aaa_reply *reply)
{
	secret_wipe_bytes(reply, sizeof(*reply));
}

void aaa_request_wipe(struct aaa_request *request)
{
	secret_wipe_bytes(request, sizeof(*request));
}
