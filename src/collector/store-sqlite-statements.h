/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The SQL of the writer, prepared once.
 *
 * Writer thread only.
 */
#pragma once

#include "store-sqlite-private.h"

typedef enum {
  SQL_BEGIN,
  SQL_COMMIT,
  SQL_ROLL_BACK,
  SQL_ADD_APP,
  SQL_ADD_USER,
  SQL_ADD_SESSION,
  SQL_FIND_SESSION,
  SQL_SET_STORED,
  SQL_GET_STORED,
  SQL_ADD_HOLE,
  SQL_FIND_HOLE,
  SQL_DROP_HOLE,
  SQL_ADD_CONFERENCE,
  SQL_FIND_CONFERENCE,
  SQL_TOUCH_CONFERENCE,
  SQL_ADD_PARTICIPANT,
  SQL_JOIN,
  SQL_STAY,
  SQL_LEAVE,
  SQL_ADD_FABRIC,
  SQL_FIND_FABRIC,
  SQL_MOVE_FABRIC,
  SQL_SET_USAGE,
  SQL_SET_DELAYS,
  SQL_SET_STATE,
  SQL_GET_MARKS,
  SQL_MARK_ADDED,
  SQL_MARK_SET_UP,
  SQL_MARK_FAILED,
  SQL_MARK_DROPPED,
  SQL_MARK_TERMINATED,
  SQL_COUNT_REPORTS,
  SQL_ADD_EVENT,
  SQL_ADD_REPORT,
  SQL_ADD_OTHER,
  N_SQL,
} SqliteStatement;

struct _SqliteRows {
  sqlite3 *db;
  sqlite3_stmt *statements[N_SQL];
  GString *text; /* for the caller to build JSON in */
  TallySheet *sheet; /* of this transaction */
};

/* types: i gint64, d double (NAN: NULL), s string (NULL: NULL); strings must live until
 * this returns. */
gboolean sqlite_run (
    SqliteRows *rows, GError **error, SqliteStatement which, const char *types, ...);
/* Returns: (nullable): the statement at its row; the caller resets it. */
sqlite3_stmt *sqlite_find (
    SqliteRows *rows, SqliteStatement which, const char *types, ...);
/* FALSE, always: for a row that must be there. */
gboolean sqlite_no_row (SqliteRows *rows, GError **error);
