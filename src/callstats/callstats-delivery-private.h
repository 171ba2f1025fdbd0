/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way of the records to the backend: a bounded queue, the session on the wire
 * (docs/protocol.md), acks, back-off.
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-backend-private.h"
#include "callstats-record-private.h"
#include "callstats-spool-private.h"

typedef struct _CallstatsDelivery CallstatsDelivery;

typedef struct {
  const CallstatsBackend *backend;
  const char *app_id;
  const char *user_id;
  const char *client;  /* a JSON object's text: what hello tells of this client */
  const char *ca_file; /* nullable: those the system trusts */
  gsize max_bytes;     /* of records in memory */
  const char *allowed_backends;       /* nullable: origins that it may be moved to */
  gboolean allow_plaintext;           /* there, too */
  const CallstatsSpoolOptions *spool; /* nullable: memory only */
} CallstatsDeliveryOptions;

typedef struct {
  /* A token for the audience, new at every call. now: seconds since the epoch, by the
   * backend's clock as far as it is known. (transfer full): NULL with an error. */
  char *(*get_token) (
      const char *audience, gint64 now, gpointer user_data, GError **error);
  /* Its end is near. TRUE: only the application can make another one, and was asked to;
   * callstats_delivery_restart() follows when it has. */
  gboolean (*ask_token) (gpointer user_data);
  /* The backend refused it; get_token() gives it no more. TRUE: as above. */
  gboolean (*token_refused) (const char *token, gpointer user_data);
  /* The backend welcomed this client. */
  void (*welcomed) (gpointer user_data);
  /* A part of the backend's configuration, a JSON object's text. */
  void (*configured) (const char *name, const char *json, gpointer user_data);
  /* Records were acknowledged, or the connection ended: see callstats_delivery_is_idle().
   */
  void (*progressed) (gpointer user_data);
  /* Something its user should know; retry tells whether it is tried again. */
  void (*trouble) (const GError *error, gboolean retry, gpointer user_data);
  /* Something its user should know that ends nothing. */
  void (*notice) (const GError *error, gpointer user_data);
  /* Nothing can be kept on disk, or no longer. */
  void (*spool_trouble) (const GError *error, gpointer user_data);
} CallstatsDeliveryCallbacks;

typedef enum {
  CALLSTATS_DELIVERY_WAITING,    /* for the next try */
  CALLSTATS_DELIVERY_CONNECTING, /* until the welcome */
  CALLSTATS_DELIVERY_CONNECTED,
  CALLSTATS_DELIVERY_STOPPED, /* refused for good */
} CallstatsDeliveryState;

typedef struct {
  CallstatsDeliveryState state;
  guint64 connects;      /* welcomes so far */
  guint64 queued;        /* records that are not acknowledged yet */
  guint64 queued_bytes;  /* what they occupy in memory, about */
  guint64 spooled_bytes; /* and on disk */
  guint64 spooled;       /* of the records, those on disk */
  guint64 sent;          /* records, resent ones again */
  guint64 acked;         /* records stored durably at the backend */
  guint64 thinned;       /* reports given up of which others were kept */
  guint64 dropped;       /* records given up otherwise */
  guint64 bytes_raw;     /* JSON text of what was sent, each record as it stands alone */
  double round_trip;     /* ms, of the last hello; 0: no welcome yet */
  double clock_offset;   /* ms that the backend's clock is ahead of records' times */
  guint64 bytes_sent;    /* frames on the wire */
} CallstatsDeliveryStats;

/* The kind of delivery that the backend's address asks for. */
CallstatsDelivery *callstats_delivery_new (const CallstatsDeliveryOptions *options,
    const CallstatsDeliveryCallbacks *callbacks, gpointer user_data);
/* What is not acked by now stays unsent. */
void callstats_delivery_free (CallstatsDelivery *delivery);

void callstats_delivery_push (CallstatsDelivery *delivery, CallstatsRecord *record);
/* A record that should have been pushed was given up for want of room. */
void callstats_delivery_lose (CallstatsDelivery *delivery, const CallstatsRecord *record);
/* Of memory and, with a spool, of disk (bytes) and age (seconds). */
void callstats_delivery_set_bounds (CallstatsDelivery *delivery, gsize max_bytes,
    guint64 spool_max_bytes, guint64 spool_max_age);
/* The credentials changed: a refused delivery tries again, one that waits for a new token
 * sends it. */
void callstats_delivery_restart (CallstatsDelivery *delivery);
/* Sends what waits for a batch to fill. */
void callstats_delivery_flush (CallstatsDelivery *delivery);
/* Nothing is queued that could leave soon: all acked, or no connection. */
gboolean callstats_delivery_is_idle (CallstatsDelivery *delivery);

void callstats_delivery_get_stats (
    CallstatsDelivery *delivery, CallstatsDeliveryStats *stats);
/* Of the records with this owner that were pushed or lost. */
void callstats_delivery_get_tally (
    CallstatsDelivery *delivery, guint owner, CallstatsTally *tally);
void callstats_delivery_forget_owner (CallstatsDelivery *delivery, guint owner);
const char *callstats_delivery_state_to_string (CallstatsDeliveryState state);
