// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"
#include "proto/pptp_call.h"

bool show_end_reasons(struct control *c, struct show *s)
{
	static const struct render_column columns[] = {
		{"REASON", "reason", false, false},
		{"BY", "by", false, false},
		{"WINDOWS", "windows_error", true, false},
		{"CDN", "cdn_result", true, false},
		{"ERROR", "cdn_error", true, false},
		{"ACCT", "acct_terminate_cause", true, false},
		{"ACCT-NAME", "acct_terminate_cause_name", false, false},
		{"LCP-TEXT", "lcp_text", false, false},
		{"WHAT IT MEANS", "text", false, false},
	};
	struct render *r = &s->render;

	if (s->stage++ == 0) {
		render_table_begin(r, "reasons", columns, RTE_DIM(columns));
		s->cursor = END_NONE + 1;
	}
	for (; s->cursor < END_REASON_COUNT && render_has_room(r); s->cursor++) {
		const struct end_reason_info *info = end_reason_info((enum end_reason)s->cursor);
		render_row_begin(r);
		render_word(r, info->name);
		render_word(r, end_side_name(info->side));
		if (info->windows_error)
			render_u64(r, info->windows_error);
		else
			render_none(r);
		render_u64(r, info->cdn_result);
		if (info->cdn_result == PPTP_CDN_GENERAL_ERROR)
			render_u64(r, pptp_call_general_error((enum end_reason)s->cursor));
		else
			render_none(r);
		render_u64(r, info->acct_cause);
		render_word(r, end_acct_cause_name(info->acct_cause));
		if (info->lcp_text[0])
			render_word(r, info->lcp_text);
		else
			render_none(r);
		render_word(r, info->sentence);
		render_row_end(r);
	}
	if (s->cursor < END_REASON_COUNT)
		return false;
	render_table_end(r);
	return true;
}
