// SPDX-License-Identifier: BSD-3-Clause
// What no single key can know: that the values of a configuration fit together.
#pragma once

#include "conf/conf_names.h"
#include "conf/conf_report.h"

// Report every contradiction. Values that could not be read are zero in `c`, LOG_CLASS_COUNT where
// it is a class, and are passed over, since they have been reported.
//
//   root  the file that c was read from, for the places; where r->dir is set it is on disk, and its
//         permissions and what it names there are looked at too
void conf_check(const struct config *c, const config_setting_t *root,
	const struct conf_index *index, struct conf_report *r);
