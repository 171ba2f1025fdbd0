/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A process that only reports calls, and tells what that costs it. Its test starts it by
 * its own name and speaks with it by lines.
 */
#pragma once

#include <glib.h>

/* Calls are reported in turn, at so many reports a second in all. Every LOAD_EVENT_EVERY
 * reports of a call there is an event, every LOAD_FEEDBACK_EVERY in all a feedback. */
typedef struct {
  const char *url;
  guint64 memory; /* memory-max-bytes */
  guint calls;
  guint warm_up; /* reports of each call, before */
  guint reports; /* of each call */
  guint rate;    /* a second */
} LoadOptions;

#define LOAD_EVENT_EVERY 20
#define LOAD_EVENT "audioMute"
#define LOAD_FEEDBACK_EVERY 50
#define LOAD_STEP (G_USEC_PER_SEC / 10) /* between a call's samples, by their time */

typedef struct {
  gint64 growth;      /* of the resident memory at its highest, bytes */
  double cpu, wall;   /* seconds */
  GVariantDict stats; /* of the client, at the end */
} LoadResult;

/* Of the test */

typedef struct _Load Load;

/* Started, connected, and everything of before is acknowledged. */
Load *load_start (const LoadOptions *options);
/* Lets it report; comes back at once. */
void load_go (Load *self);
/* When it has reported everything. */
void load_wait (Load *self, LoadResult *result);
/* When everything is acknowledged. It ends. */
void load_finish (Load *self, LoadResult *result);
guint64 load_result_get (LoadResult *result, const char *stat);
void load_result_clear (LoadResult *result);

/* Of the process: TRUE: it was one, and main() is to return. */
gboolean load_main (int argc, char **argv);
