/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the ingest and its connections know of each other. Main thread only.
 */
#pragma once

#include "auth.h"
#include "callstats/callstats-codec-private.h"
#include "frame-guard.h"
#include "ingest.h"

/* Bytes of records that may wait for the store, of one client and of all of them. A
 * client past its bound is not read from until the store has caught up. */
#define INGEST_MAX_WAITING (1024 * 1024)
#define INGEST_MAX_WAITING_TOTAL (64 * 1024 * 1024)

typedef struct _IngestConnection IngestConnection;

struct _Ingest {
  Store *store;
  const Applications *applications;
  const Origins *origins;
  GHashTable *connections;  /* set of IngestConnection, one reference each */
  GHashTable *sessions;     /* application, user and session -> its IngestConnection */
  GHashTable *users;        /* user and application -> how many connections they have */
  RateLimits *limits;       /* nullable */
  guint client_connections; /* 0: any number */
  gint64 clock_tolerance;   /* µs */
  gsize waiting;
  gboolean congested; /* connections are paused because of the total */
  gboolean trim_due;  /* a connection ended badly, and may have cost memory before */
  guint sweep;
  char *move; /* the message that asks to move; NULL: clients may stay */
  gint64 move_deadline;
  GSourceFunc moved;
  gpointer moved_data;
  gboolean stopping;
  gint64 stop_deadline;
  GSourceFunc stopped;
  gpointer stopped_data;
};

/* Called when a connection is over. */
void ingest_forget (Ingest *ingest, IngestConnection *connection);
/* Makes the connection the one of its session; the one before is closed. */
void ingest_claim_session (Ingest *ingest, const char *key, IngestConnection *connection);
void ingest_release_session (
    Ingest *ingest, const char *key, IngestConnection *connection);
/* A connection of a user began, or ceased, to be of use. */
void ingest_add_user (Ingest *ingest, const Identity *identity);
void ingest_remove_user (Ingest *ingest, const Identity *identity);
/* Records began or ceased to wait. */
void ingest_add_waiting (Ingest *ingest, gsize bytes);
void ingest_remove_waiting (Ingest *ingest, gsize bytes);

/* Takes over a stream on which the handshake is done. remote: (nullable): the listener's
 * address of it. identity: (transfer full). */
IngestConnection *ingest_connection_new (Ingest *ingest, GIOStream *stream,
    GSocketAddress *remote, GUri *uri, Identity *identity);
IngestConnection *ingest_connection_ref (IngestConnection *connection);
void ingest_connection_unref (IngestConnection *connection);

/* Does nothing where the connection is closing already. */
void ingest_connection_close (
    IngestConnection *connection, gushort code, const char *reason);
/* Once a second: deadlines, and acks that could not be sent. monotonic in µs, now in s.
 */
void ingest_connection_tick (IngestConnection *connection, gint64 monotonic, gint64 now);
/* Closes it where its application, or what signed its token, is no longer known. */
void ingest_connection_check_identity (IngestConnection *connection);
/* Sends the ingest's request to move, where there is one and the client was welcomed. */
void ingest_connection_move (IngestConnection *connection);
/* Reads on, unless too much still waits. */
void ingest_connection_resume (IngestConnection *connection);
