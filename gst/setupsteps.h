/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The steps of a negotiation: the phases they are, whether they had an effect, and why
 * they failed, in words.
 *
 * Pure, any thread.
 */
#pragma once

#include "negotiationwatch.h"

G_BEGIN_DECLS

typedef struct {
  CallstatsWebrtcFunction function;
  const char *asked; /* nullable: phases */
  const char *done;
} GstCallstatsStepPhases;

const GstCallstatsStepPhases *gst_callstats_step_find_phases (
    CallstatsWebrtcFunction function);
gboolean gst_callstats_step_had_no_effect (
    const GstCallstatsSnapshot *snapshot, const GstCallstatsNegotiationStep *step);
char *gst_callstats_step_diagnose (
    const GstCallstatsSnapshot *snapshot, const GstCallstatsNegotiationStep *step);
const char *gst_callstats_get_signaling_nick (GstWebRTCSignalingState state);

G_END_DECLS
