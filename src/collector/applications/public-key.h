/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which keys ES256 tokens are checked by. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* Whether a text is a SubjectPublicKeyInfo in PEM (RFC 7468, 13) of an EC key on P-256,
 * its point not compressed, and nothing else. */
gboolean is_p256_public_key (const char *pem);
/* Returns: (transfer full) (nullable): what is between BEGIN and END, in one line; NULL
 * where it is no such key. */
char *p256_public_key_to_line (const char *pem);
