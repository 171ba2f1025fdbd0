/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The collector's own TLS certificate, from files.
 *
 * Main thread only.
 */
#pragma once

#include <gio/gio.h>

/* certificate: PEM, the collector's first, those that signed it behind. key: PEM, the
 * private key, not encrypted. Returns: (transfer full) (nullable): NULL with an error
 * that names the file and the way out, also where the two do not belong together. */
GTlsCertificate *certificate_load (
    const char *certificate_path, const char *key_path, GError **error);
/* Says in the log until when it is good, and warns where that is soon. */
void certificate_log (GTlsCertificate *certificate, const char *event);
