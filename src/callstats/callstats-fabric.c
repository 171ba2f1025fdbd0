/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One peer connection: the state machine that turns its states into callstats' events.
 *
 * Pure: no I/O and no clock, time comes in with every change, so that tests are tables.
 * Not thread-safe: in a client, the monitor thread owns it.
 */
#include <string.h>

#include "callstats-fabric.h"
#include "callstats-enum-types.h"
#include "callstats-silence-private.h"

#define NEVER CALLSTATS_NEVER
/* What was under way when the other end said goodbye. */
#define STRAGGLERS (500 * G_TIME_SPAN_MILLISECOND)

/* What ICE began and has to end: each kind ends by its own event. */
typedef enum {
  DISRUPTION_NONE,
  DISRUPTION_OF_MEDIA,      /* iceDisruptionStart */
  DISRUPTION_OF_CONNECTING, /* iceConnectionDisruptionStart */
} Disruption;

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
  gboolean has_failed;   /* to be set up */
  GPtrArray *phases;     /* Phase, in the order of their coming */
  Disruption disruption; /* ICE's that is not over */
  gboolean silent;       /* a disruption for want of packets is not over */
  gint64 disrupted;      /* when the disruption began */
  gboolean dropped;      /* and is not established again */
  gint64 lost;           /* when it was dropped */
  CallstatsSilence silence;
  CallstatsDtlsState dtls;
  gint64 left;     /* when the other end's last BYE came; NEVER: it did not */
  gint64 gathered; /* when gathering was complete; NEVER: not yet */
  gint64 checking; /* when checking first began; NEVER: not yet */
};

/* A step on the way to media, told once. */
typedef struct {
  char *name;
  gint64 time;
} Phase;

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
emit_state_change (CallstatsFabric *self, const char *changed, GType type, int before,
    int now, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "changedState", "s", changed);
  g_variant_dict_insert (
      &dict, "prevState", "s", callstats_enum_to_string (type, before));
  g_variant_dict_insert (&dict, "newState", "s", callstats_enum_to_string (type, now));
  emit (self, "fabricStateChange", time, &dict);
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
static void
set_up (CallstatsFabric *self, gint64 time)
{
  GVariantDict dict;

  if (self->was_set_up)
    return;
  self->was_set_up = TRUE;

  g_variant_dict_init (&dict, NULL);
  insert_delay (&dict, "delay", self->start, time);
  if (self->gathered != NEVER)
    insert_delay (&dict, "iceGatheringDelay", self->start, self->gathered);
  if (self->checking != NEVER)
    insert_delay (&dict, "iceConnectivityDelay", self->checking, time);
  insert_phases (self, &dict);
  emit (self, "fabricSetup", time, &dict);
}

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
static void
emit_ice_event (CallstatsFabric *self, const char *event, const char *cause,
    CallstatsIceConnectionState before, gint64 from, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "cause", "s", cause);
  g_variant_dict_insert (&dict, "prevIceConnectionState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_ICE_CONNECTION_STATE, before));
  g_variant_dict_insert (&dict, "currIceConnectionState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_ICE_CONNECTION_STATE, self->ice));
  insert_delay (&dict, "delay", from, time);
  emit (self, event, time, &dict);
}

static gboolean
is_drop (const IceTransition *row)
{
  return row->event != NULL && g_str_equal (row->event, "fabricDropped");
}

static gboolean
is_disrupted (CallstatsFabric *self)
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
  from = is_disrupted (self) ? self->disrupted : self->start;
  if (event != NULL)
    emit_ice_event (self, event, "ice", before, from, time);
  if (event != NULL && g_str_equal (event, "iceDisruptionEnd"))
    self->dropped = FALSE;
  if (row->begins == DISRUPTION_NONE)
    self->disruption = DISRUPTION_NONE;
  if (row->to & (ICE (FAILED) | ICE (CLOSED) | ICE (NEW)))
    self->silent = FALSE;
  take_state (self, row, time);
}

static gboolean
is_up (CallstatsFabric *self)
{
  return (1 << self->ice) & UP;
}

static void
end (CallstatsFabric *self, const char *cause, gint64 time)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "cause", "s", cause);
  callstats_fabric_end (self, g_variant_dict_end (&dict), time);
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

  emit_state_change (self, "iceConnectionState", CALLSTATS_TYPE_ICE_CONNECTION_STATE,
      before, state, time);
  if (row != NULL)
    take_transition (self, row, before, time);
  if (is_up (self))
    set_up (self, time);
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
  emit_state_change (
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
  emit_state_change (
      self, "signalingState", CALLSTATS_TYPE_SIGNALING_STATE, before, state, time);
  if (state == CALLSTATS_SIGNALING_STATE_CLOSED)
    end (self, "signaling closed", time);
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
  insert_delay (&dict, "delay", self->start, time);
  emit (self, "fabricSetupPhase", time, &dict);
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
    emit (self, "applicationErrorLog", time, &dict);
    return;
  }
  self->has_failed = TRUE;
  insert_delay (&dict, "delay", self->start, time);
  g_variant_dict_insert (&dict, "fabricState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_FABRIC_STATE, self->state));
  g_variant_dict_insert (&dict, "iceConnectionState", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_ICE_CONNECTION_STATE, self->ice));
  insert_phases (self, &dict);
  self->state = CALLSTATS_FABRIC_STATE_FAILED;
  emit (self, "fabricSetupFailed", time, &dict);
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
  emit (self, "fabricTerminated", time, &dict);
}

/* The other end */

static void
begin_silence (CallstatsFabric *self)
{
  self->silent = TRUE;
  self->disrupted = self->silence.last;
  self->state = CALLSTATS_FABRIC_STATE_DISRUPTED;
  emit_ice_event (
      self, "iceDisruptionStart", "silence", self->ice, self->disrupted, self->disrupted);
}

static void
drop (CallstatsFabric *self, const char *cause, gint64 from, gint64 time)
{
  self->dropped = TRUE;
  self->lost = time;
  self->state = CALLSTATS_FABRIC_STATE_FAILED;
  emit_ice_event (self, "fabricDropped", cause, self->ice, from, time);
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
    drop (self, "silence", self->disrupted, now);
}

static void
end_silence (CallstatsFabric *self, gint64 time)
{
  self->silent = FALSE;
  if (self->disruption == DISRUPTION_OF_MEDIA)
    return;
  self->state = CALLSTATS_FABRIC_STATE_ESTABLISHED;
  emit_ice_event (self, "iceDisruptionEnd", "silence", self->ice, self->disrupted, time);
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
    end (self, "remote left", MAX (self->left, self->silence.last));
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
    end (self, "remote closed", time);
  else if (state == CALLSTATS_DTLS_STATE_FAILED && self->was_set_up && !self->dropped) {
    drop (self, "dtls", is_disrupted (self) ? self->disrupted : self->start, time);
    self->silent = FALSE;
    self->disruption = DISRUPTION_NONE;
  }
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
  if (is_disrupted (self))
    insert_delay (&dict, "switchDelay", self->disrupted, time);
  emit (self, "fabricTransportSwitch", time, &dict);
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
