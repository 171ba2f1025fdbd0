/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the `level` elements of a pipeline tell of who speaks: those upstream of what is
 * sent hear this user, those downstream of what is received hear the others.
 *
 * Pipeline thread only.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsSpeakerWatch GstCallstatsSpeakerWatch;

/* is_watched tells whether a webrtcbin is one whose calls are monitored. */
GstCallstatsSpeakerWatch *gst_callstats_speaker_watch_new (
    gboolean (*is_watched) (GstElement *webrtcbin, gpointer owner), gpointer owner);
void gst_callstats_speaker_watch_free (GstCallstatsSpeakerWatch *watch);

/* Between _begin() and _end() the elements that hear this user are named. */
void gst_callstats_speaker_watch_begin (GstCallstatsSpeakerWatch *watch);
void gst_callstats_speaker_watch_hear_local (
    GstCallstatsSpeakerWatch *watch, GstElement *level);
void gst_callstats_speaker_watch_end (GstCallstatsSpeakerWatch *watch);

/* A `level` has measured. Returns: whether that element was unknown */
gboolean gst_callstats_speaker_watch_take (
    GstCallstatsSpeakerWatch *watch, GstElement *level, double decibel, gint64 now);
/* Whether this user is the dominant speaker; FALSE while nothing is known of the others.
 */
gboolean gst_callstats_speaker_watch_is_dominant (GstCallstatsSpeakerWatch *watch);

G_END_DECLS
