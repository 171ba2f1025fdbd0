/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tokens that end or are refused in mid-call, of all three kinds: by a secret, by a key,
 * and by the application.
 */
#include <callstats/callstats.h>
#include <string.h>

#include "callstats-monitor-private.h"
#include "callstats-token-private.h"
#include "fake-collector.h"
#include "key-files.h"
#include "waiting.h"

/* Timers of minutes: the first few end at once. */

#define RENEWALS 3
#define MINUTES_MS (5 * 60 * 1000)

static int n_hurried, shortest, longest; /* atomic */

GSource *__real_callstats_monitor_add_timeout (
    guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify);
GSource *__wrap_callstats_monitor_add_timeout (
    guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify);

GSource *
__wrap_callstats_monitor_add_timeout (
    guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify)
{
  guint wanted = interval_ms;

  if (wanted >= MINUTES_MS && g_atomic_int_add (&n_hurried, 1) < RENEWALS) {
    g_atomic_int_set (&shortest, MIN (g_atomic_int_get (&shortest), (int)wanted));
    g_atomic_int_set (&longest, MAX (g_atomic_int_get (&longest), (int)wanted));
    interval_ms = 20;
  }
  return __real_callstats_monitor_add_timeout (interval_ms, func, user_data, notify);
}

/* A client and what it tells */

typedef enum { BY_SECRET, BY_KEY, BY_APPLICATION } Kind;

typedef struct {
  FakeCollector *collector;
  CallstatsClient *client;
  KeyFiles *keys;
  GPtrArray *warnings;    /* GError */
  guint asked, forced;    /* need-token */
  char *(*answer) (void); /* what need-token is answered with; NULL: nothing */
  char *fabric;
} Fixture;

static char *
sign (const char *secret)
{
  CallstatsTokenClaims claims = { .app_id = FAKE_APP,
    .user_id = "alice",
    .audience = "ws://127.0.0.1",
    .now = g_get_real_time () / G_USEC_PER_SEC };

  return callstats_token_sign (secret, &claims, NULL);
}

static char *
good_token (void)
{
  return sign (FAKE_SECRET);
}

static char *
bad_token (void)
{
  return sign ("another secret");
}

static void
give_token (Fixture *fixture, char *(*make) (void))
{
  g_autofree char *token = make ();

  g_object_set (fixture->client, "token", token, NULL);
}

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, FAKE_SECRET));
  g_assert_null (strstr (error->message, "eyJ"));
  g_ptr_array_add (fixture->warnings, g_error_copy (error));
}

static void
on_need_token (CallstatsClient *client, gboolean force, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->asked += !force;
  fixture->forced += !!force;
  if (fixture->answer != NULL)
    give_token (fixture, fixture->answer);
}

static void
use_key (Fixture *fixture)
{
  const char *key = key_files_make_private (fixture->keys, "key", "P-256");
  g_autofree char *pem =
      key_files_read (key_files_make_public (fixture->keys, "key.pub", key));

  fake_collector_set_key (fixture->collector, pem);
  g_object_set (fixture->client, "app-key-file", key, NULL);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;

  g_test_log_set_fatal_handler (fake_collector_is_fatal, NULL);
  g_atomic_int_set (&n_hurried, RENEWALS);
  fixture->collector = fake_collector_new (0);
  fixture->keys = key_files_new ();
  fixture->warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free);
  url = fake_collector_get_url (fixture->collector);
  fixture->client = callstats_client_new (FAKE_APP, "alice");
  g_object_set (fixture->client, "conference-id", "c1", "backend-url", url, NULL);
  g_signal_connect (fixture->client, "warning", G_CALLBACK (on_warning), fixture);
  g_signal_connect (fixture->client, "need-token", G_CALLBACK (on_need_token), fixture);
  fixture->answer = good_token;
  if (GPOINTER_TO_INT (data) == BY_SECRET)
    g_object_set (fixture->client, "app-secret", FAKE_SECRET, NULL);
  else if (GPOINTER_TO_INT (data) == BY_KEY)
    use_key (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (fixture->client, fixture);
  g_clear_object (&fixture->client);
  fake_collector_free (fixture->collector);
  key_files_free (fixture->keys);
  g_ptr_array_unref (fixture->warnings);
  g_free (fixture->fabric);
}

static void
begin (Fixture *fixture)
{
  fixture->fabric = callstats_client_add_new_fabric (
      fixture->client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, NULL);
}

static void
send_event (Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;

  callstats_client_send_fabric_event (
      fixture->client, fixture->fabric, name, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
has_stored (Fixture *fixture, const char *name)
{
  guint n = fake_collector_count (fixture->collector, name);

  g_assert_cmpuint (n, <=, 1);
  return n == 1;
}

static gboolean
is_state (Fixture *fixture, const char *state)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (fixture->client);
  const char *now = NULL;

  g_variant_lookup (stats, "backend", "&s", &now);
  return g_strcmp0 (now, state) == 0;
}

/* Tests */

static void
test_a_token_is_renewed_at_90_percent (Fixture *fixture, gconstpointer data)
{
  gboolean is_given = GPOINTER_TO_INT (data) == BY_APPLICATION;

  g_atomic_int_set (&shortest, G_MAXINT);
  g_atomic_int_set (&longest, 0);
  g_atomic_int_set (&n_hurried, 0);
  begin (fixture);
  WAIT_UNTIL (fake_collector_n_tokens (fixture->collector) == RENEWALS);
  send_event (fixture, "audioMute");
  WAIT_UNTIL (has_stored (fixture, "audioMute"));

  /* Ten minutes in whole seconds, less what passed until the welcome. */
  g_assert_cmpint (g_atomic_int_get (&longest), <=, (CALLSTATS_TOKEN_LIFETIME + 1) * 900);
  g_assert_cmpint (
      g_atomic_int_get (&shortest), >, (CALLSTATS_TOKEN_LIFETIME - 60) * 900);
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 1);
  g_assert_cmpuint (fixture->asked, ==, is_given ? 1 + RENEWALS : 0);
  g_assert_cmpuint (fixture->forced, ==, 0);
  /* That there is no token at first is told. */
  g_assert_cmpuint (fixture->warnings->len, ==, is_given ? 1 : 0);
}

static void
test_a_revoked_token_is_replaced_in_mid_call (Fixture *fixture, gconstpointer data)
{
  gboolean is_given = GPOINTER_TO_INT (data) == BY_APPLICATION;

  if (is_given)
    give_token (fixture, good_token);
  begin (fixture);
  send_event (fixture, "audioMute");
  WAIT_UNTIL (has_stored (fixture, "audioMute"));
  fake_collector_revoke (fixture->collector);
  send_event (fixture, "videoPause");
  WAIT_UNTIL (fake_collector_n_hellos (fixture->collector) == 2);
  send_event (fixture, "audioUnmute");
  WAIT_UNTIL (has_stored (fixture, "audioUnmute"));
  g_assert_true (has_stored (fixture, "videoPause"));
  g_assert_true (has_stored (fixture, "audioMute"));

  /* The revoked one is not tried again. */
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 2);
  g_assert_cmpuint (fixture->asked, ==, 0);
  g_assert_cmpuint (fixture->forced, ==, is_given ? 1 : 0);
}

static void
test_records_wait_for_the_application (Fixture *fixture, gconstpointer data)
{
  fixture->answer = NULL;
  give_token (fixture, bad_token);
  begin (fixture);
  send_event (fixture, "audioMute");
  WAIT_UNTIL (fixture->warnings->len == 1);
  WAIT_UNTIL (fixture->forced == 1);
  send_event (fixture, "audioUnmute");
  callstats_client_flush (fixture->client, 5000);
  g_assert_true (is_state (fixture, "waiting"));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 1);

  give_token (fixture, good_token);
  WAIT_UNTIL (has_stored (fixture, "audioUnmute"));
  g_assert_true (has_stored (fixture, "audioMute"));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 2);
  g_assert_cmpuint (fixture->forced, ==, 1);
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
}

static void
test_bad_answers_have_an_end (Fixture *fixture, gconstpointer data)
{
  fixture->answer = bad_token;
  give_token (fixture, bad_token);
  begin (fixture);
  send_event (fixture, "audioMute");
  WAIT_UNTIL (fixture->warnings->len == 2);
  callstats_client_flush (fixture->client, 5000);
  g_assert_true (is_state (fixture, "stopped"));
  g_assert_error ((GError *)fixture->warnings->pdata[1], CALLSTATS_ERROR,
      CALLSTATS_ERROR_UNAUTHORIZED);
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 3);
  g_assert_cmpuint (fixture->forced, ==, 2);

  /* Nothing is lost by then. */
  give_token (fixture, good_token);
  WAIT_UNTIL (has_stored (fixture, "audioMute"));
}

/* The collector gets the new secret a little later than the client. */
static void
test_a_new_token_may_be_refused_twice (Fixture *fixture, gconstpointer data)
{
  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .refusals = 2, .forced_stored = -1 });
  begin (fixture);
  send_event (fixture, "audioMute");
  WAIT_UNTIL (has_stored (fixture, "audioMute"));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 3);
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
}

static void
test_a_third_refusal_is_for_good (Fixture *fixture, gconstpointer data)
{
  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .refusals = 3, .forced_stored = -1 });
  begin (fixture);
  WAIT_UNTIL (fixture->warnings->len == 1);
  callstats_client_flush (fixture->client, 5000);
  g_assert_true (is_state (fixture, "stopped"));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 3);
}

static void
test_a_secret_helps_where_a_token_was_refused (Fixture *fixture, gconstpointer data)
{
  give_token (fixture, bad_token);
  begin (fixture);
  send_event (fixture, "audioMute");
  WAIT_UNTIL (has_stored (fixture, "audioMute"));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 2);
  g_assert_cmpuint (fixture->asked + fixture->forced, ==, 0);
}

#define ADD(name, kind, test) \
  g_test_add ("/reauthentication/" name, Fixture, GINT_TO_POINTER (kind), set_up, test, \
      tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("a-token-is-renewed-at-90-percent/secret", BY_SECRET,
      test_a_token_is_renewed_at_90_percent);
  ADD ("a-token-is-renewed-at-90-percent/key", BY_KEY,
      test_a_token_is_renewed_at_90_percent);
  ADD ("a-token-is-renewed-at-90-percent/application", BY_APPLICATION,
      test_a_token_is_renewed_at_90_percent);
  ADD ("a-revoked-token-is-replaced-in-mid-call/secret", BY_SECRET,
      test_a_revoked_token_is_replaced_in_mid_call);
  ADD ("a-revoked-token-is-replaced-in-mid-call/key", BY_KEY,
      test_a_revoked_token_is_replaced_in_mid_call);
  ADD ("a-revoked-token-is-replaced-in-mid-call/application", BY_APPLICATION,
      test_a_revoked_token_is_replaced_in_mid_call);
  ADD ("records-wait-for-the-application", BY_APPLICATION,
      test_records_wait_for_the_application);
  ADD ("bad-answers-have-an-end", BY_APPLICATION, test_bad_answers_have_an_end);
  ADD ("a-new-token-may-be-refused-twice/secret", BY_SECRET,
      test_a_new_token_may_be_refused_twice);
  ADD ("a-new-token-may-be-refused-twice/key", BY_KEY,
      test_a_new_token_may_be_refused_twice);
  ADD ("a-third-refusal-is-for-good/secret", BY_SECRET, test_a_third_refusal_is_for_good);
  ADD ("a-secret-helps-where-a-token-was-refused", BY_SECRET,
      test_a_secret_helps_where_a_token_was_refused);
  return g_test_run ();
}
