/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * POST /authenticate: an assertion, signed with the application's secret or key, for an
 * access token and the addresses to go on with. What is refused is refused with 400 and
 * says what to do next; without that a browser's client asks again at once, for ever.
 *
 * Main thread only.
 */
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "log.h"
#include "reply.h"
#include "request-source.h"
#include "rest-cors.h"
#include "rest-private.h"

#define RETRY_MS 5000

typedef enum {
  ACTION_RETRY,
  ACTION_GET_NEW_TOKEN,
  ACTION_REPORT_ERROR,
} Action;

typedef enum {
  CODE_INTERNAL_ERROR,
  CODE_INVALID_APP,
  CODE_INVALID_ENDPOINT,
  CODE_USER_MISMATCH,
  CODE_ENDPOINT_MISMATCH,
  CODE_ORIGIN_MISMATCH,
  CODE_INVALID_TOKEN,
  CODE_PROTOCOL_ERROR,
} Code;

typedef struct {
  const char *error; /* OAuth's word */
  Action action;
  Code code;
} Refusal;

static const Refusal malformed = { "invalid_request", ACTION_REPORT_ERROR,
  CODE_PROTOCOL_ERROR };
static const Refusal other_grant = { "unsupported_grant_type", ACTION_REPORT_ERROR,
  CODE_PROTOCOL_ERROR };
static const Refusal other_user = { "invalid_grant", ACTION_REPORT_ERROR,
  CODE_USER_MISMATCH };
static const Refusal other_app = { "invalid_client", ACTION_REPORT_ERROR,
  CODE_INVALID_APP };
static const Refusal other_origin = { "unauthorized_client", ACTION_REPORT_ERROR,
  CODE_ORIGIN_MISMATCH };
static const Refusal stopping = { "temporarily_unavailable", ACTION_RETRY,
  CODE_INTERNAL_ERROR };

/* By AuthError. */
static const Refusal bad_assertion[] = {
  [AUTH_ERROR_MISSING] = { "invalid_request", ACTION_GET_NEW_TOKEN, CODE_INVALID_TOKEN },
  [AUTH_ERROR_INVALID] = { "invalid_grant", ACTION_REPORT_ERROR, CODE_INVALID_TOKEN },
  [AUTH_ERROR_EXPIRED] = { "invalid_grant", ACTION_GET_NEW_TOKEN, CODE_INVALID_TOKEN },
  [AUTH_ERROR_AUDIENCE] = { "invalid_grant", ACTION_REPORT_ERROR,
      CODE_ENDPOINT_MISMATCH },
  [AUTH_ERROR_APPLICATION] = { "invalid_client", ACTION_REPORT_ERROR, CODE_INVALID_APP },
};

static void
append_action (GString *json, const Refusal *refusal, const char *text)
{
  g_string_append_printf (json,
      ",\"urn:x-callstats:auth:errorActions\":[{\"action\":%d,\"params\":{\"timeout\":%d,"
      "\"errorCode\":%d",
      refusal->action, RETRY_MS, refusal->code);
  callstats_json_append_member (json, "errorReason");
  callstats_json_append_string (json, text);
  g_string_append (json, "}}]");
}

static void
refuse (
    SoupServerMessage *message, guint status, const Refusal *refusal, const char *text)
{
  GString *json = g_string_new ("{");

  callstats_json_append_member (json, "error");
  callstats_json_append_string (json, refusal->error);
  callstats_json_append_member (json, "error_description");
  callstats_json_append_string (json, text);
  callstats_json_append_member (json, "errorReason");
  callstats_json_append_string (json, text);
  append_action (json, refusal, text);
  g_string_append (json, "}\n");
  reply_json (message, status, g_string_free (json, FALSE));
}

/* ---- What is asked ---- */

static GHashTable *
read_form (SoupServerMessage *message)
{
  g_autoptr (GBytes) body =
      soup_message_body_flatten (soup_server_message_get_request_body (message));
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  g_autofree char *text = g_strndup (data, length);

  return soup_form_decode (text);
}

static gboolean
check_grant (SoupServerMessage *message, GHashTable *form)
{
  const char *grant = g_hash_table_lookup (form, "grant_type");

  if (grant == NULL || g_hash_table_lookup (form, "code") == NULL)
    refuse (message, SOUP_STATUS_BAD_REQUEST, &malformed,
        "grant_type, code and client_id are needed, as a form");
  else if (strcmp (grant, "authorization_code") != 0)
    refuse (message, SOUP_STATUS_BAD_REQUEST, &other_grant,
        "grant_type must be authorization_code");
  else
    return TRUE;
  return FALSE;
}

/* client_id: user@application; either part may have been encoded twice. */
static gboolean
check_client (SoupServerMessage *message, const char *client_id, const Identity *identity)
{
  const char *at = client_id != NULL ? strrchr (client_id, '@') : NULL;
  g_autofree char *user =
      at != NULL ? g_strndup (client_id, (gsize)(at - client_id)) : NULL;
  g_autofree char *decoded = user != NULL ? g_uri_unescape_string (user, NULL) : NULL;

  if (client_id == NULL)
    return TRUE;
  if (at == NULL)
    refuse (message, SOUP_STATUS_BAD_REQUEST, &malformed,
        "client_id must be the user's id, @ and the application's id");
  else if (strcmp (at + 1, identity->app) != 0)
    refuse (message, SOUP_STATUS_BAD_REQUEST, &other_app,
        "client_id is not of the application that the code is for");
  else if (strcmp (user, identity->user) != 0 && g_strcmp0 (decoded, identity->user) != 0)
    refuse (message, SOUP_STATUS_BAD_REQUEST, &other_user,
        "client_id is not the user that the code is for");
  else
    return TRUE;
  auth_count_refusal (AUTH_ERROR_MISMATCH);
  return FALSE;
}

/* Before the code is looked at, whose signature is another application's where the name
 * of this one was mistyped. */
static gboolean
check_client_app (Rest *rest, SoupServerMessage *message, const char *client_id)
{
  const char *at = client_id != NULL ? strrchr (client_id, '@') : NULL;

  if (at == NULL || applications_contain (rest->applications, at + 1))
    return TRUE;
  log_warning ("client-refused", "code", "unknown-application", "peer",
      request_source_get_address (message), NULL);
  auth_count_refusal (AUTH_ERROR_APPLICATION);
  refuse (message, SOUP_STATUS_BAD_REQUEST, &other_app,
      "client_id is of an application that is not known here");
  return FALSE;
}

static Identity *
check_assertion (Rest *rest, SoupServerMessage *message, GHashTable *form, gint64 now)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Identity) identity = auth_check_assertion (
      rest->applications, rest->origins, g_hash_table_lookup (form, "code"), now, &error);

  if (identity == NULL) {
    log_refusal ("client-refused", "code", auth_error_code (error), "peer",
        request_source_get_address (message), NULL);
    refuse (
        message, SOUP_STATUS_BAD_REQUEST, &bad_assertion[error->code], error->message);
    return NULL;
  }
  return check_client (message, g_hash_table_lookup (form, "client_id"), identity)
             ? g_steal_pointer (&identity)
             : NULL;
}

/* ---- What is answered ---- */

static char *
make_base (const Rest *rest, SoupServerMessage *message)
{
  const char *host = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Host");
  g_autofree char *origin = origins_make_url (
      rest->origins, host, request_source_is_encrypted (message) ? "https" : "http");

  return g_strconcat (origin, REST_BASE, NULL);
}

static void
append_urls (GString *json, const char *base)
{
  static const char *const names[] = { "events", "stats", "config" };

  g_string_append (json, ",\"metadata\":{\"urls\":{");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    callstats_json_append_member (json, names[i]);
    callstats_json_append_string (json, base);
  }
  g_string_append (json, "}}");
}

static void
answer (Rest *rest, SoupServerMessage *message, const Identity *identity, gint64 now)
{
  RestCollection collection = {
    .sdp = applications_collect_sdp (rest->applications, identity->app),
    .devices = applications_collect_devices (rest->applications, identity->app),
  };
  g_autofree char *token = rest_tokens_issue (rest->tokens, identity, &collection, now);
  g_autofree char *base = make_base (rest, message);
  GString *json = g_string_new ("{");

  callstats_json_append_member (json, "access_token");
  callstats_json_append_string (json, token);
  g_string_append_printf (json,
      ",\"token_type\":\"bearer\",\"expires_in\":%d,\"scope\":\"events stats\","
      "\"ingestedEvents\":",
      REST_TOKEN_SECONDS);
  rest_token_append_events (json, &collection);
  append_urls (json, base);
  g_string_append (json, "}\n");
  reply_json (message, SOUP_STATUS_OK, g_string_free (json, FALSE));
}

void
rest_authenticate (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GHashTable) form = read_form (message);
  g_autoptr (Identity) identity = NULL;

  rest_cors_allow (rest->applications, NULL, message);
  if (rest->stopping) {
    refuse (message, SOUP_STATUS_SERVICE_UNAVAILABLE, &stopping,
        "The collector is stopping; ask again in a few seconds");
    return;
  }
  if (!check_grant (message, form) ||
      !check_client_app (rest, message, g_hash_table_lookup (form, "client_id")))
    return;
  identity = check_assertion (rest, message, form, now);
  if (identity == NULL)
    return;
  if (!rest_cors_allow (rest->applications, identity->app, message)) {
    auth_count_refusal (AUTH_ERROR_ORIGIN);
    refuse (message, SOUP_STATUS_BAD_REQUEST, &other_origin,
        "The application does not allow pages of this origin");
    return;
  }
  log_info (
      "rest-client-authenticated", "app", identity->app, "user", identity->user, NULL);
  answer (rest, message, identity, now);
}
