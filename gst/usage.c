/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' fabricUsage from what was negotiated. Pure.
 */
#include <string.h>

#include "usage.h"

/* What the m-lines in use carry. */
typedef struct {
  guint n; /* m-lines */
  gboolean audio, video, data;
  guint transports;
  GPtrArray *groups; /* const char: the a=group:BUNDLE lines that were met */
} Carried;

/* The BUNDLE group that mid is in. */
static const char *
find_group (const GstSDPMessage *sdp, const char *mid)
{
  guint i;

  for (i = 0; mid != NULL && i < gst_sdp_message_attributes_len (sdp); i++) {
    const GstSDPAttribute *attribute = gst_sdp_message_get_attribute (sdp, i);
    g_auto (GStrv) words = NULL;

    if (strcmp (attribute->key, "group") != 0 || attribute->value == NULL)
      continue;
    words = g_strsplit (attribute->value, " ", -1);
    if (g_strcmp0 (words[0], "BUNDLE") == 0 &&
        g_strv_contains ((const char *const *)words + 1, mid))
      return attribute->value;
  }
  return NULL;
}

static gboolean
is_carried (const GstSDPMedia *media)
{
  return (gst_sdp_media_get_port (media) != 0 ||
             gst_sdp_media_get_attribute_val (media, "bundle-only") != NULL) &&
         gst_sdp_media_get_attribute_val (media, "inactive") == NULL;
}

static void
count_transport (const GstSDPMessage *sdp, const GstSDPMedia *media, Carried *carried)
{
  const char *group = find_group (sdp, gst_sdp_media_get_attribute_val (media, "mid"));

  if (group != NULL && g_ptr_array_find (carried->groups, group, NULL))
    return;
  if (group != NULL)
    g_ptr_array_add (carried->groups, (gpointer)group);
  carried->transports++;
}

static void
count (const GstSDPMessage *sdp, const GstSDPMedia *media, Carried *carried)
{
  const char *kind = gst_sdp_media_get_media (media);

  if (!is_carried (media))
    return;
  carried->n++;
  carried->audio |= g_strcmp0 (kind, "audio") == 0;
  carried->video |= g_strcmp0 (kind, "video") == 0;
  carried->data |= g_strcmp0 (kind, "application") == 0;
  count_transport (sdp, media, carried);
}

static CallstatsFabricUsage
decide (const Carried *carried, gboolean screen)
{
  if (carried->n == 0)
    return CALLSTATS_FABRIC_USAGE_AUTO;
  if (carried->transports > 1)
    return CALLSTATS_FABRIC_USAGE_UNBUNDLED;
  if (carried->audio + carried->video + carried->data > 1)
    return CALLSTATS_FABRIC_USAGE_MULTIPLEX;
  if (carried->video)
    return screen ? CALLSTATS_FABRIC_USAGE_SCREEN : CALLSTATS_FABRIC_USAGE_VIDEO;
  if (carried->audio)
    return CALLSTATS_FABRIC_USAGE_AUDIO;
  return carried->data ? CALLSTATS_FABRIC_USAGE_DATA : CALLSTATS_FABRIC_USAGE_AUTO;
}

CallstatsFabricUsage
gst_callstats_usage_from_sdp (const GstSDPMessage *answer, gboolean screen)
{
  Carried carried = { .groups = g_ptr_array_new () };
  guint i;

  for (i = 0; i < gst_sdp_message_medias_len (answer); i++)
    count (answer, gst_sdp_message_get_media (answer, i), &carried);
  g_ptr_array_unref (carried.groups);
  return decide (&carried, screen);
}
