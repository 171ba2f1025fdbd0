/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fabrics made of events and reports that a test names.
 */
#include "summary-fixture.h"

#include <math.h>
#include <string.h>

StoreFabric
summary_row (const char *fabric, const char *user, const char *remote)
{
  return (StoreFabric){ .fabric = (char *)fabric,
    .user = (char *)user,
    .remote_user = (char *)remote,
    .setup_delay = NAN,
    .ice_gathering_delay = NAN,
    .ice_connectivity_delay = NAN,
    .added = SUMMARY_START,
    .failed = STORE_UNKNOWN_TIME,
    .dropped = STORE_UNKNOWN_TIME,
    .terminated = STORE_UNKNOWN_TIME,
    .set_up = STORE_UNKNOWN_TIME,
    .first_report = STORE_UNKNOWN_TIME,
    .last_report = STORE_UNKNOWN_TIME };
}

void
summary_take (FabricReader *reader, const Happening *happening)
{
  StoreEvent event = { .time = AT (happening->at),
    .name = (char *)happening->name,
    .data = (char *)(happening->data != NULL ? happening->data : "{}") };

  fabric_reader_take_event (reader, &event);
}

SummaryFabric *
summary_finish (FabricReader *reader, gboolean ended, double left)
{
  Histogram scores = { 0 };
  SummaryFabric *fabric = fabric_reader_finish (
      reader, &scores, ended, isnan (left) ? STORE_UNKNOWN_TIME : AT (left));

  histogram_clear (&scores);
  return fabric;
}

void
summary_report (FabricReader *reader, double at, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list values;

  va_start (values, format);
  text = g_strdup_vprintf (format, values);
  va_end (values);
  fabric_reader_take_report (reader, AT (at), text, strlen (text));
}
