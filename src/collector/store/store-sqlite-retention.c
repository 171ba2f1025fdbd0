/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Removal of what is old. What is to go is looked for with a connection of its own; the
 * writer deletes it in slices of a few milliseconds. How old something is tells the clock
 * of this machine: when it was stored, not when the client says it was, nor when a file
 * or a spool was written.
 *
 * Any thread but the writer's.
 */
#include "store-sqlite-retention.h"

#include "store-sqlite-columns.h"

#define SLICE (10 * G_TIME_SPAN_MILLISECOND)
#define BATCH 10000      /* rows looked for at a time */
#define VACUUM_PAGES 200 /* given back in a slice */

/* One kind of thing that is removed. find: ids and weights of those of the application ?1
 * that were last stored before ?2, at most ?3. remove: statements for each id (?1), the
 * last of which deletes it, unless something was stored since ?2. */
typedef struct {
  const char *what;
  const char *find;
  const char *const *remove;
  goffset counter; /* of StoreRemoved; -1: none */
} Kind;

#define OLD_CONFERENCE "(SELECT id FROM conferences WHERE id = ?1 AND stored < ?2)"
#define OLD_ROW \
  "id = ?1 AND EXISTS (SELECT 1 FROM fabrics f JOIN conferences c" \
  " ON c.id = f.conference WHERE f.id = reports.fabric AND c.stored < ?2)"

static const char *const remove_block[] = {
  "UPDATE fabrics SET expired = expired + (SELECT reports FROM blocks WHERE id = ?1)"
  " WHERE id = (SELECT fabric FROM blocks WHERE id = ?1 AND written < ?2)",
  "DELETE FROM blocks WHERE id = ?1 AND written < ?2",
  NULL,
};

static const char *const remove_row[] = {
  "UPDATE fabrics SET expired = expired + 1"
  " WHERE id = (SELECT fabric FROM reports WHERE " OLD_ROW ")",
  "DELETE FROM reports WHERE " OLD_ROW,
  NULL,
};

static const char *const remove_session[] = {
  "DELETE FROM holes WHERE session ="
  " (SELECT id FROM sessions WHERE id = ?1 AND last_heard < ?2)",
  "DELETE FROM sessions WHERE id = ?1 AND last_heard < ?2",
  NULL,
};

static const char *const remove_other[] = {
  "DELETE FROM others WHERE id = ?1 AND stored < ?2",
  NULL,
};

#define UNUSED_USER \
  " NOT EXISTS (SELECT 1 FROM participants WHERE user = users.id)" \
  " AND NOT EXISTS (SELECT 1 FROM fabrics WHERE user = users.id)" \
  " AND NOT EXISTS (SELECT 1 FROM sessions WHERE user = users.id)" \
  " AND NOT EXISTS (SELECT 1 FROM others WHERE user = users.id)"

static const char *const remove_user[] = {
  "DELETE FROM user_names WHERE user ="
  " (SELECT id FROM users WHERE id = ?1 AND ?2 > 0 AND" UNUSED_USER ")",
  "DELETE FROM users WHERE id = ?1 AND ?2 > 0 AND" UNUSED_USER,
  NULL,
};

/* +: by age; most are of the application. */
static const Kind raw_kinds[] = {
  { "reports removed",
      "SELECT b.id, b.reports FROM blocks b JOIN fabrics f ON f.id = b.fabric"
      " JOIN conferences c ON c.id = f.conference"
      " WHERE +c.app = ?1 AND b.written < ?2 ORDER BY b.written LIMIT ?3",
      remove_block, G_STRUCT_OFFSET (StoreRemoved, reports) },
  /* Those that did not become blocks yet. */
  { "reports removed",
      "WITH RECURSIVE hot (fabric) AS (SELECT min(fabric) FROM reports UNION ALL"
      "  SELECT (SELECT min(fabric) FROM reports WHERE fabric > hot.fabric) FROM hot"
      "  WHERE hot.fabric IS NOT NULL)"
      " SELECT r.id, 1 FROM hot JOIN fabrics f ON f.id = hot.fabric"
      " JOIN conferences c ON c.id = f.conference JOIN reports r ON r.fabric = f.id"
      " WHERE c.app = ?1 AND c.stored < ?2 LIMIT ?3",
      remove_row, G_STRUCT_OFFSET (StoreRemoved, reports) },
};

static const Kind summary_kinds[] = {
  { "sessions removed",
      "SELECT s.id, 1 FROM sessions s JOIN users u ON u.id = s.user"
      " WHERE u.app = ?1 AND s.last_heard < ?2 LIMIT ?3",
      remove_session, -1 },
  { "records removed",
      "SELECT o.id, 1 FROM others o JOIN users u ON u.id = o.user"
      " WHERE u.app = ?1 AND o.stored < ?2 LIMIT ?3",
      remove_other, -1 },
  { "users removed",
      "SELECT id, 1 FROM users WHERE app = ?1 AND ?2 > 0 AND" UNUSED_USER " LIMIT ?3",
      remove_user, -1 },
};

static const char find_conferences[] =
    "SELECT id, 1 FROM conferences WHERE app = ?1 AND stored < ?2 LIMIT ?3";

static const char references_sql[] =
    "SELECT m.name, k.\"from\", k.\"table\","
    " EXISTS (SELECT 1 FROM pragma_foreign_key_list (m.name) WHERE \"table\" ="
    "  'conferences')"
    " FROM sqlite_schema m, pragma_foreign_key_list (m.name) k"
    " WHERE m.type = 'table' AND m.name <> 'fabrics'"
    " AND k.\"table\" IN ('conferences', 'fabrics') ORDER BY k.\"table\", m.name";

typedef struct {
  gint64 id, weight;
} Found;

typedef struct {
  Store *store;
  sqlite3 *db;
  gint64 app, before;
  StoreRemoved *removed;
  StoreProgressFunc progress;
  gpointer user_data;
} Retention;

typedef struct {
  const Kind *kind;
  gint64 before;
  GArray *found; /* Found */
  guint next;
  guint64 n, weight; /* of those that are removed */
} Slice;

/* ---- The writer ---- */

static gboolean
remove_one (
    sqlite3 *db, GPtrArray *statements, const Slice *slice, gint64 id, GError **error)
{
  for (guint i = 0; i < statements->len; i++) {
    sqlite3_stmt *statement = statements->pdata[i];
    int status;

    sqlite3_bind_int64 (statement, 1, id);
    if (sqlite3_bind_parameter_count (statement) > 1)
      sqlite3_bind_int64 (statement, 2, slice->before);
    status = sqlite3_step (statement);
    sqlite3_reset (statement);
    if (status != SQLITE_DONE)
      return sqlite_set_error (db, "The database cannot be written", error);
  }
  return TRUE;
}

static void
finalize (gpointer statement)
{
  sqlite3_finalize (statement);
}

static GPtrArray *
prepare_all (sqlite3 *db, const char *const *sql, GError **error)
{
  g_autoptr (GPtrArray) statements = g_ptr_array_new_with_free_func (finalize);

  for (gsize i = 0; sql[i] != NULL; i++) {
    g_ptr_array_add (statements, sqlite_prepare (db, sql[i], error));
    if (statements->pdata[i] == NULL)
      return NULL;
  }
  return g_steal_pointer (&statements);
}

static gboolean
remove_slice (sqlite3 *db, gpointer user_data, GError **error)
{
  Slice *slice = user_data;
  gint64 end = g_get_monotonic_time () + SLICE;
  g_autoptr (GPtrArray) statements = prepare_all (db, slice->kind->remove, error);

  if (statements == NULL)
    return FALSE;
  do {
    const Found *found = &g_array_index (slice->found, Found, slice->next);

    if (!remove_one (db, statements, slice, found->id, error))
      return FALSE;
    if (sqlite3_changes (db) > 0) {
      slice->n++;
      slice->weight += (guint64)found->weight;
    }
    slice->next++;
  } while (slice->next < slice->found->len && g_get_monotonic_time () < end);
  return TRUE;
}

typedef struct {
  gint64 before, after; /* free pages */
} Vacuum;

static gboolean
vacuum_slice (sqlite3 *db, gpointer user_data, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
  Vacuum *vacuum = user_data;

  return sqlite_read_number (db, "PRAGMA freelist_count", &vacuum->before) &&
         (vacuum->before == 0 || sqlite_execute (db, sql, error)) &&
         sqlite_read_number (db, "PRAGMA freelist_count", &vacuum->after);
}

/* ---- Any thread ---- */

static GArray *
find (Retention *self, const char *sql, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (self->db, sql, error);
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (Found));
  GError *failure = NULL;

  if (rows == NULL)
    return NULL;
  sqlite3_bind_int64 (rows, 1, self->app);
  sqlite3_bind_int64 (rows, 2, self->before);
  sqlite3_bind_int (rows, 3, BATCH);
  while (sqlite_next (rows, &failure)) {
    Found one = { sqlite3_column_int64 (rows, 0), sqlite3_column_int64 (rows, 1) };

    g_array_append_val (found, one);
  }
  if (failure == NULL)
    return g_steal_pointer (&found);
  g_propagate_error (error, failure);
  return NULL;
}

static gboolean
run_slice (Retention *self, Slice *slice, guint64 *total, GError **error)
{
  const Kind *kind = slice->kind;

  slice->weight = 0;
  if (!sqlite_store_run_alone (
          self->store, remove_slice, slice, SQLITE_ALONE_DELETES, error))
    return FALSE;
  *total += slice->weight;
  if (kind->counter >= 0)
    G_STRUCT_MEMBER (guint64, self->removed, kind->counter) += slice->weight;
  return store_progress (self->progress, self->user_data, kind->what, *total, 0, error);
}

/* What another process is faster with is found no more. */
static gboolean
remove_kind (Retention *self, const Kind *kind, GError **error)
{
  guint64 total = 0;
  gboolean more = TRUE;

  while (more) {
    g_autoptr (GArray) found = find (self, kind->find, error);
    Slice slice = { .kind = kind, .before = self->before, .found = found };

    if (found == NULL)
      return FALSE;
    while (slice.next < found->len)
      if (!run_slice (self, &slice, &total, error))
        return FALSE;
    more = found->len == BATCH && slice.n > 0;
  }
  return TRUE;
}

static gboolean
remove_kinds (Retention *self, const Kind *kinds, gsize n, GError **error)
{
  for (gsize i = 0; i < n; i++)
    if (!remove_kind (self, &kinds[i], error))
      return FALSE;
  return TRUE;
}

/* An event of another conference, which a fabric was part of before, stays. */
static char *
describe_removal (sqlite3_stmt *reference)
{
  const char *table = (const char *)sqlite3_column_text (reference, 0);
  const char *column = (const char *)sqlite3_column_text (reference, 1);
  gboolean of_conference =
      g_strcmp0 ((const char *)sqlite3_column_text (reference, 2), "conferences") == 0;

  if (of_conference)
    return g_strdup_printf (
        "DELETE FROM \"%s\" WHERE \"%s\" IN " OLD_CONFERENCE, table, column);
  return g_strdup_printf (
      sqlite3_column_int (reference, 3) != 0
          ? "UPDATE \"%s\" SET \"%s\" = NULL WHERE \"%s\" IN"
            " (SELECT id FROM fabrics WHERE conference IN " OLD_CONFERENCE ")"
          : "DELETE FROM \"%s\" WHERE %.0s\"%s\" IN"
            " (SELECT id FROM fabrics WHERE conference IN " OLD_CONFERENCE ")",
      table, column, column);
}

/* Whatever refers to a conference or to one of its fabrics goes with it. */
static GStrv
describe_removals (sqlite3 *db, GError **error)
{
  g_autoptr (sqlite3_stmt) references = sqlite_prepare (db, references_sql, error);
  g_autoptr (GStrvBuilder) sql = g_strv_builder_new ();
  GError *failure = NULL;

  if (references == NULL)
    return NULL;
  while (sqlite_next (references, &failure)) {
    g_autofree char *removal = describe_removal (references);

    g_strv_builder_add (sql, removal);
  }
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  g_strv_builder_add (sql, "DELETE FROM fabrics WHERE conference IN " OLD_CONFERENCE);
  g_strv_builder_add (sql, "DELETE FROM conferences WHERE id IN " OLD_CONFERENCE);
  return g_strv_builder_end (sql);
}

static gboolean
remove_conferences (Retention *self, GError **error)
{
  g_auto (GStrv) removals = describe_removals (self->db, error);
  const Kind kind = { "conferences removed", find_conferences,
    (const char *const *)removals, G_STRUCT_OFFSET (StoreRemoved, conferences) };

  return removals != NULL && remove_kind (self, &kind, error) &&
         remove_kinds (self, summary_kinds, G_N_ELEMENTS (summary_kinds), error);
}

static gboolean
retain_app (
    Retention *self, gint64 app, const StoreDays *days, gint64 now, GError **error)
{
  self->app = app;
  self->before = now - days->raw * G_TIME_SPAN_DAY;
  if (days->raw > 0 && !remove_kinds (self, raw_kinds, G_N_ELEMENTS (raw_kinds), error))
    return FALSE;
  self->before = now - days->summaries * G_TIME_SPAN_DAY;
  return days->summaries == 0 || remove_conferences (self, error);
}

/* Returns: (element-type utf8): names, by ids. */
static GHashTable *
list_apps (Retention *self, GError **error)
{
  g_autoptr (sqlite3_stmt) rows =
      sqlite_prepare (self->db, "SELECT id, name FROM apps", error);
  g_autoptr (GHashTable) apps =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  GError *failure = NULL;

  if (rows == NULL)
    return NULL;
  while (sqlite_next (rows, &failure)) {
    gint64 id = sqlite3_column_int64 (rows, 0);

    g_hash_table_insert (apps, g_memdup2 (&id, sizeof id), sqlite_get_text (rows, 1));
  }
  if (failure == NULL)
    return g_steal_pointer (&apps);
  g_propagate_error (error, failure);
  return NULL;
}

/* No statement is left open in between: it would see all as it was when it began. */
static gboolean
retain_apps (Retention *self, const StoreRetention *retention, gint64 now, GError **error)
{
  g_autoptr (GHashTable) apps = list_apps (self, error);
  GHashTableIter iter;
  gpointer id, name;

  if (apps == NULL)
    return FALSE;
  g_hash_table_iter_init (&iter, apps);
  while (g_hash_table_iter_next (&iter, &id, &name))
    if (!retain_app (
            self, *(gint64 *)id, store_retention_get (retention, name), now, error))
      return FALSE;
  return TRUE;
}

/* A database of the first schema keeps its free pages for itself. */
static gboolean
give_pages_back (Retention *self, GError **error)
{
  gint64 mode = 0, page_size = 0;
  guint64 pages = 0;
  Vacuum vacuum;

  if (!sqlite_read_number (self->db, "PRAGMA auto_vacuum", &mode) ||
      !sqlite_read_number (self->db, "PRAGMA page_size", &page_size))
    return sqlite_set_error (self->db, "The database cannot be read", error);
  if (mode == 0)
    return TRUE;
  do {
    if (!sqlite_store_run_alone (
            self->store, vacuum_slice, &vacuum, SQLITE_ALONE_WRITES, error))
      return FALSE;
    pages += (guint64)(vacuum.before - vacuum.after);
    self->removed->bytes = pages * (guint64)page_size;
    if (!store_progress (self->progress, self->user_data, "bytes given back",
            self->removed->bytes, 0, error))
      return FALSE;
  } while (vacuum.after > 0 && vacuum.after < vacuum.before);
  return TRUE;
}

gboolean
sqlite_retain (Store *store, const StoreRetention *retention, gint64 now,
    StoreRemoved *removed, StoreProgressFunc progress, gpointer user_data, GError **error)
{
  Retention self = {
    .store = store, .removed = removed, .progress = progress, .user_data = user_data
  };
  gboolean done;

  *removed = (StoreRemoved){ 0 };
  self.db = sqlite_store_take_reader (store, error);
  if (self.db == NULL)
    return FALSE;
  done = retain_apps (&self, retention, now, error) &&
         (removed->reports + removed->conferences == 0 || give_pages_back (&self, error));
  sqlite_store_give_reader_back (store, self.db);
  return done;
}

/* Whoever wrote meanwhile would wait for all of it, and give up: so it is for one alone.
 */
gboolean
sqlite_vacuum (const char *path, GError **error)
{
  static const char sql[] = "PRAGMA locking_mode=EXCLUSIVE;"
                            "PRAGMA auto_vacuum=INCREMENTAL; VACUUM";
  g_autoptr (sqlite3) db = NULL;

  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
          SQLITE_OK &&
      sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  if (sqlite3_errcode (db) != SQLITE_BUSY)
    return sqlite_set_error (db, "The database cannot be vacuumed", error);
  g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID,
      "--vacuum: \"%s\" is in use; stop the collector that has it open and run this "
      "again; all but --vacuum is done",
      path);
  return FALSE;
}
