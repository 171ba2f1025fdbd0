/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line of a recorded file. Pure, any thread.
 */
#include "record-line.h"

#include <string.h>

#include "callstats/callstats-error.h"
#include "callstats/callstats-json-private.h"
#include "store.h"

#define FORMAT 1
#define MAX_ID 128
/* Around what a record holds: the record and the line. */
#define MAX_DEPTH (CALLSTATS_RECORD_MAX_DEPTH + 2)

void
record_line_clear (RecordLine *line)
{
  g_free (line->session);
  g_free (line->app);
  g_free (line->user);
  g_free (line->user_name);
  callstats_record_unref (line->record);
  *line = (RecordLine){ 0 };
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL, why);
  return FALSE;
}

gboolean
record_line_id_is_valid (const char *id)
{
  return id != NULL && *id != '\0' && strlen (id) <= MAX_ID &&
         g_utf8_validate (id, -1, NULL);
}

static gboolean
read_id (JsonObject *object, const char *name, char **id)
{
  if (!json_object_has_member (object, name))
    return TRUE;
  *id = g_strdup (callstats_json_get_string (object, name, NULL));
  return record_line_id_is_valid (*id);
}

static gboolean
read_session (RecordLine *line, JsonObject *object, GError **error)
{
  JsonObject *client = callstats_json_get_object (object, "client");

  line->kind = RECORD_LINE_SESSION;
  if (callstats_json_get_int (object, "format", 0) != FORMAT)
    return refuse (error, "the session is of another format than 1; a newer "
                          "callstats-collector may know it");
  if (!read_id (object, "app", &line->app) || !read_id (object, "user", &line->user))
    return refuse (error, "\"app\" and \"user\" must be of 1 to 128 bytes");
  if (client != NULL)
    line->user_name = g_strdup (callstats_json_get_string (client, "userName", NULL));
  return TRUE;
}

static gboolean
read_record (RecordLine *line, JsonObject *object, GError **error)
{
  JsonObject *record = callstats_json_get_object (object, "record");

  line->kind = RECORD_LINE_RECORD;
  if (!callstats_json_get_sequence (object, "sequence", &line->sequence) ||
      line->sequence == 0 || line->sequence > G_MAXINT64)
    return refuse (error, "\"sequence\" must be a whole number from 1 on");
  if (record == NULL)
    return refuse (error, "\"record\" must be an object");
  if (strcmp (callstats_json_get_string (record, "type", ""), "delta") == 0)
    return refuse (error, "a record in a file must stand alone, which a delta does not");
  line->record = callstats_record_new_from_object (record, error);
  return line->record != NULL;
}

static gboolean
is_blank (const char *text, gsize length)
{
  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  return length == 0;
}

gboolean
record_line_parse (RecordLine *line, const char *text, gsize length, GError **error)
{
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *copy = NULL;

  *line = (RecordLine){ 0 };
  if (is_blank (text, length))
    return TRUE;
  object = callstats_json_parse_object (text, length, error);
  if (object == NULL)
    return FALSE;
  copy = g_strndup (text, length);
  if (callstats_json_depth (copy) > MAX_DEPTH)
    return refuse (error, "it is nested too deeply");
  line->session = g_strdup (callstats_json_get_string (object, "session", NULL));
  if (strcmp (callstats_json_get_string (object, "type", ""), "session") != 0 &&
      !json_object_has_member (object, "record"))
    return TRUE;
  if (!store_session_name_is_valid (line->session))
    return refuse (error, "\"session\" must be 1 to 64 characters of A-Z a-z 0-9 _ -");
  if (json_object_has_member (object, "record"))
    return read_record (line, object, error);
  return read_session (line, object, error);
}
