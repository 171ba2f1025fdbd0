/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sessions of the page, and how often an address may fail.
 */
#include "attempts.h"
#include "sessions.h"

#include <string.h>

#define SECOND ((gint64)G_USEC_PER_SEC)

static const guint8 one[READ_TOKEN_HASH_BYTES] = { 1 };
static const guint8 two[READ_TOKEN_HASH_BYTES] = { 2 };

static void
test_a_session_is_of_its_token (void)
{
  g_autoptr (Sessions) sessions = sessions_new ();
  g_autofree char *first = sessions_add (sessions, one, 0);
  g_autofree char *second = sessions_add (sessions, two, 0);

  g_assert_cmpstr (first, !=, second);
  g_assert_cmpmem (sessions_find (sessions, first, 1), sizeof one, one, sizeof one);
  g_assert_cmpmem (sessions_find (sessions, second, 1), sizeof two, two, sizeof two);
  g_assert_null (sessions_find (sessions, "", 1));
  sessions_remove (sessions, "nobody");
  sessions_remove (sessions, first);
  g_assert_null (sessions_find (sessions, first, 1));
  g_assert_nonnull (sessions_find (sessions, second, 1));
}

static void
test_a_session_ends (void)
{
  g_autoptr (Sessions) sessions = sessions_new ();
  gint64 start = 5 * SECOND;
  gint64 end = start + SESSION_SECONDS * SECOND;
  g_autofree char *id = sessions_add (sessions, one, start);

  g_assert_nonnull (sessions_find (sessions, id, end - 1));
  g_assert_null (sessions_find (sessions, id, end));
}

static void
test_sessions_are_bounded (void)
{
  g_autoptr (Sessions) sessions = sessions_new ();
  g_autofree char *first = sessions_add (sessions, one, 0);
  g_autofree char *second = sessions_add (sessions, one, 1);

  for (guint i = 0; i < MAX_SESSIONS - 1; i++)
    g_free (sessions_add (sessions, two, 2));
  g_assert_null (sessions_find (sessions, first, 3));
  g_assert_nonnull (sessions_find (sessions, second, 3));
}

static void
fail_until_limited (Attempts *attempts, const char *address, gint64 now)
{
  for (guint i = 0; i < ATTEMPTS_AT_ONCE; i++) {
    g_assert_cmpuint (attempts_check (attempts, address, now), ==, 0);
    attempts_note (attempts, address, now);
  }
}

static void
test_an_address_may_fail_so_often (void)
{
  g_autoptr (Attempts) attempts = attempts_new ();
  gint64 now = 100 * SECOND;

  fail_until_limited (attempts, "192.0.2.1", now);
  g_assert_cmpuint (attempts_check (attempts, "192.0.2.1", now), ==, ATTEMPT_SECONDS);
  g_assert_cmpuint (attempts_check (attempts, "192.0.2.1", now + 1), ==, ATTEMPT_SECONDS);
  g_assert_cmpuint (attempts_check (attempts, "192.0.2.2", now), ==, 0);
  now += ATTEMPT_SECONDS * SECOND;
  g_assert_cmpuint (attempts_check (attempts, "192.0.2.1", now), ==, 0);
  attempts_note (attempts, "192.0.2.1", now);
  g_assert_cmpuint (attempts_check (attempts, "192.0.2.1", now), ==, ATTEMPT_SECONDS);
}

static void
test_all_is_forgiven_in_time (void)
{
  g_autoptr (Attempts) attempts = attempts_new ();

  fail_until_limited (attempts, "192.0.2.1", 0);
  fail_until_limited (attempts, "192.0.2.1", ATTEMPTS_AT_ONCE * ATTEMPT_SECONDS * SECOND);
}

static void
test_addresses_of_one_network_are_one (void)
{
  g_autoptr (Attempts) attempts = attempts_new ();

  fail_until_limited (attempts, "2001:db8::1", 0);
  g_assert_cmpuint (attempts_check (attempts, "2001:db8::ffff:1", 0), >, 0);
  g_assert_cmpuint (attempts_check (attempts, "2001:db8:0:1::1", 0), ==, 0);
}

static void
test_many_addresses_do_not_shut_others_out (void)
{
  g_autoptr (Attempts) attempts = attempts_new ();

  for (guint i = 0; i < 10000; i++) {
    g_autofree char *address = g_strdup_printf ("10.%u.%u.1", i / 250, i % 250);

    attempts_note (attempts, address, 0);
  }
  fail_until_limited (attempts, "192.0.2.1", 0);
  g_assert_cmpuint (attempts_check (attempts, "192.0.2.1", 0), >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sessions/of-its-token", test_a_session_is_of_its_token);
  g_test_add_func ("/sessions/end", test_a_session_ends);
  g_test_add_func ("/sessions/bounded", test_sessions_are_bounded);
  g_test_add_func ("/attempts/so-often", test_an_address_may_fail_so_often);
  g_test_add_func ("/attempts/forgiven", test_all_is_forgiven_in_time);
  g_test_add_func ("/attempts/one-network", test_addresses_of_one_network_are_one);
  g_test_add_func (
      "/attempts/many-addresses", test_many_addresses_do_not_shut_others_out);
  return g_test_run ();
}
