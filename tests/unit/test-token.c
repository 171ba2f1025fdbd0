/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tokens, read back through libjwt and by hand.
 */
#include <jwt.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-token-private.h"

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
  g_test_add_func ("/token/what-cannot-be-signed-is-told-without-the-secret",
      test_what_cannot_be_signed_is_told_without_the_secret);
  g_test_add_func (
      "/token/when-a-token-ends-can-be-read", test_when_a_token_ends_can_be_read);
  return g_test_run ();
}
