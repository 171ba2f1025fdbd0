/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 2 of callstats' guide, initialize(): who reports, to which backend, and its
 * answer. With a secret the library signs tokens itself; without one it asks for them.
 */
#include "guide.h"

static GMainLoop *loop;
static gboolean initialized;

static void
cs_init_callback (CallstatsClient *client, const char *cs_error, const char *message,
    gpointer user_data)
{
  g_print ("%s %s\n", cs_error, message);
  if (g_getenv ("CALLSTATS_TOKEN") != NULL &&
      g_str_equal (cs_error, "tokenGenerationError"))
    return; /* not made yet: token_generator() is asked now */
  initialized = g_str_equal (cs_error, "success");
  g_main_loop_quit (loop);
}

/* Asks the origin server for a token; with force, for another than the last. */
static void
token_generator (CallstatsClient *client, gboolean force, gpointer user_data)
{
  g_print ("token wanted %s\n", force ? "again" : "");
  g_object_set (client, "token", g_getenv ("CALLSTATS_TOKEN"), NULL);
}

int
main (void)
{
  g_autoptr (CallstatsClient) client = guide_make_client ();

  loop = g_main_loop_new (NULL, FALSE);
  g_object_set (client, "application-version", "1.2.3", "site-id", "Helsinki", NULL);
  g_signal_connect (client, "initialized", G_CALLBACK (cs_init_callback), NULL);
  g_signal_connect (client, "need-token", G_CALLBACK (token_generator), NULL);
  callstats_client_initialize (client);
  g_timeout_add_once (20000, (GSourceOnceFunc)g_main_loop_quit, loop);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  return !initialized;
}
