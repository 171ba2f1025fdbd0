/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element callstatsmon: properties, signals and life cycle. What it does while it
 * runs is callmonitor.c's.
 *
 * Properties are for any thread, under the object lock; states change on the
 * application's threads.
 */

/**
 * SECTION:element-callstatsmon
 * @title: callstatsmon
 * @short_description: reports WebRTC calls as callstats did
 *
 * Put it anywhere into a pipeline. It watches every webrtcbin there, also those that come
 * later, and reports each call: when it was set up and how long that took, how its states
 * changed, how good its media was, and when it ended. It has no pads, touches no data and
 * never posts an error.
 *
 * With #callstatsmon:backend-url the reports go to a callstats-collector. On the bus
 * there are element messages `callstats-fabric-event` (`fabric`, `webrtcbin`, `name`,
 * `time`, `data`) and `callstats-stats` (`fabric`, `webrtcbin`, `time`, `report`); `time`
 * is in milliseconds since the epoch, `data` and `report` are JSON objects.
 *
 * Every writable property but the objects has a twin in the environment, such as
 * `CALLSTATS_BACKEND_URL`; a property set by hand wins.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m callstatsloopback name=call callstatsmon webrtcbin-name=caller \
 *     videotestsrc is-live=true ! vp8enc deadline=1 ! rtpvp8pay ! call.sink_0 \
 *     call.src_0 ! rtpvp8depay ! vp8dec ! fakesink
 * ]| Shows what happens to the calling side of a call on the bus.
 */
#include "callmonitor.h"
#include "environment.h"
#include "gstcallstatsmon.h"
#include "monitoractions.h"
#include "monitormessages.h"
#include "monitorproperties.h"
#include "neededplugins.h"
#include "structurevariant.h"
#include "discovery.h"

GST_DEBUG_CATEGORY_STATIC (gst_callstats_mon_debug);
#define GST_CAT_DEFAULT gst_callstats_mon_debug

#define CLIENT_CONTEXT "callstats.client"
#define FINISH_MS 250 /* what the way down may cost, for all fabrics together */

struct _GstCallstatsMon {
  GstElement parent_instance;

  /* Under the object lock. */
  GstCallstatsMonSettings settings;
  CallstatsClient *client;         /* given by hand; NULL: none */
  CallstatsClient *context_client; /* given by a context; NULL: none */
  gboolean has_identity;           /* one of own_client's properties was set */

  CallstatsClient
      *own_client;     /* holds the properties that say who reports, and to whom */
  GPtrArray *warnings; /* GError of the environment, told in READY */

  /* Changed under the state lock. */
  CallstatsClient *used_client;
  GstCallstatsCallMonitor *monitor; /* NULL: not running; changed under both locks */
  gboolean told_missing_plugin;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstCallstatsMon, gst_callstats_mon, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        gst_callstats_mon_debug, "callstatsmon", 0, "Monitor of WebRTC calls"))
GST_ELEMENT_REGISTER_DEFINE (
    callstatsmon, "callstatsmon", GST_RANK_NONE, GST_TYPE_CALLSTATS_MON)

/* Properties */

/* In place of *pointer, under the object lock. Returns: what was there */
static gpointer
swap (GstCallstatsMon *self, gpointer pointer, gpointer value)
{
  gpointer *place = pointer;
  gpointer before;

  GST_OBJECT_LOCK (self);
  before = *place;
  *place = value;
  GST_OBJECT_UNLOCK (self);
  return before;
}

static void
take_object (GstCallstatsMon *self, gpointer place, gpointer object)
{
  gpointer before = swap (self, place, object);

  if (before != NULL)
    g_object_unref (before);
}

static void
set_own_client (GstCallstatsMon *self, const char *name, const GValue *value)
{
  GST_OBJECT_LOCK (self);
  self->has_identity = TRUE;
  GST_OBJECT_UNLOCK (self);
  g_object_set_property (G_OBJECT (self->own_client), name, value);
}

static void
set_additional_ids (GstCallstatsMon *self, const GstStructure *ids)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_VARIANT);
  g_value_set_variant (&value, gst_callstats_ids_to_variant (ids));
  set_own_client (self, "additional-ids", &value);
}

/* What was there is freed without the lock. */
static void
set_setting (GstCallstatsMon *self, guint id, const GValue *value)
{
  g_auto (GValue) before = G_VALUE_INIT;
  GValue after = G_VALUE_INIT;

  g_value_init (&after, G_VALUE_TYPE (value));
  g_value_copy (value, &after);
  GST_OBJECT_LOCK (self);
  before = self->settings.values[id];
  self->settings.values[id] = after;
  GST_OBJECT_UNLOCK (self);
}

static void
gst_callstats_mon_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  if (id < GST_CALLSTATS_MON_N_SETTINGS)
    set_setting (self, id, value);
  else if (id == GST_CALLSTATS_MON_CLIENT)
    take_object (self, &self->client, g_value_dup_object (value));
  else if (id == GST_CALLSTATS_MON_ADDITIONAL_IDS)
    set_additional_ids (self, g_value_get_boxed (value));
  else if (id >= GST_CALLSTATS_MON_CLIENT_S)
    set_own_client (self, pspec->name, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

CallstatsClient *
gst_callstats_mon_ref_client (GstCallstatsMon *self)
{
  CallstatsClient *client;

  GST_OBJECT_LOCK (self);
  client = self->client;
  if (client == NULL && !self->has_identity)
    client = self->context_client;
  if (client == NULL)
    client = self->own_client;
  g_object_ref (client);
  GST_OBJECT_UNLOCK (self);
  return client;
}

static void
get_stats (GstCallstatsMon *self, GValue *value)
{
  g_autoptr (CallstatsClient) client = gst_callstats_mon_ref_client (self);
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);

  g_value_take_boxed (
      value, gst_callstats_structure_from_variant ("callstats-client-stats", stats));
}

static void
get_additional_ids (GstCallstatsMon *self, GValue *value)
{
  g_autoptr (GVariant) ids = NULL;

  g_object_get (self->own_client, "additional-ids", &ids, NULL);
  if (ids != NULL)
    g_value_take_boxed (value, gst_callstats_ids_from_variant (ids));
}

static void
get_setting (GstCallstatsMon *self, guint id, GValue *value)
{
  GST_OBJECT_LOCK (self);
  g_value_copy (&self->settings.values[id], value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_callstats_mon_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  if (id < GST_CALLSTATS_MON_N_SETTINGS)
    get_setting (self, id, value);
  else if (id == GST_CALLSTATS_MON_CLIENT)
    g_value_take_object (value, gst_callstats_mon_ref_client (self));
  else if (id == GST_CALLSTATS_MON_ADDITIONAL_IDS)
    get_additional_ids (self, value);
  else if (id == GST_CALLSTATS_MON_STATS)
    get_stats (self, value);
  else
    g_object_get_property (G_OBJECT (self->own_client), pspec->name, value);
}

/* A client shared by the monitors of a pipeline */

static void
gst_callstats_mon_set_context (GstElement *element, GstContext *context)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (element);
  CallstatsClient *client = NULL;

  if (context != NULL && gst_context_has_context_type (context, CLIENT_CONTEXT)) {
    gst_structure_get (gst_context_get_structure (context), "client",
        CALLSTATS_TYPE_CLIENT, &client, NULL);
    take_object (self, &self->context_client, client);
  }
  GST_ELEMENT_CLASS (gst_callstats_mon_parent_class)->set_context (element, context);
}

static gboolean
wants_context (GstCallstatsMon *self)
{
  gboolean wants;

  GST_OBJECT_LOCK (self);
  wants = self->client == NULL && self->context_client == NULL && !self->has_identity;
  GST_OBJECT_UNLOCK (self);
  return wants;
}

static void
offer_context (GstCallstatsMon *self, CallstatsClient *client)
{
  GstContext *context = gst_context_new (CLIENT_CONTEXT, TRUE);

  gst_structure_set (gst_context_writable_structure (context), "client",
      CALLSTATS_TYPE_CLIENT, client, NULL);
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_have_context (GST_OBJECT (self), context));
}

/* By hand, from the application or another monitor, or our own, which is offered then. */
static CallstatsClient *
choose_client (GstCallstatsMon *self)
{
  CallstatsClient *client;

  if (wants_context (self))
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_need_context (GST_OBJECT (self), CLIENT_CONTEXT));
  client = gst_callstats_mon_ref_client (self);
  if (client == self->own_client)
    offer_context (self, client);
  return client;
}

/* Life cycle */

static void
tell_warnings (GstCallstatsMon *self)
{
  guint i;

  for (i = 0; i < self->warnings->len; i++)
    gst_callstats_warn (self, g_ptr_array_index (self->warnings, i));
  g_ptr_array_set_size (self->warnings, 0);
}

static const GValue *
setting (GstCallstatsMon *self, GstCallstatsMonProperty id)
{
  return &self->settings.values[id];
}

/* Under the object lock. */
static void
read_settings (GstCallstatsMon *self, GstCallstatsCallMonitorOptions *options)
{
  options->interval_ms = g_value_get_uint (setting (self, GST_CALLSTATS_MON_INTERVAL));
  options->setup_timeout_ms =
      g_value_get_uint (setting (self, GST_CALLSTATS_MON_SETUP_TIMEOUT));
  options->usage = g_value_get_enum (setting (self, GST_CALLSTATS_MON_FABRIC_USAGE));
  options->collect_ip = g_value_get_enum (setting (self, GST_CALLSTATS_MON_COLLECT_IP));
  options->detail = g_value_get_flags (setting (self, GST_CALLSTATS_MON_DETAIL));
  options->collect_sdp =
      g_value_get_boolean (setting (self, GST_CALLSTATS_MON_COLLECT_SDP));
  options->collect_devices =
      g_value_get_boolean (setting (self, GST_CALLSTATS_MON_COLLECT_DEVICES));
  options->post_messages =
      g_value_get_flags (setting (self, GST_CALLSTATS_MON_POST_MESSAGES));
}

static void
start (GstCallstatsMon *self)
{
  GstCallstatsCallMonitorOptions options = { 0 };
  g_autoptr (GstElement) webrtcbin = NULL;
  g_autofree char *name = NULL;
  g_autofree char *remote_user_id = NULL;
  g_autofree char *conference_id = NULL;

  tell_warnings (self);
  self->used_client = choose_client (self);
  /* Another's client may have another conference. */
  g_object_get (self->own_client, "conference-id", &conference_id, NULL);

  GST_OBJECT_LOCK (self);
  webrtcbin = g_value_dup_object (setting (self, GST_CALLSTATS_MON_WEBRTCBIN));
  name = g_value_dup_string (setting (self, GST_CALLSTATS_MON_WEBRTCBIN_NAME));
  remote_user_id = g_value_dup_string (setting (self, GST_CALLSTATS_MON_REMOTE_USER_ID));
  read_settings (self, &options);
  GST_OBJECT_UNLOCK (self);

  options.client = self->used_client;
  options.webrtcbin = webrtcbin;
  options.webrtcbin_name = name;
  options.remote_user_id = remote_user_id;
  if (self->used_client != self->own_client)
    options.conference_id = conference_id;
  swap (self, &self->monitor,
      gst_callstats_call_monitor_new (GST_ELEMENT (self), &options));
  callstats_client_initialize (self->used_client);
}

static void
stop (GstCallstatsMon *self)
{
  gst_callstats_call_monitor_free (swap (self, &self->monitor, NULL));
  g_clear_object (&self->used_client);
}

gboolean
gst_callstats_mon_add_new_fabric (GstCallstatsMon *self, GstElement *webrtcbin,
    const char *remote_user_id, CallstatsFabricUsage usage, const char *conference_id,
    GVariant *attributes, GstPromise *promise, GError **error)
{
  gboolean running;

  GST_OBJECT_LOCK (self);
  running = self->monitor != NULL;
  if (running)
    gst_callstats_call_monitor_add (self->monitor, webrtcbin, remote_user_id, usage,
        conference_id, attributes, promise);
  GST_OBJECT_UNLOCK (self);
  if (!running)
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TERMINATED,
        "SDK is not initialized: set the callstatsmon to READY or more first");
  return running;
}

/* The last reports, the fabrics' ends, and what the backend still takes in that time. */
static void
finish (GstCallstatsMon *self)
{
  gint64 deadline = g_get_monotonic_time () + FINISH_MS * G_TIME_SPAN_MILLISECOND;
  gint64 rest;

  if (self->monitor == NULL)
    return;
  gst_callstats_call_monitor_finish (self->monitor, deadline);
  rest = (deadline - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
  if (!callstats_client_flush (self->used_client, MAX (rest, 0)))
    GST_INFO_OBJECT (self, "The backend has not acknowledged everything");
  stop (self);
}

/* A pipeline that is set to PAUSED goes on later; one that passes PAUSED on its way to
 * READY or NULL does not. */
static gboolean
is_on_the_way_down (GstCallstatsMon *self)
{
  g_autoptr (GstBin) top = gst_callstats_find_top_level (GST_ELEMENT (self));

  return GST_STATE_TARGET (self) < GST_STATE_PAUSED ||
         (top != NULL && GST_STATE_TARGET (top) < GST_STATE_PAUSED);
}

/* Really: an element that is paused alone, or by a seek, is no hold of the call. */
static gboolean
is_paused_for_good (GstCallstatsMon *self)
{
  g_autoptr (GstBin) top = gst_callstats_find_top_level (GST_ELEMENT (self));

  return top != NULL && GST_STATE_TARGET (top) == GST_STATE_PAUSED;
}

/* A webrtcbin without its plugins refuses READY before this element gets there. When the
 * application gives up there is time to tell, once. */
static void
tell_missing_plugin (GstCallstatsMon *self)
{
  const char *plugin, *factory;

  if (self->monitor != NULL || self->told_missing_plugin ||
      !gst_callstats_find_missing_plugin (&plugin, &factory))
    return;
  self->told_missing_plugin = TRUE;
  start (self);
  finish (self);
}

static GstStateChangeReturn
gst_callstats_mon_change_state (GstElement *element, GstStateChange transition)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (element);
  GstStateChangeReturn ret;

  switch (transition) {
  case GST_STATE_CHANGE_NULL_TO_NULL:
    tell_missing_plugin (self);
    break;
  case GST_STATE_CHANGE_NULL_TO_READY:
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (self->monitor == NULL)
      start (self);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    if (is_on_the_way_down (self))
      finish (self);
    else if (self->monitor != NULL && is_paused_for_good (self))
      gst_callstats_call_monitor_held (self->monitor);
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    finish (self);
    break;
  case GST_STATE_CHANGE_READY_TO_NULL:
    /* A pipeline that failed on its way up goes down from here. */
    finish (self);
    break;
  default:
    break;
  }

  ret = GST_ELEMENT_CLASS (gst_callstats_mon_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING && self->monitor != NULL)
    gst_callstats_call_monitor_playing (self->monitor);
  return ret;
}

static void
gst_callstats_mon_dispose (GObject *object)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  stop (self);
  g_clear_object (&self->client);
  g_clear_object (&self->context_client);
  g_clear_object (&self->own_client);
  g_value_reset (&self->settings.values[GST_CALLSTATS_MON_WEBRTCBIN]);
  G_OBJECT_CLASS (gst_callstats_mon_parent_class)->dispose (object);
}

static void
gst_callstats_mon_finalize (GObject *object)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  gst_callstats_mon_settings_clear (&self->settings);
  g_ptr_array_unref (self->warnings);
  G_OBJECT_CLASS (gst_callstats_mon_parent_class)->finalize (object);
}

static void
on_bad_environment (GObject *object, const char *variable, const char *wanted)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  /* The value may be a secret that went astray: it is not shown. */
  g_ptr_array_add (self->warnings,
      g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
          "The environment variable %s holds no %s in its range, and is not used",
          variable, wanted));
}

static void
gst_callstats_mon_constructed (GObject *object)
{
  G_OBJECT_CLASS (gst_callstats_mon_parent_class)->constructed (object);
  gst_callstats_set_from_environment (object, on_bad_environment);
}

static void
gst_callstats_mon_init (GstCallstatsMon *self)
{
  gst_callstats_mon_settings_init (&self->settings, G_OBJECT_GET_CLASS (self));
  self->own_client = callstats_client_new (NULL, NULL);
  self->warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free);
}

static void
install_signals (void)
{
  /**
   * GstCallstatsMon::fabric-added:
   * @self: the callstatsmon
   * @fabric: the fabric's id
   * @webrtcbin: the webrtcbin that it is
   *
   * A webrtcbin was found and is watched from now on.
   */
  g_signal_new ("fabric-added", GST_TYPE_CALLSTATS_MON, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
      NULL, G_TYPE_NONE, 2, G_TYPE_STRING, GST_TYPE_ELEMENT);
  /**
   * GstCallstatsMon::fabric-event:
   * @self: the callstatsmon
   * @fabric: the fabric's id
   * @name: callstats' name of the event
   * @data: the event's data
   *
   * Something happened to a fabric. Emitted from the monitor thread.
   */
  g_signal_new ("fabric-event", GST_TYPE_CALLSTATS_MON, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
      NULL, G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING,
      GST_TYPE_STRUCTURE | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * GstCallstatsMon::report:
   * @self: the callstatsmon
   * @fabric: the fabric's id
   * @report: a JSON object, stats id → W3C stats object
   *
   * A fabric's statistics were sampled. Emitted from the monitor thread.
   */
  g_signal_new ("report", GST_TYPE_CALLSTATS_MON, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * GstCallstatsMon::initialized:
   * @self: the callstatsmon
   * @cs_error: callstats' csError: `success`, `authError` or `httpError`
   * @message: a text for people
   *
   * The backend's answer to the credentials. Emitted from the monitor thread.
   */
  g_signal_new ("initialized", GST_TYPE_CALLSTATS_MON, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
      NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * GstCallstatsMon::need-token:
   * @self: the callstatsmon
   * @force: whether the last one was refused, so that the same again is of no use
   *
   * A token is wanted that only the application can make, for there is no secret. Answer
   * at any time by setting #callstatsmon:token. Emitted from the monitor thread.
   */
  g_signal_new ("need-token", GST_TYPE_CALLSTATS_MON, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
      NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
gst_callstats_mon_class_init (GstCallstatsMonClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->constructed = gst_callstats_mon_constructed;
  object_class->dispose = gst_callstats_mon_dispose;
  object_class->finalize = gst_callstats_mon_finalize;
  object_class->get_property = gst_callstats_mon_get_property;
  object_class->set_property = gst_callstats_mon_set_property;
  element_class->change_state = gst_callstats_mon_change_state;
  element_class->set_context = gst_callstats_mon_set_context;
  gst_callstats_mon_install_properties (object_class);
  install_signals ();
  gst_callstats_install_actions (GST_TYPE_CALLSTATS_MON);
  gst_element_class_set_static_metadata (element_class, "Monitor of WebRTC calls",
      "Generic/Network/WebRTC/Analyzer", "Reports what webrtcbins do, as callstats did",
      "gst-callstats");
}
