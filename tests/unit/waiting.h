/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waiting for what tests start, on the thread's main context.
 */
#pragma once

#include <glib.h>

#define DEADLINE_SECONDS 40

static inline gboolean
waiting_on_deadline (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_CONTINUE;
}

static inline gboolean
waiting_on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Looks when the context is woken, and now and then: counters and files change without a
 * signal. */
#define WAIT_UNTIL(condition) \
  G_STMT_START \
  { \
    gboolean wait_over = FALSE; \
    guint wait_deadline = \
        g_timeout_add_seconds (DEADLINE_SECONDS, waiting_on_deadline, &wait_over); \
    guint wait_tick = g_timeout_add (20, waiting_on_tick, NULL); \
\
    while (!(condition)) { \
      if (wait_over) \
        g_error ("Nothing came of “%s” in %d s", #condition, DEADLINE_SECONDS); \
      g_main_context_iteration (NULL, TRUE); \
    } \
    g_source_remove (wait_deadline); \
    g_source_remove (wait_tick); \
  } \
  G_STMT_END
