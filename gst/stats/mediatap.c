/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The probes on one pad of a webrtcbin and on the codec behind it.
 *
 * Whoever looks for the codec, the monitor thread or a streaming thread, claims the tap
 * first; nobody waits for it. A tap that is freed meanwhile is stopped by who has it.
 */
#include <string.h>

#include "../mediapath.h"
#include "../upstream.h"
#include "mediatap.h"

#define MAX_SEARCHES 500 /* that packets start; later only reports do */
#define EAGER_LOOKS 16
#define LOOK_GAP 8 /* reports between looks for what was not found for long */
#define BUFFERS (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)
#define DATA (BUFFERS | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM)

typedef struct {
  GstPad *pad; /* NULL: none */
  gulong id;
} Probe;

/* An atomic box: what probes hold of it, too. */
struct _GstCallstatsMediaTap {
  GMutex lock;
  GstCallstatsMediaFigures figures; /* under lock */

  gboolean received;
  guint detail;
  gint codec; /* atomic: GstCallstatsVideoCodec */
  gint video; /* atomic: of a stream of video; 0: audio, or unknown */

  gint claimed, stopped, complete, mixed; /* atomic */
  gint has_raw_caps;                      /* atomic */
  GstPad *pad;                            /* of webrtcbin */
  Probe arrived, rtp, in, out, shown;     /* of whom has claimed it */
  GWeakRef element, sink;                 /* the codec; where it ends */

  guint searches; /* of the packets' thread */
  guint looks;    /* of the monitor thread */
};

typedef GstCallstatsMediaTap Tap;

/* The box */

static void
clear (gpointer data)
{
  Tap *self = data;

  g_mutex_clear (&self->lock);
  g_weak_ref_clear (&self->element);
  g_weak_ref_clear (&self->sink);
  gst_object_unref (self->pad);
}

static void
unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear);
}

static void
set_probe (Tap *self, Probe *probe, GstPad *pad, GstPadProbeType mask,
    GstPadProbeCallback callback)
{
  if (probe->pad == pad)
    return;
  if (probe->pad != NULL)
    gst_pad_remove_probe (probe->pad, probe->id);
  gst_clear_object (&probe->pad);
  if (pad == NULL)
    return;
  probe->pad = gst_object_ref (pad);
  probe->id =
      gst_pad_add_probe (pad, mask, callback, g_atomic_rc_box_acquire (self), unref);
}

static void
remove_probes (Tap *self)
{
  set_probe (self, &self->arrived, NULL, 0, NULL);
  set_probe (self, &self->rtp, NULL, 0, NULL);
  set_probe (self, &self->in, NULL, 0, NULL);
  set_probe (self, &self->out, NULL, 0, NULL);
  set_probe (self, &self->shown, NULL, 0, NULL);
}

static gboolean
claim (Tap *self)
{
  return g_atomic_int_compare_and_exchange (&self->claimed, FALSE, TRUE);
}

static void
unclaim (Tap *self)
{
  g_atomic_int_set (&self->claimed, FALSE);
  if (g_atomic_int_get (&self->stopped) && claim (self)) {
    remove_probes (self);
    g_atomic_int_set (&self->claimed, FALSE);
  }
}

static GstPadProbeReturn on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data);
static GstPadProbeReturn on_arrival (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data);

/* Counting, on streaming threads */

static void
for_each_buffer (Tap *self, GstPadProbeInfo *info, GstPad *pad,
    void (*take) (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now))
{
  gint64 now = g_get_monotonic_time ();
  GstBufferList *list;
  guint i;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    take (self, pad, GST_PAD_PROBE_INFO_BUFFER (info), now);
  } else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (i = 0; i < gst_buffer_list_length (list); i++)
      take (self, pad, gst_buffer_list_get (list, i), now);
  }
}

static void
take_caps (Tap *self, GstCaps *caps, gboolean out)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_caps (&self->figures, caps, out);
  g_mutex_unlock (&self->lock);
  if (!out)
    g_atomic_int_set (&self->has_raw_caps, TRUE);
}

/* Returns: FALSE: it is no event */
static gboolean
take_event (Tap *self, GstPadProbeInfo *info, gboolean out)
{
  GstEvent *event;
  GstCaps *caps;

  if (!(info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM))
    return FALSE;
  event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    take_caps (self, caps, out);
  }
  return TRUE;
}

static void
read_caps (Tap *self, GstPad *pad, gboolean out)
{
  g_autoptr (GstCaps) caps = pad != NULL ? gst_pad_get_current_caps (pad) : NULL;

  if (caps != NULL)
    take_caps (self, caps, out);
}

/* An encoder may be found while its own caps are still on their way into it. */
static void
ensure_raw_caps (Tap *self, GstPad *pad)
{
  if (!g_atomic_int_get (&self->has_raw_caps))
    read_caps (self, pad, FALSE);
}

static void
take_played_caps (Tap *self, GstCaps *caps)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_played_caps (&self->figures, caps);
  g_mutex_unlock (&self->lock);
}

static void
take_frame_in (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  if (!self->received)
    ensure_raw_caps (self, pad);
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_frame_in (&self->figures, buffer, now);
  g_mutex_unlock (&self->lock);
}

static void
take_frame_out (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_frame_out (&self->figures, buffer, now);
  g_mutex_unlock (&self->lock);
}

static void
take_shown (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  g_mutex_lock (&self->lock);
  gst_callstats_frame_gaps_add (&self->figures.gaps, now);
  g_mutex_unlock (&self->lock);
}

static void
take_samples (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  GstMapInfo map = GST_MAP_INFO_INIT;
  gboolean mapped = gst_buffer_map (buffer, &map, GST_MAP_READ);

  ensure_raw_caps (self, pad);
  g_mutex_lock (&self->lock);
  if (mapped)
    gst_callstats_audio_meter_add (&self->figures.meter, map.data, map.size, now);
  else
    self->figures.meter.unmeasured = TRUE;
  g_mutex_unlock (&self->lock);
  if (mapped)
    gst_buffer_unmap (buffer, &map);
}

static void
take_played (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  gsize size = gst_buffer_get_size (buffer);

  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_played (&self->figures, size);
  g_mutex_unlock (&self->lock);
}

static void
take_gap (Tap *self, gboolean gap)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_gap (&self->figures, gap);
  g_mutex_unlock (&self->lock);
}

static GstPadProbeReturn
on_frame_in (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Tap *self = user_data;

  if (!take_event (self, info, self->received))
    for_each_buffer (self, info, pad, take_frame_in);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_frame_out (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Tap *self = user_data;

  if (!take_event (self, info, TRUE))
    for_each_buffer (self, info, pad, take_frame_out);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_shown (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  for_each_buffer (user_data, info, pad, take_shown);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_played (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Tap *self = user_data;
  GstCaps *caps;

  if (!(info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM)) {
    for_each_buffer (self, info, pad, take_played);
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_CAPS) {
    gst_event_parse_caps (GST_PAD_PROBE_INFO_EVENT (info), &caps);
    take_played_caps (self, caps);
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_samples (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Tap *self = user_data;

  if (!take_event (self, info, FALSE))
    for_each_buffer (self, info, pad, take_samples);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_coded_audio (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (!(info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM))
    take_gap (user_data, FALSE);
  else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_GAP)
    take_gap (user_data, TRUE);
  return GST_PAD_PROBE_OK;
}

/* Looking for the codec */

static void
read_played_caps (Tap *self, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (caps != NULL)
    take_played_caps (self, caps);
}

static void
set_video_probes (Tap *self, const GstCallstatsMediaPath *path)
{
  gboolean codecs =
      self->detail & (GST_CALLSTATS_DETAIL_FRAMES | GST_CALLSTATS_DETAIL_CODECS);
  gboolean shown = self->received && self->detail & GST_CALLSTATS_DETAIL_FRAMES;
  GstPad *out = self->received ? path->raw : path->codec_src;

  if (codecs && out != self->out.pad)
    read_caps (self, out, TRUE);
  if (codecs && !self->received && path->codec_sink != self->in.pad)
    read_caps (self, path->codec_sink, FALSE);
  set_probe (self, &self->in, codecs ? path->codec_sink : NULL, DATA, on_frame_in);
  set_probe (self, &self->out, codecs ? out : NULL, DATA, on_frame_out);
  set_probe (self, &self->shown,
      !shown                   ? NULL
      : path->sink_pad != NULL ? path->sink_pad
                               : path->raw,
      BUFFERS, on_shown);
}

static void
set_audio_probes (Tap *self, const GstCallstatsMediaPath *path)
{
  gboolean audio = self->detail & GST_CALLSTATS_DETAIL_AUDIO;
  GstPad *raw = !audio ? NULL : self->received ? path->raw : path->codec_sink;
  GstPad *coded = audio && self->received ? path->codec_sink : NULL;
  GstPad *played = audio && self->received ? path->sink_pad : NULL;

  if (raw != self->out.pad)
    read_caps (self, raw, FALSE);
  set_probe (self, &self->out, raw, DATA, on_samples);
  set_probe (self, &self->in, coded, DATA, on_coded_audio);
  if (played != NULL && played != self->shown.pad)
    read_played_caps (self, played);
  set_probe (self, &self->shown, played, DATA, on_played);
}

static gboolean
is_video (Tap *self, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstStructure *first = caps != NULL && gst_caps_get_size (caps) > 0
                                  ? gst_caps_get_structure (caps, 0)
                                  : NULL;
  const char *media = first != NULL ? gst_structure_get_string (first, "media") : NULL;

  if (first != NULL)
    g_atomic_int_set (
        &self->codec, (gint)gst_callstats_video_codec_from_name (
                          gst_structure_get_string (first, "encoding-name")));
  return g_strcmp0 (media, "video") == 0;
}

/* Before any packet has come, a codec tells what it is for. */
static gboolean
is_video_path (const GstCallstatsMediaPath *path)
{
  g_autoptr (GstCaps) caps =
      path->raw != NULL ? gst_pad_get_current_caps (path->raw) : NULL;

  if (path->codec != NULL)
    return strstr (gst_callstats_get_metadata (path->codec, GST_ELEMENT_METADATA_KLASS),
               "Video") != NULL;
  return caps != NULL && gst_caps_get_size (caps) > 0 &&
         gst_structure_has_name (gst_caps_get_structure (caps, 0), "video/x-raw");
}

/* Packets that come are seen inside webrtcbin, where no probe of the application's is
 * before ours, to take them away. */
static void
set_packet_probe (Tap *self)
{
  g_autoptr (GstPad) target = self->received && GST_IS_GHOST_PAD (self->pad)
                                  ? gst_ghost_pad_get_target (GST_GHOST_PAD (self->pad))
                                  : NULL;

  set_probe (self, &self->rtp, target != NULL ? target : self->pad, DATA, on_rtp);
}

static void
set_arrival_probe (Tap *self, gboolean video)
{
  gboolean wanted = video && self->received && self->detail & GST_CALLSTATS_DETAIL_FRAMES;
  g_autoptr (GstPad) sink = wanted ? gst_callstats_find_jitterbuffer (self->pad) : NULL;

  set_probe (self, &self->arrived, sink, BUFFERS, on_arrival);
}

static void
apply (Tap *self, const GstCallstatsMediaPath *path)
{
  gboolean video = is_video (self, self->pad) || is_video_path (path);

  g_atomic_int_set (&self->video, video);
  set_arrival_probe (self, video);
  if (video)
    set_video_probes (self, path);
  else
    set_audio_probes (self, path);
  g_weak_ref_set (&self->element, path->codec);
  g_weak_ref_set (&self->sink, path->sink);
  g_atomic_int_set (&self->mixed, path->mixed);
  g_atomic_int_set (&self->complete,
      self->received ? path->raw != NULL && path->sink != NULL : path->codec != NULL);
}

static void
find (Tap *self)
{
  g_auto (GstCallstatsMediaPath) path = { 0 };

  if (!claim (self))
    return;
  if (!g_atomic_int_get (&self->stopped)) {
    set_packet_probe (self);
    if (self->received)
      gst_callstats_media_path_follow_down (&path, self->pad);
    else
      gst_callstats_media_path_follow_up (&path, self->pad, self->figures.ssrc);
    apply (self, &path);
  }
  unclaim (self);
}

/* Packets */

static void
take_packet (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  GstCallstatsPacket packet;

  if (!gst_callstats_packet_read (
          &packet, buffer, (GstCallstatsVideoCodec)g_atomic_int_get (&self->codec)))
    return;
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_packet (&self->figures, &packet);
  g_mutex_unlock (&self->lock);
}

static void
take_arrival (Tap *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  guint8 timestamp[4];

  if (gst_buffer_extract (buffer, 4, timestamp, sizeof timestamp) < sizeof timestamp)
    return;
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_arrival (
      &self->figures, GST_READ_UINT32_BE (timestamp), now);
  g_mutex_unlock (&self->lock);
}

static GstPadProbeReturn
on_arrival (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  for_each_buffer (user_data, info, pad, take_arrival);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Tap *self = user_data;

  if (!g_atomic_int_get (&self->complete) && self->searches < MAX_SEARCHES) {
    self->searches++;
    find (self);
  }
  if (g_atomic_int_get (&self->video) && self->detail & GST_CALLSTATS_DETAIL_FRAMES)
    for_each_buffer (self, info, pad, take_packet);
  return GST_PAD_PROBE_OK;
}

/* The monitor thread */

static gboolean
is_broken (const Probe *probe)
{
  return probe->pad != NULL && !gst_pad_is_linked (probe->pad);
}

/* Returns: whether what was found is no longer so */
static gboolean
has_changed (Tap *self)
{
  gboolean changed;

  if (!claim (self))
    return FALSE;
  changed = is_broken (&self->rtp) || is_broken (&self->in) || is_broken (&self->out) ||
            is_broken (&self->shown);
  unclaim (self);
  return changed;
}

void
gst_callstats_media_tap_look (GstCallstatsMediaTap *self)
{
  if (g_atomic_int_get (&self->complete)) {
    if (!has_changed (self))
      return;
    self->looks = 0;
  }
  self->looks++;
  if (self->looks <= EAGER_LOOKS || self->looks % LOOK_GAP == 0)
    find (self);
}

gboolean
gst_callstats_media_tap_is_on (GstCallstatsMediaTap *self, GstPad *pad)
{
  return self->pad == pad;
}

void
gst_callstats_media_tap_read (
    GstCallstatsMediaTap *self, GstCallstatsMediaFigures *figures)
{
  g_mutex_lock (&self->lock);
  *figures = self->figures;
  g_mutex_unlock (&self->lock);
}

void
gst_callstats_media_tap_begin_look (GstCallstatsMediaTap *self)
{
  g_mutex_lock (&self->lock);
  self->figures.times.most = self->figures.times.n;
  self->figures.first_pts = self->figures.last_pts = GST_CLOCK_TIME_NONE;
  self->figures.first_time = self->figures.last_time = 0;
  g_mutex_unlock (&self->lock);
}

void
gst_callstats_media_tap_carry (GstCallstatsMediaTap *self, GstCallstatsMediaTap *earlier)
{
  GstCallstatsMediaFigures figures;

  gst_callstats_media_tap_read (earlier, &figures);
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_carry (&self->figures, &figures);
  g_mutex_unlock (&self->lock);
}

GstElement *
gst_callstats_media_tap_ref_codec (GstCallstatsMediaTap *self)
{
  return g_weak_ref_get (&self->element);
}

GstElement *
gst_callstats_media_tap_ref_sink (GstCallstatsMediaTap *self, gboolean *mixed)
{
  *mixed = g_atomic_int_get (&self->mixed);
  return g_weak_ref_get (&self->sink);
}

GstCallstatsMediaTap *
gst_callstats_media_tap_new (GstPad *pad, guint32 ssrc, GstCallstatsDetail detail)
{
  GstCallstatsMediaTap *self = g_atomic_rc_box_new0 (GstCallstatsMediaTap);

  g_mutex_init (&self->lock);
  g_weak_ref_init (&self->element, NULL);
  g_weak_ref_init (&self->sink, NULL);
  self->received = GST_PAD_IS_SRC (pad);
  self->detail = detail;
  self->figures.received = self->received;
  self->figures.ssrc = ssrc;
  self->figures.first_pts = self->figures.last_pts = GST_CLOCK_TIME_NONE;
  self->pad = gst_object_ref (pad);
  find (self);
  return self;
}

void
gst_callstats_media_tap_free (GstCallstatsMediaTap *self)
{
  if (self == NULL)
    return;
  g_atomic_int_set (&self->stopped, TRUE);
  if (claim (self))
    unclaim (self);
  unref (self);
}
