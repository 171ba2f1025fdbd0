/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tokens, through libjwt. Pure, any thread.
 */
#include <errno.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-token-private.h"

#define CLOCK_SKEW 60 /* seconds */

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

char *
callstats_token_sign (
    const char *secret, const CallstatsTokenClaims *claims, GError **error)
{
  jwt_t *jwt = NULL;
  char *token = NULL;
  int failed;

  failed = jwt_new (&jwt);
  if (failed == 0)
    failed = jwt_set_alg (
        jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen (secret));
  if (failed == 0)
    failed = add_claims (jwt, claims);
  if (failed == 0)
    token = encode (jwt);
  jwt_free (jwt);

  if (token == NULL)
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "A token for user “%s” cannot be signed: %s", claims->user_id,
        g_strerror (failed != 0 ? failed : errno));
  return token;
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
