/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A table of series as the query API tells it. Pure, any thread.
 */
#pragma once

#include "series-table.h"

/* Appends members to the object that json has begun. */
void series_json_append (GString *json, const SeriesTable *table);

/* What charts have on their axis of time: the rows of a table, and those that show a gap
 * where nothing is. */
typedef struct {
  gint64 time;
  SeriesGapReason gap; /* SERIES_GAP_NONE: a row */
} SeriesRow;

/* Returns: (transfer full) (element-type SeriesRow) */
GArray *series_table_list_rows (const SeriesTable *table);
/* 7 significant digits. */
void series_append_number (GString *text, double value);
