/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the caps of a stream must say to be part of a call. Pure functions: any thread.
 */
#include "loopback-caps.h"

static const gchar *const FORMAT_FIELDS[] = { "media", "encoding-name", "clock-rate",
  "payload" };

/* Why a stream with these caps cannot be offered; NULL if it can */
gchar *
loopback_caps_find_problem (const GstCaps *caps)
{
  const GstStructure *rtp = gst_caps_get_structure (caps, 0);
  const gchar *media = gst_structure_get_string (rtp, "media");

  for (guint i = 0; i < G_N_ELEMENTS (FORMAT_FIELDS); i++) {
    if (!gst_structure_has_field (rtp, FORMAT_FIELDS[i]))
      return g_strdup_printf (
          "its caps have no %s; add it with a capsfilter", FORMAT_FIELDS[i]);
  }
  if (g_strcmp0 (media, "audio") && g_strcmp0 (media, "video"))
    return g_strdup_printf (
        "its media is '%s', not audio or video", media ? media : "no string");
  return NULL;
}

static gboolean
same_field (const GstStructure *a, const GstStructure *b, const gchar *field)
{
  return gst_value_compare (gst_structure_get_value (a, field),
             gst_structure_get_value (b, field)) == GST_VALUE_EQUAL;
}

/* For caps without a problem, as are those below */
gboolean
loopback_caps_same_format (const GstCaps *a, const GstCaps *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (FORMAT_FIELDS); i++) {
    if (!same_field (gst_caps_get_structure (a, 0), gst_caps_get_structure (b, 0),
            FORMAT_FIELDS[i]))
      return FALSE;
  }
  return TRUE;
}

/* Streams that share a transport are told apart by SSRC, but a payload type has one
 * meaning for all. Why @caps cannot go beside those of stream @index; NULL if they can */
gchar *
loopback_caps_find_conflict (const GstCaps *caps, const GstCaps *others, guint index)
{
  const GstStructure *rtp = gst_caps_get_structure (caps, 0);
  const GstStructure *taken = gst_caps_get_structure (others, 0);
  gint payload;

  if (!same_field (rtp, taken, "payload") || loopback_caps_same_format (caps, others) ||
      !gst_structure_get_int (rtp, "payload", &payload))
    return NULL;
  return g_strdup_printf (
      "payload type %d is %s at sink_%u; give this stream's payloader another pt",
      payload, gst_structure_get_string (taken, "encoding-name"), index);
}

gboolean
loopback_caps_get_ssrc (const GstCaps *caps, guint *ssrc)
{
  return caps && gst_structure_get_uint (gst_caps_get_structure (caps, 0), "ssrc", ssrc);
}
