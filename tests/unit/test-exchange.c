/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many clients in one process: who shares a connection with whom, what each of them is
 * told and counts, and what becomes of the others when one of them goes.
 */
#include <callstats/callstats.h>
#include <string.h>

#include "callstats-json-private.h"
#include "callstats-token-private.h"
#include "fake-collector.h"
#include "waiting.h"

#define MANY 20

/* Clients and what they are told */

typedef struct {
  CallstatsClient *client;
  char *fabric;
  GString *told; /* csErrors and “?” for need-token, each with a space behind */
  guint n;       /* events sent */
} Person;

static void
on_initialized (CallstatsClient *client, const char *cs_error, const char *message,
    gpointer user_data)
{
  g_string_append_printf (((Person *)user_data)->told, "%s ", cs_error);
}

static void
on_need_token (CallstatsClient *client, gboolean force, gpointer user_data)
{
  g_string_append (((Person *)user_data)->told, "? ");
}

static Person *
person_new (FakeCollector *collector, const char *user, const char *secret)
{
  Person *person = g_new0 (Person, 1);
  g_autofree char *url = fake_collector_get_url (collector);

  person->told = g_string_new (NULL);
  person->client = callstats_client_new (FAKE_APP, user);
  g_object_set (person->client, "app-secret", secret, "conference-id", "c1",
      "backend-url", url, NULL);
  g_signal_connect (person->client, "initialized", G_CALLBACK (on_initialized), person);
  g_signal_connect (person->client, "need-token", G_CALLBACK (on_need_token), person);
  return person;
}

static Person *
alice (FakeCollector *collector)
{
  return person_new (collector, "alice", FAKE_SECRET);
}

static void
person_free (Person *person)
{
  g_signal_handlers_disconnect_by_data (person->client, person);
  g_object_unref (person->client);
  g_string_free (person->told, TRUE);
  g_free (person->fabric);
  g_free (person);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Person, person_free)

static void
call (Person *person)
{
  g_autoptr (GError) error = NULL;

  person->fabric = callstats_client_add_new_fabric (
      person->client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* An event with a number: of each fabric they count from 1. */
static void
say (Person *person)
{
  g_autoptr (GVariant) data = NULL;
  g_autoptr (GError) error = NULL;

  if (person->fabric == NULL)
    call (person);
  data =
      g_variant_ref_sink (g_variant_new_parsed ("{'said': <%u>}", (guint32)++person->n));
  callstats_client_send_fabric_event (
      person->client, person->fabric, "audioMute", data, &error);
  g_assert_no_error (error);
}

static guint64
get_stat (Person *person, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (person->client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
}

static gboolean
flush (Person *person)
{
  return callstats_client_flush (person->client, DEADLINE_SECONDS * 1000);
}

static gboolean
was_told (Person *person, const char *told)
{
  return strcmp (person->told->str, told) == 0;
}

/* What arrived */

/* How many numbered events of the fabric came; they are whole and in order. */
static guint
count_said (FakeCollector *collector, const char *fabric)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (collector);
  guint i, n = 0;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];
    g_autofree char *expected = NULL;

    if (g_strcmp0 (record->fabric, fabric) != 0 ||
        g_strcmp0 (record->name, "audioMute") != 0)
      continue;
    expected = g_strdup_printf ("{\"said\":%u}", ++n);
    g_assert_cmpstr (record->data, ==, expected);
  }
  return n;
}

static guint
count_threads (const char *name)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  guint n = 0;

  while ((task = g_dir_read_name (tasks)) != NULL) {
    g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
    g_autofree char *comm = NULL;

    if (g_file_get_contents (path, &comm, NULL, NULL))
      n += strcmp (g_strchomp (comm), name) == 0;
  }
  return n;
}

/* Tests */

static void
test_clients_of_one_user_share_a_connection (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  Person *people[MANY];
  guint64 acked = 0;
  guint i, j;

  for (i = 0; i < MANY; i++)
    people[i] = alice (collector);
  for (j = 0; j < 5; j++) {
    for (i = 0; i < MANY; i++)
      say (people[i]);
  }
  for (i = 0; i < MANY; i++) {
    g_assert_true (flush (people[i]));
    g_assert_cmpuint (get_stat (people[i], "records-queued"), ==, 0);
    g_assert_cmpuint (count_said (collector, people[i]->fabric), ==, 5);
    WAIT_UNTIL (was_told (people[i], "success "));
  }
  for (i = 0; i < MANY; i++) {
    /* userJoined, addNewFabric and what was said */
    g_assert_cmpuint (get_stat (people[i], "records-acked"), ==, 7);
    g_assert_cmpuint (get_stat (people[i], "records-sent"), ==, 7);
    g_assert_cmpuint (get_stat (people[i], "connects"), ==, 1);
    acked += get_stat (people[i], "records-acked");
  }
  g_assert_cmpuint (acked, ==, fake_collector_get_stored (collector));
  g_assert_cmpuint (fake_collector_n_handshakes (collector), ==, 1);
  g_assert_cmpuint (fake_collector_n_hellos (collector), ==, 1);
  g_assert_cmpuint (count_threads ("callstats"), ==, 1);
  for (i = 0; i < MANY; i++)
    person_free (people[i]);
}

static void
test_other_users_and_credentials_have_their_own (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autoptr (Person) one = alice (collector);
  g_autoptr (Person) other = person_new (collector, "carol", FAKE_SECRET);
  g_autoptr (Person) wrong = person_new (collector, "alice", "guessed");

  say (one);
  say (other);
  g_assert_true (flush (one));
  g_assert_true (flush (other));
  g_assert_cmpuint (fake_collector_n_hellos (collector), ==, 2);
  g_assert_cmpuint (count_said (collector, one->fabric), ==, 1);
  g_assert_cmpuint (count_said (collector, other->fabric), ==, 1);

  say (wrong);
  WAIT_UNTIL (was_told (wrong, "authError "));
  g_assert_cmpuint (count_said (collector, wrong->fabric), ==, 0);
  g_assert_cmpuint (fake_collector_n_hellos (collector), ==, 2);
  WAIT_UNTIL (was_told (one, "success "));
}

static void
test_who_joins_later_is_told_how_things_are (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  FakeBehaviour refusing = { .refuse = 503, .forced_stored = -1 };
  FakeBehaviour good = { .forced_stored = -1 };
  g_autoptr (Person) one = alice (collector);
  g_autoptr (Person) second = alice (collector);
  g_autoptr (Person) third = alice (collector);

  callstats_client_initialize (one->client);
  WAIT_UNTIL (was_told (one, "success "));
  callstats_client_initialize (second->client);
  WAIT_UNTIL (was_told (second, "success "));
  g_assert_cmpuint (fake_collector_n_handshakes (collector), ==, 1);

  fake_collector_behave (collector, &refusing);
  fake_collector_drop (collector);
  WAIT_UNTIL (
      was_told (one, "success httpError ") && was_told (second, "success httpError "));
  callstats_client_initialize (third->client);
  WAIT_UNTIL (third->told->len > 0);
  fake_collector_behave (collector, &good);
  WAIT_UNTIL (was_told (one, "success httpError success "));
  WAIT_UNTIL (was_told (second, "success httpError success "));
  WAIT_UNTIL (g_str_has_suffix (third->told->str, "success "));
}

static void
test_who_goes_leaves_nothing_behind_unsent (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  FakeBehaviour refusing = { .refuse = 503, .forced_stored = -1 };
  FakeBehaviour good = { .forced_stored = -1 };
  g_autoptr (Person) stays = alice (collector);
  Person *goes = alice (collector);
  g_autofree char *fabric = NULL;

  fake_collector_behave (collector, &refusing);
  say (stays);
  say (goes);
  say (goes);
  say (stays);
  WAIT_UNTIL (fake_collector_n_handshakes (collector) > 0);
  fabric = g_strdup (goes->fabric);
  person_free (goes);
  fake_collector_behave (collector, &good);
  WAIT_UNTIL (count_said (collector, stays->fabric) == 2);
  g_assert_cmpuint (count_said (collector, fabric), ==, 2);
  g_assert_true (flush (stays));
  /* What it left is counted by the oldest. */
  g_assert_cmpuint (get_stat (stays, "records-acked"), ==, 8);
}

static void
test_a_flush_waits_for_its_own_records (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  FakeBehaviour silent = { .no_acks = TRUE, .forced_stored = -1 };
  g_autoptr (Person) done = alice (collector);
  g_autoptr (Person) waits = alice (collector);

  say (done);
  say (waits);
  g_assert_true (flush (done));
  g_assert_true (flush (waits));
  fake_collector_behave (collector, &silent);
  say (waits);
  WAIT_UNTIL (count_said (collector, waits->fabric) == 2);
  g_assert_true (flush (done));
  g_assert_false (callstats_client_flush (waits->client, 300));
  g_assert_cmpuint (get_stat (waits, "records-queued"), ==, 1);
  g_assert_cmpuint (get_stat (done, "records-queued"), ==, 0);
  fake_collector_ack (collector);
  g_assert_true (flush (waits));
}

static void
test_one_right_secret_is_enough (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autoptr (Person) one = person_new (collector, "alice", "guessed");
  g_autoptr (Person) other = person_new (collector, "alice", "guessed");

  say (one);
  say (other);
  WAIT_UNTIL (was_told (one, "authError ") && was_told (other, "authError "));
  g_object_set (other->client, "app-secret", FAKE_SECRET, NULL);
  WAIT_UNTIL (
      was_told (one, "authError success ") && was_told (other, "authError success "));
  g_assert_true (flush (one));
  g_assert_cmpuint (count_said (collector, one->fabric), ==, 1);
  g_assert_cmpuint (count_said (collector, other->fabric), ==, 1);

  /* A wrong one does no harm while another is right. */
  g_object_set (one->client, "app-secret", "guessed again", NULL);
  fake_collector_drop (collector);
  say (one);
  WAIT_UNTIL (count_said (collector, one->fabric) == 2);
  g_assert_cmpuint (fake_collector_n_hellos (collector), ==, 2);
}

static char *
make_token (void)
{
  CallstatsTokenClaims claims = { .app_id = FAKE_APP,
    .user_id = "alice",
    .audience = "ws://127.0.0.1",
    .now = g_get_real_time () / G_USEC_PER_SEC };
  g_autoptr (GError) error = NULL;
  char *token = callstats_token_sign (FAKE_SECRET, &claims, &error);

  g_assert_no_error (error);
  return token;
}

static void
test_members_are_asked_for_a_token_in_turn (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autofree char *token = make_token ();
  Person *first = person_new (collector, "alice", NULL);
  g_autoptr (Person) second = person_new (collector, "alice", NULL);
  g_autoptr (Person) third = person_new (collector, "alice", NULL);

  say (first);
  WAIT_UNTIL (strstr (first->told->str, "?") != NULL);
  say (second);
  say (third);
  WAIT_UNTIL (was_told (third, "tokenGenerationError "));
  g_assert_null (strstr (second->told->str, "?"));
  /* It goes instead of answering, and the next is asked. */
  person_free (first);
  WAIT_UNTIL (strstr (second->told->str, "?") != NULL);
  g_object_set (second->client, "token", token, NULL);
  WAIT_UNTIL (g_str_has_suffix (third->told->str, "success "));
  g_assert_null (strstr (third->told->str, "?"));
  g_assert_true (flush (third));
  g_assert_cmpuint (count_said (collector, third->fabric), ==, 1);
  g_assert_cmpuint (fake_collector_n_handshakes (collector), ==, 1);
}

static void
test_another_user_id_is_another_connection (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  FakeBehaviour refusing = { .refuse = 503, .forced_stored = -1 };
  FakeBehaviour good = { .forced_stored = -1 };
  g_autoptr (Person) one = alice (collector);
  g_autoptr (Person) other = alice (collector);

  say (one);
  say (other);
  g_assert_true (flush (one));
  fake_collector_behave (collector, &refusing);
  fake_collector_drop (collector);
  WAIT_UNTIL (fake_collector_n_handshakes (collector) > 1);
  say (one);
  g_object_set (one->client, "user-id", "carol", NULL);
  g_object_set (other->client, "user-id", "carol", NULL);
  /* What was said before goes where it was meant to go, though nobody is left there. */
  fake_collector_behave (collector, &good);
  WAIT_UNTIL (count_said (collector, one->fabric) == 2);
  say (one);
  say (other);
  g_assert_true (flush (one));
  g_assert_true (flush (other));
  g_assert_cmpuint (count_said (collector, one->fabric), ==, 3);
  g_assert_cmpuint (count_said (collector, other->fabric), ==, 2);
  g_assert_cmpuint (fake_collector_n_hellos (collector), ==, 3);
}

static void
test_the_largest_bound_holds (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  FakeBehaviour silent = { .mute = TRUE, .forced_stored = -1 };
  g_autoptr (Person) small = alice (collector);
  Person *large = alice (collector);
  guint i;

  fake_collector_behave (collector, &silent);
  g_object_set (small->client, "memory-max-bytes", (guint64)65536, NULL);
  g_object_set (large->client, "memory-max-bytes", (guint64)1024 * 1024, NULL);
  callstats_client_initialize (large->client);
  for (i = 0; i < 1000; i++)
    say (small);
  WAIT_UNTIL (fake_collector_n_hellos (collector) == 1);
  callstats_client_flush (small->client, 0);
  while (get_stat (small, "events") < 1001)
    g_usleep (1000);
  g_assert_cmpuint (get_stat (small, "records-dropped"), ==, 0);
  g_assert_cmpuint (get_stat (small, "bytes-queued"), >, 65536);
  person_free (large);
  say (small);
  WAIT_UNTIL ((callstats_client_flush (small->client, 20),
      get_stat (small, "bytes-queued") <= 65536));
  g_assert_cmpuint (get_stat (small, "records-dropped"), >, 0);
}

/* Random comings and goings */

typedef struct {
  char *fabric;
  guint n;
} Expectation;

static void
expectation_clear (gpointer data)
{
  g_free (((Expectation *)data)->fabric);
}

static void
expect (GArray *expectations, Person *person)
{
  Expectation expectation = { .fabric = g_strdup (person->fabric), .n = person->n };

  if (person->fabric != NULL)
    g_array_append_val (expectations, expectation);
}

/* Somebody of each user stays to the end, so that all that was said is sent. */
static void
step (FakeCollector *collector, Person **people, guint n_people, GArray *expectations)
{
  guint i = (guint)g_test_rand_int_range (0, (int)n_people);
  int what = g_test_rand_int_range (0, 100);

  if (people[i] == NULL) {
    people[i] = person_new (collector, i % 2 == 0 ? "alice" : "carol", FAKE_SECRET);
  } else if (what < 70 || i < 2) {
    say (people[i]);
  } else if (what < 90) {
    expect (expectations, people[i]);
    g_clear_pointer (&people[i], person_free);
  } else if (what < 93) {
    fake_collector_drop (collector);
  } else {
    callstats_client_initialize (people[i]->client);
  }
  while (what % 4 == 0 && g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_nothing_is_lost_where_clients_come_and_go (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autoptr (GArray) expectations = g_array_new (FALSE, FALSE, sizeof (Expectation));
  Person *people[12] = { NULL };
  guint n = g_getenv ("CALLSTATS_LONG") != NULL ? 100000 : 1500;
  guint i;

  g_array_set_clear_func (expectations, expectation_clear);
  people[0] = person_new (collector, "alice", FAKE_SECRET);
  people[1] = person_new (collector, "carol", FAKE_SECRET);
  for (i = 0; i < n; i++)
    step (collector, people, G_N_ELEMENTS (people), expectations);
  for (i = G_N_ELEMENTS (people); i > 0; i--) {
    if (people[i - 1] == NULL)
      continue;
    say (people[i - 1]);
    WAIT_UNTIL (flush (people[i - 1]) && get_stat (people[i - 1], "records-queued") == 0);
    expect (expectations, people[i - 1]);
    if (i - 1 >= 2)
      person_free (people[i - 1]);
  }
  person_free (people[0]);
  person_free (people[1]);
  for (i = 0; i < expectations->len; i++) {
    Expectation *expectation = &g_array_index (expectations, Expectation, i);

    g_assert_cmpuint (count_said (collector, expectation->fabric), ==, expectation->n);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, test) g_test_add_func ("/exchange/" path, test)
  ADD ("clients-of-one-user-share-a-connection",
      test_clients_of_one_user_share_a_connection);
  ADD ("other-users-and-credentials-have-their-own",
      test_other_users_and_credentials_have_their_own);
  ADD ("who-joins-later-is-told-how-things-are",
      test_who_joins_later_is_told_how_things_are);
  ADD ("who-goes-leaves-nothing-behind-unsent",
      test_who_goes_leaves_nothing_behind_unsent);
  ADD ("a-flush-waits-for-its-own-records", test_a_flush_waits_for_its_own_records);
  ADD ("one-right-secret-is-enough", test_one_right_secret_is_enough);
  ADD ("members-are-asked-for-a-token-in-turn",
      test_members_are_asked_for_a_token_in_turn);
  ADD ("another-user-id-is-another-connection",
      test_another_user_id_is_another_connection);
  ADD ("the-largest-bound-holds", test_the_largest_bound_holds);
  ADD ("nothing-is-lost-where-clients-come-and-go",
      test_nothing_is_lost_where_clients_come_and_go);
  return g_test_run ();
}
