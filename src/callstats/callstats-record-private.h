/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A record: one thing that is told to the backend. It stands alone, so it can be kept,
 * thinned, dropped or sent to another collector; docs/protocol.md gives its JSON form.
 *
 * Filled by one thread, then never changed: any thread may hold and read it.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "callstats-report.h"

typedef enum {
  CALLSTATS_RECORD_EVENT,
  CALLSTATS_RECORD_REPORT,
  CALLSTATS_RECORD_OTHER, /* a type this version does not know: carried as it came */
} CallstatsRecordKind;

typedef struct {
  gatomicrefcount ref_count;
  CallstatsRecordKind kind;
  gint64 time;             /* µs since the epoch */
  char *user;              /* who reports */
  char *conference;        /* nullable while it is not known yet */
  char *fabric;            /* NULL: about the user's part in the conference */
  char *remote_user;       /* nullable */
  char *name;              /* event: callstats' event name; other: its type; else NULL */
  char *data;              /* event: a JSON object's text; other: the whole record's */
  CallstatsReport *report; /* report: the sample; else NULL */
  guint owner;             /* who of an outbox's owners counts it; 0: nobody */
  /* Called once, if it is set: whether the backend has stored it. */
  void (*settled) (gboolean stored, gpointer user_data);
  gpointer settled_data;
} CallstatsRecord;

CallstatsRecord *callstats_record_new_event (
    const char *name, gint64 time, const char *data);
CallstatsRecord *callstats_record_new_other (
    const char *type, gint64 time, const char *json);
CallstatsRecord *callstats_record_new_report (CallstatsReport *report);
CallstatsRecord *callstats_record_ref (CallstatsRecord *record);
void callstats_record_unref (CallstatsRecord *record);
/* Its fate is known; the last unref says that it is lost, if nobody knew before. */
void callstats_record_settle (CallstatsRecord *record, gboolean stored);

/* The self-contained form of docs/protocol.md. */
void callstats_record_append_json (const CallstatsRecord *record, GString *json);
/* Its length, for less than it costs to write. */
gsize callstats_record_json_length (const CallstatsRecord *record);
CallstatsRecord *callstats_record_new_from_object (JsonObject *object, GError **error);

/* Pieces of that form, for the codec. Times are milliseconds with up to three decimals.
 */
void callstats_record_append_time (gint64 time, GString *json);
void callstats_record_append_head (
    const CallstatsRecord *record, const char *type, GString *json);
/* From 1970 to the year 10000. */
gboolean callstats_record_time_is_valid (gint64 time);
gboolean callstats_record_read_time (JsonObject *object, gint64 *time, GError **error);

/* What an allocation of that many bytes takes of the heap. */
gsize callstats_heap_bytes (gsize n);
/* Bytes of heap that the record occupies, about. */
gsize callstats_record_size (const CallstatsRecord *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsRecord, callstats_record_unref)
