/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Read tokens. Any thread.
 *
 * A plain SHA-256 is enough to keep one: passwords need a slow, salted hash because they
 * can be guessed, and nobody guesses 256 random bits.
 */
#include "read-token.h"

#include <string.h>

#include "random-text.h"

#define PREFIX "csr_" /* tells people and scanners of leaks what they have found */
#define TEXT_LENGTH 43

char *
read_token_new (void)
{
  g_autofree char *text = random_text_new ();

  return g_strconcat (PREFIX, text, NULL);
}

gboolean
read_token_hash (const char *token, guint8 hash[READ_TOKEN_HASH_BYTES])
{
  g_autoptr (GChecksum) checksum = NULL;
  gsize length = READ_TOKEN_HASH_BYTES;

  if (!g_str_has_prefix (token, PREFIX) ||
      strlen (token) != strlen (PREFIX) + TEXT_LENGTH)
    return FALSE;
  checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, (const guchar *)token, strlen (token));
  g_checksum_get_digest (checksum, hash, &length);
  return TRUE;
}
