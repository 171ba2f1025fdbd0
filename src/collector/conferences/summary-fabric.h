/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One fabric over its whole life: what its events say, and what its reports measure.
 *
 * Pure; one thread at a time.
 */
#pragma once

#include "store.h"
#include "summary-stream.h"

typedef enum {
  TERMINATION_NONE, /* it goes on */
  TERMINATION_TERMINATED,
  TERMINATION_ABORTED,
  TERMINATION_TIMEOUT,
  TERMINATION_DROPPED,
  TERMINATION_FAILED, /* from the least bad to the worst */
  N_TERMINATIONS,
} Termination;

/* "terminated", …; NULL for TERMINATION_NONE. */
const char *termination_to_string (Termination termination);

/* Times µs since the epoch, STORE_UNKNOWN_TIME where unknown; durations µs. */
typedef struct {
  char *reason;
  gint64 time;
} SummaryFailure;

typedef enum {
  ONE_WAY_BY_PAIR,    /* the other end reports and got none of it */
  ONE_WAY_BY_INBOUND, /* nothing of a stream that was announced ever came */
  ONE_WAY_BY_EVENT,   /* the client told so */
} OneWayReason;

typedef struct {
  guint32 ssrc;
  gboolean video;
  gboolean received; /* of this fabric: it is the one that misses it */
  OneWayReason by;
} SummaryOneWay;

typedef struct {
  const StoreFabric *row;
  gint64 start, end; /* end: STORE_UNKNOWN_TIME while it goes on */
  gboolean set_up;
  GPtrArray *failures; /* SummaryFailure: of its setup */
  Termination termination;
  gint64 terminated; /* when that was */
  char *cause;       /* nullable: what fabricTerminated said */
  guint disruptions;
  gint64 disrupted;
  gint64 held;
  guint64 reports; /* that were read */
  guint gaps;
  gint64 gap_time;
  char *connection; /* nullable: names the DTLS connection, the same at both ends */
  GArray *one_way;  /* SummaryOneWay */
  Distribution score;
  GPtrArray *streams; /* SummaryStream */
  gboolean truncated; /* there were more streams */
} SummaryFabric;

void summary_fabric_free (SummaryFabric *fabric);
/* Adds it unless it is there. */
void summary_fabric_add_one_way (SummaryFabric *fabric, guint32 ssrc, gboolean video,
    gboolean received, OneWayReason by);

/* A fabric whose events, then reports are being read. */
typedef struct _FabricReader FabricReader;

/* row: must outlive the summary. */
FabricReader *fabric_reader_new (const StoreFabric *row);
void fabric_reader_free (FabricReader *reader);
/* In the order of their times. */
void fabric_reader_take_event (FabricReader *reader, const StoreEvent *event);
void fabric_reader_take_report (
    FabricReader *reader, gint64 time, const char *stats, gsize length);
/* scores: the conference's, to which those of the fabric are added. ended: whether the
 * conference has; left: when the user left it, STORE_UNKNOWN_TIME if not.
 * Returns: (transfer full) */
SummaryFabric *fabric_reader_finish (
    FabricReader *reader, Histogram *scores, gboolean ended, gint64 left);
