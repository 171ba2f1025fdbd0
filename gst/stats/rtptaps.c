/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probes on the pads where the RTP sessions of an rtpbin meet its transports.
 *
 * The probes run on streaming threads, on_pad_added with webrtcbin's lock held: it adds a
 * probe and no more. A book's lock is held for one packet or one reading; the lock of the
 * lists for a look into them, no other is taken then. The rest runs on the monitor thread
 * only.
 */
#include <string.h>

#include "rtptaps.h"

typedef struct {
  gatomicrefcount ref_count;
  const GstCallstatsTapType *type;
  guint session;
  gboolean received;
  GMutex lock;
  gpointer book; /* under the lock */
} Box;

typedef struct {
  Box *box;
  gboolean received;
} Probe;

typedef struct {
  GstPad *pad;
  gulong probe;
} Tap;

/* What the handler of pad-added holds, too. */
typedef struct {
  gatomicrefcount ref_count;
  const GstCallstatsTapType *type;
  GMutex lock;
  GPtrArray *boxes; /* Box */
  GArray *taps;     /* Tap */
  gboolean closed;
} Lists;

struct _GstCallstatsTaps {
  Lists *lists;
  gulong handler;
};

/* Boxes */

static void
box_unref (gpointer data)
{
  Box *box = data;

  if (!g_atomic_ref_count_dec (&box->ref_count))
    return;
  box->type->close (box->book);
  g_mutex_clear (&box->lock);
  g_free (box);
}

static Box *
box_ref (Box *box)
{
  g_atomic_ref_count_inc (&box->ref_count);
  return box;
}

static Box *
box_new (const GstCallstatsTapType *type, guint session, gboolean received)
{
  Box *box = g_new0 (Box, 1);

  g_atomic_ref_count_init (&box->ref_count);
  box->type = type;
  box->session = session;
  box->received = received;
  g_mutex_init (&box->lock);
  box->book = type->open ();
  return box;
}

static void
box_read (Box *box, GstCallstatsReadBook read, gpointer user_data)
{
  g_mutex_lock (&box->lock);
  read (box->book, box->session, box->received, user_data);
  g_mutex_unlock (&box->lock);
}

/* Packets */

static void
probe_free (gpointer data)
{
  Probe *probe = data;

  box_unref (probe->box);
  g_free (probe);
}

static GstPadProbeReturn
on_packets (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  const Probe *probe = user_data;
  Box *box = probe->box;
  gint64 now = g_get_monotonic_time ();
  GstBufferList *list;
  guint i;

  g_mutex_lock (&box->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    box->type->take (box->book, probe->received, GST_PAD_PROBE_INFO_BUFFER (info), now);
  } else {
    list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (i = 0; i < gst_buffer_list_length (list); i++)
      box->type->take (box->book, probe->received, gst_buffer_list_get (list, i), now);
  }
  g_mutex_unlock (&box->lock);
  return GST_PAD_PROBE_OK;
}

/* Lists */

static void
lists_unref (gpointer data)
{
  Lists *lists = data;

  if (!g_atomic_ref_count_dec (&lists->ref_count))
    return;
  g_ptr_array_unref (lists->boxes);
  g_array_unref (lists->taps);
  g_mutex_clear (&lists->lock);
  g_free (lists);
}

static Lists *
lists_new (const GstCallstatsTapType *type)
{
  Lists *lists = g_new0 (Lists, 1);

  g_atomic_ref_count_init (&lists->ref_count);
  lists->type = type;
  g_mutex_init (&lists->lock);
  lists->boxes = g_ptr_array_new_with_free_func (box_unref);
  lists->taps = g_array_new (FALSE, FALSE, sizeof (Tap));
  return lists;
}

/* With the lock held. A session that begins again with new pads is counted on. */
static Box *
get_box (Lists *lists, guint session, gboolean received)
{
  Box *box;
  guint i;

  for (i = 0; i < lists->boxes->len; i++) {
    box = g_ptr_array_index (lists->boxes, i);
    if (box->session == session && (lists->type->shared || box->received == received))
      return box;
  }
  box = box_new (lists->type, session, received);
  g_ptr_array_add (lists->boxes, box);
  return box;
}

/* With the lock held. */
static gboolean
is_tapped (Lists *lists, GstPad *pad)
{
  guint i;

  for (i = 0; i < lists->taps->len; i++) {
    if (g_array_index (lists->taps, Tap, i).pad == pad)
      return TRUE;
  }
  return FALSE;
}

static void
add_tap (Lists *lists, GstPad *pad, guint session, gboolean received)
{
  Probe *probe;
  Tap tap;

  g_mutex_lock (&lists->lock);
  if (!lists->closed && !is_tapped (lists, pad)) {
    probe = g_new0 (Probe, 1);
    probe->box = box_ref (get_box (lists, session, received));
    probe->received = received;
    tap.pad = gst_object_ref (pad);
    tap.probe = gst_pad_add_probe (pad,
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packets, probe,
        probe_free);
    g_array_append_val (lists->taps, tap);
  }
  g_mutex_unlock (&lists->lock);
}

gboolean
gst_callstats_read_session (const char *name, const char *prefix, guint *session)
{
  if (!g_str_has_prefix (name, prefix))
    return FALSE;
  *session = g_ascii_strtoull (name + strlen (prefix), NULL, 10);
  return TRUE;
}

static void
on_pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  Lists *lists = user_data;
  guint session;

  if (gst_callstats_read_session (GST_PAD_NAME (pad), lists->type->sent, &session))
    add_tap (lists, pad, session, FALSE);
  else if (gst_callstats_read_session (
               GST_PAD_NAME (pad), lists->type->received, &session))
    add_tap (lists, pad, session, TRUE);
}

static gboolean
look_at_pad (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  on_pad_added (rtpbin, pad, user_data);
  return TRUE;
}

/* Reading */

void
gst_callstats_taps_read (GstCallstatsTaps *self, guint session, gboolean received,
    GstCallstatsReadBook read, gpointer user_data)
{
  Box *box;

  g_mutex_lock (&self->lists->lock);
  box = box_ref (get_box (self->lists, session, received));
  g_mutex_unlock (&self->lists->lock);
  box_read (box, read, user_data);
  box_unref (box);
}

static gpointer
copy_box (gconstpointer box, gpointer unused)
{
  return box_ref ((Box *)box);
}

void
gst_callstats_taps_read_all (
    GstCallstatsTaps *self, GstCallstatsReadBook read, gpointer user_data)
{
  g_autoptr (GPtrArray) boxes = NULL;
  guint i;

  g_mutex_lock (&self->lists->lock);
  boxes = g_ptr_array_copy (self->lists->boxes, copy_box, NULL);
  g_mutex_unlock (&self->lists->lock);
  for (i = 0; i < boxes->len; i++)
    box_read (g_ptr_array_index (boxes, i), read, user_data);
}

/* Life */

static void
release (gpointer lists, GClosure *closure)
{
  lists_unref (lists);
}

GstCallstatsTaps *
gst_callstats_taps_new (GstElement *rtpbin, const GstCallstatsTapType *type)
{
  GstCallstatsTaps *self = g_new0 (GstCallstatsTaps, 1);

  self->lists = lists_new (type);
  g_atomic_ref_count_inc (&self->lists->ref_count);
  self->handler = g_signal_connect_data (
      rtpbin, "pad-added", G_CALLBACK (on_pad_added), self->lists, release, 0);
  gst_element_foreach_pad (rtpbin, look_at_pad, self->lists);
  return self;
}

static GArray *
close_lists (Lists *lists)
{
  GArray *taps;

  g_mutex_lock (&lists->lock);
  lists->closed = TRUE;
  taps = g_steal_pointer (&lists->taps);
  lists->taps = g_array_new (FALSE, FALSE, sizeof (Tap));
  g_mutex_unlock (&lists->lock);
  return taps;
}

void
gst_callstats_taps_free (GstCallstatsTaps *self, GstElement *rtpbin)
{
  g_autoptr (GArray) taps = NULL;
  guint i;

  if (self == NULL)
    return;
  if (rtpbin != NULL)
    g_signal_handler_disconnect (rtpbin, self->handler);
  taps = close_lists (self->lists);
  for (i = 0; i < taps->len; i++) {
    gst_pad_remove_probe (
        g_array_index (taps, Tap, i).pad, g_array_index (taps, Tap, i).probe);
    gst_object_unref (g_array_index (taps, Tap, i).pad);
  }
  lists_unref (self->lists);
  g_free (self);
}
