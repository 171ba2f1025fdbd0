/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From one schema version to the next. A new database takes all steps, so that it has the
 * same tables as one that was migrated. Any thread, a connection for each.
 */
#include "store-sqlite-private.h"
#include "store-sqlite-schema-1.h"
#include "store-sqlite-schema-2.h"
#include "store-sqlite-schema-3.h"

/* Databases of the first version may lack the table of holes. */
static gboolean
take_step_1 (sqlite3 *db, GError **error)
{
  g_autofree char *identity =
      g_strdup_printf ("PRAGMA application_id=%d", SQLITE_SCHEMA_APPLICATION_ID);

  return sqlite_execute (db, schema_1, error) && sqlite_execute (db, identity, error);
}

static gboolean
execute_all (sqlite3 *db, const char *const *sql, gsize n, GError **error)
{
  for (gsize i = 0; i < n; i++)
    if (!sqlite_execute (db, sql[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
take_step_2 (sqlite3 *db, GError **error)
{
  return sqlite_execute (db, schema_1_holes, error) &&
         execute_all (db, schema_2, G_N_ELEMENTS (schema_2), error);
}

static gboolean
take_step_3 (sqlite3 *db, GError **error)
{
  return execute_all (db, schema_3, G_N_ELEMENTS (schema_3), error);
}

/* The step at index n leads to version n + 1. */
static gboolean (*const steps[]) (sqlite3 *db, GError **error) = {
  take_step_1,
  take_step_2,
  take_step_3,
};

int
sqlite_schema_version (void)
{
  return G_N_ELEMENTS (steps);
}

/* Another process may have been faster: the version is read in the transaction. from: is
 * set where this one takes the step. */
static gboolean
take_next_step (sqlite3 *db, gint64 *version, int *from, GError **error)
{
  g_autofree char *mark = NULL;

  if (!sqlite_execute (db, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (!sqlite_read_number (db, "PRAGMA user_version", version))
    return sqlite_set_error (db, "The database cannot be read", error);
  if (*version >= sqlite_schema_version ())
    return sqlite_execute (db, "COMMIT", error);
  *from = MIN (*from, (int)*version);
  mark = g_strdup_printf ("PRAGMA user_version=%d", (int)++*version);
  return steps[*version - 1](db, error) && sqlite_execute (db, mark, error) &&
         sqlite_execute (db, "COMMIT", error);
}

gboolean
sqlite_migrate (sqlite3 *db, int *from, GError **error)
{
  gint64 version;

  *from = sqlite_schema_version ();
  if (!sqlite_read_number (db, "PRAGMA user_version", &version))
    return sqlite_set_error (db, "The database cannot be read", error);
  while (version < sqlite_schema_version ())
    if (!take_next_step (db, &version, from, error)) {
      if (!sqlite3_get_autocommit (db))
        sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL);
      return FALSE;
    }
  return TRUE;
}
