/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What queries have in common: stepping, and columns that may be NULL. Any
 * thread, a connection for each.
 */
#pragma once

#include <math.h>

#include "store-sqlite-private.h"

/* Steps to the next row. Returns: FALSE at the end, and with an error. */
static inline gboolean
sqlite_next (sqlite3_stmt *statement, GError **error)
{
  int status = sqlite3_step (statement);

  if (status != SQLITE_ROW && status != SQLITE_DONE)
    sqlite_set_error (
        sqlite3_db_handle (statement), "The database cannot be read", error);
  return status == SQLITE_ROW;
}

static inline char *
sqlite_get_text (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *)sqlite3_column_text (statement, column));
}

static inline gint64
sqlite_get_time (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL
             ? STORE_UNKNOWN_TIME
             : sqlite3_column_int64 (statement, column);
}

static inline double
sqlite_get_number (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL
             ? NAN
             : sqlite3_column_double (statement, column);
}

#define SQLITE_CONFERENCE_COLUMNS \
  "c.id, c.name, c.start, c.last_seen, c.last_heard, c.participants, c.present," \
  " c.fabrics, c.set_up, c.failed, c.dropped, c.reports, c.ended, c.setup_delay," \
  " c.score, c.site"
#define SQLITE_CONFERENCE_N_COLUMNS 16

/* Of a row that begins with those. */
static inline StoreConference *
sqlite_get_conference (sqlite3_stmt *row)
{
  StoreConference *conference = g_new0 (StoreConference, 1);

  conference->id = sqlite3_column_int64 (row, 0);
  conference->conference = sqlite_get_text (row, 1);
  conference->start = sqlite3_column_int64 (row, 2);
  conference->last_seen = sqlite3_column_int64 (row, 3);
  conference->last_heard = sqlite3_column_int64 (row, 4);
  conference->participants = sqlite3_column_int (row, 5);
  conference->present = sqlite3_column_int (row, 6);
  conference->fabrics = sqlite3_column_int (row, 7);
  conference->set_up = sqlite3_column_int (row, 8);
  conference->failed = sqlite3_column_int (row, 9);
  conference->dropped = sqlite3_column_int (row, 10);
  conference->reports = sqlite3_column_int64 (row, 11);
  conference->ended = sqlite_get_time (row, 12);
  conference->setup_delay = sqlite_get_number (row, 13);
  conference->score = sqlite_get_number (row, 14);
  conference->site = sqlite_get_text (row, 15);
  return conference;
}

#define SQLITE_FABRIC_COLUMNS \
  "f.name, u.name, f.remote_user, f.usage, f.state, f.setup_delay," \
  " f.ice_gathering_delay, f.ice_connectivity_delay, f.added, f.failed, f.dropped," \
  " f.terminated, f.reports, f.first_report, f.last_report, f.id, f.set_up"
#define SQLITE_FABRIC_N_COLUMNS 17

static inline StoreFabric *
sqlite_get_fabric (sqlite3_stmt *row)
{
  StoreFabric *fabric = g_new0 (StoreFabric, 1);

  fabric->fabric = sqlite_get_text (row, 0);
  fabric->user = sqlite_get_text (row, 1);
  fabric->remote_user = sqlite_get_text (row, 2);
  fabric->usage = sqlite_get_text (row, 3);
  fabric->state = sqlite_get_text (row, 4);
  fabric->setup_delay = sqlite_get_number (row, 5);
  fabric->ice_gathering_delay = sqlite_get_number (row, 6);
  fabric->ice_connectivity_delay = sqlite_get_number (row, 7);
  fabric->added = sqlite_get_time (row, 8);
  fabric->failed = sqlite_get_time (row, 9);
  fabric->dropped = sqlite_get_time (row, 10);
  fabric->terminated = sqlite_get_time (row, 11);
  fabric->reports = sqlite3_column_int64 (row, 12);
  fabric->first_report = sqlite_get_time (row, 13);
  fabric->last_report = sqlite_get_time (row, 14);
  fabric->id = sqlite3_column_int64 (row, 15);
  fabric->set_up = sqlite_get_time (row, 16);
  return fabric;
}
