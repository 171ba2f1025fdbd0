/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Is a text JSON, all of it and nothing else? json-glib's parser also takes comments,
 * single quotes, octal numbers and a second value behind the first, recurses once a
 * level, wraps whole numbers that a gint64 does not hold, and keeps members in a hash
 * table of which anybody can fill one place: it must only see what this lets through.
 * Pure functions, any thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "callstats-json-private.h"

/* Names of one object that may have the same hash. */
#define MAX_ALIKE 32

typedef enum {
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END, /* behind [ */
  EXPECT_NAME,
  EXPECT_NAME_OR_END, /* behind { */
  EXPECT_NEXT,        /* behind a value */
} Expect;

typedef struct {
  const char *start;
  const char *at;
  const char *end;
  guint depth;
  gboolean is_object[CALLSTATS_JSON_MAX_DEPTH];
  Expect expect;
  GArray *large;  /* gsize: where whole numbers end that no gint64 holds */
  GArray *hashes; /* guint: of the names of the objects that are open */
  guint first_hash[CALLSTATS_JSON_MAX_DEPTH];
  CallstatsJsonLimit limit;
} Scan;

static int
peek (const Scan *scan)
{
  return scan->at < scan->end ? (guchar)*scan->at : -1;
}

static void
skip_space (Scan *scan)
{
  while (scan->at < scan->end && strchr (" \t\r\n", *scan->at) != NULL && *scan->at != 0)
    scan->at++;
}

static gboolean
skip_digits (Scan *scan)
{
  const char *from = scan->at;

  while (g_ascii_isdigit (peek (scan)))
    scan->at++;
  return scan->at > from;
}

static gboolean
scan_escape (Scan *scan)
{
  guint i;

  if (peek (scan) != 'u')
    return scan->at < scan->end && *scan->at != '\0' &&
           strchr ("\"\\/bfnrt", *scan->at++) != NULL;
  scan->at++;
  for (i = 0; i < 4; i++) {
    if (!g_ascii_isxdigit (peek (scan)))
      return FALSE;
    scan->at++;
  }
  return TRUE;
}

static gboolean
scan_string (Scan *scan)
{
  if (peek (scan) != '"')
    return FALSE;
  scan->at++;
  while (scan->at < scan->end) {
    guchar c = (guchar)*scan->at++;

    if (c == '"')
      return TRUE;
    if (c < 0x20 || (c == '\\' && !scan_escape (scan)))
      return FALSE;
  }
  return FALSE;
}

static void
note_if_large (Scan *scan, const char *from)
{
  gsize end = (gsize)(scan->at - scan->start);
  g_autofree char *digits = NULL;

  if (scan->at - from < 19) /* no gint64 is that short and out of range */
    return;
  digits = g_strndup (from, (gsize)(scan->at - from));
  errno = 0;
  g_ascii_strtoll (digits, NULL, 10);
  if (errno == ERANGE)
    g_array_append_val (scan->large, end);
}

static gboolean
scan_number (Scan *scan)
{
  const char *from = scan->at;
  gboolean whole = TRUE;

  if (peek (scan) == '-')
    scan->at++;
  if (peek (scan) == '0')
    scan->at++;
  else if (!skip_digits (scan))
    return FALSE;
  if (peek (scan) == '.') {
    whole = FALSE;
    scan->at++;
    if (!skip_digits (scan))
      return FALSE;
  }
  if (peek (scan) == 'e' || peek (scan) == 'E') {
    whole = FALSE;
    scan->at++;
    if (peek (scan) == '+' || peek (scan) == '-')
      scan->at++;
    if (!skip_digits (scan))
      return FALSE;
  }
  if (whole)
    note_if_large (scan, from);
  return TRUE;
}

static gboolean
scan_word (Scan *scan, const char *word)
{
  gsize length = strlen (word);

  if ((gsize)(scan->end - scan->at) < length || memcmp (scan->at, word, length) != 0)
    return FALSE;
  scan->at += length;
  return TRUE;
}

static gboolean
open_level (Scan *scan, gboolean is_object)
{
  if (scan->depth == CALLSTATS_JSON_MAX_DEPTH) {
    scan->limit = CALLSTATS_JSON_LIMIT_DEPTH;
    return FALSE;
  }
  scan->first_hash[scan->depth] = scan->hashes->len;
  scan->is_object[scan->depth++] = is_object;
  scan->expect = is_object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
  scan->at++;
  return TRUE;
}

static int
compare_hashes (const void *a, const void *b)
{
  guint x = *(const guint *)a, y = *(const guint *)b;

  return (x > y) - (x < y);
}

/* Of the innermost object. */
static gboolean
are_spread (const Scan *scan)
{
  guint first = scan->first_hash[scan->depth - 1];
  guint n = scan->hashes->len - first, i;
  guint *hashes = &g_array_index (scan->hashes, guint, first);

  if (n <= MAX_ALIKE)
    return TRUE;
  qsort (hashes, n, sizeof *hashes, compare_hashes);
  for (i = MAX_ALIKE; i < n; i++) {
    if (hashes[i] == hashes[i - MAX_ALIKE])
      return FALSE;
  }
  return TRUE;
}

static gboolean
close_level (Scan *scan)
{
  if (scan->depth == 0 || *scan->at != (scan->is_object[scan->depth - 1] ? '}' : ']'))
    return FALSE;
  if (!are_spread (scan)) {
    scan->limit = CALLSTATS_JSON_LIMIT_MEMBERS;
    return FALSE;
  }
  scan->depth--;
  g_array_set_size (scan->hashes, scan->first_hash[scan->depth]);
  scan->expect = EXPECT_NEXT;
  scan->at++;
  return TRUE;
}

static gboolean
scan_value (Scan *scan)
{
  int c = peek (scan);

  if (c == '{' || c == '[')
    return open_level (scan, c == '{');
  scan->expect = EXPECT_NEXT;
  switch (c) {
  case '"':
    return scan_string (scan);
  case 't':
    return scan_word (scan, "true");
  case 'f':
    return scan_word (scan, "false");
  case 'n':
    return scan_word (scan, "null");
  default:
    return scan_number (scan);
  }
}

static gunichar
read_unit (const char *digits)
{
  gunichar unit = 0;
  guint i;

  for (i = 0; i < 4; i++)
    unit = unit * 16 + (gunichar)g_ascii_xdigit_value (digits[i]);
  return unit;
}

/* Of a well-formed escape; at: behind the backslash, then behind the escape. Returns: the
 * bytes of its UTF-8. */
static gsize
read_escape (const char **at, char *utf8)
{
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  const char *simple = strchr (from, **at);
  gunichar c;

  if (*(*at)++ != 'u') {
    utf8[0] = simple != NULL ? to[simple - from] : (*at)[-1];
    return 1;
  }
  c = read_unit (*at);
  *at += 4;
  if ((c & 0xfc00) == 0xd800 && (*at)[0] == '\\' && (*at)[1] == 'u') {
    c = 0x10000 + ((c & 0x3ff) << 10) + (read_unit (*at + 2) & 0x3ff);
    *at += 6;
  }
  return (gsize)g_unichar_to_utf8 (c, utf8);
}

/* What g_str_hash() gives for the name once it is read. */
static guint
hash_name (const char *at, const char *end)
{
  guint hash = 5381;

  while (at < end) {
    char utf8[6] = { *at++ };
    gsize n = utf8[0] == '\\' ? read_escape (&at, utf8) : 1, i;

    for (i = 0; i < n; i++)
      hash = hash * 33 + (guint)(signed char)utf8[i];
  }
  return hash;
}

static gboolean
note_name (Scan *scan, const char *from, const char *to)
{
  guint hash = hash_name (from, to);

  if (scan->hashes->len - scan->first_hash[scan->depth - 1] ==
      CALLSTATS_JSON_MAX_MEMBERS) {
    scan->limit = CALLSTATS_JSON_LIMIT_MEMBERS;
    return FALSE;
  }
  g_array_append_val (scan->hashes, hash);
  return TRUE;
}

static gboolean
scan_name (Scan *scan)
{
  const char *from = scan->at + 1;

  if (!scan_string (scan) || !note_name (scan, from, scan->at - 1))
    return FALSE;
  skip_space (scan);
  if (peek (scan) != ':')
    return FALSE;
  scan->at++;
  scan->expect = EXPECT_VALUE;
  return TRUE;
}

static gboolean
scan_next (Scan *scan)
{
  if (scan->depth == 0)
    return FALSE; /* something behind the outermost value */
  if (peek (scan) != ',')
    return close_level (scan);
  scan->expect = scan->is_object[scan->depth - 1] ? EXPECT_NAME : EXPECT_VALUE;
  scan->at++;
  return TRUE;
}

static gboolean
scan_step (Scan *scan)
{
  int c = peek (scan);

  switch (scan->expect) {
  case EXPECT_VALUE_OR_END:
    return c == ']' ? close_level (scan) : scan_value (scan);
  case EXPECT_NAME_OR_END:
    return c == '}' ? close_level (scan) : scan_name (scan);
  case EXPECT_NAME:
    return scan_name (scan);
  case EXPECT_NEXT:
    return scan_next (scan);
  case EXPECT_VALUE:
  default:
    return scan_value (scan);
  }
}

gboolean
callstats_json_check (const char *text, gsize length, GArray *large, gsize *offset,
    CallstatsJsonLimit *limit)
{
  g_autoptr (GArray) hashes = g_array_new (FALSE, FALSE, sizeof (guint));
  Scan scan = { .start = text,
    .at = text,
    .end = text + length,
    .expect = EXPECT_VALUE,
    .large = large,
    .hashes = hashes };
  gboolean ok = TRUE;

  skip_space (&scan);
  while (ok && scan.at < scan.end) {
    ok = scan_step (&scan);
    if (ok)
      skip_space (&scan);
  }
  *offset = (gsize)(scan.at - text);
  *limit = scan.limit;
  return ok && scan.depth == 0 && scan.expect == EXPECT_NEXT;
}

gboolean
callstats_json_members_fit (const char *json)
{
  g_autoptr (GArray) large = g_array_new (FALSE, FALSE, sizeof (gsize));
  CallstatsJsonLimit limit;
  gsize offset;

  callstats_json_check (json, strlen (json), large, &offset, &limit);
  return limit != CALLSTATS_JSON_LIMIT_MEMBERS;
}

guint
callstats_json_depth (const char *json)
{
  gboolean in_string = FALSE;
  guint depth = 0, deepest = 0;

  for (; *json != '\0'; json++) {
    if (in_string && *json == '\\' && json[1] != '\0') {
      json++;
    } else if (*json == '"') {
      in_string = !in_string;
    } else if (!in_string && (*json == '{' || *json == '[')) {
      depth++;
      deepest = MAX (deepest, depth);
    } else if (!in_string && (*json == '}' || *json == ']')) {
      depth--;
    }
  }
  return deepest;
}

/* Each value but the outermost stands behind a bracket or a comma. */
gsize
callstats_json_count_values (const char *text, gsize length)
{
  gboolean in_string = FALSE;
  gsize i, n = 1;

  for (i = 0; i < length; i++) {
    if (in_string && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (!in_string && strchr ("{[,", text[i]) != NULL && text[i] != '\0')
      n++;
  }
  return n;
}
