/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The RTP streams of one webrtcbin. Monitor thread only.
 */
#include <string.h>

#include "mediaframes.h"
#include "mediastreams.h"
#include "outboundstream.h"

/* A stream that stopped, while something else came from the other end since; or whose
 * frames did, while its packets come. */
#define SUSPENDED (5 * G_TIME_SPAN_SECOND)
#define MEANWHILE (2500 * G_TIME_SPAN_MILLISECOND)
/* callstats' RTCPTimeout. */
#define RTCP_TIMEOUT (30 * G_TIME_SPAN_SECOND)
#define RTCP_GAPS 5
#define SECONDS_TO_1970 G_GUINT64_CONSTANT (2208988800)

typedef struct {
  guint64 packets;
  gint64 arrived; /* when packets grew last */
  gboolean playing;
  gboolean showing; /* frames */
} Inbound;

struct _GstCallstatsStreams {
  GstCallstatsFabricLink *link;
  GstCallstatsFrames *frames;
  GHashTable *media;    /* SSRC → interned "audio" or "video" */
  GHashTable *inbound;  /* SSRC → Inbound */
  GHashTable *outbound; /* SSRC → GstCallstatsOutboundStream */
  gint64 rtcp;          /* when the last came; 0: none did */
  double rtcp_gap;      /* smoothed, in microseconds */
  gboolean rtcp_missed; /* and told */
};

static const char *
get_media (GstCallstatsStreams *self, guint32 ssrc)
{
  return g_hash_table_lookup (self->media, GUINT_TO_POINTER (ssrc));
}

/* Telling */

static void
begin_data (GstCallstatsStreams *self, GVariantDict *data, guint32 ssrc)
{
  g_autofree char *text = g_strdup_printf ("%u", ssrc);
  const char *media = get_media (self, ssrc);

  g_variant_dict_init (data, NULL);
  g_variant_dict_insert (data, "ssrc", "s", text);
  if (media != NULL)
    g_variant_dict_insert (data, "mediaType", "s", media);
}

static void
tell (GstCallstatsStreams *self, const char *name, GVariantDict *data, gint64 time)
{
  callstats_client_tell_event (
      self->link->client, self->link->fabric, name, g_variant_dict_end (data), time);
}

/* stage: what of the stream it is about, `packet` or `frame` */
static void
tell_playback (GstCallstatsStreams *self, const char *name, const char *stage,
    guint32 ssrc, gint64 time)
{
  GVariantDict data;

  begin_data (self, &data, ssrc);
  g_variant_dict_insert (&data, "kind", "s", get_media (self, ssrc));
  g_variant_dict_insert (&data, "stage", "s", stage);
  tell (self, name, &data, time);
}

static void
tell_breaker (GstCallstatsStreams *self, const char *type, guint32 ssrc, gint64 time)
{
  GVariantDict data;

  begin_data (self, &data, ssrc);
  g_variant_dict_insert (&data, "disruptionType", "s", type);
  tell (self, "circuitBreaker", &data, time);
}

static void
tell_one_way (
    GstCallstatsStreams *self, const char *name, guint32 ssrc, gint64 since, gint64 time)
{
  GVariantDict data;

  begin_data (self, &data, ssrc);
  g_variant_dict_insert (&data, "streamType", "s", "outbound");
  g_variant_dict_insert (&data, "disruptionType", "s", "mediaTimeout");
  if (since != time)
    g_variant_dict_insert (&data, "delay", "d", (time - since) / 1000.0);
  tell (self, name, &data, time);
}

/* since: when the other end told of something new last, before this change. */
static void
tell_changes (GstCallstatsStreams *self, const GstCallstatsOutboundStream *stream,
    guint changes, gint64 since, gint64 now)
{
  if (changes & GST_CALLSTATS_OUTBOUND_ONE_WAY_START) {
    tell_one_way (self, "oneWayMediaStart", stream->ssrc, since, since);
    tell_breaker (self, "mediaTimeout", stream->ssrc, now);
  }
  if (changes & GST_CALLSTATS_OUTBOUND_ONE_WAY_STOP)
    tell_one_way (self, "oneWayMediaStop", stream->ssrc, since, now);
  if (changes & GST_CALLSTATS_OUTBOUND_UNUSABLE)
    tell_breaker (self, "mediaUsability", stream->ssrc, now);
  if (changes & GST_CALLSTATS_OUTBOUND_CONGESTED)
    tell_breaker (self, "congestion", stream->ssrc, now);
}

/* RTCP */

static void
note_rtcp (GstCallstatsStreams *self, gint64 time)
{
  if (self->rtcp != 0)
    self->rtcp_gap = self->rtcp_gap == 0 ? time - self->rtcp
                                         : (3 * self->rtcp_gap + (time - self->rtcp)) / 4;
  self->rtcp = time;
  self->rtcp_missed = FALSE;
}

static const GstCallstatsReportBlock *
find_block (const GstCallstatsRtcp *rtcp, guint32 ssrc)
{
  guint i;

  for (i = 0; i < rtcp->blocks->len; i++) {
    const GstCallstatsReportBlock *block =
        &g_array_index (rtcp->blocks, GstCallstatsReportBlock, i);

    if (block->ssrc == ssrc)
      return block;
  }
  return NULL;
}

/* Of the wall clock, which GStreamer's sender reports have. */
static guint32
get_middle_of_ntp (gint64 time)
{
  guint64 now = callstats_monitor_to_epoch (time);
  guint64 seconds = now / G_USEC_PER_SEC + SECONDS_TO_1970;
  guint64 fraction = (now % G_USEC_PER_SEC) * 65536 / G_USEC_PER_SEC;

  return (guint32)(seconds << 16 | fraction);
}

void
gst_callstats_streams_take_rtcp (
    GstCallstatsStreams *self, const GstCallstatsRtcp *rtcp, gint64 time)
{
  GHashTableIter iter;
  gpointer value;

  note_rtcp (self, time);
  g_hash_table_iter_init (&iter, self->outbound);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    GstCallstatsOutboundStream *stream = value;
    const GstCallstatsReportBlock *block = find_block (rtcp, stream->ssrc);
    gint64 since = stream->progress;

    if (block != NULL)
      tell_changes (self, stream,
          gst_callstats_outbound_take_block (
              stream, block, get_middle_of_ntp (time), time),
          since, time);
    else if (!rtcp->has_feedback)
      gst_callstats_outbound_take_none (stream);
  }
}

/* Reading */

/* The pads of a webrtcbin say what an SSRC is. */
static gboolean
read_pad (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  GstCallstatsStreams *self = user_data;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstStructure *first = caps != NULL && gst_caps_get_size (caps) > 0
                                  ? gst_caps_get_structure (caps, 0)
                                  : NULL;
  const char *media = first != NULL ? gst_structure_get_string (first, "media") : NULL;
  guint ssrc;

  if (media != NULL && gst_structure_get_uint (first, "ssrc", &ssrc))
    g_hash_table_insert (
        self->media, GUINT_TO_POINTER (ssrc), (gpointer)g_intern_string (media));
  return TRUE;
}

static void
take_inbound (GstCallstatsStreams *self, guint32 ssrc, guint64 packets, gint64 now)
{
  Inbound *stream = g_hash_table_lookup (self->inbound, GUINT_TO_POINTER (ssrc));

  if (packets == 0 || get_media (self, ssrc) == NULL)
    return;
  if (stream == NULL) {
    stream = g_new0 (Inbound, 1);
    g_hash_table_insert (self->inbound, GUINT_TO_POINTER (ssrc), stream);
  }
  /* After a time-out the same SSRC is counted from 0 again. */
  if (packets == stream->packets)
    return;
  stream->packets = packets;
  stream->arrived = now;
  if (!stream->playing)
    tell_playback (self, "mediaPlaybackStart", "packet", ssrc, now);
  stream->playing = TRUE;
}

static void
take_outbound (
    GstCallstatsStreams *self, guint32 ssrc, const GstStructure *source, gint64 now)
{
  GstCallstatsOutboundStream *stream =
      g_hash_table_lookup (self->outbound, GUINT_TO_POINTER (ssrc));
  guint64 packets = 0, bytes = 0;

  gst_structure_get_uint64 (source, "packets-sent", &packets);
  gst_structure_get_uint64 (source, "octets-sent", &bytes);
  if (packets == 0 || get_media (self, ssrc) == NULL)
    return;
  if (stream == NULL) {
    stream = g_new0 (GstCallstatsOutboundStream, 1);
    stream->ssrc = ssrc;
    stream->is_video = strcmp (get_media (self, ssrc), "video") == 0;
    g_hash_table_insert (self->outbound, GUINT_TO_POINTER (ssrc), stream);
  }
  gst_callstats_outbound_set_sent (stream, packets, bytes, now);
}

static void
take_source (GstCallstatsStreams *self, const GstStructure *source, GstElement *webrtcbin,
    gint64 now)
{
  gboolean internal = FALSE;
  guint64 packets = 0;
  guint ssrc = 0;

  if (!gst_structure_get_uint (source, "ssrc", &ssrc))
    return;
  gst_structure_get_boolean (source, "internal", &internal);
  if (get_media (self, ssrc) == NULL)
    gst_element_foreach_pad (webrtcbin, read_pad, self);
  if (internal) {
    take_outbound (self, ssrc, source, now);
  } else {
    gst_structure_get_uint64 (source, "packets-received", &packets);
    take_inbound (self, ssrc, packets, now);
  }
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS
static void
take_session (
    GstCallstatsStreams *self, GObject *session, GstElement *webrtcbin, gint64 now)
{
  g_autoptr (GstStructure) stats = NULL;
  const GValue *value;
  GValueArray *sources;
  guint i;

  g_object_get (session, "stats", &stats, NULL);
  value = stats != NULL ? gst_structure_get_value (stats, "source-stats") : NULL;
  if (value == NULL || !G_VALUE_HOLDS (value, g_value_array_get_type ()))
    return;
  sources = g_value_get_boxed (value);
  for (i = 0; sources != NULL && i < sources->n_values; i++)
    take_source (self, gst_value_get_structure (g_value_array_get_nth (sources, i)),
        webrtcbin, now);
}
G_GNUC_END_IGNORE_DEPRECATIONS

/* recv_rtp_sink_0 → 0 */
static gboolean
add_session (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  const char *number = strrchr (GST_PAD_NAME (pad), '_');

  if (number != NULL)
    g_hash_table_add (
        user_data, GUINT_TO_POINTER ((guint)g_ascii_strtoull (number + 1, NULL, 10)));
  return TRUE;
}

static void
take_sessions (
    GstCallstatsStreams *self, GstElement *webrtcbin, GstElement *rtpbin, gint64 now)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer id;

  gst_element_foreach_sink_pad (rtpbin, add_session, ids);
  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    g_autoptr (GObject) session = NULL;

    g_signal_emit_by_name (
        rtpbin, "get-internal-session", GPOINTER_TO_UINT (id), &session);
    if (session != NULL)
      take_session (self, session, webrtcbin, now);
  }
}

/* Judging */

static void
look_at_packets (
    GstCallstatsStreams *self, Inbound *stream, guint32 ssrc, gint64 heard, gint64 now)
{
  if (!stream->playing || now - stream->arrived < SUSPENDED ||
      heard < stream->arrived + MEANWHILE)
    return;
  stream->playing = FALSE;
  tell_playback (self, "mediaPlaybackSuspended", "packet", ssrc, stream->arrived);
}

static void
look_at_frames (GstCallstatsStreams *self, Inbound *stream, guint32 ssrc, gint64 now)
{
  gint64 frame;

  if (!gst_callstats_frames_get (self->frames, ssrc, now, &frame))
    return;
  if (!stream->showing && now - frame < SUSPENDED) {
    stream->showing = TRUE;
    tell_playback (self, "mediaPlaybackStart", "frame", ssrc, frame);
  } else if (stream->showing && now - frame >= SUSPENDED &&
             stream->arrived >= frame + MEANWHILE) {
    stream->showing = FALSE;
    tell_playback (self, "mediaPlaybackStalled", "frame", ssrc, frame);
  }
}

static void
look_at_inbound (GstCallstatsStreams *self, gint64 heard, gint64 now)
{
  GHashTableIter iter;
  gpointer ssrc, value;

  g_hash_table_iter_init (&iter, self->inbound);
  while (g_hash_table_iter_next (&iter, &ssrc, &value)) {
    look_at_packets (self, value, GPOINTER_TO_UINT (ssrc), heard, now);
    look_at_frames (self, value, GPOINTER_TO_UINT (ssrc), now);
  }
}

static void
look_at_outbound (GstCallstatsStreams *self, gint64 now)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->outbound);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    GstCallstatsOutboundStream *stream = value;

    tell_changes (self, stream, gst_callstats_outbound_look (stream, self->rtcp, now),
        stream->progress, now);
  }
}

/* Packets come, but no reports of the other end among them. */
static void
look_at_rtcp (GstCallstatsStreams *self, gint64 heard, gint64 now)
{
  gint64 limit = MAX (RTCP_TIMEOUT, (gint64)(RTCP_GAPS * self->rtcp_gap));
  GHashTableIter iter;
  gpointer ssrc;

  if (self->rtcp == 0 || self->rtcp_missed || now - self->rtcp < limit ||
      heard < now - SUSPENDED)
    return;
  self->rtcp_missed = TRUE;
  g_hash_table_iter_init (&iter, self->outbound);
  while (g_hash_table_iter_next (&iter, &ssrc, NULL))
    tell_breaker (self, "RTCPTimeout", GPOINTER_TO_UINT (ssrc), now);
}

void
gst_callstats_streams_look (GstCallstatsStreams *self, GstElement *webrtcbin,
    GstElement *rtpbin, gint64 heard, gint64 now)
{
  take_sessions (self, webrtcbin, rtpbin, now);
  gst_callstats_frames_look (self->frames, webrtcbin);
  look_at_inbound (self, heard, now);
  look_at_outbound (self, now);
  look_at_rtcp (self, heard, now);
}

GstCallstatsStreams *
gst_callstats_streams_new (GstCallstatsFabricLink *link)
{
  GstCallstatsStreams *self = g_new0 (GstCallstatsStreams, 1);

  self->link = gst_callstats_fabric_link_ref (link);
  self->frames = gst_callstats_frames_new ();
  self->media = g_hash_table_new (NULL, NULL);
  self->inbound = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->outbound = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
gst_callstats_streams_free (GstCallstatsStreams *self)
{
  if (self == NULL)
    return;
  gst_callstats_frames_free (self->frames);
  g_hash_table_unref (self->media);
  g_hash_table_unref (self->inbound);
  g_hash_table_unref (self->outbound);
  gst_callstats_fabric_link_unref (self->link);
  g_free (self);
}
