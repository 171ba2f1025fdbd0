/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The plugins that webrtcbin needs and that may be missing.
 *
 * Any thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The first one that is missing, and the element of it that webrtcbin uses. FALSE: none
 */
gboolean gst_callstats_find_missing_plugin (const char **plugin, const char **factory);

G_END_DECLS
