/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CSV. Pure, any thread.
 */
#include "csv.h"

#include <string.h>

#include "series-json.h"

/* Spreadsheets begin a formula with one of these; some also behind blanks or a line
 * break. */
#define FORMULA "=+-@\t\r\n"

static gboolean
is_formula (const char *text)
{
  while (*text == ' ')
    text++;
  return *text != '\0' && strchr (FORMULA, *text) != NULL;
}

static void
separate (GString *csv)
{
  if (csv->len > 0 && csv->str[csv->len - 1] != '\n')
    g_string_append_c (csv, ',');
}

void
csv_append_text (GString *csv, const char *text)
{
  gboolean begins = csv->len == 0 || csv->str[csv->len - 1] == '\n', quoted;

  separate (csv);
  if (text == NULL && !begins)
    return;
  if (text == NULL)
    text = "";
  quoted = strpbrk (text, "\",\r\n") != NULL || is_formula (text) || *text == '\0' ||
           *text == ' ';
  if (quoted)
    g_string_append_c (csv, '"');
  if (is_formula (text))
    g_string_append_c (csv, '\'');
  for (const char *at = text; *at != '\0'; at++) {
    if (*at == '"')
      g_string_append_c (csv, '"');
    g_string_append_c (csv, *at);
  }
  if (quoted)
    g_string_append_c (csv, '"');
}

void
csv_append_int (GString *csv, gint64 value)
{
  separate (csv);
  g_string_append_printf (csv, "%" G_GINT64_FORMAT, value);
}

void
csv_append_number (GString *csv, double value)
{
  separate (csv);
  series_append_number (csv, value);
}

void
csv_end_row (GString *csv)
{
  g_string_append (csv, "\r\n");
}
