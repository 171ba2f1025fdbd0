/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The waits between tries, by many draws and a clock that is only a number.
 */
#include "callstats-backoff-private.h"

#define DRAWS 20000
#define SECOND G_USEC_PER_SEC
#define START (1000 * SECOND)

/* Ends a try that took no time. Returns: the wait. */
static guint
fail_at_once (CallstatsBackoff *backoff, gint64 now, double chance)
{
  callstats_backoff_note_try (backoff, now);
  callstats_backoff_note_end (backoff, now, 0);
  return callstats_backoff_wait (backoff, now, chance);
}

static void
fail_often (CallstatsBackoff *backoff, guint times)
{
  guint i;

  for (i = 0; i < times; i++)
    fail_at_once (backoff, START, 0);
}

static void
test_the_ceiling_doubles_up_to_the_last (void)
{
  static const guint ceilings[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000,
    30000 };
  CallstatsBackoff backoff = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ceilings); i++)
    g_assert_cmpuint (fail_at_once (&backoff, START, 1), ==, ceilings[i]);
}

/* Each quarter between the bounds gets a quarter of the draws. */
static void
test_waits_are_spread_evenly (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  guint failures;

  for (failures = 1; failures < 9; failures++) {
    CallstatsBackoff backoff = { 0 };
    guint quarters[4] = { 0 };
    guint most;
    guint i;

    fail_often (&backoff, failures);
    most = callstats_backoff_wait (&backoff, START, 1);
    for (i = 0; i < DRAWS; i++) {
      guint wait = callstats_backoff_wait (&backoff, START, g_rand_double (random));

      g_assert_cmpuint (wait, >=, 100);
      g_assert_cmpuint (wait, <=, most);
      quarters[MIN (4 * (wait - 100) / (most - 100), 3)]++;
    }
    for (i = 0; i < 4; i++)
      g_assert_cmpfloat_with_epsilon (quarters[i] / (double)DRAWS, 0.25, 0.02);
  }
}

static void
test_a_stable_connection_resets_and_a_short_one_does_not (void)
{
  CallstatsBackoff backoff = { 0 };

  fail_often (&backoff, 6);
  callstats_backoff_note_try (&backoff, START);
  callstats_backoff_note_success (&backoff, START);
  g_assert_false (callstats_backoff_note_end (&backoff, START + 60 * SECOND, 0));
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START + 60 * SECOND, 1), ==, 30000);

  callstats_backoff_note_try (&backoff, START);
  callstats_backoff_note_success (&backoff, START);
  g_assert_true (callstats_backoff_note_end (&backoff, START + 61 * SECOND, 0));
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START + 61 * SECOND, 1), ==, 500);
  /* The next failure is of a try, which says nothing about that connection. */
  callstats_backoff_note_try (&backoff, START + 200 * SECOND);
  g_assert_false (callstats_backoff_note_end (&backoff, START + 200 * SECOND, 0));
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START + 200 * SECOND, 1), ==, 1000);
}

/* A connection that is left for another session's, and not because it failed. */
static void
test_a_stable_connection_resets_when_the_next_try_ends_it (void)
{
  CallstatsBackoff backoff = { 0 };

  fail_often (&backoff, 6);
  callstats_backoff_note_success (&backoff, START);
  g_assert_cmpuint (fail_at_once (&backoff, START + 90 * SECOND, 1), ==, 500);
}

/* Whenever the other end comes back, it is tried within 30 s. */
static void
test_tries_begin_at_most_the_last_ceiling_apart (void)
{
  guint taken;

  for (taken = 0; taken <= 40; taken++) {
    CallstatsBackoff backoff = { 0 };
    gint64 end = START + taken * SECOND;
    guint wait;

    fail_often (&backoff, 10);
    callstats_backoff_note_try (&backoff, START);
    callstats_backoff_note_end (&backoff, end, 0);
    wait = callstats_backoff_wait (&backoff, end, 1);
    g_assert_cmpuint (wait, ==, taken < 30 ? (30 - taken) * 1000 : 100);
  }
}

/* How long a connection lasted shortens no wait. */
static void
test_connections_are_no_tries (void)
{
  CallstatsBackoff backoff = { 0 };

  fail_often (&backoff, 10);
  callstats_backoff_note_try (&backoff, START);
  callstats_backoff_note_success (&backoff, START + SECOND);
  callstats_backoff_note_end (&backoff, START + 20 * SECOND, 0);
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START + 20 * SECOND, 1), ==, 30000);
}

static void
test_what_the_backend_asks_for_holds (void)
{
  CallstatsBackoff backoff = { 0 };

  callstats_backoff_note_try (&backoff, START);
  callstats_backoff_note_end (&backoff, START, 90000);
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START, 0), ==, 90100);
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START, 1), ==, 90500);
  g_assert_true (callstats_backoff_note_change (&backoff, START + 30 * SECOND));
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START + 30 * SECOND, 0), ==, 60100);
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START + 95 * SECOND, 0), ==, 100);
  /* It holds for one wait only. */
  g_assert_cmpuint (fail_at_once (&backoff, START + 95 * SECOND, 1), ==, 500);
}

static void
test_a_change_of_the_network_resets (void)
{
  CallstatsBackoff backoff = { 0 };

  fail_often (&backoff, 10);
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START, 1), ==, 30000);
  g_assert_true (callstats_backoff_note_change (&backoff, START));
  g_assert_cmpuint (callstats_backoff_wait (&backoff, START, 1), ==, 500);
}

/* A router's routes change all the time: the backend is not to feel that. */
static void
test_a_network_that_always_changes_is_not_followed (void)
{
  CallstatsBackoff backoff = { 0 };
  guint followed = 0;
  guint i;

  for (i = 0; i < 10 * 60 * 5; i++) /* ten minutes, one every 0.2 s */
    followed += callstats_backoff_note_change (&backoff, START + i * SECOND / 5);
  g_assert_cmpuint (followed, >=, 60);
  g_assert_cmpuint (followed, <=, 65);

  for (i = 0; i < CALLSTATS_BACKOFF_CHANGES; i++)
    g_assert_true (callstats_backoff_note_change (&backoff, START + 1000 * SECOND + i));
  g_assert_false (callstats_backoff_note_change (&backoff, START + 1000 * SECOND + i));
  g_assert_true (callstats_backoff_note_change (&backoff, START + 1011 * SECOND));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/backoff/" name, function)
  ADD ("the-ceiling-doubles-up-to-the-last", test_the_ceiling_doubles_up_to_the_last);
  ADD ("waits-are-spread-evenly", test_waits_are_spread_evenly);
  ADD ("a-stable-connection-resets-and-a-short-one-does-not",
      test_a_stable_connection_resets_and_a_short_one_does_not);
  ADD ("a-stable-connection-resets-when-the-next-try-ends-it",
      test_a_stable_connection_resets_when_the_next_try_ends_it);
  ADD ("tries-begin-at-most-the-last-ceiling-apart",
      test_tries_begin_at_most_the_last_ceiling_apart);
  ADD ("connections-are-no-tries", test_connections_are_no_tries);
  ADD ("what-the-backend-asks-for-holds", test_what_the_backend_asks_for_holds);
  ADD ("a-change-of-the-network-resets", test_a_change_of_the_network_resets);
  ADD ("a-network-that-always-changes-is-not-followed",
      test_a_network_that_always_changes_is_not_followed);
#undef ADD
  return g_test_run ();
}
