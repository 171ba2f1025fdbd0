/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells that one of many objects may have changed, by their signals.
 *
 * What is told is only that something changed: the owner looks for itself. The functions
 * are for the pipeline thread, but for _new() and _mark(); the signals may come on any
 * thread and under any lock.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsChangeWatch GstCallstatsChangeWatch;

/* changed is called on the pipeline thread, once for all that came within a short while.
 */
GstCallstatsChangeWatch *gst_callstats_change_watch_new (
    void (*changed) (gpointer owner), gpointer owner);
void gst_callstats_change_watch_free (GstCallstatsChangeWatch *watch);

/* Between _begin() and _end() every object of interest is named; those that are not named
 * are let go. signals ends with NULL. */
void gst_callstats_change_watch_begin (GstCallstatsChangeWatch *watch);
void gst_callstats_change_watch_add (
    GstCallstatsChangeWatch *watch, gpointer object, const char *const *signals);
void gst_callstats_change_watch_end (GstCallstatsChangeWatch *watch);

/* As if an object had changed. Any thread. */
void gst_callstats_change_watch_mark (GstCallstatsChangeWatch *watch);

G_END_DECLS
