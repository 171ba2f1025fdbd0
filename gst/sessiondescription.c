/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What session descriptions tell of a setup. Pure.
 */
#include <string.h>

#include "sessiondescription.h"
#include "setupdiagnosis.h"

guint
gst_callstats_sdp_get_candidate_types (const GstSDPMessage *sdp)
{
  guint types = 0;
  guint i, k;

  for (i = 0; i < gst_sdp_message_medias_len (sdp); i++) {
    const GstSDPMedia *media = gst_sdp_message_get_media (sdp, i);

    for (k = 0; k < gst_sdp_media_attributes_len (media); k++) {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, k);
      g_autofree char *line = NULL;

      if (strcmp (attribute->key, "candidate") != 0 || attribute->value == NULL)
        continue;
      line = g_strconcat ("candidate:", attribute->value, NULL);
      types |= gst_callstats_candidate_get_type (line);
    }
  }
  return types;
}

/* Fingerprints */

static void
add_fingerprint (GPtrArray *fingerprints, const GstSDPAttribute *attribute)
{
  g_auto (GStrv) words = NULL;
  g_autofree char *hash = NULL;
  g_autofree char *digits = NULL;

  if (strcmp (attribute->key, "fingerprint") != 0 || attribute->value == NULL)
    return;
  words = g_strsplit (attribute->value, " ", 2);
  if (g_strv_length (words) != 2)
    return;
  hash = g_ascii_strdown (words[0], -1);
  digits = g_ascii_strup (g_strstrip (words[1]), -1);
  g_ptr_array_add (fingerprints, g_strdup_printf ("%s %s", hash, digits));
}

GPtrArray *
gst_callstats_sdp_get_fingerprints (const GstSDPMessage *sdp)
{
  GPtrArray *fingerprints = g_ptr_array_new_with_free_func (g_free);
  guint i, k;

  for (i = 0; i < gst_sdp_message_attributes_len (sdp); i++)
    add_fingerprint (fingerprints, gst_sdp_message_get_attribute (sdp, i));
  for (i = 0; i < gst_sdp_message_medias_len (sdp); i++) {
    const GstSDPMedia *media = gst_sdp_message_get_media (sdp, i);

    for (k = 0; k < gst_sdp_media_attributes_len (media); k++)
      add_fingerprint (fingerprints, gst_sdp_media_get_attribute (media, k));
  }
  return fingerprints;
}

/* What is odd */

static gboolean
has_attribute (const GstSDPMessage *sdp, const GstSDPMedia *media, const char *key)
{
  const char *value = gst_sdp_media_get_attribute_val (media, key);

  if (value == NULL)
    value = gst_sdp_message_get_attribute_val (sdp, key);
  return value != NULL && *value != '\0';
}

static gboolean
is_used (const GstSDPMedia *media)
{
  return gst_sdp_media_get_port (media) != 0 ||
         gst_sdp_media_get_attribute_val (media, "bundle-only") != NULL;
}

static char *
find_missing (const GstSDPMessage *sdp, guint index)
{
  static const char *const needed[] = { "mid", "ice-ufrag", "ice-pwd", "fingerprint",
    "setup" };
  const GstSDPMedia *media = gst_sdp_message_get_media (sdp, index);
  guint i;

  for (i = 0; is_used (media) && i < G_N_ELEMENTS (needed); i++) {
    if (!has_attribute (sdp, media, needed[i]))
      return g_strdup_printf ("m-line %u (%s) has no a=%s", index,
          gst_sdp_media_get_media (media), needed[i]);
  }
  return NULL;
}

static char *
find_mismatch (const GstSDPMessage *sdp, const GstSDPMessage *peer)
{
  guint n = gst_sdp_message_medias_len (sdp);
  guint n_peer = gst_sdp_message_medias_len (peer);
  guint i;

  for (i = 0; i < MIN (n, n_peer); i++) {
    const char *media = gst_sdp_media_get_media (gst_sdp_message_get_media (sdp, i));
    const char *other = gst_sdp_media_get_media (gst_sdp_message_get_media (peer, i));

    if (g_strcmp0 (media, other) != 0)
      return g_strdup_printf (
          "m-line %u is %s here and %s at the other end", i, media, other);
  }
  if (n != n_peer)
    return g_strdup_printf (
        "m-line %u is missing: there are %u here and %u at the other end",
        MIN (n, n_peer), n, n_peer);
  return NULL;
}

char *
gst_callstats_sdp_find_odd (const GstSDPMessage *sdp, const GstSDPMessage *peer)
{
  char *odd = peer != NULL ? find_mismatch (sdp, peer) : NULL;
  guint i;

  if (odd == NULL && gst_sdp_message_medias_len (sdp) == 0)
    return g_strdup ("there is no m-line");
  for (i = 0; odd == NULL && i < gst_sdp_message_medias_len (sdp); i++)
    odd = find_missing (sdp, i);
  return odd;
}

gboolean
gst_callstats_sdp_is_same (const GstSDPMessage *one, const GstSDPMessage *other)
{
  const GstSDPOrigin *first = gst_sdp_message_get_origin (one);
  const GstSDPOrigin *second = gst_sdp_message_get_origin (other);

  return g_strcmp0 (first->sess_id, second->sess_id) == 0 &&
         g_strcmp0 (first->sess_version, second->sess_version) == 0 &&
         gst_sdp_message_medias_len (one) == gst_sdp_message_medias_len (other);
}
