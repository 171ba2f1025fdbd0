/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether the database can be written to: a write of what is there already, and its
 * commit. The writer thread.
 */
#include "store-sqlite-private.h"

typedef struct {
  StoreProbed func;
  gpointer user_data;
} Probe;

/* The schema version: SQLite writes it even where it does not change. */
static gboolean
write_something (sqlite3 *db, gpointer user_data, GError **error)
{
  gint64 version;
  g_autofree char *sql = NULL;

  if (!sqlite_read_number (db, "PRAGMA user_version", &version))
    return sqlite_set_error (db, "reading the schema version", error);
  sql = g_strdup_printf ("PRAGMA user_version=%" G_GINT64_FORMAT, version);
  return sqlite_execute (db, sql, error);
}

static void
on_written (gpointer user_data, const GError *error)
{
  g_autofree Probe *probe = user_data;

  probe->func (probe->user_data, error);
}

void
sqlite_store_probe (Store *store, StoreProbed func, gpointer user_data)
{
  Probe *probe = g_new0 (Probe, 1);

  probe->func = func;
  probe->user_data = user_data;
  sqlite_store_push_task (store, write_something, probe, on_written);
}
