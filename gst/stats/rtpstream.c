/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a stream of media is. Monitor thread only.
 */
#include "rtpstream.h"

#include "transport.h"

/* The ids that webrtcbin gives. */
GstCallstatsStream *
gst_callstats_stream_new (guint session, gboolean received, guint32 ssrc)
{
  GstCallstatsStream *self = g_new0 (GstCallstatsStream, 1);
  const char *near = received ? "inbound" : "outbound";
  const char *far = received ? "remote-outbound" : "remote-inbound";

  self->id = g_strdup_printf ("rtp-%s-stream-stats_%u", near, ssrc);
  self->remote_id = g_strdup_printf ("rtp-%s-stream-stats_%u", far, ssrc);
  self->told.ssrc = ssrc;
  self->told.session = session;
  self->transport_id = gst_callstats_transport_id (session);
  self->told.received = received;
  self->told.id = self->id;
  return self;
}

void
gst_callstats_stream_free (gpointer data)
{
  GstCallstatsStream *self = data;

  gst_clear_object (&self->told.pad);
  g_free (self->id);
  g_free (self->remote_id);
  g_free (self->codec_id);
  g_free (self->mid);
  g_free (self->track);
  g_free (self->transport_id);
  g_free (self->mime_type);
  g_free (self->fmtp);
  g_free (self);
}

static void
set (char **to, const char *text)
{
  if (g_strcmp0 (*to, text) == 0)
    return;
  g_free (*to);
  *to = g_strdup (text);
}

static gboolean
fits (const GstCallstatsStream *self, const GstCallstatsSection *section)
{
  return section != NULL && gst_callstats_section_find_codec (section,
                                self->told.received, self->flow.payload_type) != NULL;
}

/* By its announced SSRC, by its pad, by its payload type; but not against the payload
 * type, for webrtcbin takes an SSRC that nobody announced for the first m-line's. */
static const GstCallstatsSection *
find_section (const GstCallstatsStream *self,
    const GstCallstatsRtpDescription *description, const GstCallstatsSource *source,
    const GstCallstatsRtpPad *pad)
{
  const GstCallstatsSection *sections[3] = { NULL, NULL, NULL };
  guint i;

  if (source != NULL)
    sections[0] =
        gst_callstats_rtp_description_find_section (description, source->section);
  if (pad != NULL)
    sections[1] = gst_callstats_rtp_description_find_section (description, pad->section);
  sections[2] = gst_callstats_rtp_description_guess_section (
      description, self->told.session, self->told.received, self->flow.payload_type);
  for (i = 0; i < G_N_ELEMENTS (sections); i++) {
    if (fits (self, sections[i]))
      return sections[i];
  }
  return NULL;
}

static void
set_pad (GstCallstatsStream *self, const GstCallstatsRtpPad *pad)
{
  gst_object_replace (
      (GstObject **)&self->told.pad, GST_OBJECT_CAST (pad != NULL ? pad->pad : NULL));
  if (pad != NULL)
    self->had_pad = TRUE;
}

static void
set_codec (GstCallstatsStream *self, const GstCallstatsSection *section,
    const GstCallstatsCodec *codec)
{
  g_autofree char *id = g_strdup_printf ("codec-stats_%s_%u_%u",
      self->told.received ? "in" : "out", section->index, codec->payload_type);

  self->has_codec = TRUE;
  self->payload_type = codec->payload_type;
  self->told.clock_rate = codec->payload.clock_rate;
  self->channels = codec->channels;
  set (&self->codec_id, id);
  set (&self->mime_type, codec->mime_type);
  set (&self->fmtp, codec->fmtp);
}

static void
set_section (GstCallstatsStream *self, const GstCallstatsSection *section,
    const GstCallstatsSource *source)
{
  gboolean received = self->told.received;
  const char *track =
      source != NULL && source->track != NULL ? source->track : section->track[received];

  self->told.kind = section->kind;
  self->active = section->active[received];
  self->rejected = section->rejected;
  set (&self->mid, section->mid);
  self->told.mid = self->mid;
  set (&self->track, track);
  set_codec (self, section,
      gst_callstats_section_find_codec (section, received, self->flow.payload_type));
}

static guint32
find_repair (const GstCallstatsStream *self,
    const GstCallstatsRtpDescription *description, GstCallstatsPayloadRole role)
{
  const GstCallstatsSource *source = gst_callstats_rtp_description_find_repair (
      description, self->told.received, self->told.ssrc, role);

  return source != NULL ? source->ssrc : 0;
}

/* What is not known any more stays as it was. */
void
gst_callstats_stream_identify (GstCallstatsStream *self,
    const GstCallstatsRtpDescription *description, GstCallstatsRtpPads *pads)
{
  const GstCallstatsSource *source = gst_callstats_rtp_description_find_source (
      description, self->told.received, self->told.ssrc);
  const GstCallstatsRtpPad *pad =
      gst_callstats_rtp_pads_find (pads, self->told.received, self->told.ssrc);
  const GstCallstatsSection *section = find_section (self, description, source, pad);

  set_pad (self, pad);
  self->rtx_ssrc = find_repair (self, description, GST_CALLSTATS_PAYLOAD_RTX);
  self->fec_ssrc = find_repair (self, description, GST_CALLSTATS_PAYLOAD_FLEXFEC);
  if (section != NULL)
    set_section (self, section, source);
  else if (pad != NULL && self->told.kind == NULL)
    self->told.kind = pad->kind;
}
