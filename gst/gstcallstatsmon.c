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
#include "neededplugins.h"
#include "structurevariant.h"
#include "discovery.h"

GST_DEBUG_CATEGORY_STATIC (gst_callstats_mon_debug);
#define GST_CAT_DEFAULT gst_callstats_mon_debug

#define CLIENT_CONTEXT "callstats.client"
#define FINISH_MS 250 /* what the way down may cost, for all fabrics together */

#define DEFAULT_INTERVAL 1000
#define DEFAULT_SETUP_TIMEOUT 30000
#define DEFAULT_COLLECT_IP GST_CALLSTATS_COLLECT_IP_MASKED
#define DEFAULT_POST_MESSAGES GST_CALLSTATS_POST_AUTO
#define DEFAULT_MEMORY_MAX_BYTES (4 * 1024 * 1024)
#define DEFAULT_SPOOL_MAX_BYTES (64 * 1024 * 1024)
#define DEFAULT_SPOOL_MAX_AGE (7 * 24 * 3600)

struct _GstCallstatsMon {
  GstElement parent_instance;

  /* Under the object lock. */
  char *remote_user_id;
  char *webrtcbin_name;
  GstElement *webrtcbin;
  guint interval;
  guint setup_timeout;
  CallstatsFabricUsage fabric_usage;
  GstCallstatsCollectIp collect_ip;
  GstCallstatsDetail detail;
  gboolean collect_sdp;
  gboolean collect_devices;
  GstCallstatsPostMessages post_messages;
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

enum {
  PROP_BACKEND_URL = 1,
  PROP_APP_ID,
  PROP_APP_SECRET,
  PROP_APP_SECRET_FILE,
  PROP_USER_ID,
  PROP_USER_NAME,
  PROP_CONFERENCE_ID,
  PROP_ALLOW_PLAINTEXT,
  PROP_MEMORY_MAX_BYTES,
  PROP_SPOOL_DIR,
  PROP_SPOOL_MAX_BYTES,
  PROP_SPOOL_MAX_AGE,
  PROP_TOKEN,
  PROP_SITE_ID,
  PROP_APPLICATION_VERSION,
  /* Up to here they are own_client's. */
  PROP_ADDITIONAL_IDS,
  PROP_REMOTE_USER_ID,
  PROP_WEBRTCBIN,
  PROP_WEBRTCBIN_NAME,
  PROP_INTERVAL,
  PROP_SETUP_TIMEOUT,
  PROP_FABRIC_USAGE,
  PROP_COLLECT_IP,
  PROP_DETAIL,
  PROP_COLLECT_SDP,
  PROP_COLLECT_DEVICES,
  PROP_POST_MESSAGES,
  PROP_STATS,
  PROP_CLIENT,
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstCallstatsMon, gst_callstats_mon, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        gst_callstats_mon_debug, "callstatsmon", 0, "Monitor of WebRTC calls"))
GST_ELEMENT_REGISTER_DEFINE (
    callstatsmon, "callstatsmon", GST_RANK_NONE, GST_TYPE_CALLSTATS_MON)

#define GST_TYPE_CALLSTATS_POST_MESSAGES (gst_callstats_post_messages_get_type ())

static GType
gst_callstats_post_messages_get_type (void)
{
  static const GFlagsValue values[] = {
    { GST_CALLSTATS_POST_NONE, "No messages", "none" },
    { GST_CALLSTATS_POST_EVENTS, "Fabric events", "events" },
    { GST_CALLSTATS_POST_STATS, "Reports", "stats" },
    { GST_CALLSTATS_POST_AUTO, "Fabric events; reports too where there is no backend",
        "auto" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_flags_register_static ("GstCallstatsPostMessages", values));
  return type;
}

/* Properties */

static gboolean
is_own_client_s (guint id)
{
  return id <= PROP_APPLICATION_VERSION;
}

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
set_number (GstCallstatsMon *self, guint id, const GValue *value)
{
  GST_OBJECT_LOCK (self);
  if (id == PROP_INTERVAL)
    self->interval = g_value_get_uint (value);
  else if (id == PROP_SETUP_TIMEOUT)
    self->setup_timeout = g_value_get_uint (value);
  else if (id == PROP_FABRIC_USAGE)
    self->fabric_usage = g_value_get_enum (value);
  else if (id == PROP_COLLECT_IP)
    self->collect_ip = g_value_get_enum (value);
  else if (id == PROP_DETAIL)
    self->detail = g_value_get_flags (value);
  else if (id == PROP_COLLECT_SDP)
    self->collect_sdp = g_value_get_boolean (value);
  else if (id == PROP_COLLECT_DEVICES)
    self->collect_devices = g_value_get_boolean (value);
  else
    self->post_messages = g_value_get_flags (value);
  GST_OBJECT_UNLOCK (self);
}

static void
set_own_client (GstCallstatsMon *self, const GValue *value, GParamSpec *pspec)
{
  GST_OBJECT_LOCK (self);
  self->has_identity = TRUE;
  GST_OBJECT_UNLOCK (self);
  g_object_set_property (G_OBJECT (self->own_client), pspec->name, value);
}

/* Only strings are ids. */
static void
set_additional_ids (GstCallstatsMon *self, const GstStructure *ids)
{
  int n = ids != NULL ? gst_structure_n_fields (ids) : 0;
  GVariantBuilder builder;
  int i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  for (i = 0; i < n; i++) {
    const char *name = gst_structure_nth_field_name (ids, i);
    const char *id = gst_structure_get_string (ids, name);

    if (id != NULL)
      g_variant_builder_add (&builder, "{ss}", name, id);
  }
  GST_OBJECT_LOCK (self);
  self->has_identity = TRUE;
  GST_OBJECT_UNLOCK (self);
  g_object_set (
      self->own_client, "additional-ids", g_variant_builder_end (&builder), NULL);
}

static void
get_additional_ids (GstCallstatsMon *self, GValue *value)
{
  g_autoptr (GVariant) ids = NULL;
  GstStructure *structure;
  const char *name, *id;
  GVariantIter iter;

  g_object_get (self->own_client, "additional-ids", &ids, NULL);
  if (ids == NULL)
    return;
  structure = gst_structure_new_empty ("ids");
  g_variant_iter_init (&iter, ids);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &id))
    gst_structure_set (structure, name, G_TYPE_STRING, id, NULL);
  g_value_take_boxed (value, structure);
}

static void
gst_callstats_mon_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  if (is_own_client_s (id)) {
    set_own_client (self, value, pspec);
    return;
  }
  switch (id) {
  case PROP_REMOTE_USER_ID:
    g_free (swap (self, &self->remote_user_id, g_value_dup_string (value)));
    break;
  case PROP_WEBRTCBIN_NAME:
    g_free (swap (self, &self->webrtcbin_name, g_value_dup_string (value)));
    break;
  case PROP_WEBRTCBIN:
    take_object (self, &self->webrtcbin, g_value_dup_object (value));
    break;
  case PROP_CLIENT:
    take_object (self, &self->client, g_value_dup_object (value));
    break;
  case PROP_ADDITIONAL_IDS:
    set_additional_ids (self, g_value_get_boxed (value));
    break;
  case PROP_INTERVAL:
  case PROP_SETUP_TIMEOUT:
  case PROP_FABRIC_USAGE:
  case PROP_COLLECT_IP:
  case PROP_DETAIL:
  case PROP_COLLECT_SDP:
  case PROP_COLLECT_DEVICES:
  case PROP_POST_MESSAGES:
    set_number (self, id, value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
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
get_own (GstCallstatsMon *self, guint id, GValue *value)
{
  GST_OBJECT_LOCK (self);
  if (id == PROP_REMOTE_USER_ID)
    g_value_set_string (value, self->remote_user_id);
  else if (id == PROP_WEBRTCBIN_NAME)
    g_value_set_string (value, self->webrtcbin_name);
  else if (id == PROP_WEBRTCBIN)
    g_value_set_object (value, self->webrtcbin);
  else if (id == PROP_INTERVAL)
    g_value_set_uint (value, self->interval);
  else if (id == PROP_SETUP_TIMEOUT)
    g_value_set_uint (value, self->setup_timeout);
  else if (id == PROP_FABRIC_USAGE)
    g_value_set_enum (value, self->fabric_usage);
  else if (id == PROP_COLLECT_IP)
    g_value_set_enum (value, self->collect_ip);
  else if (id == PROP_DETAIL)
    g_value_set_flags (value, self->detail);
  else if (id == PROP_COLLECT_SDP)
    g_value_set_boolean (value, self->collect_sdp);
  else if (id == PROP_COLLECT_DEVICES)
    g_value_set_boolean (value, self->collect_devices);
  else
    g_value_set_flags (value, self->post_messages);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_callstats_mon_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  if (is_own_client_s (id)) {
    g_object_get_property (G_OBJECT (self->own_client), pspec->name, value);
    return;
  }
  switch (id) {
  case PROP_STATS:
    get_stats (self, value);
    break;
  case PROP_ADDITIONAL_IDS:
    get_additional_ids (self, value);
    break;
  case PROP_CLIENT:
    g_value_take_object (value, gst_callstats_mon_ref_client (self));
    break;
  case PROP_REMOTE_USER_ID:
  case PROP_WEBRTCBIN_NAME:
  case PROP_WEBRTCBIN:
  case PROP_INTERVAL:
  case PROP_SETUP_TIMEOUT:
  case PROP_FABRIC_USAGE:
  case PROP_COLLECT_IP:
  case PROP_DETAIL:
  case PROP_COLLECT_SDP:
  case PROP_COLLECT_DEVICES:
  case PROP_POST_MESSAGES:
    get_own (self, id, value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
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
  webrtcbin = self->webrtcbin != NULL ? g_object_ref (self->webrtcbin) : NULL;
  name = g_strdup (self->webrtcbin_name);
  remote_user_id = g_strdup (self->remote_user_id);
  options.interval_ms = self->interval;
  options.setup_timeout_ms = self->setup_timeout;
  options.usage = self->fabric_usage;
  options.collect_ip = self->collect_ip;
  options.detail = self->detail;
  options.collect_sdp = self->collect_sdp;
  options.collect_devices = self->collect_devices;
  options.post_messages = self->post_messages;
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
  g_clear_object (&self->webrtcbin);
  G_OBJECT_CLASS (gst_callstats_mon_parent_class)->dispose (object);
}

static void
gst_callstats_mon_finalize (GObject *object)
{
  GstCallstatsMon *self = GST_CALLSTATS_MON (object);

  g_free (self->remote_user_id);
  g_free (self->webrtcbin_name);
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
  self->interval = DEFAULT_INTERVAL;
  self->setup_timeout = DEFAULT_SETUP_TIMEOUT;
  self->fabric_usage = CALLSTATS_FABRIC_USAGE_AUTO;
  self->collect_ip = DEFAULT_COLLECT_IP;
  self->detail = GST_CALLSTATS_DETAIL_ALL;
  self->post_messages = DEFAULT_POST_MESSAGES;
  self->own_client = callstats_client_new (NULL, NULL);
  self->warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free);
}

#define READY (G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING (G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

static void
install_text (
    GObjectClass *klass, guint id, const char *name, const char *blurb, int flags)
{
  g_object_class_install_property (
      klass, id, g_param_spec_string (name, name, blurb, NULL, flags));
}

static void
install_identity (GObjectClass *klass)
{
  install_text (klass, PROP_BACKEND_URL, "backend-url",
      "The backend's address, wss:// or ws://; unset: bus messages only",
      G_PARAM_READWRITE | READY);
  install_text (klass, PROP_APP_ID, "app-id", "The application id that the backend knows",
      G_PARAM_READWRITE | READY);
  install_text (klass, PROP_APP_SECRET, "app-secret",
      "The application's secret; app-secret-file keeps it out of command lines",
      G_PARAM_WRITABLE | PLAYING);
  install_text (klass, PROP_APP_SECRET_FILE, "app-secret-file",
      "A file that holds the application's secret, read at every connect",
      G_PARAM_READWRITE | PLAYING);
  install_text (klass, PROP_USER_ID, "user-id", "Who reports, at most 128 bytes",
      G_PARAM_READWRITE | READY);
  install_text (klass, PROP_USER_NAME, "user-name", "A name to show for the user",
      G_PARAM_READWRITE | READY);
  install_text (klass, PROP_CONFERENCE_ID, "conference-id",
      "The conference, at most 256 bytes; until it is set the backend gets nothing",
      G_PARAM_READWRITE | PLAYING);
  g_object_class_install_property (klass, PROP_ALLOW_PLAINTEXT,
      g_param_spec_boolean ("allow-plaintext", "allow-plaintext",
          "Whether ws:// may leave this machine", FALSE, G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_MEMORY_MAX_BYTES,
      g_param_spec_uint64 ("memory-max-bytes", "memory-max-bytes",
          "Bytes of records kept in memory while the backend does not take them", 65536,
          G_MAXINT64, DEFAULT_MEMORY_MAX_BYTES, G_PARAM_READWRITE | READY));
}

static void
install_spool (GObjectClass *klass)
{
  install_text (klass, PROP_SPOOL_DIR, "spool-dir",
      "A folder in which records are kept until the backend has them; unset: memory only",
      G_PARAM_READWRITE | READY);
  g_object_class_install_property (klass, PROP_SPOOL_MAX_BYTES,
      g_param_spec_uint64 ("spool-max-bytes", "spool-max-bytes",
          "Bytes of disk that a journal in the spool may take, about", 1024 * 1024,
          G_MAXINT64, DEFAULT_SPOOL_MAX_BYTES, G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_SPOOL_MAX_AGE,
      g_param_spec_uint64 ("spool-max-age", "spool-max-age",
          "Seconds that a record is kept in the spool", 1, G_MAXINT32,
          DEFAULT_SPOOL_MAX_AGE, G_PARAM_READWRITE | READY));
}

static void
install_identifiers (GObjectClass *klass)
{
  install_text (klass, PROP_TOKEN, "token",
      "A token that the application made, the answer to need-token",
      G_PARAM_WRITABLE | PLAYING);
  install_text (klass, PROP_SITE_ID, "site-id",
      "The site that the user is at, at most 256 bytes", G_PARAM_READWRITE | READY);
  install_text (klass, PROP_APPLICATION_VERSION, "application-version",
      "The application's version, at most 30 bytes", G_PARAM_READWRITE | READY);
  g_object_class_install_property (klass, PROP_ADDITIONAL_IDS,
      g_param_spec_boxed ("additional-ids", "additional-ids",
          "More ids of the call: "
          "ids,customerID=…,tenantID=…,productName=…,meetingsName=…,"
          "serverName=…,pbxID=…,pbxExtensionID=…,fqExtensionID=…,sessionID=…",
          GST_TYPE_STRUCTURE, G_PARAM_READWRITE | READY));
}

static void
install_watching (GObjectClass *klass)
{
  install_text (klass, PROP_REMOTE_USER_ID, "remote-user-id",
      "The user at the other end, at most 128 bytes", G_PARAM_READWRITE | READY);
  g_object_class_install_property (klass, PROP_WEBRTCBIN,
      g_param_spec_object ("webrtcbin", "webrtcbin",
          "The only webrtcbin to watch, wherever it is", GST_TYPE_ELEMENT,
          G_PARAM_READWRITE | READY));
  install_text (klass, PROP_WEBRTCBIN_NAME, "webrtcbin-name",
      "The name of the webrtcbin to watch, found at any depth; unset: every one",
      G_PARAM_READWRITE | READY);
  g_object_class_install_property (klass, PROP_INTERVAL,
      g_param_spec_uint ("interval", "interval", "Milliseconds from report to report", 10,
          3600000, DEFAULT_INTERVAL, G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_SETUP_TIMEOUT,
      g_param_spec_uint ("setup-timeout", "setup-timeout",
          "Milliseconds until a call that has no connection has failed", 100, 3600000,
          DEFAULT_SETUP_TIMEOUT, G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_FABRIC_USAGE,
      g_param_spec_enum ("fabric-usage", "fabric-usage",
          "What the calls carry; auto: what they negotiate", CALLSTATS_TYPE_FABRIC_USAGE,
          CALLSTATS_FABRIC_USAGE_AUTO, G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_COLLECT_IP,
      g_param_spec_enum ("collect-ip", "collect-ip",
          "How much of IP addresses is told, on the bus and to the backend",
          GST_TYPE_CALLSTATS_COLLECT_IP, DEFAULT_COLLECT_IP, G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_DETAIL,
      g_param_spec_flags ("detail", "detail",
          "Groups of statistics that are taken beside RTP's and RTCP's",
          GST_TYPE_CALLSTATS_DETAIL, GST_CALLSTATS_DETAIL_ALL,
          G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_COLLECT_SDP,
      g_param_spec_boolean ("collect-sdp", "collect-sdp",
          "Whether session descriptions are told, without their secrets", FALSE,
          G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_COLLECT_DEVICES,
      g_param_spec_boolean ("collect-devices", "collect-devices",
          "Whether the names and ids of cameras, microphones and loudspeakers are told",
          FALSE, G_PARAM_READWRITE | READY));
  g_object_class_install_property (klass, PROP_POST_MESSAGES,
      g_param_spec_flags ("post-messages", "post-messages", "What is posted on the bus",
          GST_TYPE_CALLSTATS_POST_MESSAGES, DEFAULT_POST_MESSAGES,
          G_PARAM_READWRITE | READY));
}

static void
install_state (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "stats",
          "The client's own counters: records and bytes queued, sent, acknowledged, "
          "dropped",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (klass, PROP_CLIENT,
      g_param_spec_object ("client", "client",
          "The CallstatsClient in use; one that is set replaces the element's own",
          CALLSTATS_TYPE_CLIENT, G_PARAM_READWRITE | READY));
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
  install_identity (object_class);
  install_spool (object_class);
  install_identifiers (object_class);
  install_watching (object_class);
  install_state (object_class);
  install_signals ();
  gst_callstats_install_actions (GST_TYPE_CALLSTATS_MON);
  gst_element_class_set_static_metadata (element_class, "Monitor of WebRTC calls",
      "Generic/Network/WebRTC/Analyzer", "Reports what webrtcbins do, as callstats did",
      "gst-callstats");
  gst_type_mark_as_plugin_api (GST_TYPE_CALLSTATS_COLLECT_IP, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_CALLSTATS_DETAIL, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_CALLSTATS_POST_MESSAGES, 0);
}
