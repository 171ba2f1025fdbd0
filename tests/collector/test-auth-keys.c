/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Several secrets and public keys, and tokens that mix them up.
 */
#include "applications.h"
#include "auth.h"
#include "key-files.h"
#include "public-key.h"

#include <jwt.h>
#include <string.h>

#include "callstats/callstats-error.h"

#define NOW G_GINT64_CONSTANT (1700000000)
#define AUDIENCE "ws://127.0.0.1:8765"

/* By their names: "old", "new" and "stranger" are private keys, and .pub is behind those
 * of their public halves. */
typedef struct {
  KeyFiles *keys;
  Applications *applications;
  Origins *origins;
} Fixture;

static char *
path_of (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->keys->folder, name, NULL);
}

static void
make_pair (Fixture *fixture, const char *name, const char *curve)
{
  g_autofree char *public_name = g_strconcat (name, ".pub", NULL);

  key_files_make_private (fixture->keys, name, curve);
  key_files_make_public (fixture->keys, public_name, name);
}

static void
add_public_key (Fixture *fixture, const char *app, const char *name)
{
  g_autofree char *path = path_of (fixture, name);
  g_autoptr (GError) error = NULL;

  applications_add_public_key_file (fixture->applications, app, path, &error);
  g_assert_no_error (error);
}

static void
add_secret (Fixture *fixture, const char *app, const char *secret)
{
  const char *path = key_files_write (fixture->keys, secret, secret);
  g_autoptr (GError) error = NULL;

  applications_add_secret_file (fixture->applications, app, path, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->keys = key_files_new ();
  fixture->applications = applications_new ();
  fixture->origins = origins_new ();
  origins_add_loopback (fixture->origins, 8765);
  make_pair (fixture, "old", "P-256");
  make_pair (fixture, "new", "P-256");
  make_pair (fixture, "stranger", "P-256");
  make_pair (fixture, "p384", "P-384");
  add_public_key (fixture, "keys", "old.pub");
  add_public_key (fixture, "keys", "new.pub");
  add_public_key (fixture, "both", "old.pub");
  add_secret (fixture, "both", "secret-of-both");
  add_secret (fixture, "secrets", "old-secret");
  add_secret (fixture, "secrets", "new-secret");
  add_public_key (fixture, "other", "stranger.pub");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  applications_free (fixture->applications);
  origins_free (fixture->origins);
  key_files_free (fixture->keys);
}

static char *
sign (const char *app, jwt_alg_t algorithm, const char *key)
{
  jwt_t *jwt = NULL;
  char *text, *token;
  int length = key != NULL ? (int)strlen (key) : 0;

  g_assert_cmpint (jwt_new (&jwt), ==, 0);
  g_assert_cmpint (
      jwt_set_alg (jwt, algorithm, (const unsigned char *)key, length), ==, 0);
  jwt_add_grant (jwt, "appID", app);
  jwt_add_grant (jwt, "userID", "alice");
  jwt_add_grant (jwt, "aud", AUDIENCE);
  jwt_add_grant_int (jwt, "iat", NOW);
  jwt_add_grant_int (jwt, "exp", NOW + 300);
  text = jwt_encode_str (jwt);
  token = g_strdup (text);
  free (text);
  jwt_free (jwt);
  g_assert_nonnull (token);
  return token;
}

typedef struct {
  const char *what;
  const char *app;
  jwt_alg_t algorithm;
  const char *key; /* a file's name; for HS256 its contents are the secret */
  gboolean taken;
} KeyCase;

static const KeyCase key_cases[] = {
  { "the old key", "keys", JWT_ALG_ES256, "old", TRUE },
  { "the new key", "keys", JWT_ALG_ES256, "new", TRUE },
  { "the old secret", "secrets", JWT_ALG_HS256, "old-secret", TRUE },
  { "the new secret", "secrets", JWT_ALG_HS256, "new-secret", TRUE },
  { "a key where there is a secret too", "both", JWT_ALG_ES256, "old", TRUE },
  { "a secret where there is a key too", "both", JWT_ALG_HS256, "secret-of-both", TRUE },
  { "a key that is not the application's", "keys", JWT_ALG_ES256, "stranger", FALSE },
  { "another application's key", "other", JWT_ALG_ES256, "old", FALSE },
  { "another application's secret", "both", JWT_ALG_HS256, "old-secret", FALSE },
  { "HS256 by the public key's bytes", "keys", JWT_ALG_HS256, "old.pub", FALSE },
  { "the same where there are secrets", "both", JWT_ALG_HS256, "old.pub", FALSE },
  { "a key where there are only secrets", "secrets", JWT_ALG_ES256, "old", FALSE },
  { "ES384", "keys", JWT_ALG_ES384, "p384", FALSE },
  { "ES384 by a key of P-256", "keys", JWT_ALG_ES384, "old", FALSE },
  { "HS512 by a secret", "secrets", JWT_ALG_HS512, "new-secret", FALSE },
  { "no algorithm, where there are keys", "keys", JWT_ALG_NONE, NULL, FALSE },
  { "no algorithm, where there are secrets", "secrets", JWT_ALG_NONE, NULL, FALSE },
};

static void
test_keys_and_secrets_check_their_own_algorithm (Fixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (key_cases); i++) {
    const KeyCase *c = &key_cases[i];
    g_autofree char *path = c->key != NULL ? path_of (fixture, c->key) : NULL;
    g_autofree char *key = path != NULL ? key_files_read (path) : NULL;
    g_autofree char *token = sign (c->app, c->algorithm, key);
    g_autoptr (GError) error = NULL;
    g_autoptr (Identity) identity =
        auth_check_token (fixture->applications, fixture->origins, token, NOW, &error);

    g_test_message ("%s: %s", c->what, error != NULL ? error->message : "taken");
    if (c->taken) {
      g_assert_no_error (error);
      g_assert_cmpstr (identity->app, ==, c->app);
    } else {
      g_assert_null (identity);
      g_assert_error (error, AUTH_ERROR, AUTH_ERROR_INVALID);
    }
  }
}

/* Its header says another algorithm than its signature is of. */
static void
test_a_header_cannot_be_exchanged (Fixture *fixture, gconstpointer data)
{
  static const char *const headers[] = { "{\"alg\":\"HS256\"}", "{\"alg\":\"none\"}",
    "{\"alg\":\"es256\"}", "{\"alg\":\"ES256\",\"alg\":\"HS256\"}" };
  g_autofree char *path = path_of (fixture, "old");
  g_autofree char *key = key_files_read (path);
  g_autofree char *token = sign ("both", JWT_ALG_ES256, key);

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autofree char *header =
        g_base64_encode ((const guchar *)headers[i], strlen (headers[i]));
    g_autofree char *forged = NULL;

    header[strcspn (header, "=")] = '\0';
    forged = g_strconcat (header, strchr (token, '.'), NULL);
    g_assert_null (
        auth_check_token (fixture->applications, fixture->origins, forged, NOW, NULL));
  }
}

static void
test_only_public_p256_keys_are_keys (Fixture *fixture, gconstpointer data)
{
  g_autofree char *good = path_of (fixture, "old.pub");
  g_autofree char *pem = key_files_read (good);
  g_autofree char *twice = g_strconcat (pem, pem, NULL);
  g_autofree char *cut = g_strndup (pem, strlen (pem) / 2);
  g_autofree char *behind = g_strconcat (pem, " \n", NULL);
  const char *const unfit[] = {
    key_files_run (fixture->keys, "genpkey", "-algorithm", "RSA", "-out", "rsa", NULL),
    key_files_make_public (fixture->keys, "rsa.pub", "rsa"),
    key_files_write (fixture->keys, "twice", twice),
    key_files_write (fixture->keys, "cut", cut),
    key_files_write (fixture->keys, "empty", ""),
    "/nonexistent/key",
  };

  g_assert_true (is_p256_public_key (pem));
  g_assert_true (is_p256_public_key (behind));
  for (gsize i = 0; i < G_N_ELEMENTS (unfit); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (applications_add_public_key_file (
        fixture->applications, "unfit", unfit[i], &error));
    g_assert_nonnull (strstr (error->message, unfit[i]));
    g_assert_null (strstr (error->message, "-----"));
  }
  g_assert_false (applications_contain (fixture->applications, "unfit"));
}

static void
assert_refused (Fixture *fixture, const char *name, gboolean secret, const char *word)
{
  g_autofree char *path = path_of (fixture, name);
  g_autoptr (GError) error = NULL;

  g_assert_false (
      secret ? applications_add_secret_file (fixture->applications, "mixed", path, &error)
             : applications_add_public_key_file (
                   fixture->applications, "mixed", path, &error));
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_files_that_are_mixed_up_are_told (Fixture *fixture, gconstpointer data)
{
  assert_refused (fixture, "old", FALSE, "-pubout");
  assert_refused (fixture, "p384.pub", FALSE, "P-256");
  assert_refused (fixture, "old.pub", TRUE, "--app-key");
  assert_refused (fixture, "old", TRUE, "--app-key");
}

static void
test_credentials_are_bounded (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "old.pub");
  g_autoptr (GError) error = NULL;
  guint n = 0;

  while (applications_add_public_key_file (fixture->applications, "many", path, &error))
    n++;
  g_assert_cmpuint (n, ==, 8);
  g_assert_nonnull (strstr (error->message, "many"));
}

#define ADD(name, test) \
  g_test_add ("/auth-keys/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("keys-and-secrets-check-their-own-algorithm",
      test_keys_and_secrets_check_their_own_algorithm);
  ADD ("a-header-cannot-be-exchanged", test_a_header_cannot_be_exchanged);
  ADD ("only-public-p256-keys-are-keys", test_only_public_p256_keys_are_keys);
  ADD ("files-that-are-mixed-up-are-told", test_files_that_are_mixed_up_are_told);
  ADD ("credentials-are-bounded", test_credentials_are_bounded);
  return g_test_run ();
}
