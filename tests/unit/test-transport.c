/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The library in a process that has libsoup 2: it lives, tells one warning and sends
 * nothing. Nothing here may bring libsoup 3.
 */
#include <callstats/callstats.h>
#include <dlfcn.h>
#include <string.h>

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  g_ptr_array_add (user_data, g_error_copy (error));
}

static void
run_settled (CallstatsClient *client)
{
  g_assert_true (callstats_client_flush (client, 20000));
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_beside_libsoup_2_nothing_is_sent_and_one_warning_told (void)
{
  g_autoptr (GPtrArray) warnings =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free);
  g_autoptr (CallstatsClient) client = NULL;
  g_autoptr (GVariant) stats = NULL;
  g_autofree char *fabric = NULL;
  void *library = dlopen ("libsoup-2.4.so.1", RTLD_LAZY);
  const char *backend;
  guint64 sent;

  if (library == NULL) {
    g_test_skip ("libsoup 2 is not installed");
    return;
  }
  client = callstats_client_new ("demo", "alice");
  g_signal_connect (client, "warning", G_CALLBACK (on_warning), warnings);
  g_object_set (client, "app-secret", "secret", "backend-url", "ws://127.0.0.1:9/",
      "conference-id", "c", NULL);
  fabric = callstats_client_add_new_fabric (
      client, "bob", CALLSTATS_FABRIC_USAGE_AUTO, NULL, NULL, NULL);
  run_settled (client);
  while (warnings->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (
      (GError *)warnings->pdata[0], CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (((GError *)warnings->pdata[0])->message, "libsoup 2"));

  callstats_client_send_fabric_event (client, fabric, "audioMute", NULL, NULL);
  g_object_set (client, "conference-id", "d", NULL);
  run_settled (client);
  g_assert_cmpuint (warnings->len, ==, 1);
  stats = callstats_client_get_stats (client);
  g_variant_lookup (stats, "backend", "&s", &backend);
  g_variant_lookup (stats, "records-sent", "t", &sent);
  g_assert_cmpstr (backend, ==, "stopped");
  g_assert_cmpuint (sent, ==, 0);
  g_assert_null (dlopen ("libsoup-3.0.so.0", RTLD_LAZY | RTLD_NOLOAD));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/beside-libsoup-2-nothing-is-sent-and-one-warning-told",
      test_beside_libsoup_2_nothing_is_sent_and_one_warning_told);
  return g_test_run ();
}
