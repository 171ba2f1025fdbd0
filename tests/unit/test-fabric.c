/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state machine of one peer connection. Its tests are tables: states go in with their
 * times, events come out.
 */
#include <string.h>

#include "callstats-fabric.h"

#define START G_GINT64_CONSTANT (5000000)

#define NEW CALLSTATS_ICE_CONNECTION_STATE_NEW
#define CHECKING CALLSTATS_ICE_CONNECTION_STATE_CHECKING
#define CONNECTED CALLSTATS_ICE_CONNECTION_STATE_CONNECTED
#define COMPLETED CALLSTATS_ICE_CONNECTION_STATE_COMPLETED
#define FAILED CALLSTATS_ICE_CONNECTION_STATE_FAILED
#define DISCONNECTED CALLSTATS_ICE_CONNECTION_STATE_DISCONNECTED
#define CLOSED CALLSTATS_ICE_CONNECTION_STATE_CLOSED
#define END (-1)

typedef struct {
  GString *names;     /* all events but fabricStateChange, each with a space behind */
  GPtrArray *changes; /* "changedState prevState newState" */
  GVariant *data;     /* of the last one in names */
  gint64 time;        /* of the last event */
} Heard;

static void
on_event (CallstatsFabric *fabric, const char *name, gint64 time, GVariant *data,
    gpointer user_data)
{
  Heard *heard = user_data;
  const char *changed, *before, *now;

  g_assert_true (g_variant_is_of_type (data, G_VARIANT_TYPE_VARDICT));
  heard->time = time;
  if (strcmp (name, "fabricStateChange") == 0) {
    g_assert_true (g_variant_lookup (data, "changedState", "&s", &changed));
    g_assert_true (g_variant_lookup (data, "prevState", "&s", &before));
    g_assert_true (g_variant_lookup (data, "newState", "&s", &now));
    g_ptr_array_add (heard->changes, g_strdup_printf ("%s %s %s", changed, before, now));
    return;
  }
  g_string_append_printf (heard->names, "%s ", name);
  g_clear_pointer (&heard->data, g_variant_unref);
  heard->data = g_variant_ref (data);
}

static CallstatsFabric *
fabric_new (Heard *heard)
{
  CallstatsFabric *fabric = callstats_fabric_new ("f1", START);

  heard->names = g_string_new (NULL);
  heard->changes = g_ptr_array_new_with_free_func (g_free);
  heard->data = NULL;
  g_signal_connect (fabric, "event", G_CALLBACK (on_event), heard);
  return fabric;
}

static void
heard_clear (Heard *heard)
{
  g_string_free (heard->names, TRUE);
  g_ptr_array_unref (heard->changes);
  g_clear_pointer (&heard->data, g_variant_unref);
}

static double
get_delay (const Heard *heard, const char *name)
{
  double delay = -1;

  g_variant_lookup (heard->data, name, "d", &delay);
  return delay;
}

typedef struct {
  const char *name;
  int states[8];    /* from new on; until END */
  const char *last; /* events of the last state, each with a space behind */
  CallstatsFabricState state;
} Row;

/* One row a transition of callstats' table, and those that it does not tell. */
static const Row rows[] = {
  { "checking-to-connected-sets-up", { CHECKING, CONNECTED, END }, "fabricSetup ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "checking-to-completed-at-once-sets-up", { CHECKING, COMPLETED, END }, "fabricSetup ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "new-to-connected-at-once-sets-up", { CONNECTED, END }, "fabricSetup ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "connected-to-completed-is-no-event", { CHECKING, CONNECTED, COMPLETED, END }, "",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "new-to-checking-is-no-event", { CHECKING, END }, "",
      CALLSTATS_FABRIC_STATE_INITIALIZING },
  { "checking-to-failed", { CHECKING, FAILED, END }, "iceFailed ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "connected-to-failed", { CHECKING, CONNECTED, FAILED, END }, "fabricDropped ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "completed-to-failed", { CHECKING, COMPLETED, FAILED, END }, "fabricDropped ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "disconnected-to-failed-once-established",
      { CHECKING, CONNECTED, DISCONNECTED, FAILED, END }, "fabricDropped ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "disconnected-to-failed-before", { CHECKING, DISCONNECTED, FAILED, END },
      "iceFailed ", CALLSTATS_FABRIC_STATE_FAILED },
  { "connected-to-disconnected", { CHECKING, CONNECTED, DISCONNECTED, END },
      "iceDisruptionStart ", CALLSTATS_FABRIC_STATE_DISRUPTED },
  { "completed-to-disconnected", { CHECKING, COMPLETED, DISCONNECTED, END },
      "iceDisruptionStart ", CALLSTATS_FABRIC_STATE_DISRUPTED },
  { "disconnected-to-connected", { CHECKING, CONNECTED, DISCONNECTED, CONNECTED, END },
      "iceDisruptionEnd ", CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "disconnected-to-completed", { CHECKING, CONNECTED, DISCONNECTED, COMPLETED, END },
      "iceDisruptionEnd ", CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "checking-to-disconnected", { CHECKING, DISCONNECTED, END },
      "iceConnectionDisruptionStart ", CALLSTATS_FABRIC_STATE_CHECKING_DISRUPTED },
  { "disconnected-to-checking-before", { CHECKING, DISCONNECTED, CHECKING, END },
      "iceConnectionDisruptionEnd ", CALLSTATS_FABRIC_STATE_INITIALIZING },
  { "disconnected-to-checking-once-established",
      { CHECKING, CONNECTED, DISCONNECTED, CHECKING, END }, "iceDisruptionEnd ",
      CALLSTATS_FABRIC_STATE_DISRUPTED },
  { "checking-to-disconnected-once-established",
      { CONNECTED, DISCONNECTED, CHECKING, DISCONNECTED, END },
      "iceConnectionDisruptionStart ", CALLSTATS_FABRIC_STATE_DISRUPTED },
  { "disrupted-checking-to-checking-once-established",
      { CONNECTED, DISCONNECTED, CHECKING, DISCONNECTED, CHECKING, END },
      "iceConnectionDisruptionEnd ", CALLSTATS_FABRIC_STATE_DISRUPTED },
  { "disrupted-checking-to-connected-before", { CHECKING, DISCONNECTED, CONNECTED, END },
      "iceConnectionDisruptionEnd fabricSetup ", CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "checking-to-connected-after-a-restart",
      { CONNECTED, DISCONNECTED, NEW, CHECKING, CONNECTED, END }, "",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "new-to-closed", { CLOSED, END }, "iceAborted ", CALLSTATS_FABRIC_STATE_FAILED },
  { "checking-to-closed", { CHECKING, CLOSED, END }, "iceAborted ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "connected-to-closed", { CHECKING, CONNECTED, CLOSED, END }, "iceTerminated ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "completed-to-closed", { CHECKING, COMPLETED, CLOSED, END }, "iceTerminated ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "failed-to-closed", { CHECKING, FAILED, CLOSED, END }, "iceTerminated ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "disconnected-to-closed", { CHECKING, CONNECTED, DISCONNECTED, CLOSED, END },
      "iceTerminated ", CALLSTATS_FABRIC_STATE_FAILED },
  { "connected-to-new", { CHECKING, CONNECTED, NEW, END }, "iceRestarted ",
      CALLSTATS_FABRIC_STATE_INITIALIZING },
  { "failed-to-new", { CHECKING, FAILED, NEW, END }, "iceRestarted ",
      CALLSTATS_FABRIC_STATE_INITIALIZING },
  { "disconnected-to-new", { CHECKING, CONNECTED, DISCONNECTED, NEW, END },
      "iceRestarted ", CALLSTATS_FABRIC_STATE_INITIALIZING },
  { "failed-to-connected-after-a-drop", { CONNECTED, FAILED, CONNECTED, END }, "",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "new-to-disconnected-is-no-disruption", { DISCONNECTED, END }, "",
      CALLSTATS_FABRIC_STATE_INITIALIZING },
  { "a-disruption-that-never-began-does-not-end", { DISCONNECTED, CHECKING, END }, "",
      CALLSTATS_FABRIC_STATE_INITIALIZING },
  { "a-dropped-disruption-does-not-end",
      { CONNECTED, DISCONNECTED, FAILED, DISCONNECTED, CONNECTED, END }, "",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
};

static void
test_transition (gconstpointer data)
{
  const Row *row = data;
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);
  guint i;

  for (i = 0; row->states[i] != END; i++) {
    g_string_truncate (heard.names, 0);
    callstats_fabric_set_ice_connection_state (
        fabric, (CallstatsIceConnectionState)row->states[i], START + 1000 * (i + 1));
    g_assert_cmpint (heard.time, ==, START + 1000 * (i + 1));
  }
  g_assert_cmpstr (heard.names->str, ==, row->last);
  g_assert_cmpint (callstats_fabric_get_state (fabric), ==, row->state);
  g_assert_cmpuint (heard.changes->len, ==, i);
  heard_clear (&heard);
}

static void
test_a_new_fabric_has_its_id_and_no_history (void)
{
  g_autoptr (CallstatsFabric) fabric = callstats_fabric_new ("f1", START);

  g_assert_cmpstr (callstats_fabric_get_id (fabric), ==, "f1");
  g_assert_cmpint (
      callstats_fabric_get_state (fabric), ==, CALLSTATS_FABRIC_STATE_INITIALIZING);
}

static void
test_setup_counts_its_delays_from_the_start (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);

  callstats_fabric_set_ice_gathering_state (
      fabric, CALLSTATS_ICE_GATHERING_STATE_GATHERING, START + 100000);
  callstats_fabric_set_ice_connection_state (fabric, CHECKING, START + 374353);
  callstats_fabric_set_ice_gathering_state (
      fabric, CALLSTATS_ICE_GATHERING_STATE_COMPLETE, START + 370850);
  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START + 435811);
  g_assert_cmpstr (heard.names->str, ==, "fabricSetup ");
  g_assert_cmpfloat (get_delay (&heard, "delay"), ==, 435.811);
  g_assert_cmpfloat (get_delay (&heard, "iceGatheringDelay"), ==, 370.85);
  g_assert_cmpfloat (get_delay (&heard, "iceConnectivityDelay"), ==, 61.458);
  heard_clear (&heard);
}

static void
test_delays_that_are_not_known_are_left_out (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);

  callstats_fabric_set_ice_connection_state (fabric, COMPLETED, START + 1000);
  g_assert_cmpfloat (get_delay (&heard, "delay"), ==, 1);
  g_assert_cmpfloat (get_delay (&heard, "iceGatheringDelay"), ==, -1);
  g_assert_cmpfloat (get_delay (&heard, "iceConnectivityDelay"), ==, -1);
  heard_clear (&heard);
}

static void
test_a_clock_may_begin_at_zero (void)
{
  CallstatsFabric *fabric = callstats_fabric_new ("f1", 0);
  Heard heard = { .names = g_string_new (NULL),
    .changes = g_ptr_array_new_with_free_func (g_free) };

  g_signal_connect (fabric, "event", G_CALLBACK (on_event), &heard);
  callstats_fabric_set_ice_gathering_state (
      fabric, CALLSTATS_ICE_GATHERING_STATE_COMPLETE, 0);
  callstats_fabric_set_ice_connection_state (fabric, CHECKING, 0);
  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, 2000);
  g_assert_cmpfloat (get_delay (&heard, "iceGatheringDelay"), ==, 0);
  g_assert_cmpfloat (get_delay (&heard, "iceConnectivityDelay"), ==, 2);
  g_object_unref (fabric);
  heard_clear (&heard);
}

static void
test_a_delay_is_never_negative (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);

  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START - 1000);
  g_assert_cmpfloat (get_delay (&heard, "delay"), ==, 0);
  heard_clear (&heard);
}

static void
test_setup_comes_once_in_a_lifetime (void)
{
  static const CallstatsIceConnectionState states[] = { CHECKING, CONNECTED, COMPLETED,
    DISCONNECTED, CONNECTED, FAILED, NEW, CHECKING, CONNECTED };
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (states); i++)
    callstats_fabric_set_ice_connection_state (fabric, states[i], START + i);
  g_assert_cmpstr (heard.names->str, ==,
      "fabricSetup iceDisruptionStart iceDisruptionEnd fabricDropped iceRestarted ");
  heard_clear (&heard);
}

static void
test_ice_events_say_from_where_to_where_and_how_long (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);
  const char *before, *now;

  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START + 1000);
  callstats_fabric_set_ice_connection_state (fabric, DISCONNECTED, START + 5000);
  g_assert_true (g_variant_lookup (heard.data, "prevIceConnectionState", "&s", &before));
  g_assert_true (g_variant_lookup (heard.data, "currIceConnectionState", "&s", &now));
  g_assert_cmpstr (before, ==, "connected");
  g_assert_cmpstr (now, ==, "disconnected");
  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START + 12000);
  g_assert_cmpfloat (get_delay (&heard, "delay"), ==, 7);
  /* The next disruption has a time of its own, also behind one that never ended. */
  callstats_fabric_set_ice_connection_state (fabric, DISCONNECTED, START + 20000);
  callstats_fabric_set_ice_connection_state (fabric, FAILED, START + 21000);
  g_assert_cmpfloat (get_delay (&heard, "delay"), ==, 1);
  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START + 30000);
  callstats_fabric_set_ice_connection_state (fabric, DISCONNECTED, START + 40000);
  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START + 42000);
  g_assert_cmpfloat (get_delay (&heard, "delay"), ==, 2);
  heard_clear (&heard);
}

static void
test_every_state_change_is_told_in_w3c_words (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);

  callstats_fabric_set_signaling_state (
      fabric, CALLSTATS_SIGNALING_STATE_HAVE_LOCAL_OFFER, START);
  callstats_fabric_set_ice_gathering_state (
      fabric, CALLSTATS_ICE_GATHERING_STATE_GATHERING, START);
  callstats_fabric_set_ice_connection_state (fabric, CHECKING, START);
  callstats_fabric_set_signaling_state (fabric, CALLSTATS_SIGNALING_STATE_STABLE, START);
  g_assert_cmpuint (heard.changes->len, ==, 4);
  g_assert_cmpstr (heard.changes->pdata[0], ==, "signalingState stable have-local-offer");
  g_assert_cmpstr (heard.changes->pdata[1], ==, "iceGatheringState new gathering");
  g_assert_cmpstr (heard.changes->pdata[2], ==, "iceConnectionState new checking");
  g_assert_cmpstr (heard.changes->pdata[3], ==, "signalingState have-local-offer stable");
  heard_clear (&heard);
}

static void
test_repeated_states_are_ignored (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);
  guint i;

  callstats_fabric_set_ice_connection_state (fabric, NEW, START);
  callstats_fabric_set_signaling_state (fabric, CALLSTATS_SIGNALING_STATE_STABLE, START);
  callstats_fabric_set_ice_gathering_state (
      fabric, CALLSTATS_ICE_GATHERING_STATE_NEW, START);
  g_assert_cmpuint (heard.changes->len, ==, 0);
  for (i = 0; i < 3; i++)
    callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START + 1);
  g_assert_cmpuint (heard.changes->len, ==, 1);
  g_assert_cmpstr (heard.names->str, ==, "fabricSetup ");
  heard_clear (&heard);
}

static void
test_signaling_closed_ends_a_fabric (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);

  callstats_fabric_set_signaling_state (
      fabric, CALLSTATS_SIGNALING_STATE_CLOSED, START + 1);
  g_assert_cmpstr (heard.names->str, ==, "fabricTerminated ");
  g_assert_cmpuint (heard.changes->len, ==, 1);
  g_assert_cmpint (
      callstats_fabric_get_state (fabric), ==, CALLSTATS_FABRIC_STATE_TERMINATED);
  heard_clear (&heard);
}

static void
test_nothing_comes_after_the_end (void)
{
  Heard heard;
  g_autoptr (CallstatsFabric) fabric = fabric_new (&heard);

  callstats_fabric_terminate (fabric, START + 1);
  callstats_fabric_terminate (fabric, START + 2);
  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START + 3);
  callstats_fabric_set_ice_gathering_state (
      fabric, CALLSTATS_ICE_GATHERING_STATE_COMPLETE, START + 4);
  callstats_fabric_set_signaling_state (
      fabric, CALLSTATS_SIGNALING_STATE_CLOSED, START + 5);
  g_assert_cmpstr (heard.names->str, ==, "fabricTerminated ");
  g_assert_cmpuint (heard.changes->len, ==, 0);
  g_assert_cmpint (heard.time, ==, START + 1);
  heard_clear (&heard);
}

/* What must hold for any walk through the states. */
typedef struct {
  guint setups;
  gboolean of_media, of_connecting; /* disruptions that are not over */
  gboolean dropped;                 /* and nothing came back since */
  gboolean ended;
} Order;

static gboolean
is_of_silence (GVariant *data)
{
  const char *cause = "";

  g_variant_lookup (data, "cause", "&s", &cause);
  return strcmp (cause, "silence") == 0;
}

/* The outage is over once ICE is up again, but for one of silence. */
static void
check_change (Order *order, GVariant *data)
{
  const char *changed, *now;

  g_assert_true (g_variant_lookup (data, "changedState", "&s", &changed));
  g_assert_true (g_variant_lookup (data, "newState", "&s", &now));
  if (!order->of_media && strcmp (changed, "iceConnectionState") == 0 &&
      (strcmp (now, "connected") == 0 || strcmp (now, "completed") == 0))
    order->dropped = FALSE;
}

/* One that silence began ends with a packet, also behind a drop; ICE's is over then. */
static void
check_drop (Order *order, GVariant *data)
{
  g_assert_cmpuint (order->setups, ==, 1);
  g_assert_false (order->dropped);
  order->dropped = TRUE;
  if (is_of_silence (data))
    g_assert_true (order->of_media);
  else
    order->of_media = order->of_connecting = FALSE;
}

static void
check_order (CallstatsFabric *fabric, const char *name, gint64 time, GVariant *data,
    gpointer user_data)
{
  Order *order = user_data;
  double delay;

  g_assert_false (order->ended);
  if (g_variant_lookup (data, "delay", "d", &delay))
    g_assert_cmpfloat (delay, >=, 0);

  if (strcmp (name, "fabricSetup") == 0) {
    order->setups++;
  } else if (strcmp (name, "iceDisruptionStart") == 0) {
    g_assert_cmpuint (order->setups, ==, 1);
    g_assert_false (order->of_media || order->of_connecting);
    order->of_media = TRUE;
  } else if (strcmp (name, "iceDisruptionEnd") == 0) {
    g_assert_true (order->of_media);
    order->of_media = order->dropped = FALSE;
  } else if (strcmp (name, "iceConnectionDisruptionStart") == 0) {
    g_assert_false (order->of_media || order->of_connecting);
    order->of_connecting = TRUE;
  } else if (strcmp (name, "iceConnectionDisruptionEnd") == 0) {
    g_assert_true (order->of_connecting);
    order->of_connecting = FALSE;
  } else if (strcmp (name, "fabricDropped") == 0) {
    check_drop (order, data);
  } else if (strcmp (name, "iceFailed") == 0) {
    g_assert_true (order->setups == 0 || order->dropped);
    order->of_media = order->of_connecting = FALSE;
  } else if (g_str_has_prefix (name, "iceAborted") || g_str_has_prefix (name, "iceTer") ||
             g_str_has_prefix (name, "iceRes")) {
    order->of_media = order->of_connecting = FALSE;
  } else if (strcmp (name, "fabricTerminated") == 0) {
    order->ended = TRUE;
  } else if (strcmp (name, "fabricStateChange") == 0) {
    check_change (order, data);
  } else if (strcmp (name, "fabricSetupFailed") == 0) {
    g_assert_cmpuint (order->setups, ==, 0);
  } else if (strcmp (name, "fabricTransportSwitch") == 0 ||
             strcmp (name, "fabricSetupPhase") == 0) {
    g_assert_cmpuint (order->setups, ==, 1);
  } else {
    g_assert_cmpstr (name, ==, "applicationErrorLog");
  }
  g_assert_cmpuint (order->setups, <=, 1);
}

typedef struct {
  CallstatsFabric *fabric;
  GRand *random;
  Order order;
  gint64 now;
} Walk;

static int
any_of (Walk *walk, int n)
{
  return g_rand_int_range (walk->random, 0, n);
}

static void
step_hear (Walk *walk)
{
  gint64 first = walk->now - any_of (walk, 3) * G_TIME_SPAN_SECOND;

  callstats_fabric_hear (walk->fabric, any_of (walk, 2), first, walk->now);
  if (callstats_fabric_get_state (walk->fabric) == CALLSTATS_FABRIC_STATE_ESTABLISHED)
    walk->order.dropped = FALSE;
}

/* Rare in the table below: what ends a walk. */
static void
step_end (Walk *walk)
{
  switch (any_of (walk, 3)) {
  case 0:
    callstats_fabric_set_signaling_state (
        walk->fabric, (CallstatsSignalingState)any_of (walk, 6), walk->now);
    break;
  case 1:
    callstats_fabric_set_dtls_state (
        walk->fabric, (CallstatsDtlsState)any_of (walk, 5), walk->now);
    break;
  default:
    callstats_fabric_set_left (walk->fabric, walk->now);
  }
}

static void
step_tell (Walk *walk)
{
  switch (any_of (walk, 5)) {
  case 0:
    callstats_fabric_set_ice_gathering_state (
        walk->fabric, (CallstatsIceGatheringState)any_of (walk, 3), walk->now);
    break;
  case 1:
    callstats_fabric_mark (walk->fabric, any_of (walk, 2) ? "a" : "b", walk->now);
    break;
  case 2:
    callstats_fabric_fail (walk->fabric, g_variant_new ("a{sv}", NULL), walk->now);
    break;
  case 3:
    callstats_fabric_set_deaf (walk->fabric, any_of (walk, 2), walk->now);
    break;
  default:
    callstats_fabric_switch_transport (
        walk->fabric, g_variant_new ("a{sv}", NULL), walk->now);
  }
}

/* One time in two ICE says something; half of that is that it is up. */
static void
random_step (Walk *walk)
{
  int kind = any_of (walk, 24);

  walk->now += any_of (walk, 2) ? any_of (walk, 20) * G_TIME_SPAN_SECOND : 1;
  if (kind < 6)
    callstats_fabric_set_ice_connection_state (
        walk->fabric, (CallstatsIceConnectionState)any_of (walk, 7), walk->now);
  else if (kind < 9)
    callstats_fabric_set_ice_connection_state (walk->fabric, CONNECTED, walk->now);
  else if (kind < 14)
    step_hear (walk);
  else if (kind < 20)
    callstats_fabric_tick (walk->fabric, walk->now);
  else if (kind < 23)
    step_tell (walk);
  else
    step_end (walk);
}

static void
test_no_walk_through_the_states_breaks_the_order (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (18);
  guint i;

  for (i = 0; i < 100000; i++) {
    g_autoptr (CallstatsFabric) fabric = callstats_fabric_new ("f", START);
    Walk walk = { .fabric = fabric, .random = random, .now = START };
    gint32 steps;

    g_signal_connect (fabric, "event", G_CALLBACK (check_order), &walk.order);
    for (steps = g_rand_int_range (random, 1, 16); steps > 0; steps--)
      random_step (&walk);
    callstats_fabric_terminate (fabric, walk.now + 1);
    g_assert_true (walk.order.ended);
  }
}

/* The other end: what is heard of it, in a table. Seconds since it connected. */

typedef enum { STOP, RTP, RTCP, TICK, DEAF, HEARING, BYE, ICE, DTLS } What;

typedef struct {
  What what;
  double at;
  double first; /* RTP, RTCP; 0: at */
  int state;    /* ICE, DTLS */
} Step;

typedef struct {
  const char *name;
  Step steps[12];
  const char *events; /* of all steps, each "name at delay cause", with a space behind */
  CallstatsFabricState state;
} Story;

#define SETUP "fabricSetup 0 "

static const Story stories[] = {
  { "rtp-that-stops-for-eight-seconds",
      { { RTP, 1, 0, 0 }, { TICK, 8, 0, 0 }, { TICK, 8.9, 0, 0 }, { RTP, 9.5, 9, 0 },
          { TICK, 10, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence iceDisruptionEnd 9 8000 silence ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "silence-that-no-tick-saw", { { RTP, 1, 0, 0 }, { RTP, 12, 11, 0 } },
      SETUP "iceDisruptionStart 1 0 silence iceDisruptionEnd 11 10000 silence ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "a-pause-is-no-disruption",
      { { RTP, 1, 0, 0 }, { TICK, 8, 0, 0 }, { RTP, 8.5, 0, 0 }, { TICK, 12, 0, 0 } },
      SETUP, CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "a-muted-sender-sends-rtcp",
      { { RTP, 1, 0, 0 }, { RTCP, 6, 0, 0 }, { TICK, 13, 0, 0 }, { RTCP, 14, 0, 0 },
          { TICK, 25, 0, 0 }, { RTCP, 25.5, 0, 0 }, { TICK, 30, 0, 0 } },
      SETUP, CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "a-muted-sender-that-falls-silent",
      { { RTP, 1, 0, 0 }, { RTCP, 6, 0, 0 }, { TICK, 17.9, 0, 0 }, { TICK, 18, 0, 0 },
          { RTCP, 22, 0, 0 } },
      SETUP "iceDisruptionStart 6 0 silence iceDisruptionEnd 22 16000 silence ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "silence-that-lasts-is-a-drop",
      { { RTP, 1, 0, 0 }, { TICK, 9, 0, 0 }, { TICK, 30, 0, 0 }, { TICK, 31, 0, 0 },
          { TICK, 60, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence fabricDropped 31 30000 silence ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "packets-after-a-drop",
      { { RTP, 1, 0, 0 }, { TICK, 31, 0, 0 }, { RTP, 61, 0, 0 }, { TICK, 62, 0, 0 },
          { TICK, 70, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence fabricDropped 31 30000 silence "
            "iceDisruptionEnd 61 60000 silence iceDisruptionStart 61 0 silence ",
      CALLSTATS_FABRIC_STATE_DISRUPTED },
  { "who-was-never-heard-is-not-missed", { { TICK, 60, 0, 0 } }, SETUP,
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "who-is-deaf-hears-no-silence",
      { { RTP, 1, 0, 0 }, { DEAF, 2, 0, 0 }, { TICK, 40, 0, 0 }, { HEARING, 41, 0, 0 },
          { TICK, 48, 0, 0 }, { RTP, 48.5, 0, 0 }, { TICK, 50, 0, 0 } },
      SETUP, CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "silence-counts-anew-when-it-can-be-heard",
      { { RTP, 1, 0, 0 }, { DEAF, 2, 0, 0 }, { HEARING, 41, 0, 0 }, { TICK, 49, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence ", CALLSTATS_FABRIC_STATE_DISRUPTED },
  { "bye-and-silence",
      { { RTP, 1, 0, 0 }, { BYE, 1, 0, 0 }, { RTCP, 1.2, 0, 0 }, { TICK, 8, 0, 0 },
          { TICK, 9, 0, 0 } },
      SETUP "fabricTerminated 1.2 - remote left ", CALLSTATS_FABRIC_STATE_TERMINATED },
  { "bye-of-one-who-goes-on",
      { { RTP, 1, 0, 0 }, { BYE, 1, 0, 0 }, { RTCP, 4, 0, 0 }, { TICK, 12, 0, 0 } },
      SETUP, CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "bye-in-a-disruption",
      { { RTP, 1, 0, 0 }, { TICK, 9, 0, 0 }, { RTP, 10, 0, 0 }, { BYE, 10, 0, 0 },
          { TICK, 18, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence iceDisruptionEnd 10 9000 silence "
            "fabricTerminated 10 - remote left ",
      CALLSTATS_FABRIC_STATE_TERMINATED },
  { "dtls-closed",
      { { DTLS, 0, 0, CALLSTATS_DTLS_STATE_CONNECTED }, { RTP, 1, 0, 0 },
          { DTLS, 2, 0, CALLSTATS_DTLS_STATE_CLOSED }, { TICK, 60, 0, 0 } },
      SETUP "fabricTerminated 2 - remote closed ", CALLSTATS_FABRIC_STATE_TERMINATED },
  { "dtls-closed-that-was-never-open", { { DTLS, 1, 0, CALLSTATS_DTLS_STATE_CLOSED } },
      SETUP, CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "dtls-failed", { { DTLS, 1, 0, CALLSTATS_DTLS_STATE_FAILED } },
      SETUP "fabricDropped 1 1000 dtls ", CALLSTATS_FABRIC_STATE_FAILED },
  { "ice-follows-silence",
      { { RTP, 1, 0, 0 }, { TICK, 9, 0, 0 }, { ICE, 10, 0, DISCONNECTED },
          { ICE, 11, 0, CONNECTED }, { RTP, 12, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence iceDisruptionEnd 12 11000 silence ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "packets-while-ice-is-disconnected",
      { { RTP, 1, 0, 0 }, { TICK, 9, 0, 0 }, { ICE, 10, 0, DISCONNECTED },
          { RTP, 11, 0, 0 }, { ICE, 12, 0, CONNECTED } },
      SETUP "iceDisruptionStart 1 0 silence iceDisruptionEnd 12 11000 ice ",
      CALLSTATS_FABRIC_STATE_ESTABLISHED },
  { "ice-fails-in-silence",
      { { RTP, 1, 0, 0 }, { TICK, 9, 0, 0 }, { ICE, 10, 0, FAILED }, { TICK, 60, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence fabricDropped 10 9000 ice ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "ice-fails-behind-a-drop",
      { { RTP, 1, 0, 0 }, { TICK, 31, 0, 0 }, { ICE, 32, 0, FAILED },
          { TICK, 60, 0, 0 } },
      SETUP "iceDisruptionStart 1 0 silence fabricDropped 31 30000 silence "
            "iceFailed 32 31000 ice ",
      CALLSTATS_FABRIC_STATE_FAILED },
  { "packets-behind-a-failure-of-ice",
      { { RTP, 1, 0, 0 }, { ICE, 2, 0, FAILED }, { RTP, 2.1, 0, 0 }, { TICK, 9, 0, 0 },
          { RTP, 10, 0, 0 } },
      SETUP "fabricDropped 2 2000 ice ", CALLSTATS_FABRIC_STATE_ESTABLISHED },
};

static gint64
at (double seconds)
{
  return START + (gint64)(seconds * G_TIME_SPAN_SECOND);
}

static void
take_step (CallstatsFabric *fabric, const Step *step)
{
  switch (step->what) {
  case RTP:
  case RTCP:
    callstats_fabric_hear (fabric, step->what == RTP,
        at (step->first > 0 ? step->first : step->at), at (step->at));
    break;
  case TICK:
    callstats_fabric_tick (fabric, at (step->at));
    break;
  case DEAF:
  case HEARING:
    callstats_fabric_set_deaf (fabric, step->what == DEAF, at (step->at));
    break;
  case BYE:
    callstats_fabric_set_left (fabric, at (step->at));
    break;
  case ICE:
    callstats_fabric_set_ice_connection_state (
        fabric, (CallstatsIceConnectionState)step->state, at (step->at));
    break;
  default:
    callstats_fabric_set_dtls_state (
        fabric, (CallstatsDtlsState)step->state, at (step->at));
  }
}

static void
tell_story (CallstatsFabric *fabric, const char *name, gint64 time, GVariant *data,
    gpointer user_data)
{
  const char *cause = NULL;
  double delay = -1;

  if (strcmp (name, "fabricStateChange") == 0)
    return;
  g_string_append_printf (
      user_data, "%s %g ", name, (time - START) / (double)G_TIME_SPAN_SECOND);
  if (!g_variant_lookup (data, "cause", "&s", &cause))
    return;
  if (g_variant_lookup (data, "delay", "d", &delay))
    g_string_append_printf (user_data, "%g %s ", delay, cause);
  else
    g_string_append_printf (user_data, "- %s ", cause);
}

static void
test_story (gconstpointer data)
{
  const Story *story = data;
  g_autoptr (CallstatsFabric) fabric = callstats_fabric_new ("f1", START);
  GString *events = g_string_new (NULL);
  const Step *step;

  g_signal_connect (fabric, "event", G_CALLBACK (tell_story), events);
  callstats_fabric_set_ice_connection_state (fabric, CONNECTED, START);
  for (step = story->steps; step->what != STOP; step++)
    take_step (fabric, step);
  g_assert_cmpstr (events->str, ==, story->events);
  g_assert_cmpint (callstats_fabric_get_state (fabric), ==, story->state);
  g_string_free (events, TRUE);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/fabric/transition/", rows[i].name, NULL);

    g_test_add_data_func (path, &rows[i], test_transition);
  }
  for (i = 0; i < G_N_ELEMENTS (stories); i++) {
    g_autofree char *path = g_strconcat ("/fabric/other-end/", stories[i].name, NULL);

    g_test_add_data_func (path, &stories[i], test_story);
  }
  g_test_add_func ("/fabric/a-new-fabric-has-its-id-and-no-history",
      test_a_new_fabric_has_its_id_and_no_history);
  g_test_add_func ("/fabric/setup-counts-its-delays-from-the-start",
      test_setup_counts_its_delays_from_the_start);
  g_test_add_func ("/fabric/delays-that-are-not-known-are-left-out",
      test_delays_that_are_not_known_are_left_out);
  g_test_add_func ("/fabric/a-clock-may-begin-at-zero", test_a_clock_may_begin_at_zero);
  g_test_add_func ("/fabric/a-delay-is-never-negative", test_a_delay_is_never_negative);
  g_test_add_func (
      "/fabric/setup-comes-once-in-a-lifetime", test_setup_comes_once_in_a_lifetime);
  g_test_add_func ("/fabric/ice-events-say-from-where-to-where-and-how-long",
      test_ice_events_say_from_where_to_where_and_how_long);
  g_test_add_func ("/fabric/every-state-change-is-told-in-w3c-words",
      test_every_state_change_is_told_in_w3c_words);
  g_test_add_func (
      "/fabric/repeated-states-are-ignored", test_repeated_states_are_ignored);
  g_test_add_func (
      "/fabric/signaling-closed-ends-a-fabric", test_signaling_closed_ends_a_fabric);
  g_test_add_func (
      "/fabric/nothing-comes-after-the-end", test_nothing_comes_after_the_end);
  g_test_add_func ("/fabric/no-walk-through-the-states-breaks-the-order",
      test_no_walk_through_the_states_breaks_the_order);
  return g_test_run ();
}
