/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Access tokens. Main thread only.
 */
#include "rest-token.h"

#include <errno.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "callstats/callstats-json-private.h"

#define KEY_BYTES 32
#define MAX_TOKEN 8192
/* Digits of a number that every reader of JSON keeps exactly. */
#define MAX_NUMBER_DIGITS 15

G_DEFINE_AUTOPTR_CLEANUP_FUNC (jwt_t, jwt_free)

struct _RestTokens {
  guchar key[KEY_BYTES];
  char *run;              /* tells this run's tokens from those of another one */
  GPtrArray *credentials; /* utf8: hashes; a token has the index of its own */
};

/* What a client leaves out unless its token lists it. */
static const char *const ingested_events[] = { "circuitBreaker", "oneWayMedia",
  "oneWayMediaStart", "oneWayMediaStop", "applicationErrorLog", "userFeedback",
  "userFeedbackEvent", "feedback", "dominantSpeaker", "mediaPlaybackStart",
  "mediaPlaybackSuspended", "mediaPlaybackStalled", "activeDeviceList",
  "preCallTestResults", "preCallTestAssociate", "preCallTestNotification" };

static void
fill_random (guchar *bytes, gsize n)
{
  while (n > 0) {
    ssize_t got = getrandom (bytes, n, 0);

    if (got < 0 && errno != EINTR)
      g_error ("the system has no random numbers: %s", g_strerror (errno));
    if (got > 0) {
      bytes += got;
      n -= (gsize)got;
    }
  }
}

RestTokens *
rest_tokens_new (void)
{
  RestTokens *tokens = g_new0 (RestTokens, 1);

  fill_random (tokens->key, KEY_BYTES);
  tokens->run = g_uuid_string_random ();
  tokens->credentials = g_ptr_array_new_with_free_func (g_free);
  return tokens;
}

void
rest_tokens_free (RestTokens *tokens)
{
  if (tokens == NULL)
    return;
  explicit_bzero (tokens->key, KEY_BYTES);
  g_free (tokens->run);
  g_ptr_array_unref (tokens->credentials);
  g_free (tokens);
}

/* ---- Issuing ---- */

void
rest_token_append_app (GString *json, const char *app)
{
  gsize length = strlen (app);

  if (length <= MAX_NUMBER_DIGITS && app[strspn (app, G_CSET_DIGITS)] == '\0' &&
      app[0] != '0')
    g_string_append (json, app);
  else
    callstats_json_append_string (json, app);
}

void
rest_token_append_events (GString *json, const RestCollection *collection)
{
  g_string_append_c (json, '[');
  for (gsize i = 0; i < G_N_ELEMENTS (ingested_events); i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    callstats_json_append_string (json, ingested_events[i]);
  }
  if (collection->sdp)
    g_string_append (json, ",\"sdp\",\"sdpSubmissionEvent\"");
  if (collection->devices)
    g_string_append (json, ",\"connectedDeviceList\"");
  g_string_append_c (json, ']');
}

/* Its hash stays here: a token is in the client's hands. */
static guint
remember_credential (RestTokens *tokens, const char *credential)
{
  guint index;

  if (!g_ptr_array_find_with_equal_func (
          tokens->credentials, credential, g_str_equal, &index)) {
    index = tokens->credentials->len;
    g_ptr_array_add (tokens->credentials, g_strdup (credential));
  }
  return index;
}

/* The client decodes the user's id, and reads the end from "expiry" alone. */
static void
append_identity (GString *json, RestTokens *tokens, const Identity *identity, gint64 now)
{
  gint64 end = now + REST_TOKEN_SECONDS;
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (end);
  g_autofree char *expiry = g_date_time_format (date, "%Y-%m-%dT%H:%M:%S.000Z");
  g_autofree char *escaped = g_uri_escape_string (identity->user, "!*'()", FALSE);

  callstats_json_append_member (json, "appID");
  rest_token_append_app (json, identity->app);
  callstats_json_append_member (json, "userID");
  callstats_json_append_string (json, escaped);
  callstats_json_append_member (json, "run");
  callstats_json_append_string (json, tokens->run);
  callstats_json_append_member (json, "credential");
  callstats_json_append_int (json, remember_credential (tokens, identity->credential));
  callstats_json_append_member (json, "iat");
  callstats_json_append_int (json, now);
  callstats_json_append_member (json, "exp");
  callstats_json_append_int (json, end);
  callstats_json_append_member (json, "expiry");
  callstats_json_append_string (json, expiry);
}

static void
append_settings (GString *json, const RestCollection *collection)
{
  callstats_json_append_member (json, "submissionInterval");
  callstats_json_append_int (json, REST_SUBMISSION_MS);
  callstats_json_append_member (json, "collectSDP");
  g_string_append (json, collection->sdp ? "true" : "false");
  callstats_json_append_member (json, "ingestedEvents");
  rest_token_append_events (json, collection);
  g_string_append (json, ",\"restApiTransport\":true,\"taasEnabled\":false,"
                         "\"mlPipelineEnabled\":false");
}

char *
rest_tokens_issue (RestTokens *tokens, const Identity *identity,
    const RestCollection *collection, gint64 now)
{
  g_autoptr (GString) json = g_string_new ("{");
  g_autoptr (jwt_t) jwt = NULL;
  char *text;
  char *token;

  append_identity (json, tokens, identity, now);
  append_settings (json, collection);
  g_string_append_c (json, '}');
  if (jwt_new (&jwt) != 0 || jwt_add_grants_json (jwt, json->str) != 0 ||
      jwt_set_alg (jwt, JWT_ALG_HS256, tokens->key, KEY_BYTES) != 0)
    g_error ("libjwt makes no token of %s", json->str);
  text = jwt_encode_str (jwt);
  token = g_strdup (text);
  free (text);
  return token;
}

/* ---- Checking ---- */

static gpointer
fail (GError **error, AuthError code)
{
  static const char *const texts[] = {
    [AUTH_ERROR_MISSING] = "An access token is needed: Authorization: Bearer <token>",
    [AUTH_ERROR_INVALID] = "Invalid client token.",
    [AUTH_ERROR_EXPIRED] = "Token has expired",
  };

  g_set_error_literal (error, AUTH_ERROR, code, texts[code]);
  return NULL;
}

static JsonObject *
read_claims (jwt_t *jwt)
{
  char *text = jwt_get_grants_json (jwt, NULL);
  JsonObject *claims =
      text != NULL ? callstats_json_parse_object (text, strlen (text), NULL) : NULL;

  free (text);
  return claims;
}

static JsonObject *
decode_claims (const char *token)
{
  g_autoptr (jwt_t) jwt = NULL;

  return jwt_decode (&jwt, token, NULL, 0) == 0 ? read_claims (jwt) : NULL;
}

/* claims: of a token that is not by this run's key. */
static gboolean
is_of_another_run (const RestTokens *tokens, JsonObject *claims)
{
  const char *run =
      claims != NULL ? callstats_json_get_string (claims, "run", NULL) : NULL;

  return run != NULL && strcmp (run, tokens->run) != 0;
}

/* claims: as this run wrote them. */
static Identity *
make_identity (const RestTokens *tokens, JsonObject *claims)
{
  g_autoptr (Identity) identity = g_new0 (Identity, 1);
  gint64 number = callstats_json_get_int (claims, "appID", -1);
  gint64 credential = callstats_json_get_int (claims, "credential", 0);

  identity->app = number >= 0
                      ? g_strdup_printf ("%" G_GINT64_FORMAT, number)
                      : g_strdup (callstats_json_get_string (claims, "appID", NULL));
  identity->user =
      g_uri_unescape_string (callstats_json_get_string (claims, "userID", ""), NULL);
  identity->expires = callstats_json_get_int (claims, "exp", 0);
  identity->credential = g_strdup (tokens->credentials->pdata[credential]);
  return g_steal_pointer (&identity);
}

Identity *
rest_tokens_check (
    const RestTokens *tokens, const char *token, gint64 now, GError **error)
{
  g_autoptr (JsonObject) claims = NULL;
  g_autoptr (Identity) identity = NULL;

  if (token == NULL || *token == '\0')
    return fail (error, AUTH_ERROR_MISSING);
  if (strlen (token) > MAX_TOKEN)
    return fail (error, AUTH_ERROR_INVALID);
  claims = decode_claims (token);
  if (claims == NULL || !auth_is_hmac_by (token, tokens->key, KEY_BYTES))
    return fail (error,
        is_of_another_run (tokens, claims) ? AUTH_ERROR_EXPIRED : AUTH_ERROR_INVALID);
  identity = make_identity (tokens, claims);
  return identity->expires > now ? g_steal_pointer (&identity)
                                 : fail (error, AUTH_ERROR_EXPIRED);
}
