/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The media of one webrtcbin under watch.
 *
 * On GStreamer 1.22 a call that breaks changes no state: once a second the fabric's state
 * machine is told when packets came last, and decides. Runs on the monitor thread only; a
 * handler that runs elsewhere copies and posts.
 */
#include <gst/webrtc/webrtc.h>

#include "dtlsends.h"
#include "mediaarrivals.h"
#include "mediastreams.h"
#include "mediawatch.h"
#include "rtcpreader.h"
#include "selectedpair.h"
#include "ssrcmap.h"

#define TICK_MS 1000

typedef struct {
  GstCallstatsFabricLink *link; /* its owner is this */
  GWeakRef webrtcbin;
  gulong handler;
  GSource *tick;
  GstCallstatsArrivals *arrivals;
  GstCallstatsDtlsEnds *dtls;
  GHashTable *remotes; /* SSRCs of the other end that sent reports and did not say BYE */
  GstCallstatsStreams *streams;
  GstCallstatsSelectedPairs *pairs;
  gboolean collect_sdp, keep_addresses;
  char *local_sdp, *remote_sdp; /* nullable: as told last */
} MediaWatch;

/* Telling the machine */

/* What was observed at a time, copied for the machine. */
typedef struct {
  gboolean heard_rtp, heard_rtcp;
  GstCallstatsArrival rtp, rtcp;
  gboolean deaf;
  gint64 now;
} Observation;

static void
observe (CallstatsFabric *fabric, gpointer data)
{
  const Observation *seen = data;

  callstats_fabric_set_deaf (fabric, seen->deaf, seen->now);
  /* In the order of their coming: what came first may end a silence. */
  if (seen->heard_rtp && !(seen->heard_rtcp && seen->rtcp.first < seen->rtp.first))
    callstats_fabric_hear (fabric, TRUE, seen->rtp.first, seen->rtp.last);
  if (seen->heard_rtcp)
    callstats_fabric_hear (fabric, FALSE, seen->rtcp.first, seen->rtcp.last);
  if (seen->heard_rtp)
    callstats_fabric_hear (fabric, TRUE, seen->rtp.first, seen->rtp.last);
  callstats_fabric_tick (fabric, seen->now);
}

/* A webrtcbin that is paused, or on its way down, reads no packets. */
static gboolean
is_deaf (GstElement *webrtcbin)
{
  return GST_STATE_TARGET (webrtcbin) != GST_STATE_PLAYING;
}

/* Returns: when the last packet came; 0: none has */
static gint64
tell_observation (MediaWatch *self, GstElement *webrtcbin, gint64 now)
{
  Observation *seen = g_new0 (Observation, 1);
  gint64 heard;

  seen->now = now;
  seen->deaf = is_deaf (webrtcbin);
  seen->heard_rtp = gst_callstats_arrivals_get (self->arrivals, TRUE, now, &seen->rtp);
  seen->heard_rtcp = gst_callstats_arrivals_get (self->arrivals, FALSE, now, &seen->rtcp);
  heard = MAX (seen->rtp.last, seen->rtcp.last);
  callstats_client_update_fabric (
      self->link->client, self->link->fabric, observe, seen, g_free);
  return heard;
}

/* RTCP */

static void
tell_left (CallstatsFabric *fabric, gpointer data)
{
  callstats_fabric_set_left (fabric, *(gint64 *)data);
}

/* Once all that sent reports have said BYE, the other end has left. */
static void
take_byes (MediaWatch *self, const GstCallstatsRtcp *rtcp, gint64 time)
{
  guint i;

  for (i = 0; i < rtcp->senders->len; i++)
    g_hash_table_add (
        self->remotes, GUINT_TO_POINTER (g_array_index (rtcp->senders, guint32, i)));
  for (i = 0; i < rtcp->leavers->len; i++)
    g_hash_table_remove (
        self->remotes, GUINT_TO_POINTER (g_array_index (rtcp->leavers, guint32, i)));
  if (rtcp->leavers->len > 0 && g_hash_table_size (self->remotes) == 0)
    callstats_client_update_fabric (self->link->client, self->link->fabric, tell_left,
        g_memdup2 (&time, sizeof time), g_free);
}

static void
on_rtcp (gpointer owner, GstBuffer *buffer, gint64 time)
{
  MediaWatch *self = owner;
  GstCallstatsRtcp rtcp;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  gst_callstats_rtcp_init (&rtcp, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  take_byes (self, &rtcp, time);
  gst_callstats_streams_take_rtcp (self->streams, &rtcp, time);
  gst_callstats_rtcp_clear (&rtcp);
}

/* DTLS */

typedef struct {
  CallstatsDtlsState state;
  gint64 time;
} DtlsChange;

static void
tell_dtls (CallstatsFabric *fabric, gpointer data)
{
  const DtlsChange *change = data;

  callstats_fabric_set_dtls_state (fabric, change->state, change->time);
}

/* A webrtcbin that goes down closes DTLS itself: that end is told by the watch. */
static void
on_dtls (gpointer owner, CallstatsDtlsState state, gint64 time)
{
  MediaWatch *self = owner;
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  DtlsChange change = { state, time };

  if (state == CALLSTATS_DTLS_STATE_CLOSED &&
      (webrtcbin == NULL || GST_STATE_TARGET (webrtcbin) < GST_STATE_PAUSED))
    return;
  callstats_client_update_fabric (self->link->client, self->link->fabric, tell_dtls,
      g_memdup2 (&change, sizeof change), g_free);
}

/* Once a second, and when a negotiation ends */

static void
look (MediaWatch *self)
{
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  g_autoptr (GstElement) rtpbin =
      webrtcbin != NULL ? gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin") : NULL;
  gint64 now = g_get_monotonic_time ();
  gint64 heard;

  if (rtpbin == NULL)
    return;
  gst_callstats_arrivals_look (self->arrivals, rtpbin);
  if (!gst_callstats_dtls_ends_is_connected (self->dtls))
    gst_callstats_dtls_ends_look (self->dtls, webrtcbin);
  heard = tell_observation (self, webrtcbin, now);
  if (!is_deaf (webrtcbin))
    gst_callstats_streams_look (self->streams, webrtcbin, rtpbin, heard, now);
}

static gboolean
on_tick (gpointer user_data)
{
  look (user_data);
  return G_SOURCE_CONTINUE;
}

/* "": as before */
static void
insert_sdp (MediaWatch *self, GVariantDict *dict, const char *name,
    const GstWebRTCSessionDescription *description, char **told)
{
  g_autofree char *text = gst_sdp_message_as_text (description->sdp);
  g_autofree char *redacted = callstats_sdp_redact (text, self->keep_addresses);
  gboolean changed = g_strcmp0 (redacted, *told) != 0;

  g_variant_dict_insert (dict, name, "s", changed ? redacted : "");
  if (changed) {
    g_free (*told);
    *told = g_steal_pointer (&redacted);
  }
}

static void
tell_descriptions (MediaWatch *self, const GstWebRTCSessionDescription *local,
    const GstWebRTCSessionDescription *remote, gint64 now)
{
  GVariant *map = gst_callstats_get_ssrc_map (local->sdp, remote->sdp);
  GVariantDict dict;

  if (map != NULL)
    callstats_client_tell_event (
        self->link->client, self->link->fabric, "ssrcMap", map, now);
  if (!self->collect_sdp)
    return;
  g_variant_dict_init (&dict, NULL);
  insert_sdp (self, &dict, "localSDP", local, &self->local_sdp);
  insert_sdp (self, &dict, "remoteSDP", remote, &self->remote_sdp);
  callstats_client_tell_event (self->link->client, self->link->fabric,
      "sdpSubmissionEvent", g_variant_dict_end (&dict), now);
}

/* The properties are read here and not in the handler: they are not what it is about. */
static void
read_descriptions (MediaWatch *self)
{
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  g_autoptr (GstWebRTCSessionDescription) local = NULL;
  g_autoptr (GstWebRTCSessionDescription) remote = NULL;

  if (webrtcbin == NULL)
    return;
  g_object_get (webrtcbin, "current-local-description", &local,
      "current-remote-description", &remote, NULL);
  if (local != NULL && remote != NULL)
    tell_descriptions (self, local, remote, g_get_monotonic_time ());
}

static gboolean
take_negotiation (gpointer data)
{
  GstCallstatsFabricLink *link = data;

  if (link->owner != NULL) {
    read_descriptions (link->owner);
    look (link->owner);
  }
  return G_SOURCE_REMOVE;
}

static void
on_signaling_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  GstWebRTCSignalingState state;

  g_object_get (webrtcbin, "signaling-state", &state, NULL);
  if (state == GST_WEBRTC_SIGNALING_STATE_STABLE)
    callstats_monitor_invoke (take_negotiation, gst_callstats_fabric_link_ref (user_data),
        gst_callstats_fabric_link_unref);
}

/* Selected pairs */

typedef struct {
  GVariant *pairs;
  gint64 time;
} Switch;

static void
switch_free (gpointer data)
{
  Switch *change = data;

  g_variant_unref (change->pairs);
  g_free (change);
}

static void
tell_switch (CallstatsFabric *fabric, gpointer data)
{
  const Switch *change = data;

  callstats_fabric_switch_transport (fabric, change->pairs, change->time);
}

static void
sample (gpointer part, const GstStructure *stats, gint64 time)
{
  MediaWatch *self = part;
  GVariant *pairs = gst_callstats_selected_pairs_take (self->pairs, stats);
  Switch *change;

  if (pairs == NULL)
    return;
  change = g_new0 (Switch, 1);
  change->pairs = pairs;
  change->time = time;
  callstats_client_update_fabric (
      self->link->client, self->link->fabric, tell_switch, change, switch_free);
}

static gpointer
attach (GstCallstatsFabricLink *link, GstElement *webrtcbin,
    const GstCallstatsWatchOptions *options)
{
  MediaWatch *self = g_new0 (MediaWatch, 1);

  self->link = gst_callstats_fabric_link_new (link->client, link->fabric, self);
  g_weak_ref_init (&self->webrtcbin, webrtcbin);
  self->arrivals = gst_callstats_arrivals_new (self->link, on_rtcp);
  self->dtls = gst_callstats_dtls_ends_new (self->link, on_dtls);
  self->remotes = g_hash_table_new (NULL, NULL);
  self->streams = gst_callstats_streams_new (self->link);
  self->pairs = gst_callstats_selected_pairs_new (options->collect_ip);
  self->collect_sdp = options->collect_sdp;
  self->keep_addresses = options->collect_ip == GST_CALLSTATS_COLLECT_IP_FULL;
  self->handler = gst_callstats_fabric_link_connect (self->link, webrtcbin,
      "notify::signaling-state", G_CALLBACK (on_signaling_state), 0);
  self->tick = callstats_monitor_add_timeout (TICK_MS, on_tick, self, NULL);
  return self;
}

static void
detach (gpointer part, GstElement *webrtcbin)
{
  MediaWatch *self = part;

  if (webrtcbin != NULL)
    g_signal_handler_disconnect (webrtcbin, self->handler);
  g_source_destroy (self->tick);
  g_source_unref (self->tick);
  gst_callstats_arrivals_free (self->arrivals);
  gst_callstats_dtls_ends_free (self->dtls);
  g_hash_table_unref (self->remotes);
  gst_callstats_streams_free (self->streams);
  gst_callstats_selected_pairs_free (self->pairs);
  g_free (self->local_sdp);
  g_free (self->remote_sdp);
  g_weak_ref_clear (&self->webrtcbin);
  self->link->owner = NULL;
  gst_callstats_fabric_link_unref (self->link);
  g_free (self);
}

const GstCallstatsWatchPart gst_callstats_media_part = {
  .attach = attach,
  .detach = detach,
  .sample = sample,
};
