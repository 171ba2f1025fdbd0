/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The kinds of delivery, behind one interface. Monitor thread only.
 */
#include "callstats-delivery-class-private.h"
#include "callstats-recording-private.h"

static const CallstatsDeliveryClass *
kind_of (CallstatsDelivery *self)
{
  return ((CallstatsDeliveryBase *)self)->kind;
}

CallstatsDelivery *
callstats_delivery_new (const CallstatsDeliveryOptions *options,
    const CallstatsDeliveryCallbacks *callbacks, gpointer user_data)
{
  if (options->backend->path != NULL)
    return callstats_recording_new (options, callbacks, user_data);
  return callstats_delivery_new_online (options, callbacks, user_data);
}

void
callstats_delivery_free (CallstatsDelivery *self)
{
  if (self != NULL)
    kind_of (self)->free (self);
}

void
callstats_delivery_push (CallstatsDelivery *self, CallstatsRecord *record)
{
  kind_of (self)->push (self, record);
}

void
callstats_delivery_lose (CallstatsDelivery *self, const CallstatsRecord *record)
{
  kind_of (self)->lose (self, record);
}

void
callstats_delivery_set_bounds (CallstatsDelivery *self, gsize max_bytes,
    guint64 spool_max_bytes, guint64 spool_max_age)
{
  kind_of (self)->set_bounds (self, max_bytes, spool_max_bytes, spool_max_age);
}

void
callstats_delivery_restart (CallstatsDelivery *self)
{
  kind_of (self)->restart (self);
}

void
callstats_delivery_flush (CallstatsDelivery *self)
{
  kind_of (self)->flush (self);
}

gboolean
callstats_delivery_is_idle (CallstatsDelivery *self)
{
  return kind_of (self)->is_idle (self);
}

void
callstats_delivery_get_stats (CallstatsDelivery *self, CallstatsDeliveryStats *stats)
{
  kind_of (self)->get_stats (self, stats);
}

void
callstats_delivery_get_tally (CallstatsDelivery *self, guint owner, CallstatsTally *tally)
{
  kind_of (self)->get_tally (self, owner, tally);
}

void
callstats_delivery_forget_owner (CallstatsDelivery *self, guint owner)
{
  kind_of (self)->forget_owner (self, owner);
}

const char *
callstats_delivery_state_to_string (CallstatsDeliveryState state)
{
  static const char *const names[] = {
    [CALLSTATS_DELIVERY_WAITING] = "waiting",
    [CALLSTATS_DELIVERY_CONNECTING] = "connecting",
    [CALLSTATS_DELIVERY_CONNECTED] = "connected",
    [CALLSTATS_DELIVERY_STOPPED] = "stopped",
  };

  return names[state];
}
