/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conferences of two participants for the store's benchmark. Main thread only.
 */
#pragma once

#include "store.h"

#define BENCH_APP "bench"

typedef struct {
  guint days;
  guint conferences; /* a day */
  guint reports;     /* of a fabric, one a second */
} BenchSize;

/* Appends all of them, day by day, the last of which is today; the reports of each
 * day are packed while the next one is stored. now: µs since the epoch. Returns: how
 * many reports. */
guint64 bench_fill (Store *store, const BenchSize *size, gint64 now);
/* One conference more, with one fabric that has reports for an hour. */
void bench_add_hour (
    Store *store, const char *conference, const char *fabric, gint64 start);
/* The name of one of those conferences. */
char *bench_conference_name (guint day, guint index);

/* A database of the first schema with conferences of one day, not packed. Returns: how
 * many reports. */
guint64 bench_make_first_schema (const char *path, const BenchSize *size, gint64 now);
