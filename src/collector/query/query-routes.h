/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts of the query API, each of which adds its routes. Main thread only.
 */
#pragma once

#include "query.h"

void query_lists_add_routes (Query *query, Router *router);
void query_fabric_add_routes (Query *query, Router *router);
void query_summary_add_routes (Query *query, Router *router);
void query_overview_add_routes (Query *query, Router *router);
void export_add_routes (Query *query, Router *router);
void query_reports_add_routes (Query *query, Router *router);
void query_series_add_routes (Query *query, Router *router);
