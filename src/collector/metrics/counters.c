/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of counters. Any thread.
 */
#include "counters.h"

#include "auth.h"

#define MAX_VALUES 16

typedef struct {
  const char *name;
  const char *help;
  const char *label;                  /* NULL: none */
  const char *values[MAX_VALUES + 1]; /* of the label, ended by NULL */
} Row;

/* clang-format off */
static const Row rows[N_COUNTERS] = {
  [COUNTER_LIMITED] = { "callstats_collector_limited_total",
      "Times a client came up against a limit", "limit",
      { [LIMIT_CONNECTIONS] = "connections",
        [LIMIT_FRAME] = "frame",
        [LIMIT_BODY] = "body",
        [LIMIT_DEPTH] = "depth",
        [LIMIT_CLIENT] = "client-records",
        [LIMIT_APP] = "app-records",
        [LIMIT_HANDSHAKE] = "handshake",
        [LIMIT_LISTENERS] = "listeners",
        [LIMIT_BODIES] = "bodies",
        [LIMIT_CLIENT_CONNECTIONS] = "client-connections",
        [LIMIT_LOG] = "log" } },
  [COUNTER_CLOCKS_OFF] = { "callstats_collector_clocks_off_total",
      "Connections of clients whose clock is off by more than the tolerance", "direction",
      { [CLOCK_BEHIND] = "behind", [CLOCK_AHEAD] = "ahead" } },
  [COUNTER_TOKENS_REFUSED] = { "callstats_collector_tokens_refused_total",
      "Tokens for writing that were refused", "reason",
      { [AUTH_ERROR_MISSING] = "missing-token",
        [AUTH_ERROR_INVALID] = "invalid-token",
        [AUTH_ERROR_EXPIRED] = "token-expired",
        [AUTH_ERROR_AUDIENCE] = "wrong-audience",
        [AUTH_ERROR_APPLICATION] = "unknown-application",
        [AUTH_ERROR_MISMATCH] = "other-user",
        [AUTH_ERROR_ORIGIN] = "wrong-origin" } },
  [COUNTER_READERS_REFUSED] = { "callstats_collector_readers_refused_total",
      "Requests that were refused because they may not read", "reason",
      { [READER_WITHOUT_TOKEN] = "missing-read-token",
        [READER_WITH_BAD_TOKEN] = "invalid-read-token",
        [READER_OF_OTHER_APP] = "forbidden" } },
  [COUNTER_LOGINS] = { "callstats_collector_logins_total", "Attempts to log in to the page",
      "result",
      { [LOGIN_ACCEPTED] = "accepted",
        [LOGIN_REFUSED] = "refused",
        [LOGIN_LIMITED] = "limited",
        [LOGIN_FROM_ELSEWHERE] = "wrong-origin" } },
  [COUNTER_INGEST_BYTES] = { "callstats_ingest_bytes_total",
      "Bytes of messages and request bodies with records, as they came", NULL, { NULL } },
  [COUNTER_RECORDS_FROM_FUTURE] = { "callstats_collector_records_from_future_total",
      "Records that are from the future even by their client's own clock", NULL, { NULL } },
};
/* clang-format on */

static guint64 counts[N_COUNTERS][MAX_VALUES];

void
counter_add (Counter counter, guint value, guint64 n)
{
  g_return_if_fail (counter < N_COUNTERS && value < MAX_VALUES);
  __atomic_fetch_add (&counts[counter][value], n, __ATOMIC_RELAXED);
}

guint64
counter_get (Counter counter, guint value)
{
  g_return_val_if_fail (counter < N_COUNTERS && value < MAX_VALUES, 0);
  return __atomic_load_n (&counts[counter][value], __ATOMIC_RELAXED);
}

void
counters_foreach (CounterFunc func, gpointer user_data)
{
  for (guint i = 0; i < N_COUNTERS; i++) {
    const Row *row = &rows[i];

    if (row->label == NULL)
      func (row->name, row->help, NULL, NULL, counter_get (i, 0), user_data);
    for (guint j = 0; row->values[j] != NULL; j++)
      func (row->name, row->help, row->label, row->values[j], counter_get (i, j),
          user_data);
  }
}
