/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What truthcall.c and truthstreams.c share of a call.
 */
#pragma once

#include "edges.h"
#include "truthcall.h"

G_BEGIN_DECLS

struct _TruthSource {
  TruthCall *call;
  TruthEnd end;
  const TruthFormat *format;
  GstElement *bin;
  GstPad *pad;      /* of the webrtcbin */
  guint32 ssrc;     /* of its last packet; with the lock held */
  gboolean removed; /* for the test's thread */
};

struct _TruthCall {
  GstElement *pipeline, *mon, *ends[N_ENDS];
  GPtrArray *sources; /* TruthSource; for the test's thread */
  gboolean use_rtx, rested;
  gint64 start;

  EdgeLock lock;
  /* Under it */
  Edges edges[N_ENDS];
  GPtrArray *reports[N_ENDS]; /* TruthReport */
  char *fabrics[N_ENDS];
  GHashTable *gone; /* SSRCs */
  gboolean held;    /* sources give nothing */
};

void truth_source_free (gpointer source);
/* With the lock held */
void truth_call_wait (TruthCall *call, gint64 deadline, const char *what);

G_END_DECLS
