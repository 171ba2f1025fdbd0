/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which tokens are taken.
 */
#include "auth.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECRET "correct horse battery staple"
#define NOW G_GINT64_CONSTANT (1700000000)

static const char good_header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

#define CLAIMS(app, user, aud, iat, exp) \
  "{\"appID\":" app ",\"userID\":" user ",\"aud\":" aud ",\"iat\":" iat ",\"exp\":" exp \
  "}"
#define GOOD_AUD "\"ws://127.0.0.1:8765\""
#define GOOD CLAIMS ("\"demo\"", "\"alice\"", GOOD_AUD, "1700000000", "1700000300")

typedef struct {
  const char *what;
  const char *header; /* NULL: a good one */
  const char *claims;
  const char *secret; /* NULL: the right one; "": not signed */
  int error;          /* -1: taken */
} TokenCase;

static const TokenCase token_cases[] = {
  { "a good token", NULL, GOOD, NULL, -1 },
  { "appID as a number", NULL,
      CLAIMS ("123456", "\"alice\"", GOOD_AUD, "1700000000", "1700000300"), NULL, -1 },
  { "times with fractions", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", GOOD_AUD, "1700000000.5", "1700000300.25"), NULL,
      -1 },
  { "the audience as a list", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", "[\"https://elsewhere\",\"ws://localhost:8765\"]",
          "1700000000", "1700000300"),
      NULL, -1 },
  { "a public origin, its default port left out", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", "\"wss://Stats.example.org\"", "1700000000",
          "1700000300"),
      NULL, -1 },
  { "the public origin with its port", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", "\"https://stats.example.org:443/\"", "1700000000",
          "1700000300"),
      NULL, -1 },
  { "expired within the skew", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", GOOD_AUD, "1699999000", "1699999941"), NULL, -1 },
  { "issued within the skew", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", GOOD_AUD, "1700000060", "1700000300"), NULL, -1 },
  { "expired past the skew", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", GOOD_AUD, "1699999000", "1699999940"), NULL,
      AUTH_ERROR_EXPIRED },
  { "from the future", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", GOOD_AUD, "1700000061", "1700000300"), NULL,
      AUTH_ERROR_INVALID },
  { "not valid yet", NULL,
      "{\"appID\":\"demo\",\"userID\":\"alice\",\"aud\":" GOOD_AUD
      ",\"iat\":1700000000,\"nbf\":1700000100,\"exp\":1700000300}",
      NULL, AUTH_ERROR_INVALID },
  { "another secret", NULL, GOOD, "wrong", AUTH_ERROR_INVALID },
  { "no signature", NULL, GOOD, "", AUTH_ERROR_INVALID },
  { "alg none, not signed", "{\"alg\":\"none\"}", GOOD, "", AUTH_ERROR_INVALID },
  { "alg none, signed", "{\"alg\":\"none\"}", GOOD, NULL, AUTH_ERROR_INVALID },
  { "alg HS512 with the bytes of HS256", "{\"alg\":\"HS512\"}", GOOD, NULL,
      AUTH_ERROR_INVALID },
  { "alg RS256 with the secret as key", "{\"alg\":\"RS256\"}", GOOD, NULL,
      AUTH_ERROR_INVALID },
  { "no alg", "{\"typ\":\"JWT\"}", GOOD, NULL, AUTH_ERROR_INVALID },
  { "an unknown application", NULL,
      CLAIMS ("\"other\"", "\"alice\"", GOOD_AUD, "1700000000", "1700000300"), NULL,
      AUTH_ERROR_APPLICATION },
  { "another application's secret", NULL,
      CLAIMS ("\"123456\"", "\"alice\"", GOOD_AUD, "1700000000", "1700000300"), "wrong",
      AUTH_ERROR_INVALID },
  { "another port", NULL,
      CLAIMS (
          "\"demo\"", "\"alice\"", "\"ws://127.0.0.1:8766\"", "1700000000", "1700000300"),
      NULL, AUTH_ERROR_AUDIENCE },
  { "another host", NULL,
      CLAIMS (
          "\"demo\"", "\"alice\"", "\"wss://evil.example\"", "1700000000", "1700000300"),
      NULL, AUTH_ERROR_AUDIENCE },
  { "an audience that only begins like ours", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", "\"wss://stats.example.org.evil.example\"",
          "1700000000", "1700000300"),
      NULL, AUTH_ERROR_AUDIENCE },
  { "our origin as user info", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", "\"ws://127.0.0.1:8765@evil.example\"",
          "1700000000", "1700000300"),
      NULL, AUTH_ERROR_AUDIENCE },
  { "an audience of another type", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", "{}", "1700000000", "1700000300"), NULL,
      AUTH_ERROR_AUDIENCE },
  { "no audience", NULL,
      "{\"appID\":\"demo\",\"userID\":\"alice\",\"iat\":1700000000,\"exp\":1700000300}",
      NULL, AUTH_ERROR_AUDIENCE },
  { "no exp", NULL,
      "{\"appID\":\"demo\",\"userID\":\"alice\",\"aud\":" GOOD_AUD ",\"iat\":1700000000}",
      NULL, AUTH_ERROR_INVALID },
  { "no iat", NULL,
      "{\"appID\":\"demo\",\"userID\":\"alice\",\"aud\":" GOOD_AUD ",\"exp\":1700000300}",
      NULL, AUTH_ERROR_INVALID },
  { "exp as a string", NULL,
      CLAIMS ("\"demo\"", "\"alice\"", GOOD_AUD, "1700000000", "\"1700000300\""), NULL,
      AUTH_ERROR_INVALID },
  { "no user", NULL,
      "{\"appID\":\"demo\",\"aud\":" GOOD_AUD ",\"iat\":1700000000,\"exp\":1700000300}",
      NULL, AUTH_ERROR_INVALID },
  { "an empty user", NULL,
      CLAIMS ("\"demo\"", "\"\"", GOOD_AUD, "1700000000", "1700000300"), NULL,
      AUTH_ERROR_INVALID },
  { "a user that is an object", NULL,
      CLAIMS ("\"demo\"", "{}", GOOD_AUD, "1700000000", "1700000300"), NULL,
      AUTH_ERROR_INVALID },
  { "claims that are no object", NULL, "[]", NULL, AUTH_ERROR_INVALID },
};

static const char *const garbage[] = { ".", "..", "...", "a.b.c", "\xff\xfe", "eyJ.eyJ.",
  "Bearer Bearer Bearer" };

typedef struct {
  Applications *applications;
  Origins *origins;
} Fixture;

static void
add_application (Fixture *fixture, const char *app)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("auth-test-XXXXXX", &path, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents_full (
      path, SECRET "\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_assert_true (applications_add_secret_file (fixture->applications, app, path, NULL));
  g_unlink (path);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->applications = applications_new ();
  fixture->origins = origins_new ();
  add_application (fixture, "demo");
  add_application (fixture, "123456");
  origins_add_loopback (fixture->origins, 8765);
  g_assert_true (origins_add (fixture->origins, "https://stats.example.org", NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  applications_free (fixture->applications);
  origins_free (fixture->origins);
}

static char *
base64url (const guint8 *data, gsize length)
{
  char *text = g_base64_encode (data, length);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static char *
make_token (const TokenCase *c)
{
  const char *header = c->header != NULL ? c->header : good_header;
  const char *secret = c->secret != NULL ? c->secret : SECRET;
  g_autofree char *head = base64url ((const guint8 *)header, strlen (header));
  g_autofree char *body = base64url ((const guint8 *)c->claims, strlen (c->claims));
  g_autofree char *text = g_strdup_printf ("%s.%s", head, body);
  g_autoptr (GHmac) hmac =
      g_hmac_new (G_CHECKSUM_SHA256, (const guchar *)secret, strlen (secret));
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *signature = NULL;

  g_hmac_update (hmac, (const guchar *)text, strlen (text));
  g_hmac_get_digest (hmac, digest, &length);
  signature = base64url (digest, length);
  return g_strdup_printf ("%s.%s", text, *secret != '\0' ? signature : "");
}

static void
test_tokens (Fixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (token_cases); i++) {
    const TokenCase *c = &token_cases[i];
    g_autofree char *token = make_token (c);
    g_autoptr (GError) error = NULL;
    g_autoptr (Identity) identity =
        auth_check_token (fixture->applications, fixture->origins, token, NOW, &error);

    g_test_message ("%s: %s", c->what, error != NULL ? error->message : "taken");
    if (c->error == -1) {
      g_assert_no_error (error);
      g_assert_cmpstr (identity->user, ==, "alice");
      continue;
    }
    g_assert_null (identity);
    g_assert_error (error, AUTH_ERROR, c->error);
    g_assert_null (strstr (error->message, token));
  }
}

static void
test_garbage_is_no_token (Fixture *fixture, gconstpointer data)
{
  g_autofree char *long_token = g_strnfill (100000, 'a');

  for (gsize i = 0; i <= G_N_ELEMENTS (garbage); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (auth_check_token (fixture->applications, fixture->origins,
        i < G_N_ELEMENTS (garbage) ? garbage[i] : long_token, NOW, &error));
    g_assert_error (error, AUTH_ERROR, AUTH_ERROR_INVALID);
  }
}

static void
test_nothing_is_a_missing_token (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (
      auth_check_token (fixture->applications, fixture->origins, NULL, NOW, &error));
  g_assert_error (error, AUTH_ERROR, AUTH_ERROR_MISSING);
  g_assert_cmpstr (auth_error_code (error), ==, "missing-token");
}

typedef struct {
  const char *host;
  gboolean known;
} HostCase;

static const HostCase host_cases[] = {
  { "127.0.0.1:8765", TRUE },
  { "127.0.0.1", TRUE },
  { "localhost:1", TRUE },
  { "[::1]:8765", TRUE },
  { "stats.example.org", TRUE },
  { "STATS.example.org:443", TRUE },
  { "evil.example", FALSE },
  { "localhost.evil.example", FALSE },
  { "127.0.0.1.evil.example", FALSE },
  { "192.168.1.2:8765", FALSE },
  { "", FALSE },
  { "a b", FALSE },
  { "user@localhost", FALSE },
  { "localhost/path", FALSE },
};

static void
test_hosts (Fixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (host_cases); i++) {
    g_test_message ("%s", host_cases[i].host);
    g_assert_cmpint (origins_match_host (fixture->origins, host_cases[i].host), ==,
        host_cases[i].known);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/auth/tokens", Fixture, NULL, set_up, test_tokens, tear_down);
  g_test_add ("/auth/garbage-is-no-token", Fixture, NULL, set_up,
      test_garbage_is_no_token, tear_down);
  g_test_add ("/auth/nothing-is-a-missing-token", Fixture, NULL, set_up,
      test_nothing_is_a_missing_token, tear_down);
  g_test_add ("/origins/hosts", Fixture, NULL, set_up, test_hosts, tear_down);
  return g_test_run ();
}
