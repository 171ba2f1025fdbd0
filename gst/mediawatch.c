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
#include "mediawatch.h"
#include "rtcpreader.h"

#define TICK_MS 1000

typedef struct {
  GstCallstatsFabricLink *link; /* its owner is this */
  GWeakRef webrtcbin;
  gulong handler;
  GSource *tick;
  GstCallstatsArrivals *arrivals;
  GstCallstatsDtlsEnds *dtls;
  GHashTable *remotes; /* SSRCs of the other end that sent reports and did not say BYE */
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

static void
tell_observation (MediaWatch *self, GstElement *webrtcbin, gint64 now)
{
  Observation *seen = g_new0 (Observation, 1);

  seen->now = now;
  seen->deaf = is_deaf (webrtcbin);
  seen->heard_rtp = gst_callstats_arrivals_get (self->arrivals, TRUE, now, &seen->rtp);
  seen->heard_rtcp = gst_callstats_arrivals_get (self->arrivals, FALSE, now, &seen->rtcp);
  callstats_client_update_fabric (
      self->link->client, self->link->fabric, observe, seen, g_free);
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

  if (rtpbin == NULL)
    return;
  gst_callstats_arrivals_look (self->arrivals, rtpbin);
  if (!gst_callstats_dtls_ends_is_connected (self->dtls))
    gst_callstats_dtls_ends_look (self->dtls, webrtcbin);
  tell_observation (self, webrtcbin, now);
}

static gboolean
on_tick (gpointer user_data)
{
  look (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
take_negotiation (gpointer data)
{
  GstCallstatsFabricLink *link = data;

  if (link->owner != NULL)
    look (link->owner);
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
  g_weak_ref_clear (&self->webrtcbin);
  self->link->owner = NULL;
  gst_callstats_fabric_link_unref (self->link);
  g_free (self);
}

const GstCallstatsWatchPart gst_callstats_media_part = {
  .attach = attach,
  .detach = detach,
};
