/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The other end of a fabric: its silence, its leaving, its DTLS.
 *
 * Pure, as the machine.
 */
#include "callstats-fabric-private.h"

/* What was under way when the other end said goodbye. */
#define STRAGGLERS (500 * G_TIME_SPAN_MILLISECOND)

static void
begin_silence (CallstatsFabric *self)
{
  self->silent = TRUE;
  self->disrupted = self->silence.last;
  self->state = CALLSTATS_FABRIC_STATE_DISRUPTED;
  callstats_fabric_emit_ice_event (
      self, "iceDisruptionStart", "silence", self->ice, self->disrupted, self->disrupted);
}

/* Only what was established can be lost. */
static void
judge_silence (CallstatsFabric *self, gint64 now)
{
  if (self->state == CALLSTATS_FABRIC_STATE_ESTABLISHED && self->was_set_up &&
      self->disruption == DISRUPTION_NONE &&
      callstats_silence_is_broken (&self->silence, now))
    begin_silence (self);
  if (self->silent && !self->dropped &&
      callstats_silence_length (&self->silence, now) >= CALLSTATS_SILENCE_DROPPED)
    callstats_fabric_drop (self, "silence", self->disrupted, now);
}

static void
end_silence (CallstatsFabric *self, gint64 time)
{
  self->silent = FALSE;
  if (self->disruption == DISRUPTION_OF_MEDIA)
    return;
  self->state = CALLSTATS_FABRIC_STATE_ESTABLISHED;
  callstats_fabric_emit_ice_event (
      self, "iceDisruptionEnd", "silence", self->ice, self->disrupted, time);
}

/**
 * callstats_fabric_hear:
 * @self: a fabric
 * @rtp: %TRUE: RTP packets; %FALSE: RTCP packets
 * @first: when the first of them came: the end of a silence
 * @last: when the last of them came; no later than now
 *
 * Tells that packets of the other end came. Between @first and @last they never paused
 * for long.
 */
void
callstats_fabric_hear (CallstatsFabric *self, gboolean rtp, gint64 first, gint64 last)
{
  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  first = MAX (first, self->silence.last);
  judge_silence (self, first);
  callstats_silence_hear (&self->silence, rtp, last);
  if (self->left != NEVER && last > self->left + STRAGGLERS)
    self->left = NEVER;
  if (self->silent && last > self->disrupted)
    end_silence (self, first);
  else if (self->dropped && first > self->lost + STRAGGLERS &&
           self->disruption == DISRUPTION_NONE)
    self->state = CALLSTATS_FABRIC_STATE_ESTABLISHED;
  self->dropped &= self->state != CALLSTATS_FABRIC_STATE_ESTABLISHED;
}

/**
 * callstats_fabric_set_deaf:
 * @self: a fabric
 * @deaf: whether packets cannot be heard now, as in a pipeline that is paused
 * @time: since when
 *
 * Tells whether silence means anything.
 */
void
callstats_fabric_set_deaf (CallstatsFabric *self, gboolean deaf, gint64 time)
{
  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  callstats_silence_set_deaf (&self->silence, deaf, time);
}

/**
 * callstats_fabric_set_left:
 * @self: a fabric
 * @time: when the last of the other end's senders said RTCP BYE
 *
 * Tells that the other end said goodbye. If silence follows, that ends the fabric.
 */
void
callstats_fabric_set_left (CallstatsFabric *self, gint64 time)
{
  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  self->left = time;
}

/**
 * callstats_fabric_tick:
 * @self: a fabric
 * @now: the time
 *
 * Tells the time; best once a second.
 */
void
callstats_fabric_tick (CallstatsFabric *self, gint64 now)
{
  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  if (self->left != NEVER &&
      callstats_silence_length (&self->silence, now) >= CALLSTATS_SILENCE_FLOWING)
    callstats_fabric_end_by (self, "remote left", MAX (self->left, self->silence.last));
  else
    judge_silence (self, now);
}

/**
 * callstats_fabric_set_dtls_state:
 * @self: a fabric
 * @state: the DTLS state of its transports: where they differ, of the one that still goes
 * @time: when it changed
 *
 * Tells the DTLS state. Once it was connected, `closed` ends the fabric: the other end
 * closed it. For one that is closed here, [method@Callstats.Fabric.end] comes first.
 * `failed` drops a fabric that was set up.
 */
void
callstats_fabric_set_dtls_state (
    CallstatsFabric *self, CallstatsDtlsState state, gint64 time)
{
  CallstatsDtlsState before;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  before = self->dtls;
  if (state == before || self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  self->dtls = state;
  if (state == CALLSTATS_DTLS_STATE_CLOSED && before == CALLSTATS_DTLS_STATE_CONNECTED)
    callstats_fabric_end_by (self, "remote closed", time);
  else if (state == CALLSTATS_DTLS_STATE_FAILED && self->was_set_up && !self->dropped) {
    callstats_fabric_drop (self, "dtls",
        callstats_fabric_is_disrupted (self) ? self->disrupted : self->start, time);
    self->silent = FALSE;
    self->disruption = DISRUPTION_NONE;
  }
}
