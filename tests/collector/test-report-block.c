/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports come out of a block as they went in, whatever they are; what is no block is
 * refused.
 */
#include <string.h>
#include <zlib.h>

#include "../bench/synthetic-call.h"
#include "../unit/canonical-json.h"
#include "callstats/callstats-report-private.h"
#include "report-block-dictionary.h"
#include "report-block.h"
#include "store.h"

#define START G_GINT64_CONSTANT (1795338386901123)

static void
add_text (GArray *reports, gint64 time, const char *text)
{
  StoredReport report = {
    .time = time,
    .id = 1000 * (gint64)reports->len + 7 * (gint64)(reports->len % 3),
    .stats = g_strdup (text),
    .length = strlen (text),
  };

  g_array_append_val (reports, report);
}

static void
add_sample (GArray *reports, guint64 number)
{
  gint64 time = START + (gint64)number * G_USEC_PER_SEC + (gint64)(number * 7919 % 20000);
  g_autoptr (CallstatsReport) report = synthetic_report_new (1, (guint)number, time);
  g_autoptr (GString) text = g_string_new (NULL);

  callstats_report_append_json (report, text);
  add_text (reports, time, text->str);
}

static GArray *
make_call (guint n)
{
  GArray *reports = stored_reports_new ();

  for (guint i = 1; i <= n; i++)
    add_sample (reports, i);
  return reports;
}

static gboolean
unpack (GBytes *block, GArray *reports, GError **error)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (block, &length);

  return report_block_unpack (
      data, length, G_MININT64, G_MININT64, G_MAXINT64, FALSE, reports, error);
}

/* Texts that are no JSON come back to the letter. */
static void
assert_same_text (const char *one, const char *other)
{
  g_autofree char *first = NULL, *second = NULL;

  if (strcmp (one, other) == 0)
    return;
  first = canonical_json (one);
  second = canonical_json (other);
  g_assert_cmpstr (first, ==, second);
}

static gsize
assert_comes_back (GArray *reports)
{
  g_autoptr (GBytes) block = report_block_pack (reports, NULL);
  g_autoptr (GArray) back = stored_reports_new ();
  g_autoptr (GError) error = NULL;

  unpack (block, back, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (back->len, ==, reports->len);
  for (guint i = 0; i < back->len; i++) {
    const StoredReport *is = &g_array_index (back, StoredReport, i);
    const StoredReport *was = &g_array_index (reports, StoredReport, i);

    g_assert_cmpint (is->time, ==, was->time);
    g_assert_cmpint (is->id, ==, was->id);
    g_assert_cmpuint (is->length, ==, strlen (is->stats));
    assert_same_text (is->stats, was->stats);
  }
  return g_bytes_get_size (block);
}

static void
test_call_comes_back_in_little_room (void)
{
  g_autoptr (GArray) reports = make_call (REPORT_BLOCK_MAX);
  gsize bytes = assert_comes_back (reports);

  g_test_message ("%.1f bytes a report", (double)bytes / REPORT_BLOCK_MAX);
  g_assert_cmpuint (bytes, <, 100 * REPORT_BLOCK_MAX);
}

/* Inflated by its dictionary, deflated without one: the same reports with another head.
 */
static GBytes *
without_dictionary (GBytes *block)
{
  gsize length, room = 1024 * 1024;
  const guint8 *data = g_bytes_get_data (block, &length);
  g_autofree guint8 *text = g_malloc (room), *plain = g_malloc (room);
  guint known_length;
  const char *known = report_block_dictionary (data[1], &known_length);
  z_stream in = { .next_in = (Bytef *)data + 2,
    .avail_in = (uInt)length - 2,
    .next_out = text,
    .avail_out = (uInt)room };
  z_stream out = { .next_in = text, .next_out = plain + 2, .avail_out = (uInt)room - 2 };

  g_assert_cmpint (inflateInit2 (&in, -15), ==, Z_OK);
  g_assert_cmpint (
      inflateSetDictionary (&in, (const Bytef *)known, known_length), ==, Z_OK);
  g_assert_cmpint (inflate (&in, Z_FINISH), ==, Z_STREAM_END);
  out.avail_in = (uInt)in.total_out;
  inflateEnd (&in);
  plain[0] = data[0];
  plain[1] = REPORT_BLOCK_NO_DICTIONARY;
  g_assert_cmpint (
      deflateInit2 (&out, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), ==, Z_OK);
  g_assert_cmpint (deflate (&out, Z_FINISH), ==, Z_STREAM_END);
  length = out.total_out + 2;
  deflateEnd (&out);
  return g_bytes_new (plain, length);
}

static void
test_dictionary_makes_short_blocks_shorter (void)
{
  const guint lengths[] = { 6, 20 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GArray) reports = make_call (lengths[i]), back = stored_reports_new ();
    g_autoptr (GBytes) block = report_block_pack (reports, NULL);
    g_autoptr (GBytes) plain = without_dictionary (block);
    gsize bytes = g_bytes_get_size (block), before = g_bytes_get_size (plain);
    g_autoptr (GError) error = NULL;

    g_test_message ("%u reports: %" G_GSIZE_FORMAT " bytes, %" G_GSIZE_FORMAT
                    " without a dictionary",
        lengths[i], bytes, before);
    g_assert_cmpuint (bytes * 5, <, before * 4);
    unpack (plain, back, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (back->len, ==, lengths[i]);
  }
}

/* Blocks that were written with it come out as other text if a letter of it changes. */
static void
test_dictionary_stays_as_it_is (void)
{
  guint length;
  const char *known = report_block_dictionary (1, &length);

  g_assert_cmpuint (length, ==, 11277);
  g_assert_cmphex (
      adler32_z (adler32_z (0, NULL, 0), (const Bytef *)known, length), ==, 0x7b6909cf);
  g_assert_nonnull (report_block_dictionary (REPORT_BLOCK_NO_DICTIONARY, &length));
  g_assert_cmpuint (length, ==, 0);
  g_assert_null (report_block_dictionary (REPORT_BLOCK_DICTIONARY + 1, &length));
}

static void
assert_head_is_refused (GBytes *block, guint at, guint8 value, const char *why)
{
  gsize length = g_bytes_get_size (block);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (block, NULL), length);
  g_autoptr (GArray) back = stored_reports_new ();
  g_autoptr (GBytes) other = NULL;
  g_autoptr (GError) error = NULL;

  data[at] = value;
  other = g_bytes_new (data, length);
  g_assert_false (unpack (other, back, &error));
  g_assert_error (error, STORE_ERROR, STORE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, why));
  g_assert_cmpuint (back->len, ==, 0);
}

static void
test_what_is_not_known_is_refused (void)
{
  g_autoptr (GArray) reports = make_call (5);
  g_autoptr (GBytes) block = report_block_pack (reports, NULL);

  assert_head_is_refused (block, 0, 1, "version 1;");
  assert_head_is_refused (block, 0, 200, "version 200;");
  assert_head_is_refused (block, 1, REPORT_BLOCK_DICTIONARY + 1, "dictionary 2,");
  assert_head_is_refused (block, 1, 255, "dictionary 255,");
}

static void
test_any_report_comes_back (void)
{
  g_autoptr (GArray) reports = stored_reports_new ();

  add_text (reports, -5, "{\"before\":{\"x\":1970}}");
  add_text (reports, 0, "{}");
  add_text (reports, 1, "{\"a\":{\"x\":1,\"y\":0.1,\"z\":\"text\",\"b\":true}}");
  add_text (reports, 1, "{\"a\":{\"x\":1,\"y\":0.1,\"z\":\"text\",\"b\":true}}");
  add_text (
      reports, 2, "{\"a\":{\"x\":9007199254740993,\"z\":5},\"new\":{\"n\":[1,{}]}}");
  add_text (reports, 3, "{\"a\":{\"y\":1e-300,\"s\":\"18446744073709551615\"}}");
  add_text (reports, 4, "no JSON at all \"\\");
  add_text (reports, 5, "{\"a\":{\"y\":1,\"\\u0000\":\"\\ud83d\\ude00 \\u0001\"}}");
  add_sample (reports, 1);
  add_sample (reports, 2);
  add_text (reports, G_MAXINT64 - 1, "{\"far\":{\"x\":1}}");
  assert_comes_back (reports);
}

static void
add_long (GArray *reports, gint64 time, gsize length)
{
  g_autofree char *value = g_strnfill (length, 'x');
  g_autofree char *text = g_strdup_printf ("{\"long\":{\"n\":1,\"text\":\"%s\"}}", value);

  add_text (reports, time, text);
}

static void
test_report_beyond_a_frame_comes_back (void)
{
  g_autoptr (GArray) reports = make_call (3);

  add_long (reports, START + 10 * G_USEC_PER_SEC, 200 * 1024);
  add_sample (reports, 11);
  add_long (reports, START + 12 * G_USEC_PER_SEC, 2 * 1024 * 1024); /* beyond a record */
  add_sample (reports, 13);
  add_sample (reports, 14);
  assert_comes_back (reports);
}

static void
test_range_is_what_is_unpacked (void)
{
  g_autoptr (GArray) reports = make_call (20), back = stored_reports_new ();
  g_autoptr (GBytes) block = report_block_pack (reports, NULL);
  const StoredReport *third = &g_array_index (reports, StoredReport, 2);
  const StoredReport *tenth = &g_array_index (reports, StoredReport, 9);
  g_autoptr (GError) error = NULL;

  report_block_unpack (g_bytes_get_data (block, NULL), g_bytes_get_size (block),
      third->time, third->id, tenth->time, FALSE, back, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (back->len, ==, 6);
  g_assert_cmpint (g_array_index (back, StoredReport, 0).time, >, third->time);
  g_assert_cmpint (g_array_index (back, StoredReport, 5).time, <, tenth->time);
}

static void
assert_refused (const guint8 *data, gsize length, int code)
{
  g_autoptr (GBytes) block = g_bytes_new (data, length);
  g_autoptr (GArray) back = stored_reports_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (unpack (block, back, &error));
  g_assert_error (error, STORE_ERROR, code);
}

static void
test_part_of_a_block_is_refused (void)
{
  g_autoptr (GArray) reports = make_call (5);
  g_autoptr (GBytes) block = report_block_pack (reports, NULL);
  gsize length;
  const guint8 *data = g_bytes_get_data (block, &length);
  g_autofree guint8 *longer = g_malloc0 (length + 1);

  for (gsize i = 0; i < length; i++)
    assert_refused (data, i, STORE_ERROR_DAMAGED);
  memcpy (longer, data, length);
  assert_refused (longer, length + 1, STORE_ERROR_DAMAGED);
  longer[0]++;
  assert_refused (longer, length, STORE_ERROR_FAILED);
}

/* Whatever comes of it: the checksum tells that it is not the block. */
static void
test_damage_is_survived (void)
{
  g_autoptr (GArray) reports = make_call (5);
  g_autoptr (GBytes) block = report_block_pack (reports, NULL);
  gsize length;
  const guint8 *data = g_bytes_get_data (block, &length);
  guint32 checksum = report_block_checksum (data, length);

  for (gsize i = 0; i < length; i++) {
    g_autofree guint8 *damaged = g_memdup2 (data, length);
    g_autoptr (GArray) back = stored_reports_new ();

    damaged[i] ^= (guint8)(1 << g_test_rand_int_range (0, 8));
    g_assert_cmpuint (report_block_checksum (damaged, length), !=, checksum);
    report_block_unpack (
        damaged, length, G_MININT64, G_MININT64, G_MAXINT64, FALSE, back, NULL);
    g_assert_cmpuint (back->len, <=, REPORT_BLOCK_MAX);
  }
}

static void
test_inflation_has_an_end (void)
{
  gsize bomb = 64 * 1024 * 1024, room = 256 * 1024;
  g_autofree guint8 *zeros = g_malloc0 (bomb), *block = g_malloc (room);
  z_stream stream = { .next_in = zeros,
    .avail_in = (uInt)bomb,
    .next_out = block + 2,
    .avail_out = (uInt)room - 2 };

  block[0] = 2;
  block[1] = REPORT_BLOCK_NO_DICTIONARY;
  g_assert_cmpint (
      deflateInit2 (&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), ==, Z_OK);
  g_assert_cmpint (deflate (&stream, Z_FINISH), ==, Z_STREAM_END);
  assert_refused (block, room - stream.avail_out, STORE_ERROR_DAMAGED);
  deflateEnd (&stream);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report-block/call", test_call_comes_back_in_little_room);
  g_test_add_func (
      "/report-block/dictionary", test_dictionary_makes_short_blocks_shorter);
  g_test_add_func ("/report-block/same-dictionary", test_dictionary_stays_as_it_is);
  g_test_add_func ("/report-block/unknown", test_what_is_not_known_is_refused);
  g_test_add_func ("/report-block/any-report", test_any_report_comes_back);
  g_test_add_func ("/report-block/beyond-a-frame", test_report_beyond_a_frame_comes_back);
  g_test_add_func ("/report-block/range", test_range_is_what_is_unpacked);
  g_test_add_func ("/report-block/part-of-a-block", test_part_of_a_block_is_refused);
  g_test_add_func ("/report-block/damage", test_damage_is_survived);
  g_test_add_func ("/report-block/inflation", test_inflation_has_an_end);
  return g_test_run ();
}
