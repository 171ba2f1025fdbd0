/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When a conference has ended, and what events do to a fabric.
 */
#include "conference.h"

static void
test_ends_when_all_have_left (void)
{
  g_assert_true (conference_has_ended (0, 1000, 1000));
  g_assert_false (conference_has_ended (1, 1000, 1000));
}

static void
test_ends_30_s_after_the_last_sign_of_life (void)
{
  gint64 heard = G_GINT64_CONSTANT (1700000000000000);

  g_assert_false (conference_has_ended (2, heard, heard + 30 * G_USEC_PER_SEC));
  g_assert_true (conference_has_ended (2, heard, heard + 30 * G_USEC_PER_SEC + 1));
}

static void
test_events_change_the_state_of_a_fabric (void)
{
  g_assert_cmpstr (fabric_effect ("addNewFabric")->state, ==, "connecting");
  g_assert_cmpint (fabric_effect ("fabricSetup")->mark, ==, FABRIC_MARK_SET_UP);
  g_assert_cmpint (fabric_effect ("fabricDropped")->mark, ==, FABRIC_MARK_DROPPED);
  g_assert_null (fabric_effect ("fabricStateChange"));
  g_assert_null (fabric_effect (""));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/conference/ends-when-all-have-left", test_ends_when_all_have_left);
  g_test_add_func ("/conference/ends-30-s-after-the-last-sign-of-life",
      test_ends_30_s_after_the_last_sign_of_life);
  g_test_add_func ("/conference/events-change-the-state-of-a-fabric",
      test_events_change_the_state_of_a_fabric);
  return g_test_run ();
}
