/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One sink pad of a webrtcbin: whether its media is sent, and whether it is a screen.
 *
 * The probe runs on the streaming thread and counts. Everything else runs on the pipeline
 * thread only.
 */
#include <string.h>

#include <gst/webrtc/webrtc.h>

#include "devices.h"
#include "senderwatch.h"

#define SILENCE (2 * G_TIME_SPAN_SECOND)

typedef enum { MEDIA_UNKNOWN, MEDIA_AUDIO, MEDIA_VIDEO } Media;

struct _GstCallstatsSender {
  GWeakRef pad;
  gulong probe;
  guint *buffers; /* an atomic box that wraps around */

  guint seen; /* of the buffers, at the last look */
  gboolean has_flowed;
  gint64 last_flow; /* monotonic */

  Media media;
  guint ssrc;
  gboolean has_ssrc;
  guint cut; /* GstCallstatsCut */
  gboolean screen;
  GWeakRef source; /* what captures; empty: not known */

  guint told_cut; /* 0: told as being sent */
  gboolean told_screen;
};

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer buffers)
{
  g_atomic_int_inc ((gint *)buffers);
  return GST_PAD_PROBE_OK;
}

static GstPad *
ref_pad (GstCallstatsSender *self)
{
  return g_weak_ref_get (&self->pad);
}

/* Looking */

static void
look_at_caps (GstCallstatsSender *self, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstStructure *structure;
  const char *media;

  if (caps == NULL || !gst_caps_is_fixed (caps))
    return;
  structure = gst_caps_get_structure (caps, 0);
  media = gst_structure_get_string (structure, "media");
  if (g_strcmp0 (media, "audio") == 0)
    self->media = MEDIA_AUDIO;
  else if (g_strcmp0 (media, "video") == 0)
    self->media = MEDIA_VIDEO;
  self->has_ssrc = gst_structure_get_uint (structure, "ssrc", &self->ssrc);
}

static guint
look_at_direction (GstPad *pad, GstCallstatsChangeWatch *changes)
{
  static const char *const signals[] = { "notify::direction", NULL };
  GstWebRTCRTPTransceiverDirection direction =
      GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDRECV;
  g_autoptr (GObject) transceiver = NULL;

  g_object_get (pad, "transceiver", &transceiver, NULL);
  if (transceiver == NULL)
    return 0;
  gst_callstats_change_watch_add (changes, transceiver, signals);
  g_object_get (transceiver, "direction", &direction, NULL);
  return direction == GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY ||
                 direction == GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_INACTIVE
             ? GST_CALLSTATS_CUT_DIRECTION
             : 0;
}

/* A screen that does not change may send nothing; one whose source stands still is not
 * shared any more. */
static gboolean
is_running (GstElement *source, GstPad *pad)
{
  return GST_STATE (source) >= GST_STATE_PAUSED && !GST_PAD_IS_EOS (pad);
}

static void
take_upstream (GstCallstatsSender *self, GstPad *pad, GstCallstatsUpstream *upstream)
{
  GstElement *source = upstream->screen != NULL ? upstream->screen : upstream->source;

  self->screen = upstream->screen != NULL && is_running (upstream->screen, pad);
  g_weak_ref_set (&self->source, source);
}

/* What was muted is not heard again because its way here was broken. */
static guint
get_upstream_cut (GstCallstatsSender *self, GstCallstatsUpstream *upstream)
{
  if (upstream->source == NULL && upstream->remote == NULL)
    return self->cut & (GST_CALLSTATS_CUT_MUTE | GST_CALLSTATS_CUT_VALVE);
  return upstream->cut;
}

void
gst_callstats_sender_look (GstCallstatsSender *self, GstCallstatsChangeWatch *changes,
    GstCallstatsPassed passed, gpointer user_data)
{
  g_autoptr (GstPad) pad = ref_pad (self);
  GstCallstatsUpstream upstream;

  if (pad == NULL)
    return;
  look_at_caps (self, pad);
  gst_callstats_upstream_look (&upstream, pad, passed, user_data);
  take_upstream (self, pad, &upstream);
  self->cut = (self->cut & GST_CALLSTATS_CUT_SILENCE) |
              get_upstream_cut (self, &upstream) | look_at_direction (pad, changes);
  gst_callstats_upstream_clear (&upstream);
}

void
gst_callstats_sender_check_flow (GstCallstatsSender *self, gint64 now)
{
  guint buffers = (guint)g_atomic_int_get ((gint *)self->buffers);

  if (buffers != self->seen) {
    self->seen = buffers;
    self->has_flowed = TRUE;
    self->last_flow = now;
  }
  if (self->has_flowed && !self->screen && now - self->last_flow >= SILENCE)
    self->cut |= GST_CALLSTATS_CUT_SILENCE;
  else
    self->cut &= ~GST_CALLSTATS_CUT_SILENCE;
}

void
gst_callstats_sender_forgive (GstCallstatsSender *self, gint64 now)
{
  if (!(self->cut & GST_CALLSTATS_CUT_SILENCE))
    self->last_flow = now;
}

/* Telling */

static const struct {
  const char *media;
  const char *begin;
  const char *end;
} events[] = {
  [MEDIA_AUDIO] = { "audio", "audioMute", "audioUnmute" },
  [MEDIA_VIDEO] = { "video", "videoPause", "videoResume" },
};

/* Where several hold at once the first is named. */
static const struct {
  GstCallstatsCut cut;
  const char *name;
} causes[] = {
  { GST_CALLSTATS_CUT_MUTE, "mute" },
  { GST_CALLSTATS_CUT_VALVE, "valve" },
  { GST_CALLSTATS_CUT_DIRECTION, "direction" },
  { GST_CALLSTATS_CUT_SILENCE, "silence" },
};

static const char *
get_cause (guint cut)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (causes) - 1 && !(cut & causes[i].cut); i++)
    ;
  return causes[i].name;
}

static void
insert_device (GstCallstatsSender *self, GVariantDict *dict)
{
  g_autoptr (GstElement) source = g_weak_ref_get (&self->source);
  g_autofree char *id = source != NULL ? gst_callstats_device_get_id (source) : NULL;

  if (id != NULL)
    g_variant_dict_insert (dict, "mediaDeviceID", "s", id);
}

static void
tell (GstCallstatsSender *self, CallstatsClient *client, const char *fabric,
    const char *event, const char *cause, gboolean with_devices)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "mediaType", "s", events[self->media].media);
  if (self->has_ssrc)
    g_variant_dict_insert (&dict, "ssrc", "u", self->ssrc);
  if (cause != NULL)
    g_variant_dict_insert (&dict, "cause", "s", cause);
  if (with_devices)
    insert_device (self, &dict);
  callstats_client_send_fabric_event (
      client, fabric, event, g_variant_dict_end (&dict), NULL);
}

/* The end names the cause that its beginning named. */
static void
tell_cut (GstCallstatsSender *self, CallstatsClient *client, const char *fabric,
    gboolean with_devices)
{
  gboolean was_cut = self->told_cut != 0;
  guint named = was_cut ? self->told_cut : self->cut;

  if (was_cut == (self->cut != 0))
    return;
  self->told_cut = self->cut;
  tell (self, client, fabric,
      was_cut ? events[self->media].end : events[self->media].begin, get_cause (named),
      with_devices);
}

static void
tell_screen (GstCallstatsSender *self, CallstatsClient *client, const char *fabric,
    gboolean with_devices)
{
  gboolean shared = self->screen && self->has_flowed;

  if (shared == self->told_screen)
    return;
  self->told_screen = shared;
  tell (self, client, fabric, shared ? "screenShareStart" : "screenShareStop", NULL,
      with_devices);
}

void
gst_callstats_sender_tell (GstCallstatsSender *self, CallstatsClient *client,
    const char *fabric, gboolean with_devices)
{
  if (self->media == MEDIA_UNKNOWN)
    return;
  tell_cut (self, client, fabric, with_devices);
  tell_screen (self, client, fabric, with_devices);
}

void
gst_callstats_sender_tell_end (
    GstCallstatsSender *self, CallstatsClient *client, const char *fabric)
{
  if (self->told_screen)
    tell (self, client, fabric, "screenShareStop", NULL, FALSE);
  self->told_screen = FALSE;
}

gboolean
gst_callstats_sender_is_heard (GstCallstatsSender *self)
{
  return self->media == MEDIA_AUDIO && self->cut == 0;
}

gboolean
gst_callstats_sender_is_of (GstCallstatsSender *self, GstPad *pad)
{
  g_autoptr (GstPad) own = ref_pad (self);

  return own == pad;
}

GstCallstatsSender *
gst_callstats_sender_new (GstPad *pad)
{
  GstCallstatsSender *self = g_new0 (GstCallstatsSender, 1);

  g_weak_ref_init (&self->pad, pad);
  g_weak_ref_init (&self->source, NULL);
  self->buffers = g_atomic_rc_box_new0 (guint);
  self->probe =
      gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
          on_data, g_atomic_rc_box_acquire (self->buffers), g_atomic_rc_box_release);
  return self;
}

void
gst_callstats_sender_free (GstCallstatsSender *self)
{
  g_autoptr (GstPad) pad = ref_pad (self);

  if (pad != NULL)
    gst_pad_remove_probe (pad, self->probe);
  g_atomic_rc_box_release (self->buffers);
  g_weak_ref_clear (&self->pad);
  g_weak_ref_clear (&self->source);
  g_free (self);
}
