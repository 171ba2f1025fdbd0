/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * HTTP answers. Main thread only.
 */
#include "reply.h"

#include <string.h>

#include "callstats/callstats-json-private.h"

#define CONTENT_SECURITY_POLICY \
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#define BEGUN "callstats-reply-begun" /* data of a message: gint64 */

void
reply_take_time (SoupServerMessage *message)
{
  gint64 now = g_get_monotonic_time ();

  g_object_set_data_full (
      G_OBJECT (message), BEGUN, g_memdup2 (&now, sizeof now), g_free);
}

static void
set_timing (SoupServerMessage *message)
{
  const gint64 *begun = g_object_get_data (G_OBJECT (message), BEGUN);
  char ms[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *timing = NULL;

  if (begun == NULL)
    return;
  g_ascii_formatd (
      ms, sizeof ms, "%.1f", (double)(g_get_monotonic_time () - *begun) / 1000);
  timing = g_strconcat ("total;dur=", ms, NULL);
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Server-Timing", timing);
}

/* libsoup closes every connection that it was handed from outside after one answer. */
static void
set_common_headers (SoupServerMessage *message, const char *caching)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Cross-Origin-Resource-Policy", "same-origin");
  soup_message_headers_replace (
      headers, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  soup_message_headers_replace (headers, "Cache-Control", caching);
  soup_message_headers_replace (headers, "Connection", "close");
  set_timing (message);
}

static const char *
reason_phrase (guint status)
{
  if (status == 429)
    return "Too Many Requests";
  return status == 421 ? "Misdirected Request" : NULL;
}

void
reply_text (
    SoupServerMessage *message, guint status, const char *content_type, char *text)
{
  set_common_headers (message, "no-store");
  soup_server_message_set_status (message, status, reason_phrase (status));
  soup_server_message_set_response (
      message, content_type, SOUP_MEMORY_TAKE, text, strlen (text));
}

void
reply_json (SoupServerMessage *message, guint status, char *json)
{
  reply_text (message, status, "application/json", json);
}

void
reply_error (SoupServerMessage *message, guint status, const char *code, const char *text)
{
  GString *json = g_string_new ("{\"error\":{");

  callstats_json_append_member (json, "code");
  callstats_json_append_string (json, code);
  callstats_json_append_member (json, "message");
  callstats_json_append_string (json, text);
  g_string_append (json, "}}\n");
  reply_json (message, status, g_string_free (json, FALSE));
}

void
reply_empty (SoupServerMessage *message, guint status)
{
  set_common_headers (message, "no-store");
  soup_server_message_set_status (message, status, NULL);
  /* Whose length would be that of the file (RFC 9110, 8.6). */
  if (status == SOUP_STATUS_NOT_MODIFIED)
    soup_message_headers_set_encoding (
        soup_server_message_get_response_headers (message), SOUP_ENCODING_NONE);
}

void
reply_bytes (SoupServerMessage *message, const char *content_type, GBytes *bytes)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  set_common_headers (message, "no-cache");
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_replace (headers, "Content-Type", content_type);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), bytes);
}

void
reply_file (SoupServerMessage *message, const char *resource, const char *content_type)
{
  g_autoptr (GBytes) bytes =
      g_resources_lookup_data (resource, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  reply_bytes (message, content_type, bytes);
}

void
reply_begin_stream (SoupServerMessage *message, const char *content_type)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  gboolean chunked = soup_server_message_get_http_version (message) != SOUP_HTTP_1_0;

  set_common_headers (message, "no-store");
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_content_type (headers, content_type, NULL);
  soup_message_headers_set_encoding (
      headers, chunked ? SOUP_ENCODING_CHUNKED : SOUP_ENCODING_EOF);
  soup_message_body_set_accumulate (
      soup_server_message_get_response_body (message), FALSE);
}
