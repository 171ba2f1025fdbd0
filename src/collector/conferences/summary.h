/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The summary of a call, made of its fabrics. The form of its JSON is in summarizer.h.
 *
 * Pure; one thread at a time.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "summary-fabric.h"

/* Below this a score is what docs/quality.md calls bad. */
#define SUMMARY_LOW_SCORE 3.1

typedef struct {
  JsonObject *json;
  double setup_delay; /* the median, ms; not a number where unknown, as below */
  double score;       /* the lowest of the fabrics' medians */
  guint disruptions;
  guint one_way; /* streams */
  GArray *pairs; /* StorePair, one a fabric */
} Summary;

/* fabrics: (element-type SummaryFabric): made of the call's; what comes of pairing them
 * is added to them. scores: of all their reports. */
Summary *summary_new (const char *app, const StoreDetail *call, GPtrArray *fabrics,
    Histogram *scores, gboolean ended, gboolean truncated);
void summary_free (Summary *summary);

/* ---- summary-json.c ---- */

void summary_json_add_time (JsonObject *object, const char *name, gint64 time);
/* µs → ms */
void summary_json_add_duration (JsonObject *object, const char *name, gint64 duration);
/* Not a number: null. digits: behind the point */
void summary_json_add_number (
    JsonObject *object, const char *name, double value, int digits);
void summary_json_add_text (JsonObject *object, const char *name, const char *text);
void summary_json_add_distribution (
    JsonObject *object, const char *name, const Distribution *distribution, int digits);
void summary_json_add_disruptions (
    JsonObject *object, const char *name, guint count, gint64 total);
/* paired: (nullable): the fabric at the other end. */
JsonObject *summary_json_new_fabric (
    const SummaryFabric *fabric, const SummaryFabric *paired);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Summary, summary_free)
