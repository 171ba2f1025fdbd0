/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports to a block and back. Pure functions, any thread.
 */
#include "report-block.h"

#include <string.h>
#include <zlib.h>

#include "callstats/callstats-codec-private.h"
#include "callstats/callstats-json-private.h"
#include "callstats/callstats-report-private.h"
#include "report-block-dictionary.h"
#include "store.h"

#define VERSION 2
#define HEAD 2 /* bytes: the version, the number of the dictionary */
#define WINDOW_BITS 15
#define MEMORY_LEVEL 9
#define FABRIC "f" /* the block's row knows its name */
#define STEP 65536

static void
stored_report_clear (gpointer data)
{
  StoredReport *report = data;

  g_free (report->stats);
  callstats_report_unref (report->report);
}

GArray *
stored_reports_new (void)
{
  GArray *reports = g_array_new (FALSE, FALSE, sizeof (StoredReport));

  g_array_set_clear_func (reports, stored_report_clear);
  return reports;
}

int
stored_report_compare (gconstpointer a, gconstpointer b)
{
  const StoredReport *one = a, *other = b;

  if (one->time != other->time)
    return one->time < other->time ? -1 : 1;
  return one->id < other->id ? -1 : one->id > other->id;
}

guint32
report_block_checksum (gconstpointer data, gsize length)
{
  return (guint32)crc32_z (crc32_z (0, NULL, 0), data, length);
}

/* ---- Packing ---- */

static void
append_number (GByteArray *out, guint64 number)
{
  guint8 byte;

  do {
    byte = (guint8)(number & 0x7f) | (number > 0x7f ? 0x80 : 0);
    g_byte_array_append (out, &byte, 1);
    number >>= 7;
  } while (number > 0);
}

static void
append_signed (GByteArray *out, gint64 number)
{
  append_number (out, (guint64)number << 1 ^ (guint64)(number >> 63));
}

static void
append_frame (GByteArray *out, GBytes *frame)
{
  gsize length;
  gconstpointer text = g_bytes_get_data (frame, &length);

  append_number (out, (guint64)length << 1);
  g_byte_array_append (out, text, (guint)length);
}

static void
append_pending (GByteArray *out, CallstatsEncoder *encoder)
{
  g_autoptr (GBytes) frame = callstats_encoder_finish (encoder);

  if (frame != NULL)
    append_frame (out, frame);
}

static void
append_plain (GByteArray *out, const StoredReport *report)
{
  append_number (out, (guint64)report->length << 1 | 1);
  append_signed (out, report->time);
  g_byte_array_append (out, (const guint8 *)report->stats, (guint)report->length);
}

static CallstatsRecord *
read_stored (const StoredReport *report)
{
  g_autoptr (JsonObject) stats = NULL;
  g_autoptr (CallstatsReport) values = NULL;
  CallstatsRecord *record;

  if (!callstats_record_time_is_valid (report->time))
    return NULL;
  stats = callstats_json_parse_object (report->stats, report->length, NULL);
  if (stats == NULL)
    return NULL;
  values = callstats_report_new_from_object (report->time, stats, NULL);
  if (values == NULL)
    return NULL;
  record = callstats_record_new_report (values);
  record->fabric = g_strdup (FABRIC);
  return record;
}

/* FALSE: the codec does not take it. */
static gboolean
append_parts (GByteArray *out, CallstatsEncoder *encoder, guint64 sequence,
    const CallstatsRecord *record)
{
  g_autoptr (GPtrArray) frames = callstats_encoder_parts (encoder, sequence, record);

  if (frames == NULL)
    return FALSE;
  for (guint i = 0; i < frames->len; i++)
    append_frame (out, frames->pdata[i]);
  return TRUE;
}

static gboolean
append_encoded (GByteArray *out, CallstatsEncoder *encoder, guint64 sequence,
    const CallstatsRecord *record)
{
  if (callstats_encoder_add (encoder, sequence, record))
    return TRUE;
  append_pending (out, encoder);
  return callstats_encoder_add (encoder, sequence, record) ||
         append_parts (out, encoder, sequence, record);
}

static void
append_report (GByteArray *out, CallstatsEncoder *encoder, guint64 sequence,
    const StoredReport *report, GPtrArray *parsed)
{
  g_autoptr (CallstatsRecord) record = read_stored (report);

  if (record != NULL && parsed != NULL)
    g_ptr_array_add (parsed, callstats_report_ref (record->report));
  if (record != NULL && append_encoded (out, encoder, sequence, record))
    return;
  append_pending (out, encoder);
  append_plain (out, report);
}

static GBytes *
deflate_text (const GByteArray *text)
{
  z_stream stream = { 0 };
  guint known_length;
  const char *known = report_block_dictionary (REPORT_BLOCK_DICTIONARY, &known_length);
  guint8 *out;
  gsize room;

  if (deflateInit2 (&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -WINDOW_BITS, MEMORY_LEVEL,
          Z_DEFAULT_STRATEGY) != Z_OK ||
      deflateSetDictionary (&stream, (const Bytef *)known, known_length) != Z_OK)
    g_error ("zlib cannot allocate its state");
  room = deflateBound (&stream, text->len) + HEAD;
  out = g_malloc (room);
  out[0] = VERSION;
  out[1] = REPORT_BLOCK_DICTIONARY;
  stream.next_in = text->data;
  stream.avail_in = text->len;
  stream.next_out = out + HEAD;
  stream.avail_out = (uInt)room - HEAD;
  if (deflate (&stream, Z_FINISH) != Z_STREAM_END)
    g_error ("zlib cannot compress: its state is damaged");
  room -= stream.avail_out;
  deflateEnd (&stream);
  return g_bytes_new_take (g_realloc (out, room), room);
}

GBytes *
report_block_pack (GArray *reports, GPtrArray *parsed)
{
  g_autoptr (CallstatsEncoder) encoder = callstats_encoder_new (FALSE);
  g_autoptr (GByteArray) out = g_byte_array_sized_new (STEP);
  gint64 id = 0;

  append_number (out, reports->len);
  for (guint i = 0; i < reports->len; i++) {
    const StoredReport *report = &g_array_index (reports, StoredReport, i);

    append_signed (out, report->id - id);
    id = report->id;
  }
  for (guint i = 0; i < reports->len; i++)
    append_report (
        out, encoder, i + 1, &g_array_index (reports, StoredReport, i), parsed);
  append_pending (out, encoder);
  return deflate_text (out);
}

/* ---- Unpacking ---- */

typedef struct {
  const guint8 *at, *end; /* of what was inflated */
  gint64 *ids;
  guint64 n, next;
  gint64 after, after_id, to;
  gboolean parsed;
  GArray *reports;
  GString *text;
} Unpacking;

static gboolean
fail (GError **error, const char *why)
{
  if (error != NULL && *error == NULL)
    g_set_error (error, STORE_ERROR, STORE_ERROR_DAMAGED,
        "A block of reports is damaged: %s", why);
  return FALSE;
}

/* NULL: the block is none that this version can read. */
static const char *
read_head (const guint8 *data, gsize length, guint *known_length, GError **error)
{
  const char *known;

  if (length < HEAD) {
    fail (error, "it has no head");
    return NULL;
  }
  if (data[0] != VERSION) {
    g_set_error (error, STORE_ERROR, STORE_ERROR_FAILED,
        "A block of reports is of version %u; this collector reads %u", data[0], VERSION);
    return NULL;
  }
  known = report_block_dictionary (data[1], known_length);
  if (known == NULL)
    g_set_error (error, STORE_ERROR, STORE_ERROR_FAILED,
        "A block of reports needs dictionary %u, which this collector does not have",
        data[1]);
  return known;
}

static GByteArray *
inflate_text (const guint8 *data, gsize length, GError **error)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();
  z_stream stream = { 0 };
  guint known_length;
  const char *known = read_head (data, length, &known_length, error);
  int status;

  if (known == NULL)
    return NULL;
  stream.next_in = (Bytef *)data + HEAD;
  stream.avail_in = (uInt)(length - HEAD);
  if (inflateInit2 (&stream, -WINDOW_BITS) != Z_OK ||
      inflateSetDictionary (&stream, (const Bytef *)known, known_length) != Z_OK)
    g_error ("zlib cannot allocate its state");
  do {
    guint done = text->len;

    g_byte_array_set_size (text, done + STEP);
    stream.next_out = text->data + done;
    stream.avail_out = STEP;
    status = inflate (&stream, Z_NO_FLUSH);
    g_byte_array_set_size (text, done + STEP - stream.avail_out);
  } while (status == Z_OK && text->len <= REPORT_BLOCK_MAX_INFLATED);
  inflateEnd (&stream);
  if (status == Z_STREAM_END && stream.avail_in == 0 &&
      text->len <= REPORT_BLOCK_MAX_INFLATED)
    return g_steal_pointer (&text);
  fail (error, "it cannot be inflated");
  return NULL;
}

static gboolean
read_number (Unpacking *unpacking, guint64 *number)
{
  *number = 0;
  for (guint shift = 0; shift < 64 && unpacking->at < unpacking->end; shift += 7) {
    guint8 byte = *unpacking->at++;

    *number |= (guint64)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
read_signed (Unpacking *unpacking, gint64 *number)
{
  guint64 zigzag;

  if (!read_number (unpacking, &zigzag))
    return FALSE;
  *number = (gint64)(zigzag >> 1) ^ -(gint64)(zigzag & 1);
  return TRUE;
}

static gboolean
read_ids (Unpacking *unpacking)
{
  gint64 id = 0, difference;

  if (!read_number (unpacking, &unpacking->n) || unpacking->n > REPORT_BLOCK_MAX)
    return FALSE;
  unpacking->ids = g_new (gint64, unpacking->n);
  for (guint64 i = 0; i < unpacking->n; i++) {
    if (!read_signed (unpacking, &difference))
      return FALSE;
    id = (gint64)((guint64)id + (guint64)difference);
    unpacking->ids[i] = id;
  }
  return TRUE;
}

static gboolean
is_wanted (const Unpacking *unpacking, const StoredReport *report)
{
  return report->time < unpacking->to &&
         (report->time > unpacking->after ||
             (report->time == unpacking->after && report->id > unpacking->after_id));
}

/* FALSE: there are more than their number says. */
static gboolean
take_record (Unpacking *unpacking, const CallstatsRecord *record)
{
  StoredReport report = { .time = record->time };

  if (unpacking->next == unpacking->n || record->report == NULL)
    return FALSE;
  report.id = unpacking->ids[unpacking->next++];
  if (!is_wanted (unpacking, &report))
    return TRUE;
  if (unpacking->parsed) {
    report.report = callstats_report_ref (record->report);
  } else {
    g_string_truncate (unpacking->text, 0);
    callstats_report_append_json (record->report, unpacking->text);
    report.length = unpacking->text->len;
    report.stats = g_strndup (unpacking->text->str, report.length);
  }
  g_array_append_val (unpacking->reports, report);
  return TRUE;
}

static gboolean
take_plain (Unpacking *unpacking, gsize length)
{
  StoredReport report = { .length = length };

  if (!read_signed (unpacking, &report.time) ||
      length > (gsize)(unpacking->end - unpacking->at) || unpacking->next == unpacking->n)
    return FALSE;
  report.id = unpacking->ids[unpacking->next++];
  if (is_wanted (unpacking, &report)) {
    report.stats = g_strndup ((const char *)unpacking->at, length);
    g_array_append_val (unpacking->reports, report);
  }
  unpacking->at += length;
  return TRUE;
}

static gboolean
take_frame (Unpacking *unpacking, CallstatsDecoder *decoder, gsize length, GError **error)
{
  g_autoptr (GBytes) frame = NULL;
  g_autoptr (CallstatsMessage) message = NULL;

  if (length > (gsize)(unpacking->end - unpacking->at))
    return FALSE;
  frame = g_bytes_new_static (unpacking->at, length);
  unpacking->at += length;
  message = callstats_decoder_push (decoder, FALSE, frame, error);
  if (message == NULL || message->kind != CALLSTATS_MESSAGE_RECORDS)
    return FALSE;
  for (guint i = 0; i < message->records->len; i++)
    if (!take_record (unpacking, message->records->pdata[i]))
      return FALSE;
  return TRUE;
}

static gboolean
take_chunks (Unpacking *unpacking, GError **error)
{
  g_autoptr (CallstatsDecoder) decoder = callstats_decoder_new ();

  while (unpacking->at < unpacking->end) {
    guint64 head;
    gsize length;

    if (!read_number (unpacking, &head))
      return fail (error, "it ends in mid-chunk");
    length = (gsize)(head >> 1);
    if ((head & 1) != 0 ? !take_plain (unpacking, length)
                        : !take_frame (unpacking, decoder, length, error))
      return fail (error, "a chunk cannot be read");
  }
  return unpacking->next == unpacking->n || fail (error, "reports are missing");
}

gboolean
report_block_unpack (gconstpointer data, gsize length, gint64 after, gint64 after_id,
    gint64 to, gboolean parsed, GArray *reports, GError **error)
{
  Unpacking unpacking = {
    .after = after, .after_id = after_id, .to = to, .parsed = parsed, .reports = reports
  };
  g_autoptr (GByteArray) text = NULL;
  gboolean complete;

  text = inflate_text (data, length, error);
  if (text == NULL)
    return FALSE;
  unpacking.at = text->data;
  unpacking.end = text->data + text->len;
  unpacking.text = g_string_new (NULL);
  complete = read_ids (&unpacking) ? take_chunks (&unpacking, error)
                                   : fail (error, "its ids cannot be read");
  g_string_free (unpacking.text, TRUE);
  g_free (unpacking.ids);
  return complete;
}
