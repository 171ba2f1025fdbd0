/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random text. Any thread.
 */
#include "random-text.h"

#include <openssl/rand.h>
#include <string.h>

#define RANDOM_BYTES 32

char *
base64url_encode (const guint8 *data, gsize length)
{
  char *text = g_base64_encode (data, length);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

char *
random_text_new (void)
{
  guint8 bytes[RANDOM_BYTES];
  char *text;

  /* Without randomness there is nothing to go on with. */
  if (RAND_bytes (bytes, sizeof bytes) != 1)
    g_error ("libcrypto has no random numbers");
  text = base64url_encode (bytes, sizeof bytes);
  explicit_bzero (bytes, sizeof bytes);
  return text;
}
