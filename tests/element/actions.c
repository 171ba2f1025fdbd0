/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' verbs as action signals of callstatsmon: what is answered, and what is told.
 */
#include "call-fixture.h"

#include <callstats/callstats.h>
#include <string.h>

/* A webrtcbin that is never called, and what its monitor told. */
typedef struct {
  GstElement *pipeline, *mon, *webrtcbin;
  GMutex lock;
  GCond changed;
  GPtrArray *told; /* char: "name {data}" */
  char *fabric;
} Bench;

static void
on_fabric_added (GstElement *mon, const char *fabric, GstElement *webrtcbin, Bench *bench)
{
  g_mutex_lock (&bench->lock);
  g_free (bench->fabric);
  bench->fabric = g_strdup (fabric);
  g_cond_broadcast (&bench->changed);
  g_mutex_unlock (&bench->lock);
}

static void
on_fabric_event (GstElement *mon, const char *fabric, const char *name,
    const GstStructure *data, Bench *bench)
{
  g_autofree char *text = gst_structure_to_string (data);

  g_mutex_lock (&bench->lock);
  g_ptr_array_add (bench->told, g_strdup_printf ("%s %s", name, text));
  g_cond_broadcast (&bench->changed);
  g_mutex_unlock (&bench->lock);
}

static Bench *
bench_new (const char *properties)
{
  Bench *bench = g_new0 (Bench, 1);
  g_autofree char *description =
      g_strdup_printf ("webrtcbin name=peer callstatsmon name=mon %s", properties);
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  g_mutex_init (&bench->lock);
  g_cond_init (&bench->changed);
  bench->told = g_ptr_array_new_with_free_func (g_free);
  bench->pipeline = gst_parse_launch (description, NULL);
  bench->mon = gst_bin_get_by_name (GST_BIN (bench->pipeline), "mon");
  bench->webrtcbin = gst_bin_get_by_name (GST_BIN (bench->pipeline), "peer");
  g_signal_connect (bench->mon, "fabric-added", G_CALLBACK (on_fabric_added), bench);
  g_signal_connect (bench->mon, "fabric-event", G_CALLBACK (on_fabric_event), bench);
  gst_element_set_state (bench->pipeline, GST_STATE_PLAYING);
  g_mutex_lock (&bench->lock);
  while (bench->fabric == NULL)
    g_assert_true (g_cond_wait_until (&bench->changed, &bench->lock, deadline));
  g_mutex_unlock (&bench->lock);
  return bench;
}

static void
bench_free (Bench *bench)
{
  gst_element_set_state (bench->pipeline, GST_STATE_NULL);
  g_signal_handlers_disconnect_by_data (bench->mon, bench);
  gst_object_unref (bench->mon);
  gst_object_unref (bench->webrtcbin);
  gst_object_unref (bench->pipeline);
  g_ptr_array_unref (bench->told);
  g_free (bench->fabric);
  g_mutex_clear (&bench->lock);
  g_cond_clear (&bench->changed);
  g_free (bench);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

static gboolean
find_told (Bench *bench, const char *prefix, const char *containing)
{
  for (guint i = 0; i < bench->told->len; i++) {
    if (g_str_has_prefix (bench->told->pdata[i], prefix) &&
        strstr (bench->told->pdata[i], containing) != NULL)
      return TRUE;
  }
  return FALSE;
}

static void
wait_told (Bench *bench, const char *prefix, const char *containing)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  g_mutex_lock (&bench->lock);
  while (!find_told (bench, prefix, containing))
    g_assert_true (g_cond_wait_until (&bench->changed, &bench->lock, deadline));
  g_mutex_unlock (&bench->lock);
}

/* The answer's error, or NULL. */
static GError *
take_answer (GstPromise *promise, char **fabric)
{
  const GstStructure *reply;
  GError *error = NULL;

  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
  reply = gst_promise_get_reply (promise);
  if (reply != NULL && fabric != NULL)
    *fabric = g_strdup (gst_structure_get_string (reply, "fabric"));
  if (reply != NULL && gst_structure_has_field (reply, "error"))
    gst_structure_get (reply, "error", G_TYPE_ERROR, &error, NULL);
  gst_promise_unref (promise);
  return error;
}

static void
test_an_event_is_told_with_its_data (void)
{
  g_autoptr (Bench) bench = bench_new ("");
  g_autoptr (GstStructure) data =
      gst_structure_new ("data", "ssrc", G_TYPE_STRING, "1234", NULL);
  GstPromise *promise = gst_promise_new ();

  g_signal_emit_by_name (
      bench->mon, "send-fabric-event", bench->fabric, "audioMute", data, promise);
  g_assert_no_error (take_answer (promise, NULL));
  wait_told (bench, "audioMute ", "1234");
}

static void
test_an_event_without_a_fabric_is_of_all (void)
{
  g_autoptr (Bench) bench = bench_new ("");

  g_signal_emit_by_name (bench->mon, "send-fabric-event", NULL, "videoPause", NULL, NULL);
  wait_told (bench, "videoPause ", "");
}

static void
test_what_makes_no_sense_is_answered_with_an_error (void)
{
  g_autoptr (Bench) bench = bench_new ("");
  static const struct {
    gboolean known;
    const char *event;
    int code;
  } rows[] = {
    { TRUE, "noSuchEvent", CALLSTATS_ERROR_INVALID_ARGUMENT },
    { TRUE, "", CALLSTATS_ERROR_INVALID_ARGUMENT },
    { TRUE, NULL, CALLSTATS_ERROR_INVALID_ARGUMENT },
    { TRUE, "fabricSetup", CALLSTATS_ERROR_INVALID_ARGUMENT },
    { TRUE, "activeDeviceList", CALLSTATS_ERROR_INVALID_ARGUMENT },
    { FALSE, "audioMute", CALLSTATS_ERROR_NOT_FOUND },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GstPromise *promise = gst_promise_new ();
    g_autoptr (GError) error = NULL;

    g_signal_emit_by_name (bench->mon, "send-fabric-event",
        rows[i].known ? bench->fabric : "nobody", rows[i].event, NULL, promise);
    error = take_answer (promise, NULL);
    g_assert_error (error, CALLSTATS_ERROR, rows[i].code);
  }
}

static void
test_without_a_promise_an_error_is_a_warning (void)
{
  g_autoptr (Bench) bench = bench_new ("");
  g_autoptr (GstBus) bus = gst_element_get_bus (bench->pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_emit_by_name (
      bench->mon, "associate-mst-with-user-id", bench->fabric, "bob", 0u, "front", NULL);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  g_assert_nonnull (message);
  gst_message_parse_warning (message, &error, NULL);
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
}

static void
test_an_error_before_setup_is_a_failed_setup (void)
{
  g_autoptr (Bench) bench = bench_new ("");
  g_autoptr (GstStructure) details = gst_structure_new ("error", "name", G_TYPE_STRING,
      "InvalidAccessError", "message", G_TYPE_STRING, "no offer", NULL);
  GstPromise *promise = gst_promise_new ();

  g_signal_emit_by_name (
      bench->mon, "report-error", bench->fabric, "createOffer", details, promise);
  g_assert_no_error (take_answer (promise, NULL));
  wait_told (bench, "fabricSetupFailed ", "NegotiationFailure");
  wait_told (bench, "fabricSetupFailed ", "InvalidAccessError");
  wait_told (bench, "fabricSetupFailed ", "delay");
}

static void
test_a_watched_webrtcbin_keeps_its_fabric (void)
{
  g_autoptr (Bench) bench = bench_new ("");
  GstPromise *promise = gst_promise_new ();
  g_autofree char *fabric = NULL;

  g_signal_emit_by_name (bench->mon, "add-new-fabric", bench->webrtcbin, "bob",
      CALLSTATS_FABRIC_USAGE_MULTIPLEX, "standup", NULL, promise);
  g_assert_no_error (take_answer (promise, &fabric));
  g_assert_cmpstr (fabric, ==, bench->fabric);
}

static void
test_another_webrtcbin_becomes_a_fabric (void)
{
  g_autoptr (Bench) bench = bench_new ("");
  g_autoptr (GstElement) other =
      gst_object_ref_sink (gst_element_factory_make ("webrtcbin", "elsewhere"));
  GstPromise *promise = gst_promise_new ();
  g_autofree char *first = g_strdup (bench->fabric);
  g_autofree char *fabric = NULL;

  g_signal_emit_by_name (bench->mon, "add-new-fabric", other, "bob",
      CALLSTATS_FABRIC_USAGE_AUDIO, NULL, NULL, promise);
  g_assert_no_error (take_answer (promise, &fabric));
  g_assert_cmpstr (fabric, !=, first);
  wait_told (bench, "addNewFabric ", "audio");
}

static void
test_a_monitor_that_does_not_run_takes_no_fabric (void)
{
  g_autoptr (GstElement) mon =
      gst_object_ref_sink (gst_element_factory_make ("callstatsmon", NULL));
  g_autoptr (GstElement) webrtcbin =
      gst_object_ref_sink (gst_element_factory_make ("webrtcbin", NULL));
  GstPromise *promise = gst_promise_new ();
  g_autoptr (GError) error = NULL;

  g_signal_emit_by_name (mon, "add-new-fabric", webrtcbin, NULL,
      CALLSTATS_FABRIC_USAGE_AUTO, NULL, NULL, promise);
  error = take_answer (promise, NULL);
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TERMINATED);
}

static void
test_feedback_without_a_backend_is_answered_with_an_error (void)
{
  g_autoptr (Bench) bench = bench_new ("user-id=alice");
  g_autoptr (GstStructure) good =
      gst_structure_new ("feedback", "overall", G_TYPE_INT, 4, NULL);
  g_autoptr (GstStructure) bad =
      gst_structure_new ("feedback", "overall", G_TYPE_INT, 6, NULL);
  GstPromise *promise = gst_promise_new ();
  g_autoptr (GError) unreachable = NULL, invalid = NULL;

  g_signal_emit_by_name (bench->mon, "send-user-feedback", good, promise);
  unreachable = take_answer (promise, NULL);
  g_assert_error (unreachable, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE);

  promise = gst_promise_new ();
  g_signal_emit_by_name (bench->mon, "send-user-feedback", bad, promise);
  invalid = take_answer (promise, NULL);
  g_assert_error (invalid, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
}

static void
test_custom_events_are_json_objects (void)
{
  g_autoptr (Bench) bench = bench_new ("");
  GstPromise *promise = gst_promise_new ();
  g_autoptr (GError) error = NULL;

  g_signal_emit_by_name (
      bench->mon, "send-custom-event", bench->fabric, "{\"lift\":3}", promise);
  g_assert_no_error (take_answer (promise, NULL));
  wait_told (bench, "customEvent ", "lift");

  promise = gst_promise_new ();
  g_signal_emit_by_name (
      bench->mon, "send-custom-event", bench->fabric, "no json", promise);
  error = take_answer (promise, NULL);
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL);
}

/* Nobody listens on these; the process must survive them. */
static void
test_actions_outlive_the_call (void)
{
  Bench *bench = bench_new ("");
  g_autoptr (GstElement) mon = gst_object_ref (bench->mon);
  g_autofree char *fabric = g_strdup (bench->fabric);
  GstPromise *promise = gst_promise_new ();
  g_autoptr (GError) error = NULL;

  bench_free (bench);
  g_signal_emit_by_name (mon, "send-fabric-event", fabric, "audioMute", NULL, promise);
  error = take_answer (promise, NULL);
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define TEST(path, function) g_test_add_func ("/mon/actions/" path, function)
  TEST ("event-with-its-data", test_an_event_is_told_with_its_data);
  TEST ("event-without-a-fabric-is-of-all", test_an_event_without_a_fabric_is_of_all);
  TEST ("no-sense-is-an-error", test_what_makes_no_sense_is_answered_with_an_error);
  TEST ("no-promise-is-a-warning", test_without_a_promise_an_error_is_a_warning);
  TEST ("error-before-setup", test_an_error_before_setup_is_a_failed_setup);
  TEST ("watched-keeps-its-fabric", test_a_watched_webrtcbin_keeps_its_fabric);
  TEST ("another-becomes-a-fabric", test_another_webrtcbin_becomes_a_fabric);
  TEST ("not-running", test_a_monitor_that_does_not_run_takes_no_fabric);
  TEST ("feedback", test_feedback_without_a_backend_is_answered_with_an_error);
  TEST ("custom-event", test_custom_events_are_json_objects);
  TEST ("after-the-call", test_actions_outlive_the_call);
  return g_test_run ();
}
