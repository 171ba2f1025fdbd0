/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way in for records. Main thread only.
 */
#include "ingest-private.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "counters.h"
#include "listener.h"
#include "log.h"
#include "reply.h"
#include "request-source.h"

#define STOP_SECONDS 5
#define MOVE_SECONDS 6 /* for clients that were asked to move */
/* Until clients come back: about what another start takes. */
#define RETRY_AFTER "2"
/* Until a user who has too many connections may have ended one. */
#define CROWDED_RETRY_AFTER "10"

static char *subprotocols[] = { (char *)CALLSTATS_SUBPROTOCOL, NULL };

/* ---- The connections ---- */

static gboolean
finish_stopping (Ingest *ingest)
{
  GSourceFunc stopped = ingest->stopped;

  ingest->stopped = NULL;
  if (stopped != NULL)
    stopped (ingest->stopped_data);
  return G_SOURCE_REMOVE;
}

static gboolean
finish_moving (Ingest *ingest)
{
  GSourceFunc moved = ingest->moved;

  ingest->moved = NULL;
  if (moved != NULL)
    moved (ingest->moved_data);
  return G_SOURCE_REMOVE;
}

/* A copy, since ticking and closing may end a connection. */
static GPtrArray *
list_connections (Ingest *ingest)
{
  GPtrArray *list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)ingest_connection_unref);
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, ingest->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    g_ptr_array_add (list, ingest_connection_ref (connection));
  return list;
}

/* Many small blocks keep the heap from shrinking by itself. */
static void
trim_memory (Ingest *ingest)
{
#ifdef __GLIBC__
  if (ingest->trim_due)
    malloc_trim (0);
#endif
  ingest->trim_due = FALSE;
}

static gboolean
sweep_connections (gpointer user_data)
{
  Ingest *ingest = user_data;
  g_autoptr (GPtrArray) list = list_connections (ingest);
  gint64 monotonic = g_get_monotonic_time ();
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  for (guint i = 0; i < list->len; i++)
    ingest_connection_tick (list->pdata[i], monotonic, now);
  trim_memory (ingest);
  if (monotonic > ingest->move_deadline)
    finish_moving (ingest);
  if (ingest->stopping && monotonic > ingest->stop_deadline)
    finish_stopping (ingest);
  return G_SOURCE_CONTINUE;
}

Ingest *
ingest_new (Store *store, const Applications *applications, const Origins *origins)
{
  Ingest *ingest = g_new0 (Ingest, 1);

  ingest->store = store;
  ingest->applications = applications;
  ingest->origins = origins;
  ingest->clock_tolerance = G_MAXINT64;
  ingest->connections =
      g_hash_table_new_full (NULL, NULL, (GDestroyNotify)ingest_connection_unref, NULL);
  ingest->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  ingest->users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  ingest->sweep = g_timeout_add_seconds (1, sweep_connections, ingest);
  return ingest;
}

void
ingest_set_limits (
    Ingest *ingest, RateLimits *limits, guint client_connections, gint64 clock_tolerance)
{
  ingest->limits = limits;
  ingest->client_connections = client_connections;
  ingest->clock_tolerance = clock_tolerance;
}

void
ingest_free (Ingest *ingest)
{
  if (ingest == NULL)
    return;
  g_source_remove (ingest->sweep);
  g_hash_table_unref (ingest->connections);
  g_hash_table_unref (ingest->sessions);
  g_hash_table_unref (ingest->users);
  g_free (ingest->move);
  g_free (ingest);
}

guint
ingest_count_connections (const Ingest *ingest)
{
  return g_hash_table_size (ingest->connections);
}

void
ingest_forget (Ingest *ingest, IngestConnection *connection)
{
  g_hash_table_remove (ingest->connections, connection);
  if (ingest->move != NULL && g_hash_table_size (ingest->connections) == 0)
    finish_moving (ingest);
  if (ingest->stopping && g_hash_table_size (ingest->connections) == 0)
    finish_stopping (ingest);
}

void
ingest_claim_session (Ingest *ingest, const char *key, IngestConnection *connection)
{
  IngestConnection *before = g_hash_table_lookup (ingest->sessions, key);

  if (before != NULL)
    ingest_connection_close (before, CALLSTATS_CLOSE_REPLACED,
        "the session was taken over by a newer connection");
  g_hash_table_insert (ingest->sessions, g_strdup (key), connection);
}

void
ingest_release_session (Ingest *ingest, const char *key, IngestConnection *connection)
{
  if (g_hash_table_lookup (ingest->sessions, key) == connection)
    g_hash_table_remove (ingest->sessions, key);
}

static char *
make_user_key (const Identity *identity)
{
  return g_strjoin ("\n", identity->app, identity->user, NULL);
}

static guint
count_of_user (const Ingest *ingest, const char *key)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (ingest->users, key));
}

void
ingest_add_user (Ingest *ingest, const Identity *identity)
{
  char *key = make_user_key (identity);
  guint n = count_of_user (ingest, key);

  g_hash_table_insert (ingest->users, key, GUINT_TO_POINTER (n + 1));
}

void
ingest_remove_user (Ingest *ingest, const Identity *identity)
{
  g_autofree char *key = make_user_key (identity);
  guint n = count_of_user (ingest, key);

  if (n > 1)
    g_hash_table_insert (ingest->users, g_steal_pointer (&key), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (ingest->users, key);
}

void
ingest_add_waiting (Ingest *ingest, gsize bytes)
{
  ingest->waiting += bytes;
  if (ingest->waiting > INGEST_MAX_WAITING_TOTAL)
    ingest->congested = TRUE;
}

void
ingest_remove_waiting (Ingest *ingest, gsize bytes)
{
  g_autoptr (GPtrArray) list = NULL;

  ingest->waiting -= bytes;
  if (!ingest->congested || ingest->waiting > INGEST_MAX_WAITING_TOTAL / 2)
    return;
  ingest->congested = FALSE;
  list = list_connections (ingest);
  for (guint i = 0; i < list->len; i++)
    ingest_connection_resume (list->pdata[i]);
}

void
ingest_check_identities (Ingest *ingest)
{
  g_autoptr (GPtrArray) list = list_connections (ingest);

  for (guint i = 0; i < list->len; i++)
    ingest_connection_check_identity (list->pdata[i]);
}

static gboolean
on_nobody_to_move (gpointer user_data)
{
  return finish_moving (user_data);
}

void
ingest_move (Ingest *ingest, const char *to, GSourceFunc func, gpointer user_data)
{
  g_autoptr (GPtrArray) list = list_connections (ingest);
  GString *message = g_string_new ("{\"type\":\"move\",\"to\":");

  callstats_json_append_string (message, to);
  g_string_append_c (message, '}');
  ingest->move = g_string_free (message, FALSE);
  ingest->moved = func;
  ingest->moved_data = user_data;
  ingest->move_deadline = g_get_monotonic_time () + MOVE_SECONDS * G_USEC_PER_SEC;
  for (guint i = 0; i < list->len; i++)
    ingest_connection_move (list->pdata[i]);
  if (list->len == 0)
    g_idle_add (on_nobody_to_move, ingest);
}

static gboolean
say_goodbye (gpointer user_data)
{
  Ingest *ingest = user_data;
  g_autoptr (GPtrArray) list = list_connections (ingest);

  for (guint i = 0; i < list->len; i++)
    ingest_connection_close (list->pdata[i], CALLSTATS_CLOSE_GOING_AWAY,
        "retry-after=" RETRY_AFTER "; the collector is stopping; connect again");
  if (list->len == 0)
    finish_stopping (ingest);
  return G_SOURCE_REMOVE;
}

void
ingest_stop (Ingest *ingest, GSourceFunc func, gpointer user_data)
{
  ingest->stopping = TRUE;
  ingest->stop_deadline = g_get_monotonic_time () + STOP_SECONDS * G_USEC_PER_SEC;
  ingest->stopped = func;
  ingest->stopped_data = user_data;
  store_flush (ingest->store, say_goodbye, ingest);
}

/* ---- The handshake ---- */

typedef struct {
  Ingest *ingest;
  Identity *identity;
} Upgrade;

static void
upgrade_free (gpointer data, GClosure *closure)
{
  Upgrade *upgrade = data;

  identity_free (upgrade->identity);
  g_free (upgrade);
}

/* The 101 is out: what follows on the stream is frames. */
static void
on_wrote_informational (SoupServerMessage *message, gpointer user_data)
{
  Upgrade *upgrade = user_data;
  g_autoptr (GUri) uri = g_uri_ref (soup_server_message_get_uri (message));
  g_autoptr (GSocketAddress) remote =
      g_object_ref (soup_server_message_get_remote_address (message));
  Ingest *ingest = upgrade->ingest;
  Identity *identity = g_steal_pointer (&upgrade->identity);
  g_autoptr (GIOStream) stream = NULL;

  listener_upgraded (remote);
  stream = soup_server_message_steal_connection (message);

  if (stream == NULL || identity == NULL) {
    identity_free (identity);
    return;
  }
  g_hash_table_add (
      ingest->connections, ingest_connection_new (ingest, stream, remote, uri, identity));
}

static const char *
bearer_token (SoupMessageHeaders *headers)
{
  const char *value = soup_message_headers_get_one (headers, "Authorization");

  if (value == NULL || g_ascii_strncasecmp (value, "Bearer ", 7) != 0)
    return NULL;
  return value + 7 + strspn (value + 7, " ");
}

static Identity *
authenticate (Ingest *ingest, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  g_autoptr (GError) error = NULL;
  g_autofree char *challenge = NULL;
  Identity *identity = auth_check_token (ingest->applications, ingest->origins,
      bearer_token (headers), g_get_real_time () / G_USEC_PER_SEC, &error);

  if (identity != NULL)
    return identity;
  challenge = g_strdup_printf ("Bearer error=\"invalid_token\", error_description=\"%s\"",
      auth_error_code (error));
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "WWW-Authenticate", challenge);
  reply_error (
      message, SOUP_STATUS_UNAUTHORIZED, auth_error_code (error), error->message);
  log_refusal ("client-refused", "code", auth_error_code (error), "peer",
      request_source_get_address (message), NULL);
  return NULL;
}

/* Those whose handshake is still being answered are not counted yet: they may be a few
 * more. */
static gboolean
check_room_of_user (
    const Ingest *ingest, SoupServerMessage *message, const Identity *identity)
{
  g_autofree char *key = make_user_key (identity);
  g_autofree char *text = NULL;

  if (ingest->client_connections == 0 ||
      count_of_user (ingest, key) < ingest->client_connections)
    return TRUE;
  counter_limited (LIMIT_CLIENT_CONNECTIONS);
  soup_message_headers_replace (soup_server_message_get_response_headers (message),
      "Retry-After", CROWDED_RETRY_AFTER);
  text =
      g_strdup_printf ("A user of an application may have %u connections; give clients "
                       "users of their own, or raise --client-connections",
          ingest->client_connections);
  reply_error (
      message, SOUP_STATUS_SERVICE_UNAVAILABLE, "too-many-client-connections", text);
  log_refusal (
      "client-connections-exhausted", "app", identity->app, "user", identity->user, NULL);
  return FALSE;
}

static gboolean
wants_upgrade (SoupServerMessage *message)
{
  const char *upgrade = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Upgrade");

  return upgrade != NULL && g_ascii_strcasecmp (upgrade, "websocket") == 0;
}

static gboolean
speaks_subprotocol (SoupServerMessage *message)
{
  const char *list = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "Sec-WebSocket-Protocol");

  return list != NULL && soup_header_contains (list, CALLSTATS_SUBPROTOCOL);
}

static gboolean
check_request (Ingest *ingest, SoupServerMessage *message)
{
  g_autoptr (GError) error = NULL;

  if (!wants_upgrade (message)) {
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Upgrade", "websocket");
    reply_error (message, 426, "upgrade-required",
        "This path is a WebSocket; ask for Upgrade: websocket");
    return FALSE;
  }
  if (ingest->stopping) {
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER);
    reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, "stopping",
        "The collector is stopping; connect again in a few seconds");
    return FALSE;
  }
  if (!speaks_subprotocol (message)) {
    reply_error (message, SOUP_STATUS_BAD_REQUEST, "missing-subprotocol",
        "Ask for Sec-WebSocket-Protocol: " CALLSTATS_SUBPROTOCOL);
    return FALSE;
  }
  if (!soup_websocket_server_check_handshake (
          message, NULL, subprotocols, NULL, &error)) {
    reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-handshake", error->message);
    return FALSE;
  }
  return TRUE;
}

/* A request to the stream's path. */
static void
handshake (SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Ingest *ingest = user_data;
  g_autoptr (Identity) identity = NULL;
  Upgrade *upgrade;

  /* libsoup's own deflate inflates without a limit. */
  soup_message_headers_remove (
      soup_server_message_get_request_headers (message), "Sec-WebSocket-Extensions");
  if (!check_request (ingest, message))
    return;
  identity = authenticate (ingest, message);
  if (identity == NULL || !check_room_of_user (ingest, message, identity))
    return;
  soup_websocket_server_process_handshake (message, NULL, subprotocols, NULL, NULL);
  upgrade = g_new0 (Upgrade, 1);
  upgrade->ingest = ingest;
  upgrade->identity = g_steal_pointer (&identity);
  g_signal_connect_data (message, "wrote-informational",
      G_CALLBACK (on_wrote_informational), upgrade, upgrade_free, 0);
}

void
ingest_add_routes (Ingest *ingest, Router *router)
{
  router_add (router, "GET", CALLSTATS_STREAM_PATH, ROUTE_INGEST, 0, handshake, ingest);
}
