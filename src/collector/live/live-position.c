/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Positions in a conference. Pure, any thread.
 *
 * As text: EVENT.NEWEST, then for each fabric -ID.TIME.ROW, all decimal.
 */
#include "live-position.h"

#include <string.h>

/* Fabrics that the text tells of: those whose reports are newest. */
#define MAX_TOLD 128
#define MAX_TEXT 16384

LivePosition *
live_position_new (void)
{
  LivePosition *position = g_new0 (LivePosition, 1);

  position->fabrics = g_array_new (FALSE, TRUE, sizeof (LiveFabric));
  return position;
}

void
live_position_free (LivePosition *position)
{
  if (position == NULL)
    return;
  g_array_unref (position->fabrics);
  g_free (position);
}

static LiveFabric *
get_fabric (const LivePosition *position, guint index)
{
  return &g_array_index (position->fabrics, LiveFabric, index);
}

/* Returns: the index of the fabric, or where it belongs. */
static guint
find_index (const LivePosition *position, gint64 id)
{
  guint low = 0, high = position->fabrics->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (get_fabric (position, middle)->fabric < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static LiveFabric *
insert_fabric (LivePosition *position, gint64 id, StoreCursor cursor)
{
  LiveFabric fabric = { .fabric = id, .cursor = cursor };
  guint index = find_index (position, id);

  g_array_insert_val (position->fabrics, index, fabric);
  position->newest = MAX (position->newest, id);
  return get_fabric (position, index);
}

static StoreCursor
end_of (const StoreFabric *fabric)
{
  return fabric->last_report == STORE_UNKNOWN_TIME
             ? (StoreCursor){ G_MININT64, 0 }
             : (StoreCursor){ fabric->last_report, G_MAXINT64 };
}

LiveFabric *
live_position_find (LivePosition *position, const StoreFabric *fabric)
{
  guint index = find_index (position, fabric->id);
  gboolean forgotten = fabric->id <= position->newest;

  if (index < position->fabrics->len &&
      get_fabric (position, index)->fabric == fabric->id)
    return get_fabric (position, index);
  return insert_fabric (
      position, fabric->id, forgotten ? end_of (fabric) : (StoreCursor){ G_MININT64, 0 });
}

LivePosition *
live_position_of (const StoreDetail *detail)
{
  LivePosition *position = live_position_new ();

  position->event = detail->last_event;
  for (guint i = 0; i < detail->fabrics->len; i++) {
    const StoreFabric *fabric = detail->fabrics->pdata[i];

    insert_fabric (position, fabric->id, end_of (fabric))->reports = fabric->reports;
  }
  return position;
}

/* ---- As text ---- */

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  const LiveFabric *one = a, *other = b;

  return (one->cursor.time < other->cursor.time) -
         (one->cursor.time > other->cursor.time);
}

void
live_position_append (const LivePosition *position, GString *text)
{
  g_autoptr (GArray) fabrics = g_array_copy (position->fabrics);

  if (fabrics->len > MAX_TOLD)
    g_array_sort (fabrics, compare_newest_first);
  g_string_append_printf (
      text, "%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, position->event, position->newest);
  for (guint i = 0; i < MIN (fabrics->len, MAX_TOLD); i++) {
    const LiveFabric *fabric = &g_array_index (fabrics, LiveFabric, i);

    g_string_append_printf (text,
        "_%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, fabric->fabric,
        fabric->cursor.time, fabric->cursor.id);
  }
}

static gboolean
read_number (const char **text, gint64 *number, char end)
{
  char *behind = NULL;

  if (!g_ascii_isdigit (**text) && **text != '-')
    return FALSE;
  *number = g_ascii_strtoll (*text, &behind, 10);
  if (behind == *text || (*behind != '\0' && *behind != end))
    return FALSE;
  *text = *behind == '\0' ? behind : behind + 1;
  return end == '_' || *behind == end;
}

static gboolean
parse_fabrics (LivePosition *position, const char *text)
{
  gint64 newest = position->newest;

  while (*text != '\0') {
    gint64 id;
    StoreCursor cursor;

    if (position->fabrics->len >= MAX_TOLD || !read_number (&text, &id, '.') ||
        !read_number (&text, &cursor.time, '.') || !read_number (&text, &cursor.id, '_'))
      return FALSE;
    insert_fabric (position, id, cursor);
  }
  position->newest = newest;
  return TRUE;
}

LivePosition *
live_position_parse (const char *text)
{
  g_autoptr (LivePosition) position = live_position_new ();

  if (strlen (text) > MAX_TEXT || !read_number (&text, &position->event, '.') ||
      !read_number (&text, &position->newest, '_') || position->event < 0 ||
      position->newest < 0 || !parse_fabrics (position, text))
    return NULL;
  return g_steal_pointer (&position);
}
