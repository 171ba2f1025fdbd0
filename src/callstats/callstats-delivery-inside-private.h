/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of a delivery, for its three files: callstats-delivery.c (its life, its
 * connections, when they are tried again), -sending.c (records, frames, tokens) and
 * -control.c (what the backend says).
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-backoff-private.h"
#include "callstats-codec-private.h"
#include "callstats-delivery-class-private.h"
#include "callstats-network-watch-private.h"
#include "callstats-route-private.h"
#include "callstats-sessions-private.h"
#include "callstats-transport-private.h"

struct _CallstatsDelivery {
  CallstatsDeliveryBase base;
  CallstatsDeliveryCallbacks callbacks;
  gpointer user_data;

  char *uri; /* of where the route leads now */
  char *audience;
  char *app_id;
  char *user_id;
  char *client;
  char *ca_file; /* nullable */

  const CallstatsTransportVTable *transport_class;
  CallstatsTransport *transport; /* NULL: no connection */
  CallstatsEncoder *encoder;     /* lives as long as the connection */
  CallstatsDecoder *decoder;
  CallstatsSessions *sessions;
  gboolean held_up; /* the next connection waits for the sessions to be ready */

  CallstatsDeliveryState state;
  GSource *retry;   /* WAITING */
  GSource *welcome; /* CONNECTING: its time-out */
  GSource *silence; /* CONNECTED: its time-out */
  GSource *renewal; /* CONNECTED: of the token */
  GSource *batch;   /* NULL: nothing waits for company */
  CallstatsBackoff backoff;
  gboolean probing; /* CONNECTED: the network changed, and nothing came since */
  gboolean told_trouble;
  CallstatsNetworkWatch *network; /* NULL: cannot be watched */
  CallstatsRoute route;
  CallstatsBackend *leaving_for; /* NULL: it stays here */
  GSource *settling;             /* CONNECTED: until all is acknowledged, for that */
  guint move_wait;               /* s, before it is there */
  guint move_tries;              /* to settle what is in doubt here */
  gboolean told_move;            /* that one was not followed */
  gboolean is_fresh;             /* no welcome since the route changed */
  GQueue outgoing;               /* GBytes: encoded, and not given to libsoup yet */
  gint64 hello_at;
  char *token;             /* what the connection was opened with, or renewed by */
  gboolean token_was_good; /* the backend took it */
  guint refusals;          /* of tokens that it had not taken before, in a row */
  gboolean wants_token;    /* WAITING for callstats_delivery_restart() */
  gint64 token_expires;    /* seconds since the epoch */
  gboolean renewing;       /* the application was asked for another token */
  double round_trip;       /* ms, of the last welcome */
  double clock_offset;     /* ms that the backend is ahead of our records */
  guint64 connects, sent, bytes_raw, bytes_sent;
};

/* Timers */
void callstats_delivery_clear_source (GSource **source);
void callstats_delivery_start_timer (
    CallstatsDelivery *self, GSource **source, guint interval_ms, GSourceFunc func);

/* Connections */
void callstats_delivery_disconnect (CallstatsDelivery *self);
/* Ends this one and tries again later. error: (nullable): nothing is told. */
void callstats_delivery_retry (
    CallstatsDelivery *self, const GError *error, guint at_least_ms);
void callstats_delivery_fail (CallstatsDelivery *self, int code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* Tries again at once. */
void callstats_delivery_reconnect (CallstatsDelivery *self);
/* The other end is there. */
void callstats_delivery_note_life (CallstatsDelivery *self);

void callstats_delivery_reconnect_in (CallstatsDelivery *self, guint wait_ms);

/* Moves */
void callstats_delivery_begin_route (
    CallstatsDelivery *self, const CallstatsDeliveryOptions *options);
void callstats_delivery_end_route (CallstatsDelivery *self);
/* The backend asks for it. */
void callstats_delivery_move (CallstatsDelivery *self, JsonObject *message);
/* TRUE: it is to leave, and has left. */
gboolean callstats_delivery_leave_if_settled (CallstatsDelivery *self);
/* The same right after a welcome, where nothing is in doubt. */
gboolean callstats_delivery_leave_if_leaving (CallstatsDelivery *self);
/* A connection or try ended: the next one may go elsewhere. */
void callstats_delivery_choose_route (CallstatsDelivery *self, gboolean was_connected);
/* It is refused where it was moved to. FALSE: it was not moved. */
gboolean callstats_delivery_go_home (CallstatsDelivery *self, const GError *why);

/* Sending */
void callstats_delivery_send_message (CallstatsDelivery *self, const char *json);
void callstats_delivery_send_hello (CallstatsDelivery *self);
void callstats_delivery_pump (CallstatsDelivery *self);
gboolean callstats_delivery_on_batch (gpointer delivery);
/* It is on its way to the backend. */
void callstats_delivery_use_token (CallstatsDelivery *self, const char *token);
void callstats_delivery_schedule_renewal (CallstatsDelivery *self);
/* There are new credentials, which the connection may wait for. */
void callstats_delivery_renew (CallstatsDelivery *self);

/* The backend's clock */
/* Returns: seconds since the epoch: our time until the backend told its own. */
gint64 callstats_delivery_backend_time (CallstatsDelivery *self);
/* The backend refused a token on that date (seconds since the epoch; 0: unknown).
 * Returns: whether it was dated by another time, so that the next one may do. */
gboolean callstats_delivery_correct_clock (CallstatsDelivery *self, gint64 date);

/* Control */
void callstats_delivery_take_frame (gboolean binary, GBytes *frame, gpointer delivery);
/* TRUE: this session is through, and the next one is connected for. */
gboolean callstats_delivery_change_session (CallstatsDelivery *self);

static inline CallstatsOutbox *
callstats_delivery_outbox (CallstatsDelivery *self)
{
  return callstats_sessions_outbox (self->sessions);
}
