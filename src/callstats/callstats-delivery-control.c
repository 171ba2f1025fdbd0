/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the backend says to a delivery: welcome, acks, requests. Monitor thread only.
 */
#include <math.h>
#include <string.h>

#include "callstats-delivery-inside-private.h"
#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-monitor.h"

/* Half of what collectors tolerate: its date is whole seconds, and took its time. */
#define CLOCK_TOLERANCE_SECONDS 30

/* Another's session is through: the next one needs a hello of its own. */
gboolean
callstats_delivery_change_session (CallstatsDelivery *self)
{
  if (!callstats_sessions_advance (self->sessions))
    return FALSE;
  callstats_delivery_reconnect (self);
  return TRUE;
}

/* The backend lost what it had acknowledged, a database of another day say, or is another
 * one: what is still here begins a session of its own. */
static void
begin_anew (CallstatsDelivery *self)
{
  callstats_sessions_begin_anew (self->sessions);
  if (self->is_fresh) {
    callstats_delivery_reconnect (self);
    return;
  }
  callstats_delivery_fail (self, CALLSTATS_ERROR_PROTOCOL,
      "Backend %s does not know what it acknowledged before; a new session begins",
      self->uri);
}

static void
greet (CallstatsDelivery *self)
{
  callstats_delivery_clear_source (&self->welcome);
  self->state = CALLSTATS_DELIVERY_CONNECTED;
  callstats_backoff_note_success (&self->backoff, g_get_monotonic_time ());
  self->connects++;
  self->token_was_good = TRUE;
  self->refusals = 0;
  self->is_fresh = FALSE;
  callstats_route_note_success (&self->route);
  callstats_outbox_rewind (callstats_delivery_outbox (self));
  callstats_delivery_note_life (self);
  callstats_delivery_schedule_renewal (self);
  self->callbacks.welcomed (self->user_data);
  if (!callstats_delivery_leave_if_leaving (self) &&
      !callstats_delivery_change_session (self))
    callstats_delivery_pump (self);
}

/* "default" and "recommended", as callstats' app settings name them. */
static void
tell_configuration (CallstatsDelivery *self, JsonObject *welcome)
{
  static const char *const names[] = { "default", "recommended" };
  JsonObject *config = callstats_json_get_object (welcome, "config");
  guint i;

  for (i = 0; config != NULL && i < G_N_ELEMENTS (names); i++) {
    JsonNode *node = json_object_get_member (config, names[i]);
    g_autoptr (GString) json = g_string_new (NULL);

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
      continue;
    callstats_json_append_node (json, node);
    self->callbacks.configured (names[i], json->str, self->user_data);
  }
}

gint64
callstats_delivery_backend_time (CallstatsDelivery *self)
{
  gint64 ours = callstats_monitor_to_epoch (g_get_monotonic_time ());

  return (ours + (gint64)(self->clock_offset * G_TIME_SPAN_MILLISECOND)) / G_USEC_PER_SEC;
}

gboolean
callstats_delivery_correct_clock (CallstatsDelivery *self, gint64 date)
{
  gint64 error = date - callstats_delivery_backend_time (self);

  if (date == 0 || ABS (error) < CLOCK_TOLERANCE_SECONDS)
    return FALSE;
  self->clock_offset += (double)error * 1000;
  return TRUE;
}

/* The backend read its clock between hello and welcome: in the middle, say. */
static void
note_clock (CallstatsDelivery *self, JsonObject *welcome)
{
  gint64 now = g_get_monotonic_time ();
  double theirs = callstats_json_get_double (welcome, "time", NAN);

  self->round_trip = (double)(now - self->hello_at) / 1000;
  if (!isnan (theirs))
    self->clock_offset =
        theirs - ((double)callstats_monitor_to_epoch (now) / 1000 - self->round_trip / 2);
}

static void
on_welcome (CallstatsDelivery *self, JsonObject *welcome)
{
  guint64 stored;

  if (self->state != CALLSTATS_DELIVERY_CONNECTING ||
      callstats_json_get_int (welcome, "protocol", 0) != CALLSTATS_PROTOCOL_VERSION ||
      !callstats_json_get_sequence (welcome, "stored", &stored) ||
      !callstats_sessions_acknowledge (self->sessions, stored)) {
    callstats_delivery_fail (self, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s sent a welcome that does not fit this session; it is tried again",
        self->uri);
    return;
  }
  note_clock (self, welcome);
  if (stored < callstats_outbox_acknowledged (callstats_delivery_outbox (self)))
    begin_anew (self);
  else
    greet (self);
  tell_configuration (self, welcome);
}

static void
on_ack (CallstatsDelivery *self, JsonObject *ack)
{
  guint64 sequence;

  if (self->state != CALLSTATS_DELIVERY_CONNECTED ||
      !callstats_json_get_sequence (ack, "sequence", &sequence) ||
      !callstats_sessions_acknowledge (self->sessions, sequence)) {
    callstats_delivery_fail (self, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s acknowledged what was not sent; it is connected to again", self->uri);
    return;
  }
  if (!callstats_delivery_leave_if_settled (self) &&
      !callstats_delivery_change_session (self) && self->batch == NULL)
    callstats_delivery_pump (self);
  self->callbacks.progressed (self->user_data);
}

typedef struct {
  const char *type;
  void (*handle) (CallstatsDelivery *self, JsonObject *message);
} ControlMessage;

static void
on_keyframe_request (CallstatsDelivery *self, JsonObject *message)
{
  callstats_encoder_request_keyframe (self->encoder);
}

/* Any other type is of a later protocol, and ignored. */
static const ControlMessage control_messages[] = {
  { "welcome", on_welcome },
  { "ack", on_ack },
  { "keyframe", on_keyframe_request },
  { "move", callstats_delivery_move },
};

static void
handle_control (CallstatsDelivery *self, CallstatsMessage *message)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (control_messages); i++) {
    if (strcmp (message->type, control_messages[i].type) == 0) {
      control_messages[i].handle (self, message->object);
      return;
    }
  }
}

void
callstats_delivery_take_frame (gboolean binary, GBytes *frame, gpointer user_data)
{
  CallstatsDelivery *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsMessage) message =
      callstats_decoder_push (self->decoder, binary, frame, &error);

  if (message == NULL || message->kind != CALLSTATS_MESSAGE_CONTROL) {
    callstats_delivery_fail (self, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s sent what the protocol does not know (%s); it is connected to again",
        self->uri, error != NULL ? error->message : "records");
    return;
  }
  callstats_delivery_note_life (self);
  handle_control (self, message);
}
