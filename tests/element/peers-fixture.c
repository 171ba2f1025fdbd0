/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two webrtcbins and signalling between them that can be made to fail.
 *
 * Signals come on webrtcbin's and the monitor's threads: they write down what happened
 * under `lock` and wake the test.
 */
#include "peers-fixture.h"

#include <string.h>

#include "rtpsession-race.h"

#define DEADLINE (25 * G_TIME_SPAN_SECOND)

typedef struct {
  char *fabric, *name;
  GstStructure *data;
  gboolean taken;
} Event;

struct _Peers {
  GstElement *pipeline, *mon, *ends[2];
  PeersChange change_sdp, change_candidates;
  gpointer sdp_data, candidates_data;

  GMutex lock;
  GCond changed;
  GPtrArray *events;   /* Event */
  GHashTable *fabrics; /* char: fabric → name of its webrtcbin */
};

static void
event_free (gpointer data)
{
  Event *event = data;

  g_free (event->fabric);
  g_free (event->name);
  gst_structure_free (event->data);
  g_free (event);
}

static void
on_fabric_added (GstElement *mon, const char *fabric, GstElement *webrtcbin, Peers *self)
{
  g_mutex_lock (&self->lock);
  g_hash_table_insert (
      self->fabrics, g_strdup (fabric), gst_element_get_name (webrtcbin));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
on_fabric_event (GstElement *mon, const char *fabric, const char *name,
    const GstStructure *data, Peers *self)
{
  Event *event = g_new0 (Event, 1);

  event->fabric = g_strdup (fabric);
  event->name = g_strdup (name);
  event->data = gst_structure_copy (data);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->events, event);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
on_candidate (GstElement *webrtcbin, guint mline, const char *candidate, Peers *self)
{
  GstElement *other = webrtcbin == self->ends[0] ? self->ends[1] : self->ends[0];
  g_autofree char *changed = self->change_candidates != NULL
                                 ? self->change_candidates (candidate,
                                       webrtcbin == self->ends[0], self->candidates_data)
                                 : g_strdup (candidate);

  if (changed != NULL)
    g_signal_emit_by_name (other, "add-ice-candidate", mline, changed);
}

static void
link_decoder (GstElement *decodebin, GstPad *pad, Peers *self)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sinkpad = gst_element_get_static_pad (sink, "sink");

  gst_bin_add (GST_BIN (self->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  gst_pad_link (pad, sinkpad);
}

static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, Peers *self)
{
  GstElement *decodebin;
  g_autoptr (GstPad) sinkpad = NULL;

  if (!GST_PAD_IS_SRC (pad))
    return;
  decodebin = gst_element_factory_make ("decodebin", NULL);
  sinkpad = gst_element_get_static_pad (decodebin, "sink");
  g_signal_connect (decodebin, "pad-added", G_CALLBACK (link_decoder), self);
  gst_bin_add (GST_BIN (self->pipeline), decodebin);
  gst_element_sync_state_with_parent (decodebin);
  gst_pad_link (pad, sinkpad);
}

/* The agent is floating: it is referenced, never sunk. */
static void
keep_to_loopback (GstElement *webrtcbin)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;
  gboolean added;

  g_object_get (webrtcbin, "ice-agent", &ice, NULL);
  if (ice == NULL)
    return;
  g_signal_emit_by_name (ice, "add-local-ip-address", "127.0.0.1", &added);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, NULL);
}

static GstElement *
get_end (Peers *self, const char *name)
{
  GstElement *end = gst_bin_get_by_name (GST_BIN (self->pipeline), name);

  if (end == NULL)
    return NULL;
  keep_to_loopback (end);
  g_signal_connect (end, "on-ice-candidate", G_CALLBACK (on_candidate), self);
  g_signal_connect (end, "pad-added", G_CALLBACK (on_pad_added), self);
  return end;
}

Peers *
peers_new (const char *description, guint setup_timeout_ms)
{
  Peers *self = g_new0 (Peers, 1);
  g_autofree char *launch =
      g_strdup_printf ("callstatsmon name=mon setup-timeout=%u interval=1000 "
                       "webrtcbin name=a bundle-policy=max-bundle "
                       "webrtcbin name=b bundle-policy=max-bundle %s",
          setup_timeout_ms, description);
  g_autoptr (GError) error = NULL;

  rtpsession_race_tolerate ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->events = g_ptr_array_new_with_free_func (event_free);
  self->fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->pipeline = gst_object_ref_sink (gst_parse_launch (launch, &error));
  g_assert_no_error (error);
  self->mon = gst_bin_get_by_name (GST_BIN (self->pipeline), "mon");
  g_signal_connect (self->mon, "fabric-added", G_CALLBACK (on_fabric_added), self);
  g_signal_connect (self->mon, "fabric-event", G_CALLBACK (on_fabric_event), self);
  self->ends[0] = get_end (self, "a");
  self->ends[1] = get_end (self, "b");
  return self;
}

void
peers_free (Peers *self)
{
  guint i;

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_signal_handlers_disconnect_by_data (self->mon, self);
  for (i = 0; i < 2; i++) {
    g_signal_handlers_disconnect_by_data (self->ends[i], self);
    gst_object_unref (self->ends[i]);
  }
  gst_object_unref (self->mon);
  gst_object_unref (self->pipeline);
  g_ptr_array_unref (self->events);
  g_hash_table_unref (self->fabrics);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

GstElement *
peers_get_pipeline (Peers *self)
{
  return self->pipeline;
}

GstElement *
peers_get_mon (Peers *self)
{
  return self->mon;
}

GstElement *
peers_get (Peers *self, const char *name)
{
  return self->ends[strcmp (name, "b") == 0];
}

void
peers_change_sdp (Peers *self, PeersChange change, gpointer data)
{
  self->change_sdp = change;
  self->sdp_data = data;
}

void
peers_change_candidates (Peers *self, PeersChange change, gpointer data)
{
  self->change_candidates = change;
  self->candidates_data = data;
}

/* Waiting */

static void
wait_change (Peers *self, gint64 deadline, const char *what)
{
  if (!g_cond_wait_until (&self->changed, &self->lock, deadline))
    g_error ("Waited in vain for %s", what);
}

static void
on_caps (GstPad *pad, GParamSpec *pspec, gpointer data)
{
  Peers *self = data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
wait_caps (Peers *self, GstPad *pad)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  gulong handler = g_signal_connect (pad, "notify::caps", G_CALLBACK (on_caps), self);

  g_mutex_lock (&self->lock);
  while (!gst_pad_has_current_caps (pad))
    wait_change (self, deadline, "the caps of a sink pad");
  g_mutex_unlock (&self->lock);
  g_signal_handler_disconnect (pad, handler);
}

/* Both fabrics are there before anything is asked of the webrtcbins. */
static void
wait_fabrics (Peers *self)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  g_mutex_lock (&self->lock);
  while (g_hash_table_size (self->fabrics) < 2)
    wait_change (self, deadline, "both fabrics");
  g_mutex_unlock (&self->lock);
}

void
peers_play (Peers *self)
{
  GList *pad;

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  wait_fabrics (self);
  for (pad = self->ends[0]->sinkpads; pad != NULL; pad = pad->next)
    wait_caps (self, pad->data);
}

static const char *
get_peer (Peers *self, const Event *event)
{
  const char *peer =
      event->fabric != NULL ? g_hash_table_lookup (self->fabrics, event->fabric) : NULL;

  return peer != NULL ? peer : "";
}

/* With the lock held. */
static Event *
find_event (Peers *self, const char *peer, const char *name)
{
  guint i;

  for (i = 0; i < self->events->len; i++) {
    Event *event = g_ptr_array_index (self->events, i);

    if (!event->taken && strcmp (event->name, name) == 0 &&
        strcmp (get_peer (self, event), peer) == 0)
      return event;
  }
  return NULL;
}

GstStructure *
peers_wait_event (Peers *self, const char *peer, const char *name)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  g_autofree char *what = g_strdup_printf ("%s of %s", name, peer);
  GstStructure *data;
  Event *event;

  g_mutex_lock (&self->lock);
  while ((event = find_event (self, peer, name)) == NULL)
    wait_change (self, deadline, what);
  event->taken = TRUE;
  data = gst_structure_copy (event->data);
  g_mutex_unlock (&self->lock);
  return data;
}

guint
peers_count_events (Peers *self, const char *peer, const char *name)
{
  guint i, n = 0;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->events->len; i++) {
    Event *event = g_ptr_array_index (self->events, i);

    n += strcmp (event->name, name) == 0 && strcmp (get_peer (self, event), peer) == 0;
  }
  g_mutex_unlock (&self->lock);
  return n;
}

/* In the text {"name":1.5,…} of a setup's phases; negative: not there */
static double
find_in_phases (const GstStructure *data, const char *phase)
{
  const char *phases = gst_structure_get_string (data, "phases");
  g_autofree char *key = g_strdup_printf ("\"%s\":", phase);
  const char *found = phases != NULL ? strstr (phases, key) : NULL;

  return found != NULL ? g_ascii_strtod (found + strlen (key), NULL) : -1;
}

static double
find_phase (Peers *self, const char *peer, const char *phase)
{
  double delay = -1;
  guint i;

  for (i = 0; i < self->events->len && delay < 0; i++) {
    Event *event = g_ptr_array_index (self->events, i);

    if (strcmp (get_peer (self, event), peer) != 0)
      continue;
    if (g_str_has_prefix (event->name, "fabricSetup"))
      delay = find_in_phases (event->data, phase);
    if (strcmp (event->name, "fabricSetupPhase") == 0 &&
        g_strcmp0 (gst_structure_get_string (event->data, "phase"), phase) == 0)
      gst_structure_get_double (event->data, "delay", &delay);
  }
  return delay;
}

double
peers_wait_phase (Peers *self, const char *peer, const char *phase)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  g_autofree char *what = g_strdup_printf ("the phase %s of %s", phase, peer);
  double delay;

  g_mutex_lock (&self->lock);
  while ((delay = find_phase (self, peer, phase)) < 0)
    wait_change (self, deadline, what);
  g_mutex_unlock (&self->lock);
  return delay;
}

/* Negotiating */

static GstWebRTCSessionDescription *
change (Peers *self, const GstWebRTCSessionDescription *description)
{
  gboolean offer = description->type == GST_WEBRTC_SDP_TYPE_OFFER;
  g_autofree char *text = gst_sdp_message_as_text (description->sdp);
  g_autofree char *changed = self->change_sdp != NULL
                                 ? self->change_sdp (text, offer, self->sdp_data)
                                 : g_strdup (text);
  GstSDPMessage *sdp;

  g_assert_cmpint (gst_sdp_message_new_from_text (changed, &sdp), ==, GST_SDP_OK);
  return gst_webrtc_session_description_new (description->type, sdp);
}

static gboolean
set (GstElement *end, const char *signal, GstWebRTCSessionDescription *description,
    gboolean with_promise)
{
  g_autoptr (GstPromise) promise = with_promise ? gst_promise_new () : NULL;
  const GstStructure *reply;

  g_signal_emit_by_name (end, signal, description, promise);
  if (promise == NULL)
    return TRUE;
  gst_promise_wait (promise);
  reply = gst_promise_get_reply (promise);
  return reply == NULL || !gst_structure_has_field (reply, "error");
}

static GstWebRTCSessionDescription *
create (GstElement *end, const char *signal, const char *field)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *description = NULL;
  const GstStructure *reply;

  g_signal_emit_by_name (end, signal, NULL, promise);
  gst_promise_wait (promise);
  reply = gst_promise_get_reply (promise);
  if (reply != NULL)
    gst_structure_get (
        reply, field, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  return description;
}

void
peers_negotiate (Peers *self, gboolean with_promises)
{
  g_autoptr (GstWebRTCSessionDescription) offer =
      create (self->ends[0], "create-offer", "offer");
  g_autoptr (GstWebRTCSessionDescription) answer = NULL;
  g_autoptr (GstWebRTCSessionDescription) sent_offer = NULL;
  g_autoptr (GstWebRTCSessionDescription) sent_answer = NULL;

  g_assert_nonnull (offer);
  if (!set (self->ends[0], "set-local-description", offer, with_promises))
    return;
  sent_offer = change (self, offer);
  if (!set (self->ends[1], "set-remote-description", sent_offer, with_promises))
    return;
  answer = create (self->ends[1], "create-answer", "answer");
  if (answer == NULL)
    return;
  if (!set (self->ends[1], "set-local-description", answer, with_promises))
    return;
  sent_answer = change (self, answer);
  set (self->ends[0], "set-remote-description", sent_answer, with_promises);
}
