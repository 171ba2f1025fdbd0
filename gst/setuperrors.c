/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Listens on the bus of a pipeline for what hinders the setup of calls.
 *
 * on_message() runs on whichever thread posts, often a streaming thread: it copies and
 * posts. An application's sync handler that drops a message keeps it from us too.
 */
#include "discovery.h"
#include "setuperrors.h"

#define ECHO G_TIME_SPAN_SECOND
#define MAX_WAITING 64 /* on their way; the rest is dropped */

/* What the handler holds. */
typedef struct {
  gatomicrefcount ref_count;
  gint waiting; /* atomic */
  /* Monitor thread only: the last one. */
  char *told; /* nullable: its element */
  gint64 told_time;
  GstCallstatsSetupErrorFunc func;
  gpointer user_data;
  GDestroyNotify notify;
} Link;

struct _GstCallstatsSetupErrors {
  Link *link;
  GstBus *bus; /* nullable */
  gulong handler;
};

static Link *
link_ref (Link *link)
{
  g_atomic_ref_count_inc (&link->ref_count);
  return link;
}

static gboolean
link_free (gpointer data)
{
  Link *link = data;

  if (link->notify != NULL)
    link->notify (link->user_data);
  g_free (link->told);
  g_free (link);
  return G_SOURCE_REMOVE;
}

static void
link_unref (gpointer data)
{
  Link *link = data;

  if (g_atomic_ref_count_dec (&link->ref_count))
    callstats_monitor_invoke (link_free, link, NULL);
}

typedef struct {
  Link *link;
  GstCallstatsBusError *error;
} Post;

static void
post_free (gpointer data)
{
  Post *post = data;

  g_atomic_int_add (&post->link->waiting, -1);
  gst_callstats_bus_error_free (post->error);
  link_unref (post->link);
  g_free (post);
}

static gboolean
deliver (gpointer data)
{
  Post *post = data;
  Link *link = post->link;

  /* Behind its error an element often tells that its state change failed. */
  if (g_strcmp0 (link->told, post->error->element) == 0 &&
      post->error->time - link->told_time < ECHO)
    return G_SOURCE_REMOVE;
  link->told_time = post->error->time;
  g_free (link->told);
  link->told = g_strdup (post->error->element);
  post->link->func (post->error, post->link->user_data);
  return G_SOURCE_REMOVE;
}

static void
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Link *link = user_data;
  GstCallstatsBusError *error = gst_callstats_bus_error_new (message);
  Post *post;

  if (error == NULL)
    return;
  if (g_atomic_int_add (&link->waiting, 1) >= MAX_WAITING) {
    g_atomic_int_add (&link->waiting, -1);
    gst_callstats_bus_error_free (error);
    return;
  }
  post = g_new0 (Post, 1);
  post->link = link_ref (link);
  post->error = error;
  callstats_monitor_invoke (deliver, post, post_free);
}

GstCallstatsSetupErrors *
gst_callstats_setup_errors_new (GstElement *element, GstCallstatsSetupErrorFunc func,
    gpointer user_data, GDestroyNotify notify)
{
  GstCallstatsSetupErrors *self = g_new0 (GstCallstatsSetupErrors, 1);
  g_autoptr (GstBin) top = gst_callstats_find_top_level (element);

  self->link = g_new0 (Link, 1);
  g_atomic_ref_count_init (&self->link->ref_count);
  self->link->func = func;
  self->link->user_data = user_data;
  self->link->notify = notify;
  self->bus = top != NULL ? gst_element_get_bus (GST_ELEMENT (top)) : NULL;
  if (self->bus == NULL)
    return self;
  gst_bus_enable_sync_message_emission (self->bus);
  self->handler =
      g_signal_connect_data (self->bus, "sync-message", G_CALLBACK (on_message),
          link_ref (self->link), (GClosureNotify)(void (*) (void))link_unref, 0);
  return self;
}

void
gst_callstats_setup_errors_free (GstCallstatsSetupErrors *self)
{
  if (self == NULL)
    return;
  if (self->bus != NULL) {
    g_signal_handler_disconnect (self->bus, self->handler);
    gst_bus_disable_sync_message_emission (self->bus);
    gst_object_unref (self->bus);
  }
  link_unref (self->link);
  g_free (self);
}
