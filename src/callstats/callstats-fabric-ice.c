/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What ICE's states mean for a fabric: callstats' table.
 *
 * Pure, as the machine.
 */
#include <string.h>

#include "callstats-fabric-private.h"

/* Sets of ICE states and of fabric states, for the table below. */
#define ICE(state) (1 << CALLSTATS_ICE_CONNECTION_STATE_##state)
#define UP (ICE (CONNECTED) | ICE (COMPLETED))
#define ANY (~0)

/* When a row counts: by what happened before, and by the disruption that is not over. */
typedef enum {
  BEFORE_SETUP = 1 << 0,
  AFTER_SETUP = 1 << 1,
  ALWAYS = BEFORE_SETUP | AFTER_SETUP,
  OF_MEDIA = 1 << 2,
  OF_CONNECTING = 1 << 3,
} When;

typedef struct {
  int from;
  int to;
  When when;
  const char *event; /* NULL: none beside fabricStateChange */
  CallstatsFabricState state;
  Disruption begins;
} IceTransition;

/* The first row that fits counts. Rows follow callstats' table, but that a disruption
 * ends by the event of its own kind, once, and never without having begun; a webrtcbin
 * often steps from checking to completed at once. */
static const IceTransition ice_transitions[] = {
  { ICE (DISCONNECTED), UP, OF_MEDIA, "iceDisruptionEnd",
      CALLSTATS_FABRIC_STATE_ESTABLISHED, 0 },
  { ICE (DISCONNECTED), UP, OF_CONNECTING, "iceConnectionDisruptionEnd",
      CALLSTATS_FABRIC_STATE_ESTABLISHED, 0 },
  { ANY, UP, ALWAYS, NULL, CALLSTATS_FABRIC_STATE_ESTABLISHED, 0 },
  { ANY, ICE (FAILED), AFTER_SETUP, "fabricDropped", CALLSTATS_FABRIC_STATE_FAILED, 0 },
  { ANY, ICE (FAILED), BEFORE_SETUP, "iceFailed", CALLSTATS_FABRIC_STATE_FAILED, 0 },
  { UP, ICE (DISCONNECTED), ALWAYS, "iceDisruptionStart",
      CALLSTATS_FABRIC_STATE_DISRUPTED, DISRUPTION_OF_MEDIA },
  { ICE (CHECKING), ICE (DISCONNECTED), AFTER_SETUP, "iceConnectionDisruptionStart",
      CALLSTATS_FABRIC_STATE_DISRUPTED, DISRUPTION_OF_CONNECTING },
  { ICE (CHECKING), ICE (DISCONNECTED), BEFORE_SETUP, "iceConnectionDisruptionStart",
      CALLSTATS_FABRIC_STATE_CHECKING_DISRUPTED, DISRUPTION_OF_CONNECTING },
  { ICE (DISCONNECTED), ICE (CHECKING), OF_MEDIA, "iceDisruptionEnd",
      CALLSTATS_FABRIC_STATE_DISRUPTED, 0 },
  { ICE (DISCONNECTED), ICE (CHECKING), OF_CONNECTING | BEFORE_SETUP,
      "iceConnectionDisruptionEnd", CALLSTATS_FABRIC_STATE_INITIALIZING, 0 },
  { ICE (DISCONNECTED), ICE (CHECKING), OF_CONNECTING | AFTER_SETUP,
      "iceConnectionDisruptionEnd", CALLSTATS_FABRIC_STATE_DISRUPTED, 0 },
  { ICE (NEW) | ICE (CHECKING), ICE (CLOSED), ALWAYS, "iceAborted",
      CALLSTATS_FABRIC_STATE_FAILED, 0 },
  { ANY, ICE (CLOSED), ALWAYS, "iceTerminated", CALLSTATS_FABRIC_STATE_FAILED, 0 },
  { ANY, ICE (NEW), ALWAYS, "iceRestarted", CALLSTATS_FABRIC_STATE_INITIALIZING, 0 },
};

static gboolean
counts_now (CallstatsFabric *self, When when)
{
  When setup = self->was_set_up ? AFTER_SETUP : BEFORE_SETUP;
  When disruption = self->disruption == DISRUPTION_OF_MEDIA        ? OF_MEDIA
                    : self->disruption == DISRUPTION_OF_CONNECTING ? OF_CONNECTING
                                                                   : 0;

  return ((when & ALWAYS) == 0 || (when & setup) != 0) &&
         ((when & (OF_MEDIA | OF_CONNECTING)) == 0 || (when & disruption) != 0);
}

static const IceTransition *
find_transition (CallstatsFabric *self, CallstatsIceConnectionState to)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ice_transitions); i++) {
    const IceTransition *row = &ice_transitions[i];

    if ((row->from & (1 << self->ice)) && (row->to & (1 << to)) &&
        counts_now (self, row->when))
      return row;
  }
  return NULL;
}

/* from: where its delay counts from. */
void
callstats_fabric_emit_ice_event (CallstatsFabric *self, const char *event,
    const char *cause, CallstatsIceConnectionState before, gint64 from, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "cause", "s", cause);
  g_variant_dict_insert (&dict, "prevIceConnectionState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_ICE_CONNECTION_STATE, before));
  g_variant_dict_insert (&dict, "currIceConnectionState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_ICE_CONNECTION_STATE, self->ice));
  callstats_fabric_insert_delay (&dict, "delay", from, time);
  callstats_fabric_emit (self, event, time, &dict);
}

static gboolean
is_drop (const IceTransition *row)
{
  return row->event != NULL && g_str_equal (row->event, "fabricDropped");
}

gboolean
callstats_fabric_is_disrupted (CallstatsFabric *self)
{
  return self->silent || self->disruption != DISRUPTION_NONE;
}

/* NULL: none. Silence tells, or has yet to tell, what it began; and what was dropped is
 * not dropped again before it was established, it fails to be. */
static const char *
get_event (CallstatsFabric *self, const IceTransition *row)
{
  if (row->event == NULL || (self->silent && strstr (row->event, "Disruption") != NULL))
    return NULL;
  return self->dropped && is_drop (row) ? "iceFailed" : row->event;
}

static void
begin_disruption (CallstatsFabric *self, Disruption disruption, gint64 time)
{
  if (self->silent && disruption == DISRUPTION_OF_CONNECTING)
    return;
  self->disruption = disruption;
  if (!self->silent)
    self->disrupted = time;
}

static void
take_state (CallstatsFabric *self, const IceTransition *row, gint64 time)
{
  self->state = row->state;
  if (is_drop (row)) {
    self->dropped = TRUE;
    self->lost = time;
  }
  if (row->state != CALLSTATS_FABRIC_STATE_ESTABLISHED)
    return;
  if (!self->silent)
    self->dropped = FALSE;
  else
    self->state =
        self->dropped ? CALLSTATS_FABRIC_STATE_FAILED : CALLSTATS_FABRIC_STATE_DISRUPTED;
}

/* A disruption that began counts for its own event, one that ends for that too. Where ICE
 * fails, closes or begins anew, it is over without an end. */
static void
take_transition (CallstatsFabric *self, const IceTransition *row,
    CallstatsIceConnectionState before, gint64 time)
{
  const char *event = get_event (self, row);
  gint64 from;

  if (row->begins != DISRUPTION_NONE)
    begin_disruption (self, row->begins, time);
  from = callstats_fabric_is_disrupted (self) ? self->disrupted : self->start;
  if (event != NULL)
    callstats_fabric_emit_ice_event (self, event, "ice", before, from, time);
  if (event != NULL && g_str_equal (event, "iceDisruptionEnd"))
    self->dropped = FALSE;
  if (row->begins == DISRUPTION_NONE)
    self->disruption = DISRUPTION_NONE;
  if (row->to & (ICE (FAILED) | ICE (CLOSED) | ICE (NEW)))
    self->silent = FALSE;
  take_state (self, row, time);
}

void
callstats_fabric_drop (CallstatsFabric *self, const char *cause, gint64 from, gint64 time)
{
  self->dropped = TRUE;
  self->lost = time;
  self->state = CALLSTATS_FABRIC_STATE_FAILED;
  callstats_fabric_emit_ice_event (self, "fabricDropped", cause, self->ice, from, time);
}

static gboolean
is_up (CallstatsFabric *self)
{
  return (1 << self->ice) & UP;
}

/**
 * callstats_fabric_set_ice_connection_state:
 * @self: a fabric
 * @state: the peer connection's ICE connection state
 * @time: when it changed
 *
 * Tells the fabric its ICE connection state.
 */
void
callstats_fabric_set_ice_connection_state (
    CallstatsFabric *self, CallstatsIceConnectionState state, gint64 time)
{
  CallstatsIceConnectionState before;
  const IceTransition *row;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (state == self->ice || self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  before = self->ice;
  row = find_transition (self, state);
  self->ice = state;
  if (state == CALLSTATS_ICE_CONNECTION_STATE_CHECKING && self->checking == NEVER)
    self->checking = time;

  callstats_fabric_emit_state_change (self, "iceConnectionState",
      CALLSTATS_TYPE_ICE_CONNECTION_STATE, before, state, time);
  if (row != NULL)
    take_transition (self, row, before, time);
  if (is_up (self))
    callstats_fabric_set_up (self, time);
}

/**
 * callstats_fabric_switch_transport:
 * @self: a fabric
 * @pairs: an `a{sv}` with `currIceCandidatePair`, `prevIceCandidatePair`, `relayType`; a
 *   floating reference is consumed
 * @time: when it changed
 *
 * Tells that another candidate pair is selected. While the fabric is connected that is
 * fabricTransportSwitch.
 */
void
callstats_fabric_switch_transport (CallstatsFabric *self, GVariant *pairs, gint64 time)
{
  g_autoptr (GVariant) given = g_variant_ref_sink (pairs);
  const char *state;
  GVariantDict dict;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (self->state == CALLSTATS_FABRIC_STATE_TERMINATED || !is_up (self))
    return;
  state = callstats_enum_to_string (CALLSTATS_TYPE_ICE_CONNECTION_STATE, self->ice);
  g_variant_dict_init (&dict, given);
  g_variant_dict_insert (&dict, "prevIceConnectionState", "s", state);
  g_variant_dict_insert (&dict, "currIceConnectionState", "s", state);
  if (callstats_fabric_is_disrupted (self))
    callstats_fabric_insert_delay (&dict, "switchDelay", self->disrupted, time);
  callstats_fabric_emit (self, "fabricTransportSwitch", time, &dict);
}
