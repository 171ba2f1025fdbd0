/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Errors and warnings of a pipeline as the data of applicationErrorLog: without secrets,
 * no longer than callstats takes, and not more than ten a minute.
 *
 * Pure: time comes in as an argument.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_CALLSTATS_LOG_MAX_CHARACTERS 20000
#define GST_CALLSTATS_LOG_MAX_A_MINUTE 10

typedef struct {
  gint64 minute; /* when the present minute began, in microseconds */
  guint told;    /* in it */
  guint left_out;
} GstCallstatsErrorLog;

/* Returns: (transfer full): text without the user info, query and fragment of its URIs,
 * valid and at most 20 000 characters long */
char *gst_callstats_log_text (const char *text);

/* Of an error or warning message at a monotonic time.
 * Returns: (transfer floating) (nullable): an a{sv}; NULL: it is left out and counted */
GVariant *gst_callstats_error_log_take (
    GstCallstatsErrorLog *log, GstMessage *message, gint64 now);
/* What was left out in the minute that is over by now.
 * Returns: (transfer floating) (nullable): an a{sv}; NULL: nothing was */
GVariant *gst_callstats_error_log_take_rest (GstCallstatsErrorLog *log, gint64 now);

G_END_DECLS
