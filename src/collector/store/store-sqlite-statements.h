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
  SQL_GET_DATA_VERSION,
  SQL_COMMIT,
  SQL_ROLL_BACK,
  SQL_ADD_APP,
  SQL_ADD_USER,
  SQL_ADD_USER_NAME,
  SQL_SET_USER_NAME,
  SQL_ADD_SESSION,
  SQL_FIND_SESSION,
  SQL_SET_STORED,
  SQL_GET_STORED,
  SQL_ADD_HOLE,
  SQL_FIND_HOLE,
  SQL_DROP_HOLE,
  SQL_ADD_CONFERENCE,
  SQL_FIND_CONFERENCE,
  SQL_FIND_ATTENDED,
  SQL_FIND_NEIGHBOUR,
  SQL_TOUCH_CONFERENCE,
  SQL_COUNT_CONFERENCE,
  SQL_SET_SITE,
  SQL_ABSORB_PARTICIPANTS,
  SQL_ABSORB_FABRICS,
  SQL_ABSORB_EVENTS,
  SQL_ABSORB_CONFERENCE,
  SQL_DROP_PARTICIPANTS,
  SQL_DROP_SUMMARY,
  SQL_DROP_CONFERENCE,
  SQL_ADD_MERGE,
  SQL_COUNT_MERGES,
  SQL_ADD_PARTICIPANT,
  SQL_JOIN,
  SQL_STAY,
  SQL_LEAVE,
  SQL_ADD_FABRIC,
  SQL_FIND_FABRIC,
  SQL_MOVE_FABRIC,
  SQL_SET_REMOTE_USER,
  SQL_SET_USAGE,
  SQL_SET_DELAYS,
  SQL_SET_STATE,
  SQL_GET_MARKS,
  SQL_MARK_ADDED,
  SQL_MARK_SET_UP,
  SQL_MARK_FAILED,
  SQL_SET_FAILURE_REASON,
  SQL_MARK_DROPPED,
  SQL_MARK_TERMINATED,
  SQL_COUNT_REPORTS,
  SQL_ADD_EVENT,
  SQL_ADD_REPORT,
  SQL_ADD_OTHER,
  N_SQL,
} SqliteStatement;

/* When something happened, in µs since the epoch. */
typedef struct {
  gint64 time;      /* by the client's clock */
  gint64 corrected; /* by ours, as far as it is known how they differ */
  gint64 alive;     /* when we knew that the client was there */
  gint64 stored;    /* now, by our clock */
} SqliteMoment;

/* One call. What is added up since the last settling follows behind the name. */
typedef struct {
  gint64 id;
  gint64 app;
  gint64 first, last; /* corrected times, as far as known here */
  char *name;
  gboolean dirty;
  gboolean counts; /* participants or fabrics changed */
  gboolean grown;  /* first or last did */
  guint reports;
  gint64 earliest, latest; /* of the clients' times */
  gint64 heard, stored;
} SqliteConference;

typedef struct _SqliteConferences SqliteConferences;

struct _SqliteRows {
  sqlite3 *db;
  SqliteConferences *conferences;
  gint64 merges;    /* of conferences, as of this transaction's begin */
  guint generation; /* of the ids of conferences that may be cached */
  sqlite3_stmt *statements[N_SQL];
  gint64 data_version; /* as SQLite counts what other connections wrote */
  GString *text;       /* for the caller to build JSON in */
  TallySheet *sheet;   /* of this transaction */
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

/* ---- store-sqlite-conferences.c ---- */

SqliteConferences *sqlite_conferences_new (void);
void sqlite_conferences_free (SqliteConferences *conferences);
/* At the begin of a transaction, and before its commit. */
gboolean sqlite_conferences_begin (SqliteRows *rows, GError **error);
gboolean sqlite_conferences_settle (SqliteRows *rows, GError **error);
/* After a transaction was lost. */
void sqlite_conferences_forget (SqliteRows *rows);
/* Those below are good until the next of the three above. */

/* The one with that row. */
SqliteConference *sqlite_conferences_add (
    SqliteRows *rows, gint64 id, gint64 app, const char *name, gint64 first, gint64 last);
/* Returns: (nullable) */
SqliteConference *sqlite_conferences_get (SqliteRows *rows, gint64 id);
/* The call of that name at that time; begins where there is none. attended_by: (0:
 * nobody) a user whose earlier call will do as well; the moment is that call's last one
 * then. */
SqliteConference *sqlite_conference_at (SqliteRows *rows, gint64 app, const char *name,
    SqliteMoment *moment, gint64 attended_by, GError **error);
void sqlite_conference_touch (
    SqliteRows *rows, SqliteConference *conference, const SqliteMoment *moment);
