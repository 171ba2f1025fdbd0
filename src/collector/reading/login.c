/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The login of the page. Main thread only.
 *
 * Another site cannot log a browser in or out: the Origin must be ours, and the body is
 * JSON, which a form cannot send. What a browser then may do by its cookie alone is to
 * read (access.c), and the cookie does not even come along from elsewhere.
 */
#include "login.h"

#include <string.h>

#include "attempts.h"
#include "callstats/callstats-json-private.h"
#include "counters.h"
#include "log.h"
#include "read-token.h"
#include "reply.h"
#include "request-source.h"

#define MAX_BODY 1024

struct _Login {
  Access *access;
  const Applications *applications;
  const Origins *origins;
  Attempts *attempts;
};

Login *
login_new (Access *access, const Applications *applications, const Origins *origins)
{
  Login *login = g_new0 (Login, 1);

  login->access = access;
  login->applications = applications;
  login->origins = origins;
  login->attempts = attempts_new ();
  return login;
}

void
login_free (Login *login)
{
  if (login == NULL)
    return;
  attempts_free (login->attempts);
  g_free (login);
}

/* ---- Whose page asks ---- */

static const char *
get_header (SoupServerMessage *message, const char *name)
{
  return soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), name);
}

/* A port that is forwarded here makes an origin that only the Host knows of. */
static gboolean
is_origin_of_host (const char *origin, const char *host)
{
  gsize scheme = g_str_has_prefix (origin, "https://")  ? strlen ("https://")
                 : g_str_has_prefix (origin, "http://") ? strlen ("http://")
                                                        : 0;

  return scheme > 0 && host != NULL && g_ascii_strcasecmp (origin + scheme, host) == 0;
}

static gboolean
is_own_origin (Login *login, SoupServerMessage *message)
{
  const char *origin = get_header (message, "Origin");

  if (origin == NULL ||
      (request_source_is_encrypted (message) && !g_str_has_prefix (origin, "https://")))
    return FALSE;
  return is_origin_of_host (origin, get_header (message, "Host")) ||
         origins_match_audience (login->origins, origin);
}

static gboolean
check_origin (Login *login, SoupServerMessage *message)
{
  if (is_own_origin (login, message))
    return TRUE;
  counter_add (COUNTER_LOGINS, LOGIN_FROM_ELSEWHERE, 1);
  reply_error (message, SOUP_STATUS_FORBIDDEN, "wrong-origin",
      "Only the collector's own page logs in here; everything else sends its read token "
      "as Authorization: Bearer");
  return FALSE;
}

/* ---- Logging in ---- */

static gboolean
check_attempts (Login *login, SoupServerMessage *message)
{
  guint seconds = attempts_check (
      login->attempts, request_source_get_address (message), g_get_monotonic_time ());
  g_autofree char *text = g_strdup_printf ("%u", seconds);

  if (seconds == 0)
    return TRUE;
  counter_add (COUNTER_LOGINS, LOGIN_LIMITED, 1);
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", text);
  reply_error (message, 429, "too-many-attempts",
      "Too many wrong tokens from this address; try again after Retry-After seconds");
  return FALSE;
}

static gboolean
check_content_type (SoupServerMessage *message)
{
  const char *type = soup_message_headers_get_content_type (
      soup_server_message_get_request_headers (message), NULL);

  if (g_strcmp0 (type, "application/json") == 0)
    return TRUE;
  reply_error (message, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type",
      "The body must be application/json");
  return FALSE;
}

/* Returns: (transfer full) (nullable): NULL where it has been answered. */
static char *
read_token (SoupServerMessage *message)
{
  g_autoptr (GBytes) body =
      soup_message_body_flatten (soup_server_message_get_request_body (message));
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  g_autoptr (JsonObject) object =
      length > 0 ? callstats_json_parse_object (text, length, NULL) : NULL;
  const char *token =
      object != NULL ? callstats_json_get_string (object, "token", NULL) : NULL;

  if (token == NULL)
    reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-body",
        "The body must be a JSON object with the string \"token\"");
  return g_strdup (token);
}

static void
refuse_token (Login *login, SoupServerMessage *message)
{
  attempts_note (
      login->attempts, request_source_get_address (message), g_get_monotonic_time ());
  counter_add (COUNTER_LOGINS, LOGIN_REFUSED, 1);
  log_refusal ("login-refused", "peer", request_source_get_address (message), NULL);
  reply_error (message, SOUP_STATUS_UNAUTHORIZED, "invalid-read-token",
      "That is no read token of this collector");
}

static void
log_in (SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Login *login = user_data;
  g_autofree char *token = NULL;
  guint8 hash[READ_TOKEN_HASH_BYTES];

  if (!check_origin (login, message) || !check_attempts (login, message) ||
      !check_content_type (message))
    return;
  token = read_token (message);
  if (token == NULL)
    return;
  if (!read_token_hash (token, hash) ||
      !applications_match_read_token (login->applications, hash, NULL)) {
    refuse_token (login, message);
    return;
  }
  access_begin_session (login->access, message, hash);
  counter_add (COUNTER_LOGINS, LOGIN_ACCEPTED, 1);
  log_info ("login", "peer", request_source_get_address (message), NULL);
  reply_json (
      message, SOUP_STATUS_OK, g_strdup_printf ("{\"expiresIn\":%d}\n", SESSION_SECONDS));
}

static void
log_out (SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Login *login = user_data;

  if (!check_origin (login, message))
    return;
  access_end_session (login->access, message);
  reply_json (message, SOUP_STATUS_OK, g_strdup ("{}\n"));
}

void
login_add_routes (Login *login, Router *router)
{
  router_add (router, "POST", "/api/v1/login", ROUTE_OPEN, MAX_BODY, log_in, login);
  router_add (router, "POST", "/api/v1/logout", ROUTE_OPEN, 0, log_out, login);
}
