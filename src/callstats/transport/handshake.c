/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handshake: one step after the other, each started by the end of the one before.
 * One thread, as the header says.
 */
#include "handshake.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "upgrade-answer.h"

#define MAX_ANSWER (16 * 1024) /* bytes, those of interim answers too */

typedef struct {
  HandshakeFunc func;
  gpointer user_data;
  GCancellable *cancellable;
  GUri *uri;
  char *subprotocol;
  char *token;
  char *key;
  GSocketConnectable *server;
  GTlsDatabase *trust; /* nullable for ws: */
  GProxyResolver *proxy;
  GTlsCertificateFlags certificate; /* what is wrong with it */
  GSocketConnection *connection;    /* NULL until there is one */
  GIOStream *stream;                /* the same, or TLS on it */
  GString *text;                    /* the request, then the answer */
  gsize n_read;
} Handshake;

static void
handshake_free (Handshake *self)
{
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_free (self->subprotocol);
  g_free (self->token);
  g_free (self->key);
  g_clear_object (&self->server);
  g_clear_object (&self->trust);
  g_clear_object (&self->proxy);
  g_clear_object (&self->connection);
  if (self->stream != NULL)
    g_signal_handlers_disconnect_by_data (self->stream, self);
  g_clear_object (&self->stream);
  g_string_free (self->text, TRUE);
  g_free (self);
}

/* ---- The end ---- */

static void
end (Handshake *self, const CallstatsTransportEnd *how)
{
  self->func (NULL, how, self->user_data);
  handshake_free (self);
}

/* error: (transfer full) */
static void
fail (Handshake *self, GError *error)
{
  CallstatsTransportEnd how = { .error = error, .certificate = self->certificate };

  if (error->domain == SOUP_WEBSOCKET_ERROR)
    how = (CallstatsTransportEnd){ .violation = error->message };
  end (self, &how);
  g_error_free (error);
}

static void
succeed (Handshake *self)
{
  HandshakeResult result = { .stream = self->stream,
    .socket = g_socket_connection_get_socket (self->connection) };

  self->func (&result, NULL, self->user_data);
  handshake_free (self);
}

static void
refuse (Handshake *self, const UpgradeAnswer *answer)
{
  CallstatsTransportEnd how = {
    .http_status = answer->status,
    .http_reason = answer->reason,
    .retry_after = upgrade_answer_get_retry_after (answer, CALLSTATS_MAX_RETRY_AFTER),
    .date = upgrade_answer_get_date (answer),
  };

  end (self, &how);
}

/* ---- The answer ---- */

static void read_answer (Handshake *self);

static void
take_answer (Handshake *self)
{
  g_autoptr (UpgradeAnswer) answer = NULL;
  GError *error = NULL;

  g_string_truncate (self->text, self->text->len - strlen ("\r\n"));
  answer = upgrade_answer_parse (self->text->str, self->text->len, &error);
  if (answer == NULL)
    fail (self, error);
  else if (answer->status == SOUP_STATUS_SWITCHING_PROTOCOLS &&
           !upgrade_answer_check (answer, self->key, self->subprotocol, &error))
    fail (self, error);
  else if (answer->status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    succeed (self);
  else if (SOUP_STATUS_IS_INFORMATIONAL (answer->status)) {
    g_string_truncate (self->text, 0);
    read_answer (self);
  } else
    refuse (self, answer);
}

/* How many bytes are certain to be missing to the empty line: so many may be read without
 * touching the frames behind it. */
static gsize
missing_bytes (const GString *text)
{
  static const char end_of_header[] = "\r\n\r\n";
  gsize have;

  for (have = MIN (text->len, 4); have > 0; have--)
    if (strncmp (text->str + text->len - have, end_of_header, have) == 0)
      break;
  return 4 - have;
}

static gboolean
on_readable (GObject *input, gpointer user_data)
{
  read_answer (user_data);
  return G_SOURCE_REMOVE;
}

static void
wait_for_answer (Handshake *self, GPollableInputStream *input)
{
  g_autoptr (GSource) source =
      g_pollable_input_stream_create_source (input, self->cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* Returns: FALSE: with an error, which may be that there is nothing to read now. */
static gboolean
read_some (Handshake *self, GPollableInputStream *input, GError **error)
{
  char bytes[4];
  gssize n = g_pollable_input_stream_read_nonblocking (
      input, bytes, missing_bytes (self->text), self->cancellable, error);

  if (n < 0)
    return FALSE;
  g_string_append_len (self->text, bytes, n);
  self->n_read += (gsize)n;
  if (n == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
        "it hung up instead of an answer");
  else if (self->n_read > MAX_ANSWER)
    g_set_error (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_ERROR_BAD_HANDSHAKE,
        "the header of its answer is longer than %d bytes", MAX_ANSWER);
  return n > 0 && self->n_read <= MAX_ANSWER;
}

static void
read_answer (Handshake *self)
{
  GPollableInputStream *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
  GError *error = NULL;

  while (missing_bytes (self->text) > 0 && read_some (self, input, &error))
    ;
  if (error == NULL)
    take_answer (self);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
    g_error_free (error);
    wait_for_answer (self, input);
  } else
    fail (self, error);
}

/* ---- The request ---- */

static void
on_written (GObject *output, GAsyncResult *result, gpointer user_data)
{
  Handshake *self = user_data;
  GError *error = NULL;

  g_string_truncate (self->text, 0);
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (output), result, NULL, &error))
    read_answer (self);
  else
    fail (self, error);
}

static void
append_host (GString *text, GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  g_autofree char *ascii = g_hostname_to_ascii (host);
  int port = g_uri_get_port (uri);

  if (strchr (host, ':') != NULL) /* IPv6, without its zone */
    g_string_append_printf (text, "[%.*s]", (int)strcspn (host, "%"), host);
  else
    g_string_append (text, ascii != NULL ? ascii : host);
  if (port > 0)
    g_string_append_printf (text, ":%d", port);
}

static void
write_request (Handshake *self)
{
  g_autofree char *path = g_uri_escape_string (
      g_uri_get_path (self->uri), "%" G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);

  g_string_printf (self->text, "GET %s HTTP/1.1\r\nHost: ", *path != '\0' ? path : "/");
  append_host (self->text, self->uri);
  g_string_append_printf (self->text,
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n"
      "Authorization: Bearer %s\r\n\r\n",
      self->key, self->subprotocol, self->token);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream),
      self->text->str, self->text->len, G_PRIORITY_DEFAULT, self->cancellable, on_written,
      self);
}

/* ---- The connection ---- */

static void
on_secured (GObject *tls, GAsyncResult *result, gpointer user_data)
{
  Handshake *self = user_data;
  GError *error = NULL;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, &error))
    write_request (self);
  else
    fail (self, error);
}

static gboolean
is_secure (GUri *uri)
{
  return strcmp (g_uri_get_scheme (uri), "wss") == 0;
}

/* Only called where it is not, and never overruled. */
static gboolean
on_bad_certificate (GTlsConnection *tls, GTlsCertificate *certificate,
    GTlsCertificateFlags wrong, gpointer user_data)
{
  Handshake *self = user_data;

  self->certificate = wrong;
  return FALSE;
}

static void
secure (Handshake *self)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  GError *error = NULL;

  self->stream =
      g_tls_client_connection_new (G_IO_STREAM (self->connection), self->server, &error);
  if (self->stream == NULL) {
    fail (self, error);
    return;
  }
  /* Frames end where they say; a cut connection is no more than that. */
  g_object_set (self->stream, "require-close-notify", FALSE, "advertised-protocols",
      protocols, "database", self->trust, NULL);
  g_signal_connect (
      self->stream, "accept-certificate", G_CALLBACK (on_bad_certificate), self);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->stream), G_PRIORITY_DEFAULT,
      self->cancellable, on_secured, self);
}

static void
on_connected (GObject *client, GAsyncResult *result, gpointer user_data)
{
  Handshake *self = user_data;
  GError *error = NULL;

  self->connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (client), result, &error);
  if (self->connection == NULL) {
    fail (self, error);
    return;
  }
  g_socket_set_option (g_socket_connection_get_socket (self->connection), IPPROTO_TCP,
      TCP_NODELAY, TRUE, NULL);
  if (is_secure (self->uri)) {
    secure (self);
  } else {
    self->stream = G_IO_STREAM (g_object_ref (self->connection));
    write_request (self);
  }
}

static void
connect_to_server (Handshake *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  gboolean secure = is_secure (self->uri);
  int port = g_uri_get_port (self->uri);

  /* The scheme is what proxies are chosen by. */
  self->server = g_object_new (G_TYPE_NETWORK_ADDRESS, "hostname",
      g_uri_get_host (self->uri), "port",
      port > 0 ? (guint)port
      : secure ? 443U
               : 80U,
      "scheme", secure ? "https" : "http", NULL);
  g_socket_client_set_proxy_resolver (client, self->proxy);
  g_socket_client_connect_async (
      client, self->server, self->cancellable, on_connected, self);
}

/* It would be more than a token to the server. */
static gboolean
fits_a_header (const char *token)
{
  const char *c;

  for (c = token; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return FALSE;
  return TRUE;
}

static gboolean
begin (gpointer user_data)
{
  Handshake *self = user_data;

  if (self->uri == NULL || g_uri_get_host (self->uri) == NULL)
    fail (self, g_error_new_literal (
                    G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "its address is none"));
  else if (!fits_a_header (self->token))
    fail (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "the token is none, for it has spaces or control characters"));
  else
    connect_to_server (self);
  return G_SOURCE_REMOVE;
}

void
handshake_start (const CallstatsTransportOptions *options, GCancellable *cancellable,
    HandshakeFunc func, gpointer user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Handshake *self = g_new0 (Handshake, 1);

  self->func = func;
  self->user_data = user_data;
  self->cancellable = g_object_ref (cancellable);
  self->uri = g_uri_parse (options->uri, G_URI_FLAGS_ENCODED_PATH, NULL);
  self->subprotocol = g_strdup (options->subprotocol);
  self->token = g_strdup (options->token);
  self->trust = options->trust != NULL ? g_object_ref (options->trust) : NULL;
  self->proxy = g_object_ref (options->proxy);
  self->key = upgrade_key_new ();
  self->text = g_string_new (NULL);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, begin, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}
