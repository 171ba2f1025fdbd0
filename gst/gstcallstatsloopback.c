/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element callstatsloopback: properties, pads and states of a call inside a bin.
 *
 * `lock` guards the list of streams and what is next to it; it is never held across a
 * call out, and the streams' own locks come after it. The two webrtcbins change only
 * while the element is below PAUSED. Streams call back from streaming threads,
 * signalling from its own.
 */

/**
 * SECTION:element-callstatsloopback
 * @title: callstatsloopback
 * @short_description: a whole WebRTC call between two webrtcbins in one bin
 *
 * Holds two webrtcbins, named `caller` and `callee`, and does their signalling: RTP
 * that goes in at `sink_N` comes out at `src_N` after real ICE, DTLS and SRTP. It uses
 * the address 127.0.0.1 only, so a call needs no network and never leaves the machine.
 *
 * The offer is made once every sink pad has caps; until the call is negotiated, data
 * is held at the sink pads. A sink pad that is requested later is added by another
 * negotiation. Releasing `sink_N` ends and removes `src_N`; its m-line stays in the
 * call without media. Streams that share a transport (any
 * #callstatsloopback:bundle-policy but `none`) need payload types of their own, one for
 * each codec.
 *
 * `src_N` appears with its first packet. What comes out of a pad that is not linked, or
 * whose consumer refuses it, is dropped; the call goes on.
 *
 * EOS at `sink_N` comes out at `src_N` after the last packet that went in. If that packet
 * is lost, EOS follows when nothing has come out for #callstatsloopback:latency plus one
 * second. If nothing ever comes out, because nothing went in or the call failed, `src_N`
 * appears nevertheless and carries only EOS, so downstream always ends. The call stays
 * up until the element is stopped. Once every stream has ended the element posts EOS as
 * sinks do, so a pipeline ends also where no `src_N` is linked.
 *
 * If negotiation or the connection fails there is one error message, which names the
 * step. Data that comes after it is dropped.
 *
 * A webrtcbin cannot be used for a second call. If the element is started again it has
 * new ones from NULL to READY on, with the names and settings of the old: look them up
 * again after that.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e callstatsloopback name=call \
 *     videotestsrc is-live=true ! vp8enc deadline=1 ! rtpvp8pay pt=96 ! call.sink_0 \
 *     audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97 ! call.sink_1 \
 *     call.src_0 ! rtpvp8depay ! vp8dec ! fakesink \
 *     call.src_1 ! rtpopusdepay ! opusdec ! fakesink
 * ]| A call with video and audio; Ctrl-C ends it.
 */
#include <stdio.h>

#include <gst/webrtc/webrtc.h>

#include "gstcallstatsloopback.h"
#include "loopback-peer.h"
#include "loopback-signalling.h"
#include "loopback-stream.h"

GST_DEBUG_CATEGORY (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

#define DEFAULT_LATENCY 200
#define DEFAULT_BUNDLE_POLICY GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE
#define EOS_GRACE 1000 /* ms on top of the latency */

struct _GstCallstatsLoopback {
  GstBin parent;

  GstElement *caller, *callee; /* children, and ours; NULL if there is no webrtcbin */
  gboolean used;               /* they have been in a call */

  GMutex lock;
  GPtrArray *streams;             /* LoopbackStream */
  LoopbackSignalling *signalling; /* from READY to PAUSED, down to READY */
  gboolean eos_posted;
  guint latency;
  GstWebRTCBundlePolicy bundle_policy;
};

typedef struct {
  GstCallstatsLoopback *self; /* not a reference: the signalling ends before it */
  LoopbackStream *stream;
  gboolean due;
} EosCheck;

enum { PROP_0, PROP_LATENCY, PROP_BUNDLE_POLICY, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS ("application/x-rtp"));

G_DEFINE_FINAL_TYPE (GstCallstatsLoopback, gst_callstats_loopback, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (
    callstatsloopback, "callstatsloopback", GST_RANK_NONE, GST_TYPE_CALLSTATS_LOOPBACK)

static gpointer
copy_stream (gconstpointer stream, gpointer unused)
{
  return loopback_stream_ref ((LoopbackStream *)stream);
}

static GPtrArray *
copy_streams (GstCallstatsLoopback *self)
{
  GPtrArray *copy;

  g_mutex_lock (&self->lock);
  copy = g_ptr_array_copy (self->streams, copy_stream, NULL);
  g_mutex_unlock (&self->lock);
  return copy;
}

static LoopbackSignalling *
ref_signalling (GstCallstatsLoopback *self)
{
  LoopbackSignalling *signalling;

  g_mutex_lock (&self->lock);
  signalling = self->signalling ? loopback_signalling_ref (self->signalling) : NULL;
  g_mutex_unlock (&self->lock);
  return signalling;
}

static guint
get_latency (GstCallstatsLoopback *self)
{
  guint latency;

  g_mutex_lock (&self->lock);
  latency = self->latency;
  g_mutex_unlock (&self->lock);
  return latency;
}

static GstWebRTCBundlePolicy
get_bundle_policy (GstCallstatsLoopback *self)
{
  GstWebRTCBundlePolicy policy;

  g_mutex_lock (&self->lock);
  policy = self->bundle_policy;
  g_mutex_unlock (&self->lock);
  return policy;
}

/* Negotiation */

/* With the lock held: one offer for all, once none has to be waited for */
static gboolean
must_offer (GstCallstatsLoopback *self)
{
  gboolean must = FALSE;

  for (guint i = 0; i < self->streams->len; i++) {
    if (!loopback_stream_may_offer (g_ptr_array_index (self->streams, i)))
      return FALSE;
  }
  for (guint i = 0; i < self->streams->len; i++)
    must |= loopback_stream_take_offer (g_ptr_array_index (self->streams, i));
  return must;
}

static void
negotiate_if_needed (GstCallstatsLoopback *self)
{
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);
  gboolean must;

  if (!signalling)
    return;
  g_mutex_lock (&self->lock);
  must = must_offer (self);
  g_mutex_unlock (&self->lock);
  if (must)
    loopback_signalling_negotiate (signalling);
}

static void
on_stable (gpointer owner)
{
  g_autoptr (GPtrArray) streams = copy_streams (owner);

  for (guint i = 0; i < streams->len; i++)
    loopback_stream_open (g_ptr_array_index (streams, i));
}

static void
on_failed (gpointer owner, const gchar *reason)
{
  g_autoptr (GPtrArray) streams = copy_streams (owner);

  GST_ELEMENT_ERROR (owner, RESOURCE, FAILED, ("The call failed at %s", reason), (NULL));
  for (guint i = 0; i < streams->len; i++)
    loopback_stream_fail (g_ptr_array_index (streams, i));
}

static const LoopbackSignallingEvents signalling_events = { on_stable, on_failed };

/* Streams */

static gboolean
same_codec (const GstStructure *a, const GstStructure *b)
{
  static const gchar *const FIELDS[] = { "media", "encoding-name", "clock-rate" };

  for (guint i = 0; i < G_N_ELEMENTS (FIELDS); i++) {
    if (gst_value_compare (gst_structure_get_value (a, FIELDS[i]),
            gst_structure_get_value (b, FIELDS[i])) != GST_VALUE_EQUAL)
      return FALSE;
  }
  return TRUE;
}

static gchar *
find_payload_conflict (
    LoopbackStream *other, const GstStructure *rtp, const GstCaps *others)
{
  const GstStructure *taken = gst_caps_get_structure (others, 0);
  gint payload, other_payload;

  if (!gst_structure_get_int (rtp, "payload", &payload) ||
      !gst_structure_get_int (taken, "payload", &other_payload) ||
      payload != other_payload || same_codec (rtp, taken))
    return NULL;
  return g_strdup_printf ("payload type %d is %s at sink_%u; give this stream's "
                          "payloader another pt",
      payload, gst_structure_get_string (taken, "encoding-name"),
      loopback_stream_get_index (other));
}

static gchar *
refuse (GstElement *element, LoopbackStream *stream, const GstCaps *caps)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (element);
  g_autoptr (GPtrArray) streams = copy_streams (self);
  gchar *conflict = NULL;

  if (get_bundle_policy (self) == GST_WEBRTC_BUNDLE_POLICY_NONE)
    return NULL;
  for (guint i = 0; i < streams->len && !conflict; i++) {
    LoopbackStream *other = g_ptr_array_index (streams, i);
    g_autoptr (GstCaps) others = loopback_stream_get_caps (other);

    if (others && other != stream)
      conflict = find_payload_conflict (other, gst_caps_get_structure (caps, 0), others);
  }
  return conflict;
}

static void
post_eos_if_ended (GstCallstatsLoopback *self)
{
  guint32 seqnum = GST_SEQNUM_INVALID;
  gboolean ended;
  GstMessage *eos;

  g_mutex_lock (&self->lock);
  ended = self->streams->len > 0 && !self->eos_posted;
  for (guint i = 0; i < self->streams->len && ended; i++)
    ended = loopback_stream_has_ended (g_ptr_array_index (self->streams, i), &seqnum);
  self->eos_posted |= ended;
  g_mutex_unlock (&self->lock);
  if (!ended)
    return;
  eos = gst_message_new_eos (GST_OBJECT (self));
  if (seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (eos, seqnum);
  gst_element_post_message (GST_ELEMENT (self), eos);
}

static void
on_stream_changed (GstElement *element)
{
  negotiate_if_needed (GST_CALLSTATS_LOOPBACK (element));
  post_eos_if_ended (GST_CALLSTATS_LOOPBACK (element));
}

static void
eos_check_free (gpointer data)
{
  EosCheck *check = data;

  loopback_stream_unref (check->stream);
  g_free (check);
}

static void schedule_eos_check (
    GstCallstatsLoopback *self, LoopbackStream *stream, gboolean due);

/* A jitter buffer rests while paused, so nothing is late then. */
static gboolean
check_eos (gpointer user_data)
{
  EosCheck *check = user_data;
  gboolean may = check->due || GST_STATE (check->self) == GST_STATE_PLAYING;

  if (!may || !loopback_stream_check_eos (check->stream))
    schedule_eos_check (check->self, check->stream, FALSE);
  return G_SOURCE_REMOVE;
}

static void
schedule_eos_check (GstCallstatsLoopback *self, LoopbackStream *stream, gboolean due)
{
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);
  guint wait = due ? 0 : get_latency (self) + EOS_GRACE;
  EosCheck *check;

  if (!signalling)
    return;
  check = g_new (EosCheck, 1);
  *check = (EosCheck){ self, loopback_stream_ref (stream), due };
  loopback_signalling_invoke_later (signalling, wait, check_eos, check, eos_check_free);
}

static void
on_stream_eos (GstElement *element, LoopbackStream *stream, gboolean due)
{
  schedule_eos_check (GST_CALLSTATS_LOOPBACK (element), stream, due);
}

static const LoopbackStreamEvents stream_events = { refuse, on_stream_changed,
  on_stream_eos };

/* callee numbers its pads as they come; the m-line says whose they are. */
static LoopbackStream *
find_stream_of (GstCallstatsLoopback *self, GstPad *callee_pad)
{
  g_autoptr (GPtrArray) streams = copy_streams (self);
  g_autoptr (GObject) transceiver = NULL;
  guint mline = G_MAXUINT;

  g_object_get (callee_pad, "transceiver", &transceiver, NULL);
  if (transceiver)
    g_object_get (transceiver, "mlineindex", &mline, NULL);
  for (guint i = 0; i < streams->len && mline != G_MAXUINT; i++) {
    LoopbackStream *stream = g_ptr_array_index (streams, i);

    if (loopback_stream_get_mline (stream) == mline)
      return loopback_stream_ref (stream);
  }
  return NULL;
}

/* A jitter buffer's streaming thread, before the first packet */
static void
on_callee_pad (GstElement *callee, GstPad *pad, gpointer user_data)
{
  g_autoptr (LoopbackStream) stream = NULL;

  if (!GST_PAD_IS_SRC (pad))
    return;
  stream = find_stream_of (user_data, pad);
  GST_DEBUG_OBJECT (pad, "belongs to stream %d",
      stream ? (gint)loopback_stream_get_index (stream) : -1);
  if (stream)
    loopback_stream_receive (stream, pad);
  else
    loopback_discard (pad);
}

/* The webrtcbins */

static void
configure_peers (GstCallstatsLoopback *self)
{
  GstElement *peers[] = { self->caller, self->callee };

  for (guint i = 0; i < G_N_ELEMENTS (peers); i++) {
    if (peers[i])
      g_object_set (peers[i], "latency", get_latency (self), "bundle-policy",
          get_bundle_policy (self), NULL);
  }
}

static void
make_peers (GstCallstatsLoopback *self)
{
  self->caller = loopback_peer_new ("caller");
  self->callee = loopback_peer_new ("callee");
  if (!self->caller || !self->callee)
    return;
  g_signal_connect (self->callee, "pad-added", G_CALLBACK (on_callee_pad), self);
  configure_peers (self);
  gst_bin_add_many (GST_BIN (self), self->caller, self->callee, NULL);
}

static void
retire (GstCallstatsLoopback *self, GstElement *peer)
{
  g_signal_handlers_disconnect_by_data (peer, self);
  gst_element_set_state (peer, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (self), peer);
}

static void
renew_peers (GstCallstatsLoopback *self)
{
  g_autoptr (GstElement) caller = g_steal_pointer (&self->caller);
  g_autoptr (GstElement) callee = g_steal_pointer (&self->callee);
  g_autoptr (GPtrArray) streams = copy_streams (self);

  for (guint i = 0; i < streams->len; i++)
    loopback_stream_detach (g_ptr_array_index (streams, i), caller);
  retire (self, caller);
  retire (self, callee);
  make_peers (self);
  loopback_peer_copy_settings (caller, self->caller);
  loopback_peer_copy_settings (callee, self->callee);
  for (guint i = 0; i < streams->len; i++)
    loopback_stream_attach (g_ptr_array_index (streams, i), self->caller);
  self->used = FALSE;
}

static gboolean
prepare_peers (GstCallstatsLoopback *self)
{
  if (!self->caller || !self->callee) {
    GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN,
        ("There is no webrtcbin: install GStreamer's webrtc plugin."), (NULL));
    return FALSE;
  }
  if (self->used)
    renew_peers (self);
  return TRUE;
}

/* States */

static void
start_call (GstCallstatsLoopback *self)
{
  LoopbackSignalling *signalling =
      loopback_signalling_start (self->caller, self->callee, &signalling_events, self);

  g_mutex_lock (&self->lock);
  self->signalling = signalling;
  self->eos_posted = FALSE;
  g_mutex_unlock (&self->lock);
  self->used = TRUE;
}

static void
silence_call (GstCallstatsLoopback *self)
{
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);

  if (signalling)
    loopback_signalling_silence (signalling);
}

static void
end_call (GstCallstatsLoopback *self)
{
  g_autoptr (GPtrArray) streams = copy_streams (self);
  g_autoptr (LoopbackSignalling) signalling = NULL;

  g_mutex_lock (&self->lock);
  signalling = g_steal_pointer (&self->signalling);
  g_mutex_unlock (&self->lock);
  if (!signalling)
    return;
  loopback_signalling_stop (signalling);
  for (guint i = 0; i < streams->len; i++) {
    loopback_stream_remove_src (g_ptr_array_index (streams, i));
    loopback_stream_reset (g_ptr_array_index (streams, i));
  }
}

static GstStateChangeReturn
gst_callstats_loopback_change_state (GstElement *element, GstStateChange transition)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY ||
      transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (!prepare_peers (self))
      return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    start_call (self);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    silence_call (self);

  result = GST_ELEMENT_CLASS (gst_callstats_loopback_parent_class)
               ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          result == GST_STATE_CHANGE_FAILURE))
    end_call (self);
  return result;
}

/* Pads */

/* Only with streams does the element count as a sink whose EOS is waited for. */
static void
update_sink_flag (GstCallstatsLoopback *self)
{
  gboolean sink;

  g_mutex_lock (&self->lock);
  sink = self->streams->len > 0;
  g_mutex_unlock (&self->lock);

  GST_OBJECT_LOCK (self);
  if (sink)
    GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
  else
    GST_OBJECT_FLAG_UNSET (self, GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_UNLOCK (self);
}

/* With the lock held */
static gboolean
has_index (GstCallstatsLoopback *self, guint index)
{
  for (guint i = 0; i < self->streams->len; i++) {
    if (loopback_stream_get_index (g_ptr_array_index (self->streams, i)) == index)
      return TRUE;
  }
  return FALSE;
}

/* A stream with the index that @name asks for, or the lowest that is free; NULL if it
 * is taken */
static LoopbackStream *
add_stream (GstCallstatsLoopback *self, GstPadTemplate *templ, const gchar *name)
{
  LoopbackStream *stream = NULL;
  guint index = 0;
  gboolean named = name && sscanf (name, "sink_%u", &index) == 1;

  g_mutex_lock (&self->lock);
  while (!named && has_index (self, index))
    index++;
  if (!has_index (self, index)) {
    stream = loopback_stream_new (GST_ELEMENT (self), index, templ, &stream_events);
    g_ptr_array_add (self->streams, loopback_stream_ref (stream));
    self->eos_posted = FALSE;
  }
  g_mutex_unlock (&self->lock);
  return stream;
}

static GstPad *
gst_callstats_loopback_request_new_pad (
    GstElement *element, GstPadTemplate *templ, const gchar *name, const GstCaps *caps)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (element);
  g_autoptr (LoopbackStream) stream = NULL;
  GstPad *sink;

  if (!self->caller)
    return NULL;
  stream = add_stream (self, templ, name);
  if (!stream) {
    GST_WARNING_OBJECT (self, "%s is in use already", name);
    return NULL;
  }
  sink = loopback_stream_get_sink (stream);
  loopback_stream_attach (stream, self->caller);
  update_sink_flag (self);
  if (GST_STATE (self) > GST_STATE_READY || GST_STATE_NEXT (self) > GST_STATE_READY)
    gst_pad_set_active (sink, TRUE);
  gst_element_add_pad (element, sink);
  return sink;
}

static gboolean
finish_release (gpointer user_data)
{
  loopback_stream_end (user_data);
  loopback_stream_remove_src (user_data);
  return G_SOURCE_REMOVE;
}

/* EOS and the end of src_N are left to the signalling thread: a consumer that is
 * paused would hold up whoever releases the pad. */
static void
gst_callstats_loopback_release_pad (GstElement *element, GstPad *sink)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (element);
  g_autoptr (LoopbackStream) stream =
      loopback_stream_ref (loopback_stream_from_sink (sink));
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);

  g_mutex_lock (&self->lock);
  g_ptr_array_remove (self->streams, stream);
  g_mutex_unlock (&self->lock);

  loopback_stream_release (stream, self->caller);
  if (signalling)
    loopback_signalling_invoke_later (signalling, 0, finish_release,
        loopback_stream_ref (stream), (GDestroyNotify)loopback_stream_unref);
  gst_element_remove_pad (element, sink);
  update_sink_flag (self);
  on_stream_changed (element);
}

/* The object */

static void
set_bundle_policy (GstCallstatsLoopback *self, GstWebRTCBundlePolicy policy)
{
  if (policy == GST_WEBRTC_BUNDLE_POLICY_BALANCED) {
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("webrtcbin has no bundle-policy 'balanced': use none, max-compat or "
         "max-bundle."),
        (NULL));
    return;
  }
  g_mutex_lock (&self->lock);
  self->bundle_policy = policy;
  g_mutex_unlock (&self->lock);
}

static void
gst_callstats_loopback_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (object);

  switch (id) {
  case PROP_LATENCY:
    g_mutex_lock (&self->lock);
    self->latency = g_value_get_uint (value);
    g_mutex_unlock (&self->lock);
    break;
  case PROP_BUNDLE_POLICY:
    set_bundle_policy (self, g_value_get_enum (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  configure_peers (self);
}

static void
gst_callstats_loopback_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (object);

  switch (id) {
  case PROP_LATENCY:
    g_value_set_uint (value, get_latency (self));
    break;
  case PROP_BUNDLE_POLICY:
    g_value_set_enum (value, get_bundle_policy (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_callstats_loopback_finalize (GObject *object)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (object);

  gst_clear_object (&self->caller);
  gst_clear_object (&self->callee);
  g_ptr_array_unref (self->streams);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_callstats_loopback_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  properties[PROP_LATENCY] = g_param_spec_uint ("latency", "Latency",
      "Size of the jitter buffers of both webrtcbins, in milliseconds", 0, G_MAXUINT,
      DEFAULT_LATENCY,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  properties[PROP_BUNDLE_POLICY] = g_param_spec_enum ("bundle-policy", "Bundle policy",
      "Whether the streams share one transport, in both webrtcbins ('balanced' is not "
      "available)",
      GST_TYPE_WEBRTC_BUNDLE_POLICY, DEFAULT_BUNDLE_POLICY,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
gst_callstats_loopback_class_init (GstCallstatsLoopbackClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_callstats_loopback_debug, "callstatsloopback", 0, "WebRTC call inside a bin");
  object_class->set_property = gst_callstats_loopback_set_property;
  object_class->get_property = gst_callstats_loopback_get_property;
  object_class->finalize = gst_callstats_loopback_finalize;
  install_properties (object_class);

  element_class->change_state = gst_callstats_loopback_change_state;
  element_class->request_new_pad = gst_callstats_loopback_request_new_pad;
  element_class->release_pad = gst_callstats_loopback_release_pad;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "WebRTC loopback call",
      "Generic/Network/WebRTC/Test",
      "Carries RTP through a WebRTC call between two webrtcbins on the loopback address",
      "gst-callstats");
}

static void
gst_callstats_loopback_init (GstCallstatsLoopback *self)
{
  g_mutex_init (&self->lock);
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify)loopback_stream_unref);
  self->latency = DEFAULT_LATENCY;
  self->bundle_policy = DEFAULT_BUNDLE_POLICY;
  gst_bin_set_suppressed_flags (
      GST_BIN (self), GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
  make_peers (self);
}
