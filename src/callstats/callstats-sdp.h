/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "callstats-version.h"

G_BEGIN_DECLS

CALLSTATS_AVAILABLE_IN_0_1
char *callstats_sdp_redact (const char *sdp, gboolean keep_addresses);

G_END_DECLS
