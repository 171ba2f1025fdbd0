/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON of the query API. Times are whole milliseconds since the epoch; what nobody
 * reported is null.
 *
 * Pure: the time comes in. Any thread.
 */
#pragma once

#include "store.h"

/* now: µs since the epoch. next: (nullable): the cursor of the next page. */
void query_json_append_list (
    GString *json, GPtrArray *conferences, const char *next, gint64 now);
void query_json_append_detail (
    GString *json, const char *app, const StoreDetail *detail, gint64 now);

/* The three pieces of a list of reports. */
void query_json_begin_reports (GString *json, const StoreFabricKey *fabric);
void query_json_append_report (
    GString *json, gboolean first, gint64 time, const char *stats, gsize length);
void query_json_end_reports (GString *json, const char *next);
