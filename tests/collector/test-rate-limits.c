/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The token buckets of the collector's rate limits.
 */
#include "counters.h"
#include "rate-limits.h"

#define SECOND G_USEC_PER_SEC

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RateLimits, rate_limits_free)

static void
test_zero_is_no_limit (void)
{
  g_autoptr (RateLimits) limits = rate_limits_new (0, 0);

  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (rate_limits_take (limits, "app", "a", 100000, 0), ==, 0);
  g_assert_cmpuint (rate_limits_get_size (limits), ==, 0);
}

/* Ten seconds at once, and what overdraws them is taken whole. */
static void
test_a_burst_is_taken (void)
{
  g_autoptr (RateLimits) limits = rate_limits_new (0, 100);

  g_assert_cmpuint (rate_limits_take (limits, "app", "a", 999, 0), ==, 0);
  g_assert_cmpuint (rate_limits_take (limits, "app", "a", 201, 0), ==, 0);
  /* 200 are owed: 2 s, and 5 s until it is worth while to come back. */
  g_assert_cmpuint (rate_limits_take (limits, "app", "a", 1, 0), ==, 7);
  g_assert_cmpuint (rate_limits_take (limits, "app", "a", 1, SECOND), ==, 6);
}

static void
test_who_waited_is_taken (void)
{
  g_autoptr (RateLimits) limits = rate_limits_new (0, 100);
  guint wait;

  rate_limits_take (limits, "app", "a", 1500, 0);
  wait = rate_limits_take (limits, "app", "a", 1, 0);
  g_assert_cmpuint (
      rate_limits_take (limits, "app", "a", 500, (gint64)wait * SECOND), ==, 0);
  g_assert_cmpuint (
      rate_limits_take (limits, "app", "a", 1, (gint64)wait * SECOND), >, 0);
}

/* Over a long time it is the rate, whatever the client does. */
static void
test_the_rate_holds (void)
{
  g_autoptr (RateLimits) limits = rate_limits_new (0, 100);
  guint taken = 0;

  for (gint64 now = 0; now < 1000 * SECOND; now += SECOND / 10)
    if (rate_limits_take (limits, "app", "a", 50, now) == 0)
      taken += 50;
  g_assert_cmpuint (taken, >=, 100 * 1000);
  g_assert_cmpuint (taken, <=, 100 * (1000 + 10) + 50);
}

static void
test_clients_and_applications_have_buckets_of_their_own (void)
{
  g_autoptr (RateLimits) limits = rate_limits_new (300, 100);

  rate_limits_take (limits, "app", "a", 1000, 0);
  g_assert_cmpuint (rate_limits_take (limits, "app", "a", 1, 0), >, 0);
  g_assert_cmpuint (rate_limits_take (limits, "app", "b", 1000, 0), ==, 0);
  g_assert_cmpuint (rate_limits_take (limits, "app", "c", 1000, 0), ==, 0);
  g_assert_cmpuint (rate_limits_take (limits, "app", "d", 1, 0), >, 0);
  g_assert_cmpuint (rate_limits_take (limits, "other", "d", 1, 0), ==, 0);
}

static void
test_what_is_refused_is_counted (void)
{
  g_autoptr (RateLimits) limits = rate_limits_new (1000, 100);
  guint64 clients = counter_get (COUNTER_LIMITED, LIMIT_CLIENT);
  guint64 apps = counter_get (COUNTER_LIMITED, LIMIT_APP);

  rate_limits_take (limits, "app", "a", 10000, 0);
  rate_limits_take (limits, "app", "a", 1, 0);
  rate_limits_take (limits, "app", "b", 1, 0);
  rate_limits_take (limits, "app", "c", 1, 0);
  g_assert_cmpuint (counter_get (COUNTER_LIMITED, LIMIT_CLIENT) - clients, ==, 1);
  g_assert_cmpuint (counter_get (COUNTER_LIMITED, LIMIT_APP) - apps, ==, 2);
}

static void
test_buckets_are_forgotten_when_they_are_full (void)
{
  g_autoptr (RateLimits) limits = rate_limits_new (0, 100);

  for (guint i = 0; i < 1000; i++) {
    g_autofree char *user = g_strdup_printf ("%u", i);

    rate_limits_take (limits, "app", user, 10, 0);
  }
  g_assert_cmpuint (rate_limits_get_size (limits), ==, 1000);
  rate_limits_take (limits, "app", "a", 1, 60 * SECOND);
  g_assert_cmpuint (rate_limits_get_size (limits), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rate-limits/zero-is-no-limit", test_zero_is_no_limit);
  g_test_add_func ("/rate-limits/a-burst-is-taken", test_a_burst_is_taken);
  g_test_add_func ("/rate-limits/who-waited-is-taken", test_who_waited_is_taken);
  g_test_add_func ("/rate-limits/the-rate-holds", test_the_rate_holds);
  g_test_add_func ("/rate-limits/clients-and-applications-have-buckets-of-their-own",
      test_clients_and_applications_have_buckets_of_their_own);
  g_test_add_func (
      "/rate-limits/what-is-refused-is-counted", test_what_is_refused_is_counted);
  g_test_add_func ("/rate-limits/buckets-are-forgotten-when-they-are-full",
      test_buckets_are_forgotten_when_they_are_full);
  return g_test_run ();
}
