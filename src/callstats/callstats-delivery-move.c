/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A delivery that its backend asks to go elsewhere.
 *
 * It sends no more where it is, waits until everything it had sent is acknowledged, and
 * goes. So no record is stored at both ends. A connection that breaks in between is
 * resumed first, since only that backend knows what it has; only where it cannot be
 * reached any more, what is in doubt is sent to the new one too.
 *
 * Monitor thread only.
 */
#include "callstats-delivery-inside-private.h"
#include "callstats-json-private.h"
#include "callstats-monitor.h"

#define SETTLE_MS 4000 /* for the last acknowledgements */
#define MAX_WAIT_SECONDS 3600

/* Where it is has changed: the session may not be known there. */
static void
take_route (CallstatsDelivery *self)
{
  const CallstatsBackend *backend = callstats_route_get (&self->route);

  g_free (self->uri);
  self->uri = g_strdup (backend->stream);
  g_free (self->audience);
  self->audience = g_strdup (backend->origin);
  self->is_fresh = TRUE;
  self->refusals = 0;
}

static void
follow (CallstatsDelivery *self)
{
  callstats_delivery_clear_source (&self->settling);
  callstats_route_move (
      &self->route, g_steal_pointer (&self->leaving_for), g_get_monotonic_time ());
  take_route (self);
}

static void
leave (CallstatsDelivery *self)
{
  guint wait = self->move_wait;

  follow (self);
  callstats_delivery_reconnect_in (self, wait * 1000);
  self->callbacks.progressed (self->user_data);
}

static gboolean
on_unsettled (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  callstats_delivery_retry (self, NULL, 0);
  return G_SOURCE_REMOVE;
}

static void
refuse (CallstatsDelivery *self, const GError *error)
{
  if (self->told_move)
    return;
  self->told_move = TRUE;
  self->callbacks.notice (error, self->user_data);
}

void
callstats_delivery_move (CallstatsDelivery *self, JsonObject *message)
{
  const char *to = callstats_json_get_string (message, "to", "");
  gint64 wait = callstats_json_get_int (message, "retryAfter", 0);
  g_autoptr (GError) error = NULL;
  CallstatsBackend *backend;

  if (self->state != CALLSTATS_DELIVERY_CONNECTED)
    return;
  backend = callstats_route_consider (&self->route, to, g_get_monotonic_time (), &error);
  if (error != NULL)
    refuse (self, error);
  if (backend == NULL)
    return;
  callstats_backend_free (self->leaving_for);
  self->leaving_for = backend;
  self->move_wait = (guint)CLAMP (wait, 0, MAX_WAIT_SECONDS);
  self->move_tries = 0;
  callstats_delivery_start_timer (self, &self->settling, SETTLE_MS, on_unsettled);
  callstats_delivery_leave_if_settled (self);
}

gboolean
callstats_delivery_leave_if_settled (CallstatsDelivery *self)
{
  if (self->leaving_for == NULL || self->state != CALLSTATS_DELIVERY_CONNECTED ||
      callstats_outbox_in_flight (callstats_delivery_outbox (self)) > 0)
    return FALSE;
  leave (self);
  return TRUE;
}

gboolean
callstats_delivery_leave_if_leaving (CallstatsDelivery *self)
{
  if (self->leaving_for == NULL)
    return FALSE;
  leave (self);
  return TRUE;
}

/* A session that begins with this welcome has nothing in doubt there. */
static gboolean
is_in_doubt (CallstatsDelivery *self)
{
  return callstats_outbox_in_flight (callstats_delivery_outbox (self)) > 0;
}

void
callstats_delivery_choose_route (CallstatsDelivery *self, gboolean was_connected)
{
  callstats_delivery_clear_source (&self->settling);
  if (self->leaving_for != NULL) {
    self->move_tries += !was_connected;
    if (!is_in_doubt (self) || self->move_tries >= CALLSTATS_ROUTE_TRIES)
      follow (self);
  } else if (!was_connected && callstats_route_note_failure (&self->route)) {
    take_route (self);
  }
}

gboolean
callstats_delivery_go_home (CallstatsDelivery *self, const GError *why)
{
  if (!callstats_route_return (&self->route))
    return FALSE;
  refuse (self, why);
  take_route (self);
  callstats_delivery_retry (self, NULL, 0);
  return TRUE;
}

void
callstats_delivery_begin_route (
    CallstatsDelivery *self, const CallstatsDeliveryOptions *options)
{
  callstats_route_init (&self->route, options->backend, options->allowed_backends,
      options->allow_plaintext);
  take_route (self);
  self->is_fresh = FALSE;
}

void
callstats_delivery_end_route (CallstatsDelivery *self)
{
  callstats_delivery_clear_source (&self->settling);
  callstats_backend_free (self->leaving_for);
  callstats_route_clear (&self->route);
}
