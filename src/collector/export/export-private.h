/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exports among themselves: one conference, walked through piece by piece, and the
 * formats. In the query API's pool.
 */
#pragma once

#include "store.h"

typedef struct {
  Store *store;
  const char *app;
  StoreConferenceId id; /* the occurrence, once the head is read */
  gint64 step;          /* µs, of series; 0: each sample */
  StoreDetail *detail;  /* the head: conference and participants */
  guint phase;
  /* Where the walk is */
  gint64 last_fabric;  /* StoreFabric.id */
  StoreFabric *fabric; /* nullable: between two */
  gboolean has_begun;  /* something of this list, or of this fabric, is out */
  StoreCursor cursor;
  gint64 last_other;
  /* Formats' own */
  char *session;         /* the one that lines are of */
  GHashTable *sequences; /* of sessions: name → gint64, the last number */
  GHashTable *ids;       /* of the stats objects of the last report */
  gboolean events_are_out;
  gint64 time;   /* of the last line, or of the next window */
  gint64 window; /* how long the next one is */
} Export;

/* Writes some more, about EXPORT_PIECE bytes. Returns: whether the phase is through;
 * FALSE with an error. */
typedef gboolean (*ExportPhase) (Export *export, GString *out, GError **error);

typedef struct {
  const char *name;
  const char *content_type;
  const char *suffix;
  const ExportPhase *phases; /* NULL-terminated */
} ExportFormat;

#define EXPORT_PIECE (128 * 1024)

extern const ExportFormat export_json, export_lines, export_csv, export_rtcstats;

/* Goes to the next fabric, NULL behind the last one. */
gboolean export_next_fabric (Export *export, GError **error);
void export_end_fabric (Export *export);
/* Reports of the fabric; more: whether there are more. */
gboolean export_read_reports (
    Export *export, StoreReportFunc func, gpointer data, gboolean *more, GError **error);
/* The next events, of the fabric if it is given. Returns: NULL with an error. */
GPtrArray *export_next_events (
    Export *export, const char *fabric, gboolean *more, GError **error);
/* The next records of other types. Returns: NULL with an error. */
GPtrArray *export_next_others (Export *export, gboolean *more, GError **error);
/* Ends a list: the next one begins at its beginning. */
void export_rewind (Export *export);
