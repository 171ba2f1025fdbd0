/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The collector's log. Any thread: a line is one write.
 */
#include "log.h"

#include <stdio.h>
#include <string.h>

#include "callstats/callstats-json-private.h"

#define MAX_VALUE 200

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
write_line (const char *level, const char *event, va_list pairs)
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
  g_string_append_c (line, '\n');
  fwrite (line->str, 1, line->len, stderr);
  fflush (stderr);
}

void
log_info (const char *event, ...)
{
  va_list pairs;

  va_start (pairs, event);
  write_line ("info", event, pairs);
  va_end (pairs);
}

void
log_warning (const char *event, ...)
{
  va_list pairs;

  va_start (pairs, event);
  write_line ("warning", event, pairs);
  va_end (pairs);
}
