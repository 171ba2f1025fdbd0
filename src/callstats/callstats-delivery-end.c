/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the end of a connection means, and how it is told. Pure, any thread.
 */
#include <string.h>

#include "callstats-codec-private.h"
#include "callstats-delivery-end-private.h"
#include "callstats-error.h"
#include "callstats-trust-private.h"

#define MAX_REASON 200     /* bytes that are shown of what the other end says */
#define UNPRINTABLE 0xfffd /* what a terminal or log would take for more than text */
#define RETRY_AFTER "retry-after="

/* What a collector says with 401, and no other token would change. */
typedef struct {
  const char *code;
  const char *advice;
} FinalRefusal;

static const FinalRefusal final_refusals[] = {
  { "unknown-application", "check app-id" },
  { "wrong-audience", "it is not known under this address: correct backend-url, or start "
                      "the collector with --origin" },
};

/* Returns: (nullable) */
static const FinalRefusal *
find_final (const CallstatsTransportEnd *end)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (final_refusals); i++) {
    if (g_strcmp0 (end->http_reason, final_refusals[i].code) == 0)
      return &final_refusals[i];
  }
  return NULL;
}

CallstatsEndMeaning
callstats_end_get_meaning (const CallstatsTransportEnd *end)
{
  if (end->http_status == 403 || end->close_code == CALLSTATS_CLOSE_UNKNOWN_APPLICATION)
    return CALLSTATS_END_FINAL;
  if (end->http_status == 401)
    return find_final (end) != NULL ? CALLSTATS_END_FINAL : CALLSTATS_END_TOKEN;
  if (end->close_code == CALLSTATS_CLOSE_UNAUTHORIZED)
    return CALLSTATS_END_TOKEN;
  return CALLSTATS_END_RETRY;
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
  GString *quoted;
  const char *p;

  if (reason == NULL || *reason == '\0')
    return g_strdup ("");
  valid = g_utf8_make_valid (reason, (gssize)MIN (strlen (reason), MAX_REASON));
  quoted = g_string_new (" ");
  for (p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (quoted, g_unichar_isprint (c) ? c : UNPRINTABLE);
  }
  return g_string_free (quoted, FALSE);
}

static char *
quote_refusal (const CallstatsTransportEnd *end)
{
  return quote_reason (end->close_reason != NULL ? end->close_reason : end->http_reason);
}

static guint
refusal_code (const CallstatsTransportEnd *end)
{
  return end->http_status != 0 ? end->http_status : end->close_code;
}

GError *
callstats_end_describe_refusal (
    const CallstatsTransportEnd *end, const char *uri, const char *app_id)
{
  const FinalRefusal *refusal = find_final (end);
  g_autofree char *reason = quote_refusal (end);

  return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNAUTHORIZED,
      "Backend %s refused application “%s” (%u%s): %s; nothing is sent until that "
      "changes",
      uri, app_id, refusal_code (end), reason,
      refusal != NULL ? refusal->advice
                      : "check app-id and app-secret, app-key-file or token");
}

GError *
callstats_end_describe_token (const CallstatsTransportEnd *end, const char *uri)
{
  g_autofree char *reason = quote_refusal (end);

  return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNAUTHORIZED,
      "Backend %s refused the token (%u%s): another one is asked for by need-token; "
      "nothing is lost until it comes",
      uri, refusal_code (end), reason);
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
  if (end->violation != NULL)
    return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s does what the protocol forbids (%s): is it a callstats-collector? It "
        "is tried again",
        uri, end->violation);
  if (end->certificate != 0)
    return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNREACHABLE,
        "Backend %s is not who it says, so it gets nothing: %s. It is tried again", uri,
        callstats_trust_describe (end->certificate));
  if (end->error != NULL)
    return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNREACHABLE,
        "Backend %s cannot be reached (%s); it is tried again", uri, end->error->message);
  return g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNREACHABLE,
      "Backend %s closed the connection (%u%s); it is connected to again", uri,
      end->close_code, reason);
}
