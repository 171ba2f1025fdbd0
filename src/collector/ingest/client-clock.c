/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clients' clocks. Any thread.
 */
#include "client-clock.h"

#include <math.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-record-private.h"
#include "counters.h"

double
client_clock_compare (JsonObject *hello, gint64 now)
{
  double theirs = callstats_json_get_double (hello, "time", NAN);

  return (double)now / G_TIME_SPAN_MILLISECOND - theirs;
}

void
client_clock_count (double behind, gint64 tolerance)
{
  double allowed = (double)tolerance / G_TIME_SPAN_MILLISECOND;

  if (behind > allowed)
    counter_add (COUNTER_CLOCKS_OFF, CLOCK_BEHIND, 1);
  else if (behind < -allowed)
    counter_add (COUNTER_CLOCKS_OFF, CLOCK_AHEAD, 1);
}

void
client_clock_count_future (
    double behind, gint64 tolerance, const GPtrArray *records, gint64 now)
{
  double offset = isfinite (behind) ? behind * G_TIME_SPAN_MILLISECOND : 0;
  double latest = (double)now - offset + (double)tolerance;

  for (guint i = 0; i < records->len; i++) {
    const CallstatsRecord *record = records->pdata[i];

    if ((double)record->time > latest)
      counter_add (COUNTER_RECORDS_FROM_FUTURE, 0, 1);
  }
}
