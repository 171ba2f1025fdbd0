/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random text for secrets and tokens, and the letters it is written in.
 *
 * Any thread.
 */
#pragma once

#include <glib.h>

/* Returns: (transfer full): base64 as in a URL, without padding (RFC 4648, 5). */
char *base64url_encode (const guint8 *data, gsize length);
/* Returns: (transfer full): 256 random bits in it: 43 letters. */
char *random_text_new (void);
