/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an application asks of its webrtcbin, and what comes of it, without its help.
 *
 * Monitor thread only; the callbacks too.
 */
#pragma once

#include "negotiationfence.h"

G_BEGIN_DECLS

/* create-offer, create-answer, set-local-description or set-remote-description. */
typedef struct {
  CallstatsWebrtcFunction function;
  GstWebRTCSessionDescription *given; /* nullable: what was to be set */
  gboolean has_promise;
  gint64 asked; /* monotonic */
} GstCallstatsNegotiationStep;

typedef struct {
  guint mline;
  char *text;
  gboolean remote;
  gint64 time; /* monotonic */
} GstCallstatsCandidate;

typedef struct {
  void (*step) (gpointer owner, const GstCallstatsSnapshot *snapshot,
      const GstCallstatsNegotiationStep *step);
  void (*candidate) (gpointer owner, const GstCallstatsCandidate *candidate);
  void (*turn_server) (gpointer owner); /* one was added */
} GstCallstatsNegotiationCallbacks;

typedef struct _GstCallstatsNegotiationWatch GstCallstatsNegotiationWatch;

/* The callbacks get the fence's owner; callbacks is static. */
GstCallstatsNegotiationWatch *gst_callstats_negotiation_watch_new (
    GstCallstatsFence *fence, GstElement *webrtcbin,
    const GstCallstatsNegotiationCallbacks *callbacks);
void gst_callstats_negotiation_watch_free (
    GstCallstatsNegotiationWatch *watch, GstElement *webrtcbin);

G_END_DECLS
