/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 7 of callstats' guide, sendUserFeedback(): called back once the backend has stored
 * it.
 */
#include "guide.h"

static GMainLoop *loop;
static gboolean stored;

static void
pc_callback (GObject *client, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  stored = callstats_client_send_user_feedback_finish (
      CALLSTATS_CLIENT (client), result, &error);
  if (stored)
    g_print ("success\n");
  else
    g_print ("failure %s\n", error->message);
  g_main_loop_quit (loop);
}

int
main (void)
{
  g_autoptr (CallstatsClient) client = guide_make_client ();
  GVariantDict feedback;

  loop = g_main_loop_new (NULL, FALSE);
  g_variant_dict_init (&feedback, NULL);
  g_variant_dict_insert (&feedback, "userID", "s", LOCAL_USER);
  g_variant_dict_insert (&feedback, "overall", "i", 4); /* mandatory: 1 to 5 */
  callstats_client_send_user_feedback (
      client, CONFERENCE, g_variant_dict_end (&feedback), NULL, pc_callback, NULL);
  g_timeout_add_once (20000, (GSourceOnceFunc)g_main_loop_quit, loop);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  return !stored;
}
