/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A process whose life is hard: its two clients, who share a connection, tell numbered
 * records of several fabrics until it is killed. It keeps a ledger that outlives it: what
 * it has told, and what it was promised to be kept. After SIGTERM it ends once the
 * backend has everything.
 *
 * Every so many records of a fabric, by their numbers, one is an event, the others are
 * reports; both carry their number and `at`, the monotonic time in µs. chaos_store.py
 * knows what else is in them.
 *
 * All on the main thread, but for the thread that asks for promises.
 */
#include <callstats/callstats-monitor.h>
#include <callstats/callstats.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TICK_MS 20
#define MAX_BURST 50       /* records told at a time, after a stop say */
#define FABRIC_RECORDS 400 /* then another takes its place */
#define MAX_FABRICS 8
#define N_CLIENTS 2
#define MAX_ROWS 4096
#define PROMISE_MS 10000
#define PROMISE_PAUSE_US 300000

/* One fabric in the ledger; the order is that of the file. */
typedef struct {
  char id[40];
  guint64 told;     /* or about to be */
  guint64 posted;   /* really told */
  guint64 promised; /* stored, or on disk */
  guint64 ended;    /* 1: told, 2: promised */
} Row;

typedef struct {
  guint64 n_rows;
  Row rows[MAX_ROWS];
} Ledger;

typedef struct {
  CallstatsClient *clients[N_CLIENTS];
  GMainLoop *loop;
  Ledger *ledger;
  Row *current[MAX_FABRICS]; /* of the clients by turns; NULL: none yet */
  guint next;                /* whose turn it is */
  gint64 begin;
  guint64 records;
  gboolean stopping;
} Chaos;

static int n_fabrics = 3;
static int rate = 50;
static gint64 memory = 4 * 1024 * 1024;
static char *spool, *backend, *allowed, *user, *secret_file, *ledger_path;

static const GOptionEntry entries[] = {
  { "fabrics", 0, 0, G_OPTION_ARG_INT, &n_fabrics, "At a time", "N" },
  { "rate", 0, 0, G_OPTION_ARG_INT, &rate, "Records a second; 0: none", "N" },
  { "memory", 0, 0, G_OPTION_ARG_INT64, &memory, "memory-max-bytes", "BYTES" },
  { "spool", 0, 0, G_OPTION_ARG_FILENAME, &spool, "spool-dir", "PATH" },
  { "backend", 0, 0, G_OPTION_ARG_STRING, &backend, "backend-url", "URL" },
  { "allowed", 0, 0, G_OPTION_ARG_STRING, &allowed, "allowed-backends", "URLS" },
  { "user", 0, 0, G_OPTION_ARG_STRING, &user, "user-id", "ID" },
  { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &secret_file, "app-secret-file", "FILE" },
  { "ledger", 0, 0, G_OPTION_ARG_FILENAME, &ledger_path, "What was told", "FILE" },
  G_OPTION_ENTRY_NULL,
};

static Ledger *
open_ledger (const char *path)
{
  int file = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void *pages = MAP_FAILED;

  if (file >= 0 && ftruncate (file, sizeof (Ledger)) == 0)
    pages = mmap (NULL, sizeof (Ledger), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (pages == MAP_FAILED)
    g_error ("No ledger can be kept in %s: %s", path, g_strerror (errno));
  close (file);
  return pages;
}

/* Fabrics */

static CallstatsClient *
client_of (Chaos *self, guint fabric)
{
  return self->clients[fabric % N_CLIENTS];
}

static Row *
add_fabric (Chaos *self, CallstatsClient *client)
{
  Row *row = &self->ledger->rows[self->ledger->n_rows];
  g_autofree char *id = NULL;

  g_assert_cmpuint (self->ledger->n_rows, <, MAX_ROWS);
  id = callstats_client_add_new_fabric (
      client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, NULL);
  g_strlcpy (row->id, id, sizeof row->id);
  __atomic_store_n (&self->ledger->n_rows, self->ledger->n_rows + 1, __ATOMIC_RELEASE);
  callstats_client_set_ice_connection_state (
      client, id, CALLSTATS_ICE_CONNECTION_STATE_CHECKING);
  callstats_client_set_ice_connection_state (
      client, id, CALLSTATS_ICE_CONNECTION_STATE_CONNECTED);
  return row;
}

static void
end_fabric (CallstatsClient *client, Row *row)
{
  callstats_client_set_signaling_state (
      client, row->id, CALLSTATS_SIGNALING_STATE_CLOSED);
  __atomic_store_n (&row->ended, 1, __ATOMIC_RELEASE);
}

/* Records */

static void
tell_event (CallstatsClient *client, const char *fabric, gint64 n, gint64 at)
{
  g_autoptr (GVariant) data =
      g_variant_ref_sink (g_variant_new_parsed ("{'n': <%x>, 'at': <%x>}", n, at));
  g_autoptr (GError) error = NULL;

  callstats_client_send_fabric_event (client, fabric, "audioMute", data, &error);
  g_assert_no_error (error);
}

/* Members that move, jump, rest, come and go. */
static void
tell_report (CallstatsClient *client, const char *fabric, gint64 n, gint64 at)
{
  g_autoptr (CallstatsReport) report =
      callstats_report_new (callstats_monitor_to_epoch (at));
  char label[16];

  g_snprintf (label, sizeof label, "label-%d", (int)(n / 10));
  callstats_report_add_stats (report, "x-first", "first");
  callstats_report_set_int (report, "n", n);
  callstats_report_set_int (report, "at", at);
  callstats_report_set_int (report, "jumping", n * n % 1000003);
  callstats_report_set_double (report, "half", (double)n / 2);
  callstats_report_set_string (report, "label", label);
  if (n % 16 < 12) {
    callstats_report_add_stats (report, "x-second", "second");
    callstats_report_set_int (report, "bytes", n * 1000);
  }
  callstats_client_send_report (client, fabric, report);
}

static void
tell_record (CallstatsClient *client, Row *row)
{
  gint64 n = (gint64)row->posted + 1;
  gint64 at = g_get_monotonic_time ();

  __atomic_store_n (&row->told, (guint64)n, __ATOMIC_RELEASE);
  if (n % 4 == 0)
    tell_event (client, row->id, n, at);
  else
    tell_report (client, row->id, n, at);
  __atomic_store_n (&row->posted, (guint64)n, __ATOMIC_RELEASE);
}

static void
tell_next (Chaos *self)
{
  CallstatsClient *client = client_of (self, self->next);
  Row **row = &self->current[self->next];

  self->next = (self->next + 1) % (guint)n_fabrics;
  if (*row != NULL && (*row)->posted == FABRIC_RECORDS) {
    end_fabric (client, *row);
    *row = NULL;
  }
  if (*row == NULL)
    *row = add_fabric (self, client);
  tell_record (client, *row);
}

static guint64
get_stat (CallstatsClient *client, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
}

static gboolean
has_delivered (Chaos *self)
{
  guint64 waiting = 0;
  guint i;

  for (i = 0; i < N_CLIENTS; i++)
    waiting += get_stat (self->clients[i], "records-queued") +
               get_stat (self->clients[i], "records-held");
  return waiting == 0;
}

static gboolean
flush (Chaos *self)
{
  guint i;

  for (i = 0; i < N_CLIENTS; i++) {
    if (!callstats_client_flush (self->clients[i], PROMISE_MS))
      return FALSE;
  }
  return TRUE;
}

static gboolean
on_tick (gpointer user_data)
{
  Chaos *self = user_data;
  guint64 due =
      (guint64)((g_get_monotonic_time () - self->begin) * rate / G_USEC_PER_SEC);
  guint i;

  if (self->stopping) {
    /* What was posted is counted once it has come to the monitor thread. */
    if (flush (self) && has_delivered (self))
      g_main_loop_quit (self->loop);
    return G_SOURCE_CONTINUE;
  }
  for (i = 0; self->records < due && i < MAX_BURST; i++) {
    tell_next (self);
    self->records++;
  }
  self->records = MAX (self->records, due);
  return G_SOURCE_CONTINUE;
}

/* Promises */

static void
take_promise (Chaos *self)
{
  guint64 n = __atomic_load_n (&self->ledger->n_rows, __ATOMIC_ACQUIRE);
  g_autofree Row *before = g_memdup2 (self->ledger->rows, n * sizeof (Row));
  guint64 i;

  if (!flush (self))
    return;
  for (i = 0; i < n; i++) {
    self->ledger->rows[i].promised = before[i].posted;
    if (before[i].ended > 0)
      __atomic_store_n (&self->ledger->rows[i].ended, 2, __ATOMIC_RELEASE);
  }
}

static gpointer
take_promises (gpointer user_data)
{
  Chaos *self = user_data;

  while (!g_atomic_int_get (&self->stopping)) {
    take_promise (self);
    g_usleep (PROMISE_PAUSE_US);
  }
  return NULL;
}

/* Life */

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  g_print ("%s\n", error->message);
}

static gboolean
on_term (gpointer user_data)
{
  Chaos *self = user_data;
  int i;

  g_atomic_int_set (&self->stopping, TRUE);
  for (i = 0; i < n_fabrics; i++) {
    if (self->current[i] != NULL)
      end_fabric (client_of (self, (guint)i), self->current[i]);
  }
  return G_SOURCE_REMOVE;
}

static void
print_account (Chaos *self)
{
  static const char *const names[] = { "events", "reports", "records-acked",
    "records-thinned", "records-dropped" };
  guint i, k;

  for (k = 0; k < G_N_ELEMENTS (names); k++) {
    guint64 sum = 0;

    for (i = 0; i < N_CLIENTS; i++)
      sum += get_stat (self->clients[i], names[k]);
    g_print ("%s: %" G_GUINT64_FORMAT "\n", names[k], sum);
  }
}

static void
live (Chaos *self)
{
  GThread *promises = g_thread_new ("promises", take_promises, self);

  self->begin = g_get_monotonic_time ();
  g_unix_signal_add (SIGTERM, on_term, self);
  g_timeout_add (TICK_MS, on_tick, self);
  g_main_loop_run (self->loop);
  g_thread_join (promises);
  print_account (self);
}

static CallstatsClient *
make_client (guint number)
{
  g_autofree char *conference = g_strdup_printf ("%s-%u", user, number);
  CallstatsClient *client = callstats_client_new ("end-to-end", user);

  g_object_set (client, "app-secret-file", secret_file, "conference-id", conference,
      "backend-url", backend, "allowed-backends", allowed, "spool-dir", spool,
      "memory-max-bytes", (guint64)memory, NULL);
  g_signal_connect (client, "warning", G_CALLBACK (on_warning), NULL);
  callstats_client_initialize (client);
  return client;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) options = g_option_context_new ("- has a hard life");
  g_autoptr (GError) error = NULL;
  Chaos self = { 0 };
  guint i;

  setvbuf (stdout, NULL, _IOLBF, 0);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    g_error ("%s", error->message);
  g_assert_true (ledger_path != NULL && n_fabrics >= 1 && n_fabrics <= MAX_FABRICS);
  self.ledger = open_ledger (ledger_path);
  self.loop = g_main_loop_new (NULL, FALSE);
  for (i = 0; i < N_CLIENTS; i++)
    self.clients[i] = make_client (i);
  live (&self);
  for (i = 0; i < N_CLIENTS; i++)
    g_object_unref (self.clients[i]);
  g_main_loop_unref (self.loop);
  munmap (self.ledger, sizeof (Ledger));
  return 0;
}
