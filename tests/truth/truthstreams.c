/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is true of the streams of a call: from the counts, and from the descriptions that
 * both ends agreed on; and when no more will change.
 *
 * For the test's thread.
 */
#include <stdlib.h>
#include <string.h>

#include "truthcall-private.h"

#define DEADLINE (20 * G_TIME_SPAN_SECOND)
#define FURTHER 2 /* reports, of either kind */

static void
stream_free (gpointer data)
{
  TruthStream *stream = data;

  g_free (stream->mid);
  g_free (stream->track_id);
  g_free (stream);
}

/* The description */

/* "N rest" → rest, if N is the SSRC */
static const char *
after_ssrc (const char *attribute, guint32 ssrc)
{
  char *rest;

  if (g_ascii_strtoull (attribute, &rest, 10) != ssrc || *rest != ' ')
    return NULL;
  return rest + 1;
}

static gboolean
has_ssrc (const GstSDPMedia *media, guint32 ssrc)
{
  const char *value;
  guint i;

  for (i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "ssrc", i)); i++) {
    if (after_ssrc (value, ssrc) != NULL)
      return TRUE;
  }
  return FALSE;
}

static gboolean
has_format (const GstSDPMedia *media, guint payload_type)
{
  g_autofree char *wanted = g_strdup_printf ("%u", payload_type);
  guint i;

  for (i = 0; i < gst_sdp_media_formats_len (media); i++) {
    if (strcmp (gst_sdp_media_get_format (media, i), wanted) == 0)
      return TRUE;
  }
  return FALSE;
}

/* By SSRC, else by the payload type, which the formats of these calls have each for
 * themselves. */
static const GstSDPMedia *
find_media (const GstSDPMessage *sdp, guint32 ssrc, guint payload_type)
{
  guint i;

  for (i = 0; i < gst_sdp_message_medias_len (sdp); i++) {
    if (has_ssrc (gst_sdp_message_get_media (sdp, i), ssrc))
      return gst_sdp_message_get_media (sdp, i);
  }
  for (i = 0; i < gst_sdp_message_medias_len (sdp); i++) {
    if (has_format (gst_sdp_message_get_media (sdp, i), payload_type))
      return gst_sdp_message_get_media (sdp, i);
  }
  return NULL;
}

/* The track in "stream track", of a=msid or of a=ssrc's msid */
static char *
dup_track_id (const GstSDPMedia *media, guint32 ssrc)
{
  const char *msid = gst_sdp_media_get_attribute_val (media, "msid");
  const char *value, *space;
  guint i;

  for (i = 0; msid == NULL &&
              (value = gst_sdp_media_get_attribute_val_n (media, "ssrc", i)) != NULL;
       i++) {
    const char *rest = after_ssrc (value, ssrc);

    if (rest != NULL && g_str_has_prefix (rest, "msid:"))
      msid = rest + strlen ("msid:");
  }
  space = msid != NULL ? strchr (msid, ' ') : NULL;
  return space != NULL ? g_strdup (space + 1) : NULL;
}

/* a=ssrc-group:FID primary rtx */
static guint32
find_rtx_ssrc (const GstSDPMedia *media, guint32 ssrc)
{
  const char *value;
  guint i;

  for (i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "ssrc-group", i)); i++) {
    const char *rest = g_str_has_prefix (value, "FID ")
                           ? after_ssrc (value + strlen ("FID "), ssrc)
                           : NULL;

    if (rest != NULL)
      return (guint32)g_ascii_strtoull (rest, NULL, 10);
  }
  return 0;
}

static void
read_description (TruthStream *stream, GstElement *sender)
{
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  const GstSDPMedia *media;

  g_object_get (sender, "local-description", &description, NULL);
  g_assert_nonnull (description);
  media = find_media (description->sdp, stream->ssrc, stream->format->payload_type);
  g_assert_nonnull (media);
  stream->mid = g_strdup (gst_sdp_media_get_attribute_val (media, "mid"));
  stream->track_id = dup_track_id (media, stream->ssrc);
  stream->rtx_ssrc = find_rtx_ssrc (media, stream->ssrc);
}

/* The counts */

static PacketCount
get_count (GHashTable *counts, guint32 ssrc)
{
  PacketCount *count = g_hash_table_lookup (counts, GUINT_TO_POINTER (ssrc));

  return count != NULL && ssrc != 0 ? *count : (PacketCount){ .ssrc = ssrc };
}

static RtcpCount
get_rtcp (GHashTable *counts, guint32 ssrc)
{
  RtcpCount *count = g_hash_table_lookup (counts, GUINT_TO_POINTER (ssrc));

  return count != NULL ? *count : (RtcpCount){ .ssrc = ssrc };
}

static gint
compare_streams (gconstpointer a, gconstpointer b)
{
  const TruthStream *const *left = a, *const *right = b;

  return (int)(*left)->format->payload_type - (int)(*right)->format->payload_type;
}

/* With the lock held */
static GPtrArray *
get_media (TruthCall *self, TruthEnd sender)
{
  GPtrArray *streams = g_ptr_array_new_with_free_func (stream_free);
  GHashTableIter iter;
  PacketCount *count;

  g_hash_table_iter_init (&iter, self->edges[sender].sent);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&count)) {
    const TruthFormat *format = truth_find_format (count->payload_type);

    if (format != NULL) {
      TruthStream *stream = g_new0 (TruthStream, 1);

      stream->ssrc = count->ssrc;
      stream->format = format;
      stream->rested = self->rested;
      stream->gone = g_hash_table_contains (self->gone, GUINT_TO_POINTER (count->ssrc));
      g_ptr_array_add (streams, stream);
    }
  }
  g_ptr_array_sort (streams, compare_streams);
  return streams;
}

/* With the lock held */
static void
read_counts (TruthCall *self, TruthEnd sender, TruthStream *stream)
{
  Edges *from = &self->edges[sender], *to = &self->edges[!sender];

  stream->sent = get_count (from->sent, stream->ssrc);
  stream->sent_rtx = get_count (from->sent, stream->rtx_ssrc);
  stream->received = get_count (to->received, stream->ssrc);
  stream->received_rtx = get_count (to->received, stream->rtx_ssrc);
  stream->heard_by_sender = get_rtcp (from->rtcp, stream->ssrc);
  stream->heard_by_receiver = get_rtcp (to->rtcp, stream->ssrc);
}

GPtrArray *
truth_call_get_streams (TruthCall *self, TruthEnd sender)
{
  GPtrArray *streams;
  guint i;

  g_mutex_lock (&self->lock.lock);
  streams = get_media (self, sender);
  g_mutex_unlock (&self->lock.lock);
  for (i = 0; i < streams->len; i++)
    read_description (g_ptr_array_index (streams, i), self->ends[sender]);
  g_mutex_lock (&self->lock.lock);
  for (i = 0; i < streams->len; i++)
    read_counts (self, sender, g_ptr_array_index (streams, i));
  g_mutex_unlock (&self->lock.lock);
  return streams;
}

/* Rest. All with the lock held */

static gboolean
has_heard (TruthCall *self, TruthEnd sender, const TruthStream *was)
{
  TruthStream now = { .ssrc = was->ssrc };

  read_counts (self, sender, &now);
  return now.heard_by_receiver.sender_reports >=
             was->heard_by_receiver.sender_reports + FURTHER &&
         now.heard_by_sender.report_blocks >=
             was->heard_by_sender.report_blocks + FURTHER;
}

/* Whether both ends have heard so much more of each stream than they had in `before`. */
static gboolean
have_heard (TruthCall *self, GPtrArray *before[N_ENDS])
{
  guint end, i;

  for (end = 0; end < N_ENDS; end++) {
    for (i = 0; i < before[end]->len; i++) {
      const TruthStream *was = g_ptr_array_index (before[end], i);

      if (!was->gone && !was->rested && !has_heard (self, end, was))
        return FALSE;
    }
  }
  return TRUE;
}

static void
get_all_media (TruthCall *self, GPtrArray *streams[N_ENDS])
{
  guint end, i;

  for (end = 0; end < N_ENDS; end++) {
    streams[end] = get_media (self, end);
    for (i = 0; i < streams[end]->len; i++)
      read_counts (self, end, g_ptr_array_index (streams[end], i));
  }
}

/* FALSE: a packet came in between. */
static gboolean
wait_rtcp (TruthCall *self, gint64 deadline)
{
  guint64 packets = self->lock.rtp_packets;
  guint caller = self->edges[CALLER].rtcp_packets + FURTHER;
  guint callee = self->edges[CALLEE].rtcp_packets + FURTHER;
  GPtrArray *before[N_ENDS];
  guint end;

  get_all_media (self, before);
  while (packets == self->lock.rtp_packets &&
         (self->edges[CALLER].rtcp_packets < caller ||
             self->edges[CALLEE].rtcp_packets < callee || !have_heard (self, before)))
    truth_call_wait (self, deadline, "RTCP of a call at rest");
  for (end = 0; end < N_ENDS; end++)
    g_ptr_array_unref (before[end]);
  return packets == self->lock.rtp_packets;
}

static gboolean
wait_reports (TruthCall *self, gint64 deadline)
{
  guint64 packets = self->lock.rtp_packets;
  guint caller = self->reports[CALLER]->len + FURTHER;
  guint callee = self->reports[CALLEE]->len + FURTHER;

  while (packets == self->lock.rtp_packets &&
         (self->reports[CALLER]->len < caller || self->reports[CALLEE]->len < callee))
    truth_call_wait (self, deadline, "reports of a call at rest");
  return packets == self->lock.rtp_packets;
}

void
truth_call_settle (TruthCall *self)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  g_mutex_lock (&self->lock.lock);
  self->held = TRUE;
  while (!wait_rtcp (self, deadline) || !wait_reports (self, deadline))
    ;
  g_mutex_unlock (&self->lock.lock);
}
