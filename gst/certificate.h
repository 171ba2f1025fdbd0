/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a certificate is the one that a session description promised.
 *
 * Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_CERTIFICATE_MATCHES,
  GST_CALLSTATS_CERTIFICATE_DIFFERS,
  GST_CALLSTATS_CERTIFICATE_UNKNOWN, /* nothing can be compared */
} GstCallstatsCertificateMatch;

/* pem: the certificate; fingerprints: char, as gst_callstats_sdp_get_fingerprints() gives
 * them; own: (out) (nullable): the certificate's SHA-256 fingerprint */
GstCallstatsCertificateMatch gst_callstats_certificate_compare (
    const char *pem, const GPtrArray *fingerprints, char **own);

/* pem: (nullable): the certificate, and maybe a key.
 * Returns: (transfer full) (nullable): the certificate's DER form */
guchar *gst_callstats_certificate_decode (const char *pem, gsize *length);
/* Returns: (transfer full): "sha-256 AB:CD…" */
char *gst_callstats_certificate_get_fingerprint (const guchar *der, gsize length);

G_END_DECLS
