/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The answer to a handshake. Pure, any one thread.
 */
#include "upgrade-answer.h"

#include <string.h>

#define KEY_BYTES 16
#define ACCEPT_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* of RFC 6455 */

static gboolean
fail (GError **error, const char *why)
{
  g_set_error_literal (
      error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_ERROR_BAD_HANDSHAKE, why);
  return FALSE;
}

/* What it says beside its status. phrase: (transfer full) (nullable) */
static char *
get_reason (SoupMessageHeaders *headers, char *phrase)
{
  const char *challenge = soup_message_headers_get_one (headers, "WWW-Authenticate");
  GHashTable *parameters;
  char *reason = NULL;

  if (challenge != NULL && g_ascii_strncasecmp (challenge, "Bearer ", 7) == 0) {
    parameters = soup_header_parse_param_list (challenge + 7);
    reason = g_strdup (g_hash_table_lookup (parameters, "error_description"));
    soup_header_free_param_list (parameters);
  }
  if (reason == NULL)
    return phrase;
  g_free (phrase);
  return reason;
}

UpgradeAnswer *
upgrade_answer_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (UpgradeAnswer) answer = g_new0 (UpgradeAnswer, 1);

  answer->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  if (memchr (text, '\0', length) != NULL || length > G_MAXINT ||
      !soup_headers_parse_response (
          text, (int)length, answer->headers, NULL, &answer->status, &answer->reason)) {
    fail (error, "what it answers is no HTTP");
    return NULL;
  }
  answer->reason = get_reason (answer->headers, answer->reason);
  return g_steal_pointer (&answer);
}

void
upgrade_answer_free (UpgradeAnswer *answer)
{
  if (answer == NULL)
    return;
  soup_message_headers_unref (answer->headers);
  g_free (answer->reason);
  g_free (answer);
}

char *
upgrade_key_new (void)
{
  guint32 key[KEY_BYTES / sizeof (guint32)];

  for (guint i = 0; i < G_N_ELEMENTS (key); i++)
    key[i] = g_random_int ();
  return g_base64_encode ((const guchar *)key, sizeof key);
}

static char *
accept_of (const char *key)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *)key, (gssize)strlen (key));
  g_checksum_update (checksum, (const guchar *)ACCEPT_SUFFIX, -1);
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

gboolean
upgrade_answer_check (
    const UpgradeAnswer *answer, const char *key, const char *subprotocol, GError **error)
{
  SoupMessageHeaders *headers = answer->headers;
  g_autofree char *expected = accept_of (key);

  if (!soup_message_headers_header_equals (headers, "Upgrade", "websocket") ||
      !soup_message_headers_header_contains (headers, "Connection", "upgrade"))
    return fail (error, "it switches to another protocol than WebSocket");
  if (g_strcmp0 (
          soup_message_headers_get_one (headers, "Sec-WebSocket-Accept"), expected) != 0)
    return fail (error, "its Sec-WebSocket-Accept does not fit the key");
  if (soup_message_headers_get_list (headers, "Sec-WebSocket-Extensions") != NULL)
    return fail (error, "it uses a WebSocket extension that was not offered");
  if (g_strcmp0 (soup_message_headers_get_list (headers, "Sec-WebSocket-Protocol"),
          subprotocol) != 0)
    return fail (error, "it does not speak the subprotocol");
  return TRUE;
}

static gint64
get_date (const UpgradeAnswer *answer, const char *name)
{
  const char *value = soup_message_headers_get_one (answer->headers, name);
  g_autoptr (GDateTime) date =
      value != NULL ? soup_date_time_new_from_http_string (value) : NULL;

  return date != NULL ? g_date_time_to_unix (date) : 0;
}

gint64
upgrade_answer_get_date (const UpgradeAnswer *answer)
{
  return get_date (answer, "Date");
}

/* Seconds, or a date: of the clock that the answer's own date is from. */
guint
upgrade_answer_get_retry_after (const UpgradeAnswer *answer, guint max)
{
  const char *value = soup_message_headers_get_one (answer->headers, "Retry-After");
  gint64 now = upgrade_answer_get_date (answer);
  gint64 until = get_date (answer, "Retry-After");

  if (value == NULL)
    return 0;
  if (g_ascii_isdigit (*value))
    return (guint)MIN (g_ascii_strtoull (value, NULL, 10), max);
  if (now == 0)
    now = g_get_real_time () / G_USEC_PER_SEC;
  return until != 0 ? (guint)CLAMP (until - now, 0, (gint64)max) : 0;
}
