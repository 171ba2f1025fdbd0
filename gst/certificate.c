/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a certificate is the one that a session description promised. Pure.
 */
#include <string.h>

#include "certificate.h"

static const struct {
  const char *name;
  GChecksumType type;
} hashes[] = {
  { "sha-1", G_CHECKSUM_SHA1 },
  { "sha-256", G_CHECKSUM_SHA256 },
  { "sha-384", G_CHECKSUM_SHA384 },
  { "sha-512", G_CHECKSUM_SHA512 },
};

guchar *
gst_callstats_certificate_decode (const char *pem, gsize *length)
{
  static const char BEGIN[] = "-----BEGIN CERTIFICATE-----";
  const char *begin = pem != NULL ? strstr (pem, BEGIN) : NULL;
  const char *end = begin != NULL ? strstr (begin, "-----END CERTIFICATE-----") : NULL;
  g_autofree char *text = NULL;

  if (end == NULL)
    return NULL;
  begin += strlen (BEGIN);
  text = g_strndup (begin, end - begin);
  return g_base64_decode (text, length);
}

/* "sha-256 AB:CD…" */
static char *
get_fingerprint (guint hash, const guchar *der, gsize length)
{
  g_autofree char *digest = g_compute_checksum_for_data (hashes[hash].type, der, length);
  GString *text = g_string_new (hashes[hash].name);
  gsize i;

  for (i = 0; digest[i] != '\0'; i += 2)
    g_string_append_printf (text, "%c%c%c", i == 0 ? ' ' : ':',
        g_ascii_toupper (digest[i]), g_ascii_toupper (digest[i + 1]));
  return g_string_free (text, FALSE);
}

char *
gst_callstats_certificate_get_fingerprint (const guchar *der, gsize length)
{
  return get_fingerprint (1, der, length);
}

/* The hash of a fingerprint's name; past the end: not one we know */
static guint
find_hash (const char *fingerprint)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (hashes); i++) {
    gsize length = strlen (hashes[i].name);

    if (strncmp (fingerprint, hashes[i].name, length) == 0 && fingerprint[length] == ' ')
      break;
  }
  return i;
}

static GstCallstatsCertificateMatch
compare (const guchar *der, gsize length, const GPtrArray *fingerprints)
{
  GstCallstatsCertificateMatch match = GST_CALLSTATS_CERTIFICATE_UNKNOWN;
  guint i;

  for (i = 0; i < fingerprints->len; i++) {
    const char *promised = g_ptr_array_index (fingerprints, i);
    guint hash = find_hash (promised);
    g_autofree char *own = NULL;

    if (hash == G_N_ELEMENTS (hashes))
      continue;
    own = get_fingerprint (hash, der, length);
    if (strcmp (own, promised) == 0)
      return GST_CALLSTATS_CERTIFICATE_MATCHES;
    match = GST_CALLSTATS_CERTIFICATE_DIFFERS;
  }
  return match;
}

GstCallstatsCertificateMatch
gst_callstats_certificate_compare (
    const char *pem, const GPtrArray *fingerprints, char **own)
{
  gsize length = 0;
  g_autofree guchar *der = gst_callstats_certificate_decode (pem, &length);

  if (own != NULL)
    *own = NULL;
  if (der == NULL || length == 0)
    return GST_CALLSTATS_CERTIFICATE_UNKNOWN;
  if (own != NULL)
    *own = get_fingerprint (1, der, length);
  return compare (der, length, fingerprints);
}
