/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The delivery to a file: the records of one session as lines that callstats-collector
 * import reads. The disk thread writes; nobody waits for it.
 *
 * A record is acknowledged when it is written and synced. What cannot be written stays in
 * memory within its bound, as with any backend.
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-delivery-class-private.h"

CallstatsDelivery *callstats_recording_new (const CallstatsDeliveryOptions *options,
    const CallstatsDeliveryCallbacks *callbacks, gpointer user_data);
