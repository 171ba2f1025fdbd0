/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One webrtcbin under watch.
 *
 * Callbacks run on webrtcbin's threads, sometimes under its locks: they copy and post to
 * the monitor thread. Only a notify handler, which webrtcbin calls unlocked, may read the
 * one property it is about; and the first get-stats reply, which comes on the thread that
 * also notifies, reads the states that the webrtcbin had before. Everything else in this
 * file runs on the monitor thread only.
 */
#include <gst/webrtc/webrtc.h>

#include "fabriclink.h"
#include "mediawatch.h"
#include "setupwatch.h"
#include "stats/collector.h"
#include "watchpart.h"
#include "webrtcbinwatch.h"

typedef GstCallstatsFabricLink Link; /* its owner is the watch */

static const GstCallstatsWatchPart *const parts[] = {
  &gst_callstats_media_part,
  &gst_callstats_setup_part,
};

struct _GstCallstatsWatch {
  Link *link;
  gpointer parts[G_N_ELEMENTS (parts)]; /* NULL: detached */
  GWeakRef webrtcbin;
  GstCallstatsCollector *collector; /* NULL: stopped */
  GArray *handlers;                 /* gulong */
  GSource *poll;
  gint64 due_at;         /* the next report, by the monotonic clock */
  GstPromise *in_flight; /* NULL: no request */
  gboolean was_open;     /* it has answered with stats */
  gint64 asked;          /* when it was requested */
  gboolean due;          /* a report waits for the reply */
  gint64 reported;       /* when the last report was made */
  gboolean finishing;    /* the next report is the last */
  gboolean ended;        /* the fabric is terminated */
  GDestroyNotify done;
  gpointer done_data;
};

/* States: webrtcbin's enumerations and ours name the same things in another order. */

static const CallstatsSignalingState signaling_states[] = {
  [GST_WEBRTC_SIGNALING_STATE_STABLE] = CALLSTATS_SIGNALING_STATE_STABLE,
  [GST_WEBRTC_SIGNALING_STATE_CLOSED] = CALLSTATS_SIGNALING_STATE_CLOSED,
  [GST_WEBRTC_SIGNALING_STATE_HAVE_LOCAL_OFFER] =
      CALLSTATS_SIGNALING_STATE_HAVE_LOCAL_OFFER,
  [GST_WEBRTC_SIGNALING_STATE_HAVE_REMOTE_OFFER] =
      CALLSTATS_SIGNALING_STATE_HAVE_REMOTE_OFFER,
  [GST_WEBRTC_SIGNALING_STATE_HAVE_LOCAL_PRANSWER] =
      CALLSTATS_SIGNALING_STATE_HAVE_LOCAL_PRANSWER,
  [GST_WEBRTC_SIGNALING_STATE_HAVE_REMOTE_PRANSWER] =
      CALLSTATS_SIGNALING_STATE_HAVE_REMOTE_PRANSWER,
};

static const CallstatsIceGatheringState gathering_states[] = {
  [GST_WEBRTC_ICE_GATHERING_STATE_NEW] = CALLSTATS_ICE_GATHERING_STATE_NEW,
  [GST_WEBRTC_ICE_GATHERING_STATE_GATHERING] = CALLSTATS_ICE_GATHERING_STATE_GATHERING,
  [GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE] = CALLSTATS_ICE_GATHERING_STATE_COMPLETE,
};

static const CallstatsIceConnectionState connection_states[] = {
  [GST_WEBRTC_ICE_CONNECTION_STATE_NEW] = CALLSTATS_ICE_CONNECTION_STATE_NEW,
  [GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING] = CALLSTATS_ICE_CONNECTION_STATE_CHECKING,
  [GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED] = CALLSTATS_ICE_CONNECTION_STATE_CONNECTED,
  [GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED] = CALLSTATS_ICE_CONNECTION_STATE_COMPLETED,
  [GST_WEBRTC_ICE_CONNECTION_STATE_FAILED] = CALLSTATS_ICE_CONNECTION_STATE_FAILED,
  [GST_WEBRTC_ICE_CONNECTION_STATE_DISCONNECTED] =
      CALLSTATS_ICE_CONNECTION_STATE_DISCONNECTED,
  [GST_WEBRTC_ICE_CONNECTION_STATE_CLOSED] = CALLSTATS_ICE_CONNECTION_STATE_CLOSED,
};

static void
on_signaling_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  Link *link = user_data;
  GstWebRTCSignalingState state;

  g_object_get (webrtcbin, "signaling-state", &state, NULL);
  if ((guint)state < G_N_ELEMENTS (signaling_states))
    callstats_client_set_signaling_state (
        link->client, link->fabric, signaling_states[state]);
}

static void
on_ice_gathering_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  Link *link = user_data;
  GstWebRTCICEGatheringState state;

  g_object_get (webrtcbin, "ice-gathering-state", &state, NULL);
  if ((guint)state < G_N_ELEMENTS (gathering_states))
    callstats_client_set_ice_gathering_state (
        link->client, link->fabric, gathering_states[state]);
}

static void
on_ice_connection_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  Link *link = user_data;
  GstWebRTCICEConnectionState state;

  g_object_get (webrtcbin, "ice-connection-state", &state, NULL);
  if ((guint)state < G_N_ELEMENTS (connection_states))
    callstats_client_set_ice_connection_state (
        link->client, link->fabric, connection_states[state]);
}

static const struct {
  const char *notify;
  void (*handler) (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data);
} notifications[] = {
  { "notify::signaling-state", on_signaling_state },
  { "notify::ice-gathering-state", on_ice_gathering_state },
  { "notify::ice-connection-state", on_ice_connection_state },
};

static void
connect_notifications (GstCallstatsWatch *self, GstElement *webrtcbin)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (notifications); i++) {
    gulong id = gst_callstats_fabric_link_connect (self->link, webrtcbin,
        notifications[i].notify, G_CALLBACK (notifications[i].handler), 0);

    g_array_append_val (self->handlers, id);
  }
}

static void
disconnect_notifications (GstCallstatsWatch *self)
{
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  guint i;

  for (i = 0; webrtcbin != NULL && i < self->handlers->len; i++)
    g_signal_handler_disconnect (webrtcbin, g_array_index (self->handlers, gulong, i));
  g_array_set_size (self->handlers, 0);
}

/* Parts */

static void
attach_parts (GstCallstatsWatch *self, GstElement *webrtcbin,
    const GstCallstatsWatchOptions *options)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    self->parts[i] = parts[i]->attach (self->link, webrtcbin, options);
}

static void
detach_parts (GstCallstatsWatch *self)
{
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++) {
    if (self->parts[i] != NULL)
      parts[i]->detach (g_steal_pointer (&self->parts[i]), webrtcbin);
  }
}

static void
sample_parts (GstCallstatsWatch *self, const GstStructure *stats, gint64 time)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++) {
    if (self->parts[i] != NULL && parts[i]->sample != NULL)
      parts[i]->sample (self->parts[i], stats, time);
  }
}

void
gst_callstats_watch_tell_bus_error (
    GstCallstatsWatch *self, const GstCallstatsBusError *error)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++) {
    if (self->parts[i] != NULL && parts[i]->bus_error != NULL)
      parts[i]->bus_error (self->parts[i], error);
  }
}

void
gst_callstats_watch_set_screen (GstCallstatsWatch *self, gboolean shared)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++) {
    if (self->parts[i] != NULL && parts[i]->screen != NULL)
      parts[i]->screen (self->parts[i], shared);
  }
}

/* Polling */

/* One get-stats request. */
typedef struct {
  Link *link;
  GWeakRef webrtcbin; /* empty but for the first */
  gboolean first;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_weak_ref_clear (&request->webrtcbin);
  gst_callstats_fabric_link_unref (request->link);
  g_free (request);
}

/* One reply on its way to the monitor thread. */
typedef struct {
  Link *link;
  GstPromise *promise;
  gint64 time;
  gboolean first; /* asked for the states' sake */
} Reply;

static void
reply_free (gpointer data)
{
  Reply *reply = data;

  gst_promise_unref (reply->promise);
  gst_callstats_fabric_link_unref (reply->link);
  g_free (reply);
}

static void
stop_polling (GstCallstatsWatch *self)
{
  if (self->poll == NULL)
    return;
  g_source_destroy (self->poll);
  g_clear_pointer (&self->poll, g_source_unref);
}

/* The pipeline goes down, or the webrtcbin out of it. */
static void
end_fabric (GstCallstatsWatch *self)
{
  GVariantDict data;

  if (self->ended)
    return;
  self->ended = TRUE;
  g_variant_dict_init (&data, NULL);
  g_variant_dict_insert (&data, "cause", "s", "pipeline");
  callstats_client_send_fabric_event (self->link->client, self->link->fabric,
      "fabricTerminated", g_variant_dict_end (&data), NULL);
}

static void
free_collector (GstCallstatsWatch *self)
{
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);

  gst_callstats_collector_free (g_steal_pointer (&self->collector), webrtcbin);
}

static void
finish_now (GstCallstatsWatch *self)
{
  GDestroyNotify done = g_steal_pointer (&self->done);

  stop_polling (self);
  detach_parts (self);
  free_collector (self);
  end_fabric (self);
  if (done != NULL)
    done (self->done_data);
}

static void
report (GstCallstatsWatch *self, gint64 now)
{
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  g_autoptr (CallstatsReport) report = NULL;

  self->due = FALSE;
  if (webrtcbin == NULL || self->collector == NULL)
    return;
  self->reported = now;
  report = gst_callstats_collector_collect (self->collector, webrtcbin, now);
  if (report != NULL)
    callstats_client_send_report (self->link->client, self->link->fabric, report);
}

/* A webrtcbin that is closed, or not open yet, answers with an error. */
static void
take_reply (GstCallstatsWatch *self, Reply *reply)
{
  const GstStructure *stats = gst_promise_get_reply (reply->promise);

  if (stats == NULL || gst_structure_has_field_typed (stats, "error", G_TYPE_ERROR)) {
    if (self->was_open)
      self->finishing = TRUE;
    return;
  }
  self->was_open = TRUE;
  sample_parts (self, stats, reply->time);
  if (self->collector != NULL)
    gst_callstats_collector_take_reply (
        self->collector, reply->promise, reply->time, reply->time - self->asked);
  if (self->due)
    report (self, reply->time);
}

static gboolean
handle_reply (gpointer data)
{
  Reply *reply = data;
  GstCallstatsWatch *self = reply->link->owner;

  if (self == NULL)
    return G_SOURCE_REMOVE;
  g_clear_pointer (&self->in_flight, gst_promise_unref);
  if (!self->ended)
    take_reply (self, reply);
  if (self->finishing)
    finish_now (self);
  return G_SOURCE_REMOVE;
}

/* On the thread that notifies, so that no change can come between reading and telling. */
static void
tell_states (Request *request)
{
  g_autoptr (GObject) webrtcbin = g_weak_ref_get (&request->webrtcbin);
  guint i;

  for (i = 0; webrtcbin != NULL && i < G_N_ELEMENTS (notifications); i++)
    notifications[i].handler (webrtcbin, NULL, request->link);
}

static void
on_reply (GstPromise *promise, gpointer user_data)
{
  Request *request = user_data;
  Reply *reply;

  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return;
  if (request->first)
    tell_states (request);
  reply = g_new0 (Reply, 1);
  reply->link = gst_callstats_fabric_link_ref (request->link);
  reply->promise = gst_promise_ref (promise);
  reply->time = g_get_monotonic_time ();
  reply->first = request->first;
  callstats_monitor_invoke (handle_reply, reply, reply_free);
}

/* Our own reference stays until the reply: a webrtcbin that closes drops its silently. */
static void
request_stats (GstCallstatsWatch *self, gboolean first)
{
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  Request *request;

  if (webrtcbin == NULL || self->in_flight != NULL)
    return;
  self->asked = g_get_monotonic_time ();
  request = g_new0 (Request, 1);
  request->link = gst_callstats_fabric_link_ref (self->link);
  request->first = first;
  g_weak_ref_init (&request->webrtcbin, first ? webrtcbin : NULL);
  self->in_flight = gst_promise_new_with_change_func (on_reply, request, request_free);
  g_signal_emit_by_name (webrtcbin, "get-stats", NULL, self->in_flight);
}

/* Returns: FALSE: the report comes with the reply */
static gboolean
report_now (GstCallstatsWatch *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->was_open && !gst_callstats_collector_wants_reply (self->collector, now)) {
    report (self, now);
    return TRUE;
  }
  self->due = TRUE;
  request_stats (self, FALSE);
  return self->in_flight == NULL;
}

static gboolean on_poll (gpointer user_data);

/* What is overdue is left out. */
static void
schedule (GstCallstatsWatch *self)
{
  gint64 now = g_get_monotonic_time ();

  stop_polling (self);
  self->due_at =
      MAX (self->due_at + gst_callstats_collector_get_interval (self->collector), now);
  self->poll = callstats_monitor_add_timeout (
      (guint)((self->due_at - now + 999) / 1000), on_poll, self, NULL);
}

/* A late one, or one that waited for a reply, may have come just before its successor. */
static gboolean
has_just_reported (GstCallstatsWatch *self)
{
  return g_get_monotonic_time () - self->reported <
         gst_callstats_collector_get_interval (self->collector) / 2;
}

static gboolean
on_poll (gpointer user_data)
{
  GstCallstatsWatch *self = user_data;

  schedule (self);
  if (!has_just_reported (self))
    report_now (self);
  return G_SOURCE_REMOVE;
}

/* Anywhere within the interval, so that the reports of many webrtcbins spread over it. */
static void
start_polling (GstCallstatsWatch *self)
{
  gint64 interval = gst_callstats_collector_get_interval (self->collector);

  self->due_at =
      g_get_monotonic_time () - (gint64)(g_random_double () * (double)interval);
  schedule (self);
}

/* A reply that comes after the interruption is dropped by the promise. */
static void
drop_request (GstCallstatsWatch *self)
{
  if (self->in_flight == NULL)
    return;
  gst_promise_interrupt (self->in_flight);
  g_clear_pointer (&self->in_flight, gst_promise_unref);
}

void
gst_callstats_watch_fabric_ended (GstCallstatsWatch *self)
{
  self->ended = TRUE;
  stop_polling (self);
}

void
gst_callstats_watch_finish (
    GstCallstatsWatch *self, GDestroyNotify done, gpointer user_data)
{
  self->done = done;
  self->done_data = user_data;
  if (self->ended) {
    finish_now (self);
    return;
  }
  stop_polling (self);
  self->finishing = TRUE;
  if (report_now (self))
    finish_now (self);
}

GstCallstatsWatch *
gst_callstats_watch_new (
    GstElement *webrtcbin, const GstCallstatsWatchOptions *options, GError **error)
{
  GstCallstatsWatch *self;
  g_autofree char *fabric =
      callstats_client_add_new_fabric (options->client, options->remote_user_id,
          options->usage, options->conference_id, options->attributes, error);

  if (fabric == NULL)
    return NULL;
  self = g_new0 (GstCallstatsWatch, 1);
  self->link = gst_callstats_fabric_link_new (options->client, fabric, self);
  self->collector = gst_callstats_collector_new (self->link, webrtcbin,
      (gint64)options->interval_ms * G_TIME_SPAN_MILLISECOND, options->collect_ip,
      options->detail);
  self->handlers = g_array_new (FALSE, FALSE, sizeof (gulong));
  g_weak_ref_init (&self->webrtcbin, webrtcbin);
  /* First, so that a phase is marked before the state it leads to is told. */
  attach_parts (self, webrtcbin, options);
  connect_notifications (self, webrtcbin);
  start_polling (self);
  request_stats (self, TRUE);
  return self;
}

void
gst_callstats_watch_stop (GstCallstatsWatch *self)
{
  disconnect_notifications (self);
  drop_request (self);
  finish_now (self);
}

void
gst_callstats_watch_free (GstCallstatsWatch *self)
{
  if (self == NULL)
    return;
  gst_callstats_watch_stop (self);
  self->link->owner = NULL;
  gst_callstats_fabric_link_unref (self->link);
  g_array_unref (self->handlers);
  g_weak_ref_clear (&self->webrtcbin);
  g_free (self);
}

const char *
gst_callstats_watch_get_fabric (GstCallstatsWatch *self)
{
  return self->link->fabric;
}

GstElement *
gst_callstats_watch_get_webrtcbin (GstCallstatsWatch *self)
{
  return g_weak_ref_get (&self->webrtcbin);
}
