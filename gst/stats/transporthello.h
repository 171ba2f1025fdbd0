/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a DTLS server chose, as its ServerHello says in the clear (RFC 5246, 6347, 5764).
 *
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint16 version;      /* as on the wire: 0xFEFD is DTLS 1.2 */
  guint16 cipher_suite; /* its number at IANA */
  guint16 srtp_profile; /* its number at IANA; 0: none was chosen */
} GstCallstatsServerHello;

/* Whether the first byte is that of DTLS (RFC 7983). */
gboolean gst_callstats_is_dtls (guint8 first);

/* Finds a ServerHello that is whole in the datagram.
 * Returns: FALSE: there is none */
gboolean gst_callstats_server_hello_read (
    const guint8 *datagram, gsize size, GstCallstatsServerHello *hello);

/* The names that IANA has for them. Returns: (nullable): NULL: not known here */
const char *gst_callstats_cipher_suite_get_name (guint16 cipher_suite);
const char *gst_callstats_srtp_profile_get_name (guint16 srtp_profile);

G_END_DECLS
