/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The monitor thread: one a process, made when first needed, there until the process
 * ends. Everything that a client knows lives on it, so it needs no locks.
 *
 * Its functions are for any thread.
 */
#include "callstats-monitor.h"

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

  g_thread_unref (g_thread_new ("callstats", run, context));
  return context;
}

/**
 * callstats_monitor_get_context: (skip)
 *
 * Gives the main context of the monitor thread, and starts the thread if this is the
 * first call in the process.
 *
 * Returns: (transfer none): the context
 */
GMainContext *
callstats_monitor_get_context (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, start, NULL);
}

/**
 * callstats_monitor_invoke: (skip)
 * @func: what to call; its return value is ignored
 * @user_data: its argument
 * @notify: (nullable): frees @user_data, on the monitor thread
 *
 * Calls @func once on the monitor thread, never from within this call: what one thread
 * posts is called in the order in which it was posted.
 */
void
callstats_monitor_invoke (GSourceFunc func, gpointer user_data, GDestroyNotify notify)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, user_data, notify);
  g_source_set_static_name (source, "callstats mailbox");
  g_source_attach (source, callstats_monitor_get_context ());
}

/**
 * callstats_monitor_add_timeout: (skip)
 * @interval_ms: milliseconds
 * @func: what to call, until it returns %G_SOURCE_REMOVE
 * @user_data: its argument
 * @notify: (nullable): frees @user_data
 *
 * Calls @func on the monitor thread every @interval_ms. Any thread may call this; only
 * the monitor thread can destroy the source without it possibly being in @func.
 *
 * Returns: (transfer full): the source; end it with g_source_destroy()
 */
GSource *
callstats_monitor_add_timeout (
    guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify)
{
  GSource *source = g_timeout_source_new (interval_ms);

  g_source_set_callback (source, func, user_data, notify);
  g_source_attach (source, callstats_monitor_get_context ());
  return source;
}

/**
 * callstats_monitor_to_epoch: (skip)
 * @monotonic_time: a time of g_get_monotonic_time()
 *
 * Gives a time of the monotonic clock as microseconds since the epoch. The offset is
 * taken once a process, so that a wall clock that is stepped in mid-call neither reorders
 * events nor changes the time between them.
 *
 * Returns: microseconds since the epoch
 */
gint64
callstats_monitor_to_epoch (gint64 monotonic_time)
{
  static gsize once;
  static gint64 offset;

  if (g_once_init_enter (&once)) {
    offset = g_get_real_time () - g_get_monotonic_time ();
    g_once_init_leave (&once, 1);
  }
  return monotonic_time + offset;
}
