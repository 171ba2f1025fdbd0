/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The REST API's requests. Main thread only.
 */
#include "rest.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "client-clock.h"
#include "counters.h"
#include "reply.h"
#include "rest-addresses.h"
#include "rest-cors.h"
#include "rest-events.h"
#include "rest-private.h"
#include "rest-reply.h"

#define MAX_FORM (64 * 1024)
#define UC_ID_LENGTH 32
#define RETRY_AFTER "2"
#define TOO_MANY_REQUESTS 429

#define APP REST_BASE "/*"
#define CONFERENCE APP "/conferences/*/*"

/* Where clients tell something. */
typedef struct {
  const char *pattern;
  guint n_ids;      /* in front of the endpoint's path */
  const char *path; /* the endpoint's, with a * for each further id */
} Place;

static const Place places[] = {
  { APP "/conferences/*", 2, "" },
  { CONFERENCE "/events/*", 3, "/events/*" },
  { CONFERENCE "/events/*/*", 3, "/events/*/*" },
  { CONFERENCE "/events/*/*/*", 3, "/events/*/*/*" },
  { CONFERENCE "/stats", 3, "/stats" },
  { CONFERENCE "/stats/system", 3, "/stats/system" },
  { CONFERENCE "/customstats", 3, "/customstats" },
  { CONFERENCE "/system/status", 3, "/system/status" },
  { APP "/events/*", 1, "/events/*" },
  { APP "/stats/system", 1, "/stats/system" },
  { APP "/stats/bridge/*", 1, "/stats/bridge/*" },
  { APP "/configurations", 1, "/configurations" },
};

typedef struct {
  Rest *rest;
  const Place *place;
} Route;

/* ---- What every request has ---- */

static const char *
bearer_token (SoupServerMessage *message)
{
  const char *value = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Authorization");

  if (value == NULL || g_ascii_strncasecmp (value, "Bearer ", 7) != 0)
    return NULL;
  return value + 7 + strspn (value + 7, " ");
}

static void
refuse_token (SoupServerMessage *message, const char *code, const char *text)
{
  g_autofree char *challenge =
      g_strdup_printf ("Bearer error=\"invalid_token\", error_description=\"%s\"", code);

  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "WWW-Authenticate", challenge);
  rest_reply_error (message, SOUP_STATUS_UNAUTHORIZED, text);
}

/* Returns: (nullable): NULL: it is answered. */
static Identity *
check_token (Rest *rest, SoupServerMessage *message, const char *app)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Identity) identity = rest_tokens_check (
      rest->tokens, bearer_token (message), g_get_real_time () / G_USEC_PER_SEC, &error);

  if (identity == NULL) {
    auth_count_refusal ((AuthError)error->code);
    refuse_token (message, auth_error_code (error), error->message);
    return NULL;
  }
  if (strcmp (identity->app, app) != 0) {
    auth_count_refusal (AUTH_ERROR_MISMATCH);
    refuse_token (message, "other-application", "The token is for another application");
    return NULL;
  }
  /* So that its client asks for another one, and hears why there is none. */
  if (!auth_check_identity (rest->applications, identity, NULL)) {
    refuse_token (message, "token-expired", "Token has expired");
    return NULL;
  }
  return g_steal_pointer (&identity);
}

static gboolean
check_page (Rest *rest, SoupServerMessage *message, const char *app)
{
  if (rest_cors_allow (rest->applications, app, message))
    return TRUE;
  auth_count_refusal (AUTH_ERROR_ORIGIN);
  rest_reply_error (message, SOUP_STATUS_FORBIDDEN,
      "The application does not allow pages of this origin");
  return FALSE;
}

static gboolean
check_running (Rest *rest, SoupServerMessage *message)
{
  if (!rest->stopping)
    return TRUE;
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER);
  rest_reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE,
      "The collector is stopping; send it again in a few seconds");
  return FALSE;
}

/* Returns: (transfer full) (nullable): NULL: it is answered. */
static JsonObject *
read_body (SoupServerMessage *message)
{
  g_autoptr (GBytes) body =
      soup_message_body_flatten (soup_server_message_get_request_body (message));
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  JsonObject *object =
      callstats_json_parse_object (text != NULL ? text : "", length, &error);

  counter_add (COUNTER_INGEST_BYTES, 0, length);
  if (object == NULL && callstats_json_error_is_limit (error))
    counter_limited (LIMIT_DEPTH);
  if (object == NULL)
    rest_reply_error (message, SOUP_STATUS_BAD_REQUEST, error->message);
  return object;
}

/* ---- What clients tell ---- */

/* The same after a restart, so that a client may go on with it. Another one for each
 * user: some clients take it for the id of their peer connection, too. */
static char *
make_uc_id (const char *app, const char *user, const char *conference)
{
  g_autofree char *text = g_strjoin ("\n", app, user, conference, NULL);
  char *id = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  id[UC_ID_LENGTH] = '\0';
  return id;
}

static gboolean
is_in_conference (const Place *place)
{
  return place->n_ids > 1;
}

static gboolean
is_joining (const Place *place)
{
  return place->n_ids == 2;
}

static const RestEndpoint *
find_endpoint (const Place *place, char **ids)
{
  g_autoptr (GString) path = g_string_new (NULL);
  guint id = place->n_ids;

  for (const char *c = place->path; *c != '\0'; c++) {
    if (*c == '*')
      g_string_append (path, ids[id++]);
    else
      g_string_append_c (path, *c);
  }
  return rest_endpoint_find (is_in_conference (place), path->str);
}

/* Refuses all of them where the user or the application had too many. */
static gboolean
check_rate (Rest *rest, SoupServerMessage *message, const Identity *identity, guint n)
{
  guint wait = rate_limits_take (
      rest->limits, identity->app, identity->user, n, g_get_monotonic_time ());
  g_autofree char *seconds = g_strdup_printf ("%u", wait);

  if (wait == 0)
    return TRUE;
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", seconds);
  rest_reply_error (message, TOO_MANY_REQUESTS,
      "Too many records a second of this client or its application");
  return FALSE;
}

/* ids: the application, the conference, the client's name of it, the rest of the path. */
static void
store_told (const Route *route, SoupServerMessage *message, char **ids,
    const Identity *identity, JsonObject *body)
{
  RestContext context = {
    .user = identity->user,
    .conference = is_in_conference (route->place) ? ids[1] : NULL,
    .uc_id = route->place->n_ids > 2 ? ids[2] : NULL,
    .now = g_get_real_time (),
  };
  g_autofree char *uc_id =
      is_joining (route->place)
          ? make_uc_id (identity->app, identity->user, context.conference)
          : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) records = rest_events_make_records (
      find_endpoint (route->place, ids), &context, body, &error);

  if (records == NULL)
    rest_reply_error (message, SOUP_STATUS_UNPROCESSABLE_ENTITY, error->message);
  else if (check_rate (route->rest, message, identity, records->len)) {
    client_clock_count_future (
        NAN, route->rest->clock_tolerance, records, g_get_real_time ());
    rest_sessions_store (route->rest->sessions, identity->app, identity->user,
        g_steal_pointer (&records), message, uc_id);
  }
}

static void
on_told (SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  const Route *route = user_data;
  g_autoptr (Identity) identity = NULL;
  g_autoptr (JsonObject) body = NULL;
  g_autoptr (JsonObject) kept = NULL;

  if (!check_page (route->rest, message, ids[0]))
    return;
  identity = check_token (route->rest, message, ids[0]);
  if (identity == NULL || !check_running (route->rest, message))
    return;
  body = read_body (message);
  if (body == NULL)
    return;
  kept = rest_addresses_filter (
      body, applications_get_collect_ip (route->rest->applications, ids[0]));
  store_told (route, message, ids, identity, kept);
}

/* ---- Settings and time ---- */

static void
answer_clock (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;

  rest_cors_allow (rest->applications, NULL, message);
  reply_json (message, SOUP_STATUS_OK,
      g_strdup_printf ("{\"now\":%" G_GINT64_FORMAT "}\n", g_get_real_time () / 1000));
}

/* What a client tells of itself without saying who it is cannot be believed. */
static void
answer_generics (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;

  rest_cors_allow (rest->applications, NULL, message);
  rest_reply_success (message);
}

static gboolean
may_read_settings (Rest *rest, SoupServerMessage *message, const char *app)
{
  g_autoptr (Identity) identity = NULL;

  if (!check_page (rest, message, app))
    return FALSE;
  identity = check_token (rest, message, app);
  return identity != NULL;
}

static void
answer_internal (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;

  if (!may_read_settings (rest, message, ids[0]))
    return;
  reply_json (message, SOUP_STATUS_OK,
      g_strdup_printf (
          "{\"submissionInterval\":%d,\"adaptiveStats\":false,\"collectSDP\":%s}\n",
          REST_SUBMISSION_MS,
          applications_collect_sdp (rest->applications, ids[0]) ? "true" : "false"));
}

static void
reply_settings (SoupServerMessage *message, char *json)
{
  if (json != NULL)
    reply_json (message, SOUP_STATUS_OK, json);
  else
    rest_reply_error (message, SOUP_STATUS_NOT_FOUND, "There is no such configuration");
}

static void
answer_default (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;

  if (may_read_settings (rest, message, ids[0]))
    reply_settings (
        message, g_strdup (applications_get_default_config (rest->applications, ids[0])));
}

static void
answer_recommended (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;

  if (may_read_settings (rest, message, ids[0]))
    reply_settings (message,
        g_strdup (applications_get_recommended_config (rest->applications, ids[0])));
}

static void
answer_settings (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;
  const char *usual = applications_get_default_config (rest->applications, ids[0]);
  const char *better = applications_get_recommended_config (rest->applications, ids[0]);
  g_autoptr (GString) json = g_string_new ("{");

  if (!may_read_settings (rest, message, ids[0]))
    return;
  if (usual != NULL)
    g_string_append_printf (json, "\"default\":%s", usual);
  if (better != NULL)
    g_string_append_printf (
        json, "%s\"recommended\":%s", usual != NULL ? "," : "", better);
  g_string_append (json, "}\n");
  reply_settings (message, usual != NULL || better != NULL ? g_strdup (json->str) : NULL);
}

/* ---- Routes ---- */

static void
on_preflight (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Rest *rest = user_data;

  rest_cors_answer_preflight (rest->applications, ids[0], message);
}

static void
add_open (Rest *rest, Router *router, const char *method, const char *path,
    gsize max_body, RouterFunc func)
{
  router_add (router, method, path, ROUTE_CROSS_ORIGIN, max_body, func, rest);
}

static void
add_place (Rest *rest, Router *router, const Place *place)
{
  Route *route = g_new0 (Route, 1);

  route->rest = rest;
  route->place = place;
  g_ptr_array_add (rest->routes, route);
  router_add (
      router, "POST", place->pattern, ROUTE_CROSS_ORIGIN, ROUTER_BODY, on_told, route);
}

void
rest_add_routes (Rest *rest, Router *router)
{
  add_open (rest, router, "POST", "/authenticate", MAX_FORM, rest_authenticate);
  add_open (rest, router, "GET", "/clockSync", 0, answer_clock);
  add_open (rest, router, "POST", "/generics", 0, answer_generics);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    add_place (rest, router, &places[i]);
  add_open (rest, router, "GET", APP "/configurations", 0, answer_settings);
  add_open (rest, router, "GET", APP "/configurations/internal", 0, answer_internal);
  add_open (rest, router, "GET", APP "/configurations/default", 0, answer_default);
  add_open (
      rest, router, "GET", APP "/configurations/recommended", 0, answer_recommended);
  router_set_preflight (router, on_preflight, rest);
}

Rest *
rest_new (Store *store, const Applications *applications, const Origins *origins,
    RateLimits *limits, gint64 clock_tolerance)
{
  Rest *rest = g_new0 (Rest, 1);

  rest->applications = applications;
  rest->origins = origins;
  rest->limits = limits;
  rest->clock_tolerance = clock_tolerance;
  rest->sessions = rest_sessions_new (store);
  rest->tokens = rest_tokens_new ();
  rest->routes = g_ptr_array_new_with_free_func (g_free);
  return rest;
}

void
rest_free (Rest *rest)
{
  if (rest == NULL)
    return;
  rest_sessions_free (rest->sessions);
  rest_tokens_free (rest->tokens);
  g_ptr_array_unref (rest->routes);
  g_free (rest);
}

void
rest_stop (Rest *rest)
{
  rest->stopping = TRUE;
}
