/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callstatsmon promises: what it watches, what it tells, and that it goes quietly.
 */
#include "call-fixture.h"

#include <callstats/callstats.h>
#include <gio/gio.h>
#include <gst/webrtc/webrtc.h>
#include <string.h>

/* What a monitor told, collected on its thread. */
typedef struct {
  CallFixture *call;
  GstElement *mon;
  GMutex lock;
  GPtrArray *fabrics; /* char: ids, in the order of their coming */
  GPtrArray *events;  /* char: "fabric name" */
  GPtrArray *reports; /* char: JSON */
  GHashTable *delays; /* fabric → gdouble, the delay of its fabricSetup */
} Monitored;

static void
on_fabric_added (
    GstElement *mon, const char *fabric, GstElement *webrtcbin, Monitored *self)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->fabrics, g_strdup (fabric));
  g_mutex_unlock (&self->lock);
  call_fixture_wake (self->call);
}

static void
on_fabric_event (GstElement *mon, const char *fabric, const char *name,
    const GstStructure *data, Monitored *self)
{
  double *delay = g_new0 (double, 1);

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->events, g_strdup_printf ("%s %s", fabric, name));
  if (strcmp (name, "fabricSetup") == 0 &&
      gst_structure_get_double (data, "delay", delay))
    g_hash_table_insert (self->delays, g_strdup (fabric), g_steal_pointer (&delay));
  g_mutex_unlock (&self->lock);
  g_free (delay);
  call_fixture_wake (self->call);
}

static void
on_report (GstElement *mon, const char *fabric, const char *report, Monitored *self)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->reports, g_strdup (report));
  g_mutex_unlock (&self->lock);
  call_fixture_wake (self->call);
}

/* A monitor in the pipeline of the call; in its last state already. */
static Monitored *
monitored_new (CallFixture *call)
{
  Monitored *self = g_new0 (Monitored, 1);

  g_mutex_init (&self->lock);
  self->call = call;
  self->fabrics = g_ptr_array_new_with_free_func (g_free);
  self->events = g_ptr_array_new_with_free_func (g_free);
  self->reports = g_ptr_array_new_with_free_func (g_free);
  self->delays = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->mon = gst_object_ref (gst_element_factory_make ("callstatsmon", NULL));
  g_object_set (self->mon, "interval", 100, NULL);
  g_signal_connect (self->mon, "fabric-added", G_CALLBACK (on_fabric_added), self);
  g_signal_connect (self->mon, "fabric-event", G_CALLBACK (on_fabric_event), self);
  g_signal_connect (self->mon, "report", G_CALLBACK (on_report), self);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (call)), self->mon);
  return self;
}

/* After stop_call(): by then everything has been told. */
static void
monitored_free (Monitored *self)
{
  g_signal_handlers_disconnect_by_data (self->mon, self);
  gst_object_unref (self->mon);
  g_ptr_array_unref (self->fabrics);
  g_ptr_array_unref (self->events);
  g_ptr_array_unref (self->reports);
  g_hash_table_unref (self->delays);
  g_mutex_clear (&self->lock);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Monitored, monitored_free)

static guint
count_events (Monitored *self, const char *fabric, const char *name)
{
  guint n = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->events->len; i++) {
    const char *event = self->events->pdata[i];
    const char *space = strchr (event, ' ');

    if (strcmp (space + 1, name) == 0 &&
        (fabric == NULL || strncmp (event, fabric, space - event) == 0))
      n++;
  }
  g_mutex_unlock (&self->lock);
  return n;
}

static guint
count_reports (Monitored *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->reports->len;
  g_mutex_unlock (&self->lock);
  return n;
}

static guint
count_fabrics (Monitored *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->fabrics->len;
  g_mutex_unlock (&self->lock);
  return n;
}

typedef struct {
  Monitored *self;
  guint (*count) (Monitored *self);
  guint wanted;
} Count;

static gboolean
has_counted (CallFixture *call, gpointer data)
{
  Count *count = data;

  return count->count (count->self) >= count->wanted;
}

static void
wait_for (Monitored *self, const char *what, guint (*count) (Monitored *), guint wanted)
{
  Count wait = { self, count, wanted };

  call_fixture_wait (self->call, what, has_counted, &wait);
}

static guint
count_setups (Monitored *self)
{
  return count_events (self, NULL, "fabricSetup");
}

static gboolean
has_told_all_ends (CallFixture *call, gpointer data)
{
  Monitored *self = data;

  return count_events (self, NULL, "fabricTerminated") == count_fabrics (self);
}

/* A machine that is busy may tell the end after the change of state, whose wait for it is
 * bounded. */
static void
stop_call (Monitored *self)
{
  call_fixture_stop (self->call);
  call_fixture_wait (self->call, "the end of every fabric", has_told_all_ends, self);
}

static char *
last_report (Monitored *self, const char *containing)
{
  char *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = self->reports->len; found == NULL && i > 0; i--) {
    if (strstr (self->reports->pdata[i - 1], containing) != NULL)
      found = g_strdup (self->reports->pdata[i - 1]);
  }
  g_mutex_unlock (&self->lock);
  return found;
}

/* The life of a fabric */

static void
test_both_ends_are_told_from_beginning_to_end (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Monitored) monitored = monitored_new (call);

  call_fixture_play (call);
  call_fixture_wait_connected (call);
  wait_for (monitored, "two fabricSetup", count_setups, 2);
  wait_for (monitored, "six reports", count_reports, 6);
  stop_call (monitored);

  g_assert_cmpuint (count_fabrics (monitored), ==, 2);
  for (guint i = 0; i < 2; i++) {
    const char *fabric = monitored->fabrics->pdata[i];
    double *delay = g_hash_table_lookup (monitored->delays, fabric);

    g_assert_cmpuint (count_events (monitored, fabric, "addNewFabric"), ==, 1);
    g_assert_cmpuint (count_events (monitored, fabric, "fabricSetup"), ==, 1);
    g_assert_cmpuint (count_events (monitored, fabric, "fabricTerminated"), ==, 1);
    g_assert_cmpuint (count_events (monitored, fabric, "fabricStateChange"), >=, 5);
    g_assert_nonnull (delay);
    g_assert_cmpfloat (*delay, >=, 1);
    g_assert_cmpfloat (*delay, <=, 20000);
  }
}

static void
test_the_end_comes_last_and_after_a_last_report (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Monitored) monitored = NULL;
  guint before;

  call_fixture_add_audio (call, 0);
  monitored = monitored_new (call);
  /* No report comes by itself. */
  g_object_set (monitored->mon, "webrtcbin-name", "caller", "interval", 3600000, NULL);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  wait_for (monitored, "fabricSetup", count_setups, 1);
  before = count_reports (monitored);
  stop_call (monitored);

  g_assert_cmpuint (before, ==, 0);
  g_assert_cmpuint (count_reports (monitored), ==, 1);
  g_assert_true (g_str_has_suffix (
      monitored->events->pdata[monitored->events->len - 1], " fabricTerminated"));
}

static void
test_a_pipeline_that_starts_again_has_new_fabrics (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Monitored) monitored = NULL;

  call_fixture_add_audio (call, 0);
  monitored = monitored_new (call);
  for (guint i = 1; i <= 2; i++) {
    call_fixture_play (call);
    call_fixture_wait_connected (call);
    wait_for (monitored, "fabricSetup", count_setups, 2 * i);
    stop_call (monitored);
  }
  g_assert_cmpuint (count_fabrics (monitored), ==, 4);
  g_assert_cmpuint (count_events (monitored, NULL, "fabricTerminated"), ==, 4);
}

/* What is watched */

static void
test_only_the_named_webrtcbin_is_watched (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Monitored) monitored = NULL;

  call_fixture_add_audio (call, 0);
  monitored = monitored_new (call);
  g_object_set (monitored->mon, "webrtcbin-name", "callee", NULL);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  wait_for (monitored, "fabricSetup", count_setups, 1);
  stop_call (monitored);
  g_assert_cmpuint (count_fabrics (monitored), ==, 1);
}

static void
test_only_the_given_webrtcbin_is_watched (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Monitored) monitored = NULL;
  g_autoptr (GstElement) caller = NULL;

  call_fixture_add_audio (call, 0);
  monitored = monitored_new (call);
  call_fixture_set_state (call, GST_STATE_READY);
  caller = call_fixture_dup_webrtcbin (call, "caller");
  gst_element_set_state (monitored->mon, GST_STATE_NULL);
  g_object_set (monitored->mon, "webrtcbin", caller, NULL);
  wait_for (monitored, "both fabrics of the first start", count_fabrics, 2);
  gst_element_set_state (monitored->mon, GST_STATE_READY);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  wait_for (monitored, "fabricSetup", count_setups, 1);
  stop_call (monitored);
  g_assert_cmpuint (count_fabrics (monitored), ==, 3);
  g_assert_cmpuint (count_setups (monitored), ==, 1);
}

/* Its name is that of a webrtcbin in a bin in a bin that comes while the pipeline plays.
 */
static void
test_a_webrtcbin_that_comes_late_is_watched (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Monitored) monitored = NULL;
  GstElement *outer = gst_bin_new (NULL);
  GstElement *inner = gst_bin_new (NULL);
  GstElement *late = gst_element_factory_make ("webrtcbin", "late");

  call_fixture_add_audio (call, 0);
  monitored = monitored_new (call);
  g_object_set (monitored->mon, "webrtcbin-name", "late", NULL);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  g_assert_cmpuint (count_fabrics (monitored), ==, 0);

  gst_bin_add (GST_BIN (inner), late);
  gst_bin_add (GST_BIN (outer), inner);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (call)), outer);
  gst_element_sync_state_with_parent (outer);
  wait_for (monitored, "the late fabric", count_fabrics, 1);

  gst_object_ref (outer);
  gst_bin_remove (GST_BIN (call_fixture_get_pipeline (call)), outer);
  gst_element_set_state (outer, GST_STATE_NULL);
  gst_object_unref (outer);
  stop_call (monitored);
  g_assert_cmpuint (count_fabrics (monitored), ==, 1);
  g_assert_cmpuint (count_events (monitored, NULL, "fabricTerminated"), ==, 1);
}

/* On the bus */

typedef struct {
  guint events, stats;
  gboolean complete;
} Messages;

/* Everything that lies on the bus, looked at and thrown away. */
static Messages
read_bus (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  Messages messages = { .complete = TRUE };
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT)) != NULL) {
    const GstStructure *structure = gst_message_get_structure (message);
    gboolean stats = gst_structure_has_name (structure, "callstats-stats");

    if (stats || gst_structure_has_name (structure, "callstats-fabric-event")) {
      messages.stats += stats;
      messages.events += !stats;
      messages.complete =
          messages.complete &&
          gst_structure_has_field_typed (structure, "fabric", G_TYPE_STRING) &&
          gst_structure_has_field_typed (structure, "webrtcbin", GST_TYPE_ELEMENT) &&
          gst_structure_has_field_typed (structure, "time", G_TYPE_INT64) &&
          gst_structure_has_field_typed (
              structure, stats ? "report" : "data", G_TYPE_STRING);
    }
    gst_message_unref (message);
  }
  return messages;
}

/* A pipeline whose bus nobody reads. */
typedef struct {
  GstElement *pipeline;
  GMutex lock;
  GCond changed;
  guint reports;
} Unread;

static void
on_unread_report (GstElement *mon, const char *fabric, const char *report, gpointer data)
{
  Unread *unread = data;

  g_mutex_lock (&unread->lock);
  unread->reports++;
  g_cond_broadcast (&unread->changed);
  g_mutex_unlock (&unread->lock);
}

static void
unread_run (Unread *unread, const char *post_messages)
{
  g_autoptr (GstElement) mon = NULL;
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  g_mutex_init (&unread->lock);
  g_cond_init (&unread->changed);
  unread->reports = 0;
  unread->pipeline =
      gst_parse_launch ("webrtcbin name=only callstatsmon name=mon interval=20", NULL);
  mon = gst_bin_get_by_name (GST_BIN (unread->pipeline), "mon");
  gst_util_set_object_arg (G_OBJECT (mon), "post-messages", post_messages);
  g_signal_connect (mon, "report", G_CALLBACK (on_unread_report), unread);
  gst_element_set_state (unread->pipeline, GST_STATE_PLAYING);
  g_mutex_lock (&unread->lock);
  while (unread->reports < 6)
    g_assert_true (g_cond_wait_until (&unread->changed, &unread->lock, deadline));
  g_mutex_unlock (&unread->lock);
}

static void
unread_clear (Unread *unread)
{
  gst_element_set_state (unread->pipeline, GST_STATE_NULL);
  gst_object_unref (unread->pipeline);
  g_mutex_clear (&unread->lock);
  g_cond_clear (&unread->changed);
}

static void
test_an_unread_report_is_not_followed_by_another (void)
{
  Unread unread;
  Messages messages;

  unread_run (&unread, "events+stats");
  messages = read_bus (unread.pipeline);
  g_assert_cmpuint (messages.stats, ==, 1);
  g_assert_cmpuint (messages.events, ==, 1); /* addNewFabric */
  g_assert_true (messages.complete);
  unread_clear (&unread);
}

static void
test_messages_follow_post_messages (void)
{
  static const struct {
    const char *post_messages;
    guint events, stats;
  } rows[] = {
    { "none", 0, 0 }, { "events", 1, 0 }, { "stats", 0, 1 },
    { "auto", 1, 1 }, /* there is no backend */
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    Unread unread;
    Messages messages;

    unread_run (&unread, rows[i].post_messages);
    messages = read_bus (unread.pipeline);
    g_assert_cmpuint (messages.events, ==, rows[i].events);
    g_assert_cmpuint (messages.stats, ==, rows[i].stats);
    unread_clear (&unread);
  }
}

/* Reports */

/* Up to GStreamer 1.24 every stream of a bundle claims the kind of the last one. */
static void
test_every_stream_has_its_own_kind (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Monitored) monitored = monitored_new (call);
  g_autofree char *report = NULL;

  g_object_set (monitored->mon, "webrtcbin-name", "caller", NULL);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  call_fixture_wait_packets (call, 0, 5);
  call_fixture_wait_packets (call, 1, 5);
  wait_for (monitored, "another report", count_reports, count_reports (monitored) + 2);
  stop_call (monitored);

  report = last_report (monitored, "\"outbound-rtp\"");
  g_assert_nonnull (report);
  g_assert_nonnull (strstr (report, "\"kind\":\"audio\""));
  g_assert_nonnull (strstr (report, "\"kind\":\"video\""));
}

static void
test_addresses_are_told_as_collect_ip_says (void)
{
  static const struct {
    const char *collect_ip;
    const char *expected; /* NULL: no address */
  } rows[] = {
    { "full", "\"address\":\"127.0.0.1\"" },
    { "masked", "\"address\":\"127.0.0.0\"" },
    { "none", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (CallFixture) call = call_fixture_new ();
    g_autoptr (Monitored) monitored = NULL;
    g_autofree char *report = NULL;

    call_fixture_add_audio (call, 0);
    monitored = monitored_new (call);
    gst_util_set_object_arg (G_OBJECT (monitored->mon), "collect-ip", rows[i].collect_ip);
    call_fixture_play (call);
    call_fixture_wait_connected (call);
    stop_call (monitored); /* the last reports have the candidates */

    report = last_report (monitored, "\"local-candidate\"");
    g_assert_nonnull (report);
    if (i > 0)
      g_assert_null (strstr (report, "127.0.0.1"));
    if (rows[i].expected != NULL)
      g_assert_nonnull (strstr (report, rows[i].expected));
    else
      g_assert_null (strstr (report, "\"address\""));
  }
}

/* Configuration */

static void
test_the_environment_fills_in_and_a_property_wins (void)
{
  g_autoptr (GstElement) mon = NULL;
  g_autofree char *user = NULL, *conference = NULL;
  guint interval;

  g_setenv ("CALLSTATS_USER_ID", "from-environment", TRUE);
  g_setenv ("CALLSTATS_CONFERENCE_ID", "from-environment", TRUE);
  g_setenv ("CALLSTATS_INTERVAL", "250", TRUE);
  mon = gst_object_ref_sink (gst_element_factory_make ("callstatsmon", NULL));
  g_unsetenv ("CALLSTATS_USER_ID");
  g_unsetenv ("CALLSTATS_CONFERENCE_ID");
  g_unsetenv ("CALLSTATS_INTERVAL");
  g_object_set (mon, "user-id", "by-hand", NULL);

  g_object_get (
      mon, "user-id", &user, "conference-id", &conference, "interval", &interval, NULL);
  g_assert_cmpstr (user, ==, "by-hand");
  g_assert_cmpstr (conference, ==, "from-environment");
  g_assert_cmpuint (interval, ==, 250);
}

static void
test_a_bad_value_in_the_environment_is_a_warning (void)
{
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  guint interval;
  GstElement *mon;

  g_setenv ("CALLSTATS_INTERVAL", "9", TRUE);
  mon = gst_element_factory_make ("callstatsmon", NULL);
  g_unsetenv ("CALLSTATS_INTERVAL");
  gst_bin_add (GST_BIN (pipeline), mon);
  gst_element_set_state (pipeline, GST_STATE_READY);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  g_assert_nonnull (message);
  gst_message_parse_warning (message, &error, NULL);
  g_assert_nonnull (strstr (error->message, "CALLSTATS_INTERVAL"));
  g_object_get (mon, "interval", &interval, NULL);
  g_assert_cmpuint (interval, ==, 1000);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
test_secrets_cannot_be_read (void)
{
  g_autoptr (GstElement) mon =
      gst_object_ref_sink (gst_element_factory_make ("callstatsmon", NULL));
  GParamSpec *pspec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (mon), "app-secret");

  g_assert_true (pspec->flags & G_PARAM_WRITABLE);
  g_assert_false (pspec->flags & G_PARAM_READABLE);
}

/* Clients */

static GObject *
get_client (GstElement *pipeline, const char *name)
{
  g_autoptr (GstElement) mon = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GObject *client = NULL;

  g_object_get (mon, "client", &client, NULL);
  g_assert_nonnull (client);
  return client;
}

static void
test_monitors_share_a_client_unless_told_who_they_are (void)
{
  g_autoptr (GstElement) pipeline =
      gst_object_ref_sink (gst_parse_launch ("callstatsmon name=a callstatsmon name=b "
                                             "callstatsmon name=c user-id=carol "
                                             "callstatsmon name=d user-id=dave",
          NULL));
  g_autoptr (GObject) a = NULL, b = NULL, c = NULL, d = NULL;

  gst_element_set_state (pipeline, GST_STATE_READY);
  a = get_client (pipeline, "a");
  b = get_client (pipeline, "b");
  c = get_client (pipeline, "c");
  d = get_client (pipeline, "d");
  g_assert_true (a == b);
  g_assert_true (c != d);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
test_a_client_that_is_given_is_used (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Monitored) monitored = NULL;
  g_autoptr (GObject) client = NULL, used = NULL;
  g_autoptr (GVariant) stats = NULL;
  guint64 events = 0;

  call_fixture_add_audio (call, 0);
  monitored = monitored_new (call);
  client = g_object_new (CALLSTATS_TYPE_CLIENT, "user-id", "alice", NULL);
  g_object_set (monitored->mon, "client", client, NULL);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  stop_call (monitored);

  g_object_get (monitored->mon, "client", &used, NULL);
  g_assert_true (used == client);
  stats = callstats_client_get_stats (CALLSTATS_CLIENT (client));
  g_assert_true (g_variant_lookup (stats, "events", "t", &events));
  g_assert_cmpuint (events, ==, monitored->events->len);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define TEST(path, function) g_test_add_func ("/mon/" path, function)
  TEST ("life/both-ends-from-beginning-to-end",
      test_both_ends_are_told_from_beginning_to_end);
  TEST ("life/end-comes-last-after-a-last-report",
      test_the_end_comes_last_and_after_a_last_report);
  TEST ("life/new-fabrics-when-started-again",
      test_a_pipeline_that_starts_again_has_new_fabrics);
  TEST ("watched/only-the-named", test_only_the_named_webrtcbin_is_watched);
  TEST ("watched/only-the-given", test_only_the_given_webrtcbin_is_watched);
  TEST ("watched/one-that-comes-late", test_a_webrtcbin_that_comes_late_is_watched);
  TEST ("bus/unread-report-is-not-followed",
      test_an_unread_report_is_not_followed_by_another);
  TEST ("bus/post-messages", test_messages_follow_post_messages);
  TEST ("reports/every-stream-has-its-own-kind", test_every_stream_has_its_own_kind);
  TEST ("reports/collect-ip", test_addresses_are_told_as_collect_ip_says);
  TEST ("configuration/environment", test_the_environment_fills_in_and_a_property_wins);
  TEST (
      "configuration/bad-environment", test_a_bad_value_in_the_environment_is_a_warning);
  TEST ("configuration/secrets-cannot-be-read", test_secrets_cannot_be_read);
  TEST ("clients/shared-unless-told-who",
      test_monitors_share_a_client_unless_told_who_they_are);
  TEST ("clients/given-is-used", test_a_client_that_is_given_is_used);
  return g_test_run ();
}
