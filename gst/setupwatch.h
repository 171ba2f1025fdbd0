/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How one webrtcbin's call is set up: the steps on the way to media, what fails there,
 * and what it is used for.
 */
#pragma once

#include "watchpart.h"

G_BEGIN_DECLS

extern const GstCallstatsWatchPart gst_callstats_setup_part;

G_END_DECLS
