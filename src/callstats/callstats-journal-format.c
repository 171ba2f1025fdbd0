/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The form of a journal's segments: frames with checksums. Pure, any thread.
 *
 * A frame is, little-endian: CRC-32 of all that follows (4 bytes), length of the payload
 * (4), index (8), follows (8), time (8), fabric (4), type, keep, loss, lost (1 each),
 * payload.
 */
#include <string.h>
#include <zlib.h>

#include "callstats-codec-private.h"
#include "callstats-journal-private.h"
#include "callstats-json-private.h"

#define CRC_AT 0
#define LENGTH_AT 4
#define INDEX_AT 8
#define FOLLOWS_AT 16
#define TIME_AT 24
#define FABRIC_AT 32
#define TYPE_AT 36
#define KEEP_AT 37
#define LOSS_AT 38
#define LOST_AT 39

static void
put32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

static void
put64 (guint8 *at, guint64 value)
{
  value = GUINT64_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

static guint32
get32 (const guint8 *at)
{
  guint32 value;

  memcpy (&value, at, sizeof value);
  return GUINT32_FROM_LE (value);
}

static guint64
get64 (const guint8 *at)
{
  guint64 value;

  memcpy (&value, at, sizeof value);
  return GUINT64_FROM_LE (value);
}

static guint32
checksum (const guint8 *frame, gsize length)
{
  return (guint32)crc32 (
      crc32 (0, NULL, 0), frame + LENGTH_AT, (uInt)(length - LENGTH_AT));
}

void
callstats_journal_frame_append (GByteArray *bytes, const CallstatsJournalFrame *frame)
{
  guint8 header[CALLSTATS_JOURNAL_HEADER_BYTES] = { 0 };
  gsize start = bytes->len;

  put32 (header + LENGTH_AT, (guint32)frame->length);
  put64 (header + INDEX_AT, frame->entry.index);
  put64 (header + FOLLOWS_AT, frame->entry.follows);
  put64 (header + TIME_AT, (guint64)frame->entry.time);
  put32 (header + FABRIC_AT, frame->entry.fabric);
  header[TYPE_AT] = (guint8)frame->type;
  header[KEEP_AT] = (guint8)frame->entry.keep;
  header[LOSS_AT] = (guint8)frame->entry.loss;
  header[LOST_AT] = frame->entry.lost;
  g_byte_array_append (bytes, header, sizeof header);
  if (frame->length > 0)
    g_byte_array_append (bytes, (const guint8 *)frame->payload, (guint)frame->length);
  put32 (
      bytes->data + start + CRC_AT, checksum (bytes->data + start, bytes->len - start));
}

/* What is no frame is told from one before its checksum is worked out. */
static gboolean
is_plausible (const guint8 *bytes, gsize available)
{
  return get32 (bytes + LENGTH_AT) <= CALLSTATS_MAX_RECORD &&
         get32 (bytes + LENGTH_AT) <= available - CALLSTATS_JOURNAL_HEADER_BYTES &&
         bytes[TYPE_AT] >= CALLSTATS_FRAME_RECORD &&
         bytes[TYPE_AT] <= CALLSTATS_FRAME_DROP && bytes[KEEP_AT] <= CALLSTATS_KEEP_GAP &&
         bytes[LOSS_AT] < CALLSTATS_N_LOSSES && bytes[LOST_AT] <= 1;
}

gsize
callstats_journal_frame_read (
    const guint8 *bytes, gsize length, CallstatsJournalFrame *frame)
{
  gsize whole;

  if (length < CALLSTATS_JOURNAL_HEADER_BYTES || !is_plausible (bytes, length))
    return 0;
  whole = CALLSTATS_JOURNAL_HEADER_BYTES + get32 (bytes + LENGTH_AT);
  if (get32 (bytes + CRC_AT) != checksum (bytes, whole))
    return 0;
  *frame = (CallstatsJournalFrame){
    .type = bytes[TYPE_AT],
    .entry = {
      .index = get64 (bytes + INDEX_AT),
      .follows = get64 (bytes + FOLLOWS_AT),
      .time = (gint64)get64 (bytes + TIME_AT),
      .fabric = get32 (bytes + FABRIC_AT),
      .keep = bytes[KEEP_AT],
      .loss = bytes[LOSS_AT],
      .lost = bytes[LOST_AT],
    },
    .payload = (const char *)bytes + CALLSTATS_JOURNAL_HEADER_BYTES,
    .length = whole - CALLSTATS_JOURNAL_HEADER_BYTES,
  };
  return whole;
}

/* The state of a session, as JSON */

static void
append_gap (GString *json, CallstatsLoss loss, const CallstatsGap *gap)
{
  callstats_json_append_member (json, callstats_loss_to_string (loss));
  g_string_append_printf (json,
      "[%" G_GUINT64_FORMAT ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", gap->count,
      gap->from, gap->to);
}

char *
callstats_journal_state_to_json (const CallstatsJournalState *state)
{
  GString *json = g_string_new ("{\"session\":");
  guint i;

  callstats_json_append_string (json, state->session);
  g_string_append_printf (json,
      ",\"acknowledged\":%" G_GUINT64_FORMAT ",\"through\":%" G_GUINT64_FORMAT
      ",\"last\":%" G_GUINT64_FORMAT ",\"gaps\":{",
      state->acknowledged, state->through, state->last);
  for (i = 0; i < CALLSTATS_N_LOSSES; i++) {
    if (state->gaps[i].count > 0)
      append_gap (json, i, &state->gaps[i]);
  }
  g_string_append (json, "}}");
  return g_string_free (json, FALSE);
}

static void
read_gap (JsonObject *gaps, CallstatsLoss loss, CallstatsGap *gap)
{
  JsonArray *values = callstats_json_get_array (gaps, callstats_loss_to_string (loss));

  *gap = (CallstatsGap){ 0 };
  if (values == NULL || json_array_get_length (values) != 3)
    return;
  gap->count = (guint64)json_array_get_int_element (values, 0);
  gap->from = json_array_get_int_element (values, 1);
  gap->to = json_array_get_int_element (values, 2);
}

gboolean
callstats_journal_state_from_json (
    const char *json, gsize length, CallstatsJournalState *state)
{
  g_autoptr (JsonObject) object = callstats_json_parse_object (json, length, NULL);
  const char *session =
      object != NULL ? callstats_json_get_string (object, "session", NULL) : NULL;
  JsonObject *gaps;
  guint i;

  if (session == NULL ||
      !callstats_json_get_sequence (object, "acknowledged", &state->acknowledged) ||
      !callstats_json_get_sequence (object, "through", &state->through) ||
      !callstats_json_get_sequence (object, "last", &state->last))
    return FALSE;
  g_free (state->session);
  state->session = g_strdup (session);
  gaps = callstats_json_get_object (object, "gaps");
  for (i = 0; gaps != NULL && i < CALLSTATS_N_LOSSES; i++)
    read_gap (gaps, i, &state->gaps[i]);
  return TRUE;
}

void
callstats_journal_state_clear (CallstatsJournalState *state)
{
  g_clear_pointer (&state->session, g_free);
}

void
callstats_journal_entry_clear (gpointer entry)
{
  g_clear_pointer (&((CallstatsJournalEntry *)entry)->record, callstats_record_unref);
}
