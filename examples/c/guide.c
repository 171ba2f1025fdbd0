/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guide.h"

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  g_printerr ("warning: %s\n", error->message);
}

CallstatsClient *
guide_make_client (void)
{
  CallstatsClient *client =
      callstats_client_new (g_getenv ("CALLSTATS_APP_ID"), LOCAL_USER);

  g_object_set (client, "backend-url", g_getenv ("CALLSTATS_BACKEND_URL"),
      "app-secret-file", g_getenv ("CALLSTATS_APP_SECRET_FILE"), NULL);
  g_signal_connect (client, "warning", G_CALLBACK (on_warning), NULL);
  return client;
}

int
guide_fail (const GError *error)
{
  g_printerr ("%s\n", error->message);
  return 1;
}

int
guide_finish (CallstatsClient *client, const GError *error)
{
  if (error != NULL)
    return guide_fail (error);
  if (callstats_client_flush (client, 10000))
    return 0;
  g_printerr ("The backend did not take everything in 10 s\n");
  return 1;
}
