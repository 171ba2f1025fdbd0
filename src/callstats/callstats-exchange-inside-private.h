/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of an exchange, for its two files: callstats-exchange.c (deliveries and
 * their members) and -credentials.c (by whose leave they connect).
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-exchange-private.h"

/* One delivery and who shares it. */
typedef struct {
  CallstatsDelivery *delivery;
  GPtrArray *members;           /* CallstatsMember, the oldest first */
  CallstatsConfiguration *left; /* of the last member, while it lingers; else NULL */
  GSource *lingering;
  GError *trouble;        /* NULL: none since the last welcome */
  gboolean retrying;      /* it may have been removed */
  GError *spool_trouble;  /* NULL: none so far */
  GHashTable *configured; /* what the backend told: name → JSON */
  CallstatsTally gone;    /* told to members that have left */

  CallstatsMember *trying;    /* whose credentials were used last; NULL: it has left */
  CallstatsMember *preferred; /* whose credentials are tried first; NULL: any */
  gboolean token_is_given;    /* the application made the one used last */
  GSource *asking;            /* NULL: nobody is asked for a token */
  guint to_ask;               /* the next member to be asked */
  gboolean wanted;            /* a token, and none has come yet */
  gboolean force;
} CallstatsExchange;

struct _CallstatsMember {
  CallstatsExchange *exchange;
  CallstatsMemberCallbacks callbacks;
  gpointer user_data;
  CallstatsConfiguration *configuration;
  guint id;          /* its records' owner */
  GSource *greeting; /* it has not been told yet how the delivery is */
  gboolean welcomed;
  gboolean told;          /* of the trouble */
  gboolean told_spool;    /* of the spool's */
  gboolean refused;       /* its credentials were */
  gboolean token_refused; /* the application's token was, and is left out */
};

void callstats_exchange_clear_source (GSource **source);

/* Credentials */

/* For the delivery: see CallstatsDeliveryCallbacks. */
char *callstats_exchange_get_token (
    const char *audience, gint64 now, gpointer exchange, GError **error);
gboolean callstats_exchange_ask_token (gpointer exchange);
gboolean callstats_exchange_token_refused (const char *token, gpointer exchange);

/* The backend took those that were used last. */
void callstats_exchange_accept_credentials (CallstatsExchange *self);
/* The member joined a delivery that was there. */
void callstats_exchange_add_credentials (
    CallstatsExchange *self, CallstatsMember *member, CallstatsDeliveryState state);
/* The member's were replaced by others, unless they are known. */
void callstats_exchange_renew_credentials (
    CallstatsExchange *self, CallstatsMember *member, gboolean known);
/* The member, which was the one of that index, left. */
void callstats_exchange_forget_credentials (
    CallstatsExchange *self, CallstatsMember *member, guint index);
