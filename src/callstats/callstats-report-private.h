/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of a report, for the codec: a flat list of objects, each with a run of
 * fields.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "callstats-report.h"

typedef enum {
  CALLSTATS_VALUE_INT,
  CALLSTATS_VALUE_UINT, /* only what does not fit a gint64 */
  CALLSTATS_VALUE_DOUBLE,
  CALLSTATS_VALUE_BOOLEAN,
  CALLSTATS_VALUE_STRING,
  CALLSTATS_VALUE_JSON, /* an array or object, kept as its text */
} CallstatsValueKind;

typedef struct {
  const char *name; /* owned by the report */
  CallstatsValueKind kind;
  union {
    gint64 i;
    guint64 u;
    double d;
    gboolean b;
    const char *s; /* owned by the report */
  };
} CallstatsField;

typedef struct {
  const char *id; /* owned by the report */
  guint hash;     /* of id */
  guint first;    /* index of its first field */
  guint n_fields;
} CallstatsStatsObject;

guint callstats_report_n_objects (const CallstatsReport *report);
const CallstatsStatsObject *callstats_report_object (
    const CallstatsReport *report, guint index);
const CallstatsField *callstats_report_fields (
    const CallstatsReport *report, const CallstatsStatsObject *object);

gboolean callstats_field_equal (const CallstatsField *a, const CallstatsField *b);
/* Begins an object without the fields that every one of ours has. */
void callstats_report_add_object (CallstatsReport *report, const char *id);
void callstats_report_set_json (
    CallstatsReport *report, const char *field, const char *text);
void callstats_report_copy_field (CallstatsReport *report, const CallstatsField *field);
/* An empty report of the same time that can share base's objects. */
CallstatsReport *callstats_report_new_on (CallstatsReport *base);
/* object: of the base. It can be added to. */
void callstats_report_share_object (
    CallstatsReport *report, const CallstatsStatsObject *object);
void callstats_report_append_json (const CallstatsReport *report, GString *json);
void callstats_field_append_json (const CallstatsField *field, GString *json);

/* The stats member of a record: { id: { field: value } }. */
CallstatsReport *callstats_report_new_from_object (
    gint64 time_us, JsonObject *stats, GError **error);
void callstats_report_set_node (
    CallstatsReport *report, const char *field, JsonNode *node);

/* Bytes of heap that the report occupies, about. */
gsize callstats_report_size (const CallstatsReport *report);
