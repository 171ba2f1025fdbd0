/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whose word a backend's certificate needs. Any thread; reads files.
 */
#pragma once

#include <gio/gio.h>

/* ca_file: (nullable): certificates in PEM that are trusted, in place of the system's.
 * Returns: (transfer full) (nullable): NULL with an error that names the way out. */
GTlsDatabase *callstats_trust_load (const char *ca_file, GError **error);

/* Returns: (transfer none): what is wrong with a certificate, in words, and what to do.
 */
const char *callstats_trust_describe (GTlsCertificateFlags wrong);
