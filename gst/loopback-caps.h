/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the caps of a stream must say to be part of a call. Pure functions.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

gchar *loopback_caps_find_problem (const GstCaps *caps);
gchar *loopback_caps_find_conflict (
    const GstCaps *caps, const GstCaps *others, guint index);
gboolean loopback_caps_same_format (const GstCaps *a, const GstCaps *b);
gboolean loopback_caps_get_ssrc (const GstCaps *caps, guint *ssrc);

G_END_DECLS
