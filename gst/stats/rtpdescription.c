/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the two descriptions of a negotiation say of RTP. Pure.
 */
#include <string.h>

#include "rtpcodecs.h"
#include "rtpdescription.h"

static void
section_free (gpointer data)
{
  GstCallstatsSection *section = data;
  guint i;

  g_free (section->mid);
  for (i = 0; i < 2; i++) {
    g_array_unref (section->codecs[i]);
    g_free (section->track[i]);
  }
  g_free (section);
}

static void
source_clear (gpointer data)
{
  GstCallstatsSource *source = data;

  g_free (source->track);
}

/* SSRCs (RFC 5576) */

static GstCallstatsSource *
get_source (GArray *sources, guint32 ssrc, guint section)
{
  GstCallstatsSource source = { .ssrc = ssrc, .section = section };
  guint i;

  for (i = 0; i < sources->len; i++) {
    if (g_array_index (sources, GstCallstatsSource, i).ssrc == ssrc)
      return &g_array_index (sources, GstCallstatsSource, i);
  }
  g_array_append_val (sources, source);
  return &g_array_index (sources, GstCallstatsSource, sources->len - 1);
}

/* "stream track" → "track": the stream's name holds the host's with webrtcbin. */
static char *
read_track (const char *msid)
{
  const char *space = strchr (msid, ' ');
  const char *track = space != NULL ? space + strspn (space, " ") : "";
  gsize length = strcspn (track, " ");

  return length > 0 ? g_strndup (track, length) : NULL;
}

/* 1234 msid:stream track */
static void
read_source (GArray *sources, guint section, const char *value)
{
  guint64 ssrc = g_ascii_strtoull (value, NULL, 10);
  const char *msid = strstr (value, " msid:");
  GstCallstatsSource *source;

  if (ssrc == 0 || ssrc > G_MAXUINT32)
    return;
  source = get_source (sources, ssrc, section);
  if (msid != NULL && source->track == NULL)
    source->track = read_track (msid + strlen (" msid:"));
}

/* FID 1234 5678: the second repairs the first */
static void
read_group (GArray *sources, guint section, const char *value)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 4);
  GstCallstatsSource *source;

  if (g_strv_length (words) != 3)
    return;
  source = get_source (sources, (guint32)g_ascii_strtoull (words[2], NULL, 10), section);
  if (strcmp (words[0], "FID") == 0)
    source->role = GST_CALLSTATS_PAYLOAD_RTX;
  else if (strcmp (words[0], "FEC-FR") == 0)
    source->role = GST_CALLSTATS_PAYLOAD_FLEXFEC;
  else
    return;
  source->repaired = (guint32)g_ascii_strtoull (words[1], NULL, 10);
}

static void
read_sources (GArray *sources, guint section, const GstSDPMedia *media)
{
  guint i;

  for (i = 0; media != NULL && i < gst_sdp_media_attributes_len (media); i++) {
    const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);

    if (attribute->value == NULL)
      continue;
    if (strcmp (attribute->key, "ssrc") == 0)
      read_source (sources, section, attribute->value);
    else if (strcmp (attribute->key, "ssrc-group") == 0)
      read_group (sources, section, attribute->value);
  }
}

/* Sections */

static const GstSDPMedia *
get_media (const GstSDPMessage *sdp, guint index)
{
  return sdp != NULL && index < gst_sdp_message_medias_len (sdp)
             ? gst_sdp_message_get_media (sdp, index)
             : NULL;
}

static const char *
get_attribute (const GstSDPMedia *media, const char *key)
{
  return media != NULL ? gst_sdp_media_get_attribute_val (media, key) : NULL;
}

static char *
get_track (const GstSDPMedia *media)
{
  const char *msid = get_attribute (media, "msid");

  return msid != NULL ? read_track (msid) : NULL;
}

/* Without a description the other end is not in the way. */
static gboolean
may (const GstSDPMedia *media, const char *one_way)
{
  return media == NULL || get_attribute (media, one_way) != NULL ||
         (get_attribute (media, "sendonly") == NULL &&
             get_attribute (media, "recvonly") == NULL &&
             get_attribute (media, "inactive") == NULL);
}

/* The mids of a=group:BUNDLE. */
static GStrv
get_bundle (const GstSDPMessage *sdp)
{
  guint i;

  for (i = 0; sdp != NULL && i < gst_sdp_message_attributes_len (sdp); i++) {
    const GstSDPAttribute *attribute = gst_sdp_message_get_attribute (sdp, i);

    if (strcmp (attribute->key, "group") == 0 && attribute->value != NULL &&
        g_str_has_prefix (attribute->value, "BUNDLE "))
      return g_strsplit (attribute->value + strlen ("BUNDLE "), " ", -1);
  }
  return g_new0 (char *, 1);
}

static gboolean
is_bundled (const GstSDPMessage *sdp, const char *mid)
{
  g_auto (GStrv) mids = get_bundle (sdp);

  return sdp == NULL || g_strv_contains ((const char *const *)mids, mid);
}

/* webrtcbin answers with port 0 for what is in a bundle; RFC 8843 takes out of the group
 * what is rejected. */
static gboolean
is_rejected (const GstSDPMessage *sdp, guint index)
{
  const GstSDPMedia *media = get_media (sdp, index);
  g_auto (GStrv) mids = get_bundle (sdp);
  const char *mid = get_attribute (media, "mid");

  return media != NULL && gst_sdp_media_get_port (media) == 0 &&
         get_attribute (media, "bundle-only") == NULL &&
         (mid == NULL || !g_strv_contains ((const char *const *)mids, mid));
}

/* webrtcbin numbers its sessions by the m-line that has the transport: a bundle's first.
 */
static guint
find_session (const GstSDPMessage *local, const GstSDPMessage *remote, guint index)
{
  g_auto (GStrv) mids = get_bundle (local);
  const char *mid = get_attribute (get_media (local, index), "mid");
  guint i;

  if (mid == NULL || !g_strv_contains ((const char *const *)mids, mid) ||
      !is_bundled (remote, mid))
    return index;
  for (i = 0; i < gst_sdp_message_medias_len (local); i++) {
    if (g_strcmp0 (get_attribute (get_media (local, i), "mid"), mids[0]) == 0)
      return i;
  }
  return index;
}

static GstCallstatsSection *
section_new (const GstSDPMessage *local, const GstSDPMessage *remote, guint index)
{
  const GstSDPMedia *ours = get_media (local, index);
  const GstSDPMedia *theirs = get_media (remote, index);
  GstCallstatsSection *section = g_new0 (GstCallstatsSection, 1);

  section->index = index;
  section->session = find_session (local, remote, index);
  section->kind = g_intern_string (gst_sdp_media_get_media (ours));
  section->mid = g_strdup (get_attribute (ours, "mid"));
  section->rejected = is_rejected (local, index) || is_rejected (remote, index);
  section->active[0] =
      !section->rejected && may (ours, "sendonly") && may (theirs, "recvonly");
  section->active[1] =
      !section->rejected && may (ours, "recvonly") && may (theirs, "sendonly");
  /* Each end says what it wants to get. */
  section->codecs[0] = gst_callstats_read_codecs (theirs, ours);
  section->codecs[1] = gst_callstats_read_codecs (ours, theirs);
  section->track[0] = get_track (ours);
  section->track[1] = get_track (theirs);
  return section;
}

static gboolean
is_rtp (const GstSDPMedia *media)
{
  const char *kind = gst_sdp_media_get_media (media);

  return g_strcmp0 (kind, "audio") == 0 || g_strcmp0 (kind, "video") == 0;
}

GstCallstatsRtpDescription *
gst_callstats_rtp_description_new (
    const GstSDPMessage *local, const GstSDPMessage *remote)
{
  GstCallstatsRtpDescription *self = g_new0 (GstCallstatsRtpDescription, 1);
  guint i;

  self->sections = g_ptr_array_new_with_free_func (section_free);
  for (i = 0; i < 2; i++) {
    self->sources[i] = g_array_new (FALSE, TRUE, sizeof (GstCallstatsSource));
    g_array_set_clear_func (self->sources[i], source_clear);
  }
  for (i = 0; i < gst_sdp_message_medias_len (local); i++) {
    if (!is_rtp (get_media (local, i)))
      continue;
    g_ptr_array_add (self->sections, section_new (local, remote, i));
    read_sources (self->sources[0], i, get_media (local, i));
    read_sources (self->sources[1], i, get_media (remote, i));
  }
  return self;
}

void
gst_callstats_rtp_description_free (GstCallstatsRtpDescription *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->sections);
  g_array_unref (self->sources[0]);
  g_array_unref (self->sources[1]);
  g_free (self);
}

/* Looking */

const GstCallstatsSection *
gst_callstats_rtp_description_find_section (
    const GstCallstatsRtpDescription *self, guint index)
{
  guint i;

  for (i = 0; i < self->sections->len; i++) {
    const GstCallstatsSection *section = g_ptr_array_index (self->sections, i);

    if (section->index == index)
      return section;
  }
  return NULL;
}

const GstCallstatsSection *
gst_callstats_rtp_description_guess_section (const GstCallstatsRtpDescription *self,
    guint session, gboolean received, guint8 payload_type)
{
  const GstCallstatsSection *found = NULL;
  guint i;

  for (i = 0; i < self->sections->len; i++) {
    const GstCallstatsSection *section = g_ptr_array_index (self->sections, i);

    if (section->session != session || !section->active[received] ||
        gst_callstats_section_find_codec (section, received, payload_type) == NULL)
      continue;
    if (found != NULL)
      return NULL;
    found = section;
  }
  return found;
}

const GstCallstatsSource *
gst_callstats_rtp_description_find_source (
    const GstCallstatsRtpDescription *self, gboolean received, guint32 ssrc)
{
  GArray *sources = self->sources[received];
  guint i;

  for (i = 0; i < sources->len; i++) {
    if (g_array_index (sources, GstCallstatsSource, i).ssrc == ssrc)
      return &g_array_index (sources, GstCallstatsSource, i);
  }
  return NULL;
}

const GstCallstatsSource *
gst_callstats_rtp_description_find_repair (const GstCallstatsRtpDescription *self,
    gboolean received, guint32 ssrc, GstCallstatsPayloadRole role)
{
  GArray *sources = self->sources[received];
  guint i;

  for (i = 0; i < sources->len; i++) {
    const GstCallstatsSource *source = &g_array_index (sources, GstCallstatsSource, i);

    if (source->repaired == ssrc && source->role == role)
      return source;
  }
  return NULL;
}

const GstCallstatsCodec *
gst_callstats_section_find_codec (
    const GstCallstatsSection *section, gboolean received, guint8 payload_type)
{
  GArray *codecs = section->codecs[received];
  guint i;

  for (i = 0; i < codecs->len; i++) {
    if (g_array_index (codecs, GstCallstatsCodec, i).payload_type == payload_type)
      return &g_array_index (codecs, GstCallstatsCodec, i);
  }
  return NULL;
}

static void
add_payloads (
    const GstCallstatsSection *section, gboolean received, GstCallstatsPayload *payloads)
{
  GArray *codecs = section->codecs[received];
  guint i;

  for (i = 0; i < codecs->len; i++) {
    const GstCallstatsCodec *codec = &g_array_index (codecs, GstCallstatsCodec, i);

    if (payloads[codec->payload_type].role == GST_CALLSTATS_PAYLOAD_UNKNOWN)
      payloads[codec->payload_type] = codec->payload;
  }
}

void
gst_callstats_rtp_description_get_payloads (const GstCallstatsRtpDescription *self,
    guint session, gboolean received, GstCallstatsPayload *payloads)
{
  guint i;

  memset (payloads, 0, GST_CALLSTATS_N_PAYLOADS * sizeof *payloads);
  for (i = 0; i < self->sections->len; i++) {
    const GstCallstatsSection *section = g_ptr_array_index (self->sections, i);

    if (section->session == session)
      add_payloads (section, received, payloads);
  }
}
