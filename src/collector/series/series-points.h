/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The points that two samples in a row give.
 *
 * Pure, any thread.
 */
#pragma once

#include "series-sample.h"
#include "series.h"

/* before: (nullable): the sample at the beginning of the interval. index: of the
 * stream's object in now. */
void series_points_add_stream (GArray *points, const SeriesStream *stream,
    const Sample *before, const Sample *now, guint index);
/* stream: (nullable) */
void series_points_add_connection (
    GArray *points, const SeriesStream *stream, const Sample *before, const Sample *now);
