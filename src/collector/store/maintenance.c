/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands that look after a store. A collector may run on it meanwhile. Progress is
 * shown on a terminal; SIGINT and SIGTERM end a command after the step it is at.
 *
 * Main thread only.
 */
#include "maintenance.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "callstats/callstats-error.h"
#include "option-rows.h"
#include "retention.h"

#define PROGRESS_US (G_USEC_PER_SEC / 4)
#define MAX_DAYS 36500

enum {
  STATUS_OK,
  STATUS_FOUND, /* check: something is wrong */
  STATUS_FAILED,
};

typedef struct {
  char *config; /* nullable, as the next three */
  char *store;
  char *keys;
  gint64 raw_days, summary_days;
  gboolean vacuum;
  char **files; /* nullable */
} Arguments;

typedef struct {
  const char *name;
  const char *summary;    /* for --help */
  const char *parameters; /* nullable, as the next */
  const char *description;
  const OptionRow *rows;
  const GOptionEntry *entries; /* further ones, for the command line only */
  guint n_files;
  /* Returns: the exit status. */
  int (*run) (const Arguments *given, GError **error);
} Command;

static volatile sig_atomic_t interrupted;

/* ---- Progress ---- */

static gint64 shown_at; /* 0: no line is there */

static void
clear_progress (void)
{
  if (shown_at > 0)
    fputs ("\r\033[K", stderr);
  shown_at = 0;
}

static gboolean
show_progress (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  gint64 now = g_get_monotonic_time ();

  if (!isatty (STDERR_FILENO) || now - shown_at < PROGRESS_US)
    return !interrupted;
  shown_at = now;
  fprintf (stderr, "\r\033[K");
  if (total > 0)
    fprintf (stderr, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " %s (%.0f %%)", done,
        total, what, 100.0 * (double)done / (double)total);
  else if (done > 0)
    fprintf (stderr, "%" G_GUINT64_FORMAT " %s", done, what);
  else
    fputs (what, stderr);
  return !interrupted;
}

/* The second signal ends the process as usual. */
static void
on_signal (int number)
{
  interrupted = TRUE;
  signal (number, SIG_DFL);
}

/* ---- Commands ---- */

static int
judge (gboolean done)
{
  return done ? STATUS_OK : STATUS_FAILED;
}

/* A store that is not there is no store to look after. */
static Store *
open_store (const Arguments *given, GError **error)
{
  return store_exists (given->store, error) ? store_open (given->store, error) : NULL;
}

static int
run_migrate (const Arguments *given, GError **error)
{
  g_autoptr (Store) store = NULL;

  show_progress ("bringing the tables up to date", 0, 0, NULL);
  store = open_store (given, error);
  if (store == NULL || !store_compact (store, show_progress, NULL, error))
    return STATUS_FAILED;
  g_clear_pointer (&store, store_free);
  if (given->vacuum && !store_vacuum (given->store, error))
    return STATUS_FAILED;
  clear_progress ();
  puts ("The store is up to date.");
  return STATUS_OK;
}

static StoreRetention *
read_retention (const Arguments *given, GError **error)
{
  const StoreDays others = { (guint)given->raw_days, (guint)given->summary_days };
  g_autoptr (Applications) applications = applications_new ();

  applications_leave_sealed (applications);
  if (given->keys != NULL &&
      !applications_add_key_file (applications, given->keys, error))
    return NULL;
  return retention_of_applications (applications, &others);
}

static gboolean
check_days (const Arguments *given, GError **error)
{
  if (given->raw_days + given->summary_days > 0 || given->keys != NULL || given->vacuum)
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "nothing is to be removed; give --raw-days or --summary-days, from 1 to %d, or "
      "--keys",
      MAX_DAYS);
  return FALSE;
}

static int
run_retention (const Arguments *given, GError **error)
{
  g_autoptr (StoreRetention) retention = NULL;
  g_autoptr (Store) store = NULL;
  StoreRemoved removed = { 0 };
  gboolean done;

  if (!check_days (given, error))
    return STATUS_FAILED;
  retention = read_retention (given, error);
  store = retention != NULL ? open_store (given, error) : NULL;
  if (store == NULL)
    return STATUS_FAILED;
  done = store_retain (
      store, retention, g_get_real_time (), &removed, show_progress, NULL, error);
  g_clear_pointer (&store, store_free);
  if (done && given->vacuum)
    done = store_vacuum (given->store, error);
  clear_progress ();
  printf ("%" G_GUINT64_FORMAT " reports and %" G_GUINT64_FORMAT
          " conferences removed, %" G_GUINT64_FORMAT " bytes given back\n",
      removed.reports, removed.conferences, removed.bytes);
  return judge (done);
}

static int
run_backup (const Arguments *given, GError **error)
{
  return judge (store_backup (given->store, given->files[0], show_progress, NULL, error));
}

static void
on_found (const char *finding, gpointer user_data)
{
  clear_progress ();
  puts (finding);
  ++*(guint *)user_data;
}

static int
run_check (const Arguments *given, GError **error)
{
  guint findings = 0;

  if (!store_check (given->store, on_found, show_progress, &findings, error))
    return STATUS_FAILED;
  clear_progress ();
  if (findings > 0)
    return STATUS_FOUND;
  puts ("The store is whole.");
  return STATUS_OK;
}

/* ---- Command lines ---- */

static Arguments arguments;

/* clang-format off */
#define STORE_ROWS                                                                  \
  { "config", OPTION_FILE, G_STRUCT_OFFSET (Arguments, config), NULL, "FILE",       \
    "The collector's configuration file", 0, 0 },                                   \
  { "store", OPTION_TEXT, G_STRUCT_OFFSET (Arguments, store), NULL, "sqlite:PATH",  \
    "The store", 0, 0 }
#define LAST_ROW { NULL, OPTION_TEXT, 0, NULL, NULL, NULL, 0, 0 }

static const OptionRow store_rows[] = {
  STORE_ROWS,
  LAST_ROW,
};

static const OptionRow retention_rows[] = {
  STORE_ROWS,
  { "raw-days", OPTION_NUMBER, G_STRUCT_OFFSET (Arguments, raw_days), "0", "N",
    "Remove reports that were heard longer ago, 0 for none", 0, MAX_DAYS },
  { "summary-days", OPTION_NUMBER, G_STRUCT_OFFSET (Arguments, summary_days), "0", "N",
    "Remove conferences of which nothing was heard for longer, 0 for none", 0, MAX_DAYS },
  { "keys", OPTION_FILE, G_STRUCT_OFFSET (Arguments, keys), NULL, "FILE",
    "Take raw-days and summary-days of applications from this key file, where it has them",
    0, 0 },
  LAST_ROW,
};
/* clang-format on */

#define FILES \
  { \
    G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments.files, NULL, NULL \
  }

static const GOptionEntry plain_entries[] = {
  FILES,
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry migrate_entries[] = {
  { "vacuum", 0, 0, G_OPTION_ARG_NONE, &arguments.vacuum,
      "Give free room back to the disk at the end; no collector may run meanwhile",
      NULL },
  FILES,
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry retention_entries[] = {
  { "vacuum", 0, 0, G_OPTION_ARG_NONE, &arguments.vacuum,
      "Give all free room back to the disk, as a store that was migrated does not by "
      "itself; no collector may run meanwhile",
      NULL },
  FILES,
  G_OPTION_ENTRY_NULL,
};

static const Command migrate = {
  .name = "migrate",
  .summary = "- bring a store up to date",
  .description =
      "Brings the tables of a store that an earlier version wrote up to date, and packs\n"
      "reports that lie one by one. A collector does both by itself; this does it while\n"
      "nobody waits. It may be interrupted, and goes on when it is started again.\n"
      "\n"
      "Exit status: 0 done, 2 failed or interrupted\n",
  .rows = store_rows,
  .entries = migrate_entries,
  .run = run_migrate,
};

static const Command retention = {
  .name = "retention",
  .summary = "- remove what is old from a store",
  .description =
      "What a collector with the same options does every hour. It may run meanwhile.\n"
      "How old something is tells when it was heard, by this machine's clock.\n"
      "\n"
      "Exit status: 0 done, 2 failed or interrupted\n",
  .rows = retention_rows,
  .entries = retention_entries,
  .run = run_retention,
};

static const Command backup = {
  .name = "backup",
  .summary = "FILE - copy a store",
  .description =
      "Writes a copy of the store, as it is at this moment, to FILE, which is exchanged\n"
      "only when the copy is whole and on the disk. A collector may run meanwhile. The\n"
      "copy is a store: callstats-collector --store sqlite:FILE serves it.\n"
      "\n"
      "Exit status: 0 done, 2 failed or interrupted\n",
  .rows = store_rows,
  .entries = plain_entries,
  .n_files = 1,
  .run = run_backup,
};

static const Command check = {
  .name = "check",
  .summary = "- look whether a store is whole",
  .description =
      "Reads all of it: the database's pages and references, the blocks of reports and\n"
      "their checksums, and whether as many reports are there as fabrics have. A\n"
      "collector may run meanwhile. What is wrong is told, a line each.\n"
      "\n"
      "Exit status: 0 whole, 1 something is wrong, 2 failed or interrupted\n",
  .rows = store_rows,
  .entries = plain_entries,
  .run = run_check,
};

static gboolean
parse (const Command *command, int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (command->summary);
  g_autoptr (OptionSources) sources = NULL;
  guint n_files;

  g_option_context_set_description (context, command->description);
  sources = option_rows_parse (command->rows, context, command->entries, OPTION_KEYS_ANY,
      &arguments, argc, argv, error);
  if (sources == NULL)
    return FALSE;
  n_files = arguments.files != NULL ? g_strv_length (arguments.files) : 0;
  if (arguments.store != NULL && n_files == command->n_files)
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      arguments.store == NULL ? "--store is missing; name a file like --store "
                                "sqlite:/var/lib/callstats-collector/calls.db"
      : command->n_files == 0 ? "there is something behind the options; leave it out"
                              : "name one FILE to write to");
  return FALSE;
}

static int
run (const Command *command, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strdup_printf ("callstats-collector %s", command->name);
  int status = STATUS_FAILED;

  g_set_prgname (name);
  signal (SIGINT, on_signal);
  signal (SIGTERM, on_signal);
  if (parse (command, argc, argv, &error))
    status = command->run (&arguments, &error);
  clear_progress ();
  if (error != NULL)
    fprintf (stderr, "callstats-collector: %s\n", error->message);
  option_rows_clear (command->rows, &arguments);
  g_strfreev (arguments.files);
  return status;
}

int
migrate_main (int argc, char **argv)
{
  return run (&migrate, argc, argv);
}

int
retention_main (int argc, char **argv)
{
  return run (&retention, argc, argv);
}

int
backup_main (int argc, char **argv)
{
  return run (&backup, argc, argv);
}

int
check_main (int argc, char **argv)
{
  return run (&check, argc, argv);
}
