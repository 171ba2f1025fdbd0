/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client for tests to drive: its properties are the arguments, NAME=VALUE; what to do
 * comes by line on its input, what it tells goes by line to its output.
 *
 *   event            an event of its fabric
 *   set NAME VALUE   a property
 *   get NAME         prints it
 *   flush            and says when it is done
 *   stats            prints them
 */
#include <callstats/callstats.h>
#include <gio/gunixinputstream.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
set (CallstatsClient *client, const char *name, const char *text)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (client), name);

  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_object_set (client, name, g_str_equal (text, "true"), NULL);
  else if (G_IS_PARAM_SPEC_UINT64 (pspec))
    g_object_set (client, name, g_ascii_strtoull (text, NULL, 10), NULL);
  else
    g_object_set (client, name, text, NULL);
}

static void
get (CallstatsClient *client, const char *name)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (client), name);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autofree char *text = NULL;

  if (!(pspec->flags & G_PARAM_READABLE)) {
    printf ("get %s cannot be read\n", name);
    return;
  }
  g_value_init (&value, pspec->value_type);
  g_object_get_property (G_OBJECT (client), name, &value);
  text = g_strdup_value_contents (&value);
  printf ("get %s %s\n", name, text);
}

static void
print_stats (CallstatsClient *client)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  g_autofree char *json = callstats_data_to_json (stats);

  printf ("stats %s\n", json);
}

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  printf ("warning %s\n", error->message);
}

static void
on_initialized (CallstatsClient *client, const char *cs_error, const char *message,
    gpointer user_data)
{
  printf ("initialized %s\n", cs_error);
}

static void
on_need_token (CallstatsClient *client, gboolean force, gpointer user_data)
{
  printf ("need-token %s\n", force ? "force" : "first");
}

typedef struct {
  CallstatsClient *client;
  char *fabric;
  GMainLoop *loop;
  GDataInputStream *input;
} Reporter;

static void
obey (Reporter *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  guint n = g_strv_length (words);

  if (n == 1 && g_str_equal (words[0], "event")) {
    if (!callstats_client_send_fabric_event (
            self->client, self->fabric, "audioMute", NULL, NULL))
      printf ("failed\n");
  } else if (n == 3 && g_str_equal (words[0], "set")) {
    set (self->client, words[1], words[2]);
  } else if (n == 2 && g_str_equal (words[0], "get")) {
    get (self->client, words[1]);
  } else if (n == 1 && g_str_equal (words[0], "flush")) {
    printf ("flush %s\n", callstats_client_flush (self->client, 10000) ? "done" : "late");
  } else if (n == 1 && g_str_equal (words[0], "stats")) {
    print_stats (self->client);
  } else {
    printf ("what? %s\n", line);
  }
}

static void read_line (Reporter *self);

static void
on_line (GObject *input, GAsyncResult *result, gpointer user_data)
{
  Reporter *self = user_data;
  g_autofree char *line =
      g_data_input_stream_read_line_finish (self->input, result, NULL, NULL);

  if (line == NULL) {
    g_main_loop_quit (self->loop);
    return;
  }
  obey (self, line);
  read_line (self);
}

static void
read_line (Reporter *self)
{
  g_data_input_stream_read_line_async (
      self->input, G_PRIORITY_DEFAULT, NULL, on_line, self);
}

int
main (int argc, char **argv)
{
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  Reporter self = { .client = callstats_client_new (NULL, NULL),
    .loop = g_main_loop_new (NULL, FALSE),
    .input = g_data_input_stream_new (input) };
  int i;

  setvbuf (stdout, NULL, _IOLBF, 0);
  g_signal_connect (self.client, "warning", G_CALLBACK (on_warning), NULL);
  g_signal_connect (self.client, "initialized", G_CALLBACK (on_initialized), NULL);
  g_signal_connect (self.client, "need-token", G_CALLBACK (on_need_token), NULL);
  for (i = 1; i < argc; i++) {
    g_auto (GStrv) words = g_strsplit (argv[i], "=", 2);

    set (self.client, words[0], words[1]);
  }
  self.fabric = callstats_client_add_new_fabric (
      self.client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, NULL);
  read_line (&self);
  g_main_loop_run (self.loop);
  g_signal_handlers_disconnect_matched (
      self.client, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, NULL);
  g_object_unref (self.client);
  g_object_unref (self.input);
  g_main_loop_unref (self.loop);
  g_free (self.fabric);
  return 0;
}
