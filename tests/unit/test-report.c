/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports: what is put in comes out, as JSON and as GVariant.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-report-private.h"

#define TIME G_GINT64_CONSTANT (1795338389559650)

static void
assert_json (CallstatsReport *report, const char *expected)
{
  g_autofree char *json = callstats_report_to_json (report);

  g_assert_cmpstr (json, ==, expected);
}

static CallstatsReport *
from_json (const char *json)
{
  g_autoptr (GError) error = NULL;
  CallstatsReport *report = callstats_report_new_from_json (TIME, json, &error);

  g_assert_no_error (error);
  return report;
}

static void
test_an_empty_report_is_an_empty_object (void)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (TIME);
  g_autoptr (GVariant) variant = callstats_report_to_variant (report);

  assert_json (report, "{}");
  g_assert_cmpint (callstats_report_get_time (report), ==, TIME);
  g_assert_cmpuint (g_variant_n_children (variant), ==, 0);
}

static CallstatsReport *
make_report_of_every_kind (void)
{
  CallstatsReport *report = callstats_report_new (TIME);

  callstats_report_add_stats (report, "inbound-rtp", "in1");
  callstats_report_set_int (report, "packetsLost", -1);
  callstats_report_set_uint (report, "small", 5);
  callstats_report_set_uint (report, "ntp", G_GUINT64_CONSTANT (17198409372194004747));
  callstats_report_set_double (report, "jitter", 33.0 / 90000);
  callstats_report_set_boolean (report, "ended", 42);
  callstats_report_set_string (report, "kind", "audio");
  callstats_report_add_stats (report, "transport", "t1");
  return report;
}

static void
test_every_kind_is_written_as_json (void)
{
  g_autoptr (CallstatsReport) report = make_report_of_every_kind ();

  assert_json (report,
      "{\"in1\":{\"type\":\"inbound-rtp\",\"id\":\"in1\",\"timestamp\":1795338389559.65,"
      "\"packetsLost\":-1,\"small\":5,\"ntp\":\"17198409372194004747\","
      "\"jitter\":0.000366666666666667,\"ended\":true,\"kind\":\"audio\"},"
      "\"t1\":{\"type\":\"transport\",\"id\":\"t1\",\"timestamp\":1795338389559.65}}");
}

static void
test_every_kind_keeps_its_type_as_variant (void)
{
  g_autoptr (CallstatsReport) report = make_report_of_every_kind ();
  g_autoptr (GVariant) variant = callstats_report_to_variant (report);
  g_autoptr (GVariant) object = NULL;
  gint64 lost;
  guint64 ntp;
  double jitter;
  gboolean ended;
  const char *kind;

  g_assert_false (g_variant_is_floating (variant));
  g_assert_true (g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT));
  object = g_variant_lookup_value (variant, "in1", G_VARIANT_TYPE_VARDICT);
  g_assert_nonnull (object);
  g_assert_true (g_variant_lookup (object, "packetsLost", "x", &lost));
  g_assert_cmpint (lost, ==, -1);
  g_assert_true (g_variant_lookup (object, "ntp", "t", &ntp));
  g_assert_cmpuint (ntp, ==, G_GUINT64_CONSTANT (17198409372194004747));
  g_assert_true (g_variant_lookup (object, "jitter", "d", &jitter));
  g_assert_cmpfloat (jitter, ==, 0.000366666666666667);
  g_assert_true (g_variant_lookup (object, "ended", "b", &ended));
  g_assert_cmpint (ended, ==, TRUE);
  g_assert_true (g_variant_lookup (object, "kind", "&s", &kind));
  g_assert_cmpstr (kind, ==, "audio");
}

static void
test_what_is_not_known_is_left_out (void)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (0);

  callstats_report_add_stats (report, "t", "x");
  callstats_report_set_double (report, "nan", NAN);
  callstats_report_set_double (report, "inf", INFINITY);
  callstats_report_set_double (report, "-inf", -INFINITY);
  callstats_report_set_double (report, "max", DBL_MAX); /* past it with 15 digits */
  callstats_report_set_string (report, "null", NULL);
  callstats_report_set_double (report, "-0", -0.0);
  assert_json (report, "{\"x\":{\"type\":\"t\",\"id\":\"x\",\"timestamp\":0,\"-0\":0}}");
}

static void
test_doubles_are_the_same_value_after_json (void)
{
  static const double values[] = { 0.1, 1.0 / 3, 2.5e-300, 123456789.123456789, 1e15,
    9007199254740993.0, 1e308, -5e-324, 4004316723.95067 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (CallstatsReport) report = callstats_report_new (0);
    g_autoptr (CallstatsReport) again = NULL;
    g_autofree char *json = NULL;
    const CallstatsField *before, *after;

    callstats_report_add_stats (report, "t", "x");
    callstats_report_set_double (report, "v", values[i]);
    json = callstats_report_to_json (report);
    again = from_json (json);
    before = callstats_report_fields (report, callstats_report_object (report, 0));
    after = callstats_report_fields (again, callstats_report_object (again, 0));
    g_assert_true (callstats_field_equal (&before[3], &after[3]));
  }
}

static void
test_invalid_utf8_is_replaced (void)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (0);
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) object = NULL;

  callstats_report_add_stats (report, "t\377", "x\377");
  callstats_report_set_string (report, "na\377me", "va\377lue");
  assert_json (report,
      "{\"x\357\277\275\":{\"type\":\"t\357\277\275\",\"id\":\"x\357\277\275\","
      "\"timestamp\":0,\"na\357\277\275me\":\"va\357\277\275lue\"}}");
  variant = callstats_report_to_variant (report);
  object = g_variant_lookup_value (variant, "x\357\277\275", G_VARIANT_TYPE_VARDICT);
  g_assert_nonnull (object);
}

static void
test_a_later_object_of_the_same_id_replaces_the_earlier (void)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (0);

  callstats_report_add_stats (report, "a", "x");
  callstats_report_set_int (report, "old", 1);
  callstats_report_add_stats (report, "b", "y");
  callstats_report_add_stats (report, "c", "x");
  callstats_report_set_int (report, "new", 2);
  assert_json (report, "{\"y\":{\"type\":\"b\",\"id\":\"y\",\"timestamp\":0},"
                       "\"x\":{\"type\":\"c\",\"id\":\"x\",\"timestamp\":0,\"new\":2}}");
}

static void
test_json_comes_back_as_it_was (void)
{
  static const char *const texts[] = {
    "{}",
    "{\"a\":{\"i\":-1,\"d\":0.5,\"t\":true,\"f\":false,\"s\":\"x\\n\\u0001\"}}",
    "{\"a\":{\"list\":[1,\"x\",{\"y\":[]}],\"object\":{\"z\":{\"n\":null}}}}",
    "{\"a\":{\"big\":\"18446744073709551615\"},\"b\":{\"x\":1}}",
    "{\"\":{\"\":\"\"}}",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (CallstatsReport) report = from_json (texts[i]);

    assert_json (report, texts[i]);
    g_assert_cmpint (callstats_report_get_time (report), ==, TIME);
  }
}

static void
test_nulls_and_what_holds_nothing_else_are_left_out (void)
{
  g_autoptr (CallstatsReport) report =
      from_json ("{\"a\":{},\"b\":{\"n\":null},\"c\":{\"n\":null,\"x\":1},\"d\":{}}");

  assert_json (report, "{\"c\":{\"x\":1}}");
}

static void
test_nested_values_are_json_text_in_a_variant (void)
{
  g_autoptr (CallstatsReport) report = from_json ("{\"a\":{\"list\":[1,{\"x\":2}]}}");
  g_autoptr (GVariant) variant = callstats_report_to_variant (report);
  g_autoptr (GVariant) object =
      g_variant_lookup_value (variant, "a", G_VARIANT_TYPE_VARDICT);
  const char *list;

  g_assert_true (g_variant_lookup (object, "list", "&s", &list));
  g_assert_cmpstr (list, ==, "[1,{\"x\":2}]");
}

static char *
nested_field (guint depth)
{
  GString *text = g_string_new ("{\"a\":{\"f\":");
  guint i;

  for (i = 0; i < depth - 2; i++)
    g_string_append_c (text, '[');
  for (i = 0; i < depth - 2; i++)
    g_string_append_c (text, ']');
  g_string_append (text, "}}");
  return g_string_free (text, FALSE);
}

static void
test_what_is_no_report_is_refused (void)
{
  g_autofree char *deep = nested_field (CALLSTATS_RECORD_MAX_DEPTH + 1);
  const char *const texts[] = { "", "[]", "1", "{\"a\":1}", "{\"a\":[]}", "{\"a\":null}",
    "{", "{\"a\":{\"s\":\"\377\"}}", deep };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (callstats_report_new_from_json (TIME, texts[i], &error));
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL);
  }
}

static void
test_nesting_goes_as_deep_as_a_frame_allows (void)
{
  g_autofree char *text = nested_field (CALLSTATS_RECORD_MAX_DEPTH);
  g_autoptr (CallstatsReport) report = from_json (text);

  assert_json (report, text);
}

static void
test_a_report_lives_until_its_last_reference (void)
{
  CallstatsReport *report = callstats_report_new (TIME);
  CallstatsReport *same = callstats_report_ref (report);

  g_assert_true (report == same);
  callstats_report_unref (report);
  g_assert_cmpint (callstats_report_get_time (same), ==, TIME);
  callstats_report_unref (same);
  callstats_report_unref (NULL);
}

static void
test_numbers_are_equal_as_json_has_them (void)
{
  CallstatsField one = { .kind = CALLSTATS_VALUE_INT, .i = 1 };
  CallstatsField one_point_zero = { .kind = CALLSTATS_VALUE_DOUBLE, .d = 1.0 };
  CallstatsField two = { .kind = CALLSTATS_VALUE_INT, .i = 2 };
  CallstatsField text = { .kind = CALLSTATS_VALUE_STRING, .s = "1" };
  CallstatsField truth = { .kind = CALLSTATS_VALUE_BOOLEAN, .b = TRUE };

  g_assert_true (callstats_field_equal (&one, &one_point_zero));
  g_assert_false (callstats_field_equal (&one, &two));
  g_assert_false (callstats_field_equal (&one, &text));
  g_assert_false (callstats_field_equal (&one, &truth));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report/an-empty-report-is-an-empty-object",
      test_an_empty_report_is_an_empty_object);
  g_test_add_func (
      "/report/every-kind-is-written-as-json", test_every_kind_is_written_as_json);
  g_test_add_func ("/report/every-kind-keeps-its-type-as-variant",
      test_every_kind_keeps_its_type_as_variant);
  g_test_add_func (
      "/report/what-is-not-known-is-left-out", test_what_is_not_known_is_left_out);
  g_test_add_func ("/report/doubles-are-the-same-value-after-json",
      test_doubles_are_the_same_value_after_json);
  g_test_add_func ("/report/invalid-utf8-is-replaced", test_invalid_utf8_is_replaced);
  g_test_add_func ("/report/a-later-object-of-the-same-id-replaces-the-earlier",
      test_a_later_object_of_the_same_id_replaces_the_earlier);
  g_test_add_func ("/report/json-comes-back-as-it-was", test_json_comes_back_as_it_was);
  g_test_add_func ("/report/nulls-and-what-holds-nothing-else-are-left-out",
      test_nulls_and_what_holds_nothing_else_are_left_out);
  g_test_add_func ("/report/nested-values-are-json-text-in-a-variant",
      test_nested_values_are_json_text_in_a_variant);
  g_test_add_func (
      "/report/what-is-no-report-is-refused", test_what_is_no_report_is_refused);
  g_test_add_func ("/report/nesting-goes-as-deep-as-a-frame-allows",
      test_nesting_goes_as_deep_as_a_frame_allows);
  g_test_add_func ("/report/a-report-lives-until-its-last-reference",
      test_a_report_lives_until_its_last_reference);
  g_test_add_func ("/report/numbers-are-equal-as-json-has-them",
      test_numbers_are_equal_as_json_has_them);
  return g_test_run ();
}
