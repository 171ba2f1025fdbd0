/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rows of the reader tables: one for each field that GStreamer gives.
 *
 * Pure, any thread.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_UNIT_AS_IS,
  GST_CALLSTATS_UNIT_NS,          /* nanoseconds → seconds */
  GST_CALLSTATS_UNIT_NS_SIGNED,   /* the same, of what may be negative */
  GST_CALLSTATS_UNIT_NTP_SHORT,   /* 16.16 seconds → seconds */
  GST_CALLSTATS_UNIT_NTP_SECONDS, /* since 1900 → milliseconds since 1970 */
  GST_CALLSTATS_UNIT_NTP,         /* 32.32 seconds since 1900 → ms since 1970 */
  GST_CALLSTATS_UNIT_FRACTION,    /* of 256 → 0 to 1 */
  GST_CALLSTATS_UNIT_PERCENT,     /* → 0 to 1 */
  GST_CALLSTATS_UNIT_UNSIGNED,    /* what is negative is left out */
} GstCallstatsUnit;

typedef struct {
  const char *gst; /* the field's name in GStreamer */
  const char *w3c; /* the member's; NULL: not told as it is */
  GstCallstatsUnit unit;
  guint since;       /* minor version of GStreamer 1.x that has it first; 0: all */
  const char *quirk; /* NULL: none; what is wrong with it, and until when */
} GstCallstatsField;

/* Tolerant of every numeric type, which drift from release to release.
 * Returns: FALSE: value is NULL, or no number */
gboolean gst_callstats_value_to_double (const GValue *value, double *number);
/* What is negative or no integer is no count. */
gboolean gst_callstats_value_to_count (const GValue *value, guint64 *count);

/* The same of a structure's field. */
gboolean gst_callstats_get_double (
    const GstStructure *fields, const char *name, double *number);
gboolean gst_callstats_get_count (
    const GstStructure *fields, const char *name, guint64 *count);

/* Sets the member, with its unit changed; not a number that the unit has no sense for,
 * NaN, or infinity. */
void gst_callstats_field_tell (
    const GstCallstatsField *field, const GValue *value, CallstatsReport *report);
/* Tells each field of the table that is there. */
void gst_callstats_fields_tell (const GstCallstatsField *table, guint n,
    const GstStructure *fields, CallstatsReport *report);

G_END_DECLS
