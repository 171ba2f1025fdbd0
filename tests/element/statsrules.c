/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rules by which fields are read and a webrtcbin is asked.
 */
#include <math.h>

#include "stats/fields.h"
#include "stats/pace.h"

#define MS G_TIME_SPAN_MILLISECOND

static void
test_a_cheap_question_keeps_its_interval (void)
{
  GstCallstatsPace pace;
  guint i;

  gst_callstats_pace_init (&pace, 1000 * MS);
  for (i = 0; i < 10; i++)
    gst_callstats_pace_measure (&pace, 50 * MS);
  g_assert_cmpint (gst_callstats_pace_interval (&pace), ==, 1000 * MS);
  g_assert_false (gst_callstats_pace_is_slowed (&pace));
  g_assert_cmpint (gst_callstats_pace_rest (&pace), ==, 1000 * MS);
}

static void
test_a_dear_question_is_asked_less_often_until_it_is_cheap (void)
{
  GstCallstatsPace pace;
  guint i;

  gst_callstats_pace_init (&pace, 1000 * MS);
  for (i = 0; i < 4; i++)
    gst_callstats_pace_measure (&pace, 150 * MS);
  g_assert_cmpint (gst_callstats_pace_interval (&pace), ==, 4000 * MS);
  g_assert_true (gst_callstats_pace_is_slowed (&pace));
  gst_callstats_pace_measure (&pace, 1 * MS);
  g_assert_cmpint (gst_callstats_pace_interval (&pace), ==, 1000 * MS);
}

static void
test_one_busy_moment_slows_nothing (void)
{
  GstCallstatsPace pace;
  guint i;

  gst_callstats_pace_init (&pace, 10 * MS);
  gst_callstats_pace_measure (&pace, 5000 * MS);
  g_assert_false (gst_callstats_pace_is_slowed (&pace));
  for (i = 0; i < 20; i++) {
    gst_callstats_pace_measure (&pace, i % 4 == 0 ? 5000 * MS : MS / 10);
    g_assert_false (gst_callstats_pace_is_slowed (&pace));
  }
}

/* Numbers come in whatever type a release chose. */
static void
test_every_numeric_type_is_read (void)
{
  g_autoptr (GstStructure) fields = gst_structure_new ("f", "int", G_TYPE_INT, 7, "uint",
      G_TYPE_UINT, 7u, "int64", G_TYPE_INT64, (gint64)7, "uint64", G_TYPE_UINT64,
      (guint64)7, "long", G_TYPE_LONG, 7l, "ulong", G_TYPE_ULONG, 7ul, NULL);
  int i;

  for (i = 0; i < gst_structure_n_fields (fields); i++) {
    const char *name = gst_structure_nth_field_name (fields, i);
    guint64 count;
    double number;

    g_assert_true (gst_callstats_get_count (fields, name, &count));
    g_assert_cmpuint (count, ==, 7);
    g_assert_true (gst_callstats_get_double (fields, name, &number));
    g_assert_cmpfloat (number, ==, 7);
  }
}

static void
test_what_is_no_count_is_none (void)
{
  g_autoptr (GstStructure) fields = gst_structure_new ("f", "negative", G_TYPE_INT, -1,
      "text", G_TYPE_STRING, "7", "nan", G_TYPE_DOUBLE, NAN, NULL);
  guint64 count;
  double number;

  g_assert_false (gst_callstats_get_count (fields, "negative", &count));
  g_assert_false (gst_callstats_get_count (fields, "text", &count));
  g_assert_false (gst_callstats_get_count (fields, "none", &count));
  g_assert_false (gst_callstats_get_double (fields, "nan", &number));
}

typedef struct {
  const char *name;
  GstCallstatsUnit unit;
  double from, to;
} Conversion;

static const Conversion conversions[] = {
  { "ns", GST_CALLSTATS_UNIT_NS, 1.5e9, 1.5 },
  { "ntp-short", GST_CALLSTATS_UNIT_NTP_SHORT, 32768, 0.5 },
  { "ntp-seconds", GST_CALLSTATS_UNIT_NTP_SECONDS, 2208988801.5, 1500 },
  { "fraction", GST_CALLSTATS_UNIT_FRACTION, 64, 0.25 },
  { "percent", GST_CALLSTATS_UNIT_PERCENT, 25, 0.25 },
};

static void
test_units_become_those_of_the_standard (gconstpointer data)
{
  const Conversion *conversion = data;
  const GstCallstatsField field = { "f", "member", conversion->unit, 0, NULL };
  g_autoptr (CallstatsReport) report = callstats_report_new (0);
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) object = NULL;
  GValue value = G_VALUE_INIT;
  double member;

  g_value_init (&value, G_TYPE_DOUBLE);
  g_value_set_double (&value, conversion->from);
  callstats_report_add_stats (report, "t", "id");
  gst_callstats_field_tell (&field, &value, report);
  variant = g_variant_ref_sink (callstats_report_to_variant (report));
  object = g_variant_lookup_value (variant, "id", NULL);
  g_assert_nonnull (object);
  g_assert_true (g_variant_lookup (object, "member", "d", &member));
  g_assert_cmpfloat_with_epsilon (member, conversion->to, 1e-9);
}

int
main (int argc, char **argv)
{
  guint i;

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stats/a-cheap-question-keeps-its-interval",
      test_a_cheap_question_keeps_its_interval);
  g_test_add_func ("/stats/a-dear-question-is-asked-less-often-until-it-is-cheap",
      test_a_dear_question_is_asked_less_often_until_it_is_cheap);
  g_test_add_func (
      "/stats/one-busy-moment-slows-nothing", test_one_busy_moment_slows_nothing);
  g_test_add_func ("/stats/every-numeric-type-is-read", test_every_numeric_type_is_read);
  g_test_add_func ("/stats/what-is-no-count-is-none", test_what_is_no_count_is_none);
  for (i = 0; i < G_N_ELEMENTS (conversions); i++) {
    g_autofree char *path = g_strdup_printf (
        "/stats/units-become-those-of-the-standard/%s", conversions[i].name);

    g_test_add_data_func (path, &conversions[i], test_units_become_those_of_the_standard);
  }
  return g_test_run ();
}
