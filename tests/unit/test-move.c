/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client that its backend asks to go elsewhere, between two collectors that behave as
 * they are told.
 */
#include <callstats/callstats.h>
#include <string.h>

#include "fake-collector.h"
#include "waiting.h"

typedef struct {
  FakeCollector *home, *away;
  CallstatsClient *client;
  char *fabric;
  GString *warnings; /* their texts, each on a line */
  guint n_warnings;
} Fixture;

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->warnings, "%s\n", error->message);
  fixture->n_warnings++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *home = NULL;
  g_autofree char *away = NULL;

  fixture->home = fake_collector_new (0);
  fixture->away = fake_collector_new (0);
  home = fake_collector_get_url (fixture->home);
  away = fake_collector_get_url (fixture->away);
  fixture->warnings = g_string_new (NULL);
  fixture->client = callstats_client_new (FAKE_APP, "alice");
  g_object_set (fixture->client, "app-secret", FAKE_SECRET, "conference-id", "c1",
      "backend-url", home, "allowed-backends", away, NULL);
  g_signal_connect (fixture->client, "warning", G_CALLBACK (on_warning), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (fixture->client, fixture);
  g_object_unref (fixture->client);
  fake_collector_free (fixture->home);
  fake_collector_free (fixture->away);
  g_string_free (fixture->warnings, TRUE);
  g_free (fixture->fabric);
}

static void
say (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  if (fixture->fabric == NULL)
    fixture->fabric = callstats_client_add_new_fabric (
        fixture->client, "bob", CALLSTATS_FABRIC_USAGE_AUDIO, NULL, NULL, &error);
  g_assert_no_error (error);
  callstats_client_send_fabric_event (
      fixture->client, fixture->fabric, "audioMute", NULL, &error);
  g_assert_no_error (error);
}

static guint
heard (FakeCollector *collector)
{
  return fake_collector_count (collector, "audioMute");
}

static void
flush (Fixture *fixture)
{
  g_assert_true (callstats_client_flush (fixture->client, DEADLINE_SECONDS * 1000));
}

static guint64
n_queued (Fixture *fixture)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (fixture->client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, "records-queued", "t", &value));
  return value;
}

static void
ask_to_move (FakeCollector *from, FakeCollector *to)
{
  g_autofree char *url = fake_collector_get_url (to);
  g_autofree char *move = g_strdup_printf ("{\"type\":\"move\",\"to\":\"%s\"}", url);

  fake_collector_send (from, move);
}

static void
test_it_leaves_when_all_is_acknowledged (Fixture *fixture, gconstpointer data)
{
  FakeBehaviour silent = { .no_acks = TRUE, .forced_stored = -1 };

  say (fixture);
  flush (fixture);
  fake_collector_behave (fixture->home, &silent);
  say (fixture);
  WAIT_UNTIL (heard (fixture->home) == 2);
  ask_to_move (fixture->home, fixture->away);
  /* At home, if it comes before the move. */
  say (fixture);
  g_assert_false (callstats_client_flush (fixture->client, 500));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->away), ==, 0);
  fake_collector_ack (fixture->home);
  WAIT_UNTIL (fake_collector_n_hellos (fixture->away) > 0);
  flush (fixture);
  say (fixture);
  flush (fixture);
  g_assert_cmpuint (heard (fixture->home) + heard (fixture->away), ==, 4);
  g_assert_cmpuint (heard (fixture->away), >, 0);
  g_assert_cmpuint (fixture->n_warnings, ==, 0);
  g_assert_cmpuint (fake_collector_n_hellos (fixture->home), ==, 1);
  /* The session was not known there. */
  g_assert_cmpuint (fake_collector_n_hellos (fixture->away), ==, 2);
}

static void
test_what_is_in_doubt_is_asked_for_first (Fixture *fixture, gconstpointer data)
{
  FakeBehaviour good = { .forced_stored = -1 };
  FakeBehaviour silent = { .no_acks = TRUE, .forced_stored = -1 };

  fake_collector_behave (fixture->home, &silent);
  say (fixture);
  say (fixture);
  WAIT_UNTIL (heard (fixture->home) == 2);
  ask_to_move (fixture->home, fixture->away);
  fake_collector_drop (fixture->home);
  fake_collector_behave (fixture->home, &good);
  say (fixture);
  /* Where it comes depends on whether the move was read before the connection broke. */
  WAIT_UNTIL (heard (fixture->home) + heard (fixture->away) >= 3);
  while (n_queued (fixture) > 0)
    callstats_client_flush (fixture->client, 50);
  g_assert_cmpuint (heard (fixture->home) + heard (fixture->away), ==, 3);
}

static void
test_who_is_refused_there_comes_back (Fixture *fixture, gconstpointer data)
{
  FakeBehaviour forbidding = { .refuse = 403, .forced_stored = -1 };

  fake_collector_behave (fixture->away, &forbidding);
  say (fixture);
  flush (fixture);
  ask_to_move (fixture->home, fixture->away);
  WAIT_UNTIL (fake_collector_n_hellos (fixture->home) == 2);
  say (fixture);
  flush (fixture);
  g_assert_cmpuint (heard (fixture->home), ==, 2);
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->away), ==, 1);
  WAIT_UNTIL (fixture->n_warnings == 1);
  g_assert_nonnull (strstr (fixture->warnings->str, "403"));
}

static void
test_who_is_not_let_in_there_comes_back (Fixture *fixture, gconstpointer data)
{
  FakeBehaviour full = { .refuse = 503, .forced_stored = -1 };

  fake_collector_behave (fixture->away, &full);
  say (fixture);
  flush (fixture);
  ask_to_move (fixture->home, fixture->away);
  WAIT_UNTIL (fake_collector_n_handshakes (fixture->home) == 2);
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->away), ==, 3);
  say (fixture);
  WAIT_UNTIL (heard (fixture->home) == 2);
}

/* Each sends it to the other, for ever. */
static void
test_moves_come_to_an_end (Fixture *fixture, gconstpointer data)
{
  FakeCollector *ends[] = { fixture->home, fixture->away };
  guint i;

  say (fixture);
  flush (fixture);
  for (i = 0; i < 5; i++) {
    FakeCollector *to = ends[(i + 1) % 2];
    guint before = fake_collector_n_hellos (to);

    ask_to_move (ends[i % 2], to);
    WAIT_UNTIL (fake_collector_n_hellos (to) > before);
    say (fixture);
    flush (fixture);
  }
  ask_to_move (fixture->away, fixture->home);
  WAIT_UNTIL (fixture->n_warnings == 1);
  g_assert_nonnull (strstr (fixture->warnings->str, "short order"));
  say (fixture);
  flush (fixture);
  g_assert_cmpuint (heard (fixture->home), ==, 3);
  g_assert_cmpuint (heard (fixture->away), ==, 4);
}

static void
test_what_is_not_allowed_is_told_once (Fixture *fixture, gconstpointer data)
{
  g_object_set (fixture->client, "allowed-backends", NULL, NULL);
  say (fixture);
  flush (fixture);
  ask_to_move (fixture->home, fixture->away);
  ask_to_move (fixture->home, fixture->away);
  fake_collector_send (fixture->home, "{\"type\":\"move\"}");
  fake_collector_send (fixture->home, "{\"type\":\"move\",\"to\":17}");
  WAIT_UNTIL (fixture->n_warnings == 1);
  say (fixture);
  flush (fixture);
  g_assert_cmpuint (heard (fixture->home), ==, 2);
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->away), ==, 0);
  g_assert_cmpuint (fixture->n_warnings, ==, 1);
  g_assert_nonnull (strstr (fixture->warnings->str, "allowed-backends"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, test) g_test_add ("/move/" path, Fixture, NULL, set_up, test, tear_down)
  ADD ("it-leaves-when-all-is-acknowledged", test_it_leaves_when_all_is_acknowledged);
  ADD ("what-is-in-doubt-is-asked-for-first", test_what_is_in_doubt_is_asked_for_first);
  ADD ("who-is-refused-there-comes-back", test_who_is_refused_there_comes_back);
  ADD ("who-is-not-let-in-there-comes-back", test_who_is_not_let_in_there_comes_back);
  ADD ("moves-come-to-an-end", test_moves_come_to_an_end);
  ADD ("what-is-not-allowed-is-told-once", test_what_is_not_allowed_is_told_once);
  return g_test_run ();
}
