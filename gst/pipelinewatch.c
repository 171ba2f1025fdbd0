/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a pipeline tells by itself while it is in calls.
 *
 * It is looked at when something in it changes, and every two seconds in case that
 * nothing told of a change, as when pads are linked. All of it happens on the pipeline
 * thread; the functions of pipelinewatch.h post to it.
 */
#include <string.h>

#include "buserror.h"
#include "buswatch.h"
#include "devices.h"
#include "discovery.h"
#include "errorlog.h"
#include "fabricwatch.h"
#include "pipelinethread.h"
#include "pipelinewatch.h"
#include "presentdevices.h"

#define TICK_MS 500
#define TICKS_A_LOOK 4

typedef struct {
  gatomicrefcount ref_count;
  CallstatsClient *client;
  gint closed; /* atomic: nothing is told any more */

  /* Pipeline thread only */
  GWeakRef top_level;
  GPtrArray *fabrics; /* GstCallstatsFabricWatch */
  GstCallstatsChangeWatch *changes;
  GstCallstatsSpeakerWatch *speakers;
  GstCallstatsBusWatch *bus;           /* NULL: there is none */
  GstCallstatsPresentDevices *devices; /* NULL: not wanted */
  GstCallstatsErrorLog log;
  GstCallstatsPipelineState state;
  GSource *tick; /* NULL: there is no fabric */
  guint ticks;
} Pipeline;

struct _GstCallstatsPipelineWatch {
  Pipeline *pipeline;
};

static Pipeline *
pipeline_ref (Pipeline *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* By the last post, or by the handle after it. */
static void
pipeline_unref (gpointer data)
{
  Pipeline *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->state.in_use, g_variant_unref);
  g_clear_pointer (&self->state.present, g_variant_unref);
  g_ptr_array_unref (self->fabrics);
  g_weak_ref_clear (&self->top_level);
  g_object_unref (self->client);
  g_free (self);
}

/* Looking and telling */

static gboolean
is_watched (GstElement *webrtcbin, gpointer owner)
{
  Pipeline *self = owner;
  guint i;

  for (i = 0; i < self->fabrics->len; i++) {
    if (gst_callstats_fabric_watch_is_of (
            g_ptr_array_index (self->fabrics, i), webrtcbin))
      return TRUE;
  }
  return FALSE;
}

static void
tell (Pipeline *self)
{
  guint i;

  for (i = 0; i < self->fabrics->len && !g_atomic_int_get (&self->closed); i++)
    gst_callstats_fabric_watch_tell (g_ptr_array_index (self->fabrics, i), &self->state);
}

static void
look_at_devices (Pipeline *self, GstBin *top)
{
  if (!self->state.with_devices)
    return;
  g_clear_pointer (&self->state.in_use, g_variant_unref);
  self->state.in_use = gst_callstats_devices_in_use (top);
}

static void
look (gpointer owner)
{
  static const char *const signals[] = { "deep-element-added", "deep-element-removed",
    NULL };
  Pipeline *self = owner;
  g_autoptr (GstBin) top = g_weak_ref_get (&self->top_level);
  guint i;

  gst_callstats_change_watch_begin (self->changes);
  gst_callstats_speaker_watch_begin (self->speakers);
  if (top != NULL) {
    gst_callstats_change_watch_add (self->changes, top, signals);
    look_at_devices (self, top);
  }
  for (i = 0; i < self->fabrics->len && !g_atomic_int_get (&self->closed); i++)
    gst_callstats_fabric_watch_look (
        g_ptr_array_index (self->fabrics, i), self->changes, self->speakers);
  gst_callstats_speaker_watch_end (self->speakers);
  gst_callstats_change_watch_end (self->changes);
  tell (self);
}

/* Errors, warnings, levels */

static void
tell_log (Pipeline *self, GVariant *floating)
{
  g_autoptr (GVariant) data = NULL;
  guint i;

  if (floating == NULL)
    return;
  data = g_variant_ref_sink (floating);
  for (i = 0; i < self->fabrics->len && !g_atomic_int_get (&self->closed); i++)
    callstats_client_send_fabric_event (self->client,
        gst_callstats_fabric_watch_get_fabric (g_ptr_array_index (self->fabrics, i)),
        "applicationErrorLog", data, NULL);
}

static void
on_problem (GstMessage *message, gpointer owner)
{
  Pipeline *self = owner;
  gint64 now = g_get_monotonic_time ();

  if (self->fabrics->len == 0 || gst_callstats_is_setup_error (message))
    return;
  tell_log (self, gst_callstats_error_log_take_rest (&self->log, now));
  tell_log (self, gst_callstats_error_log_take (&self->log, message, now));
}

static void
on_level (GstElement *element, double decibel, gpointer owner)
{
  Pipeline *self = owner;

  if (self->fabrics->len == 0)
    return;
  if (gst_callstats_speaker_watch_take (
          self->speakers, element, decibel, g_get_monotonic_time ()))
    gst_callstats_change_watch_mark (self->changes);
  if (self->state.dominant == gst_callstats_speaker_watch_is_dominant (self->speakers))
    return;
  self->state.dominant = !self->state.dominant;
  tell (self);
}

static const GstCallstatsBusCallbacks bus_callbacks = {
  .problem = on_problem,
  .level = on_level,
};

static void
on_present (GVariant *devices, gpointer owner)
{
  Pipeline *self = owner;

  g_clear_pointer (&self->state.present, g_variant_unref);
  self->state.present = g_variant_ref (devices);
  tell (self);
}

/* Time */

static void
check_flow (Pipeline *self, gint64 now)
{
  guint i;

  for (i = 0; i < self->fabrics->len; i++)
    gst_callstats_fabric_watch_check_flow (
        g_ptr_array_index (self->fabrics, i), self->state.held, now);
}

static gboolean
on_tick (gpointer data)
{
  Pipeline *self = data;
  gint64 now = g_get_monotonic_time ();

  check_flow (self, now);
  tell_log (self, gst_callstats_error_log_take_rest (&self->log, now));
  if (++self->ticks % TICKS_A_LOOK == 0)
    look (self);
  else
    tell (self);
  return G_SOURCE_CONTINUE;
}

static void
start_ticking (Pipeline *self)
{
  if (self->tick == NULL)
    self->tick = gst_callstats_pipeline_add_timeout (TICK_MS, on_tick, self, NULL);
}

static void
stop_ticking (Pipeline *self)
{
  if (self->tick == NULL)
    return;
  g_source_destroy (self->tick);
  g_clear_pointer (&self->tick, g_source_unref);
}

/* What is posted */

typedef struct {
  Pipeline *pipeline;
  char *fabric;
  GWeakRef webrtcbin;
  gboolean held;
} Post;

static Post *
post_new (GstCallstatsPipelineWatch *handle, const char *fabric, GstElement *webrtcbin)
{
  Post *post = g_new0 (Post, 1);

  post->pipeline = pipeline_ref (handle->pipeline);
  post->fabric = g_strdup (fabric);
  g_weak_ref_init (&post->webrtcbin, webrtcbin);
  return post;
}

static void
post_free (gpointer data)
{
  Post *post = data;

  pipeline_unref (post->pipeline);
  g_free (post->fabric);
  g_weak_ref_clear (&post->webrtcbin);
  g_free (post);
}

static GstCallstatsFabricWatch *
find_fabric (Post *post)
{
  GPtrArray *fabrics = post->pipeline->fabrics;
  guint i;

  for (i = 0; i < fabrics->len; i++) {
    GstCallstatsFabricWatch *watch = g_ptr_array_index (fabrics, i);

    if (strcmp (gst_callstats_fabric_watch_get_fabric (watch), post->fabric) == 0)
      return watch;
  }
  return NULL;
}

static gboolean
add_fabric (gpointer data)
{
  Post *post = data;
  Pipeline *self = post->pipeline;
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&post->webrtcbin);

  g_ptr_array_add (self->fabrics,
      gst_callstats_fabric_watch_new (self->client, post->fabric, webrtcbin));
  start_ticking (self);
  gst_callstats_change_watch_mark (self->changes);
  return G_SOURCE_REMOVE;
}

static gboolean
remove_fabric (gpointer data)
{
  Post *post = data;
  Pipeline *self = post->pipeline;

  g_ptr_array_remove (self->fabrics, find_fabric (post));
  if (self->fabrics->len == 0)
    stop_ticking (self);
  return G_SOURCE_REMOVE;
}

static gboolean
set_up (gpointer data)
{
  Post *post = data;
  GstCallstatsFabricWatch *watch = find_fabric (post);

  if (watch == NULL)
    return G_SOURCE_REMOVE;
  gst_callstats_fabric_watch_set_up (watch);
  look (post->pipeline);
  return G_SOURCE_REMOVE;
}

/* Nothing is missed of the time before, nor of the one in which nothing had to come. */
static gboolean
set_held (gpointer data)
{
  Post *post = data;
  Pipeline *self = post->pipeline;

  check_flow (self, g_get_monotonic_time ());
  self->state.held = post->held;
  tell (self);
  return G_SOURCE_REMOVE;
}

static gboolean
end (gpointer data)
{
  Pipeline *self = ((Post *)data)->pipeline;

  stop_ticking (self);
  g_clear_pointer (&self->bus, gst_callstats_bus_watch_free);
  g_clear_pointer (&self->devices, gst_callstats_present_devices_free);
  g_ptr_array_set_size (self->fabrics, 0);
  g_clear_pointer (&self->speakers, gst_callstats_speaker_watch_free);
  g_clear_pointer (&self->changes, gst_callstats_change_watch_free);
  return G_SOURCE_REMOVE;
}

static gboolean
begin (gpointer data)
{
  Pipeline *self = ((Post *)data)->pipeline;

  self->devices = gst_callstats_present_devices_new (on_present, self);
  return G_SOURCE_REMOVE;
}

/* Any thread */

static void
post (GstCallstatsPipelineWatch *handle, GSourceFunc func, const char *fabric,
    GstElement *webrtcbin)
{
  gst_callstats_pipeline_invoke (func, post_new (handle, fabric, webrtcbin), post_free);
}

void
gst_callstats_pipeline_watch_add_fabric (
    GstCallstatsPipelineWatch *handle, const char *fabric, GstElement *webrtcbin)
{
  post (handle, add_fabric, fabric, webrtcbin);
}

void
gst_callstats_pipeline_watch_remove_fabric (
    GstCallstatsPipelineWatch *handle, const char *fabric)
{
  post (handle, remove_fabric, fabric, NULL);
}

void
gst_callstats_pipeline_watch_set_up (
    GstCallstatsPipelineWatch *handle, const char *fabric)
{
  post (handle, set_up, fabric, NULL);
}

void
gst_callstats_pipeline_watch_hold (GstCallstatsPipelineWatch *handle, gboolean held)
{
  Post *request = post_new (handle, NULL, NULL);

  request->held = held;
  gst_callstats_pipeline_invoke (set_held, request, post_free);
}

void
gst_callstats_pipeline_watch_close (GstCallstatsPipelineWatch *handle)
{
  g_atomic_int_set (&handle->pipeline->closed, TRUE);
}

GstCallstatsPipelineWatch *
gst_callstats_pipeline_watch_new (
    GstElement *element, CallstatsClient *client, gboolean collect_devices)
{
  GstCallstatsPipelineWatch *handle = g_new0 (GstCallstatsPipelineWatch, 1);
  g_autoptr (GstBin) top = gst_callstats_find_top_level (element);
  Pipeline *self = g_new0 (Pipeline, 1);

  handle->pipeline = self;
  g_atomic_ref_count_init (&self->ref_count);
  self->client = g_object_ref (client);
  g_weak_ref_init (&self->top_level, top);
  self->fabrics =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_callstats_fabric_watch_free);
  self->changes = gst_callstats_change_watch_new (look, self);
  self->speakers = gst_callstats_speaker_watch_new (is_watched, self);
  self->state.with_devices = collect_devices;
  if (top != NULL)
    self->bus = gst_callstats_bus_watch_new (GST_ELEMENT (top), &bus_callbacks, self);
  if (collect_devices)
    post (handle, begin, NULL, NULL);
  return handle;
}

void
gst_callstats_pipeline_watch_free (GstCallstatsPipelineWatch *handle)
{
  if (handle == NULL)
    return;
  gst_callstats_pipeline_watch_close (handle);
  post (handle, end, NULL, NULL);
  pipeline_unref (handle->pipeline);
  g_free (handle);
}
