/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element callstatsloopback: properties, pads and states of a call inside a bin.
 * What the call does is in loopback-call.c.
 *
 * Everything here runs on the application's threads.
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
 * The offer is made once every sink pad has caps; until the call is up, data is held
 * at the sink pads, so none is lost at its start. A sink pad that is requested later is
 * added by another negotiation. Releasing `sink_N` ends and removes `src_N`; its m-line
 * stays in the call without media. Streams that share a transport (any
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

#include "gstcallstatsloopback.h"
#include "loopback-call.h"

GST_DEBUG_CATEGORY (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

#define DEFAULT_LATENCY 200
#define DEFAULT_BUNDLE_POLICY GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE

struct _GstCallstatsLoopback {
  GstBin parent;

  LoopbackCall *call;
};

enum { PROP_0, PROP_LATENCY, PROP_BUNDLE_POLICY, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("application/x-rtp"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS ("application/x-rtp"));

G_DEFINE_FINAL_TYPE (GstCallstatsLoopback, gst_callstats_loopback, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (
    callstatsloopback, "callstatsloopback", GST_RANK_NONE, GST_TYPE_CALLSTATS_LOOPBACK)

static GstStateChangeReturn
gst_callstats_loopback_change_state (GstElement *element, GstStateChange transition)
{
  LoopbackCall *call = GST_CALLSTATS_LOOPBACK (element)->call;
  GstStateChangeReturn result;

  if ((transition == GST_STATE_CHANGE_NULL_TO_READY ||
          transition == GST_STATE_CHANGE_READY_TO_PAUSED) &&
      !loopback_call_prepare (call))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    loopback_call_start (call);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    loopback_call_silence (call);

  result = GST_ELEMENT_CLASS (gst_callstats_loopback_parent_class)
               ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          result == GST_STATE_CHANGE_FAILURE))
    loopback_call_end (call);
  return result;
}

/* Only with streams is the element a sink, whose EOS a pipeline waits for. */
static void
update_sink_flag (GstCallstatsLoopback *self)
{
  gboolean sink = loopback_call_has_streams (self->call);

  GST_OBJECT_LOCK (self);
  if (sink)
    GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
  else
    GST_OBJECT_FLAG_UNSET (self, GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
is_active (GstElement *element)
{
  gboolean active;

  GST_OBJECT_LOCK (element);
  active =
      GST_STATE (element) > GST_STATE_READY || GST_STATE_NEXT (element) > GST_STATE_READY;
  GST_OBJECT_UNLOCK (element);
  return active;
}

static GstPad *
gst_callstats_loopback_request_new_pad (
    GstElement *element, GstPadTemplate *templ, const gchar *name, const GstCaps *caps)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (element);
  g_autoptr (LoopbackStream) stream = loopback_call_add_stream (self->call, templ, name);
  GstPad *sink;

  if (!stream) {
    GST_WARNING_OBJECT (self, "%s is in use already", GST_STR_NULL (name));
    return NULL;
  }
  sink = loopback_stream_get_sink (stream);
  update_sink_flag (self);
  if (is_active (element))
    gst_pad_set_active (sink, TRUE);
  gst_element_add_pad (element, sink);
  return sink;
}

static void
gst_callstats_loopback_release_pad (GstElement *element, GstPad *sink)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (element);
  g_autoptr (LoopbackStream) stream =
      loopback_stream_ref (loopback_stream_from_sink (sink));

  loopback_call_remove_stream (self->call, stream);
  update_sink_flag (self);
  gst_element_remove_pad (element, sink);
}

static void
set_bundle_policy (GstCallstatsLoopback *self, GstWebRTCBundlePolicy policy)
{
  if (policy == GST_WEBRTC_BUNDLE_POLICY_BALANCED)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("webrtcbin has no bundle-policy 'balanced': use none, max-compat or "
         "max-bundle."),
        (NULL));
  else
    loopback_call_set_bundle_policy (self->call, policy);
}

static void
gst_callstats_loopback_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (object);

  switch (id) {
  case PROP_LATENCY:
    loopback_call_set_latency (self->call, g_value_get_uint (value));
    break;
  case PROP_BUNDLE_POLICY:
    set_bundle_policy (self, g_value_get_enum (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_callstats_loopback_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstCallstatsLoopback *self = GST_CALLSTATS_LOOPBACK (object);

  switch (id) {
  case PROP_LATENCY:
    g_value_set_uint (value, loopback_call_get_latency (self->call));
    break;
  case PROP_BUNDLE_POLICY:
    g_value_set_enum (value, loopback_call_get_bundle_policy (self->call));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_callstats_loopback_finalize (GObject *object)
{
  loopback_call_free (GST_CALLSTATS_LOOPBACK (object)->call);
  G_OBJECT_CLASS (gst_callstats_loopback_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  properties[PROP_LATENCY] = g_param_spec_uint ("latency", "Latency",
      "Size of the jitter buffers of both webrtcbins, in milliseconds", 0, G_MAXINT,
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
  gst_bin_set_suppressed_flags (
      GST_BIN (self), GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
  self->call = loopback_call_new (GST_BIN (self));
  loopback_call_set_latency (self->call, DEFAULT_LATENCY);
  loopback_call_set_bundle_policy (self->call, DEFAULT_BUNDLE_POLICY);
}
