/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the end of a connection means, and how it is told. Pure, any thread.
 */
#include <string.h>

#include "callstats-codec-private.h"
#include "callstats-delivery-end-private.h"
#include "callstats-error.h"

#define MAX_REASON 200 /* bytes that are shown of what the other end says */
#define RETRY_AFTER "retry-after="

static gboolean
is_refusal (const CallstatsTransportEnd *end)
{
  return end->http_status == 401 || end->http_status == 403 ||
         end->close_code == CALLSTATS_CLOSE_UNAUTHORIZED ||
         end->close_code == CALLSTATS_CLOSE_UNKNOWN_APPLICATION;
}

/* A token that ended in mid-call is no refusal: the next connection brings a new one. */
gboolean
callstats_end_is_final (const CallstatsTransportEnd *end, gboolean connected)
{
  return is_refusal (end) &&
         !(connected && end->close_code == CALLSTATS_CLOSE_UNAUTHORIZED);
}

/* A close reason that begins with “retry-after=30” says so, too. */
guint
callstats_end_retry_after (const CallstatsTransportEnd *end)
{
  guint64 seconds;

  if (end->close_reason == NULL || !g_str_has_prefix (end->close_reason, RETRY_AFTER) ||
      !g_ascii_isdigit (end->close_reason[strlen (RETRY_AFTER)]))
    return end->retry_after;
  seconds = g_ascii_strtoull (end->close_reason + strlen (RETRY_AFTER), NULL, 10);
  return (guint)MIN (seconds, CALLSTATS_MAX_RETRY_AFTER);
}

/* What the other end says, fit to be shown; begins with a space unless it is empty. */
static char *
quote_reason (const char *reason)
{
  g_autofree char *valid = NULL;

  if (reason == NULL || *reason == '\0')
    return g_strdup ("");
  valid = g_utf8_make_valid (reason, (gssize)MIN (strlen (reason), MAX_REASON));
  return g_strconcat (" ", valid, NULL);
}

GError *
callstats_end_describe_refusal (
    const CallstatsTransportEnd *end, const char *uri, const char *app_id)
{
  g_autofree char *reason =
      quote_reason (end->close_reason != NULL ? end->close_reason : end->http_reason);

  return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNAUTHORIZED,
      "Backend %s refused application “%s” (%u%s): check app-id and app-secret; nothing "
      "is sent until they change",
      uri, app_id, end->http_status != 0 ? end->http_status : end->close_code, reason);
}

GError *
callstats_end_describe (const CallstatsTransportEnd *end, const char *uri)
{
  g_autofree char *reason =
      quote_reason (end->http_status != 0 ? end->http_reason : end->close_reason);

  if (end->http_status != 0)
    return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s answered %u%s instead of a WebSocket: is it a callstats-collector? "
        "It "
        "is tried again",
        uri, end->http_status, reason);
  if (end->error != NULL)
    return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNREACHABLE,
        "Backend %s cannot be reached (%s); it is tried again", uri, end->error->message);
  return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNREACHABLE,
      "Backend %s closed the connection (%u%s); it is connected to again", uri,
      end->close_code, reason);
}
