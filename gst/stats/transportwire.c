/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What goes through the transports of one webrtcbin.
 *
 * on_element_added() may run under webrtcbin's own lock: it looks at the new child, whose
 * properties take none, and at nothing else. Probes count. No lock of ours is held across
 * a call out. A transport's connection-id tells its session: the objects behind
 * webrtcbin's bins are not to be had safely.
 */
#include "transportwire.h"

#include <stdio.h>

#include "candidatesagent.h"

/* Of GstDtlsConnectionState. */
#define DTLS_NEW 0
#define DTLS_CLOSED 1
#define PACKETS (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)

typedef struct {
  GstPad *pad;
  gulong probe;
} Tap;

struct _GstCallstatsWire {
  guint session;
  GMutex lock; /* of all below */
  GArray *taps;
  GstElement *decoder, *encoder; /* nullable */
  GstCallstatsIceAgent *agent;   /* nullable */
  GstCallstatsTraffic traffic;
  gboolean cut;
  gboolean late;
  gboolean has_hello;
  GstCallstatsServerHello hello;
};

/* What a handler and the monitor thread share. */
typedef struct {
  GMutex lock;
  GPtrArray *wires; /* GstCallstatsWire */
  gboolean closed;
} Shared;

struct _GstCallstatsWires {
  Shared *shared;
  gulong handler;
};

/* Wires */

static GstCallstatsWire *
wire_new (guint session)
{
  GstCallstatsWire *self = g_atomic_rc_box_new0 (GstCallstatsWire);

  g_mutex_init (&self->lock);
  self->session = session;
  self->taps = g_array_new (FALSE, FALSE, sizeof (Tap));
  return self;
}

GstCallstatsWire *
gst_callstats_wire_ref (GstCallstatsWire *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
wire_clear (gpointer data)
{
  GstCallstatsWire *self = data;

  gst_clear_object (&self->decoder);
  gst_clear_object (&self->encoder);
  g_array_unref (self->taps);
  g_mutex_clear (&self->lock);
}

void
gst_callstats_wire_unref (gpointer wire)
{
  g_atomic_rc_box_release_full (wire, wire_clear);
}

/* Probes and the agent hold their wire: they let go of each other here. */
static void
wire_cut (GstCallstatsWire *self)
{
  g_autoptr (GArray) taps = NULL;
  GstCallstatsIceAgent *agent;
  guint i;

  g_mutex_lock (&self->lock);
  self->cut = TRUE;
  taps = g_steal_pointer (&self->taps);
  self->taps = g_array_new (FALSE, FALSE, sizeof (Tap));
  agent = g_steal_pointer (&self->agent);
  g_mutex_unlock (&self->lock);
  gst_callstats_ice_agent_free (agent);
  for (i = 0; i < taps->len; i++) {
    Tap *tap = &g_array_index (taps, Tap, i);

    gst_pad_remove_probe (tap->pad, tap->probe);
    gst_object_unref (tap->pad);
  }
}

/* Counting */

/* What the server chose stays as it is. */
static void
look_for_hello (GstCallstatsWire *self, GstBuffer *buffer)
{
  GstCallstatsServerHello hello;
  GstMapInfo map;
  guint8 first = 0;

  if (gst_buffer_extract (buffer, 0, &first, 1) == 0 || !gst_callstats_is_dtls (first) ||
      !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  if (gst_callstats_server_hello_read (map.data, map.size, &hello)) {
    self->hello = hello;
    self->has_hello = TRUE;
  }
  gst_buffer_unmap (buffer, &map);
}

static void
count_buffer (GstCallstatsWire *self, GstCallstatsFlow *flow, GstBuffer *buffer)
{
  flow->packets++;
  flow->bytes += gst_buffer_get_size (buffer);
  if (!self->has_hello)
    look_for_hello (self, buffer);
}

static void
count (GstCallstatsWire *self, GstCallstatsFlow *flow, GstPadProbeInfo *info)
{
  gint64 now = g_get_monotonic_time ();
  guint i;

  g_mutex_lock (&self->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);

    for (i = 0; i < gst_buffer_list_length (list); i++)
      count_buffer (self, flow, gst_buffer_list_get (list, i));
  } else {
    count_buffer (self, flow, GST_PAD_PROBE_INFO_BUFFER (info));
  }
  flow->last = now;
  g_mutex_unlock (&self->lock);
}

static GstPadProbeReturn
on_sent (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstCallstatsWire *self = user_data;

  count (self, &self->traffic.sent, info);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_received (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstCallstatsWire *self = user_data;

  count (self, &self->traffic.received, info);
  return GST_PAD_PROBE_OK;
}

static gboolean
is_tapped (GstCallstatsWire *self, GstPad *pad)
{
  gboolean tapped = FALSE;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; !tapped && i < self->taps->len; i++)
    tapped = g_array_index (self->taps, Tap, i).pad == pad;
  g_mutex_unlock (&self->lock);
  return tapped;
}

static void
tap_pad (GstCallstatsWire *self, GstElement *element, const char *name,
    GstPadProbeCallback callback)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);
  Tap tap = { .pad = pad };
  gboolean cut;

  if (pad == NULL || is_tapped (self, pad))
    return;
  tap.probe = gst_pad_add_probe (
      pad, PACKETS, callback, gst_callstats_wire_ref (self), gst_callstats_wire_unref);
  g_mutex_lock (&self->lock);
  cut = self->cut;
  if (!cut) {
    gst_object_ref (pad);
    g_array_append_val (self->taps, tap);
  }
  g_mutex_unlock (&self->lock);
  if (cut)
    gst_pad_remove_probe (pad, tap.probe);
}

/* Finding */

/* The first element of a bin, at any depth, that a factory made. */
static GstElement *
find_element (GstBin *bin, const char *factory)
{
  GstIterator *elements = gst_bin_iterate_all_by_element_factory_name (bin, factory);
  g_auto (GValue) value = G_VALUE_INIT;
  GstElement *found = NULL;
  GstIteratorResult result;

  while ((result = gst_iterator_next (elements, &value)) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (elements);
  if (result == GST_ITERATOR_OK)
    found = g_value_dup_object (&value);
  gst_iterator_free (elements);
  return found;
}

/* The child that is no bin and has the flag: ICE's own. */
static GstElement *
find_ice_element (GstBin *bin, GstElementFlags flag)
{
  GstElement *found = NULL;
  GList *child;

  GST_OBJECT_LOCK (bin);
  for (child = bin->children; child != NULL && found == NULL; child = child->next) {
    if (!GST_IS_BIN (child->data) && GST_OBJECT_FLAG_IS_SET (child->data, flag))
      found = gst_object_ref (child->data);
  }
  GST_OBJECT_UNLOCK (bin);
  return found;
}

/* The GStreamer of today calls a connection rtp_<session>_<random>. */
static gboolean
get_session (GstElement *dtls, guint *session)
{
  g_autofree char *id = NULL;
  guint random;

  g_object_get (dtls, "connection-id", &id, NULL);
  return id != NULL && sscanf (id, "rtp_%u_%u", session, &random) == 2;
}

/* Returns: (nullable): NULL: nobody counts any more */
static GstCallstatsWire *
find_wire (Shared *shared, guint session)
{
  GstCallstatsWire *wire = NULL;
  guint i;

  g_mutex_lock (&shared->lock);
  for (i = 0; i < shared->wires->len; i++) {
    GstCallstatsWire *known = g_ptr_array_index (shared->wires, i);

    if (known->session == session)
      wire = known;
  }
  if (wire == NULL && !shared->closed) {
    wire = wire_new (session);
    g_ptr_array_add (shared->wires, wire);
  }
  if (wire != NULL)
    gst_callstats_wire_ref (wire);
  g_mutex_unlock (&shared->lock);
  return wire;
}

static void
keep (GstCallstatsWire *self, GstElement **place, GstElement *element)
{
  g_mutex_lock (&self->lock);
  if (*place == NULL && element != NULL)
    *place = gst_object_ref (element);
  g_mutex_unlock (&self->lock);
}

/* Closed is what it is before it begins, too. */
static gboolean
has_begun (GstElement *dtls)
{
  gint state;

  g_object_get (dtls, "connection-state", &state, NULL);
  return state != DTLS_NEW && state != DTLS_CLOSED;
}

static void
set_late (GstCallstatsWire *self)
{
  g_mutex_lock (&self->lock);
  self->late = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
look_at_receiver (GstCallstatsWire *self, GstBin *bin, GstElement *decoder)
{
  g_autoptr (GstElement) source = find_ice_element (bin, GST_ELEMENT_FLAG_SOURCE);

  keep (self, &self->decoder, decoder);
  if (source != NULL)
    tap_pad (self, source, "src", on_received);
}

static void
watch_agent (GstCallstatsWire *self, GstElement *sink, gboolean found)
{
  GstCallstatsIceAgent *agent = gst_callstats_ice_agent_new (self, sink, found);

  g_mutex_lock (&self->lock);
  if (self->agent == NULL && !self->cut)
    self->agent = g_steal_pointer (&agent);
  g_mutex_unlock (&self->lock);
  gst_callstats_ice_agent_free (agent);
}

static void
look_at_sender (GstCallstatsWire *self, GstBin *bin, GstElement *encoder, gboolean found)
{
  g_autoptr (GstElement) sink = find_ice_element (bin, GST_ELEMENT_FLAG_SINK);

  keep (self, &self->encoder, encoder);
  if (sink == NULL)
    return;
  tap_pad (self, sink, "sink", on_sent);
  if (gst_callstats_wire_get_agent (self) == NULL)
    watch_agent (self, sink, found);
}

/* found: it was there already, and may have begun */
static void
look_at_child (Shared *shared, GstElement *child, gboolean found)
{
  g_autoptr (GstElement) decoder = NULL;
  g_autoptr (GstElement) encoder = NULL;
  GstElement *dtls;
  GstCallstatsWire *wire;
  guint session;

  if (!GST_IS_BIN (child))
    return;
  decoder = find_element (GST_BIN (child), "dtlsdec");
  encoder = find_element (GST_BIN (child), "dtlsenc");
  dtls = decoder != NULL ? decoder : encoder;
  if (dtls == NULL || !get_session (dtls, &session))
    return;
  wire = find_wire (shared, session);
  if (wire == NULL)
    return;
  if (decoder != NULL)
    look_at_receiver (wire, GST_BIN (child), decoder);
  if (encoder != NULL)
    look_at_sender (wire, GST_BIN (child), encoder, found);
  if (found && has_begun (dtls))
    set_late (wire);
  gst_callstats_wire_unref (wire);
}

static void
on_element_added (GstBin *webrtcbin, GstElement *child, gpointer user_data)
{
  look_at_child (user_data, child, FALSE);
}

static void
look_at_item (const GValue *item, gpointer user_data)
{
  look_at_child (user_data, g_value_get_object (item), TRUE);
}

/* Looking */

guint
gst_callstats_wire_get_session (GstCallstatsWire *self)
{
  return self->session;
}

gboolean
gst_callstats_wire_get_traffic (GstCallstatsWire *self, GstCallstatsTraffic *traffic)
{
  gboolean whole;

  g_mutex_lock (&self->lock);
  *traffic = self->traffic;
  whole = !self->late;
  g_mutex_unlock (&self->lock);
  return whole;
}

gboolean
gst_callstats_wire_get_hello (GstCallstatsWire *self, GstCallstatsServerHello *hello)
{
  gboolean has_hello;

  g_mutex_lock (&self->lock);
  *hello = self->hello;
  has_hello = self->has_hello;
  g_mutex_unlock (&self->lock);
  return has_hello;
}

static GstElement *
ref_element (GstCallstatsWire *self, GstElement **place)
{
  GstElement *element;

  g_mutex_lock (&self->lock);
  element = *place != NULL ? gst_object_ref (*place) : NULL;
  g_mutex_unlock (&self->lock);
  return element;
}

GstElement *
gst_callstats_wire_ref_decoder (GstCallstatsWire *self)
{
  return ref_element (self, &self->decoder);
}

GstElement *
gst_callstats_wire_ref_encoder (GstCallstatsWire *self)
{
  return ref_element (self, &self->encoder);
}

GstCallstatsIceAgent *
gst_callstats_wire_get_agent (GstCallstatsWire *self)
{
  GstCallstatsIceAgent *agent;

  g_mutex_lock (&self->lock);
  agent = self->agent;
  g_mutex_unlock (&self->lock);
  return agent;
}

GPtrArray *
gst_callstats_wires_get (GstCallstatsWires *self)
{
  GPtrArray *wires = g_ptr_array_new_with_free_func (gst_callstats_wire_unref);
  guint i;

  g_mutex_lock (&self->shared->lock);
  for (i = 0; i < self->shared->wires->len; i++)
    g_ptr_array_add (
        wires, gst_callstats_wire_ref (g_ptr_array_index (self->shared->wires, i)));
  g_mutex_unlock (&self->shared->lock);
  return wires;
}

/* Beginning and ending */

static void
shared_clear (gpointer data)
{
  Shared *shared = data;

  g_ptr_array_unref (shared->wires);
  g_mutex_clear (&shared->lock);
}

static void
shared_release (gpointer shared, GClosure *closure)
{
  g_atomic_rc_box_release_full (shared, shared_clear);
}

static void
scan (GstCallstatsWires *self, GstElement *webrtcbin)
{
  GstIterator *children = gst_bin_iterate_elements (GST_BIN (webrtcbin));

  while (
      gst_iterator_foreach (children, look_at_item, self->shared) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (children);
  gst_iterator_free (children);
}

GstCallstatsWires *
gst_callstats_wires_new (GstElement *webrtcbin)
{
  GstCallstatsWires *self = g_new0 (GstCallstatsWires, 1);

  gst_callstats_ice_agent_prepare ();
  self->shared = g_atomic_rc_box_new0 (Shared);
  g_mutex_init (&self->shared->lock);
  self->shared->wires = g_ptr_array_new_with_free_func (gst_callstats_wire_unref);
  self->handler =
      g_signal_connect_data (webrtcbin, "element-added", G_CALLBACK (on_element_added),
          g_atomic_rc_box_acquire (self->shared), shared_release, 0);
  scan (self, webrtcbin);
  return self;
}

void
gst_callstats_wires_free (GstCallstatsWires *self, GstElement *webrtcbin)
{
  g_autoptr (GPtrArray) wires = NULL;

  if (self == NULL)
    return;
  if (webrtcbin != NULL)
    g_signal_handler_disconnect (webrtcbin, self->handler);
  g_mutex_lock (&self->shared->lock);
  self->shared->closed = TRUE;
  g_mutex_unlock (&self->shared->lock);
  wires = gst_callstats_wires_get (self);
  g_ptr_array_foreach (wires, (GFunc)(void (*) (void))wire_cut, NULL);
  shared_release (self->shared, NULL);
  g_free (self);
}
