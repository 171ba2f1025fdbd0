/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' verbs as action signals of callstatsmon.
 */
#pragma once

#include "gstcallstatsmon.h"

G_BEGIN_DECLS

void gst_callstats_install_actions (GType mon_type);

G_END_DECLS
