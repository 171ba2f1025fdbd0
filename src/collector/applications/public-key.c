/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The form of a public key. libjwt takes any key that OpenSSL can read, of any kind and
 * curve; ES256 is P-256 alone (RFC 7518, 3.4).
 */
#include "public-key.h"

#include <string.h>

#define BEGIN "-----BEGIN PUBLIC KEY-----"
#define END "-----END PUBLIC KEY-----"
#define MAX_PEM 4096

/* SEQUENCE of (id-ecPublicKey, prime256v1), and a BIT STRING of a whole point. */
static const guint8 p256[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
  0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
  0x42, 0x00, 0x04 };

#define POINT_BYTES 64

/* Returns: (transfer full) (nullable): the DER that the PEM holds; NULL where it is no
 * such key. */
static guint8 *
decode (const char *pem)
{
  const char *begin = pem + strspn (pem, " \t\r\n");
  const char *end = strstr (pem, END);
  g_autofree char *base64 = NULL;
  g_autofree guint8 *der = NULL;
  gsize length;

  if (strlen (pem) > MAX_PEM || !g_str_has_prefix (begin, BEGIN) || end == NULL ||
      end[strlen (END) + strspn (end + strlen (END), " \t\r\n")] != '\0')
    return NULL;
  base64 = g_strndup (begin + strlen (BEGIN), end - begin - strlen (BEGIN));
  der = g_base64_decode (base64, &length);
  if (length != sizeof p256 + POINT_BYTES || memcmp (der, p256, sizeof p256) != 0)
    return NULL;
  return g_steal_pointer (&der);
}

gboolean
is_p256_public_key (const char *pem)
{
  g_autofree guint8 *der = decode (pem);

  return der != NULL;
}

char *
p256_public_key_to_line (const char *pem)
{
  g_autofree guint8 *der = decode (pem);

  return der != NULL ? g_base64_encode (der, sizeof p256 + POINT_BYTES) : NULL;
}
