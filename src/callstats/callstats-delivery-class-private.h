/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a kind of delivery provides. Monitor thread only.
 */
#pragma once

#include "callstats-delivery-private.h"

typedef struct {
  void (*free) (CallstatsDelivery *delivery);
  void (*push) (CallstatsDelivery *delivery, CallstatsRecord *record);
  void (*lose) (CallstatsDelivery *delivery, const CallstatsRecord *record);
  void (*set_bounds) (CallstatsDelivery *delivery, gsize max_bytes,
      guint64 spool_max_bytes, guint64 spool_max_age);
  void (*restart) (CallstatsDelivery *delivery);
  void (*flush) (CallstatsDelivery *delivery);
  gboolean (*is_idle) (CallstatsDelivery *delivery);
  void (*get_stats) (CallstatsDelivery *delivery, CallstatsDeliveryStats *stats);
  void (*get_tally) (CallstatsDelivery *delivery, guint owner, CallstatsTally *tally);
  void (*forget_owner) (CallstatsDelivery *delivery, guint owner);
} CallstatsDeliveryClass;

/* Every delivery begins with this. */
typedef struct {
  const CallstatsDeliveryClass *kind;
} CallstatsDeliveryBase;

/* ws:// and wss:// */
CallstatsDelivery *callstats_delivery_new_online (const CallstatsDeliveryOptions *options,
    const CallstatsDeliveryCallbacks *callbacks, gpointer user_data);
