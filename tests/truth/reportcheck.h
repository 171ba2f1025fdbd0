/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A report of statistics as its reader has it, JSON, and questions to it whose wrong
 * answers fail the test but do not end it: each is told once.
 *
 * For the test's thread.
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct {
  JsonParser *parser;
  JsonObject *objects; /* id → stats object */
  char *name;          /* of the end, in failures */
} Report;

Report *report_new (const char *name, const char *json);
void report_free (Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Report, report_free)

/* A stats object; object NULL: it is not there, which was told */
typedef struct {
  const Report *report;
  JsonObject *object;
  char what[80];
} Stats;

/* format…: what went wrong */
void check_failed (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* Returns: (transfer container): stats objects of that type */
GList *report_list (const Report *report, const char *type);
/* The one RTP stream of that type and SSRC */
Stats report_get_stream (const Report *report, const char *type, guint32 ssrc);
/* The one object of that type */
Stats report_get_only (const Report *report, const char *type);
/* What a member of the stats names, which must be of the given type */
Stats stats_follow (const Stats *stats, const char *member, const char *type);
Stats stats_of (const Report *report, JsonObject *object);

const char *stats_get_string (JsonObject *object, const char *member);
gboolean stats_has_number (JsonObject *object, const char *member);
/* 0: there is none */
double stats_get_number (JsonObject *object, const char *member);

/* Numbers come as JSON numbers, or as text above 2^53. */
void check_count (const Stats *stats, const char *member, guint64 expected);
void check_near (
    const Stats *stats, const char *member, double expected, double tolerance);
void check_range (const Stats *stats, const char *member, double low, double high);
void check_text (const Stats *stats, const char *member, const char *expected);
void check_absent (const Stats *stats, const char *member);

G_END_DECLS
