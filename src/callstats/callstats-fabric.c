/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One peer connection: the state machine that turns its states into callstats' events.
 *
 * Pure: no I/O and no clock, time comes in with every change, so that tests are tables.
 * Not thread-safe: in a client, the monitor thread owns it.
 */
#include "callstats-fabric.h"
#include "callstats-enum-types.h"

/**
 * CallstatsFabric:
 *
 * One peer connection.
 *
 * Tell it the states of the peer connection as they change, and it emits
 * [signal@Callstats.Fabric::event] for what they mean. States that repeat are ignored,
 * and so is everything after the end.
 *
 * Times are microseconds of any clock that does not step, such as g_get_monotonic_time();
 * all calls on one fabric use the same clock, and its delays are differences of it.
 */
struct _CallstatsFabric {
  GObject parent_instance;

  char *id;
  gint64 start;
  CallstatsFabricState state;

  CallstatsSignalingState signaling;
  CallstatsIceGatheringState gathering;
  CallstatsIceConnectionState ice;

  gboolean was_set_up;
  gint64 gathered;  /* when gathering was complete; 0: not yet */
  gint64 checking;  /* when checking first began; 0: not yet */
  gint64 disrupted; /* when the disruption began that is not over; 0: none */
};

enum { EVENT, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (CallstatsFabric, callstats_fabric, G_TYPE_OBJECT)

static void
emit (CallstatsFabric *self, const char *name, gint64 time, GVariantDict *dict)
{
  g_autoptr (GVariant) data = g_variant_ref_sink (
      dict != NULL ? g_variant_dict_end (dict) : g_variant_new ("a{sv}", NULL));

  g_signal_emit (self, signals[EVENT], 0, name, time, data);
}

static void
insert_delay (GVariantDict *dict, const char *name, gint64 from, gint64 to)
{
  g_variant_dict_insert (dict, name, "d", MAX (to - from, 0) / 1000.0);
}

static void
emit_state_change (CallstatsFabric *self, const char *changed, const char *before,
    const char *now, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "changedState", "s", changed);
  g_variant_dict_insert (&dict, "prevState", "s", before);
  g_variant_dict_insert (&dict, "newState", "s", now);
  emit (self, "fabricStateChange", time, &dict);
}

/* Once in the life of a fabric, ICE restarts or not. */
static void
set_up (CallstatsFabric *self, gint64 time)
{
  GVariantDict dict;

  if (self->was_set_up)
    return;
  self->was_set_up = TRUE;

  g_variant_dict_init (&dict, NULL);
  insert_delay (&dict, "delay", self->start, time);
  if (self->gathered != 0)
    insert_delay (&dict, "iceGatheringDelay", self->start, self->gathered);
  if (self->checking != 0)
    insert_delay (&dict, "iceConnectivityDelay", self->checking, time);
  emit (self, "fabricSetup", time, &dict);
}

/* Sets of ICE states and of fabric states, for the table below. */
#define ICE(state) (1 << CALLSTATS_ICE_CONNECTION_STATE_##state)
#define UP (ICE (CONNECTED) | ICE (COMPLETED))
#define ANY (~0)

typedef enum { BEFORE_SETUP = 1, AFTER_SETUP = 2, ALWAYS = 3 } When;

typedef struct {
  int from;
  int to;
  When when;
  const char *event; /* NULL: none beside fabricStateChange */
  CallstatsFabricState state;
} IceTransition;

/* The first row that fits counts. Rows follow callstats' table; a webrtcbin often steps
 * from checking to completed at once. */
static const IceTransition ice_transitions[] = {
  { ICE (DISCONNECTED), UP, AFTER_SETUP, "iceDisruptionEnd",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { ANY, UP, ALWAYS, NULL, CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { ANY, ICE (FAILED), AFTER_SETUP, "fabricDropped", CALLSTATS_FABRIC_STATE_FAILED },
  { ANY, ICE (FAILED), BEFORE_SETUP, "iceFailed", CALLSTATS_FABRIC_STATE_FAILED },
  { UP, ICE (DISCONNECTED), ALWAYS, "iceDisruptionStart",
      CALLSTATS_FABRIC_STATE_DISRUPTED },
  { ICE (CHECKING), ICE (DISCONNECTED), AFTER_SETUP, "iceConnectionDisruptionStart",
      CALLSTATS_FABRIC_STATE_DISRUPTED },
  { ICE (CHECKING), ICE (DISCONNECTED), BEFORE_SETUP, "iceConnectionDisruptionStart",
      CALLSTATS_FABRIC_STATE_CHECKING_DISRUPTED },
  { ICE (DISCONNECTED), ICE (CHECKING), BEFORE_SETUP, "iceConnectionDisruptionEnd",
      CALLSTATS_FABRIC_STATE_INITIALIZING },
  { ICE (DISCONNECTED), ICE (CHECKING), AFTER_SETUP, "iceConnectionDisruptionEnd",
      CALLSTATS_FABRIC_STATE_DISRUPTED },
  { ICE (NEW) | ICE (CHECKING), ICE (CLOSED), ALWAYS, "iceAborted",
      CALLSTATS_FABRIC_STATE_FAILED },
  { ANY, ICE (CLOSED), ALWAYS, "iceTerminated", CALLSTATS_FABRIC_STATE_FAILED },
  { ANY, ICE (NEW), ALWAYS, "iceRestarted", CALLSTATS_FABRIC_STATE_INITIALIZING },
};

static const IceTransition *
find_transition (CallstatsFabric *self, CallstatsIceConnectionState to)
{
  When now = self->was_set_up ? AFTER_SETUP : BEFORE_SETUP;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ice_transitions); i++) {
    const IceTransition *row = &ice_transitions[i];

    if ((row->from & (1 << self->ice)) && (row->to & (1 << to)) && (row->when & now))
      return row;
  }
  return NULL;
}

static void
emit_ice_event (CallstatsFabric *self, const char *event,
    CallstatsIceConnectionState before, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "prevIceConnectionState", "s",
      callstats_ice_connection_state_to_string (before));
  g_variant_dict_insert (&dict, "currIceConnectionState", "s",
      callstats_ice_connection_state_to_string (self->ice));
  insert_delay (
      &dict, "delay", self->disrupted != 0 ? self->disrupted : self->start, time);
  emit (self, event, time, &dict);
}

static void
note_ice_times (CallstatsFabric *self, gint64 time)
{
  if (self->ice == CALLSTATS_ICE_CONNECTION_STATE_CHECKING && self->checking == 0)
    self->checking = time;
  if (self->ice == CALLSTATS_ICE_CONNECTION_STATE_DISCONNECTED && self->disrupted == 0)
    self->disrupted = time;
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
  note_ice_times (self, time);

  emit_state_change (self, "iceConnectionState",
      callstats_ice_connection_state_to_string (before),
      callstats_ice_connection_state_to_string (state), time);
  if (row != NULL) {
    self->state = row->state;
    if (row->event != NULL)
      emit_ice_event (self, row->event, before, time);
  }
  if (is_up (self)) {
    self->disrupted = 0;
    set_up (self, time);
  }
}

/**
 * callstats_fabric_set_ice_gathering_state:
 * @self: a fabric
 * @state: the peer connection's ICE gathering state
 * @time: when it changed
 *
 * Tells the fabric its ICE gathering state.
 */
void
callstats_fabric_set_ice_gathering_state (
    CallstatsFabric *self, CallstatsIceGatheringState state, gint64 time)
{
  CallstatsIceGatheringState before;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (state == self->gathering || self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  before = self->gathering;
  self->gathering = state;
  if (state == CALLSTATS_ICE_GATHERING_STATE_COMPLETE && self->gathered == 0)
    self->gathered = time;
  emit_state_change (self, "iceGatheringState",
      callstats_ice_gathering_state_to_string (before),
      callstats_ice_gathering_state_to_string (state), time);
}

/**
 * callstats_fabric_set_signaling_state:
 * @self: a fabric
 * @state: the peer connection's signaling state
 * @time: when it changed
 *
 * Tells the fabric its signaling state. `closed` ends the fabric.
 */
void
callstats_fabric_set_signaling_state (
    CallstatsFabric *self, CallstatsSignalingState state, gint64 time)
{
  CallstatsSignalingState before;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (state == self->signaling || self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  before = self->signaling;
  self->signaling = state;
  emit_state_change (self, "signalingState", callstats_signaling_state_to_string (before),
      callstats_signaling_state_to_string (state), time);
  if (state == CALLSTATS_SIGNALING_STATE_CLOSED)
    callstats_fabric_terminate (self, time);
}

/**
 * callstats_fabric_terminate:
 * @self: a fabric
 * @time: when it ended
 *
 * Ends the fabric. From now on it emits nothing.
 */
void
callstats_fabric_terminate (CallstatsFabric *self, gint64 time)
{
  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  self->state = CALLSTATS_FABRIC_STATE_TERMINATED;
  emit (self, "fabricTerminated", time, NULL);
}

static void
callstats_fabric_finalize (GObject *object)
{
  CallstatsFabric *self = CALLSTATS_FABRIC (object);

  g_free (self->id);
  G_OBJECT_CLASS (callstats_fabric_parent_class)->finalize (object);
}

static void
callstats_fabric_class_init (CallstatsFabricClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = callstats_fabric_finalize;

  /**
   * CallstatsFabric::event:
   * @self: the fabric
   * @name: callstats' name of the event, such as `fabricSetup`
   * @time: when it happened, on the clock of the calls
   * @data: the event's data, an `a{sv}` with callstats' keys; delays are milliseconds
   *
   * Something happened to the fabric. Emitted in the thread and from within the call that
   * told of it.
   */
  signals[EVENT] = g_signal_new ("event", CALLSTATS_TYPE_FABRIC, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_INT64, G_TYPE_VARIANT);
}

static void
callstats_fabric_init (CallstatsFabric *self)
{
}

/**
 * callstats_fabric_new:
 * @id: the fabric's id
 * @time: when the peer connection was made: the reference of its delays
 *
 * Makes the state machine of one peer connection.
 *
 * Returns: (transfer full): a fabric
 */
CallstatsFabric *
callstats_fabric_new (const char *id, gint64 time)
{
  CallstatsFabric *self = g_object_new (CALLSTATS_TYPE_FABRIC, NULL);

  self->id = g_strdup (id);
  self->start = time;
  return self;
}

/**
 * callstats_fabric_get_id:
 * @self: a fabric
 *
 * Returns: its id
 */
const char *
callstats_fabric_get_id (CallstatsFabric *self)
{
  g_return_val_if_fail (CALLSTATS_IS_FABRIC (self), NULL);

  return self->id;
}

/**
 * callstats_fabric_get_state:
 * @self: a fabric
 *
 * Returns: where it is in its life
 */
CallstatsFabricState
callstats_fabric_get_state (CallstatsFabric *self)
{
  g_return_val_if_fail (CALLSTATS_IS_FABRIC (self), CALLSTATS_FABRIC_STATE_TERMINATED);

  return self->state;
}
