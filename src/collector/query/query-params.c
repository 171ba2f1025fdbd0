/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parameters of a query string. Main thread only.
 */
#include "query-params.h"

#include <math.h>
#include <string.h>

#include "reply.h"

#define MAX_TEXT 1024

void
query_params_refuse (
    QueryParams *self, const char *name, const char *value, const char *wanted)
{
  g_autofree char *text = g_strdup_printf ("%s=%s: must be %s", name, value, wanted);
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  if (!self->refused)
    reply_error (self->message, SOUP_STATUS_BAD_REQUEST, "bad-parameter", valid);
  self->refused = TRUE;
}

static const char *
get (QueryParams *self, const char *name)
{
  return self->params != NULL ? g_hash_table_lookup (self->params, name) : NULL;
}

guint
query_params_count (QueryParams *self, const char *name, guint fallback, guint max)
{
  const char *text = get (self, name);
  g_autofree char *wanted = g_strdup_printf ("a whole number from 1 to %u", max);
  guint64 value = fallback;

  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 1, max, &value, NULL))
    query_params_refuse (self, name, text, wanted);
  return (guint)value;
}

guint
query_params_limit (QueryParams *self, guint fallback, guint max)
{
  return query_params_count (self, "limit", fallback, max);
}

#define STEP_MAX (7 * G_TIME_SPAN_DAY)

gint64
query_params_step (QueryParams *self, const char *name)
{
  const char *text = get (self, name);
  guint64 ms = 0;

  if (text == NULL || strcmp (text, "auto") == 0)
    return -1;
  if (strcmp (text, "raw") != 0 &&
      !g_ascii_string_to_unsigned (text, 10, 1, STEP_MAX / 1000, &ms, NULL))
    query_params_refuse (self, name, text, "auto, raw or milliseconds up to 604800000");
  return (gint64)ms * 1000;
}

gint64
query_params_id (QueryParams *self, const char *name)
{
  const char *text = get (self, name);
  gint64 id = 0;

  if (text != NULL && !g_ascii_string_to_signed (text, 10, 1, G_MAXINT64, &id, NULL))
    query_params_refuse (self, name, text, "one that an answer told");
  return id;
}

gint64
query_params_time (QueryParams *self, const char *name, gint64 fallback)
{
  const char *text = get (self, name);
  gint64 ms;

  if (text == NULL)
    return fallback;
  if (g_ascii_string_to_signed (
          text, 10, -G_MAXINT64 / 1000, G_MAXINT64 / 1000, &ms, NULL))
    return ms * 1000;
  query_params_refuse (self, name, text, "whole milliseconds since 1970");
  return fallback;
}

const char *
query_params_text (QueryParams *self, const char *name)
{
  const char *text = get (self, name);

  if (text == NULL ||
      (*text != '\0' && strlen (text) <= MAX_TEXT && g_utf8_validate (text, -1, NULL)))
    return text;
  query_params_refuse (
      self, name, strlen (text) <= MAX_TEXT ? text : "…", "1 to 1024 bytes of UTF-8");
  return NULL;
}

gboolean
query_params_flag (QueryParams *self, const char *name, gboolean fallback)
{
  const char *text = get (self, name);

  if (text == NULL)
    return fallback;
  if (strcmp (text, "true") != 0 && strcmp (text, "false") != 0)
    query_params_refuse (self, name, text, "true or false");
  return strcmp (text, "true") == 0;
}

double
query_params_number (QueryParams *self, const char *name, double min, double max)
{
  const char *text = get (self, name);
  g_autofree char *wanted = NULL;
  char *end = NULL;
  double value;

  if (text == NULL)
    return NAN;
  value = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && value >= min && value <= max)
    return value;
  wanted = g_strdup_printf ("a number from %g to %g", min, max);
  query_params_refuse (self, name, text, wanted);
  return NAN;
}

guint
query_params_choice (QueryParams *self, const char *name, const char *const *choices)
{
  const char *text = get (self, name);
  g_autofree char *list = g_strjoinv (", ", (char **)choices);
  g_autofree char *wanted = g_strconcat ("one of ", list, NULL);

  if (text == NULL)
    return 0;
  for (guint i = 0; choices[i] != NULL; i++)
    if (strcmp (choices[i], text) == 0)
      return i;
  query_params_refuse (self, name, text, wanted);
  return 0;
}

void
query_params_search (QueryParams *self, StoreSearch *search)
{
  search->user = query_params_text (self, "user");
  search->site = query_params_text (self, "site");
  search->prefix = query_params_text (self, "q");
  search->from = query_params_time (self, "from", G_MININT64);
  search->to = query_params_time (self, "to", G_MAXINT64);
  search->reason = query_params_text (self, "reason");
  search->failed = query_params_flag (self, "failed", FALSE) || search->reason != NULL;
  search->dropped = query_params_flag (self, "dropped", FALSE);
  search->low_score = query_params_number (self, "lowScore", 1, 5);
}

char *
query_format_cursor (const StoreCursor *cursor)
{
  return g_strdup_printf (
      "%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, cursor->time, cursor->id);
}

static gboolean
parse_cursor (const char *text, StoreCursor *cursor)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 3);

  return g_strv_length (parts) == 2 &&
         g_ascii_string_to_signed (
             parts[0], 10, G_MININT64, G_MAXINT64, &cursor->time, NULL) &&
         g_ascii_string_to_signed (parts[1], 10, 0, G_MAXINT64, &cursor->id, NULL);
}

gboolean
query_params_cursor (QueryParams *self, const char *name, StoreCursor *cursor)
{
  const char *text = get (self, name);

  if (text == NULL)
    return FALSE;
  if (!parse_cursor (text, cursor))
    query_params_refuse (self, name, text, "a cursor of another page");
  return TRUE;
}
