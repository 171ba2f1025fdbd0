/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread that looks at pipelines. Any thread.
 */
#include "pipelinethread.h"

static gpointer
run (gpointer data)
{
  GMainContext *context = data;
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);

  g_main_context_push_thread_default (context);
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static gpointer
start (gpointer data)
{
  GMainContext *context = g_main_context_new ();

  g_thread_unref (g_thread_new ("callstats-pipe", run, context));
  return context;
}

static GMainContext *
get_context (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, start, NULL);
}

static void
attach (GSource *source, GSourceFunc func, gpointer user_data, GDestroyNotify notify)
{
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, user_data, notify);
  g_source_attach (source, get_context ());
}

void
gst_callstats_pipeline_invoke (
    GSourceFunc func, gpointer user_data, GDestroyNotify notify)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  attach (source, func, user_data, notify);
}

GSource *
gst_callstats_pipeline_add_timeout (
    guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify)
{
  GSource *source = g_timeout_source_new (interval_ms);

  attach (source, func, user_data, notify);
  return source;
}
