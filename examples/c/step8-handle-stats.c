/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 8 of callstats' guide, statsCallback(): how good every stream is, once a second.
 * Ends after five of them.
 */
#include <gst/gst.h>

#include "guide.h"

static GMainLoop *loop;
static guint n_told;

static void
print_reasons (GVariant *reasons)
{
  const char *reason, *separator = " scoreReasons=";
  GVariantIter iter;
  GVariant *entry;

  g_variant_iter_init (&iter, reasons);
  while (g_variant_iter_loop (&iter, "@a{sv}", &entry)) {
    g_variant_lookup (entry, "reason", "&s", &reason);
    g_print ("%s%s", separator, reason);
    separator = ",";
  }
}

static void
print_track (GVariant *track)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_print (" ");
  g_variant_iter_init (&iter, track);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value)) {
    if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
      g_print (" %s=%.6g", name, g_variant_get_double (value));
    else if (g_str_equal (name, "scoreReasons"))
      print_reasons (value);
    else
      g_print (" %s=%s", name, g_variant_get_string (value, NULL));
  }
  g_print ("\n");
}

static void
cs_stats_callback (
    CallstatsClient *client, const char *fabric, GVariant *stats, gpointer user_data)
{
  const char *connection = "", *state = "", *url = "";
  g_autoptr (GVariantIter) tracks = NULL;
  GVariant *track;

  g_variant_lookup (stats, "connectionState", "&s", &connection);
  g_variant_lookup (stats, "fabricState", "&s", &state);
  g_variant_lookup (stats, "conferenceURL", "&s", &url);
  g_print ("%s %s %s\n", connection, state, url);
  g_variant_lookup (stats, "mediaStreamTracks", "aa{sv}", &tracks);
  while (g_variant_iter_loop (tracks, "@a{sv}", &track))
    print_track (track);
  if (++n_told == 5)
    g_main_loop_quit (loop);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) monitor = NULL;
  g_autoptr (CallstatsClient) client = NULL;

  gst_init (&argc, &argv);
  pipeline = gst_parse_launch (
      "callstatsmon name=monitor webrtcbin-name=caller user-id=" LOCAL_USER
      " remote-user-id=" REMOTE_USER " conference-id=" CONFERENCE " " CALL,
      &error);
  if (error != NULL)
    return guide_fail (error);
  loop = g_main_loop_new (NULL, FALSE);
  monitor = gst_bin_get_by_name (GST_BIN (pipeline), "monitor");
  g_object_get (monitor, "client", &client, NULL);
  g_signal_connect (client, "stats", G_CALLBACK (cs_stats_callback), NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_timeout_add_once (30000, (GSourceOnceFunc)g_main_loop_quit, loop);
  g_main_loop_run (loop);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_main_loop_unref (loop);
  return n_told < 5;
}
