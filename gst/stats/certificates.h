/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The certificates that both ends of a transport have shown each other.
 *
 * Monitor thread only.
 */
#pragma once

#include "statssource.h"

G_BEGIN_DECLS

typedef struct {
  char *id;
  char *algorithm;   /* "sha-256" */
  char *fingerprint; /* "AB:CD:…", of that */
  char *base64;      /* of its DER form */
} GstCallstatsCertificate;

/* pem: (nullable): may hold a key, too, which is left alone. Pure.
 * Returns: (nullable): NULL: there is no certificate in it */
GstCallstatsCertificate *gst_callstats_certificate_new (const char *pem);
void gst_callstats_certificate_free (GstCallstatsCertificate *certificate);

/* Adds a certificate object, unless one of that id is among told already; told: a set of
 * char, which must go before the certificate. */
void gst_callstats_certificate_tell (const GstCallstatsCertificate *certificate,
    GHashTable *told, CallstatsReport *report);

G_END_DECLS
