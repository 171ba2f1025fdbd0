/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The certificates that both ends of a transport have shown each other.
 */
#include "certificates.h"

#include <string.h>

#include "../certificate.h"

/* Of the fingerprint: certificates that differ in it are not the same. */
#define ID_SIZE 16

/* Ends of transports that share a certificate share its object. */
static char *
make_id (const char *fingerprint)
{
  GString *id = g_string_new ("certificate-stats_");
  gsize size = id->len + ID_SIZE;
  const char *p;

  for (p = fingerprint; *p != '\0' && id->len < size; p++) {
    if (*p != ':')
      g_string_append_c (id, g_ascii_tolower (*p));
  }
  return g_string_free (id, FALSE);
}

GstCallstatsCertificate *
gst_callstats_certificate_new (const char *pem)
{
  gsize size = 0;
  g_autofree guchar *der = gst_callstats_certificate_decode (pem, &size);
  g_autofree char *text = NULL;
  GstCallstatsCertificate *self;
  const char *space;

  if (der == NULL || size == 0)
    return NULL;
  self = g_new0 (GstCallstatsCertificate, 1);
  text = gst_callstats_certificate_get_fingerprint (der, size);
  space = strchr (text, ' ');
  self->algorithm = g_strndup (text, space - text);
  self->fingerprint = g_strdup (space + 1);
  self->base64 = g_base64_encode (der, size);
  self->id = make_id (self->fingerprint);
  return self;
}

void
gst_callstats_certificate_free (GstCallstatsCertificate *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->algorithm);
  g_free (self->fingerprint);
  g_free (self->base64);
  g_free (self);
}

void
gst_callstats_certificate_tell (
    const GstCallstatsCertificate *self, GHashTable *told, CallstatsReport *report)
{
  if (!g_hash_table_add (told, self->id))
    return;
  callstats_report_add_stats (report, "certificate", self->id);
  callstats_report_set_string (report, "fingerprint", self->fingerprint);
  callstats_report_set_string (report, "fingerprintAlgorithm", self->algorithm);
  callstats_report_set_string (report, "base64Certificate", self->base64);
}
