/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queue of webhook deliveries. One that was delivered or given up keeps its id,
 * without its body, so that it does not come again.
 *
 * The tasks run on the writer thread, what is called on the opener's.
 */
#include "store-sqlite-private.h"

/* A conference whose records come later than this may be told of twice. */
#define REMEMBERED (30 * G_TIME_SPAN_DAY)

static const char add_sql[] =
    "INSERT OR IGNORE INTO deliveries (id, webhook, event, created, due, body)"
    " SELECT ?1, ?2, ?3, ?4, ?4, ?5"
    " WHERE ?6 IS NULL OR EXISTS (SELECT 1 FROM deliveries WHERE id = ?6)";
static const char forget_sql[] =
    "DELETE FROM deliveries WHERE created < ?1 AND due IS NULL";
static const char make_room_sql[] =
    "UPDATE deliveries SET due = NULL, body = NULL WHERE id IN (SELECT id FROM deliveries"
    " WHERE webhook = ?1 AND due IS NOT NULL ORDER BY created DESC, id LIMIT -1 OFFSET "
    "?2)";
/* One that was given up while it was under way stays so. */
static const char settle_sql[] =
    "UPDATE deliveries SET due = ?2, attempts = attempts + 1,"
    " body = CASE WHEN ?2 IS NULL THEN NULL ELSE body END"
    " WHERE id = ?1 AND due IS NOT NULL";
static const char expire_sql[] =
    "UPDATE deliveries SET due = NULL, body = NULL"
    " WHERE webhook = ?1 AND due IS NOT NULL AND created < ?2";
static const char webhooks_sql[] =
    "SELECT DISTINCT webhook FROM deliveries WHERE due IS NOT NULL";
static const char count_sql[] =
    "SELECT count(*) FROM deliveries WHERE webhook = ?1 AND due IS NOT NULL";
static const char next_sql[] =
    "SELECT id, event, created, due, attempts, body FROM deliveries"
    " WHERE webhook = ?1 AND due IS NOT NULL AND body IS NOT NULL"
    " ORDER BY due, created, id LIMIT 1";

static sqlite3_stmt *
prepare (sqlite3 *db, const char *sql, GError **error)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    sqlite_set_error (db, "The queue of deliveries cannot be used", error);
  return statement;
}

/* Returns: whether it went well. row: set where there is one. */
static gboolean
step (sqlite3_stmt *statement, gboolean *row, GError **error)
{
  int status = sqlite3_step (statement);

  *row = status == SQLITE_ROW;
  return status == SQLITE_ROW || status == SQLITE_DONE ||
         sqlite_set_error (sqlite3_db_handle (statement),
             "The queue of deliveries cannot be used", error);
}

static void
bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  sqlite3_bind_text (statement, index, text, -1, SQLITE_STATIC);
}

/* ---- Adding ---- */

typedef struct {
  GPtrArray *deliveries;
  gint64 now;
  guint max_waiting;
  StoreDeliveriesAdded added;
  gpointer user_data;
  guint n_added;
  guint n_given_up;
} Adding;

static gboolean
add_delivery (sqlite3 *db, Adding *adding, const StoreDelivery *delivery, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, add_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, delivery->id);
  bind_text (statement, 2, delivery->webhook);
  bind_text (statement, 3, delivery->event);
  sqlite3_bind_int64 (statement, 4, adding->now);
  bind_text (statement, 5, delivery->body);
  bind_text (statement, 6, delivery->after);
  if (!step (statement, &row, error))
    return FALSE;
  adding->n_added += (guint)sqlite3_changes (db);
  return TRUE;
}

static gboolean
make_room (sqlite3 *db, Adding *adding, const char *webhook, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, make_room_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, webhook);
  sqlite3_bind_int64 (statement, 2, adding->max_waiting);
  if (!step (statement, &row, error))
    return FALSE;
  adding->n_given_up += (guint)sqlite3_changes (db);
  return TRUE;
}

static gboolean
forget_old (sqlite3 *db, gint64 now, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, forget_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, now - REMEMBERED);
  return step (statement, &row, error);
}

static gboolean
add_all (sqlite3 *db, gpointer user_data, GError **error)
{
  Adding *adding = user_data;
  const StoreDelivery *first = adding->deliveries->pdata[0];

  adding->n_added = adding->n_given_up = 0;
  for (guint i = 0; i < adding->deliveries->len; i++)
    if (!add_delivery (db, adding, adding->deliveries->pdata[i], error))
      return FALSE;
  return make_room (db, adding, first->webhook, error) &&
         forget_old (db, adding->now, error);
}

static void
on_added (gpointer user_data, const GError *error)
{
  Adding *adding = user_data;

  adding->added (adding->n_added, adding->n_given_up, error, adding->user_data);
  g_ptr_array_unref (adding->deliveries);
  g_free (adding);
}

void
sqlite_add_deliveries (Store *store, GPtrArray *deliveries, gint64 now, guint max_waiting,
    StoreDeliveriesAdded added, gpointer user_data)
{
  Adding *adding = g_new0 (Adding, 1);

  adding->deliveries = g_ptr_array_ref (deliveries);
  adding->now = now;
  adding->max_waiting = max_waiting;
  adding->added = added;
  adding->user_data = user_data;
  sqlite_store_push_task (store, add_all, adding, on_added);
}

/* ---- Sending ---- */

typedef struct {
  char *webhook;
  char *settled; /* nullable */
  gint64 settled_due;
  gint64 oldest;
  StoreDeliveryFound found;
  gpointer user_data;
  StoreDelivery *next; /* nullable */
  guint n_waiting;
  guint n_given_up;
} Looking;

static gboolean
settle (sqlite3 *db, const Looking *looking, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, settle_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, looking->settled);
  if (looking->settled_due != STORE_UNKNOWN_TIME)
    sqlite3_bind_int64 (statement, 2, looking->settled_due);
  return step (statement, &row, error);
}

static gboolean
expire (sqlite3 *db, Looking *looking, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, expire_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, looking->webhook);
  sqlite3_bind_int64 (statement, 2, looking->oldest);
  if (!step (statement, &row, error))
    return FALSE;
  looking->n_given_up = (guint)sqlite3_changes (db);
  return TRUE;
}

static gboolean
count_waiting (sqlite3 *db, Looking *looking, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, count_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, looking->webhook);
  if (!step (statement, &row, error))
    return FALSE;
  looking->n_waiting = (guint)sqlite3_column_int (statement, 0);
  return TRUE;
}

static char *
get_text (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *)sqlite3_column_text (statement, column));
}

static gboolean
find_next (sqlite3 *db, Looking *looking, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, next_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, looking->webhook);
  if (!step (statement, &row, error) || !row)
    return !row;
  looking->next = g_new0 (StoreDelivery, 1);
  looking->next->id = get_text (statement, 0);
  looking->next->webhook = g_strdup (looking->webhook);
  looking->next->event = get_text (statement, 1);
  looking->next->created = sqlite3_column_int64 (statement, 2);
  looking->next->due = sqlite3_column_int64 (statement, 3);
  looking->next->attempts = (guint)sqlite3_column_int (statement, 4);
  looking->next->body = get_text (statement, 5);
  return TRUE;
}

static gboolean
look (sqlite3 *db, gpointer user_data, GError **error)
{
  Looking *looking = user_data;

  return (looking->settled == NULL || settle (db, looking, error)) &&
         expire (db, looking, error) && count_waiting (db, looking, error) &&
         find_next (db, looking, error);
}

static void
on_looked (gpointer user_data, const GError *error)
{
  Looking *looking = user_data;

  looking->found (error == NULL ? looking->next : NULL, looking->n_waiting,
      error == NULL ? looking->n_given_up : 0, error, looking->user_data);
  store_delivery_free (looking->next);
  g_free (looking->webhook);
  g_free (looking->settled);
  g_free (looking);
}

void
sqlite_find_delivery (Store *store, const char *webhook, const char *settled,
    gint64 settled_due, gint64 oldest, StoreDeliveryFound found, gpointer user_data)
{
  Looking *looking = g_new0 (Looking, 1);

  looking->webhook = g_strdup (webhook);
  looking->settled = g_strdup (settled);
  looking->settled_due = settled_due;
  looking->oldest = oldest;
  looking->found = found;
  looking->user_data = user_data;
  sqlite_store_push_task (store, look, looking, on_looked);
}

/* ---- Webhooks that are no more ---- */

typedef struct {
  GStrv webhooks;
  StoreDeliveriesGivenUp given_up;
  gpointer user_data;
  guint n_given_up;
} Keeping;

/* Returns: (nullable): NULL on error. */
static GPtrArray *
list_webhooks (sqlite3 *db, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare (db, webhooks_sql, error);
  g_autoptr (GPtrArray) webhooks = g_ptr_array_new_with_free_func (g_free);
  gboolean row = TRUE;

  if (statement == NULL)
    return NULL;
  while (row) {
    if (!step (statement, &row, error))
      return NULL;
    if (row)
      g_ptr_array_add (webhooks, get_text (statement, 0));
  }
  return g_steal_pointer (&webhooks);
}

static gboolean
give_up (sqlite3 *db, Keeping *keeping, char *webhook, GError **error)
{
  Looking looking = { .webhook = webhook, .oldest = G_MAXINT64 };

  if (!expire (db, &looking, error))
    return FALSE;
  keeping->n_given_up += looking.n_given_up;
  return TRUE;
}

static gboolean
keep_only (sqlite3 *db, gpointer user_data, GError **error)
{
  Keeping *keeping = user_data;
  g_autoptr (GPtrArray) webhooks = list_webhooks (db, error);

  keeping->n_given_up = 0;
  if (webhooks == NULL)
    return FALSE;
  for (guint i = 0; i < webhooks->len; i++) {
    char *webhook = webhooks->pdata[i];

    if (!g_strv_contains ((const char *const *)keeping->webhooks, webhook) &&
        !give_up (db, keeping, webhook, error))
      return FALSE;
  }
  return TRUE;
}

static void
on_kept (gpointer user_data, const GError *error)
{
  Keeping *keeping = user_data;

  keeping->given_up (error == NULL ? keeping->n_given_up : 0, error, keeping->user_data);
  g_strfreev (keeping->webhooks);
  g_free (keeping);
}

void
sqlite_keep_webhooks (Store *store, const char *const *webhooks,
    StoreDeliveriesGivenUp given_up, gpointer user_data)
{
  Keeping *keeping = g_new0 (Keeping, 1);

  keeping->webhooks = g_strdupv ((char **)webhooks);
  keeping->given_up = given_up;
  keeping->user_data = user_data;
  sqlite_store_push_task (store, keep_only, keeping, on_kept);
}
