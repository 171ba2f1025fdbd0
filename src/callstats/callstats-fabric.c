/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One peer connection: the state machine that turns its states into callstats' events.
 *
 * Pure: no I/O and no clock, time comes in with every change, so that tests are tables.
 * Not thread-safe: in a client, the monitor thread owns it.
 */
#include <string.h>

#include "callstats-fabric-private.h"
#include "callstats-monitor.h"

/* A step on the way to media, told once. */
typedef struct {
  char *name;
  gint64 time;
} Phase;

enum { EVENT, N_SIGNALS };

static guint signals[N_SIGNALS];

/**
 * CallstatsFabric:
 *
 * One peer connection.
 *
 * Tell it the states of the peer connection as they change, and it emits
 * [signal@Callstats.Fabric::event] for what they mean. States that repeat are ignored,
 * and so is everything after the end.
 *
 * Many peer connections break without any state changing. Therefore it wants to know when
 * packets came, too, with [method@Callstats.Fabric.hear], and what time it is, with
 * [method@Callstats.Fabric.tick]. Once something was heard, 7.75 s without any packet are
 * a disruption while RTP flowed, 12 s while only RTCP came, as from a muted sender. It
 * begins with the last packet and ends with the next one. After 30 s the fabric is
 * dropped.
 *
 * Times are those of g_get_monotonic_time(), and its delays are differences of them, with
 * the time in which the machine was suspended.
 */
G_DEFINE_FINAL_TYPE (CallstatsFabric, callstats_fabric, G_TYPE_OBJECT)

void
callstats_fabric_emit (
    CallstatsFabric *self, const char *name, gint64 time, GVariantDict *dict)
{
  g_autoptr (GVariant) data = g_variant_ref_sink (
      dict != NULL ? g_variant_dict_end (dict) : g_variant_new ("a{sv}", NULL));

  g_signal_emit (self, signals[EVENT], 0, name, time, data);
}

void
callstats_fabric_insert_delay (
    GVariantDict *dict, const char *name, gint64 from, gint64 to)
{
  gint64 delay = callstats_monitor_to_epoch (to) - callstats_monitor_to_epoch (from);

  g_variant_dict_insert (dict, name, "d", MAX (delay, 0) / 1000.0);
}

void
callstats_fabric_emit_state_change (CallstatsFabric *self, const char *changed,
    GType type, int before, int now, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "changedState", "s", changed);
  g_variant_dict_insert (
      &dict, "prevState", "s", callstats_enum_to_string (type, before));
  g_variant_dict_insert (&dict, "newState", "s", callstats_enum_to_string (type, now));
  callstats_fabric_emit (self, "fabricStateChange", time, &dict);
}

static void
phase_free (gpointer data)
{
  Phase *phase = data;

  g_free (phase->name);
  g_free (phase);
}

/* The steps so far: name → milliseconds since the fabric was added. */
static void
insert_phases (CallstatsFabric *self, GVariantDict *dict)
{
  GVariantBuilder builder;
  guint i;

  if (self->phases->len == 0)
    return;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (i = 0; i < self->phases->len; i++) {
    Phase *phase = g_ptr_array_index (self->phases, i);

    g_variant_builder_add (&builder, "{sv}", phase->name,
        g_variant_new_double (MAX (phase->time - self->start, 0) / 1000.0));
  }
  g_variant_dict_insert_value (dict, "phases", g_variant_builder_end (&builder));
}

/* Once in the life of a fabric, ICE restarts or not. */
void
callstats_fabric_set_up (CallstatsFabric *self, gint64 time)
{
  GVariantDict dict;

  if (self->was_set_up)
    return;
  self->was_set_up = TRUE;

  g_variant_dict_init (&dict, NULL);
  callstats_fabric_insert_delay (&dict, "delay", self->start, time);
  if (self->gathered != NEVER)
    callstats_fabric_insert_delay (
        &dict, "iceGatheringDelay", self->start, self->gathered);
  if (self->checking != NEVER)
    callstats_fabric_insert_delay (&dict, "iceConnectivityDelay", self->checking, time);
  insert_phases (self, &dict);
  callstats_fabric_emit (self, "fabricSetup", time, &dict);
}

void
callstats_fabric_end_by (CallstatsFabric *self, const char *cause, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "cause", "s", cause);
  callstats_fabric_end (self, g_variant_dict_end (&dict), time);
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
  if (state == CALLSTATS_ICE_GATHERING_STATE_COMPLETE && self->gathered == NEVER)
    self->gathered = time;
  callstats_fabric_emit_state_change (
      self, "iceGatheringState", CALLSTATS_TYPE_ICE_GATHERING_STATE, before, state, time);
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
  callstats_fabric_emit_state_change (
      self, "signalingState", CALLSTATS_TYPE_SIGNALING_STATE, before, state, time);
  if (state == CALLSTATS_SIGNALING_STATE_CLOSED)
    callstats_fabric_end_by (self, "signaling closed", time);
}

static gboolean
has_phase (CallstatsFabric *self, const char *name)
{
  guint i;

  for (i = 0; i < self->phases->len; i++) {
    if (g_str_equal (((Phase *)g_ptr_array_index (self->phases, i))->name, name))
      return TRUE;
  }
  return FALSE;
}

/**
 * callstats_fabric_mark:
 * @self: a fabric
 * @phase: a step on the way to media, such as `createOffer` or `dtlsConnected`
 * @time: when it was done
 *
 * Tells that a step of the setup is done; only the first time counts. Steps before
 * fabricSetup or fabricSetupFailed are in its `phases`, in milliseconds since the fabric
 * was added; a later one is an event of its own, `fabricSetupPhase` with `phase` and
 * `delay`.
 */
void
callstats_fabric_mark (CallstatsFabric *self, const char *phase, gint64 time)
{
  GVariantDict dict;
  Phase *mark;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));
  g_return_if_fail (phase != NULL);

  if (self->state == CALLSTATS_FABRIC_STATE_TERMINATED || has_phase (self, phase))
    return;
  mark = g_new0 (Phase, 1);
  mark->name = g_strdup (phase);
  mark->time = time;
  g_ptr_array_add (self->phases, mark);
  if (!self->was_set_up)
    return;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "phase", "s", phase);
  callstats_fabric_insert_delay (&dict, "delay", self->start, time);
  callstats_fabric_emit (self, "fabricSetupPhase", time, &dict);
}

/**
 * callstats_fabric_fail:
 * @self: a fabric
 * @failure: an `a{sv}` with what is known: `function`, `reason`, `name`, `message`, …
 * @time: when it failed
 *
 * Tells that something failed. Before the fabric is set up that is fabricSetupFailed,
 * once, with the `delay` since it was added, `fabricState`, `iceConnectionState` and the
 * `phases` that were reached; after it, and for the failures that follow the first,
 * applicationErrorLog.
 */
void
callstats_fabric_fail (CallstatsFabric *self, GVariant *failure, gint64 time)
{
  g_autoptr (GVariant) given = g_variant_ref_sink (failure);
  GVariantDict dict;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  g_variant_dict_init (&dict, given);
  if (self->was_set_up || self->has_failed) {
    if (!g_variant_dict_contains (&dict, "level"))
      g_variant_dict_insert (&dict, "level", "s", "error");
    callstats_fabric_emit (self, "applicationErrorLog", time, &dict);
    return;
  }
  self->has_failed = TRUE;
  callstats_fabric_insert_delay (&dict, "delay", self->start, time);
  g_variant_dict_insert (&dict, "fabricState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_FABRIC_STATE, self->state));
  g_variant_dict_insert (&dict, "iceConnectionState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_ICE_CONNECTION_STATE, self->ice));
  insert_phases (self, &dict);
  self->state = CALLSTATS_FABRIC_STATE_FAILED;
  callstats_fabric_emit (self, "fabricSetupFailed", time, &dict);
}

/**
 * callstats_fabric_terminate:
 * @self: a fabric
 * @time: when it ended
 *
 * Ends the fabric, as an application does. From now on it emits nothing.
 */
void
callstats_fabric_terminate (CallstatsFabric *self, gint64 time)
{
  callstats_fabric_end (self, NULL, time);
}

/**
 * callstats_fabric_end:
 * @self: a fabric
 * @data: (nullable): what else to tell of the end, an `a{sv}`; a floating reference is
 *   consumed
 * @time: when it ended
 *
 * Ends the fabric. From now on it emits nothing. fabricTerminated has the `cause`, of
 * @data if it is there, else `application`. The fabric's own causes are `remote closed`
 * (DTLS), `remote left` (RTCP BYE, then silence) and `signaling closed`.
 */
void
callstats_fabric_end (CallstatsFabric *self, GVariant *data, gint64 time)
{
  g_autoptr (GVariant) given = data != NULL ? g_variant_ref_sink (data) : NULL;
  GVariantDict dict;

  g_return_if_fail (CALLSTATS_IS_FABRIC (self));

  if (self->state == CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  self->state = CALLSTATS_FABRIC_STATE_TERMINATED;
  g_variant_dict_init (&dict, given);
  if (!g_variant_dict_contains (&dict, "cause"))
    g_variant_dict_insert (&dict, "cause", "s", "application");
  callstats_fabric_emit (self, "fabricTerminated", time, &dict);
}

static void
callstats_fabric_finalize (GObject *object)
{
  CallstatsFabric *self = CALLSTATS_FABRIC (object);

  g_ptr_array_unref (self->phases);
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
  self->phases = g_ptr_array_new_with_free_func (phase_free);
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
  self->gathered = NEVER;
  self->checking = NEVER;
  self->left = NEVER;
  callstats_silence_init (&self->silence);
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
