/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an application can say: what makes no sense fails at once with an error of ours,
 * what makes sense arrives in order and once.
 */
#include <callstats/callstats.h>
#include <stdio.h>
#include <string.h>

#include "callstats-limits-private.h"
#include "callstats-token-private.h"
#include "fake-collector.h"
#include "waiting.h"

#ifdef __SANITIZE_THREAD__ /* ten times as slow */
#define BURST 1000
#else
#define BURST 10000
#endif
#define NOT_UTF8 "\xff\xfe"

/* What makes no sense */

typedef gboolean (*Call) (CallstatsClient *client, const char *fabric, GError **error);

typedef struct {
  const char *name;
  Call call;
  int code;
  const char *says; /* in the message */
} BadRow;

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static GVariant *
long_data (const char *key, gsize length)
{
  g_autofree char *text = g_strnfill (length, 'x');
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, key, "s", text);
  return g_variant_dict_end (&dict);
}

/* A string of that many bytes, alive until the next call. */
static const char *
bytes (gsize length)
{
  static char *text;

  g_free (text);
  text = g_strnfill (length, 'x');
  return text;
}

#define BAD(function, expression) \
  static gboolean function (CallstatsClient *client, const char *fabric, GError **error) \
  { \
    return expression; \
  }

#define EVENT(function, id, event, data) \
  BAD (function, callstats_client_send_fabric_event (client, id, event, data, error))
EVENT (event_unknown, fabric, "fabricHolt", NULL)
EVENT (event_empty, fabric, "", NULL)
EVENT (event_null, fabric, NULL, NULL)
EVENT (event_not_utf8, fabric, NOT_UTF8, NULL)
EVENT (event_setup, fabric, "fabricSetup", NULL)
EVENT (event_setup_failed, fabric, "fabricSetupFailed", NULL)
EVENT (event_no_fabric, "nobody", "audioMute", NULL)
EVENT (event_empty_fabric, "", "audioMute", NULL)
EVENT (event_fabric_not_utf8, NOT_UTF8, "audioMute", NULL)
EVENT (event_no_list, fabric, "activeDeviceList", NULL)
EVENT (
    event_list_of_no_array, fabric, "activeDeviceList", parse ("{'deviceList':<'mic'>}"))
EVENT (event_data_of_no_map, fabric, "audioMute", parse ("'mic'"))
EVENT (event_data_of_strings, fabric, "audioMute", parse ("{'mic':'on'}"))
EVENT (
    event_data_too_long, fabric, "audioMute", long_data ("x", CALLSTATS_MAX_EVENT_DATA))

#define ERROR(function, id, failed, details) \
  BAD (function, callstats_client_report_error (client, id, failed, details, error))
#define CREATE_OFFER CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER
ERROR (error_unknown_function, fabric, 99, NULL)
ERROR (error_negative_function, fabric, -1, NULL)
ERROR (error_without_fabric, NULL, CREATE_OFFER, NULL)
ERROR (error_no_fabric, "nobody", CREATE_OFFER, NULL)
ERROR (error_of_no_map, fabric, CREATE_OFFER, parse ("['name']"))
ERROR (error_named_by_number, fabric, CREATE_OFFER, parse ("{'name':<1>}"))
ERROR (error_sdp_of_1_mb, fabric, CREATE_OFFER, long_data ("localSDP", 1024 * 1024))

#define ASSOCIATE(function, id, user, ssrc, label, tag) \
  BAD (function, callstats_client_associate_mst_with_user_id ( \
                     client, id, user, ssrc, label, tag, error))
ASSOCIATE (ssrc_0, fabric, "bob", 0, NULL, NULL)
ASSOCIATE (ssrc_no_fabric, "nobody", "bob", 1, NULL, NULL)
ASSOCIATE (ssrc_null_fabric, NULL, "bob", 1, NULL, NULL)
ASSOCIATE (ssrc_no_user, fabric, "", 1, NULL, NULL)
ASSOCIATE (ssrc_null_user, fabric, NULL, 1, NULL, NULL)
ASSOCIATE (ssrc_long_user, fabric, bytes (129), 1, NULL, NULL)
ASSOCIATE (ssrc_user_not_utf8, fabric, NOT_UTF8, 1, NULL, NULL)
ASSOCIATE (ssrc_long_label, fabric, "bob", 1, bytes (21), NULL)
ASSOCIATE (ssrc_label_not_utf8, fabric, "bob", 1, NOT_UTF8, NULL)
ASSOCIATE (ssrc_long_tag, fabric, "bob", 1, NULL, bytes (257))

#define IDENTIFY(function, id, conference, user) \
  BAD (function, callstats_client_set_identifiers (client, id, conference, user, error))
IDENTIFY (ids_none, fabric, NULL, NULL)
IDENTIFY (ids_empty_conference, NULL, "", NULL)
IDENTIFY (ids_long_conference, NULL, bytes (257), NULL)
IDENTIFY (ids_conference_not_utf8, NULL, NOT_UTF8, NULL)
IDENTIFY (ids_empty_user, fabric, NULL, "")
IDENTIFY (ids_long_user, fabric, NULL, bytes (129))
IDENTIFY (ids_no_fabric, "nobody", "c2", NULL)

static gboolean
add (CallstatsClient *client, const char *user, CallstatsFabricUsage usage,
    const char *conference, GVariant *attributes, GError **error)
{
  g_autofree char *fabric = callstats_client_add_new_fabric (
      client, user, usage, conference, attributes, error);

  return fabric != NULL;
}

#define ADD_FABRIC(function, user, usage, conference, attributes) \
  BAD (function, add (client, user, usage, conference, attributes, error))
ADD_FABRIC (add_unknown_usage, "bob", 99, NULL, NULL)
ADD_FABRIC (add_long_user, bytes (129), 0, NULL, NULL)
ADD_FABRIC (add_user_not_utf8, NOT_UTF8, 0, NULL, NULL)
ADD_FABRIC (add_long_conference, "bob", 0, bytes (257), NULL)
ADD_FABRIC (add_conference_not_utf8, "bob", 0, NOT_UTF8, NULL)
ADD_FABRIC (add_attributes_of_no_map, "bob", 0, NULL, parse ("'peer'"))
ADD_FABRIC (add_unknown_attribute, "bob", 0, NULL, parse ("{'endpointType':<'peer'>}"))
ADD_FABRIC (add_unknown_type, "bob", 0, NULL, parse ("{'remoteEndpointType':<'bot'>}"))
ADD_FABRIC (add_numbered_type, "bob", 0, NULL, parse ("{'remoteEndpointType':<1>}"))
ADD_FABRIC (add_unknown_direction, "bob", 0, NULL,
    parse ("{'fabricTransmissionDirection':<'recvonly'>}"))

#define CUSTOM(function, id, json) \
  BAD (function, callstats_client_send_custom_event (client, id, json, error))
CUSTOM (custom_empty, fabric, "")
CUSTOM (custom_null, fabric, NULL)
CUSTOM (custom_list, fabric, "[1]")
CUSTOM (custom_broken, fabric, "{\"a\":")
CUSTOM (custom_not_utf8, fabric, "{\"a\":\"" NOT_UTF8 "\"}")
CUSTOM (custom_no_fabric, "nobody", "{}")
BAD (custom_stats_null, callstats_client_send_custom_stats (client, fabric, NULL, error))
BAD (custom_stats_list, callstats_client_send_custom_stats (client, fabric, "[]", error))

#define DETAILS(function, id, details) \
  BAD (function, callstats_client_send_call_details (client, id, details, error))
DETAILS (details_null, fabric, NULL)
DETAILS (details_no_role, fabric, parse ("{'callType':<'inbound'>}"))
DETAILS (details_manager, fabric, parse ("{'role':<'manager'>}"))
DETAILS (details_role_of_number, fabric, parse ("{'role':<1>}"))
DETAILS (details_call_type, fabric, parse ("{'role':<'agent'>,'callType':<'sideways'>}"))
DETAILS (details_call_type_of_number, fabric, parse ("{'role':<'agent'>,'callType':<1>}"))
DETAILS (details_null_fabric, NULL, parse ("{'role':<'agent'>}"))

#define LOG(function, level, message, type) \
  BAD (function, callstats_client_log (client, fabric, level, message, type, error))
LOG (log_null, 0, NULL, 0)
LOG (log_not_utf8, 0, NOT_UTF8, 0)
LOG (log_unknown_level, 99, "x", 0)
LOG (log_unknown_type, 0, "x", 99)

#define RENAME(function, id, user, type) \
  BAD (function, callstats_client_report_user_id_change (client, id, user, type, error))
RENAME (rename_null, fabric, NULL, 0)
RENAME (rename_empty, fabric, "", 0)
RENAME (rename_long, fabric, bytes (129), 0)
RENAME (rename_unknown_type, fabric, "bob", 2)
RENAME (rename_null_fabric, NULL, "bob", 0)

#define INVALID CALLSTATS_ERROR_INVALID_ARGUMENT
#define TOO_LONG CALLSTATS_ERROR_TOO_LONG
#define MISSING CALLSTATS_ERROR_NOT_FOUND
#define NO_JSON CALLSTATS_ERROR_PROTOCOL

static const BadRow bad_rows[] = {
  { "event-unknown", event_unknown, INVALID, "fabricHolt" },
  { "event-empty", event_empty, INVALID, "fabricHold" },
  { "event-null", event_null, INVALID, "fabricHold" },
  { "event-not-utf8", event_not_utf8, INVALID, "fabricHold" },
  { "event-setup", event_setup, INVALID, "Unsupported fabricEvent" },
  { "event-setup-failed", event_setup_failed, INVALID, "Unsupported fabricEvent" },
  { "event-no-fabric", event_no_fabric, MISSING, "nobody" },
  { "event-empty-fabric", event_empty_fabric, MISSING, "no fabric" },
  { "event-fabric-not-utf8", event_fabric_not_utf8, MISSING, "no fabric" },
  { "event-no-list", event_no_list, INVALID, "deviceList" },
  { "event-list-of-no-array", event_list_of_no_array, INVALID, "deviceList" },
  { "event-data-of-no-map", event_data_of_no_map, INVALID, "a{sv}" },
  { "event-data-of-strings", event_data_of_strings, INVALID, "a{sv}" },
  { "event-data-too-long", event_data_too_long, TOO_LONG, "1000000" },
  { "error-unknown-function", error_unknown_function, INVALID, "99" },
  { "error-negative-function", error_negative_function, INVALID, "-1" },
  { "error-without-fabric", error_without_fabric, INVALID, "createOffer" },
  { "error-no-fabric", error_no_fabric, MISSING, "nobody" },
  { "error-of-no-map", error_of_no_map, INVALID, "a{sv}" },
  { "error-named-by-number", error_named_by_number, INVALID, "name" },
  { "error-sdp-of-1-mb", error_sdp_of_1_mb, TOO_LONG, "1000000" },
  { "ssrc-0", ssrc_0, INVALID, "0" },
  { "ssrc-no-fabric", ssrc_no_fabric, MISSING, "nobody" },
  { "ssrc-null-fabric", ssrc_null_fabric, INVALID, "fabric" },
  { "ssrc-no-user", ssrc_no_user, INVALID, "user id" },
  { "ssrc-null-user", ssrc_null_user, INVALID, "user id" },
  { "ssrc-long-user", ssrc_long_user, TOO_LONG, "129 bytes long, callstats allows 128" },
  { "ssrc-user-not-utf8", ssrc_user_not_utf8, INVALID, "UTF-8" },
  { "ssrc-long-label", ssrc_long_label, TOO_LONG, "21 bytes long, callstats allows 20" },
  { "ssrc-label-not-utf8", ssrc_label_not_utf8, INVALID, "UTF-8" },
  { "ssrc-long-tag", ssrc_long_tag, TOO_LONG, "256" },
  { "ids-none", ids_none, INVALID, "Neither" },
  { "ids-empty-conference", ids_empty_conference, INVALID, "conference id" },
  { "ids-long-conference", ids_long_conference, TOO_LONG,
      "257 bytes long, callstats allows 256" },
  { "ids-conference-not-utf8", ids_conference_not_utf8, INVALID, "UTF-8" },
  { "ids-empty-user", ids_empty_user, INVALID, "remote user id" },
  { "ids-long-user", ids_long_user, TOO_LONG, "128" },
  { "ids-no-fabric", ids_no_fabric, MISSING, "nobody" },
  { "add-unknown-usage", add_unknown_usage, INVALID, "Invalid fabricUsage" },
  { "add-long-user", add_long_user, TOO_LONG, "129 bytes long, callstats allows 128" },
  { "add-user-not-utf8", add_user_not_utf8, INVALID, "UTF-8" },
  { "add-long-conference", add_long_conference, TOO_LONG, "256" },
  { "add-conference-not-utf8", add_conference_not_utf8, INVALID, "UTF-8" },
  { "add-attributes-of-no-map", add_attributes_of_no_map, INVALID, "a{sv}" },
  { "add-unknown-attribute", add_unknown_attribute, INVALID, "remoteEndpointType" },
  { "add-unknown-type", add_unknown_type, INVALID, "peer, server" },
  { "add-numbered-type", add_numbered_type, INVALID, "peer, server" },
  { "add-unknown-direction", add_unknown_direction, INVALID, "receiveonly" },
  { "custom-empty", custom_empty, NO_JSON, "" },
  { "custom-null", custom_null, NO_JSON, "" },
  { "custom-list", custom_list, NO_JSON, "" },
  { "custom-broken", custom_broken, NO_JSON, "" },
  { "custom-not-utf8", custom_not_utf8, NO_JSON, "" },
  { "custom-no-fabric", custom_no_fabric, MISSING, "nobody" },
  { "custom-stats-null", custom_stats_null, NO_JSON, "" },
  { "custom-stats-list", custom_stats_list, NO_JSON, "" },
  { "details-null", details_null, INVALID, "role" },
  { "details-no-role", details_no_role, INVALID, "role" },
  { "details-manager", details_manager, INVALID, "agent, participant" },
  { "details-role-of-number", details_role_of_number, INVALID, "role" },
  { "details-call-type", details_call_type, INVALID, "sideways" },
  { "details-call-type-of-number", details_call_type_of_number, INVALID, "callType" },
  { "details-null-fabric", details_null_fabric, INVALID, "fabric" },
  { "log-null", log_null, INVALID, "log" },
  { "log-not-utf8", log_not_utf8, INVALID, "UTF-8" },
  { "log-unknown-level", log_unknown_level, INVALID, "99" },
  { "log-unknown-type", log_unknown_type, INVALID, "99" },
  { "rename-null", rename_null, INVALID, "user id" },
  { "rename-empty", rename_empty, INVALID, "user id" },
  { "rename-long", rename_long, TOO_LONG, "129 bytes long, callstats allows 128" },
  { "rename-unknown-type", rename_unknown_type, INVALID, "2" },
  { "rename-null-fabric", rename_null_fabric, INVALID, "fabric" },
};

static guint64
get_counter (CallstatsClient *client, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  guint64 value = G_MAXUINT64;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
}

static void
test_what_makes_no_sense_is_an_error (gconstpointer data)
{
  const BadRow *row = data;
  g_autoptr (CallstatsClient) client = callstats_client_new ("demo", "alice");
  g_autofree char *fabric =
      callstats_client_add_new_fabric (client, "bob", 0, "c", NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (row->call (client, fabric, &error));
  g_assert_error (error, CALLSTATS_ERROR, row->code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, row->says));

  /* Nor has it an effect, with or without somebody who wants the error. */
  g_assert_false (row->call (client, fabric, NULL));
  g_assert_true (callstats_client_flush (client, DEADLINE_SECONDS * 1000));
  g_assert_cmpuint (get_counter (client, "events"), ==, 1);
  g_assert_cmpuint (get_counter (client, "fabrics"), ==, 1);
}

/* Feedback */

typedef struct {
  gboolean called;
  gboolean stored;
  GError *error;
} Outcome;

static void
on_feedback (GObject *client, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_false (outcome->called);
  outcome->called = TRUE;
  outcome->stored = callstats_client_send_user_feedback_finish (
      CALLSTATS_CLIENT (client), result, &outcome->error);
}

typedef struct {
  const char *name;
  const char *conference;
  const char *feedback; /* NULL: NULL */
  int code;
  const char *says;
} FeedbackRow;

#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X128 X32 X32 X32 X32

static const FeedbackRow feedback_rows[] = {
  { "null", "c", NULL, INVALID, "overall" },
  { "no-map", "c", "4", INVALID, "a{sv}" },
  { "no-overall", "c", "{'audio':<3>}", INVALID, "overall" },
  { "overall-0", "c", "{'overall':<0>}", INVALID, "1 to 5" },
  { "overall-6", "c", "{'overall':<6>}", INVALID, "1 to 5" },
  { "overall-negative", "c", "{'overall':<int64 -1>}", INVALID, "1 to 5" },
  { "overall-huge", "c", "{'overall':<uint64 18446744073709551615>}", INVALID, "1 to 5" },
  { "overall-a-half", "c", "{'overall':<4.5>}", INVALID, "1 to 5" },
  { "overall-a-word", "c", "{'overall':<'good'>}", INVALID, "1 to 5" },
  { "audio-6", "c", "{'overall':<4>,'audio':<6>}", INVALID, "audio" },
  { "video-0", "c", "{'overall':<4>,'video':<0>}", INVALID, "video" },
  { "screen-true", "c", "{'overall':<4>,'screen':<true>}", INVALID, "screen" },
  { "comment-a-number", "c", "{'overall':<4>,'comment':<4>}", INVALID, "comment" },
  { "user-empty", "c", "{'overall':<4>,'userID':<''>}", INVALID, "userID" },
  { "user-a-number", "c", "{'overall':<4>,'userID':<1>}", INVALID, "userID" },
  { "user-long", "c", "{'overall':<4>,'userID':<'" X128 "x'>}", TOO_LONG, "128" },
  { "conference-long", X128 X128 "x", "{'overall':<4>}", TOO_LONG, "256" },
  { "conference-not-utf8", NOT_UTF8, "{'overall':<4>}", INVALID, "UTF-8" },
};

static void
test_feedback_that_makes_no_sense_is_an_error (gconstpointer data)
{
  const FeedbackRow *row = data;
  g_autoptr (CallstatsClient) client = callstats_client_new ("demo", "alice");
  Outcome outcome = { 0 };

  callstats_client_send_user_feedback (client, row->conference,
      row->feedback != NULL ? parse (row->feedback) : NULL, NULL, on_feedback, &outcome);
  g_assert_false (outcome.called);
  WAIT_UNTIL (outcome.called);
  g_assert_false (outcome.stored);
  g_assert_error (outcome.error, CALLSTATS_ERROR, row->code);
  g_assert_nonnull (strstr (outcome.error->message, row->says));
  g_assert_cmpuint (get_counter (client, "events"), ==, 0);
  g_clear_error (&outcome.error);
}

static void
test_feedback_without_a_backend_fails (void)
{
  g_autoptr (CallstatsClient) client = callstats_client_new ("demo", "alice");
  Outcome outcome = { 0 };

  callstats_client_send_user_feedback (
      client, "c", parse ("{'overall':<4>}"), NULL, on_feedback, &outcome);
  WAIT_UNTIL (outcome.called);
  g_assert_error (outcome.error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE);
  g_clear_error (&outcome.error);
}

/* What makes sense, against a collector */

typedef struct {
  FakeCollector *collector;
  CallstatsClient *client;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;

  fixture->collector = fake_collector_new (0);
  url = fake_collector_get_url (fixture->collector);
  fixture->client = callstats_client_new (FAKE_APP, "alice");
  g_object_set (fixture->client, "app-secret", FAKE_SECRET, "backend-url", url, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->client);
  g_clear_pointer (&fixture->collector, fake_collector_free);
}

static char *
add_fabric (Fixture *fixture, const char *remote_user, const char *conference)
{
  g_autoptr (GError) error = NULL;
  char *fabric = callstats_client_add_new_fabric (fixture->client, remote_user,
      CALLSTATS_FABRIC_USAGE_MULTIPLEX, conference, NULL, &error);

  g_assert_no_error (error);
  return fabric;
}

static void
tell (CallstatsClient *client, const char *fabric, const char *event, GVariant *data)
{
  g_autoptr (GError) error = NULL;

  callstats_client_send_fabric_event (client, fabric, event, data, &error);
  g_assert_no_error (error);
}

static void
flush (Fixture *fixture)
{
  g_assert_true (callstats_client_flush (fixture->client, DEADLINE_SECONDS * 1000));
}

static char *
list_names (Fixture *fixture)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (fixture->collector);
  GString *names = g_string_new (NULL);
  guint i;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = g_ptr_array_index (records, i);

    g_string_append_printf (names, "%s%s", i > 0 ? " " : "", record->name);
  }
  return g_string_free (names, FALSE);
}

static void
assert_names (Fixture *fixture, const char *expected)
{
  g_autofree char *names = list_names (fixture);

  g_assert_cmpstr (names, ==, expected);
}

/* (transfer full): the first record of that name. */
static CallstatsRecord *
find_record (Fixture *fixture, const char *name)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (fixture->collector);
  guint i;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = g_ptr_array_index (records, i);

    if (g_strcmp0 (record->name, name) == 0)
      return callstats_record_ref (record);
  }
  g_error ("There is no %s", name);
}

/* The first call of a program may also be its last. */
static void
test_flushing_waits_for_the_first_connection (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture, "bob", "c1");

  g_assert_nonnull (fabric);
  flush (fixture);
  assert_names (fixture, "userJoined addNewFabric");
}

static void
test_calls_before_a_fabric_wait_for_it_in_order (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = NULL;

  tell (fixture->client, NULL, "audioMute", NULL);
  tell (fixture->client, NULL, "videoPause", NULL);
  tell (fixture->client, NULL, "audioUnmute", NULL);
  flush (fixture);
  g_assert_cmpuint (fake_collector_get_stored (fixture->collector), ==, 0);
  fabric = add_fabric (fixture, "bob", "c1");
  flush (fixture);
  assert_names (fixture, "userJoined addNewFabric audioMute videoPause audioUnmute");
}

static void
test_late_identifiers_release_what_was_held (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture, NULL, NULL);
  g_autofree char *second = NULL;
  g_autoptr (GPtrArray) records = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  tell (fixture->client, fabric, "audioMute", NULL);
  tell (fixture->client, fabric, "audioUnmute", NULL);
  flush (fixture);
  g_assert_cmpuint (fake_collector_get_stored (fixture->collector), ==, 0);
  g_assert_cmpuint (get_counter (fixture->client, "records-held"), ==, 4);

  callstats_client_set_identifiers (fixture->client, NULL, "c7", "carol", &error);
  g_assert_no_error (error);
  tell (fixture->client, fabric, "videoPause", NULL);
  flush (fixture);
  assert_names (fixture, "userJoined addNewFabric audioMute audioUnmute videoPause");
  records = fake_collector_get_records (fixture->collector);
  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = g_ptr_array_index (records, i);

    g_assert_cmpstr (record->conference, ==, "c7");
    g_assert_cmpstr (record->remote_user, ==, i > 0 ? "carol" : NULL);
  }

  /* They stay: for what comes after them, and over a change of something else. */
  g_object_set (fixture->client, "site-id", "Helsinki", NULL);
  second = add_fabric (fixture, "dave", NULL);
  flush (fixture);
  g_assert_cmpuint (get_counter (fixture->client, "records-held"), ==, 0);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "addNewFabric"), ==, 2);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "userJoined"), ==, 1);
}

static void
test_identifiers_may_be_the_first_thing_told (void)
{
  g_autoptr (CallstatsClient) client = g_object_new (CALLSTATS_TYPE_CLIENT, NULL);
  g_autofree char *conference = NULL;

  g_assert_true (callstats_client_set_identifiers (client, NULL, "c1", "bob", NULL));
  g_assert_true (callstats_client_flush (client, DEADLINE_SECONDS * 1000));
  g_object_get (client, "conference-id", &conference, NULL);
  g_assert_cmpstr (conference, ==, "c1");
}

static void
test_feedback_waits_for_the_ack (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CallstatsRecord) record = NULL;
  Outcome outcome = { 0 };

  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .no_acks = TRUE, .forced_stored = -1 });
  callstats_client_send_user_feedback (fixture->client, "c1",
      parse ("{'overall':<4>,'screen':<byte 0x01>}"), NULL, on_feedback, &outcome);
  WAIT_UNTIL (outcome.called); /* a byte is no number that a rating can be */
  g_assert_error (outcome.error, CALLSTATS_ERROR, INVALID);
  g_clear_error (&outcome.error);
  outcome = (Outcome){ 0 };

  callstats_client_send_user_feedback (fixture->client, "c1",
      parse ("{'overall':<4>,'audio':<uint32 5>,'video':<int64 3>,'screen':<uint64 2>,"
             "'comment':<'so so'>}"),
      NULL, on_feedback, &outcome);
  WAIT_UNTIL (fake_collector_count (fixture->collector, "userFeedback") == 1);
  g_assert_false (callstats_client_flush (fixture->client, 100));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (outcome.called);
  fake_collector_ack (fixture->collector);
  WAIT_UNTIL (outcome.called);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.stored);
  record = find_record (fixture, "userFeedback");
  g_assert_cmpstr (record->conference, ==, "c1");
  g_assert_nonnull (strstr (record->data, "\"userID\":\"alice\""));
  g_assert_nonnull (strstr (record->data, "\"overall\":4"));
  g_assert_nonnull (strstr (record->data, "\"screen\":2"));
}

static void
test_feedback_to_no_conference_is_to_the_clients (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CallstatsRecord) record = NULL;
  Outcome outcome = { 0 };

  g_object_set (fixture->client, "conference-id", "c3", NULL);
  callstats_client_send_user_feedback (
      fixture->client, "", parse ("{'overall':<1>}"), NULL, on_feedback, &outcome);
  WAIT_UNTIL (outcome.called);
  g_assert_true (outcome.stored);
  record = find_record (fixture, "userFeedback");
  g_assert_cmpstr (record->conference, ==, "c3");
}

static void
test_cancelling_ends_the_waiting_not_the_delivery (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };

  callstats_client_send_user_feedback (fixture->client, "c1", parse ("{'overall':<1>}"),
      cancellable, on_feedback, &outcome);
  g_cancellable_cancel (cancellable);
  WAIT_UNTIL (outcome.called);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&outcome.error);
  WAIT_UNTIL (fake_collector_count (fixture->collector, "userFeedback") == 1);
}

static void
test_an_end_is_an_end (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture, "bob", "c1");
  g_autoptr (GError) error = NULL;

  tell (fixture->client, fabric, "fabricTerminated", NULL);
  callstats_client_send_fabric_event (
      fixture->client, fabric, "fabricTerminated", NULL, NULL);
  flush (fixture);
  g_assert_false (callstats_client_send_fabric_event (
      fixture->client, fabric, "audioMute", NULL, &error));
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (callstats_client_report_error (
      fixture->client, fabric, CREATE_OFFER, NULL, &error));
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND);
  flush (fixture);
  assert_names (fixture, "userJoined addNewFabric fabricTerminated userLeft");
}

static void
test_a_large_description_goes_without_its_keys (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture, "bob", "c1");
  g_autofree char *filling = g_strnfill (900 * 1000, 'x');
  g_autofree char *sdp = g_strdup_printf (
      "v=0\r\na=ice-pwd:hemmelig\r\na=x:%s\r\na=setup:actpass\r\n", filling);
  g_autoptr (CallstatsRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "localSDP", "s", sdp);
  callstats_client_report_error (
      fixture->client, fabric, CREATE_OFFER, g_variant_dict_end (&dict), &error);
  g_assert_no_error (error);
  flush (fixture);
  record = find_record (fixture, "sdpSubmissionEvent");
  g_assert_null (strstr (record->data, "hemmelig"));
  g_assert_nonnull (strstr (record->data, "a=setup:actpass"));
  g_assert_nonnull (strstr (record->data, filling));
}

static void
test_a_burst_arrives_in_order (Fixture *fixture, gconstpointer data)
{
  enum { N = BURST };
  g_autofree char *fabric = add_fabric (fixture, "bob", "c1");
  g_autoptr (GPtrArray) records = NULL;
  guint i;

  for (i = 0; i < N; i++) {
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "n", "u", i);
    tell (fixture->client, fabric, i % 2 == 0 ? "audioMute" : "audioUnmute",
        g_variant_dict_end (&dict));
  }
  flush (fixture);
  g_assert_cmpuint (get_counter (fixture->client, "records-dropped"), ==, 0);
  records = fake_collector_get_records (fixture->collector);
  g_assert_cmpuint (records->len, ==, N + 2);
  for (i = 0; i < N; i++) {
    g_autofree char *expected = g_strdup_printf ("{\"n\":%u}", i);
    CallstatsRecord *record = g_ptr_array_index (records, i + 2);

    g_assert_cmpstr (record->data, ==, expected);
  }
}

/* Threads */

#define N_THREADS 10
#define N_CALLS 100

typedef struct {
  CallstatsClient *client;
  const char *fabric;
  guint number;
} Caller;

static gpointer
say_everything (gpointer data)
{
  const Caller *caller = data;
  g_autofree char *user = g_strdup_printf ("user%u", caller->number);
  guint i;

  for (i = 0; i < N_CALLS; i++) {
    g_autofree char *json =
        g_strdup_printf ("{\"thread\":%u,\"n\":%u}", caller->number, i);

    g_assert_true (
        callstats_client_send_custom_event (caller->client, caller->fabric, json, NULL));
    g_assert_true (callstats_client_send_fabric_event (
        caller->client, caller->fabric, "audioMute", NULL, NULL));
    g_assert_true (callstats_client_associate_mst_with_user_id (
        caller->client, caller->fabric, user, i + 1, NULL, NULL, NULL));
    g_assert_true (callstats_client_log (
        caller->client, NULL, CALLSTATS_LOG_LEVEL_INFO, json, 0, NULL));
    g_assert_true (callstats_client_set_identifiers (
        caller->client, caller->fabric, NULL, user, NULL));
    g_assert_false (
        callstats_client_send_fabric_event (caller->client, "nobody", "", NULL, NULL));
  }
  return NULL;
}

/* What a thread says is told in the order in which it said it. */
static void
assert_order (GPtrArray *records)
{
  guint next[N_THREADS] = { 0 };
  guint i;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = g_ptr_array_index (records, i);
    guint thread, n;

    if (g_strcmp0 (record->name, "customEvent") != 0)
      continue;
    g_assert_cmpint (
        sscanf (record->data, "{\"event\":{\"thread\":%u,\"n\":%u}}", &thread, &n), ==,
        2);
    g_assert_cmpuint (thread, <, N_THREADS);
    g_assert_cmpuint (n, ==, next[thread]);
    next[thread]++;
  }
  for (i = 0; i < N_THREADS; i++)
    g_assert_cmpuint (next[i], ==, N_CALLS);
}

static void
test_ten_threads_may_speak_at_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture, "bob", "c1");
  g_autoptr (GPtrArray) records = NULL;
  Caller callers[N_THREADS];
  GThread *threads[N_THREADS];
  guint i;

  for (i = 0; i < N_THREADS; i++) {
    callers[i] = (Caller){ fixture->client, fabric, i };
    threads[i] = g_thread_new ("caller", say_everything, &callers[i]);
  }
  for (i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  flush (fixture);
  records = fake_collector_get_records (fixture->collector);
  assert_order (records);
  g_assert_cmpuint (records->len, ==, 2 + 4 * N_THREADS * N_CALLS);
}

/* Logs */

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  GString *warnings = user_data;

  g_string_append_printf (warnings, "%s\n", error->message);
}

static void
test_a_long_log_is_cut_with_a_warning (Fixture *fixture, gconstpointer data)
{
  g_autofree char *filling = g_strnfill (CALLSTATS_MAX_APPLICATION_LOG - 1, 'x');
  g_autofree char *log = g_strconcat (filling, "éé", NULL);
  g_autoptr (GString) warnings = g_string_new (NULL);
  g_autoptr (CallstatsRecord) record = NULL;
  g_autofree char *expected = NULL;

  g_object_set (fixture->client, "conference-id", "c1", NULL);
  g_signal_connect (fixture->client, "warning", G_CALLBACK (on_warning), warnings);
  g_assert_true (callstats_client_log (fixture->client, NULL, CALLSTATS_LOG_LEVEL_WARN,
      log, CALLSTATS_LOG_TYPE_TEXT, NULL));
  flush (fixture);
  record = find_record (fixture, "applicationErrorLog");
  expected = g_strdup_printf ("\"%s\"", filling);
  g_assert_nonnull (strstr (record->data, expected));
  WAIT_UNTIL (warnings->len > 0);
  g_assert_nonnull (strstr (warnings->str, "20003 bytes was cut to 20000"));
  g_signal_handlers_disconnect_by_data (fixture->client, warnings);
}

/* Tokens */

typedef struct {
  FakeCollector *collector;
  GString *asked;      /* "new " and "another " */
  gboolean wrong_once; /* the first answer is of no use */
} TokenServer;

static void
on_need_token (CallstatsClient *client, gboolean force, gpointer user_data)
{
  TokenServer *server = user_data;
  g_autofree char *origin =
      g_strdup_printf ("ws://127.0.0.1:%u", fake_collector_get_port (server->collector));
  CallstatsTokenClaims claims = { FAKE_APP, "alice", origin,
    g_get_real_time () / G_USEC_PER_SEC };
  g_autofree char *token = callstats_token_sign (
      server->wrong_once && !force ? "wrong" : FAKE_SECRET, &claims, NULL);

  g_string_append (server->asked, force ? "another " : "new ");
  g_object_set (client, "token", token, NULL);
}

static void
test_a_token_is_asked_for (Fixture *fixture, gconstpointer wrong_once)
{
  TokenServer server = { fixture->collector, g_string_new (NULL), wrong_once != NULL };
  g_autofree char *fabric = NULL;

  g_object_set (fixture->client, "app-secret", NULL, NULL);
  g_signal_connect (fixture->client, "need-token", G_CALLBACK (on_need_token), &server);
  fabric = add_fabric (fixture, "bob", "c1");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "addNewFabric") == 1);
  g_assert_cmpstr (server.asked->str, ==, wrong_once != NULL ? "new another " : "new ");
  g_signal_handlers_disconnect_by_data (fixture->client, &server);
  g_string_free (server.asked, TRUE);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (bad_rows); i++) {
    g_autofree char *path = g_strconcat ("/vocabulary/bad/", bad_rows[i].name, NULL);

    g_test_add_data_func (path, &bad_rows[i], test_what_makes_no_sense_is_an_error);
  }
  for (i = 0; i < G_N_ELEMENTS (feedback_rows); i++) {
    g_autofree char *path =
        g_strconcat ("/vocabulary/bad-feedback/", feedback_rows[i].name, NULL);

    g_test_add_data_func (
        path, &feedback_rows[i], test_feedback_that_makes_no_sense_is_an_error);
  }
  g_test_add_func ("/vocabulary/feedback-without-a-backend-fails",
      test_feedback_without_a_backend_fails);
  g_test_add_func ("/vocabulary/identifiers-may-be-the-first-thing-told",
      test_identifiers_may_be_the_first_thing_told);
#define ADD(name, function, data) \
  g_test_add ("/vocabulary/" name, Fixture, data, set_up, function, tear_down)
  ADD ("flushing-waits-for-the-first-connection",
      test_flushing_waits_for_the_first_connection, NULL);
  ADD ("calls-before-a-fabric-wait-for-it-in-order",
      test_calls_before_a_fabric_wait_for_it_in_order, NULL);
  ADD ("late-identifiers-release-what-was-held",
      test_late_identifiers_release_what_was_held, NULL);
  ADD ("feedback-waits-for-the-ack", test_feedback_waits_for_the_ack, NULL);
  ADD ("feedback-to-no-conference-is-to-the-clients",
      test_feedback_to_no_conference_is_to_the_clients, NULL);
  ADD ("cancelling-ends-the-waiting-not-the-delivery",
      test_cancelling_ends_the_waiting_not_the_delivery, NULL);
  ADD ("an-end-is-an-end", test_an_end_is_an_end, NULL);
  ADD ("a-large-description-goes-without-its-keys",
      test_a_large_description_goes_without_its_keys, NULL);
  ADD ("a-burst-arrives-in-order", test_a_burst_arrives_in_order, NULL);
  ADD ("ten-threads-may-speak-at-once", test_ten_threads_may_speak_at_once, NULL);
  ADD ("a-long-log-is-cut-with-a-warning", test_a_long_log_is_cut_with_a_warning, NULL);
  ADD ("a-token-is-asked-for", test_a_token_is_asked_for, NULL);
  ADD ("a-refused-token-is-asked-for-again-with-force", test_a_token_is_asked_for,
      GUINT_TO_POINTER (TRUE));
  return g_test_run ();
}
