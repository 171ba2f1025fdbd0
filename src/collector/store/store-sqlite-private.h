/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts of the SQLite store among themselves: opening a database (schema,
 * migrations), rows (the writer thread's half), reading (any thread).
 */
#pragma once

#include <sqlite3.h>

#include "metrics-tally.h"
#include "store-private.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sqlite3, sqlite3_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (sqlite3_stmt, sqlite3_finalize)

/* ---- store-sqlite.c ---- */

/* Writes what it wants to; without an error, or nothing of it is written. It must not
 * delete conferences, fabrics or users: clients know their rows. Writer thread. */
typedef gboolean (*SqliteTask) (sqlite3 *db, gpointer user_data, GError **error);
/* error: (nullable): NULL once it is durable. The opener's thread. */
typedef void (*SqliteTaskDone) (gpointer user_data, const GError *error);

/* In a transaction with what else is written at that time, all of which is to be seen.
 * The opener's thread; user_data is done's to free. */
void sqlite_store_push_task (
    Store *store, SqliteTask task, gpointer user_data, SqliteTaskDone done);

typedef enum {
  SQLITE_ALONE_WRITES,
  SQLITE_ALONE_DELETES, /* what clients know, too; references are not looked after */
} SqliteAlone;

/* In a transaction of its own, which need not survive a power cut. Waits for it; any
 * thread but the writer's. Commits wait meanwhile: a few milliseconds are good. */
gboolean sqlite_store_run_alone (
    Store *store, SqliteTask task, gpointer user_data, SqliteAlone how, GError **error);

/* A connection for queries, any thread. */
sqlite3 *sqlite_store_take_reader (Store *store, GError **error);
void sqlite_store_give_reader_back (Store *store, sqlite3 *db);

/* ---- store-sqlite-schema.c ---- */

/* Opens for writing; creates what is missing, and brings what is older up to date. */
sqlite3 *sqlite_open_writer (const char *path, GError **error);
/* Opens for reading a database that a writer has opened. */
sqlite3 *sqlite_open_reader (const char *path, GError **error);
/* The same, of any version up to ours; one that is not there is an error. */
sqlite3 *sqlite_open_existing (const char *path, GError **error);
gboolean sqlite_exists (const char *path, GError **error);
/* FALSE, always. */
gboolean sqlite_set_error (sqlite3 *db, const char *doing, GError **error);
gboolean sqlite_execute (sqlite3 *db, const char *sql, GError **error);
gboolean sqlite_read_number (sqlite3 *db, const char *sql, gint64 *number);
sqlite3_stmt *sqlite_prepare (sqlite3 *db, const char *sql, GError **error);

/* ---- store-sqlite-migrations.c ---- */

/* The schema version that this program writes. */
int sqlite_schema_version (void);
/* Takes the steps from the database's version up to ours, each in a transaction, so that
 * it may be interrupted at any time. from: the version that it had, 0 for a new one, ours
 * if another process was faster. */
gboolean sqlite_migrate (sqlite3 *db, int *from, GError **error);

/* ---- store-sqlite-rows.c: one thread at a time ---- */

typedef struct _SqliteRows SqliteRows;
typedef struct _SqliteClient SqliteClient;

SqliteRows *sqlite_rows_new (sqlite3 *db, GError **error);
void sqlite_rows_free (SqliteRows *rows);

gboolean sqlite_rows_begin (SqliteRows *rows, GError **error);
gboolean sqlite_rows_commit (SqliteRows *rows, GError **error);
void sqlite_rows_roll_back (SqliteRows *rows);
/* What the transaction counts. */
TallySheet *sqlite_rows_get_sheet (SqliteRows *rows);

/* What one session has touched: its own row, and a cache of the rows it writes to. */
SqliteClient *sqlite_client_open (SqliteRows *rows, const char *app, const char *user,
    const char *user_name, const char *session, GError **error);
void sqlite_client_free (SqliteClient *client);
guint64 sqlite_client_stored (const SqliteClient *client);
/* Records written since the last time this was called. */
guint sqlite_client_take_written (SqliteClient *client);
/* At the beginning of a transaction: another process may have written to the session.
 * FALSE: it was old, and is there no more. */
gboolean sqlite_client_refresh (SqliteRows *rows, SqliteClient *client);
/* clock_behind: as store_session_set_clock() has it; now: µs since the epoch. */
gboolean sqlite_client_write (SqliteRows *rows, SqliteClient *client, guint64 sequence,
    const CallstatsRecord *record, gint64 clock_behind, gint64 now, GError **error);
/* Returns: (nullable): the conferences that were written to and are not settled yet, one
 * by one; NULL behind the last. */
const char *sqlite_client_changed (const SqliteClient *client, guint index);
/* Brings the summaries and the session's number up to date, before a commit. */
gboolean sqlite_client_settle (SqliteRows *rows, SqliteClient *client, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SqliteRows, sqlite_rows_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SqliteClient, sqlite_client_free)

/* ---- store-sqlite-holes.c ---- */

/* From first to last; none where last is less. */
gboolean sqlite_hole_add (
    SqliteRows *rows, gint64 session, guint64 first, guint64 last, GError **error);
/* filled: whether the number was in a hole; it is not any more. */
gboolean sqlite_hole_fill (
    SqliteRows *rows, gint64 session, guint64 sequence, gboolean *filled, GError **error);

/* ---- store-sqlite-read.c: as in store.h ---- */

StoreDetail *sqlite_read_conference (
    Store *store, const StoreConferenceId *conference, gboolean events, GError **error);
StoreFabricKey *sqlite_find_fabric (
    Store *store, const char *app, const char *fabric, GError **error);

/* ---- store-sqlite-reports.c: as in store.h ---- */

int sqlite_read_reports (Store *store, const StoreFabricKey *fabric, StoreCursor *cursor,
    gint64 to, guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
    gboolean *more, GError **error);

typedef void (*SqliteReportFunc) (CallstatsReport *report, gpointer user_data);

/* All reports from a time on and before another, without a detour over their texts, as
 * far as they can be read. In the caller's transaction, if it has begun one. */
gboolean sqlite_read_parsed (sqlite3 *db, gint64 fabric, gint64 from, gint64 to,
    SqliteReportFunc func, gpointer user_data, GError **error);

/* ---- store-sqlite-activity.c: any thread ---- */

GPtrArray *sqlite_list_activity (sqlite3 *db, gint64 now, GError **error);
guint64 sqlite_get_size (const char *path);

/* ---- store-sqlite-probe.c ---- */

void sqlite_store_probe (Store *store, StoreProbed func, gpointer user_data);

/* ---- store-sqlite-deliveries.c ---- */

void sqlite_add_deliveries (Store *store, GPtrArray *deliveries, gint64 now,
    guint max_waiting, StoreDeliveriesAdded added, gpointer user_data);
void sqlite_find_delivery (Store *store, const char *webhook, const char *settled,
    gint64 settled_due, gint64 oldest, StoreDeliveryFound found, gpointer user_data);
void sqlite_keep_webhooks (Store *store, const char *const *webhooks,
    StoreDeliveriesGivenUp given_up, gpointer user_data);
