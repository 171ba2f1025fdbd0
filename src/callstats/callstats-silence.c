/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether the other end of a peer connection is heard. Pure.
 */
#include "callstats-silence-private.h"

/* RTP so shortly before the last packet counts as flowing: the longest pause between
 * packets of a stream that is not paused, and some. */
#define FLOWING (2 * G_TIME_SPAN_SECOND)

void
callstats_silence_init (CallstatsSilence *self)
{
  self->last = CALLSTATS_NEVER;
  self->last_rtp = CALLSTATS_NEVER;
  self->deaf = CALLSTATS_NEVER;
  self->since = CALLSTATS_NEVER;
}

void
callstats_silence_hear (CallstatsSilence *self, gboolean rtp, gint64 time)
{
  self->last = MAX (self->last, time);
  if (rtp)
    self->last_rtp = MAX (self->last_rtp, time);
}

void
callstats_silence_set_deaf (CallstatsSilence *self, gboolean deaf, gint64 time)
{
  if (deaf == (self->deaf != CALLSTATS_NEVER))
    return;
  self->deaf = deaf ? time : CALLSTATS_NEVER;
  if (!deaf)
    self->since = time;
}

gint64
callstats_silence_length (const CallstatsSilence *self, gint64 time)
{
  if (self->last == CALLSTATS_NEVER || self->deaf != CALLSTATS_NEVER)
    return 0;
  return MAX (time - MAX (self->last, self->since), 0);
}

static gboolean
was_flowing (const CallstatsSilence *self)
{
  return self->last_rtp != CALLSTATS_NEVER && self->last - self->last_rtp <= FLOWING;
}

gboolean
callstats_silence_is_broken (const CallstatsSilence *self, gint64 time)
{
  return callstats_silence_length (self, time) >=
         (was_flowing (self) ? CALLSTATS_SILENCE_FLOWING : CALLSTATS_SILENCE_QUIET);
}
