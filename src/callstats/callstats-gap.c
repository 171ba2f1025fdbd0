/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records that were given up and not yet told to the backend. Pure, any thread.
 */
#include "callstats-gap-private.h"

#include <string.h>

#include "callstats-json-private.h"

static const char *const names[CALLSTATS_N_LOSSES] = {
  [CALLSTATS_LOSS_MEMORY] = "memory",
  [CALLSTATS_LOSS_DISK] = "disk",
  [CALLSTATS_LOSS_AGE] = "age",
  [CALLSTATS_LOSS_SIZE] = "size",
};

const char *
callstats_loss_to_string (CallstatsLoss loss)
{
  return names[loss];
}

gboolean
callstats_loss_from_string (const char *name, CallstatsLoss *loss)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_strcmp0 (names[i], name) == 0) {
      *loss = i;
      return TRUE;
    }
  }
  return FALSE;
}

void
callstats_gap_add (CallstatsGap *gap, guint64 count, gint64 from, gint64 to)
{
  if (count == 0)
    return;
  gap->from = gap->count == 0 ? from : MIN (gap->from, from);
  gap->to = gap->count == 0 ? to : MAX (gap->to, to);
  gap->count += count;
}

void
callstats_gap_subtract (CallstatsGap *gap, guint64 count)
{
  gap->count -= MIN (gap->count, count);
}

/* Whole milliseconds around them: decimals may be rounded on their way. */
CallstatsRecord *
callstats_gap_make_record (const CallstatsGap *gap, CallstatsLoss loss)
{
  gint64 from = gap->from / 1000, to = (gap->to + 999) / 1000;
  g_autofree char *json =
      g_strdup_printf ("{\"type\":\"gap\",\"time\":%" G_GINT64_FORMAT
                       ",\"reason\":\"%s\",\"dropped\":%" G_GUINT64_FORMAT
                       ",\"from\":%" G_GINT64_FORMAT ",\"to\":%" G_GINT64_FORMAT "}",
          to, names[loss], gap->count, from, to);

  return callstats_record_new_other ("gap", to * 1000, json);
}

static gint64
get_time (JsonObject *object, const char *name)
{
  return (gint64)(callstats_json_get_double (object, name, 0) * 1000 + 0.5);
}

gboolean
callstats_gap_read_record (
    const CallstatsRecord *record, CallstatsGap *gap, CallstatsLoss *loss)
{
  g_autoptr (JsonObject) object = NULL;

  if (record->kind != CALLSTATS_RECORD_OTHER || g_strcmp0 (record->name, "gap") != 0)
    return FALSE;
  object = callstats_json_parse_object (record->data, strlen (record->data), NULL);
  if (object == NULL || !callstats_json_get_sequence (object, "dropped", &gap->count) ||
      !callstats_loss_from_string (
          callstats_json_get_string (object, "reason", NULL), loss))
    return FALSE;
  gap->from = get_time (object, "from");
  gap->to = get_time (object, "to");
  return TRUE;
}
