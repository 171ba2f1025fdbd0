/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a=ssrc lines (RFC 5576) to callstats' ssrcMap. Pure.
 */
#include <string.h>

#include "ssrcmap.h"

typedef struct {
  guint32 ssrc;
  char *cname, *msid; /* nullable */
} Source;

static void
source_clear (gpointer data)
{
  Source *source = data;

  g_free (source->cname);
  g_free (source->msid);
}

static Source *
find_source (GArray *sources, guint32 ssrc)
{
  Source source = { .ssrc = ssrc };
  guint i;

  for (i = 0; i < sources->len; i++) {
    if (g_array_index (sources, Source, i).ssrc == ssrc)
      return &g_array_index (sources, Source, i);
  }
  g_array_append_val (sources, source);
  return &g_array_index (sources, Source, sources->len - 1);
}

/* user1234@host-5a track → user1234@*** track, as in what is told of descriptions. */
static char *
hide_host (const char *text)
{
  const char *at = strchr (text, '@');

  return at != NULL ? g_strdup_printf (
                          "%.*s@***%s", (int)(at - text), text, at + strcspn (at, " "))
                    : g_strdup (text);
}

/* 1234 cname:user1234@host-5a */
static void
read_line (GArray *sources, const char *line)
{
  guint64 ssrc = g_ascii_strtoull (line, NULL, 10);
  const char *attribute = strchr (line, ' ');
  Source *source;

  if (ssrc == 0 || ssrc > G_MAXUINT32)
    return;
  source = find_source (sources, ssrc);
  if (attribute == NULL)
    return;
  if (g_str_has_prefix (attribute, " cname:") && source->cname == NULL)
    source->cname = hide_host (attribute + strlen (" cname:"));
  else if (g_str_has_prefix (attribute, " msid:") && source->msid == NULL)
    source->msid = hide_host (attribute + strlen (" msid:"));
}

static void
append_source (
    GVariantBuilder *map, const Source *source, const char *media, gboolean local)
{
  g_autofree char *ssrc = g_strdup_printf ("%u", source->ssrc);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "ssrc", "s", ssrc);
  g_variant_dict_insert (&dict, "streamType", "s", local ? "outbound" : "inbound");
  g_variant_dict_insert (&dict, "reportType", "s", local ? "local" : "remote");
  g_variant_dict_insert (&dict, "mediaType", "s", media);
  if (source->cname != NULL)
    g_variant_dict_insert (&dict, "cname", "s", source->cname);
  if (source->msid != NULL)
    g_variant_dict_insert (&dict, "msid", "s", source->msid);
  g_variant_builder_add_value (map, g_variant_dict_end (&dict));
}

static guint
append_media (GVariantBuilder *map, const GstSDPMedia *media, gboolean local)
{
  g_autoptr (GArray) sources = g_array_new (FALSE, FALSE, sizeof (Source));
  guint i;

  g_array_set_clear_func (sources, source_clear);
  for (i = 0; i < gst_sdp_media_attributes_len (media); i++) {
    const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);

    if (g_strcmp0 (attribute->key, "ssrc") == 0 && attribute->value != NULL &&
        g_utf8_validate (attribute->value, -1, NULL))
      read_line (sources, attribute->value);
  }
  for (i = 0; i < sources->len; i++)
    append_source (
        map, &g_array_index (sources, Source, i), gst_sdp_media_get_media (media), local);
  return sources->len;
}

static guint
append_message (GVariantBuilder *map, const GstSDPMessage *sdp, gboolean local)
{
  guint n = 0, i;

  for (i = 0; sdp != NULL && i < gst_sdp_message_medias_len (sdp); i++)
    n += append_media (map, gst_sdp_message_get_media (sdp, i), local);
  return n;
}

GVariant *
gst_callstats_get_ssrc_map (const GstSDPMessage *local, const GstSDPMessage *remote)
{
  GVariantBuilder map;
  GVariantDict dict;
  guint n;

  g_variant_builder_init (&map, G_VARIANT_TYPE ("aa{sv}"));
  n = append_message (&map, local, TRUE) + append_message (&map, remote, FALSE);
  if (n == 0) {
    g_variant_builder_clear (&map);
    return NULL;
  }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "ssrcData", g_variant_builder_end (&map));
  return g_variant_dict_end (&dict);
}
