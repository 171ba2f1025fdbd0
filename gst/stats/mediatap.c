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
  GstCallstatsMediaCount count; /* first: the probes' data */
  guint detail;
  gint video; /* atomic: of a stream of video; 0: audio, or unknown */

  gint claimed, stopped, complete, mixed; /* atomic */
  GstPad *pad;                            /* of webrtcbin */
  Probe arrived, rtp, in, out, shown;     /* of whom has claimed it */
  GWeakRef element, sink;                 /* the codec; where it ends */

  gint searches;        /* atomic: that packets started */
  gint searches_before; /* of the monitor thread: at the last look */
  guint looks;
};

typedef GstCallstatsMediaTap Tap;

/* The box */

static void
clear (gpointer data)
{
  Tap *self = data;

  gst_callstats_media_count_clear (&self->count);
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

/* Looking for the codec */

static void
set_video_probes (Tap *self, const GstCallstatsMediaPath *path)
{
  gboolean codecs =
      self->detail & (GST_CALLSTATS_DETAIL_FRAMES | GST_CALLSTATS_DETAIL_CODECS);
  gboolean shown = self->count.received && self->detail & GST_CALLSTATS_DETAIL_FRAMES;
  GstPad *out = self->count.received ? path->raw : path->codec_src;

  if (codecs && out != self->out.pad)
    gst_callstats_media_count_read_caps (&self->count, out, TRUE);
  if (codecs && !self->count.received && path->codec_sink != self->in.pad)
    gst_callstats_media_count_read_caps (&self->count, path->codec_sink, FALSE);
  /* In this order, for what enters is known to be lost if it does not leave. */
  set_probe (self, &self->out, codecs ? out : NULL, DATA,
      gst_callstats_media_count_on_frame_out);
  set_probe (self, &self->in, codecs ? path->codec_sink : NULL, DATA,
      gst_callstats_media_count_on_frame_in);
  set_probe (self, &self->shown,
      !shown                   ? NULL
      : path->sink_pad != NULL ? path->sink_pad
                               : path->raw,
      BUFFERS, gst_callstats_media_count_on_shown);
}

static void
set_audio_probes (Tap *self, const GstCallstatsMediaPath *path)
{
  gboolean audio = self->detail & GST_CALLSTATS_DETAIL_AUDIO;
  GstPad *raw = !audio ? NULL : self->count.received ? path->raw : path->codec_sink;
  GstPad *coded = audio && self->count.received ? path->codec_sink : NULL;
  GstPad *played = audio && self->count.received ? path->sink_pad : NULL;

  if (raw != self->out.pad)
    gst_callstats_media_count_read_caps (&self->count, raw, FALSE);
  set_probe (self, &self->out, raw, DATA, gst_callstats_media_count_on_samples);
  set_probe (self, &self->in, coded, DATA, gst_callstats_media_count_on_coded_audio);
  if (played != NULL && played != self->shown.pad)
    gst_callstats_media_count_read_played_caps (&self->count, played);
  set_probe (self, &self->shown, played, DATA, gst_callstats_media_count_on_played);
}

/* Returns: whether caps of RTP are those of video */
static gboolean
take_rtp_caps (Tap *self, GstCaps *caps)
{
  const GstStructure *first =
      gst_caps_get_size (caps) > 0 ? gst_caps_get_structure (caps, 0) : NULL;

  if (first == NULL)
    return FALSE;
  g_atomic_int_set (
      &self->count.codec, (gint)gst_callstats_video_codec_from_name (
                              gst_structure_get_string (first, "encoding-name")));
  return g_strcmp0 (gst_structure_get_string (first, "media"), "video") == 0;
}

static gboolean
is_video (Tap *self, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  return caps != NULL && take_rtp_caps (self, caps);
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
  g_autoptr (GstPad) target = self->count.received && GST_IS_GHOST_PAD (self->pad)
                                  ? gst_ghost_pad_get_target (GST_GHOST_PAD (self->pad))
                                  : NULL;

  set_probe (self, &self->rtp, target != NULL ? target : self->pad, DATA, on_rtp);
}

static void
set_arrival_probe (Tap *self, gboolean video)
{
  gboolean wanted =
      video && self->count.received && self->detail & GST_CALLSTATS_DETAIL_FRAMES;
  g_autoptr (GstPad) sink = wanted ? gst_callstats_find_jitterbuffer (self->pad) : NULL;

  set_probe (self, &self->arrived, sink, BUFFERS, gst_callstats_media_count_on_arrival);
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
  g_atomic_int_set (&self->complete, self->count.received
                                         ? path->raw != NULL && path->sink != NULL
                                         : path->codec != NULL);
}

static void
find (Tap *self)
{
  g_auto (GstCallstatsMediaPath) path = { 0 };

  if (!claim (self))
    return;
  if (!g_atomic_int_get (&self->stopped)) {
    set_packet_probe (self);
    if (self->count.received)
      gst_callstats_media_path_follow_down (&path, self->pad);
    else
      gst_callstats_media_path_follow_up (&path, self->pad, self->count.figures.ssrc);
    apply (self, &path);
  }
  unclaim (self);
}

static void
take_rtp_event (Tap *self, GstEvent *event)
{
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return;
  gst_event_parse_caps (event, &caps);
  take_rtp_caps (self, caps);
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Tap *self = user_data;

  if (!g_atomic_int_get (&self->complete) &&
      g_atomic_int_get (&self->searches) < MAX_SEARCHES) {
    g_atomic_int_inc (&self->searches);
    find (self);
  }
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM)
    take_rtp_event (self, GST_PAD_PROBE_INFO_EVENT (info));
  else if (g_atomic_int_get (&self->video) && self->detail & GST_CALLSTATS_DETAIL_FRAMES)
    gst_callstats_media_count_packets (&self->count, pad, info);
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

/* While packets look, or none has come, nobody shall be in their way: what they find,
 * they count from the first frame on. */
static gboolean
is_left_to_packets (Tap *self)
{
  gint searches = g_atomic_int_get (&self->searches);
  gboolean left =
      searches == 0 || (searches != self->searches_before && searches < MAX_SEARCHES);

  self->searches_before = searches;
  return left;
}

void
gst_callstats_media_tap_look (GstCallstatsMediaTap *self)
{
  if (g_atomic_int_get (&self->complete)) {
    if (!has_changed (self))
      return;
    self->looks = 0;
  } else if (is_left_to_packets (self)) {
    return;
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
  g_mutex_lock (&self->count.lock);
  *figures = self->count.figures;
  g_mutex_unlock (&self->count.lock);
}

void
gst_callstats_media_tap_begin_look (GstCallstatsMediaTap *self)
{
  g_mutex_lock (&self->count.lock);
  self->count.figures.times.most = self->count.figures.times.n;
  self->count.figures.first_pts = self->count.figures.last_pts = GST_CLOCK_TIME_NONE;
  self->count.figures.first_time = self->count.figures.last_time = 0;
  g_mutex_unlock (&self->count.lock);
}

void
gst_callstats_media_tap_carry (GstCallstatsMediaTap *self, GstCallstatsMediaTap *earlier)
{
  GstCallstatsMediaFigures figures;

  gst_callstats_media_tap_read (earlier, &figures);
  g_mutex_lock (&self->count.lock);
  gst_callstats_media_figures_carry (&self->count.figures, &figures);
  g_mutex_unlock (&self->count.lock);
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

  gst_callstats_media_count_init (&self->count, GST_PAD_IS_SRC (pad), ssrc);
  g_weak_ref_init (&self->element, NULL);
  g_weak_ref_init (&self->sink, NULL);
  self->detail = detail;
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
