/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client that does what its standard input says, one command a line, so that another
 * process can be its backend and look at its memory:
 *
 *   open URL   makes a client with one fabric, in place of the one before
 *   tell N     tells the number N of the fabric
 *   secret     sets the application secret once more
 *   stats      prints "stats STATE QUEUED GIVEN-UP"
 *   close      ends the client
 *
 * Each is answered by a line with its own name. Warnings come as "warning CODE TEXT".
 */
#include <callstats/callstats.h>
#include <stdio.h>
#include <string.h>

#define APP "demo"
#define SECRET "correct horse battery staple"

typedef struct {
  GMainLoop *loop;
  CallstatsClient *client; /* NULL: none */
  char *fabric;
} Driver;

static void answer (const char *format, ...) G_GNUC_PRINTF (1, 2);

static void
answer (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  putchar ('\n');
  fflush (stdout);
}

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  g_autofree char *text = g_strescape (error->message, NULL);

  answer ("warning %d %s", error->code, text);
}

static void
close_client (Driver *self, const char *argument)
{
  if (self->client != NULL)
    g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
  g_clear_pointer (&self->fabric, g_free);
  answer ("close");
}

static void
open_client (Driver *self, const char *argument)
{
  g_autoptr (GError) error = NULL;

  self->client = callstats_client_new (APP, "alice");
  g_object_set (self->client, "app-secret", SECRET, "conference-id", "c1", "backend-url",
      argument, NULL);
  g_signal_connect (self->client, "warning", G_CALLBACK (on_warning), self);
  self->fabric = callstats_client_add_new_fabric (
      self->client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, &error);
  g_assert_no_error (error);
  answer ("open");
}

static void
tell (Driver *self, const char *argument)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (g_get_real_time ());
  g_autoptr (GVariant) data = NULL;
  g_autoptr (GError) error = NULL;
  gint64 n = g_ascii_strtoll (argument, NULL, 10);

  data = g_variant_ref_sink (g_variant_new_parsed ("{'n': <%x>}", n));
  callstats_report_add_stats (report, "t", "transport");
  callstats_report_set_int (report, "n", n);
  callstats_client_send_report (self->client, self->fabric, report);
  callstats_client_send_fabric_event (
      self->client, self->fabric, "audioMute", data, &error);
  g_assert_no_error (error);
  answer ("tell");
}

static void
renew_secret (Driver *self, const char *argument)
{
  g_object_set (self->client, "app-secret", SECRET, NULL);
  answer ("secret");
}

static void
print_stats (Driver *self, const char *argument)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (self->client);
  guint64 queued = 0, thinned = 0, dropped = 0;
  const char *state = "?";

  g_variant_lookup (stats, "backend", "&s", &state);
  g_variant_lookup (stats, "records-queued", "t", &queued);
  g_variant_lookup (stats, "records-thinned", "t", &thinned);
  g_variant_lookup (stats, "records-dropped", "t", &dropped);
  answer ("stats %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, state, queued,
      thinned + dropped);
}

static const struct {
  const char *name;
  void (*run) (Driver *self, const char *argument);
} commands[] = {
  { "open", open_client },
  { "tell", tell },
  { "secret", renew_secret },
  { "stats", print_stats },
  { "close", close_client },
};

static gboolean
on_input (GIOChannel *input, GIOCondition condition, gpointer user_data)
{
  Driver *self = user_data;
  g_autofree char *line = NULL;
  char *argument;

  if (g_io_channel_read_line (input, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
    g_main_loop_quit (self->loop);
    return G_SOURCE_REMOVE;
  }
  g_strchomp (line);
  argument = strchr (line, ' ');
  if (argument != NULL)
    *argument++ = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (line, commands[i].name) == 0)
      commands[i].run (self, argument);
  return G_SOURCE_CONTINUE;
}

int
main (void)
{
  Driver self = { .loop = g_main_loop_new (NULL, FALSE) };
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (0);

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  /* One line at a time must be left for the main loop to see. */
  g_io_channel_set_flags (input, G_IO_FLAG_NONBLOCK, NULL);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_input, &self);
  g_main_loop_run (self.loop);
  if (self.client != NULL)
    close_client (&self, NULL);
  g_main_loop_unref (self.loop);
  return 0;
}
