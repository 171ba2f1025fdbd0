/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of a pipeline's bus messages tell why a call cannot be set up. Those become
 * failures of fabrics; every other error is a log of the application.
 *
 * Any thread.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_BUS_ERROR_OTHER,          /* none of the below */
  GST_CALLSTATS_BUS_ERROR_TRANSPORT,      /* of an element inside a webrtcbin */
  GST_CALLSTATS_BUS_ERROR_MISSING_PLUGIN, /* of a webrtcbin: it lacks elements */
  GST_CALLSTATS_BUS_ERROR_MISSING_CODEC,  /* a decoder or another element was not found */
  GST_CALLSTATS_BUS_ERROR_SOURCE,         /* of a source element */
  GST_CALLSTATS_BUS_ERROR_PERMISSION,     /* a source element may not be used */
} GstCallstatsBusErrorKind;

/* The decision itself, pure: inside: the element is a webrtcbin or within one; klass: the
 * metadata of its factory; text: the message and its debug text. */
GstCallstatsBusErrorKind gst_callstats_classify_bus_error (
    gboolean inside, const char *klass, const GError *error, const char *text);

/* A message that hinders the setup of calls. */
typedef struct {
  GstCallstatsBusErrorKind kind; /* not OTHER */
  gpointer webrtcbin;            /* where it is inside; only to be compared; nullable */
  char *element;                 /* the name of the element that tells */
  char *factory;                 /* and its factory's */
  char *name;                    /* the GError's domain, or "missing-plugin" */
  char *message;                 /* without user info and query in its URIs */
  char *debug;
  gint64 time; /* monotonic */
} GstCallstatsBusError;

/* Returns: (transfer full) (nullable): NULL: not our concern, such as an ERROR that
 * applicationErrorLog is for. Reads nothing but the message and its element's factory. */
GstCallstatsBusError *gst_callstats_bus_error_new (GstMessage *message);
/* Whether the above is not NULL: it is told as a failure, and not as an application's
 * log. */
gboolean gst_callstats_is_setup_error (GstMessage *message);
void gst_callstats_bus_error_free (GstCallstatsBusError *error);

CallstatsWebrtcFunction gst_callstats_bus_error_get_function (
    GstCallstatsBusErrorKind kind);
CallstatsFailureReason gst_callstats_bus_error_get_reason (GstCallstatsBusErrorKind kind);
/* Returns: (transfer full): words for what it means */
char *gst_callstats_bus_error_diagnose (const GstCallstatsBusError *error);
/* Returns: (transfer floating): an a{sv} with name, message, diagnosis, element */
GVariant *gst_callstats_bus_error_describe (const GstCallstatsBusError *error);

G_END_DECLS
