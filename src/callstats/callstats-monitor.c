/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The monitor thread: one a process, made when first needed, there until the process
 * exits. Everything that a client knows lives on it, so it needs no locks.
 *
 * Its functions are for any thread.
 */
#include "callstats-monitor-private.h"

#include <stdlib.h>
#include <time.h>

#define ASLEEP_LEAST (G_USEC_PER_SEC / 10) /* shorter suspends do not count */
#define LAST_MS 1000 /* how long an ending process waits for the thread to rest */

static GMutex lock;
static GCond rested;
static GMainLoop *loop; /* NULL: the thread is at rest, or was never started */
static GThread *thread;

static gpointer
run (gpointer data)
{
  GMainContext *context = data;

  g_main_context_push_thread_default (context);
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (context);

  g_mutex_lock (&lock);
  g_clear_pointer (&loop, g_main_loop_unref);
  g_cond_signal (&rested);
  g_mutex_unlock (&lock);
  return NULL;
}

static gboolean
quit (gpointer data)
{
  if (loop != NULL)
    g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* Exit may also be called on the monitor thread, by a callback. */
static void
rest (void)
{
  gint64 end = g_get_monotonic_time () + LAST_MS * G_TIME_SPAN_MILLISECOND;
  gboolean ends;

  if (thread == NULL || g_thread_self () == thread)
    return;
  callstats_monitor_invoke (quit, NULL, NULL);
  g_mutex_lock (&lock);
  while (loop != NULL && g_cond_wait_until (&rested, &lock, end))
    ;
  ends = loop == NULL;
  g_mutex_unlock (&lock);
  if (ends)
    g_thread_join (g_steal_pointer (&thread));
}

/*
 * At exit the libraries below take themselves apart, one by one, in the reverse order of
 * their first use: the monitor thread must rest before the first of them. Called after
 * each first use of one, such as libcrypto for a token or TLS for a connection.
 */
void
callstats_monitor_rest_at_exit (gsize *once)
{
  if (!g_once_init_enter (once))
    return;
  atexit (rest);
  g_once_init_leave (once, 1);
}

static gpointer
start (gpointer data)
{
  static gsize once;
  GMainContext *context = g_main_context_new ();

  loop = g_main_loop_new (context, FALSE);
  thread = g_thread_new ("callstats", run, context);
  callstats_monitor_rest_at_exit (&once);
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

static gint64
read_clock (clockid_t clock)
{
  struct timespec now = { 0 };

  clock_gettime (clock, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* How long the machine had been asleep since it was booted, at a time of the monotonic
 * clock. That one stands still meanwhile, so what was read before the last sleep tells
 * what is before it. Two clocks cannot be read at the same moment: small differences
 * between readings are none. */
static gint64
asleep_until (gint64 time)
{
  static GMutex reading;
  static gint64 asleep, asleep_before, last_read;
  static gint64 changed = G_MININT64;
  gint64 now = read_clock (CLOCK_MONOTONIC);
  gint64 difference = read_clock (CLOCK_BOOTTIME) - now;
  gboolean sure = read_clock (CLOCK_MONOTONIC) - now < ASLEEP_LEAST / 2;
  gint64 result;

  g_mutex_lock (&reading);
  if (sure && ABS (difference - asleep) > ASLEEP_LEAST) {
    changed = last_read > 0 ? last_read : G_MININT64;
    asleep_before = asleep;
    asleep = difference;
  }
  if (sure)
    last_read = now;
  result = time > changed ? asleep : asleep_before;
  g_mutex_unlock (&reading);
  return result;
}

/**
 * callstats_monitor_to_epoch: (skip)
 * @monotonic_time: a time of g_get_monotonic_time()
 *
 * Gives a time of the monotonic clock as microseconds since the epoch. The offset is
 * taken once a process, so that a wall clock that is stepped in mid-call neither reorders
 * events nor changes the time between them. The time that the machine was suspended is
 * added, which the monotonic clock leaves out.
 *
 * Returns: microseconds since the epoch
 */
gint64
callstats_monitor_to_epoch (gint64 monotonic_time)
{
  static gsize once;
  static gint64 offset;

  if (g_once_init_enter (&once)) {
    gint64 now = g_get_monotonic_time ();

    offset = g_get_real_time () - now - asleep_until (now);
    g_once_init_leave (&once, 1);
  }
  return monotonic_time + offset + asleep_until (monotonic_time);
}
