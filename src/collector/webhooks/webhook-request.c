/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One try to deliver something to a webhook. Main thread only.
 */
#include "webhook-request.h"

#include <libsoup/soup.h>
#include <string.h>

#include "webhook-address.h"

#define USER_AGENT "callstats-collector/" PACKAGE_VERSION
#define MAX_ANSWER 16384

struct _WebhookRequest {
  grefcount ref_count; /* one for the caller until the end, one for what is under way */
  SoupSession *session;
  SoupMessage *message;
  GInputStream *answer;
  GCancellable *cancellable;
  guint timer;
  gboolean late;
  char *buffer;            /* what is read of the answer */
  WebhookRequestDone done; /* NULL once it was called or is not wanted any more */
  gpointer user_data;
};

static WebhookRequest *
request_ref (WebhookRequest *request)
{
  g_ref_count_inc (&request->ref_count);
  return request;
}

static void
request_unref (WebhookRequest *request)
{
  if (!g_ref_count_dec (&request->ref_count))
    return;
  soup_session_abort (request->session);
  g_clear_object (&request->answer);
  g_object_unref (request->message);
  g_object_unref (request->session);
  g_object_unref (request->cancellable);
  g_free (request->buffer);
  g_free (request);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WebhookRequest, request_unref)

char *
webhook_sign (const GPtrArray *secrets, gint64 timestamp, const char *body)
{
  GString *signature = g_string_new (NULL);
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT ".%s", timestamp, body);

  for (guint i = 0; i < secrets->len; i++) {
    gsize length;
    const guchar *key = g_bytes_get_data (secrets->pdata[i], &length);
    g_autofree char *digest = g_compute_hmac_for_string (
        G_CHECKSUM_SHA256, key, length, text, (gssize)strlen (text));

    g_string_append_printf (signature, "%sv1=%s", i > 0 ? "," : "", digest);
  }
  return g_string_free (signature, FALSE);
}

/* ---- The end ---- */

static void
finish (WebhookRequest *request, WebhookOutcome outcome, const char *reason)
{
  WebhookRequestDone done = request->done;
  const char *header = soup_message_headers_get_one (
      soup_message_get_response_headers (request->message), "Retry-After");
  guint64 seconds = 0;

  g_clear_handle_id (&request->timer, g_source_remove);
  request->done = NULL;
  if (done == NULL)
    return;
  if (header != NULL)
    g_ascii_string_to_unsigned (header, 10, 0, G_MAXINT32, &seconds, NULL);
  done (outcome, reason, (gint64)seconds * G_USEC_PER_SEC, request->user_data);
  request_unref (request);
}

static void
fail (WebhookRequest *request, const GError *error)
{
  finish (request, WEBHOOK_FAILED, request->late ? "no answer in time" : error->message);
}

static void
finish_by_status (WebhookRequest *request)
{
  guint status = soup_message_get_status (request->message);
  g_autofree char *reason = g_strdup_printf ("answered with %u", status);

  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    finish (request, WEBHOOK_DELIVERED, reason);
  else
    finish (request, status == SOUP_STATUS_GONE ? WEBHOOK_GONE : WEBHOOK_FAILED, reason);
}

/* ---- The answer ---- */

/* What the receiver says, beyond the status, is read only so that it is not cut off. */
static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WebhookRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  gsize length;

  if (!g_input_stream_read_all_finish (
          G_INPUT_STREAM (source), result, &length, &error) &&
      request->late)
    fail (request, error);
  else
    finish_by_status (request);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WebhookRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  request->answer = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (request->answer == NULL) {
    fail (request, error);
    return;
  }
  request->buffer = g_malloc (MAX_ANSWER);
  g_input_stream_read_all_async (request->answer, request->buffer, MAX_ANSWER,
      G_PRIORITY_DEFAULT, request->cancellable, on_read, request_ref (request));
}

static gboolean
on_late (gpointer user_data)
{
  WebhookRequest *request = user_data;

  request->timer = 0;
  request->late = TRUE;
  g_cancellable_cancel (request->cancellable);
  return G_SOURCE_REMOVE;
}

/* ---- The beginning ---- */

/* A session for each try: it resolves the name anew. */
static SoupSession *
create_session (const WebhookConfig *config)
{
  g_autoptr (GSocketConnectable) target =
      webhook_target_new (config->host, config->port, config->allow_private);
  SoupSession *session = soup_session_new_with_options (
      "remote-connectable", target, "user-agent", USER_AGENT, "timeout", 0, NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  return session;
}

static gboolean
trust_ca_file (SoupSession *session, const char *path, GError **error)
{
  g_autoptr (GTlsDatabase) database = NULL;

  if (path == NULL)
    return TRUE;
  database = g_tls_file_database_new (path, error);
  if (database == NULL)
    return FALSE;
  soup_session_set_tls_database (session, database);
  return TRUE;
}

static SoupMessage *
create_message (const WebhookConfig *config, const StoreDelivery *delivery, gint64 now)
{
  SoupMessage *message = soup_message_new (SOUP_METHOD_POST, config->url);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree char *signature = webhook_sign (config->secrets, now, delivery->body);
  g_autofree char *timestamp = g_strdup_printf ("%" G_GINT64_FORMAT, now);
  g_autoptr (GBytes) body = g_bytes_new (delivery->body, strlen (delivery->body));

  soup_message_set_flags (
      message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_NEW_CONNECTION);
  soup_message_headers_replace (headers, "Connection", "close");
  soup_message_headers_replace (headers, "Callstats-Delivery", delivery->id);
  soup_message_headers_replace (headers, "Callstats-Event", delivery->event);
  soup_message_headers_replace (headers, "Callstats-Timestamp", timestamp);
  soup_message_headers_replace (headers, "Callstats-Signature", signature);
  soup_message_set_request_body_from_bytes (message, "application/json", body);
  return message;
}

static gboolean
fail_later (gpointer user_data)
{
  WebhookRequest *request = user_data;

  request->timer = 0;
  finish (request, WEBHOOK_FAILED, "its ca-file cannot be read");
  return G_SOURCE_REMOVE;
}

WebhookRequest *
webhook_request_start (const WebhookConfig *config, const StoreDelivery *delivery,
    gint64 now, WebhookRequestDone done, gpointer user_data)
{
  WebhookRequest *request = g_new0 (WebhookRequest, 1);

  g_ref_count_init (&request->ref_count);
  request->done = done;
  request->user_data = user_data;
  request->cancellable = g_cancellable_new ();
  request->session = create_session (config);
  request->message = create_message (config, delivery, now);
  if (!trust_ca_file (request->session, config->ca_file, NULL)) {
    request->timer = g_idle_add (fail_later, request);
    return request;
  }
  request->timer = g_timeout_add (
      (guint)(config->timeout / G_TIME_SPAN_MILLISECOND), on_late, request);
  soup_session_send_async (request->session, request->message, G_PRIORITY_DEFAULT,
      request->cancellable, on_sent, request_ref (request));
  return request;
}

void
webhook_request_cancel (WebhookRequest *request)
{
  if (request == NULL)
    return;
  request->done = NULL;
  g_clear_handle_id (&request->timer, g_source_remove);
  g_cancellable_cancel (request->cancellable);
  request_unref (request);
}
