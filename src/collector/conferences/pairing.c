/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pairs are found in rounds, from the strongest evidence to the weakest; who has a pair
 * is out of the next ones. Pure, any thread.
 */
#include "pairing.h"

#include <string.h>

/* Packets after which what is sent is to have come. */
#define SENT_MIN 20

static gboolean
overlap (gint64 from, gint64 to, gint64 other_from, gint64 other_to)
{
  return from <= other_to && other_from <= to;
}

/* One that has not ended lasts. */
static gint64
end_of (const SummaryFabric *fabric)
{
  return fabric->end != STORE_UNKNOWN_TIME ? fabric->end : G_MAXINT64;
}

static gboolean
are_at_the_same_time (const SummaryFabric *one, const SummaryFabric *other)
{
  return overlap (one->start, end_of (one), other->start, end_of (other));
}

static const SummaryStream *
find_stream (const SummaryFabric *fabric, guint32 ssrc, gboolean received)
{
  for (guint i = 0; i < fabric->streams->len; i++) {
    const SummaryStream *stream = fabric->streams->pdata[i];

    if (stream->ssrc == ssrc && stream->received == received)
      return stream;
  }
  return NULL;
}

static gboolean
sends_to (const SummaryFabric *one, const SummaryFabric *other)
{
  for (guint i = 0; i < one->streams->len; i++) {
    const SummaryStream *stream = one->streams->pdata[i];

    if (!stream->received && find_stream (other, stream->ssrc, TRUE) != NULL)
      return TRUE;
  }
  return FALSE;
}

/* Certificates that differ are those of other connections. */
static gboolean
may_be_connected (const SummaryFabric *one, const SummaryFabric *other)
{
  return one->connection == NULL || other->connection == NULL ||
         strcmp (one->connection, other->connection) == 0;
}

static gboolean
name_each_other (const SummaryFabric *one, const SummaryFabric *other)
{
  return one->row->remote_user != NULL && other->row->remote_user != NULL &&
         strcmp (one->row->remote_user, other->row->user) == 0 &&
         strcmp (other->row->remote_user, one->row->user) == 0;
}

static gboolean
share_certificates (const SummaryFabric *one, const SummaryFabric *other)
{
  return one->connection != NULL && other->connection != NULL &&
         strcmp (one->connection, other->connection) == 0 &&
         are_at_the_same_time (one, other);
}

static gboolean
share_users_and_streams (const SummaryFabric *one, const SummaryFabric *other)
{
  return name_each_other (one, other) && may_be_connected (one, other) &&
         (sends_to (one, other) || sends_to (other, one));
}

static gboolean
share_streams (const SummaryFabric *one, const SummaryFabric *other)
{
  return (one->row->remote_user == NULL || other->row->remote_user == NULL) &&
         may_be_connected (one, other) && sends_to (one, other) && sends_to (other, one);
}

static gboolean
share_users (const SummaryFabric *one, const SummaryFabric *other)
{
  return name_each_other (one, other) && may_be_connected (one, other) &&
         are_at_the_same_time (one, other);
}

typedef struct {
  gboolean (*fits) (const SummaryFabric *one, const SummaryFabric *other);
  gboolean alone; /* only where no other one fits either of them */
} Round;

static const Round rounds[] = {
  { share_certificates, FALSE },
  { share_users_and_streams, FALSE },
  { share_streams, FALSE },
  { share_users, TRUE },
};

/* The first that fits and has no pair; -1: none. count: how many there are. */
static int
find_other (const GPtrArray *fabrics, const int *pairs, int index, const Round *round,
    guint *count)
{
  int found = -1;

  *count = 0;
  for (int i = 0; i < (int)fabrics->len && (round->alone || found < 0); i++) {
    if (i == index || pairs[i] >= 0 ||
        !round->fits (fabrics->pdata[index], fabrics->pdata[i]))
      continue;
    found = found < 0 ? i : found;
    ++*count;
  }
  return found;
}

static void
run_round (const GPtrArray *fabrics, int *pairs, const Round *round)
{
  for (int i = 0; i < (int)fabrics->len; i++) {
    guint fit, fit_other;
    int other;

    if (pairs[i] >= 0)
      continue;
    other = find_other (fabrics, pairs, i, round, &fit);
    if (other < 0)
      continue;
    if (round->alone) {
      find_other (fabrics, pairs, other, round, &fit_other);
      if (fit > 1 || fit_other > 1)
        continue;
    }
    pairs[i] = other;
    pairs[other] = i;
  }
}

int *
pairing_find (const GPtrArray *fabrics)
{
  int *pairs = g_new (int, MAX (fabrics->len, 1));

  for (guint i = 0; i < fabrics->len; i++)
    pairs[i] = -1;
  for (guint i = 0; i < G_N_ELEMENTS (rounds); i++)
    run_round (fabrics, pairs, &rounds[i]);
  return pairs;
}

/* Whether the receiver reported for long enough while it was sent. */
static gboolean
was_watched (const SummaryStream *stream, const SummaryFabric *receiver)
{
  gint64 from = MAX (stream->first, receiver->row->first_report);
  gint64 to = MIN (stream->last, receiver->row->last_report);

  return receiver->row->first_report != STORE_UNKNOWN_TIME && to - from >= ONE_WAY_MIN;
}

static void
find_missing (const SummaryFabric *sender, SummaryFabric *receiver)
{
  for (guint i = 0; i < sender->streams->len; i++) {
    const SummaryStream *sent = sender->streams->pdata[i];
    const SummaryStream *got = find_stream (receiver, sent->ssrc, TRUE);

    if (sent->received || !(sent->packets >= SENT_MIN) ||
        (got != NULL && !(got->packets <= 0)) || !was_watched (sent, receiver))
      continue;
    summary_fabric_add_one_way (receiver, sent->ssrc, sent->video, TRUE, ONE_WAY_BY_PAIR);
  }
}

void
pairing_find_one_way (SummaryFabric *one, SummaryFabric *other)
{
  if (!other->truncated && other->reports > 0)
    find_missing (one, other);
  if (!one->truncated && one->reports > 0)
    find_missing (other, one);
}
