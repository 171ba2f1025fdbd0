/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is kept for how long. Filled by one thread, then read by any.
 */
#include "store.h"

struct _StoreRetention {
  gatomicrefcount references;
  StoreDays others;
  GHashTable *apps; /* id → StoreDays */
};

StoreRetention *
store_retention_new (const StoreDays *others)
{
  StoreRetention *retention = g_new0 (StoreRetention, 1);

  g_atomic_ref_count_init (&retention->references);
  retention->others = *others;
  retention->apps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return retention;
}

StoreRetention *
store_retention_ref (StoreRetention *retention)
{
  g_atomic_ref_count_inc (&retention->references);
  return retention;
}

void
store_retention_unref (StoreRetention *retention)
{
  if (retention == NULL || !g_atomic_ref_count_dec (&retention->references))
    return;
  g_hash_table_unref (retention->apps);
  g_free (retention);
}

void
store_retention_set (StoreRetention *retention, const char *app, const StoreDays *days)
{
  g_hash_table_insert (retention->apps, g_strdup (app), g_memdup2 (days, sizeof *days));
}

const StoreDays *
store_retention_get (const StoreRetention *retention, const char *app)
{
  const StoreDays *days = g_hash_table_lookup (retention->apps, app);

  return days != NULL ? days : &retention->others;
}
