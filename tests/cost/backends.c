/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backends.h"

#include <gio/gio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "relay.h"

#define APP "cost"
#define SECRET "correct horse battery staple"

struct _Backend {
  char *folder, *secret_file, *url;
  GSubprocess *collector; /* NULL: dead */
  GDataInputStream *output;
  Relay *relay; /* NULL: nothing is wrong, or all */
  int refusing; /* bound; -1: none */
};

/* In the collector's process: it ends with the test, and has no rank before others. */
static void
become_child (gpointer data)
{
  static const struct sched_param none;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  sched_setscheduler (0, SCHED_OTHER, &none);
}

static char *
make_log_path (Backend *self)
{
  return g_build_filename (self->folder, "log", NULL);
}

static G_GNUC_NORETURN void
fail (Backend *self)
{
  g_autofree char *path = make_log_path (self);
  g_autofree char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  g_error ("The collector does not start: %s", text);
}

static guint
wait_for_port (Backend *self)
{
  static const char before[] = "http://127.0.0.1:";
  g_autofree char *line = g_data_input_stream_read_line (self->output, NULL, NULL, NULL);
  const char *address = line != NULL ? strstr (line, before) : NULL;

  if (address == NULL)
    fail (self);
  return (guint)g_ascii_strtoull (address + strlen (before), NULL, 10);
}

/* origin: another that tokens may name, for a relay; NULL: none */
static guint
start_collector (Backend *self, const char *origin)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *store =
      g_strdup_printf ("sqlite:%s" G_DIR_SEPARATOR_S "calls.sqlite", self->folder);
  const char *arguments[] = { g_getenv ("CALLSTATS_COLLECTOR"), "--listen", "127.0.0.1:0",
    "--store", store, "--app", APP, "--app-secret-file", self->secret_file,
    origin != NULL ? "--origin" : NULL, origin, NULL };
  g_autofree char *log = make_log_path (self);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (arguments[0]);
  g_subprocess_launcher_set_stderr_file_path (launcher, log);
  g_subprocess_launcher_set_child_setup (launcher, become_child, NULL, NULL);
  self->collector = g_subprocess_launcher_spawnv (launcher, arguments, &error);
  g_assert_no_error (error);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->collector));
  return wait_for_port (self);
}

static void
write_secret (Backend *self)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("callstats-cost-XXXXXX", &error);
  g_assert_no_error (error);
  self->secret_file = g_build_filename (self->folder, "secret", NULL);
  g_file_set_contents_full (
      self->secret_file, SECRET, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
}

static char *
make_url (guint port)
{
  return g_strdup_printf ("ws://127.0.0.1:%u/", port);
}

static void
start_relayed (Backend *self, RelayFault fault)
{
  g_autofree char *origin = NULL;

  self->relay = relay_new (fault);
  self->url = make_url (relay_get_port (self->relay));
  origin = g_strndup (self->url, strlen (self->url) - 1);
  relay_start (self->relay, start_collector (self, origin));
}

Backend *
backend_new (BackendKind kind)
{
  Backend *self = g_new0 (Backend, 1);
  guint port = 0;

  self->refusing = -1;
  write_secret (self);
  switch (kind) {
  case BACKEND_HEALTHY:
    self->url = make_url (start_collector (self, NULL));
    break;
  case BACKEND_DEAD:
    self->refusing = relay_bind (&port);
    self->url = make_url (port);
    break;
  case BACKEND_STALLED:
    start_relayed (self, RELAY_STALL);
    break;
  case BACKEND_FLAPPING:
    start_relayed (self, RELAY_FLAP);
    break;
  default:
    g_assert_not_reached ();
  }
  return self;
}

const char *
backend_get_url (Backend *self)
{
  return self->url;
}

const char *
backend_get_app (Backend *self)
{
  return APP;
}

const char *
backend_get_secret_file (Backend *self)
{
  return self->secret_file;
}

guint
backend_count_harmed (Backend *self)
{
  return self->relay != NULL ? relay_count_harmed (self->relay) : 0;
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    g_assert_cmpint (unlink (file), ==, 0);
  }
  g_assert_cmpint (rmdir (path), ==, 0);
}

void
backend_free (Backend *self)
{
  if (self == NULL)
    return;
  relay_free (self->relay);
  if (self->collector != NULL) {
    g_subprocess_send_signal (self->collector, SIGTERM);
    g_subprocess_wait (self->collector, NULL, NULL);
    g_object_unref (self->collector);
    g_object_unref (self->output);
  }
  if (self->refusing >= 0)
    close (self->refusing);
  remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->secret_file);
  g_free (self->url);
  g_free (self);
}
