/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The upkeep of an SQLite store. Every ROUND it walks over the fabrics that have rows of
 * reports. What is due is packed here and put in place by the writer, a few blocks a
 * transaction, so that commits hardly wait. Every hour it removes what is old.
 *
 * Its own thread, but for starting and stopping it.
 */
#include "store-sqlite-upkeep.h"

#include "log.h"
#include "report-block.h"
#include "store-sqlite-blocks.h"
#include "store-sqlite-retention.h"

#define ROUND (10 * G_TIME_SPAN_SECOND)
#define MAX_SHARE 20                       /* a walk takes no more than this part */
#define SILENCE (60 * G_TIME_SPAN_SECOND)  /* of a conference that may have ended */
#define PATIENCE (15 * G_TIME_SPAN_MINUTE) /* with a fabric of which nothing comes */
#define BLOCKS_AT_ONCE 8
#define RETENTION_ROUND G_TIME_SPAN_HOUR

static const char next_fabric_sql[] =
    "SELECT fabric FROM reports WHERE fabric > ?1 ORDER BY fabric LIMIT 1";

static const char state_sql[] =
    "SELECT f.reports, f.terminated IS NOT NULL, c.last_heard,"
    " (SELECT count(*) FROM (SELECT 1 FROM reports WHERE fabric = ?1 LIMIT ?2))"
    " FROM fabrics f JOIN conferences c ON c.id = f.conference WHERE f.id = ?1";

/* What is remembered of a fabric between two walks. */
typedef struct {
  gint64 reports;
  gint64 since; /* monotonic: no more have come */
  guint walk;
} Sight;

struct _SqliteUpkeep {
  Store *store;
  GThread *thread;
  GMutex packing; /* one thread packs at a time */
  GMutex lock;
  GCond woken;
  gboolean stopping;         /* under the lock, as the next two */
  StoreRetention *retention; /* nullable */
  gint64 retain_at;          /* monotonic */
  GHashTable *sights;        /* id of a fabric -> Sight */
  guint walk;
  gboolean told; /* that it fails */
};

typedef struct {
  Store *store;
  sqlite3 *db;
  sqlite3_stmt *next, *state;
  GPtrArray *blocks; /* SqliteBlock: packed, not in place yet */
} Walk;

static void
walk_clear (Walk *walk)
{
  sqlite3_finalize (walk->next);
  sqlite3_finalize (walk->state);
  g_ptr_array_unref (walk->blocks);
  if (walk->db != NULL)
    sqlite_store_give_reader_back (walk->store, walk->db);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Walk, walk_clear)

static gboolean
walk_start (Walk *walk, Store *store, GError **error)
{
  walk->store = store;
  walk->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)sqlite_block_free);
  walk->db = sqlite_store_take_reader (store, error);
  if (walk->db == NULL)
    return FALSE;
  walk->next = sqlite_prepare (walk->db, next_fabric_sql, error);
  walk->state = sqlite_prepare (walk->db, state_sql, error);
  return walk->next != NULL && walk->state != NULL;
}

/* FALSE: it was the last one, or there is an error. */
static gboolean
walk_on (Walk *walk, gint64 *fabric, GError **error)
{
  int status;

  sqlite3_bind_int64 (walk->next, 1, *fabric);
  status = sqlite3_step (walk->next);
  if (status == SQLITE_ROW)
    *fabric = sqlite3_column_int64 (walk->next, 0);
  else if (status != SQLITE_DONE)
    sqlite_set_error (walk->db, "The database cannot be read", error);
  sqlite3_reset (walk->next);
  return status == SQLITE_ROW;
}

static gboolean
store_blocks (sqlite3 *db, gpointer user_data, GError **error)
{
  GPtrArray *blocks = user_data;

  for (guint i = 0; i < blocks->len; i++)
    if (!sqlite_block_store (db, blocks->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
walk_settle (Walk *walk, GError **error)
{
  gboolean done =
      walk->blocks->len == 0 || sqlite_store_run_alone (walk->store, store_blocks,
                                    walk->blocks, SQLITE_ALONE_WRITES, error);

  g_ptr_array_set_size (walk->blocks, 0);
  return done;
}

/* A fabric's next block needs the one before to be in place. full: whether
 * there may be one. Returns: rows, -1 on error. */
static int
walk_pack (Walk *walk, gint64 fabric, gboolean *full, GError **error)
{
  SqliteBlock *block = sqlite_block_pack (walk->db, fabric, error);
  int rows;

  *full = FALSE;
  if (block == NULL)
    return -1;
  *full = sqlite_block_is_full (block);
  rows = (int)sqlite_block_n_rows (block);
  g_ptr_array_add (walk->blocks, block);
  if (walk->blocks->len < BLOCKS_AT_ONCE && !*full)
    return rows;
  return walk_settle (walk, error) ? rows : -1;
}

/* ---- By itself ---- */

static gboolean
is_stopping (SqliteUpkeep *upkeep)
{
  gboolean stopping;

  g_mutex_lock (&upkeep->lock);
  stopping = upkeep->stopping;
  g_mutex_unlock (&upkeep->lock);
  return stopping;
}

/* For how long no reports of the fabric have come, as far as was seen. */
static gint64
look_at (SqliteUpkeep *upkeep, gint64 fabric, gint64 reports)
{
  Sight *sight = g_hash_table_lookup (upkeep->sights, &fabric);
  gint64 now = g_get_monotonic_time ();

  if (sight == NULL) {
    sight = g_new0 (Sight, 1);
    g_hash_table_insert (upkeep->sights, g_memdup2 (&fabric, sizeof fabric), sight);
    sight->reports = -1;
  }
  if (sight->reports != reports) {
    sight->reports = reports;
    sight->since = now;
  }
  sight->walk = upkeep->walk;
  return now - sight->since;
}

static gboolean
is_due (SqliteUpkeep *upkeep, sqlite3_stmt *state, gint64 fabric)
{
  gint64 quiet = look_at (upkeep, fabric, sqlite3_column_int64 (state, 0));
  gboolean ended = sqlite3_column_int (state, 1) != 0;
  gint64 silent = g_get_real_time () - sqlite3_column_int64 (state, 2);

  if (sqlite3_column_int (state, 3) >= REPORT_BLOCK_MAX)
    return TRUE;
  return quiet >= (ended || silent >= SILENCE ? ROUND : PATIENCE);
}

static gboolean
visit (SqliteUpkeep *upkeep, Walk *walk, gint64 fabric, GError **error)
{
  gboolean due, full = TRUE;

  while (full && !is_stopping (upkeep)) {
    sqlite3_bind_int64 (walk->state, 1, fabric);
    sqlite3_bind_int (walk->state, 2, REPORT_BLOCK_MAX);
    due =
        sqlite3_step (walk->state) == SQLITE_ROW && is_due (upkeep, walk->state, fabric);
    sqlite3_reset (walk->state);
    full = FALSE;
    if (due && walk_pack (walk, fabric, &full, error) < 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
was_not_met (gpointer fabric, gpointer sight, gpointer user_data)
{
  return ((const Sight *)sight)->walk != ((const SqliteUpkeep *)user_data)->walk;
}

static gboolean
pack_what_is_due (SqliteUpkeep *upkeep, GError **error)
{
  g_auto (Walk) walk = { 0 };
  GError *failure = NULL;
  gint64 fabric = 0;

  if (!walk_start (&walk, upkeep->store, error))
    return FALSE;
  upkeep->walk++;
  while (!is_stopping (upkeep) && walk_on (&walk, &fabric, &failure) &&
         visit (upkeep, &walk, fabric, &failure))
    ;
  if (failure == NULL)
    walk_settle (&walk, &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  g_hash_table_foreach_remove (upkeep->sights, was_not_met, upkeep);
  return TRUE;
}

/* Where somebody packs all of it, there is nothing to do. */
static gboolean
walk_all (SqliteUpkeep *upkeep, GError **error)
{
  gboolean done;

  if (!g_mutex_trylock (&upkeep->packing))
    return TRUE;
  done = pack_what_is_due (upkeep, error);
  g_mutex_unlock (&upkeep->packing);
  return done;
}

/* Returns: (nullable): NULL: nothing is due. */
static StoreRetention *
take_retention (SqliteUpkeep *upkeep)
{
  gint64 now = g_get_monotonic_time ();
  StoreRetention *retention = NULL;

  g_mutex_lock (&upkeep->lock);
  if (upkeep->retention != NULL && now >= upkeep->retain_at) {
    retention = store_retention_ref (upkeep->retention);
    upkeep->retain_at = now + RETENTION_ROUND;
  }
  g_mutex_unlock (&upkeep->lock);
  return retention;
}

static gboolean
goes_on (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  return !is_stopping (user_data);
}

static void
tell_removed (const StoreRemoved *removed)
{
  g_autofree char *reports = g_strdup_printf ("%" G_GUINT64_FORMAT, removed->reports);
  g_autofree char *conferences =
      g_strdup_printf ("%" G_GUINT64_FORMAT, removed->conferences);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, removed->bytes);

  if (removed->reports + removed->conferences > 0)
    log_info ("store-retention", "reports", reports, "conferences", conferences, "bytes",
        bytes, NULL);
}

static gboolean
retain (SqliteUpkeep *upkeep, GError **error)
{
  g_autoptr (StoreRetention) retention = take_retention (upkeep);
  GError *failure = NULL;
  StoreRemoved removed;

  if (retention == NULL)
    return TRUE;
  sqlite_retain (
      upkeep->store, retention, g_get_real_time (), &removed, goes_on, upkeep, &failure);
  tell_removed (&removed);
  if (failure == NULL ||
      g_error_matches (failure, STORE_ERROR, STORE_ERROR_INTERRUPTED)) {
    g_clear_error (&failure);
    return TRUE;
  }
  g_propagate_error (error, failure);
  return FALSE;
}

static void
tell_failure (SqliteUpkeep *upkeep, const GError *error)
{
  if (!upkeep->told)
    log_warning ("store-upkeep-failed", "error", error->message, NULL);
  upkeep->told = TRUE;
}

/* FALSE: it is to stop. */
static gboolean
rest (SqliteUpkeep *upkeep, gint64 until)
{
  gboolean stopping;

  g_mutex_lock (&upkeep->lock);
  while (!upkeep->stopping && g_get_monotonic_time () < until)
    g_cond_wait_until (&upkeep->woken, &upkeep->lock, until);
  stopping = upkeep->stopping;
  g_mutex_unlock (&upkeep->lock);
  return !stopping;
}

static gpointer
keep_up (gpointer user_data)
{
  SqliteUpkeep *upkeep = user_data;
  gint64 next = g_get_monotonic_time () + ROUND;

  while (rest (upkeep, next)) {
    g_autoptr (GError) error = NULL;
    gint64 began = g_get_monotonic_time (), ended;

    if (!walk_all (upkeep, &error) || !retain (upkeep, &error))
      tell_failure (upkeep, error);
    else
      upkeep->told = FALSE;
    ended = g_get_monotonic_time ();
    next = MAX (began + ROUND, ended + MAX_SHARE * (ended - began));
  }
  return NULL;
}

SqliteUpkeep *
sqlite_upkeep_start (Store *store)
{
  SqliteUpkeep *upkeep = g_new0 (SqliteUpkeep, 1);

  upkeep->store = store;
  upkeep->sights = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  g_mutex_init (&upkeep->packing);
  g_mutex_init (&upkeep->lock);
  g_cond_init (&upkeep->woken);
  upkeep->thread = g_thread_new ("store-upkeep", keep_up, upkeep);
  return upkeep;
}

void
sqlite_upkeep_stop (SqliteUpkeep *upkeep)
{
  if (upkeep == NULL)
    return;
  g_mutex_lock (&upkeep->lock);
  upkeep->stopping = TRUE;
  g_cond_signal (&upkeep->woken);
  g_mutex_unlock (&upkeep->lock);
  g_thread_join (upkeep->thread);
  g_hash_table_unref (upkeep->sights);
  store_retention_unref (upkeep->retention);
  g_mutex_clear (&upkeep->packing);
  g_mutex_clear (&upkeep->lock);
  g_cond_clear (&upkeep->woken);
  g_free (upkeep);
}

void
sqlite_upkeep_set_retention (SqliteUpkeep *upkeep, StoreRetention *retention)
{
  g_mutex_lock (&upkeep->lock);
  g_clear_pointer (&upkeep->retention, store_retention_unref);
  if (retention != NULL)
    upkeep->retention = store_retention_ref (retention);
  upkeep->retain_at = 0;
  g_mutex_unlock (&upkeep->lock);
}

/* ---- On request ---- */

static gboolean
pack_all (Store *store, StoreProgressFunc progress, gpointer user_data, GError **error)
{
  g_auto (Walk) walk = { 0 };
  GError *failure = NULL;
  gint64 fabric = 0, total = 0;
  guint64 done = 0;
  gboolean full = FALSE;
  int rows = 0;

  if (!walk_start (&walk, store, error))
    return FALSE;
  sqlite_read_number (walk.db, "SELECT count(*) FROM reports", &total);
  while (rows >= 0 && (full || walk_on (&walk, &fabric, &failure))) {
    rows = walk_pack (&walk, fabric, &full, &failure);
    done += (guint64)MAX (rows, 0);
    if (!store_progress (
            progress, user_data, "reports packed", done, (guint64)total, &failure))
      break;
  }
  if (failure == NULL)
    walk_settle (&walk, &failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

gboolean
sqlite_compact (
    Store *store, StoreProgressFunc progress, gpointer user_data, GError **error)
{
  SqliteUpkeep *upkeep = sqlite_store_get_upkeep (store);
  gboolean done;

  g_mutex_lock (&upkeep->packing);
  done = pack_all (store, progress, user_data, error);
  g_mutex_unlock (&upkeep->packing);
  return done;
}
