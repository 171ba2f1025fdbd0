/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A part of the watch of one webrtcbin: what follows one side of its life.
 *
 * All functions are called on the monitor thread. Callbacks that a part connects run on
 * webrtcbin's threads: they copy and post.
 */
#pragma once

#include "buserror.h"
#include "fabriclink.h"
#include "webrtcbinwatch.h"

G_BEGIN_DECLS

typedef struct {
  /* Begins. The part may keep link and copy options. NULL: nothing to follow here. */
  gpointer (*attach) (GstCallstatsFabricLink *link, GstElement *webrtcbin,
      const GstCallstatsWatchOptions *options);
  /* Ends and frees it; webrtcbin is NULL when it is gone. */
  void (*detach) (gpointer part, GstElement *webrtcbin);
  /* Nullable. A reply to get-stats, and the monotonic time of its arrival. */
  void (*sample) (gpointer part, const GstStructure *stats, gint64 time);
  /* Nullable. Something on the pipeline's bus that hinders calls, maybe this one. */
  void (*bus_error) (gpointer part, const GstCallstatsBusError *error);
  /* Nullable. The webrtcbin's video is that of a screen, or no longer. */
  void (*screen) (gpointer part, gboolean shared);
} GstCallstatsWatchPart;

G_END_DECLS
