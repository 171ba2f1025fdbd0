/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Series for charts: from each sample of a fabric's statistics, and the one before, the
 * points of its metrics. What is not known is no point; where samples are missing there
 * is a gap.
 *
 * Pure, one thread at a time. Times are µs since the epoch.
 */
#pragma once

#include "callstats/callstats-report.h"
#include "series-metrics.h"

typedef enum {
  SERIES_INBOUND,
  SERIES_OUTBOUND,
  SERIES_CONNECTION, /* what is of the fabric as a whole */
} SeriesDirection;

/* Nobody knows more than this many streams of a fabric. */
#define SERIES_MAX_STREAMS 256

typedef struct {
  SeriesDirection direction;
  gint64 ssrc; /* -1: not known, id is what tells it apart */
  char *id;    /* of the stats object */
  char *kind;  /* nullable, as all below */
  char *mid;
  char *track;
  char *codec; /* its MIME type */
} SeriesStream;

SeriesStream *series_stream_copy (const SeriesStream *stream);
void series_stream_free (SeriesStream *stream);
gboolean series_stream_is_same (const SeriesStream *a, const SeriesStream *b);
/* Takes over what is known of it now. */
void series_stream_update (SeriesStream *stream, const SeriesStream *now);

/* Why there are no points for a while. */
typedef enum {
  SERIES_GAP_NONE,
  SERIES_GAP_SILENT, /* no reports came; nobody said why */
  SERIES_GAP_HOLD,   /* the fabric was on hold */
  SERIES_GAP_MEMORY, /* the client gave reports up: as in its gap records */
  SERIES_GAP_DISK,
  SERIES_GAP_AGE,
  SERIES_GAP_SIZE,
  SERIES_GAP_DROPPED, /* the same, for a reason that this version does not know */
} SeriesGapReason;

const char *series_gap_to_string (SeriesGapReason reason);
/* reason: of a gap record. */
SeriesGapReason series_gap_from_string (const char *reason);

typedef struct {
  gint64 from;
  gint64 to;
  SeriesGapReason reason;
} SeriesGap;

typedef struct {
  const SeriesStream *stream; /* lives as long as the series */
  SeriesMetric metric;
  double value;
  double weight; /* that the value has among others: seconds, packets, frames … */
  guint32 words; /* of SERIES_WORDS, instead of a value */
} SeriesPoint;

/* What one more sample brought. */
typedef struct {
  SeriesGap gap;  /* reason SERIES_GAP_NONE: none before the sample */
  gint64 time;    /* of the sample; the points tell of the interval before it */
  GArray *points; /* SeriesPoint; none during a hold */
} SeriesStep;

typedef struct _Series Series;

/* gaps: (element-type SeriesGap) (nullable): known ones, ordered by their beginning;
 * taken. */
Series *series_new (GArray *gaps);
void series_free (Series *series);
/* Reports come in the order of their times; one that does not is passed over. The step
 * is the series' own, until the next call. Returns: (nullable) */
const SeriesStep *series_add (Series *series, CallstatsReport *report);

/* What it takes to go on later: the last report, and the intervals before it. */
typedef struct {
  CallstatsReport *report;
  gint64 intervals[3]; /* the newest first; 0: there was none */
} SeriesTail;

/* Returns: FALSE where nothing was added. The report is a reference of the caller's. */
gboolean series_get_tail (const Series *series, SeriesTail *tail);
/* Before the first report is added. */
void series_resume (Series *series, const SeriesTail *tail);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Series, series_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SeriesStream, series_stream_free)
