/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers to callstats' clients. Main thread only.
 */
#include "rest-reply.h"

#include "callstats/callstats-json-private.h"
#include "reply.h"

void
rest_reply_success (SoupServerMessage *message)
{
  reply_json (message, SOUP_STATUS_OK, g_strdup ("{\"status\":\"success\"}\n"));
}

void
rest_reply_joined (SoupServerMessage *message, const char *uc_id)
{
  reply_json (message, SOUP_STATUS_OK,
      g_strdup_printf ("{\"status\":\"success\",\"ucID\":\"%s\"}\n", uc_id));
}

void
rest_reply_error (SoupServerMessage *message, guint status, const char *text)
{
  GString *json = g_string_new ("{\"status\":\"error\"");

  callstats_json_append_member (json, "msg");
  callstats_json_append_string (json, text);
  callstats_json_append_member (json, "message");
  callstats_json_append_string (json, text);
  g_string_append (json, "}\n");
  reply_json (message, status, g_string_free (json, FALSE));
}
