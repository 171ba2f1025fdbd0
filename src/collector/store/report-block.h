/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports of one fabric as they lie at rest: many in one piece, told as differences by
 * the codec of the wire, deflated as one stream. Nothing is lost: unknown members, types
 * and times come back as they were.
 *
 * A block is a byte with the version of this format, one with the number of its preset
 * dictionary (report-block-dictionary.h; 0: none), then a raw deflate stream. Inflated:
 * the number of reports; for each the difference of its id to the one before (zigzag);
 * then chunks: length × 2, + 1 for plain ones, and their bytes. A chunk is a text frame
 * of docs/protocol.md or, plain, the time (zigzag) and the text of a report that the
 * codec does not take. Numbers are base-128, low bits first.
 *
 * Pure functions, any thread.
 */
#pragma once

#include <gio/gio.h>

#include "callstats/callstats-report.h"

#define REPORT_BLOCK_MAX 256                    /* reports */
#define REPORT_BLOCK_MAX_TEXT (4 * 1024 * 1024) /* bytes of their texts, but for one */
#define REPORT_BLOCK_MAX_INFLATED (16 * 1024 * 1024)

typedef struct {
  gint64 time; /* µs since the epoch */
  gint64 id;
  char *stats; /* a JSON object's text */
  gsize length;
  CallstatsReport *report; /* nullable: instead of its text */
} StoredReport;

/* Returns: (element-type StoredReport) that owns its texts. */
GArray *stored_reports_new (void);
/* By time, then by id. */
int stored_report_compare (gconstpointer a, gconstpointer b);

/* reports: at most REPORT_BLOCK_MAX, sorted. parsed: (element-type CallstatsReport)
 * (nullable): gets those that could be read. */
GBytes *report_block_pack (GArray *reports, GPtrArray *parsed);
/* Appends the reports past (after, after_id) and before the time to. parsed: without
 * their texts, where the codec took them. FALSE: the block is damaged, or of a version or
 * with a dictionary that is not known. */
gboolean report_block_unpack (gconstpointer data, gsize length, gint64 after,
    gint64 after_id, gint64 to, gboolean parsed, GArray *reports, GError **error);
guint32 report_block_checksum (gconstpointer data, gsize length);
