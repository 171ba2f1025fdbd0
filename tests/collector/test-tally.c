/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is counted, and how Prometheus is told.
 */
#include <math.h>
#include <string.h>

#include "metrics-tally.h"

static const MetricsBuckets buckets = { 2, { 0.5, 2 } };

static void
assert_text (const GString *text, const char *expected)
{
  g_assert_cmpstr (text->str, ==, expected);
}

static gboolean
has_line (const GString *text, const char *line)
{
  g_auto (GStrv) lines = g_strsplit (text->str, "\n", -1);

  return g_strv_contains ((const char *const *)lines, line);
}

static void
assert_line (const GString *text, const char *line)
{
  if (!has_line (text, line))
    g_error ("no line \"%s\" in:\n%s", line, text->str);
}

static void
test_labels_are_escaped (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  metrics_text_count (
      text, "a_total", 3, "app", "x\"y\\z\n\xff", "none", NULL, "b", "c", NULL);
  assert_text (text, "a_total{app=\"x\\\"y\\\\z\\n\xef\xbf\xbd\",b=\"c\"} 3\n");
}

static void
test_help_is_escaped (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  metrics_text_family (text, "a", "gauge", "one \"line\"\nand \\");
  assert_text (text, "# HELP a one \"line\"\\nand \\\\\n# TYPE a gauge\n");
}

static void
test_numbers_are_of_the_format (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  metrics_text_value (text, "a", 0.1, NULL);
  metrics_text_value (text, "a", NAN, NULL);
  metrics_text_value (text, "a", INFINITY, NULL);
  metrics_text_count (text, "a", G_MAXUINT64, NULL);
  assert_text (text, "a 0.1\na NaN\na +Inf\na 18446744073709551615\n");
}

static void
test_buckets_are_cumulative_and_inclusive (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  MetricsHistogram histogram;

  metrics_histogram_init (&histogram, &buckets);
  metrics_histogram_observe (&histogram, 0.5);
  metrics_histogram_observe (&histogram, 0.6);
  metrics_histogram_observe (&histogram, 1000);
  metrics_histogram_observe (&histogram, NAN);
  metrics_histogram_observe (&histogram, -1);
  metrics_text_histogram (text, "h", &histogram, "app", "x", NULL);
  assert_text (text, "h_bucket{app=\"x\",le=\"0.5\"} 1\n"
                     "h_bucket{app=\"x\",le=\"2\"} 2\n"
                     "h_bucket{app=\"x\",le=\"+Inf\"} 3\n"
                     "h_sum{app=\"x\"} 1001.1\n"
                     "h_count{app=\"x\"} 3\n");
}

static void
test_reasons_outside_the_set_are_other (void)
{
  g_autoptr (Tally) tally = tally_new ();
  g_autoptr (TallySheet) sheet = tally_sheet_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  TallyApp *app = tally_sheet_get_app (sheet, "demo");

  app->records = 5;
  tally_app_mark (app, FABRIC_MARK_FAILED, "NegotiationFailure", NAN);
  tally_app_mark (app, FABRIC_MARK_FAILED, "made up", NAN);
  tally_app_mark (app, FABRIC_MARK_FAILED, NULL, NAN);
  tally_app_mark (app, FABRIC_MARK_TERMINATED, "remote left", NAN);
  tally_app_mark (app, FABRIC_MARK_TERMINATED, "made up", NAN);
  tally_commit (tally, sheet, 1);
  tally_append_metrics (tally, text);
  assert_line (text, "callstats_fabric_setup_failures_total"
                     "{app=\"demo\",reason=\"NegotiationFailure\"} 1");
  assert_line (
      text, "callstats_fabric_setup_failures_total{app=\"demo\",reason=\"other\"} 2");
  assert_line (
      text, "callstats_fabric_terminations_total{app=\"demo\",cause=\"remote left\"} 1");
  assert_line (
      text, "callstats_fabric_terminations_total{app=\"demo\",cause=\"other\"} 1");
  g_assert_null (strstr (text->str, "made up"));
}

static void
test_what_is_rolled_back_is_not_counted (void)
{
  g_autoptr (Tally) tally = tally_new ();
  g_autoptr (TallySheet) sheet = tally_sheet_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  TallyApp *app = tally_sheet_get_app (sheet, "demo");

  app->records = 1;
  tally_app_mark (app, FABRIC_MARK_SET_UP, NULL, 1500);
  tally_commit (tally, sheet, 1000);
  app->records = 7;
  tally_app_mark (app, FABRIC_MARK_SET_UP, NULL, 1500);
  tally_fail (tally, sheet);
  tally_commit (tally, sheet, 1000);
  tally_append_metrics (tally, text);
  assert_line (text, "callstats_ingest_records_total{app=\"demo\"} 1");
  assert_line (text, "callstats_fabric_setups_total{app=\"demo\"} 1");
  assert_line (
      text, "callstats_fabric_setup_delay_seconds_bucket{app=\"demo\",le=\"1\"} 0");
  assert_line (
      text, "callstats_fabric_setup_delay_seconds_bucket{app=\"demo\",le=\"1.5\"} 1");
  assert_line (text, "callstats_fabric_setup_delay_seconds_sum{app=\"demo\"} 1.5");
  assert_line (text, "callstats_store_errors_total 1");
  assert_line (text, "callstats_store_commit_seconds_count 2");
}

static void
store_of_each (Tally *tally, guint apps)
{
  g_autoptr (TallySheet) sheet = tally_sheet_new ();

  for (guint i = 0; i < apps; i++) {
    g_autofree char *name = g_strdup_printf ("app-%u", i);

    tally_sheet_get_app (sheet, name)->records = 1;
  }
  tally_commit (tally, sheet, 1);
}

static void
test_applications_past_the_bound_are_other (void)
{
  g_autoptr (Tally) tally = tally_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) labels = NULL;
  g_autofree char *known = NULL;
  g_autofree char *other = NULL;

  tally_know_app (tally, "known");
  store_of_each (tally, 200);
  tally_score (tally, "late", 4.2);
  labels = tally_list_labels (tally);
  g_assert_cmpuint (labels->len, ==, TALLY_MAX_APPS + 1);
  known = tally_get_label (tally, "known");
  other = tally_get_label (tally, "late");
  g_assert_cmpstr (known, ==, "known");
  g_assert_cmpstr (other, ==, "other");
  tally_append_metrics (tally, text);
  assert_line (text, "callstats_ingest_records_total{app=\"other\"} 137");
  assert_line (text, "callstats_fabric_score_count{app=\"other\"} 1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tally/labels-are-escaped", test_labels_are_escaped);
  g_test_add_func ("/tally/help-is-escaped", test_help_is_escaped);
  g_test_add_func ("/tally/numbers-are-of-the-format", test_numbers_are_of_the_format);
  g_test_add_func ("/tally/buckets-are-cumulative-and-inclusive",
      test_buckets_are_cumulative_and_inclusive);
  g_test_add_func (
      "/tally/reasons-outside-the-set-are-other", test_reasons_outside_the_set_are_other);
  g_test_add_func ("/tally/what-is-rolled-back-is-not-counted",
      test_what_is_rolled_back_is_not_counted);
  g_test_add_func ("/tally/applications-past-the-bound-are-other",
      test_applications_past_the_bound_are_other);
  return g_test_run ();
}
