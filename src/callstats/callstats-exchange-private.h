/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where clients meet: those of one process that have the same backend, application, user,
 * spool and credentials share one delivery, so one socket, one session and one bound of
 * memory. Each of them is a member of it, with its own callbacks and its own counts.
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-configuration-private.h"
#include "callstats-delivery-private.h"

typedef struct _CallstatsMember CallstatsMember;

/* A member neither joins nor leaves from within any of them. */
typedef struct {
  /* The backend welcomed this client. It comes from the main loop where the member joins
   * a connection that is there already. */
  void (*welcomed) (gpointer user_data);
  /* A part of the backend's configuration, a JSON object's text. */
  void (*configured) (const char *name, const char *json, gpointer user_data);
  /* The counters changed: see callstats_member_is_idle(). */
  void (*progressed) (gpointer user_data);
  /* Something its user should know: once in an outage. */
  void (*trouble) (const GError *error, gpointer user_data);
  /* Something its user should know that ends nothing. */
  void (*notice) (const GError *error, gpointer user_data);
  /* Only the application can make a token. Members are asked one after another, until one
   * of them is configured with another one. */
  void (*need_token) (gboolean force, gpointer user_data);
} CallstatsMemberCallbacks;

/* Joins the delivery of its like, or makes one.
 * Returns: (transfer full): NULL where the configuration cannot be sent with. */
CallstatsMember *callstats_member_join (const CallstatsConfiguration *configuration,
    const CallstatsMemberCallbacks *callbacks, gpointer user_data, GError **error);
/* Its records stay while others are there. The last one ends the delivery: at once, and
 * what is not acknowledged by then stays unsent, or, if it lingers, when all is
 * acknowledged or nothing helps. */
void callstats_member_leave (CallstatsMember *member, gboolean linger);

/* FALSE: it is somebody else now, or reports elsewhere, and must leave. Other credentials
 * are tried for all members. */
gboolean callstats_member_configure (
    CallstatsMember *member, const CallstatsConfiguration *configuration);

void callstats_member_push (CallstatsMember *member, CallstatsRecord *record);
/* A record that should have been pushed was given up for want of room. */
void callstats_member_lose (CallstatsMember *member, CallstatsRecord *record);
/* Sends what waits for a batch to fill. */
void callstats_member_flush (CallstatsMember *member);
/* None of its records could leave soon: all acknowledged, or no connection. */
gboolean callstats_member_is_idle (CallstatsMember *member);

/* Records queued, sent, acked, thinned and dropped are its own, and for the oldest member
 * also those that are nobody's any more; the rest is the delivery's. */
void callstats_member_get_stats (CallstatsMember *member, CallstatsDeliveryStats *stats);
