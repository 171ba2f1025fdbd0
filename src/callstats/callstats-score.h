/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "callstats-enums.h"

G_BEGIN_DECLS

#define CALLSTATS_TYPE_STREAM_CONDITIONS (callstats_stream_conditions_get_type ())

/**
 * CallstatsStreamConditions:
 * @video: whether the stream is video; audio otherwise
 * @screen: of video: a screen is shown, which may stand still and change in small parts
 * @concealed: of audio: the receiver conceals what is lost; Opus always does
 * @codec: (nullable): the MIME type, such as `audio/opus`; %NULL: not known
 * @fraction_lost: what did not arrive in time of what was sent, 0 to 1
 * @round_trip_time: in seconds
 * @jitter: the interarrival jitter of RFC 3550, in seconds
 * @jitter_buffer_delay: how long the receiver's jitter buffer holds a packet, in seconds
 * @bitrate: bits per second; of audio: what the encoder was told to make
 * @frame_width: pixels
 * @frame_height: pixels
 * @frames_per_second: frames that are shown, or encoded
 * @expected_frames_per_second: the stream's usual frame rate
 * @frozen: the share of time in which the picture was frozen, 0 to 1
 *
 * What a stream's score is made of. A number that is negative or not finite is one that
 * is not known; shares above 1 count as 1.
 */
typedef struct {
  gboolean video;
  gboolean screen;
  gboolean concealed;
  char *codec;
  double fraction_lost;
  double round_trip_time;
  double jitter;
  double jitter_buffer_delay;
  double bitrate;
  double frame_width;
  double frame_height;
  double frames_per_second;
  double expected_frames_per_second;
  double frozen;
} CallstatsStreamConditions;

CALLSTATS_AVAILABLE_IN_0_1
GType callstats_stream_conditions_get_type (void) G_GNUC_CONST;

CALLSTATS_AVAILABLE_IN_0_1
CallstatsStreamConditions *callstats_stream_conditions_new (
    gboolean video, const char *codec);
CALLSTATS_AVAILABLE_IN_0_1
CallstatsStreamConditions *callstats_stream_conditions_copy (
    const CallstatsStreamConditions *conditions);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_stream_conditions_free (CallstatsStreamConditions *conditions);

CALLSTATS_AVAILABLE_IN_0_1
double callstats_stream_conditions_score (
    const CallstatsStreamConditions *conditions, GVariant **reasons);
CALLSTATS_AVAILABLE_IN_0_1
CallstatsStreamQuality callstats_score_to_quality (double score);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    CallstatsStreamConditions, callstats_stream_conditions_free)

G_END_DECLS
