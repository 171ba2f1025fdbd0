/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Cross-origin requests. Main thread only.
 */
#include "rest-cors.h"

#include "reply.h"
#include "web-origin.h"

#define MAX_AGE "7200"

static gboolean
is_allowed (const GPtrArray *allowed, const char *origin)
{
  for (guint i = 0; i < allowed->len; i++)
    if (web_origin_matches (allowed->pdata[i], origin))
      return TRUE;
  return FALSE;
}

gboolean
rest_cors_allow (
    const Applications *applications, const char *app, SoupServerMessage *message)
{
  const char *origin = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Origin");
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const GPtrArray *allowed =
      app != NULL ? applications_get_allowed_origins (applications, app) : NULL;
  gboolean any = allowed == NULL || allowed->len == 0;

  if (!any)
    soup_message_headers_append (headers, "Vary", "Origin");
  if (origin == NULL)
    return TRUE;
  if (!any && !is_allowed (allowed, origin))
    return FALSE;
  soup_message_headers_replace (
      headers, "Access-Control-Allow-Origin", any ? "*" : origin);
  return TRUE;
}

void
rest_cors_answer_preflight (
    const Applications *applications, const char *app, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  if (rest_cors_allow (applications, app, message)) {
    soup_message_headers_replace (headers, "Access-Control-Allow-Methods", "GET, POST");
    soup_message_headers_replace (
        headers, "Access-Control-Allow-Headers", "Accept, Authorization, Content-Type");
    soup_message_headers_replace (headers, "Access-Control-Max-Age", MAX_AGE);
  }
  reply_empty (message, SOUP_STATUS_NO_CONTENT);
}
