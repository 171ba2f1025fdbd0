/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A collector for tests of the client. Everything of libsoup is on its own thread; what
 * the tests read is under the lock.
 */
#include "fake-collector.h"

#include <jwt.h>
#include <string.h>

#include "callstats-json-private.h"

#define MAX_SKEW 60 /* seconds, of a token's times */

/* A client that has gone may still be accepted, and after the next one. */
typedef struct {
  FakeCollector *collector;
  SoupWebsocketConnection *websocket;
  CallstatsDecoder *decoder;
  guint number; /* 1 for the first that was upgraded */
  char *session;
  guint64 *stored; /* of its session; under the lock */
} Connection;

struct _FakeCollector {
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  SoupServer *server;
  guint port;

  GPtrArray *open; /* Connection; its thread only */

  GMutex lock;
  GCond cond;
  FakeBehaviour behaviour;
  gboolean dropping;
  gboolean stalled;
  guint handshakes, connections, tokens;
  char *key;           /* nullable */
  GHashTable *seen;    /* tokens */
  GHashTable *revoked; /* tokens */
  GPtrArray *hellos;   /* JsonObject */
  GPtrArray *records;  /* CallstatsRecord */
  GArray *arrivals;    /* Arrival */
  guint64 bytes_raw, bytes_sent;
  guint64 *stored;      /* of the newest connection's session; NULL: there is none */
  GHashTable *sessions; /* name → what is stored of it */
};

static void
changed (FakeCollector *self)
{
  g_cond_broadcast (&self->cond);
  g_main_context_wakeup (NULL);
}

/* Under the lock. Returns: its time, in seconds since the epoch. */
static gint64
tell_time (FakeCollector *self)
{
  guint steps = MIN (self->handshakes, self->behaviour.clock_steps);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  if (steps == 0)
    return now;
  return steps % 2 == 1 ? now + 3600 : now - 3600;
}

static void
set_date (SoupServerMessage *message, gint64 now)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (now);
  g_autofree char *text = soup_date_time_to_string (date, SOUP_DATE_HTTP);

  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Date", text);
}

/* Under the lock. */
static gboolean
is_good_token (FakeCollector *self, const char *token, gint64 now)
{
  const char *key = self->key != NULL ? self->key : FAKE_SECRET;
  jwt_t *jwt = NULL;
  gboolean good;

  if (!g_hash_table_add (self->seen, g_strdup (token)) &&
      g_hash_table_contains (self->revoked, token))
    return FALSE;
  if (jwt_decode (&jwt, token, (const unsigned char *)key, (int)strlen (key)) != 0)
    return FALSE;
  good = jwt_get_alg (jwt) == (self->key != NULL ? JWT_ALG_ES256 : JWT_ALG_HS256) &&
         g_strcmp0 (jwt_get_grant (jwt, "appID"), FAKE_APP) == 0 &&
         jwt_get_grant_int (jwt, "iat") <= now + MAX_SKEW &&
         jwt_get_grant_int (jwt, "exp") > now - MAX_SKEW;
  jwt_free (jwt);
  return good;
}

/* Under the lock. */
static gboolean
has_good_token (FakeCollector *self, SoupServerMessage *message, gint64 now)
{
  const char *value = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Authorization");

  return value != NULL && g_str_has_prefix (value, "Bearer ") &&
         is_good_token (self, value + strlen ("Bearer "), now);
}

static void
on_handshake (SoupServer *server, SoupServerMessage *message, const char *path,
    GHashTable *query, gpointer user_data)
{
  FakeCollector *self = user_data;
  gint64 now;
  guint status;

  g_mutex_lock (&self->lock);
  self->handshakes++;
  status = self->behaviour.refuse;
  now = tell_time (self);
  if (status == 0 &&
      (!has_good_token (self, message, now) || self->behaviour.refusals > 0))
    status = SOUP_STATUS_UNAUTHORIZED;
  self->behaviour.refusals -= self->behaviour.refusals > 0;
  changed (self);
  g_mutex_unlock (&self->lock);
  set_date (message, now);
  if (status != 0)
    soup_server_message_set_status (message, status, NULL);
}

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  g_signal_handlers_disconnect_by_data (connection->websocket, connection);
  g_object_unref (connection->websocket);
  callstats_decoder_free (connection->decoder);
  g_free (connection->session);
  g_free (connection);
}

static void
send_text (Connection *connection, const char *text)
{
  SoupWebsocketConnection *websocket = connection->websocket;

  if (soup_websocket_connection_get_state (websocket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (websocket, text);
}

static void
close_unauthorized (gpointer data, gpointer user_data)
{
  Connection *connection = data;
  SoupWebsocketConnection *websocket = connection->websocket;

  if (soup_websocket_connection_get_state (websocket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (
        websocket, CALLSTATS_CLOSE_UNAUTHORIZED, "token-expired");
}

static void
tell (gpointer connection, gpointer text)
{
  send_text (connection, text);
}

static void
send_ack (Connection *connection)
{
  FakeCollector *self = connection->collector;
  g_autofree char *text = NULL;

  g_mutex_lock (&self->lock);
  text = g_strdup_printf (
      "{\"type\":\"ack\",\"sequence\":%" G_GUINT64_FORMAT "}", *connection->stored);
  g_mutex_unlock (&self->lock);
  send_text (connection, text);
}

static void
misbehave (Connection *connection, const FakeBehaviour *behaviour)
{
  FakeCollector *self = connection->collector;

  g_mutex_lock (&self->lock);
  self->behaviour.misbehave = NULL;
  g_mutex_unlock (&self->lock);
  behaviour->misbehave (connection->websocket, behaviour->misbehave_data);
}

static void
welcome (Connection *connection, const FakeBehaviour *behaviour)
{
  FakeCollector *self = connection->collector;
  g_autofree char *text = NULL;

  g_mutex_lock (&self->lock);
  text = g_strdup_printf ("{\"type\":\"welcome\",\"protocol\":1,\"session\":\"%s\","
                          "\"stored\":%" G_GINT64_FORMAT ",\"time\":%" G_GINT64_FORMAT
                          ",\"config\":{}}",
      connection->session,
      behaviour->forced_stored >= 0 ? behaviour->forced_stored
                                    : (gint64)*connection->stored,
      tell_time (self) * 1000);
  self->behaviour.forced_stored = -1;
  g_mutex_unlock (&self->lock);
  send_text (connection, text);
}

/* Under the lock. */
static void
find_session (Connection *connection, const char *session)
{
  FakeCollector *self = connection->collector;

  connection->session = g_strdup (session);
  connection->stored = g_hash_table_lookup (self->sessions, session);
  if (connection->stored == NULL) {
    connection->stored = g_new0 (guint64, 1);
    g_hash_table_insert (self->sessions, g_strdup (session), connection->stored);
  }
  self->stored = connection->stored;
}

static void
on_hello (Connection *connection, JsonObject *hello)
{
  FakeCollector *self = connection->collector;
  const char *session = callstats_json_get_string (hello, "session", "");
  FakeBehaviour behaviour;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->hellos, json_object_ref (hello));
  find_session (connection, session);
  behaviour = self->behaviour;
  changed (self);
  g_mutex_unlock (&self->lock);

  if (behaviour.misbehave != NULL && !behaviour.late)
    misbehave (connection, &behaviour);
  if (!behaviour.mute)
    welcome (connection, &behaviour);
  if (behaviour.misbehave != NULL && behaviour.late)
    misbehave (connection, &behaviour);
}

static void
on_token (Connection *connection, JsonObject *message)
{
  FakeCollector *self = connection->collector;
  const char *token = callstats_json_get_string (message, "token", "");
  gboolean good;

  g_mutex_lock (&self->lock);
  good = is_good_token (self, token, g_get_real_time () / G_USEC_PER_SEC);
  self->tokens += good;
  changed (self);
  g_mutex_unlock (&self->lock);
  if (!good)
    close_unauthorized (connection, NULL);
}

static void
on_records (Connection *connection, CallstatsMessage *message)
{
  FakeCollector *self = connection->collector;
  gboolean acks;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < message->records->len; i++) {
    Arrival arrival = { .connection = connection->number,
      .sequence = message->first + i };

    g_array_append_val (self->arrivals, arrival);
    if (arrival.sequence != *connection->stored + 1)
      continue;
    ++*connection->stored;
    g_ptr_array_add (self->records, callstats_record_ref (message->records->pdata[i]));
  }
  acks = !self->behaviour.no_acks;
  changed (self);
  g_mutex_unlock (&self->lock);
  if (acks)
    send_ack (connection);
}

/* As if no record were told as a difference, and nothing compressed. */
static gsize
count_text (CallstatsMessage *message)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (JsonNode) node = NULL;
  guint i;

  if (message->kind == CALLSTATS_MESSAGE_RECORDS) {
    for (i = 0; i < message->records->len; i++)
      callstats_record_append_json (message->records->pdata[i], text);
  } else {
    node = json_node_init_object (json_node_alloc (), message->object);
    callstats_json_append_node (text, node);
  }
  return text->len;
}

static void
on_message (
    SoupWebsocketConnection *websocket, int type, GBytes *frame, gpointer user_data)
{
  Connection *connection = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsMessage) message = callstats_decoder_push (
      connection->decoder, type == SOUP_WEBSOCKET_DATA_BINARY, frame, &error);

  g_assert_no_error (error);
  g_mutex_lock (&connection->collector->lock);
  connection->collector->bytes_sent += g_bytes_get_size (frame);
  connection->collector->bytes_raw += count_text (message);
  g_mutex_unlock (&connection->collector->lock);
  if (message->kind == CALLSTATS_MESSAGE_RECORDS)
    on_records (connection, message);
  else if (strcmp (message->type, "hello") == 0)
    on_hello (connection, message->object);
  else if (strcmp (message->type, "token") == 0)
    on_token (connection, message->object);
}

static void
on_closed (SoupWebsocketConnection *websocket, gpointer user_data)
{
  Connection *connection = user_data;

  g_ptr_array_remove_fast (connection->collector->open, connection);
}

static void
on_connection (SoupServer *server, SoupServerMessage *message, const char *path,
    SoupWebsocketConnection *websocket, gpointer user_data)
{
  FakeCollector *self = user_data;
  Connection *connection = g_new0 (Connection, 1);

  connection->collector = self;
  connection->websocket = g_object_ref (websocket);
  connection->decoder = callstats_decoder_new ();
  g_ptr_array_add (self->open, connection);
  soup_websocket_connection_set_max_incoming_payload_size (
      websocket, CALLSTATS_MAX_FRAME);
  g_signal_connect (websocket, "message", G_CALLBACK (on_message), connection);
  g_signal_connect (websocket, "closed", G_CALLBACK (on_closed), connection);
  g_mutex_lock (&self->lock);
  connection->number = ++self->connections;
  changed (self);
  g_mutex_unlock (&self->lock);
}

static void
start_server (FakeCollector *self)
{
  static const char *const protocols[] = { CALLSTATS_SUBPROTOCOL, NULL };
  g_autoptr (GError) error = NULL;
  GSList *uris;

  self->server = soup_server_new (NULL, NULL);
  soup_server_add_early_handler (
      self->server, CALLSTATS_STREAM_PATH, on_handshake, self, NULL);
  soup_server_add_websocket_handler (self->server, CALLSTATS_STREAM_PATH, NULL,
      (char **)protocols, on_connection, self, NULL);
  soup_server_listen_local (
      self->server, self->port, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (self->server);
  self->port = (guint)g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
}

static gpointer
run (gpointer data)
{
  FakeCollector *self = data;

  g_main_context_push_thread_default (self->context);
  g_mutex_lock (&self->lock);
  start_server (self);
  changed (self);
  g_mutex_unlock (&self->lock);
  g_main_loop_run (self->loop);

  g_ptr_array_set_size (self->open, 0);
  soup_server_disconnect (self->server);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_object_unref (self->server);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

gboolean
fake_collector_is_fatal (
    const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  return g_strcmp0 (domain, "libsoup") != 0 ||
         strstr (message, "could not get remote address") == NULL;
}

/* GLib's own handler would bail out of the tests even where nothing is fatal. */
static void
log_libsoup (
    const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  if (fake_collector_is_fatal (domain, level, message, NULL))
    g_log_default_handler (domain, level, message, NULL);
}

FakeCollector *
fake_collector_new (guint port)
{
  FakeCollector *self = g_new0 (FakeCollector, 1);

  g_log_set_handler (
      "libsoup", G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL, log_libsoup, NULL);
  g_test_log_set_fatal_handler (fake_collector_is_fatal, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->port = port;
  self->behaviour.forced_stored = -1;
  self->open = g_ptr_array_new_with_free_func (connection_free);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->revoked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->hellos = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->arrivals = g_array_new (FALSE, FALSE, sizeof (Arrival));
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("fake-collector", run, self);
  g_mutex_lock (&self->lock);
  while (self->server == NULL)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
  return self;
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
fake_collector_free (FakeCollector *self)
{
  g_main_context_invoke (self->context, quit, self->loop);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_ptr_array_unref (self->open);
  g_free (self->key);
  g_hash_table_unref (self->seen);
  g_hash_table_unref (self->revoked);
  g_ptr_array_unref (self->hellos);
  g_ptr_array_unref (self->records);
  g_array_unref (self->arrivals);
  g_hash_table_unref (self->sessions);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

guint
fake_collector_get_port (FakeCollector *self)
{
  return self->port;
}

char *
fake_collector_get_url (FakeCollector *self)
{
  return g_strdup_printf ("ws://127.0.0.1:%u/", self->port);
}

void
fake_collector_behave (FakeCollector *self, const FakeBehaviour *behaviour)
{
  g_mutex_lock (&self->lock);
  self->behaviour = *behaviour;
  g_mutex_unlock (&self->lock);
}

void
fake_collector_set_key (FakeCollector *self, const char *public_key)
{
  g_mutex_lock (&self->lock);
  g_free (self->key);
  self->key = g_strdup (public_key);
  g_mutex_unlock (&self->lock);
}

static gboolean
close_all_unauthorized (gpointer data)
{
  FakeCollector *self = data;

  g_ptr_array_foreach (self->open, close_unauthorized, NULL);
  return G_SOURCE_REMOVE;
}

void
fake_collector_revoke (FakeCollector *self)
{
  GHashTableIter iter;
  gpointer token;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->seen);
  while (g_hash_table_iter_next (&iter, &token, NULL))
    g_hash_table_add (self->revoked, g_strdup (token));
  g_mutex_unlock (&self->lock);
  g_main_context_invoke (self->context, close_all_unauthorized, self);
}

static gboolean
drop_now (gpointer data)
{
  FakeCollector *self = data;
  guint i;

  for (i = 0; i < self->open->len; i++) {
    Connection *connection = self->open->pdata[i];
    GIOStream *stream = soup_websocket_connection_get_io_stream (connection->websocket);

    if (stream != NULL)
      g_io_stream_close (stream, NULL, NULL);
  }
  g_ptr_array_set_size (self->open, 0);
  g_mutex_lock (&self->lock);
  self->dropping = FALSE;
  changed (self);
  g_mutex_unlock (&self->lock);
  return G_SOURCE_REMOVE;
}

void
fake_collector_drop (FakeCollector *self)
{
  g_mutex_lock (&self->lock);
  self->dropping = TRUE;
  g_main_context_invoke (self->context, drop_now, self);
  while (self->dropping)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static gboolean
stall_now (gpointer data)
{
  FakeCollector *self = data;

  g_mutex_lock (&self->lock);
  while (self->stalled)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
  return G_SOURCE_REMOVE;
}

void
fake_collector_stall (FakeCollector *self, gboolean stalled)
{
  g_mutex_lock (&self->lock);
  self->stalled = stalled;
  changed (self);
  g_mutex_unlock (&self->lock);
  if (stalled)
    g_main_context_invoke (self->context, stall_now, self);
}

typedef struct {
  FakeCollector *collector;
  char *text;
} Sending;

static gboolean
send_now (gpointer data)
{
  Sending *sending = data;

  g_ptr_array_foreach (sending->collector->open, tell, sending->text);
  g_free (sending->text);
  g_free (sending);
  return G_SOURCE_REMOVE;
}

void
fake_collector_send (FakeCollector *self, const char *text)
{
  Sending *sending = g_new (Sending, 1);

  sending->collector = self;
  sending->text = g_strdup (text);
  g_main_context_invoke (self->context, send_now, sending);
}

static void
tell_stored (gpointer data, gpointer user_data)
{
  Connection *connection = data;

  if (connection->stored != NULL)
    send_ack (connection);
}

static gboolean
ack_now (gpointer data)
{
  FakeCollector *self = data;

  g_ptr_array_foreach (self->open, tell_stored, NULL);
  return G_SOURCE_REMOVE;
}

void
fake_collector_ack (FakeCollector *self)
{
  g_main_context_invoke (self->context, ack_now, self);
}

static guint
read_number (FakeCollector *self, const guint *number)
{
  guint value;

  g_mutex_lock (&self->lock);
  value = *number;
  g_mutex_unlock (&self->lock);
  return value;
}

guint
fake_collector_n_handshakes (FakeCollector *self)
{
  return read_number (self, &self->handshakes);
}

guint
fake_collector_n_hellos (FakeCollector *self)
{
  return read_number (self, &self->hellos->len);
}

guint
fake_collector_n_tokens (FakeCollector *self)
{
  return read_number (self, &self->tokens);
}

JsonObject *
fake_collector_get_hello (FakeCollector *self, guint index)
{
  JsonObject *hello;

  g_mutex_lock (&self->lock);
  hello = json_object_ref (g_ptr_array_index (self->hellos, index));
  g_mutex_unlock (&self->lock);
  return hello;
}

guint64
fake_collector_get_stored (FakeCollector *self)
{
  guint64 stored;

  g_mutex_lock (&self->lock);
  stored = self->stored != NULL ? *self->stored : 0;
  g_mutex_unlock (&self->lock);
  return stored;
}

guint64
fake_collector_get_bytes (FakeCollector *self, guint64 *raw)
{
  guint64 sent;

  g_mutex_lock (&self->lock);
  *raw = self->bytes_raw;
  sent = self->bytes_sent;
  g_mutex_unlock (&self->lock);
  return sent;
}

GPtrArray *
fake_collector_get_records (FakeCollector *self)
{
  GPtrArray *copy =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->records->len; i++)
    g_ptr_array_add (copy, callstats_record_ref (self->records->pdata[i]));
  g_mutex_unlock (&self->lock);
  return copy;
}

GArray *
fake_collector_get_arrivals (FakeCollector *self)
{
  GArray *copy;

  g_mutex_lock (&self->lock);
  copy = g_array_copy (self->arrivals);
  g_mutex_unlock (&self->lock);
  return copy;
}

guint
fake_collector_count (FakeCollector *self, const char *event)
{
  guint i, n = 0;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->records->len; i++) {
    CallstatsRecord *record = g_ptr_array_index (self->records, i);

    n += g_strcmp0 (record->name, event) == 0;
  }
  g_mutex_unlock (&self->lock);
  return n;
}
