/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a delivery sends: records in frames, one at a time, and tokens. Monitor thread
 * only.
 */
#include <string.h>

#include "callstats-delivery-inside-private.h"
#include "callstats-monitor.h"
#include "callstats-token-private.h"

#define MAX_LIFETIME (24 * 3600) /* s; a renewal costs nothing */
#define WINDOW 512               /* records sent and not acknowledged, at most */

/* One frame at a time goes to libsoup, whose own queue has no bound. Compressed ones
 * depend on each other: they leave in the order in which they were encoded. */
static void
drain (CallstatsDelivery *self)
{
  while (
      self->outgoing.length > 0 && self->transport_class->is_writable (self->transport)) {
    g_autoptr (GBytes) frame = g_queue_pop_head (&self->outgoing);

    self->bytes_sent += g_bytes_get_size (frame);
    self->transport_class->send (
        self->transport, callstats_encoder_is_binary (self->encoder), frame);
  }
}

static void
send_frame (CallstatsDelivery *self, GBytes *frame)
{
  g_queue_push_tail (&self->outgoing, g_bytes_ref (frame));
  drain (self);
}
void
callstats_delivery_send_message (CallstatsDelivery *self, const char *json)
{
  g_autoptr (GBytes) frame = callstats_encoder_message (self->encoder, json);

  self->bytes_raw += strlen (json);
  send_frame (self, frame);
}

void
callstats_delivery_send_hello (CallstatsDelivery *self)
{
  g_autoptr (GString) hello = g_string_new (NULL);

  self->hello_at = g_get_monotonic_time ();
  g_string_printf (hello,
      "{\"type\":\"hello\",\"protocol\":%d,\"session\":\"%s\",\"acked\":"
      "%" G_GUINT64_FORMAT,
      CALLSTATS_PROTOCOL_VERSION, callstats_sessions_name (self->sessions),
      callstats_outbox_acknowledged (callstats_delivery_outbox (self)));
  /* What another process left may be by another clock. */
  if (callstats_sessions_is_own (self->sessions))
    g_string_append_printf (hello, ",\"time\":%" G_GINT64_FORMAT,
        callstats_monitor_to_epoch (self->hello_at) / G_TIME_SPAN_MILLISECOND);
  g_string_append_printf (hello, ",\"client\":%s}", self->client);
  callstats_delivery_send_message (self, hello->str);
}

/* One record too large for a frame, in frames of its own. */
static void
send_parts (CallstatsDelivery *self, guint64 sequence, CallstatsRecord *record)
{
  g_autoptr (GPtrArray) frames =
      callstats_encoder_parts (self->encoder, sequence, record);
  guint i;

  if (frames == NULL) {
    callstats_outbox_discard (callstats_delivery_outbox (self));
    return;
  }
  for (i = 0; i < frames->len; i++)
    send_frame (self, g_ptr_array_index (frames, i));
  self->bytes_raw += callstats_record_json_length (record);
  callstats_outbox_advance (callstats_delivery_outbox (self));
  self->sent++;
}

/* As many records as fit into one frame. Returns: FALSE when there is nothing to send. */
static gboolean
send_batch (CallstatsDelivery *self)
{
  CallstatsOutbox *outbox = callstats_delivery_outbox (self);
  g_autoptr (GBytes) frame = NULL;
  CallstatsRecord *record;
  guint64 sequence;
  guint n = 0;

  while ((record = callstats_outbox_peek (outbox, &sequence)) != NULL &&
         sequence <= callstats_outbox_acknowledged (outbox) + WINDOW) {
    if (!callstats_encoder_add (self->encoder, sequence, record)) {
      if (n > 0)
        break;
      /* Its difference was too long, or the whole of it is. */
      if (!callstats_encoder_add (self->encoder, sequence, record)) {
        send_parts (self, sequence, record);
        return TRUE;
      }
    }
    self->bytes_raw += callstats_record_json_length (record);
    callstats_outbox_advance (outbox);
    n++;
  }
  frame = callstats_encoder_finish (self->encoder);
  if (frame == NULL)
    return FALSE;
  self->sent += n;
  send_frame (self, frame);
  return TRUE;
}

void
callstats_delivery_pump (CallstatsDelivery *self)
{
  callstats_delivery_clear_source (&self->batch);
  if (self->state == CALLSTATS_DELIVERY_CONNECTED)
    drain (self);
  while (self->state == CALLSTATS_DELIVERY_CONNECTED && self->leaving_for == NULL &&
         self->outgoing.length == 0 &&
         self->transport_class->is_writable (self->transport) && send_batch (self))
    ;
  callstats_sessions_touch (self->sessions);
}

gboolean
callstats_delivery_on_batch (gpointer user_data)
{
  callstats_delivery_pump (user_data);
  return G_SOURCE_REMOVE;
}

void
callstats_delivery_use_token (CallstatsDelivery *self, const char *token)
{
  g_free (self->token);
  self->token = g_strdup (token);
  self->token_was_good = FALSE;
  self->token_expires =
      callstats_token_get_expiry (token, callstats_delivery_backend_time (self));
}

static void
send_token (CallstatsDelivery *self, const char *token)
{
  g_autofree char *json =
      g_strdup_printf ("{\"type\":\"token\",\"token\":\"%s\"}", token);

  callstats_delivery_send_message (self, json);
  callstats_delivery_use_token (self, token);
  callstats_delivery_schedule_renewal (self);
}

void
callstats_delivery_renew (CallstatsDelivery *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = self->callbacks.get_token (
      self->audience, callstats_delivery_backend_time (self), self->user_data, &error);

  self->renewing = FALSE;
  if (token == NULL)
    callstats_delivery_retry (self, error, 0);
  else
    send_token (self, token);
}

static gboolean
on_renewal (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  callstats_delivery_clear_source (&self->renewal);
  self->renewing = self->callbacks.ask_token (self->user_data);
  if (!self->renewing)
    callstats_delivery_renew (self);
  return G_SOURCE_REMOVE;
}

/* At 90 % of what is left of its life. */
void
callstats_delivery_schedule_renewal (CallstatsDelivery *self)
{
  gint64 left = self->token_expires - callstats_delivery_backend_time (self);

  self->renewing = FALSE;
  callstats_delivery_start_timer (
      self, &self->renewal, (guint)CLAMP (left, 1, MAX_LIFETIME) * 900, on_renewal);
}
