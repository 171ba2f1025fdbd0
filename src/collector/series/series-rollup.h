/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tables of series as bytes, to be kept. Numbers keep 16 significant bits, about five
 * digits, which is more than any chart shows.
 *
 * Pure, any thread. What is read is checked: it may be damaged.
 */
#pragma once

#include "series-table.h"

GBytes *series_rollup_write (const SeriesTable *table);
/* Adds what is there to the table. FALSE: with a STORE_ERROR. */
gboolean series_rollup_read (
    const void *data, gsize length, SeriesTable *table, GError **error);

GBytes *series_tail_write (const SeriesTail *tail);
/* The report is the caller's. */
gboolean series_tail_read (
    const void *data, gsize length, SeriesTail *tail, GError **error);
