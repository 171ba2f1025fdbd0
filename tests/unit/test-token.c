/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tokens, read back through libjwt and by hand.
 */
#include <jwt.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-token-private.h"
#include "key-files.h"

#define SECRET "correct horse battery staple"
#define NOW G_GINT64_CONSTANT (1795338387)

static char *
sign (const char *secret, const char *user, GError **error)
{
  CallstatsTokenClaims claims = {
    .app_id = "demo",
    .user_id = user,
    .audience = "ws://127.0.0.1:8765",
    .now = NOW,
  };

  return callstats_token_sign (secret, &claims, error);
}

static int
decode (jwt_t **jwt, const char *token, const char *secret)
{
  return jwt_decode (jwt, token, (const unsigned char *)secret, (int)strlen (secret));
}

static void
test_the_secret_and_no_other_verifies_a_token (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = sign (SECRET, "alice", &error);
  g_autofree char *forged = NULL;
  jwt_t *jwt = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (decode (&jwt, token, SECRET), ==, 0);
  g_assert_cmpint (jwt_get_alg (jwt), ==, JWT_ALG_HS256);
  jwt_free (jwt);

  g_assert_cmpint (decode (&jwt, token, "another secret"), !=, 0);
  forged = g_strdup (token);
  forged[strlen (forged) - 10] ^= 1;
  g_assert_cmpint (decode (&jwt, forged, SECRET), !=, 0);
}

static void
test_a_token_says_who_where_and_how_long (void)
{
  g_autofree char *token = sign (SECRET, "alice \303\244\"", NULL);
  jwt_t *jwt = NULL;

  g_assert_cmpint (decode (&jwt, token, SECRET), ==, 0);
  g_assert_cmpstr (jwt_get_grant (jwt, "appID"), ==, "demo");
  g_assert_cmpstr (jwt_get_grant (jwt, "userID"), ==, "alice \303\244\"");
  g_assert_cmpstr (jwt_get_grant (jwt, "aud"), ==, "ws://127.0.0.1:8765");
  g_assert_true (g_uuid_string_is_valid (jwt_get_grant (jwt, "jti")));
  g_assert_cmpint (jwt_get_grant_int (jwt, "iat"), ==, NOW);
  g_assert_cmpint (jwt_get_grant_int (jwt, "nbf"), ==, NOW - 60);
  g_assert_cmpint (jwt_get_grant_int (jwt, "exp"), ==, NOW + CALLSTATS_TOKEN_LIFETIME);
  jwt_free (jwt);
}

static void
test_no_two_tokens_are_alike (void)
{
  g_autofree char *first = sign (SECRET, "alice", NULL);
  g_autofree char *second = sign (SECRET, "alice", NULL);

  g_assert_cmpstr (first, !=, second);
}

static void
test_the_secret_is_not_in_the_token (void)
{
  g_autofree char *token = sign (SECRET, "alice", NULL);
  g_auto (GStrv) parts = g_strsplit (token, ".", -1);
  g_autofree char *encoded = g_base64_encode ((const guchar *)SECRET, strlen (SECRET));

  g_assert_cmpuint (g_strv_length (parts), ==, 3);
  g_assert_null (strstr (token, SECRET));
  g_assert_null (strstr (token, encoded));
}

static void
test_what_cannot_be_signed_is_told_without_the_secret (void)
{
  static const struct {
    const char *secret;
    const char *user;
  } rows[] = { { "", "alice" }, { SECRET, NULL } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (sign (rows[i].secret, rows[i].user, &error));
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
    g_assert_null (strstr (error->message, SECRET));
  }
}

static void
test_when_a_token_ends_can_be_read (void)
{
  static const char *const silly[] = { "", "a", "a.b.c", "..", "a.e30.c", "a.W10.c",
    "\xff.\xff.\xff" };
  g_autofree char *token = sign (SECRET, "alice", NULL);
  g_autofree char *longer = sign (SECRET, "alice?>~é", NULL);
  guint i;

  g_assert_cmpint (
      callstats_token_get_expiry (token, NOW), ==, NOW + CALLSTATS_TOKEN_LIFETIME);
  g_assert_cmpint (
      callstats_token_get_expiry (longer, NOW), ==, NOW + CALLSTATS_TOKEN_LIFETIME);
  for (i = 0; i < G_N_ELEMENTS (silly); i++)
    g_assert_cmpint (
        callstats_token_get_expiry (silly[i], NOW), ==, NOW + CALLSTATS_TOKEN_LIFETIME);
}

/* Keys */

static char *
sign_by_key (const char *path, GError **error)
{
  CallstatsTokenClaims claims = {
    .app_id = "demo",
    .user_id = "alice",
    .audience = "ws://127.0.0.1:8765",
    .now = NOW,
  };
  g_autofree char *pem = key_files_read (path);

  return callstats_token_sign_by_key (pem, &claims, error);
}

static gboolean
is_signed_by (const char *token, const char *public_path)
{
  g_autofree char *pem = key_files_read (public_path);
  jwt_t *jwt = NULL;
  gboolean good = decode (&jwt, token, pem) == 0 && jwt_get_alg (jwt) == JWT_ALG_ES256;

  jwt_free (jwt);
  return good;
}

static void
test_a_key_signs_what_its_public_half_verifies (void)
{
  g_autoptr (KeyFiles) keys = key_files_new ();
  g_autoptr (GError) error = NULL;
  const char *key = key_files_make_private (keys, "key", "P-256");
  const char *sec1 = key_files_run (keys, "ec", "-in", "key", "-out", "sec1", NULL);
  const char *other = key_files_make_private (keys, "other", "P-256");
  g_autofree char *first = sign_by_key (key, &error);
  g_autofree char *second = sign_by_key (sec1, &error);

  g_assert_no_error (error);
  g_assert_true (is_signed_by (first, key_files_make_public (keys, "key.pub", key)));
  g_assert_true (is_signed_by (second, key_files_make_public (keys, "sec1.pub", sec1)));
  g_assert_false (is_signed_by (first, key_files_make_public (keys, "other.pub", other)));
}

static void
test_only_a_plain_p256_key_signs (void)
{
  g_autoptr (KeyFiles) keys = key_files_new ();
  const char *key = key_files_make_private (keys, "key", "P-256");
  const char *const unfit[] = {
    key_files_make_private (keys, "p384", "P-384"),
    key_files_make_private (keys, "secp256k1", "secp256k1"),
    key_files_make_public (keys, "public", key),
    key_files_run (keys, "genpkey", "-algorithm", "ED25519", "-out", "ed25519", NULL),
    key_files_run (keys, "genpkey", "-algorithm", "RSA", "-out", "rsa", NULL),
    key_files_run (keys, "pkey", "-in", "key", "-aes128", "-passout", "pass:secret",
        "-out", "encrypted", NULL),
    key_files_run (keys, "ec", "-in", "key", "-aes128", "-passout", "pass:secret", "-out",
        "encrypted-sec1", NULL),
    key_files_write (keys, "text", SECRET),
    key_files_write (keys, "empty", ""),
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (unfit); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", unfit[i]);
    g_assert_null (sign_by_key (unfit[i], &error));
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
    g_assert_null (strstr (error->message, SECRET));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/the-secret-and-no-other-verifies-a-token",
      test_the_secret_and_no_other_verifies_a_token);
  g_test_add_func ("/token/a-token-says-who-where-and-how-long",
      test_a_token_says_who_where_and_how_long);
  g_test_add_func ("/token/no-two-tokens-are-alike", test_no_two_tokens_are_alike);
  g_test_add_func (
      "/token/the-secret-is-not-in-the-token", test_the_secret_is_not_in_the_token);
  g_test_add_func ("/token/a-key-signs-what-its-public-half-verifies",
      test_a_key_signs_what_its_public_half_verifies);
  g_test_add_func (
      "/token/only-a-plain-p256-key-signs", test_only_a_plain_p256_key_signs);
  g_test_add_func ("/token/what-cannot-be-signed-is-told-without-the-secret",
      test_what_cannot_be_signed_is_told_without_the_secret);
  g_test_add_func (
      "/token/when-a-token-ends-can-be-read", test_when_a_token_ends_can_be_read);
  return g_test_run ();
}
