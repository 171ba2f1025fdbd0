/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which SSRCs go through which pads of a webrtcbin. Monitor thread only, but for
 * on_packet.
 */
#include <stdio.h>

#include "rtppacket.h"
#include "rtppads.h"

/* What the probe of a sink pad writes, both atomic. */
typedef struct {
  gint armed;
  guint ssrc; /* 0: none yet */
} Sight;

typedef struct {
  GstCallstatsRtpPad pad;
  Sight *sight; /* of a sink pad; atomic rc box */
  gulong probe;
  gboolean stale;
} Entry;

struct _GstCallstatsRtpPads {
  GPtrArray *entries; /* Entry */
  guint32 cookie;
  gboolean looked;
};

/* Returns: whether it was armed: then the probe is the caller's to remove */
static gboolean
disarm (Sight *sight)
{
  return g_atomic_int_compare_and_exchange (&sight->armed, TRUE, FALSE);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  if (entry->sight != NULL) {
    if (disarm (entry->sight))
      gst_pad_remove_probe (entry->pad.pad, entry->probe);
    g_atomic_rc_box_release (entry->sight);
  }
  gst_object_unref (entry->pad.pad);
  g_free (entry);
}

/* Sink pads */

/* One packet is enough, until an SSRC comes whose pad is not known. */
static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Sight *sight = user_data;
  GstBuffer *buffer =
      info->type & GST_PAD_PROBE_TYPE_BUFFER
          ? GST_PAD_PROBE_INFO_BUFFER (info)
          : gst_buffer_list_get (GST_PAD_PROBE_INFO_BUFFER_LIST (info), 0);
  GstCallstatsRtpPacket packet;

  if (!gst_callstats_rtp_packet_read_fixed (&packet, buffer))
    return GST_PAD_PROBE_OK;
  g_atomic_int_set (&sight->ssrc, packet.ssrc);
  return disarm (sight) ? GST_PAD_PROBE_REMOVE : GST_PAD_PROBE_OK;
}

static void
arm (Entry *entry)
{
  if (g_atomic_int_get (&entry->sight->armed))
    return;
  g_atomic_int_set (&entry->sight->armed, TRUE);
  entry->probe = gst_pad_add_probe (entry->pad.pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packet,
      g_atomic_rc_box_acquire (entry->sight), g_atomic_rc_box_release);
}

static void
read_caps (Entry *entry)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (entry->pad.pad);
  const GstStructure *first = caps != NULL && gst_caps_get_size (caps) > 0
                                  ? gst_caps_get_structure (caps, 0)
                                  : NULL;
  const char *media = first != NULL ? gst_structure_get_string (first, "media") : NULL;
  guint ssrc;

  if (media != NULL)
    entry->pad.kind = g_intern_string (media);
  if (first != NULL && entry->pad.ssrc == 0 &&
      gst_structure_get_uint (first, "ssrc", &ssrc))
    entry->pad.ssrc = ssrc;
}

/* The caps may tell an SSRC that the payloader no longer has: packets count more. */
static void
read_sink (Entry *entry, gboolean search)
{
  guint32 seen = g_atomic_int_get (&entry->sight->ssrc);

  if (seen != 0)
    entry->pad.ssrc = seen;
  if (seen == 0 || search)
    arm (entry);
}

/* Source pads */

/* Its target is a pad of rtpbin, which is named by session, SSRC and payload type. */
static void
read_src (Entry *entry)
{
  g_autoptr (GstPad) target = gst_ghost_pad_get_target (GST_GHOST_PAD (entry->pad.pad));
  guint session, ssrc, payload_type;

  if (target != NULL && sscanf (GST_PAD_NAME (target), "recv_rtp_src_%u_%u_%u", &session,
                            &ssrc, &payload_type) == 3)
    entry->pad.ssrc = ssrc;
}

/* Both */

static void
read_transceiver (Entry *entry)
{
  g_autoptr (GObject) transceiver = NULL;

  g_object_get (entry->pad.pad, "transceiver", &transceiver, NULL);
  if (transceiver != NULL)
    g_object_get (transceiver, "mlineindex", &entry->pad.section, NULL);
}

static Entry *
get_entry (GstCallstatsRtpPads *self, GstPad *pad)
{
  Entry *entry;
  guint i;

  for (i = 0; i < self->entries->len; i++) {
    entry = g_ptr_array_index (self->entries, i);
    if (entry->pad.pad == pad)
      return entry;
  }
  entry = g_new0 (Entry, 1);
  entry->pad.pad = gst_object_ref (pad);
  entry->pad.received = GST_PAD_IS_SRC (pad);
  entry->pad.section = G_MAXUINT;
  entry->sight = GST_PAD_IS_SINK (pad) ? g_atomic_rc_box_new0 (Sight) : NULL;
  g_ptr_array_add (self->entries, entry);
  return entry;
}

typedef struct {
  GstCallstatsRtpPads *pads;
  gboolean search;
} Look;

static gboolean
look_at_pad (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  Look *look = user_data;
  Entry *entry;

  if (!GST_IS_GHOST_PAD (pad))
    return TRUE;
  entry = get_entry (look->pads, pad);
  entry->stale = FALSE;
  read_caps (entry);
  read_transceiver (entry);
  if (entry->sight != NULL)
    read_sink (entry, look->search);
  else
    read_src (entry);
  return TRUE;
}

static void
drop_stale (GstCallstatsRtpPads *self)
{
  guint i;

  for (i = self->entries->len; i > 0; i--) {
    if (((Entry *)g_ptr_array_index (self->entries, i - 1))->stale)
      g_ptr_array_remove_index (self->entries, i - 1);
  }
}

static guint32
get_cookie (GstElement *webrtcbin)
{
  guint32 cookie;

  GST_OBJECT_LOCK (webrtcbin);
  cookie = webrtcbin->pads_cookie;
  GST_OBJECT_UNLOCK (webrtcbin);
  return cookie;
}

void
gst_callstats_rtp_pads_look (
    GstCallstatsRtpPads *self, GstElement *webrtcbin, gboolean search)
{
  Look look = { self, search };
  guint i;

  self->cookie = get_cookie (webrtcbin);
  self->looked = TRUE;
  for (i = 0; i < self->entries->len; i++)
    ((Entry *)g_ptr_array_index (self->entries, i))->stale = TRUE;
  gst_element_foreach_pad (webrtcbin, look_at_pad, &look);
  drop_stale (self);
}

gboolean
gst_callstats_rtp_pads_have_changed (GstCallstatsRtpPads *self, GstElement *webrtcbin)
{
  return !self->looked || self->cookie != get_cookie (webrtcbin);
}

const GstCallstatsRtpPad *
gst_callstats_rtp_pads_find (GstCallstatsRtpPads *self, gboolean received, guint32 ssrc)
{
  guint i;

  for (i = 0; i < self->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (self->entries, i);

    if (entry->pad.received == received && entry->pad.ssrc == ssrc)
      return &entry->pad;
  }
  return NULL;
}

GstCallstatsRtpPads *
gst_callstats_rtp_pads_new (void)
{
  GstCallstatsRtpPads *self = g_new0 (GstCallstatsRtpPads, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  return self;
}

void
gst_callstats_rtp_pads_free (GstCallstatsRtpPads *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->entries);
  g_free (self);
}
