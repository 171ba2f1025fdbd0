/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of callstats' functions run on which threads: hooks of a build with
 * -finstrument-functions, and wrappers (-Wl,--wrap) of what such a function must not do
 * on a thread that carries media.
 *
 * callstats' own threads are told by their outermost function, the application's is the
 * one that begins the trace; all others carry media or belong to webrtcbin: they are
 * called foreign here. The hooks are for any thread, the rest is for the test's.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *name;
  guint64 entries;   /* on foreign threads */
  guint64 outermost; /* of those, by code that is not callstats' */
  guint64 on_media;  /* of the entries, on threads that carry media */
  guint most;        /* functions entered within one such entry, itself too */
} TraceFunction;

typedef struct {
  const char *function; /* the innermost of callstats' */
  const char *called;
  gboolean on_media;
} TraceCall;

/* A lock that a foreign thread has taken */
typedef struct {
  const char *taker;  /* on a foreign thread */
  guint64 taken;      /* there */
  const char *holder; /* who held it longest, on any thread */
  guint most;         /* functions entered meanwhile */
  const char *called; /* what was wrapped and called meanwhile; NULL: nothing */
} TraceLock;

/* own: the outermost functions of callstats' threads, NULL at the end */
void trace_begin (const char *const *own);

/* Entries on foreign threads so far */
guint64 trace_count_entries (void);

/* Whether a thread carries media on which that function was the outermost. */
typedef gboolean (*TraceIsProbe) (const char *function);

/* Once nothing runs any more. (transfer container) */
GArray *trace_get_functions (TraceIsProbe is_probe); /* TraceFunction, by name */
GArray *trace_get_calls (TraceIsProbe is_probe);     /* TraceCall, on foreign threads */
GArray *trace_get_locks (void);                      /* TraceLock */

G_END_DECLS
