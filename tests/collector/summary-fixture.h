/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fabrics made of events and reports that a test names.
 */
#pragma once

#include "summary-fabric.h"

#define SUMMARY_START (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)
/* µs since the epoch */
#define AT(seconds) (SUMMARY_START + (gint64)((seconds)*G_USEC_PER_SEC))

typedef struct {
  double at; /* seconds */
  const char *name;
  const char *data; /* NULL: {} */
} Happening;

StoreFabric summary_row (const char *fabric, const char *user, const char *remote);
void summary_take (FabricReader *reader, const Happening *happening);
/* A report at that second; format: its stats objects as JSON. */
void summary_report (FabricReader *reader, double at, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* left: NAN: the user did not leave. */
SummaryFabric *summary_finish (FabricReader *reader, gboolean ended, double left);

/* Stats object of a stream, but for its closing bracket: id, type, id, ssrc, kind, mid,
 * Sent or Received, packets, the same again, bytes. */
#define STREAM \
  "\"%s\":{\"type\":\"%s\",\"id\":\"%s\",\"ssrc\":%u,\"kind\":\"%s\"," \
  "\"mid\":\"%s\",\"packets%s\":%u,\"bytes%s\":%u"
