/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records and their self-contained JSON.
 */
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-record-private.h"
#include "canonical-json.h"

#define TIME G_GINT64_CONSTANT (1795338387423125)

static char *
to_json (const CallstatsRecord *record)
{
  GString *json = g_string_new (NULL);

  callstats_record_append_json (record, json);
  g_assert_cmpuint (callstats_record_json_length (record), ==, json->len);
  return g_string_free (json, FALSE);
}

static CallstatsRecord *
from_json (const char *json, GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (JsonObject) object =
      callstats_json_parse_object (json, strlen (json), &parse_error);

  g_assert_no_error (parse_error);
  return callstats_record_new_from_object (object, error);
}

static void
test_an_event_is_written_whole (void)
{
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event ("fabricSetup", TIME, "{\"delay\":435.811}");
  g_autofree char *json = NULL;

  record->user = g_strdup ("alice");
  record->conference = g_strdup ("c1");
  record->fabric = g_strdup ("f1");
  record->remote_user = g_strdup ("bob");
  json = to_json (record);
  g_assert_cmpstr (json, ==,
      "{\"type\":\"event\",\"time\":1795338387423.125,\"user\":\"alice\","
      "\"conference\":\"c1\",\"fabric\":\"f1\",\"remoteUser\":\"bob\","
      "\"name\":\"fabricSetup\",\"data\":{\"delay\":435.811}}");
}

static void
test_what_an_event_does_not_have_is_not_written (void)
{
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event ("userLeft", TIME / 1000 * 1000, NULL);
  g_autofree char *json = to_json (record);

  g_assert_cmpstr (json, ==,
      "{\"type\":\"event\",\"time\":1795338387423,\"name\":\"userLeft\",\"data\":{}}");
}

static void
test_a_report_is_written_whole (void)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (TIME);
  g_autoptr (CallstatsRecord) record = NULL;
  g_autofree char *json = NULL;

  callstats_report_add_stats (report, "transport", "t");
  record = callstats_record_new_report (report);
  record->fabric = g_strdup ("f1");
  json = to_json (record);
  g_assert_cmpstr (json, ==,
      "{\"type\":\"report\",\"time\":1795338387423.125,\"fabric\":\"f1\",\"stats\":{"
      "\"t\":"
      "{\"type\":\"transport\",\"id\":\"t\",\"timestamp\":1795338387423.12}}}");
}

#define HEAD(type, time) \
  "{\"type\":\"" type "\",\"time\":" time ",\"user\":\"alice\",\"conference\":\"c1\"," \
  "\"fabric\":\"f1\",\"remoteUser\":\"bob\""

static void
test_json_comes_back_as_it_was (void)
{
  static const char *const texts[] = {
    HEAD ("event", "1795338387423.1") ",\"name\":\"x\",\"data\":{\"a\":[1,{}]}}",
    "{\"type\":\"event\",\"time\":0,\"name\":\"x\",\"data\":{}}",
    "{\"type\":\"report\",\"time\":1.001,\"fabric\":\"f\",\"stats\":{\"o\":{\"n\":1}}}",
    "{\"type\":\"report\",\"time\":1,\"fabric\":\"\",\"stats\":{}}",
    "{\"type\":\"gap\",\"time\":5,\"dropped\":7,\"from\":1,\"to\":5}",
    HEAD ("from the future", "5") ",\"x\":{\"y\":[null]}}",
    "{\"type\":\"\",\"time\":253402300799999}",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (CallstatsRecord) record = from_json (texts[i], &error);
    g_autofree char *json = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    g_assert_no_error (error);
    json = to_json (record);
    before = canonical_json (texts[i]);
    after = canonical_json (json);
    g_assert_cmpstr (after, ==, before);
  }
}

static void
test_an_unknown_type_is_carried_with_its_head (void)
{
  g_autoptr (CallstatsRecord) record =
      from_json ("{\"type\":\"novel\",\"time\":2.5,\"conference\":\"c\",\"fabric\":\"f\","
                 "\"remoteUser\":\"r\",\"user\":\"u\",\"more\":1}",
          NULL);

  g_assert_cmpint (record->kind, ==, CALLSTATS_RECORD_OTHER);
  g_assert_cmpstr (record->name, ==, "novel");
  g_assert_cmpint (record->time, ==, 2500);
  g_assert_cmpstr (record->conference, ==, "c");
  g_assert_cmpstr (record->fabric, ==, "f");
  g_assert_cmpstr (record->remote_user, ==, "r");
  g_assert_cmpstr (record->user, ==, "u");
}

static void
test_a_fault_is_told_by_the_name_of_its_member (void)
{
  static const struct {
    const char *json;
    const char *member;
  } rows[] = {
    { "{\"time\":1}", "“type”" },
    { "{\"type\":1,\"time\":1}", "“type”" },
    { "{\"type\":null,\"time\":1}", "“type”" },
    { "{\"type\":\"x\"}", "“time”" },
    { "{\"type\":\"x\",\"time\":\"1\"}", "“time”" },
    { "{\"type\":\"x\",\"time\":null}", "“time”" },
    { "{\"type\":\"x\",\"time\":-1}", "“time”" },
    { "{\"type\":\"x\",\"time\":1e999}", "“time”" },
    { "{\"type\":\"x\",\"time\":253402300800000}", "“time”" },
    { "{\"type\":\"x\",\"time\":1,\"user\":1}", "“user”" },
    { "{\"type\":\"x\",\"time\":1,\"conference\":null}", "“conference”" },
    { "{\"type\":\"x\",\"time\":1,\"fabric\":{}}", "“fabric”" },
    { "{\"type\":\"x\",\"time\":1,\"remoteUser\":[]}", "“remoteUser”" },
    { "{\"type\":\"event\",\"time\":1}", "“name”" },
    { "{\"type\":\"event\",\"time\":1,\"name\":\"\"}", "“name”" },
    { "{\"type\":\"event\",\"time\":1,\"name\":7}", "“name”" },
    { "{\"type\":\"event\",\"time\":1,\"name\":\"x\",\"data\":[]}", "“data”" },
    { "{\"type\":\"event\",\"time\":1,\"name\":\"x\",\"data\":null}", "“data”" },
    { "{\"type\":\"report\",\"time\":1,\"stats\":{}}", "“fabric”" },
    { "{\"type\":\"report\",\"time\":1,\"fabric\":\"f\"}", "“stats”" },
    { "{\"type\":\"report\",\"time\":1,\"fabric\":\"f\",\"stats\":[]}", "“stats”" },
    { "{\"type\":\"report\",\"time\":1,\"fabric\":\"f\",\"stats\":{\"o\":1}}", "“o”" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (from_json (rows[i].json, &error));
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL);
    if (strstr (error->message, rows[i].member) == NULL)
      g_error ("“%s” does not name %s", error->message, rows[i].member);
  }
}

static void
test_times_keep_their_microseconds (void)
{
  static const gint64 times[] = { 0, 1, 999, 1000, 1001, TIME, TIME + 1, TIME + 999,
    G_GINT64_CONSTANT (4102444800000001) /* 2100 */ };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (times); i++) {
    g_autoptr (CallstatsRecord) record = callstats_record_new_event ("x", times[i], NULL);
    g_autofree char *json = to_json (record);
    g_autoptr (CallstatsRecord) again = from_json (json, NULL);

    g_assert_cmpint (again->time, ==, times[i]);
  }
}

static void
test_times_are_of_our_ten_millennia (void)
{
  g_assert_true (callstats_record_time_is_valid (0));
  g_assert_true (callstats_record_time_is_valid (TIME));
  g_assert_false (callstats_record_time_is_valid (-1));
  g_assert_false (callstats_record_time_is_valid (G_MAXINT64));
}

/* to_json() compares it. */
static void
test_the_length_is_that_of_the_text (void)
{
  static const gint64 ints[] = { 0, 9, 10, -1, -10, 99, 100, G_MAXINT32, G_MININT32,
    G_MAXINT64, G_MININT64, G_GINT64_CONSTANT (1) << 53 };
  static const double doubles[] = { 0, -0.0, 1, 1.5, 1.5, -1e-9, 1e15, 1e300, 0.1 };
  static const char *const strings[] = { "", "a", "\"\\\n\t\x01\x7f", "ä€", "\xff" };
  g_autoptr (CallstatsReport) report = callstats_report_new (TIME);
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (strings); i++) {
    g_autofree char *json = NULL;

    callstats_report_add_stats (report, "x", strings[i]);
    callstats_report_set_string (report, strings[i], strings[i]);
    json = to_json (record);
  }
  for (i = 0; i < G_N_ELEMENTS (ints); i++) {
    g_autofree char *json = NULL;

    callstats_report_set_int (report, "n", ints[i]);
    callstats_report_set_uint (report, "u", (guint64)ints[i]);
    json = to_json (record);
  }
  for (i = 0; i < G_N_ELEMENTS (doubles); i++) {
    g_autofree char *json = NULL;

    callstats_report_set_double (report, "d", doubles[i]);
    callstats_report_set_boolean (report, "b", i % 2 == 0);
    json = to_json (record);
  }
}

static void
test_size_counts_what_a_record_holds (void)
{
  g_autofree char *data = g_strnfill (10000, 'x');
  g_autoptr (CallstatsRecord) small = callstats_record_new_event ("x", 0, NULL);
  g_autoptr (CallstatsRecord) large = callstats_record_new_event ("x", 0, data);

  gsize more = callstats_record_size (large) - callstats_record_size (small);

  g_assert_cmpuint (callstats_record_size (small), >=, sizeof (CallstatsRecord));
  g_assert_cmpuint (more, >, 10000 - 64);
  g_assert_cmpuint (more, <, 10000 + 64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/record/the-length-is-that-of-the-text", test_the_length_is_that_of_the_text);
  g_test_add_func ("/record/an-event-is-written-whole", test_an_event_is_written_whole);
  g_test_add_func ("/record/what-an-event-does-not-have-is-not-written",
      test_what_an_event_does_not_have_is_not_written);
  g_test_add_func ("/record/a-report-is-written-whole", test_a_report_is_written_whole);
  g_test_add_func ("/record/json-comes-back-as-it-was", test_json_comes_back_as_it_was);
  g_test_add_func ("/record/an-unknown-type-is-carried-with-its-head",
      test_an_unknown_type_is_carried_with_its_head);
  g_test_add_func ("/record/a-fault-is-told-by-the-name-of-its-member",
      test_a_fault_is_told_by_the_name_of_its_member);
  g_test_add_func (
      "/record/times-keep-their-microseconds", test_times_keep_their_microseconds);
  g_test_add_func (
      "/record/times-are-of-our-ten-millennia", test_times_are_of_our_ten_millennia);
  g_test_add_func (
      "/record/size-counts-what-a-record-holds", test_size_counts_what_a_record_holds);
  return g_test_run ();
}
