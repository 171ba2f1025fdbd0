/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The jitter buffers of one webrtcbin.
 *
 * on_new_jitterbuffer runs with locks of rtpbin held: it adds probes to pads that nobody
 * else knows yet, keeps a weak reference, and no more. A buffer's lock is held for one
 * packet or one reading; the list's for a look into it. Monitor thread only, but for that
 * and the probes.
 */
#include "rtpemission.h"
#include "rtpjitter.h"

#define MAX_BUFFERS 256

/* What a probe holds. */
typedef struct {
  gatomicrefcount ref_count;
  GMutex lock;
  GstCallstatsEmission emission;
} Watch;

typedef struct {
  guint32 ssrc;
  GWeakRef element;
  gulong enter, leave; /* probes */
  Watch *watch;
  /* Monitor thread only: */
  GstCallstatsJitterStats base; /* of what was before it, with its target delay */
  GstCallstatsJitterStats now;  /* its own as read last, but for its target delay */
  guint64 frames, samples;      /* that the target delay is reckoned up to */
} Buffer;

typedef struct {
  gatomicrefcount ref_count;
  GMutex lock;
  GPtrArray *fresh; /* Buffer: not taken over by the monitor thread yet */
  gboolean closed;
} Arrivals;

struct _GstCallstatsJitterBuffers {
  Arrivals *arrivals;
  gulong handler;
  GPtrArray *buffers; /* Buffer: one an SSRC */
};

/* rtpjitterbuffer's `stats`; our struct's members by their offsets */
static const struct {
  GstCallstatsField field;
  gsize offset;
} fields[] = {
  { { "num-late", "packetsDiscarded", GST_CALLSTATS_UNIT_UNSIGNED, 0, NULL },
      G_STRUCT_OFFSET (GstCallstatsJitterStats, late) },
  { { "num-duplicates", "packetsDuplicated", GST_CALLSTATS_UNIT_UNSIGNED, 0, NULL },
      G_STRUCT_OFFSET (GstCallstatsJitterStats, duplicates) },
  { { "rtx-count", "retransmissionsRequested", GST_CALLSTATS_UNIT_UNSIGNED, 0, NULL },
      G_STRUCT_OFFSET (GstCallstatsJitterStats, retransmissions_requested) },
  { { "rtx-success-count", "packetsRepaired", GST_CALLSTATS_UNIT_UNSIGNED, 0, NULL },
      G_STRUCT_OFFSET (GstCallstatsJitterStats, retransmissions_successful) },
};

/* Probes */

static void
watch_unref (gpointer data)
{
  Watch *watch = data;

  if (!g_atomic_ref_count_dec (&watch->ref_count))
    return;
  g_mutex_clear (&watch->lock);
  g_free (watch);
}

typedef void (*Take) (
    GstCallstatsEmission *emission, const GstCallstatsRtpPacket *packet, gint64 time);

static void
take (Watch *watch, GstBuffer *buffer, gint64 now, Take function)
{
  GstCallstatsRtpPacket packet;

  if (gst_callstats_rtp_packet_read_fixed (&packet, buffer))
    function (&watch->emission, &packet, now);
}

static GstPadProbeReturn
take_all (GstPadProbeInfo *info, Watch *watch, Take function)
{
  gint64 now = g_get_monotonic_time ();
  GstBufferList *list;
  guint i;

  g_mutex_lock (&watch->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    take (watch, GST_PAD_PROBE_INFO_BUFFER (info), now, function);
  } else {
    list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (i = 0; i < gst_buffer_list_length (list); i++)
      take (watch, gst_buffer_list_get (list, i), now, function);
  }
  g_mutex_unlock (&watch->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_enter (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return take_all (info, user_data, gst_callstats_emission_enter);
}

static GstPadProbeReturn
on_leave (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return take_all (info, user_data, gst_callstats_emission_leave);
}

static gulong
add_probe (
    GstElement *element, const char *name, GstPadProbeCallback callback, Watch *watch)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  if (pad == NULL)
    return 0;
  g_atomic_ref_count_inc (&watch->ref_count);
  return gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, callback, watch,
      watch_unref);
}

static void
remove_probe (GstElement *element, const char *name, gulong probe)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  if (pad != NULL && probe != 0)
    gst_pad_remove_probe (pad, probe);
}

/* Buffers */

static void
buffer_free (gpointer data)
{
  Buffer *buffer = data;
  g_autoptr (GstElement) element = g_weak_ref_get (&buffer->element);

  if (element != NULL) {
    remove_probe (element, "sink", buffer->enter);
    remove_probe (element, "src", buffer->leave);
  }
  g_weak_ref_clear (&buffer->element);
  watch_unref (buffer->watch);
  g_free (buffer);
}

static Buffer *
buffer_new (GstElement *element, guint32 ssrc)
{
  Buffer *buffer = g_new0 (Buffer, 1);

  buffer->ssrc = ssrc;
  g_weak_ref_init (&buffer->element, element);
  buffer->watch = g_new0 (Watch, 1);
  g_atomic_ref_count_init (&buffer->watch->ref_count);
  g_mutex_init (&buffer->watch->lock);
  buffer->enter = add_probe (element, "sink", on_enter, buffer->watch);
  buffer->leave = add_probe (element, "src", on_leave, buffer->watch);
  return buffer;
}

static void
read_fields (Buffer *buffer, GstElement *element)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 count;
  guint i;

  g_object_get (element, "stats", &stats, NULL);
  for (i = 0; stats != NULL && i < G_N_ELEMENTS (fields); i++) {
    if (gst_callstats_get_count (stats, fields[i].field.gst, &count))
      G_STRUCT_MEMBER (guint64, &buffer->now, fields[i].offset) = count;
  }
}

static void
read_emission (Buffer *buffer)
{
  const GstCallstatsEmission *emission = &buffer->watch->emission;

  g_mutex_lock (&buffer->watch->lock);
  buffer->now.frames = emission->frames;
  buffer->now.samples = emission->samples;
  buffer->now.frame_delay = emission->frame_delay;
  buffer->now.sample_delay = emission->sample_delay;
  buffer->now.last_timestamp = emission->last_timestamp;
  buffer->now.last = emission->last;
  g_mutex_unlock (&buffer->watch->lock);
}

/* The buffer's latency is what it aims at. */
static void
add_target (Buffer *buffer, GstElement *element)
{
  guint latency = 0;

  g_object_get (element, "latency", &latency, NULL);
  buffer->now.frame_target += (buffer->now.frames - buffer->frames) * (latency / 1000.0);
  buffer->now.sample_target +=
      (buffer->now.samples - buffer->samples) * (latency / 1000.0);
  buffer->frames = buffer->now.frames;
  buffer->samples = buffer->now.samples;
}

static void
buffer_look (Buffer *buffer)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&buffer->element);

  read_emission (buffer);
  if (element == NULL)
    return;
  read_fields (buffer, element);
  add_target (buffer, element);
}

static void
add_up (const GstCallstatsJitterStats *a, const Buffer *b, GstCallstatsJitterStats *sum)
{
  const GstCallstatsJitterStats *now = &b->now;

  sum->late = a->late + now->late;
  sum->duplicates = a->duplicates + now->duplicates;
  sum->retransmissions_requested =
      a->retransmissions_requested + now->retransmissions_requested;
  sum->retransmissions_successful =
      a->retransmissions_successful + now->retransmissions_successful;
  sum->frames = a->frames + now->frames;
  sum->samples = a->samples + now->samples;
  sum->frame_delay = a->frame_delay + now->frame_delay;
  sum->sample_delay = a->sample_delay + now->sample_delay;
  sum->frame_target = a->frame_target + now->frame_target;
  sum->sample_target = a->sample_target + now->sample_target;
  sum->last_timestamp = now->last != 0 ? now->last_timestamp : a->last_timestamp;
  sum->last = now->last != 0 ? now->last : a->last;
}

/* The list */

static Buffer *
find_buffer (GstCallstatsJitterBuffers *self, guint32 ssrc, guint *index)
{
  guint i;

  for (i = 0; i < self->buffers->len; i++) {
    Buffer *buffer = g_ptr_array_index (self->buffers, i);

    if (buffer->ssrc != ssrc)
      continue;
    *index = i;
    return buffer;
  }
  return NULL;
}

/* Takes the place of the SSRC's last one, and goes on from its figures. */
static void
adopt (GstCallstatsJitterBuffers *self, Buffer *buffer)
{
  guint index;
  Buffer *last = find_buffer (self, buffer->ssrc, &index);

  if (last != NULL) {
    read_emission (last);
    add_up (&last->base, last, &buffer->base);
    g_ptr_array_remove_index (self->buffers, index);
  }
  if (self->buffers->len == MAX_BUFFERS)
    g_ptr_array_remove_index (self->buffers, 0);
  g_ptr_array_add (self->buffers, buffer);
}

void
gst_callstats_jitter_buffers_look (GstCallstatsJitterBuffers *self)
{
  g_autoptr (GPtrArray) fresh = NULL;
  guint i;

  g_mutex_lock (&self->arrivals->lock);
  fresh = g_steal_pointer (&self->arrivals->fresh);
  self->arrivals->fresh = g_ptr_array_new_with_free_func (buffer_free);
  g_mutex_unlock (&self->arrivals->lock);
  g_ptr_array_set_free_func (fresh, NULL);
  for (i = 0; i < fresh->len; i++)
    adopt (self, g_ptr_array_index (fresh, i));
  for (i = 0; i < self->buffers->len; i++)
    buffer_look (g_ptr_array_index (self->buffers, i));
}

gboolean
gst_callstats_jitter_buffers_get (
    GstCallstatsJitterBuffers *self, guint32 ssrc, GstCallstatsJitterStats *stats)
{
  guint index;
  const Buffer *buffer = find_buffer (self, ssrc, &index);

  if (buffer != NULL)
    add_up (&buffer->base, buffer, stats);
  return buffer != NULL;
}

/* Arrivals */

static void
arrivals_unref (gpointer data)
{
  Arrivals *arrivals = data;

  if (!g_atomic_ref_count_dec (&arrivals->ref_count))
    return;
  g_ptr_array_unref (arrivals->fresh);
  g_mutex_clear (&arrivals->lock);
  g_free (arrivals);
}

static void
release (gpointer arrivals, GClosure *closure)
{
  arrivals_unref (arrivals);
}

/* With the lock held. */
static gboolean
is_known (Arrivals *arrivals, guint32 ssrc)
{
  guint i;

  for (i = 0; i < arrivals->fresh->len; i++) {
    if (((const Buffer *)g_ptr_array_index (arrivals->fresh, i))->ssrc == ssrc)
      return TRUE;
  }
  return FALSE;
}

/* is_new: the SSRC may have had another one */
static void
arrive (Arrivals *arrivals, GstElement *element, guint32 ssrc, gboolean is_new)
{
  Buffer *buffer = buffer_new (element, ssrc);
  gboolean kept;

  g_mutex_lock (&arrivals->lock);
  kept = !arrivals->closed && arrivals->fresh->len < MAX_BUFFERS &&
         (is_new || !is_known (arrivals, ssrc));
  if (kept)
    g_ptr_array_add (arrivals->fresh, buffer);
  g_mutex_unlock (&arrivals->lock);
  if (!kept)
    buffer_free (buffer);
}

static void
on_new_jitterbuffer (GstElement *rtpbin, GstElement *element, guint session, guint ssrc,
    gpointer user_data)
{
  arrive (user_data, element, ssrc, TRUE);
}

static gboolean
is_jitter_buffer (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_strcmp0 (GST_OBJECT_NAME (factory), "rtpjitterbuffer") == 0;
}

/* One that was there before the watch: rtpssrcdemux writes the SSRC into its caps. */
static void
meet (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);
  g_autoptr (GstPad) pad =
      is_jitter_buffer (element) ? gst_element_get_static_pad (element, "sink") : NULL;
  g_autoptr (GstCaps) caps = pad != NULL ? gst_pad_get_current_caps (pad) : NULL;
  guint ssrc;

  if (caps != NULL &&
      gst_structure_get_uint (gst_caps_get_structure (caps, 0), "ssrc", &ssrc))
    arrive (user_data, element, ssrc, FALSE);
}

static void
meet_all (GstElement *rtpbin, Arrivals *arrivals)
{
  GstIterator *children = gst_bin_iterate_elements (GST_BIN (rtpbin));

  while (gst_iterator_foreach (children, meet, arrivals) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (children);
  gst_iterator_free (children);
}

GstCallstatsJitterBuffers *
gst_callstats_jitter_buffers_new (GstElement *rtpbin)
{
  GstCallstatsJitterBuffers *self = g_new0 (GstCallstatsJitterBuffers, 1);

  self->buffers = g_ptr_array_new_with_free_func (buffer_free);
  self->arrivals = g_new0 (Arrivals, 1);
  g_atomic_ref_count_init (&self->arrivals->ref_count);
  g_mutex_init (&self->arrivals->lock);
  self->arrivals->fresh = g_ptr_array_new_with_free_func (buffer_free);
  g_atomic_ref_count_inc (&self->arrivals->ref_count);
  self->handler = g_signal_connect_data (rtpbin, "new-jitterbuffer",
      G_CALLBACK (on_new_jitterbuffer), self->arrivals, release, 0);
  meet_all (rtpbin, self->arrivals);
  return self;
}

void
gst_callstats_jitter_buffers_free (GstCallstatsJitterBuffers *self, GstElement *rtpbin)
{
  g_autoptr (GPtrArray) fresh = NULL;

  if (self == NULL)
    return;
  if (rtpbin != NULL)
    g_signal_handler_disconnect (rtpbin, self->handler);
  g_mutex_lock (&self->arrivals->lock);
  self->arrivals->closed = TRUE;
  fresh = g_steal_pointer (&self->arrivals->fresh);
  self->arrivals->fresh = g_ptr_array_new_with_free_func (buffer_free);
  g_mutex_unlock (&self->arrivals->lock);
  g_ptr_array_unref (self->buffers);
  arrivals_unref (self->arrivals);
  g_free (self);
}
