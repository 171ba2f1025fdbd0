/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One run of a callstatsmon. All of its state lives on the monitor thread; the functions
 * of callmonitor.h post to it.
 */
#include <string.h>

#include "callmonitor.h"
#include "discovery.h"
#include "monitormessages.h"
#include "pipelinewatch.h"
#include "setuperrors.h"
#include "webrtcbinwatch.h"

#define MISSING_MS 5000 /* after PLAYING, until a named webrtcbin is missed */

/* What lives on the monitor thread. */
typedef struct {
  gatomicrefcount ref_count;
  GWeakRef element; /* the callstatsmon */
  CallstatsClient *client;
  char *webrtcbin_name;
  char *remote_user_id;
  char *conference_id;
  guint interval_ms;
  guint setup_timeout_ms;
  CallstatsFabricUsage usage;
  GstCallstatsCollectIp collect_ip;
  GstCallstatsDetail detail;
  gboolean collect_sdp;
  GstCallstatsPostMessages post_messages;
  GstCallstatsPipelineWatch *pipeline; /* NULL once closed */

  gboolean closed;     /* nothing new is watched */
  GPtrArray *watches;  /* GstCallstatsWatch */
  GHashTable *unread;  /* fabric → gint, an atomic box */
  GPtrArray *seen;     /* char: names of the webrtcbins that were found */
  GSource *missing;    /* until the named webrtcbin is missed */
  guint to_finish;     /* watches that have not told that they are finished */
  GDestroyNotify done; /* finish() waits for it */
  gpointer done_data;
} State;

struct _GstCallstatsCallMonitor {
  State *state;
  GstCallstatsDiscovery *discovery;
  GstCallstatsSetupErrors *setup_errors;
};

static gboolean
state_destroy (gpointer data)
{
  State *state = data;

  g_ptr_array_unref (state->watches);
  g_hash_table_unref (state->unread);
  g_ptr_array_unref (state->seen);
  g_weak_ref_clear (&state->element);
  g_object_unref (state->client);
  g_free (state->webrtcbin_name);
  g_free (state->remote_user_id);
  g_free (state->conference_id);
  g_free (state);
  return G_SOURCE_REMOVE;
}

static void
state_unref (gpointer data)
{
  State *state = data;

  if (g_atomic_ref_count_dec (&state->ref_count))
    callstats_monitor_invoke (state_destroy, state, NULL);
}

static State *
state_ref (State *state)
{
  g_atomic_ref_count_inc (&state->ref_count);
  return state;
}

static void
post (State *state, GSourceFunc func)
{
  callstats_monitor_invoke (func, state_ref (state), state_unref);
}

/* Telling. On the monitor thread, as observer of the client. */

static GstCallstatsWatch *
find_watch (State *state, const char *fabric)
{
  guint i;

  for (i = 0; i < state->watches->len; i++) {
    GstCallstatsWatch *watch = g_ptr_array_index (state->watches, i);

    if (g_strcmp0 (gst_callstats_watch_get_fabric (watch), fabric) == 0)
      return watch;
  }
  return NULL;
}

static gboolean
posts (State *state, GstCallstatsPostMessages what)
{
  g_autofree char *backend = NULL;

  if (!(state->post_messages & GST_CALLSTATS_POST_AUTO))
    return (state->post_messages & what) != 0;
  if (what == GST_CALLSTATS_POST_EVENTS)
    return TRUE;
  g_object_get (state->client, "backend-url", &backend, NULL);
  return backend == NULL || *backend == '\0';
}

/* What its parts must know of what happened to a fabric. */
static void
follow_event (
    State *state, GstCallstatsWatch *watch, const char *fabric, const char *name)
{
  if (strcmp (name, "fabricSetup") == 0 && state->pipeline != NULL)
    gst_callstats_pipeline_watch_set_up (state->pipeline, fabric);
  if (watch == NULL)
    return;
  if (strcmp (name, "fabricTerminated") == 0)
    gst_callstats_watch_fabric_ended (watch);
  else if (strcmp (name, "screenShareStart") == 0)
    gst_callstats_watch_set_screen (watch, TRUE);
  else if (strcmp (name, "screenShareStop") == 0)
    gst_callstats_watch_set_screen (watch, FALSE);
}

static void
on_fabric_event (const char *fabric, const char *name, gint64 time_us, GVariant *data,
    gpointer user_data)
{
  State *state = user_data;
  GstCallstatsWatch *watch = find_watch (state, fabric);
  g_autoptr (GstCallstatsMon) mon = g_weak_ref_get (&state->element);
  g_autoptr (GstElement) webrtcbin = NULL;

  follow_event (state, watch, fabric, name);
  if (watch == NULL || mon == NULL)
    return;
  webrtcbin = gst_callstats_watch_get_webrtcbin (watch);
  gst_callstats_tell_fabric_event (mon, fabric, webrtcbin, name, time_us, data,
      posts (state, GST_CALLSTATS_POST_EVENTS));
}

/* Whether a report of the fabric lies unread on the bus. */
static gint *
get_unread (State *state, const char *fabric)
{
  gint *unread = g_hash_table_lookup (state->unread, fabric);

  if (unread == NULL) {
    unread = g_atomic_rc_box_new0 (gint);
    g_hash_table_insert (state->unread, g_strdup (fabric), unread);
  }
  return unread;
}

static void
on_report (const char *fabric, CallstatsReport *report, gpointer user_data)
{
  State *state = user_data;
  GstCallstatsWatch *watch = find_watch (state, fabric);
  g_autoptr (GstCallstatsMon) mon = g_weak_ref_get (&state->element);
  g_autoptr (GstElement) webrtcbin = NULL;

  if (watch == NULL || mon == NULL)
    return;
  webrtcbin = gst_callstats_watch_get_webrtcbin (watch);
  gst_callstats_tell_report (mon, fabric, webrtcbin, report,
      posts (state, GST_CALLSTATS_POST_STATS) ? get_unread (state, fabric) : NULL);
}

static void
on_trouble (const GError *error, gpointer user_data)
{
  State *state = user_data;
  g_autoptr (GstCallstatsMon) mon = g_weak_ref_get (&state->element);

  if (mon != NULL)
    gst_callstats_warn (mon, error);
}

static void
on_initialized (const char *cs_error, const char *message, gpointer user_data)
{
  State *state = user_data;
  g_autoptr (GstCallstatsMon) mon = g_weak_ref_get (&state->element);

  if (mon != NULL)
    gst_callstats_tell_initialized (mon, cs_error, message);
}

static void
on_need_token (gboolean force, gpointer user_data)
{
  State *state = user_data;
  g_autoptr (GstCallstatsMon) mon = g_weak_ref_get (&state->element);

  if (mon != NULL)
    gst_callstats_tell_need_token (mon, force);
}

static const CallstatsClientObserver observer = {
  .fabric_event = on_fabric_event,
  .report = on_report,
  .trouble = on_trouble,
  .initialized = on_initialized,
  .need_token = on_need_token,
};

/* Watching */

/* Pointers are used again after their webrtcbin is gone: only a live one is compared. */
static GstCallstatsWatch *
find_watch_of (State *state, GstElement *webrtcbin)
{
  guint i;

  for (i = 0; i < state->watches->len; i++) {
    GstCallstatsWatch *watch = g_ptr_array_index (state->watches, i);
    g_autoptr (GstElement) watched = gst_callstats_watch_get_webrtcbin (watch);

    if (watched == webrtcbin)
      return watch;
  }
  return NULL;
}

static void
stop_missing (State *state)
{
  if (state->missing == NULL)
    return;
  g_source_destroy (state->missing);
  g_clear_pointer (&state->missing, g_source_unref);
}

/* A webrtcbin that the application names. */
typedef struct {
  State *state;
  GstElement *webrtcbin;
  char *remote_user_id;
  char *conference_id;
  CallstatsFabricUsage usage;
  GVariant *attributes; /* nullable */
  GstPromise *promise;  /* nullable */
} Addition;

static void
addition_free (gpointer data)
{
  Addition *addition = data;

  gst_object_unref (addition->webrtcbin);
  g_free (addition->remote_user_id);
  g_free (addition->conference_id);
  g_clear_pointer (&addition->attributes, g_variant_unref);
  if (addition->promise != NULL)
    gst_promise_unref (addition->promise);
  state_unref (addition->state);
  g_free (addition);
}

/* What the application says goes before the element's properties. */
static void
apply_addition (GstCallstatsWatchOptions *options, const Addition *addition)
{
  if (addition == NULL)
    return;
  if (addition->usage != CALLSTATS_FABRIC_USAGE_AUTO)
    options->usage = addition->usage;
  if (addition->remote_user_id != NULL)
    options->remote_user_id = addition->remote_user_id;
  if (addition->conference_id != NULL)
    options->conference_id = addition->conference_id;
  options->attributes = addition->attributes;
}

/* NULL with an error where the client refuses the fabric. */
static GstCallstatsWatch *
watch (State *state, GstElement *webrtcbin, const Addition *addition, GError **error)
{
  GstCallstatsWatchOptions options = {
    .client = state->client,
    .remote_user_id = state->remote_user_id,
    .conference_id = state->conference_id,
    .usage = state->usage,
    .interval_ms = state->interval_ms,
    .setup_timeout_ms = state->setup_timeout_ms,
    .collect_ip = state->collect_ip,
    .detail = state->detail,
    .collect_sdp = state->collect_sdp,
  };
  GstCallstatsWatch *watch;
  g_autoptr (GstCallstatsMon) mon = g_weak_ref_get (&state->element);

  apply_addition (&options, addition);
  watch = gst_callstats_watch_new (webrtcbin, &options, error);
  stop_missing (state);
  if (watch == NULL)
    return NULL;
  g_ptr_array_add (state->watches, watch);
  gst_callstats_pipeline_watch_add_fabric (
      state->pipeline, gst_callstats_watch_get_fabric (watch), webrtcbin);
  if (mon != NULL)
    gst_callstats_tell_fabric_added (
        mon, gst_callstats_watch_get_fabric (watch), webrtcbin);
  return watch;
}

static void
watch_found (State *state, GstElement *webrtcbin)
{
  g_autoptr (GError) error = NULL;

  if (watch (state, webrtcbin, NULL, &error) == NULL)
    on_trouble (error, state);
}

static void
on_found (GstElement *webrtcbin, gpointer user_data)
{
  State *state = user_data;
  g_autofree char *name = gst_element_get_name (webrtcbin);

  if (state->closed || find_watch_of (state, webrtcbin) != NULL)
    return;
  if (state->webrtcbin_name == NULL || strcmp (state->webrtcbin_name, name) == 0)
    watch_found (state, webrtcbin);
  else if (!g_ptr_array_find_with_equal_func (state->seen, name, g_str_equal, NULL))
    g_ptr_array_add (state->seen, g_steal_pointer (&name));
}

/* Found already: the application only knows more of it. */
static void
identify (
    State *state, GstCallstatsWatch *watch, const Addition *addition, GError **error)
{
  if (addition->conference_id != NULL || addition->remote_user_id != NULL)
    callstats_client_set_identifiers (state->client,
        gst_callstats_watch_get_fabric (watch), addition->conference_id,
        addition->remote_user_id, error);
}

static void
answer (const Addition *addition, GstCallstatsWatch *watch, GError *error)
{
  GstStructure *structure;

  if (error != NULL)
    structure = gst_structure_new (
        "application/x-gst-promise", "error", G_TYPE_ERROR, error, NULL);
  else
    structure = gst_structure_new ("application/x-gst-promise", "fabric", G_TYPE_STRING,
        gst_callstats_watch_get_fabric (watch), NULL);
  gst_promise_reply (addition->promise, structure);
}

static gboolean
add (gpointer data)
{
  Addition *addition = data;
  State *state = addition->state;
  GstCallstatsWatch *found = find_watch_of (state, addition->webrtcbin);
  g_autoptr (GError) error = NULL;

  if (state->closed)
    error = g_error_new_literal (CALLSTATS_ERROR, CALLSTATS_ERROR_TERMINATED,
        "The callstatsmon has stopped: nothing new is watched");
  else if (found != NULL)
    identify (state, found, addition, &error);
  else
    found = watch (state, addition->webrtcbin, addition, &error);

  if (addition->promise != NULL)
    answer (addition, found, error);
  else if (error != NULL)
    on_trouble (error, state);
  return G_SOURCE_REMOVE;
}

void
gst_callstats_call_monitor_add (GstCallstatsCallMonitor *self, GstElement *webrtcbin,
    const char *remote_user_id, CallstatsFabricUsage usage, const char *conference_id,
    GVariant *attributes, GstPromise *promise)
{
  Addition *addition = g_new0 (Addition, 1);

  addition->state = state_ref (self->state);
  addition->webrtcbin = gst_object_ref (webrtcbin);
  addition->remote_user_id = g_strdup (remote_user_id);
  addition->conference_id = g_strdup (conference_id);
  addition->usage = usage;
  addition->attributes = attributes != NULL ? g_variant_ref_sink (attributes) : NULL;
  addition->promise = promise != NULL ? gst_promise_ref (promise) : NULL;
  callstats_monitor_invoke (add, addition, addition_free);
}

/* A watch whose webrtcbin left the pipeline. */
typedef struct {
  State *state;
  GstCallstatsWatch *watch;
} Leaving;

static void
leaving_free (gpointer data)
{
  Leaving *leaving = data;

  state_unref (leaving->state);
  g_free (leaving);
}

static gboolean
drop_watch (gpointer data)
{
  Leaving *leaving = data;

  g_hash_table_remove (
      leaving->state->unread, gst_callstats_watch_get_fabric (leaving->watch));
  g_ptr_array_remove (leaving->state->watches, leaving->watch);
  return G_SOURCE_REMOVE;
}

/* Behind the fabric's last event in the mailbox: that one still needs the watch. */
static void
on_left (gpointer data)
{
  callstats_monitor_invoke (drop_watch, data, leaving_free);
}

static void
let_go (State *state, GstCallstatsWatch *watch)
{
  Leaving *leaving = g_new0 (Leaving, 1);

  leaving->state = state_ref (state);
  leaving->watch = watch;
  gst_callstats_pipeline_watch_remove_fabric (
      state->pipeline, gst_callstats_watch_get_fabric (watch));
  gst_callstats_watch_finish (watch, on_left, leaving);
}

static void
on_removed (gpointer webrtcbin, gpointer user_data)
{
  State *state = user_data;
  guint i;

  for (i = 0; !state->closed && i < state->watches->len; i++) {
    GstCallstatsWatch *watch = g_ptr_array_index (state->watches, i);
    g_autoptr (GstElement) watched = gst_callstats_watch_get_webrtcbin (watch);

    if (watched == NULL || watched == webrtcbin)
      let_go (state, watch);
  }
}

static const GstCallstatsDiscoveryCallbacks discovery_callbacks = {
  .found = on_found,
  .removed = on_removed,
};

/* What hinders calls */

/* Without a call there is nobody but the user whom a source can fail. */
static void
tell_user (State *state, const GstCallstatsBusError *error)
{
  CallstatsWebrtcFunction function = gst_callstats_bus_error_get_function (error->kind);
  g_autoptr (GVariant) details = NULL;
  GVariantDict dict;

  if (function != CALLSTATS_WEBRTC_FUNCTION_GET_USER_MEDIA)
    return;
  details = g_variant_ref_sink (gst_callstats_bus_error_describe (error));
  g_variant_dict_init (&dict, details);
  g_variant_dict_insert (&dict, "reason", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_FAILURE_REASON,
          gst_callstats_bus_error_get_reason (error->kind)));
  callstats_client_report_error (
      state->client, NULL, function, g_variant_dict_end (&dict), NULL);
}

static void
on_setup_error (const GstCallstatsBusError *error, gpointer user_data)
{
  State *state = user_data;
  guint i;

  if (state->closed)
    return;
  if (state->watches->len == 0)
    tell_user (state, error);
  for (i = 0; i < state->watches->len; i++)
    gst_callstats_watch_tell_bus_error (g_ptr_array_index (state->watches, i), error);
}

/* The named webrtcbin that is not there */

static gboolean
on_missing (gpointer data)
{
  State *state = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *names = NULL;

  g_clear_pointer (&state->missing, g_source_unref);
  g_ptr_array_add (state->seen, NULL);
  names = g_strjoinv (", ", (char **)state->seen->pdata);
  g_ptr_array_remove_index (state->seen, state->seen->len - 1);
  error = g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND,
      "There is no webrtcbin named “%s” (webrtcbin-name) in the pipeline; found: %s. It "
      "is "
      "watched as soon as it appears",
      state->webrtcbin_name, *names != '\0' ? names : "none");
  on_trouble (error, state);
  return G_SOURCE_REMOVE;
}

static gboolean
start_missing (gpointer data)
{
  State *state = data;

  if (!state->closed && state->webrtcbin_name != NULL && state->missing == NULL &&
      state->watches->len == 0)
    state->missing = callstats_monitor_add_timeout (
        MISSING_MS, on_missing, state_ref (state), state_unref);
  return G_SOURCE_REMOVE;
}

void
gst_callstats_call_monitor_playing (GstCallstatsCallMonitor *self)
{
  gst_callstats_pipeline_watch_hold (self->state->pipeline, FALSE);
  post (self->state, start_missing);
}

void
gst_callstats_call_monitor_held (GstCallstatsCallMonitor *self)
{
  gst_callstats_pipeline_watch_hold (self->state->pipeline, TRUE);
}

/* The end */

static gboolean
tell_finished (gpointer data)
{
  State *state = data;
  GDestroyNotify done = g_steal_pointer (&state->done);

  if (done != NULL)
    done (state->done_data);
  return G_SOURCE_REMOVE;
}

/* Behind the fabrics' last events in the mailbox: they are on the bus before finish()
 * returns. */
static void
on_watch_finished (gpointer data)
{
  State *state = data;

  if (--state->to_finish == 0)
    post (state, tell_finished);
}

static void
finish (State *state)
{
  guint i;

  state->closed = TRUE;
  stop_missing (state);
  /* One more, so that the end is not told before all are asked. */
  state->to_finish = state->watches->len + 1;
  for (i = 0; i < state->watches->len; i++)
    gst_callstats_watch_finish (
        g_ptr_array_index (state->watches, i), on_watch_finished, state);
  on_watch_finished (state);
}

/* The waiting side of finish(). */
typedef struct {
  gatomicrefcount ref_count;
  GMutex lock;
  GCond cond;
  gboolean done;
  State *state;
} Wait;

static void
wait_unref (gpointer data)
{
  Wait *wait = data;

  if (!g_atomic_ref_count_dec (&wait->ref_count))
    return;
  g_mutex_clear (&wait->lock);
  g_cond_clear (&wait->cond);
  state_unref (wait->state);
  g_free (wait);
}

static void
wait_done (gpointer data)
{
  Wait *wait = data;

  g_mutex_lock (&wait->lock);
  wait->done = TRUE;
  g_cond_signal (&wait->cond);
  g_mutex_unlock (&wait->lock);
  wait_unref (wait);
}

static gboolean
finish_with_wait (gpointer data)
{
  Wait *wait = data;

  g_atomic_ref_count_inc (&wait->ref_count);
  wait->state->done = wait_done;
  wait->state->done_data = wait;
  finish (wait->state);
  return G_SOURCE_REMOVE;
}

void
gst_callstats_call_monitor_finish (GstCallstatsCallMonitor *self, gint64 deadline)
{
  Wait *wait = g_new0 (Wait, 1);

  g_atomic_ref_count_init (&wait->ref_count);
  g_atomic_ref_count_inc (&wait->ref_count);
  g_mutex_init (&wait->lock);
  g_cond_init (&wait->cond);
  wait->state = state_ref (self->state);
  gst_callstats_pipeline_watch_close (self->state->pipeline);
  callstats_monitor_invoke (finish_with_wait, wait, wait_unref);

  g_mutex_lock (&wait->lock);
  while (!wait->done && g_cond_wait_until (&wait->cond, &wait->lock, deadline))
    ;
  g_mutex_unlock (&wait->lock);
  wait_unref (wait);
}

/* What ends now is still told: the observer goes behind it in the mailbox, and with it
 * the state's last reference. */
static gboolean
close_state (gpointer data)
{
  State *state = data;
  guint i;

  state->closed = TRUE;
  stop_missing (state);
  g_clear_pointer (&state->pipeline, gst_callstats_pipeline_watch_free);
  for (i = 0; i < state->watches->len; i++)
    gst_callstats_watch_stop (g_ptr_array_index (state->watches, i));
  callstats_client_remove_observer (state->client, state);
  return G_SOURCE_REMOVE;
}

static State *
state_new (GstElement *element, const GstCallstatsCallMonitorOptions *options)
{
  State *state = g_new0 (State, 1);

  g_atomic_ref_count_init (&state->ref_count);
  g_weak_ref_init (&state->element, element);
  state->client = g_object_ref (options->client);
  state->webrtcbin_name = g_strdup (options->webrtcbin_name);
  state->remote_user_id = g_strdup (options->remote_user_id);
  state->conference_id = g_strdup (options->conference_id);
  state->interval_ms = options->interval_ms;
  state->setup_timeout_ms = options->setup_timeout_ms;
  state->usage = options->usage;
  state->collect_ip = options->collect_ip;
  state->detail = options->detail;
  state->collect_sdp = options->collect_sdp;
  state->post_messages = options->post_messages;
  state->pipeline = gst_callstats_pipeline_watch_new (
      options->webrtcbin != NULL ? options->webrtcbin : element, options->client,
      options->collect_devices);
  state->watches =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_callstats_watch_free);
  state->unread = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_atomic_rc_box_release);
  state->seen = g_ptr_array_new_with_free_func (g_free);
  return state;
}

GstCallstatsCallMonitor *
gst_callstats_call_monitor_new (
    GstElement *element, const GstCallstatsCallMonitorOptions *options)
{
  GstCallstatsCallMonitor *self = g_new0 (GstCallstatsCallMonitor, 1);
  State *state = state_new (element, options);

  self->state = state;
  callstats_client_add_observer (
      state->client, &observer, state_ref (state), state_unref);
  if (options->webrtcbin != NULL)
    self->discovery = gst_callstats_discovery_new_for (
        options->webrtcbin, &discovery_callbacks, state_ref (state), state_unref);
  else
    self->discovery = gst_callstats_discovery_new (
        element, &discovery_callbacks, state_ref (state), state_unref);
  self->setup_errors = gst_callstats_setup_errors_new (
      options->webrtcbin != NULL ? options->webrtcbin : element, on_setup_error,
      state_ref (state), state_unref);
  return self;
}

void
gst_callstats_call_monitor_free (GstCallstatsCallMonitor *self)
{
  if (self == NULL)
    return;
  gst_callstats_discovery_free (self->discovery);
  gst_callstats_setup_errors_free (self->setup_errors);
  post (self->state, close_state);
  state_unref (self->state);
  g_free (self);
}
