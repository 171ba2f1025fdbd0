/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The payload types of an m-line (RFC 8866, sections 6.6 and 6.15). Pure.
 */
#include <string.h>

#include "rtpcodecs.h"

/* webrtcbin writes the names in upper case, as caps have them; IANA has registered them
 * so. */
static const char *const registered[] = {
  "AMR",
  "AMR-WB",
  "AV1",
  "CN",
  "EVS",
  "G722",
  "G729",
  "H264",
  "H264-SVC",
  "H265",
  "H266",
  "iLBC",
  "L16",
  "MPEG4-GENERIC",
  "MP4A-LATM",
  "opus",
  "PCMA",
  "PCMU",
  "red",
  "rtx",
  "speex",
  "telephone-event",
  "ulpfec",
  "flexfec",
  "vorbis",
  "VP8",
  "VP9",
};

static const struct {
  const char *name;
  GstCallstatsPayloadRole role;
} roles[] = {
  { "rtx", GST_CALLSTATS_PAYLOAD_RTX },
  { "red", GST_CALLSTATS_PAYLOAD_RED },
  { "ulpfec", GST_CALLSTATS_PAYLOAD_ULPFEC },
  { "flexfec", GST_CALLSTATS_PAYLOAD_FLEXFEC },
  { "flexfec-03", GST_CALLSTATS_PAYLOAD_FLEXFEC },
};

/* RFC 3551: what needs no a=rtpmap. */
static const struct {
  guint8 payload_type;
  const char *rtpmap;
} fixed[] = {
  { 0, "PCMU/8000" },
  { 8, "PCMA/8000" },
  { 9, "G722/8000" },
  { 13, "CN/8000" },
  { 18, "G729/8000" },
};

static void
codec_clear (gpointer data)
{
  GstCallstatsCodec *codec = data;

  g_free (codec->mime_type);
  g_free (codec->fmtp);
}

static char *
get_mime_type (const char *media, const char *name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (registered); i++) {
    if (g_ascii_strcasecmp (registered[i], name) == 0)
      return g_strdup_printf ("%s/%s", media, registered[i]);
  }
  return g_strdup_printf ("%s/%s", media, name);
}

static GstCallstatsPayloadRole
get_role (const char *name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (roles); i++) {
    if (g_ascii_strcasecmp (roles[i].name, name) == 0)
      return roles[i].role;
  }
  return GST_CALLSTATS_PAYLOAD_MEDIA;
}

static gboolean
has_codec (GArray *codecs, guint8 payload_type)
{
  guint i;

  for (i = 0; i < codecs->len; i++) {
    if (g_array_index (codecs, GstCallstatsCodec, i).payload_type == payload_type)
      return TRUE;
  }
  return FALSE;
}

/* map: "OPUS/48000/2" */
static void
add_codec (GArray *codecs, const char *media, guint8 payload_type, const char *map)
{
  g_auto (GStrv) parts = g_strsplit (map, "/", 3);
  GstCallstatsCodec codec = { .payload_type = payload_type };

  if (g_strv_length (parts) < 2 || has_codec (codecs, payload_type))
    return;
  codec.mime_type = get_mime_type (media, parts[0]);
  codec.payload.role = get_role (parts[0]);
  codec.payload.clock_rate = g_ascii_strtoull (parts[1], NULL, 10);
  if (strcmp (media, "audio") == 0)
    codec.channels = parts[2] != NULL ? g_ascii_strtoull (parts[2], NULL, 10) : 1;
  g_array_append_val (codecs, codec);
}

/* "96 text" → 96 and text
 * Returns: (nullable): the text */
static const char *
split (const char *value, guint8 *payload_type)
{
  char *end;
  guint64 number;

  if (value == NULL)
    return NULL;
  number = g_ascii_strtoull (value, &end, 10);
  if (end == value || *end != ' ' || number >= GST_CALLSTATS_N_PAYLOADS)
    return NULL;
  *payload_type = number;
  return end + strspn (end, " ");
}

static void
read_maps (GArray *codecs, const GstSDPMedia *media)
{
  guint8 payload_type;
  guint i;

  for (i = 0; i < gst_sdp_media_attributes_len (media); i++) {
    const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
    const char *map = strcmp (attribute->key, "rtpmap") == 0
                          ? split (attribute->value, &payload_type)
                          : NULL;

    if (map != NULL)
      add_codec (codecs, gst_sdp_media_get_media (media), payload_type, map);
  }
}

static void
read_fixed (GArray *codecs, const GstSDPMedia *media)
{
  guint i, k;

  for (i = 0; i < gst_sdp_media_formats_len (media); i++) {
    guint64 format = g_ascii_strtoull (gst_sdp_media_get_format (media, i), NULL, 10);

    for (k = 0; k < G_N_ELEMENTS (fixed); k++) {
      if (fixed[k].payload_type == format)
        add_codec (codecs, gst_sdp_media_get_media (media), format, fixed[k].rtpmap);
    }
  }
}

static void
set_fmtp (GArray *codecs, guint8 payload_type, const char *fmtp)
{
  const char *apt = strstr (fmtp, "apt=");
  guint i;

  for (i = 0; i < codecs->len; i++) {
    GstCallstatsCodec *codec = &g_array_index (codecs, GstCallstatsCodec, i);

    if (codec->payload_type != payload_type || codec->fmtp != NULL)
      continue;
    codec->fmtp = g_strdup (fmtp);
    if (codec->payload.role == GST_CALLSTATS_PAYLOAD_RTX && apt != NULL)
      codec->payload.repaired =
          g_ascii_strtoull (apt + strlen ("apt="), NULL, 10) % GST_CALLSTATS_N_PAYLOADS;
  }
}

static void
read_fmtps (GArray *codecs, const GstSDPMedia *media)
{
  guint8 payload_type;
  guint i;

  for (i = 0; i < gst_sdp_media_attributes_len (media); i++) {
    const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
    const char *fmtp = strcmp (attribute->key, "fmtp") == 0
                           ? split (attribute->value, &payload_type)
                           : NULL;

    if (fmtp != NULL)
      set_fmtp (codecs, payload_type, fmtp);
  }
}

GArray *
gst_callstats_read_codecs (const GstSDPMedia *first, const GstSDPMedia *second)
{
  GArray *codecs = g_array_new (FALSE, TRUE, sizeof (GstCallstatsCodec));
  const GstSDPMedia *const both[] = { first, second };
  guint i;

  g_array_set_clear_func (codecs, codec_clear);
  for (i = 0; i < G_N_ELEMENTS (both); i++) {
    if (both[i] == NULL)
      continue;
    read_maps (codecs, both[i]);
    read_fixed (codecs, both[i]);
    read_fmtps (codecs, both[i]);
  }
  return codecs;
}
