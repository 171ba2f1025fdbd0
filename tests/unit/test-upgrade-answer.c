/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a server's answer asks to wait, and what time it is there.
 */
#include <string.h>

#include "upgrade-answer.h"

#define NOON "Date: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
#define MOST 3600

typedef struct {
  const char *headers;
  guint wait;
} WaitCase;

static const WaitCase wait_cases[] = {
  { "", 0 },
  { NOON, 0 },
  { "Retry-After: 120\r\n", 120 },
  { "Retry-After: 0\r\n", 0 },
  { "Retry-After: 86400\r\n", MOST },
  { "Retry-After: 99999999999999999999999\r\n", MOST },
  { "Retry-After: -1\r\n", 0 },
  { "Retry-After: soon\r\n", 0 },
  { NOON "Retry-After: Sun, 22 Nov 2026 12:00:30 GMT\r\n", 30 },
  { NOON "Retry-After: Sunday, 22-Nov-26 12:10:00 GMT\r\n", 600 },
  { NOON "Retry-After: Sun Nov 22 12:00:05 2026\r\n", 5 },
  { NOON "Retry-After: Mon, 23 Nov 2026 12:00:00 GMT\r\n", MOST },
  { NOON "Retry-After: Sun, 22 Nov 2026 11:00:00 GMT\r\n", 0 },
  /* Without its own time, ours tells: this is over. */
  { "Retry-After: Thu, 01 Jan 1970 12:00:00 GMT\r\n", 0 },
};

static UpgradeAnswer *
parse (const char *headers)
{
  g_autofree char *text =
      g_strconcat ("HTTP/1.1 503 Service Unavailable\r\n", headers, NULL);
  g_autoptr (GError) error = NULL;
  UpgradeAnswer *answer = upgrade_answer_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return answer;
}

static void
test_waits_are_seconds_or_dates (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (wait_cases); i++) {
    g_autoptr (UpgradeAnswer) answer = parse (wait_cases[i].headers);

    g_test_message ("%s", wait_cases[i].headers);
    g_assert_cmpuint (
        upgrade_answer_get_retry_after (answer, MOST), ==, wait_cases[i].wait);
  }
}

static void
test_the_date_is_told (void)
{
  g_autoptr (UpgradeAnswer) dated = parse (NOON);
  g_autoptr (UpgradeAnswer) undated = parse ("");
  g_autoptr (UpgradeAnswer) silly = parse ("Date: today\r\n");

  g_assert_cmpint (upgrade_answer_get_date (dated), ==, 1795348800);
  g_assert_cmpint (upgrade_answer_get_date (undated), ==, 0);
  g_assert_cmpint (upgrade_answer_get_date (silly), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/upgrade-answer/waits-are-seconds-or-dates", test_waits_are_seconds_or_dates);
  g_test_add_func ("/upgrade-answer/the-date-is-told", test_the_date_is_told);
  return g_test_run ();
}
