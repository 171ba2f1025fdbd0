/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstatsloopback, call after call, watched by callstatsmon and not: nothing may be
 * left behind, and no network needed.
 *
 * Each test runs call-runner in a process of its own. CALLSTATS_CYCLES=100 in the
 * environment makes it the long run; without it there are few enough for every day.
 */
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CYCLES_OF_EVERY_DAY "8"

static const gchar *
get_cycles (void)
{
  const gchar *cycles = g_getenv ("CALLSTATS_CYCLES");

  return cycles ? cycles : CYCLES_OF_EVERY_DAY;
}

static GSubprocess *
spawn (GSubprocessLauncher *launcher, const gchar *const *arguments)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *process = g_subprocess_launcher_spawnv (launcher, arguments, &error);

  g_assert_no_error (error);
  return process;
}

/* What the process printed on both streams; fails unless it exited with 0 */
static gchar *
run (GSubprocessLauncher *launcher, const gchar *const *arguments)
{
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  gchar *output = NULL;

  g_subprocess_launcher_set_flags (
      launcher, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  process = spawn (launcher, arguments);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (process))
    g_error ("%s failed: %s", arguments[0], output);
  return output;
}

static gchar *
run_calls (GSubprocessLauncher *launcher, const gchar *kind)
{
  const gchar *arguments[] = { g_getenv ("CALLSTATS_CALL_RUNNER"), kind, get_cycles (),
    NULL };

  return run (launcher, arguments);
}

static void
test_no_thread_is_left (gconstpointer kind)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (0);
  g_autofree gchar *output = run_calls (launcher, kind);
  const gchar *threads = strstr (output, "threads ");
  guint settled, last;

  g_assert_nonnull (threads);
  g_assert_cmpint (sscanf (threads, "threads %u %u", &settled, &last), ==, 2);
  g_test_message (
      "%u threads after cycle 3, %u after cycle %s", settled, last, get_cycles ());
  g_assert_cmpuint (settled, ==, last);
}

/* Objects that the tracer found alive: type name to count */
static GHashTable *
find_leaks (const gchar *kind)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (0);
  GHashTable *leaks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree gchar *output = NULL;
  g_autoptr (GRegex) regex =
      g_regex_new ("object-alive, type-name=\\(string\\)([A-Za-z0-9_]+),", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  g_subprocess_launcher_setenv (launcher, "GST_TRACERS", "leaks", TRUE);
  g_subprocess_launcher_setenv (launcher, "GST_DEBUG", "GST_TRACER:7", TRUE);
  output = run_calls (launcher, kind);
  g_assert_nonnull (strstr (output, "object-alive.class"));
  g_regex_match (regex, output, 0, &match);
  for (; g_match_info_matches (match); g_match_info_next (match, NULL)) {
    gchar *type = g_match_info_fetch (match, 1);
    guint count = GPOINTER_TO_UINT (g_hash_table_lookup (leaks, type));

    g_hash_table_replace (leaks, type, GUINT_TO_POINTER (count + 1));
  }
  return leaks;
}

/* GStreamer's DTLS plugin keeps one agent, with the certificate, for the life of the
 * process: two webrtcbins on their own leave the same. */
static void
test_nothing_leaks_that_webrtcbin_does_not_leak (gconstpointer kind)
{
  g_autoptr (GHashTable) leaks = find_leaks (kind);
  g_autoptr (GHashTable) control = find_leaks ("webrtcbin");
  GHashTableIter iter;
  gpointer type, count;

  g_hash_table_iter_init (&iter, leaks);
  while (g_hash_table_iter_next (&iter, &type, &count)) {
    g_test_message ("%u of %s alive", GPOINTER_TO_UINT (count), (gchar *)type);
    g_assert_cmpuint (GPOINTER_TO_UINT (count), <=,
        GPOINTER_TO_UINT (g_hash_table_lookup (control, type)));
  }
}

static void
test_call_needs_only_the_loopback_interface (void)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (0);
  g_autofree gchar *unshare = g_find_program_in_path ("unshare");
  g_autofree gchar *ip = g_find_program_in_path ("ip");
  const gchar *arguments[] = { unshare, "-n", "sh", "-c",
    "ip link set lo up && exec \"$CALLSTATS_CALL_RUNNER\" loopback 2", NULL };
  g_autofree gchar *output = NULL;

  if (geteuid () != 0 || !unshare || !ip) {
    g_test_skip ("needs root, unshare and ip to make a network namespace");
    return;
  }
  output = run (launcher, arguments);
  g_assert_nonnull (strstr (output, "threads "));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func (
      "/loopback/cycles/no-thread-is-left", "loopback", test_no_thread_is_left);
  g_test_add_data_func (
      "/mon/cycles/no-thread-is-left", "monitored", test_no_thread_is_left);
  g_test_add_data_func ("/loopback/cycles/nothing-leaks-that-webrtcbin-does-not-leak",
      "loopback", test_nothing_leaks_that_webrtcbin_does_not_leak);
  g_test_add_data_func ("/mon/cycles/nothing-leaks-that-webrtcbin-does-not-leak",
      "monitored", test_nothing_leaks_that_webrtcbin_does_not_leak);
  g_test_add_func ("/loopback/cycles/needs-only-the-loopback-interface",
      test_call_needs_only_the_loopback_interface);
  return g_test_run ();
}
