/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The collector's log. Any thread: a line is one write.
 */
#include "log.h"

#include <stdio.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "counters.h"

#define MAX_VALUE 200
#define MAX_REFUSALS 20

G_LOCK_DEFINE_STATIC (refusals);
static struct {
  gint64 second; /* monotonic */
  guint written; /* in it */
  guint64 left_out;
} refusals;

static gboolean
is_plain (const char *value)
{
  return *value != '\0' &&
         value[strspn (value, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._:/@+-")] == '\0';
}

static void
append_value (GString *line, const char *value)
{
  g_autofree char *valid = NULL;
  g_autofree char *cut = NULL;

  if (is_plain (value) && strlen (value) <= MAX_VALUE) {
    g_string_append (line, value);
    return;
  }
  cut = g_strndup (value, MAX_VALUE);
  valid = g_utf8_make_valid (cut, -1);
  callstats_json_append_string (line, valid);
}

static void
write_line (const char *level, const char *event, guint64 left_out, va_list pairs)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");
  g_autoptr (GString) line = g_string_new (NULL);
  const char *key;

  g_string_append_printf (line, "%s.%03dZ level=%s event=%s", time,
      g_date_time_get_microsecond (now) / 1000, level, event);
  while ((key = va_arg (pairs, const char *)) != NULL) {
    const char *value = va_arg (pairs, const char *);

    if (value == NULL)
      continue;
    g_string_append_printf (line, " %s=", key);
    append_value (line, value);
  }
  if (left_out > 0)
    g_string_append_printf (line, " left-out=%" G_GUINT64_FORMAT, left_out);
  g_string_append_c (line, '\n');
  fwrite (line->str, 1, line->len, stderr);
  fflush (stderr);
}

void
log_info (const char *event, ...)
{
  va_list pairs;

  va_start (pairs, event);
  write_line ("info", event, 0, pairs);
  va_end (pairs);
}

void
log_warning (const char *event, ...)
{
  va_list pairs;

  va_start (pairs, event);
  write_line ("warning", event, 0, pairs);
  va_end (pairs);
}

/* Returns: whether there is room for another line. left_out: set to how many were left
 * out before it. */
static gboolean
take_room (guint64 *left_out)
{
  gint64 second = g_get_monotonic_time () / G_USEC_PER_SEC;
  gboolean room;

  G_LOCK (refusals);
  if (second != refusals.second)
    refusals.written = 0;
  refusals.second = second;
  room = refusals.written < MAX_REFUSALS;
  if (room) {
    *left_out = refusals.left_out;
    refusals.left_out = 0;
    refusals.written++;
  } else
    refusals.left_out++;
  G_UNLOCK (refusals);
  return room;
}

void
log_refusal (const char *event, ...)
{
  guint64 left_out;
  va_list pairs;

  if (!take_room (&left_out)) {
    counter_limited (LIMIT_LOG);
    return;
  }
  va_start (pairs, event);
  write_line ("warning", event, left_out, pairs);
  va_end (pairs);
}
