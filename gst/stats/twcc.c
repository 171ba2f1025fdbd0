/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What transport-wide congestion control tells of a transport.
 *
 * on_element() runs on whatever thread adds elements, maybe under webrtcbin's own lock:
 * it looks at the element's class and at nothing else. The rest is the monitor thread's.
 */
#include "twcc.h"

#include "fields.h"

/* Of rtpgccbwe, in bits a second. */
#define ESTIMATE "estimated-bitrate"

/* What the handler holds. */
typedef struct {
  GMutex lock;
  GPtrArray *estimators; /* GWeakRef */
} Shared;

struct _GstCallstatsTwcc {
  Shared *shared;
  gulong handler;
};

/* RTPTWCCStats */
static const GstCallstatsField fields[] = {
  { "bitrate-sent", "gstTwccBitrateSent", GST_CALLSTATS_UNIT_AS_IS, 0, NULL },
  { "bitrate-recv", "gstTwccBitrateReceived", GST_CALLSTATS_UNIT_AS_IS, 0, NULL },
  { "packets-sent", "gstTwccPacketsSent", GST_CALLSTATS_UNIT_AS_IS, 0, NULL },
  { "packets-recv", "gstTwccPacketsReceived", GST_CALLSTATS_UNIT_AS_IS, 0, NULL },
  { "packet-loss-pct", "gstTwccFractionLost", GST_CALLSTATS_UNIT_PERCENT, 0, NULL },
  { "avg-delta-of-delta", "gstTwccDelayVariation", GST_CALLSTATS_UNIT_NS_SIGNED, 0,
      NULL },
};

void
gst_callstats_twcc_tell (GstElement *rtpbin, guint session, CallstatsReport *report)
{
  g_autoptr (GObject) element = NULL;
  g_autoptr (GstStructure) stats = NULL;

  g_signal_emit_by_name (rtpbin, "get-session", session, &element);
  if (element == NULL)
    return;
  g_object_get (element, "twcc-stats", &stats, NULL);
  if (stats != NULL)
    gst_callstats_fields_tell (fields, G_N_ELEMENTS (fields), stats, report);
}

/* Estimators */

static void
weak_ref_free (gpointer data)
{
  GWeakRef *weak_ref = data;

  g_weak_ref_clear (weak_ref);
  g_free (weak_ref);
}

static gboolean
is_estimator (GstElement *element)
{
  GParamSpec *pspec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (element), ESTIMATE);

  return pspec != NULL && pspec->value_type == G_TYPE_UINT &&
         pspec->flags & G_PARAM_READABLE;
}

static void
look_at (Shared *shared, GstElement *element)
{
  GWeakRef *weak_ref;

  if (!is_estimator (element))
    return;
  weak_ref = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak_ref, element);
  g_mutex_lock (&shared->lock);
  g_ptr_array_add (shared->estimators, weak_ref);
  g_mutex_unlock (&shared->lock);
}

static void
on_element (GstBin *webrtcbin, GstBin *bin, GstElement *element, gpointer user_data)
{
  look_at (user_data, element);
}

static void
look_at_item (const GValue *item, gpointer user_data)
{
  look_at (user_data, g_value_get_object (item));
}

/* Those that are gone are forgotten; one that was found twice stays once. */
static GPtrArray *
ref_estimators (Shared *shared)
{
  GPtrArray *estimators = g_ptr_array_new_with_free_func (gst_object_unref);
  guint i;

  g_mutex_lock (&shared->lock);
  for (i = shared->estimators->len; i > 0; i--) {
    GstElement *found = g_weak_ref_get (g_ptr_array_index (shared->estimators, i - 1));

    if (found == NULL || g_ptr_array_find (estimators, found, NULL))
      g_ptr_array_remove_index (shared->estimators, i - 1);
    if (found != NULL)
      g_ptr_array_add (estimators, found);
  }
  g_mutex_unlock (&shared->lock);
  return estimators;
}

gboolean
gst_callstats_twcc_get_estimate (GstCallstatsTwcc *self, double *bitrate)
{
  g_autoptr (GPtrArray) estimators = ref_estimators (self->shared);
  guint estimate;

  if (estimators->len == 0 ||
      estimators->pdata[0] != estimators->pdata[estimators->len - 1])
    return FALSE;
  g_object_get (estimators->pdata[0], ESTIMATE, &estimate, NULL);
  *bitrate = estimate;
  return estimate > 0;
}

static void
shared_clear (gpointer data)
{
  Shared *shared = data;

  g_ptr_array_unref (shared->estimators);
  g_mutex_clear (&shared->lock);
}

static void
shared_release (gpointer shared, GClosure *closure)
{
  g_atomic_rc_box_release_full (shared, shared_clear);
}

static void
scan (GstCallstatsTwcc *self, GstElement *webrtcbin)
{
  GstIterator *elements = gst_bin_iterate_recurse (GST_BIN (webrtcbin));

  while (
      gst_iterator_foreach (elements, look_at_item, self->shared) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (elements);
  gst_iterator_free (elements);
}

GstCallstatsTwcc *
gst_callstats_twcc_new (GstElement *webrtcbin)
{
  GstCallstatsTwcc *self = g_new0 (GstCallstatsTwcc, 1);

  self->shared = g_atomic_rc_box_new0 (Shared);
  g_mutex_init (&self->shared->lock);
  self->shared->estimators = g_ptr_array_new_with_free_func (weak_ref_free);
  self->handler = g_signal_connect_data (webrtcbin, "deep-element-added",
      G_CALLBACK (on_element), g_atomic_rc_box_acquire (self->shared), shared_release, 0);
  scan (self, webrtcbin);
  return self;
}

void
gst_callstats_twcc_free (GstCallstatsTwcc *self, GstElement *webrtcbin)
{
  if (self == NULL)
    return;
  if (webrtcbin != NULL)
    g_signal_handler_disconnect (webrtcbin, self->handler);
  shared_release (self->shared, NULL);
  g_free (self);
}
