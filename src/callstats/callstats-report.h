/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "callstats-version.h"

G_BEGIN_DECLS

#define CALLSTATS_TYPE_REPORT (callstats_report_get_type ())

/**
 * CallstatsReport:
 *
 * One sample of the statistics of a peer connection: stats objects with W3C webrtc-stats
 * names and units, keyed by their id.
 *
 * A report is filled by one thread, then never changed; from then on any thread may read
 * it.
 */
typedef struct _CallstatsReport CallstatsReport;

CALLSTATS_AVAILABLE_IN_0_1
GType callstats_report_get_type (void) G_GNUC_CONST;

CALLSTATS_AVAILABLE_IN_0_1
CallstatsReport *callstats_report_new (gint64 time_us);
CALLSTATS_AVAILABLE_IN_0_1
CallstatsReport *callstats_report_ref (CallstatsReport *report);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_unref (CallstatsReport *report);

CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_add_stats (
    CallstatsReport *report, const char *type, const char *id);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_set_timestamp (CallstatsReport *report, gint64 time_us);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_set_int (CallstatsReport *report, const char *field, gint64 value);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_set_uint (
    CallstatsReport *report, const char *field, guint64 value);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_set_double (
    CallstatsReport *report, const char *field, double value);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_set_boolean (
    CallstatsReport *report, const char *field, gboolean value);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_report_set_string (
    CallstatsReport *report, const char *field, const char *value);

CALLSTATS_AVAILABLE_IN_0_1
gint64 callstats_report_get_time (CallstatsReport *report);
CALLSTATS_AVAILABLE_IN_0_1
GVariant *callstats_report_to_variant (CallstatsReport *report);
CALLSTATS_AVAILABLE_IN_0_1
char *callstats_report_to_json (CallstatsReport *report);
CALLSTATS_AVAILABLE_IN_0_1
CallstatsReport *callstats_report_new_from_json (
    gint64 time_us, const char *json, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsReport, callstats_report_unref)

G_END_DECLS
