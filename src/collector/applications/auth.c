/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checks a JWT: its application, its signature, and only then what else it claims. No
 * error text quotes the token. Main thread only.
 */
#include "auth.h"

#include <errno.h>
#include <jwt.h>
#include <math.h>
#include <openssl/crypto.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "counters.h"
#include "random-text.h"

#define MAX_TOKEN 8192
#define MAX_ID 1024
#define MIN_SIGNING_PART 16

G_DEFINE_QUARK (collector_auth_error, auth_error)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (jwt_t, jwt_free)

const char *
auth_error_code (const GError *error)
{
  static const char *const codes[] = {
    [AUTH_ERROR_MISSING] = "missing-token",
    [AUTH_ERROR_INVALID] = "invalid-token",
    [AUTH_ERROR_EXPIRED] = "token-expired",
    [AUTH_ERROR_AUDIENCE] = "wrong-audience",
    [AUTH_ERROR_APPLICATION] = "unknown-application",
    [AUTH_ERROR_MISMATCH] = "other-user",
    [AUTH_ERROR_ORIGIN] = "wrong-origin",
  };

  return codes[error->code];
}

void
auth_count_refusal (AuthError why)
{
  counter_add (COUNTER_TOKENS_REFUSED, why, 1);
}

void
identity_free (Identity *identity)
{
  if (identity == NULL)
    return;
  g_free (identity->app);
  g_free (identity->user);
  g_free (identity->credential);
  g_free (identity);
}

static gpointer
invalid (GError **error, const char *why)
{
  g_set_error (error, AUTH_ERROR, AUTH_ERROR_INVALID, "The token is not valid: %s", why);
  return NULL;
}

static JsonObject *
parse_claims (jwt_t *jwt, GError **error)
{
  char *text = jwt_get_grants_json (jwt, NULL);
  JsonObject *claims =
      text != NULL ? callstats_json_parse_object (text, strlen (text), NULL) : NULL;

  free (text);
  return claims != NULL ? claims : invalid (error, "its claims cannot be read");
}

/* callstats itself wrote appID as a number in some tokens and as a string in others. */
static char *
claim_id (JsonObject *claims, const char *name)
{
  JsonNode *node = json_object_get_member (claims, name);
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                   ? json_node_get_value_type (node)
                   : G_TYPE_INVALID;

  if (type == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  if (type != G_TYPE_STRING || *json_node_get_string (node) == '\0' ||
      strlen (json_node_get_string (node)) > MAX_ID)
    return NULL;
  return json_node_dup_string (node);
}

/* RFC 7519 allows fractions in a NumericDate. */
static gboolean
claim_time (JsonObject *claims, const char *name, gint64 *time)
{
  double value = callstats_json_get_double (claims, name, NAN);

  if (!isfinite (value) || value < 0 || value > 1e15)
    return FALSE;
  *time = (gint64)value;
  return TRUE;
}

/* Where a time is claimed at all, it must be one. */
static gboolean
claim_time_if_any (JsonObject *claims, const char *name, gint64 *time)
{
  return !json_object_has_member (claims, name) || claim_time (claims, name, time);
}

static gboolean
check_audience (JsonObject *claims, const Origins *origins)
{
  const char *single = callstats_json_get_string (claims, "aud", NULL);
  JsonArray *several = callstats_json_get_array (claims, "aud");

  if (single != NULL)
    return origins_match_audience (origins, single);
  for (guint i = 0; several != NULL && i < json_array_get_length (several); i++) {
    JsonNode *node = json_array_get_element (several, i);

    if (JSON_NODE_HOLDS_VALUE (node) &&
        json_node_get_value_type (node) == G_TYPE_STRING &&
        origins_match_audience (origins, json_node_get_string (node)))
      return TRUE;
  }
  return FALSE;
}

static gboolean
check_expiry (gint64 expires, gint64 now, GError **error)
{
  if (expires + AUTH_SKEW_SECONDS > now)
    return TRUE;
  g_set_error_literal (error, AUTH_ERROR, AUTH_ERROR_EXPIRED, "The token has expired");
  return FALSE;
}

static gboolean
check_times (JsonObject *claims, gint64 now, gint64 *expires, GError **error)
{
  gint64 issued;
  gint64 not_before = 0;

  if (!claim_time (claims, "iat", &issued) || !claim_time (claims, "exp", expires) ||
      !claim_time_if_any (claims, "nbf", &not_before)) {
    invalid (error, "it needs the claims iat and exp, in seconds since 1970");
    return FALSE;
  }
  if (MAX (issued, not_before) > now + AUTH_SKEW_SECONDS) {
    invalid (error, "it is from the future; check the clocks of both machines");
    return FALSE;
  }
  return check_expiry (*expires, now, error);
}

static gboolean
read_identity (JsonObject *claims, Identity *identity, GError **error)
{
  identity->app = claim_id (claims, "appID");
  identity->user = claim_id (claims, "userID");
  if (identity->app != NULL && identity->user != NULL)
    return TRUE;
  invalid (error, "it needs the claims appID and userID");
  return FALSE;
}

static gpointer
refuse_audience (GError **error)
{
  g_set_error_literal (error, AUTH_ERROR, AUTH_ERROR_AUDIENCE,
      "The token is for another backend: its aud is none of this collector's origins; "
      "behind a proxy, start the collector with --origin");
  return NULL;
}

static Identity *
check_claims (JsonObject *claims, const Origins *origins, gint64 now, GError **error)
{
  g_autoptr (Identity) identity = g_new0 (Identity, 1);

  if (!read_identity (claims, identity, error))
    return NULL;
  if (!check_times (claims, now, &identity->expires, error))
    return NULL;
  if (!check_audience (claims, origins))
    return refuse_audience (error);
  return g_steal_pointer (&identity);
}

/* What a token says of itself before anything is checked: which key to check it with. */
typedef struct {
  char *app;
  jwt_alg_t algorithm; /* JWT_ALG_NONE: none that is spoken here */
  JsonObject *claims;
} Claimed;

static void
claimed_clear (Claimed *claimed)
{
  g_free (claimed->app);
  g_clear_pointer (&claimed->claims, json_object_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Claimed, claimed_clear)

/* jwt_get_alg() tells it only of a token whose signature was checked. */
static jwt_alg_t
claimed_algorithm (jwt_t *jwt)
{
  const char *name = jwt_get_header (jwt, "alg");

  if (g_strcmp0 (name, "HS256") == 0)
    return JWT_ALG_HS256;
  return g_strcmp0 (name, "ES256") == 0 ? JWT_ALG_ES256 : JWT_ALG_NONE;
}

/* RFC 7515, 4.1.11: who does not understand what is critical refuses the token; there is
 * nothing critical that is understood here. */
static gboolean
has_critical (jwt_t *jwt)
{
  char *critical = jwt_get_headers_json (jwt, "crit");

  free (critical);
  return critical != NULL;
}

static gboolean
read_claimed (const char *token, Claimed *claimed, GError **error)
{
  g_autoptr (jwt_t) jwt = NULL;

  if (jwt_decode (&jwt, token, NULL, 0) != 0)
    return invalid (error, "it is not a JSON Web Token") != NULL;
  if (has_critical (jwt))
    return invalid (error, "it has the header crit, which is not understood") != NULL;
  claimed->claims = parse_claims (jwt, error);
  if (claimed->claims == NULL)
    return FALSE;
  claimed->algorithm = claimed_algorithm (jwt);
  claimed->app = claim_id (claimed->claims, "appID");
  return claimed->app != NULL || invalid (error, "it needs the claim appID") != NULL;
}

/* Each algorithm has keys of its own: by nothing else is its signature checked, least of
 * all a HMAC by the bytes of a public key. Returns: (nullable): NULL with an error. */
static const GPtrArray *
find_keys (const Applications *applications, const Claimed *claimed, GError **error)
{
  if (!applications_contain (applications, claimed->app)) {
    g_set_error (error, AUTH_ERROR, AUTH_ERROR_APPLICATION,
        "The application \"%s\" is not known here", claimed->app);
    return NULL;
  }
  switch (claimed->algorithm) {
  case JWT_ALG_HS256:
    return applications_get_secrets (applications, claimed->app);
  case JWT_ALG_ES256:
    return applications_get_public_keys (applications, claimed->app);
  default:
    return invalid (error, "its algorithm is neither HS256 nor ES256");
  }
}

/* Not by libjwt, which before 1.16 compares byte by byte until one differs. */
gboolean
auth_is_hmac_by (const char *token, const guint8 *key, gsize key_length)
{
  const char *signature = strrchr (token, '.');
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *wanted = NULL;

  if (signature == NULL)
    return FALSE;
  g_hmac_update (hmac, (const guchar *)token, signature++ - token);
  g_hmac_get_digest (hmac, digest, &length);
  wanted = base64url_encode (digest, length);
  return strlen (signature) == strlen (wanted) &&
         CRYPTO_memcmp (signature, wanted, strlen (wanted)) == 0;
}

static gboolean
is_hmac_by (const char *token, const char *secret)
{
  return auth_is_hmac_by (token, (const guint8 *)secret, strlen (secret));
}

static gboolean
is_signed_by (const char *token, const char *public_key)
{
  g_autoptr (jwt_t) jwt = NULL;

  return jwt_decode (&jwt, token, (const unsigned char *)public_key,
             (int)strlen (public_key)) == 0 &&
         jwt_get_alg (jwt) == JWT_ALG_ES256;
}

/* callstats wrote the secret of an application as base64(key id):secret, and its clients
 * sign with what is behind the colon. A short rest would be too easy to guess: it is a
 * secret with a colon in it. Returns: (nullable) */
static const char *
find_signing_part (const char *secret)
{
  static const char base64[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "+/-_=";
  gsize id = strspn (secret, base64);

  return id > 0 && secret[id] == ':' && strlen (secret + id + 1) >= MIN_SIGNING_PART
             ? secret + id + 1
             : NULL;
}

static gboolean
is_by (const char *token, jwt_alg_t algorithm, const char *key)
{
  const char *part;

  if (algorithm == JWT_ALG_ES256)
    return is_signed_by (token, key);
  part = find_signing_part (key);
  return is_hmac_by (token, key) || (part != NULL && is_hmac_by (token, part));
}

static const char *
find_signer (
    const char *token, jwt_alg_t algorithm, const GPtrArray *keys, GError **error)
{
  for (guint i = 0; i < keys->len; i++)
    if (is_by (token, algorithm, keys->pdata[i]))
      return keys->pdata[i];
  return invalid (error, "its signature is by no secret or key of this application");
}

/* credential: (out): what signed it. Returns: (nullable): NULL with an error. */
static JsonObject *
check_signature (const Applications *applications, const char *token,
    const char **credential, GError **error)
{
  g_auto (Claimed) claimed = { 0 };
  const GPtrArray *keys;

  if (token == NULL || *token == '\0') {
    g_set_error_literal (error, AUTH_ERROR, AUTH_ERROR_MISSING,
        "A token is needed: Authorization: Bearer <JWT>");
    return NULL;
  }
  if (strlen (token) > MAX_TOKEN)
    return invalid (error, "it is longer than 8192 bytes");
  if (!read_claimed (token, &claimed, error))
    return NULL;
  keys = find_keys (applications, &claimed, error);
  if (keys == NULL)
    return NULL;
  *credential = find_signer (token, claimed.algorithm, keys, error);
  return *credential != NULL ? g_steal_pointer (&claimed.claims) : NULL;
}

static char *
hash_credential (const char *credential)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, credential, -1);
}

/* identity: (transfer full) (nullable); refused: (transfer full): set where it is NULL.
 */
static Identity *
finish (Identity *identity, const char *credential, GError *refused, GError **error)
{
  if (identity != NULL) {
    identity->credential = hash_credential (credential);
    return identity;
  }
  auth_count_refusal ((AuthError)refused->code);
  g_propagate_error (error, refused);
  return NULL;
}

Identity *
auth_check_token (const Applications *applications, const Origins *origins,
    const char *token, gint64 now, GError **error)
{
  GError *refused = NULL;
  const char *credential = NULL;
  g_autoptr (JsonObject) claims =
      check_signature (applications, token, &credential, &refused);
  Identity *identity =
      claims != NULL ? check_claims (claims, origins, now, &refused) : NULL;

  return finish (identity, credential, refused, error);
}

/* Browsers sign without any time, so what they do not claim is not asked for. */
static Identity *
check_assertion_claims (
    JsonObject *claims, const Origins *origins, gint64 now, GError **error)
{
  g_autoptr (Identity) identity = g_new0 (Identity, 1);
  gint64 issued = 0;
  gint64 not_before = 0;

  if (!read_identity (claims, identity, error))
    return NULL;
  if (!claim_time_if_any (claims, "iat", &issued) ||
      !claim_time_if_any (claims, "nbf", &not_before) ||
      !claim_time_if_any (claims, "exp", &identity->expires))
    return invalid (error, "iat, nbf and exp are seconds since 1970");
  if (MAX (issued, not_before) > now + AUTH_SKEW_SECONDS)
    return invalid (error, "it is from the future; check the clocks of both machines");
  if (json_object_has_member (claims, "exp") &&
      !check_expiry (identity->expires, now, error))
    return NULL;
  if (json_object_has_member (claims, "aud") && !check_audience (claims, origins))
    return refuse_audience (error);
  return g_steal_pointer (&identity);
}

Identity *
auth_check_assertion (const Applications *applications, const Origins *origins,
    const char *assertion, gint64 now, GError **error)
{
  GError *refused = NULL;
  const char *credential = NULL;
  g_autoptr (JsonObject) claims =
      check_signature (applications, assertion, &credential, &refused);
  Identity *identity =
      claims != NULL ? check_assertion_claims (claims, origins, now, &refused) : NULL;

  return finish (identity, credential, refused, error);
}

static gboolean
has_credential (const GPtrArray *keys, const char *hash)
{
  for (guint i = 0; i < keys->len; i++) {
    g_autofree char *other = hash_credential (keys->pdata[i]);

    if (strcmp (other, hash) == 0)
      return TRUE;
  }
  return FALSE;
}

gboolean
auth_check_identity (
    const Applications *applications, const Identity *identity, GError **error)
{
  const char *app = identity->app;

  if (!applications_contain (applications, app)) {
    auth_count_refusal (AUTH_ERROR_APPLICATION);
    g_set_error_literal (
        error, AUTH_ERROR, AUTH_ERROR_APPLICATION, "The application has been taken away");
    return FALSE;
  }
  if (has_credential (
          applications_get_secrets (applications, app), identity->credential) ||
      has_credential (
          applications_get_public_keys (applications, app), identity->credential))
    return TRUE;
  auth_count_refusal (AUTH_ERROR_INVALID);
  invalid (error, "the secret or key it was signed with has been taken away");
  return FALSE;
}
