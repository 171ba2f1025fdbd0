/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tokens, through libjwt. Pure, any thread.
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-token-private.h"

#define CLOCK_SKEW 60 /* seconds */
#define PRIVATE_KEY "PRIVATE KEY-----"

static int
add_claims (jwt_t *jwt, const CallstatsTokenClaims *claims)
{
  g_autofree char *id = g_uuid_string_random ();
  int failed = 0;

  failed |= jwt_add_grant (jwt, "appID", claims->app_id);
  failed |= jwt_add_grant (jwt, "userID", claims->user_id);
  failed |= jwt_add_grant (jwt, "aud", claims->audience);
  failed |= jwt_add_grant (jwt, "jti", id);
  failed |= jwt_add_grant_int (jwt, "iat", claims->now);
  failed |= jwt_add_grant_int (jwt, "nbf", claims->now - CLOCK_SKEW);
  failed |= jwt_add_grant_int (jwt, "exp", claims->now + CALLSTATS_TOKEN_LIFETIME);
  return failed;
}

static char *
encode (jwt_t *jwt)
{
  char *text = jwt_encode_str (jwt);
  char *token = g_strdup (text);

  free (text); /* libjwt's allocator, unless an application replaced that: we do not */
  return token;
}

/* Returns: (nullable): NULL with *failed. */
static char *
sign (
    jwt_alg_t algorithm, const char *key, const CallstatsTokenClaims *claims, int *failed)
{
  jwt_t *jwt = NULL;
  char *token = NULL;

  *failed = jwt_new (&jwt);
  if (*failed == 0)
    *failed = jwt_set_alg (jwt, algorithm, (const unsigned char *)key, (int)strlen (key));
  if (*failed == 0)
    *failed = add_claims (jwt, claims);
  if (*failed == 0)
    token = encode (jwt);
  if (token == NULL && *failed == 0)
    *failed = errno;
  jwt_free (jwt);
  return token;
}

char *
callstats_token_sign (
    const char *secret, const CallstatsTokenClaims *claims, GError **error)
{
  int failed;
  char *token = sign (JWT_ALG_HS256, secret, claims, &failed);

  if (token == NULL)
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "A token for user “%s” cannot be signed: %s", claims->user_id,
        g_strerror (failed));
  return token;
}

/* OpenSSL would ask a terminal for the passphrase. */
static gboolean
is_encrypted (const char *pem)
{
  return strstr (pem, "ENCRYPTED") != NULL;
}

/* libjwt signs with a key on any curve, and calls it ES256. Both forms of a private key,
 * PKCS #8 and SEC 1, name theirs by its OBJECT IDENTIFIER. */
static gboolean
is_p256 (const char *pem)
{
  static const guint8 prime256v1[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07 };
  const char *begin = strstr (pem, PRIVATE_KEY);
  const char *end = begin != NULL ? strstr (begin + strlen (PRIVATE_KEY), "-----") : NULL;
  g_autofree char *base64 = NULL;
  g_autofree guchar *der = NULL;
  gsize length;

  if (end == NULL)
    return FALSE;
  begin += strlen (PRIVATE_KEY);
  base64 = g_strndup (begin, end - begin);
  der = g_base64_decode (base64, &length);
  return memmem (der, length, prime256v1, sizeof prime256v1) != NULL;
}

char *
callstats_token_sign_by_key (
    const char *pem, const CallstatsTokenClaims *claims, GError **error)
{
  char *token = NULL;
  int failed;

  if (!is_encrypted (pem) && is_p256 (pem))
    token = sign (JWT_ALG_ES256, pem, claims, &failed);
  if (token != NULL)
    return token;
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      is_encrypted (pem) ? "it is encrypted"
                         : "it is no private EC key on the curve P-256 in PEM");
  return NULL;
}

static char *
decode_payload (const char *token, gsize *length)
{
  g_auto (GStrv) pieces = g_strsplit (token, ".", 3);
  g_autofree char *padded = NULL;

  if (g_strv_length (pieces) != 3)
    return NULL;
  /* JWTs use the alphabet for URLs, and leave the padding out. */
  padded = g_strconcat (pieces[1], &"==="[3 - (4 - strlen (pieces[1]) % 4) % 4], NULL);
  g_strdelimit (padded, "-", '+');
  g_strdelimit (padded, "_", '/');
  return (char *)g_base64_decode (padded, length);
}

gint64
callstats_token_get_expiry (const char *token, gint64 now)
{
  gint64 unknown = now + CALLSTATS_TOKEN_LIFETIME;
  gsize length = 0;
  g_autofree char *payload = decode_payload (token, &length);
  g_autoptr (JsonObject) claims = NULL;

  if (payload != NULL)
    claims = callstats_json_parse_object (payload, length, NULL);
  return claims != NULL ? callstats_json_get_int (claims, "exp", unknown) : unknown;
}
