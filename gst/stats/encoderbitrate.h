/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bitrate that encoders are told to reach, which each has under a name and in a unit
 * of its own.
 *
 * Pipeline thread: a property of a foreign element is read.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Whether the unit of this encoder's bitrate is known. */
gboolean gst_callstats_encoder_has_bitrate (GstElement *encoder);
/* Returns: in bit/s; 0: unknown, or left to the encoder */
guint64 gst_callstats_encoder_read_bitrate (GstElement *encoder);

G_END_DECLS
