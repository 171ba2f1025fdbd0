/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Read tokens: made once, shown once, kept as a hash.
 *
 * Any thread.
 */
#pragma once

#include "applications.h"

/* Returns: (transfer full): 256 random bits, in letters that need no quoting. */
char *read_token_new (void);
/* Returns: whether the text has a read token's form; only then is there a hash. */
gboolean read_token_hash (const char *token, guint8 hash[READ_TOKEN_HASH_BYTES]);
