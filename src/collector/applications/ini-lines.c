/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lines of a file with groups and keys. What is a group and a key is GKeyFile's
 * judgement, blanks in front included. Pure, any thread.
 */
#include "ini-lines.h"

#include <string.h>

struct _IniLines {
  GPtrArray *lines; /* without their ends */
};

IniLines *
ini_lines_new (const char *text)
{
  IniLines *self = g_new0 (IniLines, 1);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);

  self->lines = g_ptr_array_new_with_free_func (g_free);
  if (n > 0 && *lines[n - 1] == '\0')
    n--;
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (self->lines, g_strdup (lines[i]));
  return self;
}

void
ini_lines_free (IniLines *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->lines);
  g_free (self);
}

static const char *
begin_of (const char *line)
{
  while (g_ascii_isspace (*line))
    line++;
  return line;
}

static gboolean
is_header (const char *line)
{
  return *begin_of (line) == '[';
}

static gboolean
is_header_of (const char *line, const char *group)
{
  const char *begin = begin_of (line);
  gsize length = strlen (group);

  return *begin == '[' && strncmp (begin + 1, group, length) == 0 &&
         begin[1 + length] == ']';
}

static gboolean
is_key (const char *line)
{
  return strchr ("#[", *begin_of (line)) == NULL; /* which an empty line is not either */
}

static gboolean
is_key_of (const char *line, const char *key)
{
  const char *begin = begin_of (line);
  gsize length = strlen (key);

  return strncmp (begin, key, length) == 0 && *begin_of (begin + length) == '=';
}

/* Inserts before the line i. */
static void
insert (IniLines *self, guint i, char *line)
{
  g_ptr_array_insert (self->lines, (int)i, line);
}

static char *
format_line (const char *key, const char *value)
{
  return g_strdup_printf ("%s=%s", key, value);
}

/* Returns: whether the value stands now; further lines of the key are taken away. end:
 * (out): behind the last line of the group that has a key, 0 where there is no group. */
static gboolean
replace (
    IniLines *self, const char *group, const char *key, const char *value, guint *end)
{
  gboolean inside = FALSE;
  gboolean placed = FALSE;

  *end = 0;
  for (guint i = 0; i < self->lines->len; i++) {
    char **line = (char **)&self->lines->pdata[i];

    if (is_header (*line)) {
      inside = is_header_of (*line, group);
      *end = inside && *end == 0 ? i + 1 : *end;
    } else if (inside && is_key_of (*line, key) && (placed || value == NULL)) {
      g_ptr_array_remove_index (self->lines, i--);
    } else if (inside && is_key (*line)) {
      if (is_key_of (*line, key)) {
        g_free (*line);
        *line = format_line (key, value);
        placed = TRUE;
      }
      *end = i + 1;
    }
  }
  return placed;
}

void
ini_lines_set (IniLines *self, const char *group, const char *key, const char *value)
{
  guint end;

  if (replace (self, group, key, value, &end) || value == NULL)
    return;
  if (end == 0) {
    if (self->lines->len > 0)
      insert (self, self->lines->len, g_strdup (""));
    insert (self, self->lines->len, g_strdup_printf ("[%s]", group));
    end = self->lines->len;
  }
  insert (self, end, format_line (key, value));
}

/* Returns: where the comment right above the line begins. */
static guint
find_comment (const IniLines *self, guint i)
{
  while (i > 0 && *begin_of (self->lines->pdata[i - 1]) == '#')
    i--;
  return i;
}

static guint
find_next_header (const IniLines *self, guint i)
{
  while (i < self->lines->len && !is_header (self->lines->pdata[i]))
    i++;
  return i;
}

void
ini_lines_remove_group (IniLines *self, const char *group)
{
  for (guint i = 0; i < self->lines->len;) {
    guint begin, end;

    if (!is_header_of (self->lines->pdata[i], group)) {
      i++;
      continue;
    }
    begin = find_comment (self, i);
    end = find_next_header (self, i + 1);
    if (end < self->lines->len)
      end = find_comment (self, end);
    g_ptr_array_remove_range (self->lines, begin, MAX (end, i + 1) - begin);
    i = begin;
  }
}

char *
ini_lines_to_text (const IniLines *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->lines->len; i++) {
    g_string_append (text, self->lines->pdata[i]);
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}
