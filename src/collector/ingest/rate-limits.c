/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Token buckets. A bucket that is not there is full. Main thread only.
 */
#include "rate-limits.h"

#include <math.h>

#include "counters.h"

#define BURST_SECONDS 10.0
/* Who was refused may come back when this much has flown in, not for the next drop. */
#define RETURN_SECONDS 5.0

typedef struct {
  double level; /* records */
  gint64 at;    /* when it was that */
} Bucket;

typedef struct {
  guint rate;
  GHashTable *buckets; /* key -> Bucket */
  gint64 swept;
} Buckets;

struct _RateLimits {
  Buckets apps;
  Buckets clients; /* by application and user */
};

static void
buckets_init (Buckets *buckets, guint rate)
{
  buckets->rate = rate;
  buckets->buckets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

RateLimits *
rate_limits_new (guint app_rate, guint client_rate)
{
  RateLimits *limits = g_new0 (RateLimits, 1);

  buckets_init (&limits->apps, app_rate);
  buckets_init (&limits->clients, client_rate);
  return limits;
}

void
rate_limits_free (RateLimits *limits)
{
  if (limits == NULL)
    return;
  g_hash_table_unref (limits->apps.buckets);
  g_hash_table_unref (limits->clients.buckets);
  g_free (limits);
}

static void
refill (const Buckets *buckets, Bucket *bucket, gint64 now)
{
  bucket->level += (double)(now - bucket->at) / G_USEC_PER_SEC * (double)buckets->rate;
  bucket->level = MIN (bucket->level, BURST_SECONDS * buckets->rate);
  bucket->at = now;
}

static gboolean
is_full (gpointer key, gpointer value, gpointer user_data)
{
  const Buckets *buckets = user_data;
  Bucket *bucket = value;

  refill (buckets, bucket, buckets->swept);
  return bucket->level >= BURST_SECONDS * buckets->rate;
}

/* A full bucket says nothing. */
static void
sweep (Buckets *buckets, gint64 now)
{
  if (now - buckets->swept < BURST_SECONDS * G_USEC_PER_SEC)
    return;
  buckets->swept = now;
  g_hash_table_foreach_remove (buckets->buckets, is_full, buckets);
}

/* Returns: (transfer none) (nullable): NULL where there is no limit. */
static Bucket *
get_bucket (Buckets *buckets, const char *key, gint64 now)
{
  Bucket *bucket;

  if (buckets->rate == 0)
    return NULL;
  sweep (buckets, now);
  bucket = g_hash_table_lookup (buckets->buckets, key);
  if (bucket == NULL) {
    bucket = g_new0 (Bucket, 1);
    bucket->level = BURST_SECONDS * buckets->rate;
    bucket->at = now;
    g_hash_table_insert (buckets->buckets, g_strdup (key), bucket);
  }
  refill (buckets, bucket, now);
  return bucket;
}

/* Returns: 0: there is something left to take. */
static guint
seconds_to_wait (const Buckets *buckets, const Bucket *bucket, Limit limit)
{
  if (bucket == NULL || bucket->level > 0)
    return 0;
  counter_limited (limit);
  return (guint)ceil (RETURN_SECONDS - bucket->level / (double)buckets->rate);
}

guint
rate_limits_take (
    RateLimits *limits, const char *app, const char *user, guint n, gint64 now)
{
  g_autofree char *key = g_strjoin ("\n", user, app, NULL);
  Bucket *of_client = get_bucket (&limits->clients, key, now);
  Bucket *of_app = get_bucket (&limits->apps, app, now);
  guint wait = seconds_to_wait (&limits->clients, of_client, LIMIT_CLIENT);

  if (wait == 0)
    wait = seconds_to_wait (&limits->apps, of_app, LIMIT_APP);
  if (wait > 0)
    return wait;
  if (of_client != NULL)
    of_client->level -= n;
  if (of_app != NULL)
    of_app->level -= n;
  return 0;
}

guint
rate_limits_get_size (const RateLimits *limits)
{
  return g_hash_table_size (limits->apps.buckets) +
         g_hash_table_size (limits->clients.buckets);
}
