/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scores and what they are made of, without GVariants. Pure, any thread.
 */
#pragma once

#include "callstats-score.h"

typedef enum {
  CALLSTATS_REASON_LOSS,
  CALLSTATS_REASON_ONE_WAY,
  CALLSTATS_REASON_DELAY,
  CALLSTATS_REASON_JITTER,
  CALLSTATS_REASON_FREEZES,
  CALLSTATS_REASON_FRAME_RATE,
  CALLSTATS_REASON_BITRATE,
} CallstatsReason;

#define CALLSTATS_N_REASONS (CALLSTATS_REASON_BITRATE + 1)

typedef struct {
  double value;                      /* 1 to 5; 0: there is none */
  double costs[CALLSTATS_N_REASONS]; /* points; 0: not a reason */
} CallstatsScore;

/* One stream's part in the score of its fabric. */
typedef struct {
  gboolean video;
  gboolean received;
  CallstatsScore score;
} CallstatsStreamScore;

const char *callstats_reason_to_string (CallstatsReason reason);

/* Nothing known, and no codec. */
void callstats_stream_conditions_init (
    CallstatsStreamConditions *conditions, gboolean video);
void callstats_stream_conditions_judge (
    const CallstatsStreamConditions *conditions, CallstatsScore *score);
void callstats_score_fabric (
    const CallstatsStreamScore *streams, guint n_streams, CallstatsScore *score);

/* In steps of 0.1; 0 stays 0. */
double callstats_score_round (double value);
/* The reasons that count, biggest first. Returns: how many. */
guint callstats_score_rank (
    const CallstatsScore *score, CallstatsReason ranked[CALLSTATS_N_REASONS]);
