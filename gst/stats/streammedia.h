/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One RTP stream's media as reports tell of it: its tap, and what else is followed.
 *
 * Monitor thread only.
 */
#pragma once

#include "encoderwatch.h"
#include "mediatap.h"

G_BEGIN_DECLS

/* A counter of an element, which begins anew when the element does. */
typedef struct {
  guint64 last;
  guint64 total;
  gboolean known;
} GstCallstatsTally;

typedef struct {
  char *id; /* of the stream's object */
  guint32 ssrc;
  gboolean received;
  const char *kind; /* interned; NULL: unknown */
  gboolean seen;    /* in this report */
  GstCallstatsDetail detail;
  GstCallstatsMediaTap *tap;

  /* what the tap has counted, as of the last read; the source's, for all of its streams
   */
  GstCallstatsMediaFigures *figures;

  /* as of the last look */
  GstElement *codec; /* nullable */
  GstElement *sink;  /* nullable */
  gboolean mixed;    /* sink renders other media, too */

  /* received */
  GstCallstatsTally rendered, dropped; /* frames, by the sink */
  GstCallstatsTally concealed;         /* samples */
  const char *playout;                 /* id; NULL: none */

  /* sent */
  GstCallstatsEncoderWatch encoder;
  char *media_source; /* id; NULL: none */
  char *track;        /* nullable */
} GstCallstatsStreamMedia;

GstCallstatsStreamMedia *gst_callstats_stream_media_new (
    const GstCallstatsRtpStream *stream, GstCallstatsDetail detail,
    GstCallstatsMediaFigures *figures);
void gst_callstats_stream_media_free (GstCallstatsStreamMedia *media);

/* tap: (transfer full): of the pad that the stream is at now */
void gst_callstats_stream_media_set_tap (
    GstCallstatsStreamMedia *media, GstCallstatsMediaTap *tap);
void gst_callstats_stream_media_look (
    GstCallstatsStreamMedia *media, const GstCallstatsRtpStream *stream, gint64 now);

/* To be called before anything is told. */
void gst_callstats_stream_media_read (GstCallstatsStreamMedia *media);

gboolean gst_callstats_stream_media_is (
    const GstCallstatsStreamMedia *media, const char *kind);

/* Whether its packets, its codec, what its codec takes, its samples were seen. */
gboolean gst_callstats_stream_media_has_packets (const GstCallstatsStreamMedia *media);
gboolean gst_callstats_stream_media_has_codec (const GstCallstatsStreamMedia *media);
gboolean gst_callstats_stream_media_knows_times (const GstCallstatsStreamMedia *media);
gboolean gst_callstats_stream_media_is_measured (const GstCallstatsStreamMedia *media);

/* Add members to the stream's object, the report's last. */
void gst_callstats_received_media_describe (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report);
void gst_callstats_sent_media_describe (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report);
/* Adds the object of the raw media that is sent, if any is seen. */
void gst_callstats_media_source_describe (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report);

void gst_callstats_tally_take (GstCallstatsTally *tally, guint64 value);

/* Members that are told as they are counted. */
typedef struct {
  const char *name;
  gboolean real; /* a double, else a guint64 */
  gsize offset;  /* in GstCallstatsMediaFigures */
  guint detail;
  gboolean (*is_known) (const GstCallstatsStreamMedia *media);
} GstCallstatsMediaMember;

void gst_callstats_media_members_tell (const GstCallstatsMediaMember *members, guint n,
    const GstCallstatsStreamMedia *media, CallstatsReport *report);
/* The factory's name, and whether it is one of hardware. */
void gst_callstats_codec_tell (GstElement *codec, const char *implementation,
    const char *power_efficient, CallstatsReport *report);
void gst_callstats_frame_size_tell (const GstCallstatsFrameSize *size, const char *width,
    const char *height, CallstatsReport *report);
void gst_callstats_audio_level_tell (
    const GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report);

G_END_DECLS
