/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which conferences a transaction wrote to, each once. The writer thread collects them,
 * the opener's thread tells those who watch.
 */
#include "store-sqlite-changes.h"

typedef struct {
  StoreWatchFunc func;
  gpointer user_data;
} Watcher;

struct _SqliteChanges {
  GArray *watchers;   /* Watcher; the opener's thread */
  int watched;        /* atomic */
  GHashTable *writes; /* StoreChange as a set; the writer's */
};

static guint
hash_change (gconstpointer data)
{
  const StoreChange *change = data;

  return g_str_hash (change->conference);
}

static gboolean
equal_changes (gconstpointer a, gconstpointer b)
{
  const StoreChange *one = a, *other = b;

  return g_str_equal (one->conference, other->conference) &&
         g_str_equal (one->app, other->app);
}

static void
free_change (gpointer data)
{
  StoreChange *change = data;

  g_free (change->app);
  g_free (change->conference);
  g_free (change);
}

static GHashTable *
new_set (void)
{
  return g_hash_table_new_full (hash_change, equal_changes, free_change, NULL);
}

SqliteChanges *
sqlite_changes_new (void)
{
  SqliteChanges *changes = g_atomic_rc_box_new0 (SqliteChanges);

  changes->watchers = g_array_new (FALSE, FALSE, sizeof (Watcher));
  changes->writes = new_set ();
  return changes;
}

static void
clear_changes (gpointer data)
{
  SqliteChanges *changes = data;

  g_array_unref (changes->watchers);
  g_hash_table_unref (changes->writes);
}

SqliteChanges *
sqlite_changes_ref (SqliteChanges *changes)
{
  return g_atomic_rc_box_acquire (changes);
}

void
sqlite_changes_unref (SqliteChanges *changes)
{
  g_atomic_rc_box_release_full (changes, clear_changes);
}

void
sqlite_changes_watch (SqliteChanges *changes, StoreWatchFunc func, gpointer user_data)
{
  g_array_append_val (changes->watchers, ((Watcher){ func, user_data }));
  g_atomic_int_set (&changes->watched, TRUE);
}

void
sqlite_changes_unwatch (SqliteChanges *changes, StoreWatchFunc func, gpointer user_data)
{
  for (guint i = changes->watchers->len; i > 0; i--) {
    Watcher *watcher = &g_array_index (changes->watchers, Watcher, i - 1);

    if (watcher->func == func && watcher->user_data == user_data)
      g_array_remove_index (changes->watchers, i - 1);
  }
  g_atomic_int_set (&changes->watched, changes->watchers->len > 0);
}

void
sqlite_changes_add (SqliteChanges *changes, const char *app, const char *conference)
{
  StoreChange key = { (char *)app, (char *)conference };
  StoreChange *change;

  if (!g_atomic_int_get (&changes->watched) ||
      g_hash_table_contains (changes->writes, &key))
    return;
  change = g_new0 (StoreChange, 1);
  change->app = g_strdup (app);
  change->conference = g_strdup (conference);
  g_hash_table_add (changes->writes, change);
}

void
sqlite_changes_forget (SqliteChanges *changes)
{
  g_hash_table_remove_all (changes->writes);
}

GHashTable *
sqlite_changes_take (SqliteChanges *changes)
{
  GHashTable *writes = changes->writes;

  if (g_hash_table_size (writes) == 0)
    return NULL;
  changes->writes = new_set ();
  return writes;
}

void
sqlite_changes_tell (SqliteChanges *changes, GHashTable *writes)
{
  for (guint i = 0; i < changes->watchers->len; i++) {
    const Watcher watcher = g_array_index (changes->watchers, Watcher, i);

    watcher.func (writes, watcher.user_data);
  }
}
