/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the `level` elements of a pipeline tell of who speaks. Pipeline thread only.
 */
#include "dominantspeaker.h"
#include "speakerwatch.h"
#include "upstream.h"

typedef struct {
  GWeakRef level;
  GstCallstatsSide side;
  GstCallstatsLoudness loudness;
} Ear;

struct _GstCallstatsSpeakerWatch {
  gboolean (*is_watched) (GstElement *webrtcbin, gpointer owner);
  gpointer owner;
  GPtrArray *ears; /* Ear */
  GstCallstatsDominantSpeaker speaker;
  gboolean is_dominant;
};

static void
ear_free (gpointer data)
{
  Ear *ear = data;

  g_weak_ref_clear (&ear->level);
  g_free (ear);
}

static Ear *
find_ear (GstCallstatsSpeakerWatch *self, GstElement *level)
{
  guint i;

  for (i = 0; i < self->ears->len; i++) {
    Ear *ear = g_ptr_array_index (self->ears, i);
    g_autoptr (GstElement) own = g_weak_ref_get (&ear->level);

    if (own == level)
      return ear;
  }
  return NULL;
}

static Ear *
add_ear (GstCallstatsSpeakerWatch *self, GstElement *level)
{
  Ear *ear = g_new0 (Ear, 1);

  g_weak_ref_init (&ear->level, level);
  g_ptr_array_add (self->ears, ear);
  return ear;
}

static void
pass (GstElement *element, gpointer unused)
{
}

/* What is received and sent on is the others' voice, too. */
static gboolean
hears_remote (GstCallstatsSpeakerWatch *self, GstElement *level)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (level, "sink");
  g_autoptr (GstElement) webrtcbin = NULL;
  GstCallstatsUpstream upstream;

  if (sink == NULL)
    return FALSE;
  gst_callstats_upstream_look (&upstream, sink, pass, NULL);
  if (upstream.remote != NULL)
    webrtcbin = gst_pad_get_parent_element (upstream.remote);
  gst_callstats_upstream_clear (&upstream);
  return webrtcbin != NULL && self->is_watched (webrtcbin, self->owner);
}

void
gst_callstats_speaker_watch_begin (GstCallstatsSpeakerWatch *self)
{
  guint i;

  for (i = 0; i < self->ears->len; i++)
    ((Ear *)g_ptr_array_index (self->ears, i))->side = GST_CALLSTATS_SIDE_NONE;
}

void
gst_callstats_speaker_watch_hear_local (GstCallstatsSpeakerWatch *self, GstElement *level)
{
  Ear *ear = find_ear (self, level);

  if (ear != NULL)
    ear->side = GST_CALLSTATS_SIDE_LOCAL;
}

void
gst_callstats_speaker_watch_end (GstCallstatsSpeakerWatch *self)
{
  guint i;

  for (i = self->ears->len; i > 0; i--) {
    Ear *ear = g_ptr_array_index (self->ears, i - 1);
    g_autoptr (GstElement) level = g_weak_ref_get (&ear->level);

    if (level == NULL)
      g_ptr_array_remove_index (self->ears, i - 1);
    else if (hears_remote (self, level))
      ear->side = GST_CALLSTATS_SIDE_REMOTE;
  }
}

/* Returns: whether anything is known of the side */
static gboolean
find_loudest (
    GstCallstatsSpeakerWatch *self, GstCallstatsSide side, gint64 now, double *loudest)
{
  gboolean known = FALSE;
  guint i;

  *loudest = -G_MAXDOUBLE;
  for (i = 0; i < self->ears->len; i++) {
    Ear *ear = g_ptr_array_index (self->ears, i);

    if (ear->side != side)
      continue;
    known = TRUE;
    *loudest = MAX (*loudest, gst_callstats_loudness_get (&ear->loudness, now));
  }
  return known;
}

gboolean
gst_callstats_speaker_watch_take (
    GstCallstatsSpeakerWatch *self, GstElement *level, double decibel, gint64 now)
{
  Ear *ear = find_ear (self, level);
  gboolean is_new = ear == NULL;
  double local, remote;

  if (is_new)
    ear = add_ear (self, level);
  gst_callstats_loudness_take (&ear->loudness, decibel, now);
  find_loudest (self, GST_CALLSTATS_SIDE_LOCAL, now, &local);
  if (find_loudest (self, GST_CALLSTATS_SIDE_REMOTE, now, &remote))
    self->is_dominant =
        gst_callstats_dominant_speaker_take (&self->speaker, local, remote, now);
  return is_new;
}

gboolean
gst_callstats_speaker_watch_is_dominant (GstCallstatsSpeakerWatch *self)
{
  return self->is_dominant;
}

GstCallstatsSpeakerWatch *
gst_callstats_speaker_watch_new (
    gboolean (*is_watched) (GstElement *webrtcbin, gpointer owner), gpointer owner)
{
  GstCallstatsSpeakerWatch *self = g_new0 (GstCallstatsSpeakerWatch, 1);

  self->is_watched = is_watched;
  self->owner = owner;
  self->ears = g_ptr_array_new_with_free_func (ear_free);
  return self;
}

void
gst_callstats_speaker_watch_free (GstCallstatsSpeakerWatch *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->ears);
  g_free (self);
}
