/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Listens on the bus of a pipeline, beside whoever reads it.
 *
 * on_message() runs on whichever thread posts, often a streaming thread: it looks at the
 * message's type and posts. The rest runs on the pipeline thread only.
 */
#include "buswatch.h"
#include "gstcallstatsmon.h"
#include "pipelinethread.h"

#define MAX_WAITING 256 /* problems and levels on their way; the rest is dropped */

/* What the handler holds. */
typedef struct {
  gint waiting; /* atomic */
  GstCallstatsBusCallbacks callbacks;
  gpointer owner; /* pipeline thread only; NULL once it is freed */
} Link;

struct _GstCallstatsBusWatch {
  Link *link;
  GWeakRef bus;
  gulong handler;
};

typedef struct {
  Link *link;
  GstMessage *message;
} Post;

static void
post_free (gpointer data)
{
  Post *post = data;

  g_atomic_int_dec_and_test (&post->link->waiting);
  gst_message_unref (post->message);
  g_atomic_rc_box_release (post->link);
  g_free (post);
}

/* -inf, a channel that is quite silent, is no number that is compared with. */
static gboolean
find_loudest (const GstStructure *structure, double *decibel)
{
  const GValue *field = gst_structure_get_value (structure, "rms");
  /* Deprecated, but what `level` uses. */
  GType array = g_type_from_name ("GValueArray");
  const GValueArray *channels =
      field != NULL && array != 0 && G_VALUE_HOLDS (field, array)
          ? g_value_get_boxed (field)
          : NULL;
  gboolean found = FALSE;
  guint i;

  *decibel = -G_MAXDOUBLE;
  for (i = 0; channels != NULL && i < channels->n_values; i++) {
    const GValue *channel = &channels->values[i];

    if (!G_VALUE_HOLDS_DOUBLE (channel))
      continue;
    found = TRUE;
    *decibel = MAX (*decibel, g_value_get_double (channel));
  }
  return found;
}

static gboolean
deliver (gpointer data)
{
  Post *post = data;
  Link *link = post->link;
  double decibel;

  if (link->owner == NULL)
    return G_SOURCE_REMOVE;
  if (GST_MESSAGE_TYPE (post->message) != GST_MESSAGE_ELEMENT)
    link->callbacks.problem (post->message, link->owner);
  else if (find_loudest (gst_message_get_structure (post->message), &decibel))
    link->callbacks.level (
        GST_ELEMENT (GST_MESSAGE_SRC (post->message)), decibel, link->owner);
  return G_SOURCE_REMOVE;
}

static gboolean
is_level (GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);

  return structure != NULL && gst_structure_has_name (structure, "level") &&
         GST_IS_ELEMENT (GST_MESSAGE_SRC (message));
}

static gboolean
concerns_us (GstMessage *message)
{
  GstObject *src = GST_MESSAGE_SRC (message);

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
  case GST_MESSAGE_WARNING:
    return src == NULL || G_OBJECT_TYPE (src) != GST_TYPE_CALLSTATS_MON;
  case GST_MESSAGE_ELEMENT:
    return is_level (message);
  default:
    return FALSE;
  }
}

static void
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Link *link = user_data;
  Post *post;

  if (!concerns_us (message))
    return;
  if (g_atomic_int_add (&link->waiting, 1) >= MAX_WAITING) {
    g_atomic_int_add (&link->waiting, -1);
    return;
  }
  post = g_new0 (Post, 1);
  post->link = g_atomic_rc_box_acquire (link);
  post->message = gst_message_ref (message);
  gst_callstats_pipeline_invoke (deliver, post, post_free);
}

GstCallstatsBusWatch *
gst_callstats_bus_watch_new (
    GstElement *pipeline, const GstCallstatsBusCallbacks *callbacks, gpointer owner)
{
  GstCallstatsBusWatch *self = g_new0 (GstCallstatsBusWatch, 1);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  g_weak_ref_init (&self->bus, bus);
  self->link = g_atomic_rc_box_new0 (Link);
  self->link->callbacks = *callbacks;
  self->link->owner = owner;
  if (bus == NULL)
    return self;
  gst_bus_enable_sync_message_emission (bus);
  self->handler = g_signal_connect_data (bus, "sync-message", G_CALLBACK (on_message),
      g_atomic_rc_box_acquire (self->link),
      (GClosureNotify)(void (*) (void))g_atomic_rc_box_release, 0);
  return self;
}

void
gst_callstats_bus_watch_free (GstCallstatsBusWatch *self)
{
  g_autoptr (GstBus) bus = NULL;

  if (self == NULL)
    return;
  self->link->owner = NULL;
  bus = g_weak_ref_get (&self->bus);
  if (bus != NULL) {
    g_signal_handler_disconnect (bus, self->handler);
    gst_bus_disable_sync_message_emission (bus);
  }
  g_weak_ref_clear (&self->bus);
  g_atomic_rc_box_release (self->link);
  g_free (self);
}
