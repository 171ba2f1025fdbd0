/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells that one of many objects may have changed, by their signals.
 *
 * on_signal() runs on any thread, also with locks of webrtcbin held: it posts, and looks
 * at nothing. The rest runs on the pipeline thread only.
 */
#include "changewatch.h"
#include "pipelinethread.h"

#define MAX_SIGNALS 3
#define GATHER_MS 20 /* one look for all that changes together */

/* What handlers hold. */
typedef struct {
  gint posted; /* atomic */
  void (*changed) (gpointer owner);
  gpointer owner; /* pipeline thread only; NULL once it is freed */
} Link;

typedef struct {
  GWeakRef object;
  gulong handlers[MAX_SIGNALS];
  gboolean named;
} Watched;

struct _GstCallstatsChangeWatch {
  Link *link;
  GHashTable *objects; /* pointer → Watched */
};

static gboolean
tell (gpointer data)
{
  Link *link = data;

  g_atomic_int_set (&link->posted, FALSE);
  if (link->owner != NULL)
    link->changed (link->owner);
  return G_SOURCE_REMOVE;
}

static void
post (Link *link)
{
  if (g_atomic_int_compare_and_exchange (&link->posted, FALSE, TRUE))
    g_source_unref (gst_callstats_pipeline_add_timeout (
        GATHER_MS, tell, g_atomic_rc_box_acquire (link), g_atomic_rc_box_release));
}

/* Of any signal: the object comes first, the data last. */
static void
on_signal (gpointer link, gpointer object)
{
  post (link);
}

static void
watched_free (gpointer data)
{
  Watched *watched = data;
  g_autoptr (GObject) object = g_weak_ref_get (&watched->object);
  guint i;

  for (i = 0; object != NULL && i < MAX_SIGNALS && watched->handlers[i] != 0; i++)
    g_signal_handler_disconnect (object, watched->handlers[i]);
  g_weak_ref_clear (&watched->object);
  g_free (watched);
}

/* A pointer is used again after its object is gone. */
static gboolean
is_of (Watched *watched, gpointer object)
{
  g_autoptr (GObject) alive = g_weak_ref_get (&watched->object);

  return alive == object;
}

static Watched *
connect (GstCallstatsChangeWatch *self, gpointer object, const char *const *signals)
{
  Watched *watched = g_new0 (Watched, 1);
  guint i;

  g_weak_ref_init (&watched->object, object);
  for (i = 0; i < MAX_SIGNALS && signals[i] != NULL; i++)
    watched->handlers[i] = g_signal_connect_data (object, signals[i],
        G_CALLBACK (on_signal), g_atomic_rc_box_acquire (self->link),
        (GClosureNotify)(void (*) (void))g_atomic_rc_box_release, G_CONNECT_SWAPPED);
  return watched;
}

void
gst_callstats_change_watch_begin (GstCallstatsChangeWatch *self)
{
  GHashTableIter iter;
  gpointer watched;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &watched))
    ((Watched *)watched)->named = FALSE;
}

void
gst_callstats_change_watch_add (
    GstCallstatsChangeWatch *self, gpointer object, const char *const *signals)
{
  Watched *watched = g_hash_table_lookup (self->objects, object);

  if (watched == NULL || !is_of (watched, object)) {
    watched = connect (self, object, signals);
    g_hash_table_replace (self->objects, object, watched);
  }
  watched->named = TRUE;
}

static gboolean
is_unnamed (gpointer object, gpointer watched, gpointer unused)
{
  return !((Watched *)watched)->named;
}

void
gst_callstats_change_watch_end (GstCallstatsChangeWatch *self)
{
  g_hash_table_foreach_remove (self->objects, is_unnamed, NULL);
}

void
gst_callstats_change_watch_mark (GstCallstatsChangeWatch *self)
{
  post (self->link);
}

GstCallstatsChangeWatch *
gst_callstats_change_watch_new (void (*changed) (gpointer owner), gpointer owner)
{
  GstCallstatsChangeWatch *self = g_new0 (GstCallstatsChangeWatch, 1);

  self->link = g_atomic_rc_box_new0 (Link);
  self->link->changed = changed;
  self->link->owner = owner;
  self->objects = g_hash_table_new_full (NULL, NULL, NULL, watched_free);
  return self;
}

void
gst_callstats_change_watch_free (GstCallstatsChangeWatch *self)
{
  if (self == NULL)
    return;
  self->link->owner = NULL;
  g_hash_table_unref (self->objects);
  g_atomic_rc_box_release (self->link);
  g_free (self);
}
