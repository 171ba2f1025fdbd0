/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the collector counts since its start: a table of counters, each alone or with one
 * label, whose values are fixed. /metrics tells them all.
 *
 * Any thread: atomic.
 */
#pragma once

#include <glib.h>

/* One a row of the table in counters.c. */
typedef enum {
  COUNTER_LIMITED,    /* by Limit */
  COUNTER_CLOCKS_OFF, /* by ClockOff */
  COUNTER_RECORDS_FROM_FUTURE,
  COUNTER_TOKENS_REFUSED,  /* by AuthError */
  COUNTER_READERS_REFUSED, /* by ReaderRefusal */
  COUNTER_LOGINS,          /* by LoginEnd */
  COUNTER_INGEST_BYTES,
  N_COUNTERS,
} Counter;

/* What a client may come up against; docs/collector.md has the figures. */
typedef enum {
  LIMIT_CONNECTIONS,
  LIMIT_FRAME,  /* a frame, record or slots too large, fragments */
  LIMIT_BODY,   /* of a request */
  LIMIT_DEPTH,  /* of JSON */
  LIMIT_CLIENT, /* records a second */
  LIMIT_APP,
  LIMIT_HANDSHAKE, /* no request, or no TLS, in time */
  LIMIT_LISTENERS, /* to live updates */
  LIMIT_BODIES,    /* of all requests */
  LIMIT_CLIENT_CONNECTIONS,
  LIMIT_LOG, /* lines about refusals */
  N_LIMITS,
} Limit;

typedef enum {
  CLOCK_BEHIND,
  CLOCK_AHEAD,
} ClockOff;

typedef enum {
  READER_WITHOUT_TOKEN,
  READER_WITH_BAD_TOKEN, /* or cookie */
  READER_OF_OTHER_APP,
  N_READER_REFUSALS,
} ReaderRefusal;

/* How an attempt to log in to the page ended. */
typedef enum {
  LOGIN_ACCEPTED,
  LOGIN_REFUSED,
  LOGIN_LIMITED,
  LOGIN_FROM_ELSEWHERE,
} LoginEnd;

/* value: of the label; 0 where there is none. */
void counter_add (Counter counter, guint value, guint64 n);
guint64 counter_get (Counter counter, guint value);

static inline void
counter_limited (Limit limit)
{
  counter_add (COUNTER_LIMITED, limit, 1);
}

/* label, value: (nullable). */
typedef void (*CounterFunc) (const char *name, const char *help, const char *label,
    const char *value, guint64 n, gpointer user_data);

/* Calls func for each counter and value, those of a counter one after the other, zeros
 * too. */
void counters_foreach (CounterFunc func, gpointer user_data);
