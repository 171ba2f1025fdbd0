/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which conferences a transaction wrote to, and who is told once it is durable.
 */
#pragma once

#include "store.h"

typedef struct _SqliteChanges SqliteChanges;

/* The opener's thread. */
SqliteChanges *sqlite_changes_new (void);
SqliteChanges *sqlite_changes_ref (SqliteChanges *changes);
void sqlite_changes_unref (SqliteChanges *changes);
void sqlite_changes_watch (
    SqliteChanges *changes, StoreWatchFunc func, gpointer user_data);
void sqlite_changes_unwatch (
    SqliteChanges *changes, StoreWatchFunc func, gpointer user_data);
void sqlite_changes_tell (SqliteChanges *changes, GHashTable *writes);

/* The writer thread: in a transaction, when it is rolled back, when it is durable. */
void sqlite_changes_add (SqliteChanges *changes, const char *app, const char *conference);
void sqlite_changes_forget (SqliteChanges *changes);
/* Returns: (transfer full) (nullable): a set of StoreChange; NULL where it is empty. */
GHashTable *sqlite_changes_take (SqliteChanges *changes);
