/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A store in a folder of its own, with one session of one user, for tests. Main thread
 * only, but for reading numbers.
 */
#pragma once

#include "store-sqlite-private.h"

#define STORE_FIXTURE_APP "demo"
#define STORE_FIXTURE_START G_GINT64_CONSTANT (1795338386901123)

typedef struct {
  char *folder;
  char *path;
  char *location;
  Store *store;
  StoreSession *session;
  guint64 sequence; /* of the last record */
} StoreFixture;

void store_fixture_set_up (StoreFixture *fixture, gconstpointer data);
void store_fixture_tear_down (StoreFixture *fixture, gconstpointer data);
/* Ends the session and the store, and begins others. */
void store_fixture_open (StoreFixture *fixture);
void store_fixture_close (StoreFixture *fixture);
/* Waits until what was appended is durable. */
void store_fixture_flush (StoreFixture *fixture);
/* Samples first, first + step … of a fabric of conference c1, a second apart by their
 * numbers; they are durable. */
void store_fixture_append (
    StoreFixture *fixture, const char *fabric, guint64 first, guint step, guint n);
/* conference and fabric: (nullable). */
void store_fixture_append_event (StoreFixture *fixture, const char *name,
    const char *conference, const char *fabric, gint64 time);
void store_fixture_append_report (StoreFixture *fixture, const char *conference,
    const char *fabric, guint second, gint64 time);
/* What SQL gives. */
gint64 store_fixture_read (StoreFixture *fixture, const char *sql);
void store_fixture_write (StoreFixture *fixture, const char *sql);
