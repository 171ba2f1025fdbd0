/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The process that reports calls, and its test's end of the line.
 */
#include "call-load.h"

#include <callstats/callstats.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "call-reports.h"
#include "fake-collector.h"

#define ARGUMENT "--load"
#define TICK_MS 10
#define MAILBOX 10 /* reports that the monitor thread may be behind */
#define AT_ONCE 50 /* reports that any bound holds */
#define PATIENCE_S 300

/* The process */

typedef struct {
  LoadOptions options;
  CallstatsClient *client;
  char **fabrics;
  gint64 first_time;
  guint64 told; /* reports, of all calls */
} Process;

static guint64
get_stat (CallstatsClient *client, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* One report of one call, and what is told beside it now and then. */
static void
report_next (Process *self)
{
  guint call = (guint)(self->told % self->options.calls);
  guint64 number = self->told++ / self->options.calls + 1;
  g_autoptr (CallstatsReport) report =
      call_report_new (call, number, self->first_time + (gint64)number * LOAD_STEP);

  callstats_client_send_report (self->client, self->fabrics[call], report);
  if (number % LOAD_EVENT_EVERY == 0)
    callstats_client_send_fabric_event (
        self->client, self->fabrics[call], LOAD_EVENT, NULL, NULL);
  if (self->told % LOAD_FEEDBACK_EVERY == 0) {
    g_autofree char *comment = g_strdup_printf ("%" G_GUINT64_FORMAT, self->told);
    GVariantDict feedback;

    g_variant_dict_init (&feedback, NULL);
    g_variant_dict_insert (&feedback, "overall", "i", 4);
    g_variant_dict_insert (&feedback, "comment", "s", comment);
    callstats_client_send_user_feedback (
        self->client, "c1", g_variant_dict_end (&feedback), NULL, NULL, NULL);
  }
}

static gboolean
on_deadline (gpointer data)
{
  g_error ("Nothing came for %d s", PATIENCE_S);
  return G_SOURCE_REMOVE;
}

/* No faster than asked for, nor than the monitor thread takes it. */
static void
report_until (Process *self, guint64 end, guint rate)
{
  guint tick = g_timeout_add (TICK_MS, on_tick, NULL);
  gint64 begun = g_get_monotonic_time ();
  guint64 from = self->told;

  while (self->told < end) {
    gint64 passed = g_get_monotonic_time () - begun;
    guint64 due = from + (guint64)passed * rate / G_USEC_PER_SEC;

    while (self->told < MIN (due, end) &&
           self->told < get_stat (self->client, "reports") + MAILBOX)
      report_next (self);
    g_main_context_iteration (NULL, TRUE);
  }
  while (get_stat (self->client, "reports") < end)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}

static void
wait_until_acknowledged (Process *self)
{
  guint tick = g_timeout_add (TICK_MS, on_tick, NULL);
  guint deadline = g_timeout_add_seconds (PATIENCE_S, on_deadline, NULL);

  while (get_stat (self->client, "records-queued") > 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
  g_source_remove (deadline);
}

static gint64
read_memory (const char *name)
{
  g_autofree char *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  line = strstr (text, name);
  g_assert_nonnull (line);
  return g_ascii_strtoll (line + strlen (name), NULL, 10) * 1024;
}

/* The highest so far becomes what it is now. */
static void
forget_peak (void)
{
  FILE *file = fopen ("/proc/self/clear_refs", "w");

  g_assert_nonnull (file);
  g_assert_cmpint (fputs ("5", file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
}

static double
read_cpu (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

static void
await_line (void)
{
  char line[16];

  if (fgets (line, sizeof line, stdin) == NULL)
    _exit (1); /* the test has gone */
}

static void
tell (Process *self, gint64 growth, double cpu, double wall)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (self->client);
  g_autofree char *text = g_variant_print (stats, TRUE);

  printf ("%" G_GINT64_FORMAT " %f %f %s\n", growth, cpu, wall, text);
  fflush (stdout);
}

/* Among the messages of the test. */
static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  g_printerr ("# %s\n", error->message);
}

static void
connect_client (Process *self)
{
  const LoadOptions *options = &self->options;
  guint64 end;
  guint i;

  self->client = callstats_client_new (FAKE_APP, "alice");
  g_object_set (self->client, "app-secret", FAKE_SECRET, "conference-id", "c1",
      "backend-url", options->url, "memory-max-bytes", options->memory, NULL);
  g_signal_connect (self->client, "warning", G_CALLBACK (on_warning), NULL);
  self->fabrics = g_new0 (char *, options->calls + 1);
  for (i = 0; i < options->calls; i++)
    self->fabrics[i] = callstats_client_add_new_fabric (
        self->client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, NULL);
  self->first_time = g_get_real_time ();
  for (end = AT_ONCE; end <= (guint64)options->calls * options->warm_up; end += AT_ONCE) {
    report_until (self, end, options->rate);
    wait_until_acknowledged (self);
  }
  tell (self, 0, 0, 0);
}

static void
report_calls (Process *self)
{
  const LoadOptions *options = &self->options;
  gint64 before, begun;
  double cpu;

  forget_peak ();
  before = read_memory ("VmRSS:");
  cpu = read_cpu ();
  begun = g_get_monotonic_time ();
  report_until (self, (guint64)options->calls * (options->warm_up + options->reports),
      options->rate);
  tell (self, read_memory ("VmHWM:") - before, read_cpu () - cpu,
      (double)(g_get_monotonic_time () - begun) / G_USEC_PER_SEC);
}

gboolean
load_main (int argc, char **argv)
{
  Process self = { 0 };

  if (argc < 8 || strcmp (argv[1], ARGUMENT) != 0)
    return FALSE;
  self.options = (LoadOptions){ .url = argv[2],
    .memory = g_ascii_strtoull (argv[3], NULL, 10),
    .calls = (guint)g_ascii_strtoull (argv[4], NULL, 10),
    .warm_up = (guint)g_ascii_strtoull (argv[5], NULL, 10),
    .reports = (guint)g_ascii_strtoull (argv[6], NULL, 10),
    .rate = (guint)g_ascii_strtoull (argv[7], NULL, 10) };
  connect_client (&self);
  await_line ();
  report_calls (&self);
  await_line ();
  wait_until_acknowledged (&self);
  tell (&self, 0, 0, 0);
  await_line ();
  g_strfreev (self.fabrics);
  g_object_unref (self.client);
  return TRUE;
}

/* The test's end */

struct _Load {
  GSubprocess *process;
  GDataInputStream *lines;
};

static void
say (Load *self)
{
  GOutputStream *in = g_subprocess_get_stdin_pipe (self->process);

  g_assert_true (g_output_stream_write_all (in, "go\n", 3, NULL, NULL, NULL));
}

static void
listen_to (Load *self, LoadResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) stats = NULL;
  g_autofree char *line = g_data_input_stream_read_line (self->lines, NULL, NULL, &error);
  g_auto (GStrv) words = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (line);
  words = g_strsplit (line, " ", 4);
  g_assert_cmpuint (g_strv_length (words), ==, 4);
  result->growth = g_ascii_strtoll (words[0], NULL, 10);
  result->cpu = g_ascii_strtod (words[1], NULL);
  result->wall = g_ascii_strtod (words[2], NULL);
  stats = g_variant_parse (G_VARIANT_TYPE_VARDICT, words[3], NULL, NULL, &error);
  g_assert_no_error (error);
  g_variant_dict_init (&result->stats, stats);
}

Load *
load_start (const LoadOptions *options)
{
  Load *self = g_new0 (Load, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *memory = g_strdup_printf ("%" G_GUINT64_FORMAT, options->memory);
  g_autofree char *calls = g_strdup_printf ("%u", options->calls);
  g_autofree char *warm_up = g_strdup_printf ("%u", options->warm_up);
  g_autofree char *reports = g_strdup_printf ("%u", options->reports);
  g_autofree char *rate = g_strdup_printf ("%u", options->rate);
  LoadResult begun;

  self->process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
          &error, "/proc/self/exe", ARGUMENT, options->url, memory, calls, warm_up,
          reports, rate, NULL);
  g_assert_no_error (error);
  self->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  listen_to (self, &begun);
  load_result_clear (&begun);
  return self;
}

void
load_go (Load *self)
{
  say (self);
}

void
load_wait (Load *self, LoadResult *result)
{
  listen_to (self, result);
}

void
load_finish (Load *self, LoadResult *result)
{
  g_autoptr (GError) error = NULL;

  say (self);
  listen_to (self, result);
  say (self);
  g_subprocess_wait_check (self->process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (self->lines);
  g_object_unref (self->process);
  g_free (self);
}

guint64
load_result_get (LoadResult *result, const char *stat)
{
  guint64 value = 0;

  g_assert_true (g_variant_dict_lookup (&result->stats, stat, "t", &value));
  return value;
}

void
load_result_clear (LoadResult *result)
{
  g_variant_dict_clear (&result->stats);
}
