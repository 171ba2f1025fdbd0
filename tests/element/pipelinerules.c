/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pure rules behind what pipelines tell: who speaks, and what of an error is told.
 */
#include <string.h>

#include "dominantspeaker.h"
#include "errorlog.h"

#define SECOND G_TIME_SPAN_SECOND

/* Who speaks */

typedef struct {
  double seconds; /* from the beginning */
  double local, remote;
  gboolean dominant; /* local, afterwards */
} Step;

static void
run (const Step *steps, guint n_steps)
{
  GstCallstatsDominantSpeaker speaker = { 0 };

  for (guint i = 0; i < n_steps; i++) {
    gboolean dominant = gst_callstats_dominant_speaker_take (
        &speaker, steps[i].local, steps[i].remote, SECOND + steps[i].seconds * SECOND);

    if (dominant != steps[i].dominant)
      g_error ("Step %u: local is %sthe dominant speaker", i, dominant ? "" : "not ");
  }
}

static void
test_a_side_takes_over_after_a_second (void)
{
  static const Step steps[] = {
    { 0.0, -20, -40, FALSE },
    { 0.9, -20, -40, FALSE },
    { 1.0, -20, -40, TRUE },
    { 1.1, -90, -90, TRUE }, /* silence takes nothing */
    { 9.0, -90, -90, TRUE },
    { 9.1, -40, -20, TRUE },
    { 10.1, -40, -20, FALSE },
    { 10.2, -20, -40, FALSE },
    { 11.2, -20, -40, TRUE },
  };

  run (steps, G_N_ELEMENTS (steps));
}

static void
test_a_side_that_is_little_louder_does_not_take_over (void)
{
  static const Step steps[] = {
    { 0.0, -20, -25, FALSE },
    { 5.0, -20, -25, FALSE },
    { 5.1, -20, -26, FALSE },
    { 6.1, -20, -26, TRUE },
    { 6.2, -26, -21, TRUE }, /* nor does the other */
    { 9.0, -26, -21, TRUE },
  };

  run (steps, G_N_ELEMENTS (steps));
}

static void
test_a_side_that_is_hardly_heard_does_not_take_over (void)
{
  static const Step steps[] = {
    { 0.0, -51, -90, FALSE },
    { 5.0, -51, -90, FALSE },
    { 5.1, -50, -90, FALSE },
    { 6.1, -50, -90, TRUE },
  };

  run (steps, G_N_ELEMENTS (steps));
}

static void
test_an_interruption_starts_the_second_anew (void)
{
  static const Step steps[] = {
    { 0.0, -20, -40, FALSE },
    { 0.8, -20, -18, FALSE },
    { 0.9, -20, -40, FALSE },
    { 1.8, -20, -40, FALSE },
    { 1.9, -20, -40, TRUE },
  };

  run (steps, G_N_ELEMENTS (steps));
}

static void
test_a_level_falls_slowly (void)
{
  GstCallstatsLoudness loudness = { 0 };

  g_assert_cmpfloat (gst_callstats_loudness_get (&loudness, SECOND), <, -1e6);
  gst_callstats_loudness_take (&loudness, -20, SECOND);
  gst_callstats_loudness_take (&loudness, -90, SECOND + SECOND / 2);
  g_assert_cmpfloat_with_epsilon (
      gst_callstats_loudness_get (&loudness, 2 * SECOND), -40, 1e-6);
  gst_callstats_loudness_take (&loudness, -10, 2 * SECOND);
  g_assert_cmpfloat (gst_callstats_loudness_get (&loudness, 2 * SECOND), ==, -10);
}

/* What is told of a text */

static void
test_uris_lose_their_secrets (void)
{
  static const struct {
    const char *text;
    const char *told;
  } rows[] = {
    { "", "" },
    { "Nothing to hide: really", "Nothing to hide: really" },
    { "rtsp://me:pw@host:554/cam", "rtsp://host:554/cam" },
    { "at https://host/a?token=x#y, then", "at https://host/a then" },
    { "turn://u:p@[::1]:3478?transport=udp", "turn://[::1]:3478" },
    { "turn:u:p@host:3478 and turns:u@host", "turn:host:3478 and turns:host" },
    { "stun:host:19302", "stun:host:19302" },
    { "\"srt://a:b@c?passphrase=d\" failed", "\"srt://c\" failed" },
    { "http://user:p/w@host/x", "http://host/x" },
    { "FILE:///tmp/a b?c", "FILE:///tmp/a b?c" },
    { "two http://a:b@c http://d:e@f", "two http://c http://f" },
    { "pipe:3 webrtcbin0:sink_0", "pipe:3 webrtcbin0:sink_0" },
    { "://x:y@z ä://k:l@m", "://x:y@z ä://k:l@m" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *told = gst_callstats_log_text (rows[i].text);

    g_assert_cmpstr (told, ==, rows[i].told);
  }
}

static void
test_texts_are_cut_at_characters_and_made_valid (void)
{
  g_autofree char *bad = gst_callstats_log_text ("a\xff z");
  g_autofree char *cut = NULL;
  GString *longer = g_string_new (NULL);

  g_assert_true (g_utf8_validate (bad, -1, NULL));
  while (longer->len < 3 * GST_CALLSTATS_LOG_MAX_CHARACTERS)
    g_string_append (longer, "ä");
  cut = gst_callstats_log_text (longer->str);
  g_string_free (longer, TRUE);
  g_assert_cmpint (g_utf8_strlen (cut, -1), ==, GST_CALLSTATS_LOG_MAX_CHARACTERS);
  g_assert_true (g_utf8_validate (cut, -1, NULL));
}

static gboolean
take (GstCallstatsErrorLog *log, GstMessage *message, gint64 now)
{
  g_autoptr (GVariant) data = gst_callstats_error_log_take (log, message, now);

  if (data != NULL)
    g_variant_ref_sink (data);
  return data != NULL;
}

static void
test_what_is_left_out_is_counted (void)
{
  g_autoptr (GError) error = g_error_new (GST_CORE_ERROR, GST_CORE_ERROR_FAILED, "No");
  g_autoptr (GstMessage) message = gst_message_new_warning (NULL, error, NULL);
  g_autoptr (GVariant) rest = NULL;
  GstCallstatsErrorLog log = { 0 };
  const char *text;

  for (guint i = 0; i < 14; i++)
    g_assert_true (take (&log, message, SECOND) == (i < GST_CALLSTATS_LOG_MAX_A_MINUTE));
  g_assert_null (gst_callstats_error_log_take_rest (&log, 60 * SECOND));
  rest = gst_callstats_error_log_take_rest (&log, 61 * SECOND);
  g_assert_nonnull (rest);
  g_variant_ref_sink (rest);
  g_assert_true (g_variant_lookup (rest, "message", "&s", &text));
  g_assert_true (g_str_has_prefix (text, "4 more "));
  g_assert_null (gst_callstats_error_log_take_rest (&log, 200 * SECOND));
  g_assert_true (take (&log, message, 201 * SECOND));
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define TEST(path, function) g_test_add_func ("/mon/rules/" path, function)
  TEST ("speaker/takes-over", test_a_side_takes_over_after_a_second);
  TEST ("speaker/little-louder", test_a_side_that_is_little_louder_does_not_take_over);
  TEST ("speaker/hardly-heard", test_a_side_that_is_hardly_heard_does_not_take_over);
  TEST ("speaker/interrupted", test_an_interruption_starts_the_second_anew);
  TEST ("speaker/level-falls-slowly", test_a_level_falls_slowly);
  TEST ("log/secrets", test_uris_lose_their_secrets);
  TEST ("log/cut-and-valid", test_texts_are_cut_at_characters_and_made_valid);
  TEST ("log/left-out-is-counted", test_what_is_left_out_is_counted);
  return g_test_run ();
}
